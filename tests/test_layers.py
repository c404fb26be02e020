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
    ["timebase", "files", "locks", "batching", "intervals", "textplaces", "entities", "extras", "invariants",
     "policy"],
    ["kernels", "config", "edges", "crosstalk", "audio"],
    ["config_text", "model_registry", "model_entries", "model_files", "model_hub", "model_adapter"],
    ["transcribe", "detect", "align", "redact", "report", "keep"],
    ["verify", "sqlite", "runfolder", "names", "inputs", "audit"],
    ["staging", "identity", "settings", "ledger", "known_runs", "record", "forgetting"],
    ["pipeline", "kept", "sentinels"],
    ["engines"],
    ["runs", "runthrough", "anew", "bench", "review", "export"],
    ["commands"],
    ["cli", "cli_options", "cli_review", "cli_export", "cli_export_package", "__main__"],
]
STAGES = {"transcribe", "detect", "align", "redact", "verify"}
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}

# What takes seconds to import, or could talk to the network: a `redactor --help` needs none of it.
HEAVY = (
    "av cryptography ctranslate2 faster_whisper huggingface_hub numba numpy onnxruntime presidio_analyzer "
    "requests scipy soundfile soxr spacy sqlalchemy starlette tldextract torch urllib3 uvicorn pyarrow pyrage"
).split()

MAY_PRINT = {"commands", "cli"}
MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 60


def top(module):
    """First part of a module's name below the package."""
    return Path(module).parts[0].removesuffix(".py")


def imported(tree):
    """Full names of all that is imported anywhere in a module, functions and type checking included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            if node.module == "redactor":
                yield from (f"redactor.{alias.name}" for alias in node.names)
            else:
                yield node.module


def parse(module):
    return ast.parse((PACKAGE / module).read_text())


def breaches(module, tree):
    """Imports that do not point downward."""
    own = top(module)
    for name in imported(tree):
        parts = name.split(".")
        if parts[0] != "redactor" or len(parts) == 1 or parts[1] == own:
            continue
        if parts[1] not in RANK:
            if (PACKAGE / parts[1]).is_dir() or (PACKAGE / f"{parts[1]}.py").is_file():
                yield f"{module} imports {name}, which is in no layer"
        elif RANK[parts[1]] > RANK[own]:
            yield f"{module} imports {name} from above"
        elif {parts[1], own} <= STAGES:
            yield f"stage {own} imports stage {parts[1]}"


def style_faults(module, tree):
    """What STYLE says holds everywhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            yield f"assert at line {node.lineno}"
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if node.end_lineno - node.lineno + 1 > MAX_FUNCTION_LINES:
                yield f"{node.name} is too long"
        elif isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            yield f"import * at line {node.lineno}"
        elif isinstance(node, ast.Raise) and "cannot be written" in (told := told_by(node)) and ";" not in told:
            yield f"an error at line {node.lineno} without a next step"
        elif isinstance(node, ast.Call) and top(module) not in MAY_PRINT and is_output(node.func):
            yield f"prints or exits at line {node.lineno}"


def told_by(node):
    """The text of an error that is raised."""
    return "".join(n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str))


def is_output(function):
    """print, exit, sys.exit, sys.stdout.write and the like; os._exit ends a worker and prints nothing."""
    written = ast.unparse(function)
    return written in ("print", "exit", "quit", "sys.exit") or written.startswith(("sys.stdout", "sys.stderr"))


def test_every_module_has_its_layer():
    tops = {top(module) for module in MODULES}
    assert tops.issubset(RANK), "a new module: say in LAYERS where it stands"
    assert STAGES.issubset(RANK)


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_imports_point_downward(module):
    assert list(breaches(module, parse(module))) == []


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_rules_of_style_hold(module):
    assert len((PACKAGE / module).read_text().splitlines()) <= MAX_MODULE_LINES
    if module != Path("__main__.py"):
        assert list(style_faults(module, parse(module))) == []


@pytest.mark.parametrize(
    ("module", "code"),
    [
        ("types.py", "from redactor.config import Policy"),
        ("align.py", "import redactor.detect.presidio"),
        ("detect/new.py", "from redactor import transcribe"),
        ("redact/text.py", "def f():\n    from redactor.pipeline import Tools"),
        ("kernels/mute.py", "if TYPE_CHECKING:\n    from redactor.engines.base import Job"),
    ],
)
def test_an_import_that_points_upward_would_be_seen(module, code):
    assert len(list(breaches(Path(module), ast.parse(code)))) == 1


@pytest.mark.parametrize(
    "code",
    [
        "assert x",
        "from os import *",
        "def f():\n" + "    x = 1\n" * 60,
        "def f(x):\n    print(x)",
        "import sys\nsys.exit(1)",
        "import sys\nsys.stderr.write('x')",
        "raise E(f'{x} cannot be written: {y}')",
    ],
)
def test_a_breach_of_style_would_be_seen(code):
    assert len(list(style_faults(Path("align.py"), ast.parse(code)))) == 1


def loaded_by(code):
    script = f"import sys\n{code}\nprint(*sorted(m for m in sys.argv[1:] if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", script, *HEAVY], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_the_command_line_starts_without_loading_any_heavy_library():
    assert loaded_by("import redactor.cli; redactor.cli.build_parser()") == []


def test_who_hands_out_work_starts_without_the_detectors():
    """While they are imported, no worker has started yet."""
    assert not {"presidio_analyzer", "spacy"} & set(loaded_by("import redactor.runs"))


def test_what_is_loaded_would_be_seen():
    assert "numpy" in loaded_by("import redactor.types")
