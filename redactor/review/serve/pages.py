"""The pages of reviewers and operators."""

from __future__ import annotations

import os
import re
import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from starlette.responses import RedirectResponse, Response

from redactor.entities import ENTITY_TYPES
from redactor.errors import RecordingError
from redactor.review.comments import MAX_CHARS, CommentsUnavailable, findings, replaced, tidy, types_in
from redactor.review.entries import Item, Mark, Opinion, Role
from redactor.review.overview import overview
from redactor.review.queue import OTHER, Assignment, GivenAlready, NotTheirs, Refusal, Said, Withdrawn
from redactor.review.serve.audio import changed_page, gone_page
from redactor.review.serve.clipview import clip_view
from redactor.review.serve.desk import Ask, Desk, error_page, page_of
from redactor.review.serve.sound import Changed, Gone, size
from redactor.review.serve.waveform import description, peaks, svg

_NUM_ROWS = 3
_OPINIONS = (
    (Opinion.CLEAN, "Clean", "nothing personal is heard or read"),
    (Opinion.LEAK, "Leak", "something personal is heard or read"),
    (Opinion.TOO_MUCH, "Too much muted", "no leak, but harmless speech is muted"),
    (Opinion.CANNOT_TELL, "Cannot tell", "too quiet, too fast, or you are not sure"),
)
_TYPES = [*sorted(ENTITY_TYPES.items(), key=lambda row: row[1]), (OTHER, "something else")]
_TIME = re.compile(r"(?:(\d{1,5}):)?(\d{1,6}(?:[.,]\d{1,6})?)", re.ASCII)
_MAX_PICTURES = 200


@dataclass(frozen=True)
class Row:
    """A marked stretch as it was typed."""

    start: str = ""
    end: str = ""
    type: str = ""


@dataclass(frozen=True)
class Typed:
    """The form as it was sent."""

    opinion: str
    rows: tuple[Row, ...]
    comment: str


def home(ask: Ask) -> Response:
    """The queue of a reviewer; an operator has none."""
    if ask.session.reviewer.role is Role.OPERATOR:
        return RedirectResponse("/operator", 303)
    progress = ask.desk.queue.progress(ask.reviewer)
    return page_of("queue.html", session=ask.session, progress=progress, kept="kept" in ask.query)


def operator(ask: Ask) -> Response:
    """Where the review stands."""
    return page_of("operator.html", session=ask.session, o=overview(ask.desk.store, ask.desk.people))


def go_on(ask: Ask) -> Response:
    """To the next recording that can be heard."""
    item = _next(ask)
    return RedirectResponse(f"/item/{item.id}" if item else "/", 303)


def _next(ask: Ask) -> Item | None:
    skip: set[str] = set()
    while (item := ask.desk.queue.next_item(ask.reviewer, skip=skip)) is not None:
        try:
            os.close(ask.desk.roots.open_audio(item.audio))
            return item
        except (Gone, Changed):
            skip.add(item.id)
    return None


def item_page(ask: Ask) -> Response:
    """One recording."""
    given = ask.desk.queue.assigned(ask.reviewer, ask.path["item"])
    if given is None:
        return error_page(404, session=ask.session)
    if given.opinion is not None:
        return _done_page(ask)
    blank = Typed("", (Row(),) * _NUM_ROWS, "")
    return _item_page(ask, given, blank)


def _item_page(
    ask: Ask,
    given: Assignment,
    typed: Typed,
    *,
    alert: str = "",
    types: tuple[str, ...] = (),
    status: int = 200,
) -> Response:
    if given.is_void:
        return gone_page(session=ask.session)
    try:
        os.close(ask.desk.roots.open_audio(given.item.audio))
        view = clip_view(given.item, ask.desk.roots)
    except Gone:
        return gone_page(session=ask.session)
    except Changed:
        return changed_page(session=ask.session)
    return page_of(
        "item.html",
        status=status,
        session=ask.session,
        item=given.item,
        view=view,
        described=description(view.muted, view.duration, view.num_channels),
        opinions=[(opinion.value, text, hint) for opinion, text, hint in _OPINIONS],
        types=_TYPES,
        said=typed,
        alert=alert,
        found_types=[_meaning(t) for t in types],
        placeholders=" and ".join(f"<{t}>" for t in types),
        max_comment=MAX_CHARS,
        kept="kept" in ask.query,
    )


def _meaning(entity: str) -> str:
    return ENTITY_TYPES.get(entity, entity)


def _done_page(ask: Ask, *, status: int = 200) -> Response:
    return page_of(
        "message.html",
        status=status,
        session=ask.session,
        heading="You have given your verdict",
        text="The first verdict on a recording stands, and it is not played again.",
        offer_next=True,
    )


