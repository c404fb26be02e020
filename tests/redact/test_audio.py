"""Muting a recording: what goes, what stays, and what is refused before a sample is touched."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redactor.audio.blocks import BLOCK_SAMPLES
from redactor.audio.recording import Recording
from redactor.errors import NonsenseError
from redactor.kernels.background import Background
from redactor.kernels.noise import NUM_TAPS
from redactor.redact.audio import MAX_OVERHANG_S, Fill, Muter, estimate_background, mute, muted
from redactor.types import Audio, AudioFormat, Origin, Redaction, TimeSpan

RATE = 8000
KINDS = ["silence", "tone", "noise"]
DTYPES = ["int16", "int32", "float32", "float64"]
PEAK = {"int16": 2**15 - 1, "int32": 2**31 - 1, "float32": 1.0, "float64": 1.0}


def span(start, end, channels=(0,), origin=Origin.DETECTED):
    return TimeSpan(start, end, channels, (), origin)


def recording(dtype="int16", num_channels=2, seconds=3.0, seed=0, level=0.01):
    """Quiet noise, so that there is a background to estimate."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((round(seconds * RATE), num_channels)) * level * PEAK[dtype]
    return Audio(noise.astype(dtype), RATE, AudioFormat("WAV", "PCM_16"))


def copy_of(audio):
    return Audio(audio.samples.copy(), audio.sample_rate, audio.format)


def muted_samples(audio, spans, fill, **options):
    result = copy_of(audio)
    mute(result, spans, fill, **options)
    return result.samples


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("num_channels", [1, 2, 5])
def test_only_the_span_and_its_fades_change_on_its_channels(kind, dtype, num_channels):
    audio = recording(dtype, num_channels)
    last = num_channels - 1
    result = muted_samples(audio, [span(1.0, 1.5, (last,))], Fill(kind, fade_ms=10))
    first, stop = RATE - 80, RATE * 3 // 2 + 80
    np.testing.assert_array_equal(result[:first], audio.samples[:first])
    np.testing.assert_array_equal(result[stop:], audio.samples[stop:])
    np.testing.assert_array_equal(result[:, :last], audio.samples[:, :last])
    assert np.mean(result[RATE : stop - 80, last] != audio.samples[RATE : stop - 80, last]) > 0.9


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("fade_ms", [0, 10])
def test_nothing_of_the_original_is_inside_a_span(kind, dtype, fade_ms):
    spans = [span(0.0, 0.25, (0, 1)), span(1.0, 1.5, (0, 1)), span(2.9, 3.0, (1,)), span(2.0, 2.000125, (0,))]
    inside = np.zeros((3 * RATE, 2), dtype=bool)
    inside[:2000] = inside[8000:12_000] = inside[23_200:, 1:] = inside[16_000, 0] = True
    inside[23_200:, 0] = False
    plain, marked = recording(dtype), recording(dtype)
    marked.samples[inside] = -PEAK[dtype]
    if dtype.startswith("float"):
        marked.samples[9000:9100] = np.nan
        marked.samples[9100:9200] = np.inf
    fill = Fill(kind, fade_ms=fade_ms)
    np.testing.assert_array_equal(muted_samples(marked, spans, fill), muted_samples(plain, spans, fill))
    if kind == "silence":
        assert not muted_samples(marked, spans, fill)[inside].any()


@pytest.mark.parametrize("dtype", ["int16", "float32"])
def test_noise_is_like_the_background_and_unlike_the_original(dtype):
    audio = recording(dtype, num_channels=1, seconds=20)
    result = muted_samples(audio, [span(5.0, 15.0)], Fill("noise"))
    inside = slice(5 * RATE, 15 * RATE)
    was = audio.samples[inside, 0].astype(np.float64)
    now = result[inside, 0].astype(np.float64)
    assert 20 * math.log10(now.std() / was.std()) == pytest.approx(0, abs=1)
    limit = 6 / math.sqrt(was.size)  # of |correlation|, over some 160,000 lags
    for original in (was, was[::-1]):
        assert correlation(now, original) < limit
    # The test itself sees a copy, also delayed, reversed or turned down to -26 dB.
    for copied in (now + 0.05 * was, np.roll(was, 777), 0.01 * was):
        assert correlation(copied, was) > limit


