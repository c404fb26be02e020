"""One tree of errors. The class carries the exit code or the recording's fate, the text the next step.

No message holds text of a recording: file names go to the person's terminal only, never into the ledger,
which stores `reason` and a position.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class RedactorError(Exception):
    """Base of everything this package raises on purpose."""

    exit_code = 2


class UsageError(RedactorError):
    """An option or an input that cannot be used; nothing was started."""


class PolicyError(UsageError):
    """A policy file that cannot be used."""


class ModelError(RedactorError):
    """A model that is missing, altered or cannot be loaded."""


class StoreError(RedactorError):
    """The run folder, its ledger or the disk below it cannot be used; the run stops."""


class VerifierError(RedactorError):
    """The independent check let something pass that it had to object to: nothing may be released by it."""


class LockedError(StoreError):
    """Another process holds the run folder, or a request."""


class Interrupted(RedactorError):
    """The person or the system asked the run to stop."""

    exit_code = 130


class RecordingError(RedactorError):
    """One recording cannot be released; the run goes on.

    Parameters
    ----------
    message : str
        For a person: what is wrong and what to do next; no text of the recording.
    reason : str, optional
        In place of the class's own.
    detail : str, optional
        The message without the recording's file name, for the ledger; `message` itself where it names none.

    Attributes
    ----------
    reason : str
        Short stable slug for the ledger and for scripts.
    state : str
        Ledger state the recording ends in: "failed" or "quarantined".
    account : mapping or None
        What was muted and what the check saw, for the ledger; set by the pipeline.
    """

    exit_code = 1
    reason = "error"
    state = "failed"
    stage: str | None = None  # set by the pipeline
    account: Mapping[str, Any] | None = None

    def __init__(
        self, message: str, *, reason: str | None = None, detail: str | None = None
    ) -> None:
        super().__init__(message)
        self.detail = message if detail is None else detail
        if reason is not None:
            self.reason = reason


class UnreadableError(RecordingError):
    """The input cannot be opened, vanished, or changed while it was read."""

    reason = "unreadable"


class DecodeError(RecordingError):
    """The input is not audio that can be decoded whole."""

    reason = "undecodable"


class WorkerDied(RecordingError):
    """The worker process that held the recording died (killed for memory, decoder crash)."""

    reason = "worker-died"


class TimedOut(RecordingError):
    """The recording was not done in the time that any recording like it is done in."""

    reason = "timed-out"


class QuarantineError(RecordingError):
    """The recording was read but not understood; nothing of it may be released."""

    reason = "not-understood"
    state = "quarantined"


class ObjectionError(QuarantineError):
    """The independent check of the finished file found something that must not be released."""

    reason = "objection"


class NonsenseError(QuarantineError):
    """A stage handed over something that cannot be: NaN, an end before a start, a time past the end."""

    reason = "nonsense"


class LanguageError(QuarantineError):
    """Speech in a language that the policy has no detector for."""

    reason = "language"
