"""Policies: what counts as personal data, how it is muted, and when a recording is held back.

A policy is one TOML file. Every key has a default here, a comment in each file under ``configs/``, and is
checked before any work starts; an unknown key or entity type is refused with the nearest valid one.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
import typing
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Literal

from redactor.entities import ENTITY_TYPES
from redactor.errors import PolicyError
from redactor.files import shipped_dir
from redactor.policy import AUTO_LANGUAGE, Policy

__all__ = ["load_policy", "nearest_name", "parse_policy", "policy_names"]

# Those that ship have 9 KB. tomllib's memory grows with the square of the dots in a key: 100,000 of them took
# more than 20 GB (Python 3.11).
_MAX_BYTES = 64 << 10
_MAX_DOTS = 200
_MAX_SHOWN = 200
# A Whisper reads no more of a prompt than some 200 pieces of words.
_MOST_PROMPT_CHARS = 400
_MOST_PROMPTS = 8


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
        with path.open("rb") as file:
            text = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise PolicyError(f"policy {str(path)!r} cannot be read: {error.strerror}") from None
    # A name is text, which the bytes of a file's name need not be.
    return parse_policy(text, name=os.fsencode(path.stem).decode(errors="replace"), where=str(path))


def parse_policy(text: bytes, *, name: str, where: str) -> Policy:
    """Make a policy from TOML, as :func:`load_policy` does; `name` where the text gives none.

    Raises
    ------
    PolicyError
    """
    if len(text) > _MAX_BYTES or any(line.count(b".") > _MAX_DOTS for line in text.splitlines()):
        raise PolicyError(
            f"policy {where!r} is no policy: more than {_MAX_BYTES >> 10} KiB, or {_MAX_DOTS} dots in a line"
        )
    try:
        raw = tomllib.loads(text.decode())
    except ValueError as error:  # not TOML, not UTF-8, or a number of thousands of digits
        raise PolicyError(f"policy {where!r} is not valid TOML: {error}") from None
    except RecursionError:
        raise PolicyError(f"policy {where!r} is not valid TOML: lists or tables too deep") from None
    policy = _build(Policy, {"name": name, **raw}, where=where, prefix="")
    _check(policy, where=where)
    return policy


def _policy_path(name_or_file: str) -> Path:
    path, names = Path(name_or_file), policy_names()
    if path.suffix == ".toml" or os.sep in name_or_file:
        try:
            is_there = path.is_file()
        except OSError as error:
            raise PolicyError(f"policy file {name_or_file!r} cannot be reached: {error.strerror}") from None
        if not is_there:
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


def nearest_name(word: str, valid: Sequence[str], *, cutoff: float = 0.5) -> str | None:
    """Of some names the one that a word comes near to, however it is spaced and cased; None if there is none.

    Parameters
    ----------
    cutoff : float
        Least likeness, 0 to 1 (:func:`difflib.get_close_matches`).
    """
    close = difflib.get_close_matches(word, valid, n=1, cutoff=cutoff)
    if not close:  # entity names are upper case: "person" means PERSON
        folded = {_folded(v): v for v in valid}
        near = difflib.get_close_matches(_folded(word), folded, n=1, cutoff=max(cutoff, 0.6))
        close = [folded[c] for c in near]
    return close[0] if close else None


def _folded(word: str) -> str:
    return re.sub(r"[\s_-]", "", word.casefold())


def _nearest(word: str, valid: list[str]) -> str:
    close = nearest_name(word, valid)
    return f" (did you mean {close!r}?)" if close else ""


_KIND_NAMES = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}


def _build(cls: type, raw: Any, *, where: str, prefix: str) -> Any:
    """Make a dataclass from a TOML table, refusing unknown keys and wrong types."""
    if not isinstance(raw, dict):
        raise PolicyError(f"{where}: [{prefix.rstrip('.')}] must be a table")
    known = [f.name for f in fields(cls)]
    for key in raw:
        if key not in known:
            hint = _home_of(key) or _nearest(key, known)
            raise PolicyError(f"{where}: unknown key {_shown(prefix + key)}{hint}")
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


def _shown(value: Any) -> str:
    """A value in a message: short, whatever a file says."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a number of thousands of digits; lists in lists in lists
        return f"some {type(value).__name__}"
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "..."


