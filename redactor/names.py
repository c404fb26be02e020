"""Opaque names: a keyed hash of the input's URI, since file names of calls hold numbers and names of people.

The key lies outside OUT. Without it nobody can tell which recording a name stands for, nor try names of files
until one fits; with another key the same input gets another name, so a run with the wrong key is refused.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path
from urllib.parse import quote

from redactor.errors import StoreError, UsageError
from redactor.files import remove_drafts, user_config_dir, write_once

_KEY_BYTES = 32
# 128 bits: two of a billion recordings collide with a probability of 1e-21.
_NAME_HEX_DIGITS = 32
# Of 255, Linux's NAME_MAX: a temporary file is called ".NAME.01234567.tmp" (see redactor/staging.py).
_MAX_PART_BYTES = 255 - len(".") - len(".01234567.tmp")


def default_key_file() -> Path:
    """The user's own key file."""
    return user_config_dir() / "names.key"


def load_key(path: Path, *, create: bool) -> bytes:
    """Read the key of names, or make one.

    Raises
    ------
    UsageError
        If there is no key and none is to be made, or the file is not a key.
    StoreError
        If a new key cannot be written.
    """
    try:
        if path.exists() and not path.is_file():  # whoever opened a pipe would wait for it
            raise OSError
        with path.open(encoding="ascii") as file:
            text = file.read(4 * _KEY_BYTES).strip()
    except FileNotFoundError:
        if not create:
            raise UsageError(
                f"key file {str(path)!r} is missing, and this run folder needs the key that its names were "
                "made with: put it back, or name it with --key-file"
            ) from None
        return _new_key(path)
    except (OSError, ValueError):
        raise UsageError(
            f"key file {str(path)!r} cannot be read; put the right file back, or name it with --key-file"
        ) from None
    if not re.fullmatch(rf"[0-9a-f]{{{2 * _KEY_BYTES}}}", text):
        raise UsageError(
            f"{str(path)!r} is not a key file ({2 * _KEY_BYTES} hexadecimal digits are expected); put the "
            "right file back, or name it with --key-file"
        )
    remove_drafts(path)
    return bytes.fromhex(text)


def _new_key(path: Path) -> bytes:
    key = secrets.token_bytes(_KEY_BYTES)
    try:
        if not write_once(path, key.hex().encode() + b"\n"):
            return load_key(path, create=False)
    except OSError as error:
        raise StoreError(
            f"key file {str(path)!r} cannot be written: {error.strerror}; name another with --key-file"
        ) from None
    return key


def key_fingerprint(key: bytes) -> str:
    """Tells keys apart without giving one away."""
    return _keyed(key, b"fingerprint")[:16]


def opaque_name(uri: str, key: bytes) -> str:
    """NAME of a recording: 32 hexadecimal digits."""
    return _keyed(key, b"name\0" + uri.encode())[:_NAME_HEX_DIGITS]


def _keyed(key: bytes, message: bytes) -> str:
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def kept_name(relative: Path) -> str:
    """NAME under --keep-names: the input's relative path without its extension, fit for any file system.

    Control characters and bytes that are not UTF-8 are percent-encoded.
    """
    without_extension = relative.with_suffix("") if relative.stem else relative
    # "." is a folder that was named as INPUT and cannot be read.
    return "/".join(_printable(os.fsencode(part)) for part in without_extension.parts or ["."])


def is_too_long(name: str) -> bool:
    """Whether a file system may refuse files of this NAME, whatever is put around it."""
    return any(len(os.fsencode(part)) > _MAX_PART_BYTES for part in name.split("/"))


def _printable(part: bytes) -> str:
    try:
        text = part.decode()
    except UnicodeDecodeError:
        text = ""
    if text and text.isprintable() and not text.startswith("."):
        return text
    return quote(part, safe=" ()[]{}!#$&'+,;=@^~-_").replace(".", "%2E", 1)
