"""``redactor export``: a request from its canary to its end, and more time for it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from redactor.commands.export_keys import Ask, ask_hidden
from redactor.commands.export_requests import day_of, moment, say_state
from redactor.errors import StoreError, UsageError
from redactor.export.desk import Desk
from redactor.export.entries import State
from redactor.export.facts import Fact, parse_fact
from redactor.export.keys import load_key_pair, read_passphrase, read_secret
from redactor.export.package.readme import Sender
from redactor.export.release import (
    confirm,
    deny,
    expire,
    expire_all,
    kinds_to_ask,
    make_canary,
    may_have_left,
    recall,
    release,
    seal,
)
from redactor.export.request_entries import Request, deadline_of
from redactor.export.sealing import Seal
from redactor.export.steps import extend
from redactor.files import write_once
from redactor.runfolder import locked

_MAX_FACTS_BYTES = 64 * 1024
_UNKNOWN = (
    "no inner identity of this is here any more, but a release was interrupted while it was handed over, and "
    "nobody knows whether it left: whoever has it and the package can open it. Ask who released it, and look "
    "for its file"
)


@dataclass(frozen=True)
class Signing:
    """Who seals, as the command line says it.

    Attributes
    ----------
    key : pathlib.Path
        Of the handler, enrolled as such, or the root key.
    passphrase_file : pathlib.Path or None
        Asked for where there is none.
    organisation, contact : str
    authority : str or None
    """

    key: Path
    passphrase_file: Path | None
    organisation: str
    contact: str
    authority: str | None

    def seal(self, ask: Ask) -> Seal:
        """Read the key."""
        sender = Sender(self.organisation, self.contact, self.authority)
        if self.passphrase_file is not None:
            passphrase = read_passphrase(self.passphrase_file)
        else:
            passphrase = ask(f"passphrase of {str(self.key)!r}: ").encode()
        return Seal(load_key_pair(self.key, passphrase), sender)


def export_canary(
    out: Path,
    *,
    request: str,
    signing: Signing,
    within_days: float,
    private: Path | None,
    subject_key: Path | None,
    ask: Ask = ask_hidden,
) -> int:
    """Seal a small first part for the recipient.

    Returns
    -------
    int
        0.

    Raises
    ------
    UsageError
        If something does not fit; or the approvals do not count.
    StoreError, ModelError
        If it cannot be done.
    """
    desk = Desk(out, private=private, subject_key=subject_key, seal=signing.seal(ask))
    with closing(desk), locked(desk.folder):
        found, identity = make_canary(desk.store, desk.tools, request, within_days=within_days)
        canary, kinds = found.canary, kinds_to_ask(desk.tools, found)
    if canary is not None:
        print(desk.root / canary.path)
        print(
            f"hand it over with its own identity ({str(identity)!r}), and ask over another channel for facts "
            f"that only the subject knows ({', '.join(kinds)}); silence stops the request on "
            f"{moment(canary.until)}",
            file=sys.stderr,
        )
    say_state(found)
    return 0


def export_confirm(
    out: Path,
    *,
    request: str,
    facts: Sequence[str],
    facts_file: Path | None,
    private: Path | None,
    subject_key: Path | None,
) -> int:
    """Hold what the recipient told over another channel to the catalog.

    Returns
    -------
    int
        0 if it is confirmed, 1 if a fact is wrong: the request is stopped.

    Raises
    ------
    UsageError
        If the facts are too few, or are none.
    """
    told = [*facts]
    if facts_file is not None:
        data = read_secret(facts_file, what="facts file", max_bytes=_MAX_FACTS_BYTES)
        told += [line for line in data.decode("utf-8", "replace").splitlines() if line.strip()]
    parsed: list[Fact] = [parse_fact(text) for text in told]
    with closing(Desk(out, private=private, subject_key=subject_key)) as desk:
        found = confirm(desk.store, desk.tools, request, parsed)
    if found.state is State.STOPPED:
        print("a fact is wrong: an incident is open, and nothing of this may leave", file=sys.stderr)
    say_state(found)
    return 0 if found.state is State.CONFIRMED else 1


def export_deny(out: Path, *, request: str, reason: str, private: Path | None) -> int:
    """Somebody says no: stop the request and open an incident.

    Returns
    -------
    int
        0 if it is stopped, 1 if it was released before, or nobody knows whether it was.

    Raises
    ------
    LockedError
        If it is being handed over at this moment.
    """
    with closing(Desk(out, private=private)) as desk:
        found = deny(desk.store, desk.tools, request, reason=reason)
        is_unknown = may_have_left(desk.store, found)
    if found.state is State.RELEASED:
        print("the package was handed over and cannot be taken back; an incident is open", file=sys.stderr)
    elif is_unknown:
        print(_UNKNOWN, file=sys.stderr)
    say_state(found)
    return 1 if found.state is not State.STOPPED or is_unknown else 0


def export_extend(out: Path, *, request: str, reason: str, private: Path | None) -> int:
    """Extend the deadline of a request by two months, once.

    Returns
    -------
    int
        0.

    Raises
    ------
    UsageError
        If it was extended before, the first deadline is over, or the request has ended.
    """
    with closing(Desk(out, private=private)) as desk:
        found = extend(desk.store, desk.tools, request, reason=reason)
    print(day_of(found.deadline))
    print(
        "this holds only if the requester is told so, with the reason, by "
        f"{day_of(deadline_of(found.opened_at))} (GDPR Art. 12(3))",
        file=sys.stderr,
    )
    say_state(found)
    return 0


def export_seal(
    out: Path,
    *,
    request: str,
    signing: Signing,
    days: float,
    private: Path | None,
    subject_key: Path | None,
    ask: Ask = ask_hidden,
) -> int:
    """Write the package in its two layers.

    Returns
    -------
    int
        0.

    Raises
    ------
    UsageError
        If something does not fit; or the approvals do not count.
    StoreError
        If it cannot be written.
    """
    desk = Desk(out, private=private, subject_key=subject_key, seal=signing.seal(ask))
    with closing(desk), locked(desk.folder):
        found = seal(desk.store, desk.tools, request, days=days)
    if found.package is not None:
        print(desk.root / found.package.path)
        print(
            "it opens for nobody before the release, so it may be sent now; without a release it expires on "
            f"{moment(found.package.until)}",
            file=sys.stderr,
        )
    say_state(found)
    return 0


def export_release(
    out: Path,
    *,
    request: str,
    identity_file: Path | None,
    private: Path | None,
    subject_key: Path | None,
) -> int:
    """Look everything up once more, and hand the inner identity over: to a new file, or to stdout.

    Returns
    -------
    int
        0.

    Raises
    ------
    UsageError
        If something does not fit; or the approvals do not count.
    LockedError
        If it is being released or ended at this moment.
    StoreError
        If the file cannot be written; the release can be repeated then.
    """
    if identity_file is not None and identity_file.exists():
        raise UsageError(f"{str(identity_file)!r} is there already and is not overwritten; name another file")
    with closing(Desk(out, private=private, subject_key=subject_key)) as desk:
        found = release(desk.store, desk.tools, request, hand_over=_hand_over(identity_file))
    print(
        "hand it over apart from the package, to the person who was proven; it is not here any more",
        file=sys.stderr,
    )
    say_state(found)
    return 0


def export_recall(out: Path, *, request: str, private: Path | None) -> int:
    """Make a package worthless that was not handed over.

    Returns
    -------
    int
        0, or 1 if nobody knows whether it was: a release was interrupted.

    Raises
    ------
    LockedError
        If it is being handed over at this moment.
    UsageError
        If it was: nothing can be done then.
    """
    return _end(out, request, recall, private)


def export_expire(out: Path, *, request: str | None, private: Path | None) -> int:
    """End a request whose time is over; or, without one, all those that time has ended.

    Returns
    -------
    int
        0.

    Raises
    ------
    UsageError
        If the package was handed over: nothing can be done then.
    """
    if request is not None:
        return _end(out, request, expire, private)
    with closing(Desk(out, private=private)) as desk:
        ended = expire_all(desk.store, desk.tools)
    for found in ended:
        say_state(found)
    print(f"{len(ended)} requests ended", file=sys.stderr)
    return 0


def _end(out: Path, request: str, act: Callable[..., Request], private: Path | None) -> int:
    with closing(Desk(out, private=private)) as desk:
        found = act(desk.store, desk.tools, request)
        is_unknown = may_have_left(desk.store, found)
    never = (
        "no inner identity of this is here any more: its package can never be opened. What was read in a "
        "canary stays read"
    )
    print(_UNKNOWN if is_unknown else never, file=sys.stderr)
    say_state(found)
    return 1 if is_unknown else 0


def _hand_over(target: Path | None) -> Callable[[str], None]:
    def to_file(identity: str) -> None:
        from redactor.export.package.seal import identity_file

        if target is None:
            try:
                sys.stdout.write(identity_file(identity).decode())
                sys.stdout.flush()
            except OSError as error:
                raise StoreError(
                    f"stdout cannot be written: {error.strerror}; release again, or to a file (--identity-file)"
                ) from None
            return
        try:
            is_ours = write_once(target, identity_file(identity))
        except OSError as error:
            raise StoreError(
                f"{str(target)!r} cannot be written: {error.strerror}; release again, to another file"
            ) from None
        if not is_ours:
            raise StoreError(f"{str(target)!r} is there already; release again, to another file")
        print(f"the inner identity is in {str(target)!r}", file=sys.stderr)

    return to_file
