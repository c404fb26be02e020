"""A finished file is held against its original: what is right passes, and every planted fault is told."""

import os
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile
import sounds

from redactor.audio.encode import encode
from redactor.audio.recording import Recording, collect, open_recording
from redactor.errors import DecodeError
from redactor.kernels.mute import FULL_SCALE
from redactor.redact.audio import Fill, mute
from redactor.types import Audio, AudioFormat, Origin, TimeSpan
from redactor.verify.claim import Fault
from redactor.verify.inside import Inside
from redactor.verify.plan import Plan
from redactor.verify.sound import MAX_FAULTS_OF_A_KIND, check_sound, find_faults

pytestmark = pytest.mark.long

RATE = 16_000
SECONDS = 4.0
FILLS = ("silence", "tone", "noise")
SPANS = ((0.9, 1.3, (0, 1)), (1.2, 1.6, (0,)), (2.5, 3.1, (1,)), (0.2, 0.3, (0,)))
FORMATS = {
    "wav": ("WAV", "PCM_16", "int16"),
    "8 bit": ("WAV", "PCM_U8", "int16"),
    "mu-law": ("WAV", "ULAW", "int16"),
    "A-law": ("AU", "ALAW", "int16"),
    "24 bit": ("FLAC", "PCM_24", "int32"),
    "float": ("WAV", "FLOAT", "float32"),
    "double": ("CAF", "DOUBLE", "float64"),
    "AAC to FLAC": ("MP4", "AAC", "float32"),
    "vorbis": ("OGG", "VORBIS", "float32"),
    "opus": ("OGG", "OPUS", "float32"),
    "mp3": ("MP3", "MPEG_LAYER_III", "float32"),
}


@cache
def recorded(name="wav", *, rate=RATE, seconds=SECONDS, seed=0):
    """Two sides that talk at once, in a format's own sample type."""
    container, subtype, dtype = FORMATS[name]
    sides = [sounds.voice(seconds * rate / sounds.RATE, seed=seed + c, pitch_hz=110 + 60 * c) for c in (0, 1)]
    # A pause, so that there is a background.
    sides = [side * np.where(np.arange(len(side)) % rate < 0.85 * rate, 1, 0.02) for side in sides]
    samples = np.stack(sides, axis=1)
    if dtype.startswith("int"):
        values = np.rint(samples * 2**15).astype(np.int16)
        samples = (values & ~0xFF if subtype == "PCM_U8" else values).astype(dtype) << (
            16 if dtype == "int32" else 0
        )
    return Audio(np.ascontiguousarray(samples.astype(dtype)), rate, AudioFormat(container, subtype))


def as_decoded(audio, folder):
    """The values that a law has."""
    if audio.format.subtype not in ("ULAW", "ALAW"):
        return audio
    encode(Recording.of(audio), folder / "law")
    with open_recording(folder / "law") as recording:
        return collect(recording)


def spans_of(*triples):
    return [TimeSpan(start, end, channels, (), Origin.DETECTED) for start, end, channels in triples]


@dataclass(frozen=True, eq=False)
class Case:
    """An original, and samples of its release that a test may still spoil."""

    original: Audio
    released: Audio
    spans: list[TimeSpan]
    fill: str
    folder: Path

    @classmethod
    def of(cls, folder, name="wav", fill="silence", spans=SPANS, **options):
        original = as_decoded(recorded(name, **options), folder)
        original = replace(original, samples=original.samples.copy())
        released = Audio(original.samples.copy(), original.sample_rate, original.format)
        listed = spans_of(*spans)
        mute(released, listed, Fill(fill))
        return cls(original, released, listed, fill, folder)

    def file(self):
        path = self.folder / "released"
        encode(Recording.of(self.released), path)
        return path

    def faults(self, path=None, original=None):
        path = path or self.file()
        return check_sound(
            original or Recording.of(self.original), path, self.spans, fill=self.fill, fade_ms=10.0
        )

    def samples(self, start, end):
        """Slice of samples by seconds."""
        return slice(round(start * self.original.sample_rate), round(end * self.original.sample_rate))


def kinds(faults):
    return {fault.kind for fault in faults}


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("name", FORMATS)
def test_what_was_muted_and_written_right_passes(tmp_path, name, fill):
    assert Case.of(tmp_path, name, fill).faults() == ()


