"""`redactor review sample`: freeze a lot, draw from it, and put in order what reviewers are to hear."""

from __future__ import annotations

import hashlib
import json
import random
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from redactor.audio.recording import open_recording
from redactor.errors import UsageError
from redactor.ledger import Row, State
from redactor.review.clips import REVIEW_FOLDER, Clips, plays, stretch
from redactor.review.entries import Item, Kind, Lot, Stage
from redactor.review.forget import sweep_clips
from redactor.review.lots import (
    Entry,
    Unit,
    facts_of,
    frozen_before,
    lot_digest,
    num_units,
    seed_of,
    stratified,
    units_of,
)
from redactor.review.plants import Value, plant, sample_values
from redactor.review.releases import audio_of, cut_texts, read_text, texts_of
from redactor.review.sampling import Sample, Wish, check_allowed, doubled, risk, riskiest, shuffled, take_sample
from redactor.review.store import ReviewStore
from redactor.review.strict import redact_strictly
from redactor.runfolder import RunFolder
from redactor.runs import Archive

_TARGETED, _PLANTED = "targeted", "planted"


@dataclass(frozen=True)
class Extras:
    """What is heard beside the sample, and by whom.

    Attributes
    ----------
    double_share : float
        Of the items, which two reviewers hear.
    num_planted : int
        Leaks of our own.
    num_targeted : int
        Recordings that look as if something could be found in them.
    """

    double_share: float = 0.1
    num_planted: int = 30
    num_targeted: int = 20

    def __post_init__(self) -> None:
        if not 0.0 <= self.double_share <= 1.0:
            raise UsageError("--double is a share from 0 to 1")
        if self.num_planted < 0 or self.num_targeted < 0:
            raise UsageError("--planted and --targeted are numbers, 0 or more")


def released(archive: Archive) -> list[Entry]:
    """Everything that is released, as a lot.

    Raises
    ------
    UsageError
        If the names were kept: people outside the house would read them; or if nothing is released.
    """
    if archive.keep_names:
        raise UsageError(
            "this run kept the names of its inputs, which tell who speaks; run without --keep-names to have "
            "it reviewed"
        )
    known: dict[str, Any] = {}  # the same policy and models for many recordings, kept once
    entries = []
    for row in archive.ledger.rows(State.DONE):
        provenance = known.setdefault(json.dumps(row.provenance, sort_keys=True), row.provenance)
        entries.append(Entry(row.name, row.duration or 0.0, replace(row, provenance=provenance, account=None)))
    if not entries:
        raise UsageError(f"nothing is released in {str(archive.folder.out)!r}; there is nothing to review")
    return entries


def draw_sample(
    archive: Archive, store: ReviewStore, wish: Wish, extras: Extras, *, strata: Mapping[str, str] | None = None
) -> Lot:
    """Freeze what is released and draw from it, once; use it while holding the folder's lock.

    What was frozen by a process that was killed before it had drawn is drawn as its record says.

    Parameters
    ----------
    archive : Archive
    store : ReviewStore
    wish : Wish
    extras : Extras
    strata : mapping of str to str, optional
        Stratum by NAME.

    Raises
    ------
    UsageError
        If this lot was drawn from before, or there is nothing to draw from.
    """
    entries = stratified(released(archive), strata)
    # Whose recordings left the release, and came back only with what was found being muted.
    mended = sorted(finding.id for finding in store.findings(Stage.WITHDRAWN, Stage.SETTLED))
    lot = lot_digest(entries)
    if store.lot(lot) is not None:
        raise UsageError(
            "these very recordings were drawn from before; one lot has one draw, or people would draw until it "
            "looks good. What changes the lot (a withdrawal, a new run) makes a new draw possible"
        )
    check_allowed(entries, wish)
    fields = {
        "lot": lot,
        "recordings": len(entries),
        "strata": _digest(strata),
        "planted": extras.num_planted,  # on which the size of the sample depends
        **wish.fields(),
    }
    seed = _frozen(archive, fields)
    sweep_clips(archive.folder, store)  # of a draw that was killed
    sample = take_sample(entries, wish, seed, num_planted=extras.num_planted)
    items = _items(archive, lot, entries, sample, wish, extras)
    value = Lot(
        id=lot,
        frozen_at=archive.record.head.time,
        seed=seed,
        head=archive.record.head.to_document(),
        confidence=wish.confidence,
        max_leak_rate=wish.max_leak_rate,
        allowed=wish.allowed,
        slot_s=wish.slot_s,
        num_recordings=len(entries),
        num_units=sample.num_units,
        seconds=sum(entry.duration for entry in entries),
        strata=sample.strata,
        facts={**facts_of(entries, wish.slot_s), "mended": mended},
    )
    store.add_lot(value, items)
    return value


