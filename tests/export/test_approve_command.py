"""An approver sees what is to leave, types whom it is about, and signs; anything that does not fit stops it."""

import getpass
import hashlib
import json
import warnings
from contextlib import closing
from types import SimpleNamespace

import pytest
from export_people import BOB, DAY, HOUR, NOW, PASSPHRASE, TERMS, Clock, Office, approve
from pyrage import x25519

from redactor.audit.lines import canonical
from redactor.commands import export_keys
from redactor.config import load_policy
from redactor.errors import StoreError, UsageError
from redactor.export.approvals import (
    check_approvals,
    read_approval,
    read_approvals,
)
from redactor.export.entries import Manifest, ManifestLine, Purpose
from redactor.export.instants import instant
from redactor.export.keys import load_key_pair, make_key
from redactor.export.package.seal import fingerprint
from redactor.export.subjects import subject_hash
from redactor.ledger import Ledger
from redactor.names import load_key
from redactor.runfolder import create_run_folder
from redactor.settings import Settings

SUBJECT_ID = "customer-4711"


@pytest.fixture(scope="module")
def ann_key(tmp_path_factory):
    path = tmp_path_factory.mktemp("keys") / "ann.key"
    make_key(path, PASSPHRASE)
    return path


class Desk:
    """A run folder with a request, and an approver at a terminal."""

    def __init__(self, place, ann_key, monkeypatch):
        self.office, self.out, self.key = Office(place), place, ann_key
        self.clock, self.prompts = self.office.clock, []
        self.subject_key = place.parent / f"{place.name}.subjects.key"
        self.pair = load_key_pair(ann_key, PASSPHRASE)
        self.office.enrol(self.pair, "ann-7")
        self.office.enrol(BOB, "bob-7")
        (place / "private" / "ledger.sqlite3").touch()
        monkeypatch.setattr(export_keys, "_record", lambda folder: self.office.record)
        self.subject = subject_hash(load_key(self.subject_key, create=True), SUBJECT_ID)
        recipient = str(x25519.Identity.generate().to_public())
        self.recipient_sha256 = fingerprint(recipient)
        self.manifest = manifest_of(self.subject)
        self.wanted = SimpleNamespace(
            id=TERMS["request"],
            purpose="subject-access",
            subject=self.subject,
            handler="hal-7",
            recipient=recipient,
            recipient_proof="phone",
            manifest=self.manifest,
            manifest_sha256=digest_of(self.manifest),
        )
        self.says = [PASSPHRASE.decode(), SUBJECT_ID]

    def ask(self, prompt):
        self.prompts.append(prompt)
        return self.says[len(self.prompts) - 1]

    def approve(self, **changed):
        options = {
            "request": TERMS["request"],
            "manifest": None,
            "key": self.key,
            "passphrase_file": None,
            "subject_file": None,
            "subject_key": self.subject_key,
            "expires_hours": 24,
            "to": None,
            "private": None,
            "lookup": lambda request: self.wanted,
            "ask": self.ask,
            "clock": self.clock,
        }
        return export_keys.export_approve(self.out, **{**options, **changed})

    @property
    def folder(self):
        return self.out / "private" / "export" / "approvals"

    def refuses(self, why, **changed):
        with pytest.raises(UsageError, match=why) as caught:
            self.approve(**changed)
        assert not self.folder.exists() or not any(self.folder.iterdir())
        assert b"approval-signed" not in (self.out / "private" / "audit.jsonl").read_bytes()
        assert SUBJECT_ID not in str(caught.value)


def digest_of(document):
    return hashlib.sha256(canonical(document)).hexdigest()


def manifest_of(subject, *, request=TERMS["request"], **changed):
    lines = tuple(
        ManifestLine(f"{n:032x}", subject, "1" * 64, "release", "2" * 64, date, 90.0, (("a", "3" * 64, 5),))
        for n, date in enumerate(["2026-03-01T10:00:00Z", None, "2026-01-09"])
    )
    document = Manifest(request, Purpose.SUBJECT_ACCESS, subject, lines, {"quarantined": 2}).document()
    return {**document, **changed}


@pytest.fixture
def desk(tmp_path, ann_key, monkeypatch):
    return Desk(tmp_path / "out", ann_key, monkeypatch)


