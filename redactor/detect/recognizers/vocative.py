"""Names that somebody is called by at the end of a set phrase: "anything else I can do for you, ...".

The phrase is complete without what follows it in the sentence. Whatever that is, of a few words and none
that such a phrase goes on with, it is a name: recognizers write short ones as "too", "my", "so fire".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from redactor.detect.recognizers.recognizer import SpokenRecognizer
from redactor.detect.recognizers.slots import Cues, ends_clause
from redactor.detect.recognizers.spoken import FILLERS, Finding, Kind, Token

_SCORE = 0.5
_MOST = 3

# Complete: nothing needs to follow.
_PHRASES = Cues(
    {
        "anything else i can do for you|anything else i can help you with|anything else i can help with|"
        "anything else i can assist you with|anything else that i can do for you|else we can do for you|"
        "else i may help you with|anything else i could do for you|anything else you need|"
        "anything else i can do|something else i can do for you|"
        "how can i help you today|how may i help you today|how can i help you|how may i help you|"
        "how can i assist you|how may i assist you|how can i assist you today|how may i assist you today|"
        "what can i do for you|what can i do for you today|how are you today|how are you doing today|"
        "how are you doing|"
        "thank you for your help|thanks for your help|thank you so much for your help|"
        "thanks so much for your help|thank you for all your help|thanks for all your help|"
        "thank you for calling us today|thank you for your patience|thanks for your patience|"
        "thank you for holding|thanks for holding|thank you for waiting|thanks for waiting|"
        "thank you for your time|thanks for your time|thank you for confirming that|"
        "thank you for that|thanks for that|thank you very much|thank you so much|thanks so much|"
        "thanks very much|thanks again|thank you again|"
        "have a great day|have a good day|have a nice day|have a lovely day|have a wonderful day|"
        "have a great evening|have a good evening|have a nice evening|have a great weekend|"
        "have a good weekend|have a good one|have a nice weekend|take care|you take care|"
        "you're welcome|you are welcome|you are very welcome|you're very welcome|nice to meet you|"
        "nice talking to you|nice speaking to you|nice speaking with you|pleasure speaking with you|"
        "sorry to hear that|sorry about that|apologize for that|apologise for that|"
        "bear with me|one moment please|just a moment please": "",
        "hi|hello|hey there|hi there|hello there|good morning|good afternoon|good evening|bye bye|goodbye": "",
    }
)
# Such phrases go on with these, and with nobody's name.
_GOES_ON = frozenset(
    "a about after again all also alright am an and anyway are as ask at bank be because before best bye "
    "calling can care coming could day dear do evening everybody everyone fine first folks for friend from "
    "getting go goodbye got great guys had have having he hear here how i i'd i'll i'm i've if in is it it's "
    "its just kindly ladies later line ma'am madam maybe me mister moment my name no not now of off ok okay "
    "on or our out over please ready regarding right second she shortly sir so speaking still stay team "
    "thank thanks that that's the them then there these they this those though tomorrow tonight under until "
    "up using very wait was we we'll we're welcome well what when where which while who will with world would "
    "yeah yes you you're your yourself today weekend afternoon morning everything really right away "
    "much".split()
)
# What is called out behind a comma and names nobody.
_CLOSINGS = FILLERS | frozenset(
    "afternoon again alright bye darling dear everybody everyone evening folks friend goodbye guys hello "
    "ladies love ma'am madam mate miss mister morning no now ok okay please right sir sweetheart team thank "
    "thanks then there though today tomorrow tonight weekend welcome yeah yep yes you".split()
)
# First parts of names that were heard as two words.
_HEARD_AS = frozenset("a an do may me my no of so the to too".split())


class VocativeRecognizer(SpokenRecognizer):
    """Finds names of people (PERSON) that close a set phrase; at most three words, up to the next mark."""

    ENTITIES = ("PERSON",)

    def find(self, tokens: Sequence[Token], text: str) -> Iterator[Finding]:
        for _, first, _ in _PHRASES(tokens):
            if first >= len(tokens) or tokens[first].opens_sentence:
                continue
            end = first
            while end < len(tokens) and end - first <= _MOST and not (end > first and ends_clause(tokens, end)):
                end += 1
            cut_off = end == len(tokens) and not (_paused(tokens[first]) or _marked(text, tokens[-1]))
            if end - first > _MOST or cut_off:
                continue
            if any(t.is_numeric or t.kind is Kind.AMOUNT for t in tokens[first:end]):
                continue
            # "Help, too": a single word may be any; of several none may carry a sentence on.
            last = _trimmed(tokens, first, end)
            if last > first:
                yield Finding("PERSON", tokens[first].start, tokens[last - 1].end, _SCORE)


def _marked(text: str, last: Token) -> bool:
    """The recognizer ended the last sentence: nothing was cut off behind it."""
    return text[last.end : last.end + 1] in (".", "?", "!")


def _paused(token: Token) -> bool:
    return "," in token.gap


def _trimmed(tokens: Sequence[Token], first: int, end: int) -> int:
    """The token after the name; `first` where it is none."""
    words = [t.text for t in tokens[first:end]]
    if words[-1] in ("today", "please", "then", "again", "now", "too") and len(words) > 1:
        words, end = words[:-1], end - 1
    if len(words) == 1 and _paused(tokens[first]):
        return first if words[0] in _CLOSINGS else end
    if words[0] in _GOES_ON | FILLERS and not (len(words) > 1 and words[0] in _HEARD_AS):
        return first
    return end if not _GOES_ON.intersection(words[1:]) else first
