"""A frozen manifest against what is here: the first misfit stops all of it and says which line and rule."""

import copy
import os
from dataclasses import replace

import pytest
from export_world import STANDARD, STRICT, World, hash_of

from redactor.errors import UsageError
from redactor.export.binding import (
    RULES,
    BindingError,
    check_binding,
    entry_digest,
    manifest_digest,
    manifest_of,
)
from redactor.export.entries import State
from redactor.export.tools import check_manifest
from redactor.ledger import State as RowState
from redactor.types import Origin, TimeSpan

LINE = 3  # that is spoiled


@pytest.fixture
def world(tmp_path):
    return World(tmp_path, owned={"anna": 4, "ben": 4})


@pytest.fixture
def request_id(world):
    return world.up_to("plan")


def name_at(world, line=LINE):
    return world.names_of("anna")[line - 1]


def checked(world, request_id, document=None, sha256=None):
    request = world.store.get(request_id)
    if document is not None:
        request = replace(request, manifest=document, manifest_sha256=sha256 or manifest_digest(document))
    return check_binding(
        request.manifest,
        request.manifest_sha256,
        request=request,
        holdings=world.holdings,
        sources=("release", f"{request.id}/redacted"),
    )


def set_row(world, **changes):
    name = name_at(world)
    world.folder.rows[name] = replace(world.folder.rows[name], **changes)


def set_entry(world, **changes):
    world.catalog.put(replace(world.catalog.entries[name_at(world)], **changes))


def path_of(world, number=0, line=LINE):
    return world.folder.root / world.folder.rows[name_at(world, line)].files[number].path


def exchange_with_bens(world):
    """Everything of the ledger's row but its name is another's."""
    other = world.folder.rows[world.names_of("ben")[0]]
    set_row(world, files=other.files)


def make_link(world):
    path = path_of(world)
    kept = path.with_name("elsewhere")
    path.rename(kept)
    path.symlink_to(kept)


def link_folder(world):
    folder = path_of(world).parent
    folder.rename(folder.with_name("elsewhere"))
    folder.symlink_to("elsewhere")


def make_pipe(world):
    path = path_of(world)
    path.unlink()
    os.mkfifo(path)


def same_size(world):
    path = path_of(world)
    path.write_bytes(path.read_bytes()[::-1])


FAULTS = {
    "catalog": lambda w: w.catalog.entries.pop(name_at(w)),
    "owner": lambda w: set_entry(w, subject=hash_of("ben")),
    "entry": lambda w: set_entry(w, others=(hash_of("ben"),)),
    "entry: a channel became another's": lambda w: set_entry(w, roles={0: "agent", 1: "subject"}),
    "entry: another day": lambda w: set_entry(w, recorded_at="2026-01-02T00:00:00Z"),
    "not-released": lambda w: set_row(w, state=RowState.PENDING),
    "not-released: forgotten": lambda w: set_row(w, state=RowState.FORGOTTEN),
    "not-released: no row": lambda w: w.folder.rows.pop(name_at(w)),
    "unchecked": lambda w: set_row(w, verdict="unchecked"),
    "withdrawn": lambda w: w.found.add(name_at(w)),
    "withdrawn: heard and not muted": lambda w: w.folder.heard.update(
        {name_at(w): (TimeSpan(1.0, 2.0, (), (), Origin.REVIEWED),)}
    ),
    "exchanged": lambda w: set_row(w, input_sha256="f" * 64),
    "exchanged: redacted whole": lambda w: w.run(name_at(w), "ben", "f" * 64),
    "not-released: of no input": lambda w: set_row(w, input_sha256=None),
    "policy": lambda w: set_row(w, provenance={"policy": {"digest": STRICT.digest}}),
    "policy: none": lambda w: set_row(w, provenance=None),
    "files": lambda w: set_row(w, files=w.folder.rows[name_at(w)].files[1:]),
    "files: another's": exchange_with_bens,
    "bytes": same_size,
    "bytes: longer": lambda w: path_of(w).write_bytes(path_of(w).read_bytes() + b" "),
    "bytes: gone": lambda w: path_of(w, 1).unlink(),
    "bytes: a link": make_link,
    "bytes: a linked folder": link_folder,
    "bytes: a pipe": make_pipe,
    "bytes: a folder": lambda w: (path_of(w).unlink(), path_of(w).mkdir()),
}


