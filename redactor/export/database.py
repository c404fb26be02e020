"""Rows of a catalog out of a database: one SELECT, read in pieces, nothing ever written.

A URL may hold a password: of it only the dialect is ever said, and of what a driver says only its class.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from redactor.errors import UsageError
from redactor.extras import install_command

if TYPE_CHECKING:
    from redactor.export.sources import Mapped, SourceRow

_ROWS_AT_ONCE = 1000
_MAX_QUERY = 100_000
# What ends a statement, hides one, or is a quote without its other half.
_MARKS = re.compile(r"""[;#\\$'"`\0]|--|/\*""")
_DIALECT = re.compile(r"[A-Za-z0-9_+]{1,60}")
# Literals and quoted names. A backslash or a dollar quote ends them elsewhere in some databases, so that what
# is taken for a literal here might be a statement there.
_QUOTED = re.compile(r"""'[^'\\\0]*'|"[^"\\\0]*"|`[^`\\\0]*`""")
# What writes within a SELECT, or after one: some databases need no semicolon between two statements.
_FORBIDDEN = re.compile(
    r"\b(insert|update|delete|merge|into|drop|alter|create|truncate|grant|revoke|exec|execute)\b", re.IGNORECASE
)


def database_rows(url: str, query: str, mapped: Mapped) -> Callable[[], Iterator[SourceRow]]:
    """Check a query, and give what reads its rows.

    Raises
    ------
    UsageError
        If the query is not one SELECT. When read: for whatever the database says.
    """
    statement = checked_query(query)
    return lambda: _rows(url, statement, mapped)


def checked_query(query: str) -> str:
    """One SELECT, without the semicolon at its end.

    Raises
    ------
    UsageError
        For anything that might be, or hide, something else.
    """
    statement = query.strip().removesuffix(";").rstrip()
    bare = _QUOTED.sub(" ? ", statement)
    starts_right = re.match(r"(select|with)\b", bare, re.IGNORECASE)
    if not starts_right or _MARKS.search(bare) or _FORBIDDEN.search(bare):
        raise UsageError(
            "--query is one SELECT, without comments, backslashes or dollar signs; put anything else into a "
            "view of the database"
        )
    if len(statement) > _MAX_QUERY:
        raise UsageError("--query is too long; put it into a view of the database")
    return statement


def _rows(url: str, statement: str, mapped: Mapped) -> Iterator[SourceRow]:
    from redactor.export.sources import SourceRow

    try:
        from sqlalchemy.exc import SQLAlchemyError
    except ImportError:
        raise UsageError(
            f"databases are read with SQLAlchemy, which is not installed: {install_command('export')}"
        ) from None
    where = "the database"
    try:
        dialect, engine = _engine(url)
        where = f"the database ({dialect})"
        with contextlib.ExitStack() as stack:
            stack.callback(engine.dispose)
            result = _selected(stack.enter_context(engine.connect()), statement)
            theirs = [str(name) for name in result.keys()]  # noqa: SIM118  not a mapping
            at, ignored = mapped.found_in(theirs, where), mapped.ignored_of(theirs, where)
            place = 0
            for part in result.partitions(_ROWS_AT_ONCE):
                for row in part:
                    place += 1
                    yield SourceRow(place, {ours: row[index] for ours, index in at.items()}, ignored)
    except ImportError:
        raise UsageError(f"the driver of {where} is not installed; install it beside redactor") from None
    except SQLAlchemyError as error:
        kind = type(getattr(error, "orig", None) or error).__name__
        raise UsageError(f"{where} cannot be read ({kind}); check the URL and the --query") from None
    except (OSError, ValueError, ArithmeticError, RuntimeError, TypeError) as error:  # of drivers
        kind = type(error).__name__
        raise UsageError(f"{where} cannot be read ({kind}); check the URL and the --query") from None


def _engine(url: str) -> tuple[str, Any]:
    """The dialect, to be said, and the engine."""
    from sqlalchemy import create_engine
    from sqlalchemy.engine import make_url

    try:
        parsed = make_url(url)
    except Exception:  # whatever it is: its text may hold the URL
        raise UsageError("the URL is none that SQLAlchemy reads; write DIALECT://USER@HOST/DATABASE") from None
    dialect = parsed.drivername if _DIALECT.fullmatch(parsed.drivername) else "?"
    is_file = parsed.get_backend_name() == "sqlite"
    if is_file and not (parsed.database and Path(parsed.database).is_file()):  # which would be made, empty
        raise UsageError("the database (sqlite) is no file; check the path in the URL")
    # Values stay out of errors, and nothing is logged.
    return dialect, create_engine(parsed, hide_parameters=True, echo=False)


def _selected(connection: Any, statement: str) -> Any:
    """The rows, in a transaction that may not write where the database knows such, and is never committed."""
    backend = connection.dialect.name
    options = {"stream_results": True, "no_parameters": True, "yield_per": _ROWS_AT_ONCE}
    if backend == "postgresql":
        connection = connection.execution_options(postgresql_readonly=True)
    elif backend == "sqlite":
        connection.exec_driver_sql("PRAGMA query_only = ON")
    elif backend in ("mysql", "mariadb"):
        connection.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
    # As it is, not as SQLAlchemy's text(), which takes a colon for a parameter.
    return connection.exec_driver_sql(statement, execution_options=options)
