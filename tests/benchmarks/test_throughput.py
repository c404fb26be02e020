"""Work is made without making things up, programs are measured whole, and failures are said."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from benchmarks import control_batched, scaling, throughput
from benchmarks.material import (
    joinable,
    joined_words,
    repeated,
    sources_of,
    subset,
    work_folder,
    write_calls,
    write_joined,
    write_repeats,
)
from benchmarks.pictures import Bar, Chart, bars
from benchmarks.processes import BenchError, Finished, Look, check, memory, run_program
from benchmarks.recognized import control_errors, difference, mixed_said, read_texts
from benchmarks.speeds import Quality, Result, Speed, figures, ratios, table
from redactor.bench.gold import GoldRecording, GoldWord, entities, read_gold
from redactor.bench.wer import WordErrors
from redactor.config import load_policy, parse_policy
from redactor.config_text import to_toml

DATA = Path(__file__).resolve().parents[1] / "data/corpus"
RATE = 8_000


def word(text, start, end, label="", channel=0, entity=None):
    return GoldWord(text, start, end, label, channel, entity)


def speed(name, audio_seconds, wall_seconds):
    return Speed("command", name, 2, audio_seconds, wall_seconds, wall_seconds, wall_seconds, 10, 20)


@pytest.fixture
def gold(tmp_path):
    """Two calls of a minute and one of half a minute in mono, one call in stereo, and a command."""
    folder = tmp_path / "gold"
    (folder / "audio").mkdir(parents=True)
    rows = []
    lengths = [("call", 60, 1), ("call", 61, 1), ("call", 30, 1), ("call", 60, 2), ("command", 2, 1)]
    for number, (kind, seconds, channels) in enumerate(lengths):
        audio = f"audio/{number}.wav"
        sf.write(folder / audio, np.full((seconds * RATE, channels), number + 1, "int16"), RATE)
        words = (word("ada", 0.5, 1.0, "PERSON", 0, 1), word("here", seconds - 1.0, seconds - 0.5))
        rows.append(GoldRecording(audio, words, channels=channels, kind=kind))
    path = folder / "gold.jsonl"
    path.write_text("".join(row.to_json() + "\n" for row in rows))
    return path


def test_copies_have_names_of_their_own_and_count_as_the_recording_that_they_are_of():
    rows = [GoldRecording("audio/a.wav"), GoldRecording("b/a.flac", speaker="s7")]
    copies = repeated(rows, 5)
    assert [row.audio for row in copies[:3]] == [
        "audio/00000-a.wav",
        "audio/00001-a.flac",
        "audio/00002-a.wav",
    ]
    assert len({Path(row.audio).stem for row in copies}) == 5
    assert [row.speaker for row in copies] == ["audio/a.wav", "s7", "audio/a.wav", "s7", "audio/a.wav"]


def test_copies_hold_the_same_bytes_beside_their_gold(gold, tmp_path):
    made = write_repeats(sources_of(gold, "command"), tmp_path / "work", 3)
    assert [one.path.read_bytes() for one in made.sources] == [(gold.parent / "audio/4.wav").read_bytes()] * 3
    assert [row.audio for row in read_gold(made.gold_file)] == [one.gold.audio for one in made.sources]
    assert made.seconds == 6.0


def test_a_part_is_drawn_by_its_seed_and_keeps_the_order(gold, tmp_path):
    made = write_repeats(sources_of(gold, "command"), tmp_path / "work", 20)
    drawn = [[row.audio for row in read_gold(subset(made, 7, seed=s).gold_file)] for s in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert drawn[0] == sorted(drawn[0]) and len(drawn[0]) == 7
    assert subset(made, 20, seed=1) is made


def test_joined_words_are_shifted_and_in_order_of_start_and_channel():
    first = (word("hi", 0.0, 0.5), word("ada", 2.0, 2.5, "PERSON", 1, 3), word("so", 2.0, 2.4))
    second = (word("bob", 0.0, 0.5, "PERSON", 0, 0), word("yes", 1.0, 1.5))
    words, end = joined_words([(first, 0.0), (second, 2.25)], 10.0)
    assert [(w.text, w.start, w.channel) for w in words] == [
        ("hi", 0.0, 0),
        ("so", 2.0, 0),
        ("ada", 2.0, 1),
        ("bob", 2.25, 0),
        ("yes", 3.25, 0),
    ]
    assert end == 10.0


def test_entities_of_one_recording_are_none_of_anothers():
    one = (word("ada", 0.0, 0.5, "PERSON", 0, 0), word("lovelace", 0.5, 1.0, "PERSON", 0, 0))
    words, _ = joined_words([(one, 0.0), (one, 1.0)], 5.0)
    assert [len(group) for group in entities(words)] == [2, 2]


@pytest.mark.parametrize(
    ("seconds", "end", "left"),
    [
        (3.0, 3.0, "a b c"),
        (2.0, 2.0, "a b"),  # a word may end where the whole does
        (1.8, 1.0, "a"),  # inside b
        (1.0, 1.0, "a"),
        (2.5, 2.0, "a b"),  # inside c, which starts as b ends
    ],
)
def test_no_word_is_cut_in_two(seconds, end, left):
    words = (word("a", 0.0, 1.0), word("b", 1.0, 2.0), word("c", 2.0, 3.0))
    kept, cut = joined_words([(words, 0.0)], seconds)
    assert (" ".join(w.text for w in kept), cut) == (left, end)


def test_a_joined_call_has_its_length_and_the_sound_of_its_parts_where_the_gold_says(gold, tmp_path):
    group = joinable(sources_of(gold, "call"), 1)
    assert len(group) == 3
    joined = write_joined(group, tmp_path, "long", 200.0)
    samples, rate = sf.read(joined.path, dtype="int16")
    assert len(samples) == joined.num_samples == 200 * rate
    assert [samples[int(t * rate)] for t in (30.0, 90.0, 130.0, 170.0)] == [1, 2, 3, 1]
    starts = [w.start for w in joined.gold.words if w.text == "ada"]
    assert starts == pytest.approx([0.5, 60.5, 121.5, 151.5])


def test_calls_are_those_of_a_minute_and_more_and_joined_ones_of_each_channel_count(gold, tmp_path):
    made = write_calls(sources_of(gold, "call"), tmp_path / "work", [3.0])
    assert [(one.num_channels, round(one.duration)) for one in made.sources] == [
        (1, 60),
        (1, 61),
        (2, 60),
        (1, 180),
        (2, 180),
    ]


def test_a_gold_without_such_recordings_is_said(gold):
    with pytest.raises(BenchError, match="no recording of kind 'meeting'"):
        sources_of(gold, "meeting")


def test_a_folder_with_results_is_not_worked_in(tmp_path):
    (tmp_path / "old").write_text("")
    with pytest.raises(BenchError, match="not empty"), work_folder(tmp_path):
        pass


def test_ratios_are_of_rtfx_and_not_of_wall_time():
    found = ratios([speed("plain", 10.0, 5.0), speed("batched", 10.0, 2.5), speed("product", 100.0, 10.0)])
    assert found["product"] == {"plain": 5.0, "batched": 2.5}
    assert found["plain"] == {"plain": 1.0, "batched": 0.5}


def test_the_table_and_the_object_hold_every_program_and_say_what_was_not_counted():
    results = [Result(speed("plain", 10.0, 5.0), Quality(lost=0.125)), Result(speed("batched", 10.0, 5.0))]
    lines = table(results).splitlines()
    assert len(lines) == 3 and lines[1].endswith("12.5") and lines[2].endswith("-")
    assert figures(results, {})["results"][0]["times"] == {"plain": 1.0, "batched": 1.0}


def test_the_product_runs_under_standard_but_for_its_other_hearings():
    standard, ours = load_policy("standard"), throughput.policies([])["product"]
    assert ours.transcribe.second_opinion == "" and ours.verify.share == 0.0 and not ours.language.prompts
    assert ours.transcribe.second_best_ms == 0.0
    hears = standard.transcribe
    again = {
        "language": replace(ours.language, prompts=standard.language.prompts),
        "transcribe": replace(
            ours.transcribe,
            second_opinion=hears.second_opinion,
            second_best_ms=hears.second_best_ms,
        ),
    }
    assert replace(ours, name=standard.name, verify=standard.verify, **again) == standard
    assert parse_policy(to_toml(ours).encode(), name="x", where="x") == ours


def test_a_plain_script_answers_for_both_sides_in_order_of_time(gold, tmp_path):
    sources = sources_of(gold, "call")
    material = write_calls(sources, tmp_path / "work", [])
    texts = {one.gold.audio: "Ada here." for one in material.sources}
    texts[material.sources[-1].gold.audio] = "Ada."
    errors = control_errors(material, texts)
    assert (errors.mono.errors, errors.mono.words) == (0, 4)
    assert (errors.others.errors, errors.others.words) == (1, 2)
    with pytest.raises(BenchError, match="wrote no text"):
        control_errors(material, {})


def test_said_words_of_two_sides_are_in_order_of_start():
    words = (word("there", 2.0, 2.5), word("hello", 0.0, 0.5), word("yes", 1.0, 1.5, channel=1))
    assert mixed_said(GoldRecording("a.wav", words)) == "hello yes there"


def test_texts_are_read_by_recording(tmp_path):
    lines = [{"audio": "a.wav", "text": "one"}, {"audio": "b.wav", "text": ""}]
    (tmp_path / "t").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert read_texts(tmp_path / "t") == {"a.wav": "one", "b.wav": ""}


def test_a_program_is_measured_with_its_children():
    child = "b = bytearray(60 << 20); import time; time.sleep(1)"
    finished = run_program(
        [sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"],
        look_every_s=0.2,
    )
    assert finished.exit_code == 0
    assert finished.wall_seconds > 1.0
    assert finished.peak_bytes == finished.worker_peak_bytes > 60 << 20
    assert finished.peak_sum_bytes > finished.peak_bytes
    assert len(finished.peaks) == 2 and finished.parent in finished.peaks
    assert len(scaling.by_worker(finished.looks, finished.parent)) == 1


def test_an_ended_process_has_no_memory():
    assert memory(2**22 + 1) == {}


def test_a_failed_program_is_said_with_its_last_words():
    finished = run_program(
        [sys.executable, "-c", "import sys; print('no model', file=sys.stderr); sys.exit(2)"]
    )
    assert check(finished, "it", good=(0, 2)) is finished
    with pytest.raises(BenchError, match="it failed with exit code 2:\n  no model"):
        check(finished, "it")
    with pytest.raises(BenchError, match="cannot be started"):
        run_program(["/nowhere/python"])


@pytest.mark.parametrize(("main", "name"), [(throughput.main, "throughput"), (scaling.main, "scaling")])
def test_a_missing_gold_is_a_message_and_exit_2(main, name, tmp_path, capsys):
    assert main(["--gold", str(tmp_path / "gold.jsonl")]) == 2
    assert capsys.readouterr().err.startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("main", "options", "message"),
    [
        (throughput.main, [], "--commands needs --gold"),
        (throughput.main, ["--commands", "0"], "nothing to do"),
        (throughput.main, ["--gold", "g", "--control-commands", "0"], "--control-commands 1"),
        (scaling.main, ["--gold", "g", "--counts", "--minutes"], "nothing to do"),
        (scaling.main, ["--gold", "g", "--counts", "0"], "over zero"),
        (scaling.main, ["--gold", "g", "--soak-svg", "x.svg"], "goes with --soak"),
    ],
)
def test_options_that_disagree_are_named(main, options, message, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(options)
    assert message in capsys.readouterr().err


def test_the_batched_script_has_the_plain_ones_options(capsys):
    args = control_batched.parse_args(["in", "--out", "out", "--texts", "t.jsonl"])
    assert (args.input, args.out, args.model) == (Path("in"), Path("out"), "base")
    assert (args.json, args.texts) == (None, Path("t.jsonl"))
    assert control_batched.main(["/nowhere/gold.jsonl", "--out", "out"]) == 2
    assert capsys.readouterr().err.startswith("control_batched: ")


@pytest.mark.model
def test_the_batched_script_runs_and_writes_what_it_recognized(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.flac").write_bytes((DATA / "audio/dev-command-0001.flac").read_bytes())
    options = ["--out", str(tmp_path / "out"), "--texts", str(tmp_path / "t"), "--model", "tiny.en"]
    assert control_batched.main([str(tmp_path / "in"), *options]) == 0
    assert sf.info(tmp_path / "out/a.wav").frames == sf.info(tmp_path / "in/a.flac").frames
    assert read_texts(tmp_path / "t")["a.flac"].strip()


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ([1.0] * 19, None),
        ([5.0] * 2 + [1.0] * 18, 0.0),  # the start does not count
        ([5.0] * 2 + [1.0, 1.0, *[2.0] * 14, 4.0, 2.0], 2.0),
        ([1.0] * 18 + [0.5, 0.5], -0.5),
    ],
)
def test_drift_is_the_last_tenth_against_the_second(readings, expected):
    found = scaling.drift(readings)
    assert (found.bytes if found else None) == expected


def test_the_run_itself_and_its_small_helper_are_no_workers():
    looks = [Look(float(i), {1: 900, 2: 10, 3: 500 + i, 4: 400}) for i in range(20)]
    assert sorted(scaling.by_worker(looks, 1)) == [3, 4]
    finished = Finished(0, "", "", 1.0, 1.0, {}, 1, tuple(looks))
    assert scaling.worst_drift(finished).bytes == 16.0


def test_cost_is_for_an_hour_of_audio():
    cost = scaling.Cost("x", 2, 1800.0, 60.0, 50.0, 90.0, 10, 0)
    assert cost.per_hour(cost.wall_seconds) == 120.0
    assert "120" in scaling.table([cost]).splitlines()[1]


def test_pictures_hold_their_names_escaped():
    chart = Chart(right=2.0, top=4.0, across="a & b", up="c")
    assert chart.at(0, 0) == (60, 340) and chart.at(2.0, 4.0) == (620, 20)
    drawn = chart.picture([chart.line([(0, 0), (1, 2)]), *chart.dot((1, 2), "<x>")])
    assert "a &amp; b" in drawn and "&lt;x&gt;" in drawn and "340.0" in drawn
    assert bars([("one", [Bar("long", 2.0, "2"), Bar("none", 0.0, "0")]), ("no bars", [])]).count("<rect") == 3


def test_two_rates_differ_by_what_both_made_of_the_same_recordings():
    """Recordings are drawn with both of their texts: what is hard for both widens nothing."""
    pairs = [(WordErrors(n, 10), WordErrors(n + 1, 10)) for n in range(9)]
    assert difference(pairs) == (pytest.approx(0.1),) * 3
    more, low, high = difference([*pairs, (WordErrors(5, 10), WordErrors(0, 10))])
    assert more == pytest.approx(0.04)
    assert low < more < high
