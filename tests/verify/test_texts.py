"""Text files that say more than can be heard, or hold what does not belong there, are objected to."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from verify_helpers import silent_audio

from redactor.redact.text import redact_text
from redactor.report import audacity_labels, report
from redactor.types import (
    Audio,
    AudioFormat,
    Origin,
    PiiSpan,
    Redaction,
    Segment,
    TimeSpan,
    Transcript,
    Word,
)
from redactor.verify.claim import Claim
from redactor.verify.texts import check_texts

NAME = "0123456789abcdef0123456789abcdef"
OTHER_NAME = "f" * 32
WORDS = [("This", 0.0), ("is", 0.4), ("Ada", 0.8), ("Quill", 1.2), ("at", 1.6), ("617", 2.0), ("-555", 2.4)]
TRANSCRIPT = Transcript.build(
    3.0,
    [
        Segment(
            0, "en", None, 0.0, 2.8,
            tuple(Word(text, at, at + 0.39, 0.9, joined=text.startswith("-")) for text, at in WORDS),
            -0.2, 0.0, 1.0,
        ),
        Segment(1, "en", None, 0.5, 0.9, (Word("Yes", 0.5, 0.79, 0.9),), -0.2, 0.0, 1.0),
    ],
)  # fmt: skip
SPANS = (TimeSpan(0.8, 1.6, (0, 1), ("PERSON",), Origin.DETECTED, 0.85, ("SpacyRecognizer",)),)
FOUND = [PiiSpan(0, "PERSON", 8, 17, 0.85, "SpacyRecognizer")]


@pytest.fixture
def claim(tmp_path):
    """What a run without a fault writes."""
    original = silent_audio(3.0, num_channels=2)
    texts = redact_text(TRANSCRIPT, SPANS, FOUND, formats=("json", "vtt", "txt"), num_channels=2).files
    redactions = [Redaction(span, "silence") for span in SPANS]
    about = {
        "name": NAME,
        "policy": {"name": "my own policy", "digest": "0" * 64},
        "models": {"transcribe": {"name": "base", "digest": "1" * 64}, "ner:en": {"name": "x", "digest": "2"}},
        "version": "1.0",
    }
    document = report(original, original.format, redactions, TRANSCRIPT, about=about, muted=0.8)
    contents = {f"transcripts/01/{NAME}.{extension}": content for extension, content in texts.items()}
    contents[f"reports/01/{NAME}.json"] = json.dumps(document)
    contents[f"reports/01/{NAME}.labels.txt"] = audacity_labels(redactions)
    paths = {}
    for number, (path, content) in enumerate(contents.items()):
        paths[path] = tmp_path / str(number)
        paths[path].write_text(content)
    return Claim(original, TRANSCRIPT, SPANS, tmp_path / "audio", paths, about)


def details(claim):
    return [fault.detail for fault in check_texts(claim)]


def path_of(claim, ending) -> Path:
    return next(file for path, file in claim.texts.items() if path.endswith(ending))


def edit(claim, ending, before, after):
    file = path_of(claim, ending)
    content = file.read_text()
    assert before in content
    file.write_text(content.replace(before, after, 1))


def edit_json(claim, start, change):
    (file,) = [f for p, f in claim.texts.items() if p.startswith(start) and p.endswith(".json")]
    document = json.loads(file.read_text())
    change(document)
    file.write_text(json.dumps(document))


def test_what_a_run_writes_passes(claim):
    assert details(claim) == []


# As digests of files are written; with kept names it says nothing of where a file lies.
DIGEST = "d41d8cd98f00b204e9800998ecf8427e"


@pytest.mark.parametrize("name", ["calls/Ada Quill.1", DIGEST, f"calls/{DIGEST}"])
def test_kept_names_pass_in_their_own_place(claim, name):
    paths = {path.replace(f"01/{NAME}", name): file for path, file in claim.texts.items()}
    edit_json(claim, "reports", lambda d: d.update(name=name))
    made = replace(claim, about={**claim.about, "name": name}, texts=paths)
    assert details(replace(made, keep_names=True)) == []
    assert len(details(made)) == len(paths)


@pytest.mark.parametrize(
    ("ending", "before", "after"),
    [
        (".txt", "<PERSON_1>", "Ada Quill"),
        (".txt", "<PERSON_1>", "<PERSON_Ada>"),
        (".txt", "is", "is Quill"),
        (".txt", "is", "isat"),  # words that are left, but were not said as one
        (".txt", "Yes", "This"),  # of the other channel
        (".vtt", "<PERSON_1>", "Ada"),
        (".vtt", "&lt;PERSON_1&gt;", "Quill"),
        (".vtt", "WEBVTT", "WEBVTT Ada Quill"),
        (".vtt", "00:00:00.000 -->", "Ada 00:00:00.000 -->"),
        (".labels.txt", "PERSON", "PERSON Ada"),
        (".labels.txt", "detected", "Quill"),
    ],
)
def test_running_text_that_says_more_is_a_fault(claim, ending, before, after):
    if ending == ".vtt" and before == "<PERSON_1>":
        before = "&lt;PERSON_1&gt;"
    edit(claim, ending, before, after)
    assert len(details(claim)) == 1


def _word(document):
    return document["segments"][0]["words"][0]


@pytest.mark.parametrize(
    "change",
    [
        lambda d: _word(d).update(text="Quill"),
        lambda d: _word(d).update(text="never said"),
        lambda d: _word(d).update(start=0.9, end=1.0),
        lambda d: _word(d).update(original="Ada"),
        lambda d: d["segments"][0].update(text="This is Ada <PERSON_1>"),
        lambda d: d["segments"][0].update(speaker="Ada"),
        lambda d: d["segments"][0].update(language="Ada Quill"),
        lambda d: d["segments"][0]["placeholders"][0].update(text="Ada"),
        lambda d: d["segments"][0]["placeholders"][0].update(value="Ada"),
        lambda d: d["segments"][0]["placeholders"][0].update(start=2.0, end=2.1),
        lambda d: d["languages"].append("Ada Quill"),
        lambda d: d.update(title="Ada Quill"),
        lambda d: d.update(duration="Ada Quill"),
        lambda d: d.update(channels=["Ada"]),
        lambda d: d["segments"][0].update(start="Ada"),
        lambda d: _word(d).update(probability="Quill"),
        lambda d: d.pop("segments"),
        lambda d: d.update(segments=7),
    ],
)
def test_a_transcript_that_says_more_is_a_fault(claim, change):
    edit_json(claim, "transcripts", change)
    assert details(claim)


def _redaction(document):
    return document["redactions"][0]


@pytest.mark.parametrize(
    "change",
    [
        lambda d: _redaction(d).update(text="Ada Quill"),
        lambda d: _redaction(d)["types"].append("Ada"),
        lambda d: _redaction(d)["recognizers"].append("Quill"),
        lambda d: _redaction(d)["recognizers"].append("Ada Quill Recognizer"),
        lambda d: _redaction(d).update(origin="Ada"),
        lambda d: _redaction(d).update(operator="Quill"),
        lambda d: _redaction(d).update(score="Ada"),
        lambda d: _redaction(d).update(start=0.1),
        lambda d: d["redactions"].clear(),
        lambda d: d.update(name="Ada Quill"),
        lambda d: d.update(summary="Ada Quill called"),
        lambda d: d["languages"].append("Ada Quill"),
        lambda d: d["format"]["output"].update(container="Ada Quill's"),
        lambda d: d["models"].update({"Ada Quill": {"name": "x"}}),
        lambda d: d["policy"].update(author="Ada"),
        lambda d: d["policy"].update(name="Ada Quill"),
        lambda d: d["models"]["transcribe"].update(name="Ada Quill"),
        lambda d: d.update(version="Ada Quill"),
        lambda d: d.update(duration="Ada Quill"),
        lambda d: d.update(muted=["Ada"]),
        lambda d: d.update(sample_rate="Ada"),
        lambda d: d.update(channels={"Ada": 1}),
        lambda d: d["format"].update(kept="Ada"),
    ],
)
def test_a_report_that_carries_text_is_a_fault(claim, change):
    edit_json(claim, "reports", change)
    assert details(claim)


@pytest.mark.parametrize(
    "path",
    [
        f"transcripts/01/{OTHER_NAME}.json",
        f"transcripts/ff/{NAME}.json",
        "transcripts/01/Ada Quill.json",
        f"transcripts/01/{NAME}.Ada/x.json",
        f"transcripts/01/../{NAME}.json",
        f"notes/01/{NAME}.json",
        f"transcripts/01/{NAME}.docx",
    ],
)
def test_a_file_of_another_name_or_kind_is_a_fault(claim, path):
    content = path_of(claim, f"transcripts/01/{NAME}.json")
    assert details(replace(claim, texts={path: content}))


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[]", b"null", b"{", b'{"segments": []}'])
def test_a_file_that_is_not_what_it_should_be_is_a_fault(claim, content):
    for file in claim.texts.values():
        file.write_bytes(content)
    assert len(details(claim)) >= len(claim.texts) - 2  # an empty label track or running text says nothing


def test_a_missing_file_is_a_fault(claim):
    path_of(claim, ".vtt").unlink()
    assert len(details(claim)) == 1


def test_no_fault_quotes_a_text(claim):
    for ending in (".txt", ".vtt", ".labels.txt", ".json"):
        file = path_of(claim, ending)
        file.write_text(file.read_text().replace("<", "Ada Quill <").replace("&lt;", "Ada &lt;"))
    assert details(claim) and not any("Ada" in detail or "Quill" in detail for detail in details(claim))


def test_audio_format_names_of_all_kinds_are_in_the_vocabulary(claim):
    odd = AudioFormat("MP4", "PCM_S16LE")
    original = Audio(claim.original.samples, claim.original.sample_rate, odd)
    redactions = [Redaction(span, "tone") for span in SPANS]
    document = report(original, odd, redactions, TRANSCRIPT, about=claim.about, muted=0.8)
    path_of(claim, f"reports/01/{NAME}.json").write_text(json.dumps(document))
    assert details(claim) == []


def test_a_key_that_stands_twice_is_a_fault(claim):
    edit(claim, f"reports/01/{NAME}.json", '"muted": 0.8', '"muted": "Ada Quill", "muted": 0.8')
    assert len(details(claim)) == 1
