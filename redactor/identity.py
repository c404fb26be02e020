"""What a result depends on, as digests: what has not changed is not repeated, what has is redone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import redactor
from redactor.model_registry import ModelFiles
from redactor.policy import Policy
from redactor.transcribe import Device
from redactor.types import TimeSpan

# Every package whose version can change a byte of what is released.
_PACKAGES = (
    "av",
    "ctranslate2",
    "faster-whisper",
    "numba",
    "numpy",
    "onnxruntime",
    "phonenumbers",
    "presidio-analyzer",
    "presidio-anonymizer",
    "rapidfuzz",
    "soundfile",
    "soxr",
    "spacy",
    "tldextract",
    "tokenizers",
)


@dataclass(frozen=True)
class RunIdentity:
    """Everything but the input that a result depends on.

    Attributes
    ----------
    digest : str
    provenance : mapping
        The part that goes into manifest and reports: policy and models by name and digest.
    """

    digest: str
    provenance: Mapping[str, Any]

    def of_job(self, input_sha256: str, reviewed: Sequence[TimeSpan] = ()) -> str:
        """Identity of one recording's job; `reviewed` is what people want muted in it."""
        marks = sorted([s.start, s.end, list(s.channels), list(s.entity_types)] for s in reviewed)
        return _digest([self.digest, input_sha256, *([marks] if marks else [])])


def run_identity(
    policy: Policy,
    models: Mapping[str, ModelFiles],
    *,
    device: Device,
    threads: int,
    keep_names: bool,
) -> RunIdentity:
    """Identity of a run.

    Parameters
    ----------
    models : mapping of str to ModelFiles
        By role ("transcribe", "second", "identify", "ner:en", "spoken:en").
    threads : int
        CPU threads of a worker; CTranslate2's results depend on it.
    """
    provenance = {
        "policy": {"name": policy.name, "digest": policy.digest},
        "models": {role: {"name": m.name, "digest": m.digest} for role, m in sorted(models.items())},
        "version": redactor.__version__,
    }
    everything = {
        "policy": policy.digest,
        "models": {role: [m.digest, dict(m.calibration), dict(m.windows)] for role, m in models.items()},
        "device": [device.kind, device.compute_type],
        "threads": threads,
        "keep_names": keep_names,
        "versions": {"redactor": redactor.__version__, **{p: metadata.version(p) for p in _PACKAGES}},
    }
    return RunIdentity(_digest(everything), provenance)


def _digest(value: Any) -> str:
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
