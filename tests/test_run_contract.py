"""The run folder as scripts rely on it, made by one run over the examples."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
import soundfile as sf
from kill_helpers import EXAMPLES, Command, released_bytes

from redactor.names import load_key, opaque_name

pytestmark = pytest.mark.model

INPUTS = ["phone_number_8k.wav", "call_two_channels_8k.wav", "coffee_order.flac"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("contract")


@pytest.fixture(scope="module")
def command(place):
    return Command(place / "home")


@pytest.fixture(scope="module")
def done(place, command):
    words = [EXAMPLES / name for name in INPUTS]
    finished = command.run(words, place / "out", "--json", "-v")
    assert finished.returncode == 0, finished.stderr
    return finished, place / "out"


@pytest.fixture(scope="module")
def names(done, place):
    key = load_key(place / "home" / "config" / "redactor" / "names.key", create=False)
    return {name: opaque_name((EXAMPLES / name).as_uri(), key) for name in INPUTS}


def report_of(out, name):
    return json.loads((out / "release" / "reports" / name[:2] / f"{name}.json").read_text())


def test_layout_is_the_contracts(done, names):
    _, out = done
    audio = {name: names[name] + (".flac" if name.endswith("flac") else ".wav") for name in INPUTS}
    expected = {"manifest.jsonl"}
    for name in INPUTS:
        opaque = names[name]
        expected.add(f"audio/{opaque[:2]}/{audio[name]}")
        expected.add(f"reports/{opaque[:2]}/{opaque}.json")
        expected |= {f"transcripts/{opaque[:2]}/{opaque}.{kind}" for kind in ("json", "vtt", "txt")}
    assert set(released_bytes(out)) == expected
    assert (out / "private").stat().st_mode & 0o777 == 0o700
    assert {p.stat().st_mode & 0o777 for p in (out / "private").iterdir()} == {0o600}


def test_manifest_lists_every_file_with_its_true_digest(done, names):
    _, out = done
    rows = [json.loads(line) for line in (out / "release" / "manifest.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == sorted(names.values())
    listed = {file["path"]: file for row in rows for file in row["files"]}
    for path, file in listed.items():
        data = (out / "release" / path).read_bytes()
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (file["sha256"], file["bytes"])
    assert {"id", "files", "duration", "policy", "models", "verdict"} <= set(rows[0])


def test_no_name_of_an_input_is_released_or_in_the_ledger(done):
    _, out = done
    for path in [*out.glob("release/**/*"), out / "private" / "ledger.sqlite3"]:
        if path.is_file():
            data = path.read_bytes()
            assert not [name for name in INPUTS if name.split(".")[0].encode() in data], path


@pytest.mark.parametrize("name", INPUTS)
def test_reported_spans_are_silent_and_the_rest_is_the_original(done, names, name):
    _, out = done
    before, rate = sf.read(EXAMPLES / name, dtype="int16", always_2d=True)
    (path,) = out.glob(f"release/audio/*/{names[name]}.*")
    after, rate_after = sf.read(path, dtype="int16", always_2d=True)
    assert (after.shape, rate_after) == (before.shape, rate)
    assert sf.info(path).subtype == sf.info(EXAMPLES / name).subtype
    touched = np.zeros(len(before), bool)
    for row in report_of(out, names[name])["redactions"]:
        first, stop = int(row["start"] * rate), min(-int(-row["end"] * rate // 1), len(before))
        assert not np.abs(after[first:stop][:, row["channels"]]).max() > 8  # mu-law has no zero but +-0
        touched[max(first - rate // 50, 0) : stop + rate // 50] = True
    assert (after[~touched] == before[~touched]).all()


@pytest.mark.parametrize("name", INPUTS)
def test_no_printed_word_is_muted(done, names, name):
    _, out = done
    opaque = names[name]
    spans = report_of(out, opaque)["redactions"]
    document = json.loads((out / "release" / "transcripts" / opaque[:2] / f"{opaque}.json").read_text())
    for segment in document["segments"]:
        for word in segment["words"]:
            muted = [s for s in spans if segment["channel"] in s["channels"]]
            assert not any(s["start"] < word["end"] and word["start"] < s["end"] for s in muted)


def test_a_number_is_neither_heard_nor_read_nor_logged(done, names):
    finished, out = done
    report = report_of(out, names["phone_number_8k.wav"])
    assert "ID_NUMBER" in {t for row in report["redactions"] for t in row["types"]}
    assert report["muted"] > 0.8 * report["duration"]
    texts = [finished.stderr, finished.stdout, json.dumps(report)]
    opaque = names["phone_number_8k.wav"]
    texts += [path.read_text() for path in out.glob(f"release/transcripts/*/{opaque}.txt")]
    for text in texts:
        assert "four, one, five" not in text.casefold()
        assert "4155" not in text.replace(",", "").replace(" ", "").replace("-", "")


def test_json_is_one_object_and_all_else_is_on_stderr(done, command):
    finished, out = done
    assert json.loads(finished.stdout)["released"] == len(INPUTS)
    assert len(finished.stdout.splitlines()) == 1
    assert "released" in finished.stderr
    status = command("status", out, "--json")
    assert (status.returncode, json.loads(status.stdout)["states"]["done"]) == (0, len(INPUTS))


def test_order_and_number_of_workers_change_no_byte(done, place, command):
    words = [EXAMPLES / name for name in reversed(INPUTS)]
    finished = command.run(words, place / "reversed", "--jobs", 1)
    assert finished.returncode == 0, finished.stderr
    assert released_bytes(place / "reversed") == released_bytes(done[1])


def test_another_policy_withdraws_the_old_release(place, command):
    order, number = EXAMPLES / "coffee_order.flac", EXAMPLES / "phone_number_8k.wav"
    out = place / "two-policies"
    assert command.run([order, number], out).returncode == 0
    before = released_bytes(out)
    tone = command.policy.with_name("tone.toml")
    tone.write_text(command.policy.read_text().replace('fill = "silence"', 'fill = "tone"'))
    assert command.run(number, out, "--policy", tone).returncode == 0
    after = released_bytes(out)
    assert len(after) == 6  # the manifest and one recording: the other waits for its turn
    (audio,) = [path for path in after if path.startswith("audio")]
    assert after[audio] != before[audio]
    assert command("status", out).returncode == 1
    assert command("retry", out).returncode == 0
    assert len(released_bytes(out)) == len(before)
