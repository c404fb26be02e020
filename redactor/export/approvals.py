"""Two people have to want it: detached signatures over exactly what leaves, for whom, and until when.

An approval counts for one request, purpose, subject, manifest and recipient's key; a change of any voids it,
and so does time: its end, and a clock that is behind the moment at which it was made.
"""

from __future__ import annotations

import hmac
import json
import math
import os
import re
import stat
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from redactor.audit import SigningKey
from redactor.audit.lines import canonical
from redactor.errors import StoreError, UsageError
from redactor.export.enrolment import Enrolment, Role
from redactor.export.entries import Approval, Purpose
from redactor.export.instants import DAY_S, instant, seconds_of
from redactor.files import write_atomic
from redactor.types import Seconds

MAX_VALID_S: Seconds = 30 * DAY_S
NUM_APPROVALS = 2
# A signature under this counts for nothing else that the same key may ever sign.
_DOMAIN = b"redactor export approval v1\0"
_MAX_BYTES = 4096
_MAX_FILES = 64
_HEADER = {"kind": "redactor-export-approval", "schema": 1}
_SHA256 = "[0-9a-f]{64}"
_PATTERNS = {
    "approver": "[0-9a-f]{32}",
    # Fit for a file's name, for it is part of one.
    "request": "[a-z0-9][a-z0-9-]{0,63}",
    "purpose": "|".join(purpose.value for purpose in Purpose),
    "subject": _SHA256,
    "manifest": _SHA256,
    "recipient": _SHA256,
    "signature": "[0-9a-f]{128}",
}
# What an approval is for, each with the word for a person.
_TERMS = {
    "request": "another request",
    "purpose": "another purpose",
    "subject": "another subject",
    "manifest": "another manifest: what is to leave was changed since",
    "recipient": "another recipient's key",
}


class ApprovalError(UsageError):
    """An approval that does not count.

    Parameters
    ----------
    reason : str
        Slug of the rule that it fails: "count", "malformed", one of "request", "purpose", "subject",
        "manifest", "recipient" (it is for another), "made-at", "expired", "too-long", "not-enrolled",
        "signature", "role", "revoked", "not-valid", "handler", "same-key", "same-person".
    message : str
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(f"{message} ({reason})")
        self.reason = reason


@dataclass(frozen=True)
class Terms:
    """What has to be approved, by names of :class:`redactor.export.entries.Approval`.

    Raises
    ------
    ApprovalError
        If one of them is not of its form: nothing can be approved then.
    """

    request: str
    purpose: str
    subject: str
    manifest: str
    recipient: str

    def __post_init__(self) -> None:
        for name in _TERMS:
            _check_form(name, getattr(self, name))
        object.__setattr__(self, "purpose", Purpose(self.purpose).value)


def sign_approval(
    key: SigningKey,
    *,
    request: str,
    purpose: str,
    subject: str,
    manifest_sha256: str,
    recipient: str,
    expires: float,
    clock: Callable[[], float] = time.time,
) -> Approval:
    """Approve.

    Parameters
    ----------
    recipient : str
        :func:`redactor.export.package.seal.fingerprint`.
    expires : float
        Seconds since the epoch; the first moment at which it does not count.

    Raises
    ------
    ApprovalError
        If a value is not of its form, or the end is past or more than 30 days off.
    """
    now = clock()
    terms = Terms(request, purpose, subject, manifest_sha256, recipient)
    if not now < expires <= now + MAX_VALID_S:
        raise ApprovalError("too-long", "an approval ends within 30 days from now; name fewer hours")
    unsigned = Approval(
        key.public.fingerprint, **asdict(terms), expires=instant(expires), signature="", made_at=instant(now)
    )
    return replace(unsigned, signature=key.sign(_message(unsigned)).hex())


def check_approvals(
    approvals: Sequence[Approval],
    *,
    enrolled: Mapping[str, Enrolment],
    handler: str,
    request: str,
    purpose: str,
    subject: str,
    manifest_sha256: str,
    recipient: str,
    now: float,
) -> list[Enrolment]:
    """Whether these two people may have it leave.

    Parameters
    ----------
    approvals : sequence of Approval
        Two; all that is handed over has to fit.
    enrolled : mapping of str to Enrolment
        From :func:`redactor.export.enrolment.enrolled`.
    handler : str
        Id of the person who handles the request, or fingerprint of their key.
    recipient : str
        :func:`redactor.export.package.seal.fingerprint`.
    now : float
        Seconds since the epoch.

    Returns
    -------
    list of Enrolment
        The two, in the order of their approvals.

    Raises
    ------
    ApprovalError
        The first rule that one of them fails.
    """
    terms = Terms(request, purpose, subject, manifest_sha256, recipient)
    if len(approvals) != NUM_APPROVALS:
        raise ApprovalError("count", f"{NUM_APPROVALS} approvals are needed and {len(approvals)} are here")
    found = [check_approval(a, terms, enrolled=enrolled, handler=handler, now=now) for a in approvals]
    if len({one.public_key for one in found}) != NUM_APPROVALS:
        raise ApprovalError("same-key", "both approvals are of one key; have somebody else approve")
    if len({_plain(one.person) for one in found}) != NUM_APPROVALS:
        raise ApprovalError("same-person", "both approvals are of one person; have somebody else approve")
    return found


def check_approval(
    approval: Approval, terms: Terms, *, enrolled: Mapping[str, Enrolment], handler: str, now: float
) -> Enrolment:
    """Hold one approval to every rule that it can fail by itself.

    Raises
    ------
    ApprovalError
    """
    _check_fields(approval)
    for name, other in _TERMS.items():
        if not hmac.compare_digest(getattr(approval, name), getattr(terms, name)):
            raise ApprovalError(name, f"an approval is for {other}; it has to be given anew")
    _check_times(approval, now)
    person = enrolled.get(approval.approver)
    if person is None or person.key.fingerprint != approval.approver:
        raise ApprovalError("not-enrolled", "an approval is of a key that is not enrolled; enrol it first")
    if not person.key.has_signed(bytes.fromhex(approval.signature), _message(approval)):
        raise ApprovalError("signature", "the signature of an approval does not fit; it was changed")
    check_approver(person, handler=handler, enrolled=enrolled, now=now)
    if seconds_of(approval.made_at) < seconds_of(person.valid_from):
        raise ApprovalError("not-valid", "an approval was made before its key was enrolled; give it anew")
    return person


def check_approver(person: Enrolment, *, handler: str, enrolled: Mapping[str, Enrolment], now: float) -> None:
    """Whether somebody may approve what this handler handles.

    Raises
    ------
    ApprovalError
        "role", "revoked", "not-valid", "handler".
    """
    if person.role is not Role.APPROVER:
        raise ApprovalError("role", "a key is not enrolled as an approver's; another person has to approve")
    if person.revoked_at is not None:
        raise ApprovalError("revoked", "the key of an approval was revoked; another person has to approve")
    if not (math.isfinite(now) and seconds_of(person.valid_from) <= now < seconds_of(person.valid_until)):
        raise ApprovalError("not-valid", "the enrolment of an approver's key has ended or not begun; renew it")
    theirs = enrolled[handler].person if handler in enrolled else handler
    if not _plain(theirs):
        raise ApprovalError("handler", "it is not known who handles the request, so nobody can approve it")
    if _plain(theirs) == _plain(person.person) or handler == person.fingerprint:
        raise ApprovalError("handler", "who handles a request cannot approve it; have somebody else approve")


def to_json(approval: Approval) -> bytes:
    """As it stands in a file: canonical, one line."""
    return canonical({**_HEADER, **asdict(approval)}) + b"\n"


def from_json(data: bytes, *, where: str) -> Approval:
    """Read one; :func:`check_approvals` says whether it counts.

    Raises
    ------
    ApprovalError
        "malformed": anything but what :func:`to_json` writes.
    """
    try:
        value = json.loads(data.decode("ascii")) if len(data) <= _MAX_BYTES else None
        if not isinstance(value, dict) or canonical(value) + b"\n" != data:
            raise ValueError
        if any(type(value[key]) is not type(v) or value.pop(key) != v for key, v in _HEADER.items()):
            raise ValueError
        approval = Approval(**value)
        _check_fields(approval)
    except (ValueError, TypeError, KeyError, RecursionError, ApprovalError):
        raise ApprovalError(
            "malformed", f"{where!r} is not an approval, or was changed; ask for the file again"
        ) from None
    return approval


def approval_name(approval: Approval) -> str:
    """Name of its file; a new one of the same person for the same request takes the old one's place."""
    return f"approval-{approval.request}-{approval.approver}.json"


