"""What people found is muted in every later run of a folder, and `review apply` does just those anew."""

import json
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import soundfile as sf
from kill_helpers import EXAMPLES, Command
from leak_stand_ins import HI, PADDED, House, found_by_reviewer, is_consistent, is_muted, marked
from stage_stand_ins import SECRET, heard

from redactor.commands import review_apply as command
from redactor.commands import review_tasks
from redactor.errors import LockedError, UsageError
from redactor.inputs import find_inputs
from redactor.ledger import Ledger, State
from redactor.review import apply as module
from redactor.review.apply import apply
from redactor.review.consequences import withdraw_findings
from redactor.review.entries import Stage
from redactor.review.regression import add_finding, regression_file
from redactor.review.store import STORE_NAME, ReviewStore
from redactor.review.withdraw import withdraw
from redactor.runfolder import locked, open_run_folder
from redactor.runs import Archive

FOUND = marked(HI.start, HI.end)


@pytest.fixture
def house(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "prepare", House.prepare)
    made = House(tmp_path, monkeypatch, num_channels=2)
    made.run()
    return made


@pytest.fixture
def name(house):
    return house.names()[0]


def withdrawn(house, name, *spans):
    with house.archive() as archive:
        withdraw(archive, name, spans or [FOUND])


def test_just_what_waits_is_done_anew_with_what_was_found_muted_on_every_channel(house, name):
    other = house.names()[1]
    before = house.audio(other).stat().st_mtime_ns
    assert not is_muted(house, name, HI.start, HI.end)
    withdrawn(house, name, marked(HI.start, HI.end, channels=(1,)))
    house.stages.done.clear()
    rows = apply(house.out)
    assert [(row.name, row.state) for row in rows] == [(name, State.DONE)]
    assert house.stages.done == [name]
    assert is_muted(house, name, HI.start - 0.05, HI.end + 0.05)
    assert is_muted(house, name, 0.6, 1.4), "what the detectors find is muted too"
    assert house.audio(other).stat().st_mtime_ns == before
    assert house.listed() == house.names() and is_consistent(house)


def test_the_report_and_the_transcript_say_what_people_found_and_no_word_of_it(house, name):
    withdrawn(house, name)
    apply(house.out)
    rows = house.report(name)["redactions"]
    (row,) = [row for row in rows if row["origin"] == "reviewed"]
    # 50 ms of padding, and whole milliseconds.
    assert (row["types"], row["channels"]) == (["PERSON"], [0, 1])
    assert (row["start"], row["end"]) == (HI.start - 0.05, HI.end + 0.05)
    transcript = house.out / "release" / "transcripts" / name[:2] / f"{name}.txt"
    assert HI.text not in transcript.read_text().split()


def test_the_file_that_is_released_again_is_checked(house, name):
    withdrawn(house, name)
    house.stages.verifier = _Objecting()
    rows = apply(house.out)
    assert [row.state for row in rows] == [State.QUARANTINED]
    assert name not in house.released() and is_consistent(house)
    assert SECRET not in str(rows)


class _Objecting:
    def check(self, claim, *, known, first):
        raise ValueError(SECRET)


def test_nothing_is_done_where_nothing_waits_and_not_what_failed_for_itself(house, name):
    with house.archive() as archive:
        archive.ledger.reset([name])  # pending, but nobody found anything in it
    house.stages.done.clear()
    assert apply(house.out) == ()
    assert house.stages.done == []


def test_what_a_killed_withdrawal_left_in_the_release_goes_first(house, name):
    planted = house.audio(name).with_name("planted.wav")
    with house.archive() as archive:
        archive.ledger.add_reviewed(name, [FOUND])
        archive.ledger.reset([name])
    planted.write_bytes(b"of a process that was killed")
    house.stages.found = None  # it is held back this time
    assert [row.state for row in apply(house.out)] == [State.QUARANTINED]
    assert not planted.exists() and is_consistent(house)


def test_only_the_names_that_are_asked_for_are_done(house):
    first, second = house.names()
    withdrawn(house, first)
    withdrawn(house, second)
    assert [row.name for row in apply(house.out, names=[second, "unknown"])] == [second]
    assert house.state(first) is State.PENDING


