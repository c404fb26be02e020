"""What must not be written is looked for in everything that is: files, output, the list of processes.

Run as a program (`python -m secrecy_helpers run ...`) it is the command line with stages that fail on purpose,
each with text of a recording in what it raises, logs or warns of.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import os
import re
import stat
import sys
import threading
import unicodedata
import warnings
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

# Looking for what was planted.


@dataclass(frozen=True)
class Needle:
    """A value that was planted, and what it is a part of.

    Attributes
    ----------
    text : str
    kind : str
        "name" of a file or folder, "tag" of a file, or "spoken".
    """

    text: str
    kind: str

    @property
    def forms(self) -> set[bytes]:
        """Its bytes in data of which bytes.lower() was taken: plain, encoded, escaped, quoted."""
        texts = {unicodedata.normalize(form, self.text) for form in ("NFC", "NFD")}
        texts |= {text.replace(" ", joint) for text in texts for joint in ("_", "-", "+", "")}
        texts |= {change(text) for text in texts for change in (str.lower, str.upper, str.title)}
        texts |= {quote(text, safe="") for text in texts} | {json.dumps(text)[1:-1] for text in texts}
        # Without the zeros at its ends UTF-16 is the same in both orders of bytes.
        wide = {text.encode("utf-16-le").strip(b"\0") for text in texts}
        return {form.lower() for form in wide | {text.encode() for text in texts}}


@dataclass(frozen=True)
class SpokenNumber:
    """Digits that were said one by one, whatever is written between them."""

    digits: str
    kind: str = "spoken"

    @property
    def text(self) -> str:
        return self.digits


class Haystack:
    """Looks for many needles at once.

    Parameters
    ----------
    needles : collection of Needle or SpokenNumber
    """

    def __init__(self, needles: Collection[Needle | SpokenNumber]) -> None:
        self._forms = [(form, n) for n in set(needles) if isinstance(n, Needle) for form in n.forms]
        self._numbers = {n for n in needles if isinstance(n, SpokenNumber)}

    def search(self, data: bytes) -> set[Needle | SpokenNumber]:
        """The needles that are in some bytes."""
        data = data.lower()
        found: set[Needle | SpokenNumber] = {needle for form, needle in self._forms if form in data}
        if self._numbers:
            runs = [re.sub(rb"\D", b"", run) for run in re.findall(rb"\d[\d ,.\-]{5,}", data)]
            found |= {n for n in self._numbers for run in runs if n.digits.encode() in run}
        return found


# Watching a run.


@dataclass(frozen=True)
class Found:
    """A planted value where it should not be."""

    where: str
    kind: str
    text: str


@dataclass
class Sentry:
    """Reads every file below some folders as often as it changes, and what the system tells of the processes.

    Attributes
    ----------
    roots : list of pathlib.Path
    haystack : Haystack
    found : set of Found
    modes : dict of str to set of int
        Every mode that a path below a folder called ``private`` or ``config`` was seen with.
    processes : dict of int to list of str
        Command lines of the run and all below it; the environment is searched as well.
    num_reads : int
    """

    roots: list[Path]
    haystack: Haystack
    found: set[Found] = field(default_factory=set)
    modes: dict[str, set[int]] = field(default_factory=dict)
    processes: dict[int, set[str]] = field(default_factory=dict)
    num_reads: int = 0
    _seen: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @contextlib.contextmanager
    def watching(self, pid: int) -> Iterator[None]:
        """Look again and again while the block runs, and once when it is over."""
        over = threading.Event()

        def watch() -> None:
            for number in itertools.count():
                self.look()
                if number % 5 == 0:
                    self.look_at_processes(pid)
                if over.wait(0.05):
                    return

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            self.look()

    def look(self) -> None:
        """Read what is new or changed."""
        for root in self.roots:
            for where, folders, names in os.walk(root):
                for name in (*folders, *names):
                    with contextlib.suppress(OSError):
                        self._look_at(os.path.join(where, name))

    def _look_at(self, path: str) -> None:
        status = os.lstat(path)
        self.modes.setdefault(path, set()).add(status.st_mode)
        key = (status.st_ino, status.st_mtime_ns, status.st_size)
        if self._seen.get(path) == key:
            return
        data = os.fsencode(path)
        if stat.S_ISLNK(status.st_mode):
            data += os.fsencode(os.readlink(path))
        elif stat.S_ISREG(status.st_mode):
            data += Path(path).read_bytes()
            self.num_reads += 1
        self._seen[path] = key
        self._note(path, data)

    def look_at_processes(self, pid: int) -> None:
        for process in family(pid):
            with contextlib.suppress(OSError):
                line = Path(f"/proc/{process}/cmdline").read_bytes()
                self.processes.setdefault(process, set()).add(os.fsdecode(line))
                self._note(f"command line of {'the run' if process == pid else 'a worker'}", line)
                for what in ("environ", "comm"):
                    self._note(f"{what} of a process", Path(f"/proc/{process}/{what}").read_bytes())

    def _note(self, where: str, data: bytes) -> None:
        self.found |= {Found(where, needle.kind, needle.text) for needle in self.haystack.search(data)}


def family(pid: int) -> list[int]:
    """A process and all below it."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        with contextlib.suppress(OSError, ValueError):
            if entry.isdigit():
                parent = Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()[1]
                children.setdefault(int(parent), []).append(int(entry))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


