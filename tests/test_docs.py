"""What a person can type or set is in the README."""

import argparse
import re
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from redactor.cli import EXIT_CODES, build_parser
from redactor.config import policy_names
from redactor.entities import ENTITY_TYPES
from redactor.policy import Policy

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


GROUPS = ("models", "policy", "review", "catalog", "export")
COMMANDS = [name for name in ALL if name.split(" ")[1:] not in ([], *([group] for group in GROUPS))]


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


@pytest.mark.parametrize("name", ENTITY_TYPES)
def test_every_entity_type_is_described(name):
    assert f"| `{name}` | {ENTITY_TYPES[name]} |" in README


def rows(heading):
    """Cells of the table under a heading, without the heading and the line below it."""
    table = README[README.index(heading) :].split("\n\n")[0]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table.splitlines()[2:]]


def short(name):
    """What a command is called in the table of options."""
    words = name.split(" ")[1:]
    if words[:1] in (["review"], ["catalog"], ["export"]):
        return " ".join(words)
    return "audit" if words[:1] == ["audit"] else "".join(words[-1:])


def test_options_are_described_for_just_the_commands_that_take_them():
    described = {}
    for names, commands, _ in rows("| option | of | meaning |"):
        for option in re.findall(r"`(-[^`]+)`", names):
            described[option] = commands
    taken = {}
    for name, parser in ALL.items():
        for option in (o for a in parser._actions for o in a.option_strings if a.dest != "help"):
            taken.setdefault(option, set()).add(short(name))
    everything = {short(name) for name in COMMANDS}
    with_json = taken["--json"]
    groups = {
        "models": {"list", "verify"},
        "policy": {"show"},
        **{group: {n for n in everything if n.startswith(f"{group} ")} for group in ("review", "catalog")},
        # Those that work in a run folder; and those that move a request, a key or an approval.
        "export": {n for n in taken["--private"] if n.startswith("export ")},
        "export steps": {n for n in everything - with_json if n.startswith("export ")},
    }
    for option, commands in taken.items():
        written = described.pop(option)
        but = written.removeprefix("all but ")
        named = {name for word in filter(None, but.split(", ")) for name in groups.get(word, {word})}
        assert (everything - named if but != written else named) == commands - {""}, option
    assert described == {}, "no command takes it"


def test_no_key_is_described_that_is_none():
    described = {key for row in rows("| key | meaning |") for key in re.findall(r"`([a-z_.]+)`", row[0])}
    assert described - set(KEYS) == {"name", "description", "entities"}


@pytest.mark.parametrize("name", COMMANDS)
def test_what_a_command_cannot_do_without_is_in_its_line(name):
    needed = [a.option_strings[0] for a in ALL[name]._actions if a.required and a.option_strings]
    lines = re.findall(rf"`{name}(?: [^`]*)?`", README.split("| option | of |")[0])
    assert any(all(f" {option}" in line for option in needed) for line in lines), needed


def test_exit_codes_are_told_of_commands_that_exist():
    known = {name.removeprefix("redactor ") for name in COMMANDS}
    told = [name for row in rows("| of | 0 | 1 |") for name in re.findall(r"`([^`]+)`", row[0])]
    assert len(told) == len(set(told)) > 10
    assert set(told) <= known


def test_no_exit_code_is_described_that_is_none():
    assert [int(row[0]) for row in rows("| exit code | meaning |")] == list(EXIT_CODES)


MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))


DOCUMENTS = ["README.md", "CONTRIBUTING.md", "benchmarks/README.md", "examples/README.md"]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_that_is_named_exists(document):
    text = (ROOT / document).read_text()
    named = set(re.findall(r"(?:^ {4}|`)make ([a-z][a-z-]*)", text, re.MULTILINE))
    assert named <= TARGETS
    assert document != "README.md" or {"demo", "test"} <= named


def test_every_make_target_is_phony_and_told():
    phony = set(re.search(r"^\.PHONY: (.*)", MAKEFILE, re.MULTILINE)[1].split())
    assert phony == TARGETS


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_every_file_that_is_linked_exists(document):
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / document).read_text()):
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_every_path_of_a_file_that_is_named_exists():
    named = re.findall(r"\b((?:benchmarks|redactor|tests|models|configs)/[\w./-]+\.(?:py|md|toml))\b", README)
    assert named
    assert [path for path in named if not (ROOT / path).is_file()] == []


def test_the_changelog_says_what_is_new():
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert changelog.startswith("# Changelog\n\n## Unreleased\n")
    assert re.search(r"^- \S", changelog, re.MULTILINE)


def test_nothing_in_the_readme_is_a_gap():
    assert "{{" not in README
    assert "TODO" not in README
