"""Whose keys count: one key a person, signed by the organisation's root key, on record.

``private/export/enrolled.jsonl`` has a line for each enrolment and revocation, signed and numbered; the audit
record has the number of lines and their digest, so that none can be taken out (a revocation, say) without its
showing. Lines that are not on record do not enrol anybody.

The public half of the root key is pinned in ``private/export/root.pub`` by the first enrolment. Who may write
in the private folder and holds the key of the audit record can begin all of this anew with a root of their
own: whoever has the root key's public half from elsewhere hands it over as `root_public`, and that shows.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from redactor.audit import LOG_NAME, PublicKey, SigningKey, load_public_key
from redactor.audit.lines import canonical
from redactor.errors import StoreError, UsageError
from redactor.export.enrolled_lines import (
    MAX_LINE_BYTES,
    append_line,
    check_recorded,
    lines_in,
    locked_lines,
    read_lines,
    recorded,
    sha256_of,
)
from redactor.export.instants import DAY_S, instant, seconds_of
from redactor.files import make_private_dir, write_once
from redactor.record import Record

EXPORT_FOLDER = "export"
ENROLLED_NAME = "enrolled.jsonl"
ROOT_NAME = "root.pub"
MAX_VALID_DAYS = 3 * 366
# A signature under this counts for nothing else that the root key may ever sign.
_DOMAIN = b"redactor export enrolment v1\0"
_PERSON = re.compile(r"[a-z][a-z0-9-]{1,39}", re.ASCII)
_FINGERPRINT = re.compile("[0-9a-f]{32}", re.ASCII)
_KEY_HEX = re.compile("[0-9a-f]{64}", re.ASCII)
_SIGNATURE = re.compile("[0-9a-f]{128}", re.ASCII)
_FIELDS = {
    "enrolment": {"serial", "person", "role", "public_key", "fingerprint", "valid_from", "valid_until"},
    "revocation": {"serial", "fingerprint", "at"},
}


class Role(StrEnum):
    """What a person's key is for."""

    APPROVER = "approver"
    HANDLER = "handler"


@dataclass(frozen=True)
class Enrolment:
    """A person's key, and how long it counts.

    Attributes
    ----------
    serial : int
        Number of its line, from 1.
    person : str
        A slug that the organisation has given; no name.
    role : Role
    public_key : str
        Hexadecimal digits.
    fingerprint : str
    valid_from, valid_until : str
        ISO 8601 in UTC; the latter is the first moment at which it does not count.
    revoked_at : str or None
        Whatever the key has signed counts no more, be it from before.
    """

    serial: int
    person: str
    role: Role
    public_key: str
    fingerprint: str
    valid_from: str
    valid_until: str
    revoked_at: str | None = None

    @property
    def key(self) -> PublicKey:
        return PublicKey(bytes.fromhex(self.public_key))


@dataclass(frozen=True)
class Revocation:
    serial: int
    fingerprint: str
    at: str


def is_person(text: object) -> bool:
    """Whether a text is a person's id: a slug, and nothing that may be taken for a key's fingerprint."""
    return isinstance(text, str) and bool(_PERSON.fullmatch(text)) and not _FINGERPRINT.fullmatch(text)


def pinned_root(private: Path) -> PublicKey | None:
    """The root key of a run folder, or None before the first enrolment.

    Raises
    ------
    UsageError
        If the file is not a public key.
    """
    path = private / EXPORT_FOLDER / ROOT_NAME
    return load_public_key(path) if os.path.lexists(path) else None


def enrolled(private: Path, root_public: PublicKey | None = None) -> dict[str, Enrolment]:
    """Every key that the pinned root has enrolled, by fingerprint; expired and revoked ones are marked so.

    Parameters
    ----------
    private : pathlib.Path
        The run's private folder.
    root_public : PublicKey, optional
        The root key as it is known from elsewhere.

    Raises
    ------
    StoreError
        If the file is not what the audit record says; if two persons have one key, or one person two.
    UsageError
        If the root key is another, or a file cannot be read.
    """
    path = private / EXPORT_FOLDER / ENROLLED_NAME
    known, root, lines = recorded(private / LOG_NAME), pinned_root(private), read_lines(path)
    if root is None and (known.count or lines):
        raise _no_root(path)
    if root is None:
        return {}
    if root_public is not None and root_public != root:
        raise _other_root(path.with_name(ROOT_NAME))
    check_recorded(lines, known, path)
    entries = _entries(lines, root, path)
    if len(_entries(lines[: known.count], root, path)) != known.count:
        raise StoreError(
            f"{str(path)!r} has lines on record that the root key did not sign; put it back from a backup, and "
            f"{ROOT_NAME} beside it"
        )
    # A revocation counts as soon as it is signed, an enrolment when it is on record too.
    on_record = [e for e in entries if e.serial <= known.count or isinstance(e, Revocation)]
    return by_key(on_record, path)