def test_what_is_as_it_was_fits(world, request_id):
    manifest = checked(world, request_id)
    assert manifest == manifest_of(world.store.get(request_id).manifest)
    assert [line.name for line in manifest.lines] == world.names_of("anna")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_misfit_stops_all_of_it_and_says_where(world, request_id, fault):
    FAULTS[fault](world)
    rule = fault.partition(":")[0]
    told = rf"line {LINE} of the manifest does not fit: .*\({rule}\)"
    with pytest.raises(BindingError, match=told) as raised:
        checked(world, request_id)
    assert (raised.value.rule, raised.value.line) == (rule, LINE)
    assert RULES[rule] in str(raised.value)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_stopped_request_stays_stopped_with_an_incident(world, request_id, fault):
    FAULTS[fault](world)
    with pytest.raises(BindingError):
        check_manifest(world.store, world.tools, world.store.get(request_id))
    rule = fault.partition(":")[0]
    assert world.store.get(request_id).state is State.STOPPED
    assert [(i.reason, i.line) for i in world.store.incidents(request_id)] == [(rule, LINE)]
    assert world.recorded[-1] == ("stop", request_id, {"rule": rule, "line": LINE})


@pytest.mark.parametrize("fault", FAULTS)
def test_no_message_tells_a_name_or_an_owner(world, request_id, fault):
    FAULTS[fault](world)
    with pytest.raises(BindingError) as raised:
        checked(world, request_id)
    assert name_at(world) not in str(raised.value)
    assert hash_of("anna") not in str(raised.value)


def edited(document, change):
    document = copy.deepcopy(document)
    change(document)
    return document


