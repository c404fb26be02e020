"""From characters to seconds, by interval overlap alone."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redactor.align import align, merge
from redactor.errors import NonsenseError, QuarantineError
from redactor.intervals import subtract, union
from redactor.policy import AlignPolicy, Policy, UnheardPolicy
from redactor.types import Origin, PiiSpan, Segment, SpeechRegion, TimeSpan, Transcript, Word

FLAT = AlignPolicy(
    padding_before_ms=0,
    padding_after_ms=0,
    unsure_ms=0,
    pause_ms=0,
    valley_ms=0,
    merge_gap_ms=0,
    channels="own",
)
BARE = Policy("test", entities={"PERSON": 0.5}, align=FLAT)
POWER = np.ones((1000, 1))


def transcript(*words, duration=10.0, speech=(), channel=0):
    made = tuple(Word(text, start, end, 0.9) for text, start, end in words)
    segments = [Segment(channel, "en", None, made[0].start, made[-1].end, made, -0.2, 0.0, 1.0)] if made else []
    return Transcript.build(duration, segments, speech=speech)


def person(first, stop, *, channel=0, score=0.8):
    return PiiSpan(channel, "PERSON", first, stop, score, "test")


def times(spans):
    return [(span.start, span.end) for span in spans]


def test_a_quoted_name_is_muted_from_its_first_word_to_its_last():
    heard = transcript(("call", 0.0, 0.5), ('"John', 0.5, 1.0), ("Smith", 1.0, 1.5), ("now", 1.5, 2.0))
    assert heard.text(0) == 'call "John Smith now'
    found = person(6, 16)  # John Smith, without the quote
    assert times(align(heard, [found], policy=BARE, power=POWER)) == [(0.5, 1.5)]


@pytest.mark.parametrize(
    ("first", "stop", "muted"),
    [
        (0, 1, [(0.0, 0.5)]),  # the first letter of a word is the whole word
        (3, 6, [(0.0, 1.0)]),  # the end of one and the start of the next
        (5, 9, [(0.5, 1.0)]),
    ],
)
def test_every_word_that_a_finding_touches_is_muted_whole(first, stop, muted):
    heard = transcript(("call", 0.0, 0.5), ("John", 0.5, 1.0), ("now", 1.5, 2.0))
    assert times(align(heard, [person(first, stop)], policy=BARE, power=POWER)) == muted


def test_a_finding_between_words_is_nonsense():
    heard = transcript(("call", 0.0, 0.5), ("John", 0.5, 1.0))
    with pytest.raises(NonsenseError, match="lies on no word"):
        align(heard, [person(4, 5)], policy=BARE, power=POWER)


def test_padding_stops_at_the_ends_of_the_audio_and_is_on_whole_milliseconds():
    policy = replace(BARE, align=replace(BARE.align, padding_before_ms=300.3, padding_after_ms=9_000))
    heard = transcript(("well", 0.1, 0.9), ("John", 1.0, 1.5), duration=2.0)
    (span,) = align(heard, [person(5, 9)], policy=policy, power=POWER)
    assert (span.start, span.end) == (0.699, 2.0)


def test_a_neighbour_that_lasts_too_long_is_muted_in_part():
    policy = replace(BARE, align=replace(BARE.align, valley_ms=10))
    usual = transcript(("call", 0.5, 1.0), ("John", 1.0, 1.5), ("now", 1.5, 1.9))
    long = transcript(("call", 0.5, 1.0), ("John", 1.0, 1.5), ("now", 1.5, 2.5))
    ends = [align(heard, [person(5, 9)], policy=policy, power=POWER)[0].end for heard in (usual, long)]
    assert ends[1] - ends[0] == pytest.approx(0.2, abs=0.02)


def test_one_sides_name_is_muted_on_every_channel_unless_the_policy_says_own():
    heard = transcript(("John", 1.0, 1.5), channel=1)
    found = [person(0, 4, channel=1)]
    everywhere = replace(BARE, align=replace(BARE.align, channels="all"))
    assert align(heard, found, policy=BARE, power=np.ones((1000, 3)))[0].channels == (1,)
    assert align(heard, found, policy=everywhere, power=np.ones((1000, 3)))[0].channels == (0, 1, 2)


def test_speech_that_became_no_words_is_muted_where_no_word_is_near():
    speech = [SpeechRegion(0, 1.0, 4.0)]
    heard = transcript(("so", 1.0, 1.4), duration=5.0, speech=speech)
    policy = replace(BARE, unheard=UnheardPolicy(padding_ms=0, min_ms=100))
    (span,) = align(heard, [], policy=policy, power=POWER)
    assert span.origin is Origin.UNHEARD
    assert span.start == pytest.approx(1.55)
    assert span.end == 4.0


def test_speech_that_became_no_words_holds_a_recording_back_if_the_policy_says_so():
    heard = transcript(("so", 1.0, 1.4), speech=[SpeechRegion(0, 1.0, 4.0)])
    policy = replace(BARE, unheard=UnheardPolicy(action="quarantine"))
    with pytest.raises(QuarantineError, match="became no words") as caught:
        align(heard, [], policy=policy, power=POWER)
    assert caught.value.reason == "unheard-speech"


def span(start, end, origin=Origin.DETECTED, channels=(0,), types=("PERSON",), score=0.5):
    return TimeSpan(start, end, channels, types, origin, score, ("r",))


def test_near_spans_become_one_with_all_their_types_and_the_best_score():
    merged = merge([span(2, 3, types=("LOCATION",), score=0.9), span(0, 1.9)], gap=0.2)
    assert merged == (TimeSpan(0, 3, (0,), ("LOCATION", "PERSON"), Origin.DETECTED, 0.9, ("r",)),)


@pytest.mark.parametrize("other", [{"channels": (1,)}, {"start": 2.3}])
def test_spans_on_other_channels_or_too_far_apart_stay_apart(other):
    later = span(**{"start": 2.0, "end": 3.0, **other})
    assert len(merge([span(0, 1.9), later], gap=0.2)) == 2


def test_a_short_gap_between_spans_of_different_origin_is_muted_as_well():
    merged = merge([span(0, 1.9), span(2, 3, origin=Origin.UNHEARD, types=())], gap=0.2)
    assert times(merged) == [(0, 2), (2, 3)]


intervals = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 9)).map(lambda p: (p[0], p[0] + p[1])), max_size=9
)


def grid(pairs):
    return {tick for start, end in pairs for tick in range(start, end)}


@given(intervals, intervals)
def test_union_and_subtract_agree_with_a_grid(one, other):
    assert grid(union(one)) == grid(one)
    left = subtract(one, other)
    assert grid(left) == grid(one) - grid(other)
    assert all(start < end for start, end in left)


def two_hearings(first, second, *, speech=()):
    return replace(transcript(*first, speech=speech), others=(transcript(*second),))


@pytest.mark.parametrize(
    ("speech", "muted"),
    [
        ([(1.0, 1.5), (4.9, 5.4)], [(1.0, 1.65), (4.75, 5.4)]),
        ([(1.0, 2.1), (4.9, 5.4)], [(1.0, 2.25), (4.75, 5.4)]),  # a word ended early
        ([(1.0, 1.5), (4.2, 5.4)], [(1.0, 1.65), (4.05, 5.4)]),
        # Shorter than what counts as unheard by itself.
        ([(1.0, 1.5), (2.9, 3.0), (4.9, 5.4)], [(1.0, 1.65), (2.75, 3.15), (4.75, 5.4)]),
        ([(1.0, 1.5), (2.65, 2.75), (3.5, 3.6), (4.9, 5.4)], [(1.0, 1.65), (2.5, 3.75), (4.75, 5.4)]),
        ([(1.0, 5.4)], [(1.0, 5.4)]),
        ([(1.0, 1.4), (2.4, 5.4)], [(1.0, 5.4)]),  # no more than a breath
        ([], [(1.0, 1.55), (4.85, 5.4)]),
    ],
)
def test_a_long_silence_inside_a_finding_stays_and_speech_in_it_does_not(speech, muted):
    """The other side may be talking meanwhile, and its channel may have to be silent with this one's."""
    words = [("seven", 1.0, 1.4), ("nine", 5.0, 5.4)]
    heard = transcript(*words, speech=[SpeechRegion(0, *pair) for pair in speech])
    assert union(times(align(heard, [person(0, 10)], policy=BARE, power=POWER))) == [
        pytest.approx(pair) for pair in muted
    ]


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (("Jon", 0.95, 1.53), (0.95, 1.53)),  # near: the outer border of the two
        (("Jon", 1.05, 1.47), (1.0, 1.5)),
        (("Jon", 3.0, 3.5), (0.9, 1.6)),  # no border near: unsure
    ],
)
def test_an_edge_is_padded_by_what_the_hearings_disagree_on(other, expected):
    policy = replace(BARE, align=replace(FLAT, unsure_ms=100))
    heard = two_hearings([("John", 1.0, 1.5)], [other])
    assert times(align(heard, [person(0, 4)], policy=policy, power=POWER)) == [expected]


