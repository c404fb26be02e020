"""``redactor audit verify`` and ``redactor audit head``."""

from __future__ import annotations

import json
import os
import sys
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from redactor.audit import (
    Head,
    PublicKey,
    Verdict,
    default_signing_key,
    head_file,
    judge,
    load_public_key,
    load_signing_key,
    public_file,
    read_head,
)
from redactor.audit.chain import FITS
from redactor.audit.verdict import read_chain, trust_in
from redactor.errors import UsageError
from redactor.ledger import Ledger
from redactor.runfolder import RunFolder, open_run_folder

_REASONS = {
    "torn": "it has no end: a killed process leaves such a line, and the next run repairs and records it",
    "not-json": "it is not JSON",
    "malformed": "it is not in the form that redactor writes",
    "too-long": "it is longer than any that redactor writes",
    "seq": "it has the wrong number: lines were removed, added or moved before it",
    "previous": "it does not follow the line before it",
    "hash": "it was changed: its hash is not that of its content",
    "cut": "it is missing, and the signed head counts it",
    "rewritten": "the signed head has another hash for it: it, or lines before it, were written anew",
    "no-head": "the signed head is missing",
    "head-key": "the head was signed with another key",
    "head-signature": "the head was changed: its signature does not fit",
}


@dataclass(frozen=True)
class _Finding:
    """A verdict, and the head that it is about."""

    verdict: Verdict
    head: Head | None
    file: Path


def audit_verify(
    out: Path,
    *,
    private: Path | None,
    head: Path | None,
    public_key: Path | None,
    key_file: Path | None,
    as_json: bool,
) -> int:
    """Hold the record of a run folder to its signed head, and to one that was kept elsewhere.

    Parameters
    ----------
    head : pathlib.Path, optional
        A head kept elsewhere.
    public_key : pathlib.Path, optional
        Of the key that signed. By default the one beside `key_file`.
    key_file : pathlib.Path, optional
        The signing key; by default the user's own.

    Returns
    -------
    int
        0 if all fits, 1 if not.

    Raises
    ------
    UsageError
        If something cannot be read, or there is no record.
    """
    folder = open_run_folder(out, private=private)
    log, key = folder.audit, _public_key(public_key, key_file)
    # Heads before the log: what is appended in between is then behind the head, not missing.
    own, kept = _own_head(log), _kept_head(head)
    if own is None and kept is None and not os.path.lexists(log):
        raise UsageError(f"there is no record in {str(log.parent)!r}; name the --out of a run")
    finding = _finding(folder, own, kept, kept_file=head, key=key)
    if as_json:
        print(json.dumps(_document(finding)))
    else:
        print(_sentence(finding))
    for note in _notes(finding.verdict):
        print(note, file=sys.stderr)
    return 0 if finding.verdict.fits else 1


def audit_head(out: Path, *, private: Path | None, public_key: Path | None, key_file: Path | None) -> int:
    """Print the signed head as JSON, to be kept elsewhere.

    Returns
    -------
    int
        0; 1 if there is none or its signature does not fit, and nothing is printed.

    Raises
    ------
    UsageError
        If something cannot be read.
    """
    log = open_run_folder(out, private=private).audit
    head = _own_head(log)
    trust = trust_in(head, _public_key(public_key, key_file))
    if head is None or trust != FITS:
        reason = "no-head" if head is None else trust
        print(f"{_REASONS[reason]} ({str(head_file(log))!r})", file=sys.stderr)
        return 1
    print(head.to_json())
    return 0


def _public_key(public_key: Path | None, key_file: Path | None) -> PublicKey:
    if public_key is not None and key_file is not None:
        raise UsageError("--public-key and --key-file name a key each; give one of them")
    if public_key is not None:
        return load_public_key(public_key)
    path = key_file or default_signing_key()
    if path.exists():
        return load_signing_key(path, create=False).public
    if public_file(path).exists():
        return load_public_key(public_file(path))
    raise UsageError(
        f"there is no key {str(public_file(path))!r} to check signatures with; name it with --public-key"
    )


def _own_head(log: Path) -> Head | None:
    try:
        return read_head(head_file(log))
    except FileNotFoundError:
        return None


def _kept_head(path: Path | None) -> Head | None:
    try:
        return read_head(path) if path is not None else None
    except FileNotFoundError:
        raise UsageError(f"head {str(path)!r} is missing; name the file that it was kept in") from None


def _finding(
    folder: RunFolder, own: Head | None, kept: Head | None, *, kept_file: Path | None, key: PublicKey
) -> _Finding:
    """What the folder's own head shows; if it shows nothing, what the one kept elsewhere does."""
    log = folder.audit
    chain = read_chain(log, at=[head.count for head in (own, kept) if head is not None])
    found = _Finding(judge(chain, own, key), own, head_file(log))
    if found.verdict.fits and kept is not None and kept_file is not None:
        held_to_kept = _Finding(judge(chain, kept, key), kept, kept_file)
        if not held_to_kept.verdict.fits:
            return held_to_kept
    if found.verdict.fits and own is None and not _is_only_begun(folder, found.verdict):
        # Before the first line there is a head: somebody removed it.
        return replace(found, verdict=replace(found.verdict, reason="no-head"))
    return found


def _is_only_begun(folder: RunFolder, verdict: Verdict) -> bool:
    """Whether a first run was killed between making the log and signing that it is empty.

    Not where the ledger knows a recording: then there were lines.
    """
    if verdict.count or not os.path.lexists(folder.audit):
        return False
    with closing(Ledger(folder.ledger)) as ledger:
        return not any(ledger.counts().values())


def _document(finding: _Finding) -> dict[str, object]:
    verdict = finding.verdict
    return {
        "fits": verdict.fits,
        "lines": verdict.count,
        "first_bad_line": verdict.first_bad_line,
        "reason": verdict.reason,
        "head": finding.head.to_document() if finding.head else None,
        "head_file": os.fspath(finding.file),
        "head_trust": verdict.head,
        "lines_after_head": verdict.lines_after_head,
        "times_back": verdict.times_back,
        "repairs": verdict.repairs,
    }


def _sentence(finding: _Finding) -> str:
    verdict, head = finding.verdict, finding.head
    if head is not None and verdict.fits:
        signed = f"signed up to line {head.count} at {head.time} with key {head.key}"
        return f"the record fits: {verdict.count} lines, {signed}"
    if verdict.fits:
        return "the record fits: it is empty, and the next run signs it"
    subject = "the record" if verdict.first_bad_line is None else f"line {verdict.first_bad_line}"
    return f"{subject} does not fit: {_REASONS[verdict.reason]}; held to head {str(finding.file)!r}"


def _notes(verdict: Verdict) -> list[str]:
    # A head that nobody can believe counts no line: that says nothing of the lines.
    after_head = verdict.lines_after_head if verdict.head == FITS else 0
    notes = {
        "lines after the head are not signed: a process was killed, or somebody added them; the next run "
        "signs them and records that it did": after_head,
        "lines have a time before that of the line above: clocks jump": verdict.times_back,
        "lines record what a killed process left (repaired, adopted)": verdict.repairs,
    }
    return [f"{number} {text}" for text, number in notes.items() if number]
