"""What goes into an export, what is left out, and why."""

from dataclasses import replace

import pytest
from export_world import STANDARD, STRICT, WEAK, World, day_of, hash_of, keyed

from redactor.errors import UsageError
from redactor.export.entries import Purpose, State
from redactor.export.plan import NOT_KEPT, REASONS
from redactor.identity import RunIdentity
from redactor.ledger import State as RowState
from redactor.types import Origin, TimeSpan

LESS = r"'weak' mutes less than 'standard', .*\(entities\)"
SPAN = TimeSpan(1.0, 2.0, (0,), ("PERSON",), Origin.REVIEWED)


@pytest.fixture
def world(tmp_path):
    return World(tmp_path, owned={"anna": 3, "ben": 2})


def planned(world, who="anna", *, purpose=Purpose.SUBJECT_ACCESS, wish=None, **choice):
    request = world.open(who, purpose, **(wish or {}))
    world.identify(request)
    world.address(request, who)
    outcome = world.plan(request, **choice)
    return outcome, world.store.get(request)


def names_in(request):
    return [line["id"] for line in request.manifest["recordings"]]


def test_access_takes_all_recordings_of_the_subject_and_nobody_elses(world):
    outcome, request = planned(world)
    assert names_in(request) == world.names_of("anna")
    assert request.state is State.PLANNED
    assert {line["owner"] for line in request.manifest["recordings"]} == {hash_of("anna")}
    assert (outcome.preview.recordings, outcome.preview.seconds) == (3, 180.0)
    days = sorted(day_of("anna", number) for number in range(3))
    assert (outcome.preview.first, outcome.preview.last) == (days[0], days[-1])
    assert (outcome.preview.channels, outcome.preview.left_out) == ({2: 3}, {})


def test_a_manifest_names_audio_and_transcripts_with_the_ledgers_digests(world):
    _, request = planned(world)
    for line in request.manifest["recordings"]:
        row = world.folder.rows[line["id"]]
        assert line["files"] == [
            [f.path, f.sha256, f.num_bytes] for f in row.files if not f.path.startswith("reports/")
        ]
        assert [path.split("/")[0] for path, _, _ in line["files"]] == ["audio", "transcripts"]


def test_transcripts_alone_if_they_were_asked_for(world):
    bare = world.names_of("anna")[0]
    world.run(bare, "anna", world.inputs[bare][1], parts=())
    outcome, request = planned(world, wish={"transcripts_only": True})
    assert outcome.preview.left_out == {"no-transcript": 1}
    paths = [path for line in request.manifest["recordings"] for path, _, _ in line["files"]]
    assert len(paths) == 2
    assert all(path.startswith("transcripts/") for path in paths)


@pytest.mark.parametrize("who", ["dora", "Anna", "anna ", "ann"])
def test_who_has_no_recordings_is_told_so_and_gets_nothing_that_is_near(world, who):
    outcome, request = planned(world, who)
    assert outcome.preview is None
    assert (request.state, request.manifest) == (State.REFUSED, None)
    assert world.recorded[-1] == ("refuse", request.id, {"reason": "no-recordings"})


def test_a_recording_in_which_somebody_speaks_as_another_is_not_theirs(world):
    world.add("cleo", 1, others=("dora",))
    outcome, _ = planned(world, "dora")
    assert outcome.preview is None


def spoil(world, name, how):
    row = world.folder.rows[name]
    path = world.folder.root / row.files[0].path
    if how == "not-released":
        world.folder.rows[name] = replace(row, state=RowState.QUARANTINED)
    elif how == "no row":
        del world.folder.rows[name]
    elif how == "unchecked":
        world.folder.rows[name] = replace(row, verdict="unchecked")
    elif how == "finding":
        world.found.add(name)
    elif how == "heard since":
        world.folder.heard[name] = (SPAN,)
    elif how == "run again with another's":
        world.run(name, "ben", "f" * 64)
    elif how == "unknown at the import":
        world.catalog.put(replace(world.catalog.entries[name], input_keyed=None))
    elif how == "gone":
        path.unlink()
    elif how == "exchanged":
        path.write_bytes(path.read_bytes()[::-1])
    elif how == "link":
        path.rename(path.with_suffix(".moved"))
        path.symlink_to(path.with_suffix(".moved"))
    elif how == "linked folder":
        path.parent.rename(path.parent.with_name("moved"))
        path.parent.symlink_to(path.parent.with_name("moved"))


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("not-released", "not-released"),
        ("no row", "not-released"),
        ("unchecked", "unchecked"),
        ("finding", "withdrawn"),
        ("heard since", "withdrawn"),
        ("run again with another's", "exchanged"),
        ("unknown at the import", "unbound"),
        ("gone", "files"),
        ("exchanged", "files"),
        ("link", "files"),
        ("linked folder", "files"),
    ],
)
def test_what_may_not_leave_is_left_out_with_the_reason(world, how, reason):
    name = world.names_of("anna")[1]
    spoil(world, name, how)
    outcome, request = planned(world)
    assert names_in(request) == [n for n in world.names_of("anna") if n != name]
    assert outcome.preview.left_out == request.manifest["left_out"] == {reason: 1}
    assert reason in REASONS


