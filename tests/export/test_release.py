"""From approval to handing over: canary, facts, package, and what can still be undone."""

import contextlib
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from export_world import ANN, BOB, DAY, EVE, HAL, STANDARD, World, hash_of, key_of
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from redactor.errors import StoreError, UsageError
from redactor.export.approvals import ApprovalError
from redactor.export.binding import BindingError
from redactor.export.entries import Purpose, State
from redactor.export.holdings import digest_of
from redactor.export.moves import Step
from redactor.export.release import (
    CONFIRM_WITHIN_DAYS,
    PACKAGE_DAYS,
    deny,
    expire,
    expire_all,
    kinds_to_ask,
    make_canary,
    recall,
    release,
    seal,
)
from redactor.export.steps import add_approval, identify

pytestmark = pytest.mark.long


@pytest.fixture
def world(tmp_path):
    return World(tmp_path, owned={"anna": 5, "ben": 4, "cleo": 1})


def state(world, request):
    return world.store.get(request).state


def incidents(world, request):
    return [(incident.reason, incident.line) for incident in world.store.incidents(request)]


def test_all_steps_in_order_hand_the_subjects_recordings_to_the_subject(world):
    request = world.up_to("release")
    assert state(world, request) is State.RELEASED
    ((answered, recipient, content),) = world.opened()
    assert (answered, recipient) == (request, key_of("anna"))
    assert {file["owner"] for file in content} == {"anna"}
    assert {file["id"] for file in content} == set(world.names_of("anna"))
    assert {file["part"] for file in content} == {"audio", "json"}


def test_every_step_is_on_record_without_a_word_of_anybody(world):
    request = world.up_to("release")
    assert [step for step, _, _ in world.recorded] == [
        "open", "identify", "recipient", "plan", "approve", "approve", "canary", "confirm", "seal",
        "release", "release",
    ]  # fmt: skip
    assert {of for _, of, _ in world.recorded} == {request}
    told = json.dumps(world.recorded)
    for secret in ("SECRET-", "by letter", key_of("anna"), "2026-", *world.names_of("anna")):
        assert secret not in told


@pytest.mark.parametrize(("who", "size"), [("anna", 3), ("ben", 3), ("cleo", 1)])
def test_a_canary_is_of_few_recordings_that_risk_least_and_of_strict_transcripts_alone(world, who, size):
    request = world.store.get(world.up_to("canary", who))
    package = json.loads((world.root / request.canary.path).read_text())
    assert request.canary.names == tuple(sorted(world.names_of(who)[:size]))
    assert [(file["policy"], file["part"], file["owner"]) for file in package["content"]] == [
        ("strict", "json", who)
    ] * size
    assert package["outer"] == key_of(who)
    identity = world.root / request.id / "canary-identity.txt"
    assert package["inner"] == f"for {identity.read_text().strip()}"
    assert identity.stat().st_mode & 0o777 == 0o600


def test_of_three_recordings_the_canary_is_one(tmp_path):
    world = World(tmp_path, owned={"anna": 3})
    assert len(world.store.get(world.up_to("canary")).canary.names) == 1


def test_nothing_that_confirms_stands_in_the_canary(world):
    request = world.store.get(world.up_to("canary"))
    document = request.canary_manifest
    assert [line["recorded_at"] for line in document["recordings"]] == [None] * 3
    assert document["left_out"] == {}
    assert "2026" not in json.dumps(document)


def test_what_is_held_back_strictly_gives_its_place_in_the_canary_to_the_next(world):
    world.held_back.update(world.names_of("anna")[:3])
    request = world.store.get(world.up_to("canary"))
    assert request.canary.names == tuple(world.names_of("anna")[3:])
    world.held_back.update(world.names_of("ben"))
    other = world.up_to("bob", "ben")
    with pytest.raises(UsageError, match="no canary"):
        world.canary(other)
    assert state(world, other) is State.APPROVED


