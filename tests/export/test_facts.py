"""What a recipient tells over another channel, held to the catalog."""

import weakref
from dataclasses import replace

import pytest
from export_house import entry

from redactor.errors import UsageError
from redactor.export.entries import CatalogEntry
from redactor.export.facts import (
    Fact,
    Judgement,
    are_of_others,
    check_confirmable,
    judge_facts,
    kinds_held,
    parse_fact,
)

ACCOUNT = "1" * 64
ENTRIES = [
    entry("a" * 32, recorded_at="2026-03-02T09:00:00Z", device="Echo Ünö", account=ACCOUNT),
    entry("b" * 32, recorded_at="2026-03-20T23:59:00-08:00", device="Other"),
    entry("c" * 32, recorded_at="2026-05-01"),
]
ONE = ENTRIES[:1]


def judged(*facts, entries=ENTRIES):
    return judge_facts(
        [parse_fact(fact) for fact in facts], entries, account_hash={"77": ACCOUNT}.get
    )


@pytest.mark.parametrize(
    "facts",
    [
        ("calls:2026-03=2", "first=2026-03-02"),
        ("calls:2026-05=1", "last=2026-05-01"),
        ("calls:2026-03=2", "device=Echo Ünö"),
        ("first=2026-03-02", "device= echo ünö "),
        ("account=77", "device=other"),
        ("account=77", "calls:2026-03=2", "first=2026-03-02", "last=2026-05-01"),
    ],
)
def test_two_facts_that_do_not_follow_from_each_other_are_enough(facts):
    found = judged(*facts)
    assert found == Judgement(tuple(sorted(parse_fact(fact).kind for fact in facts)), ())


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        ("calls:2026-03=1", "calls"),
        ("calls:2026-03=3", "calls"),
        ("calls:2026-04=1", "calls"),
        ("first=2026-03-03", "first"),
        ("first=2026-05-01", "first"),
        ("last=2026-03-20", "last"),
        ("device=Echo", "device"),
        ("device=Echo Ünö2", "device"),
        ("account=78", "account"),
    ],
)
def test_one_wrong_fact_is_told_among_right_ones(wrong, kind):
    right = ["calls:2026-03=2", "first=2026-03-02", "device=Echo Ünö", "account=77"]
    assert judged(*right, wrong).wrong == (kind,)


@pytest.mark.parametrize(
    ("facts", "entries"),
    [
        ((), ENTRIES),
        (("calls:2026-03=2",), ENTRIES),
        (("calls:2026-03=2", "calls:2026-05=1"), ENTRIES),
        (("first=2026-03-02", "last=2026-05-01"), ENTRIES),
        (("calls:2026-03=9",), ENTRIES),
        (("calls:2026-03=1", "first=2026-03-02"), ONE),
        (("calls:2026-03=1", "first=2026-03-02", "last=2026-03-02"), ONE),
        (("first=2026-03-02", "device=Echo"), []),
    ],
)
def test_too_few_facts_are_refused_before_any_is_compared(facts, entries):
    with pytest.raises(UsageError, match="2 facts are needed that do not follow from each other"):
        judged(*facts, entries=entries)


def test_of_one_recording_the_day_and_the_device_are_enough():
    assert judged("first=2026-03-02", "device=Echo Ünö", entries=ONE).wrong == ()


@pytest.mark.parametrize("fact", ["calls:2026-03=2", "first=2026-03-02", "last=2026-05-01"])
def test_where_a_date_is_missing_days_and_numbers_prove_nothing(fact):
    entries = [*ENTRIES, entry("d" * 32)]
    with pytest.raises(UsageError, match="no date in the catalog"):
        judged(fact, "device=Other", "account=77", entries=entries)
    assert judged("device=Other", "account=77", entries=entries).wrong == ()


DATED = [entry("a" * 32, recorded_at="2026-03-02"), entry("b" * 32, recorded_at="2026-04-02")]


