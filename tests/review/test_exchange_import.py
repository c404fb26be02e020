"""Verdicts coming back: read strictly, stored all or none, findings of what is released."""

import csv
import io
import json
from contextlib import closing
from dataclasses import replace

import pytest
from exchange_helpers import ANNA, BEN, GONE, LOT, NAMES, PLANT, SLOT, STRICT, WHOLE, make_bench

from redactor.commands.review_tasks import review_tasks_read
from redactor.errors import StoreError, UsageError
from redactor.ledger import Ledger
from redactor.review.entries import Finding, Mark, Opinion, Stage
from redactor.review.exchange import answers, intake
from redactor.review.exchange.formats import Format
from redactor.review.exchange.handout import hand_out

HEADER = "id,verdict,start,end,type,comment"


@pytest.fixture
def bench(tmp_path):
    bench = make_bench(tmp_path)
    hand_out(bench.store, lot=LOT, reviewer=ANNA)
    return bench


def table(bench, *rows, header=HEADER, name="back.csv"):
    (bench.home / name).write_text("\n".join((header, *rows)) + "\n")
    return name


def region(label, start, end, **more):
    value = {"start": start, "end": end, "channel": 0, "labels": [label] if label else []}
    return {"from_name": "marks", "to_name": "audio", "type": "labels", "value": {**value, **more}}


def choice(*words):
    return {"from_name": "verdict", "to_name": "audio", "type": "choices", "value": {"choices": list(words)}}


def note(text):
    return {"from_name": "comment", "to_name": "audio", "type": "textarea", "value": {"text": text}}


def task(clip, *results, **annotation):
    return {
        "id": 7,
        "data": {"clip": clip, "audio": f"/x/{clip}.wav"},
        "annotations": [
            {"id": 1, "completed_by": 1, "was_cancelled": False, "result": list(results), **annotation}
        ],
        "predictions": [],
    }


def exported(bench, *tasks, name="back.json"):
    (bench.home / name).write_text(json.dumps(list(tasks)))
    return name


def label(bench, clip, *lines):
    if not (bench.home / "audacity").exists():
        bench.write(Format.AUDACITY, to="audacity")
    path = bench.home / f"audacity/{clip}.txt"
    path.write_text(path.read_text() + "".join(f"{line}\n" for line in lines))


def spots(verdict):
    return [(mark.start, mark.end, mark.type) for mark in verdict.marks]


# Round trips.


def in_label_studio(bench):
    """Answers the tasks that were written, predictions and all, as Label Studio exports them."""
    bench.write(Format.LABEL_STUDIO, to="ls")
    tasks = json.loads((bench.home / "ls/tasks.json").read_text())
    said = {
        PLANT: [region("PERSON", 4.0, 5.0), choice("leak")],
        WHOLE: [choice("clean"), note(["fine", "really"])],
        STRICT: [region("TOO_MUCH", 1.0, 2.0), choice("too-much"), note("much")],
        SLOT: [region("PIN_CODE", 0.25, 1.5), region("OTHER", 6.0, 7.0), choice("leak")],
    }
    for number, one in enumerate(tasks, 1):
        drawn = [{**r, "origin": "prediction"} for r in one["predictions"][0]["result"]]
        one["id"] = number
        one["annotations"] = [
            {"id": number, "was_cancelled": False, "result": drawn + said[one["data"]["clip"]]}
        ]
    return exported(bench, *tasks), Format.LABEL_STUDIO


def in_audacity(bench):
    label(bench, PLANT, "4.0\t5.0\tleak PERSON")
    label(bench, WHOLE, "0.0\t0.0\tclean fine / really")
    label(bench, STRICT, "1.0\t2.0\ttoo-much much")
    label(bench, SLOT, "0.25\t1.5\tleak PIN_CODE", "6.0\t7.0\tleak OTHER")
    return "audacity", Format.AUDACITY


