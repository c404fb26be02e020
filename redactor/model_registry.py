"""Models by name: which files make one up, where they come from, and that not one byte of them has changed.

``models/registry.toml`` is the truth. Packages that carry weights are located by their installation records
and never imported, and every file is hashed before its folder is handed out. The digests of hub models are
not known beforehand: those of the first download are recorded and held against every later use.
"""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from redactor.errors import ModelError
from redactor.files import shipped_dir
from redactor.model_entries import ANY_LANGUAGE, TASKS, Entry, Integrity, entries
from redactor.model_files import (
    NotInstalled,
    check_joined,
    files_in,
    hash_file,
    in_package,
    joined_folder,
    open_joined,
    open_shipped,
    open_wheel,
)
from redactor.model_hub import known_digests, open_hub

__all__ = [
    "Check",
    "Entry",
    "Integrity",
    "ModelFiles",
    "State",
    "check",
    "entries",
    "installed",
    "resolve",
    "unknown_model",
]

# Whisper's own rule: the multilingual vocabularies have at least this many words (openai/whisper model.py).
MULTILINGUAL_VOCABULARY = 51865
# What spaCy calls the language of its multilingual pipelines.
_SPACY_ANY_LANGUAGE = "xx"


class State(StrEnum):
    """What :func:`check` found."""

    VERIFIED = "verified"
    ALTERED = "altered"
    NOT_INSTALLED = "not installed"


@dataclass(frozen=True)
class ModelFiles:
    """A model whose files were verified, ready to be loaded from its folder.

    Attributes
    ----------
    path : pathlib.Path
        Folder of the model; hand it to the loader in place of a name.
    languages : tuple of str
        ISO 639-1 codes, or ``("*",)`` for a multilingual Whisper.
    digest : str
        SHA-256 over the sorted names and SHA-256 of its files: the identity of the model.
    """

    name: str
    task: str
    path: Path
    languages: tuple[str, ...]
    digest: str
    integrity: Integrity = Integrity.REGISTRY
    calibration: Mapping[str, Any] = field(default_factory=dict, hash=False)
    windows: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def multilingual(self) -> bool:
        return self.languages == (ANY_LANGUAGE,) or len(self.languages) > 1

    @property
    def english_only(self) -> bool:
        return self.languages == ("en",)


@dataclass(frozen=True)
class Check:
    """What stands on this machine for one entry; `detail` names the file and the next step."""

    entry: Entry
    state: State
    detail: str = ""


def resolve(name: str, *, task: str) -> ModelFiles:
    """Find a model, verify every file of it, and say where it can be loaded from.

    Parameters
    ----------
    name : str
        A name of the registry, or a folder with a model of your own (a name of the registry wins; write
        ``./base`` for a folder of that name).
    task : {"transcribe", "ner", "tag"}

    Raises
    ------
    ModelError
        If there is no such model, it does another task, or one of its files is missing, altered, of
        another version, or not part of it.

    Notes
    -----
    Only hub models use the network, and only while their files are not on this machine.
    """
    known = {entry.name: entry for entry in entries()}
    entry = known.get(name)
    if entry is None:
        if os.sep in name or Path(name).is_dir():
            return _own_folder(Path(name), task=task)
        raise unknown_model(name, [e.name for e in known.values() if e.task == task])
    if entry.task != task:
        fitting = ", ".join(e.name for e in known.values() if e.task == task)
        raise ModelError(f"model {name!r} is for {entry.task!r}, not {task!r}; use one of {fitting}")
    if entry.from_hub:
        path, files = open_hub(entry)
    else:
        path, files = _opener(entry)(entry), entry.files
    return ModelFiles(
        name,
        task,
        path,
        entry.languages,
        _digest(files),
        entry.integrity,
        calibration=entry.calibration,
        windows=entry.windows,
    )


def _opener(entry: Entry) -> Callable[[Entry], Path]:
    if entry.shipped:
        return open_shipped
    return open_joined if entry.parts else open_wheel


