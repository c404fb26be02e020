"""Labelled dialogues as a speech recognizer would have written them.

Templates of our own and public ones (SLURP, Presidio's synthetic set) are filled with values, then written as
recognizers write: with or without case and marks, with names misspelt, split, joined, or replaced by English
words that sound alike, values replaced by what recognizers made of others, words lost, turns with or without a
border between them.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from codes import Value, read_list, spell
from mishearing import misheard
from values import KINDS, LABELS, Names, draw

from redactor.detect.recognizers.lexicon import FUNCTION_WORDS

TEMPLATES = Path(__file__).parent / "templates"
BORDER = ""  # in place of a word: somebody else speaks from here on
# By label, what recognizers wrote where somebody had said such a value (heard.py).
Misheard = Mapping[str, Sequence[str]]
NEVER: Misheard = MappingProxyType({})
_SLOT = re.compile(r"\{(last4|[a-z]+)(\d*)(?:\.(g|f|sp))?\}")


@dataclass(frozen=True)
class LabelledWord:
    """A word as it is written, what it is, and how it was said; `text` is BORDER between turns.

    Attributes
    ----------
    differs : bool
        A second recognizer wrote something else.
    """

    text: str
    label: str = ""
    spoken: str = ""
    differs: bool = False

    @property
    def said(self) -> list[str]:
        """The words in which a voice says it."""
        return re.sub(r"[^\w' -]", " ", self.spoken).replace("-", " ").split()


@dataclass(frozen=True)
class _Style:
    """How one recognizer writes one recording."""

    cased: bool
    marks: bool
    wrong: bool


class _Memory:
    """A dialogue says the same value in the same slot again."""

    def __init__(self, names: Names, rng: random.Random, misheard: Misheard = NEVER) -> None:
        self.names, self.rng, self.misheard = names, rng, misheard
        self._drawn: dict[str, Value] = {}

    def get(self, slot: re.Match[str]) -> tuple[str, Value]:
        """Kind (for the label) and value of a slot."""
        kind, key, part = slot[1], slot[2], slot[3]
        value = self._drawn.setdefault(kind + key, draw(kind, self.names, self.rng))
        if part is None:
            return kind, value
        given, _, family = value.spoken.partition(" ")
        if part == "sp":
            return "sp", spell(family or given, self.rng)
        return part, Value(given if part == "g" else family or given)


def fits(template: str) -> bool:
    """Whether every slot of a template exists."""
    try:
        check(template)
    except ValueError:
        return False
    return True


def check(template: str) -> None:
    """Raise ValueError if a template names a slot that does not exist, or holds a stray brace."""
    for slot in _SLOT.finditer(template):
        if slot[1] not in KINDS:
            raise ValueError(f"no such slot: {slot[0]}")
    if re.search(r"[{}]", _SLOT.sub("", template)):
        raise ValueError("a brace that belongs to no slot")


def is_personal(template: str) -> bool:
    """Whether some slot of it holds personal data."""
    return any(slot[1] in LABELS for slot in _SLOT.finditer(template))


# Share of the values of a recording with errors that are written as some other value was heard.
_MISHEARD = 0.5


def _written(kind: str, value: Value, style: _Style, rng: random.Random, misheard_as: Misheard) -> str:
    label = LABELS.get(kind, "")
    text = value.written or value.spoken
    if style.wrong and misheard_as.get(label) and rng.random() < _MISHEARD:
        text = rng.choice(misheard_as[label])
        if not style.marks:
            text = re.sub(r"[,.?!](?= |$)", "", text)
    elif label in ("PERSON", "LOCATION") or kind in ("s", "house", "corner", "pw"):
        if style.wrong and label and rng.random() < 0.6:
            text = misheard(text, rng)
        if style.cased and kind != "pw":
            few = rng.random() < 0.15
            text = " ".join(w if few and style.wrong else w[:1].upper() + w[1:] for w in text.split(" "))
    return text if style.cased else text.lower()


def turn(line: str, memory: _Memory, style: _Style, *, whole: bool = False) -> list[LabelledWord]:
    """Words of one line of a template; `whole` loses none."""
    rng = memory.rng
    words: list[LabelledWord] = []
    at = 0
    glue = False
    for slot in [*_SLOT.finditer(line), None]:
        plain = line[at : slot.start() if slot else len(line)]
        if plain and not plain[0].isspace() and words and at:
            head, _, plain = plain.partition(" ")
            last = words[-1]
            words[-1] = LabelledWord(last.text + head, last.label, last.spoken + head)
        words += [LabelledWord(w, "", w) for w in plain.split()]
        glue = bool(plain) and not plain[-1].isspace() and bool(words) and not words[-1].label
        if slot is None:
            break
        kind, value = memory.get(slot)
        label = LABELS.get(kind, "")
        written = _written(kind, value, style, rng, memory.misheard).split()
        if glue:
            written[0] = words.pop().text + written[0]
        words.append(LabelledWord(written[0], label, " ".join(value.spoken.split())))
        words += [LabelledWord(text, label) for text in written[1:]]
        if style.marks and label == "PERSON" and len(words) > len(written) and rng.random() < 0.2:
            before = words[-len(written) - 1]
            if before.text[-1:].isalpha():
                words[-len(written) - 1] = LabelledWord(before.text + ",", before.label, before.spoken)
        at = slot.end()
    return words if whole else _styled(words, style, rng)


def _styled(words: list[LabelledWord], style: _Style, rng: random.Random) -> list[LabelledWord]:
    """Case and marks of a turn; now and then a word is lost."""
    out: list[LabelledWord] = []
    opens = True
    for word in words:
        text = word.text
        if not style.marks and not word.label:
            text = text.strip(",.?!") or text
        if style.cased:
            if opens or text in ("i", "i'm", "i'll", "i've", "i'd"):
                text = text[:1].upper() + text[1:]
        elif not word.label:
            text = text.lower()
        opens = text[-1:] in ".?!"
        if not word.label and len(words) > 4 and rng.random() < 0.015:
            continue
        out.append(LabelledWord(text, word.label, word.spoken))
    if style.marks and out and out[-1].text[-1:].isalnum():
        last = out[-1]
        out[-1] = LabelledWord(last.text + rng.choice((".", ".", "?", ",", ".")), last.label, last.spoken)
    return out


def dialogue(
    block: str, names: Names, rng: random.Random, *, spoken: bool = False, misheard: Misheard = NEVER
) -> list[LabelledWord]:
    """A block of a template file as one recording: turns with a border between them, or without (one side).

    To be `spoken` it has every border, and nothing is lost or misheard.
    """
    style = _Style(rng.random() < 0.75, rng.random() < 0.75, rng.random() < 0.55)
    if spoken:
        style = _Style(cased=False, marks=True, wrong=False)
    memory = _Memory(names, rng, misheard)
    lines = block.strip().split("\n")
    if len(lines) > 2 and rng.random() < 0.3:  # a question loses its answer, an answer its question
        first = rng.randrange(len(lines) - 1)
        lines = lines[first : first + rng.randint(1, len(lines))]
    borders = spoken or rng.random() < 0.65
    words: list[LabelledWord] = []
    side = ""
    for speaker, written in _turns(lines, memory, style, whole=spoken):
        if words and borders and speaker != side:
            words.append(LabelledWord(BORDER))
        side = speaker
        words += written
    return words if spoken else _doubted(words, style, rng)


def written_turns(block: str, names: Names, rng: random.Random) -> Iterator[tuple[str, list[LabelledWord]]]:
    """The speaker of every line of a block ("A", "C" or none), and its words as somebody careful writes."""
    style = _Style(cased=True, marks=False, wrong=False)
    return _turns(block.strip().split("\n"), _Memory(names, rng), style, whole=True)


def _turns(
    lines: Sequence[str], memory: _Memory, style: _Style, *, whole: bool
) -> Iterator[tuple[str, list[LabelledWord]]]:
    for line in lines:
        speaker, said = (line[0], line[2:].strip()) if re.match(r"[AC]:", line) else ("", line)
        yield speaker, turn(said, memory, style, whole=whole)


# How often two models write a value differently (heard.py), and other words, by how noisy a recording is.
_DIFFERS = {
    "PERSON": 0.7, "LOCATION": 0.65, "STREET_ADDRESS": 0.5, "SPELLED_NAME": 0.95, "DATE_OF_BIRTH": 0.2,
    "AGE": 0.25,
}  # fmt: skip
_OTHER_VALUES_DIFFER = 0.7
_NOISE = (0.03, 0.08, 0.16, 0.3)


def _doubted(words: list[LabelledWord], style: _Style, rng: random.Random) -> list[LabelledWord]:
    """Words with what a second recognizer would say of them; doubt comes in runs."""
    noise, before, value_differs, out = rng.choice(_NOISE), LabelledWord(""), False, []
    for word in words:
        if not word.label:
            differs = rng.random() < (0.4 if before.differs else noise)
        else:
            if word.label != before.label:
                share = _DIFFERS.get(word.label, _OTHER_VALUES_DIFFER)
                value_differs = rng.random() < (share if style.wrong else share * 0.7)
            differs = value_differs and rng.random() < 0.9
        before = replace(word, differs=differs)
        out.append(before)
    return out


def own_templates() -> dict[str, list[str]]:
    """Blocks of every file in templates/, by the file's name."""
    files = {}
    for path in sorted(TEMPLATES.glob("*.txt")):
        blocks = [b.strip() for b in re.split(r"\n\s*\n", path.read_text(encoding="utf-8")) if b.strip()]
        for block in blocks:
            check(block)
        files[path.stem] = blocks
    return files


