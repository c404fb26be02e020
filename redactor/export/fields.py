"""Values of a catalog's source, made plain: ids, channel roles, dates, languages. What cannot be is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from redactor.errors import UsageError
from redactor.export.subjects import MAX_ID, normal_id

ROLES = frozenset({"subject", "agent", "other"})
MAX_OTHERS = 100
_MAX_CHANNELS = 256
_MAX_ROLES_TEXT = 4096
_MAX_OTHERS_TEXT = MAX_OTHERS * (MAX_ID + 2)
_MAX_WHEN_TEXT = 40
_MAX_DEVICE = 100
# What a spreadsheet makes of a long number: many ids become one, and with them many people.
_SPREADSHEET_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?[eE]\+?\d+")
_EARLIEST = datetime(1877, 1, 1)  # nobody's voice could be recorded and played before
_DAY = timedelta(days=1)  # a time without a zone may be one of tomorrow
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,4}")
# ISO 639-1, and "jw", which Whisper calls Javanese.
_TWO_LETTERS = frozenset(
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de "
    "dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id "
    "ie ig ii ik io is it iu ja jv jw ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt "
    "lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt "
    "qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to "
    "tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu".split()
)


class FieldError(ValueError):
    """A value that cannot be; it is not quoted."""


def parse_id(value: Any) -> str | None:
    """An id as it is hashed; None if there is none.

    Numbers are taken if they are whole: 12345.0, which a table with gaps makes of 12345, would be another
    person.

    Raises
    ------
    FieldError
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, Decimal) and value.is_finite() and value.as_tuple().exponent == 0:
        value = int(value)
    if isinstance(value, UUID) or type(value) is int and abs(value) < 10**MAX_ID:
        value = str(value)
    if not isinstance(value, str):
        raise FieldError("an id is a text or a whole number")
    try:
        normal = normal_id(value)
    except UsageError as error:
        raise FieldError(str(error)) from None
    if _SPREADSHEET_NUMBER.fullmatch(normal):
        raise FieldError("a spreadsheet rounded the id")
    return normal


def parse_others(value: Any) -> list[str]:
    """Ids out of a list, or a text with semicolons between them.

    Raises
    ------
    FieldError
    """
    if value is None:
        return []
    if isinstance(value, str):
        if len(value) > _MAX_OTHERS_TEXT:
            raise FieldError("too many others")
        value = value.split(";")
    if not isinstance(value, (list, tuple)) or len(value) > MAX_OTHERS:
        raise FieldError("others are a list of ids, or ids with semicolons between them")
    return [found for item in value if (found := parse_id(item)) is not None]


def parse_roles(value: Any) -> dict[int, str]:
    """What is on which channel: ``{"0": "subject"}`` as a mapping, pairs or JSON, or ``0=subject;1=agent``.

    Raises
    ------
    FieldError
        Also for a channel that is named twice.
    """
    roles: dict[int, str] = {}
    for channel, role in _role_pairs(value):
        if role is None:  # a table has every channel in every row
            continue
        number = _channel(channel)
        if not isinstance(role, str) or role.strip().lower() not in ROLES:
            raise FieldError(f"a role is one of {', '.join(sorted(ROLES))}")
        if number in roles:
            raise FieldError("a channel is named twice")
        roles[number] = role.strip().lower()
    return dict(sorted(roles.items()))


def _role_pairs(value: Any) -> Sequence[tuple[Any, Any]]:
    if value is None:
        return []
    if isinstance(value, str):
        value = _role_text(value.strip())
    pairs = list(value.items()) if isinstance(value, Mapping) else value
    if (
        not isinstance(pairs, (list, tuple))
        or len(pairs) > _MAX_CHANNELS
        or not all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in pairs)
    ):
        raise FieldError("roles are a JSON object, or 0=subject;1=agent")
    return pairs


def _role_text(text: str) -> Any:
    if len(text) > _MAX_ROLES_TEXT:
        raise FieldError("roles are too long")
    if not text.startswith("{"):
        return [piece.split("=", 1) for piece in text.split(";") if piece.strip()]
    try:
        # Pairs, since of two of one key the reader would keep one.
        return json.loads(text, object_pairs_hook=list)
    except (ValueError, RecursionError):
        raise FieldError("roles are not JSON") from None


def _channel(value: Any) -> int:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,3}", value.strip()):
        value = int(value)
    if type(value) is not int or not 0 <= value < _MAX_CHANNELS:
        raise FieldError("a channel is a number from 0 on")
    return value


def parse_when(value: Any, *, now: float) -> str | None:
    """A day, or a time to the second: with its zone as it was given, Z for UTC, or without one.

    Its day is the one that the source has, and that whoever was there knows: in UTC it may be another.

    Parameters
    ----------
    value : str, datetime, date or None
        Text is ISO 8601.
    now : float
        Seconds since the epoch.

    Raises
    ------
    FieldError
        Also for what is in the future, or before there were recordings.
    """
    if isinstance(value, str):
        value = _moment(value.strip())
    if value is None:
        return None
    if isinstance(value, datetime):
        try:
            moment = value if value.tzinfo is None else value.astimezone(UTC)
        except OverflowError:
            raise FieldError("no date that can be") from None
        written = value.isoformat(timespec="seconds")
        written = f"{written.removesuffix('+00:00')}Z" if written.endswith("+00:00") else written
    elif isinstance(value, date):
        moment, written = datetime(value.year, value.month, value.day), value.isoformat()
    else:
        raise FieldError("a date is ISO 8601")
    latest = datetime.fromtimestamp(now, UTC).replace(tzinfo=None) + _DAY
    if not _EARLIEST <= moment.replace(tzinfo=None) <= latest:
        raise FieldError("no date that can be")
    return written


def _moment(text: str) -> datetime | date | None:
    if not text:
        return None
    if len(text) <= _MAX_WHEN_TEXT:
        for read in (date.fromisoformat, datetime.fromisoformat):
            try:
                return read(text)
            except ValueError:
                continue
    raise FieldError("a date is ISO 8601")


def parse_language(value: Any) -> str | None:
    """A language tag (BCP 47) as it is commonly written: ``en``, ``de-CH``, ``zh-Hant-TW``.

    Raises
    ------
    FieldError
    """
    if value is None or value == "" or isinstance(value, str) and not value.strip():
        return None
    if not isinstance(value, str) or not _LANGUAGE.fullmatch(value.strip()):
        raise FieldError("a language is a tag such as en or de-CH")
    first, *rest = re.split("[-_]", value.strip().lower())
    if len(first) == 2 and first not in _TWO_LETTERS:
        raise FieldError("no such language")
    written = {2: str.upper, 4: str.title}
    return "-".join([first, *(written.get(len(part), str)(part) for part in rest)])


def parse_device(value: Any) -> str | None:
    """A short text.

    Raises
    ------
    FieldError
    """
    if value is None or isinstance(value, str) and not value.strip():
        return None
    text = str(value).strip() if isinstance(value, str) or type(value) is int else ""
    if not text or len(text) > _MAX_DEVICE or not text.isprintable():
        raise FieldError("a device is a short text")
    return text
