"""``redactor bench``: on the real tiny.en and three short commands of its sample."""

import json
import re
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from kill_helpers import write_policy

from redactor import cli
from redactor.bench.gold import write_gold
from redactor.bench.run import Figures, Memory, Sample
from redactor.bench.score import score, summarize
from redactor.bench.wer import WordErrors
from redactor.bench.worker import Batches
from redactor.commands import bench as command
from redactor.known_runs import known_runs
from redactor.ledger import Row, State
from redactor.settings import Prepared

STAGES = ["decode", "transcribe", "detect", "align", "redact", "write", "verify"]
CUT = ("command-0003", "command-0006", "command-0007")
COPIES = 2


@pytest.fixture(scope="module")
def cut(tmp_path_factory):
    """A sample of three short commands, two of them with personal data."""
    folder = tmp_path_factory.mktemp("sample")
    golds = {path: gold for path, gold in Sample.shipped().golds.items() if path.stem in CUT}
    (folder / "audio").mkdir()
    for path in golds:
        (folder / "audio" / path.name).write_bytes(path.read_bytes())
    write_gold(folder / "gold.jsonl", golds.values())
    return Sample.read(folder)


@pytest.fixture(scope="module")
def measured(cut, tmp_path_factory):
    """Exit code, stdout and stderr of one measurement, and its temporary folder afterwards."""
    folder = tmp_path_factory.mktemp("work")
    (folder / "tmp").mkdir()
    argv = ["bench", "--model", "tiny.en", "--policy", str(write_policy(folder)), "--device", "cpu"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        patch.setattr(Sample, "shipped", lambda: cut)
        patch.setattr(tempfile, "tempdir", str(folder / "tmp"))
        with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
            code = cli.main([*argv, "--jobs", str(COPIES), "--json"])
        runs = known_runs()
    left = list((folder / "tmp").iterdir())
    return SimpleNamespace(code=code, out=out.getvalue(), err=err.getvalue(), left=left, runs=runs)


@pytest.fixture(scope="module")
def document(measured):
    return json.loads(measured.out)


@pytest.mark.model
def test_it_ends_well_and_leaves_nothing_behind(measured):
    assert measured.code == 0, measured.err
    assert measured.left == []
    assert measured.runs == []


@pytest.mark.model
def test_the_speed_of_every_stage_is_of_the_sample_once(document, cut):
    assert list(document["stages"]) == STAGES
    assert document["audio_seconds"] == pytest.approx(cut.seconds, abs=1e-3)
    for name, stage in document["stages"].items():
        assert stage["seconds"] > 0, name
        assert stage["seconds"] * stage["rtfx"] == pytest.approx(cut.seconds, rel=0.2), name
    others = [s["seconds"] for name, s in document["stages"].items() if name not in ("transcribe", "verify")]
    assert document["stages"]["transcribe"]["seconds"] > max(others)


@pytest.mark.model
def test_the_run_works_on_a_copy_for_every_worker(document, cut):
    run = document["end_to_end"]
    assert (document["workers"], run["copies"]) == (COPIES, COPIES)
    assert (run["released"], run["quarantined"], run["failed"]) == (COPIES * len(CUT), 0, 0)
    assert run["seconds"] * run["rtfx"] == pytest.approx(COPIES * cut.seconds, rel=0.01)
    assert 0 < run["rtfx_with_start"] < run["rtfx"]
    assert run["start_seconds"] > 0
    assert 0 < run["cpu_seconds"] < 1.5 * COPIES * run["seconds"]


@pytest.mark.model
def test_windows_and_batches_fit_together(document):
    windows = document["windows"]
    assert windows["heard"] >= COPIES * len(CUT)
    assert 0 <= windows["again"] <= windows["heard"]
    batches = {(b["model"], b["work"]): b for b in document["batches"]}
    # Its policy trusts the language: nobody was asked for it.
    assert batches.pop(("transcribe", "told apart"))["windows"] == 0
    assert set(batches) == {("transcribe", work) for work in ("encoded", "decoded", "aligned")}
    for one in batches.values():
        assert 0 < one["batches"] <= one["windows"] <= one["batches"] * one["most"]
    assert batches["transcribe", "decoded"]["windows"] == windows["heard"] + windows["again"]


@pytest.mark.model
def test_memory_is_of_the_parent_and_of_all_its_workers(document):
    peak = document["peak_bytes"]
    assert peak["worker"] > 200e6  # it holds a model
    assert peak["parent"] > 50e6
    # A worker that is slow to load may find nothing left to do, and is none then.
    assert peak["parent"] + peak["worker"] <= peak["together"] <= peak["parent"] + COPIES * peak["worker"]


@pytest.mark.model
def test_leak_and_errors_are_of_the_sample_once(document, cut):
    words = [word for gold in cut.golds.values() for word in gold.words]
    leak = document["leak"]
    assert document["word_errors"]["of"] == len(words)
    assert 0 <= document["word_errors"]["rate"] < 1
    assert leak["words"]["of"] == sum(word.is_pii for word in words)
    assert (leak["entities"]["of"], leak["clean_recordings"]["of"], leak["held_back"]["of"]) == (2, 2, len(CUT))
    assert leak["lost_seconds"]["of"] == pytest.approx(
        sum(w.end - w.start for w in words if not w.is_pii), abs=1e-2
    )
    assert all(0 <= rate["rate"] <= 1 for rate in leak.values())
    assert leak["words"]["rate"] <= 0.5, "the address is found"
    assert leak["held_back"]["count"] == 0


@pytest.mark.model
def test_no_word_of_the_sample_is_in_what_is_said(measured, cut):
    told = measured.out + measured.err
    for word in (w.text for gold in cut.golds.values() for w in gold.words if w.is_pii):
        assert not re.search(rf"\b{re.escape(word)}\b", told, re.IGNORECASE), word


@pytest.mark.model
def test_people_read_on_stderr_what_is_going_on_and_the_table(measured, cut):
    assert measured.out.count("\n") == 1
    alone, *lines = measured.err.splitlines()
    assert "'tiny.en' is both model and second opinion" in alone
    assert lines[0].startswith("policy standard; tiny.en (transcribe), ")
    assert lines[0].endswith(f"2 workers; 3 recordings, {cut.seconds:.0f} s of audio")
    assert [line[:6] for line in lines[1:3]] == ["1 of 2", "2 of 2"]
    figures = json.loads(measured.out)
    listening = sum(figures["stages"][stage]["seconds"] for stage in ("transcribe", "verify"))
    assert 0 < figures["speech_seconds"] < figures["model_seconds"] < listening
    parts = "models alone", "end to end", "peak memory, a worker", "words misheard", "other speech lost"
    for part in (*STAGES, *parts):
        assert any(line.strip().startswith(part) for line in lines), part


# What follows needs no model: the figures are made up.


def figures(sample, *, states):
    paths = dict(zip("abc", sample.golds, strict=True))
    rows = [
        Row(name, state, stage="decode", reason="damaged", detail="is damaged")
        for name, state in zip(paths, states, strict=True)
    ]
    return Figures(
        sample=sample,
        stages=dict.fromkeys(STAGES, 0.5),
        model_seconds=0.4,
        speech_seconds=0.2,
        errors=WordErrors(1, 4),
        copies=1,
        start_seconds=1.0,
        work_seconds=0.0,
        cpu_seconds=0.0,
        windows=0,
        windows_again=0,
        batches=(Batches("transcribe", "decoded", 8, 0, 0, 0.0),),
        memory=Memory(1 << 20, 2 << 20, 3 << 20),
        leak=summarize("all", [score(gold, None) for gold in sample.golds.values()]),
        rows=tuple(rows),
        paths=paths,
    )


@pytest.fixture
def told(cut, monkeypatch, capsys):
    """Run the command on figures that are made up."""
    device = SimpleNamespace(kind="cpu", compute_type="int8", num_workers=1)

    def run(states, *options):
        def prepared(settings):
            return Prepared(settings, device, models={}, identity=None)

        monkeypatch.setattr(Sample, "shipped", lambda: cut)
        monkeypatch.setattr(command, "prepare", prepared)
        monkeypatch.setattr(command, "bench", lambda *_, **__: figures(cut, states=states))
        return cli.main(["bench", *options]), capsys.readouterr()

    return run


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ([State.DONE] * 3, 0),
        ([State.DONE, State.QUARANTINED, State.DONE], 1),
        ([State.FAILED] * 3, 1),
    ],
    ids="released one-held-back none".split(),
)
def test_what_was_not_released_is_told_and_is_1(told, states, code):
    found, said = told(states, "--json")
    run = json.loads(said.out)["end_to_end"]
    assert found == code
    assert run["released"] == states.count(State.DONE)
    assert said.err.count("decode: damaged: is damaged") == 3 - states.count(State.DONE)


