"""What a run does, as events of the audit record; nothing in them tells whose recording it was."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from redactor.audit import AuditLog, Event, Head, default_signing_key, keyed_digest, load_signing_key, word
from redactor.identity import RunIdentity
from redactor.ledger import Row


def signing_key_beside(key_file: Path) -> Path:
    """The signing key lies where the key of names does, and so outside OUT."""
    return key_file.with_name(default_signing_key().name)


class Record:
    """Appends to the record of one run folder.

    Parameters
    ----------
    path : pathlib.Path
        ``private/audit.jsonl``.
    key_file : pathlib.Path
        File of the key of names.
    key : bytes
        That key.
    keep_names : bool
        Whether names are somebody's words, and only their digests may be recorded.

    Raises
    ------
    StoreError, UsageError
        From here and from every method: see :class:`redactor.audit.AuditLog`.
    """

    def __init__(self, path: Path, *, key_file: Path, key: bytes, keep_names: bool) -> None:
        # Without its key an old record cannot go on: a new one would sign what nobody vouches for.
        create = not path.exists()
        self._log = AuditLog(path, key=load_signing_key(signing_key_beside(key_file), create=create))
        self._key = key
        self._keep_names = keep_names

    def run_started(self, identity: RunIdentity, *, num_jobs: int, num_settled: int) -> None:
        provenance = identity.provenance
        self._append(
            "run-started",
            {
                "identity": identity.digest,
                "policy": {
                    "name": word(provenance["policy"]["name"]),
                    "digest": provenance["policy"]["digest"],
                },
                "models": {role: model["digest"] for role, model in provenance["models"].items()},
                "version": word(provenance["version"]),
                "jobs": num_jobs,
                "settled": num_settled,
            },
        )

    def run_ended(self, counts: Mapping[str, int]) -> None:
        self._append("run-ended", dict(counts))

    def settled(self, row: Row) -> None:
        """What became of a recording; before the ledger says so."""
        policy = (row.provenance or {}).get("policy", {})
        self._append(
            "recording",
            {
                "id": self._id(row.name),
                "state": row.state.value,
                "reason": row.reason and word(row.reason),
                "stage": row.stage and word(row.stage),
                "verdict": row.verdict,
                "input": row.input_sha256 and keyed_digest(self._key, row.input_sha256),
                "identity": row.run_identity,
                "policy": policy.get("digest"),
                "outputs": [file.sha256 for file in row.files],
            },
        )

    def withdrawn(self, names: Iterable[str]) -> None:
        """Recordings of which nothing is to be released any more; before it is removed."""
        self._log.append([Event("withdrawn", {"id": self._id(name)}) for name in names])

    def leak_found(self, name: str, types: Iterable[str], num_spans: int) -> None:
        """Somebody heard personal data in a released recording; `types` are names of kinds of it."""
        fields = {"id": self._id(name), "types": [word(t) for t in sorted(set(types))], "spans": num_spans}
        self._append("leak-found", fields)

    def lot_frozen(self, fields: Mapping[str, Any]) -> None:
        """A sample is to be drawn from what is released now; which one depends on the hash of this line."""
        self._append("lot-frozen", fields)

    def listened(self, item: str, name: str, reviewer: str) -> None:
        """A reviewer is about to hear a clip of a recording for the first time."""
        self._append("listened", {"item": item, "id": self._id(name), "reviewer": reviewer})

    def handed_out(self, lot: str, reviewer: str, format: str) -> None:
        """What is open in a lot leaves for a reviewer's own tool; which clips, the state of the review says."""
        self._append("handed-out", {"lot": lot, "reviewer": word(reviewer), "format": format})

    def certified(self, lot: str, sha256: str, *, shown: bool) -> None:
        """A certificate of a lot was made, of this digest."""
        self._append("certificate", {"lot": lot, "sha256": sha256, "shown": shown})

    @property
    def head(self) -> Head:
        """The signed end of the record after the last event."""
        return self._log.head

    def forgotten(self, names: Iterable[str]) -> None:
        """Recordings that are erased; before they are."""
        self._log.append([Event("forgotten", {"id": self._id(name)}) for name in names])

    def enrolled(self, fingerprint: str, person: str, role: str, count: int, *, sha256: str) -> None:
        """Somebody's key was enrolled: `count` lines stand in the file of enrolments, of this digest."""
        fields = {"key": fingerprint, "person": person, "role": role, "count": count, "lines": sha256}
        self._append("enrolled", fields)

    def enrolment_revoked(self, fingerprint: str, count: int, *, sha256: str) -> None:
        """A key was revoked; as :meth:`enrolled`."""
        self._append("enrolment-revoked", {"key": fingerprint, "count": count, "lines": sha256})

    def approval_signed(self, request: str, fingerprint: str, manifest: str) -> None:
        """An approver signed for what a request is to hold; the signature itself is a file of its own."""
        self._append("approval-signed", {"request": request, "key": fingerprint, "manifest": manifest})

    def catalog_imported(
        self, digest: str, num_entries: int, *, num_changed: int, num_exchanged: int
    ) -> None:
        """A catalog takes the place of the one before.

        In that one `num_changed` recordings had another owner, and `num_exchanged` were another input.
        """
        self._append(
            "catalog-imported",
            {"digest": digest, "entries": num_entries, "changed": num_changed, "exchanged": num_exchanged},
        )

    def export_step(self, step: str, request: str, fields: Mapping[str, Any]) -> None:
        """A request for an export goes a step on, or one was refused: ids, slugs, digests and numbers."""
        self._append(f"export-{step}", {"request": request, **fields})

    def _append(self, kind: str, fields: Mapping[str, Any]) -> None:
        self._log.append([Event(kind, fields)])

    def _id(self, name: str) -> str:
        if not self._keep_names:
            return name
        return keyed_digest(self._key, hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest())
