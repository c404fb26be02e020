"""Whatever a person's files hold: what is in them, or an error of ours, soon and in little memory."""

from __future__ import annotations

import json
import tomllib

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from redactor.bench.gold import GoldError, GoldRecording, parse_line, read_gold
from redactor.config import load_policy, parse_policy
from redactor.config_text import to_toml
from redactor.errors import PolicyError, RedactorError, UsageError
from redactor.files import shipped_dir
from redactor.inputs import find_inputs, input_path
from redactor.policy import Policy

pytestmark = pytest.mark.long

quick = settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
STANDARD = (shipped_dir() / "configs" / "standard.toml").read_bytes()
DEEP = 50_000
DIGITS = 10_000


def altered(data: bytes):
    """The same bytes with a few stretches of them replaced, removed or repeated."""
    places = st.integers(0, len(data))
    step = st.tuples(places, st.integers(0, 30), st.binary(max_size=12))

    def alter(steps):
        found = data
        for at, length, new in steps:
            found = found[:at] + new + found[at + length :]
        return found

    return st.lists(step, min_size=1, max_size=3).map(alter)


# --- policies


def policy_or_error(text: bytes) -> Policy | None:
    try:
        policy = parse_policy(text, name="mine", where="mine.toml")
    except PolicyError as error:
        assert len(str(error)) < 2_000
        return None
    assert parse_policy(to_toml(policy).encode(), name="mine", where="again") == policy
    assert len(policy.digest) == 64
    return policy


@quick
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda t: t.encode(errors="replace"))))
def test_bytes_of_any_kind_are_a_policy_or_a_policy_error(text):
    policy_or_error(text)


@quick
@given(altered(STANDARD))
def test_a_policy_that_was_altered_is_another_or_a_policy_error(text):
    policy_or_error(text)


def test_what_is_altered_is_a_policy():
    assert policy_or_error(STANDARD) is not None


KEYS = [
    f"{section}.{key}" if isinstance(table, dict) else section
    for section, table in tomllib.loads(STANDARD.decode()).items()
    for key in (table if isinstance(table, dict) else [""])
]
VALUES = [
    "nan", "-nan", "inf", "-inf", "1e999", "0x" + "f" * DIGITS, "-1", "1" + "0" * 400, "[]", "{}", "''", "true",
    "1979-05-27", "07:32:00", "[[[1]]]", "{a = {b = 1}}", r"'\'", '"\\u0000"', '"\\U0010ffff"',
    "'" + "x" * 5_000 + "'", "[" * 300 + "]" * 300,
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=lambda v: v[:12])
@pytest.mark.parametrize("key", KEYS)
def test_every_key_takes_only_what_it_can_use(key, value):
    section, _, name = key.rpartition(".")
    head = f"[{section}]\n" if section else ""
    entities = "" if section == "entities" else "\n[entities]\nPERSON = 0.5\n"
    policy_or_error(f"{head}{name} = {value}{entities}".encode())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"a = " + b"[" * DEEP, "too deep"),
        (b"a = " + b"[" * 5_000 + b"]" * 5_000, "too deep"),
        (b"a = " + b"{a=" * 5_000 + b"1" + b"}" * 5_000, "too deep"),
        (b"a" + b".a" * 30_000 + b" = 1", "dots in a line"),
        (b"[a" + b".a" * 30_000 + b"]", "dots in a line"),
        (b"[entities]\na" + b".a" * 190 + b" = 1", "must be a number"),
        (b"k = 1\n" * 30_000, "KiB"),
        (b"#" * (64 << 10) + b"\n", "KiB"),
        (b"[deny]\nvocabulary = 1" + b"0" * 400, "vocabulary = 10"),
        (b"[deny]\nvocabulary = 0x" + b"f" * DIGITS, "some int"),
        (b"name = 0x" + b"f" * DIGITS, "must be text, not some int"),
        (b"x" * 5_000 + b" = 1", r"x\.\.\."),
    ],
    ids=lambda v: str(v)[:20],
)
def test_a_policy_that_asks_for_much_is_refused(text, message):
    with pytest.raises(PolicyError, match=message) as caught:
        parse_policy(text + b"\n[entities]\nPERSON = 0.5\n" * (b"entities" not in text), name="x", where="x")
    assert len(str(caught.value)) < 2_000


def test_of_a_policy_file_no_more_is_read_than_one_can_have(tmp_path):
    path = tmp_path / "mine.toml"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # sparse: a terabyte of zeros
    with pytest.raises(PolicyError, match="KiB"):
        load_policy(str(path))


def test_a_policy_in_a_file_whose_name_is_no_text_has_a_name_that_is(tmp_path):
    path = tmp_path / "caf\udce9.toml"
    path.write_bytes(b"[entities]\nPERSON = 0.5\n")
    policy = load_policy(str(path))
    assert policy.name == "caf\ufffd"
    assert to_toml(policy).encode()