def test_a_wrong_fact_stops_the_request_and_opens_an_incident(world):
    request = world.up_to("canary")
    facts = [*world.facts_of("anna"), "last=2020-01-01"]
    assert world.confirm(request, facts=facts).state is State.STOPPED
    assert incidents(world, request) == [("facts", None)]
    with pytest.raises(UsageError, match="an incident is open"):
        world.confirm(request)


def test_the_facts_of_another_subject_stop_it(world):
    request = world.up_to("canary")
    assert world.confirm(request, facts=world.facts_of("ben")).state is State.STOPPED


def test_a_fact_that_the_catalog_cannot_judge_opens_no_incident(tmp_path):
    world = World(tmp_path)
    for name in world.names_of("anna"):
        world.catalog.put(replace(world.catalog.entries[name], account=None))
    request = world.up_to("canary")
    asked = kinds_to_ask(world.tools, world.store.get(request))
    assert asked == ("calls", "first", "last", "device")
    with pytest.raises(UsageError, match="no account in the catalog"):
        world.confirm(request, facts=[*world.facts_of("anna"), "account=anna"])
    assert (world.store.get(request).state, incidents(world, request)) == (State.CANARY, [])
    assert world.confirm(request).state is State.CONFIRMED


def test_too_few_facts_change_nothing(world):
    request = world.up_to("canary")
    with pytest.raises(UsageError, match="2 facts are needed"):
        world.confirm(request, facts=["device=Nothing"])
    assert state(world, request) is State.CANARY


@pytest.fixture
def twins(tmp_path):
    world = World(tmp_path, owned={"anna": 2})
    for number, name in enumerate(world.names_of("anna")):
        said = world.catalog.entries[name]
        twin = world.add("ben", number)
        shared = {"recorded_at": said.recorded_at, "device": said.device}
        world.catalog.put(replace(world.catalog.entries[twin], **shared))
    return world


def test_facts_that_another_could_tell_too_confirm_nothing_and_are_on_record(twins):
    request = twins.up_to("canary")
    for _ in range(2):
        with pytest.raises(UsageError, match="hold, or may hold, for another subject .*ask the") as raised:
            twins.confirm(request)
        assert "2026" not in str(raised.value) and twins.device["anna"] not in str(raised.value)
    assert state(twins, request) is State.CANARY
    assert incidents(twins, request) == []
    assert twins.recorded[-1] == ("check-failed", request, {"rule": "facts-of-others"})
    with pytest.raises(UsageError, match="`seal` is not possible"):
        twins.seal_up(request)


def test_one_fact_more_that_is_theirs_alone_confirms(twins):
    request = twins.up_to("canary")
    found = twins.confirm(request, facts=[*twins.facts_of("anna"), "account=anna"])
    assert (found.state, found.confirmed_by) == (State.CONFIRMED, ("account", "calls", "device", "first"))


def test_one_fact_more_that_is_wrong_stops_it_though_the_others_are_of_two(twins):
    request = twins.up_to("canary")
    found = twins.confirm(request, facts=[*twins.facts_of("anna"), "account=ben"])
    assert found.state is State.STOPPED
    assert incidents(twins, request) == [("facts", None)]


def test_for_other_purposes_nobody_is_told_from_anybody(twins):
    names = twins.names_of("anna")
    request = twins.open("project-x", Purpose.RESEARCH)
    twins.identify(request)
    twins.address(request, "project-x")
    twins.plan(request, names=tuple(names), floor=STANDARD)
    twins.approve(request, ANN)
    twins.approve(request, BOB)
    twins.canary(request)
    assert twins.confirm(request, facts=twins.facts_of("anna")).state is State.CONFIRMED


def test_what_the_recipient_told_is_stored_nowhere(world):
    request = world.up_to("confirm")
    assert world.store.get(request).confirmed_by == ("calls", "device", "first")
    kept = json.dumps([[event.detail for event in world.store.events(request)], world.recorded])
    assert [fact for fact in world.facts_of("anna") if fact.partition("=")[2] in kept.split('"')] == []


