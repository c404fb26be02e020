"""A GPU that is there and does not work: told apart from one that does, in a process of its own."""

import os
import time
from types import SimpleNamespace

import pytest

from redactor import settings
from redactor.errors import ModelError
from redactor.transcribe import probe, whisper
from redactor.transcribe.device import Device

GPU, CPU = Device("cuda", (0, 1), "float16"), Device("cpu", (0,), "int8")
FILES = SimpleNamespace(name="base", path="nowhere", calibration={}, windows={})


def says_nothing(files, device, answers):
    time.sleep(60)


def dies(files, device, answers):
    os._exit(1)


def works(files, device, answers):
    answers.send(None)


@pytest.mark.parametrize(
    ("process", "found"), [(works, None), (dies, "died"), (says_nothing, "does not answer")]
)
def test_a_processor_works_fails_or_hangs(monkeypatch, process, found):
    monkeypatch.setattr(probe, "_try", process)
    monkeypatch.setattr(probe, "_PATIENCE_S", 20.0 if process is not says_nothing else 0.5)
    answer = probe.problem(FILES, GPU)
    assert answer is None if found is None else found in answer


def test_a_model_that_cannot_be_loaded_is_the_reason():
    assert "model 'base' cannot be loaded on cpu" in probe.problem(FILES, CPU)


class NoLibraries:
    """Stands in for a loaded model on a machine without cuBLAS."""

    def __init__(self):
        self.model = SimpleNamespace(is_multilingual=True, encode=self.encode)
        self.feature_extractor = SimpleNamespace(mel_filters=[[0.0]] * 80)

    @staticmethod
    def encode(features, to_cpu):
        raise RuntimeError("Library libcublas.so.12 is not found or cannot be loaded")


def test_missing_libraries_of_a_gpu_are_found_before_any_recording(monkeypatch):
    loaded = NoLibraries()
    loaded.feature_extractor.mel_filters = SimpleNamespace(shape=(80, 201))
    monkeypatch.setattr(whisper, "_load", lambda *_: loaded)
    with pytest.raises(ModelError, match=r"cannot compute on cuda .*libcublas.*--device cpu"):
        whisper.Whisper(FILES, device=GPU)


@pytest.mark.parametrize(
    ("device", "wish", "fault", "chosen", "notes"),
    [
        (GPU, "auto", None, "cuda", 0),
        (GPU, "auto", "no libcublas", "cpu", 1),
        # Asked for by name, a GPU is never replaced: the workers say what is wrong.
        (GPU, "cuda", "no libcublas", "cuda", 0),
        (GPU, "cuda:0,1", "no libcublas", "cuda", 0),
        (CPU, "auto", "unused", "cpu", 0),
    ],
)
def test_the_cpu_takes_over_only_where_the_choice_was_left_open(
    monkeypatch, device, wish, fault, chosen, notes
):
    monkeypatch.setattr(settings, "problem", lambda model, device: fault)
    found, said = settings._that_works(device, FILES, wish=wish)
    assert (found.kind, len(said)) == (chosen, notes)
    assert all(fault in note for note in said)


def test_a_gpu_gets_a_worker_each_and_a_cpu_one_a_core(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2}, raising=False)
    assert (GPU.num_workers, CPU.num_workers) == (2, 3)


def test_batches_of_a_gpu_hold_windows_of_one_recording_and_those_of_a_cpu_of_many():
    assert (GPU.limits.mixed, CPU.limits.mixed) == (False, True)
