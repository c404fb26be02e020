"""What may stand in the record, and how a line of it looks."""

import hashlib
import hmac
import json
import re
from types import SimpleNamespace

import pytest
from audit_records import KEY, KEYS, NO_HASH, canonical, documents, event, lines_of, new_log, seal

from redactor.audit import AuditLog, Event, keyed_digest, word
from redactor.audit import lines as module


def test_a_line_is_canonical_and_says_who_when_and_what(tmp_path):
    path, _ = new_log(tmp_path, 2)
    first, second = documents(path)
    assert list(first) == KEYS
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first["time"])
    assert re.fullmatch(r"[^ ]+\(\d+\)", first["who"])
    assert (first["event"], first["fields"]) == ("recording", dict(event(0).fields))
    assert [first["seq"], second["seq"]] == [1, 2]
    assert [first["previous"], second["previous"]] == [NO_HASH, first["hash"]]
    assert lines_of(path) == [seal(first), seal(second)]


def test_the_hash_of_a_line_stays_the_same_over_versions_of_this_package():
    line, end = module.format_line(
        Event("challenge", {"b": [1, 0.5, None, True], "a": {"sha256": "x"}}),
        module.START,
        time="2026-01-02T03:04:05.678Z",
        who="root(0)",
    )
    content = (
        '{"event":"challenge","fields":{"a":{"sha256":"x"},"b":[1,0.5,null,true]},"previous":"' + NO_HASH + '",'
        '"seq":1,"time":"2026-01-02T03:04:05.678Z","who":"root(0)"}'
    )
    assert end == module.Position(1, hashlib.sha256(content.encode()).hexdigest())
    assert canonical(json.loads(line)) + b"\n" == line


@pytest.mark.parametrize(
    "value",
    ["", "abc", "x" * 200, "a/b.wav", "ner:en", "%C3%A9", "2026-01-02T03:04:05Z", "'<>`{}[]()"]
    + [0, -3, 2**53 - 1, 0.0, 1e300, True, None, [], {}, [[1, "a"], {"b": None}], ("a", 1)],
)
def test_values_that_may_be_recorded_come_back(tmp_path, value):
    AuditLog(tmp_path / "audit.jsonl", key=KEY).append([Event("x", {"value": value})])
    found = documents(tmp_path / "audit.jsonl")[0]["fields"]["value"]
    assert found == (list(value) if isinstance(value, tuple) else value)


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    ["call John", "x" * 201, "a\nb", "a\rb", "a\0b", "\x7f", "\x1b[31m", "Zoë", "\u2028", "\ud800", '"', "\\"]
    + [b"bytes", float("nan"), float("inf"), 2**53, -(2**53), nested(50), {"A": 1}, {"a b": 1}, {1: 2}]
    + [{"": 1}, {"k" * 65: 1}, {"é": 1}, ["fine", "not fine"], {"a": {"b": ["x y"]}}, {1, 2}, object(), 1j],
)
def test_values_that_could_hold_a_sentence_or_break_a_line_are_refused_and_not_quoted(value):
    with pytest.raises(ValueError, match=r"^(a value of|a key in) an event") as caught:
        Event("recording", {"value": value})
    assert not isinstance(value, str) or value not in str(caught.value)


@pytest.mark.parametrize("kind", ["", "Run", "run ended", "run\n", "x" * 41, "1", None, "é"])
def test_a_kind_is_a_slug(kind):
    with pytest.raises(ValueError, match="kind of an event is a slug"):
        Event(kind, {})


@pytest.mark.parametrize("fields", [None, [], "a"])
def test_fields_are_a_mapping(fields):
    with pytest.raises(ValueError, match="fields of an event"):
        Event("x", fields)


def test_what_an_event_was_made_of_can_change_afterwards_and_the_event_does_not():
    inner = ["a"]
    made = Event("x", {"value": inner})
    inner.append("not fine")
    assert made.fields == {"value": ["a"]}


def test_an_event_too_large_for_a_line_is_refused_and_nothing_of_its_batch_is_written(tmp_path):
    path, head = new_log(tmp_path, 1)
    before = path.read_bytes()
    log = AuditLog(path, key=KEY)
    with pytest.raises(ValueError, match="too large"):
        log.append([event(), Event("x", {"files": ["a" * 200] * 330})])
    assert path.read_bytes() == before
    log.append([Event("x", {"files": ["a" * 200] * 320})])
    assert len(lines_of(path)[-1]) > 60_000


@pytest.mark.parametrize(
    ("text", "coded"),
    [
        ("standard", "standard"),
        ("my policy", "my%20policy"),
        ("Zoë", "Zo%C3%AB"),
        ("50%", "50%25"),
        ("/models/base:v1@x", "/models/base:v1@x"),
        ('a"b\\c\n', "a%22b%5Cc%0A"),
        ("\udcff\ud800", "%5Cudcff%5Cud800"),
        ("x" * 300, "x" * 200),
    ],
)
def test_a_word_from_outside_becomes_a_value(text, coded):
    assert word(text) == coded
    assert Event("x", {"value": word(text)}).fields["value"] == coded


def test_an_input_stands_as_a_digest_that_takes_the_key_to_compute():
    one, other = bytes(32), bytes([1]) * 32
    plain = hashlib.sha256(b"recording").hexdigest()
    found = keyed_digest(one, plain)
    assert found == hmac.new(one, b"audit input\0" + plain.encode(), "sha256").hexdigest()
    assert len({found, plain, keyed_digest(other, plain), keyed_digest(one, "0" * 64)}) == 4


@pytest.mark.parametrize("text", ["", "/calls/john.wav", "AB" * 32, "a" * 63, "a" * 65, "a" * 64 + "\n"])
def test_what_is_no_digest_is_not_taken_for_one(text):
    with pytest.raises(ValueError, match="not a SHA-256"):
        keyed_digest(bytes(32), text)


@pytest.mark.parametrize(
    ("entry", "who"),
    [
        ("jane", "jane(7)"),
        ("HOUSE\\jane doe", "HOUSE%5Cjane%20doe(7)"),
        (None, "unknown(7)"),
        ("x" * 300, "x" * 100 + "(7)"),
    ],
)
def test_who_is_the_login_name_that_the_system_knows(monkeypatch, entry, who):
    def entry_of(uid):
        if entry is None:
            raise KeyError(uid)
        return SimpleNamespace(pw_name=entry)

    monkeypatch.setattr(module.os, "getuid", lambda: 7)
    monkeypatch.setattr(module.pwd, "getpwuid", entry_of)
    assert module.who.__wrapped__() == who
