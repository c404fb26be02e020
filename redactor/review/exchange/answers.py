"""What a tool's file says of clips, put together and checked as far as the file alone can tell.

No message quotes a file: a person may have typed what they heard into any field.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from redactor.entities import ENTITY_TYPES
from redactor.errors import UsageError
from redactor.review.comments import MAX_CHARS, tidy
from redactor.review.entries import Opinion
from redactor.review.queue import MAX_MARKS, OTHER
from redactor.types import Seconds

MARK_TYPES = (*ENTITY_TYPES, OTHER)

# Far beyond any export of a reviewer's clips, and still nothing that fills a machine's memory.
MAX_FILE_BYTES = 64 << 20

_NUMBER = re.compile(r"[+-]?[0-9]{1,12}(\.[0-9]{0,18})?([eE][+-]?[0-9]{1,3})?")
_OPINIONS = {re.sub("[^a-z]", "", opinion.value): opinion for opinion in Opinion}


@dataclass(frozen=True)
class Said:
    """One thing that a file says of a clip.

    Attributes
    ----------
    clip : str
        As the file has it.
    place : str
        File and line or task, for a person.
    opinion : Opinion or None
        None if it is a comment alone.
    start, end : float or None
        Of a mark, in seconds of the clip.
    type : str or None
        Of a mark.
    comment : str
    """

    clip: str
    place: str
    opinion: Opinion | None = None
    start: Seconds | None = None
    end: Seconds | None = None
    type: str | None = None
    comment: str = ""

    @property
    def has_mark(self) -> bool:
        return self.start is not None


@dataclass(frozen=True)
class Answer:
    """All that a file says of one clip.

    Attributes
    ----------
    clip : str
    place : str
        Where the file begins to speak of it.
    opinion : Opinion
    marks : tuple of Said
        Those of `opinion`, as the file has them: not yet held to the length of the clip.
    comment : str
    num_left_out : int
        Marks of too much muting beside a leak: a verdict is one or the other.
    """

    clip: str
    place: str
    opinion: Opinion
    marks: tuple[Said, ...]
    comment: str
    num_left_out: int


def answers(said: Iterable[Said]) -> list[Answer]:
    """Put together what is said of each clip, in the order of the file.

    Raises
    ------
    UsageError
        If a clip has no verdict, or several that exclude each other, or a leak without a place or type.
    """
    of_clip: dict[str, list[Said]] = {}
    for piece in said:
        of_clip.setdefault(piece.clip, []).append(piece)
    return [_answer(clip, pieces) for clip, pieces in of_clip.items()]


def _answer(clip: str, pieces: list[Said]) -> Answer:
    place = pieces[0].place
    opinions = {piece.opinion for piece in pieces if piece.opinion is not None}
    if not opinions:
        raise UsageError(
            f"{place}: the clip has no verdict; say clean, leak, too-much or cannot-tell, or take it out of "
            "the file if it was not heard"
        )
    if len(opinions) > 1 and opinions != {Opinion.LEAK, Opinion.TOO_MUCH}:
        words = " and ".join(sorted(opinions))
        raise UsageError(f"{place}: the clip is said to be {words}; leave one of them")
    # Both may be true of a clip; what was heard weighs more than what was not.
    opinion = Opinion.LEAK if Opinion.LEAK in opinions else opinions.pop()
    marks = [piece for piece in pieces if piece.has_mark]
    own = tuple(piece for piece in marks if piece.opinion is opinion)
    if opinion is Opinion.LEAK and not own:
        raise UsageError(f"{place}: a leak has no mark; mark where it is heard and name its type")
    if len(own) > MAX_MARKS:
        raise UsageError(
            f"{place}: the clip has more than {MAX_MARKS} marks; join those that lie close together"
        )
    comments = dict.fromkeys(text for text in (tidy(piece.comment) for piece in pieces) if text)
    comment = " / ".join(comments)
    if len(comment) > MAX_CHARS:
        raise UsageError(f"{place}: the comment is longer than {MAX_CHARS} characters; shorten it")
    return Answer(clip, place, opinion, own, comment, len(marks) - len(own))


def opinion_of(text: str, place: str) -> Opinion:
    """A verdict as people write it: ``Too much``, ``too-much`` and ``TOO_MUCH`` are one."""
    opinion = _OPINIONS.get(re.sub("[^a-z]", "", text.casefold()))
    if opinion is None:
        raise UsageError(f"{place}: unknown verdict; use clean, leak, too-much or cannot-tell")
    return opinion


def type_of(text: str, place: str) -> str:
    """A type as people write it: ``phone number`` is PHONE_NUMBER."""
    name = re.sub(r"[\s_-]+", "_", text.strip()).upper()
    if name not in MARK_TYPES:
        raise UsageError(
            f"{place}: unknown type; use one of the README's entity types, such as PERSON or PHONE_NUMBER, or "
            f"{OTHER}"
        )
    return name


def seconds_of(text: str, place: str) -> Seconds:
    """A written number of seconds."""
    if not _NUMBER.fullmatch(text.strip()):
        raise UsageError(f"{place}: a time is not a number of seconds; write it as in 12.5")
    return finite(float(text), place)


def finite(number: float, place: str) -> Seconds:
    """A number of seconds that is one."""
    if not math.isfinite(number):
        raise UsageError(f"{place}: a time is not a number of seconds; mark the stretch again")
    return number


def read_file(path: Path, *, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """The bytes of a file that a tool wrote.

    Raises
    ------
    UsageError
        If there is none, it cannot be read, or it is too large to be an export.
    """
    if not path.is_file():
        raise UsageError(f"{str(path)!r} is not a file; name what the tool exported")
    try:
        with path.open("rb") as stream:
            data = stream.read(max_bytes + 1)
    except OSError as error:
        raise UsageError(f"{str(path)!r} cannot be read: {error.strerror}") from None
    if len(data) > max_bytes:
        raise UsageError(
            f"{str(path)!r} is larger than {max_bytes >> 20} MiB, more than any export of verdicts; name the "
            "file that the tool exported"
        )
    return data


def decoded(data: bytes, name: str) -> str:
    """The text of such a file, without a byte order mark."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{name}: not UTF-8 text; export or save it as UTF-8") from None
