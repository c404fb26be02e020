"""``redactor policy show``."""

import tomllib
from dataclasses import fields

import pytest

from redactor.commands.policy import policy_show
from redactor.config import load_policy
from redactor.errors import PolicyError
from redactor.policy import Policy


def test_show_prints_the_policy_in_force_with_its_digest(capsys, tmp_path):
    assert policy_show("strict") == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith(f"# digest of what is in force: sha256 {load_policy('strict').digest}\n")
    (tmp_path / "shown.toml").write_text(out)
    assert load_policy(str(tmp_path / "shown.toml")) == load_policy("strict")


def test_show_completes_a_file_of_ones_own(capsys, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("[entities]\nPERSON = 0.5\n")
    policy_show(str(path))
    shown = tomllib.loads(capsys.readouterr().out)
    assert {key for key, value in shown.items() if isinstance(value, dict)} == {
        field.name for field in fields(Policy) if field.name not in ("name", "description")
    }
    assert shown["align"]["padding_before_ms"] == 50.0


def test_show_refuses_an_unknown_policy():
    with pytest.raises(PolicyError, match="did you mean 'strict'"):
        policy_show("strickt")
