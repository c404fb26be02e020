"""``redactor export``: a request from its opening to its approval, and what there is to see of it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from redactor.commands.export_keys import Ask, Wanted, ask_hidden
from redactor.commands.export_preview import preview_document, preview_lines
from redactor.commands.progress import counted
from redactor.config import load_policy
from redactor.errors import UsageError
from redactor.export.approvals import NUM_APPROVALS, read_approval
from redactor.export.desk import Desk, Own
from redactor.export.entries import Purpose, State
from redactor.export.keys import read_secret
from redactor.export.moves import ENDED, Step, check_move, next_step
from redactor.export.plan import NOTHING_HERE, Choice
from redactor.export.request_entries import Request, new_request
from redactor.export.steps import Outcome, add_approval, address, identify, make_plan, open_request
from redactor.export.subjects import subject_hash
from redactor.export.tools import check_manifest, counting_approvals, current
from redactor.keep import read_identifiers
from redactor.runfolder import locked

_MAX_LIST_BYTES = 64 << 20
_MAX_SUBJECT_BYTES = 2000
_FLOOR = "standard"


@dataclass(frozen=True)
class Wish:
    """What ``export request`` is told.

    Attributes
    ----------
    purpose, handler, note : str
    policy : str or None
        Name, or file.
    transcripts_only, keep_own : bool
    """

    purpose: str
    handler: str
    note: str
    policy: str | None
    transcripts_only: bool
    keep_own: bool


def export_request(
    out: Path,
    *,
    wish: Wish,
    subject_file: Path | None,
    private: Path | None,
    subject_key: Path | None,
    ask: Ask = ask_hidden,
) -> int:
    """Open a request; the subject's id is asked for, or read from a private file.

    Returns
    -------
    int
        0.

    Raises
    ------
    UsageError
        If the id, the policy or an option cannot be used.
    StoreError
        If a store or the record cannot be written.
    """
    if wish.policy is not None:
        load_policy(wish.policy)  # told now, not when half of it is done
    with closing(Desk(out, private=private, subject_key=subject_key)) as desk:
        if subject_file is not None:
            typed = _text(read_secret(subject_file, what="subject file", max_bytes=_MAX_SUBJECT_BYTES))
        else:
            typed = ask("id of the subject, or reference of the project: ")
        request = new_request(
            subject_hash(desk.subject_key, typed),
            Purpose(wish.purpose),
            handler=wish.handler,
            note=wish.note,
            at=time.time(),
            policy=wish.policy,
            transcripts_only=wish.transcripts_only,
            keep_own=wish.keep_own,
        )
        opened = open_request(desk.store, desk.tools, request)
    print(opened.id)
    print(f"to be answered by {day_of(opened.deadline)}; {next_step(opened.state)}", file=sys.stderr)
    return 0


def export_verify_identity(
    out: Path, *, request: str, reference: str, second_factor: str, private: Path | None
) -> int:
    """Keep how the requester was proven to be who they say: references, never a document.

    Returns
    -------
    int
        0.
    """
    with closing(Desk(out, private=private)) as desk:
        say_state(identify(desk.store, desk.tools, request, proof=reference, second_factor=second_factor))
    return 0


def export_recipient(
    out: Path, *, request: str, recipient: str, proof: str, private: Path | None
) -> int:
    """Keep the recipient's public key, and how its fingerprint was proven.

    Returns
    -------
    int
        0.
    """
    from redactor.export.package.seal import check_recipient, fingerprint

    key = check_recipient(recipient)
    with closing(Desk(out, private=private)) as desk:
        found = address(desk.store, desk.tools, request, recipient=key, proof=proof)
    print(fingerprint(key))
    say_state(found)
    return 0


def export_plan(
    out: Path,
    *,
    request: str,
    recordings: Path | None,
    subjects: Path | None,
    own: Path | None,
    check: bool,
    private: Path | None,
    subject_key: Path | None,
    as_json: bool,
) -> int:
    """Freeze what goes in, and say what that is and what is left out.

    Parameters
    ----------
    recordings, subjects : pathlib.Path, optional
        Files with a NAME, or an id of a subject, a line; for purposes other than subject-access.
    own : pathlib.Path, optional
        Private file with the identifiers of the subject that may stay audible.
    check : bool
        Have what nobody checked redacted again, with the check.

    Returns
    -------
    int
        0, or 1 if the subject has no recordings here: the request is refused.

    Raises
    ------
    UsageError
        If nothing is left to go in, or an option cannot be used.
    StoreError, ModelError
        If it cannot be done.
    """
    kept = Own(read_identifiers(own)) if own is not None else None
    desk = Desk(out, private=private, subject_key=subject_key, own=kept)
    with closing(desk), locked(desk.folder):
        found = desk.store.get(request)
        if found.keep_own != (kept is not None):
            raise UsageError("--own goes with a request that was opened with --keep-own, and only with that")
        names = _names(desk, recordings, subjects)
        choice = Choice(
            names=names,
            run_policy=desk.settings.policy,
            asked=load_policy(found.policy) if found.policy else None,
            floor=None if found.purpose is Purpose.SUBJECT_ACCESS else load_policy(_FLOOR),
            check=check,
        )
        outcome = make_plan(desk.store, desk.tools, found.id, choice)
        is_access = found.purpose is Purpose.SUBJECT_ACCESS
        num_spoken_in = len(desk.catalog.with_other(found.subject)) if is_access else 0
    return _say_planned(outcome, num_spoken_in, as_json=as_json)


def _say_planned(outcome: Outcome, num_spoken_in: int, *, as_json: bool) -> int:
    found, preview = outcome.request, outcome.preview
    if as_json:
        told = {"id": found.id, "state": found.state.value}
        told |= {} if preview is None else preview_document(found, preview)
        print(json.dumps({**told, "spoken_in": num_spoken_in}))
    if num_spoken_in:
        print(
            f"they speak in {counted(num_spoken_in, 'recording')} of others too, which no answer to them has: "
            "decide apart from this request what they are told of these",
            file=sys.stderr,
        )
    if preview is None:
        whose = " of recordings of their own alone" if num_spoken_in else ""
        print(f"{NOTHING_HERE}; tell the requester so{whose}. The request is refused", file=sys.stderr)
        return 1
    print("\n".join(preview_lines(preview)), file=sys.stderr)
    print(f"manifest {found.manifest_sha256}", file=sys.stderr)
    say_state(found)
    return 0


def export_approve_file(
    out: Path, *, request: str, approval: Path, private: Path | None, subject_key: Path | None
) -> int:
    """Take an approval that `export approve` has written.

    Returns
    -------
    int
        0 if it counts, whether or not another is needed.

    Raises
    ------
    UsageError
        If it does not count, or the manifest does not fit any more.
    """
    read = read_approval(approval)
    with closing(Desk(out, private=private, subject_key=subject_key)) as desk:
        tools = desk.tools
        before = desk.store.get(request)
        found = add_approval(desk.store, tools, request, read)
        missing = NUM_APPROVALS - len(counting_approvals(tools, found, tools.clock()))
    if found.version == before.version:
        print("this approval was handed in already; nothing was changed", file=sys.stderr)
    if found.state is not State.PLANNED:
        say_state(found)
        return 0
    whose = "one more person has" if missing == 1 else f"{missing} more people have"
    print(
        f"request {found.id}: {NUM_APPROVALS - missing} of {NUM_APPROVALS} approvals; {whose} to approve",
        file=sys.stderr,
    )
    return 0


def export_list(out: Path, *, private: Path | None, as_json: bool) -> int:
    """All requests, what is overdue first.

    Returns
    -------
    int
        0.
    """
    with closing(Desk(out, private=private)) as desk:
        requests = desk.store.all()
        incidents = {incident.request for incident in desk.store.incidents()}
    now = time.time()
    rows = [_row(request, now, has_incident=request.id in incidents) for request in requests]
    rows.sort(key=lambda row: not row["overdue"])
    if as_json:
        print(json.dumps(rows))
        return 0
    for row in rows:
        marks = [mark for mark in ("overdue", "extended", "incident") if row[mark]]
        columns = (row["id"], f"{row['state']:10}", f"{row['purpose']:14}", row["deadline"], *marks)
        print("  ".join(columns))
    if not rows:
        print("no requests", file=sys.stderr)
    return 0


def export_show(out: Path, *, request: str, private: Path | None, as_json: bool) -> int:
    """One request: how far it is, and who did what when; the only place where the note is printed.

    Returns
    -------
    int
        0.
    """
    with closing(Desk(out, private=private)) as desk:
        found = desk.store.get(request)
        events = desk.store.events(found.id)
        incidents = desk.store.incidents(found.id)
    document = {
        **_row(found, time.time(), has_incident=bool(incidents)),
        "handler": found.handler,
        "note": found.note,
        "policy": found.policy,
        "transcripts_only": found.transcripts_only,
        "keep_own": found.keep_own,
        "identity": [found.identity_proof, found.second_factor],
        "recipient": found.recipient,
        "recipient_proof": found.recipient_proof,
        "manifest": found.manifest_sha256,
        "recordings": found.manifest["count"] if found.manifest else None,
        "approvers": [approval.approver for approval in found.approvals],
        "confirmed_by": list(found.confirmed_by),
        "package": found.package.sha256 if found.package else None,
        "handed_over": found.handed_over,
        "incidents": [{"at": moment(i.at), "rule": i.reason, "line": i.line} for i in incidents],
        "events": [
            {"at": moment(e.at), "by": e.by, "step": e.step, "state": e.after, **dict(e.detail)} for e in events
        ],
    }
    if as_json:
        print(json.dumps(document))
        return 0
    for key, value in document.items():
        if key not in ("incidents", "events"):
            print(f"{key + ':':18}{json.dumps(value, ensure_ascii=False)}")
    for incident in document["incidents"]:
        print(f"incident {incident['at']}  {incident['rule']}  line {incident['line']}")
    for event in events:
        print(f"{moment(event.at)}  {event.by}  {event.step} -> {event.after}")
    return 0


def check_afresh(
    out: Path, *, private: Path | None, subject_key: Path | None
) -> Callable[[Wanted, Mapping[str, Any]], None]:
    """What an approval is held to: the manifest against all that is here; a misfit stops the request."""

    def check(wanted: Wanted, document: Mapping[str, Any]) -> None:
        with closing(Desk(out, private=private, subject_key=subject_key)) as desk:
            found = current(desk.store, desk.tools, wanted.id)
            check_move(Step.APPROVE, found.state, found.state)  # a passphrase may have been typed for hours
            check_manifest(desk.store, desk.tools, found)

    return check


def say_state(request: Request) -> None:
    """For a person: how far it is and what comes next."""
    print(f"request {request.id} is {request.state.value}: {next_step(request.state)}", file=sys.stderr)


def day_of(at: float) -> str:
    """Last day before an end."""
    return datetime.fromtimestamp(at - 1, UTC).date().isoformat()


def moment(at: float) -> str:
    """ISO 8601 in UTC, to the second."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").removesuffix("+00:00") + "Z"


def _names(desk: Desk, recordings: Path | None, subjects: Path | None) -> tuple[str, ...]:
    names = list(_lines(recordings)) if recordings is not None else []
    for number, subject in enumerate(_lines(subjects) if subjects is not None else (), start=1):
        found = desk.catalog.of_subject(subject_hash(desk.subject_key, subject))
        if not found:
            raise UsageError(f"line {number} of {str(subjects)!r} is a subject without recordings here")
        names += [entry.name for entry in found]
    return tuple(sorted(set(names)))


def _lines(path: Path) -> Sequence[str]:
    text = _text(read_secret(path, what="list", max_bytes=_MAX_LIST_BYTES))
    return [line.strip() for line in text.splitlines() if line.strip()]


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig").strip("\r\n")
    except UnicodeDecodeError:
        raise UsageError("a file that was named is not UTF-8 text; save it as such") from None


def _row(request: Request, now: float, *, has_incident: bool) -> dict[str, Any]:
    return {
        "id": request.id,
        "state": request.state.value,
        "purpose": request.purpose.value,
        "opened": moment(request.opened_at),
        "deadline": day_of(request.deadline),
        "extended": request.extended,
        "overdue": request.state not in ENDED and now >= request.deadline,
        "incident": has_incident,
    }
