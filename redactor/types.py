"""What the stages hand to each other: frozen dataclasses, all times in seconds from the start of the file.

Intervals are half-open. Nothing here computes anything about sound or language; the only rounding of
seconds to samples is in :mod:`redactor.timebase`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol

import numpy as np

Seconds = float


@dataclass(frozen=True)
class AudioFormat:
    """Container and sample encoding of a recording, in libsndfile's names.

    Attributes
    ----------
    container : str
        libsndfile major format ("WAV", "FLAC", "OGG", "MP3", ...), or the name of a container that only
        PyAV reads, in capitals ("MP4", "AMR", ...).
    subtype : str
        libsndfile subtype ("PCM_16", "ULAW", "VORBIS", ...), or the codec's name in capitals ("AAC").
    endian : str
        libsndfile endian name: "FILE", "LITTLE", "BIG" or "CPU".
    """

    container: str
    subtype: str
    endian: str = "FILE"


@dataclass(frozen=True, eq=False)
class Audio:
    """A decoded recording in its own sample type.

    Attributes
    ----------
    samples : numpy.ndarray, shape [num_samples, num_channels]
        int16, int32, float32 or float64, C-contiguous. Integers use the full range of their type.
    sample_rate : int
        Hz.
    format : AudioFormat
        Where the samples came from, and so what the writer should aim for.
    """

    samples: np.ndarray
    sample_rate: int
    format: AudioFormat

    @property
    def num_samples(self) -> int:
        return self.samples.shape[0]

    @property
    def num_channels(self) -> int:
        return self.samples.shape[1]

    @property
    def duration(self) -> Seconds:
        return self.num_samples / self.sample_rate


class Sound(Protocol):
    """A recording that is read in blocks, from the start and as often as one likes, one pass at a time."""

    @property
    def sample_rate(self) -> int: ...

    @property
    def num_channels(self) -> int: ...

    @property
    def num_samples(self) -> int: ...

    @property
    def dtype(self) -> np.dtype: ...

    @property
    def format(self) -> AudioFormat: ...

    @property
    def duration(self) -> Seconds: ...

    def blocks(self) -> Iterator[np.ndarray]:
        """Samples [num_samples or fewer, num_channels] in order; each array is the caller's own."""
        ...


@dataclass(frozen=True, slots=True)
class Word:
    """One recognized word; ``char_start:char_end`` is its place in its channel's text.

    Attributes
    ----------
    joined : bool
        Follows the word before it without a space: recognizers cut "617-555" and "98.7" into such pieces.
    """

    text: str
    start: Seconds
    end: Seconds
    probability: float
    char_start: int = 0
    char_end: int = 0
    joined: bool = False


@dataclass(frozen=True)
class Segment:
    """A stretch of words on one channel, as the recognizer cut it."""

    channel: int
    language: str
    speaker: str | None
    start: Seconds
    end: Seconds
    words: tuple[Word, ...]
    avg_logprob: float
    no_speech_prob: float
    compression_ratio: float


@dataclass(frozen=True, slots=True)
class SpeechRegion:
    """Where somebody speaks on a channel, found in the audio without looking at any words."""

    channel: int
    start: Seconds
    end: Seconds