def slurp(path: Path) -> list[str]:
    """Templates from what people say to an assistant; names and places become slots."""
    slots = {"person": "{p}", "artist_name": "{p}", "place_name": "{c}", "email_address": "{email}"}
    templates = []
    for line in path.read_text(encoding="utf-8").splitlines():
        annotated = json.loads(line)["sentence_annotation"]
        templates.append(re.sub(r"\[(\w+) : ([^\]]*)\]", lambda m: slots.get(m[1], m[2].strip()), annotated))
    return [t for t in templates if fits(t)]


_PRESIDIO = {
    "PERSON": "{p}", "STREET_ADDRESS": "{a}", "GPE": "{c}", "PHONE_NUMBER": "{phone}", "CREDIT_CARD": "{card}",
    "EMAIL_ADDRESS": "{email}", "ZIP_CODE": "{zip}", "AGE": "{age}", "US_SSN": "{ssn}", "IBAN_CODE": "{acct}",
    "US_DRIVER_LICENSE": "{ref}", "DATE_TIME": "{date}",
}  # fmt: skip


def presidio(path: Path) -> list[str]:
    """Templates from Presidio's synthetic set; texts with what nobody says aloud are left out."""
    templates = []
    for row in json.loads(path.read_text(encoding="utf-8")):
        text = row["full_text"]
        if len(text) > 240 or any(s["entity_type"] in ("IP_ADDRESS", "DOMAIN_NAME") for s in row["spans"]):
            continue
        for span in sorted(row["spans"], key=lambda s: -s["start_position"]):
            if slot := _PRESIDIO.get(span["entity_type"]):
                text = text[: span["start_position"]] + slot + text[span["end_position"] :]
        templates.append(" ".join(text.split()))
    return [t for t in templates if fits(t)]


