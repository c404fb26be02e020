"""What ``redactor export plan`` says of what goes in, and of what does not; numbers and reasons, no names."""

from __future__ import annotations

from typing import Any

from redactor.export.plan import NOT_KEPT, REASONS, Preview
from redactor.export.request_entries import Request


def preview_document(request: Request, preview: Preview) -> dict[str, Any]:
    """For a script."""
    return {
        "id": request.id,
        "state": request.state.value,
        "manifest": request.manifest_sha256,
        "recordings": preview.recordings,
        "minutes": round(preview.seconds / 60, 1),
        "first": preview.first,
        "last": preview.last,
        "channels": {str(number): count for number, count in preview.channels.items()},
        "redone": preview.redone,
        "kept_own": preview.kept_own,
        "left_out": dict(preview.left_out),
        "not_kept": dict(preview.not_kept),
    }


def preview_lines(preview: Preview) -> list[str]:
    """For a person."""
    days = f"{preview.first} to {preview.last}" if preview.first else "without dates"
    channels = ", ".join(f"{count} with {number or 'unknown'}" for number, count in preview.channels.items())
    lines = [
        f"{preview.recordings} recordings, {preview.seconds / 60:.1f} minutes, {days}",
        f"channels: {channels}",
    ]
    if preview.redone:
        lines.append(f"{preview.redone} redacted for this request, {preview.kept_own} with what is their own")
    lines += [f"left out, {count}: {REASONS[reason]}" for reason, count in preview.left_out.items()]
    lines += [
        f"what is their own is muted too in {count}: {NOT_KEPT[reason]}"
        for reason, count in preview.not_kept.items()
    ]
    return lines
