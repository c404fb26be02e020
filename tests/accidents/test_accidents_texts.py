"""Text files that say more than can be heard are never released, whatever puts it there."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace

import pytest
from accident_helpers import NAME, SECRETS, TRUTH

from redactor import pipeline
from redactor.redact.text import redact_text
from redactor.report import report
from redactor.staging import Staging

pytestmark = pytest.mark.long

SECRET = " ".join(SECRETS[:2])


def plant_in_texts(monkeypatch, extension, change):
    """Have the text redactor's file of this kind changed before it is staged."""

    def faulty(*arguments, **named):
        files = dict(redact_text(*arguments, **named).files)
        files[extension] = change(files[extension])
        return replace(redact_text(*arguments, **named), files=files)

    monkeypatch.setattr(pipeline, "redact_text", faulty)


def plant_in_report(monkeypatch, change):
    def faulty(*arguments, **named):
        document = deepcopy(report(*arguments, **named))
        change(document)
        return document

    monkeypatch.setattr(pipeline, "report", faulty)


def in_json(change):
    def changed(content):
        document = json.loads(content)
        change(document)
        return json.dumps(document)

    return changed


def first_segment(document):
    return document["segments"][0]


def last_placeholder(document):
    return first_segment(document)["placeholders"][-1]


TRANSCRIPTS = {
    "entities are listed beside the text": lambda d: d.update(entities=[{"type": "PERSON", "text": SECRET}]),
    "a summary stands beside the text": lambda d: d.update(summary=f"{SECRET} called"),
    "a segment keeps its raw text": lambda d: first_segment(d).update(raw=TRUTH.text(0)),
    "a line says what its words do not": lambda d: first_segment(d).update(text=TRUTH.text(0)),
    "a muted word is printed": lambda d: first_segment(d)["words"][0].update(text=SECRETS[0]),
    "a placeholder holds its value": lambda d: last_placeholder(d).update(value=SECRET),
    "a placeholder is the value": lambda d: last_placeholder(d).update(text=SECRET),
    "a placeholder holds it in its name": lambda d: last_placeholder(d).update(text=f"<PERSON_{SECRETS[0]}>"),
    "a placeholder stands where nothing is muted": lambda d: last_placeholder(d).update(start=0.1, end=0.2),
    "a speaker is called by name": lambda d: first_segment(d).update(speaker=SECRET),
    "the language is a name": lambda d: first_segment(d).update(language=SECRET),
    "a word stands at a muted time": lambda d: first_segment(d)["words"][0].update(start=2.5, end=2.7),
}


@pytest.mark.parametrize("change", TRANSCRIPTS.values(), ids=TRANSCRIPTS)
def test_a_transcript_that_says_more_is_held_back(flow, monkeypatch, change):
    plant_in_texts(monkeypatch, "json", in_json(change))
    flow.run()
    flow.assert_held("text")


@pytest.mark.parametrize("extension", ["json", "vtt", "txt"])
def test_a_text_file_that_was_not_redacted_is_held_back(flow, monkeypatch, extension):
    whole = redact_text(TRUTH, (), (), formats=(extension,), num_channels=2).files[extension]
    plant_in_texts(monkeypatch, extension, lambda content: whole)
    flow.run()
    flow.assert_held("text")


@pytest.mark.parametrize("extension", ["json", "vtt", "txt"])
def test_a_muted_word_printed_in_place_of_its_placeholder_is_held_back(flow, monkeypatch, extension):
    written = "&lt;PERSON_1&gt;" if extension == "vtt" else "<PERSON_1>"

    def printed(content):
        assert written in content
        return content.replace(written, SECRETS[0], 1)

    plant_in_texts(monkeypatch, extension, printed)
    flow.run()
    flow.assert_held("text")


@pytest.mark.parametrize("extension", ["vtt", "txt"])
@pytest.mark.parametrize("line", [f"NOTE {SECRET}\n", f"\n{SECRET}\n", f"# {SECRET}\n"])
def test_a_note_in_running_text_is_held_back(flow, monkeypatch, extension, line):
    plant_in_texts(monkeypatch, extension, lambda content: content + line)
    flow.run()
    flow.assert_held("text")


REPORTS = {
    "a summary": lambda d: d.update(summary=f"{SECRET} called"),
    "a list of entities": lambda d: d.update(entities=[SECRET]),
    "the text of a span": lambda d: d["redactions"][0].update(text=SECRET),
    "the value as a type": lambda d: d["redactions"][0]["types"].append(SECRETS[0]),
    "the value as a recognizer": lambda d: d["redactions"][0]["recognizers"].append(SECRETS[0]),
    "the value as an origin": lambda d: d["redactions"][0].update(origin=SECRETS[0]),
    "the value as an operator": lambda d: d["redactions"][0].update(operator=SECRETS[0]),
    "the value as a score": lambda d: d["redactions"][0].update(score=SECRETS[0]),
    "the value as a language": lambda d: d["languages"].append(SECRETS[0]),
    "the input's name": lambda d: d.update(name=f"{SECRET}.wav"),
    "a key that is the value": lambda d: d.update({SECRETS[0]: True}),
    "a deeper key that is the value": lambda d: d["format"]["output"].update({SECRETS[0]: "WAV"}),
    "a model's role that is the value": lambda d: d["models"].update({SECRET: {"name": "base"}}),
    "a span that is not muted": lambda d: d["redactions"][0].update(start=0.1),
    "a span too few": lambda d: d["redactions"].pop(),
}


@pytest.mark.parametrize("change", REPORTS.values(), ids=REPORTS)
def test_a_report_that_carries_text_or_is_not_of_what_was_muted_is_held_back(flow, monkeypatch, change):
    plant_in_report(monkeypatch, change)
    flow.run()
    flow.assert_held("text")


EXTRA = {
    "a summary": ("reports", ".summary.txt", f"{SECRET} called\n"),
    "a list of entities": ("reports", ".entities.json", json.dumps([SECRET])),
    "a raw transcript": ("transcripts", ".raw.json", json.dumps({"text": TRUTH.text(0)})),
    "subtitles that were not redacted": ("transcripts", ".srt", TRUTH.text(0)),
    "words of the first pass": ("transcripts", ".raw.txt", f"[00:00:00.000] channel 0: {TRUTH.text(0)}\n"),
}


@pytest.mark.parametrize(("part", "ending", "content"), EXTRA.values(), ids=EXTRA)
def test_a_file_beside_those_that_belong_there_is_held_back(flow, monkeypatch, part, ending, content):
    really = Staging.audio

    def audio(self, sound):
        self.text(part, ending, content)
        return really(self, sound)

    monkeypatch.setattr(Staging, "audio", audio)
    flow.run()
    flow.assert_held("text")


def test_a_file_called_after_a_person_is_held_back(flow, monkeypatch):
    really = Staging.text

    def text(self, part, ending, content):
        if part == "reports":
            self._name = f"{NAME[:2]}-{SECRETS[0]}"
        really(self, part, ending, content)
        self._name = NAME

    monkeypatch.setattr(Staging, "text", text)
    flow.run()
    flow.assert_held("text")
