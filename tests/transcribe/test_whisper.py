"""A real small model: a window's text is the same whatever is computed beside it, and belongs to it alone."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from redactor.audio.decode import decode
from redactor.audio.resample import model_channel
from redactor.batching import Batcher
from redactor.errors import ModelError
from redactor.model_registry import resolve
from redactor.transcribe import choose_device, whisper
from redactor.transcribe.rules import WindowRules
from redactor.transcribe.speech import MODEL_RATE_HZ as RATE
from redactor.transcribe.whisper import Whisper
from redactor.transcribe.written import Encoded, written_of

EXAMPLES = Path(__file__).parents[2] / "examples"
CPU = choose_device("cpu")
RULES = {
    "longest_ms": 15_000,
    "tail_ms": 500,
    "kept_share": 0.7,
    "silence_every": 8,
    "short_ms": 4000,
    "short_silence_every": 1,
}


@pytest.fixture(scope="module")
def tiny():
    return Whisper(replace(resolve("tiny.en", task="transcribe"), windows=RULES), device=CPU)


@pytest.fixture(scope="module")
def windows():
    """Pieces of two people's recordings: a coffee order and a telephone number."""
    order = model_channel(decode(EXAMPLES / "coffee_order.flac").audio, 0)
    number = model_channel(decode(EXAMPLES / "phone_number_8k.wav").audio, 0)
    whole = [order[: 4 * RATE], number[: 4 * RATE], order[2 * RATE : 6 * RATE], number[2 * RATE : 6 * RATE]]
    return [*whole, order, number]


def understood(model, sounds):
    encoded = model.encode(sounds)
    written = model.write(encoded, "en", beam_size=5, second_best=True)
    return [(w, tuple(model.words(e, w, "en"))) for e, w in zip(encoded, written, strict=True)]


@pytest.mark.model
def test_a_window_says_the_same_to_the_last_bit_alone_and_beside_others(tiny, windows):
    alone = [understood(tiny, [window])[0] for window in windows]
    assert understood(tiny, windows) == alone
    assert understood(tiny, windows[::-1]) == alone[::-1]
    with ThreadPoolExecutor(4) as pool:
        rotated = [pool.submit(understood, tiny, windows[n:] + windows[:n]) for n in range(len(windows))]
    assert all(r.result() == alone[n:] + alone[:n] for n, r in enumerate(rotated))


@pytest.mark.model
def test_words_never_move_between_the_recordings_of_a_batch(tiny, windows):
    order, number = (w.text.lower() for w, _ in understood(tiny, windows[-2:]))
    assert "cappuccino" in order
    assert "cappuccino" not in number
    assert sum(c.isdigit() for c in number) >= 6 or "five" in number
    assert not any(c.isdigit() for c in order)


@pytest.mark.model
def test_a_prompt_changes_no_other_text_and_stands_in_none(tiny, windows):
    encoded = tiny.encode(windows)
    plain = tiny.write(encoded, "en", beam_size=1)
    prompt = "This is Gwendolyn Mbatha, and my surname is Quaye. " * 30  # more than a Whisper can take
    prompted = tiny.write(encoded, "en", beam_size=1, prompt=prompt)
    assert tiny.write(encoded, "en", beam_size=1) == plain
    assert prompted != plain
    assert all(w.text.strip() and "Mbatha" not in w.text for w in prompted)


@pytest.mark.model
def test_word_times_lie_in_the_window(tiny, windows):
    for sound, (_, words) in zip(windows, understood(tiny, windows), strict=True):
        assert words
        assert all(0 <= w.start <= w.end <= len(sound) / RATE + 0.02 for w in words)
        assert all(a.start <= b.start for a, b in zip(words, words[1:], strict=False))


@pytest.fixture
def shaped(monkeypatch):
    """A model that is never asked anything, to look at shapes."""
    loaded = SimpleNamespace(
        model=SimpleNamespace(is_multilingual=True),
        feature_extractor=SimpleNamespace(mel_filters=np.zeros((80, 201))),
    )
    monkeypatch.setattr(whisper, "_load", lambda *_: loaded)

    def build(**rules):
        model = Whisper(SimpleNamespace(name="m", calibration={}, windows={}), device=CPU)
        model.rules = WindowRules(**rules)
        return model

    return build


@pytest.mark.parametrize(
    ("seconds", "length"), [(0.1, 1.5), (0.5, 1.5), (0.51, 2.0), (4.0, 5.0), (29.5, 30.0), (30.0, 30.0)]
)
def test_a_window_is_encoded_at_its_length_and_its_tail(shaped, seconds, length):
    assert shaped(longest=15.0, tail=1.0)._encoded_length(seconds) == length


