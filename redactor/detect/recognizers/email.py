"""E-mail addresses as they are said and as recognizers write them, and user names.

"m johnson at gmail dot com", "M. Johnson at gmail.com" and "mjonsonatgmail.com" are one address. The end of one
is easier to know than its beginning: a provider, or a dot and a top-level domain. The beginning is the last
cue in the sentence, or the first word that cannot belong to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from redactor.detect.recognizers.lexicon import FUNCTION_WORDS, is_name_only, stem
from redactor.detect.recognizers.recognizer import SpokenRecognizer
from redactor.detect.recognizers.slots import Cues, text_at
from redactor.detect.recognizers.spoken import FILLERS, Finding, Kind, Token

_SCORE = 0.7
_PROVIDERS = frozenset(
    "aol bellsouth bigpond blueyonder btinternet charter chimail comcast cox earthlink email fastmail "
    "g-mail gmail gmx googlemail hey hotmail hushmail icloud jmail laposte libero live mail mailinator msn "
    "ntlworld optusnet orange outlook proton protonmail rediff rediffmail roadrunner rocketmail rogers "
    "sbcglobal shaw sympatico talktalk telus verizon virginmedia wanadoo web xfinity yahoo yandex ymail "
    "zoho".split()
)
_SURE_PROVIDERS = _PROVIDERS - frozenset(
    "charter comcast cox earthlink email hey live mail orange outlook proton rogers shaw verizon web "
    "xfinity".split()
)
_TOP_LEVEL = frozenset(
    "ai app at au be biz br ca calm ch cn co com comm de dev dk edu es eu fr gov ie in info int io it jp me "
    "mil mx net nl no nz org pl se tv uk us xyz za".split()
)
_SQUASHED = re.compile(rf".{{2,}}(?:at)?(?:{'|'.join(sorted(_SURE_PROVIDERS))})")
_GLUED = re.compile(r"[^\W\d_]{2,}at[^\W\d_]{3,}")
_JOINTS = frozenset("dash dot hyphen minus period plus point underscore".split())
# The last of these in front of an address is where it begins.
_BOUNDS = frozenset(
    "address an at be contact e-mail email from her his into is it it's its mail me my ok okay our please so "
    "sure that's the their this to uh um under us use using via was well with yeah yes your".split()
)
_CUE_WORDS = frozenset("e-mail email emailed emails mail".split())
_NO_LOCAL = frozenset(
    "account accounts arrived available buy check companies customers find found go going link log login "
    "look looking looks meet name office online order page people search shop sign site sold start started "
    "team visit website work worked working works".split()
)
_USER_CUES = Cues(
    {
        "user name is|username is|user name's|username's|user id is|userid is|login is|login name is|"
        "login id is|handle is|screen name is|gamertag is|gamer tag is|skype is|skype name is|skype id is|"
        "twitter is|twitter handle is|instagram is|instagram handle is|insta is|snapchat is|discord is|"
        "telegram is|tiktok is|account name is|display name is|on twitter at|on instagram at|on tiktok at|"
        "twitter at|instagram at|logged in as|log in as|log in with|sign in as|signed in as|user name was|"
        "username was|username would be|user name would be|username|user name|on skype as|on discord as|"
        "on instagram as|xbox live id is|apple id is": None
    }
)
_NO_USER_NAME = frozenset(
    "address already available blocked box case correct different email field incorrect invalid listed "
    "locked missing password passwords recognised recognized required still taken unknown working wrong".split()
)
_WEBSITES = frozenset("link page site website".split())
_MOST = 12
_MOST_LABELS = 3


class SpokenEmailRecognizer(SpokenRecognizer):
    """Finds spoken e-mail addresses (EMAIL_ADDRESS) and user names (USER_NAME)."""

    ENTITIES = ("EMAIL_ADDRESS", "USER_NAME")

    def find(self, tokens: Sequence[Token], text: str) -> Iterator[Finding]:
        index = 0
        while index < len(tokens):
            domain = _domain(tokens, index)
            if domain is not None:
                first = _local_start(tokens, index, domain)
                if first is not None:
                    yield Finding("EMAIL_ADDRESS", tokens[first].start, tokens[domain - 1].end, _SCORE)
                index = domain
            else:
                index += 1
        for _, first, _ in _USER_CUES(tokens):
            end = value_end(tokens, first, _NO_USER_NAME)
            if end > first:
                yield Finding("USER_NAME", tokens[first].start, tokens[end - 1].end, 0.6)


def _domain(tokens: Sequence[Token], index: int) -> int | None:
    """Token after the domain whose first sign ("at", a provider, a squashed word) is token `index`."""
    token = tokens[index]
    if token.text == "at" or "@" in token.gap:
        first = index + (token.text == "at")
        for end in range(first + 1, min(first + 5, len(tokens)) + 1):
            if end - 1 > first and tokens[end - 1].opens_sentence and not _is_dot(tokens, end - 1):
                break
            if (suffix := _suffix(tokens, end)) > end:
                return suffix
        if text_at(tokens, first) in _SURE_PROVIDERS:
            return _suffix(tokens, first + 1)
        return None
    squashed = len(token.text) > 7 and (_SQUASHED.fullmatch(token.text) or _GLUED.fullmatch(token.text))
    if token.text in _SURE_PROVIDERS or (squashed and is_name_only(token.text)):
        end = _suffix(tokens, index + 1)
        certain = bool(squashed and _SQUASHED.fullmatch(token.text))
        return end if end > index + 1 or certain else None
    # "fitum90a.bdi and tdrnev.co.uk", after "send an email to".
    end = _suffix(tokens, index + 1)
    return end if end > index + 1 and _cue(tokens, index) is not None else None


def _is_dot(tokens: Sequence[Token], index: int) -> bool:
    return tokens[index].gap == "."


def _suffix(tokens: Sequence[Token], index: int) -> int:
    """Token after "dot com", ".co.uk" at `index`; `index` where there is none."""
    for _ in range(_MOST_LABELS):
        if index >= len(tokens):
            break
        if _is_dot(tokens, index) and tokens[index].text in _TOP_LEVEL:
            index += 1
        elif tokens[index].text in ("dot", "period", "point") and text_at(tokens, index + 1) in _TOP_LEVEL:
            index += 2
        else:
            break
    return index


def _cue(tokens: Sequence[Token], index: int) -> int | None:
    """Token after the last cue for an address in this sentence, not more than twelve tokens back."""
    for back in range(index - 1, max(index - _MOST, 0) - 1, -1):
        if tokens[back].text in _CUE_WORDS:
            first = back + 1
            while first < index and tokens[first].text in _BOUNDS | FILLERS | {
                "for",
                "would",
                "will",
                "and",
                "again",
            }:
                first += 1
            return first
        if tokens[back + 1].opens_sentence and tokens[back + 1].gap.strip() in ("?", "!"):
            return None
    return None


def _local_start(tokens: Sequence[Token], index: int, domain: int) -> int | None:
    """First token of an address whose domain begins at `index`; None where there is no address."""
    if "@" in tokens[index].gap:
        return _typed_start(tokens, index)
    first = index
    joined = False
    while first > 0 and index - first < _MOST:
        gap = tokens[first].gap
        before = tokens[first - 1]
        bound = before.text in _BOUNDS or before.kind is Kind.AMOUNT
        paused = gap.strip() in (",", ";", "?", "!", ":") or (
            gap.strip() == "." and " " in gap and len(before.text) > 1
        )
        if bound or (paused and not _is_spelled(tokens, first)):
            break
        letter = len(before.text) == 1 and before.text not in "ai"
        joined = joined or letter or before.is_numeric or before.text in _JOINTS or gap in (".", "_", "-")
        first -= 1
    cue = _cue(tokens, index)
    if cue is not None and cue < index:
        first = min(first, cue) if not _has_pause(tokens, cue, index) else first
    words = tokens[first:index]
    if not words:
        squashed = tokens[index].text not in _PROVIDERS and tokens[index].text != "at"
        return index if squashed else None
    if cue is not None or joined:
        return first
    if words[-1].text in _NO_LOCAL | FUNCTION_WORDS or any(word.text in _WEBSITES for word in words):
        return None
    known = text_at(tokens, index + 1) in _PROVIDERS or tokens[index].text in _PROVIDERS
    strange = any(is_name_only(stem(word.text)) for word in words)
    plain = sum(word.text in FUNCTION_WORDS for word in words) * 2 > len(words)
    complete = domain > index + 2 or tokens[index].text not in ("at",)
    return first if strange or (known and complete and not plain) else None


def _typed_start(tokens: Sequence[Token], index: int) -> int | None:
    """What is written without a blank in front of "@"."""
    first = index - 1 if tokens[index].gap == "@" else index
    while first > 0 and first < index and tokens[first].gap in ("", ".", "-", "_", "+"):
        first -= 1
    return max(first, 0) if first < index else None


def _is_spelled(tokens: Sequence[Token], first: int) -> bool:
    """A pause between letters, "m, j, o": inside the address."""
    return len(tokens[first].text) == 1 or len(tokens[first - 1].text) == 1 or tokens[first].text in _JOINTS


def _has_pause(tokens: Sequence[Token], first: int, index: int) -> bool:
    return any(tokens[i].gap.strip() in ("?", "!") for i in range(first + 1, index))


def value_end(tokens: Sequence[Token], first: int, never: frozenset[str], most: int = 6) -> int:
    """Token after a value of one's own choice ("blue tiger 42") at `first`; `first` where there is none."""
    if first >= len(tokens) or tokens[first].opens_sentence:
        return first
    end = first
    while end < len(tokens) and end - first < most:
        token = tokens[end]
        paused = end > first and any(mark in token.gap for mark in ",;?!") or (". " in token.gap)
        short = len(token.text) == 1 or token.is_numeric or token.text in _JOINTS
        if (paused and not short) or (token.text in FUNCTION_WORDS | never and not (end > first and short)):
            break
        end += 1
    return end