@pytest.mark.parametrize("choice", [{"check": True}, {"asked": STRICT}], ids=["check", "another policy"])
def test_what_was_exchanged_since_the_import_is_not_redacted_for_a_request_either(world, choice):
    exchanged, unchecked, _ = world.names_of("anna")
    spoil(world, exchanged, "run again with another's")
    spoil(world, unchecked, "unchecked")
    outcome, request = planned(world, **{"check": True, **choice})
    assert exchanged not in world.redone[f"{request.id}/redacted"].rows
    assert outcome.preview.left_out == {"exchanged": 1}


def test_what_was_exchanged_goes_in_once_its_owner_is_named_anew(world):
    name = world.names_of("anna")[0]
    world.run(name, "anna", "f" * 64)
    world.catalog.put(replace(world.catalog.entries[name], input_keyed=keyed("f" * 64)))
    assert planned(world)[0].preview.left_out == {}


def test_what_was_exchanged_needs_an_import_that_may_replace():
    assert "again, with --replace," in REASONS["exchanged"] and "--replace" not in REASONS["unbound"]


def test_what_was_heard_and_is_muted_goes_in(world):
    name = world.names_of("anna")[1]
    row = world.folder.rows[name]
    world.folder.heard[name] = (SPAN,)
    identity = RunIdentity(row.run_identity, {}).of_job(row.input_sha256, (SPAN,))
    world.folder.rows[name] = replace(row, identity=identity)
    assert planned(world)[0].preview.left_out == {}


def test_nothing_that_is_left_is_no_export(world):
    for name in world.names_of("anna"):
        spoil(world, name, "unchecked")
    request = world.open()
    world.identify(request)
    world.address(request)
    with pytest.raises(UsageError, match=r"nothing is left to go in \(3: released without the independent"):
        world.plan(request)
    assert world.store.get(request).state is State.IDENTIFIED


def strip(world, name, **kept):
    """The catalog holds of a recording no more than whose it is."""
    entry = world.catalog.entries[name]
    world.catalog.put(replace(entry, **{**dict.fromkeys(("account", "device", "recorded_at")), **kept}))


def test_what_nobody_could_confirm_is_refused_before_anything_is_redacted(world):
    for name in world.names_of("anna"):
        strip(world, name)
    with pytest.raises(UsageError, match=r"too little .* it has none\. Give recorded_at"):
        planned(world, asked=STRICT)
    assert (world.redone, {request.state for request in world.store.all()}) == ({}, {State.IDENTIFIED})
    strip(world, world.names_of("anna")[0], device="Alpha", account="a" * 64)
    assert planned(world)[0].preview.recordings == 3


def test_for_other_purposes_what_goes_in_has_to_be_confirmable(world):
    bare, dated, _ = names = world.names_of("anna")
    strip(world, bare)
    with pytest.raises(UsageError, match="too little"):
        planned(world, "project", purpose=Purpose.RESEARCH, names=(bare,))
    spoil(world, bare, "unchecked")
    _, request = planned(world, "project", purpose=Purpose.RESEARCH, names=tuple(names))
    assert len(names_in(request)) == 2 and dated in names_in(request)


def test_what_nobody_checked_goes_in_once_it_is_checked_on_demand(world):
    first, second, third = world.names_of("anna")
    spoil(world, first, "unchecked")
    spoil(world, second, "unchecked")
    world.held_back.add(second)
    outcome, request = planned(world, check=True)
    assert names_in(request) == sorted([first, third])
    assert outcome.preview.left_out == {"not-redacted": 1}
    assert outcome.preview.redone == 1
    sources = {line["id"]: line["source"] for line in request.manifest["recordings"]}
    assert sources == {first: f"{request.id}/redacted", third: "release"}


def test_a_check_on_demand_is_of_every_recording(world):
    name = world.names_of("anna")[0]
    spoil(world, name, "unchecked")
    lax = replace(STANDARD, verify=replace(STANDARD.verify, share=0.1))
    _, request = planned(world, check=True, run_policy=lax)
    made = world.redone[f"{request.id}/redacted"].rows[name]
    assert made.provenance["policy"]["digest"] == replace(lax, verify=replace(lax.verify, share=1.0)).digest


def test_another_policy_is_applied_to_each_recording(world):
    outcome, request = planned(world, asked=STRICT)
    lines = request.manifest["recordings"]
    assert {line["policy"] for line in lines} == {STRICT.digest}
    assert {line["source"] for line in lines} == {f"{request.id}/redacted"}
    assert outcome.preview.redone == 3


def test_the_runs_own_policy_is_not_applied_again(world):
    assert planned(world, asked=replace(STANDARD, name="other name"))[0].preview.redone == 0


