"""What a run is asked for, and everything behind it found and verified before any work starts."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from redactor import config
from redactor.config_text import to_toml
from redactor.errors import StoreError, UsageError
from redactor.identity import RunIdentity, run_identity
from redactor.keep import Keep
from redactor.model_entries import ANY_LANGUAGE
from redactor.model_registry import ModelFiles, lasting_name, resolve
from redactor.policy import AUTO_LANGUAGE, Policy
from redactor.transcribe import Device, choose_device
from redactor.transcribe.probe import problem

_DAMAGED = "the settings of the last run are damaged in the ledger; use `redactor run` with its options"


@dataclass(frozen=True)
class Settings:
    """The options of a run, as they are kept in the ledger for `retry`.

    Attributes
    ----------
    policy : Policy
    model : str
        Whisper model.
    device : str
        As on the command line.
    num_workers : int or None
        Worker processes; None for one a CPU core, or one a GPU.
    threads : int
        CPU threads of a batch; the results depend on them.
    key_file : pathlib.Path
    keep_names : bool
    """

    policy: Policy
    model: str
    device: str
    num_workers: int | None
    threads: int
    key_file: Path
    keep_names: bool

    def to_json(self) -> str:
        return json.dumps(
            {
                "policy": to_toml(self.policy),
                "model": lasting_name(self.model),
                "device": self.device,
                "num_workers": self.num_workers,
                "threads": self.threads,
                "key_file": os.fsencode(self.key_file.absolute()).decode(errors="surrogateescape"),
                "keep_names": self.keep_names,
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Settings:
        """What `to_json` wrote.

        Raises
        ------
        PolicyError
            If the policy is none of this version.
        StoreError
            If it is anything else.
        """
        try:
            values = json.loads(text)
            raw, key_file = values.pop("policy").encode(), Path(values.pop("key_file"))
            policy = config.parse_policy(raw, name="last", where="the last run's policy")
            settings = cls(policy=policy, key_file=key_file, **values)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise StoreError(_DAMAGED) from None
        if not settings._is_well_formed():
            raise StoreError(_DAMAGED)
        return settings

    def _is_well_formed(self) -> bool:
        counts = [self.threads, *([] if self.num_workers is None else [self.num_workers])]
        return (
            all(isinstance(text, str) for text in (self.model, self.device))
            and all(type(count) is int and count > 0 for count in counts)
            and isinstance(self.keep_names, bool)
        )


@dataclass(frozen=True)
class Prepared:
    """Settings with everything behind them found and verified.

    Attributes
    ----------
    settings : Settings
    device : Device
    models : mapping of str to ModelFiles
        By role.
    identity : RunIdentity
    notes : tuple of str
        What the person should know, such as a GPU that is not used.
    keep : Keep or None
        What stays audible to a subject, of what is theirs; never among what is stored of a run.
    """

    settings: Settings
    device: Device
    models: Mapping[str, ModelFiles]
    identity: RunIdentity
    notes: tuple[str, ...] = ()
    keep: Keep | None = None

    @property
    def num_workers(self) -> int:
        """As asked for, or as many as the device makes good use of."""
        return self.settings.num_workers or self.device.num_workers


def prepare(settings: Settings) -> Prepared:
    """Choose the device and verify every file of every model, before any work starts.

    Raises
    ------
    UsageError, ModelError
    """
    policy = settings.policy
    device = choose_device(settings.device)
    models = {"transcribe": resolve(settings.model, task="transcribe")}
    if models["transcribe"].english_only:
        models |= _for_english_only(settings.model, policy)
    second, notes = _second_opinion(models["transcribe"], policy)
    models |= second
    models |= _checker(policy)
    for language, name in policy.language.detectors.items():
        models[f"ner:{language}"] = _for_language(language, name, task="ner")
        if tagger := policy.language.taggers.get(language):
            models[f"tag:{language}"] = _for_language(language, tagger, task="tag")
    device, about_device = _that_works(device, models["transcribe"], wish=settings.device)
    identity = run_identity(
        policy, models, device=device, threads=settings.threads, keep_names=settings.keep_names
    )
    return Prepared(settings, device, models, identity, (*notes, *about_device))


def _that_works(device: Device, model: ModelFiles, *, wish: str) -> tuple[Device, tuple[str, ...]]:
    """The device, or the CPU where the person left the choice open and no GPU works."""
    if device.kind == "cpu" or wish != "auto":
        return device, ()
    fault = problem(model, device)
    if fault is None:
        return device, ()
    return choose_device("cpu"), (f"the GPU is not used ({fault}); the CPU is",)


def _for_english_only(model: str, policy: Policy) -> dict[str, ModelFiles]:
    """A model that knows English only would write English for any language: another tells them apart."""
    if policy.language.spoken == "en":
        return {}
    if policy.language.spoken != AUTO_LANGUAGE:
        raise UsageError(
            f"model {model!r} knows only English but language.spoken of the policy is "
            f"{policy.language.spoken!r}; choose a multilingual --model"
        )
    return {"identify": resolve(policy.language.identifier, task="transcribe")}


def _second_opinion(first: ModelFiles, policy: Policy) -> tuple[dict[str, ModelFiles], tuple[str, ...]]:
    """The other model that listens, and what is to be said if it would be the same one."""
    if not policy.transcribe.second_opinion:
        return {}, ()
    second = resolve(policy.transcribe.second_opinion, task="transcribe")
    if second.digest != first.digest:
        return {"second": second}, ()
    if policy.deny.enabled:
        raise UsageError(
            f"policy {policy.name!r} lets only words be heard that two models agree on, and "
            f"{first.name!r} would be both; choose another --model, or another transcribe.second_opinion"
        )
    return {}, (f"{first.name!r} is both model and second opinion: with one alone more names stay audible",)


def _for_language(language: str, name: str, *, task: str) -> ModelFiles:
    """A detector's model; one of another language would search texts of which it understands nothing."""
    model = resolve(name, task=task)
    if not {language, ANY_LANGUAGE}.intersection(model.languages):
        raise UsageError(
            f"the policy searches {language!r} with {name!r}, which knows {', '.join(model.languages)}; name a "
            f"model for {language!r}, or leave the language out (its recordings are quarantined)"
        )
    return model


def _checker(policy: Policy) -> dict[str, ModelFiles]:
    """The model that listens to finished files, where any are listened to."""
    if not (policy.verify.share and policy.verify.model):
        return {}
    return {"check": resolve(policy.verify.model, task="transcribe")}
