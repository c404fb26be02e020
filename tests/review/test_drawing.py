"""One lot, one draw; what is drawn are the very bytes that are released; nothing tells the kinds apart."""

import json
import random
from contextlib import closing
from types import SimpleNamespace

import pytest
from leak_stand_ins import House, marked

from redactor.commands.review_sample import SampleOptions, review_sample
from redactor.errors import StoreError, UsageError
from redactor.files import sha256_file
from redactor.review import drawing, strict
from redactor.review.drawing import Extras, draw_sample, released
from redactor.review.entries import Kind
from redactor.review.lots import lot_digest, num_frozen, seed_of, units_of
from redactor.review.plants import Plant
from redactor.review.sampling import Wish
from redactor.review.store import STORE_NAME, ReviewStore
from redactor.review.withdraw import withdraw

ALONE = Extras(double_share=0.0, num_planted=0, num_targeted=0)
NUM = 6


@pytest.fixture
def house(tmp_path, monkeypatch):
    made = House(tmp_path, monkeypatch, num_recordings=NUM)
    made.run()
    return made


@pytest.fixture
def draw(house):
    def draw(wish=None, extras=ALONE, **options):
        with house.archive() as archive, closing(ReviewStore(house.folder.private / STORE_NAME)) as store:
            lot = draw_sample(archive, store, wish or Wish(), extras, **options)
            return lot, store.items(lot.id)

    return draw


def test_what_is_heard_are_the_bytes_that_are_released(house, draw):
    lot, items = draw()
    assert (lot.num_recordings, lot.num_units, len(items)) == (NUM, NUM, NUM)
    assert sorted(item.position for item in items) == list(range(NUM))
    assert {item.name for item in items} == set(house.released())
    for item in items:
        assert item.audio["root"] == "release" and (item.start, item.end) == (0.0, 2.0)
        assert sha256_file(house.folder.release / item.audio["path"]) == item.audio["sha256"]
        assert (house.folder.release / item.reports["report"]).is_file()
        assert item.name not in item.id and item.required == 1


def test_the_lot_goes_on_record_before_its_seed_can_be_known(house, draw):
    lot, _ = draw()
    (line,) = [
        json.loads(line)
        for line in house.folder.audit.read_text().splitlines()
        if '"lot-frozen"' in line
    ]
    assert line["fields"]["lot"] == lot.id and line["fields"]["recordings"] == NUM
    assert lot.seed == seed_of(lot.id, line["hash"]) and lot.head["count"] >= line["seq"]
    with house.archive() as archive:
        assert lot_digest(released(archive)) == lot.id


def test_a_lot_is_drawn_from_once_and_another_lot_again(house, draw):
    lot, _ = draw()
    with pytest.raises(UsageError, match="drawn from before"):
        draw(Wish(max_leak_rate=0.5))
    with house.archive() as archive:
        withdraw(archive, next(archive.ledger.rows()).name, [marked(1.6, 1.9)])
    other, items = draw()
    assert other.id != lot.id and len(items) == NUM - 1
    assert num_frozen(house.folder.audit) == 2


def test_a_wish_that_contradicts_itself_freezes_nothing(house, draw):
    with pytest.raises(UsageError, match=f"--allow {NUM} is more than may leak"):
        draw(Wish(allowed=NUM))
    assert num_frozen(house.folder.audit) == 0
    draw()


@pytest.mark.parametrize(
    ("num_planted", "told"),
    [(0, "if at most 0 of them leak, at most 1 % of the lot does"), (5, "cannot be shown")],
)
def test_what_no_review_of_a_lot_can_show_is_said(house, capsys, monkeypatch, num_planted, told):
    def stand_in(samples, sample_rate, *, report, transcript, value, rng):
        return Plant(samples, report, transcript, {"start": 0.1, "end": 0.2, "type": value.type})

    monkeypatch.setattr(drawing, "plant", stand_in)
    monkeypatch.setattr(drawing, "sample_values", lambda: [SimpleNamespace(type="PERSON")])
    wish, extras = Wish(slot_s=1.0), Extras(0.0, num_planted, 0)
    review_sample(SampleOptions(house.out, None, wish, extras, strata=None, column=None, as_json=False))
    assert told in capsys.readouterr().err


def test_who_removes_the_state_draws_the_same_again(house, draw):
    lot, items = draw(Wish(max_leak_rate=0.4))
    (house.folder.private / STORE_NAME).unlink()
    for others in ((Wish(max_leak_rate=0.3),), (Wish(max_leak_rate=0.4), Extras(0.0, 3, 0))):
        with pytest.raises(UsageError, match="frozen with other options"):
            draw(*others)
    again, same = draw(Wish(max_leak_rate=0.4))
    assert again.seed == lot.seed and {item.name for item in same} == {item.name for item in items}
    assert 0 < len(items) < NUM and num_frozen(house.folder.audit) == 1


def test_slots_are_cut_and_their_texts_are_those_of_the_recording(house, draw):
    lot, items = draw(Wish(slot_s=1.0, max_leak_rate=0.01))
    assert lot.num_units == 2 * NUM and lot.facts["slots_per_recording"] == [(2, NUM)]
    assert {(item.start, item.end) for item in items} == {(0.0, 1.0), (1.0, 2.0)}
    for item in items:
        path = house.folder.private / "review" / item.audio["path"]
        assert item.audio["root"] == "private" and sha256_file(path) == item.audio["sha256"]
        assert item.reports["root"] == "release"


