"""Which words are ordinary and which are names: the lists of models/lexicon/build.py, and how to ask them.

A recognizer writes an unusual name as something that no list holds, so being in none of them is evidence too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from enum import IntEnum
from functools import cache, lru_cache
from importlib.resources import files

from redactor.detect.recognizers.spoken import (
    FILLERS,
    MEASURES,
    MONTHS,
    ORDINALS,
    Kind,
    Token,
)

# Words that carry a sentence and never a name, whatever stands before them.
FUNCTION_WORDS = frozenset(
    "a about above after again against ago all almost alone along already alright also although always am "
    "an and another any anybody anyone anything anyway are aren't around as at away back be because been "
    "before behind being below between both but by bye can can't cannot come coming correct could couldn't "
    "did didn't do does doesn't doing don't done down during each either else enough even ever every "
    "everybody everyone everything except few fine for from get gets getting give go goes going gone gonna "
    "good goodbye got great had has hasn't have haven't having he he'd he'll he's hello her here here's "
    "hers herself hey hi him himself his how how's however i i'd i'll i'm i've if in instead into is isn't "
    "it it'll it's its itself just know last least less let let's like lots ma'am madam made make many may "
    "maybe me mean might mine more most much must my myself need needs never next nice no nobody none not "
    "nothing now of off often ok okay on once one ones only onto or other others our ours ourselves out "
    "over own pardon perhaps please put quite rather really right said same saw say saying says see seem "
    "seems shall she she'd she'll she's should shouldn't since sir so some somebody somehow someone "
    "something sometimes soon sorry still such sure take than thank thanks that that'll that's the their "
    "theirs them themselves then there there's these they they'd they'll they're they've thing things think "
    "this those though through till to today together tomorrow tonight too toward towards under until up "
    "upon us use used using very want wanted wants was wasn't way we we'd we'll we're we've well went were "
    "weren't what what's whatever when when's where where's which while who who's whole whom whose why will "
    "with within without won't would wouldn't wrong yeah yep yes yesterday yet you you'd you'll you're "
    "you've your yours yourself".split()
)
# Words of today, noises and names of products that the frequency list does not know.
_MODERN = frozenset(
    "adderall advil affogato aha ahh airbnb airpods aldi alexa amazon americano amex amtrak android anemia "
    "anemic antihistamine asda aspirin audi backend barclays benadryl bitcoin bluetooth bmw boba botox "
    "calpol camry chargeback chatbot chatgpt chevrolet chevy chrysler citibank citroen claritin clenil "
    "comcast contactless copay corolla cortado cortana costco covid cuz deliveroo dell dhl dioralyte "
    "discover disney doorcode doordash doppio dropbox dunno duolingo easyjet ebay elantra emirates emoji "
    "epipen etc ethereum eurostar excel facebook facetime fedex ford frappuccino g'day gaviscon gimme "
    "github gmail gonna google gotta grubhub hashtag hayfever hbo hermes hiya hm hmm ho honda hotmail "
    "hotspot hsbc huawei huh hulu humira hyundai ibuprofen icloud ikea implanon inbox inhaler inhalers "
    "instagram insulin ipad iphone kfc kia kinda klarna labored lemme lemsip lenovo lidl linkedin lipitor "
    "livestream lloyds login logout lufthansa lyft lyrica macbook macchiato mastercard matcha mazda "
    "mcdonald's mcdonalds mercedes metformin mhm microgynon microsoft mm mmhmm mmm monzo motorola nah "
    "nasdaq natwest netflix nintendo nissan nokia nope nurofen ohh ok ooh ooo oops optus outlook overdraft "
    "ozempic panadol paperless paracetamol passcode paypal paytm peugeot photoshop physio piriton pixar "
    "playstation podcast podcasts poo postcode powerpoint prepaid prozac qantas reddit rehydration renault "
    "rennie rennies revolut righty ritalin roku royalmail ryanair sainsbury sainsbury's samsung santander "
    "selfie signup siri skoda smartphone snapchat sorta specialty spotify sriracha starbucks subaru "
    "t-mobile telehealth telstra tesco tesla tiktok tmobile toyota traveled traveling tumblr tumor tumors "
    "tweet tweets twitter tylenol uber ubereats ubers uhh umm ups uum venmo ventolin verizon viagra virgin "
    "visa vodafone voicemails volkswagen walmart wanna wee whatsapp whoa wifi wikipedia wow xanax xbox "
    "xfinity xiaomi y'know yahoo yay youtube yup zelle zipcode zyrtec".split()
)
# Endings of medicines and illnesses: unknown words, and no names.
_MEDICAL = re.compile(
    r".{2,}(profen|cillin|mycin|pril|statin|azole|zepam|olol|formin|prazole|sartan|triptan|oxetine|traline|"
    r"cortisone|tadine|rizine|proxen|trexate|furantoin|methoprim|amol|codeine|lyte|itis|osis|aemia|pathy|thyroid|"
    r"thyroidism|oxin|semide|azine|pramide|verine|caine|micin|floxacin|cycline|gliptin|parin|setron|ectomy|"
    r"oscopy|ology|ography|plasty|algia|uria|pnea|pnoea|rrhea|rrhoea)s?"
)
# Endings with which English makes words that no dictionary has.
_DERIVED = re.compile(
    r"(ness|tions?|ments?|ing|ings|ed|ly|ical|ous|able|ible|ish|ize|ise|ists?|isms?|ers?|ors?|ful|less|ic|ics|ity|ities|"
    r"ectomy|oscopy|gram|grams|graphy|ology|ity|ances?|ences?|ward|wards|like|ship|hood|proof|friendly|thing|"
    r"y|ies|cetera|ia|al|ives?|ary|dads?|mums?|moms?)$"
)
# Members of a family and a circle: "call mom" names nobody.
RELATIONS = frozenset(
    "accountant assistant attorney aunt auntie baby babysitter bestie boss boyfriend brother buddy "
    "caregiver carer child colleague cousin coworker dad daddy daughter dentist doctor ex father fiance "
    "fiancee fiancé fiancée flatmate friend girlfriend granddaughter grandfather grandma grandmother "
    "grandpa grandson granny housemate housemates husband kid landlady landlord law lawyer mama manager "
    "mate mom mommy mother mum mummy nan nana nanny neighbor neighbors neighbour neighbours nephew niece "
    "nurse papa partner physician roommate secretary sister solicitor son spouse stepdaughter stepfather "
    "stepmother stepson teacher tenant therapist twin uncle wife".split()
)
# What a name cannot be, though people write it with a capital.
_CAPITALISED = MONTHS | frozenset(
    "african amazon american amex apple asian australian british canadian chinese christmas dr dutch easter "
    "english european facebook fi french friday fridays german god google halloween i i'd i'll i'm i've "
    "indian internet irish italian japanese mastercard mexican microsoft miss monday mondays mr mrs ms ok "
    "okay polish russian saturday saturdays scottish spanish sunday sundays thanksgiving thursday thursdays "
    "tuesday tuesdays tv visa wednesday wednesdays welsh wi".split()
)
_NEVER = FUNCTION_WORDS | _CAPITALISED | FILLERS | RELATIONS | _MODERN
_UNRANKED = 10**6
_RARE = 30_000
_FREQUENT_PART = 6_000
# "Ohhh", "mmm".
_DRAWN_OUT = re.compile(r"(.)\1\1|^[^aeiouy]*$")
_ENDINGS = ("n't", "'s", "'m", "'re", "'ve", "'ll", "'d", "s'")


class Standing(IntEnum):
    """How much a token looks like a name, least first."""

    NEVER = 0  # "the", "14"
    ORDINARY = 1  # "bill" is not here, "invoice" is
    AMBIGUOUS = 2  # a name that is an English word, in lower case ("bill", "rose"), or a very rare word
    CAPITALISED = 3  # an English word with a capital inside a sentence
    NAME = 4  # a name and nothing else, or a word that no list knows


def standing(token: Token, text: str) -> Standing:
    """How much a token of `text` looks like a name."""
    if token.kind not in (Kind.WORD, Kind.LETTER) or len(token.text) == 1:
        return Standing.NEVER
    word = stem(token.text)
    if len(token.text) < 4 and text[token.start : token.end].isupper():
        return Standing.NEVER  # "GP", "HR"
    if not _NEVER.isdisjoint((token.text, word)):
        return Standing.NEVER
    if is_name_only(word):
        return Standing.NAME
    if text[token.start].isupper() and not opens(token) and not _MEDICAL.fullmatch(word):
        return Standing.CAPITALISED
    return Standing.AMBIGUOUS if is_given(word) or is_rare(word) else Standing.ORDINARY


def opens(token: Token) -> bool:
    """First in its sentence, where every word has a capital."""
    return token.start == len(token.gap) or token.opens_sentence


@lru_cache(maxsize=16_384)
def stem(word: str) -> str:
    """Without accents and without what is hung on with an apostrophe: "maría's" is "maria"."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) > len(ending) + 1:
            word = word[: -len(ending)]
            break
    return _bare(word)


