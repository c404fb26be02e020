"""The estimate of a recording's background: near the truth, blind to speech, silent where it cannot tell."""

import math

import numpy as np
import pytest

from redactor.kernels import background
from redactor.kernels.background import MAX_LEVEL_DBFS, BackgroundStream, estimate_background
from redactor.kernels.noise import NUM_TAPS, WHITE_RMS

RATE = 16_000
NO_SPANS = np.zeros((0, 2), dtype=np.int64), np.zeros((0, 1), dtype=bool)
COLOURS = {  # magnitude by frequency, 0 to 1 being half the sample rate
    "white": lambda f: np.ones_like(f),
    "falling 12 dB an octave": lambda f: 1 / (1 + (f / 0.1) ** 2),
    "band": lambda f: np.where((f > 0.2) & (f < 0.5), 1.0, 0.03),
}


def coloured(colour, level_dbfs, seconds=12, seed=0):
    rng = np.random.default_rng(seed)
    size = seconds * RATE
    spectrum = np.fft.rfft(rng.standard_normal(size))
    noise = np.fft.irfft(spectrum * COLOURS[colour](np.linspace(0, 1, size // 2 + 1)), size)
    return noise * (10 ** (level_dbfs / 20) / noise.std())


def speech(seconds=12, seed=1):
    """Loud harmonic bursts, 60 % of the time, none at the same pitch."""
    rng = np.random.default_rng(seed)
    out = np.zeros(seconds * RATE)
    t = np.arange(int(0.3 * RATE)) / RATE
    for begin in np.arange(0, seconds - 0.5, 0.5):
        pitch_hz = rng.uniform(90, 250)
        burst = sum(np.sin(2 * np.pi * pitch_hz * k * t + k) / k for k in range(1, 30))
        out[int(begin * RATE) :][: t.size] += 0.2 * burst * np.hanning(t.size)
    return out


def estimate(samples, spans=NO_SPANS, rate=RATE):
    return estimate_background(np.ascontiguousarray(samples.reshape(-1, 1)), *spans, sample_rate=rate)


def band_levels(power, num_bands=8):
    """dB in bands of equal width, the lowest left out: it holds the offset."""
    return 10 * np.log10([band.mean() for band in np.array_split(power[len(power) // 64 :], num_bands)])


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("talking", [False, True])
def test_spectrum_and_level_are_near_the_true_background(colour, talking):
    noise = coloured(colour, -50)
    found = estimate(noise + speech() if talking else noise)
    assert found.level_dbfs[0] == pytest.approx(-50, abs=3 if talking else 1)
    response = np.abs(np.fft.rfft(found.taps[0] * WHITE_RMS, 1024)) ** 2
    assert 10 * math.log10(np.sum((found.taps[0] * WHITE_RMS) ** 2)) == pytest.approx(
        found.level_dbfs[0], abs=0.01
    )
    truth = np.mean(np.abs(np.fft.rfft(noise[: 187 * 1024].reshape(-1, 1024))) ** 2, axis=0) / 1024
    difference = band_levels(response) - band_levels(truth)
    assert np.abs(difference).max() < (4 if talking else 3)


@pytest.mark.parametrize("dtype", ["int16", "int32", "float32"])
def test_level_does_not_depend_on_the_sample_type(dtype):
    noise = coloured("white", -45, seconds=5)
    scale = 1 if dtype == "float32" else np.iinfo(dtype).max
    found = estimate((noise * scale).astype(dtype))
    assert found.level_dbfs[0] == pytest.approx(estimate(noise).level_dbfs[0], abs=0.05)


def test_offset_is_no_noise():
    noise = coloured("white", -50, seconds=5)
    assert estimate(noise + 0.2).level_dbfs[0] == pytest.approx(estimate(noise).level_dbfs[0], abs=0.01)


def test_what_is_inside_spans_is_not_looked_at():
    noise = coloured("white", -50, seconds=5)
    spans = np.array([[8000, 30_000], [50_000, 60_000]]), np.ones((2, 1), dtype=bool)
    clean = estimate(noise, spans)
    for first, stop in spans[0]:
        noise[first:stop] = np.nan
    np.testing.assert_array_equal(estimate(noise, spans).taps, clean.taps)
    assert np.isfinite(clean.level_dbfs[0])


def test_each_channel_has_its_own_background_and_spans():
    samples = np.column_stack((coloured("white", -60, 5), coloured("white", -40, 5)))
    spans, mask = np.array([[0, 5 * RATE]]), np.array([[True, False]])
    found = estimate_background(samples, spans, mask, sample_rate=RATE)
    assert found.level_dbfs[0] == -math.inf and not found.taps[0].any()
    assert found.level_dbfs[1] == pytest.approx(-40, abs=1)


def test_padding_with_digital_silence_does_not_silence_the_background():
    padded = np.concatenate((np.zeros(10 * RATE), coloured("white", -50, 10)))
    assert estimate(padded).level_dbfs[0] == pytest.approx(-50, abs=1)


@pytest.mark.parametrize(
    "samples",
    [
        pytest.param(np.zeros(0), id="empty"),
        pytest.param(np.ones(1), id="one sample"),
        pytest.param(coloured("white", -50, 1)[: RATE // 2], id="half a second"),
        pytest.param(np.zeros(5 * RATE), id="silence"),
        pytest.param(np.full(5 * RATE, 0.1), id="constant"),
        pytest.param(np.full(5 * RATE, np.nan), id="not a number"),
        pytest.param(np.full(5 * RATE, np.inf), id="infinite"),
        pytest.param(np.where(np.arange(5 * RATE) % 2, 1e300, -1e300), id="absurd"),
    ],
)
def test_background_is_silence_where_it_cannot_be_told(samples):
    found = estimate(samples)
    assert found.taps.shape == (1, NUM_TAPS) and not found.taps.any()
    assert found.level_dbfs == (-math.inf,)


@pytest.mark.parametrize("level_dbfs", [-29, -3, 20])
def test_absurdly_loud_background_is_turned_down(level_dbfs):
    found = estimate(coloured("white", level_dbfs, 5))
    assert found.level_dbfs == (MAX_LEVEL_DBFS,)
    rms = math.sqrt(np.sum((found.taps * WHITE_RMS) ** 2))
    assert 20 * math.log10(rms) == pytest.approx(MAX_LEVEL_DBFS, abs=0.01)


@pytest.mark.parametrize("rate", [1, 100, 8000, 44_100, 192_000])
def test_any_sample_rate_gives_a_filter(rate):
    found = estimate(coloured("white", -50, 20), rate=rate)
    assert np.isfinite(found.taps).all() and found.taps.any()


def group_starts(num_samples, spans, frame_len):
    """Every start of a frame, one by one: those of groups outside the spans."""
    group_len, starts = 4 * frame_len, []
    for start in range(0, num_samples - group_len + 1, frame_len):
        if all(start + group_len <= first or stop <= start for first, stop in spans):
            starts.append(start)
    wanted = [len(starts) * n // 1024 for n in range(1024)] if len(starts) > 1024 else range(len(starts))
    return [starts[n] for n in wanted]


@pytest.mark.parametrize("num_samples", [0, 63, 64, 65, 1_000, 16_384 + 48, 16_384 + 64, 50_000])
@pytest.mark.parametrize(
    "spans",
    [
        [],
        [(0, 10)],
        [(0, 16)],
        [(0, 17), (900, 1_000)],
        [(16, 80), (80, 200), (264, 265), (329, 330)],
        [(n, n + 30) for n in range(5, 50_000, 111)],
        [(0, 50_000)],
    ],
)
def test_groups_are_where_counting_one_by_one_finds_them(num_samples, spans):
    spans = [(first, min(stop, num_samples)) for first, stop in spans if first < num_samples]
    found = background._group_starts(num_samples, np.array(spans, np.int64).reshape(-1, 2), 16)
    assert found.tolist() == group_starts(num_samples, spans, 16)


@pytest.mark.parametrize("dtype", ["int16", "float32"])
@pytest.mark.parametrize("sizes", [(1_000,), (65_536,), (1, 5_000, 0, 1_024, 13)])
def test_a_stream_finds_the_same_whatever_the_size_of_its_blocks(dtype, sizes):
    scale = 1 if dtype == "float32" else 2**15
    samples = np.column_stack((coloured("band", -50), coloured("white", -60) + speech())) * scale
    samples = np.ascontiguousarray(samples.astype(dtype))
    spans, mask = np.array([[8_000, 30_000], [50_000, 60_000]]), np.array([[True, False], [True, True]])
    stream = BackgroundStream(spans, mask, num_samples=len(samples), sample_rate=RATE)
    position, number = 0, 0
    while position < len(samples):
        stream.feed(samples[position : position + sizes[number % len(sizes)]])
        position, number = position + sizes[number % len(sizes)], number + 1
    found, expected = stream.finish(), estimate_background(samples, spans, mask, sample_rate=RATE)
    assert found.taps.any(axis=1).all()
    assert found.taps.tobytes() == expected.taps.tobytes()
    assert found.level_dbfs == expected.level_dbfs


def test_a_stream_does_not_end_early_or_late():
    stream = BackgroundStream(*NO_SPANS, num_samples=10, sample_rate=RATE)
    stream.feed(np.zeros((9, 1)))
    with pytest.raises(ValueError, match="1 samples are missing"):
        stream.finish()
    with pytest.raises(ValueError, match="ends past"):
        stream.feed(np.zeros((2, 1)))
