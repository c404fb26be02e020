"""An item's sound: by ranges, to whom it was given, until they have said what they heard."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from redactor.review.entries import Role
from redactor.review.queue import Assignment
from redactor.review.serve.desk import Desk, enter_session, error_page, page_of
from redactor.review.serve.ranges import Part, Unsatisfiable, part_of, send_part
from redactor.review.serve.sound import Changed, Gone, media_type, size


def audio_endpoint(desk: Desk) -> Callable[[Request], Any]:
    """The endpoint of ``/item/ID/audio``."""

    async def endpoint(request: Request) -> Response:
        return await desk.work(_answer, desk, request)

    return endpoint


def _answer(desk: Desk, request: Request) -> Response:
    entered = enter_session(desk, request, lambda desk: desk.audio)
    if isinstance(entered, Response):
        return entered
    session, _ = entered
    given = desk.queue.assigned(session.reviewer.id, request.path_params["item"])
    if given is None or given.opinion is not None or session.reviewer.role is not Role.REVIEWER:
        return error_page(404, session=session)
    if given.is_void:
        return gone_page()
    try:
        descriptor = desk.roots.open_audio(given.item.audio)
    except Gone:
        return gone_page()
    except Changed:
        return changed_page()
    try:
        if given.first_heard is None and request.method != "HEAD":
            desk.on_listen(session.reviewer.id, given.item)  # on record before a byte is heard
        return _part(desk, request, session.reviewer.id, given, descriptor)
    except BaseException:
        os.close(descriptor)
        raise


def _part(desk: Desk, request: Request, reviewer: str, given: Assignment, descriptor: int) -> Response:
    num_bytes = size(descriptor)
    headers = {"Accept-Ranges": "bytes", "Content-Disposition": "inline", "Cache-Control": "no-store"}
    try:
        part = part_of(request.headers.get("range"), num_bytes, if_range=request.headers.get("if-range"))
    except Unsatisfiable:
        os.close(descriptor)
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{num_bytes}"})
    headers |= {"Content-Type": media_type(descriptor), "Content-Length": str(part.end - part.start)}
    if part.is_range:
        headers["Content-Range"] = f"bytes {part.start}-{part.end - 1}/{num_bytes}"
    answer = _PartResponse(desk, reviewer, given, descriptor, part)
    answer.status_code = 206 if part.is_range else 200
    answer.raw_headers = [(k.lower().encode(), v.encode()) for k, v in headers.items()]
    return answer


class _PartResponse(Response):
    """Sends a part of a file, and closes it."""

    def __init__(self, desk: Desk, reviewer: str, given: Assignment, descriptor: int, part: Part) -> None:
        super().__init__()
        self._desk, self._reviewer, self._given = desk, reviewer, given
        self._descriptor, self._part = descriptor, part

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            })  # fmt: skip
            if scope["method"] == "HEAD":
                await send({"type": "http.response.body", "body": b""})
                return
            if self._given.first_heard is None:
                await self._note(0, 0)
            await send_part(
                self._descriptor,
                self._part,
                receive=receive,
                send=send,
                note=self._note,
                read=self._desk.work,
            )
        finally:
            os.close(self._descriptor)

    async def _note(self, start: int, end: int) -> None:
        await self._desk.work(self._desk.queue.note_heard, self._reviewer, self._given.item.id, start, end)


def gone_page(**values: Any) -> Response:
    """For a recording that was withdrawn."""
    return page_of(
        "message.html",
        status=410,
        heading="This recording was withdrawn",
        text="It was taken back while it was in your queue, and nothing of it is needed any more. Thank you; "
        "please go on with the next one.",
        offer_next=True,
        **values,
    )


def changed_page(**values: Any) -> Response:
    """For a file that is not the one that was drawn."""
    return page_of(
        "message.html",
        status=410,
        heading="This recording was changed",
        text="It is not the one that was drawn, so it is not played. Tell the operator, please, and go on with "
        "the next one.",
        offer_next=True,
        **values,
    )
