"""What is released does not depend on how a recording is read, nor on what is worked on beside it."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from redactor import pipeline
from redactor.audio.recording import open_recording
from redactor.config import load_policy
from redactor.engines.base import Job, attempt
from redactor.engines.worker import WorkerSpec, load_tools
from redactor.ledger import State
from redactor.settings import Settings, prepare

EXAMPLES = Path(__file__).parents[1] / "examples"
NAMES = ["call_two_channels_8k.wav", "coffee_order.flac", "doctor_visit.mp4", "phone_number_8k.wav"]

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def tools(tmp_path_factory):
    policy = load_policy("standard")
    key_file = tmp_path_factory.mktemp("key") / "names.key"
    settings = Settings(policy, "tiny.en-adapted", "cpu", 1, 1, key_file, True)
    prepared = prepare(settings)
    spec = WorkerSpec(policy, prepared.models, prepared.device, 1, 4, Path("unused"), Path("unused"), True, {})
    return load_tools(spec, device_index=0)


def released(name, tools, folder):
    """Digest of every file that comes of a recording."""
    outcome = attempt(
        Job(name, EXAMPLES / name), tools, release=folder / "release", keep_names=True, provenance={}
    )
    assert outcome.state is State.DONE
    return {staged.released.path: staged.released.sha256 for staged in outcome.files}


@pytest.fixture(scope="module")
def alone(tools, tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    return {name: released(name, tools, folder) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_that_is_streamed_gives_the_bytes_of_one_that_is_kept(
    alone, tools, tmp_path, monkeypatch, name
):
    monkeypatch.setattr(pipeline, "open_recording", partial(open_recording, keep_bytes=0))
    assert released(name, tools, tmp_path) == alone[name]


def test_recordings_side_by_side_give_the_bytes_of_each_alone(alone, tools, tmp_path):
    order = [NAMES[2], NAMES[0], NAMES[3], NAMES[1]]
    with ThreadPoolExecutor(len(order)) as pool:
        beside = dict(zip(order, pool.map(lambda n: released(n, tools, tmp_path), order), strict=True))
    assert beside == alone
    assert tools.recognizer.models["transcribe"].batchers["decoded"].items > 0
