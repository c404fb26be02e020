"""Outputs of one recording before they are released: temporary files outside ``release/``, for the owner alone.

What lies there is redacted and not checked yet: somebody may still be heard in it.
"""

from __future__ import annotations

import errno
import hashlib
import secrets
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

from redactor.audio.encode import encode, extension
from redactor.errors import QuarantineError, StoreError
from redactor.files import fsync_dir, fsync_file, make_private_dir, sha256_file, stamp_of
from redactor.runfolder import RELEASE_PARTS, TEMPORARY_SUFFIX, relative_path, staging_beside
from redactor.types import AudioFormat, ReleasedFile, Sound


@dataclass(frozen=True)
class StagedFile:
    """A finished temporary file, relative to the staging folder, and what it will be called in ``release/``."""

    temporary: str
    released: ReleasedFile


class Staging:
    """Where one attempt at a recording writes to.

    Every file is whole and synced when its method returns. Nothing that is not redacted is ever written.

    Parameters
    ----------
    release : pathlib.Path
        The run's ``release/``.
    name : str
        NAME of the recording.
    keep_names : bool
    """

    def __init__(self, release: Path, name: str, *, keep_names: bool) -> None:
        self._folder = staging_beside(release)
        self._name = name
        self._keep_names = keep_names
        self._files: list[StagedFile] = []
        self._started: list[Path] = []

    @property
    def name(self) -> str:
        return self._name

    @property
    def keep_names(self) -> bool:
        return self._keep_names

    @property
    def files(self) -> tuple[StagedFile, ...]:
        return tuple(self._files)

    @property
    def sound(self) -> Path:
        """The staged audio.

        Raises
        ------
        LookupError
            If there is none.
        """
        (audio,) = [f for f in self._files if f.released.path.startswith("audio/")] or [None]
        if audio is None:
            raise LookupError("no audio was staged")
        return self._folder / audio.temporary

    @property
    def texts(self) -> dict[str, Path]:
        """The other staged files, by the path below ``release/`` that they are to have."""
        return {
            file.released.path: self._folder / file.temporary
            for file in self._files
            if not file.released.path.startswith("audio/")
        }

    def audio(self, sound: Sound) -> AudioFormat:
        """Stage the redacted audio; says in which format it was written."""
        temporary = self._start("audio")
        written = encode(sound, temporary)
        self._finish(temporary, "audio", extension(written), sha256=sha256_file(temporary))
        return written

    def text(self, part: str, ending: str, content: str) -> None:
        """Stage a text file of the given part of ``release/``."""
        temporary = self._start(part)
        data = content.encode()
        temporary.write_bytes(data)
        self._finish(temporary, part, ending, sha256=hashlib.sha256(data).hexdigest())

    def discard(self) -> None:
        """Remove what was staged; another attempt may begin."""
        for temporary in self._started:
            temporary.unlink(missing_ok=True)
        self._started.clear()
        self._files.clear()

    def _start(self, part: str) -> Path:
        target = self._folder / relative_path(part, self._name, "", keep_names=self._keep_names)
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}{TEMPORARY_SUFFIX}")
        if _is_through_a_link(temporary, below=self._folder.parent):
            raise StoreError(
                f"{str(self._folder)!r} or a folder below it is a link, so what is not checked yet would lie "
                "elsewhere; remove it"
            )
        make_private_dir(self._folder)
        temporary.parent.mkdir(parents=True, exist_ok=True)
        self._started.append(temporary)
        return temporary

    def _finish(self, temporary: Path, part: str, ending: str, *, sha256: str) -> None:
        fsync_file(temporary)
        final = relative_path(part, self._name, ending, keep_names=self._keep_names)
        self._files.append(
            StagedFile(
                temporary=str(temporary.relative_to(self._folder)),
                released=ReleasedFile(final, sha256, temporary.stat().st_size),
            )
        )


def commit(release: Path, files: tuple[StagedFile, ...], *, name: str) -> tuple[ReleasedFile, ...]:
    """Give staged files their names; the ledger says done only after this.

    Raises
    ------
    QuarantineError
        If a file is another recording's, or no longer the one that was checked; none of them is left.
    StoreError
        If a name cannot be given; no row lists the files then, and the next start removes them.
    """
    if not all(_is_of(name, file.released.path) for file in files):
        discard(release, files)
        raise _held_back("a file is called after another recording; report this", reason="wrong-name")
    try:
        for file in files:
            _put_in_place(staging_beside(release) / file.temporary, file.released.path, release)
        if not all(_is_the_checked_one(release / file.released.path, file.released) for file in files):
            for file in files:
                (release / file.released.path).unlink(missing_ok=True)
            raise _held_back(
                "a file was changed between its check and its release; find out what writes into release/, "
                "then `redactor retry --quarantined`",
                reason="changed-before-release",
            )
        for folder in {(release / file.released.path).parent for file in files}:
            fsync_dir(folder)
    except OSError as error:
        raise StoreError(
            f"an output cannot be written: {error.strerror}; free the disk, then run again"
        ) from None
    return tuple(replace(file.released, stamp=stamp_of(release / file.released.path)) for file in files)


def discard(release: Path, files: Iterable[StagedFile]) -> None:
    """Remove staged files of an outcome that is not to be released."""
    for file in files:
        (staging_beside(release) / file.temporary).unlink(missing_ok=True)


def _put_in_place(staged: Path, path: str, release: Path) -> None:
    target = release / path
    target.parent.mkdir(parents=True, exist_ok=True)
    if _is_through_a_link(target, below=release):
        raise StoreError(
            f"a folder below {str(release)!r} is a link, so what is released would lie elsewhere; remove it"
        )
    try:
        staged.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # release/ is a file system of its own. What is copied into it is what was checked.
        draft = target.with_name(staged.name)
        shutil.copyfile(staged, draft, follow_symlinks=False)
        fsync_file(draft)
        draft.replace(target)
        staged.unlink()


def _is_through_a_link(path: Path, *, below: Path) -> bool:
    """Whether a folder on the way to a file is a link; `below` itself may be one."""
    return any(folder.is_symlink() for folder in takewhile(below.__ne__, path.parents))


def _held_back(message: str, *, reason: str) -> QuarantineError:
    error = QuarantineError(message, reason=reason)
    error.stage = "commit"
    return error


def _is_of(name: str, path: str) -> bool:
    """Whether a path below ``release/`` is one that a recording of this name may have."""
    return any(
        path.startswith(f"{relative_path(part, name, '', keep_names=kept)}.")
        for part in RELEASE_PARTS
        for kept in (False, True)
    )


def _is_the_checked_one(path: Path, expected: ReleasedFile) -> bool:
    """Whether a file is a plain one, of the bytes that were checked."""
    return path.is_file() and not path.is_symlink() and sha256_file(path) == expected.sha256
