"""A recording of which everything is known, stages that can be broken, and what has to hold when one is."""

from __future__ import annotations

import contextlib
import functools
import json
import multiprocessing
import os
import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import soundfile as sf
from sounds import RATE, voice
from stage_stand_ins import prepared, record_of

from redactor import pipeline
from redactor.audio.recording import Recording, open_recording
from redactor.cli import main
from redactor.commands import run as run_command
from redactor.config import load_policy
from redactor.engines import local, worker
from redactor.engines.base import Job, Outcome, attempt, settle
from redactor.identity import RunIdentity
from redactor.kernels.power import frame_power
from redactor.ledger import Ledger, Row, State
from redactor.pipeline import Tools
from redactor.policy import AlignPolicy, Policy, VerifyPolicy
from redactor.runfolder import RunFolder, create_run_folder, locked
from redactor.runs import Archive
from redactor.sentinels import Sentinel, shipped_sentinels
from redactor.settings import Settings
from redactor.timebase import outward_samples
from redactor.transcribe import Heard
from redactor.types import Audio, PiiSpan, Segment, Sound, SpeechRegion, Transcript, Word
from redactor.verify.verifier import Verifier

SECRETS = ("Zyxandra", "Quillfeather", "Klondikeseven")
NAME = "ab" * 16
PACE_S = 0.4
SAID = (
    "well hello there my name is Zyxandra Quillfeather and I would like to change the order that came "
    "on monday since Klondikeseven is wrong",
    "sure let me have a look at that for you and please hold the line while I open it now",
)
OTHERWISE_SAID = (
    "turn down every lamp upstairs then start washing dishes while playing relaxing music until dinner "
    "gets warm after which remind everybody about homework",
    "lunches sports kits umbrellas tickets keys gloves boots scarves bottles sandwiches blankets torches maps",
)
DURATION_S = 10.4
IDENTITY = RunIdentity("d1", {"policy": {"name": "test", "digest": "d" * 64}, "models": {}, "version": "1"})

FLAT = AlignPolicy(padding_before_ms=50, padding_after_ms=50, unsure_ms=0, pause_ms=0, valley_ms=0)
POLICY = Policy("test", entities={"PERSON": 0.5}, align=FLAT, verify=VerifyPolicy(max_rounds=1, padding_ms=20))


def transcript_of(*texts: str, duration: float = DURATION_S, speech: bool = True) -> Transcript:
    """Each text on a channel of its own, a word every `PACE_S`."""
    segments = []
    for channel, text in enumerate(texts):
        words = tuple(
            Word(word, round(PACE_S * i, 3), round(PACE_S * (i + 0.9), 3), 0.9)
            for i, word in enumerate(text.split())
        )
        if words:
            segments.append(Segment(channel, "en", None, words[0].start, words[-1].end, words, -0.2, 0.0, 1.0))
    regions = [SpeechRegion(s.channel, s.start, s.end) for s in segments] if speech else []
    return Transcript.build(duration, segments, speech=regions)


TRUTH = transcript_of(*SAID)


def changed(transcript: Transcript, change: Callable[[Word], Word | None]) -> Transcript:
    """The transcript with every word changed, or left out where that gives None; its speech stays."""
    segments = [
        replace(segment, words=tuple(new for word in segment.words if (new := change(word)) is not None))
        for segment in transcript.segments
    ]
    return Transcript.build(transcript.duration, segments, speech=transcript.speech)


def without_secrets(transcript: Transcript = TRUTH) -> Transcript:
    """As a first pass that took every secret word for another one."""
    return changed(transcript, lambda w: replace(w, text="something") if w.text in SECRETS else w)


def samples_of_recording(*, seed: int = 0) -> np.ndarray:
    """int16, shape [num_samples, 2]: another voice on each channel."""
    return _samples(seed).copy()


@functools.cache
def _samples(seed: int) -> np.ndarray:
    pitches = (110.0, 190.0)
    columns = [voice(DURATION_S, seed=seed + c, pitch_hz=hz, noise=2e-3) for c, hz in enumerate(pitches)]
    return np.round(np.column_stack(columns) * 2**15).clip(-(2**15), 2**15 - 1).astype(np.int16)


def write_recording(path: Path, samples: np.ndarray | None = None, *, rate: int = RATE, **how: str) -> Path:
    sf.write(path, samples_of_recording() if samples is None else samples, rate, **how)
    return path


# --- stages


class Recognizer:
    """Hears what it is told, in the first pass."""

    def __init__(self, transcript: object = TRUTH) -> None:
        self.transcript = transcript

    def transcribe(self, recording: Recording, policy: Policy) -> Heard:
        if isinstance(self.transcript, BaseException):
            raise self.transcript
        return Heard(self.transcript, frame_power(collected(recording), sample_rate=recording.sample_rate))


