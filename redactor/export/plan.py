"""Which recordings go into an export, by purpose, and what is left out and why. Nothing is ever "nearest"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from redactor.audit.lines import keyed_digest
from redactor.errors import UsageError
from redactor.export.binding import entry_digest
from redactor.export.entries import CatalogEntry, Manifest, ManifestLine, Purpose
from redactor.export.facts import check_confirmable
from redactor.export.holdings import RELEASE, Holdings, Source, channels_of, files_of, is_whole, misfit
from redactor.export.request_entries import Request
from redactor.export.strictness import is_as_strict, less_strict_in
from redactor.ledger import Row, State
from redactor.policy import Policy
from redactor.types import Seconds

SUBJECT_ROLE = "subject"
NOTHING_HERE = "there are no recordings of this subject here"

REASONS: Mapping[str, str] = {
    "not-in-catalog": "not in the catalog, so nobody knows whose it is",
    "not-released": "not released by the run",
    "unbound": "the catalog was imported before the run knew this input; import the catalog again",
    "exchanged": "the input is another than when the catalog was imported; import the catalog again, with "
    "--replace, if it is still theirs",
    "input": "redacted for this request from another input than the run's",
    "unchecked": "released without the independent check; plan with --check to have it made",
    "withdrawn": "a reviewer found something in it that is not settled",
    "others": "other people speak in it, and the policy asked for may mute less than the run's",
    "files": "files are missing or not the ledger's",
    "no-transcript": "it has no transcript, and only transcripts were asked for",
    "not-redacted": "the redaction for this request held it back",
}
# Why a subject's own identifiers are muted all the same.
NOT_KEPT: Mapping[str, str] = {
    "mixed-channel": "the subject is not alone on a channel of their own",
    "not-two-channels": "it does not have two channels",
}


@dataclass(frozen=True)
class Choice:
    """What the handler says of an export, beside the request.

    Attributes
    ----------
    names : tuple of str
        NAMEs, for purposes other than subject-access.
    run_policy : Policy
        The run's.
    asked : Policy or None
        Another policy than that.
    floor : Policy or None
        What has to be at least as strict; "standard" for purposes other than subject-access.
    check : bool
        Have what nobody checked redacted again with the check.
    """

    names: tuple[str, ...]
    run_policy: Policy
    asked: Policy | None = None
    floor: Policy | None = None
    check: bool = False


@dataclass(frozen=True)
class Preview:
    """What a manifest holds, for people; no names.

    Attributes
    ----------
    recordings : int
    seconds : float
    first, last : str or None
        Days.
    channels : mapping of int to int
        Number of channels -> recordings; 0 where nobody knows.
    redone : int
        Redacted for this request.
    kept_own : int
        With the subject's own identifiers.
    left_out, not_kept : mapping of str to int
        Reasons (:data:`REASONS`, :data:`NOT_KEPT`) with numbers of recordings.
    """

    recordings: int
    seconds: Seconds
    first: str | None
    last: str | None
    channels: Mapping[int, int]
    redone: int
    kept_own: int
    left_out: Mapping[str, int]
    not_kept: Mapping[str, int]


@dataclass(frozen=True)
class Planned:
    """A manifest, what the catalog said of each recording in it (digests), and the preview."""

    manifest: Manifest
    entries: Mapping[str, str]
    preview: Preview


# Redacts recordings for a request under a policy; with the channel of the subject where what is theirs is kept.
Redact = Callable[[Sequence[str], Policy, Mapping[str, int]], Mapping[str, Row]]


@dataclass
class _Sorting:
    """Candidates as they are sorted."""

    whole: dict[str, CatalogEntry] = field(default_factory=dict)
    redo: dict[str, CatalogEntry] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    channel_of: dict[str, int] = field(default_factory=dict)
    not_kept: Counter[str] = field(default_factory=Counter)


def plan(
    request: Request, choice: Choice, *, holdings: Holdings, redact: Redact, redone_in: str
) -> Planned | None:
    """Decide what goes in, and freeze it.

    Parameters
    ----------
    redact : callable
        Called at most once, with what has to be redacted for this request.
    redone_in : str
        Where that lies, as a line of a manifest names it.

    Returns
    -------
    Planned or None
        None if the subject has no recordings at all: the requester is told so.

    Raises
    ------
    UsageError
        If nothing is left to go in, the policy mutes too little for the purpose, or the catalog holds too
        little for a canary to be confirmed.
    """
    candidates = _candidates(request, choice, holdings)
    if not candidates:
        return None
    policy = choice.asked or choice.run_policy
    if choice.floor is not None and (keys := less_strict_in(policy, choice.floor)):
        raise UsageError(
            f"the policy {policy.name!r} mutes less than {choice.floor.name!r}, or nobody can tell "
            f"({', '.join(keys)}), and {request.purpose.value} needs as much; name another with --policy"
        )
    if request.purpose is Purpose.SUBJECT_ACCESS:
        check_confirmable([entry for entry in candidates.values() if entry is not None])
    sorting = _sort(candidates, request, choice, holdings)
    lines = [_line(entry, RELEASE, request, holdings, sorting) for entry in sorting.whole.values()]
    num_redone = 0
    if sorting.redo:
        policy = replace(policy, verify=replace(policy.verify, share=1.0))
        done = redact(sorted(sorting.redo), policy, sorting.channel_of)
        for name, entry in sorting.redo.items():
            if name not in done:
                sorting.left_out["not-redacted"] += 1
                continue
            lines.append(_line(entry, redone_in, request, holdings, sorting))
            num_redone += lines[-1] is not None
    kept = tuple(sorted((line for line in lines if line is not None), key=lambda line: line.name))
    if not kept:
        told = "; ".join(f"{count}: {REASONS[reason]}" for reason, count in sorted(sorting.left_out.items()))
        raise UsageError(f"nothing is left to go in ({told})")
    if request.purpose is not Purpose.SUBJECT_ACCESS:
        check_confirmable([entry for line in kept if (entry := candidates[line.name]) is not None])
    left_out = dict(sorted(sorting.left_out.items()))
    manifest = Manifest(request.id, request.purpose, request.subject, kept, left_out)
    entries = {
        line.name: entry_digest(sorting.whole.get(line.name) or sorting.redo[line.name]) for line in kept
    }
    return Planned(manifest, entries, _preview(manifest, sorting, holdings, num_redone))


def _candidates(
    request: Request, choice: Choice, holdings: Holdings
) -> dict[str, CatalogEntry | None]:
    if request.purpose is Purpose.SUBJECT_ACCESS:
        if choice.names:
            raise UsageError("subject-access takes all recordings of the subject; name none")
        return {e.name: e for e in holdings.catalog.of_subject(request.subject) if e.subject == request.subject}
    if not choice.names:
        raise UsageError(f"{request.purpose.value} takes what is named; name recordings or subjects")
    return {name: holdings.catalog.entry(name) for name in choice.names}


def _sort(
    candidates: Mapping[str, CatalogEntry | None], request: Request, choice: Choice, holdings: Holdings
) -> _Sorting:
    sorting = _Sorting()
    source = holdings.source(RELEASE)
    is_weaker = choice.asked is not None and not is_as_strict(choice.asked, choice.run_policy)
    for name, entry in candidates.items():
        if entry is None:
            sorting.left_out["not-in-catalog"] += 1
            continue
        row = source.row(name) if source else None
        reason = misfit(holdings, entry, source)
        if source is None or row is None:
            sorting.left_out["not-released"] += 1
        elif reason is not None and not (reason == "unchecked" and choice.check):
            # What another policy would check is checked by its own run, which is a check on demand too.
            sorting.left_out[reason] += 1
        elif is_weaker and not _is_alone(entry):
            sorting.left_out["others"] += 1
        else:
            if request.keep_own:
                _note_channel(entry, channels_of(source, row), sorting)
            has_other_policy = choice.asked is not None and _policy_digest(row) != choice.asked.digest
            is_redone = has_other_policy or reason == "unchecked" or name in sorting.channel_of
            (sorting.redo if is_redone else sorting.whole)[name] = entry
    return sorting


def _is_alone(entry: CatalogEntry) -> bool:
    """Whether the subject is the only one who speaks, as far as anybody knows."""
    return not entry.others and set(entry.roles.values()) == {SUBJECT_ROLE}


def _note_channel(entry: CatalogEntry, num_channels: int | None, sorting: _Sorting) -> None:
    """Keep the subject's channel, or why there is none to keep what is theirs on."""
    theirs = [channel for channel, role in entry.roles.items() if role == SUBJECT_ROLE]
    if num_channels != 2 or set(entry.roles) != {0, 1}:
        sorting.not_kept["not-two-channels" if num_channels not in (None, 1) else "mixed-channel"] += 1
    elif len(theirs) != 1:
        sorting.not_kept["mixed-channel"] += 1
    else:
        sorting.channel_of[entry.name] = theirs[0]


