"""What people found becomes a set that `redactor bench --leak` measures; nothing of it is text."""

import json
import multiprocessing
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from leak_stand_ins import HI, House, marked
from stage_stand_ins import SECRET, write_recording

from redactor import cli
from redactor.bench import leak as bench_leak
from redactor.bench.gold import GoldRecording, GoldSpan, read_gold, write_gold
from redactor.commands import bench as command
from redactor.errors import StoreError, UsageError
from redactor.ledger import State
from redactor.review.regression import add_finding, forget_findings, regression_file
from redactor.runfolder import create_run_folder
from redactor.types import PiiSpan

NAME, OTHER = "ab" * 16, "cd" * 16


@pytest.fixture
def folder(tmp_path):
    return create_run_folder(tmp_path / "out")


@pytest.fixture
def original(tmp_path):
    return write_recording(tmp_path / "in.wav", num_channels=2)


def rows(folder):
    return [json.loads(line) for line in regression_file(folder).read_text().splitlines()]


def test_a_finding_is_a_line_of_gold_on_its_channel(folder, original, monkeypatch):
    monkeypatch.chdir(original.parent)
    add_finding(folder, NAME, Path("in.wav"), marked(1.25, 2.5, "PIN_CODE", channels=(1,)))
    (gold,) = read_gold(regression_file(folder))
    assert (gold.audio, gold.kind, gold.words) == (str(original), "review", ())
    assert gold.spans == (GoldSpan("PIN_CODE", 1.25, 2.5, 1),)


def test_without_a_channel_it_is_on_each_and_without_a_type_it_is_other(folder, original):
    add_finding(folder, NAME, original, replace(marked(1.0, 1.5), entity_types=()))
    (gold,) = read_gold(regression_file(folder))
    assert gold.spans == (GoldSpan("OTHER", 1.0, 1.5, 0), GoldSpan("OTHER", 1.0, 1.5, 1))


def test_a_finding_is_there_once_and_others_stay(folder, original):
    for span in (marked(1.0, 1.5), marked(1.6, 1.8), marked(1.0, 1.5)):
        add_finding(folder, NAME, original, span)
    assert [row["spans"][0]["start"] for row in rows(folder)] == [1.0, 1.6]


def test_it_is_for_its_owner_alone_whatever_the_umask(folder, original):
    before = os.umask(0)
    try:
        add_finding(folder, NAME, original, marked(1.0, 1.5))
    finally:
        os.umask(before)
    place = regression_file(folder).parent
    assert place == folder.private / "review" and place.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in place.iterdir()} == {0o600}


def _add(folder, original, number):
    for step in range(5):
        add_finding(folder, NAME, original, marked(number, number + 1 + step, channels=(0,)))


def test_processes_that_add_at_the_same_time_lose_nothing(folder, original):
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_add, args=(folder, original, number)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(rows(folder)) == 20


