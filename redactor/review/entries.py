"""What a review is made of: lots, items to hear, reviewers, verdicts and findings. Plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from redactor.types import Seconds


class Kind(StrEnum):
    """Why somebody hears an item; the statistics are made of uniform ones alone."""

    UNIFORM = "uniform"
    TARGETED = "targeted"
    PLANTED = "planted"


class Opinion(StrEnum):
    """What a reviewer says of an item."""

    CLEAN = "clean"
    LEAK = "leak"
    TOO_MUCH = "too-much"
    CANNOT_TELL = "cannot-tell"


class Role(StrEnum):
    """Who somebody is to the server."""

    OPERATOR = "operator"
    REVIEWER = "reviewer"


class Stage(StrEnum):
    """How far a finding is followed up."""

    FOUND = "found"  # the recording is still listed
    WITHDRAWN = "withdrawn"  # nothing of it is released
    SETTLED = "settled"  # muted there and checked again, or held back


@dataclass(frozen=True)
class Lot:
    """What was released at one moment, frozen, and how a sample was drawn from it.

    Attributes
    ----------
    id : str
        SHA-256 of the frozen list of recordings, in hexadecimal digits.
    frozen_at : str
        ISO 8601.
    seed : str
        From `id` and the record's hash when the lot was frozen.
    head : mapping
        The record's signed head after that.
    confidence, max_leak_rate : float
        What was wished for: to be so sure that at most this share of the units leaks.
    allowed : int
        Leaking units that may be found and the wish still hold.
    slot_s : float or None
        Longer recordings are cut into slots of so many seconds; None if each is one unit.
    num_recordings, num_units : int
    seconds : float
        Of audio.
    strata : mapping of str to mapping
        By name: "units", "drawn", and "bound" (whether the wish holds for each by itself).
    facts : mapping
        Policies and models by digest with numbers of recordings, verdicts of the check, slots of recordings
        (as pairs of number of slots and number of recordings), and "mended": ids of findings that were muted in
        the lot already.
    """

    id: str
    frozen_at: str
    seed: str
    head: Mapping[str, Any]
    confidence: float
    max_leak_rate: float
    allowed: int
    slot_s: float | None
    num_recordings: int
    num_units: int
    seconds: float
    strata: Mapping[str, Mapping[str, Any]]
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Item:
    """Something for a reviewer to hear, known to them by `id` alone.

    Attributes
    ----------
    id : str
        Random; tells nothing.
    lot : str
    kind : Kind
    name : str
        NAME of the recording.
    start, end : float
        Seconds within it: all of it, or a slot.
    stratum : str
    position : int
        Place in the queue.
    required : int
        Number of reviewers who are to hear it, 1 or 2.
    audio : mapping
        "root" ("release", or "private" for ``private/review``), "path" below it, "sha256".
    reports : mapping
        Where report and transcript are: "root", and paths below it as "report" and "transcript" (or None).
    truth : mapping or None
        Of a planted one: "start", "end", "type" of what is to be heard, in seconds of the item's audio.
    has_leaked : bool
        Whether a leak was found in it by way of another item, in a recording that was erased since.
    """

    id: str
    lot: str
    kind: Kind
    name: str
    start: Seconds
    end: Seconds
    stratum: str
    position: int
    required: int
    audio: Mapping[str, str]
    reports: Mapping[str, Any]
    truth: Mapping[str, Any] | None = None
    has_leaked: bool = False


@dataclass(frozen=True)
class Reviewer:
    """Somebody who may enter.

    Attributes
    ----------
    id : str
    label : str
        The operator's word for them.
    role : Role
    revoked : bool
    """

    id: str
    label: str
    role: Role
    revoked: bool


@dataclass(frozen=True)
class Session:
    """Somebody who has entered.

    Attributes
    ----------
    reviewer : Reviewer
    csrf : str
        Has to come back with everything that changes something.
    """

    reviewer: Reviewer
    csrf: str


@dataclass(frozen=True)
class Mark:
    """A stretch that a reviewer marked, in seconds of the item's audio.

    Attributes
    ----------
    start, end : float
    type : str
        One of :data:`redactor.entities` types, or "OTHER".
    """

    start: Seconds
    end: Seconds
    type: str


@dataclass(frozen=True)
class Verdict:
    """What one reviewer said of one item; `comment` holds no personal data that the detector knows.

    Attributes
    ----------
    item, reviewer : str
    opinion : Opinion
    marks : tuple of Mark
        Of a leak: what is heard. Of "too-much": what was muted without need.
    comment : str
    at : str
        ISO 8601.
    heard_s : float
        Seconds from the first byte of audio to the verdict.
    """

    item: str
    reviewer: str
    opinion: Opinion
    marks: tuple[Mark, ...]
    comment: str
    at: str
    heard_s: Seconds


@dataclass(frozen=True)
class Finding:
    """A leak that a reviewer heard in a released recording.

    Attributes
    ----------
    id : str
    item, reviewer : str
    name : str
        NAME of the recording.
    start, end : float
        Seconds within the recording.
    type : str
    stage : Stage
    """

    id: str
    item: str
    reviewer: str
    name: str
    start: Seconds
    end: Seconds
    type: str
    stage: Stage

    def is_in(self, item: Item, lot: Lot) -> bool:
        """Whether it is to be heard in an item of a lot; not if it was muted before the lot was frozen."""
        return (
            self.id not in lot.facts.get("mended", ())
            and self.name == item.name
            and self.start < item.end
            and self.end > item.start
        )


def meets(truth: Mapping[str, Any], start: Seconds, end: Seconds) -> bool:
    """Whether a stretch meets a leak that was planted, see :attr:`Item.truth`."""
    return start < truth["end"] and end > truth["start"]
