"""Recordings of our own that the independent check has to object to, or nothing may be released by it.

A check that always says yes is not noticed by what it lets pass. So before any recording a worker's verifier is
handed some that ship with the package, drawn anew: one that is not redacted at all; one with one muted stretch
put back; one whose transcript prints a muted word. And one that is as it should be, since a check that objects
to everything tells no more.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from redactor.audio.encode import encode
from redactor.audio.recording import open_recording
from redactor.errors import RecordingError, VerifierError
from redactor.files import bench_sample_dir
from redactor.policy import Policy
from redactor.redact.audio import Fill, muted
from redactor.redact.text import redact_text
from redactor.types import Origin, Segment, TimeSpan, Transcript, Word
from redactor.verify.claim import Claim
from redactor.verify.verifier import Verifier

FOLDER_PREFIX = "challenge-"

# Muted beyond the words, whose times are exact.
_MARGIN_S = 0.05
# A model may miss what is said in one of them; a check that objects to none of so many does not listen.
_TRIES = 4
_SHORT_S = 15.0
# What the sample's labels are called in a policy.
_TYPES = {
    "BOOKING_REFERENCE": ("ID_NUMBER",),
    "STREET_ADDRESS": ("STREET_ADDRESS", "LOCATION"),
    "CREDIT_CARD": ("CREDIT_CARD", "ID_NUMBER"),
}


@dataclass(frozen=True)
class Sentinel:
    """A recording whose words and personal data are known.

    Attributes
    ----------
    path : pathlib.Path
    transcript : Transcript
        What is truly said.
    labels : tuple of tuple of str
        For each word of each segment its label, "" where it is not personal.
    """

    path: Path
    transcript: Transcript
    labels: tuple[tuple[str, ...], ...]

    def spans(self, channels: Sequence[int]) -> tuple[TimeSpan, ...]:
        """What has to be muted in it: its personal words, neighbours together."""
        spans: list[TimeSpan] = []
        for segment, labels in zip(self.transcript.segments, self.labels, strict=True):
            before = ""
            for word, label in zip(segment.words, labels, strict=True):
                end = min(word.end + _MARGIN_S, self.transcript.duration)
                if label and label == before:
                    spans[-1] = _span(spans[-1].start, end, label, channels)
                elif label:
                    spans.append(_span(max(word.start - _MARGIN_S, 0.0), end, label, channels))
                before = label
        return tuple(spans)

    @property
    def types(self) -> set[str]:
        """Entity types of a policy under which something of it is found."""
        found = {label for labels in self.labels for label in labels if label}
        return {name for label in found for name in _TYPES.get(label, (label,))}


def _span(start: float, end: float, label: str, channels: Sequence[int]) -> TimeSpan:
    return TimeSpan(start, end, tuple(channels), (_TYPES.get(label, (label,))[0],), Origin.DETECTED)


def shipped_sentinels(folder: Path | None = None) -> list[Sentinel]:
    """The recordings that ship with the package, or those of another folder of that form.

    Raises
    ------
    VerifierError
        If they are not there: without them nothing can be released.
    """
    folder = folder or bench_sample_dir()
    try:
        rows = [json.loads(line) for line in (folder / "gold.jsonl").read_text().splitlines() if line]
        sentinels = [_sentinel(folder, row) for row in rows]
    except (OSError, ValueError, KeyError, TypeError):
        raise VerifierError(
            "the recordings that the check is tried with cannot be read; install redactor again"
        ) from None
    return [sentinel for sentinel in sentinels if sentinel.types]


def _sentinel(folder: Path, row: Mapping) -> Sentinel:
    by_channel: dict[int, list] = {}
    for text, start, end, label, channel, *_ in row["words"]:
        by_channel.setdefault(channel, []).append((Word(text, start, end, 1.0), "" if label == "-" else label))
    segments = []
    labels = []
    for channel, pairs in sorted(by_channel.items(), key=lambda item: (item[1][0][0].start, item[0])):
        words = tuple(word for word, _ in pairs)
        segments.append(Segment(channel, "en", None, words[0].start, words[-1].end, words, 0.0, 0.0, 1.0))
        labels.append(tuple(label for _, label in pairs))
    transcript = Transcript.build(row["duration_s"], segments)
    return Sentinel(folder / row["audio"], transcript, tuple(labels))


def challenge(
    verifier: Verifier,
    policy: Policy,
    sentinels: Sequence[Sentinel],
    folder: Path,
    *,
    draw: random.Random | None = None,
) -> None:
    """Hand a verifier what it has to object to.

    Parameters
    ----------
    verifier : Verifier
    policy : Policy
    sentinels : sequence of Sentinel
    folder : pathlib.Path
        A private one; what is made there is removed again.
    draw : random.Random, optional
        The system's randomness otherwise, so that nobody can know which recordings will come.

    Raises
    ------
    VerifierError
        If it did not object, or objected to what is as it should be.
    """
    draw = draw or random.SystemRandom()
    try:
        with tempfile.TemporaryDirectory(prefix=FOLDER_PREFIX, dir=folder) as place:
            _try_eyes(verifier, policy, draw.choice(sentinels), Path(place), draw)
        _try_ears(verifier, policy, sentinels, draw)
    except RecordingError as error:
        raise VerifierError(f"the check could not be tried ({error.reason}); nothing is released") from None


def _try_eyes(
    verifier: Verifier, policy: Policy, sentinel: Sentinel, place: Path, draw: random.Random
) -> None:
    """What is wrong with sound and texts has to be seen in the files."""
    with open_recording(sentinel.path) as recording:
        spans = sentinel.spans(range(recording.num_channels))
        put_back = draw.randrange(len(spans))
        left = [span for number, span in enumerate(spans) if number != put_back]
        good, bad = place / "good", place / "bad"
        for path, muted_spans in ((good, spans), (bad, left)):
            encode(muted(recording, muted_spans, Fill.of(policy.mute))[1], path)
        honest = _text(sentinel, spans, recording.num_channels)
        loose = _text(sentinel, left, recording.num_channels)
        texts = {"honest": place / "honest", "loose": place / "loose"}
        for path, content in zip(texts.values(), (honest, loose), strict=True):
            path.write_text(content)

        def claim(audio: Path, text: str) -> Claim:
            path = f"transcripts/{sentinel.path.stem}.json"
            about, files = {"name": sentinel.path.stem}, {path: texts[text]}
            return Claim(recording, sentinel.transcript, spans, audio, files, about, keep_names=True)

        def kinds_of(claim: Claim) -> list[str]:
            return [fault.kind for fault in verifier.check(claim, known={}, listen=False).faults]

        kinds = kinds_of(claim(good, "honest"))
        if kinds:
            raise VerifierError(
                f"the independent check objects ({', '.join(sorted(set(kinds)))}) to a recording that is as it "
                "should be; nothing is released; report this"
            )
        for audio, text, what in (
            (bad, "honest", "a muted stretch that was put back"),
            (sentinel.path, "honest", "a recording that is not redacted"),
            (good, "loose", "a transcript that prints a muted word"),
        ):
            if not kinds_of(claim(audio, text)):
                raise VerifierError(f"the independent check let {what} pass; nothing is released; report this")


def _try_ears(
    verifier: Verifier, policy: Policy, sentinels: Sequence[Sentinel], draw: random.Random
) -> None:
    """What can be heard in a recording that is not redacted has to be found, by ear and in its text."""
    listen = policy.verify.share > 0.0 and "en" in policy.language.detectors
    fitting = [s for s in sentinels if s.types & policy.entities.keys()]
    # Every worker waits for this: the short ones, where there are any.
    fitting = [s for s in fitting if s.transcript.duration <= _SHORT_S] or fitting
    if "en" not in policy.language.detectors or not fitting:
        return  # they say nothing that this policy could find
    wanted = {"text", "hearing"} if listen else {"text"}
    for sentinel in draw.sample(fitting, min(_TRIES, len(fitting))):
        with open_recording(sentinel.path) as recording:
            about = {"name": sentinel.path.stem}
            claim = Claim(recording, sentinel.transcript, (), sentinel.path, {}, about)
            checked = verifier.check(claim, known={}, listen=listen)
        wanted -= {missed.source for missed in checked.missed}
        if not wanted:
            return
    raise VerifierError(
        f"the independent check found nothing personal ({', '.join(sorted(wanted))}) in {_TRIES} recordings "
        "that are not redacted: its model or its detector does not work; nothing is released"
    )


def _text(sentinel: Sentinel, spans: Sequence[TimeSpan], num_channels: int) -> str:
    text = redact_text(sentinel.transcript, spans, (), formats=("json",), num_channels=num_channels)
    return text.files["json"]
