"""Label Studio: tasks with predictions out, annotations back.

Form of tasks, predictions and annotations: https://labelstud.io/guide/task_format and
https://labelstud.io/guide/predictions; of regions of audio: https://labelstud.io/tags/audio.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from redactor.errors import UsageError
from redactor.review.entries import Opinion
from redactor.review.exchange.answers import (
    MARK_TYPES,
    Said,
    decoded,
    finite,
    opinion_of,
    read_file,
    type_of,
)
from redactor.review.exchange.clips import Clip

TASKS_NAME = "tasks.json"
CONFIG_NAME = "labeling.xml"

_AUDIO, _MARKS, _VERDICT, _COMMENT = "audio", "marks", "verdict", "comment"
_MUTED, _TOO_MUCH = "MUTED", "TOO_MUCH"
_REDO = "export the project as JSON, labelled with the labeling.xml that came with the tasks"
_COLORS = {_MUTED: "#888888", _TOO_MUCH: "#2b6cb0"}


def files(clips: Sequence[Clip], *, audio_prefix: str) -> dict[str, bytes]:
    """The files to import into Label Studio, by name: tasks and the labeling configuration."""
    tasks = [_task(clip, audio_prefix) for clip in clips]
    return {
        TASKS_NAME: (json.dumps(tasks, ensure_ascii=False, indent=1) + "\n").encode(),
        CONFIG_NAME: labeling_config().encode(),
    }


def labeling_config() -> str:
    """The labeling interface that the tasks belong to."""
    labels = "\n".join(
        f"    <Label value={quoteattr(name)} background={quoteattr(_COLORS.get(name, '#c53030'))}/>"
        for name in (_MUTED, _TOO_MUCH, *MARK_TYPES)
    )
    choices = "\n".join(f"    <Choice value={quoteattr(opinion.value)}/>" for opinion in Opinion)
    return f"""<View>
  <Header value="Clip $clip"/>
  <Audio name="{_AUDIO}" value="$audio"/>
  <Labels name="{_MARKS}" toName="{_AUDIO}" choice="single">
{labels}
  </Labels>
  <Choices name="{_VERDICT}" toName="{_AUDIO}" choice="single-radio" required="true"
           requiredMessage="Say what you heard">
{choices}
  </Choices>
  <TextArea name="{_COMMENT}" toName="{_AUDIO}" rows="2" editable="true" maxSubmissions="1"
            placeholder="A comment, without personal data"/>
  <Text name="transcript" value="$transcript"/>
