"""``redactor explain``: what was muted, why, and what the check saw; never text."""

import json
from contextlib import closing

import pytest

from redactor.commands.explain import explain
from redactor.errors import UsageError
from redactor.inputs import as_uri
from redactor.ledger import InputMap, Ledger, Origin, Row, State
from redactor.runfolder import create_run_folder
from redactor.types import ReleasedFile

DONE, HELD = "0a" * 16, "0b" * 16
REDACTION = {
    "types": ["PERSON"], "origin": "detected", "start": 1.25, "end": 2.5, "channels": [0, 1], "score": 0.85,
    "recognizers": ["SpacyRecognizer"],
}  # fmt: skip
UNHEARD = {
    **REDACTION, "types": [], "origin": "unheard", "start": 4.0, "end": 5.0, "score": None, "recognizers": [],
}  # fmt: skip
FOUND = {"source": "hearing", "type": "PIN_CODE", "channel": 0, "start": 7.125, "end": 8.0}
APART = {"source": "hearing", "type": None, "channel": 1, "start": 9.0, "end": 19.0}
FAULT = {"kind": "residue", "start": 1.3, "end": 1.4, "channels": [0], "detail": "correlation 0.91"}
ROUND = {"round": 1, "listened": True, "agreement": 0.875, "faults": [], "found": [FOUND, APART]}
LOOKED = {"round": 2, "listened": False, "agreement": None, "faults": [FAULT], "found": []}


@pytest.fixture
def out(tmp_path):
    folder = create_run_folder(tmp_path / "out")
    report = f"reports/0a/{DONE}.json"
    path = folder.release / report
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"redactions": [{**REDACTION, "operator": "silence"}, UNHEARD]}))
    with closing(Ledger(folder.ledger)) as ledger, closing(InputMap(folder.inputs)) as inputs:
        provenance = {"policy": {"name": "standard", "digest": "0"}}
        ledger.finish(
            Row(
                DONE, State.DONE, duration=20.0, muted=2.25, verdict="passed", provenance=provenance,
                files=(ReleasedFile(report, "0", 1),), account={"check": [ROUND, {**LOOKED, "faults": []}]},
            )
        )  # fmt: skip
        ledger.finish(
            Row(
                HELD, State.QUARANTINED, stage="verify", reason="residue", detail="did not pass",
                account={"check": [ROUND, LOOKED], "redactions": [REDACTION]},
            )
        )  # fmt: skip
        inputs.put({HELD: Origin((tmp_path / "a call.wav").as_uri(), "a call.wav", "")})
    return folder.out


def said(out, target, capsys, **options):
    code = explain(out, target, private=None, as_json=False, **options)
    return code, capsys.readouterr().out


def test_a_released_recording(out, capsys):
    code, text = said(out, DONE, capsys)
    assert code == 0
    assert text.splitlines() == [
        f"{DONE}: done",
        "  policy standard",
        "  20.0 s, 2.2 s of it muted",
        "  muted 1.250 to 2.500 s (channel 0, 1): personal data in the words "
        "(PERSON, score 0.85 by SpacyRecognizer)",
        "  muted 4.000 to 5.000 s (channel 0, 1): speech that became no words",
        "  check, round 1: listened to; 88% of the words as at first",
        "    still heard 7.12 to 8.00 s (channel 0): PIN_CODE, by listening again",
        "    still heard 9.00 to 19.00 s (channel 1): speech that only one of two hearings has, "
        "by listening again",
        "  check, round 2: files read, not listened to",
        "  verdict: passed",
    ]


@pytest.mark.parametrize("by", ["name", "path"])
def test_one_that_was_held_back_by_name_or_as_it_was_given(out, capsys, tmp_path, by):
    code, text = said(out, HELD if by == "name" else str(tmp_path / "a call.wav"), capsys)
    assert code == 1
    assert "  why at verify: residue: did not pass" in text
    assert "  muted 1.250 to 2.500 s" in text
    assert "    wrong: residue at 1.300 to 1.400 s (correlation 0.91)" in text
    assert "verdict" not in text


def test_as_json(out, capsys):
    assert explain(out, HELD, private=None, as_json=True) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["check"] == [ROUND, LOOKED] and document["redactions"] == [REDACTION]
    assert (document["state"], document["reason"], document["stage"]) == ("quarantined", "residue", "verify")


def test_a_report_that_is_gone_is_said_without_it(out, capsys):
    (out / "release" / "reports" / "0a" / f"{DONE}.json").unlink()
    code, text = said(out, DONE, capsys)
    assert code == 0 and "muted 1.250" not in text


@pytest.mark.parametrize("target", ["f" * 32, "/nowhere/else.wav"])
def test_one_that_the_folder_does_not_know(out, target):
    with pytest.raises(UsageError, match="redactor status"):
        explain(out, target, private=None, as_json=False)


def test_status_names_what_the_check_objected_to_and_when(out, capsys):
    from redactor.commands.status import status

    assert status(out, private=None, as_json=True) == 1
    (held,) = json.loads(capsys.readouterr().out)["not_released"]
    assert held["objections"] == [{"what": "residue", "start": 1.3, "end": 1.4}]
    assert status(out, private=None, as_json=False) == 1
    assert "at verify: residue: did not pass [residue at 1.30 to 1.40 s]" in capsys.readouterr().out


def test_a_path_that_is_not_utf_8_is_found_or_said_to_be_unknown(out, capsys, tmp_path):
    path = tmp_path / "caf\udce9.wav"
    with pytest.raises(UsageError, match="has no recording"):
        said(out, str(path), capsys)
    with closing(InputMap(out / "private" / "inputs.sqlite3")) as inputs:
        inputs.put({HELD: Origin(as_uri(path), "caf%E9.wav", "")})
    code, text = said(out, str(path), capsys)
    assert (code, text.splitlines()[0]) == (1, f"{HELD}: quarantined")
