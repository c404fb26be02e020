"""Personal data that can be read."""

import pytest

from benchmarks.textleak import (
    Printed,
    printed_words,
    read_in_files,
    read_in_name,
    read_in_time,
    read_untimed,
    telling,
)
from redactor.bench.gold import GoldRecording, GoldWord

GOLD = GoldRecording(
    "a.wav",
    (
        GoldWord("two", 0.0, 0.3),
        GoldWord("lamps", 0.3, 0.8),
        GoldWord("Jürgen", 1.0, 1.5, "PERSON", 0, 1),
        GoldWord("four", 2.0, 2.3, "PIN", 0, 2),
        GoldWord("two", 2.3, 2.6, "PIN", 0, 2),
        GoldWord("oh", 2.6, 2.9, "PIN", 0, 2),
        GoldWord("one", 2.9, 3.2, "PIN", 0, 2),
        GoldWord("lamps", 4.0, 4.5, "PASSWORD", 0, 3),
    ),
)


@pytest.mark.parametrize(
    ("printed", "count"),
    [
        (("Jurgen,", 1.1, 1.4, 0), 1),
        (("jürgen", 1.1, 1.4, None), 1),
        (("Jurgen", 1.1, 1.4, 1), 0),  # another channel
        (("Jurgen", 3.0, 3.4, 0), 0),  # another time
        (("<PERSON_1>", 1.0, 1.5, 0), 0),
        (("4201", 2.0, 3.2, 0), 4),
        (("42", 2.0, 2.6, 0), 2),
        (("two", 0.0, 0.3, 0), 0),  # an ordinary word
        (("lamps", 0.3, 0.8, 0), 0),
        (("lamps", 4.1, 4.4, 0), 1),
    ],
)
def test_a_printed_word_is_read_by_text_and_time(printed, count):
    assert read_in_time(GOLD, [Printed(*printed)]) == count


def test_telling_is_what_the_recording_says_only_as_personal_data():
    assert telling(GOLD) == {"jurgen", "4201"}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("two lamps for <PERSON>", 0),
        ("it is Jürgen", 1),
        ("pin 42 01", 1),
        ("pin four two zero one, jurgen", 2),
        ("4 2 0", 0),
    ],
)
def test_text_without_times_is_read_by_what_is_telling(text, count):
    assert read_untimed(GOLD, text) == count


def test_words_are_found_in_any_transcript_and_placeholders_are_none():
    document = {
        "segments": [
            {
                "channel": 1, "start": 0, "end": 2, "text": "jurgen <X>",
                "words": [{"text": "jurgen", "start": 0, "end": 1}],
                "placeholders": [{"text": "<X>", "start": 1, "end": 2}],
            }
        ]
    }  # fmt: skip
    assert list(printed_words(document)) == [Printed("jurgen", 0.0, 1.0, 1)]


def test_times_and_digests_in_a_report_are_no_text(tmp_path):
    report = tmp_path / "reports" / "a.json"
    report.parent.mkdir()
    report.write_text('{"start": 4.201, "end": 14.2010, "digest": "4201420142014201aa", "text": ""}')
    vtt = tmp_path / "a.vtt"
    vtt.write_text("WEBVTT\n\n00:42:01.000 --> 00:42:02.000\nhello\n")
    assert read_in_files(GOLD, [report, vtt]) == 0
    vtt.write_text("WEBVTT\n\n00:42:01.000 --> 00:42:02.000\nJurgen 4201\n")
    assert read_in_files(GOLD, [report, vtt]) == 2


@pytest.mark.parametrize(("name", "count"), [("jurgen-4201/call7", 2), ("call7", 0), ("ab4201" + "c" * 26, 0)])
def test_file_names_are_read(name, count):
    assert read_in_name(GOLD, name) == count
