"""A key counts when the root key says so, on record; nothing that was said can be taken out."""

import hashlib
import json
import os
import threading

import pytest
from export_people import ANN, BOB, DAY, EVE, HAL, NOW, OTHER_ROOT, ROOT, Office
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from redactor.audit.lines import canonical
from redactor.errors import StoreError, UsageError
from redactor.export import enrolment, instants
from redactor.export.enrolment import Role, is_person, pinned_root
from redactor.export.instants import instant, seconds_of

DOMAIN = b"redactor export enrolment v1\0"


@pytest.fixture
def office(tmp_path):
    return Office(tmp_path)


@pytest.fixture
def staffed(office):
    """Two approvers and a handler; the second approver's key is revoked."""
    office.enrol(ANN, "ann-7")
    office.enrol(BOB, "bob-7")
    office.enrol(HAL, "hal-7", role=Role.HANDLER)
    office.revoke(BOB)
    return office


def signed(root, **content):
    """A line, from the description of its form."""
    signature = root.sign(DOMAIN + canonical(content)).hex()
    return canonical({**content, "signature": signature}) + b"\n"


def line_of(root, who, *, serial, person="eve-7", role="approver", start=NOW, end=NOW + DAY):
    return signed(
        root,
        kind="enrolment",
        serial=serial,
        person=person,
        role=role,
        public_key=who.public.raw.hex(),
        fingerprint=who.public.fingerprint,
        valid_from=instant(start),
        valid_until=instant(end),
    )


def put_on_record(office):
    """Whatever lies there now, as if it had been recorded."""
    data = office.file.read_bytes()
    office.record.enrolled(
        "0" * 32, "any-1", "approver", data.count(b"\n"), sha256=hashlib.sha256(data).hexdigest()
    )


def test_who_is_enrolled_is_found_by_fingerprint_with_what_became_of_it(staffed):
    found = staffed.enrolled()
    assert {f: (e.serial, e.person, e.role, e.revoked_at) for f, e in found.items()} == {
        ANN.public.fingerprint: (1, "ann-7", Role.APPROVER, None),
        BOB.public.fingerprint: (2, "bob-7", Role.APPROVER, instant(NOW)),
        HAL.public.fingerprint: (3, "hal-7", Role.HANDLER, None),
    }
    ann = found[ANN.public.fingerprint]
    assert (ann.key, ann.valid_from, ann.valid_until) == (ANN.public, instant(NOW), instant(NOW + 100 * DAY))
    assert pinned_root(staffed.private) == ROOT.public
    assert staffed.enrolled(ROOT.public) == found


def test_a_line_is_what_its_description_says(office):
    office.enrol(EVE, "eve-7", days=1)
    assert office.file.read_bytes() == line_of(ROOT, EVE, serial=1)
    office.clock.on(5)
    office.revoke(EVE)
    revocation = signed(
        ROOT, kind="revocation", serial=2, fingerprint=EVE.public.fingerprint, at=instant(NOW + 5)
    )
    assert office.lines[1] == revocation


def test_each_line_is_on_record_with_the_count_and_the_digest_of_all(staffed):
    events = [json.loads(line) for line in (staffed.private / "audit.jsonl").read_text().splitlines()]
    assert [(e["event"], e["fields"]["count"]) for e in events] == [
        ("enrolled", 1),
        ("enrolled", 2),
        ("enrolled", 3),
        ("enrolment-revoked", 4),
    ]
    assert [e["fields"]["lines"] for e in events] == [
        hashlib.sha256(b"".join(staffed.lines[:n])).hexdigest() for n in (1, 2, 3, 4)
    ]
    assert (events[0]["fields"]["person"], events[0]["fields"]["role"]) == ("ann-7", "approver")


def test_files_are_for_their_owner_alone(staffed):
    folder = staffed.file.parent
    modes = {p.name: p.stat().st_mode & 0o777 for p in (folder, *folder.iterdir())}
    assert modes == {"export": 0o700, "enrolled.jsonl": 0o600, "root.pub": 0o600}


def test_nobody_is_enrolled_in_an_empty_folder(office):
    assert office.enrolled() == {}


