"""The whole flow for one recording. The only place that knows the order of the stages."""

from __future__ import annotations

import contextlib
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from redactor.align import align, merge, on_channels
from redactor.audio.originals import Original
from redactor.audio.recording import Recording, open_recording
from redactor.detect import Detector
from redactor.detect.deny import denied
from redactor.errors import (
    NonsenseError,
    ObjectionError,
    QuarantineError,
    RecordingError,
    RedactorError,
    StoreError,
)
from redactor.intervals import union
from redactor.invariants import check_found, check_spans, check_transcript
from redactor.keep import Keep
from redactor.kept import Choice, choose
from redactor.kernels.power import FRAME_S
from redactor.policy import Policy
from redactor.redact.audio import Fill, muted
from redactor.redact.text import redact_text
from redactor.report import audacity_labels, report, span_record
from redactor.staging import Staging
from redactor.timebase import outward_milliseconds
from redactor.transcribe import Heard
from redactor.types import Origin, PiiSpan, Seconds, Sound, TimeSpan, Transcript, Word
from redactor.verify.claim import Checked, Claim, round_record, words_under

PASSED = "passed"
UNCHECKED = "unchecked"
# Times as much padding around what the check finds, for each round that had muted beside it.
_WIDER = 4
VERDICTS = frozenset((PASSED, UNCHECKED))


class Transcriber(Protocol):
    """Hears words in audio; :class:`redactor.transcribe.Recognizer` is the real one."""

    def transcribe(self, recording: Recording, policy: Policy) -> Heard: ...


class Checker(Protocol):
    """Checks a finished recording; :class:`redactor.verify.Verifier` is the real one."""

    def check(self, claim: Claim, *, known: dict[Any, Any], first: bool) -> Checked: ...


@dataclass(frozen=True)
class Tools:
    """What is loaded once for many recordings, worked on by several threads at a time.

    Attributes
    ----------
    recognizer : Transcriber
    detector : Detector
    verifier : Checker
    policy : Policy
    watch : callable or None
        Told the name of a stage and the seconds it took a recording.
    keep : Keep or None
        What is a subject's own and stays audible to them.
    """

    recognizer: Transcriber
    detector: Detector
    verifier: Checker
    policy: Policy
    watch: Callable[[str, float], None] | None = None
    keep: Keep | None = None


@dataclass(frozen=True)
class Redacted:
    """What became of a recording whose outputs are staged.

    Attributes
    ----------
    input_sha256 : str
    duration, muted : float
        Seconds of audio, and of it muted on at least one channel.
    verdict : str
        Of the independent check: "passed", or "unchecked" where nobody listened to the finished file.
    account : mapping
        What the check saw, round by round.
    """

    input_sha256: str
    duration: float
    muted: float
    verdict: str
    account: Mapping[str, Any]


def redact_recording(
    file: Original, tools: Tools, staging: Staging, *, about: dict[str, Any], reviewed: Sequence[TimeSpan] = ()
) -> Redacted:
    """Read a recording, find what is personal, mute it, and stage what may be released.

    The sound passes through in blocks, to be heard, to be muted, and to be held against what was written; only
    words and spans are kept. What the check of the finished file finds is muted too, and the check repeated.

    Parameters
    ----------
    file : Original
        Read only.
    tools : Tools
    staging : Staging
        Takes the outputs; nothing is released before the caller commits it.
    about : dict
        Goes into the report: name, policy, models.
    reviewed : sequence of TimeSpan
        What people heard in it that is to be muted, whatever is found now.

    Raises
    ------
    RecordingError
        With the stage it happened in; the recording is not to be released.
    StoreError
        If an output cannot be written.
    """
    policy, watch = tools.policy, tools.watch
    rounds: list[dict[str, Any]] = []
    added: list[tuple[TimeSpan, ...]] = []
    known: dict[Any, Any] = {}
    with contextlib.ExitStack() as opened:
        with stage("decode", watch):
            recording = opened.enter_context(open_recording(file.path, within=file.within))
            _check_long_enough(recording, policy)
        with stage("transcribe", watch):
            heard = tools.recognizer.transcribe(recording, policy)
            _check_heard(heard, recording)
        with stage("detect", watch):
            found = tools.detector.detect(heard.transcript)
            check_found(found, heard.transcript)
        with stage("align", watch):
            spans = _spans_to_mute(heard, found, reviewed, recording, policy)
        while True:
            choice = _chosen(tools, about, heard, found, spans, recording)
            silent, claim = _write(recording, heard.transcript, choice, tools, staging)
            with stage("verify", watch):
                checked = tools.verifier.check(claim, known=known, first=not rounds)
                rounds.append(round_record(len(rounds) + 1, checked))
                if checked.is_clean:
                    _check_was_listened_to(checked, policy)
                    break
                _hold_back_if_hopeless(checked, rounds, choice.spans, policy)
                staging.discard()
            with stage("align", watch):
                added.append(_to_mute(checked, added, heard.power, policy))
                spans = merge([*spans, *added[-1]], gap=policy.align.merge_gap_ms / 1000)
        with stage("decode", watch):
            opened.close()  # the file that was muted has to be the one that was heard
    return Redacted(recording.sha256, recording.duration, silent, _verdict(checked), {"check": rounds})