def correlation(x, y):
    """Largest |correlation| of two equally long signals over all (circular) lags."""
    spectrum = np.fft.rfft(x - x.mean()) * np.conj(np.fft.rfft(y - y.mean()))
    return np.abs(np.fft.irfft(spectrum, x.size)).max() / (x.size * x.std() * y.std())


@pytest.mark.parametrize("kind", KINDS)
def test_same_input_gives_same_bytes(kind):
    spans = [span(0.5, 0.9), span(1.1, 1.3, (0, 1))]
    once, again = (muted_samples(recording(), spans, Fill(kind)) for _ in range(2))
    assert once.tobytes() == again.tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_order_and_overlap_of_spans_change_nothing(kind):
    audio = recording()
    parts = [span(1.2, 1.5, (0, 1)), span(1.0, 1.3), span(1.0, 1.3, (1,)), span(1.1, 1.2, (1,))]
    whole = muted_samples(audio, [span(1.0, 1.5, (0, 1))], Fill(kind))
    np.testing.assert_array_equal(muted_samples(audio, parts, Fill(kind)), whole)
    np.testing.assert_array_equal(muted_samples(audio, parts[::-1], Fill(kind)), whole)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    cuts=st.lists(st.integers(0, 8000), max_size=6),
    bounds=st.lists(st.floats(0.0, 0.98), min_size=1, max_size=5),
)
def test_streamed_blocks_in_any_order_equal_the_whole(kind, cuts, bounds):
    audio = recording(seconds=1.0)
    spans = [span(start, start + 0.015, (k % 2,)) for k, start in enumerate(bounds)]
    fill = Fill(kind, fade_ms=7)
    background = estimate_background(audio, spans) if kind == "noise" else None
    muter = Muter(spans, fill, sample_rate=RATE, num_samples=8000, num_channels=2, background=background)
    streamed = audio.samples.copy()
    borders = [0, *sorted(cuts), 8000]
    for first, stop in reversed(list(zip(borders[:-1], borders[1:], strict=True))):
        muter.apply(streamed[first:stop], first)
    np.testing.assert_array_equal(streamed, muted_samples(audio, spans, fill))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("block_len", [100, 4096, 10**6])
def test_block_len_changes_nothing(kind, block_len):
    spans = [span(0.49, 1.03, (0, 1)), span(1.04, 1.05)]
    fill = Fill(kind, fade_ms=50)
    np.testing.assert_array_equal(
        muted_samples(recording(), spans, fill, block_len=block_len), muted_samples(recording(), spans, fill)
    )


def test_bounds_round_outward():
    audio = recording(num_channels=1)
    audio.samples[:] = 1000
    mute(audio, [span(100.4 / RATE, 199.6 / RATE)], Fill("silence", fade_ms=0))
    assert audio.samples[98:102, 0].tolist() == [1000, 1000, 0, 0]
    assert audio.samples[198:202, 0].tolist() == [0, 0, 1000, 1000]


def test_tone_has_its_frequency_and_level():
    audio = recording("float64", num_channels=1)
    mute(audio, [span(1.0, 2.0)], Fill("tone", tone_hz=1200, tone_dbfs=-12))
    spectrum = np.abs(np.fft.rfft(audio.samples[RATE : 2 * RATE, 0])) * 2 / RATE
    assert spectrum.argmax() == 1200
    assert 20 * math.log10(spectrum[1200]) == pytest.approx(-12, abs=0.01)


def test_redactions_name_every_span_in_order_of_time_with_its_operator():
    late, early, other = span(2.0, 2.5), span(0.5, 1.0, (1,), Origin.UNHEARD), span(0.5, 0.9, (0, 1))
    found = mute(recording(), [late, early, other], Fill("tone"))
    assert found == (Redaction(other, "tone"), Redaction(early, "tone"), Redaction(late, "tone"))


