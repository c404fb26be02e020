"""The store: entries come back as they were put, and a row that somebody changed on disk stops the reader."""

import hashlib
import hmac
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace

import pytest
from export_house import KEY, entry

from redactor.audit.lines import canonical
from redactor.errors import StoreError, UsageError
from redactor.export import catalog as catalog_module
from redactor.export.catalog import (
    CATALOG_NAME,
    Catalog,
    digest_of,
    document,
    forget_catalog,
    has_import,
    incoming,
    open_catalog,
)
from redactor.runfolder import create_run_folder
from redactor.sqlite import connect

A, B, C, E = "a" * 64, "b" * 64, "c" * 64, "e" * 64
ENTRIES = [
    entry("1" * 32, A, account="d" * 64, device="desk 3", language="en", recorded_at="2024-05-01",
          roles={0: "subject", 10: "agent"}, others=(B, C), input_keyed=E),
    entry("2" * 32, A),
    entry("3" * 32, B, others=(A,)),
]  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    return create_run_folder(tmp_path / "out")


@pytest.fixture
def path(folder):
    return folder.private / CATALOG_NAME


@pytest.fixture
def catalog(path):
    with closing(Catalog(path, key=KEY)) as catalog:
        catalog.replace(ENTRIES, "f" * 64)
        yield catalog


def names(entries):
    return [entry.name[0] for entry in entries]


def test_entries_come_back_as_they_were_put(catalog):
    assert [catalog.entry(e.name) for e in ENTRIES] == ENTRIES
    assert list(catalog.entries()) == ENTRIES
    assert catalog.entry("4" * 32) is None


def test_many_entries_come_back_in_order(catalog):
    made = [entry(f"{number:032x}") for number in range(2500)]
    catalog.replace(reversed(made), "e" * 64)
    assert list(catalog.entries()) == made


def test_all_come_subject_by_subject(catalog):
    assert names(catalog.by_subject()) == ["1", "2", "3"]
    made = [entry(f"{number:032x}", (A, B, C)[number % 3]) for number in range(2500)]
    catalog.replace(made, "e" * 64)
    owners = [found.subject for found in catalog.by_subject()]
    assert owners == sorted(owners) and len(owners) == 2500


def test_entries_of_the_version_before_are_about_no_input(path):
    said = {key: value for key, value in document(ENTRIES[0]).items() if key != "input_keyed"}
    value = canonical(said)
    code = hmac.new(KEY, b"redactor catalog entry\0" + value, hashlib.sha256).hexdigest()
    with closing(connect(path, steps=catalog_module._STEPS[:1])) as db:
        db.execute("INSERT INTO entry VALUES (?, ?, ?, ?)", ("1" * 32, A, value.decode(), code))
    with closing(Catalog(path, key=KEY)) as catalog:
        assert catalog.entry("1" * 32) == replace(ENTRIES[0], input_keyed=None)
        catalog.replace(ENTRIES, "f" * 64)
        assert list(catalog.entries()) == ENTRIES
    with pytest.raises(StoreError, match="newer version"):
        connect(path, steps=catalog_module._STEPS[:1])


def test_a_subject_owns_what_is_theirs_and_nothing_else(catalog):
    assert names(catalog.of_subject(A)) == ["1", "2"]
    assert names(catalog.of_subject(B)) == ["3"]
    assert catalog.of_subject(C) == [] == catalog.of_subject(A[:-1]) == catalog.of_subject("%")


def test_where_somebody_speaks_as_another_is_found(catalog):
    assert names(catalog.with_other(A)) == ["3"]
    assert names(catalog.with_other(B)) == ["1"]
    assert catalog.with_other("d" * 64) == []


def test_numbers(catalog):
    assert (catalog.count(), catalog.count_subjects(), catalog.is_empty) == (3, 2, False)
    catalog.replace([], "0" * 64)
    assert catalog.is_empty and catalog.with_other(A) == []


def test_an_import_takes_the_place_of_the_one_before(catalog):
    catalog.replace([entry("2" * 32, B)], "e" * 64)
    assert catalog.of_subject(A) == [] == catalog.with_other(B)
    assert catalog.digest == "e" * 64
    for _ in range(2):
        catalog.replace(ENTRIES, "f" * 64)
    assert names(catalog.with_other(A)) == ["3"]


def test_an_import_that_breaks_off_changes_nothing(catalog):
    with pytest.raises(StoreError):
        catalog.replace([entry("9" * 32), entry("9" * 32)], "e" * 64)
    assert list(catalog.entries()) == ENTRIES and catalog.digest == "f" * 64


