"""The command over a folder and a run folder."""

import json

import numpy as np
import pytest
import soundfile as sf
from said import WORDS
from sounds import RATE, voice

from benchmarks import leak
from redactor.bench.gold import GoldRecording, write_gold


@pytest.fixture
def corpus(tmp_path):
    """Two recordings with gold; the first is muted well in redacted/, the second is not there."""
    rows = [GoldRecording(f"audio/{n}.wav", WORDS, kind="call") for n in "ab"]
    for i, row in enumerate(rows):
        path = tmp_path / row.audio
        path.parent.mkdir(exist_ok=True)
        sf.write(path, voice(3.0, seed=i), RATE)
    samples, _ = sf.read(tmp_path / "audio/a.wav")
    samples[round(0.5 * RATE) : round(1.5 * RATE)] = 0
    (tmp_path / "redacted/audio").mkdir(parents=True)
    sf.write(tmp_path / "redacted/audio/a.flac", samples, RATE)
    write_gold(tmp_path / "gold.jsonl", rows)
    return tmp_path


def released_as(corpus, names):
    """A run folder that holds redacted/audio/a under the first name."""
    release = corpus / "out/release"
    path = release / "audio" / f"{names[0]}.flac"
    path.parent.mkdir(parents=True)
    path.write_bytes((corpus / "redacted/audio/a.flac").read_bytes())
    text = release / "transcripts" / f"{names[0]}.json"
    text.parent.mkdir(parents=True)
    text.write_text(
        json.dumps({"segments": [{"channel": 0, "words": [{"text": "4", "start": 1.9, "end": 2.3}]}]})
    )
    files = [{"path": str(p.relative_to(release)), "sha256": "", "bytes": 1} for p in (path, text)]
    (release / "manifest.jsonl").write_text(json.dumps({"id": names[0], "files": files}) + "\n")


def run_leak(capsys, *args):
    code = leak.main([str(a) for a in args])
    return code, capsys.readouterr()


def test_a_folder_of_redacted_files_is_measured(corpus, capsys):
    code, said = run_leak(capsys, "--gold", corpus / "gold.jsonl", "--redacted", corpus / "redacted", "--json")
    row = json.loads(said.out)["control"][0]
    assert code == 0
    assert (row["words"]["count"], row["words"]["of"]) == (2, 4)
    assert row["held_back"]["value"] == 0.5
    assert "held back" in said.err


@pytest.mark.parametrize("opaque", [False, True])
def test_a_run_folder_is_measured_with_kept_and_with_opaque_names(corpus, capsys, opaque):
    name = "ab" * 16 if opaque else "a"
    released_as(corpus, [name])
    args = ["--gold", corpus / "gold.jsonl", "--run", corpus / "out", "--redacted", corpus / "redacted"]
    if opaque:
        (corpus / "names.json").write_text(json.dumps({f"file:{corpus}/audio/a.wav": name}))
        args += ["--names", corpus / "names.json"]
    code, said = run_leak(capsys, *args, "--json")
    product, control = (json.loads(said.out)[k][0] for k in ("product", "control"))
    assert code == 0
    assert product["words"] == control["words"]
    assert (product["text"]["count"], product["text"]["of"]) == (1, 4)


def test_both_are_printed_beside_each_other(corpus, capsys):
    released_as(corpus, ["a"])
    _, said = run_leak(
        capsys, "--gold", corpus / "gold.jsonl", "--run", corpus / "out", "--redacted", corpus / "redacted"
    )
    lines = said.out.splitlines()
    assert lines[1].split()[:2] == ["all", "product"]
    assert lines[2].split()[:2] == ["all", "control"]


@pytest.mark.parametrize(
    ("extra", "message"),
    [(["--run", "nowhere"], "does not exist"), (["--redacted", "x", "--kind", "k"], "no recording")],
)
def test_what_is_missing_is_said(corpus, capsys, extra, message):
    code, said = run_leak(capsys, "--gold", corpus / "gold.jsonl", *extra)
    assert code == 2
    assert message in said.err


def test_another_sample_rate_is_refused(corpus, capsys):
    sf.write(corpus / "redacted/audio/a.flac", np.zeros(100), 8000)
    code, said = run_leak(capsys, "--gold", corpus / "gold.jsonl", "--redacted", corpus / "redacted")
    assert code == 2
    assert "keeps the rate" in said.err