@dataclass(frozen=True)
class Transcript:
    """Everything that was heard in one recording.

    Attributes
    ----------
    duration : float
        Seconds of audio the transcript stands for.
    segments : tuple of Segment
        In order of time over all channels.
    speech : tuple of SpeechRegion
        Speech found in the audio itself, words or no words.
    others : tuple of Transcript
        What else was heard in the same recording, without any others of their own: second opinions of other
        models, then what is tentative.
    tentative : bool
        Whether this is not what a model by itself holds for most probable: it was shown names before it wrote,
        or this is its second choice. Such a hearing has names that the others miss, and some that nobody said:
        its words are no evidence that another hearing is right, nor that speech was understood.
    """

    duration: Seconds
    segments: tuple[Segment, ...]
    speech: tuple[SpeechRegion, ...] = ()
    others: tuple[Transcript, ...] = ()
    tentative: bool = False

    @property
    def hearings(self) -> tuple[Transcript, ...]:
        """This transcript, then the others; :attr:`PiiSpan.hearing` counts in this order."""
        return (self, *self.others)

    @property
    def firm(self) -> tuple[Transcript, ...]:
        """Those of the hearings that are not tentative, in the same order."""
        return tuple(hearing for hearing in self.hearings if not hearing.tentative)

    @classmethod
    def build(
        cls,
        duration: Seconds,
        segments: Iterable[Segment],
        *,
        speech: Iterable[SpeechRegion] = (),
    ) -> Transcript:
        """Put segments in order of time and give every word its place in its channel's text.

        The text of a channel is its words in order, with single spaces between those that are not joined.
        """
        last_char: dict[int, int] = {}
        placed = []
        for segment in sorted(segments, key=lambda s: (s.start, s.channel, s.end)):
            words = []
            for word in segment.words:
                before = last_char.get(segment.channel)
                char_start = 0 if before is None else before + (not word.joined)
                char_end = last_char[segment.channel] = char_start + len(word.text)
                words.append(replace(word, char_start=char_start, char_end=char_end))
            placed.append(replace(segment, words=tuple(words)))
        ordered_speech = sorted(speech, key=lambda r: (r.channel, r.start, r.end))
        return cls(duration, tuple(placed), tuple(ordered_speech))

    def words(self, channel: int) -> Iterator[Word]:
        """Words of one channel in text order."""
        for segment in self.segments:
            if segment.channel == channel:
                yield from segment.words

    def text(self, channel: int) -> str:
        """Text of one channel; ``text(c)[w.char_start:w.char_end] == w.text`` for each of its words."""
        return join_words(self.words(channel))

    @property
    def channels(self) -> tuple[int, ...]:
        """Channels that have a segment or speech, ascending."""
        found = {s.channel for s in self.segments} | {r.channel for r in self.speech}
        return tuple(sorted(found))


def join_words(words: Iterable[Word]) -> str:
    """Words as running text."""
    pieces: list[str] = []
    for word in words:
        pieces.append(word.text if word.joined or not pieces else f" {word.text}")
    return "".join(pieces)


@dataclass(frozen=True, slots=True)
class PiiSpan:
    """Personal data found in a channel's text, by position only: the text itself is never carried along.

    Attributes
    ----------
    hearing : int
        Whose text the characters are of: 0 the transcript's own, n its n-th other's.
    """

    channel: int
    entity_type: str
    char_start: int
    char_end: int
    score: float
    recognizer: str
    hearing: int = 0


class Origin(StrEnum):
    """Why a stretch of audio is muted."""

    DETECTED = "detected"  # a detector found personal data in the words
    UNHEARD = "unheard"  # speech that became no words
    DENIED = "denied"  # words that are not known to be harmless (strict policies)
    VERIFIED = "verified"  # the independent check found it
    REVIEWED = "reviewed"  # a person did


@dataclass(frozen=True)
class TimeSpan:
    """A stretch to mute.

    Attributes
    ----------
    start, end : float
        Seconds, half-open.
    channels : tuple of int
        Channels to mute, ascending.
    entity_types : tuple of str
        Sorted, without repetition; empty where no type is known (origin "unheard").
    origin : Origin
    score : float or None
        Highest detector score among what was merged into this span.
    recognizers : tuple of str
        Sorted names of the recognizers that found it.
    """

    start: Seconds
    end: Seconds
    channels: tuple[int, ...]
    entity_types: tuple[str, ...]
    origin: Origin
    score: float | None = None
    recognizers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Redaction:
    """The audit row of a muted span: a TimeSpan and the operator (fill) that was applied; never text."""

    span: TimeSpan
    operator: str


@dataclass(frozen=True)
class RedactedText:
    """Transcript files of one recording by extension without the dot; nothing muted is in them."""

    files: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ReleasedFile:
    """A file below ``release/``, by its path relative to it; the stamp is that of its release."""

    path: str
    sha256: str
    num_bytes: int
    stamp: str = ""
