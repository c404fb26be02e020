"""A run folder with a review in it, made by hand: three kinds of items, two reviewers."""

import hashlib
import json
import time
from contextlib import closing
from dataclasses import dataclass, replace

from redactor.ledger import Ledger
from redactor.review.entries import Item, Kind, Lot
from redactor.review.exchange.export import Order, write_tasks
from redactor.review.exchange.formats import Format
from redactor.review.exchange.intake import read_verdicts
from redactor.review.store import STORE_NAME, ReviewStore
from redactor.runfolder import RunFolder, create_run_folder

LOT = "1f" * 32
ANNA, BEN, GONE = "reviewer-anna", "reviewer-ben", "reviewer-gone"
WHOLE, SLOT, STRICT, PLANT = "itemwhole0", "itemslot00", "itemstrict", "itemplant0"
NAMES = {WHOLE: "aa" * 16, SLOT: "bb" * 16, STRICT: "cc" * 16, PLANT: "dd" * 16}
# What may stand in no written byte.
SECRETS = (
    *NAMES.values(), "uniform", "targeted", "planted", "stratum", "truth", "denied", "detected",
    "SpacyRecognizer", "clips/x",
)  # fmt: skip

REPORT = {
    "name": NAMES[WHOLE],
    "channels": 2,
    "redactions": [
        {
            "types": ["PERSON"], "origin": "detected", "start": 1.0, "end": 2.0, "channels": [0, 1],
            "score": 0.9, "recognizers": ["SpacyRecognizer"], "operator": "silence",
        },
        {
            "types": [], "origin": "denied", "start": 1.5, "end": 2.5, "channels": [0, 1], "score": None,
            "recognizers": [], "operator": "silence",
        },
        {
            "types": ["PIN_CODE"], "origin": "detected", "start": 11.0, "end": 13.0, "channels": [1],
            "score": 0.5, "recognizers": [], "operator": "silence",
        },
    ],
}  # fmt: skip
TRANSCRIPT = {
    "duration": 20.0,
    "channels": 2,
    "languages": ["en"],
    "segments": [
        {
            "channel": 0, "start": 0.5, "end": 3.0, "language": "en", "text": "hello <PERSON_1>, how are you",
            "words": [
                {"text": "hello", "start": 0.5, "end": 0.9, "probability": 1.0},
                {"text": "how are you", "start": 2.6, "end": 3.0, "probability": 1.0},
            ],
            "placeholders": [{"text": "<PERSON_1>", "start": 1.0, "end": 2.0}],
        },
        {
            "channel": 1, "start": 9.0, "end": 14.0, "language": "en",
            "text": "before the code <PIN_CODE_1> after",
            "words": [
                {"text": "before", "start": 9.0, "end": 9.5, "probability": 1.0},
                {"text": "after", "start": 13.5, "end": 14.0, "probability": 1.0},
                {"text": "the code", "start": 10.2, "end": 10.9, "probability": 1.0},
            ],
            "placeholders": [{"text": "<PIN_CODE_1>", "start": 11.0, "end": 13.0}],
        },
    ],
}  # fmt: skip


@dataclass
class Bench:
    """A run folder, its store, and shortcuts for what tests do with them."""

    folder: RunFolder
    store: ReviewStore
    home: object

    def write(self, form=Format.CSV, *, reviewer=ANNA, to="handed", **options):
        order = Order(options.pop("lot", LOT), reviewer, form, self.home / to, **options)
        return write_tasks(self.store, self.folder, order)

    def read(self, path, form=Format.CSV, *, reviewer=ANNA, comments=lambda text: []):
        return read_verdicts(self.store, reviewer=reviewer, form=form, path=self.home / path, comments=comments)

    def assigned(self, reviewer=ANNA):
        rows = self.store.fetch("SELECT item FROM assignment WHERE reviewer = ?", [reviewer])
        return sorted(row["item"] for row in rows)

    def verdicts(self):
        return {(v.item, v.reviewer): v for v in self.store.verdicts(LOT)}

    def audio(self, item):
        return self.store.item(item).audio

    def path(self, item):
        audio = self.audio(item)
        root = self.folder.release if audio["root"] == "release" else self.folder.private / "review"
        return root / audio["path"]


def make_bench(home, *, items=None):
    """A bench below a folder; `items` changes fields of items, by id."""
    folder = create_run_folder(home / "out")
    with closing(Ledger(folder.ledger)) as ledger:
        ledger.set_setting("keep_names", "false")
    store = ReviewStore(folder.private / STORE_NAME)
    made = [replace(item, **(items or {}).get(item.id, {})) for item in _items(folder)]
    store.add_lot(_lot(), made)
    with store.transaction() as db:
        for reviewer in (ANNA, BEN, GONE):
            revoked = time.time() if reviewer == GONE else None
            db.execute(
                "INSERT INTO reviewer VALUES (?, ?, 'reviewer', ?, ?)",
                (reviewer, reviewer, time.time(), revoked),
            )
    return Bench(folder, store, home)


def _items(folder):
    fields = {
        WHOLE: (Kind.UNIFORM, 0.0, 20.0, "release", 2),
        SLOT: (Kind.UNIFORM, 10.0, 20.0, "private", 1),
        STRICT: (Kind.TARGETED, 0.0, 20.0, "release", 1),
        PLANT: (Kind.PLANTED, 0.0, 20.0, "private", 1),
    }
    # Not the order of their ids, nor of their kinds.
    for position, item in enumerate((PLANT, WHOLE, STRICT, SLOT)):
        kind, start, end, root, required = fields[item]
        name = NAMES[item]
        report, transcript = f"reports/{name[:2]}/{name}.json", f"transcripts/{name[:2]}/{name}.json"
        _put(folder.release / report, json.dumps(REPORT).encode())
        _put(folder.release / transcript, json.dumps(TRANSCRIPT).encode())
        audio = f"audio/{name[:2]}/{name}.wav" if root == "release" else f"clips/x/{item}.wav"
        data = f"sound of {item[4:]}".encode() * 100
        _put((folder.release if root == "release" else folder.private / "review") / audio, data)
        yield Item(
            id=item, lot=LOT, kind=kind, name=name, start=start, end=end, stratum="secretstratum",
            position=position, required=required,
            audio={"root": root, "path": audio, "sha256": hashlib.sha256(data).hexdigest()},
            reports={"root": "release", "report": report, "transcript": transcript},
            truth={"start": 4.0, "end": 5.0, "type": "PERSON"} if kind is Kind.PLANTED else None,
        )  # fmt: skip


def _put(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _lot():
    return Lot(
        id=LOT, frozen_at="2026-01-01T00:00:00+00:00", seed="seed", head={}, confidence=0.95,
        max_leak_rate=0.01, allowed=0, slot_s=None, num_recordings=4, num_units=4, seconds=80.0,
        strata={}, facts={},
    )  # fmt: skip