@pytest.mark.parametrize("rate", [8_000, 48_000])
@pytest.mark.parametrize("name", ["wav", "vorbis", "mp3"])
def test_any_rate_passes(tmp_path, name, rate):
    for fill in FILLS:
        assert Case.of(tmp_path, name, fill, rate=rate).faults() == ()


@pytest.mark.parametrize(
    "spans",
    [
        (),
        ((0.0, SECONDS, (0, 1)),),
        ((0.0, SECONDS + 0.02, (0,)), (0.0, 0.5, (1,))),
        ((1.0, 1.002, (0, 1)), (1.1, 1.11, (1,))),
        ((0.5, 1.0, (0,)), (1.0, 1.5, (0,)), (1.5, 2.0, (1,)), (1.005, 1.015, (1,))),
    ],
    ids=["none", "all of it", "past the end", "very short", "side by side"],
)
@pytest.mark.parametrize("name", ["wav", "opus"])
def test_spans_of_any_kind_pass(tmp_path, name, spans):
    for fill in FILLS:
        assert Case.of(tmp_path, name, fill, spans).faults() == ()


def put(case, channel, start, end, values, *, add=False):
    """Put values at full scale 1 into the release."""
    where = case.samples(start, end)
    scale = FULL_SCALE[case.released.samples.dtype]
    column = case.released.samples[:, channel]
    mixed = values * scale + (column[where] if add else 0)
    column[where] = mixed if scale == 1 else np.clip(np.rint(mixed), -scale, scale - 1)


def of_original(case, channel, start, end):
    return case.original.samples[case.samples(start, end), channel] / FULL_SCALE[case.original.samples.dtype]


# Into channel 1, muted from 2.5 to 3.1 s.
LEFT = {
    "in place": lambda case: put(case, 1, 2.5, 3.1, of_original(case, 1, 2.5, 3.1)),
    "50 ms of it": lambda case: put(case, 1, 2.7, 2.75, of_original(case, 1, 2.7, 2.75)),
    "20 dB below, under the fill": lambda case: put(
        case, 1, 2.5, 3.1, 0.1 * of_original(case, 1, 2.5, 3.1), add=True
    ),
    "inverted": lambda case: put(case, 1, 2.5, 3.1, -of_original(case, 1, 2.5, 3.1)),
    "3 ms late": lambda case: put(case, 1, 2.5, 3.1, of_original(case, 1, 2.497, 3.097)),
    "backwards": lambda case: put(case, 1, 2.5, 3.1, of_original(case, 1, 2.5, 3.1)[::-1]),
}


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("name", ["wav", "float", "opus", "mp3"])
@pytest.mark.parametrize("left", LEFT)
def test_what_is_left_of_the_original_is_told(tmp_path, name, fill, left):
    case = Case.of(tmp_path, name, fill)
    LEFT[left](case)
    found = [fault for fault in case.faults() if fault.kind == "residue"]
    assert found
    assert {fault.channels for fault in found} == {(1,)}
    start, end = (2.7, 2.75) if left == "50 ms of it" else (2.5, 3.1)
    assert all(fault.start < end and start < fault.end for fault in found)
    assert all(2.49 <= fault.start < fault.end <= 3.11 for fault in found)


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("name", ["wav", "opus"])
def test_a_channel_that_is_heard_in_another_one_is_told(tmp_path, name, fill):
    case = Case.of(tmp_path, name, fill)
    put(case, 1, 0.95, 1.25, 0.3 * of_original(case, 0, 0.95, 1.25))
    found = [fault for fault in case.faults() if fault.kind == "residue"]
    assert found
    assert all(fault.channels == (1,) and "of channel 0" in fault.detail for fault in found)


@pytest.mark.parametrize("name", ["wav", "A-law", "24 bit", "float", "mp3"])
@pytest.mark.parametrize("fill", ["silence", "tone"])
def test_another_sound_in_place_of_a_fill_is_told(tmp_path, name, fill):
    case = Case.of(tmp_path, name, fill)
    put(case, 1, 2.5, 3.1, sounds.voice(0.6, seed=9) * 3)
    assert "fill" in kinds(case.faults())


def test_a_noise_louder_than_any_background_is_told(tmp_path):
    case = Case.of(tmp_path, "wav", "noise")
    put(case, 1, 2.5, 3.1, 0.2 * np.random.default_rng(0).standard_normal(9_600))
    assert kinds(case.faults()) == {"fill"}


