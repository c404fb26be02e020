"""What a person sees while a run works: a bar on a terminal, plain lines otherwise; all of it on stderr."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from tqdm import tqdm

from redactor.ledger import Row, State

# Plain output is for logs: a line now and then, not one a recording.
_LINE_EVERY_S = 10.0
# Places named in one line; `redactor explain` has them all.
_MOST_PLACES = 3


class Progress:
    """Counts rows as they are settled.

    Parameters
    ----------
    total : int
        Recordings to work on.
    paths : dict of str to pathlib.Path
        NAME -> input, to name what was not released.
    verbose : bool
        Also name what was released, by its NAME.
    """

    def __init__(self, total: int, paths: dict[str, Path], *, verbose: bool) -> None:
        self._total = total
        self._paths = paths
        self._verbose = verbose
        self._started = time.monotonic()
        self._last_line = self._started
        self._done = 0
        self.audio_seconds = 0.0
        on_terminal = sys.stderr.isatty()
        self._bar = tqdm(total=total, unit="rec", disable=not on_terminal, file=sys.stderr)
        self._plain = not on_terminal

    @property
    def wall_seconds(self) -> float:
        return time.monotonic() - self._started

    @property
    def rtfx(self) -> float:
        """Audio seconds settled per second of wall time, loading included."""
        return self.audio_seconds / max(self.wall_seconds, 1e-9)

    def on_row(self, row: Row) -> None:
        """Take note of a settled recording."""
        self._done += 1
        self.audio_seconds += row.duration or 0.0
        if row.state is not State.DONE:
            self._say(describe(row, self._paths.get(row.name)))
        elif self._verbose:
            self._say(f"released {row.name}: {row.duration:.1f} s, {row.muted:.1f} s muted")
        speed = f"RTFx {self.rtfx:.1f}" if self.audio_seconds else ""
        self._bar.set_postfix_str(speed, refresh=False)
        self._bar.update()
        if self._plain and time.monotonic() - self._last_line >= _LINE_EVERY_S:
            self._last_line = time.monotonic()
            # What failed at once says nothing of the time that the others take.
            measured = f", {speed}, {self._left()}" if speed else ""
            self._say(f"{self._done}/{self._total} recordings{measured}")

    def close(self) -> None:
        self._bar.close()

    def _left(self) -> str:
        seconds = self.wall_seconds / self._done * (self._total - self._done)
        return f"about {seconds / 60:.0f} min left"

    def _say(self, line: str) -> None:
        self._bar.write(line, file=sys.stderr) if not self._plain else print(line, file=sys.stderr)


def describe(row: Row, path: Path | None) -> str:
    """A line for a person: which recording, what became of it, why, and what to do."""
    # repr() keeps newlines and bytes that are not UTF-8 out of the terminal.
    which = repr(path.name) if path else row.name
    where = f" at {row.stage}" if row.stage else ""
    places = objections(row)
    times = "; ".join(f"{p['what']} at {p['start']:.2f} to {p['end']:.2f} s" for p in places[:_MOST_PLACES])
    more = f" and {len(places) - _MOST_PLACES} more" if len(places) > _MOST_PLACES else ""
    told = f" [{times}{more}]" if places else ""
    return f"{row.state.value} {which} ({row.name}){where}: {row.reason}: {row.detail}{told}"


def half_forgotten(number: int, out: Path) -> str:
    """A line about recordings of which `forget` has left something: how many, never which."""
    return (
        f"{counted(number, 'recording')} forgotten, but forget is not finished: the same words again, redactor "
        f"forget INPUT|NAME --out {out}, end it once nobody else reads there (a backup, say)"
    )


def counted(number: int, noun: str) -> str:
    """A number of things: ``1 file``, ``2 files``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def objections(row: Row) -> list[dict[str, Any]]:
    """What the last round of the check objected to, with times: ``what``, ``start``, ``end``."""
    rounds = (row.account or {}).get("check") or [{"faults": [], "found": []}]
    faults = [{"what": f["kind"], "start": f["start"], "end": f["end"]} for f in rounds[-1]["faults"]]
    found = [
        {"what": f["type"] or "unknown", "start": f["start"], "end": f["end"]} for f in rounds[-1]["found"]
    ]
    return [place for place in faults + found if place["start"] is not None]
