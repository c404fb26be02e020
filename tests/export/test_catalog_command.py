"""`redactor catalog import`: all of a source or none of it, on record, and nothing tells who anybody is."""

import json
import os
import re
from contextlib import closing

import pytest
from export_house import ANN, BOB, CARL, Desk, exchange, made_house, write_csv

from redactor.commands.catalog import catalog_status
from redactor.errors import LockedError, UsageError
from redactor.export.catalog import CATALOG_NAME, digest_of, forget_catalog, open_catalog
from redactor.export.subjects import load_subject_key, subject_hash
from redactor.ledger import Ledger
from redactor.runfolder import locked


@pytest.fixture
def desk(tmp_path, monkeypatch, capsys):
    return Desk(made_house(tmp_path, monkeypatch, num_recordings=3, num_channels=2), capsys)


def stored(desk):
    """Entries by name, read with the key."""
    folder = desk.house.folder
    key = load_subject_key(desk.key_file, create=False, folder=folder)
    with closing(open_catalog(folder, key=key)) as catalog:
        return {entry.name: entry for entry in catalog.entries()}


def owner_of(desk, name):
    key = load_subject_key(desk.key_file, create=False, folder=desk.house.folder)
    owner = stored(desk)[name].subject
    return next(who for who in (ANN, BOB, CARL) if subject_hash(key, who) == owner)


def rows(desk, *owners, **more):
    return [
        {"recording": name, "subject": who, **more}
        for name, who in zip(desk.house.names(), owners, strict=False)
    ]


def test_what_fits_is_stored_and_on_record(desk):
    document, code = desk.takes_rows(*rows(desk, ANN, BOB, roles="0=subject;1=agent"))
    assert code == 0 and document["imported"]
    assert (document["entries"], document["subjects"], document["new"], document["without_row"]) == (2, 2, 2, 1)
    entries = stored(desk)
    assert [entry.roles for entry in entries.values()] == [{0: "subject", 1: "agent"}] * 2
    assert desk.house.events()[-1] == (
        "catalog-imported", {"digest": digest_of(entries.values()), "entries": 2, "changed": 0, "exchanged": 0}
    )  # fmt: skip
    assert (
        "2 rows: 2 recordings of 2 subjects" in desk.said and "1 recordings of the run have no row" in desk.said
    )


@pytest.mark.parametrize("good", [True, False])
def test_a_misfit_anywhere_stores_nothing(desk, good):
    if good:
        desk.takes_rows(*rows(desk, ANN, BOB, CARL))
        before = stored(desk)
    num_events = len(desk.house.events())
    document, code = desk.takes_rows(
        *rows(desk, BOB, BOB, BOB), {"recording": "x", "subject": ANN}, replace=True
    )
    assert code == 2 and not document["imported"]
    assert document["misfits"] == {"unknown-recording": {"number": 1, "first": [5]}}
    assert "1 rows name no recording of this run" in desk.said and "(line 5)" in desk.said
    assert "nothing was imported" in desk.said
    assert len(desk.house.events()) == num_events
    if good:
        assert stored(desk) == before
    else:
        with pytest.raises(UsageError, match="no catalog yet"):
            stored(desk)


def test_columns_that_are_ignored_are_named_and_their_cells_are_not(desk):
    document, code = desk.takes_rows(*rows(desk, ANN, BOB, call_id="c-17", queue="q-9"))
    assert code == 0 and document["ignored"] == ["call_id", "queue"]
    assert "columns that were ignored: 'call_id', 'queue'" in desk.said
    assert "c-17" not in desk.said and "q-9" not in desk.said


def test_those_who_speak_besides_do_not_vanish_with_a_column_that_is_misspelt(desk):
    with pytest.raises(UsageError, match=r"a column 'other', which .* \(did you mean 'others'\?\)"):
        desk.takes_rows(*rows(desk, ANN, BOB, other=CARL))
    with pytest.raises(UsageError, match="no catalog yet"):
        stored(desk)


def test_another_owner_is_taken_only_with_consent(desk):
    name = desk.house.names()[0]
    desk.takes_rows(*rows(desk, ANN, BOB))
    document, code = desk.takes_rows(*rows(desk, CARL, BOB))
    assert (code, document["imported"], owner_of(desk, name)) == (2, False, ANN)
    assert document["changed_owner"] == {"number": 1, "first": [2]}
    assert "belonged to another subject before (line 2)" in desk.said and "--replace" in desk.said
    document, code = desk.takes_rows(*rows(desk, CARL, BOB), replace=True)
    assert (code, document["imported"], owner_of(desk, name)) == (0, True, CARL)
    assert desk.house.events()[-1][1]["changed"] == 1


