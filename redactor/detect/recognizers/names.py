"""Names of people by the words around them, however a recognizer writes them.

Three kinds of evidence: a cue in front ("my name is", "call", "doctor") or behind ("speaking"), two cues around
("pick up ... from practice"), and a capital inside a sentence on a word that is no English word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from redactor.detect.recognizers.lexicon import (
    FUNCTION_WORDS,
    RELATIONS,
    Standing,
    is_coined,
    is_family,
    is_given,
    opens,
    place_length,
    rank,
    standing,
    stem,
)
from redactor.detect.recognizers.recognizer import SpokenRecognizer
from redactor.detect.recognizers.slots import Cues, ends_clause, read_name, skip, text_at
from redactor.detect.recognizers.spoken import FILLERS, Finding, Token


@dataclass(frozen=True)
class _Cue:
    """What follows a cue must be at least `need`; `command` cues count only where somebody gives an order."""

    need: Standing
    score: float = 0.6
    command: bool = False


_CERTAIN = _Cue(Standing.ORDINARY, 0.7)
_TITLE = _Cue(Standing.CAPITALISED, 0.7)
_TALK = _Cue(Standing.CAPITALISED)
_ORDER = _Cue(Standing.AMBIGUOUS, 0.6, command=True)
_FROM = _Cue(Standing.AMBIGUOUS)

_CUES = Cues(
    {
        "my name is|my name's|my name was|the name is|the name's|name is|names is|her name is|his name is|"
        "names|surname is|surname's|last name is|last name's|first name is|first name's|middle name is|"
        "maiden name is|second name is|family name is|given name is|full name is|nickname is|mister|mr|mrs|"
        "ms|account holder is|name of the patient is|patient's name is|contact is|beneficiary is|"
        "policyholder is|policy holder is|cardholder is|in the name of|under the name of|under the name|"
        "on behalf of|name on the account is|name on the card is|name on the booking is|go by|goes by|"
        "i'm called|i am called|they call me|my manager is|known as|registered to|made out to|"
        "addressed to": _CERTAIN,
        "reservation is under|reservation's under|booking is under|booking's under|booked under": _FROM,
        "surname|last name|first name|maiden name|family name|the name|full name|username|account holder|"
        "doctor|dr|doc|professor|prof|nurse|miss|madam|sir|lady|lord|reverend|father|sister|captain|"
        "sergeant|officer|detective|aunt|auntie|uncle|judge|senator|president|coach|cousin|grandma|grandpa|"
        "miss.|señor|frau|herr": _TITLE,
        "this is|it's|it is|i'm|i am|that's|that is|here is|here's|speaking with|speaking to|speak to|"
        "speak with|talk to|talk with|talking to|talking with|talked to|talked with|spoke to|spoke with|"
        "spoken to|spoken with|thanks|thank you|thank you so much|thanks so much|thank you very much|hi|"
        "hello|hey|hiya|good morning|good afternoon|good evening|morning|goodbye|bye|cheers|dear|"
        "with me is|you are|you're|you must be|named|called|patient|caller|customer|client|agent|member|"
        "colleague|supervisor|looking for|ask for|asking for|reach|meet|met|met with|saw|visit|visiting|"
        "hear from|heard from|living with|lives with|living with you|and|married to|divorced from|behalf|"
        "care of|attention|attention of|regarding|about|by the name of|got it|welcome|congratulations|"
        "sorry|okay|ok|yes|no|perfect|great|alright|all right|help|you|today|with|for|to": _TALK,
        "call|dial|phone|ring|text|message|email|e-mail|ping|facetime|video call|remind|tell|ask|invite|"
        "notify|page|buzz|whatsapp|skype|video chat|voice call|contact|message to|text to|email to|"
        "a call to|reply to|answer|who is|who's|where is|where's|how old is|show me|find|nudge|send|pay|"
        "venmo|give|drop in on|announce to": _ORDER,
        "call with|meeting with|lunch with|dinner with|breakfast with|coffee with|appointment with|"
        "date with|meet with|drinks with|session with|interview with|conversation with|video call with|"
        "chat with|message from|messages from|email from|emails from|text from|texts from|voicemail from|"
        "voice mail from|call from|calls from|missed call from|missed calls from|anything from|mail from|"
        "letter from|birthday of|number for|contact for|contacts for|voicemail for|flowers for|gift for|"
        "present for|party for|birthday for|reminder for|ticket for|appointment for|room for|message for|"
        "prescription for": _FROM,
    }
)
_OWNERS = frozenset("her his my our their your".split())
_TITLES = frozenset("captain doctor dr madam miss mister mr mrs ms nurse prof professor sir".split())
_ABBREVIATED = frozenset("dr mr mrs ms prof".split())
# "My name is spelled wrong", "the name is not on the list".
_NOT_A_NAME = frozenset(
    "actually always associated attached available blank brand called calling changed common confidential "
    "correct different difficult easy entered field hard having important incorrect linked listed long "
    "looking mentioned missing misspelled new optional please printed pronounced registered required short "
    "showing shown spelled spelling spelt still supposed taken trying under unknown usually wondering "
    "written wrong".split()
)
# Words that a recognizer writes for a short name it does not know: "My name is too."
_HEARD_AS = frozenset("an and are do go he in kin may no on she so son too two way will you".split())
# Who gives an order opens with it, or asks for it.
_BEFORE_ORDER = frozenset(
    "alexa also and can cortana could gonna google hey i'll just let's me must now ok okay or please should "
    "siri so then to will would you".split()
)
# Behind "X speaking": the speaker is named in front.
_AFTER_SPEAKING = frozenset("here how may this what".split())
_NOT_SPEAKING = frozenset(
    "after am and any are avoid be been before broadly by difficulty english for frankly french generally "
    "german he's honestly i i'm is keep kept like mind of or personally practically problem problems "
    "publicly roughly she's slurred so spanish start started stop stopped strictly technically they they're "
    "trouble was we we're were when while who who's without you you're".split()
)
_ORGANISATION = frozenset(
    "airlines airways avenue bank boulevard care center centre cinema clinic college company corporation "
    "court credit customer drive electric energy financial gas group health healthcare hospital hotel "
    "hotels inc insurance lane llc ltd mobile motors park pharmacy road school service services solutions "
    "store stores street supermarket support systems technologies telecom theater theatre union university "
    "water wireless".split()
)
_COLLECTED = frozenset(
    "boys car cat children cleaning clothes dinner dog dress food girls groceries her him it kid kids "
    "laundry lunch mail me medication medications medicine milk order orders package packages parcel "
    "parcels pizza prescription prescriptions stuff suit them things ticket tickets us".split()
)
_FETCHED_FROM = frozenset(
    "airport ballet baseball camp class college daycare football gym gymnastics hockey hospital "
    "kindergarten lesson lessons nursery party piano practice rehearsal school soccer station swimming "
    "training work".split()
)
# Given names that count without a capital only after a cue.
_WORDS_TOO = frozenset(
    "ana art berry bill bob bud burns carol carter charlotte chuck cooper dale dean dick diego dom don "
    "frank gene georgia hale harper jack jean jeans jerry jo jordan joy ken laurel lee lily mac marina "
    "martin math max mel miller nat nick norm palmer pat penny polo randy ray rob robin sally sandy sierra "
    "smith sue tad ted van violet".split()
)
_BOOKS = frozenset("address contact contacts family favorites favourites friends group phone speed".split())
_NOT_BOOKED = frozenset(
    "appointment birthday caller contact email event her him it item items list meeting new number numbers "
    "person photo photos reminder song songs that them these this those".split()
)
_NOT_TOLD = FUNCTION_WORDS - frozenset("an in may my no on so too".split()) | frozenset(
    "boss dad doctor everyone family group guys husband manager mom mum people team wife".split()
)
_OWNED = frozenset(
    "account address anniversary appointment birthday brother calendar cell contact desk email father "
    "flight house husband mobile mother name number office party phone place room sister voicemail wedding "
    "wife".split()
)
_STAYS = frozenset("around available awake coming free here home in living online still the there".split())


class NameRecognizer(SpokenRecognizer):
    """Finds names of people (PERSON) by what stands before, behind or around them."""

    ENTITIES = ("PERSON",)

    def find(self, tokens: Sequence[Token], text: str) -> Iterator[Finding]:
        for search in (_after_cues, _after_relations, _before_cues, _between_cues, _by_capital):
            for first, end, score in search(tokens, text):
                yield Finding("PERSON", tokens[first].start, tokens[end - 1].end, score)


_Found = Iterator[tuple[int, int, float]]


def _after_cues(tokens: Sequence[Token], text: str) -> _Found:
    for start, end, cue in _CUES(tokens):
        first = skip(tokens, end, FILLERS | _TITLES)
        if first >= len(tokens):
            continue
        if tokens[first].opens_sentence:
            if tokens[first - 1].text not in _ABBREVIATED:
                continue
            cue = _CERTAIN
        if cue.command and not _is_order(tokens, start):
            continue
        need = cue.need
        if need is Standing.ORDINARY and tokens[first].text in _NOT_A_NAME:
            continue
        end = read_name(tokens, text, first, need)
        if end > first and _is_person(tokens, text, first, end, cue):
            yield first, end, cue.score
        elif cue is _CERTAIN and tokens[first].text in _HEARD_AS and _closes(tokens, first + 1):
            yield first, first + 1, 0.5


def _is_order(tokens: Sequence[Token], start: int) -> bool:
    return opens(tokens[start]) or "," in tokens[start].gap or text_at(tokens, start - 1) in _BEFORE_ORDER


def _closes(tokens: Sequence[Token], index: int) -> bool:
    return index >= len(tokens) or tokens[index].opens_sentence


def _is_person(tokens: Sequence[Token], text: str, first: int, end: int, cue: _Cue) -> bool:
    """Not a company ("this is Pinewood Bank") and not an English word with a chance capital."""
    if cue.score >= 0.7:
        return True
    if text_at(tokens, end) in _ORGANISATION or tokens[end - 1].text in _ORGANISATION:
        return False
    if end - first > 1 or standing(tokens[first], text) is not Standing.CAPITALISED:
        return True
    word = stem(tokens[first].text)
    return is_given(word) or is_family(word) or rank(word) > 3_000


def _after_relations(tokens: Sequence[Token], text: str) -> _Found:
    """ "My wife, Sarah", "our son Tom", "my brother in law Tom"."""
    for index, token in enumerate(tokens):
        if token.text not in RELATIONS:
            continue
        owned = text_at(tokens, index - 1) in _OWNERS or text_at(tokens, index - 2) in _OWNERS
        first = skip(tokens, index + 1, FILLERS | {"is", "named", "called", "here"})
        if (
            not (owned or text_at(tokens, index - 1) == "in")
            or first >= len(tokens)
            or tokens[first].opens_sentence
        ):
            continue
        end = read_name(tokens, text, first, Standing.CAPITALISED)
        if end == first and not tokens[first].gap.strip() and is_given(tokens[first].text):
            end = read_name(tokens, text, first, Standing.AMBIGUOUS)
        if end > first:
            yield first, end, 0.6


def _before_cues(tokens: Sequence[Token], text: str) -> _Found:
    """ "Sarah speaking", "Sarah here", "Sarah's birthday"."""
    for index, token in enumerate(tokens):
        if token.text == "speaking" and index and not token.opens_sentence:
            first = _clause_start(tokens, index)
            words = {t.text for t in tokens[first:index]}
            named = ends_clause(tokens, index + 1) or text_at(tokens, index + 1) in _AFTER_SPEAKING
            whole = opens(tokens[first]) or "," in tokens[first].gap or is_given(tokens[first].text)
            if named and whole and words - FUNCTION_WORDS and not words & _NOT_SPEAKING:
                yield first, index, 0.5
        elif token.text in ("calling", "here") and index and not token.gap.strip():
            first = _names_before(tokens, text, index)
            if first < index and (
                opens(tokens[first]) or "," in tokens[first].gap or is_given(tokens[first].text)
            ):
                yield first, index, 0.5
        elif token.text in _OWNED and text_at(tokens, index - 1).endswith("'s"):
            first = _names_before(tokens, text, index)
            if first < index:
                yield first, index, 0.5


def _clause_start(tokens: Sequence[Token], end: int) -> int:
    """First of at most three words before `end` back to a comma or the start of the sentence."""
    first = end
    while first > 0 and end - first < 4 and not (first < end and ends_clause(tokens, first)):
        first -= 1
    known = [i for i in range(first, end) if is_given(tokens[i].text)]
    return known[0] if known else first


def _names_before(tokens: Sequence[Token], text: str, end: int) -> int:
    first = end
    while first > 0 and end - first < 3 and standing(tokens[first - 1], text) is Standing.NAME:
        first -= 1
        if tokens[first].gap.strip():
            break
    return first


def _between_cues(tokens: Sequence[Token], text: str) -> _Found:
    """ "Pick up ... from practice", "add ... to my contacts", "is ... living with you"."""
    for index, token in enumerate(tokens):
        before = text_at(tokens, index - 1)
        if token.text == "up" and before in ("pick", "picking", "picked"):
            yield from _until(tokens, index + 1, _is_fetched, _COLLECTED)
        elif token.text in ("add", "save", "store", "create", "delete", "remove"):
            yield from _until(tokens, index + 1, _is_booked, _NOT_BOOKED)
        elif token.text in ("message", "text", "tell", "email", "remind", "whatsapp") and _is_order(
            tokens, index
        ):
            yield from _until(tokens, index + 1, _is_told, _NOT_TOLD)
        elif token.text == "for" and tokens[index - 1].is_numeric and index > 1:
            # "Save the number 415 555 2671 for Rose".
            end = read_name(tokens, text, index + 1, Standing.AMBIGUOUS)
            if end > index + 1 and tokens[0].text in ("save", "store", "add", "say"):
                yield index + 1, end, 0.6
        elif token.text in ("is", "does"):
            yield from _asked_about(tokens, text, index)


def _asked_about(tokens: Sequence[Token], text: str, index: int) -> _Found:
    """ "Is Tom there", "is ... living with you"."""
    if text_at(tokens, index + 2) in _STAYS and standing(tokens[index + 1], text) >= Standing.CAPITALISED:
        yield index + 1, index + 2, 0.6
        return
    for end in range(index + 2, min(index + 5, len(tokens) - 1)):
        if tokens[end].text in ("living", "live") and text_at(tokens, end + 1) in ("with", "there", "at"):
            words = tokens[index + 1 : end]
            known = words[0].text in _NOT_TOLD or any(word.text in RELATIONS for word in words)
            if not known or words[0].text in _HEARD_AS - {"you", "she", "he"}:
                yield index + 1, end, 0.5


def _is_fetched(tokens: Sequence[Token], index: int) -> bool:
    return tokens[index].text in ("from", "at", "after", "in", "front") and bool(
        {text_at(tokens, index + 1), text_at(tokens, index + 2)} & _FETCHED_FROM
    )


def _is_booked(tokens: Sequence[Token], index: int) -> bool:
    return tokens[index].text in ("to", "from", "in", "as") and bool(
        {text_at(tokens, index + 1), text_at(tokens, index + 2)} & _BOOKS
    )


def _is_told(tokens: Sequence[Token], index: int) -> bool:
    return tokens[index].text in ("that", "saying") or tokens[index].text == "about" and index > 2


def _until(
    tokens: Sequence[Token], first: int, is_end: Callable[[Sequence[Token], int], bool], never: frozenset[str]
) -> _Found:
    """Up to four words before the second cue, unless they are things that are no names."""
    first = skip(tokens, first)
    for end in range(first + 1, min(first + 5, len(tokens))):
        if tokens[end].opens_sentence:
            return
        if is_end(tokens, end):
            words = {token.text for token in tokens[first:end]}
            if not words & never and words - {"the", "a"}:
                yield first, end, 0.5
            return


def _by_capital(tokens: Sequence[Token], text: str) -> _Found:
    """A given name that is no English word; a word that no list knows."""
    index = 0
    while index < len(tokens):
        token = tokens[index]
        word = stem(token.text)
        known = len(word) > 2 and token.text not in _WORDS_TOO and is_given(word)
        likely = known or _has_capital(token, text) or is_coined(word)
        if not likely or standing(token, text) is not Standing.NAME:
            index += 1
            continue
        end = read_name(tokens, text, index, Standing.NAME)
        alone = (
            opens(token) and end == index + 1 and not (is_given(stem(token.text)) or ends_clause(tokens, end))
        )
        company = text_at(tokens, end) in _ORGANISATION or tokens[end - 1].text in _ORGANISATION
        if end > index and not alone and not company and place_length(tokens, index) < end - index:
            yield _with_first_name(tokens, text, index), end, 0.5
        index = max(end, index + 1)


def _with_first_name(tokens: Sequence[Token], text: str, index: int) -> int:
    """A name in front that is an English word as well: "Dawn Okonjo"."""
    if index == 0 or tokens[index].gap != " " or not _has_capital(tokens[index], text):
        return index
    before = stem(tokens[index - 1].text)
    named = is_given(before) or rank(before) > 5_000
    return index - (standing(tokens[index - 1], text) is Standing.CAPITALISED and named)


def _has_capital(token: Token, text: str) -> bool:
    """Written as a name is: a capital in front, and not "GP" or "ECG"."""
    word = text[token.start : token.end]
    return word[0].isupper() and not (word.isupper() and len(word) < 5)
