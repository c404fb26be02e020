"""Who a subject is stands nowhere but as a keyed hash; the key lies outside OUT, beside the key of names."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from pathlib import Path

from redactor.errors import StoreError, UsageError
from redactor.files import user_config_dir
from redactor.names import load_key
from redactor.runfolder import RunFolder

MAX_ID = 200  # characters


def default_subject_key() -> Path:
    """The user's own key of subjects."""
    return user_config_dir() / "subjects.key"


def load_subject_key(path: Path, *, create: bool, folder: RunFolder) -> bytes:
    """Read the key of subjects, or make one.

    Parameters
    ----------
    path : pathlib.Path
    create : bool
        Only where nothing was hashed with it yet.
    folder : RunFolder
        Whose catalog it is for; it may not lie in there, or who has the one has the other.

    Raises
    ------
    UsageError
        If there is no key and none is to be made, the file is not a key, or it lies in the run folder.
    StoreError
        If a new key cannot be written.
    """
    place = path.resolve()
    if any(place.is_relative_to(inside.resolve()) for inside in (folder.out, folder.private)):
        raise UsageError(
            f"the key of subjects {str(path)!r} may not lie in the run folder; name one outside with "
            "--subject-key"
        )
    try:
        return load_key(path, create=create)
    except UsageError:  # which speaks of the key of names
        what = "is missing" if not path.exists() else "cannot be read, or is not a key file"
        raise UsageError(
            f"the key of subjects {str(path)!r} {what}; the catalog of this run folder cannot be used without "
            "it: put the right file back, or name it with --subject-key"
        ) from None
    except StoreError:
        raise StoreError(
            f"the key of subjects {str(path)!r} cannot be written; name another place with --subject-key"
        ) from None


def subject_hash(key: bytes, subject_id: str) -> str:
    """What stands for a subject: HMAC-SHA256 in hexadecimal digits.

    Raises
    ------
    UsageError
        For an id that is empty, longer than 200 characters, or has characters that cannot be seen.
    """
    return _keyed(key, b"redactor subject\0", subject_id)


def account_hash(key: bytes, account: str) -> str:
    """What stands for an account; never what stands for a subject of the same id.

    Raises
    ------
    UsageError
        As in :func:`subject_hash`.
    """
    return _keyed(key, b"redactor account\0", account)


def normal_id(text: str) -> str:
    """An id as it is hashed: NFC, without the spaces around it. Upper and lower case stay apart.

    Raises
    ------
    UsageError
        As in :func:`subject_hash`; the message does not quote it.
    """
    normal = unicodedata.normalize("NFC", text).strip()
    if not normal:
        raise UsageError("an id of a subject or an account is empty; give the id")
    if len(normal) > MAX_ID or not normal.isprintable():
        raise UsageError(
            f"an id of a subject or an account is longer than {MAX_ID} characters or has some that cannot be "
            "seen; give it as it stands in the catalog's source"
        )
    return normal


def _keyed(key: bytes, purpose: bytes, text: str) -> str:
    return hmac.new(key, purpose + normal_id(text).encode(), hashlib.sha256).hexdigest()
