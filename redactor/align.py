"""Transcript + PiiSpans -> TimeSpans, by interval overlap alone. No text is ever searched for here."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from operator import itemgetter

import numpy as np

from redactor.crosstalk import Crosstalk, is_said_on_another
from redactor.edges import EdgeRule, end_edge, spare_time, start_edge
from redactor.errors import NonsenseError, QuarantineError
from redactor.intervals import CoveredTime, Interval, subtract, union
from redactor.policy import Policy
from redactor.textplaces import TextPlaces
from redactor.timebase import outward_milliseconds
from redactor.types import Origin, PiiSpan, Seconds, TimeSpan, Transcript, Word

# Nine word times in ten are off by less than this once the bias is out (benchmarks/calibrate.py). Speech this
# near to a word is taken for that word.
_WORD_TIME_ERROR_S = 0.15
# Two hearings' times of one word border differ by less than this, as a rule.
_SAME_BORDER_S = 0.1
# A pause this long inside a finding is none of it.
_LONG_SILENCE_S = 0.8
# Around a finding, of speech that only one model made words of.
_NEAR_S = 0.6


def align(
    transcript: Transcript,
    found: Sequence[PiiSpan],
    *,
    power: np.ndarray,
    policy: Policy,
    denied: Sequence[TimeSpan] = (),
) -> tuple[TimeSpan, ...]:
    """Stretches of audio to mute: what was found, and speech that became no words; padded and merged.

    Parameters
    ----------
    transcript : Transcript
    found : sequence of PiiSpan
        Positions in the channel texts of the transcript's hearings.
    power : numpy.ndarray, shape [num_frames, num_channels], float64
        Of the recording, from :func:`redactor.kernels.power.frame_power`.
    policy : Policy
    denied : sequence of TimeSpan
        Muted as well, as they are.

    Returns
    -------
    tuple of TimeSpan
        In order of time.

    Raises
    ------
    NonsenseError
        If a finding lies on no word, so that nobody knows where it is to be heard.
    QuarantineError
        If there is speech without words and the policy does not want it muted.
    """
    spans = _detected(transcript, found, power, policy)
    spans += _unheard(transcript, spans, power, policy)
    spans = on_channels(spans, power, policy)
    merged = merge([*spans, *denied], gap=policy.align.merge_gap_ms / 1000)
    return tuple(_on_milliseconds(span, transcript.duration) for span in merged)


def on_channels(spans: Iterable[TimeSpan], power: np.ndarray, policy: Policy) -> list[TimeSpan]:
    """Spans on the channels that the policy wants silent where something was found on one of them."""
    match policy.align.channels:
        case "own":
            return list(spans)
        case "audible":
            return list(Crosstalk(power).audible(spans))
        case _:
            everywhere = tuple(range(power.shape[1]))
            return [replace(span, channels=everywhere) for span in spans]


def _detected(
    transcript: Transcript, found: Sequence[PiiSpan], power: np.ndarray, policy: Policy
) -> list[TimeSpan]:
    texts = {(pii.hearing, pii.channel) for pii in found}
    places = {(h, c): TextPlaces(transcript.hearings[h].words(c)) for h, c in texts}
    # Of what one model wrote twice the times tell nothing of each other: tentative ones are no second opinion.
    numbered = list(enumerate(transcript.hearings))
    bounds = {
        channel: [(number, _Bounds.of(h, channel)) for number, h in numbered if not h.tentative]
        for _, channel in texts
    }
    speech = {channel: _speech(transcript, channel) for _, channel in texts}
    spans = []
    for pii in found:
        place = places[pii.hearing, pii.channel]
        words, found_on = place.words, place.under(pii)
        if not found_on:
            raise NonsenseError(
                f"a finding of type {pii.entity_type} on channel {pii.channel} lies on no word; "
                "run the recording again, and report it if it stays"
            )
        under = words[found_on.start : found_on.stop]
        others = [b for number, b in bounds[pii.channel] if number != pii.hearing]
        doubt = _doubt(under, others, policy)
        edges = _edges(words, found_on.start, found_on.stop, doubt, power[:, pii.channel], policy)
        silent = _long_silences(under, speech[pii.channel])
        spans += [_span(start, end, pii, transcript.duration) for start, end in subtract([edges], silent)]
    return spans


def _long_silences(under: Sequence[Word], speech: Sequence[Interval]) -> list[Interval]:
    """Where the speaker of a finding is silent for long between its words: there the other side may be talking.

    Any speech in such a gap stays in the finding, with what is near it: it may hold more of the value. `speech`
    is that of the whole channel, disjoint and in order.
    """
    spoken = [(word.start, word.end) for word in under]
    first, last = min(start for start, _ in spoken), max(end for _, end in spoken)
    near = _WORD_TIME_ERROR_S
    # A day of calls has many findings and many regions: only those that reach it are looked at.
    begin = bisect.bisect_left(speech, first - near, key=itemgetter(1))
    stop = bisect.bisect_right(speech, last + near, key=itemgetter(0))
    heard = (*spoken, *speech[begin:stop])
    left = subtract([(first, last)], [(start - near, end + near) for start, end in heard])
    return _longer(left, 1000 * _LONG_SILENCE_S)


def _speech(transcript: Transcript, channel: int) -> list[Interval]:
    """Where somebody speaks on a channel, by any hearing's look at the audio; disjoint, in order."""
    return union((r.start, r.end) for h in transcript.firm for r in h.speech if r.channel == channel)