@pytest.mark.parametrize("kind", KINDS)
def test_no_span_changes_nothing(kind):
    audio = recording()
    assert mute(audio, [], Fill(kind)) == ()
    np.testing.assert_array_equal(audio.samples, recording().samples)


@pytest.mark.parametrize("kind", ["silence", "noise"])
def test_all_muted_recording_is_silent_where_there_is_no_background_to_imitate(kind):
    audio = recording()
    mute(audio, [span(0.0, 3.0, (0, 1))], Fill(kind))
    assert not audio.samples.any()


@pytest.mark.parametrize("kind", KINDS)
def test_one_channel_muted_whole_leaves_the_other(kind):
    audio = recording()
    mute(audio, [span(0.0, 3.0)], Fill(kind))
    np.testing.assert_array_equal(audio.samples[:, 1], recording().samples[:, 1])


NONSENSE = [
    pytest.param(math.nan, 1.0, (0,), "not finite", id="start is NaN"),
    pytest.param(1.0, math.nan, (0,), "not finite", id="end is NaN"),
    pytest.param(1.0, math.inf, (0,), "not finite", id="end is infinite"),
    pytest.param(-math.inf, 1.0, (0,), "not finite", id="start is infinite"),
    pytest.param(1.0, 1.0, (0,), "at or before its start", id="empty"),
    pytest.param(1.5, 1.0, (0,), "at or before its start", id="reversed"),
    pytest.param(-0.001, 1.0, (0,), "before the recording", id="negative start"),
    pytest.param(-2.0, -1.0, (0,), "before the recording", id="negative"),
    pytest.param(3.0, 3.01, (0,), "past the end", id="starts at the end"),
    pytest.param(7.0, 8.0, (0,), "past the end", id="starts past the end"),
    pytest.param(2.0, 3.0 + MAX_OVERHANG_S + 1e-4, (0,), "past the end", id="ends past the end"),
    pytest.param(1.0, 1.0 + 1e-9, (0,), "no sample", id="shorter than the clock"),
    pytest.param(1.0, 2.0, (), "no channels", id="no channels"),
    pytest.param(1.0, 2.0, (2,), "channel 2", id="channel too high"),
    pytest.param(1.0, 2.0, (0, -1), "channel -1", id="channel negative"),
    pytest.param(1.0, 2.0, (0.0,), r"channel 0\.0", id="channel not whole"),
    pytest.param(1.0, 2.0, (True,), "channel True", id="channel is a truth value"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("start", "end", "channels", "fault"), NONSENSE)
def test_nonsense_is_refused_before_any_sample_changes(kind, start, end, channels, fault):
    audio = recording()
    with pytest.raises(NonsenseError, match=fault) as caught:
        mute(audio, [span(0.5, 0.9), span(start, end, channels)], Fill(kind))
    assert caught.value.state == "quarantined" and "span 1" in str(caught.value)
    np.testing.assert_array_equal(audio.samples, recording().samples)


@pytest.mark.parametrize(
    ("start", "end", "channels"),
    [
        pytest.param(0.0, 3.0, (0, 1), id="everything"),
        pytest.param(2.9999, 3.0, (0,), id="last sample"),
        pytest.param(2.0, 3.0 + MAX_OVERHANG_S, (0,), id="one tick past the end"),
        pytest.param(0.0, 1e-6, (1,), id="a microsecond"),
        pytest.param(1.0, 2.0, (np.int64(1),), id="channel from numpy"),
        pytest.param(1.0, 2.0, (1, 1), id="channel twice"),
    ],
)
def test_near_nonsense_is_muted(start, end, channels):
    audio = recording()
    audio.samples[:] = 7
    mute(audio, [span(start, end, channels)], Fill("silence", fade_ms=0))
    first = math.floor(start * RATE)
    stop = max(min(math.floor(end * RATE), audio.num_samples), first + 1)
    assert not audio.samples[first:stop, list(channels)].any()


@pytest.mark.parametrize("kind", KINDS)
def test_span_in_an_empty_recording_is_nonsense_and_no_span_is_not(kind):
    audio = recording(seconds=0)
    assert mute(audio, [], Fill(kind)) == ()
    with pytest.raises(NonsenseError, match="past the end"):
        mute(audio, [span(0.0, 0.01)], Fill(kind))


def read_only():
    samples = np.zeros((100, 2), dtype=np.int16)
    samples.flags.writeable = False
    return samples


BAD_ARRAYS = [
    pytest.param(lambda: [[0, 0]], TypeError, "numpy array", id="list"),
    pytest.param(lambda: np.zeros((100, 2), dtype=np.uint8), TypeError, "uint8", id="uint8"),
    pytest.param(lambda: np.zeros((100, 2), dtype=np.int64), TypeError, "int64", id="int64"),
    pytest.param(lambda: np.zeros((100, 2), dtype=">i2"), TypeError, ">i2", id="foreign byte order"),
    pytest.param(lambda: np.zeros((100, 2), dtype=np.complex64), TypeError, "complex64", id="complex"),
    pytest.param(lambda: np.zeros(100, dtype=np.int16), ValueError, "shape", id="one-dimensional"),
    pytest.param(lambda: np.zeros((2, 100), dtype=np.int16).T, ValueError, "contiguous", id="transposed"),
    pytest.param(lambda: np.zeros((200, 2), dtype=np.int16)[::2], ValueError, "contiguous", id="strided"),
    pytest.param(read_only, ValueError, "writable", id="read-only"),
]


@pytest.mark.parametrize(("make", "error", "match"), BAD_ARRAYS)
def test_array_that_cannot_be_muted_in_place_is_refused(make, error, match):
    muter = Muter([], Fill("silence"), sample_rate=RATE, num_samples=100, num_channels=2)
    with pytest.raises(error, match=match):
        muter.apply(make(), 0)
    if isinstance(make(), np.ndarray) and make().ndim == 2:
        with pytest.raises(error, match=match):
            mute(Audio(make(), RATE, AudioFormat("WAV", "PCM_16")), [span(0.0, 0.01)], Fill("silence"))


def test_memory_map_is_muted_in_place(tmp_path):
    samples = np.memmap(tmp_path / "samples", dtype=np.int16, mode="w+", shape=(8000, 1))
    samples[:] = 1
    mute(Audio(samples, RATE, AudioFormat("WAV", "PCM_16")), [span(0.5, 1.0)], Fill("silence"))
    assert samples[3900:].sum() < 100 and (samples[:3900] == 1).all()


@pytest.mark.parametrize(("first", "length", "channels"), [(-1, 10, 2), (91, 10, 2), (0, 101, 2), (0, 10, 1)])
def test_block_outside_the_recording_is_refused(first, length, channels):
    muter = Muter([], Fill("silence"), sample_rate=RATE, num_samples=100, num_channels=2)
    with pytest.raises(ValueError, match="not within|must be"):
        muter.apply(np.zeros((length, channels), dtype=np.int16), first)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"kind": "beep"}, "silence, tone, noise"),
        ({"kind": "tone", "fade_ms": -1}, "fade"),
        ({"kind": "tone", "fade_ms": math.nan}, "fade"),
        ({"kind": "tone", "fade_ms": 1000.1}, "fade"),
        ({"kind": "tone", "tone_hz": 0}, "tone of 0 Hz"),
        ({"kind": "tone", "tone_hz": math.inf}, "tone of inf Hz"),
        ({"kind": "tone", "tone_dbfs": 0.1}, "dBFS"),
        ({"kind": "tone", "tone_dbfs": -math.inf}, "dBFS"),
    ],
)
def test_fill_out_of_range_is_refused(options, match):
    with pytest.raises(ValueError, match=match):
        Fill(**options)