@pytest.mark.parametrize(
    ("facts", "match"),
    [
        (("first=2026-03-02", "device=Echo"), "no device in the catalog"),
        (("first=2026-03-02", "account=77"), "no account in the catalog"),
        (("first=2026-03-02", "calls:2026-03=1", "device=Echo"), "no device .* out of calls, first, last$"),
    ],
)
def test_a_fact_that_the_catalog_cannot_judge_is_no_wrong_one(facts, match):
    with pytest.raises(UsageError, match=match) as raised:
        judged(*facts, entries=DATED)
    assert "Echo" not in str(raised.value)


def test_a_fact_that_contradicts_the_catalog_is_wrong_whatever_else_was_told():
    assert judged("first=2026-03-03", "device=Echo", entries=DATED).wrong == ("first",)


def test_what_is_asked_for_is_what_the_catalog_has():
    with pytest.raises(UsageError, match=r"\(calls, first, last; first") as raised:
        judged("first=2026-03-02", entries=DATED)
    assert "device" not in str(raised.value) and "account" not in str(raised.value)


@pytest.mark.parametrize(
    ("entries", "kinds", "can_be"),
    [
        (ENTRIES, ("calls", "first", "last", "device", "account"), True),
        (DATED, ("calls", "first", "last"), True),
        (DATED[:1], ("calls", "first", "last"), False),
        ([replace(DATED[0], device="Echo")], ("calls", "first", "last", "device"), True),
        ([*DATED, entry("d" * 32, device="Echo")], ("device",), False),
        ([*DATED, entry("d" * 32, device="Echo", account=ACCOUNT)], ("device", "account"), True),
        ([entry("a" * 32)], (), False),
        ([], (), False),
    ],
)
def test_what_cannot_be_confirmed_is_told_before(entries, kinds, can_be):
    assert kinds_held(entries) == kinds
    if can_be:
        check_confirmable(entries)
        return
    with pytest.raises(UsageError, match=f"and it has {', '.join(kinds) or 'none'}. Give recorded_at"):
        check_confirmable(entries)


BEN = "b" * 64


def of_ben(**said):
    return entry("f" * 32, BEN, **said)


def is_of_others(facts, *others, subject="a" * 64):
    return are_of_others(
        [parse_fact(fact) for fact in facts],
        iter([*ENTRIES, *others]),
        subject=subject,
        account_hash={"77": ACCOUNT}.get,
    )


CALLS, FIRST, LAST, DEVICE, NUMBER = (
    "calls:2026-03=2", "first=2026-03-02", "last=2026-05-01", "device=echo ünö", "account=77",
)  # fmt: skip
ON_FIRST, ON_LAST, WITHIN = "2026-03-02T20:00:00Z", "2026-05-01T07:00:00Z", "2026-03-30"