class Detector:
    """Finds every word of a list."""

    def __init__(self, words: Iterable[str] = SECRETS) -> None:
        self._words = set(words)

    def detect(self, transcript: Transcript) -> tuple[PiiSpan, ...]:
        return tuple(
            PiiSpan(channel, "PERSON", w.char_start, w.char_end, 0.85, "StandInRecognizer", hearing=number)
            for number, hearing in enumerate(transcript.hearings)
            for channel in hearing.channels
            for w in hearing.words(channel)
            if w.text in self._words
        )


class Says:
    """A detector, or a listener, that returns or raises what it was given, whatever it is asked."""

    def __init__(self, result: object) -> None:
        self._result = result

    def _say(self, *_: object, **__: object) -> object:
        if isinstance(self._result, BaseException):
            raise self._result
        return self._result

    detect = listen_again = _say


class Deaf:
    """A listener that hears nothing in anything."""

    def listen_again(self, recording: Recording, policy: Policy, **_: object) -> Transcript:
        return Transcript.build(recording.duration, [])


class Listener:
    """Hears the words of the recordings that it knows where their sound is still there.

    Parameters
    ----------
    known : iterable of (int16 samples [num_samples, num_channels], Transcript)
        Told apart by their numbers of samples.
    """

    def __init__(self, known: Iterable[tuple[np.ndarray, Transcript]] = ()) -> None:
        self._known = {len(samples): (samples, transcript) for samples, transcript in known}

    def listen_again(
        self, recording: Recording, policy: Policy, *, languages: Sequence[str], known: dict
    ) -> Transcript:
        original, truth = self._known[recording.num_samples]
        heard = as_float(collected(recording))
        segments = []
        for segment in truth.segments:
            words = tuple(
                word
                for word in segment.words
                if _is_heard(word, as_float(original)[:, segment.channel], heard[:, segment.channel], recording)
            )
            segments.append(replace(segment, words=words))
        return Transcript.build(recording.duration, [s for s in segments if s.words])


def _is_heard(word: Word, original: np.ndarray, released: np.ndarray, recording: Recording) -> bool:
    """Whether the middle of the word is there, less than 30 dB quieter."""
    length = word.end - word.start
    part = slice(
        round((word.start + 0.2 * length) * recording.sample_rate),
        round((word.end - 0.2 * length) * recording.sample_rate),
    )
    x, y = original[part], released[part]
    return float(x @ y) > 0.03 * float(x @ x) and float(x @ y) > 0.3 * np.sqrt(float(x @ x) * float(y @ y))


def as_float(samples: np.ndarray) -> np.ndarray:
    """Full scale is 1."""
    return samples / (-float(np.iinfo(samples.dtype).min)) if samples.dtype.kind == "i" else samples


def collected(sound: Sound) -> np.ndarray:
    """All samples [num_samples, num_channels]."""
    return np.concatenate(list(sound.blocks()))


# --- one recording through attempt and settle


class Flow:
    """A recording on its way into a run folder of its own, with the real check.

    Parameters
    ----------
    place : pathlib.Path
    """

    def __init__(self, place: Path) -> None:
        self.truth = TRUTH
        self.input = write_recording(place / f"{SECRETS[1]}.wav")
        self.key_file = place / "keys" / "names.key"
        self.folder = create_run_folder(place / "out", private=None)
        self.ledger = Ledger(self.folder.ledger)
        self.ledger.add([NAME])
        self.record = record_of(self.folder)
        self.outcome: Outcome | None = None

    def attempt(
        self,
        *,
        transcript: object = TRUTH,
        recognizer: object = None,
        detector: object = None,
        listener: object = None,
        checking: object = None,
        verifier: object = None,
        policy: Policy = POLICY,
        name: str = NAME,
    ) -> Outcome:
        """Everything up to the staged files; what is not named is as it should be."""
        with open_recording(self.input) as recording:
            original = collected(recording)
        verifier = verifier or Verifier(
            listener or Listener([(original, self.truth)]), checking or Detector(), policy
        )
        tools = Tools(recognizer or Recognizer(transcript), detector or Detector(), verifier, policy)
        job = Job(name, self.input)
        self.outcome = attempt(
            job, tools, release=self.folder.release, keep_names=False, provenance=IDENTITY.provenance
        )
        return self.outcome

    def settle(self, outcome: Outcome | None = None) -> Row:
        return settle(
            outcome or self.outcome,
            folder=self.folder,
            ledger=self.ledger,
            record=self.record,
            identity=IDENTITY,
        )

    def run(self, **parts: object) -> Row:
        self.attempt(**parts)
        return self.settle()

    def files(self) -> list[Path]:
        """Everything that is released or staged, whatever it is."""
        found = (*self.folder.release.rglob("*"), *self.folder.staging.rglob("*"))
        return sorted(path for path in found if not path.is_dir() or path.is_symlink())

    def assert_held(
        self, *reasons: str, stages: Sequence[str | None] = ("verify",), state: State = State.QUARANTINED
    ) -> Row:
        """Nothing of the recording is released, listed or told; reason and stage are among these."""
        row = self.ledger.row(NAME)
        assert row.state is state
        assert row.reason in reasons and row.stage in stages
        if self.outcome is not None and self.outcome.state is not State.DONE:
            assert self.outcome.files == ()
        assert (self.files(), row.files, row.verdict) == ([], (), None)
        assert list(self.ledger.listed_files()) == []
        assert_untold(repr(self.outcome), repr(row), *private_texts(self.folder.private))
        return row

    def released_audio(self) -> np.ndarray:
        (path,) = self.folder.release.glob("audio/*/*")
        return sf.read(path, dtype="int16", always_2d=True)[0]