def test_what_one_model_alone_made_words_of_is_muted_around_a_finding():
    speech = [SpeechRegion(0, 1.0, 9.0)]
    words = [("this", 1.0, 3.0), ("John", 3.0, 4.0), ("be", 4.0, 9.0)]
    policy = replace(BARE, unheard=UnheardPolicy(padding_ms=0, min_ms=250, one_model_ms=800))
    alone = two_hearings(words, [("no", 9.5, 9.9)], speech=speech)
    ((start, end),) = union(times(align(alone, [person(5, 9)], policy=policy, power=POWER)))
    assert start < 2.9 and 4.1 < end < 6.0
    agreed = two_hearings(words, words, speech=speech)
    assert times(align(agreed, [person(5, 9)], policy=policy, power=POWER)) == [(3.0, 4.0)]
    off = replace(policy, unheard=replace(policy.unheard, one_model_ms=0.0))
    assert times(align(alone, [person(5, 9)], policy=off, power=POWER)) == [(3.0, 4.0)]


def test_what_only_a_tentative_hearing_has_is_unknown_and_its_times_are_no_second_opinion():
    policy = replace(BARE, unheard=UnheardPolicy(padding_ms=0, min_ms=250), align=replace(FLAT, unsure_ms=100))
    tentative = replace(transcript(("Jon", 1.0, 1.5), ("made", 5.0, 6.0), ("up", 6.0, 7.0)), tentative=True)
    heard = replace(
        transcript(("John", 1.0, 1.5), speech=[SpeechRegion(0, 1.0, 1.5), SpeechRegion(0, 5.0, 7.0)]),
        others=(transcript(("Jim", 3.0, 3.5)), tentative),
    )
    assert times(align(heard, [person(0, 4)], policy=policy, power=POWER)) == [(0.9, 1.6), (5.0, 7.0)]
    found = replace(person(0, 3), hearing=2)
    assert times(align(heard, [found], policy=policy, power=POWER)) == [(0.9, 1.6), (5.0, 7.0)]


