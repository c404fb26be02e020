"""Personal data by what a whole conversation says: a small transformer of our own (models/spoken_pii).

It reads the turns of both sides as they follow each other, as a recognizer wrote them, and says of every word
how probable each type of personal data is. Where rules know the words around a value, it knows what kind of
sentence people say values in, also when the value itself became other words.
"""

from __future__ import annotations

import copy
import json
import threading
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from redactor.detect.dialogue import SpokenWord, dialogue
from redactor.detect.wordpieces import Agreement, WordPieces, windows
from redactor.errors import ModelError, NonsenseError
from redactor.policy import Policy
from redactor.types import PiiSpan, Seconds, Transcript

RECOGNIZER = "ConversationTagger"
# The same word of two hearings: its times differ by less (benchmarks/calibrate.py, both models' errors).
_SAME_TIME_S = 0.5
MODEL_FILE, VOCABULARY_FILE, CONFIG_FILE = "model.onnx", "tokenizer.json", "config.json"


def least_probabilities(policy: Policy) -> dict[str, float]:
    """From which probability on each type is wanted: a policy's thresholds, or less under default-deny."""
    most = policy.deny.suspicion if policy.deny.enabled else 1.0
    return {entity_type: min(least, most) for entity_type, least in policy.entities.items()}


def least_when_checked(policy: Policy) -> dict[str, float]:
    """The same for the check of a finished file."""
    return {entity_type: min(least, policy.verify.suspicion) for entity_type, least in policy.entities.items()}


@dataclass(frozen=True, eq=False)
class _Chances:
    """Of one channel's words in text order: where and when they are, and how probably they are personal."""

    char_starts: np.ndarray
    char_ends: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    personal: np.ndarray

    @classmethod
    def of(cls, words: Sequence[SpokenWord], personal: np.ndarray, language: str) -> _Chances:
        # Of words in another language nothing is known: they may be anything.
        known = np.array([w.language == language for w in words])
        order = np.argsort([w.char_start for w in words], kind="stable")
        places = (
            np.array([getattr(w, name) for w in words])[order]
            for name in ("char_start", "char_end", "start", "end")
        )
        return cls(*places, np.where(known, personal, 1.0)[order])


@dataclass(frozen=True, eq=False)
class Reading:
    """What a tagger makes of a recording.

    Attributes
    ----------
    found : tuple of PiiSpan
        One for each run of words of one channel. The score is the probability that a word is personal, of any
        type that is wanted, at its highest in the run.
    """

    found: tuple[PiiSpan, ...]
    chances: Mapping[tuple[int, int], _Chances]

    def chance_then(self, hearing: int, channel: int, start: Seconds, end: Seconds) -> float:
        """How probable it is that some word of a hearing at that time is personal; 1 where it has no word."""
        words = self.chances.get((hearing, channel))
        then = words.personal[(words.starts < end) & (start < words.ends)] if words else ()
        return float(np.max(then)) if len(then) else 1.0

    def chance(self, pii: PiiSpan) -> float:
        """How probable it is that some word under a finding is personal; 1 where no word was read there."""
        words = self.chances.get((pii.hearing, pii.channel))
        if words is None:
            return 1.0
        first = int(np.searchsorted(words.char_ends, pii.char_start, side="right"))
        stop = int(np.searchsorted(words.char_starts, pii.char_end))
        return float(words.personal[first:stop].max(initial=0.0)) if stop > first else 1.0


