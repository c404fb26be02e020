"""From counts to figures, and the command over a folder and a run folder."""

import json

import numpy as np
import pytest
import soundfile as sf
from sounds import RATE, voice

from benchmarks import leak
from benchmarks.gold import GoldRecording, GoldSpan, GoldWord, write_gold
from benchmarks.measure import Heard
from benchmarks.score import Unit, clopper_pearson_upper, score, summarize, table

WORDS = (
    GoldWord("call", 0.2, 0.5),
    GoldWord("anna", 0.5, 0.9, "PERSON", 0, 1),
    GoldWord("dot", 0.9, 1.0, "-", 0, 1),
    GoldWord("schmidt", 1.0, 1.5, "PERSON", 0, 1),
    GoldWord("on", 1.6, 1.8),
    GoldWord("four", 1.9, 2.3, "PHONE_NUMBER", 0, 2),
    GoldWord("two", 2.3, 2.6, "PHONE_NUMBER", 0, 2),
)
GOLD = GoldRecording("calls/a.wav", WORDS, kind="call")
NO_PII = GoldRecording("calls/b.wav", WORDS[:1], kind="command")


def heard(audible, muted):
    return Heard(np.array(audible, dtype=float), np.array(muted, dtype=float))


def test_an_entity_leaks_when_one_word_does_and_fillers_count_for_nothing():
    scored = score(GOLD, heard([1, 0, 0.3, 1, 0.25, 0], [0, 1, 0, 0.5, 1, 1]))
    assert scored.units == (Unit("PERSON", 2, 1), Unit("PHONE_NUMBER", 2, 0))
    assert scored.leaks
    assert scored.other_seconds == pytest.approx(0.5)
    assert scored.lost_seconds == pytest.approx(0.1)


def test_a_recording_held_back_is_wholly_lost_and_not_clean():
    row = summarize("all", [score(GOLD, None), score(GOLD, heard([0] * 6, [0] * 6))])
    assert row.held_back.value == 0.5
    assert row.clean.value == 0.5
    assert row.lost.value == 0.5
    assert (row.words.count, row.words.of) == (0, 4)


def test_recordings_without_personal_data_are_in_what_is_lost_alone():
    row = summarize("all", [score(GOLD, heard([0] * 6, [0] * 6)), score(NO_PII, heard([1], [1]))])
    assert (row.recordings, row.with_pii, row.clean.of) == (2, 1, 1)
    assert row.lost.count == pytest.approx(0.3)


def test_a_span_without_words_is_counted_in_pieces():
    gold = GoldRecording("a.wav", spans=(GoldSpan("PERSON", 0.0, 1.0),))
    assert score(gold, heard([0, 0, 0.5, 0], [1] * 4)).units == (Unit("PERSON", 4, 1),)


@pytest.mark.parametrize(
    ("successes", "trials", "expected"),
    [(0, 299, 0.00997), (0, 2995, 0.001), (0, 1, 0.95), (1, 10, 0.3942), (5, 5, 1.0), (3, 50, 0.1478)],
)
def test_the_exact_bound_is_that_of_the_tables(successes, trials, expected):
    assert clopper_pearson_upper(successes, trials) == pytest.approx(expected, abs=2e-4)


def test_no_leak_is_bounded_over_recordings_and_not_over_words():
    row = summarize("all", [score(GOLD, heard([0] * 6, [0] * 6))] * 20)
    assert row.words.high == row.entities.high == pytest.approx(clopper_pearson_upper(0, 20))
    assert row.clean.low == pytest.approx(1 - clopper_pearson_upper(0, 20))


def test_intervals_hold_the_value_and_repeat_for_a_seed():
    rng = np.random.default_rng(0)
    rows = [score(GoldRecording(f"{i}", WORDS), heard(rng.integers(0, 2, 6), rng.random(6))) for i in range(40)]
    first, again, other = (summarize("all", rows, seed=s) for s in (1, 1, 2))
    assert first == again != other
    assert first.words.low < first.words.value < first.words.high


def test_speakers_are_resampled_together():
    rng = np.random.default_rng(0)
    counts = [[float(i % 2)] * 6 for i in range(40)]
    alone = [score(GoldRecording(f"{i}", WORDS), heard(c, rng.random(6))) for i, c in enumerate(counts)]
    grouped = [
        score(GoldRecording(f"{i}", WORDS, speaker=f"s{i % 4}"), heard(c, rng.random(6)))
        for i, c in enumerate(counts)
    ]
    narrow, wide = summarize("all", alone).words, summarize("all", grouped).words
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)


