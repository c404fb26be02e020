"""What Whispers are taught from: words that are said, the text that is written, and the cuts between."""

import random
from itertools import pairwise

import numpy as np
import pytest
import windows
from sentences import own_templates
from values import Names

from redactor.bench.gold import GoldRecording, GoldWord

RATE_HZ = windows.RATE_HZ
NAMES = Names(held_out=False)


def script(*blocks, seed=1):
    return windows.script(blocks, NAMES, random.Random(seed), random.Random(seed))


def test_a_value_is_one_number_however_many_words_it_is_said_in():
    said, texts = script("my number is {phone} thanks")
    (turn,) = said.turns
    numbers = [token.entity for token in turn.tokens]
    assert numbers == sorted(numbers)
    assert set(numbers) == set(texts) == {1, 2, 3, 4, 5}
    assert numbers.count(4) >= 7
    assert [texts[n] for n in (1, 2, 3, 5)] == ["My", "number", "is", "thanks."]


def test_sides_of_a_dialogue_are_two_and_a_single_voice_is_one():
    said, texts = script("A: hello there\nC: hi, i'm {g}")
    assert (said.kind, [turn.side for turn in said.turns]) == ("call", [0, 1])
    assert " ".join(texts.values()).startswith("Hello there. Hi, I'm ")
    said, _ = script("call {g}", "stop")
    assert (said.kind, {turn.side for turn in said.turns}) == ("command", {0})


@pytest.mark.parametrize("name", sorted(own_templates()))
def test_every_word_of_every_template_is_said_and_written(name):
    for block in own_templates()[name][::7]:
        said, texts = script(block)
        numbers = [token.entity for turn in said.turns for token in turn.tokens]
        assert numbers == sorted(numbers)
        assert set(numbers) == set(texts)
        assert all(text.strip() for text in texts.values())


def recording(*times, channel=0):
    """A word a second of which each sample holds its number, between given times; and their texts."""
    words, samples = [], np.zeros((int((times[-1][1] + 1) * RATE_HZ), 1), np.int16)
    for number, (start, end) in enumerate(times, 1):
        words.append(GoldWord(f"w{number}", start, end, "", channel, number))
        samples[int(start * RATE_HZ) : int(end * RATE_HZ), channel] = 250 * number
    gold = GoldRecording(
        "a.wav", tuple(words), duration_s=len(samples) / RATE_HZ, sample_rate=RATE_HZ, channels=1
    )
    return samples, gold, {word.entity: word.text for word in words}


def in_windows(*times, seed=0):
    return list(windows.windows(*recording(*times), random.Random(seed)))


@pytest.mark.parametrize("seed", range(20))
def test_a_window_holds_the_sound_of_its_text_and_no_other(seed):
    times = [(0.5 + 1.5 * i, 1.0 + 1.5 * i) for i in range(20)]
    texts = []
    for sound, text in in_windows(*times, seed=seed):
        said = [int(word[1:]) for word in text.split()]
        assert {round(value / 250) for value in np.unique(sound) if value > 200} == set(said)
        assert len(sound) / RATE_HZ < windows._LONGEST_S
        texts += said
    assert texts == list(range(1, 21))


def test_long_pauses_are_in_no_window():
    first, second = in_windows((0.5, 1.0), (4.0, 4.5))
    assert (first[1], second[1]) == ("w1", "w2")
    assert max(len(first[0]), len(second[0])) < 2 * RATE_HZ


def test_words_without_a_pause_stay_together_until_the_window_is_full():
    lengths = [len(text.split()) for _, text in in_windows(*pairwise(np.arange(0.5, 60.5, 0.5)))]
    assert sum(lengths) == 119
    assert max(lengths) <= 2 * max(windows._LENGTHS_S)


def test_a_channel_on_which_sides_talk_at_once_teaches_nothing():
    samples, gold, texts = recording((0.5, 1.0), (1.1, 1.5), (1.6, 2.0))
    mixed = [*gold.words[:2], GoldWord("w1", 1.6, 2.0, "", 0, 1)]
    object.__setattr__(gold, "words", tuple(mixed))
    assert list(windows.windows(samples, gold, texts, random.Random(0))) == []
