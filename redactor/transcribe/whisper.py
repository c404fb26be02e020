"""A Whisper by CTranslate2: windows to states, states to text, text to times, in batches over all threads.

faster-whisper's own loops encode 30 s for every window and take one recording at a time; of it, the loading of
a model, its features, its tokenizer and its word times are used.

Why windows can be short: the encoder's cost grows faster than its length, so the states of a short window and
of silence cost less than those of a padded one. The decoder looks for the end of the speech in what follows it:
where nothing does, it says the sentence again. So behind the states of a window stand states of silence, from
the places where they would be, computed once. It is shown as few of both as it needs (shown.py).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from redactor.batching import Batcher, Turn
from redactor.errors import ModelError
from redactor.transcribe.calibration import Calibration
from redactor.transcribe.device import Device, is_out_of_memory
from redactor.transcribe.rules import (
    ENCODED_STEP_S,
    FULL_WINDOW_S,
    MEL_FRAMES_PER_S,
    SILENT_MEL,
    WindowRules,
)
from redactor.transcribe.shown import shown
from redactor.transcribe.speech import MODEL_RATE_HZ
from redactor.transcribe.written import Encoded, RawWord, Written, most_tokens, written_of
from redactor.types import Seconds

if TYPE_CHECKING:
    from redactor.model_registry import ModelFiles

# How far they are told to go at most, by their length rounded up to this.
_LIMIT_STEP_S = 8.0

# Tokens of a prompt, from its end: with what a window can become they have to fit the decoder's 448.
_MOST_BEFORE = 200

_APPENDED = "\"'.。,，!！?？:：”)]}、"
_PREPENDED = "\"'“¿([{-"


class Whisper:
    """A loaded model.

    Parameters
    ----------
    files : ModelFiles
        Verified.
    device : Device
    device_index : int
        GPU of this worker.
    threads : int
        CPU threads of one batch. Part of the result: CTranslate2's sums depend on it in the last bits, and with
        them now and then a word.
    turn : Turn, optional
        Shared by the models of one processor.

    Attributes
    ----------
    calibration : Calibration
    rules : WindowRules

    Raises
    ------
    ModelError
        If it cannot be loaded.
    """

    def __init__(
        self,
        files: ModelFiles,
        *,
        device: Device,
        device_index: int = 0,
        threads: int = 1,
        turn: Turn | None = None,
    ) -> None:
        self.calibration = Calibration.of(files.calibration, model=files.name)
        self.rules = WindowRules.of(files.windows, model=files.name)
        self._loaded = _load(files, device, device_index, threads)
        self._tokenizers: dict[str, Any] = {}
        limits = device.limits
        share = {"turn": turn or Turn(), "is_out_of_memory": is_out_of_memory}
        # On a CPU states and texts of a window are the same to the last bit whatever else is in the batch
        # (tests/transcribe/test_whisper.py); what aligns them pads texts, and there they are not.
        self._encoding: Batcher[np.ndarray, np.ndarray] = Batcher(
            self._encode_batch, most=limits.encoded, mixed=limits.mixed, **share
        )
        self._writing: Batcher[_Question, Written] = Batcher(
            self._write_batch, most=limits.decoded, mixed=limits.mixed, **share
        )
        self._telling: Batcher[_Question, Mapping[str, float]] = Batcher(
            self._tell_batch, most=1, mixed=limits.mixed, **share
        )
        self._aligning: Batcher[_Question, list[RawWord]] = Batcher(
            self._align_batch, most=limits.aligned, mixed=False, **share
        )
        if device.kind == "cuda":
            self._compute_once(files, device)

    def _compute_once(self, files: ModelFiles, device: Device) -> None:
        """CTranslate2 misses the libraries of a GPU only when it first computes: not in a recording, then."""
        try:
            self.silence()
        except RuntimeError as error:
            raise ModelError(
                f"model {files.name!r} cannot compute on {device.kind} as {device.compute_type}: {error}; "
                "check the CUDA libraries that CTranslate2 needs, or use --device cpu"
            ) from None

    @property
    def multilingual(self) -> bool:
        return bool(self._loaded.model.is_multilingual)

    def knows(self, language: str) -> bool:
        return language == "en" or self.multilingual

    @property
    def batchers(self) -> Mapping[str, Batcher]:
        """By what they do to windows: how many at most, and how many so far."""
        return {
            "encoded": self._encoding,
            "told apart": self._telling,
            "decoded": self._writing,
            "aligned": self._aligning,
        }

    def encode(self, sounds: Sequence[np.ndarray], *, full: bool = False) -> list[Encoded]:
        """States of windows, each of at most 30 s of float32 samples at 16 kHz.

        Parameters
        ----------
        full : bool
            Encode them as windows of 30 s.
        """
        durations = [len(sound) / MODEL_RATE_HZ for sound in sounds]
        lengths = [FULL_WINDOW_S if full else self._encoded_length(duration) for duration in durations]
        features = [self._features(sound, length) for sound, length in zip(sounds, lengths, strict=True)]
        states = self._run(self._encoding, lengths, features)
        return [Encoded(*pair) for pair in zip(states, durations, strict=True)]

    def languages(self, encoded: Encoded) -> Mapping[str, float]:
        """Probability of each language, by code; of a multilingual model only."""
        # Without states of silence, which cost more and tell nothing of a language.
        task, question = _Task(len(encoded.states)), _Question(encoded.states, encoded.duration)
        (found,) = self._run(self._telling, [task], [question])
        return found

    def write(
        self,
        encoded: Sequence[Encoded],
        language: str,
        *,
        beam_size: int,
        prompt: str = "",
        second_best: bool = False,
    ) -> list[Written]:
        """The text of windows in a language; `prompt` is what the model takes for the text before them.

        With `second_best`, also the most probable text of other words, of as many as the beam holds.
        """
        how = _Task(0, language, beam_size, prompt, num_hypotheses=beam_size if second_best else 1)
        questions = [_Question(self._shown(one, prompt), one.duration) for one in encoded]
        tasks = [replace(how, num_states=len(q.states), most=_limit(q.duration)) for q in questions]
        return self._run(self._writing, tasks, questions)

    def words(self, encoded: Encoded, written: Written, language: str) -> list[RawWord]:
        """The words of a text with their times in the window, from the same states."""
        if not written.tokens:
            return []
        task = _Task(len(encoded.states), language)
        question = _Question(encoded.states, encoded.duration, written.tokens)
        (words,) = self._run(self._aligning, [task], [question])
        return words

    @staticmethod
    def _run(batcher: Batcher, keys: Sequence[Any], items: Sequence[Any]) -> list[Any]:
        """Results in the order of the items; those of one key are done together."""
        try:
            return batcher.run_all(keys, items)
        except RuntimeError as error:
            if is_out_of_memory(error):
                raise MemoryError("one window is too much for the processor's memory") from None
            raise

    def _encoded_length(self, duration: Seconds) -> Seconds:
        length = math.ceil((duration + self.rules.tail) / ENCODED_STEP_S) * ENCODED_STEP_S
        return min(length, FULL_WINDOW_S)

    def _shown(self, encoded: Encoded, prompt: str) -> np.ndarray:
        if encoded.full:  # as the model was trained; with no silence to compute
            return encoded.states
        return shown(encoded.states, self._silence, self.rules.view(encoded.duration, prompted=bool(prompt)))

    def silence(self) -> np.ndarray:
        """States of 30 s of silence, computed once; shape [num_states, size]."""
        return self._silence

    @cached_property
    def _silence(self) -> np.ndarray:
        num_mels = self._loaded.feature_extractor.mel_filters.shape[0]
        silent = np.full((num_mels, round(FULL_WINDOW_S * MEL_FRAMES_PER_S)), SILENT_MEL, np.float32)
        (states,) = self._encoding.run(FULL_WINDOW_S, [silent])
        return states

    def _features(self, sound: np.ndarray, length: Seconds) -> np.ndarray:
        num_samples = round(length * MODEL_RATE_HZ)
        padded = np.zeros(num_samples, np.float32)
        padded[: len(sound)] = sound[:num_samples]
        return self._loaded.feature_extractor(padded)[:, : round(length * MEL_FRAMES_PER_S)]

    def _tokenizer(self, language: str) -> Any:
        from faster_whisper.tokenizer import Tokenizer

        if language not in self._tokenizers:
            self._tokenizers[language] = Tokenizer(
                self._loaded.hf_tokenizer, self.multilingual, task="transcribe", language=language
            )
        return self._tokenizers[language]

    # What follows runs for many threads at a time, in one of them.

    def _encode_batch(self, length: Seconds, features: list[np.ndarray]) -> list[np.ndarray]:
        states = self._loaded.model.encode(_storage(features), to_cpu=True)
        return [np.array(one) for one in np.asarray(states)]

    def _tell_batch(self, task: _Task, questions: list[_Question]) -> list[Mapping[str, float]]:
        found = self._loaded.model.detect_language(_storage([q.states for q in questions]))
        return [{token[2:-2]: probability for token, probability in one} for one in found]

    def _write_batch(self, task: _Task, questions: list[_Question]) -> list[Written]:
        from faster_whisper.transcribe import get_suppressed_tokens

        tokenizer = self._tokenizer(task.language)
        before = tokenizer.encode(f" {task.prompt}") if task.prompt else []
        prompt = self._loaded.get_prompt(tokenizer, before[-_MOST_BEFORE:], without_timestamps=True)
        results = self._loaded.model.generate(
            _storage([q.states for q in questions]),
            [prompt] * len(questions),
            beam_size=task.beam_size,
            num_hypotheses=task.num_hypotheses,
            max_length=len(prompt) + task.most,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
            suppress_tokens=get_suppressed_tokens(tokenizer, [-1]),
        )
        pairs = zip(results, questions, strict=True)
        return [written_of(result, tokenizer, most_tokens(q.duration)) for result, q in pairs]

    def _align_batch(self, task: _Task, questions: list[_Question]) -> list[list[RawWord]]:
        from faster_whisper.transcribe import merge_punctuations

        tokenizer = self._tokenizer(task.language)
        aligned = self._loaded.find_alignment(
            tokenizer,
            [list(q.tokens) for q in questions],
            _storage([q.states for q in questions]),
            [round(q.duration * MEL_FRAMES_PER_S) for q in questions],
        )
        for words in aligned:
            merge_punctuations(words, _PREPENDED, _APPENDED)
        return [
            [
                RawWord(word["word"], float(word["start"]), float(word["end"]), float(word["probability"]))
                for word in words
                if word["word"]
            ]
            for words in aligned
        ]


@dataclass(frozen=True)
class _Task:
    """What a batch is for; windows of one batch have the same."""

    num_states: int
    language: str = ""
    beam_size: int = 1
    prompt: str = ""
    num_hypotheses: int = 1
    most: int = 0


@dataclass(frozen=True, eq=False)
class _Question:
    states: np.ndarray
    duration: Seconds
    tokens: tuple[int, ...] = ()


def _limit(duration: Seconds) -> int:
    """Tokens at which the decoder stops: nothing that is longer is kept, and a loop has no end of its own.

    Of a few lengths only, since windows of one batch have to have the same: what becomes of one must not depend
    on the others.
    """
    return most_tokens(math.ceil(duration / _LIMIT_STEP_S) * _LIMIT_STEP_S)


def _storage(arrays: Sequence[np.ndarray]) -> Any:
    import ctranslate2

    return ctranslate2.StorageView.from_array(np.ascontiguousarray(np.stack(arrays)))


def _load(model: ModelFiles, device: Device, device_index: int, threads: int) -> Any:
    from faster_whisper import WhisperModel

    try:
        return WhisperModel(
            str(model.path),
            device=device.kind,
            device_index=device_index,
            compute_type=device.compute_type,
            cpu_threads=threads,
            num_workers=1,
            local_files_only=True,
        )
    except Exception as error:  # CTranslate2 and tokenizers raise many kinds; none holds text
        raise ModelError(
            f"model {model.name!r} cannot be loaded on {device.kind} as {device.compute_type}: {error}"
        ) from None