def write_approval(approval: Approval, path: Path) -> None:
    """Write an approval, for its owner alone.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    try:
        write_atomic(path, to_json(approval), mode=0o600)
    except OSError as error:
        raise StoreError(
            f"approval {str(path)!r} cannot be written: {error.strerror}; name another file with --to"
        ) from None


def read_approval(path: Path) -> Approval:
    """Read an approval from a file; a link is none.

    Raises
    ------
    UsageError
        If it cannot be read.
    ApprovalError
        "malformed".
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ApprovalError("malformed", f"{str(path)!r} is not a regular file; name the right one")
            data = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"approval {str(path)!r} cannot be read: {error.strerror}") from None
    return from_json(data, where=str(path))


def read_approvals(folder: Path, request: str) -> list[Approval]:
    """All approvals of a request that lie in a folder, in order of name.

    Raises
    ------
    UsageError, ApprovalError
        As :func:`read_approval`, of any of them; "count" if there are more than anybody has given.
    """
    _check_form("request", request)
    paths = sorted(folder.glob(f"approval-{request}-{'[0-9a-f]' * 32}.json"))
    if len(paths) > _MAX_FILES:
        raise ApprovalError("count", f"{str(folder)!r} has {len(paths)} approvals of one request; remove old")
    return [read_approval(path) for path in paths]


def _message(approval: Approval) -> bytes:
    content = asdict(approval)
    del content["signature"]
    return _DOMAIN + canonical(content)


def _check_fields(approval: Approval) -> None:
    if type(approval) is not Approval:
        raise ApprovalError("malformed", "something handed over as an approval is none")
    for field in fields(Approval):
        _check_form(field.name, getattr(approval, field.name))


def _check_form(name: str, value: Any) -> None:
    if name in ("expires", "made_at"):
        try:
            seconds_of(value)
        except ValueError:
            raise ApprovalError("malformed", f"{name} of an approval is not a time in UTC") from None
    elif not isinstance(value, str) or not re.fullmatch(_PATTERNS[name], value, re.ASCII):
        raise ApprovalError("malformed", f"the {name} of an approval is missing or not of its form")


def _check_times(approval: Approval, now: float) -> None:
    made_at, expires = seconds_of(approval.made_at), seconds_of(approval.expires)
    if not math.isfinite(now) or made_at > now:
        raise ApprovalError("made-at", "an approval is of a time to come: a clock was set back; set it right")
    if expires <= now:
        raise ApprovalError("expired", "an approval has expired; it has to be given anew")
    if not made_at < expires <= made_at + MAX_VALID_S + 1:  # both are rounded down to seconds
        raise ApprovalError("too-long", "an approval is valid for more than 30 days; it has to be given anew")


def _plain(person: str) -> str:
    """Without what two spellings of one id may differ in."""
    return re.sub("[^a-z0-9]", "", person.casefold(), flags=re.ASCII)
