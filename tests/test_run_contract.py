"""The run folder as scripts rely on it, made by one run over the examples."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from html import unescape

import numpy as np
import pytest
import soundfile as sf
from kill_helpers import EXAMPLES, Command, released_bytes
from run_helpers import HeardWord, hear

from redactor.names import load_key, opaque_name

pytestmark = pytest.mark.model

INPUTS = ["phone_number_8k.wav", "call_two_channels_8k.wav", "coffee_order.flac"]
SPOKEN = INPUTS[:2]  # those with personal data
FADE_S = 0.010  # mute.fade_ms of the policy


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("contract")


@pytest.fixture(scope="module")
def command(place):
    return Command(place / "home")


@pytest.fixture(scope="module")
def done(place, command):
    words = [EXAMPLES / name for name in INPUTS]
    before = os.umask(0)  # who may enter private/ does not depend on it
    finished = command.run(words, place / "out", "--json", "-v")
    os.umask(before)
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
    assert all(re.fullmatch("[0-9a-f]{32}", opaque) for opaque in names.values())
    assert {path.name for path in out.iterdir()} == {"release", "private"}
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
    private = [path for path in (out / "private").iterdir() if not path.name.startswith("inputs.")]
    assert [path for path in private if path.name == "ledger.sqlite3"]
    for path in [*out.glob("release/**/*"), *private]:
        if path.is_file():
            data = path.read_bytes() + os.fsencode(path.name)
            assert not [name for name in INPUTS if name.split(".")[0].encode() in data], path


def muted_samples(redactions, *, shape, rate):
    """Which samples of each channel the report calls muted, rounded outward."""
    muted = np.zeros(shape, bool)
    for row in redactions:
        # A nanosecond is no sample: 0.3 * 8000 is 2399.9999999999995.
        first, stop = math.floor((row["start"] + 1e-9) * rate), math.ceil((row["end"] - 1e-9) * rate)
        muted[first:stop, row["channels"]] = True
    return muted


def widened(mask, num_samples):
    """The mask and as many samples before and after each stretch of it."""
    padded = np.pad(mask, ((num_samples, num_samples), (0, 0))).astype(np.int64)
    total = np.cumsum(np.pad(padded, ((1, 0), (0, 0))), axis=0)
    width = 2 * num_samples + 1
    return total[width:] - total[:-width] > 0


@pytest.mark.parametrize("name", INPUTS)
def test_reported_spans_are_silent_and_the_rest_is_the_original(done, names, name):
    _, out = done
    before, rate = sf.read(EXAMPLES / name, dtype="int16", always_2d=True)
    (path,) = out.glob(f"release/audio/*/{names[name]}.*")
    after, rate_after = sf.read(path, dtype="int16", always_2d=True)
    assert (after.shape, rate_after) == (before.shape, rate)
    assert sf.info(path).subtype == sf.info(EXAMPLES / name).subtype
    report = report_of(out, names[name])
    muted = muted_samples(report["redactions"], shape=before.shape, rate=rate)
    assert not after[muted].any()
    assert muted.any(axis=1).sum() / rate == pytest.approx(report["muted"], abs=2e-3)
    kept = ~widened(muted, math.ceil(FADE_S * rate))
    assert (after[kept] == before[kept]).all()
    assert kept.any() or name == "phone_number_8k.wav"  # there is nothing but the number in it
    changed = before.astype(np.int32) - after
    assert not (changed[~muted] * np.sign(before[~muted], dtype=np.int32) < 0).any()  # fades only quieten


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


@pytest.fixture(scope="module")
def heard(command):
    """What workers hear in the recordings with personal data."""
    words = hear([EXAMPLES / name for name in SPOKEN], policy=command.policy, env=command.env)
    return dict(zip(SPOKEN, words, strict=True))


def tokens(text):
    return re.findall(r"[^\W_]+", text.casefold())


def is_muted(word: HeardWord, redactions):
    spans = [row for row in redactions if word.channel in row["channels"]]
    return any(row["start"] < word.end and word.start < row["end"] for row in spans)


def digits(text):
    """The digits of everything that looks like a long number, but for stamps of files (with inodes)."""
    text = re.sub(r"\d+:\d{19}:\d{19}:\d+:\d+", " ", text)  # size, two times in nanoseconds, device, inode
    return [re.sub(r"\D", "", run) for run in re.findall(r"\d[\d ,.-]{5,}", text)]


@pytest.mark.parametrize("name", SPOKEN)
def test_no_personal_word_is_in_any_message_report_or_ledger(done, command, heard, name):
    finished, out = done
    personal = [token for word in heard[name] if word.personal for token in tokens(word.text)]
    names = {token for token in personal if token.isalpha() and len(token) > 2}
    number = "".join(token for token in personal if token.isdigit())
    assert names or len(number) > 4
    status = command("status", out)
    texts = {
        "messages": finished.stderr + finished.stdout + status.stderr + status.stdout,
        "manifest": (out / "release" / "manifest.jsonl").read_text(),
        **{str(path): path.read_text() for path in out.glob("release/reports/*/*")},
        **{str(path): path.read_bytes().decode("latin-1") for path in (out / "private").iterdir()},
    }
    for where, text in texts.items():
        assert not names & set(tokens(text)), where
        assert len(number) < 5 or not [run for run in digits(text) if number[:5] in run], where


@pytest.mark.parametrize("name", SPOKEN)
def test_transcripts_hold_every_word_that_is_heard_and_no_other(done, heard, names, name):
    _, out = done
    opaque = names[name]
    redactions = report_of(out, opaque)["redactions"]
    assert all(is_muted(word, redactions) for word in heard[name] if word.personal)
    kept = sorted((w.channel, w.start, w.text) for w in heard[name] if not is_muted(w, redactions))
    files = {path.suffix: path.read_text() for path in out.glob(f"release/transcripts/*/{opaque}.*")}
    segments = json.loads(files[".json"])["segments"]
    assert sorted((s["channel"], w["start"], w["text"]) for s in segments for w in s["words"]) == kept
    furniture = r"<[A-Z_]+(_\d+)?>|<v [^>]*>|^WEBVTT$|^.* --> .*$|^\[[\d:.]+\]( channel \d+:)?"
    for suffix in (".txt", ".vtt"):
        readable = re.sub(furniture, " ", unescape(files[suffix]), flags=re.MULTILINE)
        assert sorted(tokens(readable)) == sorted(t for _, _, text in kept for t in tokens(text)), suffix


def test_a_number_is_found_whole(done, names):
    report = report_of(done[1], names["phone_number_8k.wav"])
    assert "ID_NUMBER" in {t for row in report["redactions"] for t in row["types"]}
    assert report["muted"] > 0.8 * report["duration"]


def test_json_is_one_object_and_all_else_is_on_stderr(done, command):
    finished, out = done
    assert json.loads(finished.stdout)["released"] == len(INPUTS)
    assert len(finished.stdout.splitlines()) == 1
    assert "released" in finished.stderr
    status = command("status", out, "--json")
    assert (status.returncode, json.loads(status.stdout)["states"]["done"]) == (0, len(INPUTS))
    refused = command.run("no-such-input", out, "--json")
    assert (refused.returncode, json.loads(refused.stdout)["exit_code"]) == (2, 2)


def test_order_workers_and_a_private_folder_elsewhere_change_no_byte(done, place, command):
    words = [EXAMPLES / name for name in reversed(INPUTS)]
    out, private = place / "reversed", place / "elsewhere"
    finished = command.run(words, out, "--jobs", 1, "--private", private)
    assert finished.returncode == 0, finished.stderr
    assert released_bytes(out) == released_bytes(done[1])
    assert not (out / "private").exists()
    assert private.stat().st_mode & 0o777 == 0o700
    assert command("status", out).returncode == 0


def test_a_second_run_touches_nothing(done, command):
    _, out = done
    before = {p: (p.stat().st_ino, p.stat().st_mtime_ns) for p in out.glob("release/*/*/*")}
    again = command.run([EXAMPLES / name for name in INPUTS], out, "--json")
    assert (again.returncode, json.loads(again.stdout)["unchanged"]) == (0, len(INPUTS))
    assert "from before)" in again.stderr and "RTFx" not in again.stderr
    assert {p: (p.stat().st_ino, p.stat().st_mtime_ns) for p in out.glob("release/*/*/*")} == before


def test_another_policy_withdraws_the_old_release(place, command):
    order, number = EXAMPLES / "coffee_order.flac", EXAMPLES / "phone_number_8k.wav"
    out = place / "two-policies"
    assert command.run([order, number], out).returncode == 0
    before = released_bytes(out)
    tone = command.policy.with_name("tone.toml")
    tone.write_text(command.policy.read_text().replace('fill = "silence"', 'fill = "tone"'))
    part = command.run(number, out, "--policy", tone, "--json")
    summary = json.loads(part.stdout)
    assert (part.returncode, summary["released"], summary["pending"]) == (1, 1, 1)
    assert "1 pending, not released" in part.stderr
    after = released_bytes(out)
    assert len(after) == 6  # the manifest and one recording: the other waits for its turn
    (audio,) = [path for path in after if path.startswith("audio")]
    assert after[audio] != before[audio]
    status = command("status", out)
    assert status.returncode == 1
    assert "1 pending: other-settings: it was released under another policy" in status.stdout
    assert "run again with their INPUT, or redactor retry" in status.stderr
    assert command("retry", out).returncode == 0
    assert len(released_bytes(out)) == len(before)
