"""A subject's own identifiers, which stay audible to that subject: on the channel of their own, word for word.

Whoever asks for their recordings may want to hear their own name and number in them. What was found there is
left unmuted only if nothing about it is unsure: the recording has a channel for the subject alone, all words of
the finding, and nothing else, are one identifier that was supplied for this request, every model heard it so,
and nothing beside it is muted for a reason of its own. No likeness counts, in sound or in spelling.

The identifiers are in memory alone: in no setting, ledger, record, report or message.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import stat
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from redactor.errors import UsageError
from redactor.intervals import CoveredTime, Interval, union
from redactor.textplaces import TextPlaces
from redactor.types import Origin, PiiSpan, Seconds, TimeSpan, Transcript, Word, join_words

_MOST_IDENTIFIERS = 1_000
_MOST_CHARS = 200
_MOST_BYTES = 1 << 20
# A word lies under a stretch if more of it does than this.
_UNDER_SHARE = 0.5
_ISO_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_MONTHS = "january february march april may june july august september october november december".split()
_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
).split()
_IN_DATES = frozenset({"of", "the"})
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_SIGNS = {"at": "@", "dot": ".", "underscore": "_", "dash": "-", "hyphen": "-"}


@dataclass(frozen=True)
class Keep:
    """What a request wants kept; goes to the workers of one run and nowhere else.

    Attributes
    ----------
    identifiers : tuple of str
        Names, numbers, addresses and dates, each as a whole; in no `repr`.
    channels : mapping of str to int
        By NAME, the channel on which the subject and nobody else speaks. In recordings that are not named,
        nothing is kept.
    """

    identifiers: tuple[str, ...] = field(repr=False)
    channels: Mapping[str, int]

    def __post_init__(self) -> None:
        if not all(isinstance(text, str) and _forms(text) for text in self.identifiers):
            raise UsageError("an identifier holds neither a letter nor a digit; leave it out")
        if not all(type(channel) is int and channel >= 0 for channel in self.channels.values()):
            raise UsageError("the channel of a subject is a number, 0 or more")

    @cached_property
    def forms(self) -> frozenset[tuple[str, ...]]:
        """How the identifiers are told from other words."""
        return frozenset(form for text in self.identifiers for form in _forms(text))

    def on(self, name: str, num_channels: int) -> Keeper | None:
        """What decides in one recording; None where nothing may be kept."""
        channel = self.channels.get(name)
        if channel is None or num_channels < 2 or channel >= num_channels or not self.forms:
            return None
        return Keeper(channel, self.forms)

    def digest(self, key: bytes, *context: str) -> str:
        """Tells one `Keep` from another for whoever has the key; nobody else can try identifiers on it.

        Parameters
        ----------
        key : bytes
            That lies outside of where the digest is kept.
        context : str
            The request among it, so that two requests never show that they keep the same.
        """
        told = [*context, sorted(set(self.identifiers)), sorted(self.channels.items())]
        message = b"redactor keep\0" + json.dumps(told, separators=(",", ":")).encode()
        return hmac.new(key, message, hashlib.sha256).hexdigest()


class _Places(TextPlaces):
    """Words of one channel of one hearing, by their times too."""

    def __init__(self, words: Iterable[Word]) -> None:
        super().__init__(words)
        self._in_order = sorted(range(len(self.words)), key=lambda index: self.words[index].start)
        self._starts = [self.words[index].start for index in self._in_order]
        self._longest = max((word.end - word.start for word in self.words), default=0.0)

    def times(self, indices: Collection[int]) -> Interval:
        """From the first to the last of some words; what has no length is taken for a millisecond."""
        start = min(self.words[index].start for index in indices)
        return start, max(max(self.words[index].end for index in indices), start + 1e-3)

    def between(self, start: Seconds, end: Seconds) -> set[int]:
        """Words of which more than half lies between two times."""
        covered = CoveredTime([(start, end)])
        first, stop = bisect_left(self._starts, start - self._longest), bisect_left(self._starts, end)
        near = ((index, self.words[index]) for index in self._in_order[first:stop])
        return {index for index, word in near if covered.share(word.start, word.end) > _UNDER_SHARE}


@dataclass(frozen=True)
class Stretch:
    """Findings that overlap each other and are one identifier together.

    Attributes
    ----------
    start, end : float
        Of their words.
    channel : int
    found : tuple of PiiSpan
    """

    start: Seconds
    end: Seconds
    channel: int
    found: tuple[PiiSpan, ...]

    @property
    def span(self) -> TimeSpan:
        types = tuple(sorted({pii.entity_type for pii in self.found}))
        return TimeSpan(self.start, self.end, (self.channel,), types, Origin.DETECTED)

@dataclass(frozen=True, repr=False)
class Keeper:
    """Decides for one recording; without a `repr`, so that what it knows gets into no message."""

    channel: int
    forms: frozenset[tuple[str, ...]]

    def stretches(self, transcript: Transcript, found: Sequence[PiiSpan]) -> tuple[Stretch, ...]:
        """What of the findings of a first pass may be left unmuted, in order of time.

        All that overlap are one, whichever hearing they are of: if they are an identifier only in part, or
        another model heard something else at that time, none of them is among the result.
        """
        places = [_Places(hearing.words(self.channel)) for hearing in transcript.hearings]
        located = [
            (*places[pii.hearing].times(under), pii)
            for pii in found
            if pii.channel == self.channel and (under := places[pii.hearing].under(pii))
        ]
        located.sort(key=lambda found: found[:2])
        starts = [start for start, _, _ in located]
        stretches = []
        for start, end in union((start, end) for start, end, _ in located):
            group = tuple(found[2] for found in located[bisect_left(starts, start) : bisect_right(starts, end)])
            said = {self._said(places, group, number, (start, end)) for number in range(len(places))}
            if len(said) == 1 and None not in said:
                stretches.append(Stretch(start, end, self.channel, group))
        return tuple(stretches)

    def objections(
        self, left: Transcript, found: Sequence[PiiSpan], kept: Sequence[TimeSpan]
    ) -> tuple[PiiSpan, ...]:
        """What the check may not excuse of what it found: all but an identifier where one was kept.

        Parameters
        ----------
        left : Transcript
            What the check read or heard, without what other models heard.
        found : sequence of PiiSpan
            In it.
        kept : sequence of TimeSpan
            Where the first pass says that it kept something.
        """
        place = _Places(left.words(self.channel))
        own = [
            (pii, under, place.times(under))
            for pii in found
            if pii.channel == self.channel and not pii.hearing and (under := place.under(pii))
        ]
        excused: set[PiiSpan] = set()
        for span in kept:
            if span.channels != (self.channel,):
                continue
            inside = [(pii, under) for pii, under, (start, end) in own if start < span.end and span.start < end]
            under = {index for _, indices in inside for index in indices}
            # The check may find a part of it, or hear its border elsewhere.
            for indices in (under, under | place.between(span.start, span.end)):
                if self._form(place, indices) is not None:
                    excused.update(pii for pii, _ in inside)
        return tuple(pii for pii in found if pii not in excused)

    def _said(
        self, places: Sequence[_Places], group: Sequence[PiiSpan], number: int, times: Interval
    ) -> tuple[str, ...] | None:
        """The identifier that one hearing has there: under the findings, and at their time."""
        under = {index for pii in group if pii.hearing == number for index in places[number].under(pii)}
        return self._form(places[number], under | places[number].between(*times))

    def _form(self, place: TextPlaces, indices: Collection[int]) -> tuple[str, ...] | None:
        """Which identifier these words are, all of them and nothing else."""
        if not indices or len(indices) != max(indices) - min(indices) + 1:
            return None
        first, stop = min(indices), max(indices) + 1
        words = place.words[first:stop]
        # An ellipsis stands for what is muted; and a piece of a longer word is another word.
        if not all(any(c.isalnum() for c in word.text) for word in words):
            return None
        if words[0].joined and first and _is_said(place.words[first - 1].text):
            return None
        if stop < len(place.words) and place.words[stop].joined and _is_said(place.words[stop].text):
            return None
        return next((form for form in _forms(join_words(words)) if form in self.forms), None)


def read_identifiers(path: Path) -> tuple[str, ...]:
    """Identifiers from a private file, one a line; empty lines do not count.

    Raises
    ------
    UsageError
        If others may read the file, or a line cannot be an identifier; no message quotes one.
    """
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise UsageError(f"{str(path)!r} is no file; write the identifiers into one")
            if found.st_mode & 0o077:
                raise UsageError(f"others may read {str(path)!r}; use `chmod 600` on it first")
            raw = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{str(path)!r} cannot be read: {error.strerror}; name a file of your own") from None
    if len(raw) > _MOST_BYTES:
        raise UsageError(f"{str(path)!r} is too long for a list of identifiers; name the right file")
    try:
        lines = raw.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise UsageError(f"{str(path)!r} is not UTF-8 text; save it as such") from None
    identifiers = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        if len(line) > _MOST_CHARS or not _forms(line):
            raise UsageError(
                f"line {number} of {str(path)!r} is too long, or holds neither a letter nor a digit; write one "
                "identifier a line"
            )
        identifiers.append(line.strip())
    if not identifiers or len(identifiers) > _MOST_IDENTIFIERS:
        raise UsageError(f"{str(path)!r} holds no identifier, or over {_MOST_IDENTIFIERS:,}; write one a line")
    return tuple(identifiers)


def _is_said(text: str) -> bool:
    return any(c.isalnum() for c in text)


def _forms(text: str) -> list[tuple[str, ...]]:
    """Forms in which one text is the same as another: as an address, and as words and digits."""
    text = unicodedata.normalize("NFC", text).strip()
    if date := _ISO_DATE.fullmatch(text):
        year, month, day = (int(part) for part in date.groups())
        if 1 <= month <= len(_MONTHS):
            return [*_words(f"{_MONTHS[month - 1]} {day} {year}"), *_words(text)]
    return [*_address(text), *_words(text)]


def _words(text: str) -> Iterator[tuple[str, ...]]:
    """Words as they are, numbers digit by digit however they are said; a date with its month first."""
    units = list(_units(text))
    said = [unit for unit in units if not unit.isdigit()]
    if len(said) < len(units) and len([unit for unit in said if unit in _MONTHS]) == 1:
        dated = [unit for unit in _units(_with_numbers(text)) if unit not in _IN_DATES]
        months = [unit for unit in dated if not unit.isdigit()]
        if len(months) == 1:
            units = [*months, *(unit for unit in dated if unit.isdigit())]
    if units:
        yield tuple(units)


def _with_numbers(text: str) -> str:
    """Of a date: "twenty first", "4th" and "fourth" as numbers."""
    text = re.sub(r"(?i)\b(\d{1,2})(?:st|nd|rd|th)\b", r"\1", text)
    ordinals = {name: number for number, name in enumerate(_ORDINALS, start=1)}
    ordinals |= {"thirtieth": 30}
    for tens, value in (("twenty", 20), ("thirty", 30)):
        for number, name in enumerate(_ORDINALS[:9], start=1):
            text = re.sub(rf"(?i)\b{tens}[\s-]+{name}\b", str(value + number), text)
    return re.sub(r"(?i)\b[a-z]+th\b|\b(?:fir|seco|thi)\w+\b", lambda m: _ordinal(m[0], ordinals), text)


def _ordinal(word: str, ordinals: Mapping[str, int]) -> str:
    number = ordinals.get(word.casefold())
    return word if number is None else str(number)


def _units(text: str) -> Iterator[str]:
    # Inside, since detectors take long to load and not everything that imports this needs them.
    from redactor.detect.recognizers.numerals import runs
    from redactor.detect.recognizers.spoken import FILLERS, Kind, tokenize

    tokens = tokenize(text)
    # A word that only might be a digit, and "hundred", which is none by itself, stay words.
    parts = {
        part.first: part
        for run in runs(tokens, text)
        for part in run.parts
        if part.digits and part.sure and not part.quantity
    }
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if part := parts.get(at):
            yield from part.digits
            at = part.last
            continue
        if token.kind is Kind.NUMBER:
            yield from token.text
        elif token.text not in FILLERS:
            yield token.text.replace("'", "")
        at += 1


def _address(text: str) -> Iterator[tuple[str, ...]]:
    """An e-mail address without blanks, its signs as signs."""
    from redactor.detect.recognizers.spoken import FILLERS, tokenize

    pieces: list[str] = []
    for token in tokenize(text):
        if pieces and token.gap in ("@", ".", "_", "-"):
            pieces.append(token.gap)
        if token.text not in FILLERS:
            pieces.append(_SIGNS.get(token.text, token.digits or token.text))
    if _ADDRESS.fullmatch(whole := "".join(pieces)):
        yield ("@", whole)