def test_without_json_the_table_is_on_stdout_and_where_nothing_was_done_is_no_figure(told):
    _, said = told([State.FAILED] * 3)
    assert re.search(r"^  transcribe +0\.50 +\d", said.out, re.MULTILINE)
    assert re.search(r"^  end to end +0\.00 +0\.0$", said.out, re.MULTILINE)
    assert re.search(r"^  words misheard +25\.0 %: 1 of 4$", said.out, re.MULTILINE)
    assert re.search(r"^  personal words audible +nothing to count$", said.out, re.MULTILINE)
    assert re.search(r"^  files held back +100\.0 %: 3 of 3$", said.out, re.MULTILINE)
    assert "decoded" not in said.out


def test_batches_of_workers_are_added_and_their_limit_is_the_least():
    one = Batches("second", "decoded", 8, 3, 20, 1.5)
    other = replace(one, most=4, batches=1, windows=4, seconds=0.5)
    assert one.plus(other) == Batches("second", "decoded", 4, 4, 24, 2.0)


def test_a_copy_is_for_every_worker_and_on_a_gpu_for_every_recording_it_has_in_hand():
    from redactor.bench.run import _num_copies

    for kind, wish, expected in (("cpu", None, 4), ("cpu", 2, 2), ("cuda", None, 32), ("cuda", 1, 8)):
        device = SimpleNamespace(kind=kind, num_workers=4, limits=SimpleNamespace(recordings=8))
        prepared = Prepared(SimpleNamespace(num_workers=wish), device, models={}, identity=None)
        assert _num_copies(prepared) == expected, (kind, wish)


def test_the_sample_is_not_touched(cut):
    assert {path.stem for path in cut.golds} == set(CUT)
    assert all(isinstance(path, Path) and path.is_file() for path in cut.golds)
