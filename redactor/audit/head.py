"""The signed end of a chain. A head comes from outside: nothing in it is believed before its signature is."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redactor.audit.keys import PublicKey, SigningKey
from redactor.audit.lines import NO_HASH, Position, canonical, utc_now
from redactor.errors import UsageError

# A signature under this counts for nothing else that the same key may ever sign.
_DOMAIN = b"redactor audit head v1\0"
_MAX_BYTES = 4096
_PATTERNS = {
    "hash": "[0-9a-f]{64}",
    "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
    "key": "[0-9a-f]{32}",
    "signature": "[0-9a-f]{128}",
}
_MAX_COUNT = 2**53 - 1


@dataclass(frozen=True)
class Head:
    """How long a record is and how it ends, signed.

    Attributes
    ----------
    count : int
        Lines.
    hash : str
        Of the last line; 64 zeros for none.
    time : str
        When it was signed: UTC, ISO 8601.
    key : str
        Fingerprint of the key that signed.
    signature : str
        Ed25519 (RFC 8032) in hexadecimal digits, over ``"redactor audit head v1" NUL`` and the canonical JSON
        of the other four.
    """

    count: int
    hash: str
    time: str
    key: str
    signature: str

    @property
    def position(self) -> Position:
        """Where the chain ended."""
        return Position(self.count, self.hash)

    def is_signed_by(self, key: PublicKey) -> bool:
        """Whether the signature is that of `key` over this count, hash and time."""
        message = _message(self.position, time=self.time, key=self.key)
        return key.has_signed(bytes.fromhex(self.signature), message)

    def to_document(self) -> dict[str, Any]:
        """For a certificate or a package."""
        return {
            "count": self.count,
            "hash": self.hash,
            "time": self.time,
            "key": self.key,
            "signature": self.signature,
        }

    def to_json(self) -> str:
        """The canonical rendering, without a newline."""
        return canonical(self.to_document()).decode()

    @classmethod
    def from_document(cls, document: Any, *, where: str) -> Head:
        """Check the form of a head; :meth:`is_signed_by` says whether to believe it.

        Parameters
        ----------
        where : str
            For the message: the file it stands in.

        Raises
        ------
        UsageError
            If it is not a head.
        """
        if not isinstance(document, dict):
            raise _not_a_head(where, "not an object")
        if extra := document.keys() ^ {"count", *_PATTERNS}:
            missing = sorted({"count", *_PATTERNS} & extra)
            raise _not_a_head(where, f"{', '.join(missing)} missing" if missing else "unknown keys")
        for name, pattern in _PATTERNS.items():
            if not isinstance(document[name], str) or not re.fullmatch(pattern, document[name], re.ASCII):
                raise _not_a_head(where, f"{name} is not of the right form")
        count = document["count"]
        if type(count) is not int or not 0 <= count <= _MAX_COUNT:
            raise _not_a_head(where, "count is not a number of lines")
        if (count == 0) != (document["hash"] == NO_HASH):
            raise _not_a_head(where, "count and hash disagree")
        return cls(**document)

    @classmethod
    def from_json(cls, text: str | bytes, *, where: str) -> Head:
        """As :meth:`from_document`, from JSON text."""
        try:
            if len(text) > _MAX_BYTES:
                raise _not_a_head(where, "too long")
            document = json.loads(text)
        except (ValueError, RecursionError):
            raise _not_a_head(where, "not JSON") from None
        return cls.from_document(document, where=where)


def sign_head(end: Position, key: SigningKey) -> Head:
    """Sign the end of a chain."""
    time, fingerprint = utc_now(), key.public.fingerprint
    signature = key.sign(_message(end, time=time, key=fingerprint))
    return Head(end.count, end.hash, time, fingerprint, signature.hex())


def head_file(log: Path) -> Path:
    """Where the head of a log lies: ``audit.head.json`` beside ``audit.jsonl``."""
    return log.with_suffix(".head.json")


def read_head(path: Path) -> Head:
    """Read a head from a file.

    Raises
    ------
    FileNotFoundError
        If there is none.
    UsageError
        If it cannot be read or is not a head.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UsageError(f"head {str(path)!r} cannot be read: {error.strerror}") from None
    return Head.from_json(data, where=str(path))


def _message(end: Position, *, time: str, key: str) -> bytes:
    return _DOMAIN + canonical({"count": end.count, "hash": end.hash, "time": time, "key": key})


def _not_a_head(where: str, reason: str) -> UsageError:
    return UsageError(f"{where!r} is not the head of a record ({reason}); put the right file back")
