"""The whole flow for one recording. The only place that knows the order of the stages."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from redactor.align import align, union
from redactor.audio.decode import decode
from redactor.detect import Detector
from redactor.detect.deny import denied
from redactor.errors import QuarantineError, RecordingError, RedactorError, StoreError
from redactor.invariants import check_found, check_transcript
from redactor.kernels.power import frame_power
from redactor.policy import Policy
from redactor.redact.audio import Fill, mute
from redactor.redact.text import redact_text
from redactor.report import audacity_labels, report
from redactor.staging import Staging
from redactor.types import Audio, Origin, PiiSpan, TimeSpan, Transcript


class Transcriber(Protocol):
    """Hears words in audio; :class:`redactor.transcribe.Recognizer` is the real one."""

    def transcribe(self, audio: Audio, policy: Policy) -> Transcript: ...


@dataclass(frozen=True)
class Tools:
    """What is loaded once for many recordings."""

    recognizer: Transcriber
    detector: Detector
    policy: Policy


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
    policy = tools.policy
    with stage("decode"):
        decoded = decode(path)
        audio = decoded.audio
        _check_long_enough(audio, policy)
    with stage("transcribe"):
        transcript = tools.recognizer.transcribe(audio, policy)
        check_transcript(transcript, audio)
    with stage("detect"):
        found = tools.detector.detect(transcript)
        check_found(found, transcript)
    with stage("align"):
        spans = _spans_to_mute(transcript, found, audio, policy)
    with stage("redact"):
        text = redact_text(
            transcript,
            spans,
            [pii for pii in found if pii.hearing == 0],
            formats=policy.output.transcripts,
            num_channels=audio.num_channels,
        )
        redactions = mute(audio, spans, _fill(policy))
    with stage("write"):
        written = staging.audio(audio)
        muted = sum(end - start for start, end in union((s.start, s.end) for s in spans))
        document = report(audio, written, redactions, transcript, about=about, muted=muted)
        staging.text("reports", ".json", json.dumps(document, indent=1) + "\n")
        if policy.output.audacity_labels:
            staging.text("reports", ".labels.txt", audacity_labels(redactions))
        for extension, content in text.files.items():
            staging.text("transcripts", f".{extension}", content)
    return Redacted(decoded.sha256, audio.duration, muted)


@contextlib.contextmanager
def stage(name: str) -> Iterator[None]:
    """Name the stage of every failure, and let nothing a library says about text get any further."""
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


def _check_long_enough(audio: Audio, policy: Policy) -> None:
    shortest = policy.unheard.min_recording_ms / 1000
    if audio.duration < shortest:
        raise QuarantineError(
            f"{audio.duration * 1000:.0f} ms of audio are too short to be understood; the policy asks for "
            f"{policy.unheard.min_recording_ms:.0f} (unheard.min_recording_ms)",
            reason="too-short",
        )


def _spans_to_mute(
    transcript: Transcript, found: Sequence[PiiSpan], audio: Audio, policy: Policy
) -> tuple[TimeSpan, ...]:
    """What alignment says; all of it where not one word was understood."""
    if any(segment.words for hearing in transcript.hearings for segment in hearing.segments):
        power = frame_power(audio.samples, sample_rate=audio.sample_rate)
        not_safe = denied(transcript, found, policy.deny) if policy.deny.enabled else ()
        return align(transcript, found, power=power, policy=policy, denied=not_safe)
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
    channels = tuple(range(audio.num_channels))
    return (TimeSpan(0.0, audio.duration, channels, (), Origin.UNHEARD),)


def _fill(policy: Policy) -> Fill:
    mute_policy = policy.mute
    return Fill(
        kind=mute_policy.fill,
        fade_ms=mute_policy.fade_ms,
        tone_hz=mute_policy.tone_hz,
        tone_dbfs=mute_policy.tone_dbfs,
    )
