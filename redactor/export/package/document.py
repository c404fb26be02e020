"""What the two first files of a package say: its manifest, and who signed it. Written and read here alone.

Reading believes nothing: both files must be the canonical rendering of what they say, so that no byte of them
can be changed without changing what is signed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from redactor.audit import PublicKey, SigningKey
from redactor.audit.lines import canonical
from redactor.errors import UsageError
from redactor.export.entries import Approval, Manifest, ManifestLine, Purpose
from redactor.export.instants import seconds_of
from redactor.export.package.layout import ALWAYS, MANIFEST, SIGNATURES, is_of_recording, is_safe, places

MAX_MANIFEST_BYTES = 1 << 28
MAX_SIGNATURES_BYTES = 1 << 24
MAX_FILE_BYTES = 1 << 50
_KIND = "redactor-export-package"
_SIGNATURES_KIND = "redactor-export-signatures"
_SCHEMA = 1
# A signature under this counts for nothing else that the same key may ever sign.
_DOMAIN = b"redactor export package v1\0"
_SHA256 = re.compile("[0-9a-f]{64}")
_TYPES = {
    "approved": str, "export": dict, "files": list, "handler": str, "kind": str, "part": str,
    "recipient": str, "schema": int, "sealed_at": str,
}  # fmt: skip


class Part(StrEnum):
    """How much of an export a package is."""

    WHOLE = "whole"
    CANARY = "canary"  # a first, small part, with a manifest of its own


@dataclass(frozen=True)
class PackedFile:
    """A file as the manifest lists it."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True)
class PackageManifest:
    """What a package holds, and for whom.

    Attributes
    ----------
    export : Manifest
    part : Part
    approved : str
        SHA-256 of the canonical manifest that the approvals are over: for a whole package, of `export`.
    handler : str
        Id of the person who handles the request; not one of the approvers.
    recipient : str
        Fingerprint of the key that the outer layer is sealed to.
    sealed_at : str
        See :mod:`redactor.export.instants`.
    files : tuple of PackedFile
        All but the first two, in order.
    """

    export: Manifest
    part: Part
    approved: str
    handler: str
    recipient: str
    sealed_at: str
    files: tuple[PackedFile, ...]

    def to_bytes(self) -> bytes:
        """As ``manifest.json``: canonical JSON and a newline."""
        return _line(
            {
                "kind": _KIND,
                "schema": _SCHEMA,
                "export": self.export.document(),
                "part": self.part.value,
                "approved": self.approved,
                "handler": self.handler,
                "recipient": self.recipient,
                "sealed_at": self.sealed_at,
                "files": [{"path": f.path, "sha256": f.sha256, "bytes": f.size} for f in self.files],
            }
        )


@dataclass(frozen=True)
class Signatures:
    """Who vouches for a manifest.

    Attributes
    ----------
    key : PublicKey
        The organisation's, which sealed.
    signature : bytes
    approvals : tuple of Approval
    enrolments : tuple of mapping
        As the root key signed them, so that the recipient needs that key alone.
    """

    key: PublicKey
    signature: bytes
    approvals: tuple[Approval, ...]
    enrolments: tuple[Mapping[str, Any], ...]

    def to_bytes(self) -> bytes:
        """As ``signatures.json``."""
        return _line(
            {
                "kind": _SIGNATURES_KIND,
                "schema": _SCHEMA,
                "organisation": {"key": self.key.raw.hex(), "signature": self.signature.hex()},
                **_vouched(self.approvals, self.enrolments),
            }
        )

    def is_over(self, manifest: bytes) -> bool:
        """Whether the organisation's key signed this manifest together with these approvals and enrolments."""
        return self.key.has_signed(self.signature, _message(manifest, self.approvals, self.enrolments))


def manifest_sha256(manifest: Manifest) -> str:
    """What approvals are over."""
    return hashlib.sha256(canonical(manifest.document())).hexdigest()


def sign(
    manifest: bytes,
    key: SigningKey,
    *,
    approvals: Sequence[Approval],
    enrolments: Sequence[Mapping[str, Any]],
) -> Signatures:
    """The organisation's signature over ``manifest.json`` and what travels with it."""
    approvals, enrolments = tuple(approvals), tuple(enrolments)
    return Signatures(key.public, key.sign(_message(manifest, approvals, enrolments)), approvals, enrolments)


def parse_manifest(data: bytes, *, where: str) -> PackageManifest:
    """Read ``manifest.json``; every file that it lists has a safe name and stands where it must.

    Raises
    ------
    UsageError
        If it is not one.
    """
    value = _parse(data, where)
    try:
        if value["kind"] != _KIND or value["schema"] != _SCHEMA:
            raise _bad(where, "it is of another kind or of a newer version")
        if value.keys() != _TYPES.keys() or any(type(value[k]) is not t for k, t in _TYPES.items()):
            raise ValueError
        package = PackageManifest(
            export=_export(value["export"]),
            part=Part(value["part"]),
            approved=_sha256(value["approved"]),
            handler=value["handler"],
            recipient=_sha256(value["recipient"]),
            sealed_at=value["sealed_at"],
            files=tuple(_file(item) for item in value["files"]),
        )
        seconds_of(package.sealed_at)
        # Two of one key, NaN and 1E0 included: what is signed must be what every reader reads.
        if package.to_bytes() != data:
            raise ValueError
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise _bad(where, "it does not have the right form") from None
    _check_files(package, where)
    return package