def is_name_only(word: str) -> bool:
    """A name that is no English word, or a word that no list knows."""
    if rank(word) < _UNRANKED or word in _MODERN or word in MEASURES or word in ORDINALS:
        return False
    return is_given(word) or is_family(word) or not (_MEDICAL.fullmatch(word) or _DRAWN_OUT.search(word))


def is_coined(word: str) -> bool:
    """In no list, and not built from English parts: what a recognizer wrote for something it did not know."""
    if len(word) < 4 or not word.isalpha() or _DERIVED.search(word) or not is_name_only(word):
        return False
    plural = any(rank(word.removesuffix(end)) < _RARE for end in ("s", "es"))
    return not plural and not _is_compound(word)


def _is_compound(word: str) -> bool:
    """Two frequent words in one: "audiobook"."""
    return any(max(rank(word[:at]), rank(word[at:])) < _FREQUENT_PART for at in range(3, len(word) - 2))


def is_rare(word: str) -> bool:
    """So rare an English word that a recognizer more likely made it from a name: "arming"."""
    return rank(word) > _RARE


def rank(word: str) -> int:
    """Place of an ordinary English word by frequency, from 0; very large for any other."""
    return _ranks().get(word, _UNRANKED)


def is_given(word: str) -> bool:
    return word in _list("given_names")