@pytest.mark.parametrize("tone_hz", [4000, 5000])
def test_tone_at_or_above_half_the_sample_rate_is_refused(tone_hz):
    audio = recording()
    with pytest.raises(ValueError, match="half the sample rate"):
        mute(audio, [span(1.0, 2.0)], Fill("tone", tone_hz=tone_hz))
    np.testing.assert_array_equal(audio.samples, recording().samples)
    mute(audio, [span(1.0, 2.0)], Fill("silence", tone_hz=tone_hz))


@pytest.mark.parametrize(
    ("background", "match"),
    [
        (None, "needs the recording's background"),
        (Background(np.zeros((1, NUM_TAPS)), (-60.0,)), "2 channels"),
        (Background(np.full((2, NUM_TAPS), np.nan), (-60.0, -60.0)), "finite"),
    ],
)
def test_noise_without_a_fitting_background_is_refused(background, match):
    with pytest.raises(ValueError, match=match):
        Muter(
            [],
            Fill("noise"),
            sample_rate=RATE,
            num_samples=100,
            num_channels=2,
            background=background,
        )


@pytest.mark.parametrize("block_len", [0, -1])
def test_block_len_below_one_is_refused(block_len):
    with pytest.raises(ValueError, match="at least 1"):
        mute(recording(), [], Fill("silence"), block_len=block_len)