@pytest.mark.parametrize("act", [World.confirm, World.seal_up, lambda w, r: expire(w.store, w.tools, r)])
def test_silence_stops_it(world, act):
    request = world.up_to("canary")
    world.clock.on(CONFIRM_WITHIN_DAYS * DAY)
    try:
        act(world, request)
    except UsageError as error:
        assert "stopped" in str(error)
    assert state(world, request) is State.STOPPED
    assert incidents(world, request) == [("silence", None)]


def test_just_before_the_end_it_can_be_confirmed(world):
    request = world.up_to("canary")
    world.clock.on(CONFIRM_WITHIN_DAYS * DAY - 1)
    assert world.confirm(request).state is State.CONFIRMED


@pytest.mark.parametrize(
    "after", ["identify", "address", "plan", "ann", "bob", "canary", "confirm", "seal"]
)
def test_a_no_stops_it_at_any_time(world, after):
    request = world.up_to(after)
    assert deny(world.store, world.tools, request, reason="not-mine").state is State.STOPPED
    assert incidents(world, request) == [("not-mine", None)]
    assert world.store.secret(request) is None
    for step, act in world.steps().items():
        with pytest.raises(UsageError):
            act(request)
        assert state(world, request) is State.STOPPED, step


def test_a_no_after_the_release_opens_an_incident_and_undoes_nothing(world):
    request = world.up_to("release")
    assert deny(world.store, world.tools, request).state is State.RELEASED
    assert incidents(world, request) == [("denied", None)]


def test_until_it_is_handed_over_the_identity_is_in_the_store_alone(world):
    request = world.up_to("seal")
    secret = world.store.secret(request)
    assert secret and world.handed == []
    # The stand-in for a package says for whom its layers are.
    files = [p for p in world.root.rglob("*") if p.is_file() and p.name != "package.age"]
    assert files and all(secret.encode() not in path.read_bytes() for path in files)


@pytest.mark.parametrize("act", [recall, expire])
@pytest.mark.parametrize("after", ["canary", "confirm", "seal"])
def test_what_was_not_handed_over_can_be_made_worthless(world, act, after):
    request = world.up_to(after)
    act(world.store, world.tools, request)
    assert state(world, request) is (State.RECALLED if act is recall else State.EXPIRED)
    assert world.store.secret(request) is None
    assert not (world.root / request / "canary-identity.txt").exists()
    with pytest.raises(UsageError, match="open another request"):
        world.release(request)
    assert world.opened() == []


@pytest.mark.parametrize("act", [recall, expire])
def test_what_was_handed_over_cannot_and_that_is_said(world, act):
    request = world.up_to("release")
    with pytest.raises(UsageError, match="nothing here can change that any more"):
        act(world.store, world.tools, request)
    assert state(world, request) is State.RELEASED


def test_a_package_that_waits_too_long_expires(world):
    request, other = world.up_to("seal"), world.up_to("plan", "ben")
    world.clock.on(PACKAGE_DAYS * DAY)
    assert [found.id for found in expire_all(world.store, world.tools)] == [request]
    assert state(world, request) is State.EXPIRED
    assert state(world, other) is State.PLANNED
    assert world.store.secret(request) is None


def test_expiry_is_found_at_the_release_too(world):
    request = world.up_to("seal")
    world.clock.on(PACKAGE_DAYS * DAY)
    with pytest.raises(UsageError, match="expired"):
        world.release(request)
    assert world.handed == []


def test_it_is_handed_over_once(world):
    request = world.up_to("release")
    with pytest.raises(UsageError, match="handed over already"):
        world.release(request)
    assert len(world.handed) == 1
    assert world.store.secret(request) is None


def test_a_handing_over_that_was_killed_can_be_repeated_and_is_on_record_before_it(world):
    request = world.up_to("seal")

    def killed(identity):
        assert state(world, request) is State.RELEASED
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        release(world.store, world.tools, request, hand_over=killed)
    assert world.recorded[-1][0] == "release"
    world.release(request)
    assert len(world.opened()) == 1


