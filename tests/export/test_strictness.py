"""Which policy mutes at least what another does."""

from dataclasses import fields, is_dataclass, replace

import pytest
from export_world import STANDARD

from redactor.config import load_policy, policy_names
from redactor.export.strictness import DIRECTIONS, EXEMPT, is_as_strict
from redactor.policy import Policy

# Both kinds of policy that a key can decide something for: with [deny] and without, all checked and some.
DENYING = replace(
    STANDARD, deny=replace(STANDARD.deny, enabled=True), verify=replace(STANDARD.verify, share=0.5)
)


@pytest.mark.parametrize("asked", policy_names())
@pytest.mark.parametrize("other", policy_names())
def test_which_of_the_shipped_policies_mutes_at_least_what_another_does(asked, other):
    # payment-card mutes wider gaps between digits than strict does.
    are_stricter = {("strict", "standard"), ("strict", "voice-assistant")}
    assert is_as_strict(load_policy(asked), load_policy(other)) is (
        asked == other or (asked, other) in are_stricter
    )


def keys():
    """Every key of a policy that counts."""
    for section in fields(Policy):
        if section.name in EXEMPT:
            continue
        table = getattr(DENYING, section.name)
        if is_dataclass(table):
            yield from (f"{section.name}.{key.name}" for key in fields(table))
        else:
            yield section.name


def value_of(policy, key):
    for part in key.split("."):
        policy = getattr(policy, part)
    return policy


def with_value(policy, key, value):
    section, _, name = key.partition(".")
    return replace(policy, **{section: replace(getattr(policy, section), **{name: value}) if name else value})


# Of a key with a direction, a value that mutes less.
LESS = {
    "language.min_probability": 0.1,
    "transcribe.second_best_ms": 4_000.0,
    "transcribe.max_compression_ratio": 2.5,
    "entities": {"PERSON": 0.5},
    "align.padding_before_ms": 40.0,
    "align.padding_after_ms": 40.0,
    "align.unsure_ms": 10.0,
    "align.pause_ms": 200.0,
    "align.merge_gap_ms": 200.0,
    "align.channels": "own",
    "unheard.action": "mute",
    "unheard.min_ms": 500.0,
    "unheard.one_model_ms": 0.0,
    "unheard.padding_ms": 0.0,
    "unheard.empty": "mute",
    "unheard.min_recording_ms": 100.0,
    "deny.enabled": False,
    "deny.vocabulary": 50_000,
    "deny.min_words": 1,
    "deny.suspicion": 0.5,
    "verify.share": 0.1,
    "verify.suspicion": 1.0,
    "verify.padding_ms": 0.0,
}
HARD = replace(
    DENYING,
    unheard=replace(DENYING.unheard, action="quarantine", empty="quarantine"),
    deny=replace(DENYING.deny, min_words=3),
    verify=replace(DENYING.verify, suspicion=0.5),
)


def others_than(value):
    """Other values than one, on both sides of it and empty."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, str):
        return ["", "another"]
    if isinstance(value, (int, float)):
        return [value + 1, value - 1]
    return [{}, {**value, "de": "another"}]


@pytest.mark.parametrize("key", list(keys()))
def test_no_key_can_be_changed_unseen(key):
    here = value_of(HARD, key)
    if key in DIRECTIONS:
        assert is_as_strict(HARD, with_value(HARD, key, LESS[key])), "more is muted"
        tried = [LESS[key]]
    else:
        tried = others_than(here)
    for value in tried:
        assert value != here
        assert not is_as_strict(with_value(HARD, key, value), HARD)


def test_only_what_people_call_a_policy_and_how_it_sounds_does_not_count():
    assert {"name", "description", "mute", "output"} == EXEMPT
    assert set(DIRECTIONS) == set(LESS) <= set(keys())
    mute = replace(STANDARD.mute, fill="noise", fade_ms=20.0)
    assert is_as_strict(replace(STANDARD, name="x", description="x", mute=mute), STANDARD)


@pytest.mark.parametrize(
    "change",
    [
        {"entities": {**STANDARD.entities, "PERSON": 0.51}},
        {"language": replace(STANDARD.language, taggers={})},
        {"language": replace(STANDARD.language, prompts={})},
        {"transcribe": replace(STANDARD.transcribe, second_opinion="")},
        {"transcribe": replace(STANDARD.transcribe, vad_threshold=0.9)},
        {"unheard": replace(STANDARD.unheard, one_model_ms=0.0)},
        {"verify": replace(STANDARD.verify, max_rounds=0)},
    ],
)
def test_a_policy_that_is_hollowed_out_in_one_key_is_not_as_strict(change):
    assert not is_as_strict(replace(STANDARD, **change), STANDARD)


def test_a_key_that_decides_nothing_is_not_asked_for():
    careless = replace(STANDARD.deny, vocabulary=1_000_000, min_words=1, suspicion=1.0)
    assert is_as_strict(replace(STANDARD, deny=careless), STANDARD)
    assert is_as_strict(replace(STANDARD, deny=replace(careless, enabled=True)), STANDARD)
    assert is_as_strict(replace(STANDARD, verify=replace(STANDARD.verify, seed=7)), STANDARD)
