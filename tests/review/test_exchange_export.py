"""Clips going out: who gets which, what is told of them and what is not, whole or not at all."""

import csv
import hashlib
import io
import json
import os
import stat
import xml.etree.ElementTree as ET
from contextlib import closing

import pytest
from exchange_helpers import (
    ANNA,
    BEN,
    GONE,
    LOT,
    NAMES,
    PLANT,
    REPORT,
    SECRETS,
    SLOT,
    STRICT,
    TRANSCRIPT,
    WHOLE,
    make_bench,
)

from redactor.commands.review_tasks import review_tasks_write
from redactor.entities import ENTITY_TYPES
from redactor.errors import StoreError, UsageError
from redactor.ledger import Ledger
from redactor.review.exchange import export
from redactor.review.exchange.formats import Format

ORDER = [PLANT, WHOLE, STRICT, SLOT]


@pytest.fixture
def bench(tmp_path):
    return make_bench(tmp_path)


def written(bench, to="handed"):
    folder = bench.home / to
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def tasks(bench, to="handed"):
    return json.loads((bench.home / to / "tasks.json").read_bytes())


def rows(bench):
    return list(csv.DictReader(io.StringIO((bench.home / "handed/clips.csv").read_text("utf-8-sig"))))


# What is told, and what is not.


@pytest.mark.parametrize("form", Format)
def test_nothing_written_tells_why_an_item_is_heard_or_whose_it_is(bench, form):
    bench.write(form)
    for name, data in written(bench).items():
        for secret in SECRETS:
            assert secret.encode() not in data and secret not in name


def test_items_of_all_kinds_look_the_same(bench):
    bench.write(Format.LABEL_STUDIO)
    by_id = {
        task["data"]["clip"]: json.dumps(task).replace(task["data"]["clip"], "ID") for task in tasks(bench)
    }
    assert by_id[WHOLE] == by_id[STRICT] == by_id[PLANT]


@pytest.mark.parametrize("form", [Format.LABEL_STUDIO, Format.CSV])
def test_clips_come_in_the_order_of_the_queue(bench, form):
    bench.write(form)
    if form is Format.CSV:
        assert [row["id"] for row in rows(bench)] == ORDER
    else:
        assert [task["data"]["clip"] for task in tasks(bench)] == ORDER


def test_a_label_studio_task_has_muted_regions_that_cannot_be_changed(bench):
    bench.write(Format.LABEL_STUDIO)
    task = next(task for task in tasks(bench) if task["data"]["clip"] == WHOLE)
    assert task["data"] == {
        "clip": WHOLE,
        "audio": f"/data/local-files/?d=handed/{WHOLE}.wav",
        "duration": 20.0,
        "transcript": "[0:00.5] channel 0: hello <PERSON_1>, how are you\n"
        "[0:09.0] channel 1: before the code <PIN_CODE_1> after",
    }
    (prediction,) = task["predictions"]
    assert prediction["result"] == [
        {
            "id": f"{WHOLE}-0", "from_name": "marks", "to_name": "audio", "type": "labels", "readonly": True,
            "original_length": 20.0, "value": {"start": 1.0, "end": 2.5, "labels": ["MUTED"]},
        },
        {
            "id": f"{WHOLE}-1", "from_name": "marks", "to_name": "audio", "type": "labels", "readonly": True,
            "original_length": 20.0, "value": {"start": 11.0, "end": 13.0, "channel": 1, "labels": ["MUTED"]},
        },
    ]  # fmt: skip


def test_a_slot_is_told_in_its_own_time_and_holds_only_its_own_words(bench):
    bench.write(Format.LABEL_STUDIO)
    task = next(task for task in tasks(bench) if task["data"]["clip"] == SLOT)
    assert task["data"]["duration"] == 10.0
    assert task["data"]["transcript"] == "[0:00.0] channel 1: the code <PIN_CODE_1> after"
    values = [region["value"] for region in task["predictions"][0]["result"]]
    assert values == [{"start": 1.0, "end": 3.0, "channel": 1, "labels": ["MUTED"]}]


def test_texts_made_for_a_clip_count_from_its_start(tmp_path):
    own = {"root": "private", "report": "clips/own.json", "transcript": None}
    bench = make_bench(tmp_path, items={SLOT: {"reports": own}})
    (bench.folder.private / "review/clips/own.json").write_text(json.dumps(REPORT))
    bench.write(Format.LABEL_STUDIO)
    task = next(task for task in tasks(bench) if task["data"]["clip"] == SLOT)
    times = [(region["value"]["start"], region["value"]["end"]) for region in task["predictions"][0]["result"]]
    assert times == [(1.0, 2.5)]
    assert task["data"]["transcript"] == ""