def parse_signatures(data: bytes, *, where: str) -> Signatures:
    """Read ``signatures.json``; nothing in it is believed yet.

    Raises
    ------
    UsageError
        If it is not one.
    """
    value = _parse(data, where)
    try:
        organisation = value["organisation"]
        signatures = Signatures(
            PublicKey(bytes.fromhex(organisation["key"])),
            bytes.fromhex(organisation["signature"]),
            tuple(_approval(item) for item in value["approvals"]),
            tuple(dict(item) for item in value["enrolments"]),
        )
        if signatures.to_bytes() != data:
            raise ValueError
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise _bad(where, "it does not have the right form") from None
    return signatures


def _check_files(package: PackageManifest, where: str) -> None:
    paths = [file.path for file in package.files]
    if paths != sorted(set(paths)) or len({path.casefold() for path in paths}) != len(paths):
        raise _bad(where, "files are listed twice or out of order")
    if not all(is_safe(path) for path in paths):
        raise _bad(where, "a file has a name that no package may hold")
    if ALWAYS - set(paths):
        raise _bad(where, "a file that every package has is not listed")
    # What was approved is what is packed: same digests, at the places that follow from the manifest.
    approved = [PackedFile(path, sha256, size) for path, (_, _, sha256, size) in places(package.export).items()]
    if [file for file in package.files if is_of_recording(file.path)] != approved:
        raise _bad(where, "the files are not those of the export that was approved")
    if package.part is Part.WHOLE and package.approved != manifest_sha256(package.export):
        raise _bad(where, "what was approved is another export")


def _export(value: dict[str, Any]) -> Manifest:
    manifest = Manifest(
        request=_text(value["request"]),
        purpose=Purpose(value["purpose"]),
        subject=_text(value["subject"]),
        lines=tuple(_recording(item) for item in value["recordings"]),
        left_out={_text(reason): _size(number) for reason, number in value["left_out"].items()},
    )
    if canonical(manifest.document()) != canonical(value):
        raise ValueError
    return manifest


def _recording(value: dict[str, Any]) -> ManifestLine:
    at = value["recorded_at"]
    if type(value["duration"]) not in (int, float) or not 0 <= value["duration"] < float("inf"):
        raise ValueError
    return ManifestLine(
        name=_text(value["id"]),
        owner=_text(value["owner"]),
        input_keyed=_text(value["input"]),
        source=_text(value["source"]),
        policy=_text(value["policy"]),
        recorded_at=None if at is None else _text(at),
        duration=value["duration"],
        files=tuple((_text(path), _sha256(sha256), _size(size)) for path, sha256, size in value["files"]),
    )


def _approval(value: dict[str, Any]) -> Approval:
    if value.keys() != {field.name for field in fields(Approval)}:
        raise ValueError
    return Approval(**{name: _text(text) for name, text in value.items()})


def _file(value: dict[str, Any]) -> PackedFile:
    return PackedFile(_text(value["path"]), _sha256(value["sha256"]), _size(value["bytes"]))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value


def _sha256(value: object) -> str:
    if not _SHA256.fullmatch(_text(value)):
        raise ValueError
    return str(value)


def _size(value: object) -> int:
    if type(value) is not int or not 0 <= value <= MAX_FILE_BYTES:
        raise ValueError
    return value


def _vouched(
    approvals: Sequence[Approval], enrolments: Sequence[Mapping[str, Any]]
) -> dict[str, list[dict[str, Any]]]:
    return {"approvals": [asdict(a) for a in approvals], "enrolments": [dict(e) for e in enrolments]}


def _message(
    manifest: bytes, approvals: Sequence[Approval], enrolments: Sequence[Mapping[str, Any]]
) -> bytes:
    content = {"manifest": hashlib.sha256(manifest).hexdigest(), **_vouched(approvals, enrolments)}
    return _DOMAIN + canonical(content)


def _line(value: Any) -> bytes:
    return canonical(value) + b"\n"


def _parse(data: bytes, where: str) -> dict[str, Any]:
    try:
        value = json.loads(data.decode("ascii"))
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise _bad(where, "it is not a JSON object")
    return value


def _bad(where: str, reason: str) -> UsageError:
    return UsageError(
        f"{where}: this cannot be relied on: {reason} ({MANIFEST}, {SIGNATURES}); do not use the package, and "
        "ask the sender for it anew"
    )