def _convert(kind: Any, value: Any, *, where: str, key: str) -> Any:
    if is_dataclass(kind):
        return _build(typing.cast(type, kind), value, where=where, prefix=f"{key}.")
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        if value not in args:
            raise PolicyError(
                f"{where}: {key} = {_shown(value)} is not one of {', '.join(map(repr, args))}"
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
        raise PolicyError(f"{where}: {key} must be {_KIND_NAMES[kind]}, not {_shown(value)}")
    return value


def _check(policy: Policy, *, where: str) -> None:
    """Refuse values that no run could mean; each message names the keys that disagree."""
    _check_entities(policy.entities, where=where)
    language = policy.language
    if not language.detectors:
        raise PolicyError(f"{where}: [language.detectors] is empty: nothing could be searched")
    for code in language.detectors:
        if not re.fullmatch(r"[a-z]{2,3}", code):
            raise PolicyError(f"{where}: {_shown(code)} is not an ISO 639 language code such as 'en'")
    for table in ("taggers", "prompts"):
        for code in getattr(language, table):
            if code not in language.detectors:
                raise PolicyError(
                    f"{where}: [language.{table}] has {code!r}, which is not in [language.detectors]"
                    f"{_nearest(code, list(language.detectors))}"
                )
    for code, prompts in language.prompts.items():
        if len(prompts) > _MOST_PROMPTS or not all(0 < len(p.strip()) <= _MOST_PROMPT_CHARS for p in prompts):
            raise PolicyError(
                f"{where}: language.prompts.{code} must be up to {_MOST_PROMPTS} texts of 1 to "
                f"{_MOST_PROMPT_CHARS} characters"
            )
    if language.spoken not in (AUTO_LANGUAGE, *language.detectors):
        raise PolicyError(
            f"{where}: language.spoken = {_shown(language.spoken)} has no detector in [language.detectors]"
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
        if not low <= value <= high:  # also true for NaN
            raise PolicyError(f"{where}: {key} = {_shown(value)} is outside {low} to {high}")


def _check_entities(entities: Mapping[str, float], *, where: str) -> None:
    if not entities:
        raise PolicyError(f"{where}: [entities] is empty: nothing would be muted")
    for entity_type, threshold in entities.items():
        if entity_type not in ENTITY_TYPES:
            hint = _nearest(entity_type, list(ENTITY_TYPES))
            raise PolicyError(f"{where}: unknown entity type {_shown(entity_type)}{hint}")
        if not (0.0 <= threshold <= 1.0):
            raise PolicyError(f"{where}: entities.{entity_type} = {threshold} is outside 0 to 1")


# Bounds are where a value stops making sense, not where it stops being good.
_RANGES = (
    ("language.min_probability", 0.0, 1.0),
    ("transcribe.beam_size", 1, 20),
    ("transcribe.second_best_ms", 0.0, 30_000.0),
    ("transcribe.vad_threshold", 0.01, 0.99),
    ("transcribe.vad_padding_ms", 0.0, 5_000.0),
    ("transcribe.max_compression_ratio", 1.0, 100.0),
    ("align.padding_before_ms", 0.0, 10_000.0),
    ("align.padding_after_ms", 0.0, 10_000.0),
    ("align.unsure_ms", 0.0, 10_000.0),
    ("align.pause_ms", 0.0, 10_000.0),
    ("align.valley_ms", 0.0, 1_000.0),
    ("align.merge_gap_ms", 0.0, 10_000.0),
    ("unheard.min_ms", 0.0, 2_000.0),
    ("unheard.one_model_ms", 0.0, 60_000.0),
    ("unheard.padding_ms", 0.0, 10_000.0),
    ("unheard.min_recording_ms", 0.0, 60_000.0),
    ("deny.vocabulary", 0, 1_000_000),
    ("deny.min_words", 1, 100),
    ("deny.suspicion", 0.0, 1.0),
    ("mute.fade_ms", 0.0, 1_000.0),
    # The upper bound keeps the tone below the Nyquist frequency of 8 kHz telephony.
    ("mute.tone_hz", 20.0, 3_900.0),
    ("mute.tone_dbfs", -90.0, 0.0),
    ("verify.share", 0.0, 1.0),
    ("verify.seed", 0, 2**31),
    ("verify.suspicion", 0.0, 1.0),
    ("verify.max_rounds", 0, 20),
    ("verify.padding_ms", 0.0, 10_000.0),
)