def in_a_table(bench):
    said = {
        PLANT: [("leak", "4.0", "5.0", "PERSON", "")],
        WHOLE: [("clean", "", "", "", "fine / really")],
        STRICT: [("too-much", "1", "2", "", "much")],
        SLOT: [("leak", "0.25", "1.5", "PIN_CODE", ""), ("leak", "6.0", "7.0", "OTHER", "")],
    }
    bench.write(Format.CSV, to="csv")
    text = (bench.home / "csv/clips.csv").read_text("utf-8-sig")
    stream = io.StringIO()
    writer = csv.writer(stream)
    for number, row in enumerate(csv.reader(io.StringIO(text))):
        writer.writerows([row] if number == 0 else [[*row[:5], *cells] for cells in said[row[0]]])
    (bench.home / "back.csv").write_text(stream.getvalue())
    return "back.csv", Format.CSV


@pytest.mark.parametrize("answer", [in_label_studio, in_audacity, in_a_table])
def test_what_was_written_comes_back_as_verdicts(bench, answer):
    done = bench.read(*answer(bench))
    found = bench.verdicts()
    assert {item: verdict.opinion for (item, _), verdict in found.items()} == {
        PLANT: Opinion.LEAK,
        WHOLE: Opinion.CLEAN,
        STRICT: Opinion.TOO_MUCH,
        SLOT: Opinion.LEAK,
    }
    assert spots(found[PLANT, ANNA]) == [(4.0, 5.0, "PERSON")]
    assert spots(found[STRICT, ANNA]) == [(1.0, 2.0, "OTHER")]
    assert spots(found[SLOT, ANNA]) == [(0.25, 1.5, "PIN_CODE"), (6.0, 7.0, "OTHER")]
    assert (found[WHOLE, ANNA].comment, found[STRICT, ANNA].comment) == ("fine / really", "much")
    assert found[WHOLE, ANNA].heard_s == 0.0 and found[WHOLE, ANNA].at.endswith("+00:00")
    assert (done.num_verdicts, done.num_known, done.num_open) == (4, 0, 0)
    assert done.opinions == {
        Opinion.CLEAN: 1, Opinion.LEAK: 2, Opinion.TOO_MUCH: 1, Opinion.CANNOT_TELL: 0,
    }  # fmt: skip


@pytest.mark.parametrize("answer", [in_label_studio, in_audacity, in_a_table])
def test_reading_a_file_twice_changes_nothing(bench, answer):
    file = answer(bench)
    bench.read(*file)
    before = bench.verdicts(), bench.store.findings()
    done = bench.read(*file)
    assert (done.num_verdicts, done.num_known, done.findings) == (0, 4, ())
    assert (bench.verdicts(), bench.store.findings()) == before


@pytest.mark.parametrize("answer", [in_label_studio, in_audacity, in_a_table])
def test_leaks_in_released_recordings_become_findings_in_their_own_time(bench, answer):
    done = bench.read(*answer(bench))
    assert sorted((f.start, f.end, f.type) for f in done.findings) == [
        (10.25, 11.5, "PIN_CODE"), (16.0, 17.0, "OTHER"),
    ]  # fmt: skip
    assert {(f.item, f.reviewer, f.name, f.stage) for f in done.findings} == {
        (SLOT, ANNA, NAMES[SLOT], Stage.FOUND)
    }
    assert sorted(done.findings, key=lambda f: f.id) == bench.store.findings(Stage.FOUND)
    assert len({f.id for f in done.findings}) == 2 and all(len(f.id) == 32 for f in done.findings)


def test_a_leak_in_a_targeted_item_is_a_finding_too(bench):
    (found,) = bench.read(table(bench, f"{STRICT},leak,1,2,AGE,")).findings
    assert (found.name, found.start, found.end, found.type) == (NAMES[STRICT], 1.0, 2.0, "AGE")


def test_a_planted_leak_is_no_finding(bench):
    done = bench.read(table(bench, f"{PLANT},leak,4,5,PERSON,"))
    assert done.findings == () and bench.store.findings() == []
    assert spots(bench.verdicts()[PLANT, ANNA]) == [(4.0, 5.0, "PERSON")]


