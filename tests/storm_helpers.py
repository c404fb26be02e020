"""Runs under fire: killed at random, flooded, fed what is hostile, left alone for an hour. On the real tiny.en.

:class:`KillStorm` kills a run again and again and looks at what each kill left; :class:`Watch` reads the memory
and the open files of a run's processes; the makers of archives are deterministic.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile as sf
from kill_helpers import (
    EXAMPLES,
    ROOT,
    Command,
    is_alive,
    kill_and_wait,
    num_in,
    released_bytes,
    states,
    unlisted_files,
    wait_until,
    workers_of,
)

from redactor.inputs import input_path
from redactor.ledger import InputMap

KNOWN_PRIVATE = {
    "audit.head.json",
    "audit.jsonl",
    "lock",
    "run-folder-id.txt",
    *(f"{store}.sqlite3{end}" for store in ("ledger", "inputs") for end in ("", "-wal", "-shm", "-journal")),
}
KNOWN_SETTINGS = {"audit.key", "audit.pub", "names.key", "runs"}
# What a worker tries its check with: made from the package's own sample, removed at the next start.
CHALLENGE = "challenge-"
_AUDIO_MAGIC = (b"RIFF", b"fLaC", b"OggS")
# Sizes, digests and counts are written into these when the last sample is.
_HEADER_BYTES = 128


def storm_command(home: Path, *, listened_again: float = 1.0) -> Command:
    """The command line with one model and one hypothesis, and nothing of the user's own."""
    command = Command(home)
    text = command.policy.read_text()
    for old, new in (
        ('second_opinion = "tiny.en"', 'second_opinion = ""'),
        ("beam_size = 5", "beam_size = 1"),
        ("share = 1.0", f"share = {listened_again}"),
    ):
        assert old in text, f"the standard policy says it differently: {old}"
        text = text.replace(old, new)
    command.policy.write_text(text)
    command.env |= {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache")}
    return command


# Kills.

# A process that gives the kernel something to keep dies there: before it asks, after it was done, or with half
# of it written. A kill by the clock seldom falls between two such steps.
_DYING = '''
import os, signal, sys
at = int(os.environ.get("REDACTOR_TEST_DIE_AT", "0"))
how = os.environ.get("REDACTOR_TEST_DIE_HOW")
if at and "multiprocessing" not in " ".join(sys.orig_argv):
    num_steps = 0
    def die():
        os.kill(os.getpid(), signal.SIGKILL)
    def dying(call, is_write):
        def step(*args, **more):
            global num_steps
            num_steps += 1
            if num_steps == at and how == "before":
                die()
            if num_steps == at and how == "half" and is_write:
                call(args[0], bytes(args[1])[: len(args[1]) // 2], *args[2:], **more)
                die()
            try:
                return call(*args, **more)
            finally:
                if num_steps == at:
                    die()
        return step
    for name in "mkdir fsync rename replace link unlink ftruncate pwrite chmod fchmod".split():
        setattr(os, name, dying(getattr(os, name), name == "pwrite"))
'''
DEATHS = ("before", "after", "half")


def dying_site(folder: Path) -> Path:
    """A folder for PYTHONPATH that lets a run die at a step of its own; its workers are left alone."""
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(_DYING)
    return folder


def dying_at(step: int, how: str, site: Path) -> dict[str, str]:
    """Environment in which a run dies at that step."""
    return {
        "PYTHONPATH": str(site),
        "REDACTOR_TEST_DIE_AT": str(step),
        "REDACTOR_TEST_DIE_HOW": how,
    }


def strewn(command: Command, out: Path) -> list[str]:
    """Whatever lies about that should not, once a run is over; as paths."""
    private = out / "private"
    found = [path for path in private.rglob("*") if path.name not in KNOWN_PRIVATE]
    found += [path for path in out.iterdir() if path.name not in ("private", "release")]
    found += [out / "release" / path for path in unlisted_files(out)]
    settings = Path(command.env["XDG_CONFIG_HOME"]) / "redactor"
    found += [path for path in settings.rglob("*") if path.name not in KNOWN_SETTINGS]
    return sorted(map(str, [*found, *outside(command)]))


def outside(command: Command) -> list[Path]:
    """Files where no run has anything to leave: temporary folder, cache, and beside its settings."""
    settings = Path(command.env["XDG_CONFIG_HOME"])
    found = [path for path in settings.iterdir() if path.name != "redactor"] if settings.is_dir() else []
    cache = Path(command.env.get("XDG_CACHE_HOME", command.temp))
    models = cache / "redactor/models"  # joined and taught once, and kept
    left = [path for path in cache.rglob("*") if path.is_file() and models not in path.parents]
    return [*found, *command.temp.rglob("*"), *left]


SHARED_MEMORY = Path("/dev/shm")
# What Python's multiprocessing and OpenMP call theirs; others on the machine have names of their own.
_OURS = re.compile(r"(sem\.|psm_|mp-|__KMP_REGISTERED_LIB_).*")


def orphaned_in_shared_memory(before: set[str]) -> list[str]:
    """Names in /dev/shm that are new and that no living process holds."""
    new = {entry.name for entry in _entries(SHARED_MEMORY) if _OURS.fullmatch(entry.name)} - before
    for process in _entries(Path("/proc")) if new else ():
        with contextlib.suppress(OSError):
            held = (process / "maps").read_text()
            held += " ".join(os.readlink(link) for link in (process / "fd").iterdir())
            new -= {name for name in new if f"{SHARED_MEMORY}/{name}" in held}
    return sorted(new & {entry.name for entry in _entries(SHARED_MEMORY)})


def shared_memory() -> set[str]:
    return {entry.name for entry in _entries(SHARED_MEMORY)}


def _entries(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


@dataclass(frozen=True)
class Row:
    """What the tests need of a ledger's row."""

    state: str
    files: tuple[tuple[str, str], ...]
    num_rounds: int


def ledger_rows(out: Path) -> dict[str, Row]:
    """Rows by NAME, read from a copy: opening a store that somebody was killed over repairs it."""
    with tempfile.TemporaryDirectory() as place:
        for path in (out / "private").glob("ledger.sqlite3*"):
            if not path.name.endswith("-shm"):
                shutil.copy(path, place)
        copy = Path(place, "ledger.sqlite3")
        if not copy.is_file():
            return {}
        with contextlib.closing(sqlite3.connect(copy)) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'job'").fetchone():
                return {}
            found = db.execute("SELECT name, state, files, account FROM job").fetchall()
    return {
        name: Row(
            state,
            tuple((file["path"], file["sha256"]) for file in json.loads(files)),
            len(json.loads(account).get("check", [])),
        )
        for name, state, files, account in found
    }


class Undisturbed:
    """What a run that nobody touched released."""

    def __init__(self, out: Path) -> None:
        assert unlisted_files(out) == set()
        release = out / "release"
        self.files = {path: (release / path).read_bytes() for path in released_bytes(out)}
        self.digests = {path: hashlib.sha256(data).hexdigest() for path, data in self.files.items()}
        self.manifest = set(self.files["manifest.jsonl"].splitlines())
        self.states = states(out)
        self.num_rounds = {name: row.num_rounds for name, row in ledger_rows(out).items()}
        self._originals = {name: path.read_bytes() for path, name in origins(out).items()}
        reports = {Path(path).stem: data for path, data in self.files.items() if path.startswith("reports/")}
        self._muted_at_first = {
            name
            for name, data in reports.items()
            if any(row["origin"] != "verified" for row in json.loads(data)["redactions"])
        }

    @property
    def num_done(self) -> int:
        return list(self.states.values()).count("done")

    def faults(self, out: Path) -> list[str]:
        """What is wrong with a run folder over which its run was killed just now."""
        found = (self._release_faults(out), self._staging_faults(out), self._ledger_faults(out))
        return [*itertools.chain(*found), *_private_faults(out)]

    def _release_faults(self, out: Path) -> Iterator[str]:
        release = out / "release"
        for path in sorted(p for p in release.rglob("*") if p.is_file()):
            name, data = str(path.relative_to(release)), path.read_bytes()
            if name == "manifest.jsonl":
                if not set(data.splitlines()) <= self.manifest or (data and not data.endswith(b"\n")):
                    yield f"{name}: lines that no run would write"
            elif name.startswith(".manifest.jsonl.") and name.endswith(".tmp"):
                *lines, last = data.split(b"\n")
                if not (set(lines) <= self.manifest and any(line.startswith(last) for line in self.manifest)):
                    yield f"{name}: not the beginning of a manifest"
            elif self.digests.get(name) != hashlib.sha256(data).hexdigest():
                yield f"{name}: other bytes than undisturbed"

    def _staging_faults(self, out: Path) -> Iterator[str]:
        staging = out / ".staging"
        if staging.is_dir() and staging.stat().st_mode & 0o077:
            yield f"{staging.name}: not for its owner alone"
        for path in sorted(p for p in staging.rglob("*") if p.is_file()):
            if not self._is_begun(path.parent.relative_to(staging), path.name, path.read_bytes()):
                yield f"{path.relative_to(out)}: not the beginning of anything that is released"

    def _is_begun(self, folder: Path, temporary: str, data: bytes) -> bool:
        """Whether a temporary file is one of the released files, cut short at most."""
        stem = temporary[1:33]
        original = self._originals.get(stem)
        if original is None:
            return False
        wholes = [whole for path, whole in self.files.items() if Path(path).parent == folder and stem in path]
        # A recording that is muted in several rounds has a file of its own in each, which nobody has seen here.
        is_known = self.num_rounds.get(stem, 0) == 1 and not data.startswith(b"OggS")
        start = _HEADER_BYTES if data.startswith(_AUDIO_MAGIC) else 0
        if is_known:
            return any(whole[start : len(data)] == data[start:] for whole in wholes)
        is_original = data[start:] == original[start:] and len(data) == len(original)
        return not (is_original and stem in self._muted_at_first)

    def _ledger_faults(self, out: Path) -> Iterator[str]:
        for name, row in ledger_rows(out).items():
            if row.state == "done" and not row.files:
                yield f"{name}: released, and without files"
            for path, digest in row.files if row.state == "done" else ():
                file = out / "release" / path
                if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != digest:
                    yield f"{path}: listed, and not there as listed"


def _private_faults(out: Path) -> Iterator[str]:
    private = out / "private"
    for path in private.iterdir() if private.is_dir() else ():
        if path.name.startswith(CHALLENGE):
            continue
        is_draft = path.name.startswith(".") and path.name.endswith(".tmp")
        if path.name not in KNOWN_PRIVATE and not is_draft:
            yield f"{path.name}: nobody knows what it is"
        if path.is_file() and path.read_bytes()[:4] in _AUDIO_MAGIC:
            yield f"{path.name}: audio outside release/"


@dataclass
class Figures:
    """What a storm came to."""

    released: list[int] = field(default_factory=list)
    phases: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    num_temporary: int = 0
    num_folders: int = 0
    num_same: int = 0

    def __str__(self) -> str:
        phases = ", ".join(f"{number} {phase}" for phase, number in sorted(self.phases.items()))
        return (
            f"{len(self.released)} kills ({phases}); recordings released after each: {self.released}\n"
            f"{self.num_folders} run folders finished, {self.num_same} with the bytes of an undisturbed run; "
            f"{self.num_temporary} temporary files left by kills, none by the next start; "
            f"{len(self.faults)} faults: {self.faults[:10]}"
        )


class KillStorm:
    """Kills runs over one archive; a new run folder is begun whenever one is finished.

    Parameters
    ----------
    command : Command
    archive : pathlib.Path
    reference : pathlib.Path
        Run folder of a run that nobody touched.
    place : pathlib.Path
    rng : random.Random
    start_s, work_s : float
        How long a run takes until its workers work, and how long it is let work at most.
    """

    # Of three kills one falls while a run starts.
    _PHASES = ("start", "start step", "work", "work", "work step", "work step")
    _START_STEPS = 40
    _STEPS_EACH = 16  # of the parent, for every recording it settles

    def __init__(
        self,
        command: Command,
        archive: Path,
        reference: Path,
        place: Path,
        *,
        rng: random.Random,
        start_s: float,
        work_s: float,
    ) -> None:
        self._command = command
        self._archive = archive
        self._reference = Undisturbed(reference)
        self._place = place
        self._rng = rng
        self._start_s = start_s
        self._work_s = work_s
        self._site = dying_site(place / "site")
        self._shared = shared_memory()
        self.figures = Figures()
        self._out = self._next_folder()

    def _next_folder(self) -> Path:
        return self._place / f"out-{self.figures.num_folders}"

    def strike(self) -> None:
        """Start a run, kill it, and look at what it left; one in ten loses a worker before."""
        phase = self._rng.choice(self._PHASES)
        step = self._rng.randint(1, self._START_STEPS)
        if phase == "work step":
            step = self._START_STEPS + self._rng.randint(1, 4 * self._STEPS_EACH)
        more = dying_at(step, self._rng.choice(DEATHS), self._site) if phase.endswith("step") else {}
        process = self._start(more)
        if phase.endswith("step"):
            _wait_for_end(process)
        elif phase == "start":
            _wait(process, self._rng.uniform(0.0, self._start_s))
        else:
            wait_until(lambda: num_in(self._out, "running") or process.poll() is not None)
            if self._rng.random() < 0.3:  # of every third run: a tenth of all
                _wait(process, self._rng.uniform(0.0, self._work_s / 4))
                self._kill_worker(process)
            _wait(process, self._rng.uniform(0.0, self._work_s / 4))
        if process.poll() is None:
            kill_and_wait(process)
        if process.returncode == -signal.SIGKILL:
            self._note(phase)
        else:
            self.figures.phases["too late"] += 1
            if process.returncode not in (0, 1):
                self.figures.faults.append(f"{self._out.name}: exit code {process.returncode} ({phase})")
        if self._is_done():
            self.finish()

    def _start(self, more: dict[str, str]) -> subprocess.Popen[bytes]:
        command, env = self._command, self._command.env
        command.env = {**env, **more}
        try:
            return command.start(self._archive, self._out)
        finally:
            command.env = env

    def _kill_worker(self, process: subprocess.Popen[bytes]) -> None:
        workers = workers_of(process.pid) if process.poll() is None else []
        if workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._rng.choice(workers), signal.SIGKILL)
            self.figures.phases["worker"] += 1
            self.figures.released.append(num_in(self._out, "done"))

    def _note(self, phase: str) -> None:
        figures = self.figures
        figures.phases[phase] += 1
        figures.released.append(sum(row.state == "done" for row in ledger_rows(self._out).values()))
        if self._out.is_dir():
            temporary = [*self._out.glob("release/**/.*.tmp"), *self._out.glob(".staging/**/.*.tmp")]
            figures.num_temporary += len(temporary)
            figures.faults += [f"after a kill ({phase}): {f}" for f in self._reference.faults(self._out)]
        figures.faults += [f"after a kill ({phase}): {path}" for path in outside(self._command)]

    def _is_done(self) -> bool:
        found = ledger_rows(self._out)
        return bool(found) and not {row.state for row in found.values()} & {"pending", "running"}

    def finish(self) -> None:
        """Let the run end, and hold what it released to the undisturbed one; the next kill has a new folder."""
        figures, out, command = self.figures, self._out, self._command
        done = command.run(self._archive, out)
        figures.num_folders += 1
        self._out = self._next_folder()
        is_same = (done.returncode, released_bytes(out), states(out)) == (
            0 if set(self._reference.states.values()) == {"done"} else 1,
            self._reference.digests,
            self._reference.states,
        )
        figures.num_same += is_same
        if not is_same:
            figures.faults.append(f"{out.name} ended otherwise (exit code {done.returncode}): {done.stderr}")
        audit = command("audit", "verify", out)
        if audit.returncode:
            figures.faults.append(f"{out.name}: {audit.stdout.strip()}")
        left = [*strewn(command, out), *orphaned_in_shared_memory(self._shared)]
        figures.faults += [f"{out.name}: left behind: {path}" for path in left]
        shutil.rmtree(out)


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)


