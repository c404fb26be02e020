"""Mix-ups: two requests are answered at once while somebody exchanges, edits and turns back what they rest on.

What leaves is judged by what is in the bytes and who can open them, not by what any store says.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from export_world import (
    ANN,
    BOB,
    DAY,
    EVE,
    HAL,
    WEAK,
    World,
    digest,
    fingerprint,
    hash_of,
    key_of,
)

from redactor.errors import StoreError, UsageError
from redactor.export.binding import manifest_digest
from redactor.export.entries import State
from redactor.export.steps import add_approval
from redactor.ledger import State as RowState

STEPS = ("identify", "address", "plan", "ann", "bob", "canary", "confirm", "seal", "release")
WHO = ("anna", "ben")
# Memory, where there is some: what is tried here is not whether a disk keeps what was written.
PLACE = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


@dataclass
class Case:
    """One mix-up.

    Attributes
    ----------
    requests : dict of str to str
        Who asks -> id.
    faults : list of str
        Those that came about.
    withdrawn : dict of str to set of str
        Request -> what reviewers had found when its release was tried.
    signed : list of Approval
        All that were ever given.
    kinds : sequence of callable
        Faults to choose from.
    are_twins : bool
        Whether what one knows of their recordings is what the other does.
    """

    world: World
    random: random.Random
    requests: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    withdrawn: dict[str, set[str]] = field(default_factory=dict)
    signed: list = field(default_factory=list)
    kinds: Sequence[Callable] = ()
    are_twins: bool = False

    def is_planned(self):
        return any(self.world.store.get(request).manifest for request in self.requests.values())

    # What may be mixed up.

    def name(self, who):
        return self.random.choice(self.world.names_of(who))

    def path(self, name):
        files = [f for f in self.world.folder.rows[name].files if not f.path.startswith("reports")]
        return self.world.folder.root / self.random.choice(files).path if files else None

    def edit(self, request, change):
        """The stored value of a request, by hand."""
        with sqlite3.connect(self.world.place / "private" / "export.sqlite3") as db:
            (text,) = db.execute("SELECT value FROM request WHERE id = ?", (request,)).fetchone()
            value = json.loads(text)
            change(value)
            db.execute("UPDATE request SET value = ? WHERE id = ?", (json.dumps(value), request))
        db.close()


def swap_catalog_rows(case):
    """On the disk, without the key."""
    a, b = (case.world.catalog.entries[case.name(who)] for who in WHO)
    case.world.catalog.edit(replace(a, subject=b.subject))
    case.world.catalog.edit(replace(b, subject=a.subject))


def import_other_owners(case):
    """By an import that was told that owners change, after the plan."""
    if case.world.store.get(case.requests["anna"]).manifest is None:
        return False
    a, b = (case.world.catalog.entries[case.name(who)] for who in WHO)
    case.world.catalog.put(replace(a, subject=b.subject))
    return case.world.catalog.put(replace(b, subject=a.subject))


def merge_subjects(case):
    """Likewise."""
    if case.world.store.get(case.requests["anna"]).manifest is None:
        return False
    one, other = case.random.sample(WHO, 2)
    for name in case.world.names_of(other):
        case.world.catalog.put(replace(case.world.catalog.entries[name], subject=hash_of(one)))
    return None


def swap_ledger_rows(case):
    rows = case.world.folder.rows
    a, b = (case.name(who) for who in WHO)
    rows[a], rows[b] = replace(rows[b], name=a), replace(rows[a], name=b)


def swap_ledger_files(case):
    rows = case.world.folder.rows
    a, b = (case.name(who) for who in WHO)
    rows[a], rows[b] = replace(rows[a], files=rows[b].files), replace(rows[b], files=rows[a].files)


def reuse_id(case):
    """Another's recording is redacted under the same id, after the plan."""
    name = case.name("anna")
    if case.world.store.get(case.requests["anna"]).manifest is None:
        return False
    return case.world.run(name, "ben", digest("another"))


def exchange_input(case):
    """Another's recording comes to lie at the same path and is run, between import and plan."""
    if case.is_planned():
        return False
    return case.world.run(case.name("anna"), "ben", digest("another"))


def be_twins(case):
    """What they know of their calls is the same, and the catalog says so from the start."""
    if case.is_planned():
        return False
    world, day = case.world, "2026-02-03"

    def put():
        for who in WHO:
            # As many in the first month, whatever came after it.
            for number, name in enumerate(world.names_of(who)):
                at = f"{day if number == 0 else f'2026-06-{10 + number}'}T10:00:00Z"
                world.catalog.put(replace(world.catalog.entry(name), recorded_at=at, device="Alpha"))
            world.days[who], world.device[who] = [day], "Alpha"

    case.are_twins = case.attempt(put)
    return case.are_twins


def rerun_other_policy(case):
    name = case.name("anna")
    if case.world.store.get(case.requests["anna"]).manifest is None:
        return False
    sha256 = case.world.folder.rows[name].input_sha256
    return case.world.folder.put(name, "anna", input_sha256=sha256, policy=WEAK)


