"""The tree is the data flow: imports point downward only, and a few rules hold everywhere."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import redactor

PACKAGE = Path(redactor.__file__).parent
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))

# From the bottom up; a module may import from its own line or from below. Stages never import each other.
LAYERS = [
    ["__init__", "types", "errors"],
    ["timebase", "files", "entities", "invariants"],
    ["kernels", "audio", "config", "model_registry", "model_entries", "model_files", "model_hub"],
    ["transcribe", "detect", "align", "redact", "report"],
    ["verify", "sqlite", "runfolder", "names", "inputs"],
    ["staging", "identity", "ledger", "known_runs"],
    ["pipeline"],
    ["engines"],
    ["runs", "review", "export"],
    ["commands"],
    ["cli", "__main__"],
]
STAGES = {"transcribe", "detect", "align", "redact", "verify"}
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}


def top(module):
    """First part of a module's name below the package."""
    return Path(module).parts[0].removesuffix(".py")


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "redactor":
            yield from (f"redactor.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def parse(module):
    return ast.parse((PACKAGE / module).read_text())


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_imports_point_downward(module):
    own = top(module)
    for name in imported(parse(module)):
        parts = name.split(".")
        if parts[0] != "redactor" or len(parts) == 1 or parts[1] not in RANK:
            continue
        assert RANK[parts[1]] <= RANK[own], f"{module} imports {name}"
        assert parts[1] == own or not {parts[1], own} <= STAGES, f"stage {own} imports stage {parts[1]}"


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_rules_of_style_hold(module):
    tree = parse(module)
    assert len((PACKAGE / module).read_text().splitlines()) <= 400
    for node in ast.walk(tree):
        assert not isinstance(node, ast.Assert), f"assert at line {node.lineno}"
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert node.end_lineno - node.lineno < 60, f"{node.name} is too long"
        if isinstance(node, ast.ImportFrom):
            assert all(alias.name != "*" for alias in node.names)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print":
            assert top(module) in ("commands", "cli")


def test_the_command_line_starts_without_loading_models_libraries():
    code = (
        "import sys, redactor.cli; "
        "print([m for m in ('faster_whisper', 'ctranslate2', 'spacy', 'presidio_analyzer', 'numba') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
