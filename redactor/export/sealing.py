"""How a package is put together from what was checked: who sends it, who signed, what vouches for them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from redactor.audit import Head, PublicKey, SigningKey
from redactor.audit.lines import canonical
from redactor.errors import StoreError, UsageError
from redactor.export.enrolled_lines import read_lines
from redactor.export.enrolment import (
    ENROLLED_NAME,
    EXPORT_FOLDER,
    Enrolment,
    by_key,
    parse_line,
)
from redactor.export.instants import instant
from redactor.export.tools import Sealing
from redactor.runfolder import RunFolder

if TYPE_CHECKING:
    from redactor.export.package.readme import Sender
    from redactor.export.package.verify import Trust

_MAX_CERTIFICATE_BYTES = 4 << 20


@dataclass(frozen=True)
class Seal:
    """Who seals.

    Attributes
    ----------
    key : SigningKey
        Of the handler, enrolled as such, or the root key.
    sender : Sender
        For the README of the person.
    """

    key: SigningKey
    sender: Sender


def write_package(sealing: Sealing, seal: Seal, *, folder: RunFolder, head: Head) -> str:
    """Write a package, or a canary.

    Returns
    -------
    str
        SHA-256 of the sealed file.

    Raises
    ------
    UsageError, StoreError
        As :func:`redactor.export.package.members.package_members` and
        :func:`redactor.export.package.seal.write_sealed`.
    """
    from redactor.export.package.document import Part
    from redactor.export.package.members import Enclosed, package_members
    from redactor.export.package.seal import write_sealed

    request = sealing.request
    signers = {approval.approver for approval in sealing.approvals} | {seal.key.public.fingerprint}
    enclosed = Enclosed(
        sender=seal.sender,
        recipient=request.recipient or "",
        handler=request.handler,
        sealed_at=instant(sealing.at),
        head=head.to_document(),
        approvals=sealing.approvals,
        enrolments=documents_of(folder, signers),
        certificate=None if sealing.is_canary else last_certificate(folder),
        part=Part.CANARY if sealing.is_canary else Part.WHOLE,
        approved=request.manifest_sha256 if sealing.is_canary else None,
        deadline=datetime.fromtimestamp(request.deadline - 1, UTC).date().isoformat(),
        keeps_own=request.keep_own and not sealing.is_canary,
    )
    members = package_members(sealing.manifest, sealing.sources, enclosed, key=seal.key)
    return write_sealed(members, sealing.target, inner=sealing.inner, outer=request.recipient or "")


def documents_of(folder: RunFolder, fingerprints: set[str]) -> tuple[Mapping[str, Any], ...]:
    """What the root key signed of these keys, enrolments and revocations, as the recipient needs it."""
    lines = (json.loads(line) for line in read_lines(folder.private / EXPORT_FOLDER / ENROLLED_NAME))
    return tuple(line for line in lines if line.get("fingerprint") in fingerprints)


def enrolled_in(documents: Sequence[Mapping[str, Any]], root: PublicKey) -> dict[str, Enrolment]:
    """Keys by such documents; what the root key did not sign is refused.

    Raises
    ------
    UsageError
        If something else is among them, or they contradict each other.
    """
    entries = [parse_line(canonical(dict(document)), root) for document in documents]
    found = [entry for entry in entries if entry is not None]
    if len(found) < len(entries):
        raise UsageError("the package holds something that its sender's root key did not sign; do not use it")
    if len({entry.serial for entry in found}) < len(found):
        raise UsageError("the package holds an enrolment twice; do not use it")
    try:
        return by_key(sorted(found, key=lambda entry: entry.serial), Path("signatures.json"))
    except StoreError as error:
        raise UsageError(str(error)) from None


def trust_in(root: PublicKey) -> Trust:
    """What the signatures of a package are held to."""
    from redactor.export.approvals import check_approvals
    from redactor.export.package.verify import Trust

    return Trust(root, enrolled_in, check_approvals)


def last_certificate(folder: RunFolder) -> bytes | None:
    """Of the last review that has one, as a page."""
    from redactor.review.clips import REVIEW_FOLDER
    from redactor.review.store import STORE_NAME as REVIEWS
    from redactor.review.store import ReviewStore

    if not (folder.private / REVIEWS).is_file():
        return None
    with closing(ReviewStore(folder.private / REVIEWS)) as store:
        lots = [lot.id for lot in store.lots()]
    for lot in reversed(lots):
        path = folder.private / REVIEW_FOLDER / f"certificate-{lot[:16]}.html"
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as stream:
                data = stream.read(_MAX_CERTIFICATE_BYTES + 1)
            if len(data) > _MAX_CERTIFICATE_BYTES:
                raise UsageError(f"{str(path)!r} is too large for a certificate; make it anew")
            return data
    return None
