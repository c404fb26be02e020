"""The whole way of a request by commands: real stores, keys and age; what redacts is stood in for."""

import argparse
import errno
import json
import re
from contextlib import closing
from dataclasses import replace
from datetime import date

import pyrage
import pytest
from export_house import exchange, made_house, write_csv
from leak_stand_ins import PADDED, House, marked

from redactor.cli_export import add_export
from redactor.commands import export_keys
from redactor.errors import StoreError, UsageError
from redactor.export import desk as desk_module
from redactor.export import redo
from redactor.export.facts import GROUPS
from redactor.names import load_key
from redactor.review.consequences import withdraw_findings
from redactor.review.entries import Finding, Stage
from redactor.review.store import ReviewStore, insert_findings
from redactor.review.withdraw import withdraw

pytestmark = pytest.mark.long

PASSPHRASE = "correct horse battery staple"
ANNA, BEN = "customer 4711", "customer 4712"
DAYS = ("2026-03-02", "2026-03-20", "2026-04-01", "2026-04-01", "2026-05-07")
FACTS = ("calls:2026-03=2", "device=Kitchen")


# As far as the stages that stand in know one.
STRICT = replace(PADDED, name="strict", entities={"PERSON": 0.4})


class Office:
    """People at their desks, who type commands."""

    def __init__(self, place, monkeypatch, capsys):
        self.place, self.capsys = place, capsys
        self.house = made_house(place, monkeypatch, num_recordings=6, num_channels=2)
        self.subject_key = place / "keys" / "subjects.key"
        self.names = self.house.names()
        self.private("passphrase", PASSPHRASE)
        self.identity = pyrage.x25519.Identity.generate()
        self.private("anna.age", str(self.identity))
        self.said = ""
        load_key(self.subject_key, create=True)
        self.import_catalog()
        for person, role in (("root", None), ("ann", "approver"), ("bob", "approver"), ("hugo", "handler")):
            self.run("export", "keygen", place / f"{person}.key", *self.passphrase)
            if role:
                self.run("export", "enroll", self.out, place / f"{person}.pub", "--person", person,
                         "--root-key", place / "root.key", "--role", role, *self.passphrase)  # fmt: skip

    @property
    def out(self):
        return self.house.out

    @property
    def passphrase(self):
        return "--passphrase-file", self.place / "passphrase"

    @property
    def key(self):
        return "--subject-key", self.subject_key

    @property
    def sender(self):
        return ("--key", self.place / "hugo.key", *self.passphrase, "--organisation", "Example Ltd",
                "--contact", "privacy@example.org")  # fmt: skip

    def private(self, name, text):
        path = self.place / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def import_catalog(self, *, replace=False, others="", code=0):
        rows = [
            {"recording": name, "subject": ANNA, "account": "77", "device": "Kitchen", "language": "en",
             "recorded_at": f"{day}T10:00:00Z", "roles": "0=subject;1=agent", "others": ""}
            for name, day in zip(self.names[:5], DAYS, strict=True)
        ]  # fmt: skip
        rows.append({**rows[0], "recording": self.names[5], "subject": BEN, "account": "78", "others": others})
        source = write_csv(self.place / "catalog.csv", rows)
        self.run("catalog", "import", self.out, source, *self.key, *(["--replace"] if replace else []),
                 code=code)  # fmt: skip

    def run(self, *argv, code=0):
        """What a command prints."""
        parser = argparse.ArgumentParser()
        add_export(parser.add_subparsers())
        arguments = parser.parse_args([str(one) for one in argv])
        self.capsys.readouterr()
        assert arguments.call(arguments) == code
        out, self.said = self.capsys.readouterr()
        return out

    def open(self, subject=ANNA, *options):
        file = self.private("subject", subject)
        out = self.run("export", "request", self.out, "--handler", "hugo", "--note", "letter of 3 May",
                       "--subject-file", file, *self.key, *options)  # fmt: skip
        return out.strip()

    def approve(self, request, person, subject=ANNA):
        file = self.private("typed", subject)
        out = self.run("export", "approve", self.out, request, "--key", self.place / f"{person}.key",
                       *self.passphrase, "--subject-file", file, *self.key)  # fmt: skip
        return out.strip()

    def steps(self, request):
        out, key = self.out, self.key
        take = "approve-file"

        def approved(person):
            self.run("export", take, out, request, self.approve(request, person), *key)

        return {
            "identity": lambda: self.run(
                "export", "verify-identity", out, request, "--reference", "ticket-9",
                "--second-factor", "callback",
            ),
            "recipient": lambda: self.run(
                "export", "recipient", out, request, self.identity.to_public(), "--proof", "letter-9"
            ),
            "plan": lambda: self.run("export", "plan", out, request, *key, "--json"),
            "ann": lambda: approved("ann"),
            "bob": lambda: approved("bob"),
            "canary": lambda: self.run("export", "canary", out, request, *self.sender, *key),
            "confirm": lambda: self.run(
                "export", "confirm", out, request, *(x for fact in FACTS for x in ("--fact", fact)), *key
            ),
            "seal": lambda: self.run("export", "seal", out, request, *self.sender, *key),
            "release": lambda: self.run(
                "export", "release", out, request, "--identity-file", self.place / "inner.age", *key
            ),
        }  # fmt: skip

    def up_to(self, last, request=None):
        """The request, and what the last command printed."""
        request = request or self.open()
        for step, act in self.steps(request).items():
            said = act()
            if step == last:
                return request, said
        raise ValueError(last)

    def show(self, request):
        return json.loads(self.run("export", "show", self.out, request, "--json"))


