"""`redactor review sample`: freeze a lot, draw from it, and put in order what reviewers are to hear."""

from __future__ import annotations

import hashlib
import json
import random
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from redactor.audio.recording import collect, open_recording
from redactor.errors import UsageError
from redactor.ledger import Row, State
from redactor.review.clips import REVIEW_FOLDER, Clips, cut_report, cut_transcript, plays
from redactor.review.entries import Item, Kind, Lot
from redactor.review.lots import (
    Entry,
    Unit,
    facts_of,
    frozen_before,
    lot_digest,
    seed_of,
    stratified,
    units_of,
)
from redactor.review.plants import Value, plant, sample_values
from redactor.review.sampling import Sample, Wish, doubled, risk, riskiest, shuffled, take_sample
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
    entries = [Entry(row.name, row.duration or 0.0, row) for row in archive.ledger.rows(State.DONE)]
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
    lot = lot_digest(entries)
    if store.lot(lot) is not None:
        raise UsageError(
            "these very recordings were drawn from before; one lot has one draw, or people would draw until it "
            "looks good. What changes the lot (a withdrawal, a new run) makes a new draw possible"
        )
    fields = {"lot": lot, "recordings": len(entries), "strata": _digest(strata), **wish.fields()}
    frozen = frozen_before(archive.folder.audit, lot)
    if frozen is None:
        archive.record.lot_frozen(fields)
        frozen = frozen_before(archive.folder.audit, lot)
    if frozen is None or {**fields, **frozen[1]} != fields:
        raise UsageError(
            "this lot was frozen with other options by a process that was stopped; draw with those of the "
            "event lot-frozen in private/audit.jsonl"
        )
    seed = seed_of(lot, frozen[0])
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
        facts=facts_of(entries, wish.slot_s),
    )
    store.add_lot(value, items)
    return value


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
    items += _targeted(archive, lot, rows, wish, extras.num_targeted)
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
    audio = next(file for file in row.files if file.path.startswith("audio/"))
    path = folder.release_path(audio.path)
    is_whole = unit.start == 0.0 and unit.end == row.duration
    where = {"root": "release", "path": audio.path, "sha256": audio.sha256}
    reports = {"root": "release", **_texts(row)}
    clip = None
    if not is_whole or not plays(path):
        with open_recording(path) as recording:
            clip = clips.cut(item, recording, unit.start, unit.end)
    elif is_double:
        clip = clips.copy(item, path)
    if clip is not None and is_double:
        clip = clips.with_texts(item, clip, **_cut_texts(folder, row, unit))
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
    units = [unit for entry in entries for unit in units_of(entry, wish.slot_s)]
    rng.shuffle(units)
    units.sort(key=lambda unit: unit in drawn)
    by_name = {entry.name: entry.row for entry in entries}
    items: list[Item] = []
    for unit in units:
        if len(items) == number:
            break
        value = values[len(items) % len(values)]
        made = _plant(folder, lot, clips, by_name[unit.name], unit, value, rng)
        items += [] if made is None else [made]
    return items


def _plant(
    folder: RunFolder, lot: str, clips: Clips, row: Row, unit: Unit, value: Value, rng: random.Random
) -> Item | None:
    audio = next(file for file in row.files if file.path.startswith("audio/"))
    path = folder.release_path(audio.path)
    is_whole = unit.start == 0.0 and unit.end == row.duration
    with open_recording(path) as recording:
        sample_rate = recording.sample_rate
        samples = collect(recording).samples
    samples = samples[round(unit.start * sample_rate) : round(unit.end * sample_rate)]
    scale = float(1 << (8 * samples.dtype.itemsize - 1)) if samples.dtype.kind == "i" else 1.0
    made = plant(
        (samples / scale).astype("float32"),
        sample_rate,
        **_cut_texts(folder, row, unit),
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
        like=path.suffix if is_whole and plays(path) else ".flac",
    )
    return Item(
        id=item,
        lot=lot,
        kind=Kind.PLANTED,
        name=unit.name,
        start=0.0,
        end=len(samples) / sample_rate,
        stratum=_PLANTED,
        position=0,
        required=1,
        audio={"root": "private", "path": clip.audio, "sha256": clip.sha256},
        reports={"root": "private", "report": clip.report, "transcript": clip.transcript},
        truth=made.truth,
    )


def _targeted(archive: Archive, lot: str, rows: Mapping[str, Row], wish: Wish, number: int) -> list[Item]:
    """Recordings in which something may well be found, redacted strictly for those who hear them."""
    if number == 0:
        return []
    folder = archive.folder
    risks = {name: risk(_read(folder, _texts(row)["report"]), row.account) for name, row in rows.items()}
    names = riskiest(risks, number)
    strict = redact_strictly(archive, lot, names)
    below = f"strict/{lot[:16]}/release"
    items = []
    for row in strict:
        audio = next(file for file in row.files if file.path.startswith("audio/"))
        texts = {k: v and f"{below}/{v}" for k, v in _texts(row).items()}
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


def _cut_texts(folder: RunFolder, row: Row, unit: Unit) -> dict[str, Any]:
    """Report and transcript of a unit, times from its start."""
    paths = _texts(row)
    transcript = paths["transcript"] and _read(folder, paths["transcript"])
    return {
        "report": cut_report(_read(folder, paths["report"]), unit.start, unit.end),
        "transcript": transcript and cut_transcript(transcript, unit.start, unit.end),
    }


def _texts(row: Row) -> dict[str, Any]:
    """Paths of report and transcript of a released recording."""

    def ending_in(part: str, ending: str) -> str | None:
        paths = [f.path for f in row.files if f.path.startswith(f"{part}/") and f.path.endswith(ending)]
        return next((path for path in paths if not path.endswith(".labels.txt")), None)

    return {"report": ending_in("reports", ".json"), "transcript": ending_in("transcripts", ".json")}


def _read(folder: RunFolder, path: str | None) -> Any:
    if path is None:
        raise UsageError("a released recording has no report; run again")
    return json.loads(folder.release_path(path).read_text(encoding="utf-8"))


def new_id() -> str:
    """Tells nobody anything."""
    return secrets.token_hex(16)
