"""Every accident has a run folder of its own, nobody waits for a disk, and no log tells a secret."""

import os
from contextlib import closing

import pytest

pytest.register_assert_rewrite("accident_helpers")

from accident_helpers import CommandLine, Flow, assert_untold  # noqa: E402

from redactor import ledger  # noqa: E402


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    connect = ledger.connect

    def unsynced(*arguments, **options):
        connection = connect(*arguments, **options)
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    monkeypatch.setattr(ledger, "connect", unsynced)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture(autouse=True)
def _nothing_logged(caplog):
    caplog.set_level("DEBUG")
    yield
    assert_untold(*(record.getMessage() for record in caplog.get_records("call")))


@pytest.fixture
def flow(tmp_path):
    made = Flow(tmp_path)
    with closing(made.ledger):
        yield made


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    return CommandLine(tmp_path, monkeypatch, capsys)