def enrol(
    private: Path,
    root: SigningKey,
    public: PublicKey,
    *,
    person: str,
    role: Role,
    valid_days: int,
    record: Record,
    clock: Callable[[], float] = time.time,
) -> Enrolment:
    """Enrol a person's key from now on; the first enrolment pins the root key.

    Raises
    ------
    UsageError
        If the key or the person is enrolled already, the root key is another, or a value cannot be.
    StoreError
        If the file is not what the audit record says, or cannot be written.
    """
    if not is_person(person):
        raise UsageError("a person's id is 2 to 40 of a-z, 0-9 and -, begins with a letter, and is no name")
    if type(valid_days) is not int or not 1 <= valid_days <= MAX_VALID_DAYS:
        raise UsageError(f"--valid-days is a number from 1 to {MAX_VALID_DAYS}")
    if public == root.public:
        raise UsageError("the root key enrols others and is nobody's own; name a file with another public key")
    now = clock()

    def entry(serial: int, known: dict[str, Enrolment]) -> Enrolment:
        new = Enrolment(
            serial,
            person,
            Role(role),
            public.raw.hex(),
            public.fingerprint,
            instant(now),
            instant(now + valid_days * DAY_S),
        )
        if new.fingerprint in known:
            raise UsageError(
                f"key {new.fingerprint} was enrolled before; a key is enrolled once, make a new one"
            )
        if any(_overlap(new, other) for other in known.values()):
            raise UsageError("this person has a key that counts; revoke it first, or wait for its end")
        return new

    return _appended(private, root, record, entry)


def revoke(
    private: Path,
    root: SigningKey,
    fingerprint: str,
    *,
    record: Record,
    clock: Callable[[], float] = time.time,
) -> None:
    """Have a key count no more, nor anything that it has signed.

    Raises
    ------
    UsageError
        If it is not enrolled, or revoked already, or the root key is another.
    StoreError
        As :func:`enrol`.
    """
    at = instant(clock())

    def entry(serial: int, known: dict[str, Enrolment]) -> Revocation:
        found = known.get(fingerprint)
        if found is None:
            raise UsageError("no key of this fingerprint is enrolled; name one that `enroll` has printed")
        if found.revoked_at is not None:
            raise UsageError(f"key {fingerprint} is revoked already")
        return Revocation(serial, fingerprint, at)

    _appended(private, root, record, entry)


def _appended(
    private: Path,
    root: SigningKey,
    record: Record,
    make: Callable[[int, dict[str, Enrolment]], Any],
) -> Any:
    folder = private / EXPORT_FOLDER
    path = folder / ENROLLED_NAME
    _make_folder(folder)
    with locked_lines(path) as descriptor:
        known, lines = recorded(private / LOG_NAME), lines_in(descriptor, path)
        pinned = pinned_root(private)
        if pinned is None and (known.count or lines):
            raise _no_root(path)
        if pinned is not None and pinned != root.public:
            raise _other_root(folder / ROOT_NAME)
        check_recorded(lines, known, path)
        entries = _entries(lines, root.public, path)
        if len(entries) != len(lines):
            raise StoreError(f"{str(path)!r} has lines that the root key did not sign; remove them")
        # A process was killed between the line and the record of it.
        for entry in entries[known.count :]:
            _put_on_record(record, entry, lines[: entry.serial])
        new = make(len(lines) + 1, by_key(entries, path))
        if pinned is None:
            _pin(folder / ROOT_NAME, root.public)
        line = _line(new, root)
        append_line(descriptor, lines, line, path)
        _put_on_record(record, new, [*lines, line])
    return new


def _put_on_record(record: Record, entry: Enrolment | Revocation, lines: Sequence[bytes]) -> None:
    if isinstance(entry, Enrolment):
        record.enrolled(entry.fingerprint, entry.person, entry.role.value, len(lines), sha256=sha256_of(lines))
    else:
        record.enrolment_revoked(entry.fingerprint, len(lines), sha256=sha256_of(lines))


