"""Advice on installing names the packages that are needed, never one that is somebody else's on the index."""

import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest

from redactor import extras
from redactor.extras import install_command

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("extra", ["review", "export"])
def test_every_package_of_an_extra_is_named_with_its_versions_and_ours_is_not(extra):
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"][extra]
    command = install_command(extra)
    named = re.findall(r'"([^"]+)"', command)
    assert sorted(map(_parts, named)) == sorted(map(_parts, wanted))
    assert "redactor" not in command


def _parts(requirement):
    """Name and bounds, whatever their order: the metadata of a package puts them in another one."""
    name, bounds = re.fullmatch(r"([A-Za-z0-9-]+)(.*)", requirement).groups()
    return name, sorted(bounds.split(","))


def test_where_nothing_is_installed_the_checkout_is_named(monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(extras.importlib.metadata, "requires", missing)
    assert install_command("review") == 'pip install -c constraints.txt -e ".[review]" in the checkout'


def test_no_text_tells_to_install_a_package_of_our_name():
    told = [*ROOT.glob("*.md"), *ROOT.glob("*/README.md"), *(ROOT / "redactor").rglob("*.py")]
    assert len(told) > 100
    for path in told:
        assert not re.search(r"pip install[^\n`]*[\"' ]redactor\b", path.read_text()), path