def primock(folder: Path, known: frozenset[str]) -> list[str]:
    """Utterances of mock consultations without any known given name: talk with nothing personal in it."""
    said = []
    for path in sorted(folder.glob("*.TextGrid")):
        for text in re.findall(r'text = "(.*?)"', path.read_text(encoding="utf-8")):
            plain = " ".join(re.sub(r"<[^>]*>", " ", text).replace("{", "").replace("}", "").split())
            if len(plain) > 15 and not re.search(r"\b(?:Dr|Doctor|Mr|Mrs|Miss|name|years? old|age)\b", plain):
                words = re.findall(r"[A-Z][a-z]+", plain[1:])
                if not any(w.lower() in known and w.lower() not in FUNCTION_WORDS for w in words):
                    said.append(plain)
    return said


# Share of each source; what is left goes to our own files, by their number of blocks.
SHARES = {"slurp": 0.08, "presidio": 0.04, "primock": 0.10}
# A file of one-line frames counts more than its few blocks, and what the other files have least of too.
WEIGHTS = {"names": 5.0, "homes": 2.0, "lives": 2.0, "secrets": 2.0}


def sources(data: Path, *, held_out: bool) -> list[tuple[float, Sequence[str]]]:
    """Shares and templates; every tenth template of a seeded shuffle is held out.

    Parameters
    ----------
    data : pathlib.Path
        Folder with ``slurp``, ``presidio-research`` and ``primock57``.
    """
    known = frozenset(read_list("given_names"))
    public = {
        "slurp": slurp(data / "slurp/devel.jsonl"),
        "presidio": presidio(data / "presidio-research/synth_dataset_v2.json"),
        "primock": primock(data / "primock57/transcripts", known),
    }
    own = own_templates()
    weights = {name: len(blocks) * WEIGHTS.get(name, 1.0) for name, blocks in own.items()}
    left = (1 - sum(SHARES.values())) / sum(weights.values())
    shares = {**SHARES, **{name: weight * left for name, weight in weights.items()}}
    mixed = random.Random(5)
    parts = []
    for name, templates in {**public, **own}.items():
        shuffled = list(templates)
        mixed.shuffle(shuffled)
        tenth = max(len(shuffled) // 10, 1)
        parts.append((shares[name], shuffled[:tenth] if held_out else shuffled[tenth:]))
    return parts


def recordings(
    data: Path, count: int, *, seed: int, held_out: bool, misheard: Misheard = NEVER
) -> Iterator[list[LabelledWord]]:
    """So many recordings of one or several blocks; held-out ones have other names and other templates."""
    names, rng = Names(held_out=held_out), random.Random(seed)
    parts = sources(data, held_out=held_out)
    shares = [share for share, _ in parts]
    for _ in range(count):
        words: list[LabelledWord] = []
        for _ in range(rng.choice((1, 1, 1, 2, 2, 3))):
            if words and rng.random() < 0.7:
                words.append(LabelledWord(BORDER))
            words += dialogue(rng.choice(rng.choices(parts, shares)[0][1]), names, rng, misheard=misheard)
        yield words
