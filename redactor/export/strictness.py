"""Whether one policy mutes at least what another does, key by key."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from redactor.policy import Policy

# What people call it, how it sounds and which texts are written: nothing is muted for any of these.
EXEMPT = frozenset({"name", "description", "mute", "output"})
# Keys that are about no more than words, from the least that is muted to the most.
_ORDERS: Mapping[str, tuple[str, ...]] = {
    "align.channels": ("own", "audible", "all"),
    "unheard.action": ("mute", "quarantine"),
    "unheard.empty": ("mute", "quarantine"),
}


def _at_least(asked: float, other: float) -> bool:
    return asked >= other


def _at_most(asked: float, other: float) -> bool:
    return asked <= other


def _at_most_or_never(asked: float, other: float) -> bool:
    """Of a length from which something is muted, 0 for never."""
    return (asked or math.inf) <= (other or math.inf)


def _knows_all(asked: Mapping[str, float], other: Mapping[str, float]) -> bool:
    return all(asked.get(kind, math.inf) <= score for kind, score in other.items())


def _in_order(key: str) -> Callable[[str, str], bool]:
    order = _ORDERS[key]
    return lambda asked, other: order.index(asked) >= order.index(other)


# Keys of which it is known in which direction more is muted or held back. A model, a prompt, a beam or the
# threshold of a detector of speech changes what is found, and its value does not tell whether that is more.
DIRECTIONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "language.min_probability": _at_least,
    "transcribe.second_best_ms": _at_least,
    "transcribe.max_compression_ratio": _at_most,  # what does not count as heard is muted
    "entities": _knows_all,
    "align.padding_before_ms": _at_least,
    "align.padding_after_ms": _at_least,
    "align.unsure_ms": _at_least,
    "align.pause_ms": _at_least,
    "align.merge_gap_ms": _at_least,
    "unheard.min_ms": _at_most,
    "unheard.one_model_ms": _at_most_or_never,
    "unheard.padding_ms": _at_least,
    "unheard.min_recording_ms": _at_least,
    "deny.enabled": _at_least,
    "deny.vocabulary": _at_most,
    "deny.min_words": _at_least,
    "deny.suspicion": _at_most,
    "verify.share": _at_least,
    "verify.suspicion": _at_most,
    "verify.padding_ms": _at_least,
    **{key: _in_order(key) for key in _ORDERS},
}


def is_as_strict(asked: Policy, other: Policy) -> bool:
    """Whether a policy mutes at least what another does, as far as their keys tell.

    Every key counts but :data:`EXEMPT`. One that is not in :data:`DIRECTIONS` (another model, another prompt, a
    key that came later) cannot be compared: the policy counts as less strict unless it is equal.
    """
    return not less_strict_in(asked, other)


def less_strict_in(asked: Policy, other: Policy) -> list[str]:
    """Keys for which :func:`is_as_strict` says no, as they stand in a policy."""
    values, others = _keys(asked), _keys(other)
    if not other.deny.enabled:  # then what [deny] says decides nothing there
        values = {key: value for key, value in values.items() if not key.startswith("deny.")}
    if asked.verify.share >= 1.0:  # nothing is drawn
        values.pop("verify.seed", None)
    return [key for key, value in values.items() if not _is_as_strict_in(key, value, others[key])]


def _is_as_strict_in(key: str, asked: Any, other: Any) -> bool:
    compare = DIRECTIONS.get(key)
    return asked == other or (compare is not None and compare(asked, other))


def _keys(policy: Policy) -> dict[str, Any]:
    """Every key that counts, with its value."""
    found: dict[str, Any] = {}
    for section in fields(policy):
        value = getattr(policy, section.name)
        if section.name in EXEMPT:
            continue
        if is_dataclass(value):
            found |= {f"{section.name}.{key.name}": getattr(value, key.name) for key in fields(value)}
        else:
            found[section.name] = value
    return found
