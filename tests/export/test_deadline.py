"""Until when a request is to be answered, and two more months for that: once, while there is time to say so."""

from datetime import UTC, datetime

import pytest
from export_world import DAY, World

from redactor.errors import UsageError
from redactor.export.entries import State
from redactor.export.moves import ENDED
from redactor.export.release import deny, expire, recall
from redactor.export.request_entries import EXTENDED_MONTHS, deadline_of
from redactor.export.steps import extend


@pytest.fixture
def world(tmp_path):
    return World(tmp_path, owned={"anna": 2, "ben": 1})


def extended(world, request, reason="many-recordings"):
    return extend(world.store, world.tools, request, reason=reason)


@pytest.mark.parametrize(
    ("day", "last"),
    [
        ("2026-03-05", "2026-06-05"),
        ("2026-01-31", "2026-04-30"),
        ("2026-10-31", "2027-01-31"),
        ("2026-11-30", "2027-02-28"),
        ("2027-11-30", "2028-02-29"),
        ("2026-12-31", "2027-03-31"),
        ("2026-09-12", "2026-12-12"),
    ],
)
@pytest.mark.parametrize("hour", [0, 23])
def test_an_extended_deadline_is_three_months_from_the_request_on(day, last, hour):
    at = datetime.fromisoformat(day).replace(hour=hour, tzinfo=UTC).timestamp()
    ends = datetime.fromtimestamp(deadline_of(at, num_months=EXTENDED_MONTHS) - 1, UTC)
    assert ends.isoformat() == f"{last}T23:59:59+00:00"


@pytest.mark.parametrize("after", ["open", "identify", "plan", "bob", "canary", "confirm", "seal"])
def test_it_is_extended_in_any_state_that_is_open_and_nothing_else_changes(world, after):
    request = world.open() if after == "open" else world.up_to(after)
    before = world.store.get(request)
    found = extended(world, request)
    assert found == world.store.get(request)
    assert (found.deadline, found.extended) == (deadline_of(before.opened_at, num_months=3), "many-recordings")
    changed = {key for key in vars(found) if vars(found)[key] != vars(before)[key]}
    assert changed == {"deadline", "extended", "version"}
    assert world.store.secret(request) or after != "seal"


def test_it_is_on_record_with_the_reason_and_the_day(world):
    request = world.up_to("plan")
    found = extended(world, request)
    day = datetime.fromtimestamp(found.deadline, UTC).strftime("%Y-%m-%dT00:00:00Z")
    detail = {"reason": "many-recordings", "deadline": day}
    assert world.recorded[-1] == ("extend", request, detail)
    event = world.store.events(request)[-1]
    assert (event.step, event.after, event.detail) == ("extend", "planned", detail)


def test_once(world):
    request = world.open()
    extended(world, request)
    before = world.store.get(request)
    with pytest.raises(UsageError, match="extended already"):
        extended(world, request, "again")
    assert world.store.get(request) == before


def test_while_the_first_is_not_over(world):
    request, other = world.open(), world.open("ben")
    world.clock.at = world.store.get(request).deadline - 1
    extended(world, request)
    world.clock.on(1)
    with pytest.raises(UsageError, match="is over and cannot be extended"):
        extended(world, other)
    assert world.store.get(other).extended is None


def test_a_request_that_has_ended_is_not_extended(world):
    ends = {
        State.RECALLED: lambda r: recall(world.store, world.tools, r),
        State.EXPIRED: lambda r: expire(world.store, world.tools, r),
        State.STOPPED: lambda r: deny(world.store, world.tools, r),
        State.RELEASED: world.release,
    }
    assert set(ends) == ENDED - {State.REFUSED}  # which comes before anything is planned
    for state, end in ends.items():
        request = world.up_to("seal")
        end(request)
        with pytest.raises(UsageError, match=f"`extend` is not possible while the request is {state}"):
            extended(world, request)


@pytest.mark.parametrize("reason", ["", "she has many", "letter.pdf", "x" * 65])
def test_the_reason_is_a_word(world, reason):
    request = world.open()
    with pytest.raises(UsageError, match="the reason"):
        extended(world, request, reason)
    assert world.store.get(request).extended is None


def test_more_time_to_answer_is_no_more_time_for_anything_else(world):
    """A canary that nobody confirms stops the request, whatever its deadline is."""
    request = world.up_to("canary")
    extended(world, request)
    world.clock.on(14 * DAY)
    with pytest.raises(UsageError, match="stopped"):
        world.confirm(request)
