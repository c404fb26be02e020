"""Values out of tables: what means the same becomes the same, and what cannot be is refused, never guessed."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redactor.export.fields import (
    MAX_OTHERS,
    FieldError,
    parse_device,
    parse_id,
    parse_language,
    parse_others,
    parse_roles,
    parse_when,
)

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC).timestamp()

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.decimals()
    | st.datetimes() | st.dates() | st.uuids(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.integers(), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


def when(value):
    return parse_when(value, now=NOW)


@given(anything)
@pytest.mark.parametrize("parse", [parse_id, parse_others, parse_roles, when, parse_language, parse_device])
def test_whatever_stands_there_it_is_read_or_refused(parse, value):
    try:
        parse(value)
    except FieldError as error:
        assert error.__cause__ is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None), ("", None), ("  ", None), ("4711", "4711"), (" 4711\t", "4711"), (4711, "4711"), (0, "0"),
        ("004711", "004711"), (Decimal("4711"), "4711"), ("a;b", "a;b"), ("12E", "12E"), ("E+5", "E+5"),
        ("1.5", "1.5"), (UUID(int=1), "00000000-0000-0000-0000-000000000001"), ("Zoe\u0308", "Zoë"),
        ("x" * 200, "x" * 200),
    ],
)  # fmt: skip
def test_an_id_is_a_text_or_a_whole_number(value, expected):
    assert parse_id(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        4711.0, True, float("nan"), Decimal("4711.0"), Decimal("NaN"), Decimal("1E+5"), b"4711", ["4711"],
        {"id": 1}, "x" * 201, "a\nb", "4711\u200b", 10**200, date(2024, 5, 1),
        # What spreadsheets make of 123456789012 and all its neighbours:
        "1.23457E+11", "1,23457E+11", "1E+11", "1.23E11", "-1.2e+3",
    ],
)  # fmt: skip
def test_what_may_be_another_persons_id_is_none(value):
    with pytest.raises(FieldError):
        parse_id(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, []), ("", []), ("a", ["a"]), ("a; b ;;", ["a", "b"]), (["a", 7, None], ["a", "7"]),
        (("a",), ["a"]), (["a;b"], ["a;b"]),
    ],
)  # fmt: skip
def test_others_are_a_list_of_ids(value, expected):
    assert parse_others(value) == expected


@pytest.mark.parametrize(
    "value", [7, {"a": 1}, [["a"]], [1.5], ["a"] * (MAX_OTHERS + 1), ";" * 100_000, "a;1E+11"]
)
def test_what_is_no_list_of_ids_is_refused(value):
    with pytest.raises(FieldError):
        parse_others(value)


@pytest.mark.parametrize(
    "value",
    [
        "0=subject;1=agent", " 1 = Agent ; 0 = SUBJECT ;", '{"0": "subject", "1": "agent"}',
        {"0": "subject", "1": "agent"}, {1: "agent", 0: "subject"}, {"0": "subject", "1": "agent", "2": None},
        [("0", "subject"), (1, "agent")],
    ],
)  # fmt: skip
def test_roles_are_read_however_they_are_written(value):
    assert list(parse_roles(value).items()) == [(0, "subject"), (1, "agent")]


@pytest.mark.parametrize("value", [None, "", "  ", "{}", {}, ";"])
def test_a_recording_need_not_have_roles(value):
    assert parse_roles(value) == {}


@pytest.mark.parametrize(
    "value",
    [
        "subject", "0:subject", "0=customer", "0=", "=subject", "-1=subject", "1.0=subject", "256=subject",
        "0=subject;0=agent", "0=subject;00=agent", '{"0": "subject", "0": "agent"}', '{"0": "subject"',
        '["subject"]', '{"0": ["subject"]}', '{"a": "subject"}', {0.0: "subject"}, {True: "subject"}, 7,
        ["subject"], "0=subject;" * 1000, "{" * 4000, "²=subject", {0: "subject", "0": "agent"},
    ],
)  # fmt: skip
def test_roles_that_are_not_clear_are_refused(value):
    with pytest.raises(FieldError):
        parse_roles(value)


roles = st.dictionaries(st.integers(0, 255), st.sampled_from(["subject", "agent", "other"]), max_size=8)


@given(roles)
def test_roles_are_the_same_as_json_and_as_text(made):
    assert parse_roles(json.dumps(made)) == made
    assert parse_roles(";".join(f"{channel}={role}" for channel, role in made.items())) == made
    assert parse_roles(made) == made


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None), ("", None), ("2024-05-01", "2024-05-01"), ("20240501", "2024-05-01"),
        ("2024-05-01T10:30", "2024-05-01T10:30:00"), ("2024-05-01 10:30:07.9", "2024-05-01T10:30:07"),
        ("2024-05-01T10:30:00Z", "2024-05-01T10:30:00Z"),
        ("2024-05-01T01:30+02:00", "2024-05-01T01:30:00+02:00"),
        (date(2024, 5, 1), "2024-05-01"), (datetime(2024, 5, 1, 10), "2024-05-01T10:00:00"),
        (datetime(2024, 5, 1, 10, tzinfo=timezone(timedelta(hours=-3))), "2024-05-01T10:00:00-03:00"),
        ("2024-05-01T10:30:00+00:00", "2024-05-01T10:30:00Z"),
        ("2026-06-15", "2026-06-15"), ("2026-06-16T11:00", "2026-06-16T11:00:00"),
    ],
)  # fmt: skip
def test_dates_become_one_form(value, expected):
    assert when(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        "01.05.2024", "05/01/2024", "2024-13-01", "2024-02-30", "yesterday", "1714557600", 1714557600, 1.5,
        "2026-06-18", "2026-06-16T13:00:00Z", "1800-01-01", "0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00",
        "2024-05-01T25:00", "２０２４-05-01", "2024-05-01" + " " * 50 + "x", b"2024-05-01",
    ],
)  # fmt: skip
def test_dates_that_cannot_be_are_refused(value):
    with pytest.raises(FieldError):
        when(value)


offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(
    st.datetimes(datetime(1900, 1, 2), datetime(2026, 6, 14), timezones=st.none() | st.just(UTC) | offsets)
    | st.dates(date(1900, 1, 1), date(2026, 6, 15))
)
def test_a_date_that_was_read_is_read_as_itself(value):
    read = when(value)
    assert when(read) == read
    assert when(value.isoformat()) == read


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None), (" ", None), ("en", "en"), ("DE", "de"), ("de_ch", "de-CH"), ("zh-hant-tw", "zh-Hant-TW"),
        ("haw", "haw"), ("es-419", "es-419"),
    ],
)  # fmt: skip
def test_languages_become_one_form(value, expected):
    assert parse_language(value) == expected


@pytest.mark.parametrize(
    "value", ["english", "xx", "e", "en-", "en US", "en\n-", 7, True, ["en"], "дe", "en-" + "a" * 9]
)
def test_languages_that_cannot_be_are_refused(value):
    with pytest.raises(FieldError):
        parse_language(value)


@pytest.mark.parametrize(("value", "expected"), [(None, None), ("", None), (" desk 3 ", "desk 3"), (3, "3")])
def test_a_device_is_a_short_text(value, expected):
    assert parse_device(value) == expected


@pytest.mark.parametrize("value", ["x" * 101, "a\nb", 1.5, True, ["desk"], b"desk"])
def test_other_devices_are_refused(value):
    with pytest.raises(FieldError):
        parse_device(value)
