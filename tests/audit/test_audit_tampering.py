"""Whatever is done to a record that its head counts shows, with the first line that does not fit."""

import hashlib
import json
from dataclasses import replace

import pytest
from audit_records import KEY, OTHER_KEY, canonical, event, lines_of, new_log, rewrite, seal
from hypothesis import given
from hypothesis import strategies as st

from redactor.audit import AuditLog, Head, head_file, read_head, verdict, verify
from redactor.audit.head import sign_head
from redactor.audit.lines import MAX_LINE_BYTES, Position
from redactor.errors import StoreError, UsageError

NUM_LINES = 6
EACH = range(1, NUM_LINES + 1)
ALL_BUT_LAST = EACH[:-1]


@pytest.fixture
def record(tmp_path):
    return new_log(tmp_path, NUM_LINES)


def check(path, head, *, key=KEY):
    return verify(path, public_key=key.public, head=head)


def changed(line, **fields):
    document = json.loads(line)
    return canonical({**document, "fields": {**document["fields"], **fields}}) + b"\n"


def follow(lines, number):
    """A line that fits behind line `number`."""
    before = json.loads(lines[number - 1])
    return seal({**before, "seq": number + 1, "previous": before["hash"]})


def change(lines, n):
    lines[n - 1] = changed(lines[n - 1], number=77)


def reseal(lines, n):
    lines[n - 1] = seal(json.loads(changed(lines[n - 1], number=77)))


def remove(lines, n):
    del lines[n - 1]


def swap(lines, n):
    lines[n - 1 : n + 1] = lines[n], lines[n - 1]


def double(lines, n):
    lines.insert(n, lines[n - 1])


def insert(lines, n):
    lines.insert(n, follow(lines, n))


def renumber(lines, n):
    lines[n:] = [canonical({**(d := json.loads(line)), "seq": d["seq"] + 1}) + b"\n" for line in lines[n:]]


def write_anew(lines, n):
    lines[n - 1 :] = rewrite(lines[n - 1 :], number=77)


def cut(lines, n):
    del lines[n:]


def cut_inside(lines, n):
    lines[n - 1 :] = [lines[n - 1][:-40]]


def cut_newline(lines, n):
    lines[n - 1 :] = [lines[n - 1][:-1]]


def empty_line(lines, n):
    lines.insert(n - 1, b"\n")


def garbage(lines, n):
    lines[n - 1] = bytes(range(256)).replace(b"\n", b"") + b"\n"


def huge(lines, n):
    lines[n - 1] = b'{"a":"' + b"x" * 300_000 + b'"}\n'


def at(shift, reason):
    """Expected: the line that was touched, shifted, and why it does not fit."""
    return lambda n: (n + shift, reason)


TAMPERINGS = [
    *((change, n, at(0, "hash")) for n in EACH),
    *((reseal, n, at(1, "previous")) for n in ALL_BUT_LAST),
    (reseal, NUM_LINES, at(0, "rewritten")),
    *((remove, n, at(0, "seq")) for n in ALL_BUT_LAST),
    (remove, NUM_LINES, at(0, "cut")),
    *((swap, n, at(0, "seq")) for n in ALL_BUT_LAST),
    *((double, n, at(1, "seq")) for n in EACH),
    *((insert, n, at(2, "seq")) for n in ALL_BUT_LAST[:-1]),
    (insert, NUM_LINES - 1, at(1, "rewritten")),
    *((renumber, n, at(1, "hash")) for n in ALL_BUT_LAST),
    *((write_anew, n, lambda n: (NUM_LINES, "rewritten")) for n in EACH),
    *((cut, n, at(1, "cut")) for n in (0, *ALL_BUT_LAST)),
    *((cut_inside, n, at(0, "cut")) for n in EACH),
    *((cut_newline, n, at(0, "cut")) for n in EACH),
    *((empty_line, n, at(0, "not-json")) for n in EACH),
    *((garbage, n, at(0, "not-json")) for n in EACH),
    *((huge, n, at(0, "too-long")) for n in EACH),
]


@pytest.mark.parametrize(
    ("tamper", "number", "expected"), TAMPERINGS, ids=[f"{t.__name__}-{n}" for t, n, _ in TAMPERINGS]
)
def test_what_was_done_to_a_log_names_the_first_line_that_does_not_fit(record, tamper, number, expected):
    path, head = record
    lines = lines_of(path)
    tamper(lines, number)
    path.write_bytes(b"".join(lines))
    found = check(path, head)
    assert (found.first_bad_line, found.reason) == expected(number)
    assert found.count <= found.first_bad_line
    assert not found.fits
    assert found.lines_after_head == 0


