"""Coming in by an invitation link, and leaving."""

from __future__ import annotations

import re

from starlette.responses import RedirectResponse, Response

from redactor.review.people import ABSOLUTE_LIMIT_S
from redactor.review.serve.desk import Ask, error_page, page_of, too_often

_TOKEN = re.compile(r"[A-Za-z0-9_-]{20,100}")


def enter_page(ask: Ask) -> Response:
    """A button: programs that look at links in messages must not use the link up."""
    token = ask.path["token"]
    if not _TOKEN.fullmatch(token):
        return error_page(404)
    return page_of("enter.html", path=f"/enter/{token}")


def enter(ask: Ask) -> Response:
    """Use the link up. Unknown, used, expired and revoked ones are answered alike."""
    desk, token = ask.desk, ask.path["token"]
    wait_s = desk.entries.wait_s(ask.address, take=False)
    if wait_s:
        return too_often(wait_s)
    entered = desk.people.enter(token) if _TOKEN.fullmatch(token) else None
    if entered is None:
        desk.entries.wait_s(ask.address)
        return page_of(
            "message.html",
            status=404,
            heading="This link does not work",
            text="It was used, has expired, or was never one. Ask the operator for a new one.",
            offer_next=False,
        )
    if ask.token:
        desk.people.leave(ask.token)  # whoever was in at this browser is not any more
    session_token, _ = entered
    answer = RedirectResponse("/", 303)
    answer.set_cookie(
        desk.cookie,
        session_token,
        max_age=int(ABSOLUTE_LIMIT_S),
        path="/",
        secure=desk.is_secure,
        httponly=True,
        samesite="strict",
    )
    return answer


def leave(ask: Ask) -> Response:
    """End the session."""
    ask.desk.people.leave(ask.token)
    answer = page_of(
        "message.html", heading="You have left", text="To come back, ask for a new link.", offer_next=False
    )
    answer.delete_cookie(
        ask.desk.cookie, path="/", secure=ask.desk.is_secure, httponly=True, samesite="strict"
    )
    return answer


def alive(ask: Ask) -> Response:
    """Keeps the session of somebody who listens for long; asking was enough."""
    return Response(status_code=204)