@dataclass(frozen=True)
class _Bounds:
    """Sorted times at which words of one hearing begin and end."""

    starts: Sequence[Seconds]
    ends: Sequence[Seconds]

    @classmethod
    def of(cls, hearing: Transcript, channel: int) -> _Bounds:
        words = list(hearing.words(channel))
        return cls(sorted(w.start for w in words), sorted(w.end for w in words))


def _doubt(under: Sequence[Word], others: Sequence[_Bounds], policy: Policy) -> Interval:
    """Seconds to pad more before and behind these words, by what other hearings say on their times.

    Where another has a word border near, the outer one of the two counts; where none has, the time is unsure.
    """
    start, end = min(w.start for w in under), max(w.end for w in under)
    unsure = policy.align.unsure_ms / 1000
    before = after = 0.0
    for other in others:
        near_start, near_end = _nearest(other.starts, start), _nearest(other.ends, end)
        before = max(before, unsure if near_start is None else start - near_start)
        after = max(after, unsure if near_end is None else near_end - end)
    return before, after


def _nearest(times: Sequence[Seconds], time: Seconds) -> Seconds | None:
    """The nearest of sorted times, None if it is farther than two hearings of one border are apart."""
    at = bisect.bisect_left(times, time)
    near = min(times[max(at - 1, 0) : at + 1], key=lambda t: abs(t - time), default=None)
    return near if near is not None and abs(near - time) <= _SAME_BORDER_S else None


def _edges(
    words: Sequence[Word], first: int, stop: int, doubt: Interval, power: np.ndarray, policy: Policy
) -> Interval:
    """Where to mute for the words ``words[first:stop]``."""
    rules = policy.align
    pause, valley = rules.pause_ms / 1000, rules.valley_ms / 1000
    under = words[first:stop]
    # Segments can overlap, so the first word in the text is not always the first in time.
    start, end = min(w.start for w in under), max(w.end for w in under)
    before = words[first - 1].end if first else None
    after = words[stop].start if stop < len(words) else None
    padding_before = rules.padding_before_ms / 1000 + doubt[0]
    padding_after = rules.padding_after_ms / 1000 + doubt[1]
    if valley > 0:
        padding_before += spare_time(words[first - 1], power, begins_at_sound=True) if first else 0.0
        padding_after += spare_time(words[stop], power) if stop < len(words) else 0.0
    return (
        start_edge(start, before, power, EdgeRule(padding_before, pause, valley)),
        end_edge(end, after, power, EdgeRule(padding_after, pause, valley)),
    )


def _span(start: Seconds, end: Seconds, pii: PiiSpan, duration: Seconds) -> TimeSpan:
    return TimeSpan(
        start=max(start, 0.0),
        end=min(end, duration),
        channels=(pii.channel,),
        entity_types=(pii.entity_type,),
        origin=Origin.DETECTED,
        score=pii.score,
        recognizers=(pii.recognizer,),
    )