def test_owners_are_taken_away_only_with_consent(desk):
    desk.takes_rows(*rows(desk, ANN, BOB))
    document, code = desk.takes_rows(*rows(desk, ANN))
    assert (code, document["dropped"], len(stored(desk))) == (2, 1, 2)
    assert "1 recordings had an owner before and have no row now" in desk.said
    assert desk.takes_rows(*rows(desk, ANN), replace=True)[1] == 0
    assert len(stored(desk)) == 1


def test_another_input_is_taken_only_with_consent(desk):
    name = desk.house.names()[0]
    desk.takes_rows(*rows(desk, ANN, BOB))
    before = stored(desk)[name].input_keyed
    exchange(desk.house, name)
    document, code = desk.takes_rows(*rows(desk, ANN, BOB))
    assert (code, document["imported"], stored(desk)[name].input_keyed) == (2, False, before)
    assert document["changed_input"] == {"number": 1, "first": [2]}
    assert "are another input than when they were imported before (line 2)" in desk.said
    assert "--replace" in desk.said
    document, code = desk.takes_rows(*rows(desk, ANN, BOB), replace=True)
    assert (code, document["imported"], document["changed"]) == (0, True, 1)
    assert stored(desk)[name].input_keyed not in (None, before)
    assert desk.house.events()[-1][1]["exchanged"] == 1


def test_what_the_run_has_not_read_is_told_and_counted(desk, capsys):
    name = desk.house.names()[1]
    with desk.house.archive() as archive:
        archive.withdraw([archive.ledger.row(name)])
    document, code = desk.takes_rows(*rows(desk, ANN, BOB))
    assert (code, document["unbound"]) == (0, 1)
    assert "1 recordings were not read by the run yet" in desk.said
    catalog_status(desk.house.out, private=None, as_json=True)
    assert json.loads(capsys.readouterr().out)["unbound"] == 1
    desk.house.run()
    document, code = desk.takes_rows(*rows(desk, ANN, BOB))
    assert (code, document["unbound"], document["changed"]) == (0, 0, 1)


def test_the_same_import_again_changes_nothing(desk):
    desk.takes_rows(*rows(desk, ANN, BOB))
    before = stored(desk)
    document, code = desk.takes_rows(*rows(desk, ANN, BOB))
    assert (code, document["new"], document["changed"], stored(desk)) == (0, 0, 0, before)


def test_a_source_that_names_nothing_takes_nothing_away(desk):
    desk.takes_rows(*rows(desk, ANN))
    (desk.house.place / "empty.csv").write_text("recording,subject\n")
    document, code = desk.takes(desk.house.place / "empty.csv", replace=True)
    assert (code, document["imported"], len(stored(desk))) == (2, False, 1)


def test_a_source_that_breaks_off_stores_nothing(desk):
    desk.takes_rows(*rows(desk, ANN))
    before = stored(desk)
    path = write_csv(desk.house.place / "broken.csv", rows(desk, BOB, BOB))
    path.write_bytes(path.read_bytes() + b"x,\xff\n")
    with pytest.raises(UsageError, match="broken.csv.*cannot be read"):
        desk.takes(path, replace=True)
    assert stored(desk) == before
    assert list(desk.house.folder.private.glob("catalog.incoming*")) == []


def test_nothing_that_is_kept_or_said_tells_who_anybody_is(desk):
    secret = {"account": "DE89-3704", "others": CARL}
    path = write_csv(desk.house.place / "c.csv", rows(desk, ANN, BOB, **secret))
    desk.takes(path)
    said = desk.said
    desk.takes_rows(
        *rows(desk, ANN, ANN, **{**secret, "others": f"{ANN};{CARL}"}), *rows(desk, BOB), replace=True
    )
    said += desk.said
    kept = b"".join(f.read_bytes() for f in desk.house.out.rglob("*") if f.is_file())
    for word in (ANN, BOB, CARL, "DE89-3704"):
        assert word not in said and word.encode() not in kept
    # Digests have any four digits now and then.
    assert "4711" not in said and not re.search(rb"(?<![0-9a-f])4711(?![0-9a-f])", kept)
    assert (desk.house.folder.private / CATALOG_NAME).stat().st_mode & 0o777 == 0o600


