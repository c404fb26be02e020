"""What each technique is worth: leak and loss with it and without it, on the dev half.

    python benchmarks/ablation.py --set NAME=GOLD=CACHE [--set ...] [--policy NAME] [--only PART]

Recordings are transcribed once (benchmarks/hearings.py keeps what was heard); every row is then detection,
alignment and the quick score of benchmarks/quick.py. The last lines are the cost of detection and alignment.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np  # noqa: E402
import spacy  # noqa: E402
from spacy.language import Language  # noqa: E402

from benchmarks.hearings import MODELS, HeardRecording, hear  # noqa: E402
from benchmarks.quick import score_spans  # noqa: E402
from redactor.align import align  # noqa: E402
from redactor.bench.score import Rate, Scored, summarize  # noqa: E402
from redactor.config import load_policy  # noqa: E402
from redactor.detect import PresidioDetector, SpeechDetector, Tagger  # noqa: E402
from redactor.detect.conversation import answers, fragments  # noqa: E402
from redactor.detect.deny import denied  # noqa: E402
from redactor.detect.dialogue import SpokenWord  # noqa: E402
from redactor.detect.house_numbers import house_numbers  # noqa: E402
from redactor.detect.recognizers.spoken_forms import SPOKEN_FORMS  # noqa: E402
from redactor.detect.repeats import repeats  # noqa: E402
from redactor.detect.speech import LOOKS, RULED_OUT, UNLIKELY, Look  # noqa: E402
from redactor.detect.tagger import least_probabilities  # noqa: E402
from redactor.detect.wordpieces import Agreement  # noqa: E402
from redactor.model_registry import resolve  # noqa: E402
from redactor.policy import Policy  # noqa: E402
from redactor.types import PiiSpan, TimeSpan, Transcript  # noqa: E402

_EVERYTHING = (answers, fragments)


@dataclass(frozen=True)
class Setting:
    """One row: what is in force.

    Attributes
    ----------
    hearings : callable
        The transcript that is searched, of what was heard.
    without : frozenset of str
        Recognizers whose findings are dropped; "presidio" for all but our own.
    context, looks, tagged, unlikely, ruled_out
        As in :class:`redactor.detect.SpeechDetector`.
    more : str
        Folder of a spaCy model whose findings count as well; "" for none.
    """

    name: str
    policy: Policy
    hearings: Callable[[HeardRecording], Transcript] = HeardRecording.calibrated
    without: frozenset[str] = frozenset()
    context: tuple[Callable[[Transcript], list[PiiSpan]], ...] = _EVERYTHING
    looks: tuple[Look, ...] = LOOKS
    tagged: bool = True
    unlikely: float = UNLIKELY
    ruled_out: float = RULED_OUT
    more: str = ""


class Bench:
    """Recordings, and the findings of every recognizer in them, which are made once."""

    def __init__(self, recordings: dict[str, list[HeardRecording]], policy: Policy) -> None:
        models = {lang: resolve(name, task="ner").path for lang, name in policy.language.detectors.items()}
        self._texts = PresidioDetector(policy, spacy_models=models)
        self._tagged: dict[tuple[str, ...], np.ndarray] = {}
        self._by_policy: dict[str, list[Tagger]] = {}
        self._recognizers = self._texts.recognizers
        self._found: dict[tuple[tuple[str, ...], frozenset[str], bool], tuple[PiiSpan, ...]] = {}
        self.recordings = recordings

    def scores(self, name: str, setting: Setting) -> list[Scored]:
        """Of all recordings of one set."""
        return [
            score_spans(heard.gold, self.spans(heard, setting), heard.power) for heard in self.recordings[name]
        ]

    def spans(self, heard: HeardRecording, setting: Setting) -> tuple[TimeSpan, ...]:
        """What would be muted in one recording."""
        transcript = setting.hearings(heard)
        detector = SpeechDetector(
            _Without(self, setting.without, setting.more),
            setting.policy,
            context=setting.context,
            taggers=self._taggers(setting) if setting.tagged else (),
            looks=setting.looks,
            unlikely=setting.unlikely,
            ruled_out=setting.ruled_out,
        )
        found = detector.detect(transcript)
        deny = setting.policy.deny
        not_safe = denied(transcript, found, deny) if deny.enabled else ()
        return align(transcript, found, power=heard.power, policy=setting.policy, denied=not_safe)

    def _taggers(self, setting: Setting) -> list[Tagger]:
        """Of the setting's policy; what one has read is kept."""
        policy = setting.policy.digest
        if policy not in self._by_policy:
            self._by_policy[policy] = [
                _KeptTagger(
                    resolve(name, task="tag").path,
                    language=language,
                    entities=least_probabilities(setting.policy),
                    kept=self._tagged,
                )
                for language, name in setting.policy.language.taggers.items()
            ]
        return self._by_policy[policy]

    def texts(self, hearing: Transcript, without: frozenset[str], by_model: bool) -> tuple[PiiSpan, ...]:
        """Findings in one text: word times do not matter to them, so one search serves all rows.

        A recognizer that is left out is not asked: Presidio drops findings inside better ones, so what another
        one would have found is not among the findings of all.
        """
        key = tuple(hearing.text(channel) for channel in hearing.channels), without, by_model
        if key not in self._found:
            self._texts.recognizers = [r for r in self._recognizers if not _is_dropped(r.name, without)]
            self._found[key] = self._texts.detect(hearing, by_model=by_model)
        return self._found[key]