def _line(
    entry: CatalogEntry, where: str, request: Request, holdings: Holdings, sorting: _Sorting
) -> ManifestLine | None:
    """The line of a recording; None, and the reason counted, where it cannot go in."""
    source: Source | None = holdings.source(where)
    reason = misfit(holdings, entry, source)
    row = source.row(entry.name) if source else None
    if reason or source is None or row is None or row.state is not State.DONE:
        sorting.left_out[reason or "not-released"] += 1
        return None
    files = files_of(row, transcripts_only=request.transcripts_only)
    if not any(file.path.startswith("transcripts/") for file in files) and request.transcripts_only:
        sorting.left_out["no-transcript"] += 1
        return None
    if not files or not is_whole(source, row):
        sorting.left_out["files"] += 1
        return None
    return ManifestLine(
        name=entry.name,
        owner=entry.subject,
        input_keyed=keyed_digest(holdings.key, row.input_sha256 or ""),
        source=where,
        policy=_policy_digest(row),
        recorded_at=entry.recorded_at,
        duration=row.duration or 0.0,
        files=tuple((file.path, file.sha256, file.num_bytes) for file in files),
    )


def _policy_digest(row: Row) -> str:
    return str(((row.provenance or {}).get("policy") or {}).get("digest") or "")


def _preview(manifest: Manifest, sorting: _Sorting, holdings: Holdings, num_redone: int) -> Preview:
    days = sorted(line.recorded_at[:10] for line in manifest.lines if line.recorded_at)
    channels: Counter[int] = Counter()
    for line in manifest.lines:
        source = holdings.source(line.source)
        row = source.row(line.name) if source else None
        channels[channels_of(source, row) or 0 if source and row else 0] += 1
    return Preview(
        recordings=len(manifest.lines),
        seconds=sum(line.duration for line in manifest.lines),
        first=days[0] if days else None,
        last=days[-1] if days else None,
        channels=dict(sorted(channels.items())),
        redone=num_redone,
        kept_own=sum(line.name in sorting.channel_of for line in manifest.lines),
        left_out=manifest.left_out,
        not_kept=dict(sorted(sorting.not_kept.items())),
    )
