"""What was muted in a recording and why: type, origin, times, channels, score, recognizer; never text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from redactor.types import AudioFormat, Redaction, Seconds, Sound, TimeSpan, Transcript

# What a recognizer may be called in what is written: a name that holds what it found must not get there.
RECOGNIZER_NAME = re.compile(r"[A-Z][A-Za-z]{2,40}(?:Recognizer|Tagger)")
_OTHER = "OtherRecognizer"


def report(
    recording: Sound,
    written: AudioFormat,
    redactions: Sequence[Redaction],
    transcript: Transcript,
    *,
    about: Mapping[str, Any],
    muted: Seconds,
) -> dict[str, Any]:
    """The report of one recording as JSON values.

    Parameters
    ----------
    recording : Sound
    written : AudioFormat
        What the released file is; may differ from what the recording was.
    redactions : sequence of Redaction
    transcript : Transcript
        For the languages alone.
    about : mapping
        Name, policy and models of the run.
    muted : float
        Seconds muted on at least one channel.
    """
    return {
        **about,
        "duration": recording.duration,
        "sample_rate": recording.sample_rate,
        "channels": recording.num_channels,
        "languages": sorted({s.language for s in transcript.segments}),
        "format": {
            "input": _format(recording.format),
            "output": _format(written),
            # Formats that cannot be written with the same number of samples become FLAC.
            "kept": _format(recording.format) == _format(written),
        },
        "muted": round(muted, 3),
        "redactions": [{**span_record(r.span), "operator": r.operator} for r in redactions],
    }


def audacity_labels(redactions: Sequence[Redaction]) -> str:
    """The muted spans as an Audacity label track: start, end and types, separated by tabs."""
    return "".join(
        f"{r.span.start:.6f}\t{r.span.end:.6f}\t{' '.join((r.span.origin, *r.span.entity_types))}\n"
        for r in redactions
    )


def _format(audio_format: AudioFormat) -> dict[str, str]:
    return {"container": audio_format.container, "subtype": audio_format.subtype}


def span_record(span: TimeSpan) -> dict[str, Any]:
    """A muted span as JSON values."""
    return {
        "types": list(span.entity_types),
        "origin": span.origin.value,
        "start": span.start,
        "end": span.end,
        "channels": list(span.channels),
        "score": None if span.score is None else round(span.score, 3),
        "recognizers": [name if RECOGNIZER_NAME.fullmatch(name) else _OTHER for name in span.recognizers],
    }
