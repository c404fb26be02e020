"""The steps of a request after its approval: a canary, its confirmation, the package, and the handing over.

Until the inner identity of a package is handed over, destroying it makes the package worthless wherever it is.
After that nothing does, and this says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from redactor.audit.lines import keyed_digest
from redactor.errors import StoreError, UsageError
from redactor.export.binding import manifest_of
from redactor.export.entries import CatalogEntry, Manifest, ManifestLine, Purpose, State
from redactor.export.facts import Fact, are_of_others, judge_facts, kinds_held
from redactor.export.holdings import digest_of, files_of, misfit
from redactor.export.instants import DAY_S
from redactor.export.moves import Step, check_move
from redactor.export.request_entries import Request, Sealed, slug
from redactor.export.requests import RequestStore
from redactor.export.tools import (
    Held,
    Sealing,
    Tools,
    check_manifest,
    current,
    hold,
    lapse,
    redone_in,
    stop,
    take,
)
from redactor.files import make_private_dir, write_atomic
from redactor.ledger import Row
from redactor.locks import lock_held

CONFIRM_WITHIN_DAYS = 14
PACKAGE_DAYS = 30
# Of more recordings than this, so many go into the canary; of no more, one.
CANARY_SIZE = 3
CANARY_NAME = "canary.age"
CANARY_IDENTITY = "canary-identity.txt"
PACKAGE_NAME = "package.age"
_LOCK_NAME = "lock"


def make_canary(
    store: RequestStore, tools: Tools, request: str, *, within_days: float = CONFIRM_WITHIN_DAYS
) -> tuple[Request, Path]:
    """Seal strict transcripts of the recordings that risk least, for the recipient to tell whose they are.

    It holds no date, device or number of recordings: what confirms it may not be read in it.

    Returns
    -------
    request : Request
    identity : pathlib.Path
        File of the canary's own identity, to be handed over with it.

    Raises
    ------
    BindingError
        If something does not fit; the request is stopped.
    UsageError
        If the approvals do not count, or nothing could be redacted strictly.
    """
    found = current(store, tools, request)
    check_move(Step.CANARY, found.state, None)
    if not 0 < within_days <= CONFIRM_WITHIN_DAYS:
        raise UsageError(f"a canary is to be confirmed within {CONFIRM_WITHIN_DAYS} days at most; name fewer")
    held = hold(store, tools, found)
    lines = _canary_lines(tools, found, held.manifest)
    manifest = Manifest(found.id, found.purpose, found.subject, lines, {})
    check_manifest(store, tools, replace(found, canary_manifest=manifest.document()), is_canary=True)
    inner, recipient = tools.new_identity()
    now = tools.clock()
    canary = _seal(tools, found, held, manifest, recipient, now=now, is_canary=True)
    sealed = replace(canary, until=now + within_days * DAY_S)
    target = tools.root / found.id / CANARY_IDENTITY
    _write_identity(target, inner)
    change = {"canary": sealed, "canary_manifest": manifest.document()}
    detail = {"sha256": sealed.sha256, "count": len(lines)}
    return take(store, tools, found, Step.CANARY, detail=detail, change=change), target


def _canary_lines(tools: Tools, found: Request, manifest: Manifest) -> tuple[ManifestLine, ...]:
    wanted = CANARY_SIZE if len(manifest.lines) > CANARY_SIZE else 1
    owners = {line.name: line for line in manifest.lines}
    waiting = sorted(owners, key=lambda name: (tools.risk(name), name))
    folder = redone_in(found.id, is_canary=True).partition("/")[0]
    lines: list[ManifestLine] = []
    while waiting and len(lines) < wanted:
        batch, waiting = waiting[: wanted - len(lines)], waiting[wanted - len(lines) :]
        # With those that are in already: what is not named is removed from the folder.
        names = sorted({*batch, *(line.name for line in lines)})
        done = tools.redact(folder, names, tools.strict(), {})
        made = (_canary_line(tools, found, owners[name], done[name]) for name in batch if name in done)
        lines += [line for line in made if line is not None]
    if not lines:
        raise UsageError("none of the recordings has a strict transcript, so no canary; stop the request")
    return tuple(sorted(lines, key=lambda line: line.name))


def _canary_line(tools: Tools, found: Request, line: ManifestLine, row: Row) -> ManifestLine | None:
    where = redone_in(found.id, is_canary=True)
    files = files_of(row, transcripts_only=True)
    entry = tools.holdings.catalog.entry(line.name)
    if not files or entry is None or misfit(tools.holdings, entry, tools.holdings.source(where)):
        return None
    return replace(
        line,
        input_keyed=keyed_digest(tools.holdings.key, row.input_sha256 or ""),
        source=where,
        policy=str(((row.provenance or {}).get("policy") or {}).get("digest") or ""),
        recorded_at=None,
        files=tuple((file.path, file.sha256, file.num_bytes) for file in files),
    )


def confirm(store: RequestStore, tools: Tools, request: str, facts: Sequence[Fact]) -> Request:
    """Hold what the recipient told over another channel to the catalog.

    Returns
    -------
    Request
        Confirmed; or stopped, if a fact is wrong: an incident is open then.

    Raises
    ------
    UsageError
        If the facts are too few to prove anything, or the catalog cannot tell whether one is right; nothing is
        changed. If they are right and another subject
        could tell the same; nothing is changed but that it is on record.
    BindingError
        If something does not fit; the request is stopped.
    """
    found = current(store, tools, request)
    check_move(Step.CONFIRM, found.state, None)
    held = hold(store, tools, found)
    check_manifest(store, tools, found, is_canary=True)
    judged = judge_facts(facts, _entries(tools, found, held.manifest), account_hash=tools.account_hash)
    if judged.wrong:
        return stop(store, tools, found, "facts")
    _check_theirs_alone(store, tools, found, facts)
    change = {"confirmed_by": judged.matching}
    return take(store, tools, found, Step.CONFIRM, detail={"facts": list(judged.matching)}, change=change)


def _check_theirs_alone(store: RequestStore, tools: Tools, found: Request, facts: Sequence[Fact]) -> None:
    """Refuse facts that do not tell the subject from the others.

    For other purposes than access nobody is to be told from anybody: the recipient, who is none of the
    subjects, is known by what was agreed on with them, which is what the manifest holds.
    """
    if found.purpose is not Purpose.SUBJECT_ACCESS:
        return
    others = tools.holdings.catalog.by_subject()
    if are_of_others(facts, others, subject=found.subject, account_hash=tools.account_hash):
        take(store, tools, found, Step.CHECK, to=found.state, detail={"rule": "facts-of-others"})
        raise UsageError(
            "these facts hold, or may hold, for another subject of the catalog too, and so do not tell who has "
            "the canary; ask the recipient for another one, such as the account, and give all of them"
        )


def _entries(tools: Tools, found: Request, manifest: Manifest) -> list[CatalogEntry]:
    """The recordings that a recipient can know of."""
    if found.purpose is Purpose.SUBJECT_ACCESS:
        return tools.holdings.catalog.of_subject(found.subject)
    entries = (tools.holdings.catalog.entry(line.name) for line in manifest.lines)
    return [entry for entry in entries if entry is not None]


def kinds_to_ask(tools: Tools, found: Request) -> tuple[str, ...]:
    """Kinds of facts that a recipient may be asked for, since the catalog can tell whether they are right."""
    return kinds_held(_entries(tools, found, manifest_of(found.manifest or {})))


def deny(store: RequestStore, tools: Tools, request: str, *, reason: str = "denied") -> Request:
    """Somebody says no: the request is stopped, or an incident is opened after the release.

    Raises
    ------
    LockedError
        If another process is handing it over.
    """
    rule = slug(reason, "the reason")
    with _not_handing_over(store, tools, request) as found:
        if found.state is State.RELEASED and found.handed_over:
            return take(store, tools, found, Step.INCIDENT, incident=(rule, None))
        return stop(store, tools, found, rule)


def seal(store: RequestStore, tools: Tools, request: str, *, days: float = PACKAGE_DAYS) -> Request:
    """Write the package in its two layers; its inner identity stays here.

    Raises
    ------
    BindingError
        If something does not fit, before or after; the request is stopped.
    UsageError
        If the approvals do not count.
    """
    found = current(store, tools, request)
    check_move(Step.SEAL, found.state, None)
    if not 0 < days <= PACKAGE_DAYS:
        raise UsageError(f"a package that waits to be released expires within {PACKAGE_DAYS} days; name fewer")
    held = hold(store, tools, found)
    inner, recipient = tools.new_identity()
    now = tools.clock()
    package = _seal(tools, found, held, held.manifest, recipient, now=now, is_canary=False)
    # Once more: it may have taken hours, and nothing that was exchanged meanwhile may be in it.
    check_manifest(store, tools, found)
    change = {"package": replace(package, until=now + days * DAY_S)}
    detail = {"sha256": package.sha256, "count": len(held.manifest.lines)}
    return take(store, tools, found, Step.SEAL, detail=detail, change=change, secret=inner)


def _seal(
    tools: Tools, found: Request, held: Held, manifest: Manifest, inner: str, *, now: float, is_canary: bool
) -> Sealed:
    target = _folder_of(tools, found) / (CANARY_NAME if is_canary else PACKAGE_NAME)
    try:
        target.unlink(missing_ok=True)  # of a process that was killed before it was on record
    except OSError as error:
        raise StoreError(f"{str(target)!r} cannot be written: {error.strerror}; free the disk") from None
    roots = {}
    for line in manifest.lines:
        source = tools.holdings.source(line.source)
        if source is None:
            raise StoreError("a folder with redactions for this request is gone; open another request")
        roots[line.source] = source.root
    sealing = Sealing(found, manifest, roots, held.approvals, target, inner, is_canary, now)
    sha256 = tools.seal(sealing)
    names = tuple(line.name for line in manifest.lines)
    return Sealed(f"{found.id}/{target.name}", sha256, now, now, names)


def _folder_of(tools: Tools, found: Request) -> Path:
    folder = tools.root / found.id
    try:
        make_private_dir(tools.root)
        make_private_dir(folder)
    except OSError as error:
        raise StoreError(f"{str(folder)!r} cannot be written: {error.strerror}; free the disk") from None
    return folder


@contextmanager
def _alone(store: RequestStore, tools: Tools, found: Request) -> Iterator[Request]:
    """A request as it is now, held: the store cannot tell who is handing over from who was killed in it.

    The lock is the request's own: no run and no other request, which may take hours, is in the way of a recall.
    """
    refusal = (
        f"another process is releasing or ending request {found.id}; wait for it, or stop it, and try again"
    )
    with lock_held(_folder_of(tools, found) / _LOCK_NAME, refusal=refusal):
        yield current(store, tools, found.id)


@contextmanager
def _not_handing_over(store: RequestStore, tools: Tools, request: str) -> Iterator[Request]:
    """A request as it is now, that nobody is handing over."""
    found = current(store, tools, request)
    if found.state is State.RELEASED:
        with _alone(store, tools, found) as found:
            yield found
    else:
        yield found  # if a release begins meanwhile, the store refuses one of the two


def release(
    store: RequestStore, tools: Tools, request: str, *, hand_over: Callable[[str], None]
) -> Request:
    """Hand the inner identity over, once, after everything was looked up again.

    It is on record before it leaves. Should the handing over fail or be killed, it can be repeated; once it
    ended, the identity is not here any more.

    Parameters
    ----------
    hand_over : callable
        Gets the identity.

    Raises
    ------
    BindingError
        If something does not fit; the request is stopped. The package is worthless then, unless an earlier
        release was killed, see :func:`may_have_left`.
    LockedError
        If another process is releasing or ending it.
    UsageError
        If the approvals do not count, or it was handed over already.
    """
    found = current(store, tools, request)
    check_move(Step.RELEASE, found.state, None)
    with _alone(store, tools, found) as found:
        secret = _to_hand_over(store, tools, found)
        detail = {"sha256": found.package.sha256 if found.package else None}
        released = take(store, tools, found, Step.RELEASE, detail=detail)
        hand_over(secret)
        done = {"handed-over": True}
        return take(store, tools, released, Step.RELEASE, detail=done, change={"handed_over": True})


def _to_hand_over(store: RequestStore, tools: Tools, found: Request) -> str:
    """The inner identity, once all that is here fits."""
    check_move(Step.RELEASE, found.state, None)
    if found.handed_over:
        raise UsageError("the inner identity was handed over already and is not here any more")
    hold(store, tools, found)
    if not _is_whole(tools, found.package):
        stop(store, tools, found, "package")
        raise UsageError("the package on the disk is not the one that was sealed; the request is stopped")
    secret = store.secret(found.id)
    if secret is None:
        stop(store, tools, found, "no-identity")
        raise UsageError("the inner identity is gone and the package opens for nobody; the request is stopped")
    return secret


def _is_whole(tools: Tools, package: Sealed | None) -> bool:
    try:
        return package is not None and digest_of(tools.root, package.path)[0] == package.sha256
    except OSError:
        return False


def recall(store: RequestStore, tools: Tools, request: str) -> Request:
    """Destroy the inner identity while it is here: whoever has the package can never open it.

    Where a release was killed in the handing over, nobody knows that: the request is stopped then, see
    :func:`may_have_left`.

    Raises
    ------
    LockedError
        If another process is handing it over.
    UsageError
        If it was handed over: nothing can be done then.
    """
    with _not_handing_over(store, tools, request) as found:
        _check_not_handed_over(found)
        if found.state is State.RELEASED:
            found = stop(store, tools, found, "recalled-while-handed-over")
        else:
            found = take(store, tools, found, Step.RECALL)
        _remove_canary_identity(tools, found)
        return found


def may_have_left(store: RequestStore, found: Request) -> bool:
    """Whether nobody knows if the inner identity left: handing it over began, and has no end on record."""
    was_begun = any(event.after == State.RELEASED.value for event in store.events(found.id))
    return was_begun and not found.handed_over


def expire(store: RequestStore, tools: Tools, request: str) -> Request:
    """End a request whose time is over; as :func:`recall`, it makes worthless what was not handed over."""
    before = store.get(request)
    found = lapse(store, tools, before)
    if found.state is before.state:
        _check_not_handed_over(found)
        found = take(store, tools, found, Step.EXPIRE)
    _remove_canary_identity(tools, found)
    return found


def expire_all(store: RequestStore, tools: Tools) -> list[Request]:
    """Let time do to all requests what it does to them; those that changed."""
    return [after for before in store.all() if (after := lapse(store, tools, before)).state is not before.state]


def _check_not_handed_over(found: Request) -> None:
    if found.handed_over:
        raise UsageError(
            "the inner identity was handed over: whoever has it and the package can open it, and nothing here "
            "can change that any more; `export deny` opens an incident"
        )


def _write_identity(target: Path, identity: str) -> None:
    try:
        write_atomic(target, identity.encode() + b"\n", mode=0o600)
    except OSError as error:
        raise StoreError(f"{str(target)!r} cannot be written: {error.strerror}; free the disk") from None


def _remove_canary_identity(tools: Tools, found: Request) -> None:
    with suppress(OSError):
        (tools.root / found.id / CANARY_IDENTITY).unlink(missing_ok=True)
