"""``redactor models list`` and ``redactor models verify``."""

import json

import pytest
from model_stand_ins import flip_first_byte, one_model

from redactor.commands.models import models_list, models_verify
from redactor.errors import ModelError

pytest_plugins = ["model_stand_ins"]


def test_list_prints_every_model_and_one_json_object(home, capsys):
    assert models_list(as_json=True) == 0
    out, err = capsys.readouterr()
    rows = {row["name"]: row for row in json.loads(out)["models"]}
    assert (rows["small-one"]["installed"], rows["small-one"]["verified_against"]) == (True, "registry")
    assert (rows["hubbed"]["installed"], rows["hubbed"]["verified_against"]) == (False, "first use")
    assert err == ""
    assert models_list(as_json=False) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1 + len(rows)
    assert "first use" in err


@pytest.mark.parametrize(
    ("names", "code", "states"),
    [
        ([], 0, {"small-one": "verified", "split": "verified", "hubbed": "not installed"}),
        (["split", "small-one"], 0, {"split": "verified", "small-one": "verified"}),
        (["hubbed"], 2, {"hubbed": "not installed"}),
    ],
)
def test_verify_fails_on_missing_models_only_when_they_are_named(home, hub, capsys, names, code, states):
    assert models_verify(names, as_json=True) == code
    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] is (code == 0)
    assert {row["name"]: row["state"] for row in answer["models"]} == states
    assert models_verify(names, as_json=False) == code
    assert capsys.readouterr().out.splitlines() == [f"{n}: {s}" for n, s in states.items()]


def test_verify_fails_on_an_altered_model_and_tells_a_person_why(home, hub, capsys):
    flip_first_byte(one_model(home) / "model.bin")
    assert models_verify([], as_json=True) == 2
    out, err = capsys.readouterr()
    assert [row["state"] for row in json.loads(out)["models"]] == ["altered", "verified", "not installed"]
    assert "'model.bin' was altered; install it again" in err


def test_verify_refuses_an_unknown_name(home):
    with pytest.raises(ModelError, match="did you mean 'small-one'"):
        models_verify(["small_one"], as_json=False)
