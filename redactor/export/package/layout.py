"""Where things stand in a package. No name in it says anything, and every name is safe on every system."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from redactor.errors import UsageError
from redactor.export.entries import Manifest, ManifestLine

MANIFEST = "manifest.json"
SIGNATURES = "signatures.json"
HEAD = "audit-head.json"
CERTIFICATE = "certificate.html"
PAGE = "index.html"
README = "README.txt"
# The first two say what the rest has to be, and are read before it.
FIRST = (MANIFEST, SIGNATURES)
ALWAYS = frozenset({HEAD, PAGE, README})
TRANSCRIPT_FORMATS = ("json", "vtt", "txt")

_MIN_DIGITS = 4
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")
# Lower case alone, so that no two names are one where case does not count; and no name that Windows keeps
# for itself (con, nul, com1 and so on).
_OF_RECORDING = re.compile(
    r"recordings/[0-9]{4,9}/(audio\.[a-z0-9]{1,8}|transcript\.(json|vtt|txt)|report\.json)"
)
_ENCLOSURE = re.compile(r"(?!(?:com|lpt)[0-9]\.)[a-z][a-z0-9]{3,30}(-[a-z0-9]{1,30}){0,3}\.(html|json|txt|pdf)")


def is_safe(path: str) -> bool:
    """Whether this may be the name of a file of a package, the two first ones left out."""
    if path in FIRST:
        return False
    return path == README or bool(_OF_RECORDING.fullmatch(path) or _ENCLOSURE.fullmatch(path))


def is_of_recording(path: str) -> bool:
    """Whether it belongs to one recording."""
    return "/" in path


def in_order(manifest: Manifest) -> list[ManifestLine]:
    """The recordings as they are numbered: by the time when they were made, then by id; those without last."""
    return sorted(manifest.lines, key=lambda one: (one.recorded_at is None, one.recorded_at or "", one.name))


def folders(manifest: Manifest) -> dict[str, str]:
    """Folder of every recording, by its id."""
    lines = in_order(manifest)
    digits = max(_MIN_DIGITS, len(str(len(lines))))
    return {line.name: f"recordings/{number:0{digits}}" for number, line in enumerate(lines, start=1)}


def place(folder: str, released: str) -> str:
    """Where a file of the release goes.

    Parameters
    ----------
    folder : str
        Of its recording.
    released : str
        Below ``release/``: ``audio/xx/NAME.ext`` and so on.

    Raises
    ------
    UsageError
        If a package has no place for it.
    """
    path = PurePosixPath(released)
    kind, suffix = path.parts[0] if path.parts else "", path.suffix.lower()
    name = None
    if kind == "audio" and _SUFFIX.fullmatch(suffix):
        name = f"audio{suffix}"
    elif kind == "transcripts" and suffix[1:] in TRANSCRIPT_FORMATS:
        name = f"transcript{suffix}"
    elif kind == "reports" and suffix == ".json":
        name = "report.json"
    if name is None:
        raise UsageError(
            f"a package holds audio, transcripts and reports; a file of {folder} is none of them: plan the "
            "export again"
        )
    return f"{folder}/{name}"


def places(manifest: Manifest) -> dict[str, tuple[ManifestLine, str, str, int]]:
    """For every file of a recording in a package, in order: line, path in the release, digest and size.

    Raises
    ------
    UsageError
        If two files claim one place, two lines one recording, or a package has no place for a file.
    """
    of = folders(manifest)
    if len(of) != len(manifest.lines):
        raise UsageError("the manifest names a recording twice; plan the export again")
    found: dict[str, tuple[ManifestLine, str, str, int]] = {}
    for line in in_order(manifest):
        for released, sha256, size in line.files:
            path = place(of[line.name], released)
            if path in found:
                raise UsageError(f"the manifest has two files for {path}; plan the export again")
            found[path] = (line, released, sha256, size)
    return dict(sorted(found.items()))
