"""Passwords and the answers to security questions, after the words that announce them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from redactor.detect.recognizers.email import value_end
from redactor.detect.recognizers.lexicon import FUNCTION_WORDS
from redactor.detect.recognizers.recognizer import SpokenRecognizer
from redactor.detect.recognizers.slots import Cues, skip, text_at
from redactor.detect.recognizers.spoken import FILLERS, MEASURES, Finding, Token

_CUES = Cues(
    {
        "password is|password's|password was|password would be|passwords is|passphrase is|pass phrase is|"
        "passphrase was|passcode is|pass code is|pass word is|passcode was|wifi key is|wi fi key is|"
        "network key is|security answer is|security word is|security phrase is|security password is|"
        "answer to the security question is|answer to my security question is|answer to that is|"
        "answer to the question is|secret answer is|secret word is|secret question is|memorable word is|"
        "memorable place is|memorable name is|memorable information is|keyword is|key word is|code word is|"
        "codeword is|safe word is|safeword is|verbal password is|magic word is|mother's maiden name is|"
        "mother's maiden name was|mothers maiden name is|mothers maiden name was|mum's maiden name is|"
        "mom's maiden name is|maiden name is|maiden name was|first pet was|first pet is|"
        "first pet's name was|first pet's name is|pet's name is|pet's name was|pet name is|first dog was|"
        "first cat was|dog's name is|cat's name is|dog is called|cat is called|pet was called|"
        "first school was|first school is|primary school was|elementary school was|high school was|"
        "first car was|first teacher was|favorite teacher was|favourite teacher was|best friend was|"
        "childhood nickname was|childhood friend was|favorite book is|favourite book is|favorite movie is|"
        "favourite film is|i set it to|set the password to|set my password to|change the password to|"
        "change it to|changed it to|change my password to|make the password|make my password": None
    }
)
# What is said about a password rather than as one.
_NEVER = FUNCTION_WORDS | frozenset(
    "about accepted asking at being blank blocked case changed characters compromised confidential correct "
    "default different digits easy eight emailed empty encrypted english expired fine forgotten found gone "
    "good hard hidden important incorrect invalid issue known least listed located locked longer lost "
    "mandatory matching mine missing needed new nothing ok okay one optional printed private problem "
    "protected recognised recognized rejected required reset safe saved secure sensitive sent set short "
    "showing shown something spelled still stored strong supposed temporary unavailable unknown weak "
    "working written wrong".split()
)
_LEADS = FILLERS | frozenset("all capital case is it's like lower lowercase so that's upper uppercase".split())


class SecretRecognizer(SpokenRecognizer):
    """Finds passwords, passphrases and answers to security questions (PASSWORD)."""

    ENTITIES = ("PASSWORD",)

    def find(self, tokens: Sequence[Token], text: str) -> Iterator[Finding]:
        for _, end, _ in _CUES(tokens):
            first = skip(tokens, end, _LEADS)
            last = value_end(tokens, first, _NEVER)
            if last > first and not (first < len(tokens) and tokens[first].opens_sentence):
                yield Finding("PASSWORD", tokens[first].start, tokens[last - 1].end, 0.6)
        for first, last in (*_directly(tokens), *_at_length(tokens)):
            yield Finding("PASSWORD", tokens[first].start, tokens[last - 1].end, 0.6)


def _directly(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """ "Password blue tiger 42": words and a number right behind it."""
    for index, token in enumerate(tokens):
        if token.text not in ("password", "passphrase", "passcode") or text_at(tokens, index + 1) in _NEVER:
            continue
        last = value_end(tokens, index + 1, _NEVER, 4)
        value = tokens[index + 1 : last]
        if any(t.is_numeric for t in value) and not _only_counts(value):
            yield index + 1, last


def _only_counts(value: Sequence[Token]) -> bool:
    """ "Password 3 times", "password 1": a count, not a value."""
    return all(token.is_numeric or token.text in MEASURES for token in value)


def _at_length(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """ "The password for my account is blue tiger"."""
    for index, token in enumerate(tokens):
        if token.text not in ("password", "passphrase", "passcode"):
            continue
        if text_at(tokens, index + 1) not in ("for", "to", "on", "of", "i"):
            continue
        for place in range(index + 2, min(index + 8, len(tokens))):
            if tokens[place].opens_sentence:
                break
            if tokens[place].text in ("is", "was"):
                first = skip(tokens, place + 1, _LEADS)
                last = value_end(tokens, first, _NEVER)
                if last > first:
                    yield first, last
                break