def _chosen(
    tools: Tools,
    about: dict[str, Any],
    heard: Heard,
    found: Sequence[PiiSpan],
    spans: Sequence[TimeSpan],
    recording: Recording,
) -> Choice:
    with stage("align", tools.watch):
        return choose(tools.keep, about, heard, found, spans, recording, tools.policy)


def _write(
    recording: Recording, transcript: Transcript, choice: Choice, tools: Tools, staging: Staging
) -> tuple[Seconds, Claim]:
    """Mute and stage everything; the seconds muted on some channel, and what is claimed of it."""
    policy = tools.policy
    with stage("redact", tools.watch):
        text = redact_text(
            transcript,
            choice.spans,
            [pii for pii in choice.found if pii.hearing == 0],
            formats=policy.output.transcripts,
            num_channels=recording.num_channels,
        )
        redactions, redacted = muted(recording, choice.spans, Fill.of(policy.mute))
    with stage("write", tools.watch):
        written = staging.audio(redacted)
        silent = sum(end - start for start, end in union((s.start, s.end) for s in choice.spans))
        document = report(recording, written, redactions, transcript, about=choice.about, muted=silent)
        staging.text("reports", ".json", json.dumps(document, indent=1) + "\n")
        if policy.output.audacity_labels:
            staging.text("reports", ".labels.txt", audacity_labels(redactions))
        for extension, content in text.files.items():
            staging.text("transcripts", f".{extension}", content)
    files, rest = (staging.sound, staging.texts), (choice.about, choice.kept, staging.keep_names)
    return silent, Claim(recording, transcript, choice.spans, *files, *rest)


def _verdict(checked: Checked) -> str:
    return PASSED if checked.listened else UNCHECKED


def _check_was_listened_to(checked: Checked, policy: Policy) -> None:
    if policy.verify.share >= 1.0 and not checked.listened:
        raise ObjectionError(
            "nobody listened to the finished file, and the policy wants every one listened to; report this",
            reason="not-listened",
        )


def _hold_back_if_hopeless(
    checked: Checked, rounds: list[dict[str, Any]], spans: Sequence[TimeSpan], policy: Policy
) -> None:
    """Raise for what muting more cannot mend, or has not mended in as many rounds as the policy gives."""
    error = None
    if checked.faults:
        # What is left of the original is named first.
        kinds = sorted({fault.kind for fault in checked.faults}, key=lambda kind: (kind != "residue", kind))
        error = ObjectionError(
            f"the finished file did not pass the check ({', '.join(kinds)}); `redactor explain` has the times; "
            "after a fix, `redactor retry --quarantined`",
            reason=kinds[0],
        )
    elif len(rounds) > policy.verify.max_rounds:
        error = ObjectionError(
            f"after {len(rounds)} rounds there is still personal data to be heard; `redactor explain` has "
            "types and times; use a stricter policy, or a higher verify.max_rounds",
            reason="still-personal",
        )
    if error is not None:
        error.account = {"check": rounds, "redactions": [span_record(span) for span in spans]}
        raise error


def _also_marked(
    spans: tuple[TimeSpan, ...], reviewed: Sequence[TimeSpan], recording: Sound, policy: Policy
) -> tuple[TimeSpan, ...]:
    """With what people marked, padded like what the check finds; on all channels, which they heard together."""
    padding = policy.verify.padding_ms / 1000
    channels = tuple(range(recording.num_channels))
    marked = []
    for span in reviewed:
        start, end = outward_milliseconds(span.start - padding, span.end + padding)
        start, end = max(start, 0.0), min(end, recording.duration)
        if start < end:  # there is nothing to mute past the end of a recording that became shorter
            types = tuple(sorted(span.entity_types))
            marked.append(TimeSpan(start, end, channels, types, Origin.REVIEWED))
    return merge([*spans, *marked], gap=policy.align.merge_gap_ms / 1000) if marked else spans


def _to_mute(
    checked: Checked, before: Sequence[Sequence[TimeSpan]], power: np.ndarray, policy: Policy
) -> tuple[TimeSpan, ...]:
    """What one round of the check has muted; wider than at first, and wider yet where earlier rounds had muted.

    A gap after a question lets what follows it look like the answer: word by word that would take as many
    rounds as the turn has words. Anywhere else a finding of a late round is like one of the first.

    Parameters
    ----------
    checked : Checked
    before : sequence of sequence of TimeSpan
        What this said in each of the rounds before.
    power : numpy.ndarray, shape [num_frames, num_channels], float64
    policy : Policy
    """
    added = on_channels(checked.unknown, power, policy)
    for missed in checked.missed:
        by_times = defaultdict(list)
        for finding, words in zip(missed.found, words_under(missed.hearing, missed.found), strict=True):
            by_times[_num_beside(finding.channel, words, before, policy)].append(finding)
        for times, found in by_times.items():
            wider = _padded(policy, policy.verify.padding_ms * _WIDER**times)
            spans = align(missed.hearing, found, power=power, policy=wider)
            added += [replace(span, origin=Origin.VERIFIED) for span in spans]
    return tuple(added)