def _unheard(
    transcript: Transcript, found: Sequence[TimeSpan], power: np.ndarray, policy: Policy
) -> list[TimeSpan]:
    """Speech that became no words, per channel.

    Also speech that only one of two models made words of, where something was found in it: the other model gave
    up on it, so the words around what was found are no surer than what they hide.
    """
    spans = []
    padding = policy.unheard.padding_ms / 1000
    # Words that are only tentative would hide that nobody understood what was said there.
    hearings = transcript.firm
    spoken = [
        CoveredTime(chain.from_iterable(_around_words(hearing, channel) for hearing in hearings))
        for channel in range(power.shape[1])
    ]
    for channel in sorted({r.channel for hearing in hearings for r in hearing.speech}):
        speech = _speech(transcript, channel)
        words = [_around_words(hearing, channel) for hearing in hearings]
        missed = _longer(subtract(speech, chain.from_iterable(words)), policy.unheard.min_ms)
        if len(words) > 1 and policy.unheard.one_model_ms:
            for heard in words:
                personal = [(s.start, s.end) for s in found if channel in s.channels]
                alone = _longer(subtract(speech, heard), policy.unheard.one_model_ms)
                near = [(s - _NEAR_S, e + _NEAR_S) for s, e in personal]
                missed += [(max(a, s), min(b, e)) for a, b in alone for s, e in near if s < b and a < e]
        for start, end in union(missed):
            if is_said_on_another((start, end), channel, spoken, power):
                continue
            spans.append(
                TimeSpan(
                    start=max(start - padding, 0.0),
                    end=min(end + padding, transcript.duration),
                    channels=(channel,),
                    entity_types=(),
                    origin=Origin.UNHEARD,
                )
            )
    if spans and policy.unheard.action == "quarantine":
        first = min(span.start for span in spans)
        raise QuarantineError(
            f"{len(spans)} stretches of speech became no words, the first at {first:.1f} s; "
            "use a larger model, or a policy with unheard.action = 'mute'",
            reason="unheard-speech",
        )
    return spans


def _around_words(hearing: Transcript, channel: int) -> list[Interval]:
    """Where a channel has words, as far as their times can be off."""
    return [(w.start - _WORD_TIME_ERROR_S, w.end + _WORD_TIME_ERROR_S) for w in hearing.words(channel)]


def _longer(stretches: Iterable[Interval], least_ms: float) -> list[Interval]:
    return [(start, end) for start, end in stretches if end - start >= least_ms / 1000]


def _on_milliseconds(span: TimeSpan, duration: Seconds) -> TimeSpan:
    """Outward to whole milliseconds: what is written in a report is then just what is muted."""
    start, end = outward_milliseconds(span.start, span.end)
    return replace(span, start=max(start, 0.0), end=min(end, duration))


def merge(spans: Iterable[TimeSpan], *, gap: Seconds) -> tuple[TimeSpan, ...]:
    """Join spans of one origin on the same channels that are nearer than `gap`; close such gaps between others.

    Spans of different origin stay apart, so that the report says which part was muted for what, but the
    earlier one is drawn out to the later: a gap shorter than `gap` is muted whoever stands beside it.
    """
    merged: list[TimeSpan] = []
    for span in sorted(spans, key=lambda s: (s.channels, s.origin, s.start, s.end)):
        last = merged[-1] if merged else None
        if last and _alike(last, span) and span.start - last.end <= gap:
            merged[-1] = _join(last, span)
        else:
            merged.append(span)
    return tuple(
        sorted(_close_gaps(merged, gap), key=lambda s: (s.start, s.end, s.channels, s.origin))
    )


def _alike(a: TimeSpan, b: TimeSpan) -> bool:
    return a.channels == b.channels and a.origin == b.origin


def _join(a: TimeSpan, b: TimeSpan) -> TimeSpan:
    scores = [s.score for s in (a, b) if s.score is not None]
    return replace(
        a,
        end=max(a.end, b.end),
        entity_types=tuple(sorted({*a.entity_types, *b.entity_types})),
        score=max(scores) if scores else None,
        recognizers=tuple(sorted({*a.recognizers, *b.recognizers})),
    )


def _close_gaps(spans: Iterable[TimeSpan], gap: Seconds) -> list[TimeSpan]:
    closed: list[TimeSpan] = []
    reach: dict[tuple[int, ...], int] = {}  # channels -> index of the span that ends last so far
    for span in sorted(spans, key=lambda s: (s.start, s.end, s.channels, s.origin)):
        last = reach.get(span.channels)
        if last is not None and 0 < span.start - closed[last].end <= gap:
            closed[last] = replace(closed[last], end=span.start)
        closed.append(span)
        if last is None or span.end >= closed[last].end:
            reach[span.channels] = len(closed) - 1
    return closed
