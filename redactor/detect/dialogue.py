"""A recording as one conversation: the words of all channels in the order in which they were said.

A question on one side explains the answer on the other, so what looks at whole conversations reads them like
this, turn by turn, and knows of every word where it stands in its channel's text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from redactor.types import Seconds, Transcript, Word

# A pause on one channel in which the other side may say something.
_PAUSE_S = 0.6


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """What stands between two spaces of a channel's text.

    Attributes
    ----------
    first_of_turn : bool
        Another side spoke before it; false for the first word of all.
    """

    text: str
    channel: int
    char_start: int
    char_end: int
    start: Seconds
    end: Seconds
    language: str
    first_of_turn: bool = False


def dialogue(transcript: Transcript) -> list[SpokenWord]:
    """Words of one hearing in the order of their turns.

    Parameters
    ----------
    transcript : Transcript
        Its other hearings are not looked at.

    Returns
    -------
    list of SpokenWord
        Turns in order of time, words of a turn in text order.
    """
    pieces = [piece for channel in transcript.channels for piece in _pieces(transcript, channel)]
    pieces.sort(key=lambda words: (words[0].start, words[0].channel))
    spoken: list[SpokenWord] = []
    for words in pieces:
        other_side = bool(spoken) and spoken[-1].channel != words[0].channel
        spoken += [replace(words[0], first_of_turn=other_side), *words[1:]]
    return spoken


def _pieces(transcript: Transcript, channel: int) -> Iterator[list[SpokenWord]]:
    """Words of a channel, cut at its pauses."""
    piece: list[SpokenWord] = []
    for word in _whole_words(transcript, channel):
        if piece and word.start - piece[-1].end >= _PAUSE_S:
            yield piece
            piece = []
        piece.append(word)
    if piece:
        yield piece


def _whole_words(transcript: Transcript, channel: int) -> Iterator[SpokenWord]:
    """Pieces that stand together in the text ("617", "-555") as one."""
    group: list[Word] = []
    language = ""
    for segment in transcript.segments:
        if segment.channel != channel:
            continue
        for word in segment.words:
            if group and not word.joined:
                yield _joined(group, channel, language)
                group = []
            group.append(word)
            language = segment.language
    if group:
        yield _joined(group, channel, language)


def _joined(group: list[Word], channel: int, language: str) -> SpokenWord:
    return SpokenWord(
        "".join(w.text for w in group),
        channel,
        group[0].char_start,
        group[-1].char_end,
        min(w.start for w in group),
        max(w.end for w in group),
        language,
    )
