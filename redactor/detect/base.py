"""What the pipeline asks of a detector, whatever library stands behind it."""

from __future__ import annotations

from typing import Protocol

from redactor.types import PiiSpan, Transcript


class Detector(Protocol):
    """Finds personal data in a transcript."""

    def detect(self, transcript: Transcript) -> tuple[PiiSpan, ...]:
        """Positions of personal data, per channel, in the characters of ``transcript.text(channel)``.

        Every span that a policy wants muted is in the result; what is below its threshold is not.
        """
        ...