def test_a_recall_while_nobody_knows_whether_it_left_stops_it(world):
    request = world.up_to("seal")
    with pytest.raises(StoreError):
        release(world.store, world.tools, request, hand_over=raising(StoreError("full")))
    assert recall(world.store, world.tools, request).state is State.STOPPED
    assert incidents(world, request) == [("recalled-while-handed-over", None)]
    assert world.store.secret(request) is None


def raising(error):
    def act(*_, **__):
        raise error

    return act


def misfit_after(world, step):
    """What was found in a recording of the request, once it came so far."""
    request = world.up_to(step)
    world.found.add(world.names_of("anna")[1])
    return request


@pytest.mark.parametrize(
    ("after", "act"),
    [
        ("plan", lambda w, r: w.approve(r, ANN)),
        ("ann", lambda w, r: w.approve(r, BOB)),
        ("bob", World.canary),
        ("canary", World.confirm),
        ("confirm", World.seal_up),
        ("seal", World.release),
    ],
)
def test_a_misfit_stops_it_at_every_step(world, after, act):
    request = misfit_after(world, after)
    with pytest.raises(BindingError, match="line 2"):
        act(world, request)
    assert state(world, request) is State.STOPPED
    assert incidents(world, request) == [("withdrawn", 2)]
    assert world.store.secret(request) is None
    assert world.handed == []


@pytest.mark.parametrize("act", [World.canary, World.confirm, World.seal_up, World.release])
def test_without_approvals_that_count_nothing_goes_on_and_new_ones_help(world, act):
    steps = {World.canary: "bob", World.confirm: "canary", World.seal_up: "confirm", World.release: "seal"}
    request = world.up_to(steps[act])
    before = state(world, request)
    world.clock.on(DAY)
    known = dict(world.enrolled)
    del world.enrolled[ANN.public.fingerprint]
    with pytest.raises(ApprovalError):
        act(world, request)
    assert state(world, request) is before
    assert world.store.events(request)[-1].step == "check-failed"
    world.enrolled = known
    act(world, request)
    assert state(world, request) is not before


def test_expired_approvals_count_no_more_and_can_be_given_anew(world):
    request = world.up_to("plan")
    for key in (ANN, BOB):
        world.approve(request, key, hours=24)
    world.clock.on(DAY)
    with pytest.raises(ApprovalError, match="count"):
        world.canary(request)
    for key in (ANN, BOB):
        world.approve(request, key, hours=24)
    assert len(world.store.get(request).approvals) == 2
    assert world.canary(request).state is State.CANARY


def test_one_person_twice_is_not_two(world):
    request = world.up_to("ann")
    world.approve(request, ANN)
    assert state(world, request) is State.PLANNED
    assert len(world.store.get(request).approvals) == 1


@pytest.mark.parametrize(
    ("key", "changed", "reason"),
    [
        (EVE, {}, "not-enrolled"),
        (ANN, {"request": "f" * 16}, "request"),
        (ANN, {"purpose": "research"}, "purpose"),
        (ANN, {"subject": hash_of("ben")}, "subject"),
        (ANN, {"manifest_sha256": "f" * 64}, "manifest"),
        (ANN, {"recipient": "f" * 64}, "recipient"),
    ],
)
def test_an_approval_of_something_else_does_not_count(world, key, changed, reason):
    request = world.up_to("plan")
    with pytest.raises(ApprovalError) as raised:
        world.approve(request, key, **changed)
    assert raised.value.reason == reason
    assert world.store.get(request).approvals == ()
    assert world.recorded[-1] == ("check-failed", request, {"rule": reason})


def test_who_handles_it_does_not_approve_it(world):
    world.enrolled = {
        print_: one.__class__(**{**one.__dict__, "person": "hugo"}) if one.person == "hal" else one
        for print_, one in world.enrolled.items()
    }
    request = world.up_to("ann")
    with pytest.raises(ApprovalError, match="cannot approve it"):
        world.approve(request, HAL)
    assert state(world, request) is State.PLANNED


