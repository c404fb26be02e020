"""What a worker hears in a recording and finds in it, for tests of what a run lets out.

In a process of its own: the recognizer's words depend on the threads of its libraries, and workers get one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from redactor.audio.recording import open_recording
from redactor.config import load_policy
from redactor.engines.worker import THREAD_VARIABLES, WorkerSpec, load_tools
from redactor.settings import Settings, prepare


@dataclass(frozen=True)
class HeardWord:
    """A word of the transcript, and whether it lies under a finding."""

    channel: int
    text: str
    start: float
    end: float
    personal: bool


def hear(recordings: list[Path], *, policy: Path, env: dict[str, str]) -> list[list[HeardWord]]:
    """The words of each recording, by tiny.en and the policy's detectors."""
    argv = [sys.executable, "-m", "run_helpers", policy, *recordings]
    env = {**env, **dict.fromkeys(THREAD_VARIABLES, "1"), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(argv, env=env, cwd=Path(__file__).parent, stdout=subprocess.PIPE, check=True)
    return [[HeardWord(*row) for row in rows] for rows in json.loads(done.stdout)]


def _main(policy_file: str, *recordings: str) -> None:
    policy = load_policy(policy_file)
    unused = Path(policy_file)
    prepared = prepare(Settings(policy, "tiny.en", "cpu", 1, 1, unused, False))
    spec = WorkerSpec(policy, prepared.models, prepared.device, 1, 1, unused, unused, False, {})
    tools = load_tools(spec, device_index=0)
    heard = []
    for recording in recordings:
        with open_recording(Path(recording)) as opened:
            transcript = tools.recognizer.transcribe(opened, policy).transcript
        found = tools.detector.detect(transcript)
        heard.append([
            (
                segment.channel, word.text, float(word.start), float(word.end),
                any(
                    p.hearing == 0
                    and p.channel == segment.channel
                    and p.char_start < word.char_end
                    and word.char_start < p.char_end
                    for p in found
                ),
            )
            for segment in transcript.segments
            for word in segment.words
        ])  # fmt: skip
    json.dump(heard, sys.stdout)


if __name__ == "__main__":
    _main(*sys.argv[1:])