def test_a_leak_beside_a_planted_one_is_a_finding_of_the_recording(bench):
    (found,) = bench.read(table(bench, f"{PLANT},leak,4,5,PERSON,", f"{PLANT},leak,7,8,AGE,")).findings
    assert (found.name, found.start, found.end, found.type) == (NAMES[PLANT], 7.0, 8.0, "AGE")


def test_clips_that_a_file_leaves_out_stay_open(bench):
    done = bench.read(table(bench, f"{WHOLE},cannot-tell,,,,"))
    assert (done.num_verdicts, done.num_open) == (1, 3)


# What a file may not say, whichever the tool.

TIMES = "a time is not a number of seconds"


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        (18.0, 20.11, "outside the clip, which has 20.000 s"),
        (-0.01, 2.0, "outside the clip"),
        (21.0, 22.0, "outside the clip"),
        (20.0, 20.04, "outside the clip"),
        (5.0, 4.0, "does not end after it starts"),
        (5.0, 5.0, "does not end after it starts"),
    ],
)
@pytest.mark.parametrize("form", Format)
def test_a_mark_that_cannot_be_is_refused(bench, form, start, end, message):
    if form is Format.LABEL_STUDIO:
        file = exported(bench, task(WHOLE, region("PERSON", start, end), choice("leak")))
    elif form is Format.CSV:
        file = table(bench, f"{WHOLE},leak,{start},{end},PERSON,")
    else:
        label(bench, WHOLE, f"{start}\t{end}\tleak PERSON")
        file = f"audacity/{WHOLE}.txt"
    with pytest.raises(UsageError, match=message):
        bench.read(file, form)
    assert bench.verdicts() == {}


@pytest.mark.parametrize("bad", ["nan", "inf", "-inf", "1e999", "", "two", "1_0", "٣", "0x1"])
@pytest.mark.parametrize("form", [Format.CSV, Format.AUDACITY])
def test_a_written_time_that_is_no_number_is_refused(bench, form, bad):
    if form is Format.CSV:
        file = table(bench, f"{WHOLE},leak,{bad},3,PERSON,")
    else:
        label(bench, WHOLE, f"{bad}\t3\tleak PERSON")
        file = f"audacity/{WHOLE}.txt"
    with pytest.raises(UsageError, match=TIMES):
        bench.read(file, form)


@pytest.mark.parametrize("bad", ["NaN", "Infinity", "1e999", "9" * 400])
def test_a_time_in_json_that_is_no_number_is_refused(bench, bad):
    text = json.dumps([task(WHOLE, region("PERSON", "BAD", 3.0), choice("leak"))]).replace('"BAD"', bad)
    (bench.home / "back.json").write_text(text)
    with pytest.raises(UsageError, match=TIMES):
        bench.read("back.json", Format.LABEL_STUDIO)


@pytest.mark.parametrize("bad", ["1.0", None, True, [1.0]])
def test_a_region_without_times_is_refused(bench, bad):
    with pytest.raises(UsageError, match="a region has no times"):
        bench.read(
            exported(bench, task(WHOLE, region("PERSON", bad, 3.0), choice("leak"))), Format.LABEL_STUDIO
        )


def test_an_end_just_past_the_clip_is_its_end(bench):
    bench.read(table(bench, f"{WHOLE},leak,19.5,20.09,PERSON,"))
    assert spots(bench.verdicts()[WHOLE, ANNA]) == [(19.5, 20.0, "PERSON")]


def test_a_mark_made_twice_is_one(bench):
    row = f"{WHOLE},leak,1,2,PERSON,"
    assert len(bench.read(table(bench, row, row)).findings) == 1


def test_more_marks_than_anybody_can_follow_are_refused(bench):
    rows = [f"{WHOLE},leak,{n / 10},{n / 10 + 0.05},PERSON," for n in range(51)]
    with pytest.raises(UsageError, match="more than 50 marks"):
        bench.read(table(bench, *rows))
    assert len(bench.read(table(bench, *rows[1:])).findings) == 50


