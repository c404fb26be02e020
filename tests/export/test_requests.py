"""Requests and their steps: what leads where, what is kept, and what is gone when it is destroyed."""

import sqlite3
import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from export_people import NOW

from redactor.errors import StoreError, UsageError
from redactor.export.entries import Approval, Purpose, State
from redactor.export.moves import ENDED, MOVES, NEEDS, Step, check_move, next_step
from redactor.export.request_entries import (
    MAX_NOTE,
    Happened,
    Move,
    Sealed,
    deadline_of,
    new_request,
    recipient_key,
    slug,
)
from redactor.export.requests import RequestStore

pytestmark = pytest.mark.long

SUBJECT = "a" * 64
RECIPIENT = "age1" + "q" * 58
SECRET = "AGE-SECRET-KEY-1" + "Q" * 58
SEALED = Sealed("x/package.age", "c" * 64, NOW, NOW + 100, ("d" * 32,))
APPROVALS = tuple(
    Approval(letter * 32, "r", "p", SUBJECT, "m", "k", "e", "s", "t") for letter in ("1", "2")
)
# Everything that a request has when it is released.
ALL = {
    "identity_proof": "ticket-1",
    "second_factor": "callback",
    "recipient": RECIPIENT,
    "recipient_proof": "letter-2",
    "manifest": {"kind": "m"},
    "manifest_sha256": "b" * 64,
    "entries": {"n": "e"},
    "approvals": APPROVALS,
    "canary": SEALED,
    "canary_manifest": {"kind": "c"},
    "confirmed_by": ("calls", "device"),
    "package": SEALED,
}
PATH = [
    (Step.IDENTIFY, State.IDENTIFIED),
    (Step.PLAN, State.PLANNED),
    (Step.APPROVE, State.APPROVED),
    (Step.CANARY, State.CANARY),
    (Step.CONFIRM, State.CONFIRMED),
    (Step.SEAL, State.SEALED),
    (Step.RELEASE, State.RELEASED),
]


@pytest.fixture
def store(tmp_path):
    return RequestStore(tmp_path / "export.sqlite3")


def opened(store, at=NOW, note="by letter", **options):
    values = {"handler": "hugo", "note": note, "at": at, **options}
    return store.add(new_request(SUBJECT, Purpose.SUBJECT_ACCESS, **values), by="tester")


def step(store, request, kind, *, at=NOW, to=None, change=None, **options):
    change = ALL if change is None else change
    return store.move(request, Move(kind, at, "tester", to, change=change, **options))


def at_state(store, state, **options):
    """A request that went all the way to a state."""
    request = opened(store, **options)
    for kind, to in PATH:
        if request.state is state:
            break
        secret = SECRET if kind is Step.SEAL else None
        request = step(store, request, kind, to=to, secret=secret)
    if request.state is not state:
        ends = {
            State.RECALLED: Step.RECALL, State.EXPIRED: Step.EXPIRE, State.STOPPED: Step.STOP,
            State.REFUSED: Step.REFUSE,
        }  # fmt: skip
        back = State.OPENED if state is State.REFUSED else State.SEALED
        return step(store, at_state(store, back), ends[state])
    return request


def dump(path):
    with sqlite3.connect(path) as db:
        return list(db.iterdump())


@pytest.mark.parametrize(("kind", "state"), [(k, s) for k in Step if k is not Step.OPEN for s in State])
def test_a_step_leads_where_the_table_says_and_nowhere_else(tmp_path, store, kind, state):
    request = at_state(store, state)
    targets = MOVES[kind].get(state, ())
    for to in State:
        before = dump(tmp_path / "export.sqlite3")
        if to in targets:
            assert check_move(kind, state, to) is to
        else:
            with pytest.raises(UsageError, match=f"`{kind}` is not possible while the request is {state}"):
                step(store, request, kind, to=to)
            assert dump(tmp_path / "export.sqlite3") == before
    for to in targets[:1]:
        assert step(store, request, kind, to=to).state is store.get(request.id).state is to


def test_nothing_leaves_an_end_but_what_is_on_record_of_a_release():
    leaving = {
        (kind, state) for kind, moves in MOVES.items() for state in moves
        if state in ENDED
    }  # fmt: skip
    assert leaving == {
        (kind, State.RELEASED) for kind in (Step.RELEASE, Step.STOP, Step.CHECK, Step.INCIDENT)
    }
    reached = {to for moves in MOVES.values() for targets in moves.values() for to in targets}
    assert reached | {State.OPENED} == set(State)
    assert all(next_step(state) for state in State)


@pytest.mark.parametrize(
    ("state", "missing"), [(state, name) for state in NEEDS for name in NEEDS[state]], ids=str
)
def test_no_state_is_reached_without_what_it_needs(tmp_path, state, missing):
    store = RequestStore(tmp_path / "export.sqlite3")
    request = opened(store)
    empty = {**ALL, missing: () if missing in ("approvals", "confirmed_by") else None}
    with pytest.raises(UsageError, match=f"cannot be .* without .*{missing}"):
        for kind, to in PATH:
            request = step(store, request, kind, to=to, change=empty)
            assert request.state is not state
    assert store.get(request.id) == request