def exchange_files(case):
    a, b = (case.path(case.name(who)) for who in WHO)
    if not (a and b and a.is_file() and b.is_file()):
        return False
    mine, theirs = a.read_bytes(), b.read_bytes()
    return a.write_bytes(theirs) and b.write_bytes(mine) and None


def exchange_while_sealing(case):
    case.world.before_sealing.append(lambda: exchange_files(case))


def plant_link(case):
    a, b = (case.path(case.name(who)) for who in WHO)
    if not (a and b):
        return False
    a.unlink(missing_ok=True)
    return a.symlink_to(b)


def plant_linked_folder(case):
    a, b = (case.path(case.name(who)) for who in WHO)
    if not (a and b) or a.parent.is_symlink() or a.parent == b.parent or not b.is_file():
        return False
    if not a.is_file():
        return False
    shutil.copy(b, b.parent / a.name)
    a.parent.rename(case.world.place / f"moved-{case.random.random()}")
    return a.parent.symlink_to(b.parent)


def edit_manifest(case):
    """A line of the other's comes in, and the digest is made anew."""
    mine, theirs = (case.world.store.get(case.requests[who]) for who in WHO)
    if mine.manifest is None or theirs.manifest is None:
        return False
    digested = case.random.random() < 0.7

    def change(value):
        lines = value["manifest"]["recordings"]
        extra = case.random.choice(theirs.manifest["recordings"])
        if case.random.random() < 0.5:
            extra = {**extra, "owner": hash_of("anna")}
        lines[:] = sorted([*lines[case.random.randrange(2) :], extra], key=lambda line: line["id"])
        value["manifest"]["count"] = len(lines)
        value["entries"] |= dict(theirs.entries)
        if digested:
            value["manifest_sha256"] = manifest_digest(value["manifest"])

    return case.edit(mine.id, change)


def take_others_manifest(case):
    mine, theirs = (case.world.store.get(case.requests[who]) for who in WHO)
    if mine.manifest is None or theirs.manifest is None:
        return False
    becomes_theirs = case.random.random() < 0.5

    def change(value):
        value["manifest"] = {**theirs.manifest, "request": mine.id}
        if becomes_theirs:
            value["subject"] = theirs.subject
        else:
            value["manifest"]["subject"] = mine.subject
        value["entries"] = dict(theirs.entries)
        value["manifest_sha256"] = manifest_digest(value["manifest"])

    return case.edit(mine.id, change)


def change_recipient(case):
    case.edit(case.requests["anna"], lambda value: value.update(recipient=key_of("eve")))


def change_subject(case):
    case.edit(case.requests["anna"], lambda value: value.update(subject=hash_of("ben")))


def copy_approvals(case):
    approvals = json.loads(json.dumps([a.__dict__ for a in case.signed[-2:]]))
    case.edit(case.requests["anna"], lambda value: value.update(approvals=approvals))


def approve_twice(case):
    for _ in range(2):
        case.attempt(lambda: case.approve("anna", ANN))


def approve_as_stranger(case):
    case.attempt(lambda: case.approve("anna", EVE))


def replay(case):
    """An approval of another request, or of an earlier manifest."""
    if not case.signed:
        return False
    approval = case.random.choice(case.signed)
    request = case.random.choice(list(case.requests.values()))
    return case.attempt(lambda: add_approval(case.world.store, case.world.tools, request, approval))


def let_approvals_expire(case):
    case.world.clock.on(21 * DAY)


def set_clock_back(case):
    case.world.clock.on(-case.random.choice([1, 3600, 30 * DAY]))


def exchange_packages(case):
    a, b = (case.world.root / case.requests[who] / "package.age" for who in WHO)
    if not (a.is_file() and b.is_file()):
        return False
    if case.random.random() < 0.3:
        a.unlink()
        return a.symlink_to(b)
    mine, theirs = a.read_bytes(), b.read_bytes()
    return a.write_bytes(theirs) and b.write_bytes(mine) and None


def claim_others_package(case):
    """A request is answered with another's package, in the store."""
    theirs = case.world.store.get(case.requests["ben"]).package
    if theirs is None:
        return False
    package = {**theirs.__dict__, "names": list(theirs.names)}
    return case.edit(case.requests["anna"], lambda value: value.update(package=package))


def exchange_secrets(case):
    with sqlite3.connect(case.world.place / "private" / "export.sqlite3") as db:
        rows = dict(db.execute("SELECT request, identity FROM secret").fetchall())
        if len(rows) == 2:
            (a, first), (b, second) = rows.items()
            db.execute("UPDATE secret SET identity = ? WHERE request = ?", (second, a))
            db.execute("UPDATE secret SET identity = ? WHERE request = ?", (first, b))
    db.close()
    return None if len(rows) == 2 else False


def skip_ahead(case):
    """The state is set by hand."""
    state = case.random.choice([State.APPROVED, State.CONFIRMED, State.SEALED]).value
    with sqlite3.connect(case.world.place / "private" / "export.sqlite3") as db:
        db.execute("UPDATE request SET state = ? WHERE id = ?", (state, case.requests["anna"]))
    db.close()


def withdraw(case):
    case.world.found.add(case.name("anna"))