@pytest.fixture
def office(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(redo, "prepare", House.prepare)
    loaded = desk_module.load_policy
    monkeypatch.setattr(
        desk_module, "load_policy",
        lambda name: STRICT if name == "strict" else loaded(name),
    )  # fmt: skip
    return Office(tmp_path, monkeypatch, capsys)


def test_the_subject_opens_what_was_released_to_them_and_all_of_it_is_vouched_for(office):
    request, _ = office.up_to("release")
    package = office.out / "private" / "export" / request / "package.age"
    keys = ("--identity", office.place / "anna.age", "--inner", office.place / "inner.age")
    root = ("--root-key", office.place / "root.pub")
    found = json.loads(office.run("export", "verify", package, *root, *keys, "--json"))
    assert (found["request"], found["recordings"]) == (request, 5)
    assert sorted(found["approvers"]) == ["ann", "bob"]
    office.run("export", "open", package, *keys, "--to", office.place / "opened", *root)
    opened = {path.name for path in (office.place / "opened").rglob("*") if path.is_file()}
    assert {"README.txt", "index.html", "manifest.json", "signatures.json", "audio.wav"} <= opened
    manifest = json.loads((office.place / "opened" / "manifest.json").read_text())
    assert sorted(line["id"] for line in manifest["export"]["recordings"]) == sorted(office.names[:5])


def test_the_canary_opens_with_its_own_identity_and_shows_no_fact(office):
    request, said = office.up_to("canary")
    folder = office.out / "private" / "export" / request
    assert said.strip() == str(folder / "canary.age")
    assert "that only the subject knows (calls, first, last, device, account)" in office.said
    keys = ("--identity", office.place / "anna.age", "--inner", folder / "canary-identity.txt")
    root = ("--root-key", office.place / "root.pub")
    found = json.loads(office.run("export", "verify", folder / "canary.age", *root, *keys, "--json"))
    assert (found["part"], found["recordings"]) == ("canary", 3)
    office.run("export", "open", folder / "canary.age", *keys, "--to", office.place / "opened")
    files = [path for path in (office.place / "opened").rglob("*") if path.is_file()]
    assert not [path for path in files if path.name.startswith("audio")]
    text = "".join(path.read_text() for path in files)
    assert "Kitchen" not in text
    assert [day for day in DAYS if day in text] == []


def test_before_the_release_the_package_opens_for_nobody(office):
    request, _ = office.up_to("seal")
    package = office.out / "private" / "export" / request / "package.age"
    other = office.private("other.age", str(pyrage.x25519.Identity.generate()))
    canary = package.with_name("canary-identity.txt")
    hers = office.place / "anna.age"
    for outer, inner in ((hers, other), (other, other), (hers, canary), (hers, hers)):
        with pytest.raises(UsageError):
            office.run("export", "open", package, "--identity", outer, "--inner", inner,
                       "--to", office.place / "opened")  # fmt: skip
    assert not (office.place / "opened").exists()


def test_every_step_is_on_record_and_nothing_there_tells_who_it_is_about(office):
    request, _ = office.up_to("release")
    lines = (office.out / "private" / "audit.jsonl").read_text().splitlines()
    events = [line for line in map(json.loads, lines) if line["event"].startswith("export-")]
    steps = "open identify recipient plan approve approve canary confirm seal release release"
    assert [event["event"] for event in events] == [f"export-{step}" for step in steps.split()]
    assert {event["fields"]["request"] for event in events} == {request}
    told = json.dumps([event["fields"] for event in events])
    recipient = str(office.identity.to_public())
    for word in (ANNA, "letter of", "AGE-SECRET", recipient, "Kitchen", "2026-03", *office.names):
        assert word not in told


def test_no_file_of_the_private_folder_holds_the_id_of_a_subject(office):
    office.up_to("seal")
    for path in (office.out / "private").rglob("*"):
        if path.is_file():
            assert ANNA.encode() not in path.read_bytes(), path


def test_a_preview_says_what_goes_in_and_what_is_left_out(office):
    with office.house.archive() as archive:
        withdraw(archive, office.names[0], [marked(0.1, 0.2)])
    _, said = office.up_to("plan")
    found = json.loads(said)
    assert found["recordings"] == 4
    assert found["left_out"] == {"not-released": 1}
    assert (found["first"], found["last"]) == (sorted(DAYS[1:])[0], sorted(DAYS[1:])[-1])
    assert found["channels"] == {"2": 4}
    assert "left out, 1: not released by the run" in office.said


def test_another_recording_at_the_path_of_one_does_not_go_to_its_owner(office):
    exchange(office.house, office.names[0])
    request, said = office.up_to("plan")
    assert (json.loads(said)["recordings"], json.loads(said)["left_out"]) == (4, {"exchanged": 1})
    assert "left out, 1: the input is another than when the catalog was imported; import" in office.said
    office.import_catalog(code=2)
    assert "1 recordings are another input than when they were imported before (line 2)" in office.said
    office.import_catalog(replace=True)
    assert json.loads(office.steps(request)["plan"]())["recordings"] == 5


def test_another_recording_at_the_path_of_one_stops_what_was_planned(office):
    request, _ = office.up_to("ann")
    exchange(office.house, office.names[0])
    with pytest.raises(UsageError, match=r"line \d of the manifest .* the input is another than the one whose"):
        office.approve(request, "bob")
    assert [incident["rule"] for incident in office.show(request)["incidents"]] == ["exchanged"]


def test_who_has_no_recordings_is_refused_and_told_so(office):
    request = office.open("customer 471")
    steps = office.steps(request)
    steps["identity"]()
    steps["recipient"]()
    office.run("export", "plan", office.out, request, *office.key, code=1)
    assert "there are no recordings of this subject here; tell the requester so" in office.said
    assert office.show(request)["state"] == "refused"


def test_recordings_of_others_in_which_a_subject_speaks_are_counted_and_not_denied(office):
    office.import_catalog(others=f"{ANNA};customer 471")
    _, planned = office.up_to("plan")
    assert (json.loads(planned)["recordings"], json.loads(planned)["spoken_in"]) == (5, 1)
    assert "they speak in 1 recording of others too, which no answer to them has" in office.said
    request = office.open("customer 471")
    steps = office.steps(request)
    steps["identity"]()
    steps["recipient"]()
    out = office.run("export", "plan", office.out, request, *office.key, "--json", code=1)
    assert json.loads(out) == {"id": request, "state": "refused", "spoken_in": 1}
    assert "they speak in 1 recording of others too" in office.said
    assert "tell the requester so of recordings of their own alone" in office.said


def test_what_a_reviewer_found_keeps_a_recording_back_until_it_is_muted_and_no_longer(office):
    request, _ = office.up_to("recipient")
    plan = office.steps(request)["plan"]
    with closing(ReviewStore(office.out / "private" / "review.sqlite3")) as store:
        finding = Finding("f", "item", "r1", office.names[0], 0.1, 0.2, "PERSON", Stage.FOUND)
        with store.transaction() as db:
            insert_findings(db, [finding])
        assert json.loads(plan())["left_out"] == {"withdrawn": 1}
        withdraw_findings(office.house.folder, store, [finding])
    assert json.loads(plan())["left_out"] == {"not-released": 1}
    office.house.run()
    planned = json.loads(plan())
    assert (planned["recordings"], planned["left_out"]) == (5, {})


def test_an_owner_who_changed_stops_it_at_the_approval(office):
    request, _ = office.up_to("ann")
    office.names[0], office.names[5] = office.names[5], office.names[0]
    office.import_catalog(replace=True)
    with pytest.raises(UsageError, match=r"line \d of the manifest .* the catalog names another owner"):
        office.approve(request, "bob")
    found = office.show(request)
    assert found["state"] == "stopped"
    assert [incident["rule"] for incident in found["incidents"]] == ["owner"]


def test_the_first_of_two_approvals_is_good_and_the_same_again_is_no_other(office):
    request, _ = office.up_to("plan")
    file = office.approve(request, "ann")
    office.run("export", "approve-file", office.out, request, file, *office.key)
    assert "1 of 2 approvals; one more person has to approve" in office.said
    events = office.show(request)["events"]
    office.run("export", "approve-file", office.out, request, file, *office.key)
    assert "handed in already; nothing was changed" in office.said and "1 of 2 approvals" in office.said
    assert office.show(request)["events"] == events
    second = office.approve(request, "bob")
    office.run("export", "approve-file", office.out, request, second, *office.key)
    assert "is approved: `export canary` comes next" in office.said and "already" not in office.said
    office.run("export", "approve-file", office.out, request, file, *office.key)
    assert "handed in already" in office.said
    assert [event["step"] for event in office.show(request)["events"]].count("approve") == 2


def test_what_was_stopped_is_not_approved_and_nobody_is_told_of_another_step(office, monkeypatch):
    request, _ = office.up_to("plan")
    real = export_keys.load_key_pair

    def stopped_meanwhile(key, passphrase):
        office.run("export", "deny", office.out, request)
        return real(key, passphrase)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(export_keys, "load_key_pair", stopped_meanwhile)
        with pytest.raises(UsageError, match="`approve` is not possible while the request is stopped"):
            office.approve(request, "ann")
    monkeypatch.setattr(export_keys, "load_key_pair", lambda *asked: 1 / 0)
    with pytest.raises(UsageError, match="`approve` is not possible while the request is stopped"):
        office.approve(request, "ann")
    assert [event["step"] for event in office.show(request)["events"]][-1] == "stop"


def test_a_wrong_fact_stops_it(office):
    request, _ = office.up_to("canary")
    office.run("export", "confirm", office.out, request, "--fact", FACTS[0], "--fact", "device=Bathroom",
               *office.key, code=1)  # fmt: skip
    assert "a fact is wrong: an incident is open" in office.said
    assert office.show(request)["state"] == "stopped"


def test_facts_of_two_are_refused_until_there_is_one_more(office):
    request, _ = office.up_to("canary")
    two = ("--fact", "first=2026-03-02", "--fact", "device=Kitchen")
    with pytest.raises(UsageError, match="for another subject of the catalog too"):
        office.run("export", "confirm", office.out, request, *two, *office.key)
    assert office.show(request)["state"] == "canary"
    office.run("export", "confirm", office.out, request, *two, "--fact", "account=77", *office.key)
    assert office.show(request)["state"] == "confirmed"


def test_facts_come_from_a_private_file_too(office):
    request, _ = office.up_to("canary")
    file = office.private("facts", "account=77\nfirst=2026-03-02\n")
    office.run("export", "confirm", office.out, request, "--facts-file", file, *office.key)
    assert office.show(request)["confirmed_by"] == ["account", "first"]
    file.chmod(0o644)
    with pytest.raises(UsageError):
        office.run("export", "confirm", office.out, request, "--facts-file", file, *office.key)


def test_a_recall_makes_it_worthless_and_after_the_release_it_says_that_it_cannot(office):
    request, _ = office.up_to("seal")
    office.run("export", "recall", office.out, request)
    assert "can never be opened" in office.said
    other, _ = office.up_to("release")
    for act in ("recall", "expire"):
        with pytest.raises(UsageError, match="nothing here can change that any more"):
            office.run("export", act, office.out, other)
    office.run("export", "deny", office.out, other, code=1)
    assert "cannot be taken back; an incident is open" in office.said


@pytest.mark.parametrize("act", ["recall", "deny"])
def test_after_a_release_that_was_interrupted_nobody_says_that_it_can_never_be_opened(office, monkeypatch, act):
    def interrupted(text):
        raise KeyboardInterrupt

    request, _ = office.up_to("seal")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("sys.stdout.write", interrupted)
        office.run("export", "release", office.out, request, *office.key)
    office.run("export", act, office.out, request, code=1)
    assert "nobody knows whether it left" in office.said
    assert "never" not in office.said
    assert office.show(request)["state"] == "stopped"


def test_an_identity_is_not_written_over_a_file_and_goes_to_stdout_otherwise(office):
    request, _ = office.up_to("seal")
    office.private("inner.age", "mine")
    with pytest.raises(UsageError, match="is not overwritten"):
        office.steps(request)["release"]()
    out = office.run("export", "release", office.out, request, *office.key)
    assert re.search(r"^AGE-SECRET-KEY-1", out, re.MULTILINE)
    assert (office.place / "inner.age").read_text() == "mine"


def test_an_identity_that_stdout_does_not_take_can_be_handed_over_again(office, monkeypatch):
    def full(text):
        raise OSError(errno.ENOSPC, "No space left on device")

    request, _ = office.up_to("seal")
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout.write", full)
        with pytest.raises(StoreError, match="No space left on device; release again"):
            office.run("export", "release", office.out, request, *office.key)
    assert "AGE-SECRET-KEY-1" in office.run("export", "release", office.out, request, *office.key)


def test_an_identity_file_is_for_its_owner_alone(office):
    office.up_to("release")
    assert (office.place / "inner.age").stat().st_mode & 0o777 == 0o600


def test_a_list_shows_deadlines_and_no_notes(office, monkeypatch):
    request = office.open()
    said = office.run("export", "list", office.out)
    assert said.startswith(f"{request}  opened      subject-access  20")
    assert "overdue" not in said and "letter" not in said
    monkeypatch.setattr("time.time", lambda: 4e9)
    assert "overdue" in office.run("export", "list", office.out)
    (row,) = json.loads(office.run("export", "list", office.out, "--json"))
    assert (row["id"], row["overdue"]) == (request, True)


def test_two_more_months_are_said_listed_and_on_record(office):
    request = office.open()
    opened = office.show(request)
    day = office.run("export", "extend", office.out, request, "--reason", "many-recordings").strip()
    assert f"only if the requester is told so, with the reason, by {opened['deadline']}" in office.said
    assert 88 <= (date.fromisoformat(day) - date.fromisoformat(opened["opened"][:10])).days <= 92
    (row,) = json.loads(office.run("export", "list", office.out, "--json"))
    assert (row["deadline"], row["extended"], opened["extended"]) == (day, "many-recordings", None)
    assert f"{day}  extended" in office.run("export", "list", office.out)
    found = office.show(request)
    assert (found["deadline"], found["extended"]) == (day, "many-recordings")
    assert [event["step"] for event in found["events"]] == ["open", "extend"]
    assert "extend -> opened" in office.run("export", "show", office.out, request)
    last = json.loads((office.out / "private" / "audit.jsonl").read_text().splitlines()[-1])
    assert (last["event"], last["fields"]["reason"]) == ("export-extend", "many-recordings")
    with pytest.raises(UsageError, match="extended already"):
        office.run("export", "extend", office.out, request, "--reason", "more")


def test_the_note_is_shown_by_show_alone(office):
    request, _ = office.up_to("plan")
    assert office.show(request)["note"] == "letter of 3 May"
    assert "letter of 3 May" in office.run("export", "show", office.out, request)


def test_what_ended_is_purged_when_it_is_said_so(office):
    request, _ = office.up_to("release")
    folder = office.out / "private" / "export" / request
    told = json.loads(office.run("purge", office.out, "--older-than", "0", "--json"))
    assert (told["requests"], told["removed"]) == ([request], False)
    assert folder.is_dir()
    office.run("purge", office.out, "--older-than", "0", "--yes")
    assert not folder.exists()
    assert json.loads(office.run("export", "list", office.out, "--json")) == []
    last = (office.out / "private" / "audit.jsonl").read_text().splitlines()[-1]
    assert json.loads(last)["event"] == "export-purged"


def test_an_incident_is_purged_when_somebody_says_that_it_is_cleared_up(office):
    request, _ = office.up_to("plan")
    office.run("export", "deny", office.out, request)
    told = json.loads(office.run("purge", office.out, "--older-than", "0", "--yes", "--json"))
    assert (told["requests"], told["kept_open"], told["kept_incident"]) == ([], 0, 1)
    assert "0 older requests are open and stay, and 1 with an incident" in office.said
    office.run("purge", office.out, "--older-than", "0", "--cleared-up", request, "--yes")
    last = json.loads((office.out / "private" / "audit.jsonl").read_text().splitlines()[-1])
    told = last["fields"]
    assert (last["event"], told["request"], told["cleared-up"]) == ("export-purged", request, True)


def test_what_is_theirs_goes_with_a_file_of_it_and_only_then(office):
    request = office.open(ANNA, "--keep-own")
    steps = office.steps(request)
    steps["identity"]()
    steps["recipient"]()
    with pytest.raises(UsageError, match="--own goes with"):
        steps["plan"]()
    own = office.private("own", "Ada Quill\n")
    said = office.run("export", "plan", office.out, request, "--own", own, *office.key, "--json")
    assert json.loads(said)["kept_own"] == 5
    other = office.open()
    with pytest.raises(UsageError, match="--own goes with"):
        office.run("export", "plan", office.out, other, "--own", own, *office.key)


def test_other_purposes_take_a_list(office):
    request = office.open("project x", "--purpose", "research")
    steps = office.steps(request)
    steps["identity"]()
    steps["recipient"]()
    names = office.private("names", "\n".join(office.names[4:]))
    with pytest.raises(UsageError, match="mutes less than 'standard'"):
        office.run("export", "plan", office.out, request, "--recordings", names, *office.key)
    subjects = office.private("subjects", f"{BEN}\nnobody\n")
    with pytest.raises(UsageError, match="line 2 of .* is a subject without recordings") as raised:
        office.run("export", "plan", office.out, request, "--subjects", subjects, *office.key)
    assert "nobody" not in str(raised.value)


def test_the_help_names_every_kind_of_fact(capsys):
    parser = argparse.ArgumentParser()
    add_export(parser.add_subparsers())
    with pytest.raises(SystemExit):
        parser.parse_args(["export", "confirm", "--help"])
    said = capsys.readouterr().out
    assert all(kind in said for kind in GROUPS)
