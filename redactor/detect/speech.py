"""Personal data in a conversation: every hearing is searched, one turn explains the next, values come back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from redactor.detect.base import Detector
from redactor.detect.conversation import answers, fragments
from redactor.detect.disagreement import disagreements
from redactor.detect.repeats import repeats
from redactor.policy import Policy
from redactor.types import PiiSpan, Transcript


class SpeechDetector:
    """A detector of one text at a time, and around it what only a conversation shows.

    Parameters
    ----------
    texts : Detector
        Searches the text of one hearing.
    policy : Policy
    context : sequence of callable
        Each finds more in one hearing by itself.
    between : callable or None
        Finds what only several hearings together show.
    again : callable or None
        Finds where what was found is said again in all hearings.
    """

    def __init__(
        self,
        texts: Detector,
        policy: Policy,
        *,
        context: Sequence[Callable[[Transcript], list[PiiSpan]]] = (answers, fragments),
        between: Callable[[Sequence[Transcript]], list[PiiSpan]] | None = disagreements,
        again: Callable[[Sequence[Transcript], Sequence[PiiSpan]], list[PiiSpan]] | None = repeats,
    ) -> None:
        self._texts = texts
        self._thresholds = dict(policy.entities)
        self._context = context
        self._between = between
        self._again = again

    def detect(self, transcript: Transcript) -> tuple[PiiSpan, ...]:
        """Findings in all hearings; see :meth:`redactor.detect.Detector.detect`.

        First what each text shows by itself, what answers a telling question and what can only be such an
        answer; then every other place where a value found that way is said again.
        """
        hearings = transcript.hearings
        found = [
            replace(pii, hearing=index)
            for index, hearing in enumerate(hearings)
            for pii in self._in_one(replace(hearing, others=()))
        ]
        if self._between is not None:
            found += self._wanted(self._between(hearings))
        if self._again is not None:
            found += self._wanted(self._again(hearings, found))
        return tuple(
            sorted(
                set(found),
                key=lambda p: (p.hearing, p.channel, p.char_start, p.char_end, p.entity_type, p.recognizer),
            )
        )

    def _in_one(self, hearing: Transcript) -> Sequence[PiiSpan]:
        in_context = self._wanted(pii for look in self._context for pii in look(hearing))
        return [*self._texts.detect(hearing), *in_context]

    def _wanted(self, found: Iterable[PiiSpan]) -> list[PiiSpan]:
        return [pii for pii in found if pii.score >= self._thresholds.get(pii.entity_type, float("inf"))]