@pytest.mark.parametrize(
    ("reviewer", "clip", "message"),
    [
        (ANNA, "itemunknown", "line 2: no clip of this review has this id"),
        (BEN, SLOT, "line 2: this clip was not handed to this reviewer"),
        ("nobody", WHOLE, "no such reviewer"),
        (GONE, WHOLE, "was revoked"),
    ],
)
def test_only_clips_of_this_reviewer_are_taken(bench, reviewer, clip, message):
    with pytest.raises(UsageError, match=message):
        bench.read(table(bench, f"{clip},clean,,,,"), reviewer=reviewer)
    assert bench.verdicts() == {}


def test_two_reviewers_of_one_clip_each_give_their_verdict(bench):
    bench.write(Format.CSV, reviewer=BEN, to="ben")
    bench.read(table(bench, f"{WHOLE},clean,,,,"))
    bench.read(table(bench, f"{WHOLE},cannot-tell,,,,"), reviewer=BEN)
    assert {who: v.opinion for (_, who), v in bench.verdicts().items()} == {
        ANNA: Opinion.CLEAN, BEN: Opinion.CANNOT_TELL,
    }  # fmt: skip


@pytest.mark.parametrize(
    "row",
    [
        "cannot-tell,,,,",
        "leak,1,2.5,PERSON,",
        "leak,1,2,AGE,",
        "leak,1,2,PERSON,another comment",
        "too-much,1,2,,",
    ],
)
def test_another_verdict_on_a_clip_is_refused(bench, row):
    bench.read(table(bench, f"{WHOLE},leak,1,2,PERSON,"))
    before = bench.verdicts()
    with pytest.raises(UsageError, match="line 2: this reviewer gave another verdict"):
        bench.read(table(bench, f"{WHOLE},{row}"))
    assert bench.verdicts() == before


def test_all_verdicts_of_a_file_are_stored_or_none(bench):
    file = table(bench, f"{STRICT},leak,1,2,AGE,", f"{WHOLE},clean,,,,", f"{SLOT},leak,1,99,PERSON,")
    with pytest.raises(UsageError, match="line 4: a mark lies outside"):
        bench.read(file)
    assert bench.verdicts() == {} and bench.store.findings() == []


def test_a_store_that_fails_halfway_keeps_nothing(bench, monkeypatch):
    calls = []

    def fail(db, verdict, findings):
        calls.append(verdict)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        insert(db, verdict, findings)

    insert = intake.insert_verdict
    monkeypatch.setattr(intake, "insert_verdict", fail)
    with pytest.raises(StoreError):
        bench.read(table(bench, f"{STRICT},leak,1,2,AGE,", f"{WHOLE},clean,,,,"))
    assert bench.verdicts() == {} and bench.store.findings() == []


def test_of_a_recording_that_was_erased_nothing_is_stored(bench):
    bench.store.forget(NAMES[STRICT])
    done = bench.read(table(bench, f"{STRICT},leak,1,2,AGE,the comment", f"{WHOLE},clean,,,,"))
    assert (done.num_verdicts, done.num_erased, done.findings) == (1, 1, ())
    assert list(bench.verdicts()) == [(WHOLE, ANNA)]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["clean,,,,", "cannot-tell,,,,"], "said to be cannot-tell and clean; leave one"),
        (["clean,,,,", "leak,1,2,PERSON,"], "said to be clean and leak"),
        (["cannot-tell,,,,", "too-much,1,2,,"], "said to be cannot-tell and too-much"),
        (["leak,,,,"], "a leak has no mark"),
        ([",,,,"], "line 2: the clip has no verdict"),
        ([",,,,a comment"], "the clip has no verdict"),
        ([",1,2,PERSON,"], "line 2: a mark without a verdict"),
        (["dirty,,,,"], "line 2: unknown verdict"),
        (["leak,1,2,NAME_OF_SOMEBODY,"], "line 2: unknown type"),
        (["leak,1,2,,"], "line 2: unknown type"),
        (["clean,1,2,,"], "line 2: only leak and too-much have"),
        (["clean,,,,", "leak,1,2,BAD,"], "line 3: unknown type"),
    ],
)
def test_what_rows_may_not_say(bench, rows, message):
    with pytest.raises(UsageError, match=message) as caught:
        bench.read(table(bench, *(f"{WHOLE},{row}" for row in rows)))
    assert "SOMEBODY" not in str(caught.value) and "dirty" not in str(caught.value)


