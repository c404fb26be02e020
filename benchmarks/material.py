"""Work of any size out of a few recordings: the same under other names, and calls joined to longer ones."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import soundfile as sf

from benchmarks.processes import BenchError
from redactor.bench.gold import GoldRecording, GoldWord, read_gold, write_gold

COMMAND, CALL = "command", "call"
# A WAV file counts its bytes in 32 bits.
_MOST_WAV_BYTES = (1 << 32) - (1 << 20)


@dataclass(frozen=True)
class Source:
    """A recording to make work of.

    Attributes
    ----------
    gold : GoldRecording
    path : pathlib.Path
    sample_rate : int
        Hz.
    num_channels, num_samples : int
    """

    gold: GoldRecording
    path: Path
    sample_rate: int
    num_channels: int
    num_samples: int

    @property
    def duration(self) -> float:
        return self.num_samples / self.sample_rate


@dataclass(frozen=True)
class Material:
    """Recordings in a folder, and their gold file.

    Attributes
    ----------
    gold_file : pathlib.Path
        `audio/` lies beside it.
    sources : tuple of Source
    originals : mapping of str to pathlib.Path
        The recording that each name is a copy of.
    """

    gold_file: Path
    sources: tuple[Source, ...]
    originals: Mapping[str, Path]

    @property
    def seconds(self) -> float:
        return sum(source.duration for source in self.sources)

    @property
    def audio(self) -> Path:
        return self.gold_file.parent / "audio"


def sources_of(gold_file: Path, *kinds: str) -> list[Source]:
    """Recordings of some kinds, in the order of the gold.

    Raises
    ------
    BenchError
        If there is none, or one cannot be read.
    """
    found = [_source(row, gold_file.parent) for row in read_gold(gold_file) if row.kind in kinds]
    if not found:
        raise BenchError(f"{gold_file} holds no recording of kind {' or '.join(map(repr, kinds))}")
    return found


def _source(row: GoldRecording, folder: Path) -> Source:
    path = (folder / row.audio).resolve()
    try:
        info = sf.info(path)
    except (sf.LibsndfileError, OSError) as error:
        raise BenchError(f"{path} cannot be read: {error}") from None
    return Source(row, path, info.samplerate, info.channels, info.frames)


def repeated_name(number: int, audio: str) -> str:
    """Name of a copy; unique without its extension, as --keep-names asks."""
    return f"audio/{number:05d}-{Path(audio).name}"


def repeated(rows: Sequence[GoldRecording], count: int) -> list[GoldRecording]:
    """`count` recordings out of fewer, round by round, under names of their own.

    A copy is no new evidence: its speaker is the recording that it is a copy of, where no speaker is known, so
    that intervals resample the originals.
    """
    chosen = ((number, rows[number % len(rows)]) for number in range(count))
    return [
        replace(row, audio=repeated_name(number, row.audio), speaker=row.speaker or row.audio)
        for number, row in chosen
    ]


def write_repeats(sources: Sequence[Source], folder: Path, count: int) -> Material:
    """Copies (hard links where the file system has them) and their gold."""
    (folder / "audio").mkdir(parents=True)
    rows = repeated([source.gold for source in sources], count)
    made = [replace(sources[i % len(sources)], gold=row, path=folder / row.audio) for i, row in enumerate(rows)]
    originals = {row.audio: sources[i % len(sources)].path for i, row in enumerate(rows)}
    for one in made:
        _copy(originals[one.gold.audio], one.path)
    return _material(folder / "gold.jsonl", made, originals)


def _copy(original: Path, target: Path) -> None:
    try:
        os.link(original, target)
    except OSError:
        shutil.copyfile(original, target)


def _material(gold_file: Path, made: Sequence[Source], originals: Mapping[str, Path]) -> Material:
    write_gold(gold_file, [one.gold for one in made])
    return Material(gold_file, tuple(made), originals)


def subset(material: Material, count: int, *, seed: int) -> Material:
    """So many of the recordings, drawn at random and in their order: a gold file beside the other."""
    if count >= len(material.sources):
        return material
    drawn = sorted(random.Random(seed).sample(range(len(material.sources)), count))
    gold_file = material.gold_file.with_name("subset.jsonl")
    return _material(gold_file, [material.sources[i] for i in drawn], material.originals)


def joined_words(
    parts: Sequence[tuple[Sequence[GoldWord], float]], seconds: float
) -> tuple[list[GoldWord], float]:
    """Words of recordings that follow each other.

    Parameters
    ----------
    parts : sequence of (words, start)
        Each recording's words, and when it starts in the whole.
    seconds : float
        Where the whole is to be cut.

    Returns
    -------
    words : list of GoldWord
        In order of start and channel; entities of one recording are none of another's.
    end : float
        Where it is to be cut in truth: at `seconds`, or before, so that no word is cut in two.
    """
    words: list[GoldWord] = []
    first_entity = 0
    for own, start in parts:
        entities = [w.entity for w in own if w.entity is not None]
        words += [
            replace(
                w,
                start=start + w.start,
                end=start + w.end,
                entity=None if w.entity is None else first_entity + w.entity,
            )
            for w in own
        ]
        first_entity += max(entities, default=-1) + 1
    end = seconds
    for word in sorted(words, key=lambda w: -w.end):
        if word.start < end < word.end:
            end = word.start
    kept = [w for w in words if w.end <= end]
    return sorted(kept, key=lambda w: (w.start, w.channel)), end


def joinable(sources: Sequence[Source], num_channels: int | None = None) -> list[Source]:
    """Those of one rate and channel count that hold the most audio together."""
    groups: dict[tuple[int, int], list[Source]] = {}
    for source in sources:
        if num_channels in (None, source.num_channels):
            groups.setdefault((source.sample_rate, source.num_channels), []).append(source)
    return max(groups.values(), key=lambda group: sum(s.duration for s in group), default=[])


def write_joined(sources: Sequence[Source], folder: Path, name: str, seconds: float) -> Source:
    """One recording of (just about) a length, of others of one rate and channel count, over and over.

    Raises
    ------
    BenchError
        If it would not fit into a WAV file.
    """
    rate, channels = sources[0].sample_rate, sources[0].num_channels
    if seconds * rate * channels * 2 > _MOST_WAV_BYTES:
        raise BenchError(
            f"{seconds / 3600:.1f} h at {rate} Hz are too long for a WAV file; give calls of a lower rate"
        )
    parts = list(_following(sources, seconds))
    words, end = joined_words([(source.gold.words, start / rate) for source, start in parts], seconds)
    num_samples = round(end * rate)
    gold = GoldRecording(
        f"audio/{name}.wav",
        tuple(words),
        duration_s=num_samples / rate,
        sample_rate=rate,
        channels=channels,
        kind=CALL,
    )
    path = folder / gold.audio
    path.parent.mkdir(parents=True, exist_ok=True)
    with sf.SoundFile(path, "w", rate, channels, "PCM_16") as out:
        for source, start in parts:
            samples, _ = sf.read(source.path, dtype="int16", always_2d=True)
            out.write(samples[: max(0, num_samples - start)])
    return Source(gold, path, rate, channels, num_samples)


def _following(sources: Sequence[Source], seconds: float) -> Iterator[tuple[Source, int]]:
    """Recordings one after the other until they last long enough, each with its first sample."""
    start = number = 0
    while start < seconds * sources[0].sample_rate:
        source = sources[number % len(sources)]
        yield source, start
        start += source.num_samples
        number += 1


def write_calls(sources: Sequence[Source], folder: Path, minutes: Sequence[float]) -> Material:
    """Calls of at least a minute as they are, and joined ones of the given lengths, in mono and in stereo."""
    single = [source for source in sources if 60.0 <= source.duration <= 600.0]
    (folder / "audio").mkdir(parents=True)
    made: list[Source] = []
    originals: dict[str, Path] = {}
    for number, source in enumerate(single):
        audio = repeated_name(number, source.gold.audio)
        made.append(replace(source, gold=replace(source.gold, audio=audio), path=folder / audio))
        _copy(source.path, folder / audio)
        originals[audio] = source.path
    for length in minutes:
        for channels in (1, 2):
            if group := joinable(sources, channels):
                one = write_joined(group, folder, f"joined-{length:g}-min-{channels}", 60 * length)
                made.append(one)
                originals[one.gold.audio] = one.path
    if not made:
        raise BenchError("no call lasts from 1 to 10 minutes, and none are to be joined")
    return _material(folder / "gold.jsonl", made, originals)


def write_lengths(sources: Sequence[Source], folder: Path, *, minutes: float, count: int) -> Material:
    """So many recordings of one length, each beginning with another call."""
    group = joinable(sources)
    made = []
    for number in range(count):
        turned = group[number % len(group) :] + group[: number % len(group)]
        made.append(write_joined(turned, folder, f"{minutes:g}-min-{number:04d}", 60 * minutes))
    return _material(folder / "gold.jsonl", made, {one.gold.audio: one.path for one in made})


@contextmanager
def work_folder(named: Path | None) -> Iterator[Path]:
    """An empty folder: the one that was named, which stays, or a temporary one.

    Raises
    ------
    BenchError
        If the named one holds anything: a run that finds its results there repeats nothing.
    """
    if named is None:
        with tempfile.TemporaryDirectory(prefix="redactor-bench-") as folder:
            yield Path(folder)
        return
    if named.exists() and any(named.iterdir()):
        raise BenchError(f"--work {str(named)!r} is not empty; name a new folder")
    named.mkdir(parents=True, exist_ok=True)
    yield named.resolve()