@pytest.mark.parametrize(("rate", "samples", "channels"), [(0, 1, 1), (RATE, -1, 1), (RATE, 1, 0)])
def test_muter_of_no_recording_is_refused(rate, samples, channels):
    with pytest.raises(ValueError, match="not a recording"):
        Muter([], Fill("silence"), sample_rate=rate, num_samples=samples, num_channels=channels)


class Unreadable:
    """A recording none of whose samples may be asked for."""

    sample_rate, num_samples, num_channels, dtype = RATE, 3 * RATE, 2, np.dtype(np.int16)
    format, duration = AudioFormat("WAV", "PCM_16"), 3.0

    def blocks(self):
        raise AssertionError("a block was read")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_recording_in_blocks_is_muted_as_the_whole_and_stays_as_it_was(kind, dtype):
    audio = recording(dtype, seconds=2.5 * BLOCK_SAMPLES / RATE)
    border = BLOCK_SAMPLES / RATE
    spans = [span(border - 0.3, border + 0.2, (0, 1)), span(0.5, 1.0), span(2 * border, 2 * border + 1, (1,))]
    fill = Fill(kind, fade_ms=50)
    whole = copy_of(audio)
    redactions, result = muted(Recording.of(audio), spans, fill)
    assert redactions == mute(whole, spans, fill)
    for _ in range(2):
        samples = np.concatenate(list(result.blocks()))
        assert samples.dtype == result.dtype
        np.testing.assert_array_equal(samples, whole.samples)
    np.testing.assert_array_equal(audio.samples, recording(dtype, seconds=2.5 * BLOCK_SAMPLES / RATE).samples)


def test_what_is_muted_is_as_long_and_of_the_same_kind():
    original = Recording.of(recording("int32"))
    _, result = muted(original, [span(1.0, 2.0)], Fill("tone"))
    for name in ("sample_rate", "num_channels", "num_samples", "dtype", "format", "duration"):
        assert getattr(result, name) == getattr(original, name)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("start", "end", "channels", "fault"), NONSENSE)
def test_nonsense_is_refused_before_a_block_is_read(kind, start, end, channels, fault):
    with pytest.raises(NonsenseError, match=fault):
        muted(Unreadable(), [span(0.5, 0.9), span(start, end, channels)], Fill(kind))


def test_a_tone_that_does_not_fit_and_samples_of_another_type_are_refused_before_a_block_is_read():
    with pytest.raises(ValueError, match="half the sample rate"):
        muted(Unreadable(), [span(0.5, 0.9)], Fill("tone", tone_hz=4000))
    original = Unreadable()
    original.dtype = np.dtype(np.uint8)
    with pytest.raises(TypeError, match="uint8"):
        muted(original, [span(0.5, 0.9)], Fill("noise"))


@pytest.mark.parametrize("num_said", [RATE, 5 * RATE])
def test_a_recording_of_another_length_than_it_says_is_not_muted(num_said):
    original = Unreadable()
    original.num_samples = num_said
    original.blocks = Recording.of(recording()).blocks
    with pytest.raises(ValueError, match="missing|past"):
        muted(original, [span(0.5, 0.9)], Fill("noise"))
    _, result = muted(original, [span(0.5, 0.9)], Fill("silence"))
    with pytest.raises(ValueError, match="missing|not within"):
        list(result.blocks())
