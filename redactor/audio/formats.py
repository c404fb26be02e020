"""Which formats can be written back with the same samples, what stands in for the others, and their extensions.

Measured with libsndfile 1.2.2 (soundfile 0.14.0) by writing noise and reading it back: 26 lengths from 1 to
100,003 samples (1, 2, 3, 63 ... 1151, 1152, 1153 ... 12,345, 44,101), ten rates from 8,000 to 96,000 Hz, one
and two channels, 128 to 256 files a format. `tests/audio/test_audio_formats.py` repeats a part of it.

- Count, rate and channels kept in every file: WAV and WAVEX (PCM, float, mu-law, A-law), RF64 and W64 (the
  same), AIFF with samples of 16 bits and more, AU, CAF, FLAC, NIST, Ogg Vorbis, Ogg Opus at the five rates it
  knows (8, 12, 16, 24, 48 kHz; refused at others), MP3 up to 48 kHz (refused above).
- AIFF with 8-bit samples, mu-law or A-law: 82 of 256 come back one sample longer (an odd number of bytes: the
  pad is counted). Such a file is written, found out by reading it back, and replaced by FLAC.
- AIFF with float samples, written without PEAK chunk: right from 6 samples on; with fewer it comes back
  wrong, and is replaced by WAV.
- GSM, IMA and MS ADPCM, G.721, G.723, NMS: whole blocks only (12,345 samples of GSM come back as 12,800), so
  never written.
- CAF with ALAC: 16 bits are exact; 20, 24 and 32 bits come back altered for loud noise in stereo, so only 16
  bits are written.
- MP3 layers I and II, and MP3 inside WAV: libsndfile does not write them.
- Rates are changed by HTK, SVX, VOC, MPC2K and WVE; MAT5 holds the time of writing. They are not read either.
"""

from __future__ import annotations

from dataclasses import dataclass

from redactor.types import AudioFormat

_PCM = frozenset({"PCM_16", "PCM_24", "PCM_32"})
_FLOAT = frozenset({"FLOAT", "DOUBLE"})
_LAW = frozenset({"ULAW", "ALAW"})
_RIFF = _PCM | _FLOAT | _LAW | {"PCM_U8"}

_KEPT = {
    "WAV": _RIFF,
    "WAVEX": _RIFF,
    "RF64": _RIFF,
    "W64": _RIFF,
    "AIFF": _PCM | _FLOAT | _LAW | {"PCM_S8", "PCM_U8"},
    "AU": _PCM | _FLOAT | _LAW | {"PCM_S8"},
    "CAF": _PCM | _FLOAT | _LAW | {"PCM_S8", "ALAC_16"},
    "FLAC": frozenset({"PCM_S8", "PCM_16", "PCM_24"}),
    "NIST": _PCM | _LAW | {"PCM_S8"},
    "OGG": frozenset({"VORBIS", "OPUS"}),
    "MP3": frozenset({"MPEG_LAYER_III"}),
}

_EXTENSIONS = {
    "WAV": ".wav", "WAVEX": ".wav", "RF64": ".wav", "W64": ".w64", "AIFF": ".aiff", "AU": ".au", "CAF": ".caf",
    "FLAC": ".flac", "NIST": ".sph", "OGG": ".ogg", "MP3": ".mp3",
}  # fmt: skip

_OPUS_HZ = frozenset({8_000, 12_000, 16_000, 24_000, 48_000})
_MP3_HZ = frozenset({8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000})


@dataclass(frozen=True)
class _Bounds:
    max_channels: int
    max_rate_hz: int
    rates_hz: frozenset[int] | None = None


# FLAC: RFC 9639, section 1 (8 channels) and libFLAC's FLAC__MAX_SAMPLE_RATE. Vorbis I: a byte of channels.
_BOUNDS = {
    ("FLAC", None): _Bounds(8, 655_350),
    ("OGG", "VORBIS"): _Bounds(255, 200_000),
    ("OGG", "OPUS"): _Bounds(255, 48_000, _OPUS_HZ),
    ("MP3", "MPEG_LAYER_III"): _Bounds(2, 48_000, _MP3_HZ),
}


def output_format(source: AudioFormat, *, sample_rate: int, num_channels: int) -> AudioFormat:
    """The format a recording is written in, unless reading it back shows that samples were not kept.

    Parameters
    ----------
    source : AudioFormat
        What it was read from.
    sample_rate : int
        Hz.
    num_channels : int

    Returns
    -------
    AudioFormat
        `source` itself where it is known to keep the samples, else :func:`substitute`.
    """
    is_kept = source.subtype in _KEPT.get(source.container, ())
    if is_kept and _within_bounds(source, sample_rate, num_channels):
        return source
    return substitute(source, sample_rate=sample_rate, num_channels=num_channels)


def substitute(source: AudioFormat, *, sample_rate: int, num_channels: int) -> AudioFormat:
    """What stands in where the source's format cannot be written: FLAC, or WAV for what FLAC cannot hold.

    FLAC with 24 bits for sources of 20 and 24 bits, with 16 bits for narrower and for lossy ones. WAV for float
    and 32-bit sources, which FLAC would round, and for more than 8 channels or over 655,350 Hz.
    """
    subtype = _stored_as(source.subtype)
    flac = AudioFormat("FLAC", subtype)
    if subtype in _KEPT["FLAC"] and _within_bounds(flac, sample_rate, num_channels):
        return flac
    return AudioFormat("WAV", subtype)


def extension(audio_format: AudioFormat) -> str:
    """File extension with the dot of a format that `encode` writes.

    Raises
    ------
    ValueError
        For a container that is never written.
    """
    if audio_format.subtype == "OPUS" and audio_format.container == "OGG":
        return ".opus"
    if audio_format.container not in _EXTENSIONS:
        raise ValueError(f"{audio_format.container} is read, but never written")
    return _EXTENSIONS[audio_format.container]


def _stored_as(subtype: str) -> str:
    """The plain subtype that loses nothing of this one; 16 bits for lossy codecs."""
    if subtype in _FLOAT:
        return subtype
    if subtype.endswith("_32"):
        return "PCM_16" if subtype.startswith(("G721", "NMS")) else "PCM_32"
    if subtype.endswith(("_24", "_20")) and not subtype.startswith(("G723", "NMS")):
        return "PCM_24"
    return "PCM_16"


def _within_bounds(audio_format: AudioFormat, sample_rate: int, num_channels: int) -> bool:
    container, subtype = audio_format.container, audio_format.subtype
    bounds = _BOUNDS.get((container, subtype)) or _BOUNDS.get((container, None))
    if bounds is None:
        return True
    if bounds.rates_hz is not None and sample_rate not in bounds.rates_hz:
        return False
    return num_channels <= bounds.max_channels and sample_rate <= bounds.max_rate_hz
