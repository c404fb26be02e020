"""One line of the record: what may stand in it, its canonical form, its hash."""

from __future__ import annotations

import functools
import hashlib
import hmac
import json
import math
import os
import pwd
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

# Hash in front of the first line.
NO_HASH = "0" * 64
# A reader needs a bound: a file that was tampered with may be one line of any length.
MAX_LINE_BYTES = 64 * 1024
MAX_TEXT = 200
# Exact in every reader of JSON, those that know only doubles included.
_MAX_INT = 2**53 - 1
_MAX_DEPTH = 8
# Printable ASCII without the space, so that no sentence fits in, and without quote and backslash, so that
# every value stands in the file as it is.
_SAFE = re.compile(r"[!#-\[\]-~]*")
_SAFE_TO_KEEP = "!#$&'()*+,/:;=?@[]^`{|}~"
_FIELD = re.compile(r"[a-z][a-z0-9_.:-]{0,63}")
_KIND = re.compile(r"[a-z][a-z0-9-]{0,39}")
_SHA256 = re.compile("[0-9a-f]{64}")
_TYPES = {"event": str, "fields": dict, "hash": str, "previous": str, "seq": int, "time": str, "who": str}
_BEFORE_HASH = b'"hash":"'
_HASH_MEMBER_BYTES = len(_BEFORE_HASH) + 64 + len(b'",')

_encode = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False, check_circular=False
).encode


@dataclass(frozen=True)
class Event:
    """Something to be recorded.

    Attributes
    ----------
    kind : str
        Slug: "run-started", "recording", "withdrawn", "forgotten", "run-ended", "challenge" and so on.
    fields : mapping of str to value
        A value is a str, int, float, bool, None, or a list or mapping of values. Texts have at most 200
        characters of printable ASCII and no space, quote or backslash; see :func:`word`.

    Raises
    ------
    ValueError
        For everything else: a fault of the code that records. The message does not quote the value.
    """

    kind: str
    fields: Mapping[str, Any]

    def __post_init__(self) -> None:
        if not isinstance(self.kind, str) or not _KIND.fullmatch(self.kind):
            raise ValueError("the kind of an event is a slug")
        if not isinstance(self.fields, Mapping):
            raise ValueError("the fields of an event are a mapping")
        object.__setattr__(self, "fields", _checked(self.fields, depth=0))


def _checked(value: Any, *, depth: int) -> Any:
    """A copy in plain JSON types."""
    if depth > _MAX_DEPTH:
        raise ValueError("a value of an event is nested too deep")
    if value is None or isinstance(value, bool):
        return value
    if type(value) is int and abs(value) <= _MAX_INT or type(value) is float and math.isfinite(value):
        return value
    if isinstance(value, str) and len(value) <= MAX_TEXT and _SAFE.fullmatch(value):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [_checked(item, depth=depth + 1) for item in value]
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) and _FIELD.fullmatch(key) for key in value):
            raise ValueError("a key in an event is not a slug")
        return {str(key): _checked(item, depth=depth + 1) for key, item in value.items()}
    raise ValueError(f"a value of an event may not be recorded (type {type(value).__name__})")


def word(text: str) -> str:
    """A text from outside (name of a policy, a model) as a value of an event: percent-encoded, cut at 200.

    Not for names of recordings that were kept, or anything else that may tell who speaks.
    """
    return quote(text.encode(errors="backslashreplace"), safe=_SAFE_TO_KEEP)[:MAX_TEXT]


def keyed_digest(key: bytes, sha256: str) -> str:
    """What stands for an input in the record: HMAC-SHA256 of its digest under the run's key of names.

    The plain digest would tell everybody who has a copy of the recording that it was here.

    Raises
    ------
    ValueError
        If `sha256` is not a SHA-256 in hexadecimal digits.
    """
    if not _SHA256.fullmatch(sha256):
        raise ValueError("not a SHA-256")
    return hmac.new(key, b"audit input\0" + sha256.encode(), hashlib.sha256).hexdigest()


def canonical(value: Any) -> bytes:
    """The one rendering of a JSON value: sorted keys, no spaces, ASCII."""
    return _encode(value).encode("ascii")


@dataclass(frozen=True)
class Position:
    """Where a chain ends: the number of its lines, and the hash of the last."""

    count: int
    hash: str


START = Position(0, NO_HASH)


@dataclass(frozen=True)
class Line:
    """What the chain needs of a line."""

    seq: int
    time: str
    event: str
    previous: str
    hash: str


class BadLine(Exception):
    """A line that is not one; the argument is the reason's slug."""


def format_line(event: Event, after: Position, *, time: str, who: str) -> tuple[bytes, Position]:
    """The bytes of the line that follows `after`, newline included, and where the chain ends with it.

    Raises
    ------
    ValueError
        If the event is too large for one line.
    """
    content = {
        "seq": after.count + 1,
        "time": time,
        "who": who,
        "event": event.kind,
        "fields": event.fields,
        "previous": after.hash,
    }
    digest = hashlib.sha256(canonical(content)).hexdigest()
    line = canonical({**content, "hash": digest}) + b"\n"
    if len(line) > MAX_LINE_BYTES:
        raise ValueError("an event is too large for one line")
    return line, Position(after.count + 1, digest)


def parse_json(raw: bytes) -> dict[str, Any]:
    """The object that a line is.

    Raises
    ------
    BadLine
        "not-json".
    """
    try:
        value = json.loads(raw.decode("ascii"))
    except (ValueError, RecursionError):
        raise BadLine("not-json") from None
    if not isinstance(value, dict):
        raise BadLine("not-json")
    return value


def parse_line(raw: bytes) -> Line:
    """Read a line, without its newline, and hold it to its own hash.

    Raises
    ------
    BadLine
        "not-json"; "malformed" (not what this module writes, be it one space); "hash".
    """
    value = parse_json(raw)
    if value.keys() != _TYPES.keys() or any(type(value[k]) is not t for k, t in _TYPES.items()):
        raise BadLine("malformed")
    try:
        # Two of one key, NaN and 1E0 included: what is hashed must be what every reader reads.
        is_canonical = canonical(value) == raw
    except (ValueError, RecursionError):
        is_canonical = False
    if not is_canonical:
        raise BadLine("malformed")
    # Texts cannot hold this: in them a quote is escaped. And no key of a line sorts between hash and these.
    at = raw.rindex(_BEFORE_HASH)
    if hashlib.sha256(raw[:at] + raw[at + _HASH_MEMBER_BYTES :]).hexdigest() != value["hash"]:
        raise BadLine("hash")
    return Line(value["seq"], value["time"], value["event"], value["previous"], value["hash"])


def utc_now() -> str:
    """ISO 8601 with milliseconds and Z, in which earlier sorts first."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


@functools.cache
def who() -> str:
    """Login name and number of the user that this process runs as: ``name(uid)``."""
    uid = os.getuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:  # a container's user has no entry
        name = "unknown"
    return f"{word(name)[:100]}({uid})"