@pytest.mark.parametrize("fill", ["silence", "tone"])
@pytest.mark.parametrize("at", [2.5, 2.8, 3.1 - 1 / RATE])
@pytest.mark.parametrize(("name", "step"), [("wav", 3), ("24 bit", 1 << 10), ("float", 1e-4), ("A-law", 16)])
def test_one_sample_that_is_no_fill_is_told(tmp_path, name, step, fill, at):
    case = Case.of(tmp_path, name, fill)
    assert case.faults() == ()
    case.released.samples[round(at * RATE), 1] += 300 * step if (name, fill) == ("A-law", "tone") else step
    (fault,) = case.faults()
    assert fault.kind == "fill"
    assert fault.channels == (1,)
    assert fault.start <= at < fault.end <= fault.start + 0.021


@pytest.mark.parametrize("name", ["wav", "8 bit", "mu-law", "24 bit", "float", "double"])
@pytest.mark.parametrize(
    ("at", "channel"), [(0.0, 0), (0.5, 0), (1.25, 1), (2.4, 1), (2.7, 0), (SECONDS - 1 / RATE, 1)]
)
def test_one_sample_outside_the_spans_is_told(tmp_path, name, at, channel):
    case = Case.of(tmp_path, name)
    if (at, channel) == (1.25, 1):  # muted in both channels up to 1.3 s
        at = 1.35
    sample = case.released.samples[round(at * RATE) :, channel]
    least = {"8 bit": 256, "mu-law": 2000, "24 bit": 256}.get(name, 1e-6 if sample.dtype.kind == "f" else 1)
    sample[0] += least if sample[0] < 0 else -least
    assert case.faults() == (Fault("changed", *frame_of(at), (channel,)),)


def frame_of(at):
    frame = round(at * RATE) // 320
    return frame * 0.02, (frame + 1) * 0.02


@pytest.mark.parametrize(
    ("sample", "is_told"),
    [
        (40_000 - 161, True),  # 10 ms before the span
        (40_000 - 160, False),
        (40_000 - 1, False),
        (49_600, False),  # its end
        (49_600 + 159, False),
        (49_600 + 160, True),
    ],
)
def test_fades_are_no_change(tmp_path, sample, is_told):
    case = Case.of(tmp_path)
    case.released.samples[sample, 1] += 1
    assert kinds(case.faults()) == ({"changed"} if is_told else set())


def test_rounding_of_a_lossy_original_is_no_change_but_two_steps_are(tmp_path):
    case = Case.of(tmp_path, "AAC to FLAC")
    case.original.samples[:8, 0] = case.released.samples[:8, 0] = (
        1.5,
        -1.5,
        1.0,
        -1.0,
        0.4 / 2**15,
        0,
        0.5,
        -0.5,
    )
    assert case.faults() == ()
    case.released.samples[30_000, 0] += 2.1 / 2**15
    assert kinds(case.faults()) == {"changed"}


CHANGED = {
    "channels swapped": lambda samples: samples[:, ::-1],
    "other voices": lambda samples: recorded("opus", seed=40).samples[: len(samples)],
    "20 ms late": lambda samples: np.roll(samples, 320, axis=0),
    "half as loud": lambda samples: samples / 2,
    "one side gone": lambda samples: samples * np.array([1, 0], np.float32),
    "a second of other voices": lambda samples: np.concatenate(
        [samples[: 3 * RATE], recorded("opus", seed=40).samples[: len(samples) - 3 * RATE]]
    ),
}


@pytest.mark.parametrize("name", ["vorbis", "opus", "mp3"])
@pytest.mark.parametrize("change", CHANGED)
def test_another_recording_in_a_lossy_file_is_told(tmp_path, name, change):
    case = Case.of(tmp_path, name)
    mended = case.released.samples.copy()
    case.released.samples[:] = CHANGED[change](case.released.samples)
    for span in case.spans:  # silent all the same
        for channel in span.channels:
            where = case.samples(span.start, span.end)
            case.released.samples[where, channel] = mended[where, channel]
    assert kinds(case.faults()) == {"changed"}


