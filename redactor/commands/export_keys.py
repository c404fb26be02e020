"""``redactor export keygen``, ``enroll``, ``revoke`` and ``approve``."""

from __future__ import annotations

import getpass
import hmac
import os
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

from redactor.audit import SigningKey, load_public_key, public_file
from redactor.errors import UsageError
from redactor.export.approvals import (
    Terms,
    approval_name,
    check_approval,
    check_approver,
    sign_approval,
    write_approval,
)
from redactor.export.enrolment import EXPORT_FOLDER, Role, enrol, enrolled, pinned_root, revoke
from redactor.export.entries import Approval
from redactor.export.keys import check_passphrase, load_key_pair, make_key, read_passphrase, read_secret
from redactor.export.manifest_summary import Summary, read_manifest, summarise
from redactor.export.moves import Step, check_move
from redactor.files import make_private_dir
from redactor.record import Record
from redactor.runfolder import RunFolder, open_run_folder
from redactor.runthrough import record_of, settings_of
from redactor.types import Seconds

APPROVALS_FOLDER = "approvals"
MAX_EXPIRES_HOURS = 30 * 24
_MAX_REFERENCE_BYTES = 2000

Ask = Callable[[str], str]


class Wanted(Protocol):
    """What an approver has to know of a request; :class:`redactor.export.requests.Request` has it."""

    @property
    def id(self) -> str: ...
    @property
    def purpose(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def handler(self) -> str: ...
    @property
    def recipient(self) -> str | None: ...
    @property
    def recipient_proof(self) -> str | None: ...
    @property
    def manifest(self) -> Mapping[str, Any] | None: ...
    @property
    def manifest_sha256(self) -> str | None: ...


def ask_hidden(prompt: str) -> str:
    """Ask on the terminal, without showing what is typed.

    Raises
    ------
    UsageError
        If there is no terminal.
    """
    try:
        with warnings.catch_warnings():
            # What is typed would be shown, or come out of a pipe.
            warnings.simplefilter("error", getpass.GetPassWarning)
            return getpass.getpass(prompt)
    except (getpass.GetPassWarning, EOFError, OSError, UnicodeError):
        raise UsageError(
            "there is no terminal to ask on; use --passphrase-file for a passphrase, --subject-file for an id, "
            "mode 0600"
        ) from None


def export_keygen(file: Path, *, passphrase_file: Path | None, ask: Ask = ask_hidden) -> int:
    """Make a person's key, or the organisation's root key.

    Returns
    -------
    int
        0.

    Raises
    ------
    UsageError
        If a file is there already, or the passphrase will not do.
    StoreError
        If the files cannot be written.
    """
    for path in (file, public_file(file) if file.name else file):
        if os.path.lexists(path):  # before somebody thinks of a passphrase
            raise UsageError(f"{str(path)!r} is there already and is not overwritten; name another file")
    if passphrase_file is not None:
        passphrase = read_passphrase(passphrase_file)
    else:
        passphrase = ask(f"new passphrase for {str(file)!r}: ").encode()
        check_passphrase(passphrase)
        if not hmac.compare_digest(passphrase, ask("the same again: ").encode()):
            raise UsageError("the two passphrases differ; nothing was made: try again")
    public = make_key(file, passphrase)
    print(public.fingerprint)
    print(
        f"the key is in {str(file)!r}: keep it. Hand {str(public_file(file))!r} over to be enrolled,"
        " and the fingerprint above by another way",
        file=sys.stderr,
    )
    return 0


def export_enroll(
    out: Path,
    *,
    root_key: Path,
    public_key: Path,
    person: str,
    role: str,
    valid_days: int,
    passphrase_file: Path | None,
    private: Path | None,
    ask: Ask = ask_hidden,
    clock: Callable[[], float] = time.time,
) -> int:
    """Have a person's key count, signed by the root key.

    Returns
    -------
    int
        0.

    Raises
    ------
    UsageError, StoreError
        As :func:`redactor.export.enrolment.enrol`.
    """
    if role not in list(Role):
        raise UsageError(f"--role is one of {', '.join(Role)}")
    folder = open_run_folder(out, private=private)
    record = _record(folder)
    public = load_public_key(public_key)
    is_first = pinned_root(folder.private) is None
    root = load_key_pair(root_key, _passphrase(passphrase_file, root_key, ask))
    made = enrol(
        folder.private,
        root,
        public,
        person=person,
        role=Role(role),
        valid_days=valid_days,
        record=record,
        clock=clock,
    )
    print(made.fingerprint)
    print(f"{made.person} is enrolled as {made.role} until {made.valid_until}", file=sys.stderr)
    if is_first:
        print(f"root key {root.public.fingerprint} is the one of this run folder from now on", file=sys.stderr)
    return 0


def export_revoke(
    out: Path,
    *,
    root_key: Path,
    fingerprint: str,
    passphrase_file: Path | None,
    private: Path | None,
    ask: Ask = ask_hidden,
    clock: Callable[[], float] = time.time,
) -> int:
    """Have a key count no more, nor anything that it has signed.

    Returns
    -------
    int
        0.

    Raises
    ------
    UsageError, StoreError
        As :func:`redactor.export.enrolment.revoke`.
    """
    folder = open_run_folder(out, private=private)
    record = _record(folder)
    root = load_key_pair(root_key, _passphrase(passphrase_file, root_key, ask))
    revoke(folder.private, root, fingerprint, record=record, clock=clock)
    print("the key is revoked; what it has approved has to be approved by somebody else", file=sys.stderr)
    return 0


def export_approve(
    out: Path,
    *,
    request: str,
    manifest: Path | None,
    key: Path,
    passphrase_file: Path | None,
    subject_file: Path | None,
    subject_key: Path | None,
    expires_hours: float,
    to: Path | None,
    private: Path | None,
    lookup: Callable[[str], Wanted] | None = None,
    check: Callable[[Wanted, Mapping[str, Any]], None] | None = None,
    ask: Ask = ask_hidden,
    clock: Callable[[], float] = time.time,
) -> int:
    """Show what is to leave, have the approver type whom it is about, and sign.

    Parameters
    ----------
    manifest : pathlib.Path, optional
        A copy that the approver has looked into; by default the request's own.
    to : pathlib.Path, optional
        File, or folder, for the approval; ``private/export/approvals`` otherwise.
    lookup : callable, optional
        Finds the request; in the run folder's store by default.
    check : callable, optional
        Looks up afresh whose recordings these are, and raises if the manifest does not fit.

    Returns
    -------
    int
        0.

    Raises
    ------
    UsageError, StoreError
        If anything does not fit, nothing is signed; or the approval cannot be written.
    """
    _check_options(expires_hours, to)
    folder = open_run_folder(out, private=private)
    record, wanted = _record(folder), (lookup or _in_store(folder))(request)
    document = read_manifest(manifest) if manifest is not None else wanted.manifest
    summary, terms = _terms(wanted, document)
    pair = load_key_pair(key, _passphrase(passphrase_file, key, ask))
    _check_person(pair, folder, wanted, now=clock())
    if check is not None:
        check(wanted, document or {})
    _show(summary, terms)
    _check_subject(wanted, folder, subject_file, subject_key, ask)
    approval = _sign(pair, terms, clock=clock, lasts_s=expires_hours * 3600)
    # Once more, as it is now: a reference may have been typed for hours.
    known = enrolled(folder.private)
    check_approval(approval, terms, enrolled=known, handler=wanted.handler, now=clock())
    record.approval_signed(approval.request, approval.approver, approval.manifest)
    print(_written(approval, folder, to))
    print(f"approved until {approval.expires}; hand the file over to who handles the request", file=sys.stderr)
    return 0


def _check_options(expires_hours: float, to: Path | None) -> None:
    if not 0 < expires_hours <= MAX_EXPIRES_HOURS:
        raise UsageError(f"--expires-hours is more than 0 and at most {MAX_EXPIRES_HOURS}")
    if to is not None and not to.is_dir() and os.path.lexists(to):
        raise UsageError(f"{str(to)!r} is there already and is not overwritten; name another file")


def _written(approval: Approval, folder: RunFolder, to: Path | None) -> Path:
    target = to or folder.private / EXPORT_FOLDER / APPROVALS_FOLDER
    if to is None:
        make_private_dir(target)
    if to is None or to.is_dir():
        target = target / approval_name(approval)
    write_approval(approval, target)
    return target


def _record(folder: RunFolder) -> Record:
    settings = settings_of(folder)
    if settings.keep_names:
        raise UsageError(
            f"{str(folder.out)!r} was run with --keep-names, for work inside the house; run anew to export"
        )
    return record_of(folder, settings)


def _passphrase(file: Path | None, key: Path, ask: Ask) -> bytes:
    return read_passphrase(file) if file is not None else ask(f"passphrase of {str(key)!r}: ").encode()


def _in_store(folder: RunFolder) -> Callable[[str], Wanted]:
    from redactor.export.requests import STORE_NAME, RequestStore

    path = folder.private / STORE_NAME
    if not path.is_file():
        raise UsageError(f"no request was opened in {str(folder.out)!r} yet; `redactor export request` does it")

    def found(request: str) -> Wanted:
        with closing(RequestStore(path)) as store:
            wanted = store.get(request)
        check_move(Step.APPROVE, wanted.state, wanted.state)
        return wanted

    return found


def _terms(wanted: Wanted, document: Mapping[str, Any] | None) -> tuple[Summary, Terms]:
    if document is None or wanted.manifest_sha256 is None:
        raise UsageError("the request was not planned yet; `redactor export plan` comes first")
    if not wanted.recipient or not wanted.recipient_proof:
        raise UsageError("the recipient's key was not proven yet; `redactor export recipient` comes first")
    from redactor.export.package.seal import fingerprint

    summary = summarise(
        document,
        request=wanted.id,
        purpose=wanted.purpose,
        subject=wanted.subject,
        sha256=wanted.manifest_sha256,
    )
    recipient = fingerprint(wanted.recipient)
    return summary, Terms(wanted.id, wanted.purpose, wanted.subject, summary.sha256, recipient)


def _check_person(pair: SigningKey, folder: RunFolder, wanted: Wanted, *, now: float) -> None:
    """Before anything is shown or typed."""
    known = enrolled(folder.private)
    found = known.get(pair.public.fingerprint)
    if found is None or found.key != pair.public:
        raise UsageError(
            f"key {pair.public.fingerprint} is not enrolled here; `redactor export enroll` comes first"
        )
    check_approver(found, handler=wanted.handler, enrolled=known, now=now)


def _sign(pair: SigningKey, terms: Terms, *, clock: Callable[[], float], lasts_s: Seconds) -> Approval:
    return sign_approval(
        pair,
        request=terms.request,
        purpose=terms.purpose,
        subject=terms.subject,
        manifest_sha256=terms.manifest,
        recipient=terms.recipient,
        expires=clock() + lasts_s,
        clock=clock,
    )


def _show(summary: Summary, terms: Terms) -> None:
    dates = f"{summary.first} to {summary.last}" if summary.first else "none is dated"
    if summary.first and summary.num_undated:
        dates += f", {summary.num_undated} without a date"
    left_out = ", ".join(f"{n} {reason}" for reason, n in summary.left_out.items()) or "nothing"
    lines = {
        "request": terms.request,
        "purpose": summary.purpose.value,
        "recordings": str(summary.count),
        "dates": dates,
        "minutes": f"{summary.duration / 60:.1f}",
        "left out": left_out,
        "manifest": summary.sha256,
        "recipient": terms.recipient,
    }
    for name, value in lines.items():
        print(f"{name + ':':12}{value}", file=sys.stderr)


def _check_subject(
    wanted: Wanted, folder: RunFolder, subject_file: Path | None, subject_key: Path | None, ask: Ask
) -> None:
    from redactor.export.subjects import default_subject_key, load_subject_key, subject_hash

    key = load_subject_key(subject_key or default_subject_key(), create=False, folder=folder)
    if subject_file is None:
        typed = ask("reference of the person whom these recordings are about: ")
    else:
        data = read_secret(subject_file, what="subject file", max_bytes=_MAX_REFERENCE_BYTES)
        try:
            typed = data.decode()
        except UnicodeDecodeError:
            raise UsageError(f"subject file {str(subject_file)!r} is not UTF-8; write it anew") from None
    if not hmac.compare_digest(subject_hash(key, typed), wanted.subject):
        raise UsageError(
            "this is not the reference of the person whom these recordings are about, so nothing was signed; "
            "look at the request again before you try once more"
        )