def test_what_is_denied_is_muted_beside_what_was_found():
    heard = transcript(("John", 1.0, 1.5))
    denied = [TimeSpan(3.0, 4.0, (0,), (), Origin.DENIED)]
    spans = align(heard, [person(0, 4)], policy=BARE, power=POWER, denied=denied)
    assert [(s.start, s.origin) for s in spans] == [(1.0, Origin.DETECTED), (3.0, Origin.DENIED)]


def _with_unheard_speech_beside(words, own, other):
    """Times muted of speech on channel 1 that became no words, from 1 to 4 s, with words on channel 0."""
    heard = transcript(*words, speech=[SpeechRegion(1, 1.0, 4.0)])
    policy = replace(BARE, unheard=UnheardPolicy(padding_ms=0, min_ms=100))
    return times(align(heard, [], policy=policy, power=np.stack([other, own], axis=1)))


@pytest.mark.parametrize(("own", "expected"), [(1e-4, []), (0.5, [(1.0, 4.0)])])
def test_the_other_sides_echo_is_no_unheard_speech(own, expected):
    said = [("so", 1.0, 4.0)]
    assert _with_unheard_speech_beside(said, np.full(1000, own), np.ones(1000)) == expected


def test_an_echo_comes_back_late_and_fades_with_the_words():
    loud, echo = np.full(1000, 1e-6), np.full(1000, 1e-9)
    loud[110:200] = loud[260:390] = 1.0
    echo[118:208] = echo[268:398] = 1e-3
    said = [("so", 1.1, 2.0), ("long", 2.6, 3.9)]
    assert _with_unheard_speech_beside(said, echo, loud) == []


@pytest.mark.parametrize("said", [[], [("so", 1.5, 2.0)], [("so", 4.5, 6.0)]])
def test_sound_that_is_no_words_hides_no_unheard_speech_of_the_other_side(said):
    # A hold tone, however loud; most of it is outside of what was said.
    assert _with_unheard_speech_beside(said, np.full(1000, 1e-4), np.ones(1000)) == [(1.0, 4.0)]


def test_a_click_hides_no_unheard_speech_of_the_other_side():
    click = np.full(1000, 1e-6)
    click[250:253] = 1e3
    said = [("so", 1.0, 4.0)]
    assert _with_unheard_speech_beside(said, np.full(1000, 1e-4), click) == [(1.0, 4.0)]
