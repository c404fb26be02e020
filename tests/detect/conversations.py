"""Conversations for tests, and what was found in them as text."""

from redactor.types import Segment, Transcript, Word

MUTED_FROM = 0.5
WORD_S = 0.3


def conversation(*turns, mono=False, pause=0.5):
    """Turns one after the other: "a: ..." on channel 0, "b: ..." on channel 1, all on 0 if `mono`."""
    segments, at = [], 0.0
    for turn in turns:
        who, text = turn.split(": ", 1)
        channel = 0 if mono else "ab".index(who)
        words = []
        for text_of in text.split():
            words.append(Word(text_of, at, at + WORD_S, 0.9))
            at += WORD_S + 0.02
        segments.append(
            Segment(channel, "en", None, words[0].start, words[-1].end, tuple(words), 0.0, 0.0, 1.0)
        )
        at += pause
    return Transcript.build(at, segments)


def texts(transcript, found, least=MUTED_FROM):
    """Muted stretches in order, overlapping ones as one."""
    merged = []
    for pii in sorted(found, key=lambda p: (p.channel, p.char_start, p.char_end)):
        if pii.score < least:
            continue
        if merged and merged[-1][0] == pii.channel and pii.char_start <= merged[-1][2]:
            merged[-1] = (pii.channel, merged[-1][1], max(merged[-1][2], pii.char_end))
        else:
            merged.append((pii.channel, pii.char_start, pii.char_end))
    return [transcript.text(channel)[start:end] for channel, start, end in merged]
