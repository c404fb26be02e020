"""What a person sees while a run works: lines now and then, and nothing in them that nobody measured."""

import pytest

from redactor.commands import progress
from redactor.ledger import Row, State

FAILED = Row("a" * 32, State.FAILED, reason="empty-file", detail="it is empty")
DONE = Row("b" * 32, State.DONE, duration=60.0, muted=1.0)


@pytest.fixture
def lines(monkeypatch, capsys):
    """Counting lines about some rows of four, one every ten seconds."""

    def told(*rows):
        now = iter(range(0, 1000, 10))
        monkeypatch.setattr(progress.time, "monotonic", lambda: float(next(now)))
        shown = progress.Progress(4, {}, verbose=False)
        for row in rows:
            shown.on_row(row)
        shown.close()
        return [line for line in capsys.readouterr().err.splitlines() if "/4 recordings" in line]

    return told


def test_before_anything_was_heard_there_is_neither_speed_nor_time_left(lines):
    assert lines(FAILED, FAILED) == ["1/4 recordings", "2/4 recordings"]


def test_from_the_first_recording_on_both_are_told(lines):
    (first, second) = lines(FAILED, DONE)
    assert first == "1/4 recordings"
    assert second.startswith("2/4 recordings, RTFx ") and second.endswith(" min left")
