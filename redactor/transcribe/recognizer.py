"""faster-whisper behind one verb, with a second opinion.

Deterministic: no sampling, no fallback, no window depends on another.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from redactor.audio.resample import model_channel
from redactor.errors import LanguageError, ModelError
from redactor.policy import AUTO_LANGUAGE, Policy
from redactor.transcribe.calibration import Calibration
from redactor.transcribe.device import Device
from redactor.transcribe.language import stretches
from redactor.transcribe.plausible import cannot_be_said
from redactor.transcribe.speech import MODEL_RATE_HZ, loud_regions, speech_regions
from redactor.types import Audio, Seconds, Segment, SpeechRegion, Transcript, Word

if TYPE_CHECKING:
    from redactor.model_registry import ModelFiles

# Pauses longer than this are cut out before transcription (faster-whisper's default is 2 s, which leaves
# silence in which Whisper makes up text).
_VAD_MIN_SILENCE_MS = 500

# A stretch is transcribed with some audio around it, so that no word is cut at its border.
_STRETCH_MARGIN_S = 0.5


@dataclass(frozen=True)
class _Ear:
    """A loaded model and how far its word times are off."""

    whisper: Any
    calibration: Calibration

    def knows(self, language: str) -> bool:
        return language == "en" or self.whisper.model.is_multilingual


class Recognizer:
    """A loaded Whisper model, one for a second opinion, and one that tells languages apart.

    Parameters
    ----------
    model : ModelFiles
        Verified model to transcribe with.
    second : ModelFiles or None
        Verified model that transcribes everything again: two models fail in different places.
    identifier : ModelFiles or None
        Multilingual model that tells languages apart; needed only when `model` knows one language.
    device : Device
    device_index : int
        GPU of this worker.
    threads : int
        CPU threads. Part of the result: CTranslate2's sums depend on it in the last bits, and with them
        now and then a word.

    Raises
    ------
    ModelError
        If a model cannot be loaded.
    """

    def __init__(
        self,
        model: ModelFiles,
        *,
        second: ModelFiles | None = None,
        identifier: ModelFiles | None = None,
        device: Device,
        device_index: int = 0,
        threads: int = 1,
    ) -> None:
        self._ears = [
            _Ear(
                _load(files, device, device_index, threads),
                Calibration.of(files.calibration, model=files.name),
            )
            for files in (model, second)
            if files is not None
        ]
        main = self._ears[0].whisper
        self._identifier = main if main.model.is_multilingual else None
        if self._identifier is None and identifier is not None:
            self._identifier = _load(identifier, device, device_index, threads)

    def transcribe(self, audio: Audio, policy: Policy) -> Transcript:
        """Transcribe every channel on its own and put the segments in order of time.

        Returns
        -------
        Transcript
            With word times, and the speech that was found in the sound itself; the second model's words as its
            first other. Text that is a repetition loop, that cannot have been said in its time, or that lies
            past the end of the audio, counts as no words: only its speech stays.

        Raises
        ------
        LanguageError
            If a stretch of speech is in a language without a detector in the policy, or in another than
            English and the first model knows only that.
        """
        heard = [_Heard() for _ in self._ears]
        loud: list[SpeechRegion] = []
        twins: dict[bytes, int] = {}
        for channel in range(audio.num_channels):
            samples = model_channel(audio, channel)
            loud += [_region(channel, start, end, audio.duration) for start, end in loud_regions(samples)]
            # Stereo files of one microphone are common: the same sound is heard once.
            twin = twins.setdefault(hashlib.sha256(samples).digest(), channel)
            for one in heard:
                if twin != channel:
                    one.repeat(twin, channel)
            if twin == channel:
                self._hear(samples, channel, audio.duration, policy, heard)
        # In a recording without any speech, what is loud is noise, and for the policy's [unheard] to judge.
        if any(one.segments or one.speech for one in heard):
            heard[0].speech += loud
        main, *others = (
            Transcript.build(audio.duration, one.segments, speech=one.speech) for one in heard
        )
        return replace(main, others=tuple(others))

    def _hear(
        self, samples: np.ndarray, channel: int, duration: Seconds, policy: Policy, heard: Sequence[_Heard]
    ) -> None:
        """Add one channel's words, by every model, and its speech to what was heard."""
        regions = speech_regions(samples, threshold=policy.transcribe.vad_threshold)
        identify = self._identify if policy.language.spoken == AUTO_LANGUAGE else None
        for stretch in stretches(samples, regions, policy=policy.language, identify=identify):
            self._check_can_write(stretch.language)
            first = max(round((stretch.start - _STRETCH_MARGIN_S) * MODEL_RATE_HZ), 0)
            stop = round((stretch.end + _STRETCH_MARGIN_S) * MODEL_RATE_HZ)
            for ear, one in zip(self._ears, heard, strict=True):
                if not ear.knows(stretch.language):
                    continue  # no second opinion on this language
                for raw in _segments(ear.whisper, samples[first:stop], stretch.language, policy):
                    segment = _segment(raw, channel, stretch.language, offset=first / MODEL_RATE_HZ)
                    segment = _inside(segment, duration, ear.calibration)
                    # "not <=" is also true for NaN.
                    if not raw.compression_ratio <= policy.transcribe.max_compression_ratio or cannot_be_said(
                        segment.words
                    ):
                        one.speech.append(_region(channel, segment.start, segment.end, duration))
                    elif segment.words:
                        one.segments.append(segment)
        heard[0].speech += [_region(channel, start, end, duration) for start, end in regions]

    def _check_can_write(self, language: str) -> None:
        # faster-whisper would go on in English: invented words that cover speech nobody understood.
        if not self._ears[0].knows(language):
            raise LanguageError(
                f"speech in {language!r}, but the model knows only English; choose a multilingual --model"
            )

    def _identify(self, samples: np.ndarray) -> Mapping[str, float]:
        if self._identifier is None:
            raise ModelError(
                "the model knows only English and the policy's language.identifier is not loaded"
            )
        _, _, probabilities = self._identifier.detect_language(samples)
        return dict(probabilities)


