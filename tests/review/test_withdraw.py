"""A recording in which somebody heard something is released no more, whenever the process is killed."""

import json

import pytest
from leak_stand_ins import House, is_consistent, marked

from redactor import runs
from redactor.errors import UsageError
from redactor.ledger import Ledger, State
from redactor.record import Record
from redactor.review.withdraw import remove_at_once, withdraw, withdraw_all
from redactor.runs import Archive


@pytest.fixture
def house(tmp_path, monkeypatch):
    made = House(tmp_path, monkeypatch)
    made.run()
    return made


@pytest.fixture
def name(house):
    return house.names()[0]


def test_everything_of_it_is_gone_and_nothing_else(house, name):
    other = house.names()[1]
    with house.archive() as archive:
        assert withdraw(archive, name, [marked(1.6, 1.9)])
        assert archive.ledger.row(name).state is State.PENDING
        assert archive.ledger.reviewed(name) == (marked(1.6, 1.9),)
        assert archive.ledger.row(other).state is State.DONE
    assert house.listed() == house.released() == [other]
    assert is_consistent(house)


def test_it_is_on_record_by_name_types_and_number_alone(house, name):
    with house.archive() as archive:
        withdraw(archive, name, [marked(1.6, 1.9, "PIN_CODE"), marked(0.1, 0.4, "OTHER")])
    assert house.events()[-2:] == [
        ("leak-found", {"id": name, "types": ["OTHER", "PIN_CODE"], "spans": 2}),
        ("withdrawn", {"id": name}),
    ]
    assert "1.6" not in json.dumps(house.events()[-2:])


def test_the_order_shows_at_no_moment_more_than_the_ledger_allows(house, name, monkeypatch):
    seen = []

    def look(what, really):
        def call(*arguments, **options):
            with_files = bool(list((house.out / "release").glob(f"*/*/{name}*")))
            listed = name in house.listed()
            state = archive.ledger.row(name).state
            seen.append((what, bool(archive.ledger.reviewed(name)), state, listed, with_files))
            return really(*arguments, **options)

        return call

    steps = [
        (Record, "leak_found"), (Ledger, "add_reviewed"), (Record, "withdrawn"), (Ledger, "reset"),
        (Archive, "write_manifest"), (runs, "remove"),
    ]  # fmt: skip
    for owner, step in steps:
        monkeypatch.setattr(owner, step, look(step, getattr(owner, step)))
    with house.archive() as archive:
        withdraw(archive, name, [marked(1.6, 1.9)])
    assert seen == [
        ("leak_found", False, State.DONE, True, True),
        ("add_reviewed", False, State.DONE, True, True),
        ("withdrawn", True, State.DONE, True, True),
        ("reset", True, State.DONE, True, True),
        ("write_manifest", True, State.PENDING, True, True),
        ("remove", True, State.PENDING, False, True),
    ]


class Killed(BaseException):
    pass


KILLS = [(Record, "withdrawn"), (Ledger, "reset"), (Archive, "write_manifest"), (runs, "remove")]


def killed_at(monkeypatch, owner, step):
    def die(*_, **__):
        raise Killed

    monkeypatch.setattr(owner, step, die)


@pytest.mark.parametrize(("owner", "step"), KILLS, ids=[step for _, step in KILLS])
def test_a_kill_between_its_steps_leaves_nothing_of_it_after_the_next_start(
    house, name, monkeypatch, owner, step
):
    with monkeypatch.context() as patch:
        killed_at(patch, owner, step)
        with pytest.raises(Killed), house.archive() as archive:
            withdraw(archive, name, [marked(1.6, 1.9)])
    house.reconcile()
    assert name not in house.released() and name not in house.listed()
    assert house.state(name) is State.PENDING
    assert is_consistent(house)
    assert ("withdrawn", {"id": name}) in house.events()


