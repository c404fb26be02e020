"""The registry of models, ``models/registry.toml``, read into dataclasses and checked key by key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from redactor.errors import ModelError
from redactor.files import shipped_dir

TASKS = ("transcribe", "ner", "tag")
ANY_LANGUAGE = "*"


class Integrity(StrEnum):
    """What the files of a model are held against."""

    REGISTRY = "registry"  # the sha256 of every file in models/registry.toml
    FIRST_USE = "first use"  # the digests of the first download on this machine
    FOLDER = "folder"  # nothing: a folder of the user's own, identified by its digests


@dataclass(frozen=True)
class Part:
    """A piece of a model file that had to be split over packages; the order of parts is that of the file."""

    file: str
    package: str
    path: str
    sha256: str


@dataclass(frozen=True)
class Adapter:
    """What a file of weights is taught when it is put together; `path` is below ``models``."""

    file: str
    path: str
    sha256: str


@dataclass(frozen=True)
class Entry:
    """One model of the registry; the attributes are the keys of its table (models/README.md).

    Attributes
    ----------
    files : mapping of str to str
        SHA-256 of every file by its path inside the model; empty for hub models without known digests.
    revision : str or None
        Version of the packages, or commit of the hub repository; None where the first download decides.
    calibration : mapping
        Whatever ``[model.NAME.calibration]`` holds, as it stands.
    windows : mapping
        Whatever ``[model.NAME.windows]`` holds, as it stands.
    """

    name: str
    task: str
    languages: tuple[str, ...]
    source: str
    licence: str
    licence_from: str
    revision: str | None = None
    folder: str = ""
    files: Mapping[str, str] = field(default_factory=dict, hash=False)
    parts: tuple[Part, ...] = ()
    adapters: tuple[Adapter, ...] = ()
    calibration: Mapping[str, Any] = field(default_factory=dict, hash=False)
    windows: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def label(self) -> str:
        """How errors call the model."""
        return f"model {self.name!r}"

    @property
    def from_hub(self) -> bool:
        return self.source.startswith("hub:")

    @property
    def shipped(self) -> bool:
        """Whether its files lie in the package's own ``models`` folder."""
        return self.source.startswith("shipped:")

    @property
    def package(self) -> str:
        """Name of the package or of the hub repository, or the folder below ``models``."""
        return self.source.partition(":")[2]

    @property
    def integrity(self) -> Integrity:
        return Integrity.REGISTRY if self.files else Integrity.FIRST_USE


_TEXT_KEYS = {"task", "source", "licence", "licence_from", "revision", "folder"}
_OPTIONAL_KEYS = {"revision", "folder", "files", "parts", "adapters", "calibration", "windows"}
_KEYS = _TEXT_KEYS | _OPTIONAL_KEYS | {"languages"}


def entries() -> tuple[Entry, ...]:
    """Every model of ``models/registry.toml``, in its order.

    Raises
    ------
    ModelError
        If the registry cannot be read, or a key of it is unknown, missing or of the wrong kind.
    """
    try:
        raw = tomllib.loads((shipped_dir() / "models" / "registry.toml").read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(
            f"models/registry.toml cannot be read: {error}; install redactor again from its checkout or wheel"
        ) from None
    if set(raw) != {"model"} or not isinstance(raw["model"], dict):
        raise ModelError("models/registry.toml must hold [model.NAME] tables and nothing else")
    return tuple(_entry(name, table) for name, table in raw["model"].items())


def _entry(name: str, table: Any) -> Entry:
    where = f"models/registry.toml: [model.{name}]"
    if not isinstance(table, dict) or not re.fullmatch(r"[A-Za-z0-9][\w.-]*", name):
        raise ModelError(f"{where} is not a table with a plain name")
    for key in sorted(table.keys() - _KEYS):
        raise ModelError(f"{where} has the unknown key {key!r}; the keys are {', '.join(sorted(_KEYS))}")
    for key in sorted(_KEYS - _OPTIONAL_KEYS - table.keys()):
        raise ModelError(f"{where} lacks the key {key!r}")
    try:
        parts = tuple(Part(**part) for part in table.get("parts", ()))
        adapters = tuple(Adapter(**adapter) for adapter in table.get("adapters", ()))
        languages = tuple(table["languages"])
        entry = Entry(
            **{**table, "name": name, "languages": languages, "parts": parts, "adapters": adapters}
        )
    except TypeError as error:
        raise ModelError(f"{where} has a key of the wrong kind: {error}") from None
    if not (isinstance(table["languages"], list) and entry.languages):
        raise ModelError(f"{where}: languages must be a list such as ['en'], or ['*'] for all")
    _check_entry(entry, where=where)
    return entry


def _check_entry(entry: Entry, *, where: str) -> None:
    texts = [value for key in _TEXT_KEYS if (value := getattr(entry, key)) is not None]
    texts += [value for piece in (*entry.parts, *entry.adapters) for value in vars(piece).values()]
    if not all(isinstance(text, str) for text in (*texts, *entry.languages)):
        raise ModelError(f"{where} has a key of the wrong kind: text is expected")
    if not all(isinstance(table, dict) for table in (entry.files, entry.calibration, entry.windows)):
        raise ModelError(f"{where}: files, calibration and windows must be tables")
    if entry.task not in TASKS:
        raise ModelError(f"{where}: task {entry.task!r} is not one of {', '.join(TASKS)}")
    if not re.fullmatch(r"wheel:[\w.-]+|hub:[\w.-]+/[\w.-]+|shipped:\w+/\w+", entry.source):
        raise ModelError(f"{where}: source must be 'wheel:PACKAGE', 'hub:OWNER/NAME' or 'shipped:FOLDER'")
    if entry.shipped and not (entry.revision and entry.files):
        raise ModelError(f"{where}: a shipped model needs revision and the sha256 of its files")
    if entry.source.startswith("wheel:") and not (entry.revision and entry.folder and entry.files):
        raise ModelError(f"{where}: a wheel needs revision, folder and the sha256 of its files")
    if entry.from_hub and entry.files and not entry.revision:
        raise ModelError(f"{where}: files of a hub model need the revision they belong to")
    for sha256 in (*entry.files.values(), *(piece.sha256 for piece in (*entry.parts, *entry.adapters))):
        if not re.fullmatch(r"[0-9a-f]{64}", str(sha256)):
            raise ModelError(f"{where}: {sha256!r} is not a sha256")
    if not {part.file for part in entry.parts} <= entry.files.keys():
        raise ModelError(f"{where}: a part belongs to a file that is not listed")
    if not {adapter.file for adapter in entry.adapters} <= {part.file for part in entry.parts}:
        raise ModelError(f"{where}: an adapter belongs to a file that has no parts")
