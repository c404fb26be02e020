"""By hand (make storm): a hundred mixed recordings, killed at twenty random moments, end as if undisturbed."""

from __future__ import annotations

import random
import time

import pytest
from kill_helpers import (
    Command,
    kill_and_wait,
    make_archive,
    num_in,
    released_bytes,
    states,
    unlisted_files,
    wait_until,
)

pytestmark = [pytest.mark.storm, pytest.mark.model]

NUM_RECORDINGS = 100
NUM_KILLS = 20
SEED = 20


def test_twenty_kills_of_a_run_over_a_hundred_recordings(tmp_path, capsys):
    command = Command(tmp_path / "home")
    archive = make_archive(tmp_path / "archive", num_recordings=NUM_RECORDINGS)
    (archive / "empty.wav").touch()
    (archive / "text.wav").write_text("not audio")
    reference = tmp_path / "undisturbed"
    assert command.run(archive, reference).returncode == 1
    assert num_in(reference, "done") == NUM_RECORDINGS

    out = tmp_path / "killed"
    rng = random.Random(SEED)
    figures = []
    for kill in range(NUM_KILLS):
        process = command.start(archive, out)
        if kill % 4:  # three of four while workers are at it, the rest anywhere from the first instruction on
            wait_until(lambda process=process: num_in(out, "running") or process.poll() is not None)
        time.sleep(rng.uniform(0.0, 3.0))
        kill_and_wait(process)
        figures.append(num_in(out, "done"))
    done = command.run(archive, out)

    with capsys.disabled():
        print(f"\nreleased after each of {NUM_KILLS} kills (seed {SEED}): {figures}")
    assert done.returncode == 1, done.stderr
    assert released_bytes(out) == released_bytes(reference)
    assert unlisted_files(out) == set()
    assert sorted(states(out).values()).count("failed") == 2
    assert list(command.temp.iterdir()) == []
