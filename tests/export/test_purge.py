"""What exports leave behind goes when its time is over, and nothing else does."""

import os

import pytest
from export_world import DAY, World

from redactor.errors import StoreError, UsageError
from redactor.export.entries import State
from redactor.export.purge import carry_out_purge, plan_purge
from redactor.export.release import deny, recall, release


@pytest.fixture
def world(tmp_path):
    return World(tmp_path, owned={"anna": 2, "ben": 2})


def planned(world, days=10.0, cleared_up=()):
    return plan_purge(
        world.store, world.root, older_than_days=days, now=world.clock(), cleared_up=cleared_up
    )


def purge(world, days=10.0, cleared_up=()):
    told = []
    carry_out_purge(world.store, planned(world, days, cleared_up), record=told.append)
    return told


def left(world):
    return sorted(path.name for path in world.root.iterdir())


def test_a_request_that_ended_goes_with_its_package_and_redactions(world):
    request = world.up_to("release")
    assert left(world) == [request, f"{request}-canary"]
    world.clock.on(10 * DAY)
    found = planned(world)
    assert found.requests == (request,)
    assert [path.name for path in found.paths] == [request, f"{request}-canary"]
    assert found.num_bytes == sum(p.stat().st_size for p in world.root.rglob("*") if p.is_file()) > 0
    assert purge(world) == [request]
    assert left(world) == []
    assert world.store.all() == []
    assert world.folder.rows.keys() == set(world.truth)


def test_to_say_what_goes_changes_nothing(world):
    request = world.up_to("release")
    world.clock.on(100 * DAY)
    planned(world)
    assert world.store.get(request).state is State.RELEASED
    assert left(world) == [request, f"{request}-canary"]


@pytest.mark.parametrize(("days", "goes"), [(9.99, False), (10.0, True), (10.01, True)])
def test_it_counts_from_the_last_event(world, days, goes):
    request = world.up_to("seal")
    world.clock.on(5 * DAY)
    recall(world.store, world.tools, request)
    world.clock.on(days * DAY)
    assert bool(planned(world).requests) is goes


@pytest.mark.parametrize("after", ["identify", "plan", "canary", "seal"])
def test_what_is_open_stays_whatever_its_age(world, after):
    request = world.up_to(after)
    world.clock.on(1000 * DAY)
    found = planned(world)
    assert (found.requests, found.paths, found.kept_open) == ((), (), 1)
    purge(world)
    assert world.store.get(request).state is not None


def test_what_was_released_and_perhaps_not_handed_over_stays(world):
    request = world.up_to("seal")

    def full(identity):
        raise StoreError("full")

    with pytest.raises(StoreError):
        release(world.store, world.tools, request, hand_over=full)
    world.clock.on(1000 * DAY)
    assert planned(world).requests == ()


@pytest.mark.parametrize("after", ["plan", "canary", "release"])
def test_what_has_an_incident_stays_until_that_is_cleared_up(world, after):
    request = world.up_to(after)
    deny(world.store, world.tools, request)
    world.clock.on(1000 * DAY)
    found = planned(world)
    assert (found.requests, found.paths, found.kept_open, found.kept_incident) == ((), (), 0, 1)
    assert purge(world) == []
    assert world.store.incidents(request)
    found = planned(world, cleared_up=[request[:8]])
    assert (found.requests, found.cleared_up, found.kept_incident) == ((request,), (request,), 0)
    assert purge(world, cleared_up=[request]) == [request]
    assert (left(world), world.store.incidents()) == ([], [])


def test_only_an_incident_of_a_request_that_is_here_can_be_cleared_up(world):
    request = world.up_to("release")
    with pytest.raises(UsageError, match="has no incident"):
        planned(world, cleared_up=[request])
    with pytest.raises(UsageError, match="0 requests have this id"):
        planned(world, cleared_up=["f" * 16])


def test_a_young_request_stays_whatever_is_cleared_up(world):
    request = world.up_to("plan")
    deny(world.store, world.tools, request)
    assert planned(world, cleared_up=[request]).requests == ()


def test_folders_of_no_request_go_when_they_are_old(world):
    for name, age in (("a" * 16, 11), ("b" * 16 + "-canary", 9)):
        (world.root / name).mkdir()
        at = world.clock() - age * DAY
        os.utime(world.root / name, (at, at))
    assert [path.name for path in planned(world).paths] == ["a" * 16]


def test_approvals_of_a_request_go_with_it(world):
    request = world.up_to("plan")
    (world.root / "approvals").mkdir()
    theirs = world.root / "approvals" / f"approval-{request}-{'1' * 32}.json"
    other = world.root / "approvals" / "notes.txt"
    theirs.write_text("{}")
    other.write_text("")
    deny(world.store, world.tools, request)
    world.clock.on(10 * DAY)
    purge(world, cleared_up=[request])
    assert [path.name for path in (world.root / "approvals").iterdir()] == ["notes.txt"]


def test_what_is_none_of_its_own_stays(world):
    for name in ("enrolled.jsonl", "root.pub", "f" * 15, "F" * 16, "f" * 16 + "-other"):
        (world.root / name).write_text("x")
        os.utime(world.root / name, (0, 0))
    assert planned(world).paths == ()


def test_a_link_goes_and_what_it_leads_to_stays(world, tmp_path):
    request = world.up_to("plan")
    deny(world.store, world.tools, request)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("x")
    (world.root / request).symlink_to(elsewhere)
    world.clock.on(10 * DAY)
    purge(world, cleared_up=[request])
    assert left(world) == []
    assert (elsewhere / "kept").is_file()


def test_a_purge_that_was_killed_ends_when_it_is_repeated(world, monkeypatch):
    request = world.up_to("release")
    world.clock.on(10 * DAY)
    with monkeypatch.context() as killed:
        killed.setattr(world.store, "delete", lambda request: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            purge(world)
    assert left(world) == []
    assert purge(world) == [request]
    assert world.store.all() == []


def test_what_is_not_on_record_is_not_purged(world):
    request = world.up_to("release")
    world.clock.on(10 * DAY)

    def full(request):
        raise StoreError("full")

    with pytest.raises(StoreError):
        carry_out_purge(world.store, planned(world), record=full)
    assert left(world) == [request, f"{request}-canary"]


@pytest.mark.parametrize("days", [-1.0, float("nan"), float("inf")])
def test_a_number_of_days_that_cannot_be_is_refused(world, days):
    with pytest.raises(UsageError, match="number of days"):
        planned(world, days)
