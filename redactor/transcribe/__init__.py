"""Audio -> Transcript with faster-whisper. The public verb is :meth:`Recognizer.transcribe`."""

from redactor.transcribe.device import Device, choose_device
from redactor.transcribe.recognizer import Recognizer

__all__ = ["Device", "Recognizer", "choose_device"]
