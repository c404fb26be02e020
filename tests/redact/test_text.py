"""Text follows audio: what is muted cannot be read, and what is printed can be heard."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redactor.errors import NonsenseError
from redactor.redact.placeholders import Placeholders
from redactor.redact.text import redact_text
from redactor.types import Origin, PiiSpan, Segment, TimeSpan, Transcript, Word


def segment(words, channel=0):
    made = tuple(Word(t, s, e, 0.9, joined=bool(j)) for t, s, e, *j in words)
    return Segment(channel, "en", None, made[0].start, made[-1].end, made, -0.2, 0.0, 1.0)


def render(segments, muted, found, num_channels=1, formats=("json", "vtt", "txt")):
    heard = Transcript.build(60.0, segments)
    every = tuple(range(num_channels))
    spans = [TimeSpan(s, e, c[0] if c else every, ("PERSON",), Origin.DETECTED) for s, e, *c in muted]
    return redact_text(heard, spans, found, formats=formats, num_channels=num_channels).files


def pii(first, stop, entity_type="PERSON", channel=0):
    return PiiSpan(channel, entity_type, first, stop, 0.85, "test")


HELLO = [("this", 0, 0.4), ("is", 0.4, 0.6), ("Ada", 0.6, 1.0), ("Quill", 1.0, 1.5), ("calling", 1.6, 2.0)]


def test_a_name_becomes_one_placeholder_in_every_format():
    files = render([segment(HELLO)], [(0.6, 1.5)], [pii(8, 17)])
    assert files["txt"] == "[00:00:00.000] this is <PERSON_1> calling\n"
    assert "this is &lt;PERSON_1&gt; calling" in files["vtt"]
    row = json.loads(files["json"])["segments"][0]
    assert [word["text"] for word in row["words"]] == ["this", "is", "calling"]
    assert row["placeholders"] == [{"text": "<PERSON_1>", "start": 0.6, "end": 1.5}]
    assert not any("Quill" in text for text in files.values())


def test_words_that_go_silent_beside_a_name_go_into_its_placeholder():
    files = render([segment(HELLO)], [(0.5, 1.7)], [pii(8, 17)])
    assert files["txt"] == "[00:00:00.000] this <PERSON_1>\n"


def test_words_muted_for_another_side_are_marked_and_not_printed():
    one, other = segment(HELLO), segment([("uh", 0.7, 0.9), ("huh", 3, 4)], channel=1)
    files = render([one, other], [(0.6, 1.5)], [pii(8, 17)], num_channels=2)
    assert "channel 1: <MUTED> huh" in files["txt"]
    assert "<v Channel 1>" in files["vtt"]


def test_a_name_across_two_segments_is_one_placeholder():
    segments = [segment(HELLO[:3]), segment(HELLO[3:])]
    files = render(segments, [(0.6, 1.5)], [pii(8, 17)])
    assert files["txt"].count("<PERSON_1>") == 1
    assert "<PERSON_2>" not in files["txt"]


def test_a_finding_that_is_not_muted_is_nonsense():
    with pytest.raises(NonsenseError, match="not muted"):
        render([segment(HELLO)], [(0.6, 0.9)], [pii(8, 17)])


def test_pieces_of_a_number_keep_together():
    files = render([segment([("98", 0, 1), (".7", 1, 2, True), ("now", 2, 3)])], [], [])
    assert files["txt"] == "[00:00:00.000] 98.7 now\n"


@pytest.mark.parametrize(
    ("values", "numbers"),
    [
        (["Ada Quill", "ada quill", "Ada", "Quill,"], [1, 1, 1, 1]),
        (["Ada", "Ada Quill"], [1, 1]),
        (["Ada Quill", "Ada Moss", "Ada"], [1, 2, 3]),  # nobody can say which Ada
        (["Ada Quill", "Bo Moss"], [1, 2]),
    ],
)
def test_the_same_person_keeps_a_number(values, numbers):
    placeholders = Placeholders()
    made = [placeholders.replace(value, entity_type="PERSON") for value in values]
    assert made == [f"<PERSON_{number}>" for number in numbers]
    assert placeholders.replace(values[0], entity_type="LOCATION") == "<LOCATION_1>"


times = st.integers(0, 200).map(lambda tick: tick / 10)
stretches = st.lists(st.tuples(times, st.integers(0, 30)).map(lambda p: (p[0], p[0] + p[1] / 10)), max_size=12)


@given(stretches, st.lists(st.tuples(times, st.integers(1, 30)), max_size=6))
def test_no_printed_word_overlaps_a_muted_span(word_times, muted):
    words = [(f"w{i}x", start, end) for i, (start, end) in enumerate(sorted(word_times))]
    spans = [(start, start + length / 10) for start, length in muted]
    files = render([segment(words)] if words else [], spans, [])
    printed = {w["text"] for s in json.loads(files["json"])["segments"] for w in s["words"]}
    for text, start, end in words:
        end = max(end, start + 0.001)
        silent = any(a < end and start < b for a, b in spans)
        assert (text in printed) == (not silent)
        assert not (silent and any(text in content for content in files.values()))
