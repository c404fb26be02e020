"""Script -> sound and gold: voices say the turns, then rooms, noise, lines and codecs do their part."""

from __future__ import annotations

import random
import zlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import soundfile as sf
import soxr

from benchmarks.corpus import script as scripts
from benchmarks.corpus import sound
from benchmarks.corpus.script import Script, Token, Turn
from benchmarks.corpus.voices import RATE_HZ, Engine, VoiceName, load_engine, say
from redactor.bench.gold import GoldRecording, GoldWord

TURN_GAP = (-0.25, 0.9)  # seconds between turns; below zero the sides overlap
EDGE_SECONDS = 0.4
NEVER_DB = -200.0
PEAK = 0.95  # nothing clips


@dataclass(frozen=True)
class Condition:
    """What happened to the sound of one recording; written into the gold.

    `crosstalk_db` is the level of the other side on each channel (-200: none), `snr_db` of the speech
    over the noise (200: clean).
    """

    rate_hz: int
    mono: bool
    codec: str
    container: str
    noise: str
    snr_db: float
    crosstalk_db: float
    reverb_s: float
    level_db: float
    pace: float


@dataclass(frozen=True)
class Options:
    """What the person asked for."""

    half: str
    voices: tuple[str, ...]
    noise_dir: Path | None = None


class Cast:
    """The engines that were needed so far, one for each base voice."""

    def __init__(self) -> None:
        self._engines: dict[str, Engine] = {}

    def engine(self, base: str) -> Engine:
        if base not in self._engines:
            self._engines[base] = load_engine(base)
        return self._engines[base]


def draw_condition(kind: str, rng: random.Random, *, noise_dir: Path | None) -> Condition:
    """A condition as calls and commands have them: every third clean, the rest down to 12 dB."""
    is_call = kind == "call"
    rate = rng.choice((8000, 8000, 16000)) if is_call else 16000
    mono = not is_call or rng.random() < 0.3
    codec = rng.choice(("mu-law", "band", "none")) if rate == 8000 else rng.choice(("none", "band"))
    noise_kind = rng.choice((*sound.NOISES, *(("folder",) * 2 if noise_dir else ())))
    crosstalk = rng.uniform(-35, -25) if not mono and rng.random() < 0.5 else NEVER_DB
    return Condition(
        rate_hz=rate,
        mono=mono,
        codec=codec,
        container="wav" if codec == "mu-law" else rng.choice(("wav", "flac")),
        noise=noise_kind,
        snr_db=round(rng.choice((200.0, rng.uniform(20, 35), rng.uniform(12, 20))), 1),
        crosstalk_db=round(crosstalk, 1),
        reverb_s=round(rng.choice((0.0, 0.0, rng.uniform(0.15, 0.4))), 2),
        level_db=round(rng.uniform(-32, -18), 1),
        pace=round(rng.uniform(0.92, 1.15), 2),
    )


def cast_voices(kind: str, choices: tuple[str, ...], rng: random.Random) -> tuple[VoiceName, ...]:
    """One voice for a command, two of different bases for the sides of a call."""
    first = VoiceName.parse(rng.choice(choices))
    if kind == "command":
        return (first,)
    others = [v for v in map(VoiceName.parse, choices) if v.base != first.base]
    if not others:
        raise ValueError("the sides of a call need voices of two bases: give more to --voices")
    return first, rng.choice(others)


def _chunks(turn: Turn) -> list[list[Token]]:
    """Words between pauses: a voice says each in one breath."""
    chunks: list[list[Token]] = [[]]
    for token in turn.tokens:
        chunks[-1].append(token)
        if token.pause:
            chunks.append([])
    return [c for c in chunks if c]


def _ascii(text: str) -> str:
    """What the voices can read; they know no hyphen inside a word."""
    return text.replace("-", "").encode("ascii", "ignore").decode()


def say_turn(
    turn: Turn, engine: Engine, name: VoiceName, pace: float, rng: random.Random
) -> tuple[np.ndarray, list[tuple[Token, float, float]]]:
    """Samples of a turn at RATE_HZ, and each token's start and end in seconds."""
    pieces: list[np.ndarray] = []
    placed: list[tuple[Token, float, float]] = []
    count = 0
    for chunk in _chunks(turn):
        speech = say(
            engine, [_ascii(t.text) for t in chunk], shift=name.shift, pace=pace * rng.uniform(0.96, 1.04)
        )
        offset = count / RATE_HZ
        placed += [(t, offset + a, offset + b) for t, (a, b) in zip(chunk, speech.times, strict=True)]
        gap = np.zeros(round(chunk[-1].pause * rng.uniform(0.6, 1.6) * RATE_HZ))
        pieces += [speech.samples, gap]
        count += len(speech.samples) + len(gap)
    return np.concatenate(pieces), placed