SHARED = [Path(name) for name in ("/tmp", "/var/tmp", "/dev/shm") if Path(name).is_dir()]


def new_in_shared(before: set[Path]) -> Iterator[bytes]:
    """Path and content of what is new in folders that other programs write to as well."""
    for entry in shared_entries() - before:
        for path in (entry, *(entry.rglob("*") if entry.is_dir() and not entry.is_symlink() else ())):
            with contextlib.suppress(OSError):
                if stat.S_ISREG(path.lstat().st_mode):
                    yield os.fsencode(path) + path.read_bytes()


def shared_entries() -> set[Path]:
    return {entry for folder in SHARED for entry in folder.iterdir()}


# What makes, opens or names a file, and what speaks to another machine.
_CALLS = (
    "open,openat,openat2,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,"
    "mknod,mknodat,memfd_create,connect,sendto,sendmsg"
)
_TALKS = ("connect", "sendto", "sendmsg")
_WRITES = re.compile(r"O_WRONLY|O_RDWR|O_CREAT")


def traced(argv: list[str], trace: Path) -> list[str]:
    """The same command, with what it asks the system for on record."""
    options = ["-f", "-qq", "--seccomp-bpf", "-s", "4096", "-e", f"trace={_CALLS}", "-o", str(trace)]
    return ["strace", *options, *argv]


def written_paths(trace: Path) -> set[str]:
    """Paths that a traced command asked to make, to write to or to give to a file."""
    found = set()
    for line in trace.read_text(errors="replace").splitlines():
        call = re.match(r"\d+ +(\w+)\((.*)", line)
        if call is None or call[1] in _TALKS or (call[1].startswith("open") and not _WRITES.search(call[2])):
            continue
        found |= set(re.findall(r'"((?:[^"\\]|\\.)*)"', call[2]))
    return found


def addresses(trace: Path) -> list[str]:
    """Calls of a traced command to anything but a socket of this machine."""
    calls = re.compile(rf"\d+ +({'|'.join(_TALKS)})\(.*sa_family=AF_(?!UNIX|NETLINK)")
    return [line for line in trace.read_text(errors="replace").splitlines() if calls.match(line)]


# A library may be told by its host to say all that it can; sockets are for this machine alone.
_SITE = '''
import logging, os, sys
logging.basicConfig(level=1, format="%(name)s %(message)s")
marker = os.environ.get("REDACTOR_TEST_SOCKETS")
def no_network(event, args):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg") and isinstance(args[1], tuple):
        where = str(args[1][0])
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        where = str(args[0])
    else:
        return
    if where not in ("127.0.0.1", "::1", "localhost"):
        with open(marker, "a") as stream:
            stream.write(f"{event} {where}\\n")
        raise OSError("there is no network")
if marker:
    sys.addaudithook(no_network)
'''

LOUD = {
    "PYTHONFAULTHANDLER": "1",
    "PYTHONWARNINGS": "always",
    "LOGLEVEL": "DEBUG",
    "LOG_LEVEL": "DEBUG",
    "CT2_VERBOSE": "3",
    "TRANSFORMERS_VERBOSITY": "debug",
    "HF_HUB_VERBOSITY": "debug",
    "HF_DEBUG": "1",
    "TOKENIZERS_LOG": "debug",
    "RUST_LOG": "trace",
    "RUST_BACKTRACE": "full",
    "ORT_LOG_LEVEL": "0",
    "NUMBA_WARNINGS": "1",
    "OMP_DISPLAY_ENV": "TRUE",
    "AV_LOG_FORCE_COLOR": "0",
}


