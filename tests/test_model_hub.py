"""Hub models are trusted on first use, and held to that ever after. No test uses a network."""

import json
import shutil

import pytest
from model_stand_ins import REGISTRY, by_name, flip_first_byte, sha256, write

from redactor.errors import ModelError
from redactor.model_registry import Integrity, State, check, installed, resolve

pytest_plugins = ["model_stand_ins"]


def test_first_use_records_commit_and_digests_and_later_uses_stay_local(home, hub):
    first = resolve("hubbed", task="transcribe")
    assert first.integrity is Integrity.FIRST_USE
    recorded = json.loads((home / "cache/redactor/models/first-use.json").read_text())
    (use,) = recorded.values()
    assert use["revision"] == hub.commit
    assert use["files"]["model.bin"] == sha256(b"model.bin")
    hub.online = False
    assert resolve("hubbed", task="transcribe") == first
    assert hub.calls == [(None, False), (hub.commit, True)]


def test_altered_hub_file_is_refused_after_its_first_use(home, hub):
    resolve("hubbed", task="transcribe")
    flip_first_byte(home / "hub/blobs/model.bin")
    with pytest.raises(ModelError, match=r"'model.bin' was altered; .*first-use.json"):
        resolve("hubbed", task="transcribe")
    assert check(by_name("hubbed")).state is State.ALTERED


def test_altered_again_at_the_hub_is_refused_after_the_cache_was_emptied(home, hub):
    resolve("hubbed", task="transcribe")
    shutil.rmtree(home / "hub")
    assert resolve("hubbed", task="transcribe")
    assert hub.calls[-1] == (hub.commit, False)
    shutil.rmtree(home / "hub")
    write(home / "hub/someone/hubbed" / hub.commit / "model.bin", b"another")
    with pytest.raises(ModelError, match="'model.bin' was altered"):
        resolve("hubbed", task="transcribe")


def test_file_that_the_loader_would_read_may_not_appear_in_a_snapshot(home, hub):
    snapshot = resolve("hubbed", task="transcribe").path
    write(snapshot / "LICENSE")
    assert resolve("hubbed", task="transcribe")
    write(snapshot / "tokenizer.json")
    with pytest.raises(ModelError, match="'tokenizer.json' does not belong"):
        resolve("hubbed", task="transcribe")


def test_half_a_snapshot_is_completed(home, hub):
    snapshot = resolve("hubbed", task="transcribe").path
    (snapshot / "model.bin").unlink()
    assert check(by_name("hubbed")).state is State.ALTERED
    assert resolve("hubbed", task="transcribe")


def test_no_network_and_no_copy_is_not_installed(home, hub):
    hub.online = False
    with pytest.raises(ModelError, match=r"cannot be fetched from the hub .ConnectionError.; connect once"):
        resolve("hubbed", task="transcribe")
    assert check(by_name("hubbed")).state is State.NOT_INSTALLED
    assert not installed(by_name("hubbed"))


def test_checking_never_fetches(home, hub):
    resolve("hubbed", task="transcribe")
    shutil.rmtree(home / "hub")
    hub.calls.clear()
    assert check(by_name("hubbed")).state is State.NOT_INSTALLED
    assert hub.calls == [(hub.commit, True)]


def test_damaged_record_of_first_uses_is_refused(home, hub):
    resolve("hubbed", task="transcribe")
    write(home / "cache/redactor/models/first-use.json", b"[]")
    with pytest.raises(ModelError, match="first-use.json .* is damaged"):
        resolve("hubbed", task="transcribe")


def pin(home, *, digest):
    pinned = (
        REGISTRY + 'revision = "0123abc"\n[model.hubbed.files]\n'
        f'"model.bin" = "{digest}"\n"config.json" = "{sha256(b"config.json")}"\n'
        f'"vocabulary.json" = "{sha256(b"vocabulary.json")}"\n'
    )
    write(home / "shipped/models/registry.toml", pinned.encode())


def test_hub_model_with_digests_in_the_registry_is_held_to_them_at_once(home, hub):
    pin(home, digest=sha256(b"model.bin"))
    assert resolve("hubbed", task="transcribe").integrity is Integrity.REGISTRY
    assert hub.calls[-1] == ("0123abc", False)
    assert not (home / "cache/redactor/models/first-use.json").exists()
    pin(home, digest="0" * 64)
    with pytest.raises(ModelError, match="'model.bin' was altered"):
        resolve("hubbed", task="transcribe")


def test_pinned_revision_has_a_first_use_of_its_own(home, hub):
    resolve("hubbed", task="transcribe")
    write(home / "shipped/models/registry.toml", (REGISTRY + 'revision = "0123abc"\n').encode())
    assert resolve("hubbed", task="transcribe").path.name == "0123abc"
