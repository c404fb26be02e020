"""Comments of reviewers are searched for personal data before they are stored."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from redactor.entities import ENTITY_TYPES
from redactor.errors import RedactorError
from redactor.policy import Policy
from redactor.types import Segment, Transcript, Word

Found = tuple[int, int, str]
Search = Callable[[str], Sequence[Found]]

MAX_CHARS = 1000
# What is put in the place of a finding may complete another one.
_MAX_ROUNDS = 3
_PLACEHOLDER = re.compile(f"<(?:{'|'.join(ENTITY_TYPES)})>")


class CommentsUnavailable(RedactorError):
    """Comments cannot be searched, and so cannot be stored."""


class LazySearch:
    """A search that is loaded in the background; until then, and if that fails, comments are refused.

    Parameters
    ----------
    load : callable
        Gives the search; called once, in a thread of its own.
    """

    def __init__(self, load: Callable[[], Search]) -> None:
        self._search: Search | None = None
        self._is_over = threading.Event()
        threading.Thread(target=self._run, args=(load,), name="comments", daemon=True).start()

    def _run(self, load: Callable[[], Search]) -> None:
        try:
            self._search = load()
        except Exception:  # noqa: S110  whatever it is, comments are refused, and the page says so
            pass
        finally:
            self._is_over.set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the search; whether comments can be searched."""
        self._is_over.wait(timeout_s)
        return self._search is not None

    def __call__(self, text: str) -> Sequence[Found]:
        """Personal data in a comment: characters from and to, and type.

        Raises
        ------
        CommentsUnavailable
        """
        if self._search is None:
            raise CommentsUnavailable(
                "comments cannot be searched for personal data at the moment and are not kept; send the "
                "verdict without one, or try again in a minute"
            )
        return self._search(text)


def policy_search(policy: Policy | None = None) -> Search:
    """The detectors of the standard policy, and of the run's own where it looks for more.

    Parameters
    ----------
    policy : Policy, optional
        Of the run: what it mutes must not come back in a comment, nor what it lets stand (a policy for card
        numbers leaves names in the recordings).

    Raises
    ------
    ModelError
    """
    from redactor.config import load_policy
    from redactor.detect import PresidioDetector
    from redactor.model_registry import resolve

    standard = load_policy("standard")
    entities = dict(standard.entities)
    for entity, threshold in (policy.entities if policy else {}).items():
        entities[entity] = min(threshold, entities.get(entity, threshold))
    models = {lang: resolve(name, task="ner").path for lang, name in standard.language.detectors.items()}
    detector = PresidioDetector(replace(standard, entities=entities), spacy_models=models)

    def search(text: str) -> list[Found]:
        transcript, origins = _as_spoken(text, language=next(iter(models)))
        return [
            (*_place(transcript, origins, span.char_start, span.char_end), span.entity_type)
            for span in detector.detect(transcript)
        ]

    return search


def _as_spoken(text: str, *, language: str) -> tuple[Transcript, list[int]]:
    """A comment as a transcript, a second a word, and where each word begins in the comment."""
    words, origins, at = [], [], 0
    for number, word in enumerate(text.split()):
        at = text.index(word, at)
        origins.append(at)
        words.append(Word(word, float(number), number + 1.0, 1.0))
        at += len(word)
    duration = float(len(words))
    segment = Segment(0, language, None, 0.0, duration, tuple(words), 0.0, 0.0, 1.0)
    return Transcript.build(duration, [segment]), origins


def _place(transcript: Transcript, origins: Sequence[int], start: int, end: int) -> tuple[int, int]:
    """Characters of the comment that stand for characters of the transcript's text."""
    touched = [
        (word, origin)
        for word, origin in zip(transcript.words(0), origins, strict=True)
        if word.char_start < end and start < word.char_end
    ]
    (first, first_at), (last, last_at) = touched[0], touched[-1]
    return first_at + max(start - first.char_start, 0), last_at + min(end - last.char_start, len(last.text))


def tidy(text: str) -> str:
    """A comment without control characters and outer space, lines joined."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def types_in(found: Sequence[Found]) -> list[str]:
    """What was found, without repetition."""
    return sorted({entity for _, _, entity in found})


def findings(text: str, search: Search) -> list[Found]:
    """Personal data in a comment; placeholders such as ``<PERSON>`` are none.

    Raises
    ------
    CommentsUnavailable
    """
    placeholders = [match.span() for match in _PLACEHOLDER.finditer(text)]
    return [f for f in search(text) if not any(a <= f[0] and f[1] <= b for a, b in placeholders)]


def replaced(text: str, search: Search) -> str | None:
    """The comment with ``<TYPE>`` in the place of everything that is found; None if there is always more.

    Raises
    ------
    CommentsUnavailable
    """
    for _ in range(_MAX_ROUNDS):
        found = findings(text, search)
        if not found:
            return text
        text = _without(text, found)
    return None if findings(text, search) else text


def _without(text: str, found: Sequence[Found]) -> str:
    pieces, done = [], 0
    for start, end, entity in _joined(found):
        pieces += [text[done:start], f"<{entity}>"]
        done = end
    return "".join([*pieces, text[done:]])


def _joined(found: Sequence[Found]) -> list[Found]:
    """Findings without overlap: one placeholder, of the longest one's type, for all that overlap."""
    groups: list[list[Found]] = []
    for finding in sorted(found):
        if groups and finding[0] < max(end for _, end, _ in groups[-1]):
            groups[-1].append(finding)
        else:
            groups.append([finding])
    return [
        (group[0][0], max(end for _, end, _ in group), max(group, key=lambda f: f[1] - f[0])[2])
        for group in groups
    ]
