"""Whether a model works on a processor, tried in a process of its own: a broken driver takes nothing down."""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from redactor.errors import ModelError
from redactor.transcribe.device import Device

if TYPE_CHECKING:
    from redactor.model_registry import ModelFiles

# Loading a large model from a slow disk takes a minute; a driver that hangs takes for ever.
_PATIENCE_S = 300.0


def problem(files: ModelFiles, device: Device) -> str | None:
    """Why a model cannot compute on the first of a device's processors; None if it can.

    CTranslate2 counts GPUs by the driver and looks for the libraries it computes with (cuBLAS, cuDNN) only when
    it first needs them.
    """
    context = multiprocessing.get_context("spawn")
    answers, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_try, args=(files, device, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        return answers.recv() if answers.poll(_PATIENCE_S) else "it does not answer"
    except EOFError:
        return "the process that tried it died"
    finally:
        process.kill()
        process.join()
        answers.close()


def _try(files: ModelFiles, device: Device, answers: Connection) -> None:
    from redactor.transcribe.whisper import Whisper

    try:
        Whisper(files, device=device, device_index=device.indexes[0])
        answers.send(None)
    except ModelError as error:
        answers.send(str(error))
    except Exception as error:
        answers.send(type(error).__name__)