def _frozen(archive: Archive, fields: Mapping[str, Any]) -> str:
    """Put a lot on record, unless it is there already; the seed of its draw."""
    lot = fields["lot"]
    frozen = frozen_before(archive.folder.audit, lot)
    if frozen is None:
        archive.record.lot_frozen(fields)
        frozen = frozen_before(archive.folder.audit, lot)
    if frozen is None or {**fields, **frozen[1]} != fields:
        raise UsageError(
            "this lot was frozen with other options by a process that was stopped; draw with those of the "
            "event lot-frozen in private/audit.jsonl"
        )
    return seed_of(lot, frozen[0])


def _digest(strata: Mapping[str, str] | None) -> str | None:
    if strata is None:
        return None
    return hashlib.sha256(json.dumps(sorted(strata.items())).encode()).hexdigest()


def _items(
    archive: Archive, lot: str, entries: Sequence[Entry], sample: Sample, wish: Wish, extras: Extras
) -> list[Item]:
    """Everything that is to be heard, in an order that does not tell why."""
    # Not the seed of the draw, which is no secret: from it reviewers could tell which clips are planted.
    rng = random.Random(secrets.randbits(128))
    rows = {entry.name: entry.row for entry in entries}
    clips = Clips(archive.folder.private, lot)
    twice = doubled(len(sample.units), extras.double_share, rng)
    items = [
        _uniform(archive.folder, lot, clips, rows[unit.name], stratum, unit, is_double=number in twice)
        for number, (stratum, unit) in enumerate(sample.units)
    ]
    drawn = {unit for _, unit in sample.units}
    items += _planted(archive.folder, lot, clips, entries, drawn, wish, extras.num_planted, rng)
    items += _targeted(archive, lot, wish, extras.num_targeted)
    places = shuffled(len(items), rng)
    return [replace(item, position=place) for item, place in zip(items, places, strict=True)]


def _uniform(
    folder: RunFolder, lot: str, clips: Clips, row: Row, stratum: str, unit: Unit, *, is_double: bool
) -> Item:
    """The very bytes that are released; a cut where only a slot was drawn or no browser plays them.

    What two are to hear is kept with its texts: a leak that the first one finds takes the recording out of the
    release, and what comes back in its place has other stretches muted.
    """
    item = new_id()
    audio, path = audio_of(folder, row)
    is_whole = unit.start == 0.0 and unit.end == row.duration
    where = {"root": "release", "path": audio.path, "sha256": audio.sha256}
    reports = {"root": "release", **texts_of(row)}
    clip = None
    if not is_whole or not plays(path):
        with open_recording(path) as recording:
            clip = clips.cut(item, recording, unit.start, unit.end)
    elif is_double:
        clip = clips.copy(item, path)
    if clip is not None and is_double:
        clip = clips.with_texts(item, clip, **cut_texts(folder, row, unit))
        reports = {"root": "private", "report": clip.report, "transcript": clip.transcript}
    if clip is not None:
        where = {"root": "private", "path": clip.audio, "sha256": clip.sha256}
    return Item(
        id=item,
        lot=lot,
        kind=Kind.UNIFORM,
        name=unit.name,
        start=unit.start,
        end=unit.end,
        stratum=stratum,
        position=0,
        required=2 if is_double else 1,
        audio=where,
        reports=reports,
    )


