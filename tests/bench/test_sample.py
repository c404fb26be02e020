"""The sample that `redactor bench` works on: whole, small, and true."""

import shutil

import pytest
import soundfile as sf

from redactor.audio.decode import decode
from redactor.bench.run import Sample
from redactor.errors import UsageError
from redactor.files import bench_sample_dir

SAMPLE = Sample.shipped()


def test_it_is_small_and_lasts_about_a_minute_and_a_half():
    assert sum(path.stat().st_size for path in bench_sample_dir().rglob("*")) < 2e6
    assert 90 <= SAMPLE.seconds <= 120
    assert sum(word.is_pii for gold in SAMPLE.golds.values() for word in gold.words) > 50


def test_it_holds_a_call_and_commands_at_both_rates_in_voices_that_may_be_passed_on():
    kinds = sorted((g.kind, g.channels, g.sample_rate) for g in SAMPLE.golds.values())
    assert kinds == [("call", 2, 8_000)] + [("command", 1, 16_000)] * 10
    voices = {voice for gold in SAMPLE.golds.values() for voice in gold.voices}
    assert voices <= {"slt*1", "rms*1", "awb*1", "kal16*1"}
    assert {gold.half for gold in SAMPLE.golds.values()} == {"dev"}


@pytest.mark.parametrize("path", SAMPLE.golds, ids=lambda path: path.stem)
def test_every_recording_is_flac_that_decodes_to_what_the_truth_says(path):
    gold, audio = SAMPLE.golds[path], decode(path).audio
    assert sf.info(path).format == "FLAC"
    assert (audio.sample_rate, audio.num_channels) == (gold.sample_rate, gold.channels)
    assert audio.num_samples / audio.sample_rate == pytest.approx(gold.duration_s, abs=1e-3)
    assert all(word.end <= gold.duration_s for word in gold.words)


def test_origin_and_licence_stand_beside_it():
    text = (bench_sample_dir() / "README.md").read_text()
    assert "python -m benchmarks.corpus" in text
    assert "CARNEGIE MELLON" in text


@pytest.mark.parametrize("lost", ["gold.jsonl", "audio/command-0003.flac", "audio"])
def test_a_sample_that_is_not_whole_is_refused_with_the_next_step(tmp_path, lost):
    folder = tmp_path / "bench"
    shutil.copytree(bench_sample_dir(), folder)
    target = folder / lost
    shutil.rmtree(target) if target.is_dir() else target.unlink()
    with pytest.raises(UsageError, match="not complete; install redactor again"):
        Sample.read(folder)


def test_copies_are_the_same_recordings_under_other_names(tmp_path):
    copied = SAMPLE.copied(tmp_path / "copies")
    assert list(copied.golds.values()) == list(SAMPLE.golds.values())
    assert not set(copied.golds) & set(SAMPLE.golds)
    assert [path.read_bytes() for path in copied.golds] == [path.read_bytes() for path in SAMPLE.golds]
