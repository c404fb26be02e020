"""An open run folder as exports use it: stores, keys and record, opened when they are needed, and the tools."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any

from redactor.audit.lines import who
from redactor.config import load_policy
from redactor.errors import StoreError, UsageError
from redactor.export.catalog import Catalog, open_catalog
from redactor.export.entries import Approval, CatalogEntry
from redactor.export.holdings import RELEASE, Holdings, Source, opened
from redactor.export.request_entries import Request
from redactor.export.requests import STORE_NAME, RequestStore
from redactor.export.subjects import account_hash, default_subject_key, load_subject_key
from redactor.export.tools import REDACTED, Sealing, Tools
from redactor.ledger import Ledger, Row
from redactor.names import load_key
from redactor.policy import Policy
from redactor.record import Record
from redactor.review.store import open_findings
from redactor.runfolder import open_run_folder
from redactor.runs import Archive
from redactor.runthrough import record_of, settings_of
from redactor.settings import Settings

if TYPE_CHECKING:
    from redactor.export.sealing import Seal

EXPORT_FOLDER = "export"
CANARY_POLICY = "strict"
_REDONE = re.compile(rf"[0-9a-f]{{16}}(-canary)?/{REDACTED}")
_MAX_REPORT_BYTES = 64 << 20
_NO_RISK = 1e9  # of a report that cannot be read: it comes last


class _Lookup:
    """The catalog, opened when somebody looks something up."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def entry(self, name: str) -> CatalogEntry | None:
        return self._desk.catalog.entry(name)

    def of_subject(self, subject_hash: str) -> list[CatalogEntry]:
        return self._desk.catalog.of_subject(subject_hash)

    def by_subject(self) -> Iterator[CatalogEntry]:
        return self._desk.catalog.by_subject()


@dataclass(frozen=True)
class Own:
    """Identifiers of the subject that are to stay audible; in memory alone."""

    identifiers: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Own({len(self.identifiers)} identifiers)"


