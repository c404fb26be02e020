"""Programs run as a person runs them: how long they take from start to end, and how much memory they need."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
# A peak (VmHWM) is kept by the kernel and only has to be read before its process ends.
_LOOK_EVERY_S = 0.2
_LAST_LINES = 6


class BenchError(Exception):
    """The figures cannot be made; the message says why."""


@dataclass(frozen=True)
class Look:
    """Resident memory at one moment.

    Attributes
    ----------
    seconds : float
        Since the start of the program.
    resident : mapping of int to int
        Bytes, by process id.
    """

    seconds: float
    resident: Mapping[int, int]


@dataclass(frozen=True)
class Finished:
    """A program that has run to its end.

    Attributes
    ----------
    exit_code : int
    stdout, stderr : str
    wall_seconds : float
        From start to end, loading included.
    cpu_seconds : float
        Of the program and its workers, in user and kernel mode.
    peaks : mapping of int to int
        Most resident bytes of each process, the program's own and its workers'.
    parent : int
        The program's own process id.
    looks : tuple of Look
    """

    exit_code: int
    stdout: str
    stderr: str
    wall_seconds: float
    cpu_seconds: float
    peaks: Mapping[int, int]
    parent: int
    looks: tuple[Look, ...] = ()

    @property
    def peak_bytes(self) -> int:
        """Of the largest process."""
        return max(self.peaks.values(), default=0)

    @property
    def peak_sum_bytes(self) -> int:
        """Of all processes together; a bound, since pages they share count in each."""
        return sum(self.peaks.values())

    @property
    def worker_peak_bytes(self) -> int:
        """Of the largest process that is not the program's own."""
        return max((peak for pid, peak in self.peaks.items() if pid != self.parent), default=0)


def run_program(
    command: Sequence[str], *, env: Mapping[str, str] | None = None, look_every_s: float = 5.0
) -> Finished:
    """Run a program from the checkout and wait for its end.

    Parameters
    ----------
    command : sequence of str
        Paths absolute.
    env : mapping
        Beside this process's own variables.
    look_every_s : float
        Seconds between the looks that are kept.

    Raises
    ------
    BenchError
        If it cannot be started.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begin = time.perf_counter()
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=ROOT,
                env={**os.environ, **(env or {})},
            )
        except OSError as error:
            raise BenchError(f"{command[0]} cannot be started: {error.strerror}") from None
        watch = _Watch(process.pid, begin, look_every_s)
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.terminate()
            process.wait()
            raise
        finally:
            watch.stop()
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read().decode(errors="replace"))
    return Finished(
        exit_code=process.returncode,
        stdout=texts[0],
        stderr=texts[1],
        wall_seconds=wall,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peaks=watch.peaks,
        parent=process.pid,
        looks=tuple(watch.looks),
    )


class _Watch:
    """A thread that reads the memory of a process and of all below it until it is stopped."""

    def __init__(self, pid: int, begin: float, look_every_s: float) -> None:
        self.peaks: dict[int, int] = {}
        self.looks: list[Look] = []
        self._pid = pid
        self._begin = begin
        self._every = look_every_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        next_look = 0.0
        while not self._stopped.wait(_LOOK_EVERY_S):
            resident = {}
            for pid in family(self._pid):
                fields = memory(pid)
                if "VmHWM" in fields:
                    self.peaks[pid] = max(self.peaks.get(pid, 0), fields["VmHWM"])
                    resident[pid] = fields["VmRSS"]
            elapsed = time.perf_counter() - self._begin
            if elapsed >= next_look:
                self.looks.append(Look(elapsed, resident))
                next_look = elapsed + self._every


def family(pid: int) -> list[int]:
    """A process and all below it."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        with contextlib.suppress(OSError, ValueError):
            stat = Path("/proc", entry, "stat").read_text() if entry.isdigit() else ""
            if stat:  # the name may hold anything, brackets too
                children.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def memory(pid: int) -> dict[str, int]:
    """Bytes by field of /proc/PID/status; empty for a process that has ended."""
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        parts = (line.split() for line in lines if line.endswith(" kB"))
        return {name.rstrip(":"): int(number) * 1024 for name, number, _ in parts}
    return {}


def check(finished: Finished, what: str, *, good: Sequence[int] = (0,)) -> Finished:
    """The same, unless it failed.

    Raises
    ------
    BenchError
        With the last lines that the program said.
    """
    if finished.exit_code in good:
        return finished
    said = "\n  ".join((finished.stderr.strip() or finished.stdout.strip()).splitlines()[-_LAST_LINES:])
    raise BenchError(f"{what} failed with exit code {finished.exit_code}:\n  {said}")


def run_redactor(
    source: Path,
    out: Path,
    *,
    policy: str,
    home: Path,
    model: str,
    jobs: int | None = None,
    look_every_s: float = 5.0,
) -> tuple[Finished, dict[str, Any]]:
    """`redactor run` as a process of its own, with a key and a configuration folder of its own.

    Returns
    -------
    finished : Finished
    summary : dict
        What `--json` prints.

    Raises
    ------
    BenchError
        If the run could not go on, or recordings failed; quarantined ones are in the summary.
    """
    home.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "redactor", "run", str(source), "--out", str(out), "--policy", policy]
    command += ["--keep-names", "--model", model, "--key-file", str(home / "names.key"), "--json"]
    command += ["--jobs", str(jobs)] if jobs else []
    finished = run_program(command, env={"XDG_CONFIG_HOME": str(home)}, look_every_s=look_every_s)
    check(finished, "redactor run", good=(0, 1))
    try:
        summary = json.loads(finished.stdout)
    except json.JSONDecodeError:
        raise BenchError("redactor run printed no JSON object") from None
    if summary["failed"]:
        check(finished, f"redactor run: {summary['failed']} recordings", good=())
    return finished, summary


def machine() -> dict[str, Any]:
    """What the figures were made on; a load of over about a half before the start means that others worked."""
    with contextlib.suppress(OSError):
        names = [
            line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")
        ]
        processor = names[0].partition(": ")[2] if names else "unknown"
        cores = len(os.sched_getaffinity(0))
        return {"processor": processor, "cores": cores, "load_before": round(os.getloadavg()[0], 2)}
    return {}