@pytest.mark.parametrize(
    ("tamper", "number", "expected"), TAMPERINGS, ids=[f"{t.__name__}-{n}" for t, n, _ in TAMPERINGS]
)
def test_a_log_that_was_tampered_with_is_refused_or_goes_on_showing_it(record, tamper, number, expected):
    path, head = record
    lines = lines_of(path)
    tamper(lines, number)
    path.write_bytes(b"".join(lines))
    before = (path.read_bytes(), head_file(path).read_bytes())
    try:
        new = AuditLog(path, key=KEY).append([event()])
    except StoreError as refused:
        assert "audit verify" in str(refused)
        assert (path.read_bytes(), head_file(path).read_bytes()) == before
    else:
        assert number < NUM_LINES, "it touched the end"
        found = check(path, new)
        assert not found.fits and found.first_bad_line == expected(number)[0]


def test_a_record_that_nobody_touched_fits(record):
    path, head = record
    found = check(path, head)
    assert (found.count, found.first_bad_line, found.reason, found.fits) == (NUM_LINES, None, "fits", True)
    assert (found.lines_after_head, found.head, found.times_back, found.repairs) == (0, "fits", 0, 0)


def test_an_older_head_counts_fewer_lines_and_the_rest_are_behind_it(record):
    path, head = record
    new = AuditLog(path, key=KEY).append([event(), event()])
    assert check(path, new).lines_after_head == 0
    assert (check(path, head).fits, check(path, head).lines_after_head) == (True, 2)
    assert check(path, None).head == "none"
    assert check(path, None).lines_after_head == NUM_LINES + 2


def test_an_older_log_with_its_own_head_shows_only_against_a_later_one(record):
    path, head = record
    before = path.read_bytes()
    kept = AuditLog(path, key=KEY).append([event()])
    path.write_bytes(before)
    assert check(path, head).fits
    assert check(path, kept).reason == "cut"


def test_without_a_head_neither_a_cut_at_a_border_nor_a_new_chain_can_show(record):
    path, _ = record
    path.write_bytes(b"".join(rewrite(lines_of(path)[:4], number=77)))
    assert check(path, None).fits


def test_lines_that_were_put_behind_the_head_are_counted_apart(record):
    path, head = record
    lines = lines_of(path)
    path.write_bytes(b"".join([*lines, follow(lines, NUM_LINES)]))
    found = check(path, head)
    assert (found.fits, found.count, found.lines_after_head) == (True, NUM_LINES + 1, 1)


def test_a_line_torn_behind_the_head_is_no_cut(record):
    path, head = record
    lines = lines_of(path)
    path.write_bytes(b"".join([*lines, follow(lines, NUM_LINES)[:-7]]))
    found = check(path, head)
    assert (found.first_bad_line, found.reason) == (NUM_LINES + 1, "torn")


def test_a_log_that_is_gone_is_a_cut_one(record):
    path, head = record
    path.unlink()
    assert (check(path, head).reason, check(path, head).first_bad_line) == ("cut", 1)
    with pytest.raises(UsageError, match="there is no record"):
        check(path, None)


def test_an_empty_log_fits_the_head_that_counts_none(tmp_path):
    path, head = new_log(tmp_path, 0)
    assert check(path, head).fits
    path.unlink()
    assert check(path, head).fits


HEADS = {
    "of another log": lambda head, other: (other, "rewritten"),
    "of a longer log": lambda head, other: (other, "rewritten"),
    "count edited": lambda head, other: (replace(head, count=head.count - 1), "head-signature"),
    "hash edited": lambda head, other: (replace(head, hash="1" * 64), "head-signature"),
    "time edited": lambda head, other: (replace(head, time="2020-01-01T00:00:00.000Z"), "head-signature"),
    "signature edited": lambda head, other: (replace(head, signature="0" * 128), "head-signature"),
    "signature of another": lambda head, other: (replace(head, signature=other.signature), "head-signature"),
    "key edited": lambda head, other: (replace(head, key=OTHER_KEY.public.fingerprint), "head-key"),
}


@pytest.mark.parametrize("name", HEADS)
def test_a_head_that_was_tampered_with_is_not_believed(record, tmp_path, name):
    path, head = record
    (tmp_path / "other").mkdir()
    _, other = new_log(tmp_path / "other", NUM_LINES)
    tampered, reason = HEADS[name](head, other)
    found = check(path, tampered)
    assert (found.reason, found.fits) == (reason, False)
    assert found.first_bad_line == (NUM_LINES if reason == "rewritten" else None)
    assert found.head == ("fits" if reason == "rewritten" else reason)
    head_file(path).write_text(tampered.to_json())
    with pytest.raises(StoreError, match="nothing was appended"):
        AuditLog(path, key=KEY)
    assert read_head(head_file(path)) == tampered


