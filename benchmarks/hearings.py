"""What the models hear of a gold's recordings, kept on disk: detection and edges can be tried in seconds."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from redactor.audio.recording import open_recording
from redactor.bench.gold import GoldRecording, read_gold
from redactor.config import load_policy
from redactor.model_registry import resolve
from redactor.transcribe import Recognizer, choose_device
from redactor.transcribe.calibration import Calibration
from redactor.types import Transcript

MODELS = ("base-adapted", "tiny.en-adapted")
_NO_CALIBRATION = {"start_bias_ms": 0, "end_bias_ms": 0}


@dataclass(frozen=True, eq=False)
class HeardRecording:
    """A recording with the word times as the models gave them.

    Attributes
    ----------
    transcript : Transcript
        The first model's, with the other's as others, what the first wrote when it was prompted, and what both
        held for second most probable; times uncorrected.
    power : numpy.ndarray, shape [num_frames, num_channels], float64
    """

    gold: GoldRecording
    transcript: Transcript
    power: np.ndarray

    def calibrated(self, models: Sequence[str] = MODELS) -> Transcript:
        """The transcript with the registry's corrections."""
        hearings = self.transcript.hearings
        by = (*models, *[models[0]] * (len(hearings) - 2 * len(models)), *models)
        corrected = [_corrected(hearing, _calibration(m)) for m, hearing in zip(by, hearings, strict=True)]
        return replace(corrected[0], others=tuple(corrected[1:]))


def hear(gold_file: Path, kept_in: Path, *, most_seconds: float = 600.0) -> Iterator[HeardRecording]:
    """Every recording of a gold file, transcribed now or at some earlier time.

    Parameters
    ----------
    gold_file : pathlib.Path
    kept_in : pathlib.Path
        Folder of pickles; holds personal data if the recordings do.
    most_seconds : float
        Longer recordings are left out.
    """
    kept_in.mkdir(parents=True, exist_ok=True)
    recognizer: Recognizer | None = None
    policy = load_policy("standard")
    policy = replace(policy, language=replace(policy.language, spoken="en"))
    for gold in read_gold(gold_file):
        kept = kept_in / (gold.audio.replace("/", "__") + ".pickle")
        if not kept.is_file():
            with open_recording(gold_file.parent / gold.audio) as recording:
                if recording.duration > most_seconds:
                    continue
                recognizer = recognizer or _uncalibrated()
                heard = recognizer.transcribe(recording, policy)
            kept.write_bytes(pickle.dumps((heard.transcript, heard.power)))
        transcript, power = pickle.loads(kept.read_bytes())
        yield HeardRecording(gold, transcript, power)


@cache
def _calibration(model: str) -> Calibration:
    return Calibration.of(resolve(model, task="transcribe").calibration, model=model)


def _uncalibrated() -> Recognizer:
    first, second = (replace(resolve(m, task="transcribe"), calibration=_NO_CALIBRATION) for m in MODELS)
    return Recognizer(first, second=second, device=choose_device("cpu"))


def _corrected(hearing: Transcript, calibration: Calibration) -> Transcript:
    segments = tuple(
        replace(s, words=tuple(calibration.apply(w, hearing.duration) for w in s.words))
        for s in hearing.segments
    )
    return replace(hearing, segments=segments)


def main() -> None:
    """Fill a cache: GOLD CACHE."""
    count = sum(1 for _ in hear(Path(sys.argv[1]), Path(sys.argv[2])))
    print(f"{count} recordings in {sys.argv[2]}")


if __name__ == "__main__":
    main()