def test_a_leak_weighs_more_than_too_much_muting_and_what_is_left_out_is_counted(bench):
    done = bench.read(table(bench, f"{WHOLE},too-much,5,6,,", f"{WHOLE},leak,1,2,PERSON,"))
    assert bench.verdicts()[WHOLE, ANNA].opinion is Opinion.LEAK
    assert spots(bench.verdicts()[WHOLE, ANNA]) == [(1.0, 2.0, "PERSON")]
    assert done.num_marks_left_out == 1


# Comments.


def find_smith(text):
    at = text.find("Smith")
    return [(at, at + 5, "PERSON")] if at >= 0 else []


def test_personal_data_in_a_comment_is_never_stored(bench):
    file = table(bench, f"{WHOLE},clean,,,,I heard Smith twice", f"{STRICT},clean,,,,fine")
    done = bench.read(file, comments=find_smith)
    assert bench.verdicts()[WHOLE, ANNA].comment == "I heard <PERSON> twice"
    assert bench.verdicts()[STRICT, ANNA].comment == "fine"
    assert done.num_comments_cleaned == 1
    assert bench.read(file, comments=find_smith).num_known == 2
    bench.store.close()
    assert not any(b"Smith" in p.read_bytes() for p in bench.folder.private.glob("review.sqlite3*"))


def test_what_overlaps_goes_as_a_whole(bench):
    found = {"ab cd ef": [(3, 5, "AGE"), (0, 4, "PERSON")]}
    bench.read(table(bench, f"{WHOLE},clean,,,,ab cd ef"), comments=lambda text: found.get(text, []))
    assert bench.verdicts()[WHOLE, ANNA].comment == "<PERSON> ef"


def test_a_comment_in_which_more_is_always_found_is_refused(bench):
    with pytest.raises(UsageError, match="line 3: the comment holds personal data that cannot be taken out"):
        bench.read(
            table(bench, f"{STRICT},clean,,,,", f"{WHOLE},clean,,,,ab cd"),
            comments=lambda text: [(len(text) - 1, len(text), "X")],
        )
    assert bench.verdicts() == {}


def test_a_detector_that_fails_keeps_the_verdicts_out(bench):
    def fail(text):
        raise StoreError("no model")

    with pytest.raises(StoreError, match="no model"):
        bench.read(table(bench, f"{STRICT},clean,,,,", f"{WHOLE},clean,,,,words"), comments=fail)
    assert bench.verdicts() == {}


def test_an_empty_comment_needs_no_detector(bench):
    def fail(text):
        raise AssertionError

    bench.read(table(bench, f"{WHOLE},clean,,,, "), comments=fail)


def test_a_comment_is_one_line_that_prints(bench):
    bench.read(
        exported(bench, task(WHOLE, choice("clean"), note("a\n\x1b[2J\ud800 b\u202e"))), Format.LABEL_STUDIO
    )
    assert bench.verdicts()[WHOLE, ANNA].comment == "a [2J b"


def test_a_comment_that_is_a_text_of_its_own_is_refused(bench):
    bench.read(table(bench, f"{STRICT},clean,,,,{'x' * 1000}"))
    with pytest.raises(UsageError, match="longer than 1000 characters"):
        bench.read(table(bench, f"{WHOLE},clean,,,,{'x' * 1001}"))


# Files.


@pytest.mark.parametrize("form", Format)
def test_a_file_that_is_not_there_is_said(bench, form):
    with pytest.raises(UsageError, match="is not a file; name what the tool exported"):
        bench.read("nowhere", form)


@pytest.mark.parametrize("form", Format)
def test_a_file_too_large_for_an_export_is_not_read(bench, form, monkeypatch):
    path = bench.home / "big.txt"
    with path.open("wb") as stream:
        stream.truncate(answers.MAX_FILE_BYTES + 1)
    with pytest.raises(UsageError, match="is larger than"):
        bench.read("big.txt", form)