def withdraw_row(case):
    name = case.name("anna")
    case.world.folder.rows[name] = replace(case.world.folder.rows[name], state=RowState.PENDING, files=())


def revoke(case):
    case.world.enrolled.pop(case.random.choice([ANN, BOB, HAL]).public.fingerprint, None)


FAULTS: tuple[Callable[[Case], object], ...] = (
    swap_catalog_rows, import_other_owners, merge_subjects, swap_ledger_rows, swap_ledger_files, reuse_id,
    exchange_input, be_twins, rerun_other_policy, exchange_files, exchange_while_sealing, plant_link,
    plant_linked_folder, edit_manifest, take_others_manifest, change_recipient, change_subject, copy_approvals,
    approve_twice, approve_as_stranger, replay, let_approvals_expire, set_clock_back, exchange_packages,
    claim_others_package, exchange_secrets, skip_ahead, withdraw, withdraw_row, revoke,
)  # fmt: skip


class Storm(Case):
    """A case that is carried out."""

    def attempt(self, act) -> bool:
        try:
            act()
        except (UsageError, StoreError):
            return False
        return True

    def approve(self, who, key):
        """An approver types whom it is about, and compares the key with what the recipient sent."""
        request = self.requests[who]
        approval = self.world.signed(
            request, key, subject=hash_of(who), recipient=fingerprint(key_of(who))
        )
        self.signed.append(approval)
        add_approval(self.world.store, self.world.tools, request, approval)

    def take(self, step, who):
        request = self.requests[who]
        if step in ("ann", "bob"):
            return self.attempt(lambda: self.approve(who, {"ann": ANN, "bob": BOB}[step]))
        if step == "release" and request not in dict(self.world.handed):
            self.withdrawn[request] = set(self.world.found)
        return self.attempt(lambda: self.world.steps(who)[step](request))

    def inject(self):
        fault = self.random.choice(self.kinds)
        if fault(self) is not False:
            self.faults.append(fault.__name__)

    def run(self, *, num_faults):
        self.requests = {who: self.world.open(who) for who in WHO}
        # More of them late, where there is more that can be mixed up.
        when = self.random.choices(range(len(STEPS)), weights=(1, 1, 2, 2, 2, 2, 2, 2, 4), k=num_faults)
        for number, step in enumerate(STEPS):
            for at in when:
                if at == number:
                    self.inject()
            for who in self.random.sample(WHO, 2):
                # Somebody in a hurry tries again, or goes on as if nothing was.
                if not self.take(step, who) and self.random.random() < 0.3:
                    self.take(self.random.choice(STEPS[: number + 1]), who)
                    self.take(step, who)
        if num_faults and self.random.random() < 0.3:
            self.inject()
            self.take("release", "anna")

    def leaks(self):
        """What left and should not have, as sentences."""
        of = {request: who for who, request in self.requests.items()}
        for request, recipient, content in self.world.opened():
            who = of[request]
            if recipient != key_of(who):
                # Sealed for somebody else: whoever got this identity cannot open the outer layer.
                continue
            for file in content:
                if file["owner"] != who:
                    yield f"{file['owner']}'s recording went to {who}"
                if file["policy"] != "standard":
                    yield "a recording left that was redacted under another policy than the approved one"
                if file["id"] in self.withdrawn.get(request, ()):
                    yield "a recording left that was withdrawn"
        for request, _ in self.world.handed if self.are_twins else ():
            yield f"{of[request]} was known by what another could tell too"
        for request, who in of.items():
            yield from self._leaks_of_canary(request, who)
            for path in (self.world.root / request).glob("package.age"):
                if json.loads(path.read_text())["outer"] not in map(key_of, WHO):
                    yield "a package was sealed to a stranger"

    def _leaks_of_canary(self, request, who):
        """It can be read by its recipient as soon as it is there."""
        if self.world.store.get(request).canary is None:
            return
        package = json.loads((self.world.root / request / "canary.age").read_text())
        if package["outer"] != key_of(who):
            yield f"{who}'s canary was sealed to somebody else"
        for file in package["content"]:
            if (file["owner"], file["policy"], file["part"]) != (who, "strict", "json"):
                yield "a canary held more than strict transcripts of its subject"


@dataclass(frozen=True)
class Told:
    """What came of a case."""

    seed: int
    faults: tuple[str, ...]
    leaks: tuple[str, ...]
    released: int


def mix_up(seed: int, *, faults: int | None = None, kinds: Sequence[Callable] = FAULTS) -> Told:
    """Carry out one case; the same for the same seed."""
    rng = random.Random(seed)
    place = Path(tempfile.mkdtemp(dir=PLACE, prefix="mix-up-"))
    try:
        owned = {"anna": rng.randint(1, 5), "ben": rng.randint(1, 4)}
        case = Storm(World(place, owned=owned, seed=seed), rng, kinds=kinds)
        case.run(num_faults=rng.randint(1, 3) if faults is None else faults)
        told = Told(seed, tuple(case.faults), tuple(case.leaks()), len(case.world.handed))
        case.world.store.close()
        return told
    finally:
        shutil.rmtree(place)
