"""An archive made by hand: recordings of some subjects, what is known of them, and people who ask for them.

Every file says in its bytes whose it is, whatever catalog, ledger and folder say, and a package can be opened
by whoever has both identities: so a test can look at what really left, and for whom.
"""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import dataclass, field, replace
from pathlib import Path

from export_people import ANN, BOB, DAY, EVE, HAL, Clock

from redactor.audit import keyed_digest
from redactor.errors import StoreError, UsageError
from redactor.export.approvals import Terms, check_approval, check_approvals, sign_approval
from redactor.export.enrolment import Enrolment, Role
from redactor.export.entries import CatalogEntry, Purpose
from redactor.export.facts import parse_fact
from redactor.export.holdings import Holdings, Source, digest_of
from redactor.export.instants import instant
from redactor.export.plan import Choice
from redactor.export.release import confirm, make_canary, release, seal
from redactor.export.request_entries import new_request
from redactor.export.requests import RequestStore
from redactor.export.steps import add_approval, address, identify, make_plan, open_request
from redactor.export.tools import Tools
from redactor.identity import RunIdentity
from redactor.ledger import Row, State
from redactor.policy import Policy
from redactor.sqlite import store_errors
from redactor.types import ReleasedFile

KEY = bytes(range(32))
STANDARD = Policy("standard", entities={"PERSON": 0.5, "PHONE_NUMBER": 0.5})
STRICT = replace(STANDARD, name="strict", entities={**STANDARD.entities, "PERSON": 0.1})
WEAK = replace(STANDARD, name="weak", entities={"PHONE_NUMBER": 0.5})
DEVICES = ("Alpha", "Beta", "Gamma")


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def hash_of(who):
    """What stands for a subject."""
    return digest(f"subject {who}")


def key_of(who):
    """A recipient's public key; of the right form and nothing more."""
    letters = "023456789acdefghjklmnpqrstuvwxyz"
    at = hashlib.sha512(who.encode()).digest()
    return "age1" + "".join(letters[byte % 32] for byte in at[:58])


def day_of(who, number):
    """When somebody had a call."""
    at = int(digest(f"day {who} {number}")[:8], 16)
    return f"2026-{1 + at % 6:02}-{1 + at // 6 % 28:02}"


def fingerprint(recipient):
    return digest(recipient)


def keyed(sha256):
    """What stands for an input."""
    return keyed_digest(KEY, sha256)


class Records:
    """A catalog that can be wrong, and that holds what is read to a code, as the real one does."""

    def __init__(self):
        self.entries, self.codes = {}, {}

    def put(self, entry):
        self.entries[entry.name] = entry
        self.codes[entry.name] = repr(entry)

    def edit(self, entry):
        """On the disk, without the key."""
        self.entries[entry.name] = entry

    def entry(self, name):
        found = self.entries.get(name)
        if found is not None and self.codes[name] != repr(found):
            raise StoreError("an entry is not as it was imported")
        return found

    def of_subject(self, subject):
        names = sorted(name for name, entry in self.entries.items() if entry.subject == subject)
        return [self.entry(name) for name in names]

    def by_subject(self):
        names = sorted(self.entries, key=lambda name: self.entries[name].subject)
        return (self.entry(name) for name in names)


@dataclass
class Folder:
    """A ``release/`` and its ledger."""

    root: Path
    rows: dict = field(default_factory=dict)
    heard: dict = field(default_factory=dict)

    @property
    def source(self):
        return Source(self.root, self.rows.get, lambda name: self.heard.get(name, ()))

    def put(self, name, owner, *, input_sha256, policy, verdict="passed", channels=2, parts=("json",)):
        """Write a recording and its row."""
        told = {"id": name, "owner": owner, "policy": policy.name, "input": input_sha256}
        files = [self._write(f"audio/{name[:2]}/{name}.wav", {**told, "part": "audio"})]
        files += [
            self._write(f"transcripts/{name[:2]}/{name}.{part}", {**told, "part": part}) for part in parts
        ]
        files.append(self._write(f"reports/{name[:2]}/{name}.json", {**told, "channels": channels}))
        run = digest(policy.digest)
        identity = RunIdentity(run, {}).of_job(input_sha256, self.heard.get(name, ()))
        self.rows[name] = Row(
            name, State.DONE, run, identity, input_sha256, duration=60.0, verdict=verdict, files=tuple(files),
            provenance={"policy": {"name": policy.name, "digest": policy.digest}},
        )  # fmt: skip

    def _write(self, path, value):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        target.write_text(json.dumps(value))
        return ReleasedFile(path, hashlib.sha256(target.read_bytes()).hexdigest(), target.stat().st_size)