@pytest.mark.parametrize("approvals", [APPROVALS[:1], (APPROVALS[0], replace(APPROVALS[0], signature="other"))])
def test_two_approvals_of_one_key_are_not_two(store, approvals):
    request = at_state(store, State.PLANNED)
    with pytest.raises(UsageError, match="without approvals by two people"):
        step(store, request, Step.APPROVE, to=State.APPROVED, change={"approvals": approvals})
    assert store.get(request.id).state is State.PLANNED


def test_a_clock_that_was_set_back_moves_nothing(tmp_path, store):
    request = step(store, opened(store), Step.IDENTIFY, at=NOW + 10)
    before = dump(tmp_path / "export.sqlite3")
    for at in (NOW + 9.9, NOW - 1e9, float("nan")):
        with pytest.raises(UsageError, match="the clock of this machine is behind"):
            step(store, request, Step.PLAN, at=at)
    assert dump(tmp_path / "export.sqlite3") == before
    assert step(store, request, Step.PLAN, at=NOW + 10).state is State.PLANNED


def test_who_looked_at_an_older_request_changes_nothing(store):
    request = opened(store)
    step(store, request, Step.IDENTIFY)
    with pytest.raises(UsageError, match="was changed meanwhile"):
        step(store, request, Step.IDENTIFY)
    with pytest.raises(UsageError, match="was changed meanwhile"):
        step(store, replace(request, id="f" * 16), Step.IDENTIFY)