def test_another_root_key_is_refused_everywhere(staffed):
    before = staffed.lines
    for act in (
        lambda: staffed.enrol(EVE, "eve-7", root=OTHER_ROOT),
        lambda: staffed.revoke(ANN, root=OTHER_ROOT),
        lambda: staffed.enrolled(OTHER_ROOT.public),
    ):
        with pytest.raises(UsageError, match="not the root key"):
            act()
    assert staffed.lines == before


@pytest.mark.parametrize("what", ["removed", "replaced"])
def test_a_root_that_was_removed_or_replaced_shows(staffed, what):
    path = staffed.file.with_name("root.pub")
    path.unlink()
    if what == "replaced":
        path.write_bytes(OTHER_ROOT.public.to_pem())
    with pytest.raises(StoreError, match="root.pub|root key did not sign"):
        staffed.enrolled()
    with pytest.raises((StoreError, UsageError), match="root"):
        staffed.enrol(EVE, "eve-7")
    with pytest.raises((StoreError, UsageError), match="root"):
        staffed.enrol(EVE, "eve-7", root=OTHER_ROOT)
    assert len(staffed.lines) == 4


@pytest.mark.parametrize(
    ("who", "person", "why"),
    [
        (ANN, "eve-7", "was enrolled before"),
        (ANN, "ann-7", "was enrolled before"),
        (BOB, "bob-7", "was enrolled before"),  # revoked, for good
        (EVE, "ann-7", "has a key that counts"),
        (EVE, "hal-7", "has a key that counts"),
        (ROOT, "eve-7", "root key .* another public key$"),
    ],
)
def test_one_key_a_person_and_one_person_a_key(staffed, who, person, why):
    before = staffed.lines
    with pytest.raises(UsageError, match=why):
        staffed.enrol(who, person)
    assert staffed.lines == before


def test_a_person_gets_another_key_after_a_revocation_or_an_end_and_not_before(staffed):
    staffed.enrol(EVE, "bob-7", days=1)
    staffed.clock.on(100 * DAY - 1)
    with pytest.raises(UsageError, match="has a key that counts"):
        staffed.enrol(OTHER_ROOT, "ann-7")
    staffed.clock.on(1)
    staffed.enrol(OTHER_ROOT, "ann-7")
    found = staffed.enrolled()
    assert [found[k.public.fingerprint].person for k in (EVE, BOB, ANN, OTHER_ROOT)] == [
        "bob-7",
        "bob-7",
        "ann-7",
        "ann-7",
    ]


def test_a_key_is_revoked_once_and_only_one_that_is_there(staffed):
    with pytest.raises(UsageError, match="revoked already"):
        staffed.revoke(BOB)
    with pytest.raises(UsageError, match="no key of this fingerprint"):
        staffed.revoke(EVE)
    assert len(staffed.lines) == 4


@pytest.mark.parametrize(
    "person", ["", "a", "Ann", "ann smith", "ann@x", "7ann", "-ann", "a" * 41, "abcdef01" * 4, None]
)
def test_an_id_that_is_no_slug_or_looks_like_a_key_is_refused(office, person):
    assert not is_person(person)
    with pytest.raises(UsageError, match="is no name"):
        office.enrol(ANN, person)
    assert not office.file.exists()


@pytest.mark.parametrize("days", [0, -1, 1.5, True, 1099])
def test_a_time_that_is_none_or_too_long_is_refused(office, days):
    with pytest.raises(UsageError, match="--valid-days"):
        office.enrol(ANN, "ann-7", days=days)


@pytest.mark.parametrize("num_kept", [0, 1, 2, 3])
def test_lines_taken_from_the_end_show(staffed, num_kept):
    staffed.file.write_bytes(b"".join(staffed.lines[:num_kept]))
    for act in (staffed.enrolled, lambda: staffed.enrol(EVE, "eve-7"), lambda: staffed.revoke(ANN)):
        with pytest.raises(StoreError, match=f"has {num_kept} lines and had 4"):
            act()


