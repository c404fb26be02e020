"""INPUT... on the command line -> recordings, each with its URI. Nothing is opened here."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

from redactor.errors import UsageError

_EXTENSION_NAMES = (
    "wav wave rf64 w64 aif aiff aifc au snd caf flac ogg oga opus spx mp3 mp2 m4a m4b mp4 m4v mov 3gp 3g2 aac "
    "amr awb wma asf mka mkv webm gsm vox sph nist voc avi"
)

# What a folder is searched for; a file that is named on the command line is tried whatever it is called.
EXTENSIONS = frozenset(f".{name}" for name in _EXTENSION_NAMES.split())


@dataclass(frozen=True)
class Input:
    """A recording to read.

    Attributes
    ----------
    uri : str
        ``file:`` URI of the absolute path; the recording's identity towards the outside.
    path : pathlib.Path
    relative : pathlib.Path
        Below the INPUT it was found in.
    refusal : str or None
        Why it must not be read; a slug.
    """

    uri: str
    path: Path
    relative: Path
    refusal: str | None = None


@dataclass(frozen=True)
class Found:
    """What the INPUTs hold.

    Attributes
    ----------
    inputs : tuple of Input
        In order, each URI once.
    num_ignored : int
        Files in folders that are not called like audio.
    """

    inputs: tuple[Input, ...]
    num_ignored: int


def find_inputs(arguments: Sequence[str]) -> Found:
    """Every recording that the INPUTs name; folders are searched in depth, in order of name.

    Raises
    ------
    UsageError
        If an INPUT does not exist or has a scheme other than ``file:``.
    """
    inputs: dict[str, Input] = {}
    num_ignored = 0
    for argument in arguments:
        path = input_path(argument)
        if path.is_dir():
            for found, is_audio in _walk(path, path):
                num_ignored += not is_audio
                if is_audio:
                    inputs.setdefault(found.uri, found)
        elif path.exists() or path.is_symlink():
            inputs.setdefault(as_uri(path), Input(as_uri(path), path, Path(path.name)))
        else:
            raise UsageError(f"INPUT {argument!r} does not exist; check the path")
    return Found(tuple(inputs.values()), num_ignored)


def input_path(argument: str) -> Path:
    """Local path of an INPUT: a plain path, or a ``file:`` URI.

    Raises
    ------
    UsageError
        For any other scheme.
    """
    parts = urlsplit(argument)
    if parts.scheme == "file":
        return Path(os.fsdecode(unquote_to_bytes(parts.path)))
    # "c:" style drive letters and names with a colon are paths; "s3://" and the like are not.
    if "://" in argument and not os.path.lexists(argument):
        raise UsageError(f"INPUT {argument!r}: only files and file: URIs can be read")
    return Path(argument)


def as_uri(path: Path) -> str:
    """``file:`` URI of a path, made absolute; links stay as they are, any bytes are percent-encoded."""
    return Path(os.path.normpath(path.absolute())).as_uri()


def _walk(root: Path, folder: Path) -> Iterator[tuple[Input, bool]]:
    try:
        entries = sorted(os.scandir(folder), key=lambda e: os.fsencode(e.name))
    except OSError:
        yield _input(root, folder, refusal="no-permission"), True
        return
    for entry in entries:
        path = folder / entry.name
        if entry.name.startswith("."):
            continue
        if entry.is_symlink():
            yield from _linked(root, path)
        elif entry.is_dir(follow_symlinks=False):
            yield from _walk(root, path)
        else:
            yield _input(root, path), _is_audio(path)


def _linked(root: Path, path: Path) -> Iterator[tuple[Input, bool]]:
    """A link inside the tree is a second name of what is found anyway; one that leads out is refused."""
    try:
        target = path.resolve(strict=True)
        is_dir = stat.S_ISDIR(target.stat().st_mode)
    except (OSError, RuntimeError):
        yield _input(root, path, refusal="broken-link"), _is_audio(path)
        return
    if not target.is_relative_to(root.resolve()):
        yield _input(root, path, refusal="link-out-of-tree"), is_dir or _is_audio(path)
    else:
        yield _input(root, path), False  # the walk meets the file itself


def _is_audio(path: Path) -> bool:
    return path.suffix.lower() in EXTENSIONS


def _input(root: Path, path: Path, *, refusal: str | None = None) -> Input:
    return Input(as_uri(path), path, path.relative_to(root), refusal)
