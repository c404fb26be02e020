"""Two layers of age around a stream: the inner to the request's own identity, the outer to the recipient.

The payload is never under a passphrase: age (age-encryption.org/v1) derives a key for each layer from X25519
and encrypts in pieces, so that any size streams. A passphrase wraps nothing but the file of an identity.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from redactor.errors import StoreError, UsageError
from redactor.export.package.pipes import ByteSource, Stage, Tap, pipe
from redactor.export.package.tarstream import Member, tar_chunks
from redactor.files import atomic_file

AGE_MAGIC = b"age-encryption.org/v1\n"
_ARMOR = b"-----BEGIN AGE ENCRYPTED FILE-----"
_RECIPIENT = re.compile(r"age1[02-9ac-hj-np-z]{58}")
_IDENTITY = re.compile(r"AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}")
_ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"  # of Bech32 (BIP 173)
_CHECKSUM_CHARS = 6
_MAX_IDENTITY_BYTES = 64 * 1024


def check_recipient(recipient: str) -> str:
    """A recipient's public key in the one spelling that its fingerprint is taken of.

    Raises
    ------
    UsageError
        If it is not an X25519 key of age; SSH keys, plugins and passphrases are not taken.
    """
    import pyrage
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

    text = recipient.strip()
    try:
        if not _RECIPIENT.fullmatch(text) or str(pyrage.x25519.Recipient.from_str(text)) != text:
            raise ValueError
        # With one of the few points of small order everybody could compute the shared key; this refuses them.
        X25519PrivateKey.generate().exchange(X25519PublicKey.from_public_bytes(_point(text)))
    except (ValueError, pyrage.RecipientError):
        raise UsageError(
            "the recipient's key is not an X25519 key of age (age1 and 58 more characters, as age-keygen "
            "prints it); ask the recipient for it again, and compare its fingerprint"
        ) from None
    return text


def fingerprint(recipient: str) -> str:
    """SHA-256 of a recipient's public key, as approvals name it: 64 hexadecimal digits."""
    return hashlib.sha256(check_recipient(recipient).encode("ascii")).hexdigest()


def new_identity() -> tuple[str, str]:
    """An identity and its recipient."""
    import pyrage

    identity = pyrage.x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def recipient_of(identity: str) -> str:
    """The public half of an identity."""
    return str(_identity(identity).to_public())


def identity_file(identity: str) -> bytes:
    """An identity as a file that ``age -i`` reads."""
    return f"# public key: {recipient_of(identity)}\n{identity}\n".encode("ascii")


def wrap_identity(identity: str, passphrase: str) -> bytes:
    """The same under a passphrase (scrypt), as ``age -i`` reads it too; it takes seconds on purpose.

    Raises
    ------
    UsageError
        If the passphrase is empty.
    """
    import pyrage

    if not passphrase:
        raise UsageError("a passphrase may not be empty")
    return pyrage.passphrase.encrypt(identity_file(identity), passphrase, armored=True)


def is_wrapped(data: bytes) -> bool:
    """Whether the file of an identity is under a passphrase."""
    return data.lstrip().startswith((AGE_MAGIC, _ARMOR))


def read_identity_file(path: Path) -> bytes:
    """The bytes of such a file.

    Raises
    ------
    UsageError
        If it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_IDENTITY_BYTES + 1)
    except OSError as error:
        raise UsageError(f"identity {str(path)!r} cannot be read: {error.strerror}") from None
    if len(data) > _MAX_IDENTITY_BYTES:
        raise UsageError(f"{str(path)!r} is too large for the file of an identity; name the right file")
    return data


def identity_from(data: bytes, *, where: str, passphrase: str | None = None) -> str:
    """The identity in such a file.

    Raises
    ------
    UsageError
        If there is not exactly one X25519 identity in it, or the passphrase is missing or wrong.
    """
    import pyrage

    if is_wrapped(data):
        if passphrase is None:
            raise UsageError(f"{where!r} is under a passphrase; give it")
        try:
            data = pyrage.passphrase.decrypt(data, passphrase)
        except (pyrage.DecryptError, OSError):
            raise UsageError(f"the passphrase does not open {where!r}; try again") from None
    rows = (row.strip() for row in data.decode("utf-8", "replace").splitlines())
    found = [row for row in rows if row and not row.startswith("#")]
    if len(found) != 1 or not _IDENTITY.fullmatch(found[0]):
        raise UsageError(
            f"{where!r} does not hold one identity of age (AGE-SECRET-KEY-1 and so on); name the right file"
        )
    recipient_of(found[0])
    return found[0]


def write_sealed(members: Iterable[Member], target: Path, *, inner: str, outer: str) -> str:
    """Write a package: tar, then age to `inner`, then age to `outer`, as a stream.

    Parameters
    ----------
    members : iterable of Member
    target : pathlib.Path
        Appears whole, for its owner alone, or not at all; must not be there.
    inner, outer : str
        Recipients.

    Returns
    -------
    str
        SHA-256 of the sealed file.

    Raises
    ------
    UsageError
        If a recipient cannot be used, both are one, or `target` is there.
    StoreError
        If a member is not what the manifest says, or the target cannot be written.
    """
    inner, outer = check_recipient(inner), check_recipient(outer)
    if inner == outer:
        raise UsageError("the two layers of a package need two recipients; make a new inner identity")
    if os.path.lexists(target):
        raise UsageError(f"{str(target)!r} is there already; a package is written once: name another file")
    try:
        with atomic_file(target, mode=0o600) as draft:
            return _seal(tar_chunks(members), draft, inner=inner, outer=outer)
    except OSError as error:
        raise StoreError(
            f"{str(target)!r} cannot be written: {error.strerror or error}; free the disk, and seal again"
        ) from None


class _Hashing:
    """Writes, and digests what it writes."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        return self._stream.write(data)

    def flush(self) -> None:
        self._stream.flush()


def _seal(chunks: Iterator[bytes], draft: BinaryIO, *, inner: str, outer: str) -> str:
    import pyrage

    to_inner, to_outer = (pyrage.x25519.Recipient.from_str(text) for text in (inner, outer))
    out = _Hashing(draft)
    read_end, write_end = pipe()
    stage = Stage(lambda source, sink: pyrage.encrypt_io(source, sink, [to_outer]), read_end, out)
    source, sink = Tap(ByteSource(chunks)), Tap(write_end)
    failure: BaseException | None = None
    try:
        pyrage.encrypt_io(source, sink, [to_inner])
        write_end.close()  # flushes
    except BaseException as error:
        failure = source.error or sink.error or error
    stage.finish(write_end)
    if failure is None or isinstance(failure, BrokenPipeError):  # the reason is at the pipe's other end
        failure = stage.error or failure
    if failure is not None:
        raise failure
    return out.digest.hexdigest()


def _identity(text: str):
    import pyrage

    try:
        return pyrage.x25519.Identity.from_str(text)
    except pyrage.IdentityError:
        raise UsageError("this is not an identity of age (X25519); name the right file") from None


def _point(recipient: str) -> bytes:
    """The 32 bytes in a recipient; its checksum is checked elsewhere."""
    number = 0
    values = [_ALPHABET.index(char) for char in recipient.removeprefix("age1")[:-_CHECKSUM_CHARS]]
    for value in values:
        number = number << 5 | value
    return (number >> (len(values) * 5 - 256)).to_bytes(32, "big")