# --- gold files

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
WORD = ["call", 0.1, 0.4, "PERSON", 1, 7]
SPAN = {"type": "PERSON", "start": 1, "end": 2.5, "channel": 0}
ROW = {
    "audio": "a.wav", "duration_s": 2.0, "sample_rate": 8000, "channels": 2, "half": "dev", "kind": "call",
    "speaker": "s1", "voices": ["v"], "condition": {"snr": 10}, "words": [WORD], "spans": [SPAN],
}  # fmt: skip


def gold_or_error(line: str) -> GoldRecording | None:
    try:
        gold = parse_line(line, "line 1")
    except GoldError as error:
        assert str(error).startswith("line 1: ")
        return None
    assert isinstance(parse_line(gold.to_json()), GoldRecording)
    return gold


def test_a_gold_error_is_a_mistake_of_use():
    assert issubclass(GoldError, UsageError)
    assert gold_or_error(json.dumps(ROW)) is not None


@quick
@given(st.text(max_size=100) | altered(json.dumps(ROW).encode()).map(lambda b: b.decode(errors="replace")))
def test_a_line_of_any_kind_is_gold_or_a_gold_error(line):
    gold_or_error(line)


@quick
@given(st.sampled_from(sorted(ROW)), json_values)
def test_a_field_of_any_kind_is_gold_or_a_gold_error(key, value):
    gold_or_error(json.dumps({**ROW, key: value}))


@quick
@given(st.integers(0, len(WORD) - 1), json_values)
def test_a_part_of_a_word_of_any_kind_is_gold_or_a_gold_error(index, value):
    word = [*WORD[:index], value, *WORD[index + 1 :]]
    gold_or_error(json.dumps({**ROW, "words": [word]}))


@quick
@given(st.sampled_from(sorted(SPAN)), json_values)
def test_a_part_of_a_span_of_any_kind_is_gold_or_a_gold_error(key, value):
    gold_or_error(json.dumps({**ROW, "spans": [{**SPAN, key: value}]}))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("[" * DEEP, "not JSON"),
        ('{"audio": ' + "9" * DIGITS + "}", "not JSON"),
        (json.dumps({**ROW, "audio": 1}), "'audio' is of the wrong kind"),
        (json.dumps({**ROW, "words": 1}), "'words' is of the wrong kind"),
        (json.dumps({**ROW, "words": None}), "'words' is of the wrong kind"),
        (json.dumps({**ROW, "spans": {"a": 1}}), "'spans' is of the wrong kind"),
        (json.dumps({**ROW, "duration_s": float("nan")}), "'duration_s' must be seconds"),
        (json.dumps({**ROW, "duration_s": -1}), "'duration_s' must be seconds"),
        (json.dumps({**ROW, "words": [["a", 0, float("inf")]]}), "times must be"),
        ('{"audio": "a", "words": [["a", 0, 1' + "0" * 400 + "]]}", "times must be"),
        (json.dumps({**ROW, "words": [["a", False, True]]}), "times must be"),
        (json.dumps({**ROW, "words": [["a", 0, 1, ["P"]]]}), "a label is text"),
        (json.dumps({**ROW, "words": [["a", 0, 1, "P", 0, [1]]]}), "an entity_id"),
        (json.dumps({**ROW, "words": [["a", 0, 1, "P", "left"]]}), "a channel is"),
        (json.dumps({**ROW, "words": [["a", 0, 1, "P", -1]]}), "a channel is"),
        (json.dumps({**ROW, "words": [["a", 0, 1, "P", float("nan")]]}), "a channel is"),
        (json.dumps({**ROW, "spans": [{**SPAN, "channel": float("inf")}]}), "a channel is"),
        (json.dumps({**ROW, "spans": [[1, 2, 3]]}), "a span is"),
    ],
    ids=lambda v: str(v)[:20],
)
def test_what_no_recording_has_is_refused_with_its_line(line, message):
    with pytest.raises(GoldError, match=f"^line 3: .*{message}"):
        parse_line(line, "line 3")


def test_a_gold_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "gold.jsonl").write_bytes(json.dumps(ROW).encode() + b"\n\xff\xfe")
    with pytest.raises(GoldError, match="not UTF-8"):
        read_gold(tmp_path / "gold.jsonl")


# --- what stands on the command line


@quick
@given(st.tuples(st.sampled_from(["", "file:", "file://", "s3://"]), st.text(max_size=60)).map("".join))
@example("file:%00")
@example("file:///%2e%2e/%2e%2e/etc")
@example("file://[")
@example("a\0b")
@example("x" * 5_000)
@example("file:" + "%41" * 5_000)
def test_an_input_of_any_kind_is_a_path_or_a_usage_error(argument):
    try:
        input_path(argument)
        find_inputs([argument])
    except RedactorError as error:
        assert isinstance(error, UsageError)