def waveform(ask: Ask) -> Response:
    """The picture of one recording."""
    given = ask.desk.queue.assigned(ask.reviewer, ask.path["item"])
    if given is None or given.opinion is not None:
        return error_page(404, session=ask.session)
    if given.is_void:
        return gone_page(session=ask.session)
    try:
        levels = _PICTURES.levels(ask.desk, given.item)
        view = clip_view(given.item, ask.desk.roots)
    except (Gone, RecordingError):
        return gone_page(session=ask.session)
    except Changed:
        return changed_page(session=ask.session)
    return Response(svg(levels, view), media_type="image/svg+xml")


class _Pictures:
    """Levels of recordings that were looked at last, by digest."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, np.ndarray] = OrderedDict()
        self._one_at_a_time = threading.Lock()

    def levels(self, desk: Desk, item: Item) -> np.ndarray:
        descriptor = desk.roots.open_audio(item.audio)
        try:
            with self._one_at_a_time:  # decoding a long one takes a core; others still want their pages
                if item.audio["sha256"] not in self._known:
                    self._known[item.audio["sha256"]] = peaks(descriptor)
                    while len(self._known) > _MAX_PICTURES:
                        self._known.popitem(last=False)
                return self._known[item.audio["sha256"]]
        finally:
            os.close(descriptor)


_PICTURES = _Pictures()


def verdict(ask: Ask) -> Response:
    """Keep what a reviewer says, or give it back with what is missing."""
    given = ask.desk.queue.assigned(ask.reviewer, ask.path["item"])
    if given is None:
        return error_page(404, session=ask.session)
    if given.opinion is not None:
        return _done_page(ask, status=409)
    typed = _typed(ask)
    try:
        said = _said(typed)
        comment, types = _comment(ask, typed.comment)
        if types:
            alert = "The comment seems to hold personal data: " + ", ".join(map(_meaning, types)) + "."
            return _item_page(ask, given, typed, alert=alert, types=types, status=422)
        # A leak that was heard is kept though the recording was withdrawn for another one meanwhile: what is
        # released in its place would have only that one muted.
        num_bytes = 0 if said.opinion is Opinion.LEAK else _audio_bytes(ask.desk, given.item)
        found = ask.desk.queue.give_verdict(
            ask.reviewer,
            given.item.id,
            Said(said.opinion, said.marks, comment),
            audio_bytes=num_bytes,
        )
    except NotTheirs:
        return error_page(404, session=ask.session)
    except GivenAlready:
        return _done_page(ask, status=409)
    except (Withdrawn, Gone):
        return gone_page(session=ask.session)
    except Changed:
        return changed_page(session=ask.session)
    except (Refusal, CommentsUnavailable) as refusal:
        return _item_page(ask, given, typed, alert=_sentence(refusal), status=422)
    if found:
        ask.desk.follow_up.wake()
    item = _next(ask)
    return RedirectResponse(f"/item/{item.id}?kept" if item else "/?kept", 303)


def _sentence(error: Exception) -> str:
    text = str(error)
    return text[:1].upper() + text[1:] + "."


def _audio_bytes(desk: Desk, item: Item) -> int:
    descriptor = desk.roots.open_audio(item.audio)
    try:
        return size(descriptor)
    finally:
        os.close(descriptor)


def _typed(ask: Ask) -> Typed:
    columns = (ask.all("mark_start"), ask.all("mark_end"), ask.all("mark_type"))
    rows = tuple(Row(*(value.strip() for value in row)) for row in zip(*columns, strict=False))
    blanks = (Row(),) * max(_NUM_ROWS - len(rows), 0)
    return Typed(ask.first("opinion"), rows + blanks, ask.first("comment"))


def _said(typed: Typed) -> Said:
    """Opinion and marks; what cannot be a time is not a number, and refused where all marks are checked."""
    try:
        opinion = Opinion(typed.opinion)
    except ValueError:
        raise Refusal("choose a verdict: clean, leak, too much muted, or cannot tell") from None
    usual = OTHER if opinion is Opinion.TOO_MUCH else ""
    marks = tuple(
        Mark(_seconds(row.start), _seconds(row.end), row.type or usual)
        for row in typed.rows
        if row.start or row.end
    )
    return Said(opinion, marks)


def _seconds(text: str) -> float:
    found = _TIME.fullmatch(text)
    if found is None:
        return float("nan")
    return 60.0 * int(found[1] or 0) + float(found[2].replace(",", "."))


def _comment(ask: Ask, typed: str) -> tuple[str, tuple[str, ...]]:
    """The comment as it may be kept, or the types of what was found in it."""
    comment = tidy(typed)
    if not comment:
        return "", ()
    if len(comment) > MAX_CHARS:
        raise Refusal(f"a comment has at most {MAX_CHARS} characters; shorten it")
    found = types_in(findings(comment, ask.desk.search))
    if not found:
        return comment, ()
    if ask.first("how") != "replace":
        return "", tuple(found)
    safe = replaced(comment, ask.desk.search)
    if safe is None:
        raise Refusal("the comment cannot be kept without what was found in it; write another, or none")
    return safe, ()
