"""The command line: options in, exit code out."""

from __future__ import annotations

import argparse
import contextlib
import errno
import json
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import redactor
from redactor.cli_export import add_export
from redactor.cli_options import Parser, add_folder, add_json, filled
from redactor.cli_review import add_review
from redactor.commands import streams
from redactor.errors import Interrupted, RedactorError, StoreError, UsageError

EXIT_CODES = {
    0: "everything was released",
    1: "finished; some recordings are quarantined, failed or pending, each with a reason in `status`",
    2: "the run itself could not go on: bad option, model missing or altered, output not writable",
    130: "interrupted; the same command continues",
}
_FULL = {errno.ENOSPC, errno.EDQUOT}


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of the ``redactor`` command."""
    streams.open_closed()
    try:
        arguments = build_parser().parse_args(argv)
    except SystemExit as stop:
        words = sys.argv[1:] if argv is None else argv
        if stop.code == UsageError.exit_code and "--json" in words:
            _print_failure("UsageError", exit_code=UsageError.exit_code)
        raise
    try:
        with _terminable():
            exit_code = arguments.call(arguments)
            streams.flush()
            return exit_code
    except RedactorError as error:
        return _fail(arguments, str(error), kind=type(error).__name__, exit_code=error.exit_code)
    except KeyboardInterrupt:
        return _fail(arguments, "interrupted", kind="Interrupted", exit_code=Interrupted.exit_code)
    except BrokenPipeError:
        streams.drop_output()
        return 2
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _FULL:
            message = f"stdout or a file cannot be written: {error.strerror}; free the disk, and do this again"
            return _fail(arguments, message, kind="StoreError", exit_code=StoreError.exit_code)
        return _fail(arguments, _unexpected(error), kind="InternalError", exit_code=2)


def _unexpected(error: Exception) -> str:
    """Kind and place alone: a message of a library may quote what it worked on."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = f"{Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}" if frame else "?"
    return f"internal error: {type(error).__name__} at {place}; please report this"


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """A service manager's SIGTERM ends every command as Ctrl-C does, from its first import on."""

    def stop(signum: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _fail(arguments: argparse.Namespace, message: str, *, kind: str, exit_code: int) -> int:
    try:
        print(f"redactor: {message}", file=sys.stderr)
        if getattr(arguments, "as_json", False):
            _print_failure(kind, exit_code=exit_code)
        streams.flush()
    except OSError:
        streams.drop_output()  # a full disk, or nobody who reads: the exit code says it
    return exit_code


def _print_failure(kind: str, *, exit_code: int) -> None:
    print(json.dumps({"error": kind, "exit_code": exit_code}))


def build_parser() -> argparse.ArgumentParser:
    """The whole command line; the README's table is checked against it."""
    parser = Parser(
        prog="redactor",
        description="Find spoken personal data in recordings and mute it.",
        epilog="Exit codes: " + "; ".join(f"{code} {text}" for code, text in EXIT_CODES.items()),
    )
    parser.add_argument("--version", action="version", version=f"redactor {redactor.__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_run(commands)
    _add_status(commands)
    _add_retry(commands)
    _add_explain(commands)
    _add_forget(commands)
    _add_audit(commands)
    add_review(commands)
    add_export(commands)
    _add_bench(commands)
    _add_models(commands)
    _add_policy(commands)
    return parser


def _add_run(commands: argparse._SubParsersAction) -> None:
    run = commands.add_parser("run", help="redact recordings into a run folder, or continue a run")
    run.add_argument("inputs", nargs="+", type=filled, metavar="INPUT", help="file, folder, or file: URI")
    run.add_argument("--out", required=True, type=Path, help="run folder; made if it is not there")
    _add_work(run)
    run.add_argument("--private", type=Path, metavar="DIR", help="in place of OUT/private")
    run.add_argument("--key-file", type=Path, metavar="FILE", help="key of the opaque names")
    run.add_argument(
        "--keep-names", action="store_true", help="relative paths in place of opaque names; in-house only"
    )
    add_json(run)
    run.add_argument("-v", "--verbose", action="store_true", help="a line for every recording")
    run.set_defaults(call=_run)


def _run(arguments: argparse.Namespace) -> int:
    from redactor.commands.run import RunOptions, run

    return run(
        RunOptions(
            inputs=arguments.inputs,
            out=arguments.out,
            policy=arguments.policy,
            model=arguments.model,
            device=arguments.device,
            num_workers=arguments.jobs,
            private=arguments.private,
            key_file=arguments.key_file,
            keep_names=arguments.keep_names,
            as_json=arguments.as_json,
            verbose=arguments.verbose,
        )
    )


def _add_status(commands: argparse._SubParsersAction) -> None:
    status = commands.add_parser("status", help="what became of the recordings of a run folder")
    add_folder(status)
    add_json(status)

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.status import status

        return status(arguments.out, private=arguments.private, as_json=arguments.as_json)

    status.set_defaults(call=call)


def _add_retry(commands: argparse._SubParsersAction) -> None:
    retry = commands.add_parser("retry", help="work again on what failed, with the last run's settings")
    add_folder(retry)
    retry.add_argument("--quarantined", action="store_true", help="also what was quarantined")
    add_json(retry)
    retry.add_argument("-v", "--verbose", action="store_true", help="a line for every recording")

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.run import retry

        return retry(
            arguments.out,
            private=arguments.private,
            quarantined=arguments.quarantined,
            as_json=arguments.as_json,
            verbose=arguments.verbose,
        )

    retry.set_defaults(call=call)


def _add_explain(commands: argparse._SubParsersAction) -> None:
    explain = commands.add_parser("explain", help="what was muted in a recording, why, and what the check saw")
    add_folder(explain)
    explain.add_argument(
        "target", type=filled, metavar="NAME|INPUT", help="a NAME, or the recording as given to run"
    )
    add_json(explain)

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.explain import explain

        return explain(
            arguments.out, arguments.target, private=arguments.private, as_json=arguments.as_json
        )

    explain.set_defaults(call=call)


def _add_audit(commands: argparse._SubParsersAction) -> None:
    audit = commands.add_parser("audit", help="the hash-chained record of a run folder")
    actions = audit.add_subparsers(required=True, metavar="ACTION")
    verify = actions.add_parser("verify", help="name the first line of the record that does not fit")
    add_folder(verify)
    verify.add_argument("--head", type=Path, metavar="FILE", help="a signed head that was kept elsewhere")
    _add_audit_key(verify)
    add_json(verify)
    head = actions.add_parser("head", help="print the signed head as JSON, to be kept elsewhere")
    add_folder(head)
    _add_audit_key(head)

    def call_verify(arguments: argparse.Namespace) -> int:
        from redactor.commands.audit import audit_verify

        return audit_verify(
            arguments.out,
            private=arguments.private,
            head=arguments.head,
            public_key=arguments.public_key,
            key_file=_signing_key(arguments),
            as_json=arguments.as_json,
        )

    def call_head(arguments: argparse.Namespace) -> int:
        from redactor.commands.audit import audit_head

        return audit_head(
            arguments.out,
            private=arguments.private,
            public_key=arguments.public_key,
            key_file=_signing_key(arguments),
        )

    verify.set_defaults(call=call_verify)
    head.set_defaults(call=call_head)


def _signing_key(arguments: argparse.Namespace) -> Path | None:
    from redactor.names import default_key_file
    from redactor.record import signing_key_beside

    if arguments.key_file is None and arguments.public_key is not None:
        return None  # one of the two is enough
    return signing_key_beside(arguments.key_file or default_key_file())


def _add_audit_key(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--public-key", type=Path, metavar="FILE", help="of the key that signed (audit.pub beside --key-file)"
    )
    parser.add_argument("--key-file", type=Path, metavar="FILE", help="as given to run; audit.key is beside it")


def _add_forget(commands: argparse._SubParsersAction) -> None:
    forget = commands.add_parser("forget", help="erase every derivative of recordings, everywhere")
    forget.add_argument(
        "targets", nargs="+", type=filled, metavar="INPUT|NAME", help="as given to run, or a NAME"
    )
    forget.add_argument(
        "--out", type=Path, action="append", default=[], help="only in this run folder (all known ones)"
    )
    forget.add_argument("--private", type=Path, metavar="DIR", help="if it was moved; with one --out")
    forget.add_argument("--key-file", type=Path, metavar="FILE", help="key of the opaque names")
    forget.add_argument(
        "--yes", action="store_true", help="do it for more than one recording; without, it is said and no more"
    )
    add_json(forget)

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.forget import forget

        return forget(
            arguments.targets,
            outs=arguments.out,
            private=arguments.private,
            key_file=arguments.key_file,
            yes=arguments.yes,
            as_json=arguments.as_json,
        )

    forget.set_defaults(call=call)


def _add_bench(commands: argparse._SubParsersAction) -> None:
    bench = commands.add_parser("bench", help="measure this machine and a model on a shipped sample")
    bench.add_argument(
        "--leak", type=Path, metavar="FILE", help="measure what leaks of the recordings of a gold file instead"
    )
    _add_work(bench)
    add_json(bench)

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.bench import BenchOptions, bench_command

        return bench_command(
            BenchOptions(
                policy=arguments.policy,
                model=arguments.model,
                device=arguments.device,
                num_workers=arguments.jobs,
                as_json=arguments.as_json,
                leak=arguments.leak,
            )
        )

    bench.set_defaults(call=call)


def _add_models(commands: argparse._SubParsersAction) -> None:
    models = commands.add_parser("models", help="the models that are known and whether they are intact")
    actions = models.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="every model of the registry")
    add_json(listing)
    verify = actions.add_parser("verify", help="hash every file of the models")
    verify.add_argument("names", nargs="*", metavar="NAME", help="these alone (all that are installed)")
    add_json(verify)

    def call_list(arguments: argparse.Namespace) -> int:
        from redactor.commands.models import models_list

        return models_list(as_json=arguments.as_json)

    def call_verify(arguments: argparse.Namespace) -> int:
        from redactor.commands.models import models_verify

        return models_verify(arguments.names, as_json=arguments.as_json)

    listing.set_defaults(call=call_list)
    verify.set_defaults(call=call_verify)


def _add_policy(commands: argparse._SubParsersAction) -> None:
    policy = commands.add_parser("policy", help="what a policy says")
    actions = policy.add_subparsers(required=True, metavar="ACTION")
    show = actions.add_parser("show", help="everything that is in force, defaults included")
    show.add_argument("name", metavar="NAME|FILE")

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.policy import policy_show

        return policy_show(arguments.name)

    show.set_defaults(call=call)


def _add_work(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--policy", default="standard", metavar="NAME|FILE", help="a shipped policy or a TOML file (standard)"
    )
    parser.add_argument(
        "--model", type=filled, metavar="NAME", help="Whisper model or folder (the policy's, else base)"
    )
    parser.add_argument(
        "--device", default="auto", help="auto, cpu, cuda, or some GPUs as in cuda:0,2 (auto)"
    )
    parser.add_argument("--jobs", type=_positive, metavar="N", help="worker processes (one a CPU core)")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
