"""Nothing that was said, and no name of a file, is written anywhere but where it has to be; nobody is asked.

A run over recordings with planted values, told to say all that it can: every byte that it writes is searched,
while it works and afterwards, in every file, in its output, and in what the system tells of its processes.

The one place for file names is private/inputs.sqlite3, which says which input a NAME stands for; there is none
for spoken words. The person at the terminal is told the name of a file that was not released, without folders.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import soundfile as sf
from kill_helpers import EXAMPLES, ROOT, Command, released_bytes, states
from run_helpers import hear
from secrecy_helpers import (
    FAULTS,
    LOUD,
    RUN_FAULTS,
    SECRET,
    Found,
    Haystack,
    Needle,
    Sentry,
    SpokenNumber,
    addresses,
    duration_of,
    loud_site,
    new_in_shared,
    shared_entries,
    traced,
    written_paths,
)
from stage_stand_ins import write_recording

from redactor.detect.vocabulary import is_safe

CORPUS = ROOT / "tests" / "data" / "corpus"
BENCH = EXAMPLES / "bench"

NUMBER = "number of Ngozi Adichie.wav"
# Where each recording lies below the INPUT folder, what its tags say, and where its sound comes from.
RECORDINGS = {
    "Thandeka Mokoena/+44 7700 900417 Thandeka.wav": ("for Babatunde", CORPUS / "audio/dev-call-0000.wav"),
    "Thandeka Mokoena/b.oyelaran@example.org.wav": (None, CORPUS / "audio/dev-command-0002.wav"),
    "Søren Ångström/Søren.flac": ("Søren's Ångström", CORPUS / "audio/dev-command-0004.flac"),
    "Søren Ångström/near home.flac": (None, CORPUS / "audio/dev-command-0001.flac"),
    "bench/a.flac": (None, BENCH / "audio/command-0000.flac"),
    "bench/b.ogg": ("Babatunde", BENCH / "audio/command-0001.flac"),
    "bench/c.flac": (None, BENCH / "audio/command-0002.flac"),
    "bench/d.mp3": ("Babatunde again", BENCH / "audio/command-0006.flac"),
    NUMBER: (None, EXAMPLES / "phone_number_8k.wav"),
    "an order.flac": (None, EXAMPLES / "coffee_order.flac"),
}
BROKEN = "Thandeka Mokoena/voicemail of Ngozi Adichie.flac"
# Typed by the user, name and all.
TYPED = "Zainab Al-Rashid.wav"

NAMES = (
    ["Thandeka", "Mokoena", "Thandeka Mokoena", "+44 7700 900417", "7700900417", "oyelaran"]
    + ["Søren", "Ångström", "Ngozi", "Adichie", "Zainab", "Al-Rashid", "near home", "an order"]
)
TAGS = ["Babatunde", "Søren's Ångström"]
# Personal where they are said; in any other text they are words like others.
COMMON = {"october", "mill", "place", "street", "view"}
PERSONAL_NAMES = ("PERSON", "CITY", "LOCATION", "STREET_ADDRESS")


def test_a_value_is_found_in_whatever_form():
    needle = Needle("Søren Ångström", "name")
    haystack = Haystack([needle, SpokenNumber("5550142799")])
    escaped = "S\\u00f8ren \\u00c5ngstr\\u00f6m"
    for text in ("SØREN ÅNGSTRÖM", "søren_ångström", "S%C3%B8ren%20%C3%85ngstr%C3%B6m", escaped):
        for code in ("utf-8", "utf-16-le", "utf-16-be"):
            assert haystack.search(b"\0\1" + text.encode(code) + b"\2") == {needle}, (text, code)
    for text in ("5 5 5, 0142 799", "555-014-2799 00", "5550142799"):
        assert haystack.search(text.encode()) == {SpokenNumber("5550142799")}
    assert haystack.search(b"Soren Angstrom 55501 42798") == set()


# One run over everything.


@dataclass(frozen=True)
class Said:
    """What a command printed."""

    words: tuple[str, ...]
    code: int
    stdout: bytes
    stderr: bytes


class Watched:
    """Commands that are watched while they work; their own folders hold nothing that was planted."""

    def __init__(self, place: Path, haystack: Haystack) -> None:
        self.command = Command(place / "home")
        self.out = place / "out"
        self.cwd = place / "cwd"
        self.cwd.mkdir()
        home = place / "home"
        self.sentry = Sentry([home, self.out, self.cwd], haystack)
        self.env = {
            **self.command.env,
            **LOUD,
            "PYTHONPATH": os.pathsep.join([str(loud_site(place / "site")), str(ROOT)]),
            "HOME": str(home),
            **{f"XDG_{what}_HOME": str(home / what.lower()) for what in ("CACHE", "DATA", "STATE")},
        }

    def __call__(self, argv: list[str], *, before=()) -> Said:
        process = subprocess.Popen(
            [*before, *argv], env=self.env, cwd=self.cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        with self.sentry.watching(process.pid):
            stdout, stderr = process.communicate()
        return Said(tuple(argv), process.returncode, stdout, stderr)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("watched")


@pytest.fixture(scope="module")
def recordings(place):
    folder = place / "recordings"
    for name, (title, source) in RECORDINGS.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        samples, rate = sf.read(source, dtype="int16", always_2d=True)
        with sf.SoundFile(path, "w", rate, samples.shape[1]) as file:
            if title:
                file.title = file.artist = file.comment = title
            file.write(samples)
    whole = (EXAMPLES / "coffee_order.flac").read_bytes()
    (folder / BROKEN).write_bytes(whole[: len(whole) // 2])
    (place / "typed").mkdir()
    shutil.copy(CORPUS / "audio/dev-command-0000.wav", place / "typed" / TYPED)
    return folder


@pytest.fixture(scope="module")
def spoken(place, recordings):
    """Personal words as they were said, and as a worker hears them."""
    command = Command(place / "home")
    heard = hear([recordings / name for name in RECORDINGS], policy=command.policy, env=command.env)
    # An everyday word that was taken for a name is in any other text a word like others.
    words = {
        word.text
        for words in heard
        for word in words
        if word.personal and not is_safe(word.text.strip(".,?!").casefold(), 5000)
    }
    used = {source.name for _, source in RECORDINGS.values()}
    for gold in (CORPUS / "gold.jsonl", BENCH / "gold.jsonl"):
        for row in map(json.loads, gold.read_text().splitlines()):
            if Path(row["audio"]).name in used:
                words |= {text for text, _, _, label, *_ in row["words"] if label in PERSONAL_NAMES}
    names = {name for word in words for name in re.findall(r"[A-Z][a-z]{3,}", word)}
    number = "".join(re.sub(r"\D", "", word.text) for word in heard[list(RECORDINGS).index(NUMBER)])
    assert len(names) >= 8 and len(number) >= 7, (names, number)
    return {
        *(Needle(name, "spoken") for name in names if name.lower() not in COMMON),
        SpokenNumber(number[:7]),
    }


@pytest.fixture(scope="module")
def haystack(spoken):
    return Haystack({*spoken, *(Needle(n, "name") for n in NAMES), *(Needle(t, "tag") for t in TAGS)})


@pytest.fixture(scope="module")
def watched(place, recordings, haystack):
    return Watched(place, haystack)


@pytest.fixture(scope="module")
def said(place, recordings, watched, shared):
    """A run over everything and whatever can be asked afterwards; no umask narrows what they make."""
    before = os.umask(0)
    try:
        argv = watched.command.run_argv([recordings, place / "typed" / TYPED], watched.out, "--json", "-v")
        run = watched(argv)
        assert run.code == 1, run.stderr
        done = next(name for name, state in states(watched.out).items() if state == "done")
        failed = next(name for name, state in states(watched.out).items() if state == "failed")
        questions = (
            ("status", watched.out),
            ("status", watched.out, "--json"),
            ("explain", watched.out, done),
            ("explain", watched.out, done, "--json"),
            ("explain", watched.out, failed),
            ("audit", "verify", watched.out),
            ("audit", "head", watched.out),
            ("retry", watched.out, "--json", "-v"),
        )
        return [run, *(watched(watched.command.argv(*words)) for words in questions)]
    finally:
        os.umask(before)


@pytest.fixture(scope="module")
def shared():
    """What lay in folders of other programs before anything was run."""
    return shared_entries()


def is_allowed(found: Found, watched: Watched, shipped: set[str]) -> bool:
    """Whether a value has to be where it was found."""
    if found.where == "command line of the run":
        return found.text in TYPED
    if not found.where.startswith(os.sep):
        return False
    path = Path(found.where)
    parts = path.relative_to(watched.out).parts if path.is_relative_to(watched.out) else ("",)
    if parts[0] == "release":
        return found.kind == "spoken"  # see test_a_spoken_value_is_readable_only_where_it_is_audible
    if parts[0] == "private" and parts[-1].startswith("inputs.sqlite3"):
        return found.kind == "name"
    # What a worker tries its check with is made of the package's own sample.
    return parts[:1] == ("private",) and parts[1].startswith("challenge-") and found.text in shipped


@pytest.fixture(scope="module")
def shipped():
    """Names that are said in the sample that comes with the package."""
    return set(re.findall(r"[A-Z][a-z]{3,}", (BENCH / "gold.jsonl").read_text()))


@pytest.mark.model
def test_no_planted_value_is_in_any_file_or_in_the_list_of_processes(said, watched, shipped):
    sentry = watched.sentry
    assert sentry.num_reads > 50
    assert len(sentry.processes) > len(said) + 2  # each command, and workers
    assert [found for found in sentry.found if not is_allowed(found, watched, shipped)] == []
    # What is looked for would be seen: it is where it has to be.
    by_place = {(Path(found.where).name, found.text) for found in sentry.found}
    assert {("inputs.sqlite3", "Thandeka"), ("command line of the run", "Zainab")} <= by_place


@pytest.mark.model
def test_no_planted_value_is_in_folders_of_other_programs(said, shared):
    # What is spoken may be in files of others who work on the same examples; these names are this test's alone.
    own = Haystack([Needle(text, "name") for text in (*NAMES[:6], *TAGS)])
    assert [data[:200] for data in new_in_shared(shared) if own.search(data)] == []


@pytest.mark.model
def test_no_planted_value_is_printed_but_the_name_of_a_file_that_was_not_released(said, haystack):
    assert all(b"Traceback" not in one.stderr for one in said)
    for one in said:
        assert haystack.search(one.stdout) == set() or one.words[3:4] == ("status",), one.words
        named = repr(Path(BROKEN).name).encode()
        for text in (one.stdout, one.stderr):
            assert haystack.search(text.replace(named, b"")) == set(), one.words
    assert [one for one in said if repr(Path(BROKEN).name).encode() in one.stderr + one.stdout]


@pytest.mark.model
def test_what_is_private_is_for_its_owner_alone_at_every_moment(said, watched):
    private = watched.out / "private"
    settings = Path(watched.env["XDG_CONFIG_HOME"]) / "redactor"
    checked = 0
    for name, modes in watched.sentry.modes.items():
        path = Path(name)
        is_ours = path.is_relative_to(private) or path.is_relative_to(settings)
        # A folder of mode 0700 holds what a worker tries its check with.
        if not is_ours or path.parent.name.startswith("challenge-") or path.suffix == ".pub":
            continue
        for mode in modes:
            assert stat.S_IMODE(mode) == (0o700 if stat.S_ISDIR(mode) else 0o600), (name, oct(mode))
            checked += 1
    assert checked > 10
    assert stat.S_IMODE((settings / "audit.pub").stat().st_mode) in (0o600, 0o644)
    for path in (watched.out / "release").rglob("*"):
        assert path.is_dir() or not path.stat().st_mode & 0o111, path


@pytest.mark.model
def test_nothing_of_names_and_tags_is_released(said, watched, haystack):
    release = watched.out / "release"
    files = [path for path in release.rglob("*") if path.is_file()]
    assert len(files) > 5 * 8
    for path in files:
        found = haystack.search(path.read_bytes() + os.fsencode(path.relative_to(release)))
        assert {needle for needle in found if needle.kind != "spoken"} == set(), path


def muted_times(report, channel):
    return [(row["start"], row["end"]) for row in report["redactions"] if channel in row["channels"]]


@pytest.mark.model
def test_a_spoken_value_is_readable_only_where_it_is_audible(said, watched, haystack):
    """Reports and the manifest hold none; a transcript at most those that nobody muted."""
    release = watched.out / "release"
    assert haystack.search((release / "manifest.jsonl").read_bytes()) == set()
    printed = 0
    for path in release.glob("reports/*/*.json"):
        assert haystack.search(path.read_bytes()) == set(), path
        report = json.loads(path.read_text())
        texts = {p.suffix: p.read_text() for p in release.glob(f"transcripts/*/{path.stem}.*")}
        readable = set()
        for segment in json.loads(texts[".json"])["segments"]:
            muted = muted_times(report, segment["channel"])
            for word in segment["words"]:
                if found := haystack.search(word["text"].encode()):
                    assert not any(s < word["end"] and word["start"] < e for s, e in muted), (path, word)
                    readable |= found
        for kind, text in texts.items():
            assert haystack.search(text.encode()) <= readable, (path, kind)
        printed += len(readable)
    assert printed < len(RECORDINGS)


# Failing on purpose.


@pytest.fixture(scope="module")
def failing(place):
    """Recordings whose lengths tell the stand-ins what is to happen to each."""
    folder = place / "failing"
    folder.mkdir()
    for fault in FAULTS:
        write_recording(folder / f"{fault}.wav", duration=duration_of(fault))
    return folder


def fail(place: Path, inputs: Path, where: str) -> tuple[Said, Watched]:
    """A run with stages that fail, watched."""
    own = place / f"failing-{where}"
    own.mkdir()
    watched = Watched(own, Haystack([Needle(word, "spoken") for word in SECRET.split()]))
    watched.env["REDACTOR_TEST_FAULT"] = where
    watched.env["PYTHONPATH"] = os.pathsep.join([watched.env["PYTHONPATH"], str(Path(__file__).parent)])
    argv = watched.command.run_argv(inputs, watched.out, "--json", "-v")
    argv[argv.index("redactor")] = "secrecy_helpers"
    return watched(argv), watched


@pytest.mark.model
def test_what_a_failing_stage_says_is_nowhere(place, failing):
    done, watched = fail(place, failing, "stages")
    assert done.code == 1, done.stderr
    assert watched.sentry.found == set()
    assert Haystack([Needle(w, "spoken") for w in SECRET.split()]).search(done.stdout + done.stderr) == set()
    assert b"Traceback" not in done.stderr
    # All of them did fail, each where it was to.
    lines = done.stderr.decode().splitlines()
    for fault, (reason, _) in FAULTS.items():
        named = [line for line in lines if repr(f"{fault}.wav") in line]
        assert ([f" {reason}: " in line for line in named] == [True]) if reason else not named, (fault, named)
    expected = sum(not reason for reason, _ in FAULTS.values())
    assert json.loads(done.stdout)["released"] == expected


@pytest.mark.model
@pytest.mark.parametrize("where", RUN_FAULTS)
def test_what_a_failing_run_says_is_nowhere(place, failing, where):
    done, watched = fail(place, failing, where)
    assert done.code == 2, done.stderr
    assert watched.sentry.found == set()
    assert Haystack([Needle(w, "spoken") for w in SECRET.split()]).search(done.stdout + done.stderr) == set()
    assert b"Traceback" not in done.stderr
    assert b"redactor: " in done.stderr


# No network.


def without_network() -> list[str]:
    """In front of a command: a network of its own with nobody in it, where the system allows that."""
    words = ["unshare", "--map-root-user", "--net"]
    with contextlib.suppress(OSError):
        if subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0:
            return words
    return []


def test_the_guard_sees_who_asks_for_the_network(tmp_path):
    marker = tmp_path / "asked"
    program = "import socket\ntry: socket.create_connection(('192.0.2.1', 9), 1)\nexcept OSError as e: print(e)"
    env = {**os.environ, "PYTHONPATH": str(loud_site(tmp_path / "site")), "REDACTOR_TEST_SOCKETS": str(marker)}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True)
    assert "there is no network" in done.stdout
    assert "192.0.2.1" in marker.read_text()


def test_a_command_without_network_reaches_nobody():
    if not without_network():
        pytest.skip("this user may not have a network of its own; the guard does alone")
    with socket.create_server(("127.0.0.1", 0)) as server:
        program = f"import socket; socket.create_connection(('127.0.0.1', {server.getsockname()[1]}), 5)"
        argv = [*without_network(), sys.executable, "-c", program]
        assert subprocess.run(argv, capture_output=True, check=False).returncode != 0


@pytest.mark.model
def test_a_run_without_network_asks_nobody_and_ends_with_the_same_bytes(place, recordings, said, watched):
    marker, out = place / "asked", place / "out-alone"
    argv = watched.command.run_argv([recordings, place / "typed" / TYPED], out)
    env = {
        **watched.env,
        "REDACTOR_TEST_SOCKETS": str(marker),
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
    }
    done = subprocess.run(
        [*without_network(), *argv], env=env, cwd=watched.cwd, capture_output=True, check=False
    )
    assert done.returncode == said[0].code, done.stderr
    assert not marker.exists(), marker.read_text()
    assert released_bytes(out) == released_bytes(watched.out)
    assert states(out) == states(watched.out)


@pytest.fixture
def can_trace():
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    if subprocess.run(["strace", "-f", "--seccomp-bpf", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this user may not trace")


def test_a_trace_tells_what_is_written_and_who_is_asked(can_trace, tmp_path):
    program = (
        "import socket, contextlib\nopen('read.txt', 'w').close(); open('read.txt').close()\n"
        "with contextlib.suppress(OSError): socket.socket(type=socket.SOCK_DGRAM).connect(('192.0.2.1', 9))"
    )
    trace = tmp_path / "trace"
    subprocess.run(traced([sys.executable, "-c", program], trace), cwd=tmp_path, check=True)
    assert written_paths(trace) == {"read.txt"}
    assert len(addresses(trace)) == 1


@pytest.mark.model
@pytest.mark.system
def test_the_system_is_asked_to_write_nowhere_else_and_to_reach_nobody(can_trace, place, recordings, haystack):
    own = place / "traced"
    own.mkdir()
    watched, trace = Watched(own, haystack), place / "trace"
    argv = watched.command.run_argv([recordings], watched.out)
    done = subprocess.run(
        traced(argv, trace), env=watched.env, cwd=watched.cwd, capture_output=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert addresses(trace) == []
    folders = (str(watched.out), str(own / "home"), str(watched.cwd))
    # The bytes of compiled code, and locks between processes, hold nothing of a recording.
    others = re.compile(r"/dev/null|.*/__pycache__(/.*)?|/dev/shm/sem\.[\w.-]+")
    written = written_paths(trace)
    assert any(path.startswith(str(watched.out / "release" / "audio")) for path in written)
    assert {p for p in written if not p.startswith(folders) and not others.fullmatch(p)} == set()