class _KeptTagger(Tagger):
    """Reads every conversation once."""

    def __init__(self, folder: Path, *, kept: dict[tuple[str, ...], np.ndarray], **options: Any) -> None:
        super().__init__(folder, **options)
        self._kept = kept

    def probabilities(self, spoken: Sequence[SpokenWord], agreed: Sequence[Agreement]) -> np.ndarray:
        key = tuple(f"{w.text}|{w.first_of_turn}|{a}" for w, a in zip(spoken, agreed, strict=True))
        if key not in self._kept:
            self._kept[key] = super().probabilities(spoken, agreed)
        return self._kept[key]


_OWN = {kind.__name__ for kind in SPOKEN_FORMS}


@dataclass(frozen=True)
class _Without:
    """A text detector less some recognizers."""

    bench: Bench
    without: frozenset[str]
    more: str

    def detect(self, transcript: Transcript, *, by_model: bool = True) -> tuple[PiiSpan, ...]:
        kept = [*self.bench.texts(transcript, self.without, by_model)]
        if self.more:
            for channel in transcript.channels:
                kept += _named_by(self.more, transcript.text(channel), channel)
        return tuple(kept)


def _is_dropped(recognizer: str, without: frozenset[str]) -> bool:
    if recognizer in without:
        return True
    return "presidio" in without and recognizer not in _OWN | {"SpacyRecognizer"}


@cache
def _named_by(folder: str, text: str, channel: int) -> tuple[PiiSpan, ...]:
    """What another spaCy model finds in a text."""
    ents = _loaded(folder)(text).ents
    return tuple(PiiSpan(channel, e.label_, e.start_char, e.end_char, 0.6, "more") for e in ents)


@cache
def _loaded(folder: str) -> Language:
    return spacy.load(folder)


def _first_only(heard: HeardRecording) -> Transcript:
    return replace(heard.calibrated(), others=())


def _less(heard: HeardRecording, *, prompted: bool = False, second_best: bool = False) -> Transcript:
    """Without the tentative hearings of a kind; second choices are the last, one a model."""
    both = heard.calibrated()
    first = len(both.others) - len(MODELS)
    kept = [
        other
        for number, other in enumerate(both.others)
        if not other.tentative or not (second_best if number >= first else prompted)
    ]
    return replace(both, others=tuple(kept))


def _second_only(heard: HeardRecording) -> Transcript:
    both = heard.calibrated()
    return replace(both.others[0], speech=both.speech)


def _raw(heard: HeardRecording) -> Transcript:
    return heard.transcript


def _all_heard(heard: HeardRecording) -> Transcript:
    return replace(
        heard.calibrated(), speech=(), others=tuple(replace(o, speech=()) for o in heard.calibrated().others)
    )


def flat(policy: Policy, padding_ms: float) -> Policy:
    """The policy with one padding and no look at the sound."""
    return _with_align(
        policy, padding_before_ms=padding_ms, padding_after_ms=padding_ms, pause_ms=0.0, valley_ms=0.0
    )


def _with_align(policy: Policy, **changes: float) -> Policy:
    return replace(policy, align=replace(policy.align, **changes))