def test_a_weaker_policy_is_for_recordings_in_which_nobody_else_speaks(world):
    alone = world.add("anna", 7, roles={0: "subject"})
    world.add("anna", 8, roles={0: "subject"}, others=("ben",))
    world.add("anna", 9, roles={})
    outcome, request = planned(world, asked=WEAK)
    assert names_in(request) == [alone]
    assert outcome.preview.left_out == {"others": 5}


@pytest.mark.parametrize("purpose", [Purpose.RESEARCH, Purpose.TRAINING, Purpose.DISCLOSURE])
def test_other_purposes_take_what_is_named(world, purpose):
    names = (world.names_of("anna")[0], world.names_of("ben")[0])
    _, request = planned(world, "project", purpose=purpose, names=(*names, "f" * 32))
    assert names_in(request) == sorted(names)
    assert request.manifest["left_out"] == {"not-in-catalog": 1}
    owners = {line["id"]: line["owner"] for line in request.manifest["recordings"]}
    assert owners == {names[0]: hash_of("anna"), names[1]: hash_of("ben")}


@pytest.mark.parametrize(
    ("purpose", "choice", "message"),
    [
        (Purpose.SUBJECT_ACCESS, {"names": ("f" * 32,)}, "name none"),
        (Purpose.RESEARCH, {}, "name recordings or subjects"),
        (Purpose.RESEARCH, {"asked": WEAK, "floor": STANDARD}, LESS),
        (Purpose.RESEARCH, {"run_policy": WEAK, "floor": STANDARD}, LESS),
    ],
)
def test_what_does_not_go_with_the_purpose_is_refused(world, purpose, choice, message):
    if purpose is Purpose.RESEARCH and len(choice) == 2:
        choice = {"names": tuple(world.names_of("anna")), **choice}
    with pytest.raises(UsageError, match=message):
        planned(world, purpose=purpose, **choice)


@pytest.mark.parametrize(
    ("roles", "channels", "reason"),
    [
        ({0: "subject", 1: "agent"}, 2, None),
        ({0: "agent", 1: "subject"}, 2, None),
        ({0: "subject"}, 1, "mixed-channel"),
        ({0: "subject", 1: "subject"}, 2, "mixed-channel"),
        ({0: "agent", 1: "agent"}, 2, "mixed-channel"),
        ({}, 2, "not-two-channels"),
        ({0: "subject", 1: "agent"}, 1, "mixed-channel"),
        ({0: "subject", 1: "agent"}, None, "mixed-channel"),
        ({0: "subject", 1: "agent", 2: "other"}, 3, "not-two-channels"),
        ({0: "subject", 1: "agent"}, 3, "not-two-channels"),
    ],
)
def test_what_is_theirs_is_kept_on_a_channel_of_their_own_and_nowhere_else(tmp_path, roles, channels, reason):
    world = World(tmp_path, owned={})
    name = world.add("anna", 0, roles=roles or {5: "agent"}, channels=channels)
    asked = []
    redact = world.redact
    world.redact = lambda folder, names, policy, kept: asked.append(dict(kept)) or redact(
        folder, names, policy, kept
    )
    outcome, request = planned(world, wish={"keep_own": True})
    theirs = next((channel for channel, role in roles.items() if role == "subject"), None)
    assert names_in(request) == [name]
    assert asked == ([{name: theirs}] if reason is None else [])
    assert outcome.preview.kept_own == (reason is None)
    assert outcome.preview.not_kept == ({reason: 1} if reason else {})
    assert set(outcome.preview.not_kept) <= set(NOT_KEPT)


def test_nothing_of_theirs_is_kept_unless_it_was_asked_for(world):
    assert planned(world)[0].preview.kept_own == 0
    assert world.redone == {}


def test_a_redaction_of_another_input_is_left_out(world):
    name = world.names_of("anna")[0]
    redact = world.redact

    def other_input(folder, names, policy, channels):
        rows = redact(folder, names, policy, channels)
        made = world.redone[f"{folder}/redacted"]
        made.rows[name] = replace(made.rows[name], input_sha256="e" * 64)
        return rows

    world.redact = other_input
    outcome, request = planned(world, asked=STRICT)
    assert name not in names_in(request)
    assert outcome.preview.left_out == {"input": 1}


def test_another_plan_voids_what_was_approved(world):
    request = world.up_to("bob")
    assert world.store.get(request).state is State.APPROVED
    world.plan(request, asked=STRICT)
    found = world.store.get(request)
    assert (found.state, found.approvals) == (State.PLANNED, ())


@pytest.mark.parametrize("missing", ["identity", "recipient"])
def test_no_plan_without_who_asks_and_for_whom(world, missing):
    request = world.open()
    if missing == "recipient":
        world.identify(request)
    else:
        world.address(request)
    with pytest.raises(UsageError, match="verify-identity|export recipient"):
        world.plan(request)


def test_a_catalog_that_answers_with_what_is_near_gets_nothing_in(world, monkeypatch):
    monkeypatch.setattr(world.catalog, "of_subject", lambda subject: list(world.catalog.entries.values()))
    assert names_in(planned(world)[1]) == world.names_of("anna")