def test_a_process_that_is_killed_while_it_adds_leaves_the_set_as_it_was(folder, original, monkeypatch):
    add_finding(folder, NAME, original, marked(1.0, 1.5))
    before = regression_file(folder).read_bytes()

    def die(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", die)
    with pytest.raises(KeyboardInterrupt):
        add_finding(folder, NAME, original, marked(1.6, 1.8))
    assert regression_file(folder).read_bytes() == before


def test_what_is_forgotten_is_dropped_and_nothing_else(folder, original):
    add_finding(folder, NAME, original, marked(1.0, 1.5))
    add_finding(folder, OTHER, original, marked(1.0, 1.5))
    forget_findings(folder, NAME)
    assert [row["id"] for row in rows(folder)] == [OTHER]


def test_forgetting_where_nothing_was_found_makes_no_folder(folder):
    forget_findings(folder, NAME)
    assert not regression_file(folder).parent.exists()


@pytest.mark.parametrize("line", [SECRET, "[1]", "7", "\xff"])
def test_a_set_that_somebody_spoilt_is_named_and_not_quoted_or_written_over(folder, original, line):
    add_finding(folder, NAME, original, marked(1.0, 1.5))
    spoilt = regression_file(folder).read_bytes() + line.encode("latin-1")
    regression_file(folder).write_bytes(spoilt)
    for call in (
        lambda: add_finding(folder, OTHER, original, marked(1.0, 1.5)),
        lambda: forget_findings(folder, NAME),
    ):
        with pytest.raises(StoreError, match="cannot be read; mend") as caught:
            call()
        assert SECRET not in str(caught.value)
    assert regression_file(folder).read_bytes() == spoilt


def test_an_original_that_is_gone_is_no_trouble_unless_its_channels_are_asked_for(folder, tmp_path):
    gone = tmp_path / f"{SECRET}.wav"
    add_finding(folder, NAME, gone, marked(1.0, 1.5, channels=(0,)))
    with pytest.raises(UsageError, match="cannot be read.*put it back") as caught:
        add_finding(folder, NAME, gone, marked(1.0, 1.5))
    assert SECRET not in str(caught.value)


def test_a_link_in_place_of_the_lock_is_not_followed(folder, original, tmp_path):
    regression_file(folder).parent.mkdir()
    regression_file(folder).with_suffix(".lock").symlink_to(tmp_path / "victim")
    with pytest.raises(StoreError, match="cannot be used"):
        add_finding(folder, NAME, original, marked(1.0, 1.5))
    assert not (tmp_path / "victim").exists()


# --- redactor bench --leak


@pytest.fixture
def house(tmp_path, monkeypatch):
    (tmp_path / "house").mkdir()
    (tmp_path / "tmp").mkdir()
    made = House(tmp_path / "house", monkeypatch)
    monkeypatch.setattr(command, "prepare", House.prepare)
    monkeypatch.setattr(command, "load_policy", lambda name: made.settings().policy)
    monkeypatch.setattr(command.tempfile, "tempdir", str(tmp_path / "tmp"))
    made.gold = tmp_path / "gold.jsonl"
    return made


def gold_of(house, *spans, number=0):
    return GoldRecording(str(house.inputs / f"{number}.wav"), spans=spans, kind="review")


def bench(house, capsys, *options):
    code = cli.main(["bench", "--leak", str(house.gold), *options])
    return code, capsys.readouterr()


MUTED = GoldSpan("PERSON", 0.6, 1.4)
HEARD = GoldSpan("PIN_CODE", HI.start, HI.end)


def test_what_is_still_heard_is_counted_and_the_rest_is_not(house, capsys):
    write_gold(house.gold, [gold_of(house, MUTED), gold_of(house, HEARD), gold_of(house, MUTED, number=1)])
    code, said = bench(house, capsys, "--json")
    assert code == 0
    document = json.loads(said.out)
    assert (document["recordings"], document["released"]) == (2, 2), "two lines of one recording are one"
    leak = document["leak"]
    assert list(leak) == ["all", "PERSON", "PIN_CODE"]
    assert (leak["all"]["entities"]["count"], leak["all"]["entities"]["of"]) == (1, 3)
    assert (leak["PERSON"]["entities"]["count"], leak["PIN_CODE"]["entities"]["count"]) == (0, 1)
    assert (leak["all"]["clean_recordings"]["count"], leak["all"]["clean_recordings"]["of"]) == (1, 2)
    assert list((house.gold.parent / "tmp").iterdir()) == []


def test_once_it_is_found_nothing_leaks(house, capsys):
    write_gold(house.gold, [gold_of(house, HEARD)])
    house.stages.found = (PiiSpan(0, "PERSON", 18, 20, 0.9, "test"),)
    _, said = bench(house, capsys, "--json")
    assert json.loads(said.out)["leak"]["all"]["entities"]["count"] == 0


def test_the_table_is_on_stdout_without_json(house, capsys):
    write_gold(house.gold, [gold_of(house, MUTED), gold_of(house, HEARD)])
    _, said = bench(house, capsys)
    lines = said.out.splitlines()
    assert lines[0].split()[:4] == ["files", "words", "or", "pieces"]
    assert [line.split()[0] for line in lines[1:]] == ["all", "PERSON", "PIN_CODE", "held"]
    assert "50.0 %: 1 of 2" in lines[1]


def test_what_was_held_back_is_1_and_told_by_its_opaque_name(house, capsys):
    write_gold(house.gold, [gold_of(house, MUTED), gold_of(house, MUTED, number=1)])
    house.stages.found = None
    code, said = bench(house, capsys, "--json")
    assert code == 1
    assert json.loads(said.out)["released"] == 0
    assert said.err.count("quarantined") == 2 and "0.wav" not in said.err


def test_originals_that_are_gone_are_counted_and_not_named(house, capsys):
    gone = GoldRecording(f"/nowhere/{SECRET}.wav", spans=(MUTED,))
    write_gold(house.gold, [gold_of(house, MUTED), gone, GoldRecording("/nowhere/else.wav", spans=(MUTED,))])
    code, said = bench(house, capsys, "--json")
    assert code == 2
    assert "2 of 3 recordings of" in said.err and SECRET not in said.err
    assert json.loads(said.out) == {"error": "UsageError", "exit_code": 2}
    assert house.stages.done == []


@pytest.mark.parametrize("content", [None, "", "no json\n"])
def test_a_set_that_cannot_be_used_is_2(house, capsys, content):
    if content is not None:
        house.gold.write_text(content)
    code, said = bench(house, capsys)
    assert (code, said.out) == (2, "")
    assert "gold.jsonl" in said.err


def test_the_set_of_a_run_folder_is_one_that_it_takes(house, capsys):
    house.run()
    name = house.names()[0]
    with house.archive() as archive:
        original = Path(archive.inputs.get(name).uri.removeprefix("file://"))
    add_finding(house.folder, name, original, marked(HI.start, HI.end))
    shutil.copy(regression_file(house.folder), house.gold)  # paths are absolute
    code, said = bench(house, capsys, "--json")
    assert code == 0
    assert json.loads(said.out)["leak"]["all"]["entities"] == {"rate": 1.0, "count": 1, "of": 1}
    assert house.state(name) is State.DONE, "its own release is another matter"


def test_recordings_that_are_named_in_two_ways_are_one(house):
    other = GoldRecording(str(house.inputs / ".." / house.inputs.name / "0.wav"), spans=(HEARD,))
    write_gold(house.gold, [gold_of(house, MUTED), other])
    ((path, gold),) = bench_leak.read_recordings(house.gold).items()
    assert (path, gold.spans) == (house.inputs / "0.wav", (MUTED, HEARD))
