"""Rows are held to the run and to the catalog before them: all of them fit, or none is taken."""

import weakref
from contextlib import closing
from datetime import UTC, datetime

import pytest
from export_house import ANN, BOB, CARL, KEY, exchange, made_house
from hypothesis import given, settings
from hypothesis import strategies as st

from redactor.audit import keyed_digest
from redactor.export.catalog import CATALOG_NAME, Catalog, incoming
from redactor.export.intake import Misfit, channels_of, take_in
from redactor.export.sources import COLUMNS, SourceRow
from redactor.export.subjects import account_hash, subject_hash
from redactor.files import sha256_file
from redactor.inputs import input_path
from redactor.ledger import State
from redactor.names import load_key

NOW = datetime(2026, 6, 15, tzinfo=UTC).timestamp()
ANNS, BOBS, CARLS = (subject_hash(KEY, who) for who in (ANN, BOB, CARL))


class Intake:
    """Takes rows into the catalog of a run, if they fit."""

    def __init__(self, house):
        self.house = house
        self.names = house.names()
        self.path = house.folder.private / CATALOG_NAME

    def __call__(self, *rows, store=False):
        """The report, and the entries that would be stored."""
        made = [SourceRow(place, values) for place, values in enumerate(rows, 2)]
        folder = self.house.folder
        with self.house.archive() as archive, closing(Catalog(self.path, key=KEY)) as catalog:
            before = list(catalog.entries())
            with incoming(folder) as staged:
                report = take_in(
                    iter(made), archive=archive, catalog=catalog, staged=staged, key=KEY, clock=lambda: NOW
                )
                entries = list(staged.entries())
                assert list(catalog.entries()) == before
                if store:
                    assert report.fits
                    catalog.replace(entries, report.digest)
        return report, {found.name: found for found in entries}

    def misfits(self, *rows):
        """By misfit, the places."""
        report, _ = self(*rows)
        assert report.fits is (not report.misfits)
        return {misfit.value: places.first for misfit, places in report.misfits.items()}


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """Four recordings of two channels, which no test changes."""
    with pytest.MonkeyPatch.context() as patch:
        yield made_house(tmp_path_factory.mktemp("house"), patch, num_recordings=4, num_channels=2)


