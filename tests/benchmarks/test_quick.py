"""The quick score counts as the contract does, and real speech is cut in halves by speaker."""

import json

import numpy as np
import pytest
import soundfile as sf

from benchmarks.quick import score_spans
from benchmarks.real import build, half_of, loud_pieces
from redactor.bench.gold import GoldRecording, GoldWord, read_gold
from redactor.types import Origin, TimeSpan


def span(start, end, channel=0):
    return TimeSpan(start, end, (channel,), ("PERSON",), Origin.DETECTED)


@pytest.mark.parametrize(
    ("spans", "leaks", "lost"),
    [
        ([], True, 0.0),
        ([span(1.0, 1.5)], False, 0.0),
        ([span(1.15, 1.5)], True, 0.0),  # 30 % of its energy is left
        ([span(1.1, 1.5)], False, 0.0),  # 20 %
        ([span(0.9, 1.75)], False, 0.25),
        ([span(1.0, 1.5, channel=1)], True, 0.0),  # another channel
    ],
)
def test_a_word_leaks_by_its_energy_and_others_are_lost_by_their_time(spans, leaks, lost):
    words = (GoldWord("ada", 1.0, 1.5, "PERSON"), GoldWord("here", 1.5, 2.5))
    scored = score_spans(GoldRecording("a.wav", words=words), spans, np.ones((400, 2)))
    assert scored.leaks is leaks
    assert scored.lost_seconds == pytest.approx(lost)


def test_a_frame_that_is_muted_in_part_is_heard():
    words = (GoldWord("ada", 1.0, 1.02, "PERSON"),)
    scored = score_spans(GoldRecording("a.wav", words=words), [span(1.005, 1.02)], np.ones((400, 1)))
    assert scored.leaks


@pytest.fixture
def data(tmp_path):
    """Two speakers of different halves, one of whose recordings has nothing personal."""
    speakers = {half_of(name): name for name in "abcdefgh"}
    folder = tmp_path / "an4"
    (folder / "wav").mkdir(parents=True)
    rows = []
    for number, (half, pii) in enumerate([("dev", True), ("test", True), ("test", False)]):
        sf.write(folder / f"wav/{number}.flac", np.zeros(800), 8_000)
        spans = [{"type": "PERSON", "start": 0.0, "end": 0.1, "text": "x"}] if pii else []
        rows.append(
            {
                "audio": f"wav/{number}.flac",
                "speaker": speakers[half],
                "pii": spans,
                "words": [],
                "duration_s": 0.1,
                "sample_rate": 8_000,
                "channels": 1,
            }
        )
    (folder / "manifest.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return tmp_path


def test_speakers_of_one_half_are_not_in_the_other_and_rows_without_personal_data_are_not_scored(
    data, tmp_path
):
    for half in ("dev", "test"):
        assert build("an4", data, tmp_path / half, half) == 1
    ours, theirs = (read_gold(tmp_path / half / "an4/gold.jsonl") for half in ("dev", "test"))
    assert [len(g.spans) for g in ours + theirs] == [1, 1]
    assert ours[0].speaker != theirs[0].speaker
    assert (tmp_path / "dev/an4" / ours[0].audio).is_file()


def test_loud_pieces_cover_the_speech_and_not_the_pauses(tmp_path):
    sound = np.zeros(16_000)
    sound[4_000:8_000] = np.random.default_rng(0).normal(0, 0.1, 4_000)
    sf.write(tmp_path / "a.wav", sound, 8_000)
    pieces = loud_pieces(tmp_path / "a.wav")
    assert pieces[0][0] == pytest.approx(0.5, abs=0.02) and pieces[-1][1] == pytest.approx(1.0, abs=0.02)
    assert max(end - start for start, end in pieces) <= 0.26
