"""What the steps of a request work with, and how one is taken: on record, and stopped by the first misfit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from redactor.errors import UsageError
from redactor.export.binding import BindingError, check_binding
from redactor.export.entries import Approval, Manifest, State
from redactor.export.holdings import Holdings
from redactor.export.moves import Step
from redactor.export.request_entries import Move, Request
from redactor.export.requests import RequestStore
from redactor.ledger import Row
from redactor.policy import Policy

REDACTED = "redacted"
_CANARY = "-canary"


class Redact(Protocol):
    """Redacts recordings into ``private/export/FOLDER/redacted``; `channels`: where the subject's own stays."""

    def __call__(
        self, folder: str, names: Sequence[str], policy: Policy, channels: Mapping[str, int]
    ) -> Mapping[str, Row]: ...


@dataclass(frozen=True)
class Sealing:
    """What is to be sealed.

    Attributes
    ----------
    request : Request
    manifest : Manifest
        Of the package, or of the canary.
    sources : mapping of str to pathlib.Path
        Source of a line -> its ``release/`` folder.
    approvals : tuple of Approval
        The two that count.
    target : pathlib.Path
    inner : str
        Recipient of the inner layer; the outer is the request's.
    is_canary : bool
    at : float
        Seconds since the epoch.
    """

    request: Request
    manifest: Manifest
    sources: Mapping[str, Path]
    approvals: tuple[Approval, ...]
    target: Path
    inner: str
    is_canary: bool
    at: float


@dataclass(frozen=True)
class Tools:
    """Everything outside the store.

    Attributes
    ----------
    holdings : Holdings
    root : pathlib.Path
        ``private/export``.
    redact : Redact
    check_approval : callable
        Raises unless this approval counts for the request at a time; returns the person's id.
    check_approvals : callable
        Raises unless these are two that count together.
    seal : callable
        Writes a package and returns its SHA-256.
    new_identity : callable
        Identity and recipient, of age.
    risk : callable
        Of a NAME; the lower, the better it goes into a canary.
    account_hash : callable
    strict : callable
        The policy of canaries.
    record : callable
        Puts a step on record: step, id of the request, fields.
    clock : callable
        Seconds since the epoch.
    by : str
        Who is at work.
    """

    holdings: Holdings
    root: Path
    redact: Redact
    check_approval: Callable[[Approval, Request, float], str]
    check_approvals: Callable[[Sequence[Approval], Request, float], Any]
    seal: Callable[[Sealing], str]
    new_identity: Callable[[], tuple[str, str]]
    risk: Callable[[str], float]
    account_hash: Callable[[str], str]
    strict: Callable[[], Policy]
    record: Callable[[str, str, Mapping[str, Any]], None]
    clock: Callable[[], float]
    by: str


def redone_in(request: str, *, is_canary: bool = False) -> str:
    """Where redactions made for a request lie, as a line of a manifest names it."""
    return f"{request}{_CANARY if is_canary else ''}/{REDACTED}"


def take(
    store: RequestStore,
    tools: Tools,
    request: Request,
    step: Step,
    *,
    to: State | None = None,
    detail: Mapping[str, Any] | None = None,
    change: Mapping[str, Any] | None = None,
    secret: str | None = None,
    incident: tuple[str, int | None] | None = None,
) -> Request:
    """Take a request a step on, on record; see :meth:`RequestStore.move`."""
    fields = dict(detail or {})
    if incident is not None:
        fields |= {"rule": incident[0], "line": incident[1]}
    move = Move(step, tools.clock(), tools.by, to, fields, change or {}, secret, incident)
    return store.move(request, move, on_record=lambda: tools.record(step.value, request.id, fields))


def stop(
    store: RequestStore, tools: Tools, request: Request, rule: str, line: int | None = None
) -> Request:
    """Stop a request for good and open an incident; what is sealed and not handed over becomes worthless."""
    return take(store, tools, request, Step.STOP, incident=(rule, line))


def current(store: RequestStore, tools: Tools, request: str) -> Request:
    """A request as it is now: silence has stopped it, and time has let it expire, before anything is done."""
    return lapse(store, tools, store.get(request))


def lapse(store: RequestStore, tools: Tools, request: Request) -> Request:
    """What time alone does to a request."""
    now = tools.clock()
    if request.state is State.CANARY and request.canary is not None and not now < request.canary.until:
        return stop(store, tools, request, "silence")
    if request.state is State.SEALED and request.package is not None and not now < request.package.until:
        return take(store, tools, request, Step.EXPIRE)
    return request


@dataclass(frozen=True)
class Held:
    """A manifest that fits, and the two approvals that count for it."""

    manifest: Manifest
    approvals: tuple[Approval, ...]


def check_manifest(store: RequestStore, tools: Tools, request: Request, *, is_canary: bool = False) -> Manifest:
    """Hold the request's manifest to what is here; a misfit stops the request.

    Raises
    ------
    BindingError
    UsageError
        If there is no manifest.
    """
    document = request.canary_manifest if is_canary else request.manifest
    if document is None or request.manifest_sha256 is None:
        raise UsageError("the request was not planned yet; `export plan` comes first")
    sources = (redone_in(request.id, is_canary=is_canary),)
    try:
        return check_binding(
            document,
            None if is_canary else request.manifest_sha256,
            request=request,
            holdings=tools.holdings,
            sources=sources if is_canary else ("release", *sources),
        )
    except BindingError as error:
        stop(store, tools, request, error.rule, error.line)
        raise


def hold(store: RequestStore, tools: Tools, request: Request) -> Held:
    """Manifest and approvals, both afresh.

    Raises
    ------
    BindingError
        Then the request is stopped.
    UsageError
        If the approvals do not count (any more); it is on record that they were asked for.
    """
    manifest = check_manifest(store, tools, request)
    now = tools.clock()
    counting = counting_approvals(tools, request, now)
    try:
        tools.check_approvals(counting, request, now)
    except UsageError as error:
        rule = str(getattr(error, "reason", "approvals"))
        take(store, tools, request, Step.CHECK, to=request.state, detail={"rule": rule})
        raise
    return Held(manifest, counting)


def counting_approvals(tools: Tools, request: Request, now: float) -> tuple[Approval, ...]:
    """The first two of different people that count by themselves; fewer where there are no two."""
    found: dict[str, Approval] = {}
    for approval in request.approvals:
        try:
            found.setdefault(tools.check_approval(approval, request, now), approval)
        except UsageError:
            continue
    return tuple(found.values())[:2]
