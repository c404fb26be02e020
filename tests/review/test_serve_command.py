"""The commands around the page: who may be invited, and what is refused before anything is served."""

import json
import signal
import subprocess
import sys
import time
from contextlib import closing

import pytest
from review_helpers import make_review
from test_serve_process import Visitor

from redactor.commands.review_serve import review_invite, review_people, review_revoke, review_serve
from redactor.config import load_policy
from redactor.errors import UsageError
from redactor.ledger import Ledger
from redactor.names import load_key
from redactor.settings import Settings

pytestmark = pytest.mark.long

URL = "http://127.0.0.1:8765"


@pytest.fixture
def review(tmp_path):
    review = make_review(tmp_path)
    key_file = tmp_path / "keys" / "names.key"
    load_key(key_file, create=True)
    settings = Settings(load_policy("standard"), "base", "cpu", 1, 1, key_file, False)
    with closing(Ledger(review.out / "private" / "ledger.sqlite3")) as ledger:
        ledger.set_setting("settings", settings.to_json())
    return review


def invite(review, **changes):
    options = {
        "private": None, "label": "Ann", "role": "reviewer", "hours": 1.0, "base_url": URL, "as_json": True
    }  # fmt: skip
    return review_invite(review.out, **{**options, **changes})


def serve(review, **changes):
    options = {"private": None, "host": "127.0.0.1", "port": 0, "tls_cert": None, "tls_key": None}
    return review_serve(review.out, **{**options, **changes})


def test_a_link_is_printed_once_and_kept_nowhere(review, capsys):
    assert invite(review) == 0
    told = capsys.readouterr()
    document = json.loads(told.out)
    token = document["link"].removeprefix(f"{URL}/enter/")
    assert len(token) == 43
    assert token not in told.err
    assert token.encode() not in review.stored()
    invite(review, as_json=False)
    assert capsys.readouterr().out.startswith(f"{URL}/enter/")


def test_who_was_invited_is_listed_without_links(review, capsys):
    invite(review)
    invite(review, label="Olga", role="operator")
    tokens = [json.loads(line)["link"].rpartition("/")[2] for line in capsys.readouterr().out.splitlines()]
    assert review_people(review.out, private=None, as_json=True) == 0
    listed = capsys.readouterr().out
    people = {p["label"]: p for p in json.loads(listed)["people"]}
    assert (people["Ann"]["role"], people["Ann"]["invitation"], people["Ann"]["verdicts"]) == (
        "reviewer", "unused", 0
    )  # fmt: skip
    assert people["Olga"]["role"] == "operator"
    assert review_people(review.out, private=None, as_json=False) == 0
    listed += capsys.readouterr().out
    assert "Ann: link unused, 0 verdicts" in listed
    assert not any(token in listed for token in tokens)


def test_somebody_is_revoked_by_their_id(review, capsys):
    invite(review)
    who = json.loads(capsys.readouterr().out)["reviewer"]
    assert review_revoke(review.out, private=None, reviewer=who) == 0
    review_people(review.out, private=None, as_json=True)
    assert json.loads(capsys.readouterr().out)["people"][0]["invitation"] == "revoked"
    for again in (who, "nobody"):
        with pytest.raises(UsageError, match="review people"):
            review_revoke(review.out, private=None, reviewer=again)


@pytest.mark.parametrize(
    ("url", "match"),
    [
        ("review.example", "none such as"),
        ("ftp://127.0.0.1", "none such as"),
        ("http://127.0.0.1/sub", "none such as"),
        ("http://me@127.0.0.1", "none such as"),
        ("http://[", "none such as"),
        ("http://review.example", "needs https"),
    ],
)
def test_links_that_lead_astray_are_not_made(review, url, match):
    with pytest.raises(UsageError, match=match):
        invite(review, base_url=url)
    assert review.people.everybody() == []


@pytest.mark.parametrize("command", ["serve", "invite", "people", "revoke"])
def test_a_run_with_kept_names_is_refused_and_so_is_one_with_nothing_drawn(review, command):
    def call():
        if command == "serve":
            return serve(review)
        if command == "invite":
            return invite(review)
        if command == "people":
            return review_people(review.out, private=None, as_json=False)
        return review_revoke(review.out, private=None, reviewer="x")

    with closing(Ledger(review.out / "private" / "ledger.sqlite3")) as ledger:
        ledger.set_setting("keep_names", "true")
    with pytest.raises(UsageError, match="--keep-names"):
        call()
    with closing(Ledger(review.out / "private" / "ledger.sqlite3")) as ledger:
        ledger.set_setting("keep_names", "false")
    with review.store.transaction() as db:
        db.execute("DELETE FROM lot")
    with pytest.raises(UsageError, match="nothing was drawn"):
        call()
    review.store.close()
    for file in review.database.parent.glob("review.sqlite3*"):
        file.unlink()
    with pytest.raises(UsageError, match="nothing was drawn"):
        call()
    assert not review.database.exists()


def test_an_address_that_others_reach_is_refused_before_anything(review):
    with pytest.raises(UsageError, match="--tls-cert"):
        serve(review, host="0.0.0.0")


def test_without_the_extra_the_command_names_it(review, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "redactor.review.serve.server", raising=False)
    with pytest.raises(UsageError, match="page needs uvicorn: pip install \"jinja2"):
        serve(review)


def test_a_leak_has_its_recording_withdrawn(review, monkeypatch):
    called, served, asked = [], [], []
    monkeypatch.setattr("redactor.review.serve.server.serve", lambda site, address, ready: served.append(site))
    monkeypatch.setattr("redactor.review.consequences.withdraw_findings", lambda *given: called.append(given))
    monkeypatch.setattr("redactor.review.redo.Redo.ask", lambda redo: asked.append(redo))
    assert serve(review) == 0
    served[0].on_leak(review.items[0], ["finding"])
    [(folder, store, findings)] = called
    assert folder.release == served[0].release == review.out / "release"
    assert store is served[0].store
    assert findings == ["finding"] and len(asked) == 1  # to be done anew
    assert served[0].private == review.out / "private" / "review"


def test_who_listens_is_on_record(review, monkeypatch):
    served = []
    monkeypatch.setattr("redactor.review.serve.server.serve", lambda site, address, ready: served.append(site))
    assert serve(review) == 0
    item = review.items[0]
    served[0].on_listen("r-1", item)
    last = json.loads((review.out / "private" / "audit.jsonl").read_text().splitlines()[-1])
    assert last["event"] == "listened"
    assert last["fields"] == {"item": item.id, "id": item.name, "reviewer": "r-1"}


def test_the_command_serves_until_it_is_interrupted(review):
    code = (
        "import sys; from pathlib import Path; from redactor.commands.review_serve import review_serve\n"
        "sys.exit(review_serve(Path(sys.argv[1]), private=None, host='127.0.0.1', port=0, tls_cert=None, "
        "tls_key=None))"
    )
    process = subprocess.Popen([sys.executable, "-c", code, review.out], stderr=subprocess.PIPE, text=True)
    try:
        url = process.stderr.readline().split()[2].rstrip(";")
        review.clock.at = time.time()
        ann = Visitor(url).enter(review.link())
        assert ann.next_path() == f"/item/{review.items[0].id}"
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert "every verdict" in process.stderr.read()
    finally:
        process.kill()
        process.communicate()
