"""What only a CUDA device can show (`make test-gpu`); the logic around it has stand-ins in its own tests."""

from pathlib import Path

import pytest

from redactor.audio.recording import open_recording
from redactor.config import load_policy
from redactor.model_registry import resolve
from redactor.transcribe import Recognizer, choose_device
from redactor.transcribe.probe import problem

pytestmark = pytest.mark.gpu
EXAMPLES = Path(__file__).parents[2] / "examples"


def hear(device, name):
    recognizer = Recognizer(resolve("base", task="transcribe"), device=device)
    with open_recording(EXAMPLES / name) as recording:
        return recognizer.transcribe(recording, load_policy("standard")).transcript


def test_a_gpu_works_and_hears_what_the_cpu_hears():
    gpu = choose_device("cuda:0")
    assert problem(resolve("base", task="transcribe"), gpu) is None
    words = [hear(device, "coffee_order.flac").text(0).lower() for device in (gpu, choose_device("cpu"))]
    assert all("cappuccino" in text for text in words)


def test_a_gpu_hears_a_call_twice_alike():
    gpu = choose_device("cuda:0")
    assert hear(gpu, "call_two_channels_8k.wav") == hear(gpu, "call_two_channels_8k.wav")