def _sides(
    script: Script, names: tuple[VoiceName, ...], cast: Cast, pace: float, rng: random.Random
) -> tuple[np.ndarray, list[GoldWord]]:
    """Clean tracks [num_samples, num_sides] at RATE_HZ, speech at -20 dB, and the words with their times."""
    spoken: list[tuple[int, int, np.ndarray]] = []
    words: list[GoldWord] = []
    at = EDGE_SECONDS
    for turn in script.turns:
        name = names[turn.side]
        samples, placed = say_turn(turn, cast.engine(name.base), name, pace, rng)
        start = round(at * RATE_HZ)
        spoken.append((turn.side, start, sound.to_level(samples, -20.0)))
        offset = start / RATE_HZ
        for token, begin, end in placed:
            word = GoldWord(
                token.text, offset + begin, offset + end, token.label, turn.side, token.entity or None
            )
            words.append(word)
        at = max(EDGE_SECONDS, offset + len(samples) / RATE_HZ + rng.uniform(*TURN_GAP))
    length = max(start + len(samples) for _, start, samples in spoken) + round(EDGE_SECONDS * RATE_HZ)
    tracks = np.zeros((length, len(names)))
    for side, start, samples in spoken:
        tracks[start : start + len(samples), side] += samples
    return tracks, words


def _in_place(
    track: np.ndarray, condition: Condition, noise: np.random.Generator, folder: Path | None
) -> np.ndarray:
    """One side in its room with its noise, before the line."""
    heard = np.abs(track) > 1e-4
    speech_db = sound.level_db(track[heard])
    if condition.reverb_s:
        track = sound.reverb(track, RATE_HZ, noise, seconds=condition.reverb_s, wet_db=-10.0)
    if condition.snr_db < 100:
        raw = sound.noise(condition.noise, len(track), RATE_HZ, noise, folder)
        track = track + sound.to_level(raw, speech_db - condition.snr_db)
    return track


def _line(samples: np.ndarray, condition: Condition) -> np.ndarray:
    """Rate, band, level and codec of one channel."""
    out = samples
    if condition.rate_hz != RATE_HZ:
        out = soxr.resample(out, RATE_HZ, condition.rate_hz, quality="HQ")
    if condition.codec in ("band", "mu-law"):
        high = 3400.0 if condition.rate_hz == 8000 else 7000.0
        out = sound.band_limit(out, condition.rate_hz, 200.0, high)
    out = out * 10 ** ((condition.level_db + 20.0) / 20)
    out = out * min(1.0, PEAK / max(np.abs(out).max(), 1e-9))
    return sound.mu_law(out) if condition.codec == "mu-law" else out


def mix(tracks: np.ndarray, condition: Condition, seed: int, folder: Path | None) -> np.ndarray:
    """Samples as they are written, float64 [num_samples, num_channels] at the condition's rate."""
    noise = np.random.default_rng(seed)
    sides = np.stack([_in_place(t, condition, noise, folder) for t in tracks.T], axis=1)
    if condition.mono:
        sides = sides.sum(axis=1, keepdims=True)
    elif condition.crosstalk_db > -100:
        sides = sides + sides[:, ::-1] * 10 ** (condition.crosstalk_db / 20)
    return np.stack([_line(c, condition) for c in sides.T], axis=1)


def render(
    script: Script, *, name: str, seed: int, cast: Cast, options: Options
) -> tuple[np.ndarray, GoldRecording, str]:
    """Say a script.

    Returns
    -------
    samples : numpy.ndarray, shape [num_samples, num_channels]
        int16.
    gold : GoldRecording
        Its audio path is `audio/NAME.wav` or `.flac`.
    subtype : str
        libsndfile subtype to write.
    """
    rng = random.Random(seed)
    names = cast_voices(script.kind, options.voices, rng)
    condition = draw_condition(script.kind, rng, noise_dir=options.noise_dir)
    tracks, words = _sides(script, names, cast, condition.pace, rng)
    samples = mix(tracks, condition, seed, options.noise_dir)
    if condition.mono:
        words = [replace(w, channel=0) for w in words]
    gold = GoldRecording(
        audio=f"audio/{name}.{condition.container}",
        duration_s=len(samples) / condition.rate_hz,
        sample_rate=condition.rate_hz,
        channels=samples.shape[1],
        half=options.half,
        kind=script.kind,
        voices=tuple(str(n) for n in names),
        condition=asdict(condition),
        words=tuple(sorted(words, key=lambda w: (w.start, w.channel))),
    )
    subtype = "ULAW" if condition.codec == "mu-law" else "PCM_16"
    return np.round(samples * 32767).astype(np.int16), gold, subtype


def recording_seed(seed: int, half: str, kind: str, number: int) -> int:
    """A seed of its own for each recording, so that asking for more leaves the earlier ones as they are."""
    return zlib.crc32(f"{seed}/{half}/{kind}/{number}".encode())


def write_one(kind: str, number: int, seed: int, out: Path, *, cast: Cast, options: Options) -> GoldRecording:
    """Make one recording and write its audio."""
    own_seed = recording_seed(seed, options.half, kind, number)
    make = scripts.call if kind == "call" else scripts.command
    said = make(options.half, random.Random(own_seed))
    name = f"{options.half}-{kind}-{number:04d}"
    samples, gold, subtype = render(said, name=name, seed=own_seed, cast=cast, options=options)
    path = out / gold.audio
    path.parent.mkdir(parents=True, exist_ok=True)
    sf.write(path, samples, gold.sample_rate, subtype=subtype)
    return gold
