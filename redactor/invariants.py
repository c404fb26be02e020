"""What one stage may hand to the next. Anything else is nonsense, and nonsense is never released."""

from __future__ import annotations

import math
from collections.abc import Sequence

from redactor.entities import ENTITY_TYPES
from redactor.errors import NonsenseError
from redactor.intervals import CoveredTime
from redactor.policy import Policy
from redactor.textplaces import TextPlaces
from redactor.types import Origin, PiiSpan, Seconds, Sound, TimeSpan, Transcript

# Times are rounded to milliseconds on the way.
_TOLERANCE_S = 1e-3


def check_transcript(transcript: Transcript, audio: Sound) -> None:
    """Refuse a transcript that cannot belong to this audio.

    Raises
    ------
    NonsenseError
        For a duration that is not the audio's, times that are NaN, reversed or outside, channels that do
        not exist, probabilities outside 0..1, or a word that is not at its place in the text.
    """
    for hearing in transcript.others:
        check_transcript(hearing, audio)
    if not math.isclose(transcript.duration, audio.duration, abs_tol=_TOLERANCE_S):
        raise NonsenseError("the transcript is of another duration than the audio")
    for thing in (*transcript.segments, *transcript.speech):
        _check_channel(thing.channel, audio)
        _check_interval(thing.start, thing.end, audio.duration, "a segment")
    for channel in transcript.channels:
        text = transcript.text(channel)
        heard_to = 0
        for word in transcript.words(channel):
            _check_interval(word.start, word.end, audio.duration, "a word")
            # The right text at the place of an earlier word is wrong too: the other one would be muted.
            if (
                word.char_start < heard_to
                or not word.text
                or text[word.char_start : word.char_end] != word.text
            ):
                raise NonsenseError("a word is not at its place in the transcript's text")
            heard_to = word.char_end
            if not 0.0 <= word.probability <= 1.0:
                raise NonsenseError("a word's probability is not between 0 and 1")


def check_found(found: Sequence[PiiSpan], transcript: Transcript) -> None:
    """Refuse findings that lie outside the text they were found in.

    Raises
    ------
    NonsenseError
    """
    lengths = {
        (index, channel): len(hearing.text(channel))
        for index, hearing in enumerate(transcript.hearings)
        for channel in hearing.channels
    }
    for span in found:
        if span.entity_type not in ENTITY_TYPES:  # which it does not say: it may be what was found
            raise NonsenseError("a finding is of no known type")
        length = lengths.get((span.hearing, span.channel), 0)
        if not (0 <= span.char_start < span.char_end <= length):
            raise NonsenseError(f"a finding of type {span.entity_type} lies outside its text")
        if not 0.0 <= span.score <= 1.0:
            raise NonsenseError(f"a finding of type {span.entity_type} has no score between 0 and 1")


def check_spans(
    spans: Sequence[TimeSpan], found: Sequence[PiiSpan], transcript: Transcript, audio: Sound, policy: Policy
) -> None:
    """Refuse spans that leave out a channel that the policy wants muted, or a word of a finding.

    Raises
    ------
    NonsenseError
    """
    everywhere = set(range(audio.num_channels))
    for span in spans:
        # What is denied is denied on its own channel.
        wants_all = policy.align.channels == "all" and span.origin is not Origin.DENIED
        if wants_all and set(span.channels) != everywhere:
            raise NonsenseError("a muted stretch does not cover every channel, as the policy wants it")
    muted = {c: CoveredTime((s.start, s.end) for s in spans if c in s.channels) for c in everywhere}
    texts = {(pii.hearing, pii.channel) for pii in found}
    places = {(h, c): TextPlaces(transcript.hearings[h].words(c)) for h, c in texts}
    for pii in found:
        place = places[pii.hearing, pii.channel]
        under = [place.words[index] for index in place.under(pii)]
        if not all(muted[pii.channel].touches(word.start, word.end) for word in under):
            raise NonsenseError(f"a word of a finding of type {pii.entity_type} is not muted")


def _check_channel(channel: int, audio: Sound) -> None:
    if not 0 <= channel < audio.num_channels:
        raise NonsenseError(f"channel {channel} does not exist in the audio")


def _check_interval(start: Seconds, end: Seconds, duration: Seconds, what: str) -> None:
    # Comparisons with NaN are false, so this form refuses NaN as well.
    if not (0.0 <= start <= end <= duration + _TOLERANCE_S):
        raise NonsenseError(f"{what} has times that cannot be: NaN, reversed, or outside the audio")