def test_a_sound_where_the_original_is_silent_is_told(tmp_path):
    case = Case.of(tmp_path, "vorbis")
    for audio in (case.original, case.released):
        audio.samples[case.samples(3.2, 4.0)] = 0
    assert case.faults() == ()
    put(case, 0, 3.4, 3.9, 0.02 * np.random.default_rng(0).standard_normal(8_000))
    assert kinds(case.faults()) == {"changed"}


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda audio: (audio.samples[:-1], RATE), "length"),
        (lambda audio: (np.vstack((audio.samples, audio.samples[:1])), RATE), "length"),
        (lambda audio: (audio.samples[:, :1], RATE), "channels"),
        (lambda audio: (audio.samples[:, [0, 1, 1]], RATE), "channels"),
        (lambda audio: (audio.samples, 8_000), "rate"),
    ],
)
def test_another_shape_is_told(tmp_path, change, kind):
    case = Case.of(tmp_path)
    samples, rate = change(case.released)
    soundfile.write(tmp_path / "released", samples, rate, format="WAV", subtype="PCM_16")
    assert kinds(case.faults(tmp_path / "released")) == {kind}


def not_a_number(path):
    samples, rate = soundfile.read(path, dtype="float32")
    samples[100, 0] = np.nan
    soundfile.write(path, samples, rate, format="WAV", subtype="FLOAT")