def test_the_labeling_config_names_everything_the_tasks_and_verdicts_use(bench):
    bench.write(Format.LABEL_STUDIO)
    view = ET.fromstring((bench.home / "handed/labeling.xml").read_text())
    labels = [label.get("value") for label in view.iter("Label")]
    assert set(labels) == {"MUTED", "TOO_MUCH", "OTHER", *ENTITY_TYPES}
    (choices,) = view.iter("Choices")
    assert (choices.get("name"), choices.get("toName"), choices.get("required")) == ("verdict", "audio", "true")
    assert [c.get("value") for c in choices] == ["clean", "leak", "too-much", "cannot-tell"]
    used = {value[1:] for tag in view for value in tag.attrib.values() if value.startswith("$")}
    assert used <= tasks(bench)[0]["data"].keys()


@pytest.mark.parametrize(
    ("prefix", "url"),
    [
        ("https://host/clips", "https://host/clips/"),
        ("https://host/clips/", "https://host/clips/"),
        ("/data/local-files/?d=", "/data/local-files/?d="),
    ],
)
def test_the_prefix_of_audio_urls_can_be_given(bench, prefix, url):
    bench.write(Format.LABEL_STUDIO, audio_prefix=prefix)
    assert tasks(bench)[0]["data"]["audio"] == f"{url}{PLANT}.wav"


def test_an_audacity_folder_has_labels_beside_every_clip(bench):
    bench.write(Format.AUDACITY)
    assert set(written(bench)) == {f"{item}.{end}" for item in ORDER for end in ("wav", "txt")}
    assert (bench.home / f"handed/{SLOT}.txt").read_text() == (
        "0.000000\t4.000000\tsaid channel 1: the code <PIN_CODE_1> after\n1.000000\t3.000000\tmuted channel 1\n"
    )


def test_a_table_has_a_row_for_every_clip_and_room_for_a_verdict(bench):
    bench.write()
    # Without a byte order mark a spreadsheet takes it for another encoding.
    assert (bench.home / "handed/clips.csv").read_bytes().startswith(b"\xef\xbb\xbfid,")
    assert rows(bench)[1] == {
        "id": WHOLE,
        "audio": f"{WHOLE}.wav",
        "duration": "20.000",
        "muted": "1.000-2.500; 11.000-13.000 (channel 1)",
        "transcript": "[0:00.5] channel 0: hello <PERSON_1>, how are you | "
        "[0:09.0] channel 1: before the code <PIN_CODE_1> after",
        **dict.fromkeys(("verdict", "start", "end", "type", "comment"), ""),
    }


def test_no_cell_is_a_formula_and_an_id_comes_back_as_it_was(tmp_path):
    bench = make_bench(tmp_path, items={WHOLE: {"id": "-1_cmd"}})
    bench.write()
    assert rows(bench)[1]["id"] == "'-1_cmd"
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows(bench) for cell in row.values())
    text = (bench.home / "handed/clips.csv").read_text("utf-8-sig").splitlines()
    (bench.home / "back.csv").write_text("\n".join([text[0], text[2].replace(",,,,,", ",clean,,,,")]))
    bench.read("back.csv")
    assert ("-1_cmd", ANNA) in bench.verdicts()


# The bytes.


@pytest.mark.parametrize("form", Format)
def test_clips_are_the_very_bytes_and_their_owners_alone(bench, form):
    before = os.umask(0)
    try:
        bench.write(form)
    finally:
        os.umask(before)
    for item in ORDER:
        data = (bench.home / f"handed/{item}.wav").read_bytes()
        assert hashlib.sha256(data).hexdigest() == bench.audio(item)["sha256"]
    assert stat.S_IMODE((bench.home / "handed").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (bench.home / "handed").iterdir()} == {0o600}


@pytest.mark.parametrize("change", ["altered", "missing"])
def test_a_clip_that_is_not_what_was_drawn_is_given_to_nobody(bench, change):
    path = bench.path(STRICT)
    path.unlink() if change == "missing" else path.write_bytes(b"another sound")
    done = bench.write()
    assert (done.num_clips, done.num_new, done.num_gone) == (3, 3, 1)
    assert f"{STRICT}.wav" not in written(bench) and STRICT not in [row["id"] for row in rows(bench)]
    assert STRICT not in bench.assigned()


@pytest.mark.parametrize("where", ["file", "folder", "release"])
def test_no_link_is_followed(bench, where):
    path = bench.path(WHOLE)
    real = {"file": path, "folder": path.parent, "release": bench.folder.release}[where]
    moved = bench.home / "elsewhere"
    real.rename(moved)
    real.symlink_to(moved)
    with pytest.raises(StoreError, match="through a link"):
        bench.write()
    assert not (bench.home / "handed").exists()


