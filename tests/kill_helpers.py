"""Runs of the real command line that are watched, killed and continued. All of it on the real tiny.en."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import soundfile as sf

from redactor.files import shipped_dir

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
_PATIENCE_S = 240.0


def write_policy(folder: Path) -> Path:
    """The standard policy for English that is trusted, all heard with tiny.en of the wheel."""
    text = (shipped_dir() / "configs" / "standard.toml").read_text()
    for old, new in (('spoken = "auto"', 'spoken = "en"'), ("tiny.en-adapted", "tiny.en")):
        assert old in text, f"the standard policy says it differently: {old}"
        text = text.replace(old, new)
    path = folder / "english.toml"
    path.write_text(text)
    return path


def make_archive(folder: Path, *, num_recordings: int) -> Path:
    """Short recordings in mixed formats, cut from the examples; deterministic."""
    folder.mkdir()
    order, rate = sf.read(EXAMPLES / "coffee_order.flac", dtype="int16")
    number, number_rate = sf.read(EXAMPLES / "phone_number_8k.wav", dtype="int16")
    call, call_rate = sf.read(EXAMPLES / "call_two_channels_8k.wav", dtype="int16")
    for index in range(num_recordings):
        shift = index // 6
        kind = index % 6
        if kind == 0:
            sf.write(folder / f"{index:03}.wav", order[shift * 40 :][: rate * 4], rate)
        elif kind == 1:
            sf.write(folder / f"{index:03}.flac", number[shift * 40 :], number_rate)
        elif kind == 2:
            samples = call[call_rate * 2 + shift * 40 :][: call_rate * 5]
            sf.write(folder / f"{index:03}.wav", samples, call_rate, subtype="ULAW")
        elif kind == 3:
            sf.write(folder / f"{index:03}.ogg", order[shift * 40 :][: rate * 3], rate)
        elif kind == 4:
            scaled = order[shift * 40 :][: rate * 3].astype(np.float32) / 2**15
            sf.write(folder / f"{index:03}.wav", scaled, rate, subtype="FLOAT")
        else:
            samples = call[call_rate * 3 + shift * 40 :][: call_rate * 4]
            sf.write(folder / f"{index:03}.flac", samples, call_rate)
    return folder


class Command:
    """The command line with settings of its own."""

    def __init__(self, home: Path) -> None:
        home.mkdir(exist_ok=True)
        self.policy = write_policy(home)
        self.env = {**os.environ, "XDG_CONFIG_HOME": str(home / "config"), "TMPDIR": str(home / "tmp")}
        (home / "tmp").mkdir(exist_ok=True)
        self.temp = home / "tmp"

    def argv(self, *words: object) -> list[str]:
        return [sys.executable, "-m", "redactor", *map(str, words)]

    def run_argv(self, archive: Path | list[Path], out: Path, *more: object) -> list[str]:
        inputs = archive if isinstance(archive, list) else [archive]
        fixed = ["--out", out, "--policy", self.policy, "--model", "tiny.en", "--jobs", 2]
        return self.argv("run", *inputs, *fixed, *more)

    def __call__(self, *words: object) -> subprocess.CompletedProcess[str]:
        return self._complete(self.argv(*words))

    def run(self, archive: Path | list[Path], out: Path, *more: object) -> subprocess.CompletedProcess[str]:
        return self._complete(self.run_argv(archive, out, *more))

    def start(self, archive: Path | list[Path], out: Path, *more: object) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.run_argv(archive, out, *more),
            env=self.env,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # A test run in the background of a script ignores SIGINT, and its children would as well.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def _complete(self, argv: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(argv, env=self.env, cwd=ROOT, capture_output=True, text=True, check=False)


def released_bytes(out: Path) -> dict[str, str]:
    """SHA-256 of everything below release/."""
    release = out / "release"
    return {
        str(path.relative_to(release)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(release.rglob("*"))
        if path.is_file()
    }


def states(out: Path) -> dict[str, str]:
    """State of each name, read beside whoever else has the ledger open."""
    path = out / "private" / "ledger.sqlite3"
    if not path.is_file():
        return {}
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(path, timeout=5)) as db:
        return dict(db.execute("SELECT name, state FROM job").fetchall())
    return {}


def num_in(out: Path, state: str) -> int:
    return list(states(out).values()).count(state)


def wait_until(condition, process: subprocess.Popen[bytes] | None = None) -> None:
    """Wait for something a run does; fail if it ends, or does not do it for minutes."""
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        assert process is None or process.poll() is None, "the run ended before what was waited for"
        assert time.monotonic() < deadline, "what was waited for did not happen"
        time.sleep(0.01)


def workers_of(pid: int) -> list[int]:
    """Worker processes of a run: children that were spawned by multiprocessing and are not its tracker."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError, IndexError):
            parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            line = (entry / "cmdline").read_bytes()
            if parent == pid and b"spawn_main" in line:
                found.append(int(entry.name))
    return found


def is_alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


def kill_and_wait(process: subprocess.Popen[bytes]) -> None:
    """Kill a run and see its workers go as well."""
    workers = workers_of(process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_until(lambda: not any(is_alive(pid) for pid in workers))


def unlisted_files(out: Path) -> set[str]:
    """Files below release/ that the manifest does not name."""
    manifest = out / "release" / "manifest.jsonl"
    rows = [json.loads(line) for line in manifest.read_text().splitlines()]
    listed = {file["path"] for row in rows for file in row["files"]}
    return set(released_bytes(out)) - listed - {"manifest.jsonl"}