def test_a_file_that_was_removed_shows(staffed):
    staffed.file.unlink()
    with pytest.raises(StoreError, match="has 0 lines and had 4"):
        staffed.enrolled()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_changed_byte_of_what_is_on_record_shows(staffed, data):
    known = staffed.file.read_bytes()
    at = data.draw(st.integers(0, len(known) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != known[at]))
    try:
        staffed.file.write_bytes(known[:at] + bytes([other]) + known[at + 1 :])
        with pytest.raises(StoreError):
            staffed.enrolled()
    finally:
        staffed.file.write_bytes(known)


@pytest.mark.parametrize(
    "torn", [b"{", b'{"kind":"enrolment"', b"\0" * 10_000, b"\xff\xfe"], ids=["brace", "half", "zeros", "bytes"]
)
def test_a_torn_last_line_is_ignored_and_written_over(staffed, torn):
    before = staffed.enrolled()
    with staffed.file.open("ab") as stream:
        stream.write(torn)
    assert staffed.enrolled() == before
    staffed.enrol(EVE, "eve-7")
    assert all(line.startswith(b"{") and line.endswith(b"}\n") for line in staffed.lines)
    assert len(staffed.lines) == 5
    assert EVE.public.fingerprint in staffed.enrolled()


def test_a_line_that_another_key_has_signed_counts_for_nothing_and_stops_the_next(staffed):
    before = staffed.enrolled()
    with staffed.file.open("ab") as stream:
        stream.write(line_of(OTHER_ROOT, EVE, serial=5))
    assert staffed.enrolled() == before
    with pytest.raises(StoreError, match="did not sign"):
        staffed.enrol(EVE, "eve-7")


def test_an_enrolment_that_is_not_on_record_counts_for_nothing_and_a_revocation_does(staffed):
    with staffed.file.open("ab") as stream:
        stream.write(line_of(ROOT, EVE, serial=5))
        at = instant(NOW)
        stream.write(signed(ROOT, kind="revocation", serial=6, fingerprint=ANN.public.fingerprint, at=at))
    found = staffed.enrolled()
    assert EVE.public.fingerprint not in found
    assert found[ANN.public.fingerprint].revoked_at == at


def test_what_a_killed_process_left_off_the_record_is_recorded_by_the_next(office):
    class Killed(Exception):
        pass

    class Dying:
        def enrolled(self, *args, **kwargs):
            raise Killed

    office.enrol(ANN, "ann-7")
    with pytest.raises(Killed):
        office.enrol(BOB, "bob-7", record=Dying())
    assert set(office.enrolled()) == {ANN.public.fingerprint}
    with pytest.raises(UsageError, match="was enrolled before"):
        office.enrol(BOB, "bob-7")
    assert set(office.enrolled()) == {ANN.public.fingerprint, BOB.public.fingerprint}


@pytest.mark.parametrize(
    "order",
    [[1, 0, 2, 3], [0, 0, 1, 2, 3], [0, 2, 3], [0, 1, 2, 3, 3]],
    ids=["moved", "doubled", "gap", "replay"],
)
def test_lines_that_the_root_signed_moved_doubled_or_missing_show_even_on_record(staffed, order):
    lines = staffed.lines
    staffed.file.write_bytes(b"".join(lines[n] for n in order))
    put_on_record(staffed) if len(order) >= 4 else None
    with pytest.raises(StoreError):
        staffed.enrolled()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"who": ANN, "person": "eve-7"}, "enrolled twice"),
        ({"who": ANN, "person": "ann-7"}, "enrolled twice"),
        ({"who": EVE, "person": "ann-7"}, "two keys at once"),
        ({"who": EVE, "person": "Eve"}, "did not sign"),
        ({"who": EVE, "role": "root"}, "did not sign"),
        ({"who": EVE, "end": NOW}, "did not sign"),
    ],
)
def test_what_the_root_should_not_have_signed_is_refused_when_read(staffed, changes, why):
    with staffed.file.open("ab") as stream:
        stream.write(line_of(ROOT, **changes, serial=5))
    put_on_record(staffed)
    with pytest.raises(StoreError, match=why):
        staffed.enrolled()