class Desk:
    """What a command on requests works with.

    Parameters
    ----------
    out : pathlib.Path
    private : pathlib.Path, optional
        If it was moved since the run.
    subject_key : pathlib.Path, optional
        The user's own by default.
    own : Own, optional
        For a plan that keeps what is the subject's own.
    seal : Seal, optional
        For steps that seal.

    Raises
    ------
    UsageError
        If it is no run folder, nothing was run in it, or names were kept.
    """

    def __init__(
        self,
        out: Path,
        *,
        private: Path | None = None,
        subject_key: Path | None = None,
        own: Own | None = None,
        seal: Seal | None = None,
    ) -> None:
        self.folder = open_run_folder(out, private=private)
        self._subject_key = subject_key
        self._own = own
        self._seal = seal
        self._sources: dict[str, Ledger] = {}
        if self.settings.keep_names:
            raise UsageError(
                f"{str(out)!r} was run with --keep-names, for work inside the house; run anew to export"
            )

    def close(self) -> None:
        for name in ("ledger", "catalog", "store"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()
        for ledger in self._sources.values():
            ledger.close()
        self._sources.clear()

    @property
    def root(self) -> Path:
        return self.folder.private / EXPORT_FOLDER

    @cached_property
    def settings(self) -> Settings:
        return settings_of(self.folder)

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self.folder.ledger)

    @cached_property
    def store(self) -> RequestStore:
        return RequestStore(self.folder.private / STORE_NAME)

    @cached_property
    def subject_key(self) -> bytes:
        return load_subject_key(
            self._subject_key or default_subject_key(), create=False, folder=self.folder
        )

    @cached_property
    def catalog(self) -> Catalog:
        return open_catalog(self.folder, key=self.subject_key)

    @cached_property
    def record(self) -> Record:
        return record_of(self.folder, self.settings)

    @property
    def holdings(self) -> Holdings:
        key = load_key(self.settings.key_file, create=False)
        return Holdings(key, _Lookup(self), self.source, self.found)

    @property
    def tools(self) -> Tools:
        """Everything that the steps of a request work with."""
        from redactor.export.package.seal import new_identity

        return Tools(
            holdings=self.holdings,
            root=self.root,
            redact=self.redact,
            check_approval=self._check_approval,
            check_approvals=self._check_approvals,
            seal=self._sealed,
            new_identity=new_identity,
            risk=self.risk,
            account_hash=lambda account: account_hash(self.subject_key, account),
            strict=lambda: load_policy(CANARY_POLICY),
            record=lambda step, request, fields: self.record.export_step(step, request, fields),
            clock=time,
            by=who(),
        )

    def source(self, where: str) -> Source | None:
        """Where a line of a manifest comes from."""
        if where == RELEASE:
            return Source(self.folder.release, self.ledger.row, self.ledger.reviewed)
        place = self.root / where
        if not _REDONE.fullmatch(where) or place.is_symlink() or place.parent.is_symlink():
            return None
        path = place / "private" / "ledger.sqlite3"
        if where not in self._sources:
            if not path.is_file():
                return None
            self._sources[where] = Ledger(path)
        ledger = self._sources[where]
        return Source(place / RELEASE, ledger.row, ledger.reviewed)

    def found(self) -> set[str]:
        """Recordings in which a reviewer found something that nobody has followed up."""
        # From the withdrawal on the ledger has what was heard, and a release is held to that.
        return {found.name for found in open_findings(self.folder)}

    def redact(
        self, folder: str, names: Sequence[str], policy: Policy, channels: Mapping[str, int]
    ) -> Mapping[str, Row]:
        """Redact recordings for a request; the caller holds the folder."""
        from redactor.export.redo import redact_for
        from redactor.keep import Keep

        if channels and self._own is None:
            raise UsageError("the subject's own identifiers are to be kept; give them in a file with --own")
        keep = Keep(self._own.identifiers, dict(channels)) if channels and self._own else None
        if (ledger := self._sources.pop(f"{folder}/{REDACTED}", None)) is not None:
            ledger.close()
        settings = self.settings
        with closing(Archive(self.folder, key_file=settings.key_file, keep_names=False)) as archive:
            return redact_for(archive, folder, list(names), policy=policy, keep=keep)

    def risk(self, name: str) -> float:
        """How much speaks for a closer look at a recording; the lower, the better for a canary."""
        from redactor.review.sampling import risk

        row = self.ledger.row(name)
        for file in row.files if row else ():
            if file.path.startswith("reports/") and file.path.endswith(".json"):
                with (
                    suppress(OSError, ValueError, KeyError, TypeError, RecursionError),
                    opened(self.folder.release, file.path) as stream,
                ):
                    report = json.loads(stream.read(_MAX_REPORT_BYTES))
                    return sum(risk(report, row.account if row else None).values())
        return _NO_RISK

    def _enrolled(self) -> Mapping[str, Any]:
        from redactor.export.enrolment import enrolled

        return enrolled(self.folder.private)

    def _check_approval(self, approval: Approval, request: Request, now: float) -> str:
        from redactor.export.approvals import Terms, check_approval
        from redactor.export.package.seal import fingerprint

        terms = Terms(
            request.id,
            request.purpose.value,
            request.subject,
            request.manifest_sha256 or "",
            fingerprint(request.recipient or ""),
        )
        known = self._enrolled()
        return check_approval(approval, terms, enrolled=known, handler=request.handler, now=now).person

    def _check_approvals(self, approvals: Sequence[Approval], request: Request, now: float) -> Any:
        from redactor.export.approvals import check_approvals
        from redactor.export.package.seal import fingerprint

        return check_approvals(
            approvals,
            enrolled=self._enrolled(),
            handler=request.handler,
            request=request.id,
            purpose=request.purpose.value,
            subject=request.subject,
            manifest_sha256=request.manifest_sha256 or "",
            recipient=fingerprint(request.recipient or ""),
            now=now,
        )

    def _sealed(self, sealing: Sealing) -> str:
        from redactor.export.sealing import write_package

        if self._seal is None:
            raise StoreError("this step seals and was given no key to sign with")
        return write_package(sealing, self._seal, folder=self.folder, head=self.record.head)
