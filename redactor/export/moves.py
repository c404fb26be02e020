"""Which step of a request leads from which state to which; everything else is refused."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from redactor.errors import UsageError
from redactor.export.entries import State


class Step(StrEnum):
    """What somebody does with a request, or what happens to it."""

    OPEN = "open"
    IDENTIFY = "identify"
    RECIPIENT = "recipient"
    EXTEND = "extend"  # the deadline, once
    PLAN = "plan"
    REFUSE = "refuse"  # nothing of this subject is here
    APPROVE = "approve"
    CANARY = "canary"
    CONFIRM = "confirm"
    SEAL = "seal"
    RELEASE = "release"
    RECALL = "recall"
    EXPIRE = "expire"
    STOP = "stop"  # a check failed, or somebody said no
    CHECK = "check-failed"  # a check that can be repaired failed: nothing moves, and it is on record
    INCIDENT = "incident"  # after the release nothing can be stopped any more


_S = State
_OPEN = (_S.OPENED, _S.IDENTIFIED, _S.PLANNED, _S.APPROVED, _S.CANARY, _S.CONFIRMED, _S.SEALED)
# Where nothing moves any more.
ENDED = frozenset((_S.RELEASED, _S.RECALLED, _S.EXPIRED, _S.STOPPED, _S.REFUSED))
# In these the inner identity is destroyed, if there is one.
WORTHLESS = frozenset((_S.RECALLED, _S.EXPIRED, _S.STOPPED, _S.REFUSED))

# What states a step may lead to, by the state it begins in.
MOVES: Mapping[Step, Mapping[State, tuple[State, ...]]] = {
    Step.IDENTIFY: {_S.OPENED: (_S.IDENTIFIED,)},
    # Another recipient than the approved one voids what was approved, so it comes before.
    Step.RECIPIENT: {s: (s,) for s in (_S.OPENED, _S.IDENTIFIED)},
    Step.EXTEND: {s: (s,) for s in _OPEN},
    Step.PLAN: dict.fromkeys((_S.IDENTIFIED, _S.PLANNED, _S.APPROVED), (_S.PLANNED,)),
    Step.REFUSE: dict.fromkeys((_S.OPENED, _S.IDENTIFIED), (_S.REFUSED,)),
    # Approvals expire while the rest takes its time; new ones change no state but the first.
    Step.APPROVE: {
        _S.PLANNED: (_S.PLANNED, _S.APPROVED),
        **{s: (s,) for s in (_S.APPROVED, _S.CANARY, _S.CONFIRMED, _S.SEALED)},
    },
    Step.CANARY: {_S.APPROVED: (_S.CANARY,)},
    Step.CONFIRM: {_S.CANARY: (_S.CONFIRMED,)},
    Step.SEAL: {_S.CONFIRMED: (_S.SEALED,)},
    # Again while the handing over has not ended: a process that was killed in it may not lose the package.
    Step.RELEASE: {_S.SEALED: (_S.RELEASED,), _S.RELEASED: (_S.RELEASED,)},
    Step.RECALL: dict.fromkeys((_S.CANARY, _S.CONFIRMED, _S.SEALED), (_S.RECALLED,)),
    Step.EXPIRE: dict.fromkeys(_OPEN, (_S.EXPIRED,)),
    # After the release only while nobody knows whether the handing over came to an end; the store holds that.
    Step.STOP: dict.fromkeys((*_OPEN, _S.RELEASED), (_S.STOPPED,)),
    Step.CHECK: {s: (s,) for s in (*_OPEN, _S.RELEASED)},
    Step.INCIDENT: {_S.RELEASED: (_S.RELEASED,)},
}

# What a request has to have in a state, as attributes of `Request`; held at every move, whoever asks for it.
_IDENTIFIED = ("identity_proof", "second_factor")
_PLANNED = (*_IDENTIFIED, "recipient", "recipient_proof", "manifest", "manifest_sha256", "entries")
_APPROVED = (*_PLANNED, "approvals")
_CANARY = (*_APPROVED, "canary", "canary_manifest")
_SEALED = (*_CANARY, "confirmed_by", "package")
NEEDS: Mapping[State, tuple[str, ...]] = {
    _S.IDENTIFIED: _IDENTIFIED,
    _S.PLANNED: _PLANNED,
    _S.APPROVED: _APPROVED,
    _S.CANARY: _CANARY,
    _S.CONFIRMED: (*_CANARY, "confirmed_by"),
    _S.SEALED: _SEALED,
    _S.RELEASED: _SEALED,
}

_NEXT: Mapping[State, str] = {
    _S.OPENED: "`export verify-identity` comes next",
    _S.IDENTIFIED: "`export recipient` and `export plan` come next",
    _S.PLANNED: "two approvals come next (`export approve`, `export approve-file`)",
    _S.APPROVED: "`export canary` comes next",
    _S.CANARY: "`export confirm` comes next, with what the recipient tells over another channel",
    _S.CONFIRMED: "`export seal` comes next",
    _S.SEALED: "`export release` comes next",
    _S.RELEASED: "what was handed over cannot be taken back",
    _S.RECALLED: "it was recalled; open another request",
    _S.EXPIRED: "it expired; open another request",
    _S.STOPPED: "it was stopped and an incident is open; open another request when that is cleared up",
    _S.REFUSED: "it was refused; open another request",
}


def next_step(state: State) -> str:
    """What is to be done in a state, for a message."""
    return _NEXT[state]


def check_move(step: Step, state: State, to: State | None) -> State:
    """The state that a step leads to.

    Parameters
    ----------
    to : State, optional
        Needed where a step may lead to more than one.

    Raises
    ------
    UsageError
        If it leads nowhere from here.
    """
    targets = MOVES.get(step, {}).get(state, ())
    if to is None and len(targets) == 1:
        return targets[0]
    if to not in targets:
        raise UsageError(
            f"`{step.value}` is not possible while the request is {state.value}: {next_step(state)}"
        )
    return to
