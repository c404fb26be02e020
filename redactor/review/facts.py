"""All that a certificate is computed from: counts, digests and names, nothing out of a recording."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from redactor.review.entries import Opinion
from redactor.types import Seconds

OPEN = "open"
VERDICTS = (*(str(opinion) for opinion in Opinion), OPEN)
UNITS = ("recording", "slot")
_TYPE = re.compile("[A-Z][A-Z0-9_]*")


@dataclass(frozen=True)
class Stratum:
    """A part of the lot that was drawn from on its own; the whole lot where there is one.

    Attributes
    ----------
    name : str
        Stands in the certificate as it is: a channel, a language, a column's value that tells of nobody.
    lot_size, num_drawn : int
        Units.
    num_leaking : int
        Drawn units in which some reviewer heard a leak, those since removed included.
    num_cannot_tell : int
        Others of which no reviewer could tell.
    num_open : int
        Without (all of) their verdicts.
    is_bound_alone : bool
        Whether the claim is made for this stratum by itself too.
    """

    name: str
    lot_size: int
    num_drawn: int
    num_leaking: int
    num_cannot_tell: int
    num_open: int
    is_bound_alone: bool = False

    @property
    def num_counted(self) -> int:
        """Drawn units that count as leaking: fail closed."""
        return self.num_leaking + self.num_cannot_tell + self.num_open


@dataclass(frozen=True)
class Provenance:
    """A policy or a model under which recordings of the lot were redacted."""

    name: str
    digest: str
    num_recordings: int
    role: str = ""


@dataclass(frozen=True)
class Facts:
    """What was frozen, drawn and heard.

    Attributes
    ----------
    lot_digest : str
        SHA-256 of the frozen list of recordings.
    frozen_at, made_at : str
        ISO 8601: when the lot was frozen, when these facts were gathered.
    audit_head : mapping or None
        The record's signed head (:meth:`redactor.audit.head.Head.to_document`); None without a record.
    seed : str
        Of the draw.
    unit : str
        What was drawn: "recording" or "slot".
    slot_s : float
        Length of a slot in seconds; where recordings were drawn, the length that slots are counted in.
    num_recordings : int
        Of the lot.
    hours : float
        Of audio in the lot.
    slots_per_recording : tuple of (num_slots, how_many)
        `how_many` recordings of the lot have `num_slots` slots each.
    strata : tuple of Stratum
        Of the uniform sample.
    confidence, max_leak_rate : float
        Wished for: to be so sure that at most this share of the units leaks.
    allowed : int
        Leaking units that the size of the sample was planned with.
    policies, models : tuple of Provenance
    verdicts : mapping of str to int
        Units of the uniform sample by verdict, of several the worst: leak, cannot-tell, open, too-much, clean.
    leaks_by_type : mapping of str to int
        Marks in the uniform sample by entity type, or "OTHER".
    num_leaks_removed : int
        Units of the uniform sample that leaked and whose recordings have been withdrawn or muted since.
    num_planted, num_noticed : int
        Planted leaks that were put into queues, and those marked; one that nobody judged was not noticed.
    double_reviews : tuple of (str, str)
        Verdicts of the first and the second reviewer on one clip.
    targeted : mapping of str to int
        Items of the targeted sample by verdict.
    earlier_draws : mapping of str to int
        Draws from this folder before this one by their outcome, such as "shown", "not-shown", "abandoned".
    num_reviewers : int
        Who gave at least one verdict on this sample.
    num_waiting : int
        Of the open units of the uniform sample those that somebody judged, and a second person has to.

    Raises
    ------
    ValueError
        Where they do not agree with each other: a fault of the code that gathered them.
    """

    lot_digest: str
    frozen_at: str
    made_at: str
    audit_head: Mapping[str, Any] | None
    seed: str
    unit: str
    slot_s: Seconds
    num_recordings: int
    hours: float
    slots_per_recording: tuple[tuple[int, int], ...]
    strata: tuple[Stratum, ...]
    confidence: float
    max_leak_rate: float
    allowed: int
    policies: tuple[Provenance, ...]
    models: tuple[Provenance, ...]
    verdicts: Mapping[str, int]
    leaks_by_type: Mapping[str, int]
    num_leaks_removed: int
    num_planted: int
    num_noticed: int
    double_reviews: tuple[tuple[str, str], ...]
    targeted: Mapping[str, int]
    earlier_draws: Mapping[str, int]
    num_reviewers: int
    num_waiting: int = 0

    @property
    def num_slots(self) -> int:
        """Slots of the lot."""
        return sum(slots * how_many for slots, how_many in self.slots_per_recording)

    @property
    def num_units(self) -> int:
        """Units of the lot."""
        return self.num_recordings if self.unit == "recording" else self.num_slots

    @property
    def num_drawn(self) -> int:
        """Units in the uniform sample."""
        return sum(stratum.num_drawn for stratum in self.strata)

    def __post_init__(self) -> None:
        def of_strata(what: str) -> int:
            return sum(getattr(stratum, what) for stratum in self.strata)

        agree = {
            "unit": self.unit in UNITS,
            "recordings": sum(how_many for _, how_many in self.slots_per_recording) == self.num_recordings,
            "units": of_strata("lot_size") == self.num_units,
            "kinds of verdict": {*self.verdicts, *self.targeted} <= {*VERDICTS},
            "drawn": sum(self.verdicts.values()) == self.num_drawn,
            "leaking": self.verdicts.get(Opinion.LEAK, 0) == of_strata("num_leaking"),
            "cannot tell": self.verdicts.get(Opinion.CANNOT_TELL, 0) == of_strata("num_cannot_tell"),
            "open": self.verdicts.get(OPEN, 0) == of_strata("num_open"),
            "waiting": 0 <= self.num_waiting <= of_strata("num_open"),
            "removed": 0 <= self.num_leaks_removed <= of_strata("num_leaking"),
            "types": all(_TYPE.fullmatch(name) for name in self.leaks_by_type),
            "pairs": all(verdict in VERDICTS for pair in self.double_reviews for verdict in pair),
        }
        if wrong := [name for name, holds in agree.items() if not holds]:
            raise ValueError(f"the facts of a certificate do not agree: {', '.join(wrong)}")