def test_who_watches_is_told_the_plan_and_every_row(house, name):
    withdrawn(house, name)
    told = []
    rows = apply(house.out, watch=lambda plan: (told.append(len(plan.jobs)), told.append)[1])
    assert told[0] == 1 and told[1].files and [row.bare() for row in told[1:]] == list(rows)


def test_a_later_run_under_another_policy_mutes_it_still(house, name):
    withdrawn(house, name)
    apply(house.out)
    other = replace(PADDED, entities={"EMAIL_ADDRESS": 0.5}, verify=replace(PADDED.verify, padding_ms=0.0))
    house.stages.found = ()
    assert {row.state for row in house.run(other)} == {State.DONE}
    assert sorted(house.stages.done) == house.names()
    assert is_muted(house, name, HI.start, HI.end)
    assert [row["origin"] for row in house.report(name)["redactions"]] == ["reviewed"]


def test_what_is_muted_already_is_not_repeated(house, name):
    withdrawn(house, name)
    apply(house.out)
    assert house.run() == []
    house.reconcile()
    assert is_consistent(house) and house.state(name) is State.DONE


def test_a_release_in_which_it_is_not_muted_goes_at_the_next_start(house, name):
    with house.archive() as archive:  # as a process leaves it that is killed after this
        archive.ledger.add_reviewed(name, [FOUND])
    assert [row.name for row in house.run()] == [name]
    assert is_muted(house, name, HI.start, HI.end)


def test_a_plan_takes_no_release_for_settled_in_which_it_is_not_muted(house, name):
    with house.archive() as archive:
        archive.ledger.add_reviewed(name, [FOUND])
        identity = house.prepare(house.settings()).identity
        plan = archive.plan(find_inputs([str(house.inputs)]).inputs, identity)
    assert [(job.name, job.reviewed) for job in plan.jobs] == [(name, (FOUND,))]
    assert name not in house.released() and is_consistent(house)


def test_a_recording_that_was_held_back_is_tried_again_with_it(house, name):
    house.stages.verifier = _Objecting()
    (house.inputs / "0.wav").write_bytes((house.inputs / "0.wav").read_bytes() + b"\0")  # so that it is redone
    (house.inputs / "1.wav").write_bytes((house.inputs / "1.wav").read_bytes() + b"\0")
    assert {row.state for row in house.run()} == {State.QUARANTINED}
    house.stages.verifier = None
    withdrawn(house, name)
    assert [(row.name, row.state) for row in apply(house.out)] == [(name, State.DONE)]


def test_what_was_found_counts_for_the_identity_of_the_job(house, name):
    def identity():
        with house.archive() as archive:
            return archive.ledger.row(name).identity

    first = identity()
    withdrawn(house, name)
    apply(house.out)
    second = identity()
    withdrawn(house, name, marked(0.1, 0.2))
    apply(house.out)
    assert len({first, second, identity()}) == 3


def test_a_release_of_other_models_or_versions_is_not_started_upon(house, name, monkeypatch):
    withdrawn(house, name)
    before = house.listed()

    def newer(settings):
        prepared = House.prepare(settings)
        return replace(prepared, identity=replace(prepared.identity, digest="f" * 64))

    monkeypatch.setattr(module, "prepare", newer)
    with pytest.raises(UsageError, match="other models or versions.*redactor run"):
        apply(house.out)
    assert house.listed() == house.released() == before
    assert house.state(name) is State.PENDING


def test_a_folder_in_which_nothing_was_run_is_refused(house, tmp_path):
    with house.archive() as archive:
        archive.ledger._db.execute("DELETE FROM setting WHERE key = 'settings'")
    with pytest.raises(UsageError, match="nothing was run"):
        apply(house.out)


def test_forgotten_with_the_recording(house, name):
    withdrawn(house, name, marked(1.234, 1.876))
    add_finding(house.folder, name, house.inputs / "0.wav", marked(1.234, 1.876, channels=(0,)))
    with house.archive() as archive:
        archive.forget(name)
        assert archive.ledger.reviewed(name) == () and archive.ledger.names_reviewed() == []
    assert regression_file(house.folder).read_bytes() == b""
    assert apply(house.out) == ()
    house.run()
    assert name not in house.released()


# --- the command


def test_the_command_counts_and_names_nothing(house, name, capsys):
    withdrawn(house, name)
    assert command.review_apply(house.out, private=None, as_json=True, verbose=False) == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == {"released": 1, "quarantined": 0, "failed": 0}
    assert "1 released, 0 quarantined, 0 failed" in said.err
    assert command.review_apply(house.out, private=None, as_json=False, verbose=False) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "no recording waits for what a reviewer found in it\n")


