"""What reviewers hear and read, cut out of what is released; nothing here was not redacted."""

from __future__ import annotations

import json
import math
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf

from redactor.audio.encode import encode
from redactor.audio.formats import extension, output_format
from redactor.audio.recording import Recording, open_recording
from redactor.files import fsync_dir, fsync_file, make_private_dir, sha256_file, write_atomic
from redactor.types import Audio, AudioFormat, Seconds

REVIEW_FOLDER = "review"
_CLIPS = "clips"

# Every browser plays these as they are; of WAV only plain numbers.
_PLAYED = {".flac", ".mp3", ".ogg", ".opus", ".m4a"}
_PLAYED_WAV = {"PCM_16", "PCM_U8"}
_CUT = ".flac"
# More fit into no FLAC file.
_MAX_FLAC_CHANNELS = 8


@dataclass(frozen=True)
class Clip:
    """Files of an item, below ``private/review``; `transcript` None where there is none."""

    audio: str
    sha256: str
    report: str | None = None
    transcript: str | None = None


class Clips:
    """The folder of clips of one lot.

    Parameters
    ----------
    private : pathlib.Path
        Of the run.
    lot : str
    """

    def __init__(self, private: Path, lot: str) -> None:
        self._root = private / REVIEW_FOLDER
        self._folder = f"{_CLIPS}/{lot[:16]}"

    def copy(self, item: str, path: Path) -> Clip:
        """Keep a released file as it is."""
        return self._kept(item, path.suffix, lambda draft: shutil.copyfile(path, draft))

    def cut(self, item: str, recording: Recording, start: Seconds, end: Seconds) -> Clip:
        """Keep the stretch [start, end) of a released recording, in 16 bits."""
        return self._written(item, stretch(recording, start, end), recording.sample_rate)

    def put(
        self,
        item: str,
        samples: np.ndarray,
        sample_rate: int,
        *,
        report: Mapping[str, Any],
        transcript: Mapping[str, Any] | None,
        like: AudioFormat | None = None,
    ) -> Clip:
        """Keep other samples with their texts, times in seconds of the clip.

        Parameters
        ----------
        samples : numpy.ndarray, shape [num_samples, num_channels], float32
        like : AudioFormat, optional
            Of a released file that it is to look like; as a cut otherwise.
        """
        if like is None:
            clip = self._written(item, samples, sample_rate)
        else:
            clip = self._encoded(item, samples, sample_rate, like)
        return self.with_texts(item, clip, report=report, transcript=transcript)

    def with_texts(
        self, item: str, clip: Clip, *, report: Mapping[str, Any], transcript: Mapping[str, Any] | None
    ) -> Clip:
        """Keep the texts of a clip beside it."""
        texts = {"report": report, "transcript": transcript}
        paths: dict[str, str | None] = {"report": None, "transcript": None}
        for what, document in texts.items():
            if document is not None:
                paths[what] = f"{self._folder}/{item}.{what}.json"
                write_atomic(self._root / paths[what], json.dumps(document).encode(), mode=0o600)
        return Clip(clip.audio, clip.sha256, **paths)

    def _written(self, item: str, samples: np.ndarray, sample_rate: int) -> Clip:
        is_flac = samples.shape[1] <= _MAX_FLAC_CHANNELS
        container, ending = ("FLAC", _CUT) if is_flac else ("WAV", ".wav")

        def write(draft: Path) -> None:
            sf.write(draft, samples, sample_rate, format=container, subtype="PCM_16")

        return self._kept(item, ending, write)

    def _encoded(self, item: str, samples: np.ndarray, sample_rate: int, like: AudioFormat) -> Clip:
        """By the writer of the release: size and form of a file must not tell why somebody hears it."""
        target = output_format(like, sample_rate=sample_rate, num_channels=samples.shape[1])
        sound = Recording.of(Audio(samples, sample_rate, like))
        return self._kept(item, extension(target), lambda draft: encode(sound, draft))

    def _kept(self, item: str, ending: str, write: Callable[[Path], object]) -> Clip:
        folder = self._root / self._folder
        for each in (self._root, folder.parent, folder):
            make_private_dir(each)
        target = folder / f"{item}{ending}"
        draft = folder / f".{item}.{secrets.token_hex(4)}.tmp"
        try:
            os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            write(draft)
            fsync_file(draft)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
        fsync_dir(folder)
        return Clip(str(target.relative_to(self._root)), sha256_file(target))


def plays(path: Path) -> bool:
    """Whether browsers play a released file as it is."""
    if path.suffix != ".wav":
        return path.suffix in _PLAYED
    with open_recording(path) as recording:
        return recording.format.subtype in _PLAYED_WAV


def stretch(recording: Recording, start: Seconds, end: Seconds) -> np.ndarray:
    """Samples of [start, end), shape [num_samples, num_channels]; only these are kept in memory."""
    first, stop = round(start * recording.sample_rate), round(end * recording.sample_rate)
    pieces, passed = [], 0
    for block in recording.blocks():
        if passed >= stop:
            break
        pieces.append(block[max(first - passed, 0) : max(stop - passed, 0)].copy())
        passed += len(block)
    return np.concatenate(pieces)


def cut_report(report: Mapping[str, Any], start: Seconds, end: Seconds) -> dict[str, Any]:
    """The muted spans of [start, end), in seconds from there."""
    return {
        "duration": end - start,
        "channels": report["channels"],
        "redactions": list(_cut(report["redactions"], start, end)),
    }


def cut_transcript(transcript: Mapping[str, Any], start: Seconds, end: Seconds) -> dict[str, Any]:
    """The words and placeholders of [start, end), in seconds from there."""
    segments = []
    for segment in _cut(transcript["segments"], start, end):
        words = list(_cut(segment["words"], start, end))
        placeholders = list(_cut(segment["placeholders"], start, end))
        if words or placeholders:
            said = sorted([*words, *placeholders], key=lambda word: (word["start"], word["end"]))
            text = " ".join(word["text"] for word in said)
            segments.append({**segment, "text": text, "words": words, "placeholders": placeholders})
    return {"duration": end - start, "channels": transcript["channels"], "segments": segments}


def tenths(start: Seconds, end: Seconds) -> tuple[Seconds, Seconds]:
    """Times of words as reviewers get them, rounded outward.

    Recognizers count in steps of their own; in finer ones, the words of a planted leak would stand out.
    """
    return math.floor(round(start * 10, 6)) / 10, math.ceil(round(end * 10, 6)) / 10


def _cut(rows: Sequence[Mapping[str, Any]], start: Seconds, end: Seconds) -> Iterator[dict[str, Any]]:
    for row in rows:
        if row["start"] < end and row["end"] > start:
            yield {**row, "start": max(row["start"], start) - start, "end": min(row["end"], end) - start}