EDITS = {
    "request": lambda d: d.update(request="f" * 16),
    "purpose": lambda d: d.update(purpose="research"),
    "subject": lambda d: d.update(subject=hash_of("ben")),
    "count": lambda d: d.update(count=3),
    "count: nothing": lambda d: d.update(count=0, recordings=[]),
    "order": lambda d: d["recordings"].reverse(),
    "order: twice": lambda d: (d["recordings"].insert(0, d["recordings"][0]), d.update(count=5)),
    "form": lambda d: d.update(kind="other"),
    "form: more": lambda d: d.update(more=1),
    "form: of a line": lambda d: d["recordings"][0].update(more=1),
    "form: less": lambda d: d["recordings"][0].pop("owner"),
    "form: of a purpose": lambda d: d.update(purpose="sale"),
    "form: of files": lambda d: d["recordings"][0].update(files=[["a", "b"]]),
    "form: of a count": lambda d: d["left_out"].update(unchecked="3"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_manifest_that_was_edited_and_digested_anew_does_not_fit(world, request_id, edit):
    document = edited(world.store.get(request_id).manifest, EDITS[edit])
    with pytest.raises(BindingError) as raised:
        checked(world, request_id, document)
    assert (raised.value.rule, raised.value.line) == (edit.partition(":")[0], None)


LINE_EDITS = {
    "owner": lambda line, w: line.update(owner=hash_of("ben")),
    "owner: none": lambda line, w: line.update(owner=""),
    "catalog": lambda line, w: line.update(id=line["id"][:-1]),
    "catalog: a path": lambda line, w: line.update(id=f"{line['id']}/.."),
    "source": lambda line, w: line.update(source="f" * 16 + "/redacted"),
    "source: up": lambda line, w: line.update(source="../../other"),
    "input": lambda line, w: line.update(input="f" * 64),
    "policy": lambda line, w: line.update(policy="f" * 64),
    "files": lambda line, w: line.update(files=[]),
    "files: twice": lambda line, w: line.update(files=[line["files"][0]] * 2),
    "files: another digest": lambda line, w: line["files"][0].__setitem__(1, "f" * 64),
    "files: another size": lambda line, w: line["files"][0].__setitem__(2, 1),
    "files: another path": lambda line, w: line["files"][0].__setitem__(0, "audio/../../secret.wav"),
    "files: another's": lambda line, w: line.update(
        files=[[f.path, f.sha256, f.num_bytes] for f in w.folder.rows[w.names_of("ben")[0]].files[:1]]
    ),
}


@pytest.mark.parametrize("edit", LINE_EDITS)
def test_a_line_that_was_edited_and_digested_anew_does_not_fit(world, request_id, edit):
    line = 1 if edit.startswith("catalog") else LINE  # the order would tell before
    document = edited(
        world.store.get(request_id).manifest, lambda d: LINE_EDITS[edit](d["recordings"][line - 1], world)
    )
    with pytest.raises(BindingError) as raised:
        checked(world, request_id, document)
    rule = edit.partition(":")[0]
    assert (raised.value.rule, raised.value.line) in [(rule, line), ("order", None)]
    assert edit.startswith("catalog") or raised.value.rule == rule


def test_a_manifest_under_another_digest_is_not_the_frozen_one(world, request_id):
    document = edited(world.store.get(request_id).manifest, lambda d: d["left_out"].update(unchecked=1))
    with pytest.raises(BindingError, match="digest"):
        checked(world, request_id, document, sha256=world.store.get(request_id).manifest_sha256)


def test_a_recording_of_another_subject_never_fits_an_access(world):
    """The ledger, the catalog and the manifest agree; it is not the subject's all the same."""
    bens = world.up_to("plan", "ben")
    document = {**world.store.get(bens).manifest, "subject": hash_of("anna")}
    annas = world.up_to("plan")
    document["request"] = annas
    request = replace(
        world.store.get(annas),
        manifest=document,
        manifest_sha256=manifest_digest(document),
        entries=world.store.get(bens).entries,
    )
    with pytest.raises(BindingError) as raised:
        check_binding(
            document, manifest_digest(document), request=request, holdings=world.holdings, sources=("release",)
        )
    assert (raised.value.rule, raised.value.line) == ("owner", 1)


def test_audio_does_not_fit_where_transcripts_alone_were_asked_for(world):
    request = world.store.get(world.up_to("plan"))
    with pytest.raises(BindingError, match="files"):
        check_binding(
            request.manifest,
            request.manifest_sha256,
            request=replace(request, transcripts_only=True),
            holdings=world.holdings,
            sources=("release",),
        )


def test_what_was_redacted_for_a_request_is_held_to_its_own_ledger(world):
    request = world.open()
    world.identify(request)
    world.address(request)
    world.plan(request, asked=STRICT)
    assert len(checked(world, request).lines) == 4
    world.redone[f"{request}/redacted"].put(
        name_at(world), "anna", input_sha256=world.folder.rows[name_at(world)].input_sha256, policy=STANDARD
    )
    with pytest.raises(BindingError, match="policy"):
        checked(world, request)


def test_a_document_that_is_none_is_an_error_of_the_user(world):
    for value in ({}, {"kind": 1}, {"recordings": None}):
        with pytest.raises(UsageError, match="form"):
            manifest_of(value)


@pytest.mark.parametrize(("input_keyed", "rule"), [(None, "unbound"), ("f" * 64, "exchanged")])
def test_an_owner_who_was_named_for_no_input_or_another_does_not_fit(world, request_id, input_keyed, rule):
    entry = replace(world.catalog.entries[name_at(world)], input_keyed=input_keyed)
    world.catalog.put(entry)
    request = world.store.get(request_id)
    with pytest.raises(BindingError) as raised:
        check_binding(
            request.manifest,
            request.manifest_sha256,
            # As if it had been planned so.
            request=replace(request, entries={**request.entries, entry.name: entry_digest(entry)}),
            holdings=world.holdings,
            sources=("release",),
        )
    assert (raised.value.rule, raised.value.line) == (rule, LINE)


def test_anothers_files_do_not_fit_though_ledger_and_manifest_agree_on_them(world, request_id):
    exchange_with_bens(world)
    theirs = [
        [file.path, file.sha256, file.num_bytes]
        for file in world.folder.rows[world.names_of("ben")[0]].files
        if not file.path.startswith("reports/")
    ]
    document = edited(
        world.store.get(request_id).manifest, lambda d: d["recordings"][LINE - 1].update(files=theirs)
    )
    with pytest.raises(BindingError) as raised:
        checked(world, request_id, document)
    assert (raised.value.rule, raised.value.line) == ("files", LINE)
