"""Outputs of one recording before they are released: temporary files in their target folders."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path

from redactor.audio.encode import encode, extension
from redactor.errors import StoreError
from redactor.files import fsync_dir, fsync_file, sha256_file
from redactor.runfolder import TEMPORARY_SUFFIX, relative_path
from redactor.types import AudioFormat, ReleasedFile, Sound


@dataclass(frozen=True)
class StagedFile:
    """A finished temporary file and what it will be called; both relative to ``release/``."""

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
        self._release = release
        self._name = name
        self._keep_names = keep_names
        self._files: list[StagedFile] = []
        self._started: list[Path] = []

    @property
    def files(self) -> tuple[StagedFile, ...]:
        return tuple(self._files)

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
        """Remove what was staged."""
        for temporary in self._started:
            temporary.unlink(missing_ok=True)

    def _start(self, part: str) -> Path:
        target = self._release / relative_path(part, self._name, "", keep_names=self._keep_names)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}{TEMPORARY_SUFFIX}")
        self._started.append(temporary)
        return temporary

    def _finish(self, temporary: Path, part: str, ending: str, *, sha256: str) -> None:
        fsync_file(temporary)
        final = relative_path(part, self._name, ending, keep_names=self._keep_names)
        self._files.append(
            StagedFile(
                temporary=str(temporary.relative_to(self._release)),
                released=ReleasedFile(final, sha256, temporary.stat().st_size),
            )
        )


def commit(release: Path, files: tuple[StagedFile, ...]) -> None:
    """Give staged files their names; the ledger says done only after this.

    Raises
    ------
    StoreError
        If a name cannot be given; no row lists the files then, and the next start removes them.
    """
    try:
        for file in files:
            (release / file.temporary).replace(release / file.released.path)
        for folder in {(release / file.released.path).parent for file in files}:
            fsync_dir(folder)
    except OSError as error:
        raise StoreError(
            f"an output cannot be written: {error.strerror}; free the disk, then run again"
        ) from None
