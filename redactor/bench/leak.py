"""What of recordings with known personal data is still heard after a run: for sets of one's own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from redactor.bench.gold import GoldRecording, read_gold
from redactor.bench.run import scored_row
from redactor.bench.score import Row as Leak
from redactor.bench.score import table
from redactor.errors import UsageError
from redactor.inputs import find_inputs
from redactor.ledger import Row
from redactor.runfolder import create_run_folder, locked
from redactor.runs import Archive
from redactor.settings import Prepared


@dataclass(frozen=True)
class Leaks:
    """What a run over a set left audible.

    Attributes
    ----------
    table : tuple of redactor.bench.score.Row
        Over all, by kind where there is more than one, and by type.
    rows : tuple of redactor.ledger.Row
        What became of each recording.
    """

    table: tuple[Leak, ...]
    rows: tuple[Row, ...]


def read_recordings(gold_file: Path) -> dict[Path, GoldRecording]:
    """The recordings of a gold file with all that its lines say of each.

    Raises
    ------
    UsageError
        If the file cannot be used, or a recording is not where it says.
    """
    try:
        lines = read_gold(gold_file)
    except OSError as error:
        raise UsageError(f"{str(gold_file)!r} cannot be read ({error.strerror}); check the path") from None
    golds: dict[Path, GoldRecording] = {}
    for line in lines:
        path = Path(os.path.abspath(gold_file.parent / line.audio))
        known = golds.get(path)
        golds[path] = line if known is None else _both(known, line)
    missing = sum(not path.is_file() for path in golds)
    if missing:  # counted and not named: paths of recordings may hold names
        raise UsageError(
            f"{missing} of {len(golds)} recordings of {str(gold_file)!r} are not where it says; put them back, "
            "or take their lines out"
        )
    return golds


def _both(one: GoldRecording, other: GoldRecording) -> GoldRecording:
    words, spans = dict.fromkeys((*one.words, *other.words)), dict.fromkeys((*one.spans, *other.spans))
    return replace(one, words=tuple(words), spans=tuple(spans))


def find_leaks(prepared: Prepared, golds: Mapping[Path, GoldRecording], *, folder: Path) -> Leaks:
    """Redact recordings as `redactor run` does, and hold what would be released against the truth.

    Parameters
    ----------
    prepared : Prepared
    golds : mapping of pathlib.Path to GoldRecording
        By the recording's own path.
    folder : pathlib.Path
        Empty, for whoever may hear the recordings; the caller removes it.

    Raises
    ------
    RedactorError
        If the run cannot go on.
    """
    run = create_run_folder(folder / "run")
    rows: list[Row] = []
    settings = prepared.settings
    archive = Archive(run, key_file=settings.key_file, keep_names=settings.keep_names)
    with locked(run), closing(archive):
        plan = archive.plan(find_inputs([str(path) for path in golds]).inputs, prepared.identity)
        archive.engine(prepared).run(plan.jobs, on_row=rows.append)
    scored = [scored_row(row, golds[plan.paths[row.name]], plan.paths[row.name], run) for row in rows]
    return Leaks(tuple(table(scored)), tuple(rows))