def _wait_for_end(process: subprocess.Popen[bytes]) -> None:
    """Until a run that kills itself is gone, and its workers with it."""
    workers: set[int] = set()
    while process.poll() is None:
        workers.update(workers_of(process.pid))
        time.sleep(0.02)
    wait_until(lambda: not any(is_alive(pid) for pid in workers))


# Archives.


def _sounds() -> list[tuple[np.ndarray, int]]:
    files = sorted([*EXAMPLES.glob("*.wav"), *EXAMPLES.glob("*.flac"), *EXAMPLES.glob("bench/audio/*.flac")])
    return [sf.read(path, dtype="int16", always_2d=True) for path in files]


def make_tiny(folder: Path, *, num_recordings: int, per_folder: int, seed: int) -> Path:
    """Recordings of half a second to a second, no two alike, cut from the examples; in folders 000, 001, ..."""
    sounds, rng, seen = _sounds(), np.random.default_rng(seed), set()
    while len(seen) < num_recordings:
        samples, rate = sounds[len(seen) % len(sounds)]
        count = int(rate * rng.uniform(0.5, 1.0))
        first = int(rng.integers(0, len(samples) - count))
        piece = samples[first : first + count, : 1 + len(seen) % 2]
        digest = hashlib.sha256(piece.tobytes()).digest()
        if digest not in seen:
            ending = "flac" if len(seen) % 3 == 2 else "wav"
            path = folder / f"{len(seen) // per_folder:03}" / f"{len(seen):05}.{ending}"
            path.parent.mkdir(parents=True, exist_ok=True)
            sf.write(path, piece, rate)
            seen.add(digest)
    return folder


