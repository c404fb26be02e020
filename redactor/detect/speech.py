"""Personal data in a conversation: every hearing is searched, one turn explains the next, values come back."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from redactor.detect.conversation import RECOGNIZER as CONVERSATION
from redactor.detect.conversation import answers, fragments
from redactor.detect.house_numbers import house_numbers
from redactor.detect.repeats import repeats
from redactor.detect.tagger import Reading, Tagger
from redactor.policy import Policy
from redactor.textplaces import TextPlaces
from redactor.types import PiiSpan, Transcript

# Recognizers that know one sentence or one question and no conversation: most of what they take for personal
# and is not, a tagger tells. What it holds for less probable than this, of theirs, stays audible; nothing
# personal of the dev half is among it (benchmarks/ablation.py).
_WEAK = frozenset({"SpacyRecognizer", CONVERSATION})
UNLIKELY = 0.03
# But where a birthday was asked for, "the 5th of June" is one, however it reads to the tagger.
_TOLD_BY_QUESTIONS = frozenset({"ANSWER", "DATE_OF_BIRTH"})
# A tentative hearing has names that nobody said. What it finds is one where the tagger rules out that the
# others have anything personal there, which is to say where all of them hold it for less probable than this: of
# what made-up names lose on the dev half, a half in calls and two fifths in commands, and nothing that is true
# (benchmarks/ablation.py).
RULED_OUT = 0.003
# Word times of two hearings are no surer.
_TIME_ERROR_S = 0.05

# Finds more in all hearings, by what was found in them.
Look = Callable[[Sequence[Transcript], Sequence[PiiSpan]], list[PiiSpan]]
LOOKS: tuple[Look, ...] = (house_numbers, repeats)


class TextDetector(Protocol):
    """What :class:`redactor.detect.PresidioDetector` does."""

    def detect(self, transcript: Transcript, *, by_model: bool = True) -> tuple[PiiSpan, ...]: ...


class SpeechDetector:
    """A detector of one text at a time, and around it what only a conversation shows.

    Parameters
    ----------
    texts : TextDetector
        Searches the text of one hearing.
    policy : Policy
    context : sequence of callable
        Each finds more in one hearing by itself.
    taggers : sequence of Tagger
        Read the hearings as conversations, one for each language.
    looks : sequence of callable
        Each finds more in all hearings by what was found so far: numbers of places, then where something is
        said again.
    unlikely : float
        Findings of weak recognizers count from this probability on that a tagger gives them.
    ruled_out : float
        Findings of a tentative hearing count from this probability on that a tagger gives to what another
        hearing has at their time.
    """

    def __init__(
        self,
        texts: TextDetector,
        policy: Policy,
        *,
        context: Sequence[Callable[[Transcript], list[PiiSpan]]] = (answers, fragments),
        taggers: Sequence[Tagger] = (),
        looks: Sequence[Look] = LOOKS,
        unlikely: float = UNLIKELY,
        ruled_out: float = RULED_OUT,
    ) -> None:
        self._texts = texts
        self._thresholds = dict(policy.entities)
        self._context = context
        self._taggers = taggers
        self._looks = looks
        self._unlikely = unlikely
        self._ruled_out = ruled_out

    def with_least(self, entities: Mapping[str, float]) -> SpeechDetector:
        """The same models with other thresholds of the taggers; none is loaded again."""
        other = copy.copy(self)
        other._taggers = [tagger.with_least(entities) for tagger in self._taggers]
        return other

    def detect(self, transcript: Transcript) -> tuple[PiiSpan, ...]:
        """Findings in all hearings; see :meth:`redactor.detect.Detector.detect`.

        First what each text shows by itself, what answers a telling question and what can only be such an
        answer; then the numbers of places, and every other place where a value found that way is said again.
        """
        hearings = transcript.hearings
        found = [
            replace(pii, hearing=index)
            for index, hearing in enumerate(hearings)
            for pii in self._in_one(replace(hearing, others=()), by_model=index == 0)
        ]
        readings = [tagger.read(hearings) for tagger in self._taggers]
        found = [pii for pii in found if _is_believed(pii, readings, self._unlikely)]
        found += [pii for reading in readings for pii in reading.found]
        for look in self._looks:
            found += self._wanted(look(hearings, found))
        return tuple(
            sorted(
                _without_made_up(found, hearings, readings, self._ruled_out),
                key=lambda p: (p.hearing, p.channel, p.char_start, p.char_end, p.entity_type, p.recognizer),
            )
        )

    def _in_one(self, hearing: Transcript, *, by_model: bool) -> Sequence[PiiSpan]:
        # A second look with spaCy's model finds nothing that the others do not (benchmarks/ablation.py), and
        # costs as much as all of them.
        in_context = self._wanted(pii for look in self._context for pii in look(hearing))
        return [*self._texts.detect(hearing, by_model=by_model), *in_context]

    def _wanted(self, found: Iterable[PiiSpan]) -> list[PiiSpan]:
        return [pii for pii in found if pii.score >= self._thresholds.get(pii.entity_type, float("inf"))]


def _is_believed(pii: PiiSpan, readings: Sequence[Reading], unlikely: float) -> bool:
    """Whether a finding counts; one that is nothing but an answer has no conversation to be told by."""
    if pii.recognizer not in _WEAK or pii.entity_type in _TOLD_BY_QUESTIONS:
        return True
    return all(reading.chance(pii) >= unlikely for reading in readings)


def _without_made_up(
    found: Iterable[PiiSpan], hearings: Sequence[Transcript], readings: Sequence[Reading], ruled_out: float
) -> set[PiiSpan]:
    """Findings less those of a tentative hearing that no firm one bears out at their time."""
    firm = [number for number, hearing in enumerate(hearings) if not hearing.tentative]
    places: dict[tuple[int, int], TextPlaces] = {}

    def is_ruled_out(pii: PiiSpan) -> bool:
        where = pii.hearing, pii.channel
        if where not in places:
            places[where] = TextPlaces(hearings[pii.hearing].words(pii.channel))
        words = [places[where].words[index] for index in places[where].under(pii)]
        if not words or not readings:
            return False
        start = min(word.start for word in words) + _TIME_ERROR_S
        end = max(word.end for word in words) - _TIME_ERROR_S
        then = [r.chance_then(number, pii.channel, start, end) for r in readings for number in firm]
        return max(then, default=1.0) < ruled_out

    return {pii for pii in found if not (hearings[pii.hearing].tentative and is_ruled_out(pii))}