def test_the_file_is_its_owners_alone(catalog, path):
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE entry SET subject = '{B}' WHERE name LIKE '1%'",
        f"UPDATE entry SET value = replace(value, '{A}', '{B}'), subject = '{B}' WHERE name LIKE '1%'",
        "UPDATE entry SET value = replace(value, 'agent', 'subject') WHERE name LIKE '1%'",
        f"UPDATE entry SET value = replace(value, '{E}', '{B}') WHERE name LIKE '1%'",
        f"UPDATE entry SET value = replace(value, '\"{E}\"', 'null') WHERE name LIKE '1%'",
        "UPDATE entry SET code = NULL WHERE name LIKE '1%'",
        "UPDATE entry SET value = (SELECT value FROM entry WHERE name LIKE '2%'), "
        "code = (SELECT code FROM entry WHERE name LIKE '2%') WHERE name LIKE '1%'",
    ],
)
def test_a_row_that_was_changed_on_disk_stops_the_reader(catalog, path, statement):
    with closing(sqlite3.connect(path)) as db, db:
        assert db.execute(statement).rowcount == 1
    with pytest.raises(StoreError):
        catalog.entry("1" * 32)
    with pytest.raises(StoreError):
        list(catalog.entries())


def test_a_row_given_to_another_subject_is_not_found_as_theirs(catalog, path):
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(f"UPDATE entry SET subject = '{B}' WHERE name LIKE '1%'")
    with pytest.raises(StoreError):
        catalog.of_subject(B)


def test_somebody_is_not_put_into_a_recording_on_disk(catalog, path):
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(f"INSERT INTO other VALUES ('{C}', '{'2' * 32}')")
    with pytest.raises(StoreError):
        catalog.with_other(C)


def test_without_the_key_entries_can_be_counted_and_read(catalog, path):
    with closing(Catalog(path)) as other:
        assert list(other.entries()) == ENTRIES


def test_another_key_is_refused(catalog, path):
    with pytest.raises(UsageError, match="another key of subjects.*--subject-key"):
        Catalog(path, key=KEY[::-1])


def test_threads_may_use_one_catalog(catalog):
    found = []

    def look():
        found.append(catalog.entry("2" * 32))
        catalog.close()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [ENTRIES[1]] == [catalog.entry("2" * 32)]


def test_the_digest_is_of_every_field():
    digests = {digest_of([changed]) for changed in [
        ENTRIES[0], ENTRIES[1], entry("2" * 32, B), entry("2" * 32, A, roles={0: "agent"}),
        entry("2" * 32, A, others=(B,)), entry("2" * 32, A, account=B), entry("2" * 32, A, language="de"),
        entry("2" * 32, A, device="x"), entry("2" * 32, A, recorded_at="2024-05-01"),
        entry("2" * 32, A, input_keyed=B),
    ]}  # fmt: skip
    assert len(digests) == 10
    assert digest_of(ENTRIES) == digest_of(iter(ENTRIES)) != digest_of(ENTRIES[:2])


def test_what_is_forgotten_is_gone_from_every_byte(catalog, folder, path):
    forget_catalog(folder, "1" * 32)
    assert catalog.entry("1" * 32) is None and catalog.with_other(C) == []
    assert names(catalog.entries()) == ["2", "3"]
    for file in path.parent.glob(f"{CATALOG_NAME}*"):
        assert b"1" * 32 not in file.read_bytes() and b"desk 3" not in file.read_bytes()


def test_forgetting_takes_what_a_killed_import_left(folder):
    (folder.private / "catalog.incoming.sqlite3").write_bytes(b"1" * 32)
    (folder.private / "catalog.incoming.sqlite3-wal").write_bytes(b"1" * 32)
    forget_catalog(folder, "1" * 32)
    assert list(folder.private.glob("catalog*")) == []


def test_nothing_of_what_is_coming_in_stays(folder):
    for _ in range(2):
        with incoming(folder) as staged, staged.transaction() as db:
            assert staged.is_empty
            staged.insert(db, ENTRIES[0])
        assert list(folder.private.glob("catalog.incoming*")) == []


def test_a_folder_without_an_import_has_no_catalog(folder, path):
    with pytest.raises(UsageError, match="redactor catalog import"):
        open_catalog(folder)
    assert not path.exists()
    Catalog(path).close()  # of an import that was refused
    assert not has_import(folder)
    with pytest.raises(UsageError, match="redactor catalog import"):
        open_catalog(folder, key=KEY)


def test_an_import_is_opened_with_its_key(catalog, folder):
    with closing(open_catalog(folder, key=KEY)) as opened:
        assert opened.entry("2" * 32) == ENTRIES[1]
    with pytest.raises(UsageError):
        open_catalog(folder, key=KEY[::-1])