def _num_beside(
    channel: int, words: Sequence[Word], before: Sequence[Sequence[TimeSpan]], policy: Policy
) -> int:
    """How many rounds had something muted where these words, padded, would reach it."""
    rules = policy.align
    more = policy.verify.padding_ms + rules.merge_gap_ms
    start = min(word.start for word in words) - (rules.padding_before_ms + more) / 1000
    end = max(word.end for word in words) + (rules.padding_after_ms + more) / 1000
    return sum(
        any(channel in span.channels and span.start < end and start < span.end for span in spans)
        for spans in before
    )


def _padded(policy: Policy, more_ms: float) -> Policy:
    rules = policy.align
    wider = replace(
        rules,
        padding_before_ms=rules.padding_before_ms + more_ms,
        padding_after_ms=rules.padding_after_ms + more_ms,
    )
    return replace(policy, align=wider)


@contextlib.contextmanager
def stage(name: str, watch: Callable[[str, float], None] | None = None) -> Iterator[None]:
    """Name the stage of every failure, and let nothing a library says about text get any further."""
    begin = time.perf_counter()
    try:
        yield
    except RecordingError as error:
        error.stage = name
        raise
    except (RedactorError, MemoryError):
        raise
    except OSError as error:
        if name != "write":
            raise _unexpected(error, name) from None
        raise StoreError(
            f"an output cannot be written: {error.strerror}; free the disk, then run again"
        ) from None
    except Exception as error:
        raise _unexpected(error, name) from None
    finally:
        if watch is not None:
            watch(name, time.perf_counter() - begin)


def _unexpected(error: Exception, name: str) -> RecordingError:
    # Only the kind of error and its place: a library's message may quote the recording.
    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    place = f"{Path(where.tb_frame.f_code.co_filename).name}:{where.tb_lineno}" if where else "?"
    wrapped = QuarantineError(
        f"{name} failed with {type(error).__name__} at {place}; report this if it happens again",
        reason="stage-failed",
    )
    wrapped.stage = name
    return wrapped


def _check_long_enough(recording: Sound, policy: Policy) -> None:
    shortest = policy.unheard.min_recording_ms / 1000
    if recording.duration < shortest:
        raise QuarantineError(
            f"{recording.duration * 1000:.0f} ms of audio are too short to be understood; the policy asks for "
            f"{policy.unheard.min_recording_ms:.0f} (unheard.min_recording_ms)",
            reason="too-short",
        )


def _check_heard(heard: Heard, recording: Sound) -> None:
    check_transcript(heard.transcript, recording)
    # Edges and crosstalk are told by it: of fewer channels or of less time, it would leave some unmuted.
    shape = heard.power.shape
    if shape[1:] != (recording.num_channels,) or shape[0] < int(recording.duration / FRAME_S):
        raise NonsenseError("the power over time is not that of this recording")


def _spans_to_mute(
    heard: Heard, found: Sequence[PiiSpan], reviewed: Sequence[TimeSpan], recording: Sound, policy: Policy
) -> tuple[TimeSpan, ...]:
    """What is found, and what people marked."""
    spans = _also_marked(_aligned(heard, found, recording, policy), reviewed, recording, policy)
    check_spans(spans, found, heard.transcript, recording, policy)
    return spans


def _aligned(
    heard: Heard, found: Sequence[PiiSpan], recording: Sound, policy: Policy
) -> tuple[TimeSpan, ...]:
    """What alignment says; all of it where not one word was understood."""
    transcript = heard.transcript
    if any(segment.words for hearing in transcript.hearings for segment in hearing.segments):
        not_safe = denied(transcript, found, policy.deny) if policy.deny.enabled else ()
        return align(transcript, found, power=heard.power, policy=policy, denied=not_safe)
    if transcript.speech and policy.unheard.action == "quarantine":
        raise QuarantineError(
            "there is speech in it but not one word was understood; use a larger model, or a policy with "
            "unheard.action = 'mute'",
            reason="unheard-speech",
        )
    if not transcript.speech and policy.unheard.empty == "quarantine":
        raise QuarantineError(
            "no speech was found in it; if such recordings are expected, set unheard.empty = 'mute' in the "
            "policy",
            reason="no-speech",
        )
    channels = tuple(range(recording.num_channels))
    return (TimeSpan(0.0, recording.duration, channels, (), Origin.UNHEARD),)
