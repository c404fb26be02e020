"""The rules of the corpus, checked on its lists and on scripts drawn from them; no voice is needed."""

import random
import re

import numpy as np
import pytest

from benchmarks.corpus import forms, script, sound, values
from benchmarks.corpus.render import Condition, cast_voices, draw_condition, recording_seed
from benchmarks.corpus.voices import VOICES, VoiceName

DRAWS = 150
# Labels and everyday words that both halves say: months, numbers, spelling alphabets, street types are
# no values.
NAME_TABLES = ("names", "places", "mail", "secret", "harmless")


def flat(node):
    """All strings of a table."""
    if isinstance(node, str):
        return [node]
    items = node.values() if isinstance(node, dict) else node
    return [text for item in items for text in flat(item)]


def scripts(half):
    rng = random.Random(7)
    makers = [script.call] * DRAWS + [script.command] * DRAWS
    return [make(half, random.Random(rng.random())) for make in makers]


@pytest.fixture(scope="module")
def drawn():
    return {half: scripts(half) for half in values.HALVES}


def template_lines(half):
    calls = [line[2:] for e in script.templates("calls", half)["exchange"] for line in e["turns"]]
    commands = script.templates("commands", half)
    return calls + commands["personal"] + commands["harmless"]


def stripped(line):
    """A template without its values, as words."""
    return " ".join(re.findall(r"[a-z']+", re.sub(r"\{[^}]*\}", " ", line.lower())))


def test_the_halves_share_no_name_and_no_value_in_their_lists():
    lists = {
        half: {t.lower() for k in NAME_TABLES for t in flat(values.tables(half)[k])} for half in values.HALVES
    }
    assert not lists["dev"] & lists["test"]


def test_the_halves_share_no_part_of_a_name():
    kinds = ("names", "places")
    parts = {
        half: {w for k in kinds for t in flat(values.tables(half)[k]) for w in t.lower().split() if len(w) > 2}
        for half in values.HALVES
    }
    assert parts["dev"] & parts["test"] <= {"saint", "view"}


def test_the_halves_share_no_template():
    lines = {half: {stripped(line) for line in template_lines(half)} - {""} for half in values.HALVES}
    assert not lines["dev"] & lines["test"]


def test_the_halves_share_no_voice():
    assert not set(VOICES["dev"]) & set(VOICES["test"])


def test_generated_corpora_share_no_value_and_no_template(drawn):
    for what in ("values", "templates"):
        dev, test = ({v for s in drawn[half] for v in getattr(s, what)} for half in values.HALVES)
        if what == "templates":  # an answer that is nothing but the value has no words to share
            dev, test = ({t for t in found if stripped(t)} for found in (dev, test))
        assert dev
        assert test
        assert not dev & test


def test_generated_corpora_share_no_spoken_number(drawn):
    """Runs of four digits and more, as they are said."""
    spoken = {}
    for half in values.HALVES:
        mentions = {}
        for n, s in enumerate(drawn[half]):
            for turn in s.turns:
                for t in turn.tokens:
                    if t.entity and t.label in {"PHONE_NUMBER", "CREDIT_CARD", "BANK_ACCOUNT", "NATIONAL_ID"}:
                        mentions.setdefault((n, t.entity), []).append(t.text)
        spoken[half] = {" ".join(words) for words in mentions.values() if len(words) > 6}
    assert len(spoken["dev"]) > 50
    assert not spoken["dev"] & spoken["test"]


def test_every_label_is_said_and_nothing_but_templates(drawn):
    for half in values.HALVES:
        labels = {t.label for s in drawn[half] for turn in s.turns for t in turn.tokens}
        assert labels == {"", script.FILLER, *values.LABELS}
        said = {line for s in drawn[half] for line in s.templates}
        assert said <= set(template_lines(half))
        assert len(said) > 0.6 * len(set(template_lines(half)))


def test_every_template_can_be_said():
    for half in values.HALVES:
        for line in template_lines(half):
            memory = script._Memory(half, random.Random(1))
            assert script.tokens_of(line, memory)


def test_a_script_repeats_for_its_seed_and_differs_for_another():
    assert script.call("dev", random.Random(3)) == script.call("dev", random.Random(3))
    assert script.call("dev", random.Random(3)) != script.call("dev", random.Random(4))


def test_more_recordings_leave_the_earlier_ones_as_they_are():
    seeds = [recording_seed(1, "dev", kind, n) for kind in ("call", "command") for n in range(500)]
    assert len(set(seeds)) == len(seeds)
    assert recording_seed(1, "dev", "call", 0) == 1388652449


def test_what_is_said_again_in_a_call_is_the_same_value():
    memory = script._Memory("dev", random.Random(1))
    said = script.tokens_of("it is {phone} so {phone} or {phone2}", memory)
    assert len(memory.drawn) == 2
    assert {t.entity for t in said if t.label} == {1, 2, 3}