def test_an_approval_that_was_handed_in_counts_once_and_is_held_to_all_that_is_here_again(world):
    request = world.up_to("plan")
    signed = world.signed(request, ANN)
    first = add_approval(world.store, world.tools, request, signed)
    assert add_approval(world.store, world.tools, request, signed) == first
    assert add_approval(world.store, world.tools, request, world.signed(request, BOB)).state is State.APPROVED
    world.clock.on(300 * DAY)
    with pytest.raises(ApprovalError, match="expired"):
        add_approval(world.store, world.tools, request, signed)


def test_a_third_approval_stands_in_for_one_that_counts_no_more(world):
    request = world.up_to("bob")
    world.approve(request, HAL)
    del world.enrolled[ANN.public.fingerprint]
    assert world.canary(request).state is State.CANARY


def test_files_that_are_exchanged_while_it_is_sealed_do_not_get_in(world):
    request = world.up_to("confirm")
    mine, theirs = (
        world.folder.root / world.folder.rows[world.names_of(who)[0]].files[0].path for who in ("anna", "ben")
    )
    world.before_sealing.append(lambda: mine.write_bytes(theirs.read_bytes()))
    with pytest.raises(StoreError, match="not what the manifest says"):
        world.seal_up(request)
    assert world.store.secret(request) is None
    assert state(world, request) is State.CONFIRMED


def test_what_was_exchanged_while_it_was_sealed_stops_it_even_if_it_did_get_in(world):
    request = world.up_to("confirm")
    world.before_sealing.append(lambda: world.found.add(world.names_of("anna")[0]))
    with pytest.raises(BindingError, match="withdrawn"):
        world.seal_up(request)
    assert state(world, request) is State.STOPPED


@pytest.mark.parametrize("how", ["other bytes", "another's", "a link", "gone"])
def test_a_package_that_is_not_the_sealed_one_is_not_released(world, how):
    request, other = world.up_to("seal"), world.up_to("seal", "ben")
    path = world.root / world.store.get(request).package.path
    theirs = world.root / world.store.get(other).package.path
    if how == "other bytes":
        path.write_bytes(path.read_bytes() + b" ")
    elif how == "another's":
        path.write_bytes(theirs.read_bytes())
    else:
        path.unlink()
        if how == "a link":
            path.symlink_to(theirs)
    with pytest.raises(UsageError, match="not the one that was sealed"):
        world.release(request)
    assert state(world, request) is State.STOPPED
    assert incidents(world, request) == [("package", None)]
    assert world.handed == []


def test_what_a_killed_sealing_left_is_sealed_over(world):
    request = world.up_to("confirm")
    (world.root / request / "package.age").write_text("half")
    world.seal_up(request)
    package = world.store.get(request).package
    assert digest_of(world.root, package.path)[0] == package.sha256


@pytest.mark.parametrize("purpose", [Purpose.RESEARCH, Purpose.DISCLOSURE])
def test_other_purposes_go_the_same_way_and_are_confirmed_by_what_was_named(world, purpose):
    names = world.names_of("ben")[:2] + world.names_of("cleo")
    request = world.open("project-x", purpose)
    world.identify(request)
    world.address(request, "project-x")
    world.plan(request, names=tuple(names), floor=STANDARD)
    world.approve(request, ANN)
    world.approve(request, BOB)
    world.canary(request)
    days = sorted(world.catalog.entries[name].recorded_at[:10] for name in names)
    months = [day[:7] for day in days]
    facts = [f"first={days[0]}", f"calls:{months[0]}={months.count(months[0])}"]
    assert world.confirm(request, facts=facts).state is State.CONFIRMED
    world.seal_up(request)
    world.release(request)
    ((_, recipient, content),) = world.opened()
    assert recipient == key_of("project-x")
    assert {file["id"] for file in content} == set(names)


def test_a_proof_and_a_second_factor_that_are_one_prove_nothing(world):
    request = world.open()
    with pytest.raises(UsageError, match="another than the proof"):
        identify(world.store, world.tools, request, proof="ticket-1", second_factor="Ticket-1")
    assert state(world, request) is State.OPENED