def test_the_approver_sees_what_leaves_types_whom_it_is_about_and_signs(desk, capsys):
    assert desk.approve() == 0
    said = capsys.readouterr()
    (path,) = desk.folder.iterdir()
    assert said.out == f"{path}\n"
    for shown in (
        "subject-access",
        "recordings: 3",
        "2026-01-09 to 2026-03-01, 1 without a date",
        "minutes:    4.5",
        "2 quarantined",
        desk.recipient_sha256,
        desk.wanted.manifest_sha256,
    ):
        assert shown in said.err
    assert SUBJECT_ID not in said.err and desk.subject not in said.err
    assert [p.split()[0] for p in desk.prompts] == ["passphrase", "reference"]
    ours = read_approval(path)
    other = approve(
        BOB, subject=desk.subject, manifest_sha256=ours.manifest, recipient=desk.recipient_sha256, lasts=HOUR
    )
    found = check_approvals(
        [ours, other],
        handler="hal-7",
        request=TERMS["request"],
        purpose=TERMS["purpose"],
        enrolled=desk.office.enrolled(),
        now=desk.clock(),
        subject=desk.subject,
        manifest_sha256=desk.wanted.manifest_sha256,
        recipient=desk.recipient_sha256,
    )
    assert [one.person for one in found] == ["ann-7", "bob-7"]
    assert ours.expires == instant(NOW + DAY)
    assert b'"event":"approval-signed"' in (desk.out / "private" / "audit.jsonl").read_bytes()


@pytest.mark.parametrize("typed", ["customer-4712", "CUSTOMER-4711", "", "y", "yes", "customer 4711"])
def test_a_wrong_reference_signs_nothing(desk, typed):
    desk.says[1] = typed
    desk.refuses("not the reference|empty")


def test_a_reference_comes_from_a_file_for_its_owner_alone(desk, tmp_path):
    file = tmp_path / "subject"
    file.write_text(SUBJECT_ID + "\n")
    file.chmod(0o644)
    desk.refuses("open to others", subject_file=file)
    file.chmod(0o600)
    desk.prompts.clear()
    assert desk.approve(subject_file=file) == 0
    assert len(desk.prompts) == 1


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"request": "fedcba9876543210"}, "request"),
        ({"purpose": "research"}, "purpose"),
        ({"subject": "d" * 64}, "subject"),
        ({"count": 4}, "digest"),
        ({"left_out": {}}, "digest"),
    ],
)
def test_a_manifest_that_is_not_the_requests_is_refused(desk, changed, why):
    desk.wanted.manifest = {**desk.manifest, **changed}
    desk.refuses(f"not the one of this request .*{why}")
    assert desk.prompts == [], "nothing is asked for what cannot be signed"


def line_with(manifest, **changed):
    first, *others = manifest["recordings"]
    return {"recordings": [{**first, **changed}, *others]}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda m: line_with(m, owner="d" * 64), "line 1 is another subject's"),
        (lambda m: line_with(m, id=m["recordings"][1]["id"]), "damaged"),
        (lambda m: line_with(m, recorded_at="\x1b[2J2026-01-01"), "damaged"),
        (lambda m: line_with(m, duration=-1), "damaged"),
        (lambda m: line_with(m, duration="1"), "damaged"),
        (lambda m: {"recordings": m["recordings"][:2]}, "damaged"),
        (lambda m: {"recordings": [], "count": 0}, "damaged"),
        (lambda m: {"recordings": None}, "damaged"),
        (lambda m: {"kind": "other"}, "damaged"),
        (lambda m: {"left_out": {"a\nb": 1}}, "damaged"),
    ],
)
def test_a_manifest_that_cannot_be_is_refused_though_the_request_has_its_digest(desk, change, why):
    desk.wanted.manifest = {**desk.manifest, **change(desk.manifest)}
    desk.wanted.manifest_sha256 = digest_of(desk.wanted.manifest)
    desk.refuses(why)


def test_a_copy_of_the_manifest_is_taken_and_held_to_the_request(desk, tmp_path):
    copy = tmp_path / "manifest.json"
    copy.write_text(json.dumps({**desk.manifest, "count": 9}, indent=2))
    desk.refuses("not the one of this request", manifest=copy)
    copy.write_text(json.dumps(desk.manifest)[:-1] + ', "count": 3}')
    desk.refuses("not a manifest", manifest=copy)
    copy.write_text(json.dumps(desk.manifest, indent=2))
    assert desk.approve(manifest=copy) == 0


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"recipient": None}, "recipient's key was not proven"),
        ({"recipient_proof": None}, "recipient's key was not proven"),
        ({"recipient": "age1nothing"}, "recipient"),
        ({"manifest": None}, "not planned"),
        ({"manifest_sha256": None}, "not planned"),
        ({"handler": "ann-7"}, "handler"),
        ({"handler": "ANN-7"}, "handler"),
    ],
)
def test_a_request_that_is_not_ready_or_ones_own_is_not_approved(desk, change, why):
    vars(desk.wanted).update(change)
    desk.refuses(why)


def test_a_key_that_is_not_enrolled_revoked_or_over_signs_nothing(desk):
    desk.clock.on(100 * DAY)
    desk.refuses("not-valid")
    desk.clock.on(-100 * DAY)
    desk.office.revoke(desk.pair)
    desk.prompts.clear()
    desk.refuses("revoked")
    (desk.out / "private" / "export" / "enrolled.jsonl").write_bytes(b"")
    desk.prompts.clear()
    with pytest.raises(StoreError, match="had 3"):
        desk.approve()


