"""``redactor forget``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from redactor.commands.progress import counted
from redactor.errors import StoreError, UsageError
from redactor.known_runs import known_runs
from redactor.ledger import Ledger, State
from redactor.names import default_key_file
from redactor.runfolder import RunFolder, locked, open_run_folder
from redactor.runs import Archive


@dataclass(frozen=True)
class _Found:
    """What the targets stand for in one run folder.

    Attributes
    ----------
    folder : RunFolder
    names : mapping of str to list of str
        Target -> NAMEs.
    left : mapping of str to str
        NAME -> what tells its recording from others, in any folder; of those that were not erased before.
    """

    folder: RunFolder
    names: Mapping[str, list[str]]
    left: Mapping[str, str]


def forget(
    targets: Sequence[str],
    *,
    outs: Sequence[Path],
    private: Path | None,
    key_file: Path | None,
    yes: bool,
    as_json: bool,
) -> int:
    """Erase every derivative of recordings, in the named run folders or in all that this user has made.

    The originals are not touched: they are only ever read. All folders are searched before anything is erased.
    What keeps one of them from being searched or erased in is said, and stops no other.

    Parameters
    ----------
    targets : sequence of str
        INPUTs as they were given to ``run``, or NAMEs.
    outs : sequence of pathlib.Path
        Run folders; all known ones if empty.
    yes : bool
        Do it also for more than one recording; without, it is said and no more.

    Returns
    -------
    int
        0, or 2 if a target is in none of the folders (nothing was erased for it), a folder could not be
        searched, or not all could be erased in one.
    """
    folders = [open_run_folder(out, private=private) for out in outs] if outs else _known()
    searched = [found for folder in folders if (found := _search(folder, targets, key_file)) is not None]
    does_it = yes or len(_recordings(searched)) <= 1
    reached = [found for found in searched if not does_it or _erase(found, key_file)]
    num_unread, num_unfinished = len(folders) - len(searched), len(searched) - len(reached)
    unknown = [target for target in targets if not any(found.names[target] for found in searched)]
    num_folders = sum(bool(found.left) for found in reached)
    if as_json:
        names = sorted({name for found in reached for name in found.left})
        document = {
            "forgotten": names if does_it else [],
            "to_forget": [] if does_it else names,
            "run_folders": num_folders,
            "unknown": len(unknown),
            "not_searched": num_unread,
            "not_finished": num_unfinished,
        }
        print(json.dumps(document))
    if num_recordings := len(_recordings(reached)):
        verb = "forgotten" if does_it else "to be forgotten with --yes"
        recordings, places = counted(num_recordings, "recording"), counted(num_folders, "run folder")
        print(f"{recordings} {verb} in {places}", file=sys.stderr)
    elif len(unknown) < len(targets) and not num_unfinished:
        print("nothing was left to forget: it was forgotten before", file=sys.stderr)
    if unknown and (searched or not folders):
        _say_unknown(unknown, len(searched))
    return UsageError.exit_code if unknown or num_unread or num_unfinished else 0


def _say_unknown(unknown: Sequence[str], num_searched: int) -> None:
    print(
        f"redactor: not known in any of {counted(num_searched, 'run folder')}, or forgotten before: "
        f"{', '.join(map(repr, unknown))}; name a NAME, the INPUT as it was given to run, and the --out",
        file=sys.stderr,
    )


def _recordings(folders: Iterable[_Found]) -> set[str]:
    """What is left to erase, each recording once in whichever folders it is."""
    return {recording for found in folders for recording in found.left.values()}


def _search(folder: RunFolder, targets: Sequence[str], key_file: Path | None) -> _Found | None:
    """None, and a word about it, if the folder cannot be searched: it must not stand in the others' way."""
    try:
        with _opened(folder, key_file) as archive:
            names = {target: archive.names_for(target) for target in targets}
            left = {}
            for name in {name for found in names.values() for name in found}:
                row, origin = archive.ledger.row(name), archive.inputs.get(name)
                # One that was interrupted may have left the map: there is something to erase.
                if origin is not None or row is None or row.state is not State.FORGOTTEN:
                    left[name] = name if origin is None else origin.uri
    except StoreError as error:
        print(f"redactor: {str(folder.out)!r} was not searched: {error}", file=sys.stderr)
        return None
    return _Found(folder, names, left)


def _erase(found: _Found, key_file: Path | None) -> bool:
    """Whether all of it is gone, with a word about it if not: what fails in one folder stops no other.

    What was forgotten before goes through it again: it may have been interrupted.
    """
    names = sorted({name for each in found.names.values() for name in each})
    if not names:
        return True
    try:
        with _opened(found.folder, key_file) as archive:
            archive.forget(*names)
    except (StoreError, UsageError, OSError) as error:
        # The system's own words hold the path of a file.
        why = f"{error.strerror}; check disk and permissions" if isinstance(error, OSError) else str(error)
        print(f"redactor: forget is not finished in {str(found.folder.out)!r}: {why}", file=sys.stderr)
        return False
    return True


@contextmanager
def _opened(folder: RunFolder, key_file: Path | None) -> Iterator[Archive]:
    """The folder, held.

    Raises
    ------
    StoreError
        If it cannot be used: somebody works in it, it is damaged, or its key is gone.
    """
    with locked(folder):
        try:
            archive = _archive(folder, key_file)
        except UsageError as error:  # of the folder's key, and no fault of the command line
            raise StoreError(str(error)) from None
        with closing(archive):
            yield archive


def _known() -> list[RunFolder]:
    folders = []
    for out in known_runs():
        try:
            folders.append(open_run_folder(out))
        except UsageError as error:
            # Said, not hidden: a folder that was moved still holds what is to be erased.
            print(f"left out, name it with --out if it was moved: {error}", file=sys.stderr)
    return folders


def _archive(folder: RunFolder, key_file: Path | None) -> Archive:
    with closing(Ledger(folder.ledger)) as ledger:
        key_file = key_file or _last_key_file(ledger.setting("settings"))
        keep_names = ledger.setting("keep_names") == "true"
    return Archive(folder, key_file=key_file, keep_names=keep_names)


def _last_key_file(settings: str | None) -> Path:
    try:
        return Path(json.loads(settings)["key_file"]) if settings else default_key_file()
    except (ValueError, TypeError, KeyError, RecursionError):
        raise StoreError(
            "the settings of the last run are damaged in the ledger; name the --key-file"
        ) from None
