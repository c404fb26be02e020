"""Names spelled letter by letter: "S I O B H A N", "B as in boy", "november oscar", "it's SIOBHAN".

A run is made of units, each worth one or more letters. Some are letters for certain ("X", "B as in boy"), some
only beside others ("you" for U, "hotel" for H, "all right" for R). Runs of digits, and of both, are
somebody else's: only runs without two digits are looked at here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from redactor.detect.recognizers.lexicon import FUNCTION_WORDS, is_name_only, opens, rank, stem
from redactor.detect.recognizers.recognizer import SpokenRecognizer
from redactor.detect.recognizers.spoken import FILLERS, NATO, Finding, Kind, Token

_SCORE = 0.6
_LIKELY = 0.5
# NATO words as recognizers write them, and older alphabets.
_ALPHABET_WORDS = NATO | {
    "beta": "b", "keelow": "k", "quilo": "k", "cierra": "s", "cierre": "s", "seara": "s", "eco": "e",
    "juliette": "j", "julie": "j", "romio": "r", "tengo": "t", "yanki": "y", "fox": "f", "leema": "l",
    "able": "a", "baker": "b", "dog": "d", "easy": "e", "george": "g", "item": "i", "jig": "j", "king": "k",
    "love": "l", "nan": "n", "oboe": "o", "queen": "q", "roger": "r", "sugar": "s", "tare": "t", "zebra": "z",
    "adam": "a", "boy": "b", "charles": "c", "david": "d", "edward": "e", "frank": "f", "henry": "h",
    "ida": "i", "john": "j", "lincoln": "l", "mary": "m", "nora": "n", "ocean": "o", "paul": "p",
    "robert": "r", "sam": "s", "tom": "t", "union": "u", "william": "w", "young": "y",
}  # fmt: skip
_HARDLY_WORDS = frozenset(
    "alpha bravo delta echo foxtrot kilo lima quebec romeo sierra tango uniform x-ray xray yankee zulu".split()
)
# Words that a recognizer writes for a letter it heard.
_SOUNDS = {
    "see": "c", "sea": "c", "cee": "c", "are": "r", "ar": "r", "our": "r", "you": "u", "why": "y", "tea": "t",
    "tee": "t", "pee": "p", "pea": "p", "bee": "b", "be": "b", "jay": "j", "kay": "k", "okay": "k",
    "queue": "q", "cue": "q", "ex": "x", "zed": "z", "zee": "z", "eye": "i", "oh": "o", "em": "m", "um": "m",
    "am": "m", "en": "n", "an": "n", "and": "n", "in": "n", "el": "l", "ell": "l", "ess": "s", "es": "s",
    "ef": "f", "eff": "f", "gee": "g", "aitch": "h", "vee": "v", "we": "v", "dee": "d", "ay": "a", "hey": "a",
    "eh": "a", "ee": "e", "he": "e", "ours": "r", "bees": "b", "teas": "t", "peas": "p", "seas": "c",
    "ends": "n", "eyes": "i", "jays": "j",
}  # fmt: skip
# The same, but for nothing else: they stand at the border of a run as well.
_SURE_SOUNDS = frozenset("aitch cee dee ee eff ell ess kay queue tee vee zed zee".split())
# Said behind a spelled name, and not a letter of it.
_OFTEN_LAST = frozenset("am and be he hey oh okay see we why you".split())
# "B as in boy", and what "as in" is heard as.
_AS_IN = tuple(
    tuple(said.split())
    for said in (
        "as in|is in|has in|as an|azin|yazin|asin|a light|in light|on light|a like|like|light|for|in".split("|")
    )
)
_CERTAIN_AS_IN = frozenset((("as", "in"), ("azin",), ("asin",), ("yazin",)))
_MODIFIERS = frozenset(
    "big capital double letter letters lowercase small uppercase".split()
)
_JOINTS = FILLERS | frozenset(
    "and apostrophe comma dash dot hyphen it's next period space that's then with".split()
)
_WEAK_LETTERS = frozenset("aio")
_NAME_PARTS = frozenset("first last surname".split())
_SPELL_CUES = frozenset("spell spelled spelling spells spelt".split())
_CAPITALS_CUES = _SPELL_CUES | frozenset("is it's its name surname that's who's".split())
# In front of a name that is spelled right behind it, and between the two.
_NAME_CUES = frozenset(
    (first, "is") for first in "this it name that here she he who surname last first caller patient".split()
) | {("i", "am")}
_NAME_CUE_WORDS = frozenset(
    "called he's i'm it's name name's named she's surname that's".split()
)
_LEADS_TO_LETTERS = frozenset(
    "and capital is it's so spell spelled spelt that that's with".split()
)
_NOT_SPELLED = frozenset(
    "about account address booking calling code email for going just letter letters licence license name "
    "not number order plate policy postcode reference spelled spelling word zip".split()
)
_ACRONYMS = frozenset(
    "aaa aarp ab abc abcd abcde ac ach act ada adhd aids aka all am and apr are asap atm atm's aws ba bbc "
    "bic bmw bp bsc bt can cbs cd cds ceo cfo cia cnn copd cpr crm ct cvc cvv dc dhl diy dmv dna dsl dvd "
    "dvds dvla ecg eda edd ee ekg er erp espn eta eu eur faq faqs fbi for from fsa fyi gbp ge gerd gm gp "
    "gpa gps have hbo hd hdmi hey hi hiv hmo hmrc hoa hp hr hsa hsbc html http https iban ibm ibs icu id "
    "ids ii iii imei inc ios ip ipad iphone ira irs isp it iv jfk kfc klm kpa la lax lcd led lg llc lol ltd "
    "mac mba mlb mms mph mri msc mtv nasa nato nba nbc nfc nfl ngo nhl nhs nin nino no not nyc ocd ok okay "
    "omg paye pc pdf phd pin pins plc please pm ppo psi ptsd qr rbs rfid rna rpm rsvp rv sap sat sfo sim "
    "sms so sos ssn std stop suv swift that the this tsb tv tvs uae uk ups url us usa usb usd usps uti va "
    "vat vin vip voip vpn what when wifi will with wpa www xl xs xxl xyz yeah yes you your".split()
)


@dataclass(frozen=True)
class _Unit:
    """Tokens first to last (both in it) that stand for letters."""

    first: int
    last: int
    letters: str
    certain: bool
    explained: bool = False


class SpellingRecognizer(SpokenRecognizer):
    """Finds names spelled letter by letter (SPELLED_NAME), and the name said in front of it (PERSON).

    Three letters in a row count, two after "spelled", one that is explained ("B as in boy"); a word in capitals
    counts from four letters on, or from three after a cue.
    """

    ENTITIES = ("SPELLED_NAME", "PERSON")

    def find(self, tokens: Sequence[Token], text: str) -> Iterator[Finding]:
        shouting = _all_capitals(text)
        for run in _runs(tokens, text, shouting):
            run = _begun(_trimmed(run, tokens), tokens)
            score = _worth(run, tokens, text)
            if score:
                yield Finding("SPELLED_NAME", tokens[run[0].first].start, tokens[run[-1].last].end, score)
                yield from _said_before(tokens, run[0].first)


def _said_before(tokens: Sequence[Token], first: int) -> Iterator[Finding]:
    """ "This is <name>, that is <letters>": what stands between the cue and the letters, whatever it became."""
    end = first
    while end > 0 and tokens[end - 1].text in _LEADS_TO_LETTERS:
        end -= 1
    if end > 0 and _same_start(tokens, end - 1, first):
        yield Finding("PERSON", tokens[end - 1].start, tokens[end - 1].end, _LIKELY)
    for cue in range(end - 1, max(end - 6, 0), -1):
        if cue + 1 < end and any(mark in tokens[cue + 1].gap for mark in ".?!;"):
            return
        if (tokens[cue - 1].text, tokens[cue].text) not in _NAME_CUES and tokens[
            cue
        ].text not in _NAME_CUE_WORDS:
            continue
        said = tokens[cue + 1 : end]
        if said and not any(token.text in _NOT_SPELLED or token.kind is Kind.NUMBER for token in said):
            yield Finding("PERSON", said[0].start, said[-1].end, _LIKELY)
            if tokens[cue].text == "is" and tokens[cue - 1].text == "that":
                yield from _said_before(tokens, cue - 1)
        return


def _all_capitals(text: str) -> bool:
    letters = [c for c in text[:400] if c.isalpha()]
    return sum(c.isupper() for c in letters) > 0.7 * len(letters) > 20


def _runs(tokens: Sequence[Token], text: str, shouting: bool) -> Iterator[list[_Unit]]:
    """Maximal runs of units; joints, and up to two unknown words between certain ones, do not end one."""
    run: list[_Unit] = []
    index = 0
    while index < len(tokens):
        unit = _unit(tokens, text, index, shouting)
        if unit is None or (not run and not _may_begin(unit, tokens)):
            index += 1
            continue
        if run and not _continues(run, unit, tokens):
            yield run
            run = []
            if not _may_begin(unit, tokens):
                index += 1
                continue
        run.append(replace(unit, certain=unit.certain or _in_nato(run, unit, tokens)))
        index = unit.last + 1
    if run:
        yield run


def _may_begin(unit: _Unit, tokens: Sequence[Token]) -> bool:
    return unit.certain or tokens[unit.first].text in _SURE_SOUNDS


def _continues(run: list[_Unit], unit: _Unit, tokens: Sequence[Token]) -> bool:
    between = tokens[run[-1].last + 1 : unit.first]
    if not between:
        return (run[-1].certain and unit.certain) or "?" not in tokens[unit.first].gap
    if any(token.is_numeric for token in between) or len(between) > 3:
        return False
    if all(token.text in _JOINTS for token in between):
        return unit.certain
    # "Whiskey Cierre Kilo": what stands between two sure letters was a letter too.
    if len(between) > 2 or any(token.opens_sentence for token in (*between, tokens[unit.first])):
        return False
    known = sum(len(u.letters) for u in run if u.certain)
    alphabet = all(tokens[i].text in _HARDLY_WORDS for i in (run[-1].last, unit.first))
    misheard = not all(token.text in FUNCTION_WORDS for token in between)
    return (unit.certain or _in_nato(run, unit, tokens)) and (known >= 2 or alphabet) and misheard


def _in_nato(run: Sequence[_Unit], unit: _Unit, tokens: Sequence[Token]) -> bool:
    """One more word of the alphabet after three."""
    said = sum(tokens[u.first].text in NATO for u in run if u.certain)
    return said >= 3 and tokens[unit.first].text in NATO


def _unit(tokens: Sequence[Token], text: str, index: int, shouting: bool) -> _Unit | None:
    token = tokens[index]
    if token.kind in (Kind.NUMBER, Kind.AMOUNT, Kind.TEEN, Kind.TENS):
        return None
    if token.text in _MODIFIERS and index + 1 < len(tokens) and _is_letter(tokens[index + 1]):
        times = 2 if token.text == "double" else 1
        return _Unit(index, index + 1, tokens[index + 1].text * times, True)
    if token.text == "double" and _text(tokens, index + 1) in ("you", "u"):
        return _Unit(index, index + 1, "w", False)
    explained = _explained(tokens, text, index)
    if explained:
        return explained
    if _is_letter(token):
        weak = token.text in ("a", "i") and _plain_gaps(tokens, index)
        return _Unit(index, index, token.text, not weak)
    if _in_capitals(token, text) and not shouting:
        if token.text in _ACRONYMS:
            return None
        return _Unit(index, index, token.text, True)
    if token.text in _ALPHABET_WORDS:
        return _Unit(index, index, _ALPHABET_WORDS[token.text], _in_alphabet(tokens, index))
    if token.text in _SOUNDS:
        return _Unit(index, index, _SOUNDS[token.text], False)
    return None


def _in_alphabet(tokens: Sequence[Token], index: int) -> bool:
    """A word of the spelling alphabet with another beside it, or near it if people hardly ever say both."""
    if tokens[index].text not in NATO:
        return False
    if _text(tokens, index - 1) in _ALPHABET_WORDS or _text(tokens, index + 1) in _ALPHABET_WORDS:
        return True
    around = [_text(tokens, index + step) for step in (-3, -2, 2, 3)]
    return tokens[index].text in _HARDLY_WORDS and any(word in _HARDLY_WORDS for word in around)


def _is_letter(token: Token) -> bool:
    return token.kind is Kind.LETTER and len(token.text) == 1


def _plain_gaps(tokens: Sequence[Token], index: int) -> bool:
    """Only blanks on both sides: "a" and "I" are words there."""
    after = tokens[index + 1].gap if index + 1 < len(tokens) else ""
    return not tokens[index].gap.strip() and bool(after) and not after.strip()


def _text(tokens: Sequence[Token], index: int) -> str:
    return tokens[index].text if 0 <= index < len(tokens) else ""


def _explained(tokens: Sequence[Token], text: str, index: int) -> _Unit | None:
    """ "B as in boy", "in like Nancy", "D, dog": a letter and the word that stands for it."""
    token = tokens[index]
    written = _is_letter(token) or _in_capitals(token, text)
    letter = token.text[-1] if written else _SOUNDS.get(token.text, "")
    if not letter and len(token.text) <= 3 and token.text in FUNCTION_WORDS - {"not"}:
        letter = "?"  # "she as in George": some letter, whichever
    for said in _AS_IN if letter else ():
        end = index + 1 + len(said)
        if end >= len(tokens) or tuple(t.text for t in tokens[index + 1 : end]) != said:
            continue
        end += tokens[end].text in ("a", "an", "the", "n") and end + 1 < len(tokens)
        word = tokens[end]
        if len(word.text) == 1 or word.is_numeric or word.opens_sentence or word.text in FUNCTION_WORDS:
            continue
        letters = token.text if written else word.text[0]
        capital = written and said[-1] == "in" and text[word.start].isupper()
        fits = capital or word.text[0] == letter and (said != ("in",) or token.text.endswith("s"))
        if fits or said in _CERTAIN_AS_IN:
            sure = said in _CERTAIN_AS_IN or (written and letter not in _WEAK_LETTERS)
            return _Unit(index, end, letters, True, sure)
        if written and said == ("like",) and token.gap.strip():
            return _Unit(index, end, letters, True)
    word = tokens[index + 1] if index + 1 < len(tokens) else token
    plain = letter in _WEAK_LETTERS and not token.gap.strip()
    if _is_letter(token) and word.text[0] == letter and _names_letter(word) and not plain:
        return _Unit(index, index + 1, letter, True)
    return None


def _in_capitals(token: Token, text: str) -> bool:
    word = text[token.start : token.end]
    return 2 <= len(word) <= 12 and word.isalpha() and word.isupper()


def _names_letter(word: Token) -> bool:
    explains = 1 < len(word.text) < 9 and word.text not in FUNCTION_WORDS and "," in word.gap
    return word.text in _ALPHABET_WORDS or explains


def _trimmed(run: list[_Unit], tokens: Sequence[Token]) -> list[_Unit]:
    """Without what only looks like a letter at the borders of a run."""
    last = len(run)
    while last > 1 and not run[last - 1].certain:
        if run[last - 2].certain and _ends_run(run[last - 1], tokens):
            break
        last -= 1
    first = 0
    while last - first > 1 and run[first].letters in _WEAK_LETTERS and not _bound(run[first + 1], tokens):
        first += 1
    while last - first > 1 and run[last - 1].letters in _WEAK_LETTERS and not _ends(run[last - 1], tokens):
        last -= 1
    return run[first:last]


def _begun(run: list[_Unit], tokens: Sequence[Token]) -> list[_Unit]:
    """With the word before that must be a letter too: "that's see H E N"."""
    first = run[0].first - 1
    sound = _SOUNDS.get(_text(tokens, first))
    if sound and len(run) > 1 and all(len(unit.letters) == 1 for unit in run[:2]):
        cued = _text(tokens, first - 1) in _CAPITALS_CUES or opens(tokens[first])
        if cued and tokens[run[0].first].gap.strip() in ("", "-", ","):
            return [_Unit(first, first, sound, False), *run]
    return run


def _ends_run(unit: _Unit, tokens: Sequence[Token]) -> bool:
    """ "G-R-E in.": a sound right behind the letters, with nothing after it."""
    word = tokens[unit.first].text
    after = tokens[unit.last + 1].gap if unit.last + 1 < len(tokens) else "."
    return word in _SURE_SOUNDS or (
        word not in _OFTEN_LAST and not tokens[unit.first].gap.strip() and any(mark in after for mark in ".?!,")
    )


def _bound(unit: _Unit, tokens: Sequence[Token]) -> bool:
    """The letter in front of this one is a letter too: "A L", "a, b"; not "a TIA"."""
    return bool(tokens[unit.first].gap.strip()) or (unit.certain and len(unit.letters) == 1)


def _ends(unit: _Unit, tokens: Sequence[Token]) -> bool:
    """A last "a" or "I" that is a letter: tied to the letter before it, or followed by a pause."""
    before = tokens[unit.first].gap
    after = tokens[unit.last + 1].gap if unit.last + 1 < len(tokens) else "."
    if "." in before and " " in before:  # ". I think": a new sentence
        return bool(after.strip())
    return before in ("-", ".") or bool(after.strip())


def _worth(run: list[_Unit], tokens: Sequence[Token], text: str) -> float:
    """Score of a run; 0 where it is none."""
    letters = "".join(unit.letters for unit in run)
    in_order = letters in "abcdefghijklmnopqrstuvwxyz" and 1 < len(letters) < 5 and len(run) > 1
    certain = "".join(unit.letters for unit in run if unit.certain)
    before = {_text(tokens, run[0].first - back) for back in (1, 2, 3)}
    stammer = re.sub(r"(.)\1+", r"\1", letters)
    if not {letters, stammer}.isdisjoint(_ACRONYMS) or (in_order and not before & _SPELL_CUES):
        return 0.0
    if any(unit.explained for unit in run) or sum(unit.last > unit.first for unit in run) >= 2:
        return _SCORE
    if len(run) == 1 and len(tokens[run[0].first].text) != 1:
        return _word_worth(run[0], tokens, text, before)
    if not set(certain) - _WEAK_LETTERS:
        return 0.0
    if len(certain) >= 3 or (len(certain) >= 2 and len(letters) >= 4):
        return _SCORE
    cued = before & _SPELL_CUES or (len(run) > 1 and before & {"that", "that's"})
    return _SCORE if len(letters) >= 2 and cued else 0.0


def _word_worth(unit: _Unit, tokens: Sequence[Token], text: str, before: set[str]) -> float:
    """A single word: letters that were written together, or a word of an alphabet said by chance."""
    token = tokens[unit.first]
    if unit.first != unit.last or not text[token.start : token.end].isupper():
        return 0.0
    after = {_text(tokens, unit.last + step) for step in (1, 2, 3)}
    cued = bool(before & _CAPITALS_CUES or after & _NAME_PARTS) or _same_start(
        tokens, unit.first - 1, unit.first
    )
    if len(token.text) >= 4 and (cued or is_name_only(stem(token.text)) or rank(token.text) > 8_000):
        return _LIKELY
    paused = opens(token) or "," in token.gap or bool(after & _NAME_PARTS)
    return _LIKELY if len(token.text) == 3 and cued and paused else 0.0


def _same_start(tokens: Sequence[Token], said: int, first: int) -> bool:
    """ "Grace, GRAC", "Zofia, Z-O-F": the name, and then its letters."""
    letters = "".join(token.text for token in tokens[first : first + 2])
    return said >= 0 and len(tokens[said].text) > 2 and tokens[said].text[:2] == letters[:2]
