"""Which kind of file this is, by its first bytes (never by its name), who inspects it and who decodes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from redactor.audio import boxes, chunks, streams
from redactor.audio.problems import Fault
from redactor.audio.source import Promise, Source


@dataclass(frozen=True)
class Container:
    """A family of files.

    Attributes
    ----------
    name : str
        For `AudioFormat.container` where PyAV decodes; libsndfile says its own.
    inspect : callable
        Source -> Promise; raises Fault when the file is not whole.
    sndfile : bool
        Whether libsndfile is asked first.
    demuxer : str or None
        FFmpeg's demuxer, always named, so that FFmpeg never guesses: some of its guesses are playlists that
        open other files.
    """

    name: str
    inspect: Callable[[Source], Promise]
    sndfile: bool
    demuxer: str | None


_WAV = Container("WAV", chunks.wav, True, "wav")
_W64 = Container("W64", chunks.w64, True, "w64")
_AIFF = Container("AIFF", chunks.aiff, True, "aiff")
_AU = Container("AU", chunks.au, True, "au")
_CAF = Container("CAF", chunks.caf, True, "caf")
_NIST = Container("NIST", chunks.nist, True, None)
_FLAC = Container("FLAC", streams.flac, True, "flac")
_OGG = Container("OGG", streams.ogg, True, "ogg")
# FFmpeg would do, but counts the frame that holds the Xing header as sound where padding precedes it.
_MP3 = Container("MP3", streams.mp3, True, None)
_ADTS = Container("ADTS", streams.adts, False, "aac")
_AMR = Container("AMR", streams.amr, False, "amr")
_MP4 = Container("MP4", boxes.mp4, False, "mov")
_MATROSKA = Container("MATROSKA", boxes.matroska, False, "matroska")
_ASF = Container("ASF", boxes.asf, False, "asf")

# (offset, bytes, container); the first match counts. The minimum any of them needs is 4 bytes.
_MAGIC = (
    (0, chunks.W64_MAGIC, _W64),
    (0, b"RIFF", _WAV),
    (0, b"RIFX", _WAV),
    (0, b"RF64", _WAV),
    (0, b"FORM", _AIFF),
    (0, b".snd", _AU),
    (0, b"dns.", _AU),
    (0, b"caff", _CAF),
    (0, b"NIST_1A", _NIST),
    (0, b"OggS", _OGG),
    (0, b"#!AMR", _AMR),
    (0, boxes.MATROSKA_MAGIC, _MATROSKA),
    (0, boxes.ASF_MAGIC, _ASF),
    (4, b"ftyp", _MP4),
    (4, b"moov", _MP4),
    (4, b"mdat", _MP4),
    (4, b"wide", _MP4),
)
# RIFF and FORM hold many things; which one stands here.
_TYPE_AT_8 = {"WAV": (b"WAVE",), "AIFF": (b"AIFF", b"AIFC")}


def sniff(source: Source) -> Container:
    """The family a file belongs to.

    Raises
    ------
    Fault
        "empty-file", "not-audio", or "truncated-header" when only a magic number is left.
    """
    if source.size == 0:
        raise Fault("empty-file")
    head = source.up_to(0, 16)
    for offset, magic, container in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            types = _TYPE_AT_8.get(container.name)
            if types and len(head) < 12:
                raise Fault("truncated-header")
            if types and head[8:12] not in types:
                raise Fault("not-audio")
            return container
    return _sniff_frames(source)


def _sniff_frames(source: Source) -> Container:
    """Kinds that may have an ID3 tag in front, and are otherwise known by a sync word only."""
    start = streams.skip_id3(source)
    if start > source.size:
        raise Fault("truncated-header")
    head = source.up_to(start, 4)
    if head == b"fLaC":
        return _FLAC
    if len(head) >= 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        return _ADTS if head[1] & 0x06 == 0 else _MP3
    if start and start == source.size:
        raise Fault("no-samples")
    raise Fault("not-audio")
