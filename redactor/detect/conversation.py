"""What only a conversation shows: answers to telling questions, and answers to questions nobody hears."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from redactor.detect.bare import bare_value
from redactor.detect.cues import CLOSINGS
from redactor.detect.questions import Question, other_questions, questions
from redactor.detect.recognizers.lexicon import FUNCTION_WORDS
from redactor.detect.turns import Speech
from redactor.detect.values import Value, values
from redactor.types import PiiSpan, Seconds, Transcript

RECOGNIZER = "ConversationRecognizer"

# Seconds from the end of a question in which its answer begins.
_REACH_S = 18.0
# An answer can begin while the question's last word still sounds, and word times are off by as much.
_OVERLAP_S = 0.4
# A pause inside a turn is shorter than this.
_TURN_PAUSE_S = 0.8
# Content words that make a sentence more than "mm-hm, take your time".
_SUBSTANTIAL = 2
_PATIENCE = frozenset("time rush problem worries sure listening ready course fine ahead perfect sir".split())


def answers(transcript: Transcript) -> list[PiiSpan]:
    """Values that answer a question for personal data.

    Parameters
    ----------
    transcript : Transcript
        One hearing; with several channels the answer is on another one than the question, with one channel
        behind it.

    Returns
    -------
    list of PiiSpan
        In no order, overlaps allowed. Scores: 0.6 where the words fit what was asked for, else 0.4.
    """
    speeches = [Speech.of(transcript, channel) for channel in transcript.channels]
    found: set[PiiSpan] = set()
    for asker in speeches:
        asked = questions(asker)
        if not asked:
            continue
        if len(speeches) == 1:
            found.update(_alone(asker, asked))
        for other in speeches:
            if other is not asker:
                found.update(_across(asker, asked, other))
    return sorted(found, key=lambda p: (p.channel, p.char_start, p.char_end, p.entity_type, p.score))


def _across(asker: Speech, asked: Sequence[Question], other: Speech) -> Iterator[PiiSpan]:
    """Answers on another channel."""
    if not other.tokens:
        return
    turns = [asker.starts[i] for i in _substantial(asker)]
    for question in asked:
        told_s = asker.ends[question.told - 1]
        first = bisect_left(other.starts, told_s - _OVERLAP_S)
        last = _answer_end(other, first, told_s, asker.ends[question.last - 1], turns)
        yield from _spans(other, question, values(other, first, last, question.asked))


def _answer_end(other: Speech, first: int, told_s: Seconds, asked_s: Seconds, turns: Sequence[Seconds]) -> int:
    """The token after an answer: the turn that is spoken when the asker goes on to something else."""
    at = bisect_left(turns, told_s + 0.01)
    index = first
    while index < len(other.tokens) and other.starts[index] <= asked_s + _REACH_S:
        if index > first:
            # Turns of the asker before anything was answered are still the question.
            while at < len(turns) and turns[at] < other.ends[first] + 0.3:
                at += 1
            new_turn = other.pause_before(index) >= _TURN_PAUSE_S or other.opens_sentence(index)
            if at < len(turns) and turns[at] < other.starts[index] - 0.2 and new_turn:
                break
        index += 1
    return index


def _substantial(speech: Speech) -> Iterator[int]:
    """First tokens of sentences that say something; "okay", "mm-hm" and "take your time" do not."""
    first = 0
    for index in range(1, len(speech.tokens) + 1):
        if index < len(speech.tokens) and not speech.opens_sentence(index):
            continue
        said = {t.text for t in speech.tokens[first:index]} - FUNCTION_WORDS - _PATIENCE
        if len(said) >= _SUBSTANTIAL and index - first >= 4:
            yield first
        first = index


def _alone(speech: Speech, asked: Sequence[Question]) -> Iterator[PiiSpan]:
    """Answers in a recording of one channel."""
    starts = sorted({q.first for q in asked})
    others = other_questions(speech)
    closings = [first for first, _, _ in CLOSINGS(speech.tokens)]
    for question in asked:
        last = min(
            _next(starts, question.told, len(speech.tokens)), _next(others, question.last, len(speech.tokens))
        )
        reach_s = speech.ends[question.last - 1] + _REACH_S
        last = min(last, bisect_left(speech.starts, reach_s, question.told))
        read = values(speech, question.told, last, question.asked, tail=question.last)
        yield from _spans(speech, question, _until_closed(read, closings))


def _next(ordered: Sequence[int], least: int, otherwise: int) -> int:
    at = bisect_left(ordered, least)
    return ordered[at] if at < len(ordered) else otherwise


def _until_closed(read: Iterator[Value], closings: Sequence[int]) -> Iterator[Value]:
    """Values up to the first closing word behind one: what follows is the asker's again."""
    answered: int | None = None
    for value in read:
        if answered is not None:
            at = bisect_left(closings, answered)
            if at < len(closings) and closings[at] < value.first:
                return
        at = bisect_left(closings, value.first)
        last = value.last
        if at < len(closings) and value.first < closings[at] < last:
            last = closings[at]
        yield Value(value.first, last, value.score)
        answered = last


def _spans(speech: Speech, question: Question, read: Iterator[Value]) -> Iterator[PiiSpan]:
    for value in read:
        yield speech.span(value.first, value.last, question.asked.value, value.score, RECOGNIZER)


def fragments(transcript: Transcript) -> list[PiiSpan]:
    """Turns that are nothing but a value: "Pittsburgh", "S I O B H A N", "march third nineteen sixty".

    Somebody asked for it, on another recording or unheard. Commands and small talk have a verb, a function word
    or an everyday noun, and stay.

    Parameters
    ----------
    transcript : Transcript
        One hearing.

    Returns
    -------
    list of PiiSpan
        ANSWER, one for each such turn. Scores: 0.6, or 0.4 where it may be something harmless.
    """
    found = []
    for channel in transcript.channels:
        speech = Speech.of(transcript, channel)
        for first, last in speech.turns():
            score = bare_value(speech, first, last)
            if score:
                found.append(speech.span(first, last, "ANSWER", score, RECOGNIZER))
    return found
