"""What an export is made of. Plain values; who a subject is stands nowhere but as a keyed hash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from redactor.types import Seconds


class Purpose(StrEnum):
    """Why recordings leave the house."""

    SUBJECT_ACCESS = "subject-access"
    RESEARCH = "research"
    TRAINING = "training"
    DISCLOSURE = "disclosure"


class State(StrEnum):
    """How far a request is."""

    OPENED = "opened"
    IDENTIFIED = "identified"  # the requester was proven to be the subject, on record
    PLANNED = "planned"  # what goes in is frozen as a manifest
    APPROVED = "approved"  # by two people who are not the handler
    CANARY = "canary"  # a small first part was sealed and handed over; not confirmed
    CONFIRMED = "confirmed"  # by facts that the recipient supplied
    SEALED = "sealed"  # the package is written; its inner identity is still here
    RELEASED = "released"  # the inner identity was handed over
    RECALLED = "recalled"  # the inner identity was destroyed before that
    EXPIRED = "expired"
    STOPPED = "stopped"  # a check failed, or somebody said no: an incident is open
    REFUSED = "refused"  # nothing of this subject is here, or it was withdrawn


@dataclass(frozen=True)
class CatalogEntry:
    """What the organisation knows of a recording.

    Attributes
    ----------
    name : str
        NAME of the recording in the run folder.
    subject : str
        Keyed hash of the subject's id.
    account : str or None
        Keyed hash.
    device, language : str or None
    recorded_at : str or None
        ISO 8601.
    roles : mapping of int to str
        What is on a channel: "subject", "agent", "other".
    others : tuple of str
        Keyed hashes of other subjects who speak in it.
    input_keyed : str or None
        Keyed digest of the input (:func:`redactor.audit.keyed_digest`) that the run knew when this was said:
        of another one nothing is said. None if it knew none yet; then nothing of the recording may leave.
    """

    name: str
    subject: str
    account: str | None
    device: str | None
    language: str | None
    recorded_at: str | None
    roles: Mapping[int, str]
    others: tuple[str, ...]
    input_keyed: str | None = None


@dataclass(frozen=True)
class ManifestLine:
    """A recording of an export; everything in it is looked up afresh at build, approval and release.

    Attributes
    ----------
    name : str
    owner : str
        Keyed hash of its subject.
    input_keyed : str
        Keyed digest of the input (:func:`redactor.audit.keyed_digest`).
    source : str
        "release", or the folder below ``private/export`` that holds a redaction made for this request.
    policy : str
        Digest.
    recorded_at : str or None
    duration : float
        Seconds.
    files : tuple of (path, sha256, bytes)
        Below the source's ``release/``.
    """

    name: str
    owner: str
    input_keyed: str
    source: str
    policy: str
    recorded_at: str | None
    duration: Seconds
    files: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True)
class Manifest:
    """What one export is to hold, frozen.

    Attributes
    ----------
    request : str
        Id of the request.
    purpose : Purpose
    subject : str
        Keyed hash.
    lines : tuple of ManifestLine
        In order of name.
    left_out : mapping of str to int
        Reasons with numbers of recordings.
    """

    request: str
    purpose: Purpose
    subject: str
    lines: tuple[ManifestLine, ...]
    left_out: Mapping[str, int]

    def document(self) -> dict[str, Any]:
        """As JSON values; what is signed is the rendering by :func:`redactor.audit.lines.canonical`."""
        return {
            "kind": "redactor-export-manifest",
            "schema": 1,
            "request": self.request,
            "purpose": self.purpose.value,
            "subject": self.subject,
            "count": len(self.lines),
            "left_out": dict(sorted(self.left_out.items())),
            "recordings": [
                {
                    "id": line.name,
                    "owner": line.owner,
                    "input": line.input_keyed,
                    "source": line.source,
                    "policy": line.policy,
                    "recorded_at": line.recorded_at,
                    "duration": line.duration,
                    "files": [list(file) for file in line.files],
                }
                for line in self.lines
            ],
        }


@dataclass(frozen=True)
class Approval:
    """A detached signature of one approver; any change of what it is over voids it.

    Attributes
    ----------
    approver : str
        Fingerprint of the signing key.
    request : str
    purpose : str
    subject : str
        Keyed hash of what the approver typed.
    manifest : str
        SHA-256 of the canonical manifest.
    recipient : str
        SHA-256 of the recipient's public key (age).
    expires : str
        ISO 8601 in UTC.
    signature : str
        Hexadecimal digits; Ed25519 over ``"redactor export approval v1" NUL`` and the canonical JSON of the
        rest.
    made_at : str
        ISO 8601 in UTC; signed too. Without it an approval counts for nothing.
    """

    approver: str
    request: str
    purpose: str
    subject: str
    manifest: str
    recipient: str
    expires: str
    signature: str
    made_at: str = ""
