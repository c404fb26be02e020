"""Generated spoken-style sentences with names and addresses, as a recognizer would have written them.

Templates of our own and public ones (SLURP, Presidio's synthetic set) are filled with names and places of many
countries, then written as recognizers write: without case or marks, with names misspelt, split, joined, or
replaced by English words that sound alike.
"""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from redactor.detect.phonetic import near_keys, sound_key
from redactor.detect.recognizers.lexicon import FUNCTION_WORDS

LISTS = Path(__file__).parents[2] / "redactor/detect/recognizers/data"

# {p} a person, {g} a given name, {f} a family name, {c} a city, {a} a street address, {n} a number.
CALLS = """
hello you are through to {o} my name is {g} how can I help
thank you for calling {o} this is {g} how may I help you today
hi {g} this is {p} calling about my bill
good morning am I speaking with {p}
yes this is {p} speaking
can I take your name please it is {p}
thanks {g} and can you confirm your address for me
sure I live at {a}
my address is {a} in {c}
we moved from {c} to {c} last year
it is {a} {c}
okay {g} I have found your account
thank you {g} one moment please
is there anything else I can do for you today {g}
no that is all thanks {g}
have a great day {g} bye
the account is in my husband's name {p}
my wife {g} is also on the policy
please speak to my son {g} he has the details
I spoke with {g} yesterday and she said it was fixed
the technician was called {g} I think
could you put me through to {p} in billing
I am calling on behalf of {p}
doctor {f} referred me to you
I have an appointment with doctor {f} at three
the patient is {p} born in the spring
nurse {g} took my blood pressure
mister {f} is not available right now
ms {f} will call you back before noon
the package was sent to {a}
can you deliver it to {a} instead
I used to live on {s} near the station
my landlord is {p} and he lives in {c}
my manager {g} told me to call
your reference is under the name {f}
that is {g} with a k
my maiden name is {f}
the booking is under {p}
did you say {g} or {g}
right so {p} from {c} is that correct
I was born in {c} actually
I am flying from {c} to {c} on friday
{g} could you hold for a second
{g} I am sorry about that
well {g} let me explain
{g} speaking
{p} here from {o}
you can ask for {g} at the desk
I have a mister {f} on the line for you
tell {g} that I said thanks
her name is {g} and she is my daughter
our neighbour {p} saw the whole thing
it was signed by {p}
the driver {g} left it with {g} next door
do you know {p}
send it to {p} at {a}
the claim was made by {p} of {a}
I met {g} and {g} at the clinic
please update the beneficiary to {p}
my emergency contact is {p}
is {g} there please
may I speak to {g}
who is {p}
what did {g} say
{g} and {g} are both on the lease
"""
COMMANDS = """
call {g}
call {p}
call my sister {g}
phone {p} on speaker
dial {g} mobile
text {g} I am on my way
message {g} that dinner is ready
send a message to {p}
send {g} an email about the meeting
email {p} the report
remind me to call {g} tomorrow
remind me to pick up {g} from school
remind me about {g}'s birthday
set up a meeting with {p} on monday
schedule lunch with {g} at noon
add {p} to my contacts
delete {g} from my contacts
what is {g}'s phone number
when is {g}'s birthday
read the last email from {p}
play the voicemail from {g}
did {g} call me
facetime {g}
video call {p}
tell {g} I will be late
ask {g} if she wants pizza
invite {g} and {g} to the party
navigate to {a}
directions to {a}
take me to {a}
how far is {c}
what is the weather in {c}
what time is it in {c}
find a hotel in {c}
book a cab from {a} to {a}
get me a taxi to {s}
is it raining in {c} today
who is {p}
show me pictures of {g}
share my location with {g}
pay {g} twenty dollars
turn on {g}'s bedroom light
where does {p} live
"""
HARMLESS = """
I will call you at four
will you mark it as done please
may I help you with that
the bill is due in march
I was reading the news this morning
set an alarm for half past seven
turn off the lights in the kitchen
play some jazz music
it takes seven business days
your order will arrive on thursday
gate twelve is on the left
the river was high this year
I have a joy ride pass
grant me access to the page please
I hope you can help me with my account
the rose bushes need water
put the jack in the socket
my internet is down since yesterday
can I have a large coffee with oat milk
I would like a double shot espresso
what is on my calendar today
the total comes to ninety eight dollars
I need to cancel my subscription
that is a frank answer
we will drew up a new contract
can you check the status of my order
thank you so much for your help
is there anything else I can do for you
you are welcome have a good day
let me check that for you one moment
I am not happy with the service at all
please hold while I transfer you
the doctor said to take it twice a day
I have had this pain in my chest since monday
do you have any allergies
I feel dizzy when I get up
how long have you had the cough
add milk and eggs to the shopping list
volume up
stop
skip this one
no that was everything thanks
the car makes a strange noise when it starts
I lost my card on the bus
what are your opening hours
I want to change my plan
could you say that again please
it is the blue one with the white lid
order a pepperoni pizza for tonight
turn the thermostat up to twenty one degrees
"""
_ORGANISATIONS = (
    "acme telecom|northern bank|city clinic|the support team|blue insurance|harbor energy|customer care|"
    "first credit union|green power|the help desk"
).split("|")
_STREET_TYPES = (
    "street street street avenue avenue road road lane drive drive court boulevard way place terrace crescent"
).split()
_STREETS = (
    "oak maple cedar elm pine hill lake river park church mill high main king queen victoria station bridge "
    "garden forest sunset highland franklin lincoln jefferson orchard meadow willow chestnut walnut spring "
    "school market castle abbey grove manor prospect union liberty"
).split()
_UNITS = "one two three four five six seven eight nine".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


