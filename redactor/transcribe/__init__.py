"""Audio -> Transcript with faster-whisper. The public verb is :meth:`Recognizer.transcribe`."""

from redactor.transcribe.device import Device, choose_device
from redactor.transcribe.recognizer import Heard, Recognizer

__all__ = ["Device", "Heard", "Recognizer", "choose_device"]