def _planted(
    folder: RunFolder,
    lot: str,
    clips: Clips,
    entries: Sequence[Entry],
    drawn: set[Unit],
    wish: Wish,
    number: int,
    rng: random.Random,
) -> list[Item]:
    """Stretches of the lot with a leak of our own in each, not of the sample if there are others."""
    if number == 0:
        return []
    values = sample_values()
    rng.shuffle(values)
    items: list[Item] = []
    for row, unit in _shuffled_units(entries, drawn, wish, rng):
        value = values[len(items) % len(values)]
        made = _plant(folder, lot, clips, row, unit, value, rng)
        items += [] if made is None else [made]
        if len(items) == number:
            break
    return items


def _shuffled_units(
    entries: Sequence[Entry], drawn: set[Unit], wish: Wish, rng: random.Random
) -> Iterator[tuple[Row, Unit]]:
    """All units of a lot in an order by chance, those of the sample last; a large lot has too many to list."""
    ends = np.cumsum([num_units(entry.duration, wish.slot_s) for entry in entries])
    order = np.random.default_rng(rng.getrandbits(64)).permutation(int(ends[-1]))
    for of_sample in (False, True):
        for number in order:
            at = int(np.searchsorted(ends, number, side="right"))
            unit = units_of(entries[at], wish.slot_s)[int(number - ends[at])]  # counted from its last one
            if (unit in drawn) is of_sample:
                yield entries[at].row, unit


def _plant(
    folder: RunFolder, lot: str, clips: Clips, row: Row, unit: Unit, value: Value, rng: random.Random
) -> Item | None:
    _, path = audio_of(folder, row)
    is_whole = unit.start == 0.0 and unit.end == row.duration
    with open_recording(path) as recording:
        sample_rate = recording.sample_rate
        samples = stretch(recording, unit.start, unit.end)
    scale = float(1 << (8 * samples.dtype.itemsize - 1)) if samples.dtype.kind == "i" else 1.0
    made = plant(
        (samples / scale).astype("float32"),
        sample_rate,
        **cut_texts(folder, row, unit),
        value=value,
        rng=rng,
    )
    if made is None:
        return None
    item = new_id()
    clip = clips.put(
        item,
        made.samples,
        sample_rate,
        report=made.report,
        transcript=made.transcript,
        like=recording.format if is_whole and plays(path) else None,
    )
    return Item(
        id=item,
        lot=lot,
        kind=Kind.PLANTED,
        name=unit.name,
        start=unit.start,
        end=unit.end,
        stratum=_PLANTED,
        position=0,
        required=1,
        audio={"root": "private", "path": clip.audio, "sha256": clip.sha256},
        reports={"root": "private", "report": clip.report, "transcript": clip.transcript},
        truth=made.truth,
    )


def _targeted(archive: Archive, lot: str, wish: Wish, number: int) -> list[Item]:
    """Recordings in which something may well be found, redacted strictly for those who hear them."""
    if number == 0:
        return []
    folder = archive.folder
    risks = {
        row.name: risk(read_text(folder, row, texts_of(row)["report"]), row.account)
        for row in archive.ledger.rows(State.DONE)
    }
    names = riskiest(risks, number)
    strict = redact_strictly(archive, lot, names)
    below = f"strict/{lot[:16]}/release"
    items = []
    for row in strict:
        audio = next(file for file in row.files if file.path.startswith("audio/"))
        texts = {k: v and f"{below}/{v}" for k, v in texts_of(row).items()}
        # Where it is long, its beginning: what is said of whole recordings is not drawn from these.
        (first, *_) = units_of(Entry(row.name, row.duration or 0.0, row), wish.slot_s)
        where = {"root": "private", "path": f"{below}/{audio.path}", "sha256": audio.sha256}
        item = new_id()
        path = folder.private / REVIEW_FOLDER / where["path"]
        if first.end != row.duration or not plays(path):
            with open_recording(path) as recording:
                clip = Clips(folder.private, lot).cut(item, recording, first.start, first.end)
            where = {"root": "private", "path": clip.audio, "sha256": clip.sha256}
        items.append(
            Item(
                id=item,
                lot=lot,
                kind=Kind.TARGETED,
                name=row.name,
                start=first.start,
                end=first.end,
                stratum=_TARGETED,
                position=0,
                required=1,
                audio=where,
                reports={"root": "private", **texts},
            )
        )
    return items


def new_id() -> str:
    """Tells nobody anything."""
    return secrets.token_hex(16)
