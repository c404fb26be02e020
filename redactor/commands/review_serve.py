"""``redactor review`` ``serve``, ``invite``, ``revoke`` and ``people``."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from redactor.errors import UsageError
from redactor.extras import install_command
from redactor.review.entries import Finding, Item, Role
from redactor.review.opening import opened_review
from redactor.review.people import People
from redactor.review.queue import Queue
from redactor.review.redo import Redo
from redactor.review.serve.hosts import is_loopback
from redactor.review.store import ReviewStore
from redactor.runfolder import RunFolder, open_run_folder
from redactor.runthrough import record_of, settings_of

if TYPE_CHECKING:
    from redactor.review.serve.app import Site


def review_serve(
    out: Path,
    *,
    private: Path | None,
    host: str,
    port: int,
    tls_cert: Path | None,
    tls_key: Path | None,
) -> int:
    """Serve the reviewers' page until it is interrupted.

    Parameters
    ----------
    host : str
        An address that other machines reach needs a certificate and its key.
    port : int
        0 for one that is free.

    Returns
    -------
    int
        0.

    Raises
    ------
    UsageError
        If names were kept, nothing was drawn, or the address cannot be had.
    """
    try:
        from redactor.review.serve.server import Address, check_address, serve
    except ImportError as error:
        raise UsageError(
            f"the reviewers' page needs {error.name}: {install_command('review')}"
        ) from None
    address = Address(host, port, tls_cert, tls_key)
    check_address(address)
    folder = open_run_folder(out, private=private)
    redo = Redo(folder)
    with opened_review(folder) as store:
        site = _site(folder, store, redo)
        redo.start()
        try:
            with contextlib.suppress(KeyboardInterrupt):  # the server may have taken the signal for itself
                serve(site, address, ready=_say_where)
        finally:
            redo.stop()
    print("stopped; every verdict that was given is kept", file=sys.stderr)
    return 0


def _site(folder: RunFolder, store: ReviewStore, redo: Redo) -> Site:
    from redactor.review.clips import REVIEW_FOLDER
    from redactor.review.comments import LazySearch, policy_search
    from redactor.review.consequences import withdraw_findings
    from redactor.review.serve.app import Site

    settings = settings_of(folder)
    record = record_of(folder, settings)

    def on_leak(item: Item, findings: Sequence[Finding]) -> None:
        withdraw_findings(folder, store, findings)
        redo.ask()

    def on_listen(reviewer: str, item: Item) -> None:
        record.listened(item.id, item.name, reviewer)

    return Site(
        store=store,
        release=folder.release,
        private=folder.private / REVIEW_FOLDER,
        search=LazySearch(lambda: policy_search(settings.policy)),
        on_leak=on_leak,
        on_listen=on_listen,
        now=time.time,
    )


def review_invite(
    out: Path,
    *,
    private: Path | None,
    label: str,
    role: str,
    hours: float,
    base_url: str,
    as_json: bool,
) -> int:
    """Print a link for somebody; nobody can find it out again.

    Parameters
    ----------
    label : str
        The operator's word for them; who was invited under it before is the same person.
    role : {"reviewer", "operator"}
    hours : float
        Until the link expires.
    base_url : str
        Where they reach the server.

    Returns
    -------
    int
        0.

    Raises
    ------
    UsageError
    """
    link = f"{_origin(base_url)}/enter/"
    with opened_review(open_run_folder(out, private=private)) as store:
        invitation = People(store).invite(label, Role(role), lifetime_s=hours * 3600)
    link += invitation.token
    expires = datetime.fromtimestamp(invitation.expires, UTC).isoformat(timespec="minutes")
    reviewer = invitation.reviewer
    if as_json:
        document = {"reviewer": reviewer.id, "label": label, "role": role, "link": link, "expires": expires}
        print(json.dumps(document))
    else:
        print(link)
    print(
        f"for {reviewer.label} ({reviewer.role}, {reviewer.id}) alone, once, until {expires}; earlier links of "
        "theirs that were not used are void",
        file=sys.stderr,
    )
    return 0


def _origin(base_url: str) -> str:
    """Scheme, host and port of a URL, which is nothing else."""
    try:
        url = urlsplit(base_url)
        is_origin = url.hostname and not (url.path.strip("/") or url.query or url.fragment or "@" in url.netloc)
    except ValueError:
        is_origin = False
    if not is_origin or url.scheme not in ("http", "https"):
        raise UsageError(f"--url {base_url!r} is none such as https://review.example:8765")
    if url.scheme == "http" and not is_loopback(url.hostname):
        raise UsageError(f"--url {base_url!r} leads to another machine, which needs https")
    return f"{url.scheme}://{url.netloc}"


def review_revoke(out: Path, *, private: Path | None, reviewer: str) -> int:
    """Shut somebody out at once.

    Returns
    -------
    int
        0.

    Raises
    ------
    UsageError
        If nobody has this id, or they are out already.
    """
    with opened_review(open_run_folder(out, private=private)) as store:
        if not People(store).revoke(reviewer):
            raise UsageError(f"{reviewer!r} is nobody who could enter; `redactor review people` lists ids")
    print("their links and sessions are ended; their verdicts stand", file=sys.stderr)
    return 0


def review_people(out: Path, *, private: Path | None, as_json: bool) -> int:
    """List who was invited, and how far they are.

    Returns
    -------
    int
        0.
    """
    with opened_review(open_run_folder(out, private=private)) as store:
        everybody, queue = People(store).everybody(), Queue(store)
        rows = [
            {
                "reviewer": person.reviewer.id,
                "label": person.reviewer.label,
                "role": person.reviewer.role.value,
                "invitation": person.invitation,
                "is_in": person.is_in,
                "verdicts": queue.progress(person.reviewer.id).done,
            }
            for person in everybody
        ]
    if as_json:
        print(json.dumps({"people": rows}))
        return 0
    for row in rows:
        state = "is in" if row["is_in"] else f"link {row['invitation']}"
        print(f"{row['reviewer']}  {row['role']:8}  {row['label']}: {state}, {row['verdicts']} verdicts")
    if not rows:
        print("nobody was invited yet; use `redactor review invite`", file=sys.stderr)
    return 0


def _say_where(url: str) -> None:
    print(f"serving at {url}; invite with `redactor review invite`; Ctrl-C ends it", file=sys.stderr)
