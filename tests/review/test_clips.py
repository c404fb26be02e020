"""Reviewers hear and read what was drawn for them, cut at the right place."""

import json
import stat

import numpy as np
import pytest
import soundfile as sf
from sounds import voice

from redactor.audio.encode import encode
from redactor.audio.recording import Recording, open_recording
from redactor.review.clips import Clips, cut_report, cut_transcript, plays
from redactor.types import Audio, AudioFormat


@pytest.fixture
def ramp(tmp_path):
    """Two channels of three seconds in which every sample is another."""
    samples = np.stack([np.arange(24_000), -np.arange(24_000)], axis=1).astype(np.int16)
    sf.write(tmp_path / "ramp.wav", samples, 8000)
    return tmp_path / "ramp.wav", samples


def test_a_cut_is_the_very_samples_for_their_owner_alone(tmp_path, ramp):
    path, samples = ramp
    with open_recording(path) as recording:
        clip = Clips(tmp_path, "f" * 64).cut("id", recording, 1.0, 2.5)
    kept = tmp_path / "review" / clip.audio
    found, rate = sf.read(kept, dtype="int16")
    assert rate == 8000 and np.array_equal(found, samples[8000:20_000])
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert all(stat.S_IMODE(folder.stat().st_mode) == 0o700 for folder in list(kept.parents)[:3])
    assert [path.name for path in kept.parent.iterdir()] == ["id.flac"]


def test_a_copy_is_the_very_bytes(tmp_path, ramp):
    path, _ = ramp
    clip = Clips(tmp_path, "f" * 64).copy("id", path)
    assert (tmp_path / "review" / clip.audio).read_bytes() == path.read_bytes()
    assert clip.audio.endswith("/id.wav")


@pytest.mark.parametrize(
    ("like", "rate", "ending"),
    [
        (("WAV", "PCM_16"), 16_000, ".wav"), (("FLAC", "PCM_16"), 8_000, ".flac"),
        (("FLAC", "PCM_24"), 8_000, ".flac"), (("MP3", "MPEG_LAYER_III"), 16_000, ".mp3"),
        (("OGG", "VORBIS"), 16_000, ".ogg"), (("OGG", "OPUS"), 16_000, ".opus"),
        (("MP4", "AAC"), 16_000, ".flac"),
    ],
)  # fmt: skip
def test_a_clip_looks_like_the_release_that_it_stands_among(tmp_path, like, rate, ending):
    samples = voice(2.0, seed=1)[:rate, None].astype(np.float32)
    encode(Recording.of(Audio(samples, rate, AudioFormat(*like))), tmp_path / "released")
    options = {"report": {}, "transcript": None, "like": AudioFormat(*like)}
    clip = Clips(tmp_path, "f" * 64).put("id", samples, rate, **options)
    kept = tmp_path / "review" / clip.audio
    assert clip.audio.endswith(f"/id{ending}") and kept.read_bytes() == (tmp_path / "released").read_bytes()
    assert not list(kept.parent.glob(".*"))


def test_texts_lie_beside_a_clip(tmp_path):
    clip = Clips(tmp_path, "f" * 64).put(
        "id", np.zeros((8000, 1), np.float32), 8000, report={"redactions": []}, transcript=None
    )
    assert json.loads((tmp_path / "review" / clip.report).read_text()) == {"redactions": []}
    assert clip.transcript is None


@pytest.mark.parametrize(("subtype", "expected"), [("PCM_16", True), ("ULAW", False), ("FLOAT", False)])
def test_what_no_browser_plays_is_cut_anew(tmp_path, subtype, expected):
    sf.write(tmp_path / "a.wav", np.zeros(8000), 8000, subtype=subtype)
    assert plays(tmp_path / "a.wav") is expected


def test_texts_are_cut_to_a_slot_and_count_from_its_start():
    rows = [
        {"start": 0.0, "end": 1.0, "channels": [0]},
        {"start": 1.8, "end": 2.2, "channels": [1]},
        {"start": 9.0, "end": 9.5, "channels": [0]},
    ]
    report = cut_report({"channels": 2, "redactions": rows}, 2.0, 4.0)
    assert report["redactions"] == [{"start": 0.0, "end": pytest.approx(0.2), "channels": [1]}]
    assert report["duration"] == 2.0

    def word(text, start, end):
        return {"text": text, "start": start, "end": end}

    segments = [
        {"start": 0.0, "end": 1.5, "words": [word("before", 0.0, 1.0)], "placeholders": []},
        {
            "start": 1.0, "end": 3.0, "text": "secret here", "placeholders": [word("<PERSON_1>", 2.4, 2.9)],
            "words": [word("secret", 1.0, 1.4), word("here", 2.0, 2.3)],
        },
    ]  # fmt: skip
    transcript = cut_transcript({"channels": 1, "segments": segments}, 2.0, 4.0)
    (segment,) = transcript["segments"]
    assert segment["text"] == "here <PERSON_1>" and [w["text"] for w in segment["words"]] == ["here"]
    assert segment["placeholders"][0]["start"] == pytest.approx(0.4)
    assert "secret" not in json.dumps(transcript)