def test_words_of_slots_are_labelled_and_others_are_not():
    memory = script._Memory("dev", random.Random(1))
    said = script.tokens_of("call {person.first}, at {time} on {weekday}. bye", memory)
    assert [t.label for t in said][:3] == ["", "PERSON", ""]
    assert sum(bool(t.label) for t in said) == 1
    assert said[1].pause == forms.SHORT_PAUSE


def test_calls_have_two_sides_of_different_base_voices():
    rng = random.Random(0)
    for _ in range(50):
        one, other = cast_voices("call", VOICES["dev"], rng)
        assert one.base != other.base
    with pytest.raises(ValueError, match="two bases"):
        cast_voices("call", ("slt*1", "slt*0.9"), rng)


def test_conditions_are_those_that_are_documented():
    rng = random.Random(0)
    drawn = [draw_condition(kind, rng, noise_dir=None) for kind in ("call", "command") for _ in range(300)]
    assert {c.rate_hz for c in drawn} == {8000, 16000}
    assert min(c.snr_db for c in drawn) >= 12
    assert all(c.rate_hz == 8000 for c in drawn if c.codec == "mu-law")
    assert all(-35 <= c.crosstalk_db <= -25 for c in drawn if c.crosstalk_db > -100)
    assert not any(c.crosstalk_db > -100 for c in drawn if c.mono)
    assert isinstance(drawn[0], Condition)


@pytest.mark.parametrize(
    ("value", "said"),
    [(0, "zero"), (13, "thirteen"), (20, "twenty"), (42, "forty two"), (100, "one hundred"),
     (312, "three hundred twelve"), (2007, "two thousand seven"), (9800, "nine thousand eight hundred")],
)  # fmt: skip
def test_numbers_in_words(value, said):
    assert forms.number(value) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(7, "seven"), (412, "four twelve"), (1984, "nineteen eighty four"), (1904, "nineteen oh four"),
     (1900, "nineteen hundred"), (2000, "two thousand")],
)  # fmt: skip
def test_numbers_in_pairs(value, said):
    assert forms.pairwise_number(value) == said


@pytest.mark.parametrize(
    ("value", "said"), [(3, "third"), (12, "twelfth"), (20, "twentieth"), (28, "twenty eighth")]
)
def test_ordinals(value, said):
    assert forms.ordinal(value) == said


def joined(said):
    return " ".join(s.text for s in said)


def test_doubled_digits_are_said_as_people_do():
    said = {joined(forms.digits("5770", random.Random(i))) for i in range(60)}
    assert said == {
        f"five {seven} {zero}" for seven in ("seven seven", "double seven") for zero in ("zero", "oh")
    }


def test_names_are_spelled_letter_by_letter():
    assert joined(forms.nato("Bo'K")) == "bravo oscar kilo"
    spelled = {joined(forms.spelled("O'Neill", random.Random(i))) for i in range(40)}
    assert spelled == {"O N E I L L", "O N E I double L"}


def test_words_that_only_link_are_fillers():
    said = forms.email("m.johnson84 gmail dot com", random.Random(2))
    assert [s.text for s in said if s.filler] == ["dot", "at", "dot", "com"]
    assert [s.text for s in said if not s.filler][:2] == ["M", "johnson"]
    table = values.tables("dev")["spelling"]["as_in"]
    for i in range(10):
        said = forms.as_in("Bx", table, random.Random(i))
        assert {s.text for s in said if s.filler} <= {"as", "in", "for", "like"}


def test_card_numbers_have_a_valid_check_digit():
    for i in range(50):
        number = values.luhn_number(random.Random(i), "4", 16)
        total = sum(sum(divmod(int(c) * (1 + n % 2), 10)) for n, c in enumerate(reversed(number)))
        assert len(number) == 16
        assert total % 10 == 0


def test_voice_names_are_parsed():
    assert VoiceName.parse("slt*0.91") == VoiceName("slt", 0.91)
    assert VoiceName.parse("joe") == VoiceName("joe", 1.0)
    assert str(VoiceName.parse("rms*1.08")) == "rms*1.08"


@pytest.mark.parametrize("kind", sound.NOISES)
def test_noise_repeats_for_its_seed_and_has_no_offset(kind):
    one, again = (sound.noise(kind, 16000, 16000, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(one, again)
    assert abs(one.mean()) < 0.1 * one.std()


def test_rooms_and_lines_move_nothing_in_time():
    click = np.zeros(8000)
    click[4000] = 0.5
    rng = np.random.default_rng(0)
    for changed in (
        sound.band_limit(click, 8000, 200, 3400),
        sound.mu_law(click),
        sound.reverb(click, 8000, rng, seconds=0.3, wet_db=-10),
    ):
        assert int(np.argmax(np.abs(changed))) == 4000


def test_mu_law_keeps_level_and_polarity():
    ramp = np.linspace(-1, 1, 1001)
    assert np.abs(sound.mu_law(ramp) - ramp).max() < 0.05
    assert sound.mu_law(np.zeros(3)).tolist() == [0, 0, 0]


def test_an_empty_noise_folder_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no .wav"):
        sound.noise("folder", 10, 8000, np.random.default_rng(0), tmp_path)
