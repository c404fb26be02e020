"""Appending: whole, in order, from many processes, after any kill; and never to what does not fit."""

import fcntl
import hashlib
import json
import multiprocessing
import os
import signal
import stat

import pytest
from audit_records import KEY, OTHER_KEY, documents, event, lines_of, new_log, rewrite, seal

from redactor.audit import AuditLog, Event, head_file, read_head, verify
from redactor.audit import log as module
from redactor.errors import StoreError, UsageError


def fits(path):
    found = verify(path, public_key=KEY.public, head=read_head(head_file(path)))
    return found.fits and found.lines_after_head == 0


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def everything(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_new_record_is_empty_signed_and_for_its_owner_alone(tmp_path):
    path, head = new_log(tmp_path, 0)
    assert (head.count, head.hash) == (0, "0" * 64)
    assert set(everything(tmp_path)) == {"audit.jsonl", "audit.head.json"}
    assert [mode(path), mode(head_file(path))] == [0o600, 0o600]
    assert head_file(path).read_text() == head.to_json() + "\n"
    assert fits(path)


def test_what_is_appended_stands_in_order_over_calls_and_openings(tmp_path):
    log = AuditLog(tmp_path / "audit.jsonl", key=KEY)
    log.append([event(1), event(2)])
    last = log.append([event(3)])
    log = AuditLog(tmp_path / "audit.jsonl", key=KEY)
    assert log.head == last == read_head(tmp_path / "audit.head.json")
    assert log.append([event(4)]) == log.head
    assert [d["fields"]["number"] for d in documents(tmp_path / "audit.jsonl")] == [1, 2, 3, 4]
    assert (log.head.count, fits(tmp_path / "audit.jsonl")) == (4, True)


def test_opening_a_record_that_fits_changes_nothing(tmp_path):
    new_log(tmp_path, 3)
    before = everything(tmp_path)
    AuditLog(tmp_path / "audit.jsonl", key=KEY).append([])
    assert everything(tmp_path) == before


def test_many_events_are_one_write_that_is_on_disk_before_its_head_is(tmp_path, monkeypatch):
    log = AuditLog(tmp_path / "audit.jsonl", key=KEY)
    steps = []
    for name in ("pwrite", "fsync"):
        really = getattr(os, name)
        monkeypatch.setattr(module.os, name, lambda *a, f=really, n=name: (steps.append(n), f(*a))[1])
    really_whole = module.write_atomic
    monkeypatch.setattr(module, "write_atomic", lambda *a, **k: (steps.append("head"), really_whole(*a, **k)))
    log.append([event(number) for number in range(50)])
    assert steps[:3] == ["pwrite", "fsync", "head"]
    assert steps.count("pwrite") == 1


def test_a_system_that_writes_little_at_a_time_is_asked_again(tmp_path, monkeypatch):
    log = AuditLog(tmp_path / "audit.jsonl", key=KEY)
    really = os.pwrite
    monkeypatch.setattr(module.os, "pwrite", lambda fd, data, at: really(fd, data[:100], at))
    log.append([event(1), event(2)])
    assert fits(tmp_path / "audit.jsonl")


@pytest.mark.parametrize("num_lines", [0, 2])
def test_what_a_killed_process_left_of_a_head_goes_with_the_next_opening(tmp_path, num_lines):
    new_log(tmp_path, num_lines)
    before = everything(tmp_path)
    (tmp_path / ".audit.head.json.0123abcd.tmp").write_bytes(b"{")
    (tmp_path / ".other.json.0123abcd.tmp").touch()
    AuditLog(tmp_path / "audit.jsonl", key=KEY)
    assert everything(tmp_path) == {**before, ".other.json.0123abcd.tmp": b""}


NUM_PROCESSES, NUM_APPENDS = 3, 20


def append_many(path, worker):
    log = AuditLog(path, key=KEY)
    for number in range(NUM_APPENDS):
        log.append([Event("x", {"worker": worker, "number": number, "part": p}) for p in range(1 + number % 3)])


def test_processes_that_append_at_once_lose_nothing(tmp_path):
    path = tmp_path / "audit.jsonl"
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=append_many, args=(path, worker)) for worker in range(NUM_PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * NUM_PROCESSES
    assert fits(path)
    found = [d["fields"] for d in documents(path)]
    for worker in range(NUM_PROCESSES):
        own = [(f["number"], f["part"]) for f in found if f["worker"] == worker]
        assert own == [(n, p) for n in range(NUM_APPENDS) for p in range(1 + n % 3)]


def test_a_child_that_was_forked_during_an_append_does_not_keep_the_lock(tmp_path):
    path, _ = new_log(tmp_path, 1)
    read_end, write_end = os.pipe()
    with module._locked(path):
        child = os.fork()
        if child == 0:
            os.close(write_end)
            os.read(read_end, 1)
            os._exit(0)
    try:
        with path.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(write_end)
        os.close(read_end)
        os.waitpid(child, 0)


def torn_log(tmp_path, num_bytes_of):
    """A log of three lines that the head counts, and two as far as told: path, how many are whole, the rest."""
    path, _ = new_log(tmp_path, 3)
    kept = head_file(path).read_bytes()
    AuditLog(path, key=KEY).append([event(4), event(5)])
    head_file(path).write_bytes(kept)
    *counted, fourth, fifth = lines_of(path)
    behind = (fourth + fifth)[: num_bytes_of(len(fourth), len(fifth))]
    path.write_bytes(b"".join(counted) + behind)
    num_whole = behind.count(b"\n")
    return path, num_whole, behind.rpartition(b"\n")[2]


@pytest.mark.parametrize(
    "num_bytes_of",
    [
        lambda four, five: 1,
        lambda four, five: four - 2,
        lambda four, five: four - 1,
        lambda four, five: four,
        lambda four, five: four + 1,
        lambda four, five: four + five // 2,
        lambda four, five: four + five - 1,
        lambda four, five: four + five,
    ],
)
def test_what_a_killed_process_wrote_is_kept_where_it_is_whole_and_that_is_on_record(tmp_path, num_bytes_of):
    path, num_whole, torn = torn_log(tmp_path, num_bytes_of)
    AuditLog(path, key=KEY).append([event(6)])
    found = documents(path)
    numbers = [d["fields"]["number"] for d in found if d["event"] == "recording"]
    assert numbers == [0, 1, 2, 4, 5][: 3 + num_whole] + [6]
    adopted = [d["fields"] for d in found if d["event"] == "adopted"]
    assert adopted == ([{"first": 4, "last": 3 + num_whole}] if num_whole else [])
    repaired = [d["fields"] for d in found if d["event"] == "repaired"]
    assert repaired == ([{"bytes": len(torn), "sha256": hashlib.sha256(torn).hexdigest()}] if torn else [])
    assert len(torn) < 2 or torn not in path.read_bytes()
    assert fits(path)
    assert verify(path, public_key=KEY.public).repairs == len(adopted) + len(repaired)


@pytest.mark.parametrize(
    "torn",
    [b"\0" * 10, b"\0" * 100_000, b'{"half', b"not json\n", b"[1]\n", b"\xff\n", b"\n", b"x" * 60_000 + b"\n"],
)
@pytest.mark.parametrize("num_lines", [0, 3])
def test_a_last_line_that_is_none_is_cut_off(tmp_path, torn, num_lines):
    path, _ = new_log(tmp_path, num_lines)
    before = path.read_bytes()
    path.write_bytes(before + torn)
    AuditLog(path, key=KEY)
    assert path.read_bytes().startswith(before)
    assert [(d["event"], d["fields"]) for d in documents(path)[num_lines:]] == [
        ("repaired", {"bytes": len(torn), "sha256": hashlib.sha256(torn).hexdigest()})
    ]
    assert fits(path)


STEPS = ["half written", "written", "cut", "synced", "signed"]


def kill_at(step, monkeypatch, kill):
    """Have this process end in the middle of an append."""
    really_write, really_cut, really_sync, really_whole = os.pwrite, os.ftruncate, os.fsync, module.write_atomic

    def pwrite(descriptor, data, at):
        if step == "half written":
            really_write(descriptor, data[: len(data) // 2], at)
            kill()
        num_bytes = really_write(descriptor, data, at)
        return num_bytes if step != "written" else kill()

    def after(really, name):
        return lambda *a, **k: (really(*a, **k), step == name and kill())

    monkeypatch.setattr(module.os, "pwrite", pwrite)
    monkeypatch.setattr(module.os, "ftruncate", after(really_cut, "cut"))
    monkeypatch.setattr(module.os, "fsync", after(really_sync, "synced"))
    monkeypatch.setattr(module, "write_atomic", after(really_whole, "signed"))


def kill_self():
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("is_torn", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_any_step_leaves_a_record_that_goes_on(tmp_path, monkeypatch, step, is_torn):
    path, _ = new_log(tmp_path, 2)
    if is_torn:
        with path.open("ab") as stream:
            stream.write(b'{"from an earlier kill' * 30)
    child = os.fork()
    if child == 0:
        try:
            kill_at(step, monkeypatch, kill_self)
            AuditLog(path, key=KEY).append([event(7)])
        finally:
            os._exit(1)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    AuditLog(path, key=KEY).append([event(8)])
    numbers = [d["fields"].get("number") for d in documents(path)]
    assert [n for n in numbers if n is not None] in ([0, 1, 7, 8], [0, 1, 8])
    assert is_torn <= ("repaired" in [d["event"] for d in documents(path)])
    assert fits(path)


def test_ctrl_c_in_the_middle_of_an_append_lets_go_of_the_lock(tmp_path, monkeypatch):
    path, _ = new_log(tmp_path, 1)

    def interrupt():
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        kill_at("half written", patched, interrupt)
        with pytest.raises(KeyboardInterrupt):
            AuditLog(path, key=KEY).append([event(2)])
    AuditLog(path, key=KEY).append([event(3)])
    assert fits(path)


def no_head(path):
    head_file(path).unlink()


def cut(path):
    path.write_bytes(b"".join(lines_of(path)[:2]))


def emptied(path):
    path.write_bytes(b"")


def removed(path):
    path.unlink()


def written_anew(path):
    path.write_bytes(b"".join(rewrite(lines_of(path), number=9)))


def last_line_changed(path):
    path.write_bytes(path.read_bytes().replace(b'"number":2', b'"number":3'))


def last_newline_gone(path):
    path.write_bytes(path.read_bytes()[:-1])


def written_anew_without_head(path):
    written_anew(path)
    head_file(path).unlink()


def signed_by_another(path):
    lines = lines_of(path)
    removed(path)
    head_file(path).unlink()
    AuditLog(path, key=OTHER_KEY).append([event()] * len(lines))


def behind(change):
    """A line behind the head that chains but for one thing."""

    def tamper(path):
        last = json.loads(lines_of(path)[-1])
        line = seal({**last, "seq": 4, "previous": last["hash"], **change})
        path.write_bytes(path.read_bytes() + line)

    return tamper


def huge_last_line(path):
    path.write_bytes(path.read_bytes() + b'{"a":"' + b"x" * 300_000 + b'"}\n')


def torn_twice(path):
    path.write_bytes(path.read_bytes() + b"not json\nnot json\n")


REFUSED = {
    "no head": (no_head, "no-head"),
    "cut": (cut, "cut"),
    "emptied": (emptied, "cut"),
    "removed": (removed, "cut"),
    "written anew": (written_anew, "rewritten"),
    "last line changed": (last_line_changed, "hash"),
    "last newline gone": (last_newline_gone, "cut"),
    "written anew without head": (written_anew_without_head, "no-head"),
    "signed by another": (signed_by_another, "signed with another key"),
    "behind: wrong number": (behind({"seq": 6}), "seq"),
    "behind: does not follow": (behind({"previous": "0" * 64}), "previous"),
    "behind: not in form": (behind({"extra": 1}), "malformed"),
    "behind: huge": (huge_last_line, "too-long"),
    "two lines that are none": (torn_twice, "not-json"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_record_that_is_not_what_its_head_says_is_not_appended_to(tmp_path, name):
    path, _ = new_log(tmp_path, 3)
    log = AuditLog(path, key=KEY)
    tamper, reason = REFUSED[name]
    tamper(path)
    before = everything(tmp_path)
    for append in (lambda: AuditLog(path, key=KEY), lambda: log.append([event()])):
        with pytest.raises(StoreError, match=rf"{reason}.*nothing was appended.*audit verify.*put .* back"):
            append()
    # A log that was removed is found empty.
    assert {k: v for k, v in everything(tmp_path).items() if v} == {k: v for k, v in before.items() if v}


def test_a_record_moved_away_with_its_head_makes_room_for_a_new_one(tmp_path):
    path, _ = new_log(tmp_path, 3)
    (tmp_path / "old").mkdir()
    for file in (path, head_file(path)):
        file.rename(tmp_path / "old" / file.name)
    assert AuditLog(path, key=KEY).append([event()]).count == 1
    assert fits(path) and fits(tmp_path / "old" / path.name)


@pytest.mark.parametrize("content", [b"", b"{}", b"\0" * 10_000])
def test_a_head_that_is_none_stops_the_run(tmp_path, content):
    path, _ = new_log(tmp_path, 1)
    head_file(path).write_bytes(content)
    with pytest.raises(UsageError, match=r"audit\.head\.json.*is not the head of a record"):
        AuditLog(path, key=KEY)


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_in_place_of_the_log_is_not_followed(tmp_path, exists):
    target = tmp_path / "target"
    if exists:
        target.write_bytes(b"precious")
    (tmp_path / "audit.jsonl").symlink_to(target)
    with pytest.raises(StoreError, match="symbolic link"):
        AuditLog(tmp_path / "audit.jsonl", key=KEY)
    assert target.exists() == exists
    assert not exists or target.read_bytes() == b"precious"


def test_a_link_in_place_of_the_head_is_replaced_and_not_written_through(tmp_path):
    path, _ = new_log(tmp_path, 1)
    target = tmp_path / "target"
    head_file(path).rename(target)
    head_file(path).symlink_to(target)
    before = target.read_bytes()
    AuditLog(path, key=KEY).append([event()])
    assert target.read_bytes() == before
    assert not head_file(path).is_symlink()


@pytest.mark.parametrize("make", [lambda p: p.mkdir(), os.mkfifo])
def test_what_is_no_file_is_not_a_log(tmp_path, make):
    make(tmp_path / "audit.jsonl")
    with pytest.raises(StoreError, match="directory|regular file"):
        AuditLog(tmp_path / "audit.jsonl", key=KEY)


def test_a_log_in_a_folder_that_is_gone_stops_the_run(tmp_path):
    with pytest.raises(StoreError, match="No such file.*check the folder"):
        AuditLog(tmp_path / "gone" / "audit.jsonl", key=KEY)


@pytest.mark.parametrize("call", ["open", "pwrite", "ftruncate", "fsync", "fstat", "pread"])
def test_a_disk_that_fails_stops_the_run_and_the_record_goes_on_afterwards(tmp_path, monkeypatch, call):
    path, _ = new_log(tmp_path, 2)

    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(module.os, call, fail)
        with pytest.raises(StoreError, match="No space left on device"):
            AuditLog(path, key=KEY).append([event(3)])
    AuditLog(path, key=KEY).append([event(4)])
    assert fits(path)


def test_a_head_that_cannot_be_written_stops_the_run_and_is_made_good_later(tmp_path, monkeypatch):
    path, _ = new_log(tmp_path, 2)

    def fail(*_, **__):
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as patched:
        patched.setattr(module, "write_atomic", fail)
        with pytest.raises(StoreError, match="Read-only"):
            AuditLog(path, key=KEY).append([event(3)])
    AuditLog(path, key=KEY)
    assert [d["event"] for d in documents(path)] == ["recording"] * 3 + ["adopted"]
    assert fits(path)


def test_a_log_is_for_its_owner_alone_from_the_beginning(tmp_path, monkeypatch):
    modes = []
    monkeypatch.setattr(module.fcntl, "flock", lambda *_: modes.append(mode(tmp_path / "audit.jsonl")))
    new_log(tmp_path, 1)
    assert set(modes) == {0o600}


def test_a_log_that_others_could_read_is_narrowed(tmp_path):
    path, _ = new_log(tmp_path, 1)
    path.chmod(0o644)
    AuditLog(path, key=KEY)
    assert mode(path) == 0o600


def test_a_log_that_is_moved_while_its_lock_is_awaited_is_not_written(tmp_path, monkeypatch):
    path, _ = new_log(tmp_path, 1)
    really = fcntl.flock

    def flock(descriptor, operation):
        if operation == fcntl.LOCK_EX:
            path.rename(tmp_path / "moved")
            path.write_bytes(b"")
        really(descriptor, operation)

    before = path.read_bytes()
    monkeypatch.setattr(module.fcntl, "flock", flock)
    with pytest.raises(StoreError, match="moved while it was opened"):
        AuditLog(path, key=KEY).append([event()])
    assert (tmp_path / "moved").read_bytes() == before


def test_the_end_is_found_in_logs_of_any_length_of_line(tmp_path):
    log = AuditLog(tmp_path / "audit.jsonl", key=KEY)
    for size in (0, 1, 20, 21, 22, 40, 150, 300):
        log.append([Event("x", {"files": ["a" * 190] * size})])
    assert fits(tmp_path / "audit.jsonl")
