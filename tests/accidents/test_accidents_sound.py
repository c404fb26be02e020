"""Sound that is not what was promised is never released, whoever broke it: muter, kernel or writer."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import soundfile as sf
from accident_helpers import (
    POLICY,
    RATE,
    SECRETS,
    collected,
    plant_in_muter,
    samples_of_recording,
    write_recording,
)

from redactor import pipeline
from redactor.ledger import State
from redactor.policy import MutePolicy
from redactor.redact import audio as redact_audio
from redactor.redact.audio import muted
from redactor.staging import encode

pytestmark = pytest.mark.long

MS = RATE // 1000
FADE = 10 * MS
SILENCE, TONE, NOISE = "silence", "tone", "noise"
# Something is left of the original, or what stands there is no fill; often both, and the first by name is told.
IN_A_SPAN = ("fill", "residue")


def with_fill(kind):
    return replace(POLICY, mute=MutePolicy(kind))


@pytest.mark.parametrize("fill", [SILENCE, TONE, NOISE])
@pytest.mark.parametrize(("container", "subtype"), [("WAV", "PCM_16"), ("OGG", "VORBIS")])
def test_without_a_fault_the_recording_is_released(flow, fill, container, subtype):
    """The harness: every accident here goes the same way."""
    write_recording(flow.input, format=container, subtype=subtype)
    row = flow.run(policy=with_fill(fill))
    assert (row.state, row.verdict, row.reason) == (State.DONE, "passed", None)
    released = {str(path.relative_to(flow.folder.release)) for path in flow.files()}
    assert released == {file.path for file in row.files} == set(flow.ledger.listed_files())
    assert len(released) == 5


# --- the muter: (muted, original, runs of samples) -> what it returns


def keeps_all(muted, original, runs):
    return original


def mutes_the_first_block_only(muted, original, runs):
    muted[1 << 16 :] = original[1 << 16 :]
    return muted


def forgets_the_last_span(muted, original, runs):
    first, stop = runs[-1]
    muted[first - FADE : stop + FADE] = original[first - FADE : stop + FADE]
    return muted


def mutes_one_channel_only(muted, original, runs):
    muted[:, 1] = original[:, 1]
    return muted


def leaves_an_echo_on_the_other_channel(muted, original, runs):
    for first, stop in runs:
        muted[first:stop, 1] += (original[first - 2 * MS : stop - 2 * MS, 0] * 0.15).astype(muted.dtype)
    return muted


def begins_late(ms):
    def begin_late(muted, original, runs):
        for first, _ in runs:
            muted[first - FADE : first + ms * MS] = original[first - FADE : first + ms * MS]
        return muted

    return begin_late


def ends_early(ms):
    def end_early(muted, original, runs):
        for _, stop in runs:
            muted[stop - ms * MS : stop + FADE] = original[stop - ms * MS : stop + FADE]
        return muted

    return end_early


def fills_with(make: Callable[[np.ndarray], np.ndarray]):
    """Puts something made of the original into every span in place of the fill."""

    def fill(muted, original, runs):
        for first, stop in runs:
            muted[first:stop] = make(original[first:stop].astype(np.float64)).astype(muted.dtype)
        return muted

    return fill


def in_pieces(x):
    """Pieces of 50 ms, the last one first."""
    return np.concatenate([x[at : at + 50 * MS] for at in range(0, len(x), 50 * MS)][::-1])


def shuffled(x):
    """Every sample somewhere else: nothing correlates, and it is as loud as speech."""
    return np.random.default_rng(1).permutation(x)


def fills_with_another_place(muted, original, runs):
    for first, stop in runs:
        muted[first:stop] = original[first - stop :]
    return muted


def fills_with_another_recording(muted, original, runs):
    for first, stop in runs:
        muted[first:stop] = samples_of_recording(seed=50)[first:stop]
    return muted


def swaps_the_channels(muted, original, runs):
    return muted[:, ::-1]


def shifted(num_samples):
    return lambda muted, original, runs: np.roll(muted, num_samples, axis=0)


def is_one_sample_short(muted, original, runs):
    return muted[:-1]


def drops_a_channel(muted, original, runs):
    return muted[:, :1]


def is_of_another_recording(muted, original, runs):
    return samples_of_recording(seed=50)


MUTERS = {
    "a muter that returns its input": (keeps_all, SILENCE, IN_A_SPAN),
    "chunked sound of which only the first block is muted": (mutes_the_first_block_only, SILENCE, IN_A_SPAN),
    "the last span forgotten": (forgets_the_last_span, NOISE, IN_A_SPAN),
    "one channel muted where the policy says all": (mutes_one_channel_only, SILENCE, IN_A_SPAN),
    "an echo left on the other channel": (leaves_an_echo_on_the_other_channel, NOISE, IN_A_SPAN),
    "20 ms left at a span's start": (begins_late(20), NOISE, IN_A_SPAN),
    "50 ms left at a span's start": (begins_late(50), SILENCE, IN_A_SPAN),
    "100 ms left at a span's start": (begins_late(100), TONE, IN_A_SPAN),
    "20 ms left at a span's end": (ends_early(20), NOISE, IN_A_SPAN),
    "50 ms left at a span's end": (ends_early(50), TONE, IN_A_SPAN),
    "100 ms left at a span's end": (ends_early(100), SILENCE, IN_A_SPAN),
    "the original at -20 dB for silence": (fills_with(lambda x: 0.1 * x), SILENCE, IN_A_SPAN),
    "the original at -35 dB for silence": (fills_with(lambda x: 0.0178 * x), SILENCE, IN_A_SPAN),
    "the original at -20 dB for noise": (fills_with(lambda x: 0.1 * x), NOISE, IN_A_SPAN),
    "the original at -35 dB for noise": (fills_with(lambda x: 0.0178 * x), NOISE, IN_A_SPAN),
    "the original at -35 dB for a tone": (fills_with(lambda x: 0.0178 * x), TONE, IN_A_SPAN),
    "the original upside down": (fills_with(lambda x: -0.1 * x), NOISE, IN_A_SPAN),
    "the original backwards": (fills_with(lambda x: 0.1 * x[::-1]), NOISE, IN_A_SPAN),
    "the original in pieces": (fills_with(in_pieces), NOISE, IN_A_SPAN),
    "the original's samples shuffled": (fills_with(shuffled), NOISE, ("fill",)),
    "speech from another place": (fills_with_another_place, NOISE, IN_A_SPAN),
    "speech of another recording": (fills_with_another_recording, NOISE, IN_A_SPAN),
    "the channels swapped": (swaps_the_channels, SILENCE, ("changed",)),
    "a shift by one sample": (shifted(1), SILENCE, ("changed",)),
    "a shift by 10 ms": (shifted(10 * MS), NOISE, ("changed",)),
    "one sample too few": (is_one_sample_short, SILENCE, ("length",)),
    "one channel too few": (drops_a_channel, SILENCE, ("channels",)),
    "another recording": (is_of_another_recording, SILENCE, ("changed", "residue")),
}


@pytest.mark.parametrize(("fault", "fill", "reason"), MUTERS.values(), ids=MUTERS)
def test_what_a_muter_gets_wrong_is_held_back(flow, monkeypatch, fault, fill, reason):
    plant_in_muter(monkeypatch, fault)
    flow.run(policy=with_fill(fill))
    flow.assert_held(*reason)


LOSSY = {
    "a muter that returns its input": (keeps_all, SILENCE, IN_A_SPAN),
    "one channel muted where the policy says all": (mutes_one_channel_only, NOISE, IN_A_SPAN),
    "an echo left on the other channel": (leaves_an_echo_on_the_other_channel, NOISE, IN_A_SPAN),
    "100 ms left at a span's start": (begins_late(100), SILENCE, IN_A_SPAN),
    "100 ms left at a span's end": (ends_early(100), NOISE, IN_A_SPAN),
    "the original at -20 dB": (fills_with(lambda x: 0.1 * x), NOISE, IN_A_SPAN),
    "the original at -35 dB": (fills_with(lambda x: 0.0178 * x), SILENCE, IN_A_SPAN),
    "the original upside down": (fills_with(lambda x: -0.1 * x), TONE, IN_A_SPAN),
    "the original backwards": (fills_with(lambda x: 0.1 * x[::-1]), NOISE, IN_A_SPAN),
    "the channels swapped": (swaps_the_channels, SILENCE, ("changed",)),
    "another recording": (is_of_another_recording, SILENCE, ("changed", "residue")),
}


@pytest.mark.parametrize(("fault", "fill", "reason"), LOSSY.values(), ids=LOSSY)
def test_what_a_muter_gets_wrong_is_held_back_in_a_lossy_file_too(flow, monkeypatch, fault, fill, reason):
    write_recording(flow.input, format="OGG", subtype="VORBIS")

    def in_float(muted, original, runs):
        found = fault(muted, original, runs)
        return found.astype(np.float32) / 2**15 if found.dtype == np.int16 else found

    plant_in_muter(monkeypatch, in_float)
    flow.run(policy=with_fill(fill))
    flow.assert_held(*reason)


@pytest.mark.parametrize("fill", [SILENCE, TONE, NOISE])
def test_a_kernel_that_returns_its_input_is_held_back(flow, monkeypatch, fill):
    monkeypatch.setattr(redact_audio, f"mute_{fill}", lambda *_, **__: None)
    flow.run(policy=with_fill(fill))
    flow.assert_held(*IN_A_SPAN)


def test_spans_out_of_range_that_a_muter_skips_do_not_pass_as_success(flow, monkeypatch):
    """Byte for byte the input: seconds were taken for samples, and what lies past the end was left out."""

    def lenient(recording, spans, fill):
        in_samples = [replace(s, start=s.start * RATE, end=s.end * RATE) for s in spans]
        kept = [span for span in in_samples if span.end <= recording.duration]
        redactions, _ = muted(recording, spans, fill)
        return redactions, muted(recording, kept, fill)[1]

    staged = []
    monkeypatch.setattr(pipeline, "muted", lenient)
    monkeypatch.setattr("redactor.staging.encode", lambda sound, path: _kept(sound, path, staged))
    flow.run()
    flow.assert_held(*IN_A_SPAN)
    assert (staged[0] == samples_of_recording()).all()


def _kept(sound, path, staged):
    staged.append(collected(sound))
    return encode(sound, path)


@pytest.mark.parametrize("rate", [RATE // 2, RATE + 1], ids=["half the rate", "one hertz more"])
def test_a_wrong_sample_rate_is_held_back(flow, monkeypatch, rate):
    plant_in_muter(monkeypatch, lambda muted, original, runs: muted, rate=rate)
    flow.run()
    flow.assert_held("rate")


# --- the writer: (sound, path) writes the file


def writes_half(sound, path):
    """What says in its header that it is longer."""
    written = encode(sound, path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return written


def writes_nonsense(sound, path):
    written = encode(sound, path)
    path.write_bytes(b"RIFF" + bytes(4096))
    return written


def writes_nothing(sound, path):
    written = encode(sound, path)
    path.write_bytes(b"")
    return written


WRITERS = {
    "a file cut in half": writes_half,
    "a file that no decoder opens": writes_nonsense,
    "an empty file": writes_nothing,
}


@pytest.mark.parametrize("fault", WRITERS.values(), ids=WRITERS)
def test_a_file_that_cannot_be_opened_again_is_held_back(flow, monkeypatch, fault):
    monkeypatch.setattr("redactor.staging.encode", fault)
    flow.run()
    flow.assert_held("unreadable")


def test_a_writer_that_copies_the_input_is_held_back(flow, monkeypatch):
    def copy(sound, path):
        written = encode(sound, path)
        shutil.copy(flow.input, path)
        return written

    monkeypatch.setattr("redactor.staging.encode", copy)
    flow.run()
    flow.assert_held(*IN_A_SPAN)


def with_title(sound, path):
    written = encode(sound, path)
    samples = collected(sound)
    shape = {"samplerate": sound.sample_rate, "channels": sound.num_channels}
    with sf.SoundFile(path, "w", **shape, format=written.container, subtype=written.subtype) as file:
        file.title = SECRETS[0]
        file.write(samples)
    return written


def with_bytes_behind(sound, path):
    written = encode(sound, path)
    with path.open("ab") as stream:
        stream.write(b"TAG" + SECRETS[0].encode().ljust(125, b"\0"))
    return written


TAGS = {"title": with_title, "bytes-behind": with_bytes_behind}


@pytest.mark.parametrize("fault", TAGS.values(), ids=TAGS)
@pytest.mark.parametrize("container", ["WAV", "FLAC"])
def test_a_writer_that_keeps_tags_is_held_back(flow, monkeypatch, container, fault):
    write_recording(flow.input, format=container, subtype="PCM_16")
    monkeypatch.setattr("redactor.staging.encode", fault)
    flow.run()
    flow.assert_held("metadata")