def test_what_two_hear_outlives_a_withdrawal(house, draw):
    _, items = draw(extras=Extras(double_share=0.5, num_planted=0, num_targeted=0))
    twice = [item for item in items if item.required == 2]
    assert len(twice) == NUM / 2
    assert all(item.audio["root"] == "private" for item in twice)


def test_kinds_cannot_be_told_by_the_order(house, draw, monkeypatch):
    def stand_in(samples, sample_rate, *, report, transcript, value, rng):
        return Plant(samples, report, transcript, {"start": 0.1, "end": 0.2, "type": value.type})

    monkeypatch.setattr(drawing, "plant", stand_in)
    monkeypatch.setattr(drawing, "shuffled", lambda count, rng: list(range(count))[::-1])
    _, items = draw(extras=Extras(double_share=0.0, num_planted=4, num_targeted=0))
    planted = [item for item in items if item.kind is Kind.PLANTED]
    assert len(planted) == 4 and all(item.truth for item in planted)
    assert [item.position for item in items] == list(range(NUM + 4))
    assert {item.position for item in planted} == set(range(4))
    for item in planted:
        assert (house.folder.private / "review" / item.audio["path"]).is_file()
        assert (house.folder.private / "review" / item.reports["report"]).is_file()


def test_risky_recordings_are_heard_redacted_strictly_and_apart(house, draw, monkeypatch):
    monkeypatch.setattr(strict, "prepare", house.prepare)
    lot, items = draw(extras=Extras(double_share=0.0, num_planted=0, num_targeted=2))
    targeted = [item for item in items if item.kind is Kind.TARGETED]
    assert len(targeted) == 2 and len(items) == NUM + 2
    for item in targeted:
        path = house.folder.private / "review" / item.audio["path"]
        assert item.audio["path"].startswith(f"strict/{lot.id[:16]}/release/audio/")
        assert sha256_file(path) == item.audio["sha256"]
        report = json.loads((house.folder.private / "review" / item.reports["report"]).read_text())
        assert report["policy"]["name"] == "strict"
    assert sum(row["drawn"] for row in lot.strata.values()) == NUM


def test_names_that_were_kept_are_not_shown_to_anybody(house, monkeypatch):
    with house.archive() as archive:
        monkeypatch.setattr(archive, "keep_names", True)
        with pytest.raises(UsageError, match="kept the names"):
            released(archive)


def test_where_nothing_is_released_there_is_nothing_to_draw(tmp_path, monkeypatch):
    empty = House(tmp_path, monkeypatch, num_recordings=1)
    with empty.archive() as archive, pytest.raises(UsageError, match="nothing is released"):
        released(archive)


def test_a_kill_before_the_state_is_kept_ends_in_the_same_draw(house, draw, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(ReviewStore, "add_lot", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            draw(Wish(max_leak_rate=0.4))
    lot, _ = draw(Wish(max_leak_rate=0.4))
    (line,) = [line for line in house.folder.audit.read_text().splitlines() if '"lot-frozen"' in line]
    assert lot.seed == seed_of(lot.id, json.loads(line)["hash"])


def test_planted_leaks_lie_where_their_stretch_does(house, draw, monkeypatch):
    lengths = []

    def stand_in(samples, sample_rate, *, report, transcript, value, rng):
        lengths.append(len(samples) / sample_rate)
        return Plant(samples, report, transcript, {"start": 0.1, "end": 0.2, "type": value.type})

    monkeypatch.setattr(drawing, "plant", stand_in)
    monkeypatch.setattr(drawing, "sample_values", lambda: [SimpleNamespace(type="PERSON")])
    _, items = draw(Wish(slot_s=1.0), Extras(double_share=0.0, num_planted=2 * NUM, num_targeted=0))
    planted = [(item.name, item.start, item.end) for item in items if item.kind is Kind.PLANTED]
    uniform = [(item.name, item.start, item.end) for item in items if item.kind is Kind.UNIFORM]
    assert sorted(planted) == sorted(uniform) and lengths == [1.0] * 2 * NUM


def test_leaks_are_planted_outside_of_the_sample_first(house, draw):
    with house.archive() as archive:
        entries = released(archive)
    units = [unit for entry in entries for unit in units_of(entry, 1.0)]
    shuffled = drawing._shuffled_units(entries, set(units[:3]), Wish(slot_s=1.0), random.Random(1))
    pairs = [(row.name, unit) for row, unit in shuffled]
    assert sorted(pairs) == sorted((unit.name, unit) for unit in units)
    assert {unit for _, unit in pairs[-3:]} == set(units[:3]) and [unit for _, unit in pairs] != units


def test_nothing_is_drawn_of_bytes_that_are_not_those_released(house, draw):
    file = house.audio(house.names()[0])
    file.write_bytes(file.read_bytes()[:-2] + b"\1\2")
    with pytest.raises(StoreError, match="not what the ledger lists"):
        draw(Wish(slot_s=1.0))


def test_clips_of_a_draw_that_was_killed_go(house, draw, monkeypatch):
    clips = house.folder.private / "review" / "clips"
    with monkeypatch.context() as patched:
        patched.setattr(ReviewStore, "add_lot", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            draw(Wish(slot_s=1.0))
    left = {path.name for path in clips.glob("*/*")}
    _, items = draw(Wish(slot_s=1.0))
    there = {path.name for path in clips.glob("*/*")}
    assert left and not left & there and len(there) == len(items)