@pytest.mark.parametrize(
    ("name", "spoil", "detail"),
    [
        ("wav", lambda path: path.unlink(), "vanished"),
        ("wav", lambda path: path.write_bytes(b""), "empty-file"),
        ("wav", lambda path: path.write_bytes(path.read_bytes()[:-2]), "truncated"),
        ("24 bit", lambda path: path.write_bytes(path.read_bytes()[:-2000]), "damaged"),
        ("opus", lambda path: path.write_bytes(path.read_bytes()[:-2]), "truncated"),
        ("float", not_a_number, "non-finite"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_fault(tmp_path, name, spoil, detail):
    case = Case.of(tmp_path, name)
    path = case.file()
    spoil(path)
    assert case.faults(path) == (Fault("unreadable", detail=detail),)


class Spoiling:
    """An original that does something when its second block is asked for."""

    def __init__(self, audio, action):
        self._recording, self._action = Recording.of(audio), action

    def __getattr__(self, name):
        return getattr(self._recording, name)

    def blocks(self):
        for number, block in enumerate(self._recording.blocks()):
            if number == 0:
                yield block[:100]
                self._action()
                yield block[100:]
            else:
                yield block


def test_a_file_that_changes_while_it_is_checked_is_a_fault(tmp_path, monkeypatch):
    monkeypatch.setattr("redactor.audio.recording.KEEP_BYTES", 0)
    case = Case.of(tmp_path)
    path = case.file()

    def touched():
        os.utime(path, ns=(0, 0))

    with open_recording(path, keep_bytes=0):
        pass
    monkeypatch.setattr("redactor.verify.sound.open_recording", lambda p: open_recording(p, keep_bytes=0))
    assert Fault("unreadable", detail="changed-while-read") in case.faults(
        path, Spoiling(case.original, touched)
    )


def test_an_original_that_fails_is_no_fault_of_the_file(tmp_path):
    case = Case.of(tmp_path)

    def fails():
        raise DecodeError("gone", reason="damaged")

    with pytest.raises(DecodeError, match="gone"):
        case.faults(original=Spoiling(case.original, fails))


def test_an_original_that_ends_early_is_not_passed(tmp_path):
    case = Case.of(tmp_path)
    short = Spoiling(case.original, lambda: None)
    short.blocks = lambda: iter([case.original.samples[:1000]])
    assert kinds(case.faults(original=short)) == {"unreadable"}


class InBlocks:
    """An original in blocks of its own size."""

    def __init__(self, audio, size):
        self._recording, self._samples, self._size = Recording.of(audio), audio.samples, size

    def __getattr__(self, name):
        return getattr(self._recording, name)

    def blocks(self):
        for first in range(0, len(self._samples), self._size):
            yield self._samples[first : first + self._size].copy()


@pytest.mark.parametrize("size", [997, 12_800, 10**9])
@pytest.mark.parametrize(("name", "fill"), [("wav", "silence"), ("float", "noise"), ("opus", "tone")])
def test_nothing_depends_on_how_the_original_is_cut_into_blocks(tmp_path, name, fill, size):
    case = Case.of(tmp_path, name, fill)
    LEFT["20 dB below, under the fill"](case)
    put(case, 0, 3.3, 3.5, np.zeros(3_200))
    path = case.file()
    expected = case.faults(path)
    assert {"residue", "changed"} <= kinds(expected)
    assert case.faults(path, InBlocks(case.original, size)) == expected


def test_faults_side_by_side_are_one_and_of_many_the_first_are_told(tmp_path):
    case = Case.of(tmp_path, spans=())
    for at in range(20):
        case.released.samples[3200 * at : 3200 * at + 700, at % 2] += 1
    faults = case.faults()
    assert len(faults) == MAX_FAULTS_OF_A_KIND
    assert [f.channels for f in faults] == [(0,), (1,)] * 3
    assert [f.start for f in faults] == pytest.approx([0.2 * at for at in range(6)])
    assert all(f.end == pytest.approx(f.start + 0.06) for f in faults)
    case.released.samples[:] += 1
    (fault,) = case.faults()
    assert (fault.start, fault.end, fault.channels) == (0.0, SECONDS, (0, 1))


def test_what_the_file_holds_beside_samples_is_told(tmp_path):
    case = Case.of(tmp_path)
    with soundfile.SoundFile(tmp_path / "released", "w", RATE, 2, "PCM_16", None, "WAV") as file:
        file.title = "Anna Smith"
        file.write(case.released.samples)
    assert case.faults(tmp_path / "released") == (Fault("metadata", detail="LIST chunk"),)


@pytest.mark.parametrize(
    ("span", "match"),
    [
        ((1.0, 1.0, (0,)), "nothing in it"),
        ((9.0, 10.0, (0,)), "nothing in it"),
        ((1.0, 2.0, ()), "nothing in it"),
        ((1.0, 2.0, (2,)), "has 2"),
        ((1.0, 2.0, (-1,)), "has 2"),
        ((2.0, 1.0, (0,)), "not an interval"),
        ((float("nan"), 1.0, (0,)), "not an interval"),
    ],
)
def test_spans_that_are_none_of_this_recording_are_refused(tmp_path, span, match):
    case = Case.of(tmp_path)
    case.spans.append(spans_of(span)[0])
    with pytest.raises(ValueError, match=match):
        case.faults()


def test_a_fill_that_is_not_known_is_refused(tmp_path):
    case = Case.of(tmp_path)
    with pytest.raises(ValueError, match="'music'"):
        check_sound(Recording.of(case.original), case.file(), case.spans, fill="music", fade_ms=10.0)


@pytest.mark.parametrize(("hz", "dbfs"), [(440.0, -6.0), (997.0, 0.0), (3_000.0, -40.0)])
def test_the_tone_that_was_asked_for_passes_and_another_one_does_not(tmp_path, hz, dbfs):
    case = Case.of(tmp_path)
    mute(case.released, case.spans, Fill("tone", fade_ms=0, tone_hz=hz, tone_dbfs=dbfs))
    path, how = case.file(), {"fill": "tone", "fade_ms": 10.0}
    original = Recording.of(case.original)
    assert check_sound(original, path, case.spans, tone_hz=hz, tone_dbfs=dbfs, **how) == ()
    for other in ({"tone_hz": hz + 1, "tone_dbfs": dbfs}, {"tone_hz": hz, "tone_dbfs": dbfs - 0.5}):
        assert kinds(check_sound(original, path, case.spans, **other, **how)) == {"fill"}


def test_a_long_run_is_searched_in_pieces_and_little_of_it_is_held(tmp_path, monkeypatch):
    monkeypatch.setattr("redactor.verify.inside._PIECE_S", 0.5)
    case = Case.of(tmp_path, "float", "noise", ((0.0, SECONDS, (0,)), (0.2, 3.9, (1,))))
    for at in (0.6, 1.98, 3.5):  # across a border of pieces, too
        put(case, 0, at, at + 0.05, of_original(case, 0, at, at + 0.05))
    with open_recording(case.file()) as release:
        how = {"fill": "noise", "fade_ms": 10.0, "tone_hz": 1000.0, "tone_dbfs": -20.0}
        plan = Plan.of(Recording.of(case.original), release, case.spans, **how)
        inside, found, most = Inside(plan), [], 0
        for first in range(0, len(case.original.samples), 800):
            block = slice(first, first + 800)
            found += inside.feed(case.original.samples[block], case.released.samples[block], first)
            most = max(most, sum(len(held[1]) for held in inside._held))
        assert found == [
            f for f in find_faults(Recording.of(case.original), release, plan) if f.kind == "residue"
        ]
    told = {at for at in (0.6, 1.98, 3.5) for f in found if f.start < (at + 0.05) * RATE and f.stop > at * RATE}
    assert told == {0.6, 1.98, 3.5}
    assert most < RATE, "a piece, what is around it, and a block"