</View>
"""


def _task(clip: Clip, audio_prefix: str) -> dict[str, Any]:
    return {
        "data": {
            "clip": clip.id,
            "audio": f"{audio_prefix}{clip.file}",
            "duration": clip.duration,
            "transcript": "\n".join(clip.transcript),
        },
        "predictions": [
            {
                "model_version": "redactor",
                "result": [_region(clip, number) for number in range(len(clip.muted))],
            }
        ],
    }


def _region(clip: Clip, number: int) -> dict[str, Any]:
    muted = clip.muted[number]
    # Label Studio's channel is the one a region is drawn on; it has none for some of several.
    side = {"channel": muted.channels[0]} if len(muted.channels) == 1 else {}
    return {
        "id": f"{clip.id}-{number}",
        "from_name": _MARKS,
        "to_name": _AUDIO,
        "type": "labels",
        "readonly": True,
        "original_length": clip.duration,
        "value": {"start": muted.start, "end": muted.end, **side, "labels": [_MUTED]},
    }


def read(path: Path) -> list[Said]:
    """What an export says; see :func:`parse`."""
    return parse(read_file(path), path.name)


def parse(data: bytes, name: str) -> list[Said]:
    """What the tasks of an export (format "JSON") say.

    Raises
    ------
    UsageError
        If it is no such export, or a task is not answered once.
    """
    try:
        tasks = json.loads(decoded(data, repr(name)))
    except (ValueError, RecursionError):
        raise UsageError(f"{name!r} is not JSON; {_REDO}") from None
    if not isinstance(tasks, list):
        raise UsageError(f"{name!r} is not a list of tasks; {_REDO}")
    said: list[Said] = []
    seen: set[str] = set()
    for number, task in enumerate(tasks, 1):
        place = f"{name!r}, task {number}"
        clip = _clip_id(task, place)
        if clip in seen:
            raise UsageError(f"{place}: the clip of an earlier task; delete one of the two and export again")
        seen.add(clip)
        said += _of_annotation(clip, _annotation(task, place), place)
    return said


def _clip_id(task: Any, place: str) -> str:
    clip = _get(_get(task, "data"), "clip")
    if not isinstance(clip, str):
        raise UsageError(f"{place}: not a task of ours, it has no data.clip; {_REDO}")
    return clip


def _annotation(task: Any, place: str) -> Mapping[str, Any]:
    """The one that was submitted; what was skipped does not count."""
    found = _get(task, "annotations")
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise UsageError(f"{place}: it has no list of annotations; {_REDO} (not JSON-MIN)")
    submitted = [one for one in found if not one.get("was_cancelled")]
    if not submitted:
        raise UsageError(
            f"{place}: the clip has no verdict; answer the task in Label Studio, or leave it out of the export"
        )
    if len(submitted) > 1:
        raise UsageError(
            f"{place}: it has {len(submitted)} annotations; an export holds the verdicts of one reviewer, so "
            "delete the others and export again"
        )
    return submitted[0]


def _of_annotation(clip: str, annotation: Mapping[str, Any], place: str) -> list[Said]:
    results = annotation.get("result")
    if not isinstance(results, list):
        raise UsageError(f"{place}: the annotation has no list of results; {_REDO}")
    said = [one for result in results for one in _said(clip, result, place)]
    num_choices = sum(_get(result, "from_name") == _VERDICT for result in results)
    if num_choices != 1:
        found = "no verdict is chosen" if num_choices == 0 else "several verdicts are chosen"
        raise UsageError(f"{place}: {found}; choose one in Label Studio and export again")
    return said


def _said(clip: str, result: Any, place: str) -> list[Said]:
    source, value = _get(result, "from_name"), _get(result, "value")
    if source == _VERDICT:
        (choice,) = _texts(value, "choices", place) or [""]
        return [Said(clip, place, opinion_of(choice, place))]
    if source == _COMMENT:
        return [Said(clip, place, comment=text) for text in _texts(value, "text", place, several=True)]
    if source == _MARKS:
        return _marks(clip, value, place)
    raise UsageError(f"{place}: a result that labeling.xml does not ask for; {_REDO}")


def _marks(clip: str, value: Any, place: str) -> list[Said]:
    labels = _texts(value, "labels", place, several=True)
    if not labels:
        raise UsageError(f"{place}: a region has no label; give it one, or delete it, and export again")
    return [_mark(clip, label, value, place) for label in labels if label != _MUTED]


def _mark(clip: str, label: str, value: Any, place: str) -> Said:
    times = [_get(value, "start"), _get(value, "end")]
    # Whole numbers of any length are JSON; bool is an int to Python.
    if not all(isinstance(time, (int, float)) and not isinstance(time, bool) for time in times):
        raise UsageError(f"{place}: a region has no times; mark the stretch again")
    try:
        start, end = (finite(float(time), place) for time in times)
    except OverflowError:
        raise UsageError(f"{place}: a time is not a number of seconds; mark the stretch again") from None
    if label == _TOO_MUCH:
        return Said(clip, place, Opinion.TOO_MUCH, start, end)
    return Said(clip, place, Opinion.LEAK, start, end, type_of(label, place))


def _texts(value: Any, key: str, place: str, *, several: bool = False) -> list[str]:
    texts = _get(value, key)
    if isinstance(texts, str):
        texts = [texts]
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise UsageError(f"{place}: a result has no {key}; {_REDO}")
    if len(texts) > 1 and not several:
        raise UsageError(f"{place}: several {key} are given; choose one in Label Studio and export again")
    return texts


def _get(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None
