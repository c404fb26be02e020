"""CMU flite through its C API: libflite and the voices are loaded with ctypes, nothing is compiled.

Word times are the ends of the segments in flite's own utterance structure (relations Word,
SylStructure, Segment), so they are exact by construction.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from benchmarks.corpus.voices import VoiceMissing

INSTALL = (
    "the flite voices need a system package: apt-get install libflite1 (Debian, Ubuntu), dnf install flite"
)
WORD_START = b"R:SylStructure.daughter1.daughter1.R:Segment.p.end"
WORD_END = b"R:SylStructure.daughtern.daughtern.R:Segment.end"


class _Wave(ctypes.Structure):
    """cst_wave of flite 2.x (cst_wave.h)."""

    _fields_ = [
        ("type", ctypes.c_char_p),
        ("sample_rate", ctypes.c_int),
        ("num_samples", ctypes.c_int),
        ("num_channels", ctypes.c_int),
        ("samples", ctypes.POINTER(ctypes.c_short)),
    ]


class _Voice(ctypes.Structure):
    """cst_voice of flite 2.x (cst_voice.h)."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("features", ctypes.c_void_p),
        ("ffunctions", ctypes.c_void_p),
        ("utt_init", ctypes.c_void_p),
    ]


_POINTER, _TEXT, _FLOAT = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_float
_SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "flite_synth_text": (_POINTER, (_TEXT, _POINTER)),
    "utt_relation": (_POINTER, (_POINTER, _TEXT)),
    "relation_head": (_POINTER, (_POINTER,)),
    "item_next": (_POINTER, (_POINTER,)),
    "item_parent": (_POINTER, (_POINTER,)),
    "item_as": (_POINTER, (_POINTER, _TEXT)),
    "flite_ffeature_float": (_FLOAT, (_POINTER, _TEXT)),
    "flite_feat_set_float": (None, (_POINTER, _TEXT, _FLOAT)),
    "utt_wave": (ctypes.POINTER(_Wave), (_POINTER,)),
    "delete_utterance": (None, (_POINTER,)),
}


def _library(name: str) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(f"lib{name}.so.1", mode=ctypes.RTLD_GLOBAL)
    except OSError as error:
        raise VoiceMissing(f"{INSTALL} ({error})") from error


@cache
def _flite() -> ctypes.CDLL:
    """libflite with its signatures set; the lexicon and language are needed by the voices."""
    flite = _library("flite")
    _library("flite_cmulex")
    _library("flite_usenglish")
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(flite, name)
        function.restype, function.argtypes = result, list(arguments)
    flite.flite_init()
    return flite


class Flite:
    """One flite voice: "kal16", "awb", "rms" or "slt"."""

    def __init__(self, name: str) -> None:
        self._flite = _flite()
        register = getattr(_library(f"flite_cmu_us_{name}"), f"register_cmu_us_{name}")
        register.restype, register.argtypes = ctypes.c_void_p, [ctypes.c_char_p]
        self._voice = register(None)
        self._features = ctypes.cast(self._voice, ctypes.POINTER(_Voice)).contents.features
        self._libc = ctypes.CDLL(None)

    def say(
        self, words: Sequence[str], *, slowness: float
    ) -> tuple[np.ndarray, int, list[tuple[float, float]]]:
        """See :class:`benchmarks.corpus.voices.Engine`."""
        self._flite.flite_feat_set_float(self._features, b"duration_stretch", slowness)
        self._libc.srand(1)  # the vocoder draws its noise with rand(): the same phrase, the same samples
        # a capital A is the letter; flite would read it as the article
        text = " ".join("ay" if w == "A" else w for w in words).encode("ascii")
        utterance = self._flite.flite_synth_text(text, self._voice)
        try:
            wave = self._flite.utt_wave(utterance).contents
            samples = np.ctypeslib.as_array(wave.samples, (wave.num_samples,)).astype(np.float32) / 32768
            times = self._token_times(utterance)
            rate = wave.sample_rate
        finally:
            self._flite.delete_utterance(utterance)
        if len(times) != len(words):
            raise ValueError(f"flite said {len(times)} words for {len(words)}: {words}")
        return samples, rate, times

    def _token_times(self, utterance: int) -> list[tuple[float, float]]:
        """Start and end of every written word (flite's token), which may be several spoken ones."""
        flite = self._flite
        times: list[tuple[float, float]] = []
        last_token = None
        item = flite.relation_head(flite.utt_relation(utterance, b"Word"))
        while item:
            token = flite.item_parent(flite.item_as(item, b"Token"))
            start = flite.flite_ffeature_float(item, WORD_START)
            end = flite.flite_ffeature_float(item, WORD_END)
            if token == last_token:
                times[-1] = (times[-1][0], end)
            else:
                times.append((start, end))
            last_token = token
            item = flite.item_next(item)
        return times