@pytest.mark.parametrize(
    "path",
    ["../out/release/audio/x.wav", "audio/../../x.wav", "/etc/x.wav", "audio//x.wav", "./x.wav", "a\0.wav"],
)
def test_no_path_leads_out_of_its_folder(tmp_path, path):
    audio = {"root": "release", "path": path, "sha256": "0" * 64}
    with pytest.raises(StoreError, match="out of its folder"):
        make_bench(tmp_path, items={WHOLE: {"audio": audio}}).write()


def test_an_unknown_root_is_refused(tmp_path):
    audio = {"root": "elsewhere", "path": "audio/x.wav", "sha256": "0" * 64}
    with pytest.raises(StoreError, match="out of its folder"):
        make_bench(tmp_path, items={WHOLE: {"audio": audio}}).write()


def test_a_pipe_is_not_waited_for(bench):
    path = bench.path(WHOLE)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(StoreError, match="no plain file"):
        bench.write()


@pytest.mark.parametrize("item", ["../evil", "a b", "", "x" * 65])
def test_an_id_that_is_no_file_name_is_refused(tmp_path, item):
    with pytest.raises(StoreError, match="an id or a file that redactor does not make"):
        make_bench(tmp_path, items={WHOLE: {"id": item}}).write()


@pytest.mark.parametrize(
    "text",
    ["[", "[]", "{}", '{"channels": 2, "redactions": [{"start": NaN, "end": 2, "channels": []}]}', "[" * 9999],
)
def test_a_report_that_is_none_stops_the_export(bench, text):
    path = bench.folder.release / bench.store.item(WHOLE).reports["report"]
    path.write_text(text)
    with pytest.raises(StoreError, match="report"):
        bench.write()
    assert bench.assigned() == []


def test_a_transcript_that_is_missing_stops_the_export(bench):
    (bench.folder.release / bench.store.item(WHOLE).reports["transcript"]).unlink()
    with pytest.raises(StoreError, match="the transcript of clip itemwhole0 is missing"):
        bench.write()


def test_control_characters_of_a_transcript_do_not_break_a_label_file(bench):
    path = bench.folder.release / bench.store.item(WHOLE).reports["transcript"]
    document = json.loads(json.dumps(TRANSCRIPT))
    document["segments"][0]["text"] = "one\n9\t9\tleak PERSON\x1b[2J\u202etwo"
    path.write_text(json.dumps(document))
    bench.write(Format.AUDACITY)
    assert "said channel 0: one 9 9 leak PERSON [2J two\n" in (bench.home / f"handed/{WHOLE}.txt").read_text()


# Whole or not at all.


def test_a_failure_leaves_no_folder_and_no_assignment(bench, monkeypatch):
    def fail(*_, **__):
        raise StoreError("disk full")

    monkeypatch.setattr(export, "files_for", fail)
    with pytest.raises(StoreError, match="disk full"):
        bench.write()
    assert bench.assigned() == []
    assert [path.name for path in bench.home.iterdir()] == ["out"]


def test_the_folder_appears_with_everything_in_it(bench, monkeypatch):
    seen = []
    write = export.write_private

    def look(path, data):
        seen.append((bench.home / "handed").exists())
        write(path, data)

    monkeypatch.setattr(export, "write_private", look)
    bench.write(Format.AUDACITY)
    assert seen == [False] * 4
    assert (bench.home / "handed").is_dir() and [p.name for p in bench.home.glob(".*")] == []


def test_what_is_kept_from_an_earlier_export_stays_when_a_later_one_fails(bench, monkeypatch):
    bench.write(Format.CSV, to="first")
    monkeypatch.setattr(export, "files_for", lambda *_, **__: {"no/such/folder": b""})
    with pytest.raises(StoreError, match="cannot be written"):
        bench.write(Format.CSV, to="second")
    assert bench.assigned() == sorted(ORDER)


@pytest.mark.parametrize("kind", ["folder", "file", "dead link"])
def test_what_is_in_its_place_is_never_replaced(bench, kind):
    to = bench.home / "handed"
    {"folder": to.mkdir, "file": to.touch, "dead link": lambda: to.symlink_to("nowhere")}[kind]()
    with pytest.raises(UsageError, match="is there already"):
        bench.write()
    assert bench.assigned() == []


def test_nothing_is_written_into_the_release(bench):
    with pytest.raises(UsageError, match="inside release/"):
        bench.write(to="out/release/handed")
    assert bench.assigned() == []


# Who gets what.


def test_clips_go_to_as_many_reviewers_as_are_required(bench):
    assert bench.write(reviewer=ANNA, to="a").num_new == 4
    assert bench.write(reviewer=BEN, to="b").num_new == 1
    assert bench.assigned(ANNA) == sorted(ORDER)
    assert bench.assigned(BEN) == [WHOLE]