def test_a_record_that_another_key_signed_is_not_believed_and_a_bad_line_is_named_all_the_same(tmp_path):
    path, head = new_log(tmp_path, NUM_LINES, key=OTHER_KEY)
    assert check(path, head, key=OTHER_KEY).fits
    assert check(path, head).reason == "head-key"
    assert check(path, head).lines_after_head == NUM_LINES
    posing = replace(head, key=KEY.public.fingerprint)
    assert check(path, posing).reason == "head-signature"
    path.write_bytes(path.read_bytes().replace(b"recording", b"regarding", 1))
    found = check(path, posing)
    assert (found.first_bad_line, found.reason, found.head) == (1, "hash", "head-signature")


def resealed(raw):
    """A line of any form under the hash of its very bytes: what a careful forger would write."""
    digest = hashlib.sha256(raw).hexdigest().encode()
    return raw.replace(b'"previous":', b'"hash":"' + digest + b'","previous":')


LINE = b'{"event":"x","fields":{"a":1},"previous":"' + b"0" * 64 + b'","seq":1,"time":"t","who":"w"}'
FORMS = [
    (b"", b"", "fits"),
    (b'"a":1', b'"a":1,"a":2', "malformed"),
    (b'"event":"x"', b'"event":"y","event":"x"', "malformed"),
    (b'"event":"x"', b'"event": "x"', "malformed"),
    (b'"event":"x"', b'"event":"\\u0078"', "malformed"),
    (b'"event":"x"', b'"event":"\\u00AA"', "malformed"),
    (b'"event":"x"', b'"event":"\\u00aa"', "fits"),
    (b'"event":"x"', b'"event":"\xc3\xab"', "not-json"),
    (b'"event":"x"', b'"event":null', "malformed"),
    (b'"event":"x"', b'"event":"x","extra":1', "malformed"),
    (b'"event":"x",', b"", "malformed"),
    (b'"who":"w"', b'"who":"w"\r', "malformed"),
    (b'"a":1', b'"a":1.00', "malformed"),
    (b'"a":1', b'"a":1E0', "malformed"),
    (b'"a":1', b'"a":NaN', "malformed"),
    (b'"a":1', b'"a":1e999', "malformed"),
    (b'"a":1', b'"a":' + b"1" * 5000, "not-json"),
    (b'"a":1', b'"a":' + b"[" * 30_000 + b"]" * 30_000, "not-json"),
    (b'"a":1', b'"a":"\\"hash\\":\\""', "fits"),
    (b'{"a":1}', b"[]", "malformed"),
    (b'"seq":1', b'"seq":"1"', "malformed"),
    (b'"seq":1', b'"seq":1.0', "malformed"),
    (b'"seq":1', b'"seq":true', "malformed"),
    (b'"seq":1', b'"seq":2', "seq"),
    (b'"previous":"00', b'"previous":"10', "previous"),
    (b'{"event', b'[{"event', "not-json"),
]


@pytest.mark.parametrize(("old", "new", "reason"), FORMS)
def test_a_line_has_one_form_only_whatever_hash_it_has(tmp_path, old, new, reason):
    path = tmp_path / "audit.jsonl"
    path.write_bytes(resealed(LINE.replace(old, new)) + b"\n")
    found = check(path, None)
    assert (found.reason, found.first_bad_line) == (reason, None if reason == "fits" else 1)


@pytest.mark.parametrize(
    "hash_", [b'"hash":""', b'"hash":"\\"', b'"hash":1', b'"hash":"' + b"A" * 64 + b'"', b'"x":1']
)
def test_a_line_without_the_form_of_a_hash_does_not_fit(tmp_path, hash_):
    path = tmp_path / "audit.jsonl"
    path.write_bytes(LINE.replace(b'"previous":', hash_ + b',"previous":') + b"\n")
    assert check(path, None).reason in ("hash", "malformed", "not-json")


@pytest.mark.parametrize(("size", "reason"), [(MAX_LINE_BYTES, "fits"), (MAX_LINE_BYTES + 1, "too-long")])
def test_a_line_has_a_greatest_length_with_its_newline(tmp_path, size, reason):
    path = tmp_path / "audit.jsonl"
    num_more = size - len(resealed(LINE) + b"\n")
    path.write_bytes(resealed(LINE.replace(b'"event":"x', b'"event":"x' + b"x" * num_more)) + b"\n")
    assert path.stat().st_size == size
    assert check(path, None).reason == reason


