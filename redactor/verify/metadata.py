"""What a finished file holds beside its samples: names of kinds, never contents.

`encode` writes samples and what decoding them needs; everything else is told here, whatever it is for: a tag,
a chunk, a comment, a picture, bytes before, between or behind. What is allowed is what libsndfile 1.2.2 was
seen to write for every format of :mod:`redactor.audio.formats`; a version that writes more shows in the tests.

The files are walked anew, since the readers' own inspection asks whether samples are missing and passes over
what it does not need. Frames of FLAC and MP3, and Ogg packets behind the headers, are taken for sound: what a
codec ignores inside them is not looked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from redactor.audio.containers import sniff
from redactor.audio.problems import Fault
from redactor.audio.source import Source
from redactor.verify import chunkwalk, streamwalk

UNKNOWN_CONTAINER = "unknown-container"
DAMAGED_CONTAINER = "damaged-container"
UNREADABLE = "unreadable"

# By the names of redactor.audio.containers; what is not here is never written.
_WALKS: dict[str, Callable[[Source], Iterator[str]]] = {
    "WAV": chunkwalk.wav,
    "W64": chunkwalk.w64,
    "AIFF": chunkwalk.aiff,
    "AU": chunkwalk.au,
    "CAF": chunkwalk.caf,
    "NIST": chunkwalk.nist,
    "FLAC": streamwalk.flac,
    "OGG": streamwalk.ogg,
    "MP3": streamwalk.mp3,
}


def extra_data(path: Path) -> tuple[str, ...]:
    """Everything in a file that is neither samples nor needed to decode them.

    Parameters
    ----------
    path : pathlib.Path
        Only read.

    Returns
    -------
    tuple of str
        Kinds, each once, such as "LIST chunk", "ID3v2 tag" or "bytes after the last frame"; empty for what
        :func:`redactor.audio.encode.encode` writes. "unknown-container" alone for a kind of file that it never
        writes, "damaged-container" for one that ends too early or contradicts itself, "unreadable" for one that
        cannot be opened.
    """
    try:
        with path.open("rb") as raw:
            found = tuple(dict.fromkeys(_found(Source(raw, raw.seek(0, 2)))))
    except OSError:
        return (UNREADABLE,)
    return found


def _found(source: Source) -> Iterator[str]:
    try:
        container = sniff(source)
    except Fault:
        yield UNKNOWN_CONTAINER
        return
    walk = _WALKS.get(container.name)
    if walk is None:
        yield UNKNOWN_CONTAINER
        return
    try:
        yield from walk(source)
        container.inspect(source)
    except Fault:
        yield DAMAGED_CONTAINER