def test_a_fingerprint_of_another_key_is_refused(staffed):
    content = json.loads(line_of(ROOT, EVE, serial=5))
    del content["signature"]
    with staffed.file.open("ab") as stream:
        stream.write(signed(ROOT, **{**content, "fingerprint": HAL.public.fingerprint[::-1]}))
    put_on_record(staffed)
    with pytest.raises(StoreError, match="did not sign"):
        staffed.enrolled()


def test_a_signature_over_something_else_by_the_root_is_none(staffed):
    content = json.loads(line_of(ROOT, EVE, serial=5))
    del content["signature"]
    bare = ROOT.sign(canonical(content)).hex()
    with staffed.file.open("ab") as stream:
        stream.write(canonical({**content, "signature": bare}) + b"\n")
    put_on_record(staffed)
    with pytest.raises(StoreError, match="did not sign"):
        staffed.enrolled()


def test_a_record_that_does_not_fit_its_head_leaves_nobody_enrolled(staffed):
    log = staffed.private / "audit.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    for bad in (b"".join(lines[:3]), b"".join(lines[1:]), b"", lines[0] * 4):
        log.write_bytes(bad)
        with pytest.raises(StoreError, match="does not fit"):
            staffed.enrolled()
    log.write_bytes(b"".join(lines))
    staffed.enrolled()
    log.with_suffix(".head.json").unlink()
    with pytest.raises(StoreError, match="does not fit"):
        staffed.enrolled()


def test_what_stands_behind_the_signed_head_of_the_record_enrols_nobody(staffed):
    log, head = staffed.private / "audit.jsonl", staffed.private / "audit.head.json"
    signed_head = head.read_bytes()
    staffed.enrol(EVE, "eve-7")
    head.write_bytes(signed_head)
    assert log.read_bytes().count(b"\n") == 5
    assert EVE.public.fingerprint not in staffed.enrolled()
    staffed.open_record()  # which signs what a killed process left, and says so
    assert EVE.public.fingerprint in staffed.enrolled()


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_something_else_in_the_place_of_the_file_is_refused(office, kind):
    office.file.parent.mkdir()
    if kind == "link":
        (office.place / "elsewhere").write_bytes(b"")
        office.file.symlink_to(office.place / "elsewhere")
    elif kind == "pipe":
        os.mkfifo(office.file)
    else:
        office.file.mkdir()
    with pytest.raises(StoreError, match="cannot be used"):
        office.enrol(ANN, "ann-7")
    with pytest.raises(StoreError, match="cannot be used"):
        office.enrolled()


def test_two_at_once_wait_for_each_other(office, monkeypatch):
    both = threading.Barrier(2)
    people = [(ANN, "ann-7"), (BOB, "bob-7")]

    def one(who, person):
        both.wait()
        office.enrol(who, person, record=office.open_record())

    threads = [threading.Thread(target=one, args=pair) for pair in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(e.serial for e in office.enrolled().values()) == [1, 2]


def test_times_have_one_form():
    assert instant(NOW + 0.9) == instants.instant(NOW) == "2027-01-15T08:00:00Z"
    assert seconds_of("2027-01-15T08:00:00Z") == NOW
    for bad in ("2027-01-15T08:00:00", "2027-01-15T08:00:00+00:00", "2027-13-15T08:00:00Z", "", None, 5):
        with pytest.raises(ValueError):
            seconds_of(bad)
    for bad in (float("nan"), float("inf"), 1e300):
        with pytest.raises(ValueError):
            instant(bad)
    assert enrolment.MAX_VALID_DAYS == 1098


def test_a_line_in_the_place_of_one_on_record_shows_though_the_root_signed_both(staffed):
    staffed.file.write_bytes(b"".join([*staffed.lines[:3], line_of(ROOT, EVE, serial=4)]))
    with pytest.raises(StoreError, match="is not what the audit record says"):
        staffed.enrolled()


def test_a_line_in_another_form_than_the_signed_one_is_none(staffed):
    with staffed.file.open("ab") as stream:
        stream.write(line_of(ROOT, EVE, serial=5).replace(b'"kind"', b'"kind":"revocation","kind"'))
    put_on_record(staffed)
    with pytest.raises(StoreError, match="did not sign"):
        staffed.enrolled()