@pytest.mark.parametrize(
    ("facts", "others", "expected"),
    [
        ((FIRST, DEVICE), (), False),
        ((FIRST, DEVICE), (of_ben(recorded_at=ON_FIRST, device="ECHO ÜNÖ "),), True),
        ((FIRST, DEVICE), (of_ben(recorded_at=ON_FIRST), of_ben(device="Echo Ünö")), True),
        ((FIRST, DEVICE), (of_ben(recorded_at=ON_FIRST, device="Echo"),), False),
        ((FIRST, DEVICE), (of_ben(recorded_at="2026-03-03", device="Echo Ünö"),), False),
        ((FIRST, DEVICE), (of_ben(recorded_at="2026-03-01"), of_ben(recorded_at=ON_FIRST, device="Echo Ünö")),
         False),
        # What no catalog says of a device or an account is nobody's.
        ((FIRST, DEVICE), (of_ben(recorded_at=ON_FIRST),), False),
        ((FIRST, NUMBER), (of_ben(recorded_at=ON_FIRST),), False),
        ((FIRST, NUMBER), (of_ben(recorded_at=ON_FIRST, account=ACCOUNT),), True),
        ((FIRST, NUMBER), (of_ben(recorded_at=ON_FIRST, account="2" * 64),), False),
        ((CALLS, DEVICE), (of_ben(recorded_at=WITHIN, device="Echo Ünö"),), False),
        ((CALLS, DEVICE), (of_ben(recorded_at=WITHIN, device="Echo Ünö"), of_ben(recorded_at=WITHIN)), True),
        ((CALLS, DEVICE), (of_ben(recorded_at=WITHIN, device="Echo Ünö"), *[of_ben(recorded_at=WITHIN)] * 2),
         False),
        ((CALLS, LAST), (of_ben(recorded_at=WITHIN), of_ben(recorded_at=ON_FIRST), of_ben(recorded_at=ON_LAST)),
         True),
        # What has no date may be of any.
        ((FIRST, DEVICE), (of_ben(device="Echo Ünö"),), True),
        ((FIRST, DEVICE), (of_ben(device="Echo Ünö"), of_ben(recorded_at="2026-04-01")), True),
        ((FIRST, DEVICE), (of_ben(device="Echo Ünö"), of_ben(recorded_at="2026-03-01")), False),
        ((LAST, DEVICE), (of_ben(device="Echo Ünö"), of_ben(recorded_at="2026-05-02")), False),
        ((LAST, DEVICE), (of_ben(device="Echo Ünö"), of_ben(recorded_at="2026-04-30")), True),
        ((CALLS, DEVICE), (of_ben(device="Echo Ünö"), of_ben(recorded_at=WITHIN)), True),
        ((CALLS, DEVICE), (of_ben(device="Echo Ünö"),), False),
        ((CALLS, FIRST), (of_ben(), of_ben()), True),
        ((DEVICE, NUMBER), (of_ben(), of_ben()), False),
    ],
)
def test_facts_that_hold_of_another_subject_too_are_told(facts, others, expected):
    assert is_of_others(facts, *others) is expected
    assert judged(*facts).wrong == (), "they are right of the subject"


def test_one_fact_more_tells_them_apart():
    twin = of_ben(recorded_at=ON_FIRST, device="Echo Ünö")
    assert is_of_others((FIRST, DEVICE), twin)
    assert not is_of_others((FIRST, DEVICE, NUMBER), twin)


def test_facts_that_are_spread_over_two_others_hold_of_neither():
    one, two = of_ben(recorded_at=ON_FIRST), entry("e" * 32, "c" * 64, device="Echo Ünö", recorded_at=WITHIN)
    assert not is_of_others((FIRST, DEVICE), one, two)


def test_the_subject_is_not_another():
    assert not is_of_others((FIRST, DEVICE, CALLS, LAST, NUMBER))
    assert is_of_others((FIRST, DEVICE, CALLS, LAST, NUMBER), subject=BEN)


def test_of_a_large_catalog_one_subject_at_a_time_is_kept():
    alive = weakref.WeakSet()
    most = 0

    def entries():
        nonlocal most
        for number in range(3000):
            made = Watched(**vars(of_ben(recorded_at=ON_FIRST, device="Echo")) | {"subject": f"{number:064x}"})
            alive.add(made)
            most = max(most, len(alive))
            yield made

    facts = [parse_fact(fact) for fact in (FIRST, DEVICE)]
    assert not are_of_others(facts, entries(), subject=BEN, account_hash=str)
    assert most < 10


class Watched(CatalogEntry):
    """One that can be told to be held still."""

    __hash__ = object.__hash__


@pytest.mark.parametrize(
    "text",
    [
        "", "yes", "=", "calls=3", "calls:2026-03", "calls:2026-03=", "calls:2026-03=0", "calls:2026-3=1",
        "calls:2026-13=1", "calls:2026-03=-1", "calls:2026-03=1.0", "first=", "first=2026-03",
        "first:x=2026-03-02",
        "first=02.03.2026", "device=", "device:x=Echo", "account=", "name=Jane", "language=en",
    ],
)  # fmt: skip
def test_what_is_no_fact_is_refused_and_not_quoted(text):
    with pytest.raises(UsageError, match="a fact is") as raised:
        parse_fact(text)
    assert "Jane" not in str(raised.value)


def test_a_fact_is_read():
    assert parse_fact(" calls:2026-03 = 2 ") == Fact("calls", "2026-03", "2")
    assert parse_fact("device=a=b") == Fact("device", "", "a=b")
