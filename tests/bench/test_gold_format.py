"""The gold format that people write for recordings of their own."""

import json

import pytest

from redactor.bench.gold import GoldError, GoldRecording, GoldWord, entities, parse_line, read_gold


def line(**fields):
    return json.dumps({"audio": "a.wav", **fields})


def test_channel_and_entity_are_optional():
    gold = parse_line(line(words=[["hi", 0, 0.2], ["anna", 0.2, 0.5, "PERSON"], ["x", 0.6, 0.7, "", 1, None]]))
    assert [(w.label, w.channel, w.entity) for w in gold.words] == [
        ("", 0, None), ("PERSON", 0, None), ("", 1, None)]  # fmt: skip


def test_spans_stand_in_for_words():
    gold = parse_line(line(spans=[{"type": "PERSON", "start": 1, "end": 2.5}]))
    assert (gold.spans[0].entity_type, gold.spans[0].channel, gold.words) == ("PERSON", 0, ())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[]", "are needed"),
        (json.dumps({"audio": "a.wav"}), "are needed"),
        (json.dumps({"words": []}), "are needed"),
        (line(words=[["hi"]]), "a word is"),
        (line(words=["hi"]), "a word is"),
        (line(words=[["hi", 1, 0.5]]), "0 <= start <= end"),
        (line(words=[["hi", -1, 0.5]]), "0 <= start <= end"),
        (line(words=[["hi", "1", "2"]]), "0 <= start <= end"),
        (line(words=[["hi", float("nan"), 2]]), "0 <= start <= end"),
        (line(spans=[{"type": "PERSON"}]), "a span is"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(text, message):
    with pytest.raises(GoldError, match=message) as caught:
        parse_line(text, "gold.jsonl line 3")
    assert "line 3" in str(caught.value)


def test_an_empty_gold_is_refused(tmp_path):
    (tmp_path / "g.jsonl").write_text("\n")
    with pytest.raises(GoldError, match="no recording"):
        read_gold(tmp_path / "g.jsonl")


def words(*rows):
    return [GoldWord(text, i, i + 0.5, *rest) for i, (text, *rest) in enumerate(rows)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("a", "P"), ("b", "P"), ("c",), ("d", "P")], [[0, 1], [3]]),
        ([("a", "P"), ("b", "Q")], [[0], [1]]),
        ([("a", "P"), ("um", "-"), ("b", "P")], [[0, 2]]),
        ([("a", "P", 0), ("b", "P", 1), ("c", "P", 0)], [[0, 2], [1]]),
        ([("a", "P", 0, 1), ("b", "P", 0, 2), ("c",), ("d", "P", 0, 1)], [[0, 3], [1]]),
        ([("a",), ("b",)], []),
    ],
)
def test_words_are_grouped_into_entities(rows, expected):
    assert entities(words(*rows)) == expected


def test_a_line_survives_writing_and_reading():
    gold = GoldRecording(
        "a.flac", tuple(words(("hi",), ("anna", "PERSON", 1, 4))), duration_s=3.0, sample_rate=8000, channels=2,
        half="dev", kind="call", speaker="s1", voices=("slt*1",), condition={"snr_db": 20.0},
    )  # fmt: skip
    assert parse_line(gold.to_json()) == gold