def private_texts(private: Path) -> list[str]:
    """What the ledger and the audit record hold, as it lies on the disk."""
    paths = [path for path in private.glob("*") if path.name.startswith(("ledger", "audit"))]
    assert paths
    return [path.read_bytes().decode("latin-1") for path in paths]


def assert_untold(*texts: str) -> None:
    """No secret stands in any of these."""
    for secret in SECRETS:
        assert not [text for text in texts if secret.casefold() in text.casefold()], secret


# --- faults in the sound

Runs = list[tuple[int, int]]
SoundFault = Callable[[np.ndarray, np.ndarray, Runs], np.ndarray]


def plant_in_muter(monkeypatch, fault: SoundFault, *, rate: int | None = None) -> None:
    """Have the muter return ``fault(muted, original, runs)``, where runs are the muted samples."""
    really = pipeline.muted

    def faulty(recording, spans, fill):
        redactions, sound = really(recording, spans, fill)
        original = collected(recording)
        shape = {"sample_rate": recording.sample_rate, "num_samples": recording.num_samples}
        runs = [outward_samples(span.start, span.end, **shape) for span in spans]
        samples = np.ascontiguousarray(fault(collected(sound), original.copy(), runs))
        return redactions, Recording.of(Audio(samples, rate or recording.sample_rate, recording.format))

    monkeypatch.setattr(pipeline, "muted", faulty)


# --- the command line, in this process


class ThreadAsProcess:
    """A worker as a thread: engine, pipes and the worker's body are the real ones."""

    exitcode = None

    def __init__(self, *, target, args, daemon):
        # Ends of its own: the parent closes those that it hands over.
        self._arguments = [Connection(os.dup(a.fileno())) if isinstance(a, Connection) else a for a in args]
        self._thread = threading.Thread(target=self._run, args=(target,), daemon=daemon)
        self.pid = os.getpid()

    @property
    def _ends(self) -> list[Connection]:
        return [argument for argument in self._arguments if isinstance(argument, Connection)]

    def _run(self, target) -> None:
        try:
            target(*self._arguments)
        finally:
            for end in self._ends:
                end.close()

    def start(self) -> None:
        self._thread.start()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def join(self, timeout: float | None = None) -> None:
        self._thread.join(timeout)

    def kill(self) -> None:
        for end in self._ends:
            with contextlib.suppress(OSError, ValueError), socket.socket(fileno=os.dup(end.fileno())) as twin:
                twin.shutdown(socket.SHUT_RDWR)


def _work_in_threads(monkeypatch) -> None:
    context = SimpleNamespace(Pipe=multiprocessing.Pipe, Process=ThreadAsProcess)
    monkeypatch.setattr(local, "multiprocessing", SimpleNamespace(get_context=lambda kind: context))
    monkeypatch.setattr(worker, "_die_with_parent", lambda lifeline: None)
    monkeypatch.setattr(worker, "_be_quiet", lambda: None)
    signals = SimpleNamespace(signal=lambda *_: None, SIGINT=None, SIG_IGN=None)
    monkeypatch.setattr(worker, "signal", signals)


def short_sentinels() -> list[Sentinel]:
    """Those of the shipped recordings that are commands of some seconds."""
    return list(_short_sentinels())


@functools.cache
def _short_sentinels() -> tuple[Sentinel, ...]:
    return tuple(sentinel for sentinel in shipped_sentinels() if sentinel.transcript.duration < 5)


@functools.cache
def _sentinel_samples() -> tuple[np.ndarray, ...]:
    return tuple(sf.read(one.path, dtype="int16", always_2d=True)[0] for one in _short_sentinels())


