"""Ages of people (AGE); how old a house or a whisky is stays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from redactor.detect.recognizers.lexicon import FUNCTION_WORDS, RELATIONS
from redactor.detect.recognizers.numeral_words import COUNTED
from redactor.detect.recognizers.recognizer import SpokenRecognizer
from redactor.detect.recognizers.slots import ends_clause, text_at
from redactor.detect.recognizers.spoken import FILLERS, Finding, Kind, Token

_SCORE = 0.6
_OLDEST = 119
_PEOPLE = RELATIONS | frozenset(
    "adult aged baby boy boys chap child children client customer daughters driver fellow female "
    "females gentleman girl girls guy he he'd he'll he's her him his i i'd i'll i'm i've infant kid "
    "kids lad lady male males man me member men my myself our patient pensioner people person resident "
    "she she'd she'll she's sons student teenager they they'll they're toddler twin twins victim we "
    "we'll we're who woman women you you'd you'll you're your".split()
)
_THINGS = frozenset(
    "account apartment battery bike boat boiler bottle bourbon bridge bug building building's car "
    "carpet cheese church city club company computer cottage device engine equipment fence flat fridge "
    "furnace furniture home house it it's its kit laptop law loan machine mattress model mortgage motor "
    "oven pc phone photo plan policy product property record roof school scotch server shoes sofa "
    "software song story system tablet that that's this tradition tree truck tv van vehicle whiskey "
    "whisky wine".split()
)
_SUBJECTS = frozenset(
    "baby's brother's child's dad's daughter's father's he's husband's i'm mom's mother's mum's "
    "patient's she's sister's son's who's wife's you're".split()
)
_BE = frozenset("am are is was be became becomes".split())
_TURNED = frozenset("turned turning turns turn".split())
_SOFTENERS = FILLERS | frozenset(
    "about actually almost already approximately around currently just maybe nearly now only over perhaps "
    "probably roughly still under".split()
)
# "I'm 43" is an age where the sentence ends or one of these comes.
_AFTER = frozenset("and but female ma'am male man now sir so this today woman".split())
# They are no subject: "my plan is 43".
_OWNERS = frozenset("her his me my our their they us we your".split())
_WHOSE = frozenset("her his my our their your".split())
_DECADES = frozenset("teens twenties thirties forties fifties sixties seventies eighties nineties".split())
_TENS = frozenset("20 30 40 50 60 70 80 90".split())
_PARTS = frozenset("early late mid middle or to".split())
_REACH = 6
_UNITS = frozenset("year years yr yrs month months week weeks".split())


class AgeRecognizer(SpokenRecognizer):
    """Finds how old a person is: "43 years old", "she is ninety four", "aged 91", "turning 80"."""

    ENTITIES = ("AGE",)

    def find(self, tokens: Sequence[Token], text: str) -> Iterator[Finding]:
        for first, last in _decades(tokens):
            yield Finding("AGE", tokens[first].start, tokens[last - 1].end, _SCORE)
        index = 0
        while index < len(tokens):
            end = _number_end(tokens, index)
            if end == index:
                index += 1
                continue
            if _is_counted_age(tokens, index, end) or _is_told_age(tokens, index, end):
                # The time of "sixty six" often runs on into "years".
                last = end + (text_at(tokens, end) in _UNITS)
                yield Finding("AGE", tokens[_hundred(tokens, index)].start, tokens[last - 1].end, _SCORE)
            index = end


def _number_end(tokens: Sequence[Token], index: int) -> int:
    """Token after the number that begins here, at most 119; `index` itself where there is none."""
    token = tokens[index]
    if not token.is_numeric or token.text in ("oh", "zero"):
        return index
    if token.kind is Kind.TENS or (token.kind is Kind.NUMBER and len(token.digits) == 1):
        return _two_part_end(tokens, index)
    end = index + 1
    if token.digits == "1" and text_at(tokens, end) == "hundred":
        end += 1
        after = end + (text_at(tokens, end) == "and")
        return after + 1 if after < len(tokens) and tokens[after].is_numeric else end
    # "Four three years old", and "fifteen, nine years old" for what was said "fifty nine".
    torn = end < len(tokens) and tokens[end].kind is Kind.UNIT
    if torn and (token.kind is Kind.UNIT or (token.kind is Kind.TEEN and tokens[end].gap == ", ")):
        return end + 1
    return end if len(token.digits) <= 3 and int(token.digits) <= _OLDEST else index


def _hundred(tokens: Sequence[Token], index: int) -> int:
    """Where "a hundred and" in front of a number begins, or the number itself."""
    before = index - (text_at(tokens, index - 1) == "and")
    return before - 1 if text_at(tokens, before - 1) == "hundred" else index


def _two_part_end(tokens: Sequence[Token], index: int) -> int:
    """ "Ninety four", "6 -8", and "6 -T -6" for what was said "sixty six"."""
    following = tokens[index + 1 : index + 3]
    if following and following[0].is_numeric and len(following[0].digits) == 1:
        return index + 2
    if len(following) == 2 and following[0].text in ("t", "ty", "d") and following[1].is_numeric:
        return index + 3
    return index + 1


def _decades(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """ "In my mid 40s", "she's late seventies"; not "in the late eighties"."""
    for index, token in enumerate(tokens):
        written = token.digits in _TENS and text_at(tokens, index + 1) == "s"
        if token.text not in _DECADES and not (written and tokens[index + 1].gap in ("", "'", "\u2019")):
            continue
        first = index
        while text_at(tokens, first - 1) in _PARTS:
            first -= 1
        before = text_at(tokens, first - 1)
        owned = before in _WHOSE and text_at(tokens, first - 2) in ("in", "into", "through")
        told = before in _SUBJECTS or (before in _BE and _has_person(tokens, first - 1, reach=3))
        if owned or (told and first < index):
            yield first, index + 1 + written


def _is_counted_age(tokens: Sequence[Token], index: int, end: int) -> bool:
    """ "43 years old", "67-year-old", if that is a person."""
    if [text_at(tokens, at) for at in range(end, end + 3)] == ["and", "a", "half"]:
        end += 3
    if text_at(tokens, end) == "yo":
        return True
    if text_at(tokens, end) not in _UNITS:
        return False
    if text_at(tokens, end + 1) in ("old", "young"):
        return _is_person(tokens, index, end + 2)
    of_age = text_at(tokens, end + 1) == "of" and text_at(tokens, end + 2) == "age"
    return of_age and _is_person(tokens, index, end + 3)


def _is_person(tokens: Sequence[Token], index: int, last: int) -> bool:
    """The nearest noun or pronoun around tells; a number that nobody claims is taken for a person's."""
    for token in tokens[last : last + 3]:
        if token.opens_sentence or "," in token.gap:
            break
        if token.text in _PEOPLE:
            return True
        if token.text in _THINGS:
            return False
    attributive = not ends_clause(tokens, last) and text_at(tokens, last) not in FUNCTION_WORDS
    modifies = attributive and text_at(tokens, last - 2) in ("year", "month", "week")
    for token in reversed(tokens[max(index - _REACH, 0) : index]):
        if token.text in _THINGS:
            return False
        if token.text in _PEOPLE and not modifies:
            return True
        if token.opens_sentence:
            break
    # "A 12 year old ..." of something that no list knows is a thing; "43 years old." somebody's answer.
    return not modifies


