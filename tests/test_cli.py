"""Options in, exit code out: what may be typed, and what a script gets to see when something goes wrong."""

import argparse
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import redactor
from redactor import cli
from redactor.errors import (
    Interrupted,
    LockedError,
    ModelError,
    PolicyError,
    RecordingError,
    RedactorError,
    StoreError,
    UsageError,
)

SECRET = "Ada Quill"

# The contract of DESIGN.md and README.md: command -> positional arguments, options.
COMMANDS = {
    "run": (
        ["inputs"],
        "--out --policy --model --device --jobs --private --key-file --keep-names --json -v --verbose".split(),
    ),
    "status": (["out"], ["--private", "--json"]),
    "retry": (["out"], ["--private", "--quarantined", "--json", "-v", "--verbose"]),
    "explain": (["out", "target"], ["--private", "--json"]),
    "audit verify": (["out"], ["--private", "--head", "--public-key", "--key-file", "--json"]),
    "audit head": (["out"], ["--private", "--public-key", "--key-file"]),
    "forget": (["targets"], ["--out", "--private", "--key-file", "--yes", "--json"]),
    "review sample": (
        ["out"],
        "--private --confidence --max-leak-rate --allow --slot --whole --strata --column --bound-each --double "
        "--planted --targeted --json".split(),
    ),
    "review invite": (["out"], "--private --label --role --hours --url --json".split()),
    "review revoke": (["out", "reviewer"], ["--private"]),
    "review people": (["out"], ["--private", "--json"]),
    "review serve": (["out"], "--private --host --port --tls-cert --tls-key".split()),
    "review apply": (["out"], ["--private", "--json", "-v", "--verbose"]),
    "review search": (["out", "finding"], ["--private", "--yes", "--json"]),
    "review certificate": (["out"], ["--private", "--lot", "--to", "--json"]),
    "review tasks": (
        ["out"], "--private --reviewer --format --lot --to --audio-prefix --json".split()
    ),
    "review import": (["out", "file"], ["--private", "--reviewer", "--format", "--json"]),
    "catalog import": (
        ["out", "source"], "--private --query --column --replace --subject-key --json".split()
    ),
    "catalog status": (["out"], ["--private", "--json"]),
    "export keygen": (["file"], ["--passphrase-file"]),
    "export enroll": (
        ["out", "public_key"], "--private --root-key --person --role --valid-days --passphrase-file".split()
    ),
    "export revoke": (["out", "fingerprint"], ["--private", "--root-key", "--passphrase-file"]),
    "export request": (
        ["out"],
        "--private --purpose --handler --note --subject-file --policy --transcripts-only --keep-own "
        "--subject-key".split(),
    ),
    "export verify-identity": (["out", "request"], ["--private", "--reference", "--second-factor"]),
    "export recipient": (["out", "request", "recipient"], ["--private", "--proof"]),
    "export plan": (
        ["out", "request"], "--private --recordings --subjects --own --check --subject-key --json".split()
    ),
    "export approve": (
        ["out", "request"],
        "--private --key --manifest --subject-file --expires-hours --to --passphrase-file "
        "--subject-key".split(),
    ),
    "export approve-file": (["out", "request", "approval"], ["--private", "--subject-key"]),
    "export canary": (
        ["out", "request"],
        "--private --key --organisation --contact --authority --passphrase-file --within "
        "--subject-key".split(),
    ),
    "export confirm": (["out", "request"], "--private --fact --facts-file --subject-key".split()),
    "export deny": (["out", "request"], ["--private", "--reason"]),
    "export extend": (["out", "request"], ["--private", "--reason"]),
    "export seal": (
        ["out", "request"],
        "--private --key --organisation --contact --authority --passphrase-file --expires "
        "--subject-key".split(),
    ),
    "export release": (["out", "request"], ["--private", "--identity-file", "--subject-key"]),
    "export recall": (["out", "request"], ["--private"]),
    "export expire": (["out", "request"], ["--private"]),
    "export list": (["out"], ["--private", "--json"]),
    "export show": (["out", "request"], ["--private", "--json"]),
    "export open": (["file"], "--identity --inner --to --root-key --json".split()),
    "export verify": (["target"], "--root-key --identity --inner --json".split()),
    "purge": (["out"], "--private --older-than --cleared-up --yes --json".split()),
    "bench": ([], "--leak --policy --model --device --jobs --json".split()),
    "models list": ([], ["--json"]),
    "models verify": (["names"], ["--json"]),
    "policy show": (["name"], []),
}


