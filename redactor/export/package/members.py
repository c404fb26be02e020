"""What is in a package, in its fixed order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redactor.audit import SigningKey
from redactor.audit.lines import canonical
from redactor.errors import UsageError
from redactor.export.entries import Approval, Manifest
from redactor.export.instants import seconds_of
from redactor.export.package import layout
from redactor.export.package.document import (
    MAX_MANIFEST_BYTES,
    MAX_SIGNATURES_BYTES,
    PackageManifest,
    PackedFile,
    Part,
    manifest_sha256,
    parse_manifest,
    sign,
)
from redactor.export.package.page import page_member
from redactor.export.package.readme import Facts, Sender, readme
from redactor.export.package.seal import fingerprint
from redactor.export.package.tarstream import Member, member_of_bytes, member_of_file


@dataclass(frozen=True)
class Enclosed:
    """What goes into a package beside the recordings.

    Attributes
    ----------
    sender : Sender
    recipient : str
        Public key (age) of the outer layer.
    handler : str
        Id of the person who handles the request.
    sealed_at : str
        See :mod:`redactor.export.instants`.
    head : mapping
        The signed head of the audit record, as a document.
    approvals : tuple of Approval
    enrolments : tuple of mapping
        What the root key signed, for the recipient: documents, canonical.
    certificate : bytes, optional
        Of the last review, as a page.
    extra : mapping of str to bytes
        Further files at the top: lower case, four letters at least, .html, .json, .txt or .pdf.
    part : Part
    approved : str, optional
        For a canary: digest of the manifest that was approved.
    deadline : str, optional
        Day by which the request is to be answered.
    keeps_own : bool
        Whether the subject's own identifiers were kept.
    """

    sender: Sender
    recipient: str
    handler: str
    sealed_at: str
    head: Mapping[str, Any]
    approvals: tuple[Approval, ...]
    enrolments: tuple[Mapping[str, Any], ...]
    certificate: bytes | None = None
    extra: Mapping[str, bytes] = field(default_factory=dict)
    part: Part = Part.WHOLE
    approved: str | None = None
    deadline: str | None = None
    keeps_own: bool = False


def package_members(
    manifest: Manifest, sources: Mapping[str, Path], enclosed: Enclosed, *, key: SigningKey
) -> list[Member]:
    """Everything that goes into a package: the same members, to the byte, for the same arguments.

    Audio is not read here but when the members are written; transcripts are, for the page that searches them.

    Parameters
    ----------
    manifest : Manifest
    sources : mapping of str to pathlib.Path
        For each `ManifestLine.source` the ``release/`` folder below which its files lie.
    enclosed : Enclosed
    key : SigningKey
        Of the organisation: the root key, or one that it has enrolled as the handler's.

    Raises
    ------
    UsageError
        If the arguments do not fit together.
    StoreError
        If a transcript is not what the manifest says.
    """
    content = [*_recordings(manifest, sources), *_enclosures(manifest, enclosed)]
    content.append(page_member(manifest, content, enclosed))
    content.sort(key=lambda member: member.path)
    package = PackageManifest(
        export=manifest,
        part=enclosed.part,
        approved=_approved(manifest, enclosed),
        handler=enclosed.handler,
        recipient=fingerprint(enclosed.recipient),
        sealed_at=enclosed.sealed_at,
        files=tuple(PackedFile(member.path, member.sha256, member.size) for member in content),
    )
    data = package.to_bytes()
    parse_manifest(data, where="this package")  # what a reader would refuse is never written
    signatures = sign(data, key, approvals=enclosed.approvals, enrolments=enclosed.enrolments).to_bytes()
    if len(data) > MAX_MANIFEST_BYTES or len(signatures) > MAX_SIGNATURES_BYTES:
        raise UsageError("the package would be larger than any reader takes; split the request")
    first = [member_of_bytes(layout.MANIFEST, data), member_of_bytes(layout.SIGNATURES, signatures)]
    return [*first, *content]


def _recordings(manifest: Manifest, sources: Mapping[str, Path]) -> list[Member]:
    found = []
    for path, (line, released, sha256, size) in layout.places(manifest).items():
        folder = sources.get(line.source)
        if folder is None:
            raise UsageError("a recording of the manifest comes from a folder that is unknown here; plan again")
        if ".." in Path(released).parts or Path(released).is_absolute():
            raise UsageError("a file of the manifest lies outside its folder; plan the export again")
        found.append(member_of_file(path, folder / released, sha256=sha256, size=size))
    return found


def _enclosures(manifest: Manifest, enclosed: Enclosed) -> list[Member]:
    made = {
        layout.HEAD: canonical(dict(enclosed.head)) + b"\n",
        layout.README: readme(_facts(manifest, enclosed)).encode(),
    }
    if enclosed.certificate is not None:
        made[layout.CERTIFICATE] = enclosed.certificate
    for name, data in enclosed.extra.items():
        is_taken = name.casefold() in {n.casefold() for n in (*made, layout.PAGE, layout.CERTIFICATE)}
        if is_taken or layout.is_of_recording(name) or not layout.is_safe(name):
            raise UsageError(f"a package cannot hold a further file named {name!r}; give it another name")
        made[name] = data
    return [member_of_bytes(name, data) for name, data in made.items()]


def _facts(manifest: Manifest, enclosed: Enclosed) -> Facts:
    kinds = {released.split("/")[0] for line in manifest.lines for released, _, _ in line.files}
    return Facts(
        sender=enclosed.sender,
        purpose=manifest.purpose,
        request=manifest.request,
        num_recordings=len(manifest.lines),
        duration=sum(line.duration for line in manifest.lines),
        num_left_out=sum(manifest.left_out.values()),
        sealed_on=enclosed.sealed_at[:10],
        deadline=enclosed.deadline,
        has_audio="audio" in kinds,
        has_certificate=enclosed.certificate is not None,
        is_canary=enclosed.part is Part.CANARY,
        keeps_own=enclosed.keeps_own,
    )


def _approved(manifest: Manifest, enclosed: Enclosed) -> str:
    try:
        seconds_of(enclosed.sealed_at)
    except ValueError:
        raise UsageError("the time of sealing is not a time in UTC") from None
    own = manifest_sha256(manifest)
    if (enclosed.part is Part.WHOLE) != (enclosed.approved is None):
        raise UsageError("a canary names the manifest that was approved, and a whole package is that manifest")
    return enclosed.approved or own