@pytest.mark.parametrize(("act", "days"), [(make_canary, 15), (make_canary, 0), (seal, 31), (seal, -1)])
def test_nothing_waits_longer_than_it_may(world, act, days):
    request = world.up_to("bob" if act is make_canary else "confirm")
    with pytest.raises(UsageError, match="name fewer"):
        act(world.store, world.tools, request, **{"within_days" if act is make_canary else "days": days})


class Orders(RuleBasedStateMachine):
    """Commands in any order, with faults among them: what is released went the whole way."""

    def __init__(self):
        super().__init__()
        self.place = tempfile.TemporaryDirectory()
        self.world = World(Path(self.place.name), owned={"anna": 2, "ben": 1})
        self.request = self.world.open()
        self.found_at_release = None

    def teardown(self):
        self.world.store.close()
        self.place.cleanup()

    @rule(step=st.sampled_from([
        "identify", "address", "plan", "ann", "bob", "canary", "confirm", "seal", "release",
    ]))  # fmt: skip
    def take(self, step):
        if step == "release" and not self.world.handed:
            self.found_at_release = set(self.world.found)
        self._try(self.world.steps()[step], self.request)

    @rule()
    def next_in_order(self):
        """So that some get far."""
        order = {
            State.OPENED: "identify", State.IDENTIFIED: "plan", State.PLANNED: "ann", State.APPROVED: "canary",
            State.CANARY: "confirm", State.CONFIRMED: "seal", State.SEALED: "release",
        }  # fmt: skip
        found = self.world.store.get(self.request)
        if found.state is State.IDENTIFIED and found.recipient is None:
            self.take("address")
        elif found.state is State.PLANNED and found.approvals:
            self.take("bob")
        elif found.state in order:
            self.take(order[found.state])

    @rule(key=st.sampled_from([ANN, HAL, EVE]), old=st.booleans())
    def approve(self, key, old):
        def act(request):
            changed = {"manifest_sha256": "f" * 64} if old else {}
            self.world.approve(request, key, **changed)

        self._try(act, self.request)

    @rule()
    def spoil(self):
        self.world.found.add(self.world.names_of("anna")[0])

    @rule()
    def mend(self):
        self.world.found.clear()

    @rule(days=st.sampled_from([-1, 0.5, 10]))
    def time_goes(self, days):
        self.world.clock.on(days * DAY)

    @rule(act=st.sampled_from([recall, expire, deny]))
    def end(self, act):
        self._try(lambda request: act(self.world.store, self.world.tools, request), self.request)

    def _try(self, act, request):
        with contextlib.suppress(UsageError, StoreError):
            act(request)

    @invariant()
    def what_left_went_the_whole_way(self):
        found = self.world.store.get(self.request)
        if found.state is not State.RELEASED and not self.world.handed:
            return
        steps = [event.step for event in self.world.store.events(self.request)]
        for needed in (Step.IDENTIFY, Step.RECIPIENT, Step.PLAN, Step.CANARY, Step.CONFIRM, Step.SEAL):
            assert needed.value in steps
        assert found.identity_proof and found.second_factor
        assert len({approval.approver for approval in found.approvals}) >= 2
        assert {approval.approver for approval in found.approvals} <= set(self.world.enrolled)
        ((_, recipient, content),) = self.world.opened()
        # What was found before it was planned is left out, and the rest may go.
        assert not {file["id"] for file in content} & self.found_at_release
        assert recipient == key_of("anna")
        assert {file["owner"] for file in content} == {"anna"}


def test_the_commands_in_order_do_release():
    """Otherwise the machine would show nothing."""
    orders = Orders()
    try:
        for _ in range(10):
            orders.next_in_order()
            orders.what_left_went_the_whole_way()
        assert state(orders.world, orders.request) is State.RELEASED
    finally:
        orders.teardown()


TestOrders = Orders.TestCase
TestOrders.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
