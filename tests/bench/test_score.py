"""From counts to figures: words, entities, recordings, lost speech, and their intervals."""

import numpy as np
import pytest
from said import WORDS

from redactor.bench.gold import GoldRecording, GoldSpan
from redactor.bench.measure import Heard
from redactor.bench.score import Unit, clopper_pearson_upper, score, summarize, table

GOLD = GoldRecording("calls/a.wav", WORDS, kind="call")
NO_PII = GoldRecording("calls/b.wav", WORDS[:1], kind="command")


def heard(audible, muted):
    return Heard(np.array(audible, dtype=float), np.array(muted, dtype=float))


def test_an_entity_leaks_when_one_word_does_and_fillers_count_for_nothing():
    scored = score(GOLD, heard([1, 0, 0.3, 1, 0.25, 0], [0, 1, 0, 0.5, 1, 1]))
    assert scored.units == (Unit("PERSON", 2, 1), Unit("PHONE_NUMBER", 2, 0))
    assert scored.leaks
    assert scored.other_seconds == pytest.approx(0.5)
    assert scored.lost_seconds == pytest.approx(0.1)


def test_a_recording_held_back_is_wholly_lost_and_not_clean():
    row = summarize("all", [score(GOLD, None), score(GOLD, heard([0] * 6, [0] * 6))])
    assert row.held_back.value == 0.5
    assert row.clean.value == 0.5
    assert row.lost.value == 0.5
    assert (row.words.count, row.words.of) == (0, 4)


def test_recordings_without_personal_data_are_in_what_is_lost_alone():
    row = summarize("all", [score(GOLD, heard([0] * 6, [0] * 6)), score(NO_PII, heard([1], [1]))])
    assert (row.recordings, row.with_pii, row.clean.of) == (2, 1, 1)
    assert row.lost.count == pytest.approx(0.3)


def test_a_span_without_words_is_counted_in_pieces():
    gold = GoldRecording("a.wav", spans=(GoldSpan("PERSON", 0.0, 1.0),))
    assert score(gold, heard([0, 0, 0.5, 0], [1] * 4)).units == (Unit("PERSON", 4, 1),)


@pytest.mark.parametrize(
    ("successes", "trials", "expected"),
    [(0, 299, 0.00997), (0, 2995, 0.001), (0, 1, 0.95), (1, 10, 0.3942), (5, 5, 1.0), (3, 50, 0.1478)],
)
def test_the_exact_bound_is_that_of_the_tables(successes, trials, expected):
    assert clopper_pearson_upper(successes, trials) == pytest.approx(expected, abs=2e-4)


def test_no_leak_is_bounded_over_recordings_and_not_over_words():
    row = summarize("all", [score(GOLD, heard([0] * 6, [0] * 6))] * 20)
    assert row.words.high == row.entities.high == pytest.approx(clopper_pearson_upper(0, 20))
    assert row.clean.low == pytest.approx(1 - clopper_pearson_upper(0, 20))


def test_intervals_hold_the_value_and_repeat_for_a_seed():
    rng = np.random.default_rng(0)
    rows = [score(GoldRecording(f"{i}", WORDS), heard(rng.integers(0, 2, 6), rng.random(6))) for i in range(40)]
    first, again, other = (summarize("all", rows, seed=s) for s in (1, 1, 2))
    assert first == again != other
    assert first.words.low < first.words.value < first.words.high


def test_speakers_are_resampled_together():
    rng = np.random.default_rng(0)
    counts = [[float(i % 2)] * 6 for i in range(40)]
    alone = [score(GoldRecording(f"{i}", WORDS), heard(c, rng.random(6))) for i, c in enumerate(counts)]
    grouped = [
        score(GoldRecording(f"{i}", WORDS, speaker=f"s{i % 4}"), heard(c, rng.random(6)))
        for i, c in enumerate(counts)
    ]
    narrow, wide = summarize("all", alone).words, summarize("all", grouped).words
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)


def test_the_table_has_all_kinds_and_types():
    rows = [score(GOLD, heard([0] * 6, [0] * 6)), score(NO_PII, None)]
    assert [r.name for r in table(rows)] == ["all", "call", "command", "PERSON", "PHONE_NUMBER"]