def test_of_two_who_release_at_once_one_does(tmp_path, store):
    request = at_state(store, State.SEALED)
    outcomes = []

    def race():
        with_own = RequestStore(tmp_path / "export.sqlite3")
        try:
            outcomes.append(step(with_own, request, Step.RELEASE).state)
        except UsageError:
            outcomes.append("refused")
        with_own.close()

    threads = [threading.Thread(target=race) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["refused"] * 3 + [State.RELEASED]


def test_what_is_not_on_record_does_not_happen(tmp_path, store):
    request = opened(store)
    before = dump(tmp_path / "export.sqlite3")

    def full():
        raise StoreError("the disk is full")

    with pytest.raises(StoreError, match="full"):
        store.move(request, Move(Step.IDENTIFY, NOW, "tester", change=ALL), on_record=full)
    with pytest.raises(StoreError, match="full"):
        store.add(replace(request, id="f" * 16), by="tester", on_record=full)
    assert dump(tmp_path / "export.sqlite3") == before


def test_every_step_leaves_who_did_what_when(store):
    request = opened(store)
    step(store, request, Step.IDENTIFY, at=NOW + 5, detail={"proof": "ticket-1"})
    first, second = store.events(request.id)
    assert first == Happened(NOW, "tester", "open", None, "opened", first.detail)
    assert first.detail == {"handler": "hugo", "purpose": "subject-access"}
    proof = {"proof": "ticket-1"}
    assert second == Happened(NOW + 5, "tester", "identify", "opened", "identified", proof)


@pytest.mark.parametrize("change", ["UPDATE event SET by = 'other'", "DELETE FROM event"])
def test_what_happened_is_only_added_to(tmp_path, store, change):
    opened(store)
    db = sqlite3.connect(tmp_path / "export.sqlite3")
    with pytest.raises(sqlite3.IntegrityError, match="kept"):
        db.execute(change)
    db.close()


@pytest.mark.parametrize("kind", [Step.RECALL, Step.EXPIRE, Step.STOP])
def test_a_destroyed_identity_is_in_no_byte_of_the_store(tmp_path, store, kind):
    request = at_state(store, State.SEALED)
    assert store.secret(request.id) == SECRET
    assert SECRET.encode() in stored(tmp_path)
    step(store, request, kind, incident=("denied", None) if kind is Step.STOP else None)
    assert store.secret(request.id) is None
    assert SECRET.encode() not in stored(tmp_path)


def test_an_identity_that_was_handed_over_is_in_no_byte_of_the_store(tmp_path, store):
    request = step(store, at_state(store, State.SEALED), Step.RELEASE)
    assert store.secret(request.id) == SECRET
    step(store, request, Step.RELEASE, change={"handed_over": True})
    assert SECRET.encode() not in stored(tmp_path)


def test_what_a_killed_process_has_not_overwritten_is_when_the_store_is_opened(tmp_path, store, monkeypatch):
    request = at_state(store, State.SEALED)
    with monkeypatch.context() as killed:
        killed.setattr("redactor.export.requests.scrub", lambda db, path: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            step(store, request, Step.RECALL)
    assert store.get(request.id).state is State.RECALLED
    store.close()
    again = RequestStore(tmp_path / "export.sqlite3")
    assert SECRET.encode() not in stored(tmp_path)
    assert again.fetch("SELECT * FROM unscrubbed") == []


def test_after_the_handing_over_nothing_stops_a_request(store):
    request = step(store, at_state(store, State.SEALED), Step.RELEASE, change={"handed_over": True})
    with pytest.raises(UsageError, match="nothing stops it any more"):
        step(store, request, Step.STOP)
    known = step(store, request, Step.INCIDENT, incident=("not-theirs", None))
    assert known.state is State.RELEASED
    assert [(i.reason, i.line) for i in store.incidents(request.id)] == [("not-theirs", None)]


def test_a_request_comes_back_as_it_was_stored(tmp_path, store):
    request = at_state(store, State.SEALED, note="Ünïcode", policy="strict", keep_own=True)
    assert RequestStore(tmp_path / "export.sqlite3").get(request.id) == request
    assert request.approvals == APPROVALS
    assert request.canary == SEALED


def test_lists_begin_with_what_is_due_first(store):
    later, first = opened(store, at=NOW), opened(store, at=NOW - 40 * 86_400)
    assert [request.id for request in store.all()] == [first.id, later.id]


@pytest.mark.parametrize("name", ["", "f", "g" * 16, "f" * 17, "*", "%", "0" * 16])
def test_what_names_no_request_finds_none(store, name):
    opened(store)
    with pytest.raises(UsageError, match="0 requests have this id"):
        store.get(name)


def test_a_beginning_finds_a_request_if_it_is_of_one_alone(store, monkeypatch):
    for number in ("aaaa0", "aaaa1", "bbbb2"):
        monkeypatch.setattr("secrets.token_hex", lambda n, number=number: number.ljust(16, "0"))
        opened(store)
    assert store.get("bbbb").id.startswith("bbbb2")
    with pytest.raises(UsageError, match="2 requests have this id"):
        store.get("aaaa")


@pytest.mark.parametrize(
    ("day", "last"),
    [
        ("2026-03-05", "2026-04-05"),
        ("2026-01-31", "2026-02-28"),
        ("2028-01-30", "2028-02-29"),
        ("2026-12-31", "2027-01-31"),
        ("2026-11-30", "2026-12-30"),
        ("2026-08-31", "2026-09-30"),
    ],
)
@pytest.mark.parametrize("hour", [0, 23])
def test_the_deadline_is_the_end_of_the_same_day_of_the_next_month(day, last, hour):
    at = datetime.fromisoformat(day).replace(hour=hour, tzinfo=UTC).timestamp()
    ends = datetime.fromtimestamp(deadline_of(at) - 1, UTC)
    assert ends.isoformat() == f"{last}T23:59:59+00:00"


@pytest.mark.parametrize("word", ["ticket-4711", "callback", "DMS:2026.7_a", "a"])
def test_a_reference_is_a_word(word):
    assert slug(word, "the proof") == word


@pytest.mark.parametrize("word", ["", "Jane Doe", "jane@example.com", "a/b", "x" * 65, "-a", "é", "a\n"])
def test_what_is_no_word_is_refused_and_not_quoted(word):
    with pytest.raises(UsageError, match="the proof is a word") as raised:
        slug(word, "the proof")
    assert not word.strip() or word not in str(raised.value) or len(word) == 1


@pytest.mark.parametrize("word", ["passport.pdf", "id-card.JPG", "letter.docx"])
def test_a_document_is_no_proof_that_is_kept(word):
    with pytest.raises(UsageError, match="names a document"):
        slug(word, "the proof")


@pytest.mark.parametrize(
    "key",
    ["", "age1", RECIPIENT + "q", RECIPIENT.upper(), "age1" + "b" * 58, "ssh-ed25519 A", RECIPIENT + "\n"],
)
def test_what_is_no_key_of_age_is_no_recipient(key):
    assert recipient_key(RECIPIENT) == RECIPIENT
    with pytest.raises(UsageError, match="not an age public key"):
        recipient_key(key)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"handler": "Hugo Smith"}, "the handler is a person's id"),
        ({"handler": "f" * 32}, "the handler is a person's id"),
        ({"note": "x" * (MAX_NOTE + 1)}, "the note is too long"),
    ],
)
def test_a_request_with_what_cannot_be_is_not_opened(store, options, message):
    with pytest.raises(UsageError, match=message):
        opened(store, **options)
    assert store.all() == []


def test_what_is_a_subjects_own_is_kept_for_access_alone():
    with pytest.raises(UsageError, match="subject-access alone"):
        new_request(SUBJECT, Purpose.RESEARCH, handler="hugo", note="", at=NOW, keep_own=True)


def test_what_somebody_else_wrote_into_the_store_is_not_read(tmp_path, store):
    request = opened(store)
    with sqlite3.connect(tmp_path / "export.sqlite3") as db:
        db.execute("UPDATE request SET value = '{}'")
    with pytest.raises(StoreError, match="did not write"):
        store.get(request.id)


def test_all_of_a_request_goes_when_it_is_deleted(tmp_path, store):
    request = at_state(store, State.SEALED, note="a very special note")
    step(store, request, Step.STOP, incident=("denied", None))
    store.delete(request.id)
    assert store.all() == store.events(request.id) == store.incidents() == []
    assert b"a very special note" not in stored(tmp_path)


def stored(place):
    return b"".join(path.read_bytes() for path in sorted(place.glob("export.sqlite3*")))
