"""Rows out of files and databases: the same rows in every form, and not one that is shifted or half read."""

import csv
import io
import json
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy
from export_house import write_csv
from hypothesis import given
from hypothesis import strategies as st

from redactor.errors import UsageError
from redactor.export import sources
from redactor.export.database import checked_query
from redactor.export.sources import Mapped, csv_rows, json_rows, open_source, parse_columns

ROWS = [
    {"recording": "a/1.wav", "subject": "4711", "device": "desk, 3", "roles": "0=subject;1=agent"},
    {"recording": "b\t2.wav", "subject": "Zoë \"Z\"", "device": "", "roles": ""},
]  # fmt: skip
PASSWORD = "hunter2-secret"


def read(source, *, query=None, columns=()):
    return list(open_source(str(source), query=query, columns=columns).read())


def values(rows):
    return [dict(row.values) for row in rows]


def refused(source, **options):
    """What is said when a source cannot be read."""
    with pytest.raises(UsageError) as raised:
        read(source, **options)
    return str(raised.value)


def write_json(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def write_parquet(path, rows, **options):
    pq.write_table(pa.Table.from_pylist(rows), path, **options)
    return path


def write_sqlite(path, rows, table="calls"):
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(f"CREATE TABLE {table} ({', '.join(rows[0])})")
        marks = ", ".join("?" * len(rows[0]))
        db.executemany(f"INSERT INTO {table} VALUES ({marks})", [tuple(row.values()) for row in rows])
    return f"sqlite:///{path}"


# Files.


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_csv_is_read_whatever_separates_it(tmp_path, delimiter, encoding):
    path = write_csv(tmp_path / "c.csv", ROWS, delimiter=delimiter, encoding=encoding)
    assert values(read(path)) == ROWS


def test_json_lines_and_parquet_give_the_same_rows(tmp_path):
    assert values(read(write_json(tmp_path / "c.jsonl", ROWS))) == ROWS
    assert values(read(write_parquet(tmp_path / "c.parquet", ROWS))) == ROWS


def test_places_are_lines_or_rows(tmp_path):
    text = 'recording,subject\n1,"a"\n\n2,b\n'
    (tmp_path / "c.csv").write_text(text)
    assert [row.place for row in read(tmp_path / "c.csv")] == [2, 4]
    (tmp_path / "c.jsonl").write_text('\ufeff{"recording": 1}\n\n{"recording": 2}')
    assert [(row.place, row.values) for row in read(tmp_path / "c.jsonl")] == [
        (1, {"recording": 1}), (3, {"recording": 2})
    ]  # fmt: skip
    assert [row.place for row in read(write_parquet(tmp_path / "c.pq", ROWS, row_group_size=1))] == [1, 2]
    assert open_source(str(tmp_path / "c.csv"), query=None, columns=[]).unit == "line"
    assert open_source(str(tmp_path / "c.pq"), query=None, columns=[]).unit == "row"


def test_a_row_with_a_field_too_many_or_too_few_is_not_guessed_at(tmp_path):
    (tmp_path / "c.csv").write_text("recording,subject,device\n1,Smith, John,x\n2,b\n3,c,d\n")
    assert [row.values and row.values["subject"] for row in read(tmp_path / "c.csv")] == [None, None, "c"]


@pytest.mark.parametrize(
    "line", ["7", "[]", '"x"', "{", '{"subject": "a", "subject": "b"}', "[" * 5000, "NULL"]
)
def test_a_line_that_is_no_one_object_is_not_guessed_at(tmp_path, line):
    (tmp_path / "c.jsonl").write_text(line)
    assert [row.values for row in read(tmp_path / "c.jsonl")] == [None]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("c.csv", b"recording,subject\n1,J\xf6rg\n"),
        ("c.csv", b'recording,subject\n1,"Joerg\n2,b\n'),
        ("c.csv", b'recording,subject\n1,"Joerg"x\n'),
        ("c.csv", b"recording,subject\n1," + b"Joerg" * 30_000),
        ("c.csv", "recording,subject\n1,Joerg\n".encode("utf-16")),
        ("c.jsonl", b'{"recording": "1", "subject": "J\xf6rg"}'),
        ("c.jsonl", b'{"subject": "' + b"Joerg" * 300_000 + b'"}'),
        ("c.parquet", b"Joerg"),
        ("c.parquet", b"PAR1Joerg" * 10 + b"PAR1"),
        ("c.csv", b""),
    ],
)
def test_a_damaged_file_is_refused_without_what_it_holds(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    said = refused(tmp_path / name)
    assert name in said and "Joerg" not in said and "\xf6" not in said


def test_a_file_that_cannot_be_opened_says_why(tmp_path):
    assert "no file" in refused(tmp_path / "none.csv")
    (tmp_path / "folder.csv").mkdir()
    assert "no file" in refused(tmp_path / "folder.csv")
    assert "extension" in refused(tmp_path / "c.xlsx")
    path = write_csv(tmp_path / "c.csv", ROWS)
    assert "--query is for databases" in refused(path, query="SELECT 1")


def test_what_parquet_cannot_read_is_refused_without_what_it_says(tmp_path, monkeypatch):
    def fails(path):
        raise pa.lib.ArrowNotImplementedError("Joerg")

    path = write_parquet(tmp_path / "c.parquet", ROWS)
    monkeypatch.setattr(pq, "ParquetFile", fails)
    assert "c.parquet" in refused(path) and "Joerg" not in refused(path)


def test_without_pyarrow_the_extra_is_named(tmp_path, monkeypatch):
    path = write_parquet(tmp_path / "c.parquet", ROWS)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert 'pip install "pyarrow<27,>=17" ' in refused(path)


def test_what_parquet_holds_keeps_its_type(tmp_path):
    rows = [{"recording": "1", "subject": 4711, "others": ["a", "b"], "roles": {"0": "agent", "1": None}}]
    assert values(read(write_parquet(tmp_path / "c.parquet", rows))) == rows


def test_a_large_file_is_read_row_by_row(tmp_path):
    # What is wrong at the end would be met first by whoever read all of it.
    (tmp_path / "c.csv").write_bytes(b"recording,subject\n" + b"4,d\n" * 50_000 + b"5,\xff")
    rows = open_source(str(tmp_path / "c.csv"), query=None, columns=[]).read()
    assert next(rows).values == {"recording": "4", "subject": "d"}
    with pytest.raises(UsageError):
        list(rows)


# Columns.


def test_columns_have_the_names_that_they_are_given(tmp_path):
    rows = [{"file": "1", "customer_no": "a", "account": "x", "device": "d", "more": "y"}]
    columns = ["recording=file", "subject=customer_no"]
    expected = [{"recording": "1", "subject": "a", "account": "x", "device": "d"}]
    assert values(read(write_csv(tmp_path / "c.csv", rows), columns=columns)) == expected
    assert values(read(write_json(tmp_path / "c.jsonl", rows), columns=columns)) == expected
    assert values(read(write_parquet(tmp_path / "c.parquet", rows), columns=columns)) == expected
    url = write_sqlite(tmp_path / "c.db", rows)
    assert values(read(url, query="SELECT * FROM calls", columns=columns)) == expected


def test_a_column_that_is_taken_for_another_is_not_also_itself(tmp_path):
    path = write_csv(tmp_path / "c.csv", [{"recording": "1", "account": "a"}])
    assert values(read(path, columns=["subject=account"])) == [{"recording": "1", "subject": "a"}]
    both = ["subject=account", "account=account"]
    assert values(read(path, columns=both)) == [{"recording": "1", "subject": "a", "account": "a"}]


@pytest.mark.parametrize(
    "columns", [["subject"], ["subject="], ["owner=a"], ["=a"], ["subject=a", "subject=b"]]
)
def test_columns_that_are_not_clear_are_refused(columns):
    with pytest.raises(UsageError, match="--column is OURS=THEIRS"):
        parse_columns(columns)


def written_as(form, folder, rows):
    """A file of these rows; None of a database, which its test makes."""
    write = {"csv": write_csv, "jsonl": write_json, "parquet": write_parquet}.get(form)
    return write and write(folder / f"c.{form}", rows)


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet", "db"])
def test_a_column_that_is_named_and_not_there_is_refused(tmp_path, form):
    rows = [{"recording": "1", "subject": "a"}]
    source, query = written_as(form, tmp_path, rows), None
    if form == "db":
        source, query = write_sqlite(tmp_path / "c.db", rows), "SELECT * FROM calls"
    assert "others" in refused(source, query=query, columns=["others=speakers"])


@pytest.mark.parametrize(
    "header", ["recording", "subject,recordings", "a|b", "recording,Subject", "subject;recording,"]
)
def test_a_table_without_the_columns_that_are_needed_is_refused(tmp_path, header):
    (tmp_path / "c.csv").write_text(f"{header}\n1,2\n")
    assert "needs the columns 'recording' and 'subject'" in refused(tmp_path / "c.csv")


def test_a_first_line_that_can_be_read_in_two_ways_is_refused(tmp_path):
    (tmp_path / "c.csv").write_text("recording,subject,x;recording;subject\n1,2,3;4;5\n")
    assert "separated by" in refused(tmp_path / "c.csv")


def test_a_column_that_is_there_twice_is_refused(tmp_path):
    (tmp_path / "c.csv").write_text("recording,subject,subject\n1,a,b\n")
    assert "two columns for subject" in refused(tmp_path / "c.csv")
    url = write_sqlite(tmp_path / "c.db", [{"recording": "1", "subject": "a"}])
    query = "SELECT a.recording, a.subject, b.subject FROM calls a, calls b"
    assert "two columns for subject" in refused(url, query=query)


NEAR = [
    ("other", "others"), ("Others", "others"), ("recorded at", "recorded_at"), ("Recorded-At", "recorded_at"),
    ("recordedAt", "recorded_at"), ("Recording", "recording"), ("role", "roles"), ("ACCOUNT", "account"),
    ("device_id", "device"), ("langauge", "language"),
]  # fmt: skip


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet", "database"])
@pytest.mark.parametrize(("theirs", "ours"), NEAR)
def test_a_column_that_may_be_meant_for_one_of_ours_is_refused(tmp_path, form, theirs, ours):
    rows = [{"recording": "1", "subject": "a", theirs: "cell"}]
    source, query = written_as(form, tmp_path, rows), None
    if form == "database":
        source = write_sqlite(tmp_path / "c.db", [{"recording": "1", "subject": "a"}])
        query = f"SELECT recording, subject, subject AS [{theirs}] FROM calls"
    said = refused(source, query=query)
    assert f"a column {theirs!r}, which is none of the catalog's (did you mean {ours!r}?)" in said
    assert f"--column {ours}=COLUMN" in said and "cell" not in said


def test_a_column_that_was_named_is_not_asked_about(tmp_path):
    rows = [{"recording": "1", "subject": "a", "other": "b", "role": "x"}]
    source = write_csv(tmp_path / "c.csv", rows)
    (row,) = read(source, columns=["others=other", "roles=role"])
    assert (row.values["others"], row.ignored) == ("b", ())
    source = write_csv(tmp_path / "c.csv", [{**rows[0], "subject": "about", "customer": "a", "roles": ""}])
    (row,) = read(source, columns=["subject=customer", "others=other", "roles=roles"])
    assert (row.values["subject"], row.ignored) == ("a", ("subject", "role"))


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_columns_that_are_none_of_ours_are_told(tmp_path, form):
    write = {"csv": write_csv, "jsonl": write_json, "parquet": write_parquet}[form]
    rows = [{"recording": "1", "call_id": "7", "subject": "a", "duration": "3"}]
    (row,) = read(write(tmp_path / f"c.{form}", rows))
    assert row.ignored == ("call_id", "duration")
    assert row.values == {"recording": "1", "subject": "a"}


# Databases.


def test_a_database_gives_the_rows_of_its_query(tmp_path):
    url = write_sqlite(tmp_path / "c.db", ROWS)
    query = "SELECT recording, subject, device, roles FROM calls WHERE device <> ':x%' ORDER BY recording;"
    rows = read(url, query=query)
    assert values(rows) == ROWS
    assert [row.place for row in rows] == [1, 2]


def test_more_rows_than_are_read_at_once_all_come(tmp_path):
    url = write_sqlite(tmp_path / "c.db", [{"recording": str(n), "subject": "a"} for n in range(2500)])
    assert len(read(url, query="SELECT * FROM calls")) == 2500


@pytest.mark.parametrize(
    "query",
    [
        "SELECT a FROM t", " select a\nfrom t ; ", "WITH x AS (SELECT 1 AS a) SELECT a FROM x",
        "SELECT a FROM t WHERE b = 'insert; --' AND \"update\" = 1", "SELECT inserted, updates, call FROM call",
        "SELECT 'it''s' AS a", "SELECT replace(a, 'x', 'y') FROM t WHERE c = ':1' AND d LIKE '%s'",
    ],
)  # fmt: skip
def test_a_select_passes(query):
    assert checked_query(query) == query.strip().removesuffix(";").rstrip()


@pytest.mark.parametrize(
    "query",
    [
        "", ";", "DELETE FROM t", "SELECT 1; DELETE FROM t", "SELECT 1;;", "SELECT 1 DROP TABLE t", "selects",
        "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x", "SELECT * INTO t FROM u", "SELECT 1 -- x",
        "SELECT /* x */ 1", "/* x */ SELECT 1", "SELECT 'a\\'; DELETE FROM t; SELECT '", "SELECT $$a$$",
        "(SELECT 1)", "SELECT 1 # x", "EXPLAIN SELECT 1", "SELECT a FROM t FOR UPDATE", "PRAGMA user_version",
        "SELECT 1, 'x\0y'", "SELECT '" + "x" * 100_001 + "'", "SELECT 'a", "SELECT `a", 'SELECT "a',
    ],
)  # fmt: skip
def test_anything_but_one_select_is_refused(query):
    with pytest.raises(UsageError, match="--query is"):
        checked_query(query)


def test_what_a_query_does_is_undone_and_may_not_write(tmp_path, monkeypatch):
    url = write_sqlite(tmp_path / "c.db", [{"recording": "1", "subject": "a"}])
    monkeypatch.setattr("redactor.export.database.checked_query", lambda query: query)
    assert "OperationalError" in refused(url, query="DELETE FROM calls RETURNING recording, subject")
    assert len(read(url, query="SELECT * FROM calls")) == 1


def test_a_query_reaches_the_database_as_it_is(tmp_path):
    """Drivers take a percent sign for a parameter where they are handed parameters, be it none."""
    seen = []

    def see(connection, cursor, statement, parameters, context, executemany):
        seen.append((statement, context.no_parameters))

    sqlalchemy.event.listen(sqlalchemy.Engine, "before_cursor_execute", see)
    try:
        query = "SELECT 1 AS recording, '%s :x' AS subject"
        assert values(read(write_sqlite(tmp_path / "c.db", ROWS), query=query)) == [
            {"recording": 1, "subject": "%s :x"}
        ]
    finally:
        sqlalchemy.event.remove(sqlalchemy.Engine, "before_cursor_execute", see)
    assert (query, True) in seen


def test_a_url_needs_a_query():
    with pytest.raises(UsageError, match="needs --query"):
        open_source("postgresql://me@db/calls", query=None, columns=[])


def test_sqlite_does_not_make_the_file_that_is_missing(tmp_path):
    assert "no file" in refused(f"sqlite:///{tmp_path}/none.db", query="SELECT 1")
    assert not (tmp_path / "none.db").exists()
    assert "no file" in refused("sqlite://", query="SELECT 1")


@pytest.mark.parametrize(
    "url",
    [
        "PASSWORD://me:PASSWORD@h/d",
        "postgresql+none://me:PASSWORD@127.0.0.1:1/d",
        "postgresql://me:PASSWORD@h:xPASSWORD/d",
        "oracle+cx_oracle://me:PASSWORD@127.0.0.1:1/d?password=PASSWORD",
        "sqlite:///PLACE/PASSWORD.db",
        "sqlite:///PLACE/PASSWORD.db?timeout=PASSWORD",
        "sqlite:///PLACE/PASSWORD/none.db",
    ],
)
def test_a_password_in_a_url_is_never_said(tmp_path, url, capfd, caplog):
    caplog.set_level(0)
    (tmp_path / f"{PASSWORD}.db").write_bytes(b"no database at all, whatever it is called" * 100)
    url = url.replace("PASSWORD", PASSWORD).replace("PLACE", str(tmp_path))
    said = refused(url, query=f"SELECT '{PASSWORD}' AS recording")
    out, err = capfd.readouterr()
    assert PASSWORD not in said + out + err + caplog.text


def test_a_url_that_is_none_is_told_from_a_database_that_cannot_be_read():
    assert "DIALECT://USER@HOST/DATABASE" in refused("a_b://me:x@h:port/d", query="SELECT 1")


def test_an_error_of_the_database_holds_neither_query_nor_rows(tmp_path):
    url = write_sqlite(tmp_path / "c.db", [{"recording": "1", "subject": "a"}])
    said = refused(url, query=f"SELECT recording, subject FROM calls WHERE {PASSWORD.replace('-', '_')} = 1")
    assert "sqlite" in said and "hunter2" not in said


def test_nothing_heavy_is_loaded_to_check_the_options():
    code = (
        "import sys; from redactor.export.sources import open_source; "
        "open_source('postgresql://x/y', query='SELECT 1', columns=[]); "
        "print([m for m in ('sqlalchemy', 'pyarrow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# Whatever stands in a file.

PLAIN = Mapped({name: name for name in sources.COLUMNS}, frozenset())
cells = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)


@given(st.lists(st.tuples(cells, cells), max_size=8), st.sampled_from([",", ";", "\t"]))
def test_csv_gives_back_every_value(tmp_path_factory, pairs, delimiter):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerows([("subject", "recording"), *pairs])
    path = tmp_path_factory.getbasetemp() / f"given-{threading.get_ident()}.csv"
    path.write_bytes(text.getvalue().encode())
    expected = [{"recording": recording, "subject": subject} for subject, recording in pairs]
    assert values(csv_rows(path, PLAIN)) == expected


@given(st.binary(max_size=200), st.sampled_from([b"", b"recording,subject\n", b'{"recording": 1}\n']))
def test_any_bytes_are_rows_or_refused(tmp_path_factory, data, start):
    path = tmp_path_factory.getbasetemp() / f"bytes-{threading.get_ident()}"
    path.write_bytes(start + data)
    for reader in (csv_rows, json_rows):
        try:
            for row in reader(path, PLAIN):
                assert row.values is None or set(row.values) <= set(sources.COLUMNS)
        except UsageError:
            pass
