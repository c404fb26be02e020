"""No code runs because of what stands in a file: no shell, no other program, no pickle, no eval, anywhere.

One exception: the parent and its own workers send each other objects over `multiprocessing` pipes, which pickle
them. Both ends of such a pipe are processes of ours with the same code, the descriptors are inherited and have
no name that anybody else could open, and what a worker sends is made by this package (`Outcome`, `Step`,
errors) and never read from a recording. The modules that hold an end are listed here.
"""

import ast
from pathlib import Path

import pytest

import redactor

PACKAGE = Path(redactor.__file__).parent
MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))

HOLDS_A_PIPE = set(
    "engines/local.py engines/worker.py transcribe/probe.py bench/worker.py review/redo.py".split()
)
# Other programs that the package starts, by module; there are none.
STARTS_PROGRAMS: set[str] = set()

SERIALIZERS = set("pickle cPickle _pickle marshal shelve dill cloudpickle joblib jsonpickle".split())
PROGRAMS = {"subprocess", "pty", "popen2", "commands", "pexpect", "asyncio.subprocess"}
CODE = {"eval", "exec", "compile", "__import__", "execfile"}
OF_OS = {"system", "popen", "posix_spawn", "posix_spawnp", "startfile", "forkpty"}
LOADERS = set("yaml.load yaml.unsafe_load yaml.full_load torch.load runpy.run_path runpy.run_module".split())


def breaches(module, tree):
    """What would run something that is not this package's code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from _imported(module, [alias.name for alias in node.names], node)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            yield from _imported(module, names, node)
        elif isinstance(node, ast.Call):
            yield from _called(node)
        elif isinstance(node, ast.Attribute) and _is_of_os(_written(node)):
            yield f"{_written(node)} at line {node.lineno}"


def _imported(module, names, node):
    for name in names:
        first = name.partition(".")[0]
        starts = first in PROGRAMS or name in PROGRAMS
        sends = first == "multiprocessing"
        is_listed = module in STARTS_PROGRAMS if starts else module in HOLDS_A_PIPE if sends else False
        if (starts or sends or first in SERIALIZERS or _is_of_os(name)) and not is_listed:
            yield f"import of {name} at line {node.lineno}"


def _is_of_os(name):
    module, _, function = name.rpartition(".")
    return module in ("os", "posix") and (function in OF_OS or function.startswith(("exec", "spawn")))


def _written(node):
    """A name, or a name of a module with one behind a dot; what is reached otherwise has none."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _called(node):
    name = _written(node.func)
    if name in CODE or name in LOADERS or name.startswith("builtins."):
        yield f"{name} at line {node.lineno}"
    for keyword in node.keywords:
        is_off = isinstance(keyword.value, ast.Constant) and not keyword.value.value
        if keyword.arg in ("shell", "allow_pickle") and not is_off:
            yield f"{keyword.arg} at line {node.lineno}"


@pytest.mark.parametrize("module", MODULES)
def test_nothing_runs_what_stands_in_a_file(module):
    assert list(breaches(module, ast.parse((PACKAGE / module).read_text()))) == []


@pytest.mark.parametrize("module", sorted(HOLDS_A_PIPE | STARTS_PROGRAMS))
def test_every_exception_is_still_needed(module):
    assert list(breaches("align.py", ast.parse((PACKAGE / module).read_text())))


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "import pickle as safe",
        "from pickle import loads",
        "def f():\n    from marshal import loads",
        "import shelve, json",
        "from joblib import load",
        "import subprocess",
        "from subprocess import run",
        "from asyncio import subprocess",
        "import multiprocessing",
        "from multiprocessing.connection import Listener",
        "import os\nos.system('true')",
        "import os\nrun = os.popen",
        "from os import system",
        "import os\nos.execv('/bin/sh', [])",
        "import os\nos.spawnlp(0, 'sh')",
        "eval('1')",
        "exec(text)",
        "__import__(name)",
        "compile(text, '', 'exec')",
        "import yaml\nyaml.load(text)",
        "import torch\ntorch.load(path)",
        "run(words, shell=True)",
        "run(words, shell=wanted)",
        "numpy.load(path, allow_pickle=True)",
    ],
)
def test_a_breach_would_be_seen(code):
    assert len(list(breaches("align.py", ast.parse(code)))) >= 1


@pytest.mark.parametrize(
    "code",
    [
        "import json, tomllib, struct",
        "re.compile(text)",
        "model.eval()",
        "run(words, shell=False)",
        "os._exit(1)",
        "from concurrent.futures import ThreadPoolExecutor",
    ],
)
def test_what_runs_nothing_is_no_breach(code):
    assert list(breaches("align.py", ast.parse(code))) == []
