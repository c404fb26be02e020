"""A package as a stream of bytes: plain tar, the same bytes for the same members.

The headers are those of POSIX.1-2001 (ustar, and pax for files from 8 GiB on) with nothing in them that
depends on the machine: time 0, owner 0, mode 0644. Since a header is a function of name and size, whoever
reads a package knows each header beforehand and has nothing to interpret; :class:`TarReader` compares.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from redactor.errors import StoreError, UsageError

BLOCK_BYTES = 512
_RECORD_BYTES = 20 * BLOCK_BYTES  # what tar has always rounded up to
_CHUNK_BYTES = 1 << 18
_USTAR_LIMIT = 8**11  # eleven octal digits
_MAX_NAME = 100
_REGULAR, _PAX = b"0", b"x"
_PAX_NAME = "PaxHeaders/size"
_SIZE_AT = slice(124, 135)


class Readable(Protocol):
    """What bytes come from."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True)
class Member:
    """A file of a package.

    Attributes
    ----------
    path : str
    sha256 : str
    size : int
        Bytes.
    chunks : callable
        Gives the content; read once, and held to size and digest meanwhile.
    """

    path: str
    sha256: str
    size: int
    chunks: Callable[[], Iterator[bytes]]


def member_of_bytes(path: str, data: bytes) -> Member:
    """A small file that was made for the package."""
    return Member(path, hashlib.sha256(data).hexdigest(), len(data), lambda: iter((data,)))


def member_of_file(path: str, file: Path, *, sha256: str, size: int) -> Member:
    """A file that lies on disk and must still be what it was."""
    return Member(path, sha256, size, lambda: _read(file, path))


def header(path: str, size: int) -> bytes:
    """The blocks in front of a file's content.

    Written here and not by :mod:`tarfile`, which fills fields that nobody reads in another way in every few
    versions of Python. For files below 8 GiB it is what GNU tar writes with ``--format=ustar``.

    Raises
    ------
    ValueError
        If the path is longer than 100 characters or not ASCII; no package has one.
    """
    if size < _USTAR_LIMIT:
        return _ustar(path, size, _REGULAR)
    record = _pax_record(f"size={size}")
    blocks = record + bytes(_padding(len(record)))
    return _ustar(_PAX_NAME, len(record), _PAX) + blocks + _ustar(path, 0, _REGULAR)


def tar_chunks(members: Iterable[Member]) -> Iterator[bytes]:
    """The bytes of the tar.

    Raises
    ------
    StoreError
        If a file is out of reach or is not what the manifest says: the package must not come to be.
    """
    written = 0
    for member in members:
        head = header(member.path, member.size)
        yield head
        yield from checked(member.chunks(), path=member.path, sha256=member.sha256, size=member.size)
        padding = _padding(member.size)
        yield bytes(padding)
        written += len(head) + member.size + padding
    yield bytes(_tail(written))


def plain_sha256(members: Iterable[Member]) -> str:
    """Digest of the tar before it is sealed: the same for the same members, anywhere."""
    digest = hashlib.sha256()
    for chunk in tar_chunks(members):
        digest.update(chunk)
    return digest.hexdigest()


def checked(chunks: Iterable[bytes], *, path: str, sha256: str, size: int) -> Iterator[bytes]:
    """Pass chunks on, and fail before the last one is out of hand if they are not what was promised."""
    digest, count = hashlib.sha256(), 0
    for chunk in chunks:
        digest.update(chunk)
        count += len(chunk)
        if count > size:
            break
        yield chunk
    if count != size or digest.hexdigest() != sha256:
        raise StoreError(
            f"{path} of the package is not what the manifest says; nothing was written: find out who changed "
            "it before you go on"
        )


class TarReader:
    """Reads a tar that :func:`tar_chunks` wrote, and nothing else.

    Parameters
    ----------
    stream : Readable
    where : str
        For messages.
    """

    def __init__(self, stream: Readable, where: str) -> None:
        self._stream = stream
        self._where = where
        self._read = 0

    def whole(self, path: str, *, limit: int) -> bytes:
        """The next member, which must be `path`, of any size up to `limit`."""
        block = self._take(BLOCK_BYTES)
        digits = block[_SIZE_AT]
        if digits.strip(b"01234567"):
            raise self._foreign(path)
        size = int(digits, 8)
        if size > limit:
            raise UsageError(f"{path} in {self._where} is larger than any can be; this is not a package")
        if header(path, size) != block:
            raise self._foreign(path)
        data = self._take(size)
        self._skip_padding(size, path)
        return data

    def member(self, path: str, size: int) -> Iterator[bytes]:
        """Content of the next member, which must be this one."""
        expected = header(path, size)
        if self._take(len(expected)) != expected:
            raise self._foreign(path)
        left = size
        while left:
            chunk = self._take(min(left, _CHUNK_BYTES))
            left -= len(chunk)
            yield chunk
        self._skip_padding(size, path)

    def end(self) -> None:
        """Nothing may follow but what ends a tar."""
        tail = _tail(self._read)
        if self._take(tail) != bytes(tail) or self._stream.read(1):
            raise UsageError(
                f"{self._where} holds more than its manifest lists; do not use it, and ask the sender for it "
                "anew"
            )

    def _skip_padding(self, size: int, path: str) -> None:
        padding = _padding(size)
        if self._take(padding) != bytes(padding):
            raise self._foreign(path)

    def _take(self, count: int) -> bytes:
        pieces, left = [], count
        while left:
            piece = self._stream.read(min(left, _CHUNK_BYTES))
            if not piece:
                raise UsageError(f"{self._where} is cut short or not a package; ask the sender for it anew")
            pieces.append(piece)
            left -= len(piece)
        self._read += count
        return b"".join(pieces)

    def _foreign(self, path: str) -> UsageError:
        return UsageError(
            f"{self._where} is not a package as redactor writes it: {path} is not where it must be; do not "
            "unpack it with anything else, and ask the sender"
        )


def _ustar(path: str, size: int, kind: bytes) -> bytes:
    name = path.encode("ascii")
    if len(name) > _MAX_NAME:
        raise ValueError("a path is too long for a package")
    fields = [
        name.ljust(_MAX_NAME, b"\0"),
        *(b"%07o\0" % number for number in (0o644, 0, 0)),  # mode, owner, group
        b"%011o\0" % size,
        b"%011o\0" % 0,  # time
        b" " * 8,  # checksum, which is taken with spaces here
        kind,
        bytes(100),  # target of a link
        b"ustar\0" + b"00",
        bytes(32 + 32),  # names of owner and group
        *(b"%07o\0" % number for number in (0, 0)),  # device
        bytes(155 + 12),
    ]
    block = b"".join(fields)
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def _pax_record(text: str) -> bytes:
    """A record is led by its own length, the digits of that included."""
    length = len(text) + 2
    while len(f"{length} {text}\n") != length:
        length += 1
    return f"{length} {text}\n".encode("ascii")


def _padding(size: int) -> int:
    return -size % BLOCK_BYTES


def _tail(written: int) -> int:
    """Two empty blocks end a tar, and what fills its last record."""
    return 2 * BLOCK_BYTES + -(written + 2 * BLOCK_BYTES) % _RECORD_BYTES


def _read(file: Path, path: str) -> Iterator[bytes]:
    try:
        # A link would be somebody else's choice of file; a pipe would have it wait for ever.
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb", buffering=0) as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise StoreError(f"{path} of the package would come from something that is not a file")
            while chunk := stream.read(_CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise StoreError(
            f"{path} of the package cannot be read: {error.strerror}; nothing was written: plan the export "
            "again"
        ) from None
