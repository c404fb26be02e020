"""An open run folder: what is withdrawn, what is left to do, what is listed."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any
from urllib.parse import quote

from redactor.audit import keyed_digest
from redactor.engines.base import Job
from redactor.engines.local import LocalEngine
from redactor.engines.worker import WorkerSpec, work
from redactor.errors import StoreError, UsageError
from redactor.export.catalog import forget_catalog
from redactor.export.forget import forget_redactions
from redactor.files import atomic_file, sha256_file, stamp_of
from redactor.identity import RunIdentity
from redactor.inputs import Input, as_uri, input_path
from redactor.ledger import WITHDRAWN, InputMap, Ledger, Origin, Row, State
from redactor.names import is_too_long, kept_name, key_fingerprint, load_key, opaque_name
from redactor.record import Record
from redactor.review.forget import forget_reviews
from redactor.runfolder import RunFolder, remove, sweep
from redactor.sentinels import FOLDER_PREFIX
from redactor.settings import Prepared


class Archive:
    """An open run folder: its ledger, its map of names and its key. Use it while holding the folder's lock.

    Parameters
    ----------
    folder : RunFolder
    key_file : pathlib.Path
    keep_names : bool

    Raises
    ------
    UsageError
        If the folder was made with another key, or with the other setting of `keep_names`.
    """

    def __init__(self, folder: RunFolder, *, key_file: Path, keep_names: bool) -> None:
        self.folder = folder
        self.keep_names = keep_names
        self.ledger = Ledger(folder.ledger)
        self.inputs = InputMap(folder.inputs)
        known = self.ledger.setting("key_fingerprint")
        self._key = load_key(key_file, create=known is None)
        if known is None:
            # The fingerprint comes last: a folder that has one has both, however the run ended.
            self.ledger.set_setting("keep_names", json.dumps(keep_names))
            self.ledger.set_setting("key_fingerprint", key_fingerprint(self._key))
        elif known != key_fingerprint(self._key):
            raise UsageError(
                f"the names in {str(folder.out)!r} were made with another key than {str(key_file)!r}; name "
                "the right --key-file, or another --out"
            )
        if (self.ledger.setting("keep_names") == "true") != keep_names:
            raise UsageError(
                f"{str(folder.out)!r} was made {'without' if keep_names else 'with'} --keep-names; "
                "names cannot be mixed in one --out"
            )
        self.record = Record(
            folder.audit, key_file=key_file, key=self._key, keep_names=keep_names
        )

    def close(self) -> None:
        self.ledger.close()
        self.inputs.close()

    def name_of(self, found: Input) -> str:
        """NAME of an input in this folder."""
        return kept_name(found.relative) if self.keep_names else opaque_name(found.uri, self._key)

    def input_keyed(self, row: Row) -> str | None:
        """What stands for the input that a row is about, where names may; None if the ledger knows none."""
        return None if row.input_sha256 is None else keyed_digest(self._key, row.input_sha256)

    def names_for(self, target: str) -> list[str]:
        """Names that an INPUT or a NAME on the command line stands for; empty if none is known."""
        if self.ledger.row(target) is not None:
            return [target]
        path = input_path(target)
        uri = as_uri(path)
        if self.keep_names:
            return [name for name, origin in self.inputs.items() if _is_below(origin.uri, uri)]
        below = [name for name, origin in self.inputs.items() if _is_below(origin.uri, uri)]
        return below or [n for n in [opaque_name(uri, self._key)] if self.ledger.row(n) is not None]

    def reconcile(self, identity: RunIdentity) -> None:
        """Bring ledger and release together after whatever happened before.

        What was running is pending again; what another policy, model or version released is withdrawn, as
        is what lost a file, and what was released before people heard something in it; what no row lists is
        removed. In this order no moment shows more than the ledger allows.
        """
        self.ledger.give_back()
        for leftover in self.folder.private.glob(f"{FOLDER_PREFIX}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        reviewed = set(self.ledger.names_reviewed())
        stale: dict[str, list[str]] = {}
        for row in self.ledger.rows(State.DONE):
            if reason := self._why_stale(row, identity, reviewed):
                stale.setdefault(reason, []).append(row.name)
        self.record.withdrawn(sorted(name for names in stale.values() for name in names))
        for reason, names in stale.items():
            self.ledger.reset(names, reason=reason, detail=WITHDRAWN[reason])
        self.write_manifest()
        sweep(self.folder, listed=self.ledger.listed_files())

    def _why_stale(self, row: Row, identity: RunIdentity, reviewed: Container[str]) -> str | None:
        if row.name in reviewed and not self._mutes_reviewed(row, identity):
            return "reviewed"
        if row.run_identity != identity.digest:
            return "other-settings"
        return None if self._is_whole(row) else "file-lost"

    def _mutes_reviewed(self, row: Row, identity: RunIdentity) -> bool:
        """Whether what people heard in a released recording is muted in it."""
        reviewed = self.ledger.reviewed(row.name)
        if not reviewed:
            return True
        return row.input_sha256 is not None and row.identity == identity.of_job(row.input_sha256, reviewed)

    def _is_whole(self, row: Row) -> bool:
        for file in row.files:
            path = self.folder.release_path(file.path)
            if not path.is_file() or path.stat().st_size != file.num_bytes:
                return False
            # A link in place of a folder is swept like one in place of the file.
            if any(part.is_symlink() for part in (path, *_folders_below(self.folder.release, path))):
                return False
            # Hashing an archive at every start would take hours; whoever writes into a file changes its stamp.
            if stamp_of(path) != file.stamp and sha256_file(path) != file.sha256:
                return False
        return True

    def plan(self, found: Sequence[Input], identity: RunIdentity) -> Plan:
        """Which recordings are to be worked on, and which are settled already.

        Raises
        ------
        UsageError
            If, with kept names, an input would take the name of another that is in the folder.
        """
        named = [(self.name_of(item), item) for item in found]
        twice = {name for name, count in Counter(name for name, _ in named).items() if count > 1}
        plan = Plan()
        origins = {}
        undone = {}
        for name, item in named:
            stamp = stamp_of(item.path)
            plan.paths[name] = item.path
            known = self.inputs.get(name)
            row = self.ledger.row(name)
            if row is not None and row.state is State.FORGOTTEN:
                plan.forgotten.append(name)
                continue
            if name in twice:
                undone[name] = row
                plan.refused[name] = "same-name"
                continue  # and the name stands for neither of them
            self._check_not_taken(name, item, known)
            origins[name] = Origin(item.uri, quote(os.fsencode(item.relative)), stamp, item.within)
            if refusal := item.refusal or self._name_refusal(name):
                undone[name] = row
                plan.refused[name] = refusal
            elif row is not None and self._is_settled(row, item, known, stamp, identity):
                plan.settled.append(row.bare())
            else:
                undone[name] = row
                heard = self.ledger.reviewed(name)
                plan.jobs.append(Job(name, item.path, _num_bytes(stamp), heard, item.root))
        self.withdraw(row for row in undone.values() if row is not None)
        # Only now: a run that is killed before must find the old stamps, or it takes old results for new.
        self.inputs.drop(twice)
        self.inputs.put(origins)
        self.ledger.add([*origins, *plan.refused])
        return plan

    def _name_refusal(self, name: str) -> str | None:
        return "name-too-long" if self.keep_names and is_too_long(name) else None

    def _check_not_taken(self, name: str, item: Input, known: Origin | None) -> None:
        if self.keep_names and known is not None and known.uri != item.uri:
            raise UsageError(
                f"{item.path.name!r} would be released under the name of another input that is already in "
                f"{str(self.folder.out)!r}; use another --out, or leave out --keep-names"
            )

    def _is_settled(
        self, row: Row, item: Input, known: Origin | None, stamp: str, identity: RunIdentity
    ) -> bool:
        if row.state in (State.PENDING, State.RUNNING) or row.run_identity != identity.digest:
            return False
        if row.state is State.DONE and not self._mutes_reviewed(row, identity):
            return False
        if known is not None and known.stamp == stamp:
            return True
        # Another time stamp on the same bytes (a restored backup) changes nothing.
        return row.state is State.DONE and _sha256_or_none(item.path) == row.input_sha256

    def withdraw(self, rows: Iterable[Row]) -> None:
        """Make rows pending that are to be done anew, and remove what they released.

        On record first, the files last: no moment shows more than the ledger allows.
        """
        stale = [row for row in rows if row.state is not State.PENDING]
        self.record.withdrawn(row.name for row in stale if row.state is State.DONE)
        self.ledger.reset(row.name for row in stale)
        files = [file.path for row in stale for file in row.files]
        if files:
            self.write_manifest()
            remove(self.folder, files)

    def engine(self, prepared: Prepared, *, body: Callable[..., None] = work) -> LocalEngine:
        """Workers for this folder; `body` as in :class:`redactor.engines.local.LocalEngine`."""
        settings = prepared.settings
        spec = WorkerSpec(
            policy=settings.policy,
            models=prepared.models,
            device=prepared.device,
            threads=settings.threads,
            recordings_at_once=prepared.device.limits.recordings,
            release=self.folder.release,
            private=self.folder.private,
            keep_names=settings.keep_names,
            provenance=prepared.identity.provenance,
            keep=prepared.keep,
        )
        return LocalEngine(
            spec,
            folder=self.folder,
            ledger=self.ledger,
            record=self.record,
            identity=prepared.identity,
            num_workers=prepared.num_workers,
            body=body,
        )

    def forget(self, *names: str) -> None:
        """Erase every derivative of recordings here; that they were erased stays on record.

        The ledger goes first: from then on the files are unlisted, and swept if this is interrupted. Sweeping
        takes what a killed run left of them, half written or not yet listed.
        """
        files = [file.path for name in names if (row := self.ledger.row(name)) for file in row.files]
        self.record.forgotten(names)
        self.ledger.forget(*names)
        self.write_manifest()
        remove(self.folder, files)
        sweep(self.folder, listed=self.ledger.listed_files())
        # Late: it fails while somebody reads what is erased, and none of the release may wait for that.
        for name in names:
            forget_reviews(self.folder, name)
            forget_redactions(self.folder, name)
            forget_catalog(self.folder, name)
        self.ledger.scrub()
        # The very last: by it the same command finds what is left to do.
        self.inputs.forget(*names)

    def write_manifest(self) -> None:
        """Write ``release/manifest.jsonl`` anew from the ledger, in order of name."""
        try:
            with atomic_file(self.folder.manifest) as stream:
                for row in self.ledger.rows(State.DONE):
                    stream.write(json.dumps(_manifest_line(row)).encode() + b"\n")
        except OSError as error:
            raise StoreError(
                f"{str(self.folder.manifest)!r} cannot be written: {error.strerror}; free the disk, then run "
                "again"
            ) from None


@dataclass
class Plan:
    """What a run has before it.

    Attributes
    ----------
    jobs : list of Job
    settled : list of Row
        Recordings whose result is there already and would be the same again; bare.
    refused : dict of str to str
        NAME -> slug of inputs that are not to be read.
    forgotten : list of str
        Names that were erased; they stay so.
    paths : dict of str to pathlib.Path
        NAME -> input, to name files to the person at the terminal.
    """

    jobs: list[Job] = field(default_factory=list)
    settled: list[Row] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    forgotten: list[str] = field(default_factory=list)
    paths: dict[str, Path] = field(default_factory=dict)


def _manifest_line(row: Row) -> dict[str, Any]:
    provenance = row.provenance or {}
    return {
        "id": row.name,
        "files": [{"path": f.path, "sha256": f.sha256, "bytes": f.num_bytes} for f in row.files],
        "duration": row.duration,
        "policy": provenance.get("policy"),
        "models": provenance.get("models"),
        "verdict": row.verdict,
    }


def _num_bytes(stamp: str) -> int:
    return int(stamp.partition(":")[0] or 0)


def _folders_below(root: Path, path: Path) -> Iterator[Path]:
    return takewhile(lambda folder: folder != root, path.parents)


def _sha256_or_none(path: Path) -> str | None:
    try:
        # Whoever opened a pipe would wait for it, and a device may have no end.
        return sha256_file(path) if path.is_file() else None
    except OSError:
        return None


def _is_below(uri: str, root: str) -> bool:
    return uri == root or uri.startswith(root.rstrip("/") + "/")
