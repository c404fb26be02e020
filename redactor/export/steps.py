"""The steps of a request up to its approval: opened, identified, addressed, planned, approved; its deadline."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from redactor.errors import UsageError
from redactor.export.binding import manifest_digest
from redactor.export.entries import Approval, State
from redactor.export.instants import instant
from redactor.export.moves import Step, check_move
from redactor.export.plan import Choice, Planned, Preview, plan
from redactor.export.request_entries import EXTENDED_MONTHS, Request, deadline_of, recipient_key, slug
from redactor.export.requests import RequestStore
from redactor.export.tools import Tools, check_manifest, counting_approvals, current, redone_in, take


@dataclass(frozen=True)
class Outcome:
    """A request after a plan; without a preview it was refused, for there is nothing of this subject."""

    request: Request
    preview: Preview | None


def open_request(store: RequestStore, tools: Tools, request: Request) -> Request:
    """Store a request, on record."""
    fields = {"purpose": request.purpose.value, "handler": request.handler, "subject": request.subject}
    return store.add(
        request, by=tools.by, on_record=lambda: tools.record(Step.OPEN.value, request.id, fields)
    )


def identify(store: RequestStore, tools: Tools, request: str, *, proof: str, second_factor: str) -> Request:
    """Keep how the requester was proven to be who they say: references, never a document.

    Raises
    ------
    UsageError
        If one of them is no reference, both are one, or the request is past this.
    """
    change = {
        "identity_proof": slug(proof, "the proof"),
        "second_factor": slug(second_factor, "the second factor"),
    }
    if proof.casefold() == second_factor.casefold():
        raise UsageError("the second factor is another than the proof; name how that was confirmed")
    return take(
        store, tools, current(store, tools, request), Step.IDENTIFY, detail=dict(change), change=change
    )


def address(store: RequestStore, tools: Tools, request: str, *, recipient: str, proof: str) -> Request:
    """Keep the recipient's public key, and how its fingerprint was proven to be theirs.

    Raises
    ------
    UsageError
        If it is no key of age, or the request is planned already.
    """
    change = {"recipient": recipient_key(recipient), "recipient_proof": slug(proof, "the proof of the key")}
    detail = {"key": hashlib.sha256(recipient.encode()).hexdigest(), "proof": proof}
    return take(store, tools, current(store, tools, request), Step.RECIPIENT, detail=detail, change=change)


def extend(store: RequestStore, tools: Tools, request: str, *, reason: str) -> Request:
    """Extend the deadline by two months, once, while the first one is not over: GDPR Art. 12(3).

    That makes it right only if the requester is told so, and why, before the first deadline.

    Parameters
    ----------
    reason : str
        Slug: the complexity or the number of requests, in a word.

    Raises
    ------
    UsageError
        If the reason is no word, the deadline was extended before or is over, or the request has ended.
    """
    word = slug(reason, "the reason")
    found = current(store, tools, request)
    check_move(Step.EXTEND, found.state, None)
    if found.extended is not None:
        raise UsageError("the deadline was extended already, and it can be once; answer the request")
    if not tools.clock() < found.deadline:
        raise UsageError("the deadline is over and cannot be extended any more; answer the request")
    deadline = deadline_of(found.opened_at, num_months=EXTENDED_MONTHS)
    detail = {"reason": word, "deadline": instant(deadline)}
    change = {"deadline": deadline, "extended": word}
    return take(store, tools, found, Step.EXTEND, detail=detail, change=change)


def make_plan(store: RequestStore, tools: Tools, request: str, choice: Choice) -> Outcome:
    """Freeze what goes in; approvals of an earlier plan count no more.

    Raises
    ------
    UsageError
        If nothing is left to go in, or the request is not at this.
    """
    found = current(store, tools, request)
    check_move(Step.PLAN, found.state, State.PLANNED)
    if found.recipient is None:
        raise UsageError("it is not known for whom this is; `export recipient` comes first")
    where = redone_in(found.id)

    def redact(names, policy, channels):
        return tools.redact(found.id, names, policy, channels)

    planned = plan(found, choice, holdings=tools.holdings, redact=redact, redone_in=where)
    if planned is None:
        if found.state is not State.IDENTIFIED:
            raise UsageError("nothing of this subject is here any more; stop the request with `export deny`")
        return Outcome(take(store, tools, found, Step.REFUSE, detail={"reason": "no-recordings"}), None)
    return Outcome(_freeze(store, tools, found, planned), planned.preview)


def _freeze(store: RequestStore, tools: Tools, found: Request, planned: Planned) -> Request:
    document = planned.manifest.document()
    sha256 = manifest_digest(document)
    change = {
        "manifest": document,
        "manifest_sha256": sha256,
        "entries": dict(planned.entries),
        "approvals": (),
    }
    detail = {"manifest": sha256, "count": len(planned.manifest.lines), **_counts(planned.preview)}
    return take(store, tools, found, Step.PLAN, detail=detail, change=change)


def _counts(preview: Preview) -> dict[str, int]:
    return {
        "redone": preview.redone,
        "kept-own": preview.kept_own,
        "left-out": sum(preview.left_out.values()),
    }


def add_approval(store: RequestStore, tools: Tools, request: str, approval: Approval) -> Request:
    """Take an approval; with two that count the request is approved. A newer one takes an older one's place.

    One that was handed in before changes nothing and is no other event.

    Raises
    ------
    BindingError
        If the manifest does not fit any more; the request is stopped.
    UsageError
        If the approval does not count; it is on record that it was tried.
    """
    found = current(store, tools, request)
    check_move(Step.APPROVE, found.state, found.state)
    check_manifest(store, tools, found)
    now = tools.clock()
    try:
        tools.check_approval(approval, found, now)
    except UsageError as error:
        rule = str(getattr(error, "reason", "approval"))
        take(store, tools, found, Step.CHECK, to=found.state, detail={"rule": rule})
        raise
    approvals = (*(a for a in found.approvals if a.approver != approval.approver), approval)
    to = found.state
    if to is State.PLANNED and _are_two(tools, replace(found, approvals=approvals), now):
        to = State.APPROVED
    if approval in found.approvals and to is found.state:
        return found
    detail = {"approver": approval.approver, "manifest": approval.manifest}
    return take(store, tools, found, Step.APPROVE, to=to, detail=detail, change={"approvals": approvals})


def _are_two(tools: Tools, found: Request, now: float) -> bool:
    try:
        tools.check_approvals(counting_approvals(tools, found, now), found, now)
    except UsageError:
        return False
    return True