class Tagger:
    """Finds personal data in conversations of one language.

    Parameters
    ----------
    folder : pathlib.Path
        Verified model: ``model.onnx``, ``tokenizer.json`` and ``config.json`` with its entity types.
    language : str
        ISO 639-1 code; words in others are context only.
    entities : mapping of str to float
        Types that are wanted, each with the probability from which on it counts.

    Raises
    ------
    ModelError
        If the model cannot be loaded.
    """

    def __init__(self, folder: Path, *, language: str, entities: Mapping[str, float]) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            config = json.loads((folder / CONFIG_FILE).read_bytes())
            self._types: tuple[str, ...] = tuple(config["types"])
            self._pieces = WordPieces(folder / VOCABULARY_FILE)
            self._session = onnxruntime.InferenceSession(
                str(folder / MODEL_FILE), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime and tokenizers raise many kinds; none holds text at load time
            raise ModelError(
                f"tagger in {str(folder)!r} cannot be loaded ({type(error).__name__}); "
                "run `redactor models verify`"
            ) from None
        self._turn = threading.Lock()  # one at a time: its worker has one core
        self._language = language
        self._least = np.array([entities.get(t, np.inf) for t in self._types])

    def with_least(self, entities: Mapping[str, float]) -> Tagger:
        """The same model with other thresholds; it is not loaded again."""
        other = copy.copy(self)
        other._least = np.array([entities.get(t, np.inf) for t in self._types])
        return other

    def read(self, hearings: Sequence[Transcript]) -> Reading:
        """Read all hearings of one recording.

        Parameters
        ----------
        hearings : sequence of Transcript
            As in :attr:`Transcript.hearings`; each is read by itself, and those that are not
            tentative tell which of its words are in doubt.
        """
        found: list[PiiSpan] = []
        chances: dict[tuple[int, int], _Chances] = {}
        spoken = [dialogue(hearing) for hearing in hearings]
        firm = [number for number, hearing in enumerate(hearings) if not hearing.tentative]
        for number, words in enumerate(spoken):
            if not words:
                continue
            agreed = agreements(words, [spoken[i] for i in firm if i != number])
            each = self.probabilities(words, agreed)
            tags, scores = self._tags(each)
            found += _spans(words, tags, scores, self._types, self._language, number)
            personal = 1.0 - each[:, 0]
            for channel in {w.channel for w in words}:
                own = [i for i, w in enumerate(words) if w.channel == channel]
                chances[number, channel] = _Chances.of([words[i] for i in own], personal[own], self._language)
        return Reading(tuple(found), chances)

    def probabilities(self, spoken: Sequence[SpokenWord], agreed: Sequence[Agreement]) -> np.ndarray:
        """Of each word and type; shape [num_words, 1 + num_types], column 0 is "nothing personal".

        Raises
        ------
        NonsenseError
            If one of them is no number.
        """
        pieces = self._pieces.read([w.text for w in spoken], [w.first_of_turn for w in spoken], agreed)
        out = np.empty((len(spoken), 1 + len(self._types)))
        for first, stop, word, last in windows(pieces):
            ids = np.concatenate(([self._pieces.open], pieces.ids[first:stop], [self._pieces.border]))
            marks = np.concatenate(([0], pieces.marks[first:stop], [0]))
            with self._turn:
                (logits,) = self._session.run(None, {"ids": ids[None], "marks": marks[None]})
            out[word:last] = _softmax(logits[0][pieces.heads[word:last] - first + 1])
        if not np.isfinite(out).all():
            raise NonsenseError("the tagger gave no probability for a word; run `redactor models verify`")
        return out

    def _tags(self, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Type of each word (-1 for none) and the probability that it is personal, of the wanted types."""
        each = np.where(np.isfinite(self._least), probabilities[:, 1:], 0.0)
        total = each.sum(axis=1)
        best = each.argmax(axis=1)
        return np.where(total >= self._least[best], best, -1), total


def agreements(spoken: Sequence[SpokenWord], others: Sequence[Sequence[SpokenWord]]) -> list[Agreement]:
    """What other hearings say of each word: whether one of them has the same word at about the same time.

    Names and numbers are what two models write differently, far more often than other words.
    """
    if not any(others):
        return [Agreement.UNKNOWN] * len(spoken)
    times: dict[tuple[int, str], list[Seconds]] = {}
    for word in sorted((w for other in others for w in other), key=lambda w: w.start):
        times.setdefault((word.channel, _plain(word.text)), []).append(word.start)
    return [_agreement(times.get((w.channel, _plain(w.text)), ()), w.start) for w in spoken]


def _agreement(times: Sequence[Seconds], start: Seconds) -> Agreement:
    at = bisect_left(times, start - _SAME_TIME_S)
    return Agreement.SAME if at < len(times) and times[at] <= start + _SAME_TIME_S else Agreement.DIFFERS


def _plain(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum() or c == "'")


def _softmax(logits: np.ndarray) -> np.ndarray:
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def _spans(
    spoken: Sequence[SpokenWord],
    tags: np.ndarray,
    scores: np.ndarray,
    types: Sequence[str],
    language: str,
    hearing: int,
) -> Iterator[PiiSpan]:
    """Words of one type that follow each other in their channel's text as one finding."""
    open_: PiiSpan | None = None
    for word, tag, score in zip(spoken, tags, scores, strict=True):
        if tag < 0 or word.language != language:
            if open_ is not None:
                yield open_
            open_ = None
            continue
        kind, start = types[tag], word.char_start
        if open_ is not None:
            if (open_.channel, open_.entity_type) == (word.channel, kind) and start - open_.char_end == 1:
                start, score = open_.char_start, max(open_.score, score)
            else:
                yield open_
        open_ = PiiSpan(word.channel, kind, start, word.char_end, min(float(score), 1.0), RECOGNIZER, hearing)
    if open_ is not None:
        yield open_