def test_the_command_is_1_where_one_is_held_back(house, name, capsys):
    withdrawn(house, name)
    house.stages.transcript = heard()
    assert command.review_apply(house.out, private=None, as_json=True, verbose=True) == 1
    said = capsys.readouterr()
    assert json.loads(said.out)["quarantined"] == 1
    assert "nonsense" in said.err


# --- on the real tiny.en


@pytest.mark.model
def test_a_word_that_was_released_is_silent_after_a_finding(tmp_path):
    run = Command(tmp_path / "home")
    source = tmp_path / "coffee_order.flac"
    source.write_bytes((EXAMPLES / "coffee_order.flac").read_bytes())
    assert run.run(source, tmp_path / "out").returncode == 0
    folder = open_run_folder(tmp_path / "out")
    key_file = tmp_path / "home" / "config" / "redactor" / "names.key"
    with closing(Ledger(folder.ledger)) as ledger:
        (row,) = ledger.rows()
    audio = folder.release / "audio" / row.name[:2] / f"{row.name}.flac"
    text = folder.release / "transcripts" / row.name[:2] / f"{row.name}.json"
    word = max(json.loads(text.read_text())["segments"][0]["words"], key=lambda w: w["end"] - w["start"])
    with locked(folder), closing(Archive(folder, key_file=key_file, keep_names=False)) as archive:
        withdraw(archive, row.name, [marked(word["start"], word["end"])])
    assert not audio.exists()

    script = (
        "import sys; from pathlib import Path; from redactor.commands.review_apply import review_apply\n"
        "sys.exit(review_apply(Path(sys.argv[1]), private=None, as_json=False, verbose=False))"
    )
    argv = [sys.executable, "-c", script, folder.out]
    done = subprocess.run(argv, env=run.env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    samples, rate = sf.read(audio, dtype="int16")
    assert not samples[round(word["start"] * rate) : round(word["end"] * rate)].any()
    assert np.count_nonzero(samples) > 0.3 * len(samples)
    left = [w for segment in json.loads(text.read_text())["segments"] for w in segment["words"]]
    assert left and not any(w["start"] < word["end"] and word["start"] < w["end"] for w in left)
    assert run("audit", "verify", folder.out).returncode == 0


@pytest.fixture
def store(house):
    with closing(ReviewStore(house.folder.private / STORE_NAME)) as store:
        yield store


@pytest.fixture
def finding(store, name):
    """Said on the page, whose server was killed before anything followed from it."""
    return found_by_reviewer(store, name, HI.start, HI.end)


def test_what_was_found_is_settled_by_the_command_too(house, store, finding):
    withdraw_findings(house.folder, store, [finding])
    assert command.review_apply(house.out, private=None, as_json=False, verbose=False) == 0
    assert [found.stage for found in store.findings()] == [Stage.SETTLED]


def test_what_nobody_has_followed_up_is_withdrawn_and_muted(house, store, finding):
    assert not is_muted(house, finding.name, HI.start, HI.end)
    assert command.review_apply(house.out, private=None, as_json=False, verbose=False) == 0
    assert [found.stage for found in store.findings()] == [Stage.SETTLED]
    assert is_muted(house, finding.name, HI.start, HI.end)


@pytest.fixture
def read_back(house, monkeypatch):
    """`review import` of verdicts that are stored already."""

    def stored(*_, follow_up, **__):
        follow_up([])
        return 0

    monkeypatch.setattr(review_tasks, "review_tasks_read", stored)
    return partial(review_tasks.review_import, house.out, private=None, reviewer="r1", format="csv",
                   file="back.csv", as_json=False)  # fmt: skip


def test_an_import_without_a_leak_waits_for_no_other_run(house, store, read_back):
    with locked(house.folder):
        assert read_back() == 0


def test_an_import_with_a_leak_beside_another_run_says_what_is_left_to_do(house, finding, read_back):
    with locked(house.folder):
        with pytest.raises(LockedError, match="the verdicts are stored, .* wait for it, .* import this again"):
            read_back()
        assert not list(house.folder.release.glob(f"*/*/{finding.name}*"))
    assert read_back() == 0
    assert house.state(finding.name) is State.PENDING
