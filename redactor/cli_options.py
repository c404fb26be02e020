"""Options that many commands take, said once."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


class Parser(argparse.ArgumentParser):
    """A parser that takes no empty path: as a path it would be the current folder.

    Its subcommands are parsers of the same class.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.register("type", Path, _path)


def filled(text: str) -> str:
    """An argument that says something.

    Raises
    ------
    argparse.ArgumentTypeError
        If it is empty, or blank.
    """
    if not text.strip():
        raise argparse.ArgumentTypeError("must not be empty")
    return text


def _path(text: str) -> Path:
    return Path(filled(text))


def add_folder(parser: argparse.ArgumentParser) -> None:
    """The run folder."""
    parser.add_argument("out", type=Path, metavar="OUT", help="the --out of a run")
    parser.add_argument("--private", type=Path, metavar="DIR", help="if it was moved since the run")


def add_request_id(parser: argparse.ArgumentParser) -> None:
    """The request."""
    parser.add_argument(
        "request", type=filled, metavar="ID", help="as `export list` shows it, or its beginning"
    )


def add_passphrase(parser: argparse.ArgumentParser) -> None:
    """Where a passphrase comes from."""
    parser.add_argument(
        "--passphrase-file", type=Path, metavar="FILE", help="in place of asking; mode 0600"
    )


def add_subject_key(parser: argparse.ArgumentParser) -> None:
    """The key of subjects."""
    parser.add_argument(
        "--subject-key", type=Path, metavar="FILE", help="key of subjects (the user's configuration folder)"
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Output for programs."""
    parser.add_argument("--json", dest="as_json", action="store_true", help="one JSON object on stdout")
