"""Policies: what counts as personal data, how it is muted, and when a recording is held back.

A policy is one TOML file. Every key has a default here, a comment in each file under ``configs/``, and is
checked before any work starts; an unknown key or entity type is refused with the nearest valid one.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import math
import os
import re
import tomllib
import typing
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal

from redactor.entities import ENTITY_TYPES
from redactor.errors import PolicyError
from redactor.files import shipped_dir

AUTO_LANGUAGE = "auto"


@dataclass(frozen=True)
class LanguagePolicy:
    """Which languages may be released.

    Attributes
    ----------
    spoken : str
        "auto": found for every recording and every long stretch of speech; or an ISO 639-1 code that is
        trusted and not checked.
    min_probability : float
        Least probability, summed over the languages of `detectors`, for a stretch to count as understood.
    identifier : str
        Multilingual Whisper model that tells languages apart when the one that transcribes knows only English.
    detectors : mapping of str to str
        spaCy model (a name in models/registry.toml) for each language that can be searched for personal data.
    """

    spoken: str = AUTO_LANGUAGE
    min_probability: float = 0.3
    identifier: str = "base"
    detectors: Mapping[str, str] = field(default_factory=lambda: {"en": "en_core_web_sm"})


@dataclass(frozen=True)
class TranscribePolicy:
    """How recordings are transcribed.

    Attributes
    ----------
    model : str
        Whisper model when --model does not name one.
    second_opinion : str
        Whisper model that transcribes everything again, "" for none. What either hears is searched.
    beam_size : int
        Hypotheses kept by the decoder.
    vad_threshold : float
        Speech probability from which the voice activity detector counts a frame as speech. Lower finds more.
    vad_padding_ms : float
        Audio added on both sides of what it found before it is transcribed.
    max_compression_ratio : float
        Text that compresses better than this is a repetition loop: its words do not count as heard.
    """

    model: str = "base"
    second_opinion: str = "tiny.en"
    beam_size: int = 5
    vad_threshold: float = 0.35
    vad_padding_ms: float = 400.0
    max_compression_ratio: float = 2.4


@dataclass(frozen=True)
class AlignPolicy:
    """From words to stretches of audio.

    Attributes
    ----------
    padding_before_ms, padding_after_ms : float
        Muted beyond the first and last word of a finding.
    pause_ms : float
        Muted at most of a pause beside it, in place of the padding.
    valley_ms : float
        An edge without a pause moves to the weakest moment within this of it.
    merge_gap_ms : float
        Spans nearer to each other than this become one.
    channels : {"all", "own"}
        "all" mutes every channel, since one side's digits are audible on the other; "own" only the
        channel on which the words were found.
    """

    padding_before_ms: float = 50.0
    padding_after_ms: float = 50.0
    pause_ms: float = 250.0
    valley_ms: float = 50.0
    merge_gap_ms: float = 300.0
    channels: Literal["all", "own"] = "all"


@dataclass(frozen=True)
class UnheardPolicy:
    """Speech that became no words.

    Attributes
    ----------
    action : {"mute", "quarantine"}
        What is done with speech that no word covers.
    min_ms : float
        Shorter stretches (a breath, a click) stay.
    one_model_ms : float
        Speech that only one of two models made words of, and in which something was found, is muted whole from
        this length on; 0 for never.
    padding_ms : float
        Muted around such a stretch.
    empty : {"quarantine", "mute"}
        What is done with a recording in which neither words nor speech were found: held back, or released
        with every sample muted.
    min_recording_ms : float
        Shorter recordings are held back: no recognizer can be trusted on them.
    """

    action: Literal["mute", "quarantine"] = "mute"
    min_ms: float = 250.0
    one_model_ms: float = 800.0
    padding_ms: float = 50.0
    empty: Literal["quarantine", "mute"] = "quarantine"
    min_recording_ms: float = 200.0


@dataclass(frozen=True)
class DenyPolicy:
    """Whether only what is known to be harmless is heard.

    Attributes
    ----------
    enabled : bool
        Everything else is muted. Needs a second opinion: a word stays only if both models heard it.
    vocabulary : int
        So many of the most frequent English words can be harmless.
    min_words : int
        Fewer such words in a row do not stay.
    """

    enabled: bool = False
    vocabulary: int = 30_000
    min_words: int = 2


@dataclass(frozen=True)
class MutePolicy:
    """What stands in the place of what was said.

    Attributes
    ----------
    fill : {"silence", "tone", "noise"}
        Noise has the recording's own background spectrum and level.
    fade_ms : float
        Raised-cosine fade on both sides, outside the span.
    tone_hz, tone_dbfs : float
        Frequency and level of the tone.
    """

    fill: Literal["silence", "tone", "noise"] = "silence"
    fade_ms: float = 10.0
    tone_hz: float = 1000.0
    tone_dbfs: float = -20.0


@dataclass(frozen=True)
class OutputPolicy:
    """Which text files are written.

    Attributes
    ----------
    transcripts : tuple of {"json", "vtt", "txt"}
        JSON holds the times of every kept word.
    audacity_labels : bool
        Also write the muted spans as an Audacity label track beside the report.
    """

    transcripts: tuple[Literal["json", "vtt", "txt"], ...] = ("json", "vtt", "txt")
    audacity_labels: bool = False


@dataclass(frozen=True)
class Policy:
    """Everything a run decides by; see the attributes' own classes.

    Attributes
    ----------
    name, description : str
        For people and for the manifest.
    entities : mapping of str to float
        Entity types that are muted, each with the least detector score (0..1) that counts, itself included.
    """

    name: str
    description: str = ""
    language: LanguagePolicy = field(default_factory=LanguagePolicy)
    transcribe: TranscribePolicy = field(default_factory=TranscribePolicy)
    entities: Mapping[str, float] = field(default_factory=dict)
    align: AlignPolicy = field(default_factory=AlignPolicy)
    unheard: UnheardPolicy = field(default_factory=UnheardPolicy)
    deny: DenyPolicy = field(default_factory=DenyPolicy)
    mute: MutePolicy = field(default_factory=MutePolicy)
    output: OutputPolicy = field(default_factory=OutputPolicy)

    @property
    def digest(self) -> str:
        """SHA-256 of everything that is in force, defaults included; name and description are left out."""
        in_force = {k: v for k, v in asdict(self).items() if k not in ("name", "description")}
        canonical = json.dumps(in_force, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


def policy_names() -> list[str]:
    """Names of the policies that ship with the package."""
    return sorted(path.stem for path in (shipped_dir() / "configs").glob("*.toml"))


def load_policy(name_or_file: str) -> Policy:
    """Read a policy by its shipped name or from a file, and check all of it.

    Raises
    ------
    PolicyError
        If there is no such policy, the file is not TOML, or a key, a type, a value or an entity type is
        not valid; the message names the nearest valid one.
    """
    path = _policy_path(name_or_file)
    try:
        text = path.read_bytes()
    except OSError as error:
        raise PolicyError(f"policy {str(path)!r} cannot be read: {error.strerror}") from None
    return parse_policy(text, name=path.stem, where=str(path))


def parse_policy(text: bytes, *, name: str, where: str) -> Policy:
    """Make a policy from TOML, as :func:`load_policy` does; `name` where the text gives none.

    Raises
    ------
    PolicyError
    """
    try:
        raw = tomllib.loads(text.decode())
    except ValueError as error:  # not TOML, not UTF-8, or a number of thousands of digits
        raise PolicyError(f"policy {where!r} is not valid TOML: {error}") from None
    policy = _build(Policy, {"name": name, **raw}, where=where, prefix="")
    _check(policy, where=where)
    return policy


def _policy_path(name_or_file: str) -> Path:
    path, names = Path(name_or_file), policy_names()
    if path.suffix == ".toml" or os.sep in name_or_file:
        if not path.is_file():
            raise PolicyError(
                f"policy file {name_or_file!r} does not exist{_nearest(path.stem, names)}; "
                f"shipped policies go by name: {', '.join(names)}"
            )
        return path
    if name_or_file not in names:
        raise PolicyError(
            f"no policy named {name_or_file!r}{_nearest(name_or_file, names)}; "
            f"shipped are {', '.join(names)}; a file of your own is given by its path"
        )
    return shipped_dir() / "configs" / f"{name_or_file}.toml"


def _nearest(word: str, valid: list[str]) -> str:
    close = difflib.get_close_matches(word, valid, n=1, cutoff=0.5)
    if not close:  # entity names are upper case: "person" means PERSON
        folded = {v.casefold(): v for v in valid}
        close = [folded[c] for c in difflib.get_close_matches(word.casefold(), folded, n=1)]
    return f" (did you mean {close[0]!r}?)" if close else ""


_KIND_NAMES = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}


def _build(cls: type, raw: Any, *, where: str, prefix: str) -> Any:
    """Make a dataclass from a TOML table, refusing unknown keys and wrong types."""
    if not isinstance(raw, dict):
        raise PolicyError(f"{where}: [{prefix.rstrip('.')}] must be a table")
    known = [f.name for f in fields(cls)]
    for key in raw:
        if key not in known:
            hint = _home_of(key) or _nearest(key, known)
            raise PolicyError(f"{where}: unknown key {prefix + key!r}{hint}")
    hints = typing.get_type_hints(cls)
    values = {key: _convert(hints[key], value, where=where, key=prefix + key) for key, value in raw.items()}
    return cls(**values)


def _home_of(key: str) -> str:
    """Hint for a key that exists in another table."""
    for section in fields(Policy):
        table = section.default_factory
        if is_dataclass(table) and key in [f.name for f in fields(table)]:
            return f" (it belongs into [{section.name}])"
    return ""


def _convert(kind: Any, value: Any, *, where: str, key: str) -> Any:
    if is_dataclass(kind):
        return _build(typing.cast(type, kind), value, where=where, prefix=f"{key}.")
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        if value not in args:
            raise PolicyError(
                f"{where}: {key} = {value!r} is not one of {', '.join(map(repr, args))}"
                + (_nearest(value, list(args)) if isinstance(value, str) else "")
            )
        return value
    if origin is tuple:
        if not isinstance(value, list):
            raise PolicyError(f"{where}: {key} must be a list")
        return tuple(_convert(args[0], item, where=where, key=key) for item in value)
    if origin is Mapping:
        if not isinstance(value, dict):
            raise PolicyError(f"{where}: [{key}] must be a table")
        return {k: _convert(args[1], v, where=where, key=f"{key}.{k}") for k, v in sorted(value.items())}
    if kind is float and type(value) is int and abs(value) < 2**53:  # what a float holds exactly
        value = float(value)
    if type(value) is not kind:
        raise PolicyError(f"{where}: {key} must be {_KIND_NAMES[kind]}, not {value!r}")
    return value


def _check(policy: Policy, *, where: str) -> None:
    """Refuse values that no run could mean; each message names the keys that disagree."""
    _check_entities(policy.entities, where=where)
    language = policy.language
    if not language.detectors:
        raise PolicyError(f"{where}: [language.detectors] is empty: nothing could be searched")
    for code in language.detectors:
        if not re.fullmatch(r"[a-z]{2,3}", code):
            raise PolicyError(f"{where}: {code!r} is not an ISO 639 language code such as 'en'")
    if language.spoken not in (AUTO_LANGUAGE, *language.detectors):
        raise PolicyError(
            f"{where}: language.spoken = {language.spoken!r} has no detector in [language.detectors]"
        )
    if not (policy.transcribe.model and all(language.detectors.values())):
        raise PolicyError(f"{where}: transcribe.model and [language.detectors] need names of models")
    if policy.deny.enabled and not policy.transcribe.second_opinion:
        raise PolicyError(
            f"{where}: deny.enabled = true needs a second opinion; set transcribe.second_opinion = 'tiny.en'"
        )
    if len(set(policy.output.transcripts)) < len(policy.output.transcripts):
        raise PolicyError(f"{where}: output.transcripts lists a format twice")
    for key, low, high in _RANGES:
        section, name = key.split(".")
        value = getattr(getattr(policy, section), name)
        if not (math.isfinite(value) and low <= value <= high):
            raise PolicyError(f"{where}: {key} = {value} is outside {low} to {high}")


def _check_entities(entities: Mapping[str, float], *, where: str) -> None:
    if not entities:
        raise PolicyError(f"{where}: [entities] is empty: nothing would be muted")
    for entity_type, threshold in entities.items():
        if entity_type not in ENTITY_TYPES:
            hint = _nearest(entity_type, list(ENTITY_TYPES))
            raise PolicyError(f"{where}: unknown entity type {entity_type!r}{hint}")
        if not (0.0 <= threshold <= 1.0):
            raise PolicyError(f"{where}: entities.{entity_type} = {threshold} is outside 0 to 1")


# Bounds are where a value stops making sense, not where it stops being good.
_RANGES = (
    ("language.min_probability", 0.0, 1.0),
    ("transcribe.beam_size", 1, 20),
    ("transcribe.vad_threshold", 0.01, 0.99),
    ("transcribe.vad_padding_ms", 0.0, 5_000.0),
    ("transcribe.max_compression_ratio", 1.0, 100.0),
    ("align.padding_before_ms", 0.0, 10_000.0),
    ("align.padding_after_ms", 0.0, 10_000.0),
    ("align.pause_ms", 0.0, 10_000.0),
    ("align.valley_ms", 0.0, 1_000.0),
    ("align.merge_gap_ms", 0.0, 10_000.0),
    ("unheard.min_ms", 0.0, 2_000.0),
    ("unheard.one_model_ms", 0.0, 60_000.0),
    ("unheard.padding_ms", 0.0, 10_000.0),
    ("unheard.min_recording_ms", 0.0, 60_000.0),
    ("deny.vocabulary", 0, 1_000_000),
    ("deny.min_words", 1, 100),
    ("mute.fade_ms", 0.0, 1_000.0),
    # The upper bound keeps the tone below the Nyquist frequency of 8 kHz telephony.
    ("mute.tone_hz", 20.0, 3_900.0),
    ("mute.tone_dbfs", -90.0, 0.0),
)