@dataclass(frozen=True)
class Sentence:
    """Text and (start, end, label) spans of characters."""

    text: str
    spans: tuple[tuple[int, int, str], ...]


def _read(name: str) -> list[str]:
    return (LISTS / f"{name}.txt").read_text(encoding="utf-8").split()


class Names:
    """Names to fill in: of training and of held-out sentences, by every tenth of a seeded shuffle.

    Parameters
    ----------
    held_out : bool
    """

    def __init__(self, *, held_out: bool) -> None:
        rng = random.Random(11)
        self.given = _part(_read("given_names"), rng, held_out)
        self.family = _part(_read("family_names"), rng, held_out)
        places = (LISTS / "places.txt").read_text(encoding="utf-8").split("\n")[:-1]
        self.places = _part(places, rng, held_out)


def _part(names: Sequence[str], rng: random.Random, held_out: bool) -> list[str]:
    shuffled = sorted(names)
    rng.shuffle(shuffled)
    tenth = len(shuffled) // 10
    return shuffled[:tenth] if held_out else shuffled[tenth:]


def _number(rng: random.Random) -> str:
    if rng.random() < 0.6:
        return str(rng.choice((rng.randint(1, 99), rng.randint(100, 9999))))
    parts = [rng.choice(_UNITS)] if rng.random() < 0.3 else []
    return " ".join([*parts, rng.choice(_TENS), rng.choice(_UNITS)])


def _street(names: Names, rng: random.Random) -> str:
    name = rng.choice((rng.choice(_STREETS), rng.choice(names.family)))
    return f"{name} {rng.choice(_STREET_TYPES)}"


def _address(names: Names, rng: random.Random) -> str:
    unit = f" {rng.choice(('apartment', 'flat', 'unit', 'suite'))} {_number(rng)}" if rng.random() < 0.2 else ""
    return f"{_number(rng)} {_street(names, rng)}{unit}"


def _value(slot: str, names: Names, rng: random.Random) -> tuple[str, str]:
    """Words and label of a slot."""
    if slot == "g":
        return rng.choice(names.given), "PERSON"
    if slot == "f":
        return rng.choice(names.family), "PERSON"
    if slot == "p":
        if rng.random() < 0.15:
            return rng.choice(names.given), "PERSON"
        return f"{rng.choice(names.given)} {rng.choice(names.family)}", "PERSON"
    if slot == "c":
        return rng.choice(names.places), "LOCATION"
    if slot == "a":
        return _address(names, rng), "STREET_ADDRESS"
    if slot == "s":
        return _street(names, rng), "STREET_ADDRESS"
    return rng.choice(_ORGANISATIONS), ""


@cache
def _sounding() -> dict[str, list[str]]:
    """Everyday words by how they sound."""
    by_sound: dict[str, list[str]] = defaultdict(list)
    for word in _read("common_words")[:12_000]:
        if word.isalpha() and len(word) > 1:
            by_sound[sound_key(word)].append(word)
    return by_sound


def misheard(name: str, rng: random.Random) -> str:
    """A name as a recognizer may write it."""
    return " ".join(_misheard(word, rng) for word in name.split())


def _misheard(word: str, rng: random.Random) -> str:
    way = rng.random()
    if way < 0.08 and (alike := [w for k in near_keys(sound_key(word)) for w in _sounding().get(k, ())]):
        return rng.choice(alike)
    if way < 0.25 and len(word) > 5:
        at = rng.randint(2, len(word) - 3)
        halves = word[:at], word[at:]
        return " ".join(_likely(h, rng) for h in halves)
    if way < 0.85 and len(word) > 3:
        return _misspelt(word, rng)
    return word


def _likely(part: str, rng: random.Random) -> str:
    alike = _sounding().get(sound_key(part), ())
    return rng.choice(alike) if alike and rng.random() < 0.3 else part


_CONFUSED = "ae ei oa uo bp dt kg sz vf mn yi ck".split()