def check(entry: Entry) -> Check:
    """Verify what is installed of a model; nothing is joined and nothing is fetched."""
    try:
        if entry.from_hub:
            open_hub(entry, fetch=False)
        elif entry.parts:
            check_joined(entry)
        else:
            _opener(entry)(entry)
    except NotInstalled as error:
        return Check(entry, State.NOT_INSTALLED, str(error))
    except ModelError as error:
        return Check(entry, State.ALTERED, str(error))
    return Check(entry, State.VERIFIED)


def _digest(files: Mapping[str, str]) -> str:
    lines = "".join(f"{name}\0{sha256}\n" for name, sha256 in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def unknown_model(name: str, valid: list[str]) -> ModelError:
    """Error for a name that the registry does not have, with the nearest that it has."""
    close = difflib.get_close_matches(name.casefold(), valid, n=1, cutoff=0.4)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    return ModelError(
        f"no model named {name!r}{hint}; there are {', '.join(valid)}, "
        "and a model of your own is given by the path of its folder"
    )


def installed(entry: Entry) -> bool:
    """Whether something stands here under the entry's name and version; no file is opened."""
    if entry.from_hub:
        return known_digests(entry) is not None
    if entry.shipped:
        return (shipped_dir() / "models" / entry.package).is_dir()
    if entry.parts and joined_folder(entry).is_dir():
        return True
    packages = {entry.package, *(part.package for part in entry.parts)}
    with contextlib.suppress(ModelError):
        return all(in_package(entry, package, "").is_dir() for package in packages)
    return False


def lasting_name(name: str) -> str:
    """A name that means the same model in any working directory: of a folder its absolute path."""
    is_known = any(entry.name == name for entry in entries())
    is_folder = not is_known and (os.sep in name or Path(name).is_dir())
    return os.path.abspath(name) if is_folder else name


def _own_folder(folder: Path, *, task: str) -> ModelFiles:
    if task not in TASKS or not folder.is_dir():
        raise ModelError(f"{str(folder)!r} is not the folder of a model for {task!r}")
    languages = _LANGUAGES_OF[task](folder)
    name = folder.resolve().name
    label = f"model {name!r}"
    files = {file: hash_file(path, label=label) for file, path in files_in(folder, label=label).items()}
    return ModelFiles(name, task, folder.absolute(), languages, _digest(files), Integrity.FOLDER)


def _whisper_languages(folder: Path) -> tuple[str, ...]:
    vocabulary = [p for n in ("vocabulary.json", "vocabulary.txt") if (p := folder / n).is_file()]
    if not (folder / "model.bin").is_file() or not vocabulary:
        raise ModelError(
            f"{str(folder)!r} is not a Whisper model for faster-whisper: it needs model.bin, and "
            "vocabulary.json or vocabulary.txt; convert one with ct2-transformers-converter"
        )
    data = vocabulary[0].read_bytes()
    try:
        size = len(json.loads(data)) if vocabulary[0].suffix == ".json" else data.count(b"\n")
    except (ValueError, TypeError, RecursionError):
        raise ModelError(f"{vocabulary[0].name!r} in {str(folder)!r} is not a JSON list of words") from None
    return (ANY_LANGUAGE,) if size >= MULTILINGUAL_VOCABULARY else ("en",)


def _spacy_languages(folder: Path) -> tuple[str, ...]:
    try:
        language = json.loads((folder / "meta.json").read_bytes())["lang"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise ModelError(
            f"{str(folder)!r} is not a spaCy pipeline: give the folder that holds meta.json"
        ) from None
    return (ANY_LANGUAGE if language == _SPACY_ANY_LANGUAGE else str(language),)


def _tagger_languages(folder: Path) -> tuple[str, ...]:
    try:
        language = json.loads((folder / "config.json").read_bytes())["language"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise ModelError(
            f"{str(folder)!r} is not a tagger: give a folder as models/spoken_pii/train.py writes it"
        ) from None
    return (str(language),)


_LANGUAGES_OF = {"transcribe": _whisper_languages, "ner": _spacy_languages, "tag": _tagger_languages}