def test_the_table_has_all_kinds_and_types():
    rows = [score(GOLD, heard([0] * 6, [0] * 6)), score(NO_PII, None)]
    assert [r.name for r in table(rows)] == ["all", "call", "command", "PERSON", "PHONE_NUMBER"]


@pytest.fixture
def corpus(tmp_path):
    """Two recordings with gold; the first is muted well in redacted/, the second is not there."""
    rows = [GoldRecording(f"audio/{n}.wav", WORDS, kind="call") for n in "ab"]
    for i, row in enumerate(rows):
        path = tmp_path / row.audio
        path.parent.mkdir(exist_ok=True)
        sf.write(path, voice(3.0, seed=i), RATE)
    samples, _ = sf.read(tmp_path / "audio/a.wav")
    samples[round(0.5 * RATE) : round(1.5 * RATE)] = 0
    (tmp_path / "redacted/audio").mkdir(parents=True)
    sf.write(tmp_path / "redacted/audio/a.flac", samples, RATE)
    write_gold(tmp_path / "gold.jsonl", rows)
    return tmp_path


def released_as(corpus, names):
    """A run folder that holds redacted/audio/a under the first name."""
    release = corpus / "out/release"
    path = release / "audio" / f"{names[0]}.flac"
    path.parent.mkdir(parents=True)
    path.write_bytes((corpus / "redacted/audio/a.flac").read_bytes())
    text = release / "transcripts" / f"{names[0]}.json"
    text.parent.mkdir(parents=True)
    text.write_text(
        json.dumps({"segments": [{"channel": 0, "words": [{"text": "4", "start": 1.9, "end": 2.3}]}]})
    )
    files = [{"path": str(p.relative_to(release)), "sha256": "", "bytes": 1} for p in (path, text)]
    (release / "manifest.jsonl").write_text(json.dumps({"id": names[0], "files": files}) + "\n")


def run_leak(capsys, *args):
    code = leak.main([str(a) for a in args])
    return code, capsys.readouterr()


def test_a_folder_of_redacted_files_is_measured(corpus, capsys):
    code, said = run_leak(capsys, "--gold", corpus / "gold.jsonl", "--redacted", corpus / "redacted", "--json")
    row = json.loads(said.out)["control"][0]
    assert code == 0
    assert (row["words"]["count"], row["words"]["of"]) == (2, 4)
    assert row["held_back"]["value"] == 0.5
    assert "held back" in said.err


@pytest.mark.parametrize("opaque", [False, True])
def test_a_run_folder_is_measured_with_kept_and_with_opaque_names(corpus, capsys, opaque):
    name = "ab" * 16 if opaque else "a"
    released_as(corpus, [name])
    args = ["--gold", corpus / "gold.jsonl", "--run", corpus / "out", "--redacted", corpus / "redacted"]
    if opaque:
        (corpus / "names.json").write_text(json.dumps({f"file:{corpus}/audio/a.wav": name}))
        args += ["--names", corpus / "names.json"]
    code, said = run_leak(capsys, *args, "--json")
    product, control = (json.loads(said.out)[k][0] for k in ("product", "control"))
    assert code == 0
    assert product["words"] == control["words"]
    assert (product["text"]["count"], product["text"]["of"]) == (1, 4)


def test_both_are_printed_beside_each_other(corpus, capsys):
    released_as(corpus, ["a"])
    _, said = run_leak(
        capsys, "--gold", corpus / "gold.jsonl", "--run", corpus / "out", "--redacted", corpus / "redacted"
    )
    lines = said.out.splitlines()
    assert lines[1].split()[:2] == ["all", "product"]
    assert lines[2].split()[:2] == ["all", "control"]


@pytest.mark.parametrize(
    ("extra", "message"),
    [(["--run", "nowhere"], "does not exist"), (["--redacted", "x", "--kind", "k"], "no recording")],
)
def test_what_is_missing_is_said(corpus, capsys, extra, message):
    code, said = run_leak(capsys, "--gold", corpus / "gold.jsonl", *extra)
    assert code == 2
    assert message in said.err


def test_another_sample_rate_is_refused(corpus, capsys):
    sf.write(corpus / "redacted/audio/a.flac", np.zeros(100), 8000)
    code, said = run_leak(capsys, "--gold", corpus / "gold.jsonl", "--redacted", corpus / "redacted")
    assert code == 2
    assert "keeps the rate" in said.err
