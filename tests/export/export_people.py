"""People with keys, an office that has enrolled them, and a clock to turn."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from redactor.audit import SigningKey
from redactor.export.approvals import sign_approval
from redactor.export.enrolment import EXPORT_FOLDER, Role, enrol, enrolled, revoke
from redactor.names import load_key
from redactor.record import Record

NOW = 1_800_000_000.0
HOUR, DAY = 3600.0, 86_400.0
PASSPHRASE = b"correct horse battery"


def key(number):
    return SigningKey(Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32))


ROOT, OTHER_ROOT, ANN, BOB, HAL, EVE = map(key, range(1, 7))
TERMS = {
    "request": "0123456789abcdef",
    "purpose": "subject-access",
    "subject": "a" * 64,
    "manifest_sha256": "b" * 64,
    "recipient": "c" * 64,
}


@dataclass
class Clock:
    """Seconds since the epoch, turned by hand."""

    at: float = NOW

    def __call__(self):
        return self.at

    def on(self, seconds):
        self.at += seconds


@dataclass
class Office:
    """A private folder with its record."""

    place: Path
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self):
        self.private.mkdir(parents=True, exist_ok=True)
        self.record = self.open_record()

    @property
    def private(self):
        return self.place / "private"

    @property
    def file(self):
        return self.private / EXPORT_FOLDER / "enrolled.jsonl"

    @property
    def lines(self):
        return self.file.read_bytes().splitlines(keepends=True)

    def open_record(self):
        names = self.place / "keys" / "names.key"
        return Record(
            self.private / "audit.jsonl", key_file=names, key=load_key(names, create=True), keep_names=False
        )

    def enrol(self, who, person, *, role=Role.APPROVER, days=100, root=ROOT, record=None):
        return enrol(
            self.private,
            root,
            who.public,
            person=person,
            role=role,
            valid_days=days,
            record=record or self.record,
            clock=self.clock,
        )

    def revoke(self, who, *, root=ROOT):
        revoke(self.private, root, who.public.fingerprint, record=self.record, clock=self.clock)

    def enrolled(self, root=None):
        return enrolled(self.private, root)


def approve(who, *, at=NOW, lasts=DAY, **changed):
    return sign_approval(who, **{**TERMS, **changed}, expires=at + lasts, clock=lambda: at)
