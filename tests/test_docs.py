"""What a person can type or set is in the README."""

import argparse
import re
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from redactor.cli import EXIT_CODES, build_parser
from redactor.config import Policy, policy_names

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()


def parsers(parser, name="redactor"):
    yield name, parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, child in action.choices.items():
                yield from parsers(child, f"{name} {word}")


ALL = dict(parsers(build_parser()))
OPTIONS = sorted({o for p in ALL.values() for a in p._actions for o in a.option_strings if o.startswith("--")})
KEYS = [
    f"{section.name}.{key.name}"
    for section in fields(Policy)
    if is_dataclass(section.default_factory)
    for key in fields(section.default_factory)
]


COMMANDS = [name for name in ALL if name not in ("redactor", "redactor models", "redactor policy")]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_described(name):
    assert f"`{name}" in README


@pytest.mark.parametrize("option", [o for o in OPTIONS if o != "--help"])
def test_every_option_is_described(option):
    assert re.search(rf"^\|[^|]*`{option}`", README, re.MULTILINE)


@pytest.mark.parametrize("key", KEYS)
def test_every_key_of_a_policy_is_described(key):
    assert f"`{key}`" in README


@pytest.mark.parametrize("code", EXIT_CODES)
def test_every_exit_code_is_described(code):
    assert f"| {code} | {EXIT_CODES[code]}" in README


@pytest.mark.parametrize("name", policy_names())
def test_every_shipped_policy_is_described(name):
    assert f"`{name}`" in README


def test_nothing_in_the_readme_is_a_gap():
    assert "{{" not in README
    assert "TODO" not in README