@pytest.mark.parametrize("form", Format)
def test_bytes_that_are_no_text_are_refused(bench, form):
    (bench.home / "back.txt").write_bytes("é".encode("latin-1"))
    with pytest.raises(UsageError, match="'back.txt': not UTF-8 text"):
        bench.read("back.txt", form)


@pytest.mark.parametrize(("form", "text"), [(Format.LABEL_STUDIO, "[]"), (Format.CSV, HEADER)])
def test_a_file_without_verdicts_is_said(bench, form, text):
    (bench.home / "back").write_text(text)
    with pytest.raises(UsageError, match="holds no verdicts"):
        bench.read("back", form)


# The command.


def command(bench, file, **changes):
    options = {
        "private": None, "reviewer": ANNA, "format": "csv", "file": bench.home / file, "as_json": False,
        "comments": find_smith, "follow_up": lambda findings: None,
    }  # fmt: skip
    return review_tasks_read(bench.folder.out, **{**options, **changes})


def test_the_command_hands_on_the_leaks_once_they_are_stored(bench, capsys):
    got = []

    def follow_up(findings):
        got.append((findings, bench.store.findings(Stage.FOUND)))

    file = table(bench, f"{WHOLE},leak,1,2,PERSON,", f"{PLANT},leak,4,5,PERSON,")
    assert command(bench, file, follow_up=follow_up) == 0
    ((handed, stored),) = got
    assert list(handed) == stored and isinstance(stored[0], Finding) and stored[0].item == WHOLE
    assert command(bench, file, follow_up=follow_up) == 0
    assert [list(handed) for handed, _ in got[1:]] == [[]]  # told, as the first time may have come to nothing


def test_the_command_speaks_to_people(bench, capsys):
    file = table(bench, f"{WHOLE},clean,,,,Smith", f"{STRICT},leak,1,2,AGE,", f"{STRICT},too-much,5,6,,")
    command(bench, file)
    said = capsys.readouterr()
    assert said.out == "2 verdicts stored: 1 clean, 1 leak\n"
    for text in (
        "1 had personal data in the comment",
        "1 marks of too much muting",
        "2 clips of this reviewer",
    ):
        assert text in said.err
    assert "Smith" not in said.out + said.err


def test_the_command_speaks_to_scripts(bench, capsys):
    bench.store.forget(NAMES[SLOT])
    file = table(bench, f"{WHOLE},clean,,,,", f"{SLOT},clean,,,,")
    command(bench, file, as_json=True)
    assert json.loads(capsys.readouterr().out) == {
        "verdicts": 1, "opinions": {"clean": 1, "leak": 0, "too-much": 0, "cannot-tell": 0}, "findings": 0,
        "known": 0, "erased": 1, "open": 2, "comments_cleaned": 0, "marks_left_out": 0,
    }  # fmt: skip


def test_a_run_with_kept_names_is_refused(bench):
    with closing(Ledger(bench.folder.ledger)) as ledger:
        ledger.set_setting("keep_names", "true")
    with pytest.raises(UsageError, match="--keep-names"):
        command(bench, table(bench, f"{WHOLE},clean,,,,"))
    assert bench.verdicts() == {}


def test_an_unknown_format_is_refused(bench):
    with pytest.raises(UsageError, match="label-studio, audacity, csv"):
        command(bench, table(bench), format="xlsx")


def test_the_same_words_through_another_door_are_known(bench):
    bench.read(table(bench, f"{WHOLE},leak,1,2,PERSON,"))
    (verdict,) = bench.store.verdicts(LOT)
    assert verdict.marks == (Mark(1.0, 2.0, "PERSON"),)
    with bench.store.transaction() as db:
        db.execute("DELETE FROM verdict")
        intake.insert_verdict(db, replace(verdict, at="2026-01-01T00:00:00+00:00", heard_s=9.0), [])
    assert bench.read(table(bench, f"{WHOLE},leak,1,2,PERSON,")).num_known == 1
