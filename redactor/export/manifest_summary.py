"""What an approver is shown of a manifest, and whether it is the request's at all."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redactor.audit.lines import canonical
from redactor.errors import UsageError
from redactor.export.entries import Purpose
from redactor.types import Seconds

_MAX_BYTES = 256 << 20
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_REASON = re.compile(r"[a-z][a-z0-9-]{0,63}", re.ASCII)


@dataclass(frozen=True)
class Summary:
    """A manifest in a few figures.

    Attributes
    ----------
    sha256 : str
        Of the canonical manifest: what is signed.
    purpose : Purpose
    count : int
    duration : float
        Seconds.
    first, last : str or None
        Dates of the earliest and the latest recording of those that have one.
    num_undated : int
    left_out : mapping of str to int
    """

    sha256: str
    purpose: Purpose
    count: int
    duration: Seconds
    first: str | None
    last: str | None
    num_undated: int
    left_out: Mapping[str, int]


def read_manifest(path: Path) -> dict[str, Any]:
    """The document in a file.

    Raises
    ------
    UsageError
        If it cannot be read or is no JSON object, or has two of one key.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"manifest {str(path)!r} cannot be read: {error.strerror}; name the file") from None
    try:
        if len(data) > _MAX_BYTES:
            raise ValueError
        document = json.loads(data, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise UsageError(f"{str(path)!r} is not a manifest; name the one that the request was planned with")
    return document


def summarise(
    document: Mapping[str, Any], *, request: str, purpose: str, subject: str, sha256: str | None
) -> Summary:
    """Hold a manifest to its request, and count.

    Parameters
    ----------
    sha256 : str or None
        Digest of the manifest that the request was planned with.

    Raises
    ------
    UsageError
        If it is another's, was changed, or cannot be one; the message names what disagrees and no value.
    """
    try:
        digest = hashlib.sha256(canonical(document)).hexdigest()
        expected = {"request": request, "purpose": str(purpose), "subject": subject}
        wrong = [name for name, value in expected.items() if document[name] != value]
        if digest != sha256:
            wrong.append("digest")
        if wrong:
            raise UsageError(
                f"the manifest is not the one of this request ({', '.join(wrong)}); plan it again, look anew"
            )
        return _summary(document, digest)
    except (KeyError, TypeError, ValueError, RecursionError):
        raise UsageError("the manifest is damaged; plan the request again") from None


def _summary(document: Mapping[str, Any], digest: str) -> Summary:
    if document["kind"] != "redactor-export-manifest" or document["schema"] != 1:
        raise ValueError("of another kind")
    lines, left_out, purpose = document["recordings"], document["left_out"], Purpose(document["purpose"])
    if not lines or type(document["count"]) is not int or document["count"] != len(lines):
        raise ValueError("not what it counts")
    if len({line["id"] for line in lines}) != len(lines):
        raise ValueError("a recording twice")
    for number, line in enumerate(lines, 1):
        if purpose is Purpose.SUBJECT_ACCESS and line["owner"] != document["subject"]:
            raise UsageError(f"the manifest's line {number} is another subject's; stop, and look into it")
        if type(line["duration"]) not in (int, float) or not 0 <= line["duration"] < math.inf:
            raise ValueError("a duration that cannot be")
    dates = sorted(_date(line["recorded_at"]) for line in lines if line["recorded_at"] is not None)
    if not all(_REASON.fullmatch(reason) and type(n) is int for reason, n in left_out.items()):
        raise ValueError("reasons that are none")
    return Summary(
        sha256=digest,
        purpose=purpose,
        count=len(lines),
        duration=math.fsum(line["duration"] for line in lines),
        first=dates[0] if dates else None,
        last=dates[-1] if dates else None,
        num_undated=len(lines) - len(dates),
        left_out=dict(sorted(left_out.items())),
    )


def _date(text: str) -> str:
    """The day alone; it is shown on a terminal, where other characters could show anything."""
    if not _DATE.match(text):
        raise ValueError("not a date")
    return text[:10]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("two of one key")
    return dict(pairs)


def _no_constant(name: str) -> Any:
    raise ValueError(name)
