"""``redactor export open`` and ``redactor export verify``, for the person who gets a package."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Callable
from pathlib import Path

from redactor.audit import PublicKey, load_public_key
from redactor.errors import UsageError
from redactor.export.package.opener import open_package
from redactor.export.package.seal import identity_from, is_wrapped, read_identity_file
from redactor.export.package.verify import Report, Trust, verify_package

Ask = Callable[[str], str]


def export_open(
    file: Path,
    *,
    identity: Path,
    inner: Path,
    to: Path,
    root_key: Path | None,
    as_json: bool,
    trust_in: Callable[[PublicKey], Trust],
    ask: Ask = getpass.getpass,
) -> int:
    """Unpack a sealed package, all of it or nothing.

    Parameters
    ----------
    identity, inner : pathlib.Path
        Files of the recipient's own identity, and of the one that was handed over for this request.
    to : pathlib.Path
        A folder that is not there yet.
    root_key : pathlib.Path, optional
        Public half of the sender's root key; without it signatures are not checked.
    trust_in : callable
        What to hold signatures to, given that key.
    ask : callable
        Asks for a passphrase where the file of an identity is under one.

    Returns
    -------
    int
        0

    Raises
    ------
    UsageError, StoreError
        See :func:`redactor.export.package.opener.open_package`.
    """
    trust = None if root_key is None else trust_in(load_public_key(root_key))
    outer_key, inner_key = _identity(identity, ask), _identity(inner, ask)
    report = open_package(file, to, outer=outer_key, inner=inner_key, trust=trust)
    if as_json:
        print(json.dumps({"to": str(to), **_summary(report)}))
    _say(report)
    print(f"opened to {str(to)!r}; begin with README.txt or index.html", file=sys.stderr)
    if report.approvers is None:
        print(
            "signatures were not checked; `redactor export verify` does, with the sender's root key got over "
            "another way",
            file=sys.stderr,
        )
    return 0


def export_verify(
    target: Path,
    *,
    root_key: Path,
    identity: Path | None,
    inner: Path | None,
    as_json: bool,
    trust_in: Callable[[PublicKey], Trust],
    ask: Ask = getpass.getpass,
) -> int:
    """Check a package, sealed or unpacked: every file, and every signature up to the root key.

    Parameters
    ----------
    target : pathlib.Path
        Folder, or file; a sealed one needs both identities.

    Returns
    -------
    int
        0 if all of it is good; anything else is an error.

    Raises
    ------
    UsageError, StoreError
        See :func:`redactor.export.package.verify.verify_package`.
    """
    if (identity is None) != (inner is None):
        raise UsageError("--identity and --inner go together: a sealed package has two layers")
    trust = trust_in(load_public_key(root_key))
    outer_key = None if identity is None else _identity(identity, ask)
    inner_key = None if inner is None else _identity(inner, ask)
    report = verify_package(target, trust, outer=outer_key, inner=inner_key)
    if as_json:
        print(json.dumps(_summary(report)))
    _say(report)
    print("every file is what the sender put in, and every signature leads to the root key", file=sys.stderr)
    return 0


def _identity(path: Path, ask: Ask) -> str:
    data = read_identity_file(path)
    passphrase = _asked(path, ask) if is_wrapped(data) else None
    return identity_from(data, where=str(path), passphrase=passphrase)


def _asked(path: Path, ask: Ask) -> str:
    try:
        return ask(f"passphrase of {path.name}: ")
    except (EOFError, OSError, UnicodeError):
        raise UsageError(
            f"identity {str(path)!r} is under a passphrase, and there is no terminal to ask for it on; work on "
            "one, or write the passphrase to stdin"
        ) from None


def _summary(report: Report) -> dict[str, object]:
    manifest = report.manifest
    return {
        "request": manifest.export.request,
        "purpose": manifest.export.purpose.value,
        "part": manifest.part.value,
        "recordings": len(manifest.export.lines),
        "files": len(manifest.files),
        "bytes": sum(file.size for file in manifest.files),
        "sealed_at": manifest.sealed_at,
        "approvers": None if report.approvers is None else list(report.approvers),
    }


def _say(report: Report) -> None:
    found = _summary(report)
    print(
        f"request {found['request']} ({found['purpose']}, {found['part']}): recordings: "
        f"{found['recordings']}, files: {found['files']}, sealed {found['sealed_at']}",
        file=sys.stderr,
    )
    if report.approvers is not None:
        print(f"approved by {' and '.join(report.approvers)}", file=sys.stderr)
