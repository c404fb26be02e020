"""What a recipient tells over another channel, held to the catalog."""

import pytest
from export_house import entry

from redactor.errors import UsageError
from redactor.export.facts import Fact, Judgement, judge_facts, parse_fact

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
