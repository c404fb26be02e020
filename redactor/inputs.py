"""INPUT... on the command line -> recordings, each with its URI. Nothing is opened here."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
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
    within : str
        URI of the INPUT it was found in; its own if it was named itself.
    """

    uri: str
    path: Path
    relative: Path
    refusal: str | None = None
    within: str = ""

    @property
    def root(self) -> Path | None:
        """Folder out of which no link may lead; None if it was named itself."""
        if self.within == self.uri:
            return None
        parts = self.path.parts
        return input_path(self.within) if self.within else Path(*parts[: len(parts) - len(self.relative.parts)])


@dataclass(frozen=True)
class Found:
    """What the INPUTs hold.

    Attributes
    ----------
    inputs : tuple of Input
        In order, each URI once.
    ignored : tuple of pathlib.Path
        Files in folders that are not called like audio.
    """

    inputs: tuple[Input, ...]
    ignored: tuple[Path, ...]


def find_inputs(arguments: Sequence[str]) -> Found:
    """Every recording that the INPUTs name; folders are searched in depth, in order of name.

    Raises
    ------
    UsageError
        If an INPUT does not exist, cannot be reached, or has a scheme other than ``file:``.
    """
    inputs: dict[str, Input] = {}
    ignored = []
    for argument in arguments:
        path = input_path(argument)
        if _is_folder(argument, path):
            for found, is_audio in _walk(path):
                if is_audio:
                    inputs.setdefault(found.uri, found)
                else:
                    ignored.append(found.path)
        elif path.exists() or path.is_symlink():
            uri = as_uri(path)
            inputs.setdefault(uri, Input(uri, path, Path(path.name), within=uri))
        else:
            raise UsageError(f"INPUT {argument!r} does not exist; check the path")
    return Found(tuple(inputs.values()), tuple(ignored))


def _is_folder(argument: str, path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError as error:
        raise UsageError(
            f"INPUT {argument!r} cannot be reached ({error.strerror}); check the path and its permissions"
        ) from None


def input_path(argument: str) -> Path:
    """Local path of an INPUT: a plain path, or a ``file:`` URI.

    Raises
    ------
    UsageError
        For an empty one, which as a path would be the current folder; for any other scheme, and for a URI that
        names no file of this machine.
    """
    if not argument.strip():
        raise UsageError("INPUT is empty; give a file, a folder or a file: URI (the current folder is '.')")
    if argument[:5].lower() == "file:":
        return _uri_path(argument)
    # "c:" style drive letters and names with a colon are paths; "s3://" and the like are not.
    if "://" in argument and not os.path.lexists(argument):
        raise UsageError(f"INPUT {argument!r}: only files and file: URIs can be read")
    return Path(argument)


def _uri_path(uri: str) -> Path:
    try:
        parts = urlsplit(uri)
    except ValueError:
        raise UsageError(f"INPUT {uri!r} is not a URI; give the path instead") from None
    if parts.netloc not in ("", "localhost"):
        raise UsageError(f"INPUT {uri!r}: only files of this machine can be read; mount the share first")
    path = unquote_to_bytes(os.fsencode(parts.path))
    if parts.query or parts.fragment or b"\0" in path:
        raise UsageError(f"INPUT {uri!r} names no file; write ? as %3F and # as %23, or give the path instead")
    if not path.strip():
        raise UsageError(f"INPUT {uri!r} names no file; write file:// and a whole path behind it")
    return Path(os.fsdecode(path))


def as_uri(path: Path) -> str:
    """``file:`` URI of a path, made absolute; links stay as they are, any bytes are percent-encoded."""
    plain = os.path.normpath(path.absolute())
    if ".." in path.parts and os.path.realpath(plain) != os.path.realpath(path):
        plain = os.path.realpath(path)  # ".." behind a link is not where the text of the path says
    return Path(plain).as_uri()


def _walk(root: Path) -> Iterator[tuple[Input, bool]]:
    """What is found below a folder, and whether it is called like audio.

    Where it stands in each folder is kept in a list: a call for each would not reach deep ones.
    """
    levels = [_entries(root, root)]
    while levels:
        entry = next(levels[-1], None)
        if entry is None:
            levels.pop()
        elif isinstance(entry, Path):
            levels.append(_entries(root, entry))
        else:
            yield entry


def _entries(root: Path, folder: Path) -> Iterator[Path | tuple[Input, bool]]:
    """What lies in a folder, in order of name: the folders in it, and what is found."""
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
            yield path
        else:
            yield _input(root, path), _is_audio(path)


def _linked(root: Path, path: Path) -> Iterator[tuple[Input, bool]]:
    """A link inside the tree is a second name of what is found anyway; one that leads out is refused.

    Where the walk does not come by (a store of hidden files, names that are digests), the link is the name.
    """
    try:
        target = path.resolve(strict=True)
        is_dir = stat.S_ISDIR(target.stat().st_mode)
    except (OSError, RuntimeError):
        yield _input(root, path, refusal="broken-link"), _is_audio(path)
        return
    top = root.resolve()
    if not target.is_relative_to(top):
        yield _input(root, path, refusal="link-out-of-tree"), is_dir or _is_audio(path)
    else:
        met = is_dir or (_is_audio(target) and not _is_hidden(target.relative_to(top)))
        yield _input(root, path), _is_audio(path) and not met


def _is_hidden(relative: Path) -> bool:
    return any(part.startswith(".") for part in relative.parts)


def _is_audio(path: Path) -> bool:
    return path.suffix.lower() in EXTENSIONS


def _input(root: Path, path: Path, *, refusal: str | None = None) -> Input:
    return Input(as_uri(path), path, path.relative_to(root), refusal, as_uri(root))


def found_again(uri: str, relative: Path, within: str) -> Input:
    """A recording that was found before, to be read once more: what was refused then is refused now.

    Whatever lies there now is looked at: a link may have come in place of a file, or of a folder above it.

    Parameters
    ----------
    uri : str
    relative : pathlib.Path
    within : str
        As in :class:`Input`. If it is not known, the recording counts as found in a folder.
    """
    found = Input(uri, input_path(uri), relative, within=within)
    root = found.root
    return found if root is None else replace(found, refusal=_refusal_below(root, found.path))


def _refusal_below(root: Path, path: Path) -> str | None:
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return "broken-link" if os.path.islink(path) else None  # what is gone is so for the decoder to say
    if not target.is_relative_to(root.resolve()):
        return "link-out-of-tree"
    is_closed = target.is_dir() and not os.access(target, os.R_OK | os.X_OK)
    return "no-permission" if is_closed else None