@pytest.mark.parametrize("rules", [{}, {"longest": 22.0, "tail": 0.5, "kept_share": 0.7, "silence_every": 8}])
@pytest.mark.parametrize("prompt", ["", "A Saoirse."])
def test_a_window_of_30_seconds_is_shown_as_it_is_and_no_silence_is_computed(shaped, rules, prompt):
    model = shaped(**rules)
    full = Encoded(np.zeros((1500, 1), np.float32), 3.0)
    assert model._shown(full, prompt) is full.states
    assert "_silence" not in vars(model)


def test_a_model_nobody_measured_gets_windows_of_30_seconds(shaped):
    assert shaped()._encoded_length(2.0) == 30.0


@pytest.mark.parametrize(
    "values",
    [
        {"longest_ms": 15_000},
        {**RULES, "more_ms": 1},
        {**RULES, "tail_ms": "1"},
        {**RULES, "tail_ms": True},
        {**RULES, "tail_ms": -1},
        {**RULES, "longest_ms": 31_000},
        {**RULES, "longest_ms": 500},
        {**RULES, "longest_ms": float("nan")},
        {**RULES, "kept_share": 0.69},
        {**RULES, "kept_share": 1.01},
        {**RULES, "silence_every": -1},
        {**RULES, "short_ms": -1},
        {**RULES, "silence_every": 1.5},
        {**RULES, "short_silence_every": 1501},
        {key: RULES[key] for key in RULES if key != "kept_share"},
    ],
)
def test_rules_that_cannot_be_are_refused(values):
    with pytest.raises(ModelError, match=r"windows of model 'mine' .* run benchmarks/windows\.py"):
        WindowRules.of(values, model="mine")


def test_rules_are_read_in_milliseconds():
    assert WindowRules.of(RULES, model="m") == WindowRules(15.0, 0.5, 0.7, 8, 4.0, 1)
    assert WindowRules.of({}, model="m") == WindowRules()


class OutOfMemory:
    """Raises what CTranslate2 raises on a GPU when a batch is too large."""

    def __init__(self, most):
        self.most, self.batches = most, []

    def __call__(self, key, items):
        self.batches.append(len(items))
        if len(items) > self.most:
            raise RuntimeError("CUDA failed with error out of memory")
        return items


def test_a_gpu_that_runs_out_of_memory_gets_smaller_batches():
    work = OutOfMemory(most=20)
    batcher = Batcher(work, most=64, mixed=False, is_out_of_memory=whisper.is_out_of_memory)
    assert batcher.run("write", range(64)) == list(range(64))
    assert batcher.most == 16
    work.batches.clear()
    batcher.run("write", range(64))
    assert work.batches == [16] * 4


@pytest.mark.parametrize(
    ("texts", "second"),
    [
        (["Call Anna.", "call, anna", "Call Hannah", "Kohl Anna"], "Call Hannah"),
        (["Call Anna.", "Call-Anna!"], None),
        (["Call Anna."], None),
    ],
)
def test_the_second_choice_is_the_most_probable_text_of_other_words(texts, second):
    tokenizer = SimpleNamespace(eot=100, decode=lambda ids: texts[ids[0]])
    result = SimpleNamespace(
        sequences_ids=[[number, 100] for number in range(len(texts))],
        scores=[-0.1 * (number + 1) for number in range(len(texts))],
        no_speech_prob=0.25,
    )
    written = written_of(result, tokenizer, 50)
    assert written.text == "Call Anna."
    assert (written.second and written.second.text) == second
    assert written.avg_logprob == pytest.approx(-0.1 * 2 / 3)
    if second:
        number = texts.index(second)
        assert (written.second.tokens, written.second.no_speech_prob) == ((number,), 0.25)
        assert written.second.avg_logprob == pytest.approx(-0.1 * (number + 1) * 2 / 3)
        assert written.second.second is None


@pytest.mark.model
def test_the_real_model_weighs_more_than_one_text(tiny, windows):
    beams = [written for written, _ in understood(tiny, windows)]
    assert all(w.second is not None and w.second.text != w.text for w in beams)
    encoded = tiny.encode(windows)
    alone = tiny.write(encoded, "en", beam_size=5)
    assert alone == [replace(w, second=None) for w in beams]
    greedy = tiny.write(encoded, "en", beam_size=1, second_best=True)
    assert [w.second for w in greedy] == [None] * len(windows)
