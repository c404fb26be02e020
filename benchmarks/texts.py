"""How much personal data the detectors find in sentences as a recognizer may have written them; no audio.

    python benchmarks/texts.py benchmarks/sentences/dev.jsonl [--policy standard]

Each line of the file is ``{"turns": [["A", "i live at {STREET_ADDRESS:nine elm close}"], ...]}``. They were
written by somebody who had seen neither detectors nor templates: `dev.jsonl` to work on, `test.jsonl` to judge
by. What is counted, in the words of one hearing: personal words that were found, whole values, and harmless
words that were taken for personal.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from redactor.config import load_policy  # noqa: E402
from redactor.detect import Detector, load_detector  # noqa: E402
from redactor.model_registry import resolve  # noqa: E402
from redactor.textplaces import TextPlaces  # noqa: E402
from redactor.types import Segment, Transcript, Word  # noqa: E402

_VALUE = re.compile(r"\{([A-Z_]+):([^}]*)\}")
_WORD_S, _TURN_PAUSE_S = 0.32, 0.5


@dataclass(frozen=True)
class Labelled:
    """A word of a sentence; `value` numbers the values of the file, 0 for harmless words."""

    text: str
    label: str
    value: int


@dataclass
class Counts:
    """Of one file, by label; the label of harmless words is ""."""

    words: Counter[str]
    found: Counter[str]
    values: Counter[str]
    whole: Counter[str]


def labelled(text: str, first_value: int) -> list[Labelled]:
    """Words of a turn; what hangs on a value is part of its last word."""
    words: list[Labelled] = []
    at = 0
    for number, match in enumerate([*_VALUE.finditer(text), None], first_value):
        plain = text[at : match.start() if match else len(text)]
        head, _, plain = plain.partition(" ") if at and not plain[:1].isspace() else ("", "", plain)
        if head:
            words[-1] = Labelled(words[-1].text + head, words[-1].label, words[-1].value)
        words += [Labelled(word, "", 0) for word in plain.split()]
        if match is not None:
            words += [Labelled(word, match[1], number) for word in match[2].split()]
            at = match.end()
    return words


def heard(turns: Sequence[Sequence[str]], first_value: int) -> tuple[Transcript, dict[int, list[Labelled]]]:
    """A transcript of the turns, each speaker on a channel; and the labels of every channel's words."""
    segments, said, now = [], defaultdict(list), 0.0
    for speaker, text in turns:
        channel, words = int(speaker != "A"), []
        for word in labelled(text, first_value):
            words.append(Word(word.text, now, now + _WORD_S - 0.02, 0.9))
            said[channel].append(word)
            now += _WORD_S
        first_value += len(_VALUE.findall(text))
        start, end = words[0].start, words[-1].end
        segments.append(Segment(channel, "en", None, start, end, tuple(words), -0.3, 0.0, 1.3))
        now += _TURN_PAUSE_S
    return Transcript.build(now, segments), said


def count(lines: Iterable[str], detector: Detector) -> Counts:
    """What a detector finds in the lines of a file."""
    counts = Counts(Counter(), Counter(), Counter(), Counter())
    num_values = 1
    for line in lines:
        turns = json.loads(line)["turns"]
        transcript, said = heard(turns, num_values)
        num_values += sum(len(_VALUE.findall(text)) for _, text in turns)
        found = detector.detect(transcript)
        missed: dict[tuple[int, str], bool] = {}
        for channel, words in said.items():
            places = TextPlaces(transcript.words(channel))
            hits = {index for pii in found if pii.channel == channel for index in places.under(pii)}
            for index, word in enumerate(words):
                if word.label or any(c.isalnum() for c in word.text):
                    counts.words[word.label] += 1
                    counts.found[word.label] += index in hits
                if word.label:
                    value = word.value, word.label
                    missed[value] = missed.get(value, False) or index not in hits
        for (_, label), is_missed in missed.items():
            counts.values[label] += 1
            counts.whole[label] += not is_missed
    return counts


def main() -> None:
    """Print the counts, and those of each type."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--policy", default="standard")
    args = parser.parse_args()
    policy = load_policy(args.policy)
    ner, tag = (
        {language: resolve(name, task=task).path for language, name in models.items()}
        for task, models in (("ner", policy.language.detectors), ("tag", policy.language.taggers))
    )
    detector = load_detector(policy, ner=ner, tag=tag)
    with args.file.open(encoding="utf-8") as lines:
        counts = count(lines, detector)
    harmless, flagged = counts.words.pop(""), counts.found.pop("", 0)
    print(
        f"personal words found {counts.found.total() / counts.words.total():.1%} of {counts.words.total()}, "
        f"whole values {counts.whole.total() / counts.values.total():.1%} of {counts.values.total()}, "
        f"harmless words taken for personal {flagged / harmless:.2%} of {harmless}"
    )
    for label in sorted(counts.values):
        print(f"  {label:20s} {counts.whole[label]:3d} of {counts.values[label]:3d} whole")


if __name__ == "__main__":
    main()
