"""The wheel works away from the checkout: what stands at the top level travels inside it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile

import pytest
from kill_helpers import EXAMPLES, ROOT, write_policy

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Run a module's command line from another folder, with the wheel alone on the path."""
    site = tmp_path_factory.mktemp("site")
    away = tmp_path_factory.mktemp("away")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site), str(wheel)]
    subprocess.run(pip, check=True, capture_output=True)
    env = {**os.environ, "PYTHONPATH": str(site), "XDG_CONFIG_HOME": str(away / "config")}

    def run(*argv):
        return subprocess.run(
            [sys.executable, *map(str, argv)], cwd=away, env=env, capture_output=True, text=True, check=False
        )

    where = run("-c", "import redactor; print(redactor.__file__)")
    assert where.stdout.startswith(str(site)), where.stderr
    return run


def test_the_wheel_holds_policies_registry_and_its_own_small_model(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for path in (ROOT / "configs").glob("*.toml"):
        assert f"redactor/_shipped/configs/{path.name}" in names
    assert "redactor/_shipped/models/registry.toml" in names
    assert "redactor/_shipped/models/spoken_pii/model/model.onnx" in names
    assert "redactor/detect/recognizers/data/given_names.txt" in names
    for path in (ROOT / "examples" / "bench").rglob("*.*"):
        assert f"redactor/_shipped/bench/{path.relative_to(ROOT / 'examples' / 'bench')}" in names
    assert not [name for name in names if name.startswith(("tests/", "examples/", "benchmarks/"))]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("policy", "show", "strict"), "[entities]"),
        (("models", "list"), "en_core_web_sm"),
        (("models", "verify", "tiny.en"), "tiny.en: verified"),
    ],
)
def test_commands_find_what_ships(installed, words, expected):
    done = installed("-m", "redactor", *words)
    assert done.returncode == 0, done.stderr
    assert expected in done.stdout


def test_the_sample_of_bench_is_found_where_it_was_installed(installed):
    done = installed(
        "-c",
        "from redactor.bench.run import Sample; from redactor.files import bench_sample_dir\n"
        "print(len(Sample.shipped().golds), bench_sample_dir())",
    )
    number, folder = done.stdout.split()
    assert number == "11", done.stderr
    assert folder.endswith("site0/redactor/_shipped/bench")


def test_a_run_releases(installed, tmp_path):
    out = tmp_path / "out"
    policy = write_policy(tmp_path)
    done = installed(
        "-m", "redactor", "run", EXAMPLES / "phone_number_8k.wav", "--out", out, "--policy", policy,
        "--model", "tiny.en", "--jobs", 1,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(list(out.glob("release/audio/*/*.wav"))) == 1