def leaves(parser, words=()):
    """Every command with the parser that takes its options."""
    nested = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if not nested:
        yield " ".join(words), parser
    for action in nested:
        for word, child in action.choices.items():
            yield from leaves(child, (*words, word))


def test_the_commands_and_options_are_those_of_the_contract():
    found = {}
    for name, parser in leaves(cli.build_parser()):
        own = [a for a in parser._actions if a.dest != "help"]
        positional = [a.dest for a in own if not a.option_strings]
        found[name] = (positional, sorted(o for a in own for o in a.option_strings))
    assert found == {name: (positional, sorted(options)) for name, (positional, options) in COMMANDS.items()}


def test_the_version_is_the_packages(capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"redactor {redactor.__version__}\n"


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["models", "verify", "-h"]])
def test_help_is_no_error(words, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(words)
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("usage: redactor")


def test_help_tells_the_exit_codes(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert all(f"{code} {text}" in told for code, text in cli.EXIT_CODES.items())


BAD = [
    [],
    ["walk"],
    ["run"],
    ["run", "a.wav"],
    ["run", "--out", "x"],
    ["run", "a.wav", "--out"],
    ["run", "a.wav", "--out", "x", "--jobs", "0"],
    ["run", "a.wav", "--out", "x", "--jobs", "-2"],
    ["run", "a.wav", "--out", "x", "--jobs", "many"],
    ["run", "a.wav", "--out", "x", "--quarantined"],
    ["run", "a.wav", "--out", "x", "--no-such-option"],
    ["status"],
    ["status", "x", "y"],
    ["retry"],
    ["retry", "x", "--policy", "strict"],
    ["forget"],
    ["bench", "calls"],
    ["bench", "--jobs", "0"],
    ["bench", "--out", "x"],
    ["models"],
    ["models", "delete"],
    ["policy", "show"],
]


@pytest.mark.parametrize("words", BAD, ids=" ".join)
def test_a_bad_command_line_is_2_and_told_on_stderr(words, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(words)
    told = capsys.readouterr()
    assert caught.value.code == 2
    assert told.out == ""
    assert "usage: redactor" in told.err


@pytest.mark.parametrize("words", BAD, ids=" ".join)
def test_a_bad_command_line_is_one_json_object_where_json_was_asked_for(words, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main([*words, "--json"])
    assert caught.value.code == 2
    assert json.loads(capsys.readouterr().out) == {"error": "UsageError", "exit_code": 2}


EMPTY = [
    ["run", "?", "--out", "x"],
    ["run", "a.wav", "?", "--out", "x"],
    ["run", "a.wav", "--out", "?"],
    ["run", "a.wav", "--out", "x", "--private", "?"],
    ["run", "a.wav", "--out", "x", "--key-file", "?"],
    ["run", "a.wav", "--out", "x", "--model", "?"],
    ["status", "?"],
    ["retry", "x", "--private", "?"],
    ["explain", "x", "?"],
    ["forget", "?"],
    ["forget", "a.wav", "?"],
    ["forget", "a.wav", "--out", "?"],
    ["audit", "verify", "x", "--head", "?"],
    ["review", "tasks", "x", "--reviewer", "r", "--to", "?"],
    ["export", "show", "x", "?"],
    ["export", "expire", "x", "?"],
    ["purge", "?", "--older-than", "1"],
]


@pytest.mark.parametrize("nothing", ["", "  "])
@pytest.mark.parametrize("words", EMPTY, ids=" ".join)
def test_an_empty_argument_is_not_the_current_folder(words, nothing, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as caught:
        cli.main([nothing if word == "?" else word for word in words])
    assert caught.value.code == 2
    assert "must not be empty" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_every_path_that_may_be_typed_is_refused_if_it_is_empty():
    paths = [(p, a) for _, p in leaves(cli.build_parser()) for a in p._actions if a.type is Path]
    assert len(paths) > 80
    for parser, action in paths:
        with pytest.raises(argparse.ArgumentError, match="must not be empty"):
            parser._get_value(action, "")


@pytest.mark.parametrize(
    ("words", "kind", "message"),
    [
        (["status", "{tmp}/none"], "UsageError", "is not a run folder"),
        (["retry", "{tmp}/none"], "UsageError", "is not a run folder"),
        (["forget", "a.wav", "--out", "{tmp}/none"], "UsageError", "is not a run folder"),
        (["run", "{tmp}/none.wav", "--out", "{tmp}/out"], "UsageError", "none.wav"),
        (["run", "{tmp}", "--out", "{tmp}-out"], "UsageError", "no recordings in"),
        (["run", "{tmp}", "--out", "{tmp}-out", "--policy", "strickt"], "PolicyError", "did you mean 'strict'"),
        (["models", "verify", "bass"], "ModelError", "did you mean 'base'"),
        (["bench", "--policy", "strickt"], "PolicyError", "did you mean 'strict'"),
        (["bench", "--model", "bass"], "ModelError", "did you mean 'base'"),
        (["bench", "--model", "en_core_web_sm"], "ModelError", "not 'transcribe'"),
        (["bench", "--device", "gpu"], "UsageError", "--device 'gpu' is not one of"),
    ],
    ids=str,
)
def test_what_cannot_be_done_is_2_told_with_the_next_step_and_one_json_object(
    words, kind, message, capsys, tmp_path
):
    words = [word.format(tmp=tmp_path) for word in words]
    assert cli.main([*words, "--json"]) == 2
    told = capsys.readouterr()
    assert json.loads(told.out) == {"error": kind, "exit_code": 2}
    assert told.err.startswith("redactor: ")
    assert message in told.err
    assert "Traceback" not in told.err
    assert cli.main(words) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("number", "told"), [(1, "1 other file"), (2, "2 other files")])
def test_a_folder_without_recordings_is_said_with_what_is_in_it(capsys, tmp_path, number, told):
    for name in range(number):
        (tmp_path / f"{name}.txt").touch()
    assert cli.main(["run", str(tmp_path), "--out", f"{tmp_path}-out"]) == 2
    assert f"({told}); files without" in capsys.readouterr().err


@pytest.mark.parametrize("verbose", [True, False])
@pytest.mark.parametrize(("number", "told"), [(0, []), (1, ["1 file "]), (2, ["2 files "])])
def test_files_that_are_ignored_are_counted_and_named_if_asked_for(capsys, tmp_path, number, told, verbose):
    from redactor.commands.run import _say_ignored
    from redactor.inputs import find_inputs

    names = ["a\nb.txt", "c.txt"][:number]
    for name in names:
        (tmp_path / name).touch()
    _say_ignored(find_inputs([str(tmp_path)]), verbose=verbose)
    verb = "is" if number == 1 else "are"
    expected = [f"{count}without an audio extension {verb} ignored" for count in told]
    named = [f"ignored {name!r}" for name in names] if verbose else []
    assert capsys.readouterr().err.splitlines() == expected + named


def test_forgetting_what_nobody_knows_is_2_and_one_json_object(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert cli.main(["forget", str(tmp_path / "a.wav"), "--json"]) == 2
    told = capsys.readouterr()
    counts = {"run_folders": 0, "unknown": 1, "not_searched": 0, "not_finished": 0}
    assert json.loads(told.out) == {"forgotten": [], "to_forget": [], **counts}
    assert "not known in any of 0 run folders" in told.err


@pytest.fixture
def call(monkeypatch):
    """The command line around a `models list` that does what a test wants."""

    def run(action, *options):
        monkeypatch.setattr("redactor.commands.models.models_list", lambda as_json: action())
        return cli.main(["models", "list", *options])

    return run


def raising(error):
    def action():
        raise error

    return action


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (RedactorError("told"), 2),
        (UsageError("told"), 2),
        (PolicyError("told"), 2),
        (ModelError("told"), 2),
        (StoreError("told"), 2),
        (LockedError("told"), 2),
        (RecordingError("told"), 1),
        (Interrupted("told"), 130),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_error_says_which_exit_code(call, capsys, error, exit_code):
    assert call(raising(error), "--json") == exit_code
    told = capsys.readouterr()
    assert told.err == "redactor: told\n"
    assert json.loads(told.out) == {"error": type(error).__name__, "exit_code": exit_code}


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError(SECRET),
        KeyError(SECRET),
        ExceptionGroup(SECRET, [ValueError(SECRET)]),
        OSError(13, "Permission denied", SECRET),
        MemoryError(SECRET),
        RecursionError(SECRET),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_unexpected_error_is_2_and_told_by_kind_and_place_alone(call, capsys, error):
    assert call(raising(error), "--json") == 2
    told = capsys.readouterr()
    assert json.loads(told.out) == {"error": "InternalError", "exit_code": 2}
    assert type(error).__name__ in told.err
    assert "test_cli.py:" in told.err
    assert SECRET not in told.err + told.out
    assert "Traceback" not in told.err


def test_a_reader_that_went_away_is_2_without_a_word(call, capsys):
    assert call(raising(BrokenPipeError())) == 2
    assert capsys.readouterr() == ("", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("buffering", ["", "1"], ids=["at the end", "at once"])
@pytest.mark.parametrize("words", [["policy", "show", "strict"], ["models", "list", "--json"]], ids=" ".join)
def test_a_full_disk_below_stdout_is_2_and_told(words, buffering):
    with open("/dev/full", "wb") as full:
        told = _redactor(words, stdout=full, buffering=buffering)
    assert told.returncode == 2
    assert told.stderr.count(b"\n") == 1
    assert b"cannot be written: No space left on device; free the disk" in told.stderr


def test_a_pipe_that_nobody_reads_is_2_without_a_word():
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "wb") as pipe:
        told = _redactor(["policy", "show", "strict"], stdout=pipe, buffering="")
    assert (told.returncode, told.stderr) == (2, b"")


CLOSED = """
import os, subprocess, sys
numbers = [int(number) for number in sys.argv[1].split()]
done = subprocess.run([sys.executable, "-c", sys.argv[2]], preexec_fn=lambda: [os.close(n) for n in numbers])
sys.exit(done.returncode)
"""
OPENS = """
import os, sys
from redactor.cli import main
main(["policy", "show", "strict"])
assert os.open(os.devnull, os.O_RDONLY) > 2
for stream in (sys.stdin, sys.stdout, sys.stderr):
    assert not stream.isatty() and os.get_inheritable(stream.fileno())
"""


@pytest.mark.parametrize("numbers", ["2", "1", "0 2", "0 1 2"])
def test_no_file_gets_the_number_of_a_standard_stream_that_was_closed(numbers):
    words = [sys.executable, "-c", CLOSED, numbers, OPENS]
    done = subprocess.run(words, capture_output=True, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stderr) == (0, b"")


def _redactor(words, *, stdout, buffering):
    return subprocess.run(
        [sys.executable, "-m", "redactor", *words],
        env={**os.environ, "PYTHONUNBUFFERED": buffering},
        stdout=stdout,
        stderr=subprocess.PIPE,
    )


def test_ctrl_c_is_130(call, capsys):
    assert call(raising(KeyboardInterrupt()), "--json") == 130
    assert json.loads(capsys.readouterr().out) == {"error": "Interrupted", "exit_code": 130}


def test_sigterm_is_130_and_whoever_handled_it_before_does_so_again(call):
    reached = []

    def own(signum, frame):
        reached.append(signum)

    before = signal.signal(signal.SIGTERM, own)
    try:
        assert call(lambda: signal.raise_signal(signal.SIGTERM)) == 130
        assert reached == []
        assert signal.getsignal(signal.SIGTERM) is own
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("exit_code", [0, 1, 2])
def test_the_exit_code_of_a_command_is_handed_on(call, exit_code):
    assert call(lambda: exit_code) == exit_code


@pytest.fixture
def options(monkeypatch):
    """What `redactor run` is called with."""
    taken = []
    monkeypatch.setattr("redactor.commands.run.run", lambda given: taken.append(given) or 0)

    def parse(*words):
        assert cli.main(["run", *words]) == 0
        return taken.pop()

    return parse


def test_run_has_the_documented_defaults(options):
    given = options("a.wav", "b.wav", "--out", "o")
    assert (given.inputs, given.out) == (["a.wav", "b.wav"], Path("o"))
    assert (given.policy, given.model, given.device, given.num_workers) == ("standard", None, "auto", None)
    assert (given.private, given.key_file) == (None, None)
    assert (given.keep_names, given.as_json, given.verbose) == (False, False, False)


def test_run_hands_every_option_on(options):
    given = options(
        *"--out o --policy strict --model tiny.en --device cuda:0,2 --jobs 3 --private p --key-file k".split(),
        *"--keep-names --json -v a.wav".split(),
    )
    assert (given.policy, given.model, given.device, given.num_workers) == ("strict", "tiny.en", "cuda:0,2", 3)
    assert (given.private, given.key_file) == (Path("p"), Path("k"))
    assert (given.keep_names, given.as_json, given.verbose) == (True, True, True)
