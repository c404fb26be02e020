"""The formats that reviews are exchanged in."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from redactor.review.exchange import audacity, csvfile, labelstudio
from redactor.review.exchange.answers import Answer, answers
from redactor.review.exchange.clips import Clip


class Format(StrEnum):
    """As the command line names them."""

    LABEL_STUDIO = "label-studio"
    AUDACITY = "audacity"
    CSV = "csv"


def files_for(form: Format, clips: Sequence[Clip], *, audio_prefix: str) -> dict[str, bytes]:
    """What lies beside the clips in a folder of this format, by name.

    Parameters
    ----------
    audio_prefix : str
        What comes before a clip's file name in its URL; Label Studio's alone.
    """
    if form is Format.LABEL_STUDIO:
        return labelstudio.files(clips, audio_prefix=audio_prefix)
    return audacity.files(clips) if form is Format.AUDACITY else csvfile.files(clips)


def read_answers(form: Format, path: Path) -> list[Answer]:
    """What a file, or for Audacity a folder of them, says of clips.

    Raises
    ------
    UsageError
        If it cannot be read, is not of this format, or answers a clip not at all or in two ways.
    """
    module = {Format.LABEL_STUDIO: labelstudio, Format.AUDACITY: audacity, Format.CSV: csvfile}[form]
    return answers(module.read(path))