# A run takes the largest files first; these are of one size, so that it does the same from beginning to end.
_STEADY_BYTES = 128_000
_STEADY_SHAPES = ((16_000, 1), (8_000, 2), (8_000, 1))


def make_steady(folder: Path, *, num_recordings: int) -> Path:
    """Six recordings of 4 to 8 s over and over, by hard links."""
    folder.mkdir()
    sounds, originals = _sounds(), []
    for index in range(6):
        rate, num_channels = _STEADY_SHAPES[index % 3]
        samples = next(s for s, r in sounds[index // 3 :] if r == rate and s.shape[1] >= num_channels)
        count = _STEADY_BYTES // (2 * num_channels)
        piece = np.resize(samples[index * 800 :, :num_channels], (count, num_channels))
        originals.append(folder / f"{index}.wav")
        sf.write(originals[-1], piece, rate)
    for number in range(len(originals), num_recordings):
        path = folder / f"{number // 1000:03}" / f"{number:06}.wav"
        path.parent.mkdir(exist_ok=True)
        path.hardlink_to(originals[number % len(originals)])
    return folder


def origins(out: Path) -> dict[Path, str]:
    """NAME of each input."""
    with contextlib.closing(InputMap(out / "private" / "inputs.sqlite3")) as inputs:
        return {input_path(origin.uri): name for name, origin in inputs.items()}


# Memory and open files.


@dataclass(frozen=True)
class Look:
    """A process at one moment."""

    seconds: float
    resident_bytes: int
    num_open: int


class Watch:
    """A thread that looks at a run and its workers until they are gone.

    Attributes
    ----------
    parent : list of Look
    workers : dict of int to list of Look
        By process id.
    strewn_bytes : list of int
        What lay outside OUT at each look, in bytes.
    """

    def __init__(self, process: subprocess.Popen, command: Command, *, every_s: float) -> None:
        self.parent: list[Look] = []
        self.workers: dict[int, list[Look]] = {}
        self.strewn_bytes: list[int] = []
        self._process = process
        self._home = command.temp.parent
        self._every_s = every_s
        self._started = time.monotonic()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def join(self) -> None:
        self._thread.join()

    def _watch(self) -> None:
        pid = self._process.pid
        while self._process.poll() is None:
            self._look(pid, self.parent)
            for worker in workers_of(pid):
                self._look(worker, self.workers.setdefault(worker, []))
            self.strewn_bytes.append(disk_bytes(self._home))
            _wait(self._process, self._every_s)

    def _look(self, pid: int, looks: list[Look]) -> None:
        with contextlib.suppress(OSError, IndexError, ValueError):
            pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            num_open = len(os.listdir(f"/proc/{pid}/fd"))
            seconds = time.monotonic() - self._started
            looks.append(Look(seconds, pages * os.sysconf("SC_PAGE_SIZE"), num_open))


def disk_bytes(folder: Path) -> int:
    """Bytes of all files below a folder that others may be changing."""
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(where, name)).st_size
    return total


def drift(looks: Sequence[Look], of: Callable[[Look], float]) -> float:
    """How much a straight line through the last three quarters of the time rises, as a share of its mean."""
    first = looks[0].seconds + (looks[-1].seconds - looks[0].seconds) / 4
    late = [look for look in looks if look.seconds >= first]
    seconds, values = np.array([(look.seconds, of(look)) for look in late], float).T
    slope, _ = np.polyfit(seconds - seconds[0], values, 1)
    return float(slope * (seconds[-1] - seconds[0]) / values.mean())


def resident(look: Look) -> float:
    return look.resident_bytes


def num_open(look: Look) -> float:
    return look.num_open


def watched(
    command: Command, argv: list[str], *, every_s: float, stop_after_s: float | None = None
) -> tuple[subprocess.CompletedProcess[str], Watch]:
    """Run a command while it is watched; asked to stop in order after some time, if one is given."""
    with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
        process = subprocess.Popen(argv, env=command.env, cwd=ROOT, stdout=stdout, stderr=stderr)
        watch = Watch(process, command, every_s=every_s)
        if stop_after_s is not None:
            _wait(process, stop_after_s)
            process.send_signal(signal.SIGTERM)
        process.wait()
        watch.join()
        texts = []
        for stream in (stdout, stderr):
            stream.seek(0)
            texts.append(stream.read())
    return subprocess.CompletedProcess(argv, process.returncode, *texts), watch
