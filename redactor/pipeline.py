"""The whole flow for one recording. The only place that knows the order of the stages."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from redactor.align import align, union
from redactor.audio.recording import Recording, open_recording
from redactor.detect import Detector
from redactor.detect.deny import denied
from redactor.errors import QuarantineError, RecordingError, RedactorError, StoreError
from redactor.invariants import check_found, check_transcript
from redactor.policy import Policy
from redactor.redact.audio import Fill, muted
from redactor.redact.text import redact_text
from redactor.report import audacity_labels, report
from redactor.staging import Staging
from redactor.transcribe import Heard
from redactor.types import Origin, PiiSpan, Sound, TimeSpan


class Transcriber(Protocol):
    """Hears words in audio; :class:`redactor.transcribe.Recognizer` is the real one."""

    def transcribe(self, recording: Recording, policy: Policy) -> Heard: ...


@dataclass(frozen=True)
class Tools:
    """What is loaded once for many recordings, worked on by several threads at a time.

    Attributes
    ----------
    recognizer : Transcriber
    detector : Detector
    policy : Policy
    watch : callable or None
        Told the name of a stage and the seconds it took a recording.
    """

    recognizer: Transcriber
    detector: Detector
    policy: Policy
    watch: Callable[[str, float], None] | None = None


@dataclass(frozen=True)
class Redacted:
    """What became of a recording whose outputs are staged.

    Attributes
    ----------
    input_sha256 : str
    duration, muted : float
        Seconds of audio, and of it muted on at least one channel.
    """

    input_sha256: str
    duration: float
    muted: float


def redact_recording(path: Path, tools: Tools, staging: Staging, *, about: dict[str, Any]) -> Redacted:
    """Read a recording, find what is personal, mute it, and stage what may be released.

    The sound passes through in blocks, once to be heard and once to be muted; only words and spans are kept.

    Parameters
    ----------
    path : pathlib.Path
        Read only.
    tools : Tools
    staging : Staging
        Takes the outputs; nothing is released before the caller commits it.
    about : dict
        Goes into the report: name, policy, models.

    Raises
    ------
    RecordingError
        With the stage it happened in; the recording is not to be released.
    StoreError
        If an output cannot be written.
    """
    policy, watch = tools.policy, tools.watch
    with contextlib.ExitStack() as opened:
        with stage("decode", watch):
            recording = opened.enter_context(open_recording(path))
            _check_long_enough(recording, policy)
        with stage("transcribe", watch):
            heard = tools.recognizer.transcribe(recording, policy)
            transcript = heard.transcript
            check_transcript(transcript, recording)
        with stage("detect", watch):
            found = tools.detector.detect(transcript)
            check_found(found, transcript)
        with stage("align", watch):
            spans = _spans_to_mute(heard, found, recording, policy)
        with stage("redact", watch):
            text = redact_text(
                transcript,
                spans,
                [pii for pii in found if pii.hearing == 0],
                formats=policy.output.transcripts,
                num_channels=recording.num_channels,
            )
            redactions, redacted = muted(recording, spans, _fill(policy))
        with stage("write", watch):
            written = staging.audio(redacted)
            silent = sum(end - start for start, end in union((s.start, s.end) for s in spans))
            document = report(recording, written, redactions, transcript, about=about, muted=silent)
            staging.text("reports", ".json", json.dumps(document, indent=1) + "\n")
            if policy.output.audacity_labels:
                staging.text("reports", ".labels.txt", audacity_labels(redactions))
            for extension, content in text.files.items():
                staging.text("transcripts", f".{extension}", content)
        with stage("decode", watch):
            opened.close()  # the file that was muted has to be the one that was heard
    return Redacted(recording.sha256, recording.duration, silent)


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


def _spans_to_mute(
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


def _fill(policy: Policy) -> Fill:
    mute_policy = policy.mute
    return Fill(
        kind=mute_policy.fill,
        fade_ms=mute_policy.fade_ms,
        tone_hz=mute_policy.tone_hz,
        tone_dbfs=mute_policy.tone_dbfs,
    )
