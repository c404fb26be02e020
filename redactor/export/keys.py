"""Keys of people: Ed25519, encrypted with a passphrase, kept by their owners; the root key is one too."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from redactor.audit import PublicKey, SigningKey, load_public_key, public_file
from redactor.errors import StoreError, UsageError
from redactor.files import write_once

# PKCS #8 is opened with PBKDF2, which a fast machine tries a few thousand times a second: 12 characters of
# one's own choice are the least that outlasts a lost file.
MIN_PASSPHRASE_CHARS = 12
_MAX_PASSPHRASE_BYTES = 1000  # OpenSSL reads 1,023 of a PEM's
_MAX_PEM_BYTES = 64 * 1024
_IS_ENCRYPTED = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"


def check_passphrase(passphrase: bytes) -> None:
    """Hold a new passphrase to what it must be.

    Raises
    ------
    UsageError
        If it is too short, too long or not a text; it is not quoted.
    """
    try:
        text = passphrase.decode()
    except UnicodeDecodeError:
        raise UsageError("the passphrase is not UTF-8; choose another") from None
    # Of one or two letters over and over nobody needs to try many.
    if len(text) < MIN_PASSPHRASE_CHARS or len(set(text)) < 3:
        raise UsageError(
            f"the passphrase is too weak; choose one of at least {MIN_PASSPHRASE_CHARS} different characters"
        )
    if len(passphrase) > _MAX_PASSPHRASE_BYTES or not text.isprintable():
        raise UsageError(f"a passphrase is at most {_MAX_PASSPHRASE_BYTES} bytes of printable characters")


def make_key(path: Path, passphrase: bytes) -> PublicKey:
    """Make a key pair: the private half encrypted in `path`, for its owner alone, the public one beside it.

    Raises
    ------
    UsageError
        If a file is there already, or the passphrase will not do.
    StoreError
        If a file cannot be written.
    """
    check_passphrase(passphrase)
    if path.name in ("", "..") or public_file(path) == path:
        raise UsageError(f"{str(path)!r} cannot be the file of a private key; name it NAME.key")
    public = public_file(path)
    for file in (path, public):
        if os.path.lexists(file):
            raise _is_there(file)
    key = SigningKey.generate()
    try:
        if not write_once(path, _encrypted(key, passphrase)):
            raise _is_there(path)
        _write_public(public, path, key.public)
    except OSError as error:
        raise StoreError(f"key {str(path)!r} cannot be written: {error.strerror}; name another file") from None
    return key.public


def load_key_pair(path: Path, passphrase: bytes) -> SigningKey:
    """Open a key that :func:`make_key` made.

    Raises
    ------
    UsageError
        If the file is missing, open to others, not such a key, not encrypted, or encrypted with another
        passphrase; if the public half beside it is of another key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    data = read_secret(path, what="key", max_bytes=_MAX_PEM_BYTES)
    if not data.lstrip().startswith(_IS_ENCRYPTED):
        raise UsageError(
            f"{str(path)!r} is not a key that is encrypted (PKCS #8 in PEM is expected); name the file that "
            "`redactor export keygen` wrote"
        )
    try:
        key = load_pem_private_key(data, password=passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # TypeError: an empty passphrase
        raise UsageError(f"key {str(path)!r} does not open with this passphrase; type it again") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"{str(path)!r} is a key of another kind (Ed25519 is expected); name the right file")
    found = SigningKey(key)
    public = public_file(path)
    if os.path.lexists(public) and load_public_key(public) != found.public:
        raise UsageError(f"{str(public)!r} is not the public half of {str(path)!r}; put the right pair back")
    return found


def read_passphrase(path: Path) -> bytes:
    """A passphrase from a file for its owner alone; one newline at its end is none of it.

    Raises
    ------
    UsageError
        If there is none, or others may read it.
    """
    data = read_secret(path, what="passphrase file", max_bytes=_MAX_PASSPHRASE_BYTES + 2)
    passphrase = data.removesuffix(b"\n").removesuffix(b"\r")
    if not passphrase or b"\n" in passphrase:
        raise UsageError(f"passphrase file {str(path)!r} must hold one line; write the passphrase into it")
    return passphrase


def read_secret(path: Path, *, what: str, max_bytes: int) -> bytes:
    """The bytes of a file that only its owner may read; a wider one is refused, for it may have been read.

    Parameters
    ----------
    what : str
        For the message.

    Raises
    ------
    UsageError
    """
    try:
        # Not blocking: a pipe would have it wait for ever.
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as stream:
            found = os.fstat(stream.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise UsageError(f"{what} {str(path)!r} is not a regular file; name the right one")
            if stat.S_IMODE(found.st_mode) & 0o077:
                raise UsageError(
                    f"{what} {str(path)!r} is open to others; narrow it (chmod 600), and make a new one if "
                    "somebody may have read it"
                )
            if found.st_uid != os.geteuid():
                raise UsageError(f"{what} {str(path)!r} belongs to another user; use one of your own")
            data = stream.read(max_bytes + 1)
    except OSError as error:
        raise UsageError(f"{what} {str(path)!r} cannot be read: {error.strerror}; name another") from None
    if len(data) > max_bytes:
        raise UsageError(f"{what} {str(path)!r} is too large to be one; name the right file")
    return data


def _encrypted(key: SigningKey, passphrase: bytes) -> bytes:
    from cryptography.hazmat.primitives import serialization

    plain = serialization.load_pem_private_key(key.to_pem(), password=None)
    return plain.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase),
    )


def _write_public(public: Path, path: Path, key: PublicKey) -> None:
    try:
        if not write_once(public, key.to_pem()):
            raise _is_there(public)
        public.chmod(0o644)
    except BaseException:
        with contextlib.suppress(OSError):
            path.unlink()  # made a moment ago: nobody has used it, and half a pair helps nobody
        raise


def _is_there(path: Path) -> UsageError:
    return UsageError(f"{str(path)!r} is there already and is not overwritten; name another file")