@pytest.fixture
def intake(shared):
    made = Intake(shared)
    yield made
    made.path.unlink(missing_ok=True)


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A run of its own, to be changed."""
    return Intake(made_house(tmp_path, monkeypatch, num_recordings=3))


def row(recording, subject=ANN, **more):
    return {"recording": recording, "subject": subject, **more}


def test_a_row_becomes_an_entry_with_hashes_in_place_of_ids(intake):
    name = intake.names[0]
    report, entries = intake(
        row(name, account="DE89", device=" desk 3", language="EN", recorded_at="2024-05-01T10:00+02:00",
            roles="1=agent;0=subject", others=f"{BOB};{CARL};{BOB}")
    )  # fmt: skip
    found = entries[name]
    assert (found.subject, found.account) == (ANNS, account_hash(KEY, "DE89"))
    assert found.others == tuple(sorted([BOBS, CARLS]))
    assert (found.device, found.language, found.recorded_at) == ("desk 3", "en", "2024-05-01T10:00:00+02:00")
    assert found.roles == {0: "subject", 1: "agent"}
    assert report.fits and report.columns == tuple(sorted(COLUMNS))


def test_a_recording_is_named_as_a_person_would(intake, monkeypatch):
    path = intake.house.inputs / "2.wav"
    monkeypatch.chdir(intake.house.place)
    with intake.house.archive() as archive:
        (name,) = archive.names_for(str(path))
    for written in (name, str(path), path.as_uri(), "in/2.wav", "./in/../in/2.wav"):
        assert list(intake(row(written))[1]) == [name]


@pytest.mark.parametrize(
    "recording",
    [
        None, "", "  ", 7, "0" * 32, "in", "in/", "in/9.wav", "2.wav", "in/2", "IN/2.WAV", "s3://in/2.wav",
        "file://elsewhere/in/2.wav", "in/2.wav\0", "../\0", "\ud800", "%", "x" * 20_000, ["in/2.wav"],
    ],
)  # fmt: skip
def test_what_is_no_recording_of_the_run_is_never_the_nearest_one(intake, monkeypatch, recording):
    monkeypatch.chdir(intake.house.place)
    assert intake.misfits(row(intake.names[0]), row(recording)) == {"unknown-recording": [3]}


def test_a_folder_stands_for_none_of_its_recordings(intake):
    assert intake.misfits(row(str(intake.house.inputs))) == {"unknown-recording": [2]}


@pytest.mark.parametrize(
    ("changes", "misfit"),
    [
        ({"subject": ""}, "subject"),
        ({"subject": None}, "subject"),
        ({"subject": "1.23E+11"}, "subject"),
        ({"subject": 4711.0}, "subject"),
        ({"subject": "x" * 201}, "subject"),
        ({"account": "1,2E+9"}, "account"),
        ({"others": 7}, "others"),
        ({"others": f"{BOB};{ANN}"}, "subject-among-others"),
        ({"others": [f" {ANN} "]}, "subject-among-others"),
        ({"device": "x" * 101}, "device"),
        ({"language": "english"}, "language"),
        ({"recorded_at": "2026-06-17T00:00:01"}, "recorded-at"),
        ({"recorded_at": "01.05.2024"}, "recorded-at"),
        ({"roles": "0=customer"}, "roles"),
        ({"roles": "2=subject"}, "no-such-channel"),
        ({"roles": "0=subject;1=agent;7=other"}, "no-such-channel"),
    ],
)
def test_a_value_that_cannot_be_refuses_the_import_and_says_where(intake, changes, misfit):
    a, b = intake.names[:2]
    assert intake.misfits(row(a), {**row(b), **changes}) == {misfit: [3]}


def test_a_row_that_has_not_the_shape_of_the_source_refuses_the_import(intake):
    assert intake.misfits(row(intake.names[0]), None, {}) == {"misshapen": [3], "unknown-recording": [4]}


def test_a_source_without_rows_does_not_fit(intake):
    assert not intake()[0].fits


def test_the_same_row_twice_is_counted(intake, monkeypatch):
    name = intake.names[0]
    with intake.house.archive() as archive:
        uri = archive.inputs.get(name).uri
    report, entries = intake(row(name, language="en"), row(uri, language="EN"), row(name, language="en"))
    assert (report.num_rows, report.num_same, report.num_entries, len(entries)) == (3, 2, 1, 1) and report.fits


def test_a_recording_with_two_owners_refuses_the_import(intake):
    a, b = intake.names[:2]
    assert intake.misfits(row(a, ANN), row(b, BOB), row(a, BOB)) == {"two-owners": [4]}


def test_a_recording_of_which_two_things_are_said_refuses_the_import(intake):
    a = intake.names[0]
    assert intake.misfits(row(a, language="en"), row(a, language="de")) == {"two-different-rows": [3]}
    assert intake.misfits(row(a, others=BOB), row(a)) == {"two-different-rows": [3]}


def test_many_misfits_are_counted_and_the_first_of_them_placed(intake):
    report, _ = intake(*[row("nothing")] * 50)
    places = report.misfits[Misfit.UNKNOWN]
    assert (places.number, places.first) == (50, list(range(2, 22)))


def test_recordings_without_a_row_are_counted(intake):
    report, _ = intake(row(intake.names[0]), row(intake.names[1], BOB))
    assert (report.num_without_row, report.num_subjects) == (2, 2)


def test_what_is_other_than_before_is_counted_and_another_owner_needs_consent(intake):
    a, b, c, d = intake.names
    first, _ = intake(row(a), row(b), row(c, BOB), store=True)
    assert (first.num_new, first.num_changed, first.needs_consent) == (3, 0, False)
    again, _ = intake(row(a), row(b, language="de"), row(c, BOB), row(d))
    assert (again.num_new, again.num_changed, again.needs_consent) == (1, 1, False)
    other, _ = intake(row(a), row(b, BOB), row(c, BOB))
    assert (other.changed_owner.number, other.changed_owner.first, other.num_changed) == (1, [3], 1)
    assert other.fits and other.needs_consent


def test_an_entry_is_about_the_input_that_the_run_knew(own):
    a, *_ = own.names
    report, entries = own(row(a))
    with own.house.archive() as archive:
        path = input_path(archive.inputs.get(a).uri)
    key = load_key(own.house.settings().key_file, create=False)
    assert entries[a].input_keyed == keyed_digest(key, sha256_file(path))
    assert report.num_unbound == 0


def test_another_input_than_before_needs_consent_like_another_owner(own):
    a, b, c = own.names
    own(row(a), row(b), store=True)
    exchange(own.house, b)
    report, entries = own(row(a), row(b), row(c))
    assert (report.changed_input.number, report.changed_input.first) == (1, [3])
    assert (report.num_changed, report.changed_owner.number) == (1, 0)
    assert report.fits and report.needs_consent
    own(row(a), row(b), store=True)
    assert not own(row(a), row(b))[0].needs_consent


def withdrawn(house, name):
    with house.archive() as archive:
        archive.withdraw([archive.ledger.row(name)])


def test_what_the_run_has_not_read_is_about_no_input_until_it_is_imported_again(own):
    a, b, _ = own.names
    withdrawn(own.house, a)
    report, entries = own(row(a), row(b), store=True)
    assert (report.num_unbound, report.fits, report.needs_consent) == (1, True, False)
    assert entries[a].input_keyed is None
    own.house.run()
    report, entries = own(row(a), row(b))
    assert (report.num_unbound, report.num_changed, report.needs_consent) == (0, 1, False)
    assert entries[a].input_keyed == entries[b].input_keyed  # all recordings of this run are the same


def test_what_is_to_be_redacted_anew_stays_about_the_input_that_it_was(own):
    """Otherwise two imports, one before the run and one after it, would exchange it without asking anybody."""
    a, b, _ = own.names
    own(row(a), row(b), store=True)
    withdrawn(own.house, a)
    report, entries = own(row(a), row(b), store=True)
    assert (report.num_unbound, report.num_changed) == (0, 0) and entries[a].input_keyed
    exchange(own.house, a)
    report, _ = own(row(a), row(b))
    assert (report.changed_input.first, report.needs_consent) == ([2], True)


def test_a_recording_that_loses_its_owner_needs_consent(intake):
    a, b, *_ = intake.names
    intake(row(a), row(b), store=True)
    report, _ = intake(row(a))
    assert (report.num_dropped, report.needs_consent, report.fits) == (1, True, True)


def test_the_digest_is_the_same_in_any_order(intake):
    rows = [row(name, who) for name, who in zip(intake.names, (ANN, BOB, ANN, CARL), strict=True)]
    digest = intake(*rows)[0].digest
    assert intake(*reversed(rows))[0].digest == digest != intake(*rows[:3])[0].digest


def test_recordings_that_were_forgotten_stay_so(own):
    a, b, c = own.names
    own(row(a), row(b), store=True)
    with own.house.archive() as archive:
        uri = archive.inputs.get(a).uri
        archive.forget(a)
    report, entries = own(row(a), row(uri), row(b), row(c))
    assert list(entries) == [b, c] and report.fits
    assert (report.num_erased, report.num_without_row, report.num_dropped) == (2, 0, 0)
    assert own.misfits(row(a, ""), row(b)) == {"subject": [2]}


def test_channels_of_what_is_not_released_are_not_known(own):
    a, b, _ = own.names
    with own.house.archive() as archive:
        archive.withdraw([archive.ledger.row(a)])
        assert channels_of(archive.folder, archive.ledger.row(a)) is None
        assert channels_of(archive.folder, archive.ledger.row(b)) == 1
    report, _ = own(row(a, roles="1=agent"), row(b, roles="0=agent"))
    assert (report.num_roles_unchecked, report.fits) == (1, True)
    assert own.misfits(row(a, roles="1=agent"), row(b, roles="1=agent")) == {"no-such-channel": [3]}


@pytest.mark.parametrize(
    "text", [None, "", "[]", "{}", '{"channels": "2"}', '{"channels": true}', '{"channels": 0}']
)
def test_a_report_that_is_none_tells_no_channels(own, text):
    name = own.names[0]
    path = own.house.out / "release" / "reports" / name[:2] / f"{name}.json"
    path.unlink()
    if text is not None:
        path.write_text(text)
    with own.house.archive() as archive:
        found = archive.ledger.row(name)
        assert found.state is State.DONE and channels_of(archive.folder, found) is None


ids = st.sampled_from([ANN, BOB, CARL, "", "1E+11"])
choices = st.lists(st.tuples(st.integers(0, 4), ids, st.sampled_from(["", ANN, BOB])), min_size=1, max_size=6)


@settings(max_examples=60)
@given(choices)
def test_no_mix_of_rows_gives_a_recording_to_two_or_to_the_wrong_one(shared, made):
    intake = Intake(shared)
    names = [*intake.names, "f" * 32]
    report, entries = intake(*[row(names[number], who, others=other) for number, who, other in made])
    said = {}
    for number, who, _ in made:
        said.setdefault(names[number], set()).add(who)
    fits = (
        len(set(made)) == len(said) and "f" * 32 not in said
        and all(who in (ANN, BOB, CARL) and who != other for _, who, other in made)
    )  # fmt: skip
    assert report.fits is fits
    for name, found in entries.items():
        assert found.subject in {subject_hash(KEY, who) for who in said[name] if who}


class Watched(dict):
    """A row that can be told to be held still."""

    __hash__ = object.__hash__


def test_rows_are_let_go_once_they_are_read(intake):
    alive = weakref.WeakSet()
    most = 0

    def rows():
        nonlocal most
        for place in range(500):
            values = Watched(row(intake.names[0]))
            alive.add(values)
            most = max(most, len(alive))
            yield SourceRow(place, values)

    with (
        intake.house.archive() as archive,
        closing(Catalog(intake.path, key=KEY)) as catalog,
        incoming(intake.house.folder) as staged,
    ):
        report = take_in(rows(), archive=archive, catalog=catalog, staged=staged, key=KEY, clock=lambda: NOW)
    assert report.num_same == 499 and most < 10
