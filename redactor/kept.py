"""What stays muted where a subject's own identifiers are kept: all that would be, but for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from redactor.align import align, merge
from redactor.intervals import CoveredTime
from redactor.invariants import check_spans
from redactor.keep import Keep
from redactor.policy import Policy
from redactor.transcribe import Heard
from redactor.types import Origin, PiiSpan, Sound, TimeSpan


@dataclass(frozen=True)
class Choice:
    """What is muted where something is kept.

    Attributes
    ----------
    spans : tuple of TimeSpan
        With what stays muted of it on other channels.
    found : tuple of PiiSpan
        Without what is kept.
    kept : tuple of TimeSpan
    about : mapping
        What the report says, too: of what is kept how many and of which types, never what.
    """

    spans: tuple[TimeSpan, ...]
    found: tuple[PiiSpan, ...]
    kept: tuple[TimeSpan, ...]
    about: Mapping[str, Any]


def choose(
    keep: Keep | None,
    about: Mapping[str, Any],
    heard: Heard,
    found: Sequence[PiiSpan],
    spans: Sequence[TimeSpan],
    sound: Sound,
    policy: Policy,
) -> Choice:
    """Leave unmuted what may be kept and what nothing else reaches into.

    Parameters
    ----------
    keep : Keep or None
        None keeps nothing.
    about : mapping
        What the report says of the run, and the recording's NAME.
    heard : Heard
    found : sequence of PiiSpan
        Everything, and
    spans : sequence of TimeSpan
        all that is muted for it and for other reasons, if nothing is kept.
    sound : Sound
    policy : Policy

    Raises
    ------
    NonsenseError
        If a word of what is not kept would be heard.
    """
    keeper = keep.on(about["name"], sound.num_channels) if keep else None
    if keeper is None:
        return Choice(tuple(spans), tuple(found), (), about)
    others = [span for span in spans if span.origin is not Origin.DETECTED]
    kept = list(keeper.stretches(heard.transcript, found))
    while True:
        taken = {pii for stretch in kept for pii in stretch.found}
        rest = tuple(pii for pii in found if pii not in taken)
        muted = _muted(rest, others, heard, policy) if kept else tuple(spans)
        # What is muted besides may hide more than it shows: then all of the stretch is muted after all, which
        # may reach into the next one.
        there = CoveredTime((span.start, span.end) for span in muted if keeper.channel in span.channels)
        left = [stretch for stretch in kept if not there.touches(stretch.start, stretch.end)]
        if len(left) == len(kept):
            break
        kept = left
    check_spans(muted, rest, heard.transcript, sound, policy)
    echo = _on_other_channels([pii for pii in found if pii in taken], keeper.channel, heard, policy)
    stays = tuple(stretch.span for stretch in kept)
    types = sorted({name for span in stays for name in span.entity_types})
    told = {**about, "kept": {"number": len(stays), "types": types}}
    return Choice((*muted, *echo), rest, stays, told)


def _muted(
    found: Sequence[PiiSpan], others: Sequence[TimeSpan], heard: Heard, policy: Policy
) -> tuple[TimeSpan, ...]:
    spans = align(heard.transcript, found, power=heard.power, policy=policy)
    return merge([*spans, *others], gap=policy.align.merge_gap_ms / 1000)


def _on_other_channels(
    taken: Sequence[PiiSpan], channel: int, heard: Heard, policy: Policy
) -> list[TimeSpan]:
    """What stays muted of what is kept: where a policy mutes all channels, the others."""
    if not taken:
        return []
    spans = align(heard.transcript, taken, power=heard.power, policy=policy)
    others = (replace(s, channels=tuple(c for c in s.channels if c != channel)) for s in spans)
    return [span for span in others if span.origin is Origin.DETECTED and span.channels]