def test_a_key_of_somebody_else_signs_nothing(desk, tmp_path):
    make_key(tmp_path / "eve.key", PASSPHRASE)
    desk.refuses("not enrolled here", key=tmp_path / "eve.key")


def test_a_key_that_is_revoked_while_the_reference_is_typed_signs_nothing_that_is_written(desk):
    def ask(prompt):
        if prompt.startswith("reference"):
            desk.office.revoke(desk.pair)
        return desk.ask(prompt)

    desk.refuses("revoked", ask=ask)


def test_what_the_binding_check_stops_is_not_signed(desk):
    def stop(wanted, document):
        assert (wanted, document) == (desk.wanted, desk.manifest)
        raise UsageError("line 2 does not fit")

    desk.refuses("line 2 does not fit", check=stop)
    assert len(desk.prompts) == 1, "the reference is not asked for"


@pytest.mark.parametrize("hours", [0, -1, 721, float("nan"), float("inf")])
def test_an_approval_lasts_for_hours_up_to_thirty_days(desk, hours):
    desk.refuses("--expires-hours", expires_hours=hours)


def test_an_approval_goes_where_it_is_told_and_over_nothing(desk, tmp_path):
    file = tmp_path / "mine.json"
    file.write_bytes(b"kept")
    desk.refuses("is not overwritten", to=file)
    assert file.read_bytes() == b"kept"
    assert desk.approve(to=tmp_path / "new.json") == 0
    assert read_approval(tmp_path / "new.json").request == TERMS["request"]
    desk.prompts.clear()
    assert desk.approve(to=tmp_path) == 0
    assert len(read_approvals(tmp_path, TERMS["request"])) == 1


def test_without_a_terminal_nothing_is_asked(monkeypatch):
    def no_terminal(prompt):
        warnings.warn("echo", getpass.GetPassWarning, stacklevel=2)
        return "typed into a pipe"

    monkeypatch.setattr(getpass, "getpass", no_terminal)
    with pytest.raises(UsageError, match="no terminal"):
        export_keys.ask_hidden("x")


def test_keys_are_made_enrolled_and_revoked_by_commands(tmp_path, desk, capsys):
    for name in ("root", "eve"):
        file = tmp_path / f"{name}.key"
        assert export_keys.export_keygen(file, passphrase_file=None, ask=lambda p: PASSPHRASE.decode()) == 0
    fresh = Office(tmp_path / "fresh", Clock())
    (fresh.private / "ledger.sqlite3").touch()
    desk.office = fresh
    capsys.readouterr()
    passphrase = tmp_path / "passphrase"
    passphrase.write_bytes(PASSPHRASE)
    passphrase.chmod(0o600)
    root = {
        "root_key": tmp_path / "root.key",
        "passphrase_file": passphrase,
        "private": None,
        "clock": fresh.clock,
    }
    who = {"public_key": tmp_path / "eve.pub", "person": "eve-7", "valid_days": 30}
    with pytest.raises(UsageError, match="--role"):
        export_keys.export_enroll(fresh.place, role="boss", **who, **root)
    assert export_keys.export_enroll(fresh.place, role="approver", **who, **root) == 0
    fingerprint = capsys.readouterr().out.strip()
    assert fresh.enrolled()[fingerprint].person == "eve-7"
    assert export_keys.export_revoke(fresh.place, fingerprint=fingerprint, **root) == 0
    assert fresh.enrolled()[fingerprint].revoked_at == instant(NOW)


@pytest.mark.parametrize(("says", "why"), [(["a" * 12 + "bc", "other"], "differ"), (["short"], "too weak")])
def test_a_passphrase_is_typed_twice(tmp_path, says, why):
    said = iter(says)
    with pytest.raises(UsageError, match=why):
        export_keys.export_keygen(tmp_path / "x.key", passphrase_file=None, ask=lambda prompt: next(said))
    assert list(tmp_path.iterdir()) == []


def test_a_run_with_kept_names_and_one_without_requests_are_refused(tmp_path):
    folder = create_run_folder(tmp_path / "out")
    names_key = tmp_path / "names.key"
    load_key(names_key, create=True)
    with closing(Ledger(folder.ledger)) as ledger:
        for keep_names in (True, False):
            kept = Settings(load_policy("standard"), "tiny", "cpu", 1, 1, names_key, keep_names)
            ledger.set_setting("settings", kept.to_json())
            if keep_names:
                with pytest.raises(UsageError, match="--keep-names"):
                    export_keys._record(folder)
    assert export_keys._record(folder).head.count == 0
    with pytest.raises(UsageError, match="no request was opened"):
        export_keys._in_store(folder)