@dataclass
class _Heard:
    """What one model made of the channels so far."""

    segments: list[Segment] = field(default_factory=list)
    speech: list[SpeechRegion] = field(default_factory=list)

    def repeat(self, channel: int, twin: int) -> None:
        """The same again for a channel of the same sound."""
        self.segments += [replace(s, channel=twin) for s in self.segments if s.channel == channel]
        self.speech += [replace(r, channel=twin) for r in self.speech if r.channel == channel]


def _segments(whisper: Any, samples: np.ndarray, language: str, policy: Policy) -> Iterator[Any]:
    options = policy.transcribe
    segments, _ = whisper.transcribe(
        samples,
        language=language,
        beam_size=options.beam_size,
        # A list of one temperature switches the sampling fallback off (faster-whisper issues 76, 178 and
        # 202: results that differ from run to run).
        temperature=[0.0],
        condition_on_previous_text=False,
        word_timestamps=True,
        vad_filter=True,
        vad_parameters={
            "threshold": options.vad_threshold,
            "speech_pad_ms": round(options.vad_padding_ms),
            "min_silence_duration_ms": _VAD_MIN_SILENCE_MS,
        },
    )
    return iter(segments)


def _load(model: ModelFiles, device: Device, device_index: int, threads: int) -> Any:
    from faster_whisper import WhisperModel

    try:
        return WhisperModel(
            str(model.path),
            device=device.kind,
            device_index=device_index,
            compute_type=device.compute_type,
            cpu_threads=threads,
            num_workers=1,
            local_files_only=True,
        )
    except Exception as error:  # CTranslate2 and tokenizers raise many kinds; none holds text
        raise ModelError(
            f"model {model.name!r} cannot be loaded on {device.kind} as {device.compute_type}: {error}"
        ) from None


# Whisper counts in 20 ms; what the sums of floats add beyond a millisecond means nothing.
def _segment(raw: Any, channel: int, language: str, *, offset: float) -> Segment:
    words = tuple(
        Word(
            word.word.strip(),
            round(word.start + offset, 3),
            round(word.end + offset, 3),
            word.probability,
            joined=before is not None and not (before.word[-1:].isspace() or word.word[:1].isspace()),
        )
        for before, word in pairwise([None, *(raw.words or ())])
        if word.word.strip()
    )
    return Segment(
        channel=channel,
        language=language,
        speaker=None,
        start=round(raw.start + offset, 3),
        end=round(raw.end + offset, 3),
        words=words,
        avg_logprob=raw.avg_logprob,
        no_speech_prob=raw.no_speech_prob,
        compression_ratio=raw.compression_ratio,
    )


def _inside(segment: Segment, duration: Seconds, calibration: Calibration) -> Segment:
    """Put word times right, and cut a segment at the end of the audio.

    Whisper's windows are padded, and its times run into the padding. NaN is let through for the pipeline's
    check to find.
    """
    words = tuple(
        calibration.apply(word, duration) for word in segment.words if not word.start >= duration
    )
    end = _at_most(segment.end, duration)
    return replace(segment, words=words, start=_at_most(segment.start, end), end=end)


def _at_most(time: Seconds, limit: Seconds) -> Seconds:
    return time if math.isnan(time) else min(time, limit)


def _region(channel: int, start: Seconds, end: Seconds, duration: Seconds) -> SpeechRegion:
    return SpeechRegion(channel, _at_most(start, duration), _at_most(end, duration))