class World:
    """Subjects with recordings, a store of requests, and what the steps work with."""

    def __init__(self, place, *, owned=None, seed=0):
        self.place, self.random = place, random.Random(seed)
        self.clock = Clock()
        self.root = place / "private" / "export"
        self.root.mkdir(parents=True)
        self.store = RequestStore(place / "private" / "export.sqlite3")
        self.catalog = Records()
        self.folder = Folder(place / "release")
        self.redone, self.found, self.truth = {}, set(), {}
        # What lies at the path of a recording, whatever was there before: who speaks, and the digest.
        self.inputs = {}
        # What happened to whom, whatever a catalog says of it: days of calls, and the device.
        self.days, self.device = {}, {}
        self.recorded, self.handed, self.before_sealing = [], [], []
        self.held_back = set()
        self.enrolled = {
            one.public.fingerprint: self._enrolment(number, one, person)
            for number, (one, person) in enumerate([(ANN, "ann"), (BOB, "bob"), (HAL, "hal")], start=1)
        }
        owned = {"anna": 5, "ben": 4, "cleo": 1} if owned is None else owned
        for who, count in owned.items():
            for number in range(count):
                self.add(who, number)

    def _enrolment(self, serial, key, person):
        at = self.clock()
        return Enrolment(
            serial, person, Role.APPROVER, key.public.raw.hex(), key.public.fingerprint,
            instant(at - DAY), instant(at + 300 * DAY),
        )  # fmt: skip

    def add(self, who, number, *, others=(), roles=None, **options):
        name = digest(f"recording {who} {number}")[:32]
        self.truth[name] = who
        self.days.setdefault(who, []).append(day_of(who, number))
        self.device[who] = DEVICES[sum(map(ord, who)) % 3]
        self.run(name, who, digest(f"input {name}"), **options)
        self.catalog.put(
            CatalogEntry(
                name, hash_of(who), digest(f"account {who}"), self.device[who], "en",
                f"{day_of(who, number)}T10:00:00+02:00", roles or {0: "subject", 1: "agent"},
                tuple(hash_of(other) for other in others), keyed(self.inputs[name][1]),
            )
        )  # fmt: skip
        return name

    def run(self, name, who, sha256, **options):
        """What lies at a path is redacted; whoever had spoken there before."""
        self.inputs[name] = (who, sha256)
        self.folder.put(name, who, input_sha256=sha256, **{"policy": STANDARD, **options})

    def names_of(self, who):
        return sorted(name for name, owner in self.truth.items() if owner == who)

    # What the steps work with.

    def source(self, where):
        return self.folder.source if where == "release" else (f := self.redone.get(where)) and f.source

    @property
    def holdings(self):
        return Holdings(KEY, self.catalog, self.source, lambda: self.found)

    @property
    def tools(self):
        return Tools(
            holdings=self.holdings,
            root=self.root,
            redact=self.redact,
            check_approval=self.check_approval,
            check_approvals=self.check_approvals,
            seal=self.seal,
            new_identity=self.new_identity,
            risk=lambda name: float(int(name[:4], 16)),
            account_hash=lambda account: digest(f"account {account}"),
            strict=lambda: STRICT,
            record=lambda step, request, fields: self.recorded.append((step, request, dict(fields))),
            clock=self.clock,
            by="tester",
        )

    def redact(self, folder, names, policy, channels):
        made = self.redone.setdefault(f"{folder}/redacted", Folder(self.root / folder / "redacted/release"))
        made.rows = {name: row for name, row in made.rows.items() if name in names}
        for name in names:
            row = self.folder.rows.get(name)
            who, sha256 = self.inputs[name]
            is_released = row is not None and row.state is State.DONE and row.input_sha256 == sha256
            if is_released and name not in self.held_back:
                made.heard[name] = self.folder.heard.get(name, ())
                kept = replace(policy, name=f"{policy.name}{'-kept' if name in channels else ''}")
                made.put(name, who, input_sha256=sha256, policy=kept)
        return {name: made.rows[name] for name in names if name in made.rows}

    def terms(self, request):
        return Terms(
            request.id, request.purpose, request.subject, request.manifest_sha256,
            fingerprint(request.recipient),
        )  # fmt: skip

    def check_approval(self, approval, request, now):
        terms = self.terms(request)
        return check_approval(
            approval, terms, enrolled=self.enrolled, handler=request.handler, now=now
        ).person

    def check_approvals(self, approvals, request, now):
        return check_approvals(
            approvals, enrolled=self.enrolled, handler=request.handler, request=request.id,
            purpose=request.purpose, subject=request.subject, manifest_sha256=request.manifest_sha256,
            recipient=fingerprint(request.recipient), now=now,
        )  # fmt: skip

    def new_identity(self):
        identity = f"SECRET-{self.random.getrandbits(128):032x}"
        return identity, f"for {identity}"

    def seal(self, sealing):
        """As the real one does: bytes that are not those of the manifest do not get in."""
        for exchange in self.before_sealing:
            exchange()
        content = []
        for line in sealing.manifest.lines:
            for path, sha256, size in line.files:
                root = sealing.sources[line.source]
                with store_errors(sealing.target):
                    found = digest_of(root, path)
                if found != (sha256, size):
                    raise StoreError("a file is not what the manifest says")
                content.append(json.loads((root / path).read_text()))
        package = {"inner": sealing.inner, "outer": sealing.request.recipient, "content": content}
        sealing.target.write_text(json.dumps(package))
        return hashlib.sha256(sealing.target.read_bytes()).hexdigest()

    # People.

    def open(self, who="anna", purpose=Purpose.SUBJECT_ACCESS, **options):
        request = new_request(
            hash_of(who), purpose, handler="hugo", note="by letter", at=self.clock(), **options
        )
        return open_request(self.store, self.tools, request).id

    def identify(self, request):
        return identify(self.store, self.tools, request, proof="ticket-12", second_factor="callback")

    def address(self, request, who="anna"):
        return address(self.store, self.tools, request, recipient=key_of(who), proof="letter-7")

    def plan(self, request, **options):
        choice = Choice(**{"names": (), "run_policy": STANDARD, **options})
        return make_plan(self.store, self.tools, request, choice)

    def signed(self, wanted, key, *, hours=24 * 20, **changed):
        found = self.store.get(wanted)
        terms = {
            "request": found.id,
            "purpose": found.purpose.value,
            "subject": found.subject,
            "manifest_sha256": found.manifest_sha256 or "0" * 64,
            "recipient": fingerprint(found.recipient or ""),
            **changed,
        }
        return sign_approval(key, **terms, expires=self.clock() + 3600 * hours, clock=self.clock)

    def approve(self, wanted, key, **options):
        return add_approval(self.store, self.tools, wanted, self.signed(wanted, key, **options))

    def canary(self, request):
        return make_canary(self.store, self.tools, request)[0]

    def facts_of(self, who):
        """What a subject knows of their own recordings, whatever any catalog says."""
        days = sorted(self.days[who])
        month = days[0][:7]
        return [
            f"calls:{month}={sum(day.startswith(month) for day in days)}",
            f"first={days[0]}",
            f"device={self.device[who]}",
        ]

    def confirm(self, request, who="anna", facts=None):
        facts = self.facts_of(who) if facts is None else facts
        return confirm(self.store, self.tools, request, [parse_fact(fact) for fact in facts])

    def seal_up(self, request):
        return seal(self.store, self.tools, request)

    def release(self, request):
        def hand_over(identity):
            self.handed.append((request, identity))

        return release(self.store, self.tools, request, hand_over=hand_over)

    def steps(self, who="anna"):
        """Everything that a request goes through, in order; each takes its id."""
        return {
            "identify": self.identify,
            "address": lambda request: self.address(request, who),
            "plan": self.plan,
            "ann": lambda request: self.approve(request, ANN),
            "bob": lambda request: self.approve(request, BOB),
            "canary": self.canary,
            "confirm": lambda request: self.confirm(request, who),
            "seal": self.seal_up,
            "release": self.release,
        }

    def up_to(self, last, who="anna", **options):
        """The id of a request after a step."""
        request = self.open(who, **options)
        for step, act in self.steps(who).items():
            act(request)
            if step == last:
                break
        return request

    def opened(self):
        """What everybody to whom an identity was handed over can read now: (request, recipient, content)."""
        out = []
        for request, identity in self.handed:
            for path in sorted(self.root.glob("*/package.age")):
                package = json.loads(path.read_text())
                if package["inner"] == f"for {identity}":
                    out.append((request, package["outer"], package["content"]))
        return out


__all__ = ["ANN", "BOB", "DAY", "EVE", "HAL", "STANDARD", "STRICT", "UsageError", "WEAK", "World"]
