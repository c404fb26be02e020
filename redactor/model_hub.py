"""Models of the Hugging Face hub: fetched once, and held to the digests of that first download ever after."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from redactor.errors import ModelError
from redactor.files import user_cache_dir, write_atomic
from redactor.model_entries import Entry
from redactor.model_files import NotInstalled, compare, files_in, hash_file, locked_cache

# What faster-whisper reads of a model folder (its utils.download_model asks the hub for the same).
_HUB_FILES = (
    "config.json",
    "preprocessor_config.json",
    "model.bin",
    "tokenizer.json",
    "vocabulary.*",
)
_FETCH_AGAIN = (
    "delete it from the hub's cache to fetch it again, and if the new digests are to be trusted, also its "
    "entry in models/first-use.json in the user's cache"
)


@dataclass(frozen=True)
class Known:
    """Commit of a hub repository and the digests its files must have."""

    revision: str
    files: Mapping[str, str]


def _first_uses_file() -> Path:
    return user_cache_dir() / "models" / "first-use.json"


def _first_uses() -> dict[str, Known]:
    path = _first_uses_file()
    try:
        raw = json.loads(path.read_bytes())
        return {key: Known(str(v["revision"]), dict(v["files"])) for key, v in raw.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ModelError(
            f"{path.name} in the cache of models is damaged, so hub models cannot be verified; "
            "delete it to trust what is downloaded next"
        ) from None


def _first_use_key(entry: Entry) -> str:
    return f"{entry.package}@{entry.revision or 'first-use'}"


def known_digests(entry: Entry) -> Known | None:
    """What the files of a hub model must be: from the registry, or from their first use on this machine."""
    if entry.files and entry.revision:
        return Known(entry.revision, entry.files)
    return _first_uses().get(_first_use_key(entry))


def open_hub(entry: Entry, *, fetch: bool = True) -> tuple[Path, Mapping[str, str]]:
    """Folder of a hub model and the digests it was held against; the network only for what is not here."""
    known = known_digests(entry)
    if known is None:
        if not fetch:
            raise NotInstalled(f"{entry.label} was not downloaded yet; its first use does it")
        folder = _snapshot(entry, revision=entry.revision, local_only=False)
        known = _record_first_use(entry, folder)
    else:
        folder = _hub_folder(entry, known, fetch=fetch)
    compare(entry, _loadable(entry, folder), known.files, remedy=_FETCH_AGAIN)
    return folder, known.files


def _hub_folder(entry: Entry, known: Known, *, fetch: bool) -> Path:
    try:
        folder = _snapshot(entry, revision=known.revision, local_only=True)
        if not fetch or known.files.keys() <= _loadable(entry, folder).keys():
            return folder
    except NotInstalled:
        if not fetch:
            raise
    return _snapshot(entry, revision=known.revision, local_only=False)


def _loadable(entry: Entry, folder: Path) -> dict[str, Path]:
    """Files that faster-whisper reads; a snapshot may hold a model card and more beside them."""
    return {
        file: path
        for file, path in files_in(folder, label=entry.label).items()
        if any(fnmatch.fnmatch(file, pattern) for pattern in _HUB_FILES)
    }


def _record_first_use(entry: Entry, folder: Path) -> Known:
    """Note the digests of a first download; whoever noted them before wins."""
    present = _loadable(entry, folder)
    if "model.bin" not in present:
        raise ModelError(f"{entry.label}: the hub gave no 'model.bin'; {_FETCH_AGAIN}")
    files = {file: hash_file(path, label=entry.label) for file, path in present.items()}
    try:
        with locked_cache():
            uses = _first_uses()
            known = uses.setdefault(_first_use_key(entry), Known(folder.name, files))
            data = {key: {"revision": use.revision, "files": use.files} for key, use in uses.items()}
            write_atomic(_first_uses_file(), json.dumps(data, indent=1, sort_keys=True).encode())
    except OSError as error:
        raise ModelError(
            f"{entry.label}: its digests cannot be recorded in the user's cache folder: {error.strerror}; "
            "make room there, or choose another with XDG_CACHE_HOME"
        ) from None
    return known


def _snapshot(entry: Entry, *, revision: str | None, local_only: bool) -> Path:
    try:
        return _download(entry.package, revision=revision, local_only=local_only)
    except Exception as error:  # the hub's client has no common base for what can go wrong
        raise NotInstalled(
            f"{entry.label} is not on this machine and cannot be fetched from the hub "
            f"({type(error).__name__}); connect once, or give the folder of a copy as the model"
        ) from None


def _download(repository: str, *, revision: str | None, local_only: bool) -> Path:
    """Folder of a hub repository at one commit: the only place that may use the network."""
    from huggingface_hub import snapshot_download

    return Path(
        snapshot_download(
            repository,
            revision=revision,
            local_files_only=local_only,
            allow_patterns=list(_HUB_FILES),
        )
    )
