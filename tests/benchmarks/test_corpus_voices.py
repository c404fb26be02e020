"""The generator with real voices, and the recordings that the repository carries."""

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from benchmarks.corpus.__main__ import main
from benchmarks.corpus.voices import FLITE_VOICES, VoiceMissing, flite, load_engine, say
from redactor.bench.gold import read_gold
from redactor.bench.measure import measure
from redactor.bench.score import score, stretches_of

DATA = Path(__file__).resolve().parents[1] / "data/corpus"
WORDS = ["my", "name", "is", "Siobhan", "A", "S", "I", "of", "the", "O'Brien"]


def share_inside(samples, rate, times):
    """Share of the energy that lies inside the words."""
    inside = np.zeros(len(samples), dtype=bool)
    for start, end in times:
        inside[round(start * rate) : round(end * rate)] = True
    energy = np.square(samples)
    return energy[inside].sum() / energy.sum()


@pytest.mark.system
@pytest.mark.parametrize("base", [*FLITE_VOICES, "joe"])
def test_every_voice_says_every_word_where_it_says_so(base):
    engine = load_engine(base)
    speech = say(engine, WORDS, shift=1.05, pace=1.1)
    again = say(engine, WORDS, shift=1.05, pace=1.1)
    starts = [start for start, _ in speech.times]
    assert np.array_equal(speech.samples, again.samples)
    assert len(speech.times) == len(WORDS)
    assert starts == sorted(starts)
    assert all(0.02 < end - start < 1.5 for start, end in speech.times)
    assert share_inside(speech.samples, 16000, speech.times) > 0.98


@pytest.mark.system
def test_the_same_seed_gives_the_same_bytes(tmp_path):
    options = [
        "--half",
        "test",
        "--commands",
        "3",
        "--calls",
        "0",
        "--voices",
        "slt*1,kal16*0.95",
        "--seed",
        "5",
    ]
    for name in ("one", "two"):
        assert main(["--out", str(tmp_path / name), *options]) == 0
    files = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*") if p.is_file())
    assert len(files) == 4
    assert all((tmp_path / "one" / f).read_bytes() == (tmp_path / "two" / f).read_bytes() for f in files)


def test_a_missing_library_names_the_package(monkeypatch):
    def missing(*_args, **_kwargs):
        raise OSError("no such library")

    monkeypatch.setattr(flite.ctypes, "CDLL", missing)
    with pytest.raises(VoiceMissing, match="apt-get install libflite1"):
        flite._library("flite")


def test_a_missing_voice_ends_the_command_with_what_to_install(monkeypatch, tmp_path, capsys):
    def missing(_base):
        raise VoiceMissing("install it")

    monkeypatch.setattr("benchmarks.corpus.render.load_engine", missing)
    code = main(["--out", str(tmp_path), "--half", "dev", "--calls", "0", "--commands", "1"])
    assert code == 2
    assert "install it" in capsys.readouterr().err


def test_the_carried_recordings_are_as_their_gold_says():
    rows = read_gold(DATA / "gold.jsonl")
    assert {row.kind for row in rows} == {"call", "command"}
    for row in rows:
        samples, rate = sf.read(DATA / row.audio, always_2d=True)
        assert (rate, samples.shape[1]) == (row.sample_rate, row.channels)
        assert len(samples) / rate == pytest.approx(row.duration_s)
        assert not any(v.startswith("joe") for v in row.voices)
        assert max(w.end for w in row.words) < row.duration_s
    assert sum(p.stat().st_size for p in DATA.rglob("*") if p.is_file()) < 1.5e6


@pytest.mark.parametrize(("all_channels", "leaks"), [(True, False), (False, True)])
def test_crosstalk_in_the_carried_call_leaks_until_both_channels_are_muted(all_channels, leaks):
    gold = next(row for row in read_gold(DATA / "gold.jsonl") if row.kind == "call")
    samples, rate = sf.read(DATA / gold.audio, always_2d=True)
    redacted = samples.copy()
    for word in gold.words:
        if word.is_pii:
            at = slice(round((word.start - 0.02) * rate), round((word.end + 0.02) * rate))
            redacted[at, slice(None) if all_channels else word.channel] = 0
    scored = score(gold, measure(samples, redacted, rate, stretches_of(gold)[0]))
    assert gold.condition["crosstalk_db"] > -35
    assert scored.leaks == leaks
    assert scored.lost_seconds < 0.05 * scored.other_seconds
