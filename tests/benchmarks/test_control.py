"""The plain script: what it mutes, and that it runs without a network."""

import json
import socket
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from benchmarks import control

DATA = Path(__file__).resolve().parents[1] / "data/corpus"


def test_muting_is_zeros_in_the_times_on_all_channels_of_a_copy():
    samples = np.ones((1000, 2))
    out = control.mute(samples, 100, [(-0.1, 0.5), (9.5, 10.6)])
    assert samples.all()
    assert np.flatnonzero(out[:, 0] == 0).tolist() == [*range(50), *range(950, 1000)]
    assert np.array_equal(out[:, 0], out[:, 1])


def test_inputs_are_a_folder_or_a_gold_file():
    folder, names = control.recordings(DATA)
    assert (folder, names[0]) == (DATA, "audio/dev-call-0000.wav")
    assert control.recordings(DATA / "gold.jsonl") == (DATA, names)


def test_a_missing_input_is_said(tmp_path, capsys):
    assert control.main([str(tmp_path / "gold.jsonl"), "--out", str(tmp_path)]) == 2
    assert "control:" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["{folder}/a.wav", "../in/a.wav", "a.wav"])
def test_recordings_are_never_written_over(tmp_path, capsys, name):
    folder = tmp_path / "in"
    folder.mkdir()
    name = name.format(folder=folder)
    out = folder if name == "a.wav" else tmp_path / "out"
    sf.write(folder / "a.wav", np.ones(100), 8000)
    before = (folder / "a.wav").read_bytes()
    line = {"audio": name, "words": [["hello", 0.0, 0.01, ""]]}
    (folder / "gold.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")
    loaded = []
    with pytest.raises(control.GoldError, match="name"):
        control.run(folder / "gold.jsonl", out, "base", load=loaded.append, hear=lambda path, models: [])
    assert (folder / "a.wav").read_bytes() == before and not loaded
    assert control.main([str(folder / "gold.jsonl"), "--out", str(out)]) == 2
    assert "--out" in capsys.readouterr().err


@pytest.mark.model
def test_it_runs_offline_and_writes_the_same_shape(tmp_path, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("the control used the network")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.flac").write_bytes((DATA / "audio/dev-command-0001.flac").read_bytes())
    assert control.main([str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--model", "tiny.en"]) == 0
    before, rate = sf.read(tmp_path / "in/a.flac")
    after, rate_after = sf.read(tmp_path / "out/a.wav")
    assert (before.shape, rate) == (after.shape, rate_after)
    assert json.loads((tmp_path / "out/control.json").read_text())["rtfx"] > 0