def test_what_lay_with_somebody_who_was_revoked_is_free_again_unless_they_said_something(bench):
    bench.write(reviewer=BEN, to="a")
    (bench.home / "back.csv").write_text(f"id,verdict,start,end,type,comment\n{SLOT},clean,,,,\n")
    bench.read("back.csv", reviewer=BEN)
    with bench.store.transaction() as db:
        db.execute("UPDATE reviewer SET revoked = 1.0 WHERE id = ?", (BEN,))
    bench.write(reviewer=ANNA, to="b")
    assert bench.assigned(ANNA) == sorted([PLANT, WHOLE, STRICT])


def test_what_is_theirs_without_a_verdict_is_written_again(bench):
    bench.write(to="a")
    done = bench.write(to="b")
    assert (done.num_clips, done.num_new) == (4, 0)


def test_what_has_their_verdict_is_not_written_again(bench):
    bench.write(to="a")
    (bench.home / "back.csv").write_text(f"id,verdict,start,end,type,comment\n{WHOLE},clean,,,,\n")
    bench.read("back.csv")
    assert bench.write(to="b").num_clips == 3
    assert not (bench.home / f"b/{WHOLE}.wav").exists()


def test_what_was_erased_is_given_to_nobody(bench):
    bench.store.forget(NAMES[WHOLE])
    bench.write()
    assert WHOLE not in bench.assigned()


def test_nothing_open_is_said(bench):
    bench.write(reviewer=ANNA, to="a")
    bench.write(reviewer=BEN, to="b")
    (bench.home / "back.csv").write_text(f"id,verdict,start,end,type,comment\n{WHOLE},clean,,,,\n")
    bench.read("back.csv", reviewer=BEN)
    with pytest.raises(UsageError, match="nothing is open for this reviewer"):
        bench.write(reviewer=BEN, to="c")
    assert not (bench.home / "c").exists()


@pytest.mark.parametrize(("reviewer", "message"), [("nobody", "no such reviewer"), (GONE, "was revoked")])
def test_only_who_may_enter_gets_clips(bench, reviewer, message):
    with pytest.raises(UsageError, match=message):
        bench.write(reviewer=reviewer)
    assert bench.assigned(reviewer) == []


def test_an_unknown_lot_is_refused(bench):
    with pytest.raises(UsageError, match="no such lot"):
        bench.write(lot="2f" * 32)


@pytest.mark.parametrize("form", [Format.AUDACITY, Format.CSV])
def test_a_prefix_is_for_label_studio_alone(bench, form):
    with pytest.raises(UsageError, match="--audio-prefix is for label-studio alone"):
        bench.write(form, audio_prefix="https://host/")


@pytest.mark.parametrize("prefix", ["https://host/a b", "https://host/\n"])
def test_a_prefix_that_is_no_url_is_refused(bench, prefix):
    with pytest.raises(UsageError, match="no beginning of a URL"):
        bench.write(Format.LABEL_STUDIO, audio_prefix=prefix)


# The command.


def command(bench, **changes):
    options = {
        "private": None, "lot": None, "reviewer": ANNA, "format": "csv", "to": bench.home / "handed",
        "audio_prefix": None, "as_json": False,
    }  # fmt: skip
    return review_tasks_write(bench.folder.out, **{**options, **changes})


def test_the_command_takes_the_newest_lot_and_says_what_it_wrote(bench, capsys):
    bench.path(STRICT).unlink()
    assert command(bench, as_json=True) == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == {
        "folder": str(bench.home / "handed"), "lot": LOT, "reviewer": ANNA, "clips": 3, "new": 3, "gone": 1,
        "seconds": 50.0,
    }  # fmt: skip
    assert "1 are not what was drawn any more" in said.err


def test_the_command_speaks_to_people(bench, capsys):
    assert command(bench) == 0
    assert "4 clips (1.2 min) for reviewer-anna are in" in capsys.readouterr().out


def test_a_run_with_kept_names_is_refused(bench):
    with closing(Ledger(bench.folder.ledger)) as ledger:
        ledger.set_setting("keep_names", "true")
    with pytest.raises(UsageError, match="--keep-names"):
        command(bench)
    assert not (bench.home / "handed").exists()


def test_an_unknown_format_is_refused(bench):
    with pytest.raises(UsageError, match="label-studio, audacity, csv"):
        command(bench, format="xml")


def test_without_a_review_there_is_nothing_to_hand_out(bench):
    (bench.folder.private / "review.sqlite3").unlink()
    with pytest.raises(UsageError, match="redactor review sample"):
        command(bench)
    assert not (bench.folder.private / "review.sqlite3").exists()
