"""Every reason for which a recording is refused while it is read: one table of slug, error class and text.

Inside this package a refusal is a :class:`Fault` that carries the slug alone; :mod:`.recording`, which knows
the file's name, turns it into the error that callers see.
"""

from __future__ import annotations

from pathlib import Path

from redactor.errors import DecodeError, RecordingError, UnreadableError

_RESAVE = "open it in an audio editor, listen, and save it as WAV or FLAC"

LEADS_OUT = "a symbolic link that leads out of the INPUT folder; name its target as an INPUT"

_UNREADABLE = {
    "vanished": "the file is not there; check that it was not moved or deleted, then run again",
    "no-permission": "the file may not be read by this user; grant read permission, then run again",
    "not-a-file": "not a regular file; name a file or a folder of files",
    "cannot-open": "the system cannot open or read the file; check the path and the disk, then run again",
    "changed-while-read": "the file changed while it was read; wait until it is complete, then run again",
    "link-out-of-tree": LEADS_OUT,
}

_UNDECODABLE = {
    "empty-file": "the file is empty; fetch it again from its source",
    "not-audio": "not a kind of audio file this program knows; remove it or convert it to WAV or FLAC",
    "truncated-header": "the file ends inside or right after its header; fetch it again from its source",
    "truncated": "the header promises more sound than there is; fetch it again from its source",
    "unfinished": "the recorder never wrote the length into the header; "
    "repair the header (for example with ffmpeg -i IN -c copy OUT), listen, then run again",
    "damaged": f"part of it cannot be decoded; fetch it again from its source, or {_RESAVE}",
    "no-channels": f"the header says zero channels; {_RESAVE}",
    "bad-rate": f"the header says an impossible sample rate; {_RESAVE}",
    "no-samples": "there is no sound in it; remove it from the input",
    "non-finite": f"some samples are not numbers (NaN or infinity); {_RESAVE}",
    "too-long": "longer than the limit (or than memory holds); split it, or raise the limit",
    "several-streams": "it holds several recordings in one file; split it into one file each",
    "format-changes": f"rate or channels change in the middle; {_RESAVE}",
    "unsupported-codec": "its codec cannot be decoded; convert it to WAV or FLAC",
}

REASONS = frozenset(_UNREADABLE) | frozenset(_UNDECODABLE)


class Fault(Exception):
    """A refusal on its way to the caller.

    Parameters
    ----------
    reason : str
        One of `REASONS`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def error_for(path: Path, reason: str) -> RecordingError:
    """The error a caller sees: the file's own name, printable whatever bytes it holds, and the next step."""
    if reason in _UNREADABLE:
        kind, text = UnreadableError, _UNREADABLE[reason]
    else:
        kind, text = DecodeError, _UNDECODABLE[reason]
    # repr() escapes newlines, control and direction characters, and bytes that are not UTF-8.
    return kind(f"{path.name!r}: {text}", reason=reason, detail=text)