@pytest.mark.parametrize(("owner", "step"), KILLS, ids=[step for _, step in KILLS])
def test_after_a_kill_the_same_again_ends_what_was_begun(house, name, monkeypatch, owner, step):
    with monkeypatch.context() as patch:
        killed_at(patch, owner, step)
        with pytest.raises(Killed), house.archive() as archive:
            withdraw(archive, name, [marked(1.6, 1.9)])
    with house.archive() as archive:
        withdraw(archive, name, [marked(1.6, 1.9)])
        assert archive.ledger.reviewed(name) == (marked(1.6, 1.9),)
    assert name not in house.released()
    assert is_consistent(house)


@pytest.mark.parametrize(("owner", "step"), [(Record, "leak_found"), (Ledger, "add_reviewed")])
def test_killed_before_anything_is_stored_it_withdraws_nothing_and_says_so_nowhere(
    house, name, monkeypatch, owner, step
):
    with monkeypatch.context() as patch:
        killed_at(patch, owner, step)
        with pytest.raises(Killed), house.archive() as archive:
            withdraw(archive, name, [marked(1.6, 1.9)])
    house.reconcile()
    assert is_consistent(house) and house.state(name) is State.DONE
    assert ("withdrawn", {"id": name}) not in house.events()


def test_a_second_finding_in_what_is_withdrawn_already_is_kept_too(house, name):
    for span in (marked(1.6, 1.9), marked(0.0, 0.4, "OTHER"), marked(1.6, 1.9)):
        with house.archive() as archive:
            withdraw(archive, name, [span])
    with house.archive() as archive:
        spans = archive.ledger.reviewed(name)
    assert [(span.start, span.entity_types) for span in spans] == [(0.0, ()), (1.6, ("PERSON",))]
    assert [event for event, _ in house.events()].count("withdrawn") == 1


def test_many_are_withdrawn_with_one_manifest(house, monkeypatch):
    written = []
    really = Archive.write_manifest
    monkeypatch.setattr(Archive, "write_manifest", lambda archive: (written.append(1), really(archive)))
    with house.archive() as archive:
        found = {name: [marked(1.6, 1.9)] for name in (row.name for row in archive.ledger.rows())}
        assert withdraw_all(archive, found) == sorted(found)
    assert (len(written), house.released(), house.listed()) == (1, [], [])


def test_of_what_was_forgotten_nothing_is_kept(house, name):
    with house.archive() as archive:
        archive.forget(name)
        assert not withdraw(archive, name, [marked(1.6, 1.9)])
        assert archive.ledger.reviewed(name) == ()
        assert archive.ledger.row(name).state is State.FORGOTTEN


@pytest.mark.parametrize(
    ("span", "message"),
    [
        (marked(1.9, 1.6), "times or channels"),
        (marked(float("nan"), 1.0), "times or channels"),
        (marked(-1.0, 1.0), "times or channels"),
        (marked(0.0, 1.0, channels=(-1,)), "times or channels"),
        (marked(0.0, 1.0, "Mr. Quill"), "no known type"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_recorded_and_not_quoted(house, name, span, message):
    before = house.events()
    with house.archive() as archive, pytest.raises(UsageError, match=message) as caught:
        withdraw(archive, name, [span])
    assert "Quill" not in str(caught.value)
    assert house.events() == before and is_consistent(house)


@pytest.mark.parametrize(("other", "spans"), [("no such name", [marked(0.0, 1.0)]), (None, [])])
def test_a_name_that_is_not_there_and_no_finding_are_refused(house, name, other, spans):
    with house.archive() as archive, pytest.raises(UsageError, match="nothing to withdraw"):
        withdraw(archive, other or name, spans)


def test_files_are_removed_at_once_while_another_process_holds_the_folder(house, name):
    with house.archive() as archive:  # the other process
        row = archive.ledger.row(name)
        remove_at_once(house.folder, row)
        assert archive.ledger.row(name) == row
    assert name not in house.released()
    assert name in house.listed()  # until its next start
    house.reconcile()
    assert is_consistent(house) and name not in house.listed()
    remove_at_once(house.folder, row)  # of what is gone there is nothing to remove