def loud_site(folder: Path) -> Path:
    """A folder for PYTHONPATH: every process logs all there is, and sockets may be guarded."""
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(_SITE)
    return folder


# Stages that fail.

SECRET = "Wilhelmina Oyelowo 5550142799"


class _Untidy:
    """Fails when nobody can catch it any more."""

    def __del__(self) -> None:
        raise ValueError(SECRET)


def _raise(kind: type[BaseException] = ValueError) -> None:
    error = kind(SECRET)
    error.__cause__ = KeyError(SECRET)
    if hasattr(error, "add_note"):
        error.add_note(SECRET)
    raise error


def _in_a_thread() -> None:
    thread = threading.Thread(target=_raise, name=SECRET)
    thread.start()
    thread.join()


def _warn() -> None:
    warnings.warn(SECRET, stacklevel=1)
    warnings.warn_explicit(SECRET, DeprecationWarning, SECRET, 1)


def _log() -> None:
    for level in (1, logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
        logging.getLogger("presidio-analyzer").log(level, SECRET)
    try:
        _raise()
    except ValueError:
        logging.getLogger("faster_whisper").exception("%s", SECRET)


# What happens to a recording, and the reason that it then has in the ledger; "" for what is no failure.
FAULTS: dict[str, tuple[str, Callable[[], object]]] = {
    "decode": ("stage-failed", _raise),
    "transcribe": ("stage-failed", _raise),
    "detect": ("stage-failed", _raise),
    "verify": ("stage-failed", _raise),
    "lookup": ("stage-failed", lambda: {}[SECRET]),
    "unicode": ("stage-failed", lambda: SECRET.encode("utf-16").decode("ascii")),
    "system": ("stage-failed", lambda: os.stat(SECRET)),
    "memory": ("out-of-memory", lambda: _raise(MemoryError)),
    "thread": ("", _in_a_thread),
    "untidy": ("", _Untidy),
    "warns": ("", _warn),
    "logs": ("", _log),
}


# Where the run as a whole fails, in the worker or in the parent.
RUN_FAULTS = ("load", "write", "parent", "ledger")


def duration_of(fault: str) -> float:
    """Seconds of the recording that a fault is for: stand-ins know a recording by its length alone."""
    return 1.0 + list(FAULTS).index(fault) / 10


class _Stage:
    """Any stage: fails for the recordings that are its own."""

    def __init__(self, stage: str, result: Callable[..., object]) -> None:
        self._stage = stage
        self._result = result

    def transcribe(self, recording, policy):
        return self._do(recording.duration, recording)

    def detect(self, transcript):
        return self._do(transcript.duration, transcript)

    def check(self, claim, **more):
        return self._do(claim.original.duration, claim)

    def _do(self, duration, given):
        for fault, (_, fail) in FAULTS.items():
            stage = fault if fault in ("decode", "transcribe", "verify") else "detect"
            if stage == self._stage and abs(duration - duration_of(fault)) < 0.01:
                fail()
        return self._result(given)


def _stand_ins(spec, *, device_index):
    from stage_stand_ins import heard, loud

    from redactor.pipeline import Tools
    from redactor.transcribe import Heard
    from redactor.verify.claim import Checked

    def words(recording):
        return Heard(heard(("hello", 0.1, 0.4), duration=recording.duration), loud(recording))

    return Tools(
        recognizer=_Stage("transcribe", words),
        detector=_Stage("detect", lambda transcript: ()),
        verifier=_Stage("verify", lambda claim: Checked(listened=True)),
        policy=spec.policy,
    )


def _install() -> None:
    """In the run and in each of its workers."""
    from redactor import pipeline
    from redactor.commands import progress
    from redactor.engines import worker
    from redactor.ledger import Ledger

    where = os.environ["REDACTOR_TEST_FAULT"]
    worker.challenge = lambda *given: None
    worker.load_tools = _stand_ins if where != "load" else lambda *given, **more: _raise()
    opened = pipeline.open_recording

    @contextlib.contextmanager
    def open_recording(path, **options):
        with opened(path, **options) as recording:
            _Stage("decode", lambda _: None).transcribe(recording, None)
            yield recording

    pipeline.open_recording = open_recording
    if where == "parent":
        progress.Progress.on_row = lambda *given: _raise()
    if where == "write":
        pipeline.report = lambda *given, **more: _raise(OSError)
    if where == "ledger":
        Ledger.finish = lambda *given: _raise(KeyError)


if __name__ in ("__main__", "__mp_main__"):
    _install()
if __name__ == "__main__":
    from redactor.cli import main

    sys.exit(main())
