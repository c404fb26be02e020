"""faster-whisper behind one verb. Deterministic: no sampling, no fallback, no window depends on another."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from redactor.audio.resample import model_channel
from redactor.config import AUTO_LANGUAGE, Policy
from redactor.errors import LanguageError, ModelError
from redactor.transcribe.device import Device
from redactor.transcribe.language import stretches
from redactor.transcribe.speech import MODEL_RATE_HZ, speech_regions
from redactor.types import Audio, Seconds, Segment, SpeechRegion, Transcript, Word

if TYPE_CHECKING:
    from redactor.model_registry import ModelFiles

# Pauses longer than this are cut out before transcription (faster-whisper's default is 2 s, which leaves
# silence in which Whisper makes up text).
_VAD_MIN_SILENCE_MS = 500

# A stretch is transcribed with some audio around it, so that no word is cut at its border.
_STRETCH_MARGIN_S = 0.5


class Recognizer:
    """A loaded Whisper model, and a second one for the language where the first knows only English.

    Parameters
    ----------
    model : ModelFiles
        Verified model to transcribe with.
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
        identifier: ModelFiles | None = None,
        device: Device,
        device_index: int = 0,
        threads: int = 1,
    ) -> None:
        self._whisper = _load(model, device, device_index, threads)
        self._identifier = self._whisper if self._whisper.model.is_multilingual else None
        if self._identifier is None and identifier is not None:
            self._identifier = _load(identifier, device, device_index, threads)

    def transcribe(self, audio: Audio, policy: Policy) -> Transcript:
        """Transcribe every channel on its own and put the segments in order of time.

        Returns
        -------
        Transcript
            With word times, and the speech that was found in the sound itself. Text that is a repetition
            loop, or that lies past the end of the audio, counts as no words: only its speech stays.

        Raises
        ------
        LanguageError
            If a stretch of speech is in a language without a detector in the policy, or in another than
            English and the model knows only that.
        """
        segments: list[Segment] = []
        speech: list[SpeechRegion] = []
        heard: dict[bytes, int] = {}
        for channel in range(audio.num_channels):
            samples = model_channel(audio, channel)
            # Stereo files of one microphone are common: the same sound is heard once.
            twin = heard.setdefault(hashlib.sha256(samples).digest(), channel)
            if twin != channel:
                segments += [replace(s, channel=channel) for s in segments if s.channel == twin]
                speech += [replace(r, channel=channel) for r in speech if r.channel == twin]
                continue
            found, loops = self._hear(samples, channel, audio.duration, policy)
            segments += found
            speech += loops
        return Transcript.build(audio.duration, segments, speech=speech)

    def _hear(
        self, samples: np.ndarray, channel: int, duration: Seconds, policy: Policy
    ) -> tuple[list[Segment], list[SpeechRegion]]:
        """Segments with words, and all speech, of one channel."""
        regions = speech_regions(samples, threshold=policy.transcribe.vad_threshold)
        speech = [_region(channel, start, end, duration) for start, end in regions]
        segments = []
        identify = self._identify if policy.language.spoken == AUTO_LANGUAGE else None
        for stretch in stretches(samples, regions, policy=policy.language, identify=identify):
            self._check_can_write(stretch.language)
            first = max(round((stretch.start - _STRETCH_MARGIN_S) * MODEL_RATE_HZ), 0)
            stop = round((stretch.end + _STRETCH_MARGIN_S) * MODEL_RATE_HZ)
            for raw in self._segments(samples[first:stop], stretch.language, policy):
                segment = _segment(raw, channel, stretch.language, offset=first / MODEL_RATE_HZ)
                segment = _inside(segment, duration)
                if not raw.compression_ratio <= policy.transcribe.max_compression_ratio:  # also true for NaN
                    speech.append(_region(channel, segment.start, segment.end, duration))
                elif segment.words:
                    segments.append(segment)
        return segments, speech

    def _check_can_write(self, language: str) -> None:
        # faster-whisper would go on in English: invented words that cover speech nobody understood.
        if language != "en" and not self._whisper.model.is_multilingual:
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

    def _segments(self, samples: np.ndarray, language: str, policy: Policy) -> Iterator[Any]:
        options = policy.transcribe
        segments, _ = self._whisper.transcribe(
            samples,
            language=language,
            beam_size=options.beam_size,
            # A list of one temperature switches the sampling fallback off (faster-whisper issues 76,
            # 178 and 202: results that differ from run to run).
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


def _inside(segment: Segment, duration: Seconds) -> Segment:
    """Cut a segment at the end of the audio: Whisper's windows are padded, and its times run into the padding.

    NaN is let through for the pipeline's check to find.
    """
    words = tuple(
        replace(word, end=_at_most(word.end, duration))
        for word in segment.words
        if not word.start >= duration
    )
    end = _at_most(segment.end, duration)
    return replace(segment, words=words, start=_at_most(segment.start, end), end=end)


def _at_most(time: Seconds, limit: Seconds) -> Seconds:
    return time if math.isnan(time) else min(time, limit)


def _region(channel: int, start: Seconds, end: Seconds, duration: Seconds) -> SpeechRegion:
    return SpeechRegion(channel, _at_most(start, duration), _at_most(end, duration))