def _is_told_age(tokens: Sequence[Token], index: int, end: int) -> bool:
    """ "She is ninety four", "aged 91", "turned 36"."""
    before = index - 1
    while before >= 0 and tokens[before].text in _SOFTENERS and not tokens[before + 1].opens_sentence:
        before -= 1
    if before < 0 or tokens[before + 1].opens_sentence:
        return False
    verb = tokens[before].text
    if verb in _TURNED:
        follows = text_at(tokens, end)
        alone = verb == "turning" and (before == 0 or tokens[before].opens_sentence)
        person = alone or _has_person(tokens, before)
        return follows not in COUNTED and person and not _goes_on(tokens, end)
    if verb == "aged":
        return not _goes_on(tokens, end)
    if verb == "of":
        verb = text_at(tokens, before - 1)
        before -= 1
    if not _closes(tokens, end):
        return False
    if verb == "age":
        return True
    age = "".join(t.digits for t in tokens[index:end])
    if len(age) < 2:
        return False
    return verb in _SUBJECTS or (verb in _BE and _has_person(tokens, before, reach=3))


def _has_person(tokens: Sequence[Token], before: int, reach: int = _REACH) -> bool:
    """A person is the subject: "my mother is", "he just turned"."""
    for at in range(before - 1, max(before - 1 - reach, -1), -1):
        if tokens[at].text in _THINGS:
            return False
        if tokens[at].text in _PEOPLE and tokens[at].text not in _OWNERS:
            return True
        if tokens[at].opens_sentence:
            return False
    return False


def _closes(tokens: Sequence[Token], end: int) -> bool:
    if end >= len(tokens):
        return True
    return not _goes_on(tokens, end) and (ends_clause(tokens, end) or tokens[end].text in _AFTER)


def _goes_on(tokens: Sequence[Token], end: int) -> bool:
    """The number is the first part of something longer, or an ordinal: "80-85", "80s"."""
    if end >= len(tokens):
        return False
    following = tokens[end]
    ranged = following.text in ("to", "and", "or", "through") and end + 1 < len(tokens)
    if ranged and tokens[end + 1].is_numeric:
        return True  # "aged 5 to 12"
    return (following.is_numeric and not following.opens_sentence) or not following.gap
