"""What the tagger is trained on: templates that fit the grammar, and labels that fit the words."""

import random
import re

import pytest
import values
from heard import labelled
from heard_texts import values_heard
from sentences import _Memory, _Style, check, dialogue, own_templates, turn

from redactor.bench.gold import GoldWord
from redactor.detect.dialogue import SpokenWord
from redactor.entities import ENTITY_TYPES

PLAIN = _Style(cased=False, marks=False, wrong=False)


def words_of(line, seed=1):
    return turn(line, _Memory(values.Names(held_out=False), random.Random(seed)), PLAIN, whole=True)


@pytest.mark.parametrize("name", sorted(own_templates()))
def test_every_block_fits_the_grammar_and_holds_no_value_of_its_own(name):
    for block in own_templates()[name]:
        check(block)
        assert not re.search(r"\d", re.sub(r"\{[^}]*\}", "", block))
        lines = block.split("\n")
        assert len(lines) == 1 or all(re.match(r"[AC]: \S", line) for line in lines)


@pytest.mark.parametrize("line", ["call {nobody}", "call {g", "call {g.zz}"])
def test_a_slot_that_does_not_exist_is_refused(line):
    with pytest.raises(ValueError, match="slot"):
        check(line)


@pytest.mark.parametrize("kind", sorted(values.KINDS))
def test_words_of_a_slot_carry_its_label_and_no_others_do(kind):
    said = words_of(f"so it is {{{kind}}} then")
    label = values.LABELS.get(kind, "")
    assert [w.label for w in said[:3]] == ["", "", ""]
    assert said[-1].label == ""
    assert {w.label for w in said[3:-1]} == {label}


def test_what_hangs_on_a_slot_is_part_of_its_word():
    said = words_of("is {g}'s room warm, {g}?")
    assert said[1].label == "PERSON"
    assert said[1].text.endswith("'s")
    assert said[-1].text.endswith("?")


def test_the_same_slot_is_the_same_value_and_parts_of_a_name_are_its_parts():
    said = words_of("{p} or {p.g} or {p.f} or {g2}")
    texts = [w.text for w in said]
    assert texts[3] == texts[0]
    assert texts[5] == texts[1]


def test_a_dialogue_to_be_spoken_has_a_border_before_every_turn_but_the_first():
    block = "A: who is this\nC: it is {g}\nA: thanks"
    for seed in range(20):
        said = dialogue(block, values.Names(held_out=False), random.Random(seed), spoken=True)
        text = " ".join(w.text or "|" for w in said)
        assert re.fullmatch(r"(who is this)?( ?\|? ?it is,? \S+)?( ?\|? ?thanks)?", text)
        turns = sum(opening in text for opening in ("who", "it is", "thanks"))
        assert text.count("|") == turns - 1


def test_what_was_heard_elsewhere_stands_for_values_of_its_label_alone():
    heard = {"PERSON": ["Murder Stretch."]}
    names = values.Names(held_out=False)
    said = [dialogue("so {g} lives in {c}", names, random.Random(n), misheard=heard) for n in range(60)]
    stretched = [[w for w in words if w.text.casefold().strip(".") in ("murder", "stretch")] for words in said]
    assert 5 < sum(map(bool, stretched)) < 40
    assert {w.label for words in stretched for w in words} == {"PERSON"}


def test_values_that_were_heard_are_runs_of_one_label_without_shreds():
    words, labels = ["So", "mur", "der", "4", "in", "Leads"], ["", "PERSON", "PERSON", "AGE", "", "CITY"]
    heard = {"words": words, "labels": labels}
    found = values_heard([heard] * 100)
    assert found == {"PERSON": ["mur der"] * 100, "CITY": ["Leads"] * 100}
    assert values_heard([heard] * 99) == {}


def test_held_out_names_are_no_training_names():
    train, held_out = (values.Names(held_out=h) for h in (False, True))
    for kind in ("given", "family", "places"):
        assert not set(getattr(train, kind)) & set(getattr(held_out, kind))


def test_every_label_is_a_type_that_policies_know():
    assert set(values.TYPES) <= ENTITY_TYPES.keys()


def spoken(*words):
    return [SpokenWord(text, 0, 0, 1, start, end, "en") for text, start, end in words]


SAID = [
    GoldWord("service", 0.0, 0.5, "", 0),
    GoldWord("phuong", 0.5, 1.0, "PERSON", 0),
    GoldWord("thanks", 1.0, 1.4, "", 0),
]


@pytest.mark.parametrize(
    ("heard", "labels"),
    [
        ((("service,", 0.0, 0.5), ("Phuong.", 0.5, 1.0), ("Thanks", 1.0, 1.4)), ["", "PERSON", ""]),
        (
            (("service,", 0.0, 0.5), ("few", 0.5, 0.7), ("on.", 0.7, 1.0), ("Thanks", 1.0, 1.4)),
            ["", "PERSON", "PERSON", ""],
        ),
        ((("service", 0.0, 0.5), ("thanks", 1.0, 1.4)), ["", ""]),
        ((("phuong", 5.0, 5.5),), ["PERSON"]),  # understood: its time does not matter
        ((("nonsense", 7.0, 7.5),), [""]),
    ],
)
def test_heard_words_carry_the_label_of_what_was_said(heard, labels):
    assert labelled(spoken(*heard), SAID) == labels
