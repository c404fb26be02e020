"""Audio of an item: found below its root without following links, and served only as what was drawn."""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

from redactor.audio.containers import sniff
from redactor.audio.problems import Fault
from redactor.audio.source import Source
from redactor.errors import RedactorError

_HASH_BLOCK_BYTES = 1 << 20
_MAX_KNOWN = 10_000
_MEDIA_TYPES = {
    "WAV": "audio/wav",
    "AIFF": "audio/aiff",
    "AU": "audio/basic",
    "CAF": "audio/x-caf",
    "FLAC": "audio/flac",
    "OGG": "audio/ogg",
    "MP3": "audio/mpeg",
    "ADTS": "audio/aac",
    "AMR": "audio/amr",
    "MP4": "audio/mp4",
    "MATROSKA": "audio/webm",
}


class Gone(RedactorError):
    """The file is not there."""


class Changed(RedactorError):
    """The file is not the one that was drawn."""


class Roots:
    """The folders that items' files lie in.

    Parameters
    ----------
    release : pathlib.Path
        ``OUT/release``.
    private : pathlib.Path
        ``OUT/private/review``.
    """

    def __init__(self, *, release: Path, private: Path) -> None:
        self._roots = {"release": release, "private": private}
        self._known: OrderedDict[tuple[str, str, str], tuple[int, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def open(self, root: str, path: str) -> int:
        """Descriptor of a file below a root.

        Raises
        ------
        Gone
            If there is none, or anything on the way to it is a link or leads out.
        """
        parts = path.split("/")
        if root not in self._roots or "\0" in path or any(part in ("", ".", "..") for part in parts):
            raise Gone("no such file")
        try:
            return _opened(self._roots[root], parts)
        except OSError:
            raise Gone("no such file") from None

    def read(self, root: str, path: str) -> bytes:
        """All of a file.

        Raises
        ------
        Gone
        """
        with os.fdopen(self.open(root, path), "rb") as file:
            return file.read()

    def open_audio(self, audio: Mapping[str, str]) -> int:
        """Descriptor of an item's audio, with the bytes that were drawn behind it.

        Raises
        ------
        Gone, Changed
        """
        descriptor = self.open(audio["root"], audio["path"])
        try:
            self._check(descriptor, (audio["root"], audio["path"], audio["sha256"]))
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _check(self, descriptor: int, key: tuple[str, str, str]) -> None:
        """Hash it, unless it was hashed before and no stamp of it has changed since."""
        stamp = _stamp(descriptor)
        with self._lock:
            if self._known.get(key) == stamp:
                return
        if _sha256(descriptor) != key[2] or _stamp(descriptor) != stamp:
            raise Changed("the file was changed after it was drawn")
        with self._lock:
            self._known[key] = stamp
            while len(self._known) > _MAX_KNOWN:
                self._known.popitem(last=False)


def _opened(root: Path, parts: list[str]) -> int:
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    folder = os.open(root, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            below = os.open(part, flags | os.O_DIRECTORY, dir_fd=folder)
            os.close(folder)
            folder = below
        descriptor = os.open(parts[-1], flags, dir_fd=folder)
    finally:
        os.close(folder)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError
    return descriptor


def media_type(descriptor: int) -> str:
    """By the first bytes, never by the name."""
    with open(descriptor, "rb", closefd=False) as raw:
        try:
            return _MEDIA_TYPES[sniff(Source(raw, size(descriptor))).name]
        except (Fault, KeyError):
            return "application/octet-stream"


def size(descriptor: int) -> int:
    """Bytes of an open file."""
    return os.fstat(descriptor).st_size


def _stamp(descriptor: int) -> tuple[int, ...]:
    found = os.fstat(descriptor)
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_dev, found.st_ino


def _sha256(descriptor: int) -> str:
    digest, offset = hashlib.sha256(), 0
    while block := os.pread(descriptor, _HASH_BLOCK_BYTES, offset):
        digest.update(block)
        offset += len(block)
    return digest.hexdigest()
