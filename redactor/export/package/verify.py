"""Whether a package is what its sender made: every byte against the manifest, every signature against the root.

The root key comes from elsewhere: a key that travels in a package vouches for nothing.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from redactor.audit import Head, PublicKey
from redactor.errors import StoreError, UsageError
from redactor.export.instants import seconds_of
from redactor.export.package.document import (
    MAX_MANIFEST_BYTES,
    MAX_SIGNATURES_BYTES,
    PackageManifest,
    PackedFile,
    Signatures,
    parse_manifest,
    parse_signatures,
)
from redactor.export.package.layout import FIRST, HEAD, MANIFEST, SIGNATURES
from redactor.export.package.seal import AGE_MAGIC, fingerprint, recipient_of
from redactor.export.package.tarstream import Readable, TarReader
from redactor.export.package.unseal import unsealed

SEALER_ROLE = "handler"
_CHUNK_BYTES = 1 << 18
Sink = Callable[[str, Iterator[bytes]], None]


class Enrolled(Protocol):
    """A person's key, as far as this module asks."""

    @property
    def person(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def valid_from(self) -> str: ...
    @property
    def valid_until(self) -> str: ...
    @property
    def revoked_at(self) -> str | None: ...


@dataclass(frozen=True)
class Trust:
    """What signatures are held to.

    Attributes
    ----------
    root : PublicKey
        The organisation's, got over another way than the package.
    enrolled : callable
        ``(documents, root) -> {fingerprint: Enrolled}``: those that the root signed; what it did not sign is
        refused, not passed over.
    approvals : callable
        :func:`redactor.export.approvals.check_approvals`; two approvers, or it raises.
    """

    root: PublicKey
    enrolled: Callable[[Sequence[Mapping[str, Any]], PublicKey], Mapping[str, Enrolled]]
    approvals: Callable[..., Sequence[Enrolled]]


@dataclass(frozen=True)
class Report:
    """What was found, all of it good.

    Attributes
    ----------
    manifest : PackageManifest
    approvers : tuple of str or None
        Ids of those who approved; None if signatures were not checked.
    """

    manifest: PackageManifest
    approvers: tuple[str, ...] | None


def verify_package(
    target: Path, trust: Trust, *, outer: str | None = None, inner: str | None = None
) -> Report:
    """Check a package: an unpacked folder, a sealed file (then with both identities) or a plain tar.

    Raises
    ------
    UsageError
        If anything is missing, altered, or there beside what the manifest lists; if a signature does not fit.
    StoreError
        If a file cannot be read.
    """
    if target.is_dir():
        return verify_folder(target, trust)
    if (outer is None) != (inner is None):
        raise UsageError("a sealed package has two layers: give --identity and --inner")
    is_sealed = _begins_with(target, AGE_MAGIC)
    if is_sealed and (outer is None or inner is None):
        raise UsageError(
            f"{str(target)!r} is sealed; give --identity and --inner, or open it first and name the folder"
        )
    if outer is not None and inner is not None:
        with unsealed(target, outer=outer, inner=inner) as stream:
            return read_package(stream, where=repr(str(target)), trust=trust, outer=outer)
    try:
        with target.open("rb") as stream:
            return read_package(stream, where=repr(str(target)), trust=trust)
    except OSError as error:
        raise StoreError(f"{str(target)!r} cannot be read: {error.strerror}") from None


def read_package(
    stream: Readable,
    *,
    where: str,
    trust: Trust | None = None,
    outer: str | None = None,
    sink: Sink | None = None,
) -> Report:
    """Read a package from its tar to the end of the stream, and hold all of it to its manifest.

    Parameters
    ----------
    where : str
        For messages.
    trust : Trust, optional
        Without it signatures are not checked.
    outer : str, optional
        The identity that opened the outer layer; the manifest has to be for it.
    sink : callable, optional
        Gets path and content of every file; it must read each content to its end.
    """
    tar = TarReader(stream, where)
    data = {
        MANIFEST: tar.whole(MANIFEST, limit=MAX_MANIFEST_BYTES),
        SIGNATURES: tar.whole(SIGNATURES, limit=MAX_SIGNATURES_BYTES),
    }
    report = judge(data[MANIFEST], data[SIGNATURES], where=where, trust=trust)
    if outer is not None and fingerprint(recipient_of(outer)) != report.manifest.recipient:
        raise UsageError(
            f"{where} was made for another recipient and sealed anew for this one; do not use it, and tell the "
            "sender"
        )
    take = sink or _drop
    for path in FIRST:
        take(path, iter((data[path],)))
    for file in report.manifest.files:
        take(file.path, _held_to(tar.member(file.path, file.size), file, where))
    tar.end()
    return report


def verify_folder(folder: Path, trust: Trust) -> Report:
    """Check an unpacked package: as :func:`verify_package`."""
    where = repr(str(folder))
    # Before anything else: of somebody's own folder nothing is said that is to be removed.
    if missing := [path for path in FIRST if not (folder / path).is_file()]:
        raise UsageError(f"{where} has no {missing[0]}; name the folder that a package was unpacked to")
    found = _tree(folder, where)
    first = [_whole(folder / path, limit) for path, limit in zip(FIRST, _LIMITS, strict=True)]
    report = judge(first[0], first[1], where=where, trust=trust)
    expected = {file.path: file for file in report.manifest.files}
    if beside := sorted(found - expected.keys() - set(FIRST)):
        raise UsageError(f"{where} holds something that is not in its manifest: {beside[0]!r}; remove it")
    for path, file in expected.items():
        if path not in found:
            raise UsageError(f"{where} lacks {path}; ask the sender for the package anew")
        for _ in _held_to(_chunks(folder / path), file, where):
            pass
    return report


def judge(manifest_data: bytes, signature_data: bytes, *, where: str, trust: Trust | None) -> Report:
    """What the two first files say, and whether it is signed."""
    manifest = parse_manifest(manifest_data, where=where)
    signatures = parse_signatures(signature_data, where=where)
    if not signatures.is_over(manifest_data):
        raise _unsigned(where, "the organisation's signature does not fit")
    if trust is None:
        return Report(manifest, None)
    return Report(manifest, _vouched(manifest, signatures, trust, where))


_LIMITS = (MAX_MANIFEST_BYTES, MAX_SIGNATURES_BYTES)


def _vouched(
    manifest: PackageManifest, signatures: Signatures, trust: Trust, where: str
) -> tuple[str, ...]:
    enrolled = trust.enrolled(signatures.enrolments, trust.root)
    if signatures.key != trust.root:
        sealer = enrolled.get(signatures.key.fingerprint)
        if sealer is None:
            raise _unsigned(where, "the root key has not enrolled the key that signed")
        if sealer.role != SEALER_ROLE or sealer.person != manifest.handler:
            raise _unsigned(where, "the key that signed is not the handler's")
        at = seconds_of(manifest.sealed_at)
        is_valid = seconds_of(sealer.valid_from) <= at < seconds_of(sealer.valid_until)
        if sealer.revoked_at is not None or not is_valid:
            raise _unsigned(where, "the key that signed did not count then")
    approvers = trust.approvals(
        signatures.approvals,
        enrolled=enrolled,
        handler=manifest.handler,
        request=manifest.export.request,
        purpose=manifest.export.purpose,
        subject=manifest.export.subject,
        manifest_sha256=manifest.approved,
        recipient=manifest.recipient,
        now=seconds_of(manifest.sealed_at),
    )
    if len({person.person for person in approvers}) < 2:
        raise _unsigned(where, "two people have to have approved")
    return tuple(person.person for person in approvers)


def check_head(folder: Path) -> Head:
    """The head of the sender's record in an unpacked package, to be held to that record later."""
    return Head.from_json(_whole(folder / HEAD, 1 << 16).strip(), where=HEAD)


def _held_to(chunks: Iterator[bytes], file: PackedFile, where: str) -> Iterator[bytes]:
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        digest.update(chunk)
        size += len(chunk)
        if size > file.size:
            break
        yield chunk
    if size != file.size or digest.hexdigest() != file.sha256:
        raise UsageError(
            f"{file.path} in {where} is not what the sender put in; do not use it, and ask for the package anew"
        )


def _drop(path: str, chunks: Iterator[bytes]) -> None:
    for _ in chunks:
        pass


def _tree(folder: Path, where: str) -> set[str]:
    """Every file below; nothing but files and the folders that hold them may be there."""
    found: set[str] = set()

    def walk(place: Path) -> None:
        with os.scandir(place) as entries:
            inside = list(entries)
        if not inside:
            raise UsageError(f"{where} has an empty folder: {place.name!r}; remove it")
        for entry in inside:
            if entry.is_dir(follow_symlinks=False):
                walk(Path(entry.path))
            elif entry.is_file(follow_symlinks=False):
                found.add(Path(entry.path).relative_to(folder).as_posix())
            else:
                raise UsageError(f"{where} holds something that is not a file: {entry.name!r}; remove it")

    try:
        walk(folder)
    except OSError as error:
        raise StoreError(f"{where} cannot be read: {error.strerror}") from None
    return found


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb", buffering=0) as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise StoreError(f"{path.name!r} is not a file any more")
            while chunk := stream.read(_CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise StoreError(f"{str(path)!r} cannot be read: {error.strerror}") from None


def _whole(path: Path, limit: int) -> bytes:
    data = b""
    for chunk in _chunks(path):
        data += chunk
        if len(data) > limit:
            raise UsageError(f"{path.name!r} is larger than any can be; this is not a package")
    return data


def _begins_with(path: Path, magic: bytes) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(len(magic)) == magic
    except OSError as error:
        raise UsageError(f"{str(path)!r} cannot be read: {error.strerror}; name a package") from None


def _unsigned(where: str, reason: str) -> UsageError:
    return UsageError(f"{where}: {reason}; do not use the package, and ask the sender over another way")