@pytest.mark.parametrize("size", [1, 1000, 70_000])
@pytest.mark.parametrize("byte", [b"\0", b"\xff", b"{", b" "])
def test_binary_garbage_is_not_a_record(tmp_path, byte, size):
    path = tmp_path / "audit.jsonl"
    path.write_bytes(byte * size)
    assert check(path, None).reason == ("torn" if size < 70_000 else "too-long")
    path.write_bytes(byte * size + b"\n")
    assert check(path, None).reason == ("not-json" if size < 70_000 else "too-long")


def test_a_clock_that_was_set_back_is_no_fault_and_is_told(record, monkeypatch):
    path, _ = record
    monkeypatch.setattr("redactor.audit.log.utc_now", lambda: "2001-01-01T00:00:00.000Z")
    head = AuditLog(path, key=KEY).append([event(), event()])
    assert (check(path, head).fits, check(path, head).times_back) == (True, 1)


def test_a_log_is_read_between_two_appends(record, monkeypatch):
    """The writer has the lock and is half way through a line when the reader comes."""
    path, head = record
    lines = lines_of(path)
    path.write_bytes(b"".join(lines)[:-30])
    really = verdict.fcntl.flock

    def flock(descriptor, operation):
        if operation == verdict.fcntl.LOCK_SH:
            path.write_bytes(b"".join(lines))
        really(descriptor, operation)

    monkeypatch.setattr(verdict.fcntl, "flock", flock)
    assert check(path, head).fits


def test_what_is_appended_while_a_log_is_read_is_left_out(record, monkeypatch):
    path, head = record
    really = verdict.walk

    def walk(stream, num_bytes, **options):
        with path.open("ab") as writer:
            writer.write(b'{"half a')
        return really(stream, num_bytes, **options)

    monkeypatch.setattr(verdict, "walk", walk)
    assert check(path, head).fits


def test_a_log_that_becomes_shorter_while_it_is_read_does_not_fit_and_ends(record, monkeypatch):
    path, _ = record
    monkeypatch.setattr(verdict, "_settled_bytes", lambda descriptor: path.stat().st_size + 1)
    assert check(path, None).reason == "torn"


def test_a_link_or_a_folder_is_not_read_as_a_log(record, tmp_path):
    path, head = record
    (tmp_path / "link").symlink_to(path)
    for place in (tmp_path / "link", tmp_path):
        with pytest.raises(UsageError, match="cannot be read|not a regular file"):
            check(place, head)


SEALED = b"".join(
    rewrite([seal({**json.loads(resealed(LINE)), "seq": number}) for number in range(1, 6)])
)
COUNTED = b"".join(SEALED.splitlines(keepends=True)[:3])


def head_of(data):
    last = json.loads(data.splitlines()[-1])
    return sign_head(Position(last["seq"], last["hash"]), KEY)


@st.composite
def damaged(draw, data):
    """One byte changed, removed or added, or a cut."""
    at = draw(st.integers(0, len(data) - 1))
    byte = bytes([draw(st.integers(0, 255))])
    kind = draw(st.sampled_from(["change", "remove", "add", "cut"]))
    rest = {"change": byte + data[at + 1 :], "remove": data[at + 1 :], "add": byte + data[at:], "cut": b""}
    return data[:at] + rest[kind]


@given(damaged(SEALED))
def test_a_single_byte_changed_below_the_head_always_shows(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "damaged.jsonl"
    path.write_bytes(data)
    assert check(path, head_of(SEALED)).fits == (data == SEALED)


@given(damaged(SEALED))
def test_behind_the_head_a_byte_shows_too_and_only_whole_lines_can_go(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "damaged.jsonl"
    path.write_bytes(data)
    whole = [SEALED, COUNTED, b"".join(SEALED.splitlines(keepends=True)[:4])]
    assert check(path, head_of(COUNTED)).fits == (data in whole)


SIGNED = head_of(SEALED)


@given(damaged(SIGNED.to_json().encode()))
def test_a_single_byte_changed_in_a_head_shows_or_changes_nothing(data):
    try:
        found = Head.from_json(data, where="head.json")
    except UsageError as refused:
        assert "'head.json' is not the head of a record" in str(refused)
    else:
        assert found == SIGNED or not found.is_signed_by(KEY.public)