def _misspelt(word: str, rng: random.Random) -> str:
    at = rng.randint(1, len(word) - 2)
    way = rng.randint(0, 2)
    if way == 0:
        return word[:at] + word[at + 1 :]
    if way == 1:
        return word[:at] + word[at] + word[at:]
    pairs = dict((*_CONFUSED, *(p[::-1] for p in _CONFUSED)))
    return word[:at] + pairs.get(word[at], word[at]) + word[at + 1 :]


def fill(template: str, names: Names, rng: random.Random) -> Sentence:
    """One sentence of a template, as it was heard."""
    cased, marks = rng.random() < 0.6, rng.random() < 0.6
    wrong = rng.random() < 0.4
    text, spans = "", []
    for piece in re.split(r"(\{\w\})", template):
        if not piece.startswith("{"):
            text += piece
            continue
        value, label = _value(piece[1], names, rng)
        if wrong and label:
            value = misheard(value, rng)
        if cased and (label != "STREET_ADDRESS" or rng.random() < 0.8):
            value = value.title() if rng.random() < 0.85 or not wrong else value
        if marks and label == "PERSON" and text.endswith(" ") and rng.random() < 0.25:
            text = text.rstrip() + ", "
        if label:
            spans.append((len(text), len(text) + len(value), label))
        text += value
    if cased:
        text = text[:1].upper() + text[1:]
        text = re.sub(r"\bi\b", "I", text)
    else:
        text = text.lower()
    if marks:
        text += rng.choice((".", ".", "?", ","))
    return Sentence(text, tuple(spans))


def slurp(path: Path) -> list[str]:
    """Templates from what people say to an assistant; names and places become slots."""
    slots = {"person": "{p}", "artist_name": "{p}", "place_name": "{c}"}
    templates = []
    for line in path.read_text(encoding="utf-8").splitlines():
        annotated = json.loads(line)["sentence_annotation"]
        templates.append(
            re.sub(r"\[(\w+) : ([^\]]*)\]", lambda m: slots.get(m[1], m[2].strip()), annotated)
        )
    return templates


def presidio(path: Path) -> list[str]:
    """Templates from Presidio's synthetic set; values without a slot stay as they are."""
    slots = {"PERSON": "{p}", "STREET_ADDRESS": "{a}", "GPE": "{c}"}
    templates = []
    for row in json.loads(path.read_text(encoding="utf-8")):
        text = row["full_text"]
        for span in sorted(row["spans"], key=lambda s: -s["start_position"]):
            if slot := slots.get(span["entity_type"]):
                text = text[: span["start_position"]] + slot + text[span["end_position"] :]
        if len(text) < 200:
            templates.append(" ".join(text.split()))
    return templates


def primock(folder: Path, known: frozenset[str]) -> list[str]:
    """Utterances of mock consultations without any known given name: talk with nothing personal in it."""
    said = []
    for path in sorted(folder.glob("*.TextGrid")):
        for text in re.findall(r'text = "(.*?)"', path.read_text(encoding="utf-8")):
            plain = " ".join(re.sub(r"<[^>]*>", " ", text).replace("{", "").replace("}", "").split())
            if len(plain) > 15 and not re.search(r"\b(?:Dr|Doctor|Mr|Mrs|Miss|name)\b", plain):
                words = re.findall(r"[A-Z][a-z]+", plain[1:])
                if not any(w.lower() in known and w.lower() not in FUNCTION_WORDS for w in words):
                    said.append(plain)
    return said


def sentences(data: Path, count: int, *, seed: int, held_out: bool) -> Iterator[Sentence]:
    """So many sentences; held-out ones have other names and other templates.

    Parameters
    ----------
    data : pathlib.Path
        Folder with ``slurp``, ``presidio-research`` and ``primock57``.
    """
    names, rng = Names(held_out=held_out), random.Random(seed)
    known = frozenset(_read("given_names"))
    kinds = [
        (0.30, CALLS.strip().split("\n")),
        (0.16, COMMANDS.strip().split("\n")),
        (0.12, HARMLESS.strip().split("\n")),
        (0.18, slurp(data / "slurp/devel.jsonl")),
        (0.10, presidio(data / "presidio-research/synth_dataset_v2.json")),
        (0.14, primock(data / "primock57/transcripts", known)),
    ]
    mixed = random.Random(5)
    parts = []
    for share, templates in kinds:
        mixed.shuffle(templates)
        tenth = max(len(templates) // 10, 1)
        parts.append((share, templates[:tenth] if held_out else templates[tenth:]))
    shares = [share for share, _ in parts]
    for _ in range(count):
        turns = [
            fill(rng.choice(rng.choices(parts, shares)[0][1]), names, rng)
            for _ in range(rng.choice((1, 1, 2, 3)))
        ]
        text, spans = "", []
        for turn in turns:
            text += " " if text else ""
            spans += [(len(text) + a, len(text) + b, label) for a, b, label in turn.spans]
            text += turn.text
        yield Sentence(text, tuple(spans))