def _make_folder(folder: Path) -> None:
    try:
        make_private_dir(folder)
    except OSError as error:
        raise StoreError(f"{str(folder)!r} cannot be made: {error.strerror}; check the disk") from None


def _pin(path: Path, root: PublicKey) -> None:
    try:
        first = write_once(path, root.to_pem())
    except OSError as error:
        raise StoreError(f"{str(path)!r} cannot be written: {error.strerror}; check the disk") from None
    if not first and load_public_key(path) != root:
        raise _other_root(path)


def by_key(entries: Sequence[Enrolment | Revocation], path: Path) -> dict[str, Enrolment]:
    """Keys with what became of them; nothing that leaves open whose a key is."""
    found: dict[str, Enrolment] = {}
    for entry in entries:
        known = found.get(entry.fingerprint)
        if isinstance(entry, Revocation):
            if known is not None:
                found[entry.fingerprint] = replace(known, revoked_at=known.revoked_at or entry.at)
        elif known is not None:
            raise StoreError(f"{str(path)!r}, line {entry.serial}: the key is enrolled twice; make it anew")
        else:
            found[entry.fingerprint] = entry
    for one in found.values():
        if any(other is not one and _overlap(one, other) for other in found.values()):
            raise StoreError(f"{str(path)!r}, line {one.serial}: a person has two keys at once; revoke one")
    return found


def _overlap(one: Enrolment, other: Enrolment) -> bool:
    if one.person != other.person:
        return False
    return one.valid_from < _end(other) and other.valid_from < _end(one)


def _end(entry: Enrolment) -> str:
    return min(entry.valid_until, entry.revoked_at or entry.valid_until)


def _entries(lines: Sequence[bytes], root: PublicKey, path: Path) -> list[Any]:
    """What the root has signed, in order; what it has not counts for nothing."""
    found = [entry for line in lines if (entry := parse_line(line, root)) is not None]
    if [entry.serial for entry in found] != list(range(1, len(found) + 1)):
        raise StoreError(f"{str(path)!r} has lines missing, doubled or moved; put it back from a backup")
    return found


def _content(entry: Enrolment | Revocation) -> dict[str, Any]:
    kind = "enrolment" if isinstance(entry, Enrolment) else "revocation"
    return {"kind": kind, **{name: getattr(entry, name) for name in _FIELDS[kind]}}


def _line(entry: Enrolment | Revocation, root: SigningKey) -> bytes:
    content = _content(entry)
    return canonical({**content, "signature": root.sign(_DOMAIN + canonical(content)).hex()})


def parse_line(line: bytes, root: PublicKey) -> Enrolment | Revocation | None:
    """An entry, if the root key has signed it and it is one; a root signs no other under this domain."""
    if len(line) > MAX_LINE_BYTES:
        return None
    try:
        value = json.loads(line.decode("ascii"))
        # Two of one key included: what is signed must be what every reader reads.
        if not isinstance(value, dict) or canonical(value) != line:
            return None
        signature = value.pop("signature")
        if not _SIGNATURE.fullmatch(signature):
            return None
        if not root.has_signed(bytes.fromhex(signature), _DOMAIN + canonical(value)):
            return None
        return _entry(value)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _entry(value: dict[str, Any]) -> Enrolment | Revocation:
    kind = value.pop("kind")
    if value.keys() != _FIELDS[kind] or type(value["serial"]) is not int:
        raise ValueError("not of this form")
    if kind == "revocation":
        seconds_of(value["at"])
        return Revocation(**value)
    entry = Enrolment(**{**value, "role": Role(value["role"])})
    if not is_person(entry.person) or not _KEY_HEX.fullmatch(entry.public_key):
        raise ValueError("not of this form")
    if entry.fingerprint != entry.key.fingerprint:
        raise ValueError("the fingerprint of another key")
    if seconds_of(entry.valid_from) >= seconds_of(entry.valid_until):
        raise ValueError("never valid")
    return entry


def _no_root(path: Path) -> StoreError:
    return StoreError(
        f"{str(path.with_name(ROOT_NAME))!r} is gone, by which enrolments are known; put it back from a backup"
    )


def _other_root(path: Path) -> UsageError:
    return UsageError(
        f"this is not the root key that the enrolments here began with ({str(path)!r}); use that one"
    )
