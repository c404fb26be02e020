"""Whether a frozen manifest still says what is here: every line looked up afresh, and every file hashed.

The first misfit stops the whole package. It is told by line number and rule, without any value.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

from redactor.audit.lines import canonical, keyed_digest
from redactor.errors import UsageError
from redactor.export.entries import CatalogEntry, Manifest, ManifestLine, Purpose
from redactor.export.holdings import Holdings, Source, digest_of, files_of, misfit
from redactor.export.request_entries import Request

_NAME = re.compile("[0-9a-f]{32}")
_HASH = re.compile("[0-9a-f]{64}")
_LINE_KEYS = {"id", "owner", "input", "source", "policy", "recorded_at", "duration", "files"}
_KEYS = {"kind", "schema", "request", "purpose", "subject", "count", "left_out", "recordings"}

RULES: Mapping[str, str] = {
    "form": "it is not a manifest that this package wrote",
    "digest": "it is not the one that was frozen",
    "request": "it is of another request",
    "purpose": "it is for another purpose",
    "subject": "it is of another subject",
    "count": "the number of recordings is another",
    "order": "recordings are doubled or out of order",
    "catalog": "the recording is not in the catalog",
    "owner": "the catalog names another owner",
    "entry": "the catalog says something else of the recording than when this was planned",
    "source": "it is to come from where nothing of this request lies",
    "not-released": "the recording is not released",
    "unbound": "the catalog does not say of which input it names the owner",
    "exchanged": "the input is another than the one whose owner the catalog names",
    "unchecked": "nobody has checked the recording",
    "withdrawn": "something was found in the recording by a reviewer",
    "input": "the input is another than the ledger's",
    "policy": "it was redacted under another policy",
    "files": "its files are others than the ledger's",
    "bytes": "a file on the disk is missing, is a link, or is another",
}


class BindingError(UsageError):
    """A manifest does not fit what is here.

    Attributes
    ----------
    rule : str
        One of :data:`RULES`.
    line : int or None
        Of the manifest, from 1.
    """

    def __init__(self, rule: str, line: int | None = None) -> None:
        self.rule = rule
        self.line = line
        where = "the manifest" if line is None else f"line {line} of the manifest"
        super().__init__(f"{where} does not fit: {RULES[rule]} ({rule}); nothing of this package may leave")


def manifest_digest(document: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical rendering, which is what approvals are over."""
    return hashlib.sha256(canonical(document)).hexdigest()


def entry_digest(entry: CatalogEntry) -> str:
    """Of all that the catalog says of a recording; who else speaks in it, and on which channel, too."""
    value = {**asdict(entry), "roles": sorted(entry.roles.items()), "others": sorted(entry.others)}
    return hashlib.sha256(canonical(value)).hexdigest()


def manifest_of(document: Mapping[str, Any]) -> Manifest:
    """Read a manifest's document back.

    Raises
    ------
    BindingError
        If it is not exactly what :meth:`Manifest.document` writes.
    """
    try:
        if document.keys() != _KEYS or document["kind"] != "redactor-export-manifest":
            raise BindingError("form")
        lines = tuple(_line(line) for line in document["recordings"])
        left_out = {str(reason): int(count) for reason, count in document["left_out"].items()}
        manifest = Manifest(
            document["request"], Purpose(document["purpose"]), document["subject"], lines, left_out
        )
        is_same = canonical({**manifest.document(), "count": document["count"]}) == canonical(document)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise BindingError("form") from None
    if not is_same:
        raise BindingError("form")
    return manifest


def _line(line: Mapping[str, Any]) -> ManifestLine:
    if line.keys() != _LINE_KEYS:
        raise ValueError
    files = tuple((str(path), str(sha256), int(size)) for path, sha256, size in line["files"])
    return ManifestLine(
        name=line["id"],
        owner=line["owner"],
        input_keyed=line["input"],
        source=line["source"],
        policy=line["policy"],
        recorded_at=line["recorded_at"],
        duration=line["duration"],
        files=files,
    )


def check_binding(
    document: Mapping[str, Any],
    sha256: str | None,
    *,
    request: Request,
    holdings: Holdings,
    sources: Collection[str],
) -> Manifest:
    """Hold a manifest to catalog, ledger and disk.

    Parameters
    ----------
    document : mapping
        The manifest, as it was frozen.
    sha256 : str or None
        What it was frozen under; None for one that nobody approved by itself (a canary's), all of whose
        recordings the approved one has to hold.
    request : Request
    holdings : Holdings
    sources : collection of str
        Where its lines may come from.

    Raises
    ------
    BindingError
        At the first misfit.
    """
    manifest = manifest_of(document)
    if manifest_digest(request.manifest or {}) != request.manifest_sha256:
        raise BindingError("digest")
    if sha256 is not None and manifest_digest(document) != sha256:
        raise BindingError("digest")
    for rule, found, wanted in (
        ("request", manifest.request, request.id),
        ("purpose", manifest.purpose, request.purpose),
        ("subject", manifest.subject, request.subject),
        ("count", document["count"], len(manifest.lines)),
    ):
        if found != wanted:
            raise BindingError(rule)
    names = [line.name for line in manifest.lines]
    if not names:
        raise BindingError("count")
    if names != sorted(set(names)):
        raise BindingError("order")
    seen: set[str] = set()
    for number, line in enumerate(manifest.lines, start=1):
        rule = "source" if line.source not in sources else _misfit_of(line, request, holdings, seen)
        if rule:
            raise BindingError(rule, number)
    return manifest


def _misfit_of(
    line: ManifestLine, request: Request, holdings: Holdings, seen: set[str]
) -> str | None:
    """The first rule that a line breaks; its files are added to `seen`."""
    entry = holdings.catalog.entry(line.name) if _NAME.fullmatch(line.name) else None
    if entry is None or entry.name != line.name:
        return "catalog"
    if line.owner != entry.subject or not _HASH.fullmatch(line.owner):
        return "owner"
    if request.purpose is Purpose.SUBJECT_ACCESS and line.owner != request.subject:
        return "owner"
    if request.entries.get(line.name) != entry_digest(entry):
        return "entry"
    source = holdings.source(line.source)
    if rule := misfit(holdings, entry, source):
        return rule
    row = source.row(line.name) if source else None
    if source is None or row is None:
        return "not-released"
    if keyed_digest(holdings.key, row.input_sha256 or "") != line.input_keyed:
        return "input"
    if ((row.provenance or {}).get("policy") or {}).get("digest") != line.policy:
        return "policy"
    listed = {
        (file.path, file.sha256, file.num_bytes)
        for file in files_of(row, transcripts_only=request.transcripts_only)
    }
    if not line.files or not listed.issuperset(line.files) or len(set(line.files)) != len(line.files):
        return "files"
    return _files_misfit(line, source, seen)


def _files_misfit(line: ManifestLine, source: Source, seen: set[str]) -> str | None:
    for path, sha256, size in line.files:
        # ``audio/xx/NAME.ext``: a ledger that lists another recording's files under this one is not believed.
        folders, _, file = path.rpartition("/")
        shard = folders.rpartition("/")[2]
        if shard != line.name[:2] or file.partition(".")[0] != line.name or path in seen:
            return "files"
        try:
            if digest_of(source.root, path) != (sha256, size):
                return "bytes"
        except OSError:
            return "bytes"
        seen.add(path)
    return None