@functools.cache
def _sentinel_words() -> frozenset[str]:
    """What is personal in them."""
    return frozenset(
        word.text
        for sentinel in _short_sentinels()
        for segment, labels in zip(sentinel.transcript.segments, sentinel.labels, strict=True)
        for word, label in zip(segment.words, labels, strict=True)
        if label
    )


def knowing_listener() -> Listener:
    """Knows the recording of these tests, and the sentinels."""
    sentinels = zip(_sentinel_samples(), _short_sentinels(), strict=True)
    known = [(samples, sentinel.transcript) for samples, sentinel in sentinels]
    return Listener([(samples_of_recording(), TRUTH), *known])


def knowing_detector() -> Detector:
    return Detector({*SECRETS, *_sentinel_words()})


_POLICY_TOML = """
name = "test"
[entities]
PERSON = 0.5
[align]
unsure_ms = 0.0
pause_ms = 0.0
valley_ms = 0.0
[verify]
max_rounds = 1
padding_ms = 20.0
"""


class CommandLine:
    """`redactor run` over one recording: all of it is real but the models, and a thread is the worker.

    Attributes
    ----------
    recognizer, detector : object
        Of the first pass.
    make_verifier : callable
        Policy -> what checks.
    attempted : list of str
        Names that a worker began with.
    """

    def __init__(self, place: Path, monkeypatch, capsys) -> None:
        self._capsys = capsys
        self.inputs, self.out = place / "in", place / "out"
        self.inputs.mkdir()
        self.recording = write_recording(self.inputs / "call.wav")
        self.policy = place / "policy.toml"
        self.policy.write_text(_POLICY_TOML)
        self.key_file = place / "keys" / "names.key"
        self.recognizer, self.detector = Recognizer(), knowing_detector()
        self.make_verifier = lambda policy: Verifier(knowing_listener(), knowing_detector(), policy)
        self.attempted: list[str] = []
        self.told = ""
        _work_in_threads(monkeypatch)
        monkeypatch.setattr(run_command, "prepare", prepared)
        monkeypatch.setattr(worker, "load_tools", self._tools)
        monkeypatch.setattr(worker, "shipped_sentinels", short_sentinels)
        really = worker.attempt

        def attempt(job, *rest, **named):
            self.attempted.append(job.name)
            return really(job, *rest, **named)

        monkeypatch.setattr(worker, "attempt", attempt)

    def _tools(self, spec, *, device_index: int) -> Tools:
        return Tools(self.recognizer, self.detector, self.make_verifier(spec.policy), spec.policy)

    @property
    def folder(self) -> RunFolder:
        return RunFolder(self.out, self.out / "private")

    def __call__(self, *more: object) -> tuple[int, dict]:
        """Exit code, and what was printed on stdout."""
        words = ["run", self.inputs, "--out", self.out, "--policy", self.policy, "--jobs", 1, "--json"]
        code = main([str(word) for word in (*words, "--key-file", self.key_file, *more)])
        printed = self._capsys.readouterr()
        self.told = printed.out + printed.err
        assert_untold(self.told, *(private_texts(self.folder.private) if self.out.exists() else ()))
        return code, json.loads(printed.out)

    def assert_stopped(self, error: str, *more: object) -> None:
        """The run stops with this error, and nothing is released."""
        code, printed = self(*more)
        assert (code, printed) == (2, {"error": error, "exit_code": 2}), self.told
        self.assert_nothing_released()

    def assert_nothing_released(self) -> None:
        assert self.released() == []
        manifest = self.folder.manifest
        assert not manifest.exists() or manifest.read_bytes() == b""

    def released(self) -> list[Path]:
        """Files that are released or staged, the manifest left out."""
        found = (*self.folder.release.rglob("*"), *self.folder.staging.rglob("*"))
        files = [path for path in found if not path.is_dir() or path.is_symlink()]
        return [path for path in sorted(files) if path != self.folder.manifest]

    def rows(self) -> dict[State, list[str | None]]:
        """Reasons of the rows by their state."""
        found: dict[State, list[str | None]] = {}
        with contextlib.closing(Ledger(self.folder.ledger)) as ledger:
            for row in ledger.rows():
                found.setdefault(row.state, []).append(row.reason)
        return found

    def start_again(self) -> None:
        """What the next run does first; after it, everything that lies in release/ is listed."""
        policy = load_policy(str(self.policy))
        settings = Settings(policy, policy.transcribe.model, "auto", 1, 1, self.key_file, False)
        with (
            locked(self.folder),
            contextlib.closing(
                Archive(self.folder, key_file=self.key_file, keep_names=False)
            ) as archive,
        ):
            archive.reconcile(prepared(settings).identity)
            listed = {self.folder.release / path for path in archive.ledger.listed_files()}
        assert set(self.released()) == listed
