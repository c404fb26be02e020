"""While an identity is handed over nobody else ends the request; afterwards nobody says more than is known."""

from dataclasses import replace

import pytest
from export_world import World

from redactor.errors import LockedError, UsageError
from redactor.export.entries import State
from redactor.export.release import deny, may_have_left, recall, release
from redactor.export.requests import RequestStore


@pytest.fixture
def world(tmp_path):
    return World(tmp_path, owned={"anna": 2, "ben": 1})


@pytest.fixture
def beside(world):
    """The store as another process has it: with a connection of its own, and without the locks of this one."""
    store = RequestStore(world.place / "private" / "export.sqlite3")
    yield store
    store.close()


def released_with(world, request, during):
    """What left, if something is done while the identity is handed over."""
    left = []

    def hand_over(identity):
        during()
        left.append(identity)

    release(world.store, world.tools, request, hand_over=hand_over)
    return left


def killed(*_):
    raise KeyboardInterrupt


def killed_in_release(world, request):
    with pytest.raises(KeyboardInterrupt):
        release(world.store, world.tools, request, hand_over=killed)


def release_again(store, tools, request):
    return release(store, tools, request, hand_over=lambda identity: pytest.fail("it left twice"))


@pytest.mark.parametrize("act", [recall, deny, release_again])
def test_what_is_being_handed_over_is_neither_ended_nor_handed_over_twice(world, beside, act):
    request = world.up_to("seal")

    def during():
        with pytest.raises(LockedError, match=f"releasing or ending request {request}; wait for it"):
            act(beside, world.tools, request[:4])

    assert len(released_with(world, request, during)) == 1
    found = world.store.get(request)
    assert (found.state, found.handed_over) == (State.RELEASED, True)
    assert world.store.incidents(request) == []
    assert not may_have_left(world.store, found)


@pytest.mark.parametrize("act", [recall, deny])
def test_a_no_while_all_is_looked_up_is_in_time(world, beside, act):
    def check(approvals, wanted, now):
        act(beside, world.tools, request)
        return world.check_approvals(approvals, wanted, now)

    request = world.up_to("seal")
    with pytest.raises(UsageError, match="changed meanwhile"):
        release(world.store, replace(world.tools, check_approvals=check), request, hand_over=pytest.fail)
    assert world.store.secret(request) is None
    assert not may_have_left(world.store, world.store.get(request))


def test_a_handing_over_keeps_nobody_from_ending_another_request(world, beside):
    request, other = world.up_to("seal"), world.up_to("seal", "ben")
    assert len(released_with(world, request, lambda: recall(beside, world.tools, other))) == 1
    assert world.store.get(other).state is State.RECALLED


@pytest.mark.parametrize("act", [recall, deny])
def test_after_a_release_that_was_killed_in_it_nobody_knows_whether_it_left(world, act):
    request = world.up_to("seal")
    killed_in_release(world, request)
    assert may_have_left(world.store, world.store.get(request))
    found = act(world.store, world.tools, request)
    assert (found.state, may_have_left(world.store, found)) == (State.STOPPED, True)
    assert world.store.secret(request) is None
    assert len(world.store.incidents(request)) == 1


def test_a_release_that_was_repeated_did_hand_over(world):
    request = world.up_to("seal")
    killed_in_release(world, request)
    world.release(request)
    assert not may_have_left(world.store, world.store.get(request))


@pytest.mark.parametrize("act", [recall, deny])
def test_what_was_never_released_did_not_leave(world, act):
    request = world.up_to("seal")
    assert not may_have_left(world.store, act(world.store, world.tools, request))