def is_family(word: str) -> bool:
    return word in _list("family_names")


def place_length(tokens: Sequence[Token], first: int) -> int:
    """How many tokens from `first` on are the longest known place; 0 if none."""
    longest = 0
    phrase = ""
    heads = _place_heads()
    for count in range(1, 5):
        if first + count > len(tokens) or (count > 1 and tokens[first + count - 1].gap.strip(" -'.")):
            break
        phrase = f"{phrase} {stem(tokens[first + count - 1].text)}".strip()
        if phrase in _list("places"):
            longest = count
        if phrase not in heads:
            break
    return longest


def is_place(phrase: str) -> bool:
    return phrase in _list("places")


@lru_cache(maxsize=4096)
def _bare(word: str) -> str:
    if word.isascii():
        return word
    decomposed = unicodedata.normalize("NFKD", word.replace("ø", "o").replace("ł", "l"))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


@cache
def _list(name: str) -> frozenset[str]:
    return frozenset(_lines(name))


@cache
def _ranks() -> dict[str, int]:
    return {word: place for place, word in enumerate(_lines("common_words"))}


@cache
def _place_heads() -> frozenset[str]:
    """Every beginning of a place of several words: where a search for one may go on."""
    heads = set()
    for place in _list("places"):
        words = place.split()
        heads.update(" ".join(words[:count]) for count in range(1, len(words)))
    return frozenset(heads)


def _lines(name: str) -> list[str]:
    path = files("redactor.detect.recognizers") / "data" / f"{name}.txt"
    return path.read_text(encoding="utf-8").split("\n")[:-1]