def test_another_key_or_a_lost_one_is_refused(desk):
    desk.takes_rows(*rows(desk, ANN))
    kept = desk.key_file.read_text()
    desk.key_file.unlink()
    with pytest.raises(UsageError, match="key of subjects.*is missing"):
        desk.takes_rows(*rows(desk, ANN))
    assert not desk.key_file.exists()
    desk.key_file.write_text("0" * 64)
    with pytest.raises(UsageError, match="another key of subjects"):
        desk.takes_rows(*rows(desk, ANN), replace=True)
    desk.key_file.write_text(kept)
    assert desk.takes_rows(*rows(desk, ANN))[1] == 0


def test_a_key_inside_the_run_folder_is_refused(desk):
    desk.key_file = desk.house.out / "private" / "subjects.key"
    with pytest.raises(UsageError, match="may not lie in the run folder"):
        desk.takes_rows(*rows(desk, ANN))


def test_a_run_that_kept_names_has_no_catalog(desk):
    with closing(Ledger(desk.house.folder.ledger)) as ledger:
        settings = json.loads(ledger.setting("settings"))
        ledger.set_setting("settings", json.dumps({**settings, "keep_names": True}))
    with pytest.raises(UsageError, match="--keep-names"):
        desk.takes_rows(*rows(desk, ANN))


def test_options_are_checked_before_the_folder_is_touched(desk):
    with pytest.raises(UsageError, match="--column"):
        desk.takes("x.csv", columns=["owner=x"])
    with pytest.raises(UsageError, match="no file"):
        desk.takes(desk.house.place / "none.csv")


def test_a_folder_that_another_process_holds_is_not_changed(desk):
    with locked(desk.house.folder), pytest.raises(LockedError):
        desk.takes(write_csv(desk.house.place / "c.csv", [{"recording": "x", "subject": "y"}]))


def test_what_is_forgotten_leaves_the_catalog_and_stays_out(desk):
    name = desk.house.names()[0]
    made = rows(desk, ANN, BOB)
    desk.takes_rows(*made)
    with desk.house.archive() as archive:
        archive.forget(name)
        forget_catalog(desk.house.folder, name)
    assert name not in stored(desk)
    document, code = desk.takes_rows(*made)
    assert (code, document["erased"], document["entries"]) == (0, 1, 1) and name not in stored(desk)


def test_the_key_is_the_users_own_by_default(desk, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    desk.key_file = None
    desk.takes_rows(*rows(desk, ANN))
    assert os.listdir(tmp_path / "config" / "redactor") == ["subjects.key"]


def test_status_is_numbers(desk, capsys):
    with pytest.raises(UsageError, match="redactor catalog import"):
        catalog_status(desk.house.out, private=None, as_json=True)
    desk.takes_rows(*rows(desk, ANN, ANN, roles="0=subject", others=CARL))
    assert catalog_status(desk.house.out, private=None, as_json=True) == 0
    numbers = {
        "recordings": 3, "entries": 2, "without_entry": 1, "subjects": 1, "with_roles": 2, "with_others": 2,
        "unbound": 0, "exchanged": 0, "released": 2,
    }  # fmt: skip
    assert json.loads(capsys.readouterr().out) == numbers
    assert catalog_status(desk.house.out, private=None, as_json=False) == 0
    out = capsys.readouterr().out
    assert [line.rsplit(None, 1)[1] for line in out.splitlines()] == [str(n) for n in numbers.values()]


def test_status_counts_what_was_exchanged_until_the_catalog_says_whose_it_is(desk, capsys):
    def exchanged():
        capsys.readouterr()
        assert catalog_status(desk.house.out, private=None, as_json=True) == 0
        return json.loads(capsys.readouterr().out)["exchanged"]

    desk.takes_rows(*rows(desk, ANN, BOB))
    exchange(desk.house, desk.house.names()[0])
    assert exchanged() == 1
    assert desk.takes_rows(*rows(desk, ANN, BOB))[1] == 2
    assert exchanged() == 1
    assert desk.takes_rows(*rows(desk, ANN, BOB), replace=True)[1] == 0
    assert exchanged() == 0