def settings(policy: Policy) -> Iterator[Setting]:
    """Everything, and everything but one thing."""
    full = Setting("everything", policy)
    yield full
    yield replace(full, name=f"- second opinion ({MODELS[0]} alone)", hearings=_first_only)
    yield replace(full, name=f"- first model ({MODELS[1]} alone)", hearings=_second_only)
    yield replace(full, name="- prompted hearings", hearings=partial(_less, prompted=True))
    yield replace(full, name="- second choices", hearings=partial(_less, second_best=True))
    yield replace(full, name="- look at what they make up", ruled_out=0.0)
    yield replace(full, name="- calibrated word times", hearings=_raw)
    yield replace(full, name="- pauses and valleys", policy=flat(policy, policy.align.padding_before_ms))
    yield replace(full, name="- look at disagreeing times", policy=_with_align(policy, unsure_ms=0.0))
    yield replace(full, name="- speech without words", hearings=_all_heard)
    if policy.align.channels == "audible":
        everywhere = replace(policy, align=replace(policy.align, channels="all"))
        yield replace(full, name="- channels that may stay", policy=everywhere)
    one_model = replace(policy, unheard=replace(policy.unheard, one_model_ms=0.0))
    yield replace(full, name="- words of one model alone", policy=one_model)
    yield replace(full, name="- answers to questions", context=(fragments,))
    yield replace(full, name="- bare answers", context=(answers,))
    yield replace(full, name="- tagger", tagged=False)
    yield replace(full, name="- its word on weak findings", unlikely=0.0)
    yield replace(full, name="- house numbers of places", looks=(repeats,))
    yield replace(full, name="- values said again", looks=(house_numbers,))
    yield replace(full, name="- en_core_web_sm", without=frozenset({"SpacyRecognizer"}))
    yield replace(full, name="- Presidio's patterns", without=frozenset({"presidio"}))
    if policy.deny.enabled:
        open_ = replace(policy, deny=replace(policy.deny, enabled=False))
        yield replace(full, name="- default-deny", policy=open_)
    for recognizer in sorted(_OWN):
        yield replace(full, name=f"- {recognizer}", without=frozenset({recognizer}))


def _percent(rate: Rate) -> str:
    return "    -" if rate.value is None else f"{100 * rate.value:5.2f}"


def render(name: str, by_set: dict[str, list[Scored]]) -> str:
    """One row: words audible, entities, clean recordings and speech lost in each set."""
    cells = []
    for scored in by_set.values():
        row = summarize("", scored)
        cells.append(" ".join(_percent(r) for r in (row.words, row.entities, row.clean, row.lost)))
    return f"{name:34s} | " + " | ".join(cells)


def main(argv: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", action="append", required=True, help="NAME=GOLD=CACHE")
    parser.add_argument("--policy", default="standard")
    parser.add_argument("--without", default="", help="recognizers that no row has, separated by commas")
    parser.add_argument("--more", default="", help="folder of one more spaCy model, for one more row")
    parser.add_argument("--only", help="rows whose name holds this")
    args = parser.parse_args(argv)
    policy = load_policy(args.policy)
    recordings: dict[str, list[HeardRecording]] = {}
    for one in args.set:
        name, gold, cache = one.split("=")
        for heard in hear(Path(gold), Path(cache)):
            key = f"{name} {heard.gold.kind}".strip() if heard.gold.kind else name
            recordings.setdefault(key, []).append(heard)
    bench = Bench(recordings, policy)
    seconds = sum(h.transcript.duration for listed in recordings.values() for h in listed)
    print(f"{'words, entities, clean, lost in %':34s} | " + " | ".join(f"{n:23s}" for n in recordings))
    rows = [*settings(policy)]
    if args.more:
        rows.append(replace(rows[0], name=f"+ {Path(args.more).name}", more=args.more))
    dropped = frozenset(filter(None, args.without.split(",")))
    rows = [replace(row, without=row.without | dropped) for row in rows]
    for number, setting in enumerate(rows):
        if number and args.only and args.only not in setting.name:
            continue
        began = time.perf_counter()
        for listed in recordings.values():
            for heard in listed:
                bench.spans(heard, setting)
        took = time.perf_counter() - began
        print(render(setting.name, {name: bench.scores(name, setting) for name in recordings}), flush=True)
        if not number:
            print(f"  detection and alignment: {1000 * took / seconds:.2f} ms per second of audio", flush=True)


if __name__ == "__main__":
    main()
