"""Personal data that can be read in what is released: transcripts, reports and file names.

A transcript with word times is read by time: a personal word is readable where a printed word of the
same text (a digit in any spelling) overlaps it on its channel. Text without times is read by what is
telling: words of four letters and more that the recording says only as personal data, and runs of four
digits and more.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redactor.bench.gold import GoldRecording, entities

SLACK_SECONDS = 0.3  # printed times are off by about as much (FIELD: 90 % of starts within 270 ms)
MIN_LETTERS = 4
MIN_DIGITS = 4
_DIGIT_WORDS = {
    w: str(i)
    for i, w in enumerate(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])
} | {"oh": "0"}
_TOKEN = re.compile(r"[a-z]+|\d+")


@dataclass(frozen=True)
class Printed:
    """A word of a transcript with its time; channel None where the transcript does not say."""

    text: str
    start: float
    end: float
    channel: int | None


def plain(text: str) -> str:
    """Lower case without accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def tokens(text: str) -> list[str]:
    """Words and single digits of a text, digit words as digits."""
    out: list[str] = []
    for token in _TOKEN.findall(plain(text).replace("'", "")):
        out += list(token) if token.isdigit() else [_DIGIT_WORDS.get(token, token)]
    return out


def printed_words(node: Any, channel: int | None = None) -> Iterator[Printed]:
    """Every object with text, start and end in a JSON transcript; its channel or that of what holds it.

    What stands under "placeholders" is not printed speech, and a segment that has words is read by them.
    """
    if isinstance(node, list):
        for item in node:
            yield from printed_words(item, channel)
        return
    if not isinstance(node, dict):
        return
    own = node.get("channel")
    channel = own if isinstance(own, int) else channel
    text = node.get("text", node.get("word"))
    if isinstance(text, str) and "start" in node and "end" in node and "words" not in node:
        yield Printed(text, float(node["start"]), float(node["end"]), channel)
    for key, value in node.items():
        if key != "placeholders":
            yield from printed_words(value, channel)


def read_in_time(gold: GoldRecording, printed: Iterable[Printed]) -> int:
    """How many personal words stand in a transcript, by text and time."""
    shown = [(p, set(tokens(p.text))) for p in printed]
    count = 0
    for word in gold.words:
        wanted = tokens(word.text)
        if not word.is_pii or not wanted:
            continue
        count += any(
            set(wanted) <= found
            and p.start < word.end + SLACK_SECONDS
            and word.start - SLACK_SECONDS < p.end
            and p.channel in (None, word.channel)
            and not _is_ordinary(gold, p, set(wanted))
            for p, found in shown
        )
    return count


def _is_ordinary(gold: GoldRecording, printed: Printed, wanted: set[str]) -> bool:
    """Whether an ordinary word of the same text is nearer: "two" of "two orders" beside a number."""
    middle = (printed.start + printed.end) / 2
    same = [w for w in gold.words if set(tokens(w.text)) == wanted and printed.channel in (None, w.channel)]
    nearest = min(same, key=lambda w: abs((w.start + w.end) / 2 - middle))
    return not nearest.is_pii


def telling(gold: GoldRecording) -> set[str]:
    """What gives personal data away without a time: rare long words and runs of digits."""
    ordinary = {t for w in gold.words if not w.is_pii for t in tokens(w.text)}
    out = {
        t for w in gold.words if w.is_pii for t in tokens(w.text) if len(t) >= MIN_LETTERS and t not in ordinary
    }
    for group in entities(gold.words):
        run = "".join(t if t.isdigit() else " " for i in group for t in tokens(gold.words[i].text))
        out |= {digits for digits in run.split() if len(digits) >= MIN_DIGITS}
    return out


def read_untimed(gold: GoldRecording, text: str) -> int:
    """How many telling words and numbers stand in a text."""
    found = tokens(text)
    words = set(found)
    digits = "".join(t if t.isdigit() else " " for t in found)
    return sum(t in digits if t.isdigit() else t in words for t in telling(gold))


def _without_numbers(text: str) -> str:
    """A report or a subtitle's text without its times, digests and names of types ("<STREET_ADDRESS_1>")."""
    text = re.sub(r"(?:<|&lt;|\")[A-Z]+(?:_[A-Z0-9]+)*(?:>|&gt;|\")", " ", text)
    text = re.sub(r"\b[0-9a-f]{16,}\b", " ", text)
    return re.sub(r"\d+(?::\d+)*\.\d+(?:e-?\d+)?", " ", text)


def read_in_files(gold: GoldRecording, paths: Iterable[Path]) -> int:
    """How many personal words can be read in the released text files of a recording.

    The largest count over the files, for they all print the same words.
    """
    counts = [0]
    for path in paths:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".json" and "transcripts" in path.parts:
            counts.append(read_in_time(gold, printed_words(json.loads(text))))
        else:
            counts.append(read_untimed(gold, _without_numbers(text)))
    return max(counts)


def read_in_name(gold: GoldRecording, name: str) -> int:
    """How many telling words and numbers stand in a file's name; an opaque name holds none by meaning."""
    return 0 if re.fullmatch(r"[0-9a-f]{32}", Path(name).name) else read_untimed(gold, name)
