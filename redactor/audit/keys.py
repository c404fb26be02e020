"""The key that signs the end of the record: Ed25519, outside OUT, made on first use."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redactor.errors import StoreError, UsageError
from redactor.files import remove_drafts, user_config_dir, write_atomic, write_once

_MAX_PEM_BYTES = 64 * 1024
_FINGERPRINT_HEX_DIGITS = 32  # 128 bits: nobody finds another key with the same


@dataclass(frozen=True)
class PublicKey:
    """What a signature is held to.

    Attributes
    ----------
    raw : bytes
        32 bytes (RFC 8032).
    """

    raw: bytes

    @property
    def fingerprint(self) -> str:
        """Tells keys apart: 32 hexadecimal digits."""
        return hashlib.sha256(self.raw).hexdigest()[:_FINGERPRINT_HEX_DIGITS]

    def has_signed(self, signature: bytes, message: bytes) -> bool:
        """Whether `signature` is this key's over `message`."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True

    def to_pem(self) -> bytes:
        """SubjectPublicKeyInfo, as ``openssl pkey -pubin`` reads it."""
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        return Ed25519PublicKey.from_public_bytes(self.raw).public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )


class SigningKey:
    """An Ed25519 key. Whoever signs puts a name of what is signed in front of the message.

    Parameters
    ----------
    private : cryptography's Ed25519PrivateKey
    """

    def __init__(self, private: Any) -> None:
        self._private = private
        self.public = PublicKey(private.public_key().public_bytes_raw())

    @classmethod
    def generate(cls) -> SigningKey:
        """Make a new key."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return cls(Ed25519PrivateKey.generate())

    def sign(self, message: bytes) -> bytes:
        """64 bytes; the same for the same message."""
        return self._private.sign(message)

    def to_pem(self) -> bytes:
        """PKCS #8, not encrypted."""
        from cryptography.hazmat.primitives import serialization

        return self._private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


def default_signing_key() -> Path:
    """The user's own signing key."""
    return user_config_dir() / "audit.key"


def public_file(path: Path) -> Path:
    """Where the public half of a signing key lies: ``audit.pub`` beside ``audit.key``."""
    return path.with_suffix(".pub")


def load_signing_key(path: Path, *, create: bool) -> SigningKey:
    """Read the signing key, or make one. Its public half is written beside it if it is not there.

    A key that others may read is narrowed if it is this user's own.

    Raises
    ------
    UsageError
        If there is no key and none is to be made; if the file is not a key, or is open to others and somebody
        else's; if the public half beside it is of another key.
    StoreError
        If a new key cannot be written.
    """
    try:
        data = _read_private(path)
    except FileNotFoundError:
        if create:
            return _new_key(path)
        raise UsageError(
            f"signing key {str(path)!r} is missing; the record in this run folder was signed with it: put it "
            "back"
        ) from None
    except OSError as error:
        raise UsageError(f"signing key {str(path)!r} cannot be read: {error.strerror}") from None
    key = _parse_private(data, path)
    _keep_public(path, key)
    for file in (path, public_file(path)):
        remove_drafts(file)
    return key


def load_public_key(path: Path) -> PublicKey:
    """Read the public half of a signing key.

    Raises
    ------
    UsageError
        If the file is missing or not an Ed25519 public key in PEM.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        with path.open("rb") as stream:
            key = load_pem_public_key(stream.read(_MAX_PEM_BYTES))
    except OSError as error:
        raise UsageError(f"public key {str(path)!r} cannot be read: {error.strerror}") from None
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise UsageError(f"{str(path)!r} is not a public key (Ed25519 in PEM is expected); name the right file")
    return PublicKey(key.public_bytes_raw())


def _read_private(path: Path) -> bytes:
    # Not blocking: a pipe would have it wait for ever.
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as stream:
        found = os.fstat(stream.fileno())
        if stat.S_IMODE(found.st_mode) & 0o077 and stat.S_ISREG(found.st_mode):
            if found.st_uid != os.geteuid():
                raise UsageError(
                    f"signing key {str(path)!r} is open to others and belongs to another user; have its owner "
                    "narrow it (chmod 600), or make a key of your own"
                )
            os.fchmod(stream.fileno(), 0o600)
        return stream.read(_MAX_PEM_BYTES) or b""


def _parse_private(data: bytes, path: Path) -> SigningKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # TypeError: it is encrypted
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(
            f"{str(path)!r} is not a signing key (Ed25519 in PEM, not encrypted, is expected); put the right "
            "file back"
        )
    return SigningKey(key)


def _new_key(path: Path) -> SigningKey:
    key = SigningKey.generate()
    try:
        if not write_once(path, key.to_pem()):
            return load_signing_key(path, create=False)
    except OSError as error:
        raise StoreError(
            f"signing key {str(path)!r} cannot be written: {error.strerror}; check its folder, or "
            "name another key of names with --key-file: it lies beside that"
        ) from None
    _keep_public(path, key)
    return key


def _keep_public(path: Path, key: SigningKey) -> None:
    target = public_file(path)
    if not os.path.lexists(target):
        # The key itself may lie where nothing can be written (a mounted secret); it serves in place of this.
        with contextlib.suppress(OSError):
            write_atomic(target, key.public.to_pem(), mode=0o644)
    elif load_public_key(target) != key.public:
        raise UsageError(
            f"{str(target)!r} is not the public half of {str(path)!r}; put the right pair back, or remove the "
            "former to have it made from the latter"
        )
