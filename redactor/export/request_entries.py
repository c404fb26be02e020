"""What a request is, and what may stand in it. Plain values; nothing here tells who asked."""

from __future__ import annotations

import re
import secrets
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from redactor.errors import UsageError
from redactor.export.enrolment import is_person
from redactor.export.entries import Approval, Purpose, State
from redactor.export.moves import Step

MAX_NOTE = 2000
EXTENDED_MONTHS = 1 + 2  # GDPR Art. 12(3): "by two further months where necessary"
_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_RECIPIENT = re.compile("age1[02-9ac-hj-np-z]{58}")
# A reference says where the proof is kept. What ends like this is the proof itself.
_DOCUMENT = re.compile(r"\.(pdf|jpe?g|png|tiff?|heic|bmp|gif|docx?|odt|zip|eml|msg)$", re.IGNORECASE)


@dataclass(frozen=True)
class Sealed:
    """A file that was sealed.

    Attributes
    ----------
    path : str
        Below ``private/export``.
    sha256 : str
    at : float
        Seconds since the epoch.
    until : float
        Of a canary: silence after this stops the request. Of a package: it expires.
    names : tuple of str
        Recordings in it.
    """

    path: str
    sha256: str
    at: float
    until: float
    names: tuple[str, ...]


@dataclass(frozen=True)
class Request:
    """One request, as it is stored; the inner identity is not part of it.

    Attributes
    ----------
    id : str
        16 hexadecimal digits, random.
    subject : str
        Keyed hash of the subject's id; for the other purposes of the reference under which it runs.
    purpose : Purpose
    handler : str
        Slug of the person who handles it, and so cannot approve it.
    note : str
        Legal note.
    opened_at, deadline : float
        Seconds since the epoch; as it was extended, if it was.
    state : State
    version : int
        Number of events.
    policy : str or None
        Asked for in place of the run's.
    transcripts_only, keep_own : bool
    identity_proof, second_factor : str or None
        Slugs: where the proof is kept, and how it was confirmed.
    recipient : str or None
        Public key (age).
    recipient_proof : str or None
        Slug: how its fingerprint was proven.
    manifest : mapping or None
        Its document.
    manifest_sha256 : str or None
    approvals : tuple of Approval
    canary, package : Sealed or None
    canary_manifest : mapping or None
        Document of the canary's manifest.
    confirmed_by : tuple of str
        Kinds of facts that matched; never what they were.
    handed_over : bool
        Whether the inner identity has left.
    entries : mapping of str to str
        NAME -> digest of what the catalog said of it when the manifest was frozen.
    extended : str or None
        Slug: why the deadline was extended.
    """

    id: str
    subject: str
    purpose: Purpose
    handler: str
    note: str
    opened_at: float
    deadline: float
    state: State = State.OPENED
    version: int = 0
    policy: str | None = None
    transcripts_only: bool = False
    keep_own: bool = False
    identity_proof: str | None = None
    second_factor: str | None = None
    recipient: str | None = None
    recipient_proof: str | None = None
    manifest: Mapping[str, Any] | None = None
    manifest_sha256: str | None = None
    approvals: tuple[Approval, ...] = ()
    canary: Sealed | None = None
    canary_manifest: Mapping[str, Any] | None = None
    confirmed_by: tuple[str, ...] = ()
    package: Sealed | None = None
    handed_over: bool = False
    entries: Mapping[str, str] = field(default_factory=dict)
    extended: str | None = None


@dataclass(frozen=True)
class Move:
    """One step of a request, as the store takes it.

    Attributes
    ----------
    step : Step
    at : float
        Seconds since the epoch.
    by : str
        Who did it.
    to : State or None
        Needed where the step may lead to more than one.
    detail : mapping
        For the event: slugs, digests and numbers.
    change : mapping
        New values of attributes of the request.
    secret : str or None
        Inner identity, to be kept until it is handed over or destroyed.
    incident : (str, int or None) or None
        Rule that failed and line of the manifest, to be looked into.
    """

    step: Step
    at: float
    by: str
    to: State | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    change: Mapping[str, Any] = field(default_factory=dict)
    secret: str | None = None
    incident: tuple[str, int | None] | None = None


@dataclass(frozen=True)
class Happened:
    """One event of a request; `detail` holds slugs, digests and numbers."""

    at: float
    by: str
    step: str
    before: str | None
    after: str
    detail: Mapping[str, Any]


@dataclass(frozen=True)
class Incident:
    """Something that has to be looked into: the rule that failed and the line of the manifest, no values."""

    request: str
    at: float
    reason: str
    line: int | None


def slug(text: str, what: str) -> str:
    """A word that stands for a person or for where a proof is kept.

    Raises
    ------
    UsageError
        If it is not a word, or is a document.
    """
    if not _SLUG.fullmatch(text):
        raise UsageError(f"{what} is a word of at most 64 letters, digits and . _ : -, a reference and no more")
    if _DOCUMENT.search(text):
        raise UsageError(f"{what} names a document; keep that where it is, and give a reference to it")
    return text


def recipient_key(text: str) -> str:
    """An age public key.

    Raises
    ------
    UsageError
        If it is none.
    """
    if not _RECIPIENT.fullmatch(text):
        raise UsageError("the recipient is not an age public key; ask them for the line that starts with age1")
    return text


def deadline_of(opened_at: float, *, num_months: int = 1) -> float:
    """End of the day (UTC) one month on, GDPR Art. 12(3); the month's last day where it has no such day.

    Counted as Regulation (EEC, Euratom) No 1182/71 Art. 3(2)(c) does, holidays left out: they only prolong it.

    Parameters
    ----------
    opened_at : float
        Seconds since the epoch.
    num_months : int
        :data:`EXTENDED_MONTHS` where it was extended: it is one period, counted from the request on.
    """
    day = datetime.fromtimestamp(opened_at, UTC)
    years, month = divmod(day.month - 1 + num_months, 12)
    year, month = day.year + years, month + 1
    last = min(day.day, monthrange(year, month)[1])
    return (datetime(year, month, last, tzinfo=UTC) + timedelta(days=1)).timestamp()


def new_request(
    subject: str,
    purpose: Purpose,
    *,
    handler: str,
    note: str,
    at: float,
    policy: str | None = None,
    transcripts_only: bool = False,
    keep_own: bool = False,
) -> Request:
    """A request that is not stored yet.

    Raises
    ------
    UsageError
        For a handler that is no slug, a note that is too long, or a wish that does not go with the purpose.
    """
    if len(note) > MAX_NOTE:
        raise UsageError(f"the note is too long ({len(note)} characters of at most {MAX_NOTE}); shorten it")
    if not is_person(handler):
        raise UsageError("the handler is a person's id, as people are enrolled: small letters, digits and -")
    if keep_own and purpose is not Purpose.SUBJECT_ACCESS:
        raise UsageError("a subject's own identifiers are kept for subject-access alone; leave out --keep-own")
    return Request(
        id=secrets.token_hex(8),
        subject=subject,
        purpose=purpose,
        handler=handler,
        note=note,
        opened_at=at,
        deadline=deadline_of(at),
        policy=policy,
        transcripts_only=transcripts_only,
        keep_own=keep_own,
    )
