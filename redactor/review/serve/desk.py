"""What the pages work with, and how a request becomes an answer: off the event loop, for one session."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from redactor.review.comments import Search
from redactor.review.entries import Item, Role, Session
from redactor.review.people import People
from redactor.review.queue import Queue
from redactor.review.serve.clipview import clock
from redactor.review.serve.followup import FollowUp
from redactor.review.serve.limits import AUDIO, ENTRIES, PAGES, POSTS, STRANGERS, Limiter
from redactor.review.serve.sound import Roots
from redactor.review.store import ReviewStore

# Every one keeps a connection to the store; what they wait for is the disk.
_NUM_THREADS = 8
_MAX_FIELDS = 200

_MESSAGES = {
    400: ("Not understood", "This request was not understood."),
    401: ("Your session has ended", "Open your invitation link, or ask the operator for a new one."),
    403: ("Not from this page", "This was not sent from the page itself. Load the page again, and try again."),
    404: ("Not here", "There is nothing here."),
    405: ("Not here", "There is nothing here."),
    413: ("Too large", "This was more than the page takes."),
    421: ("Not here", "There is nothing here under this name."),
    429: ("Too often", "This was asked too often. Wait a moment, then try again."),
    500: ("Something went wrong", "Nothing was kept. Go back and try again; tell the operator if it stays so."),
}

_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.globals["clock"] = clock


@dataclass(frozen=True)
class Desk:
    """What the pages work with.

    Attributes
    ----------
    store : ReviewStore
    people : People
    queue : Queue
    roots : Roots
    search : Search
        Of comments.
    follow_up : FollowUp
    on_listen : callable
        Told of a reviewer's id and an item before they hear it for the first time; if it raises, they do not.
    cookie : str
        Name of the session's.
    is_secure : bool
        Whether it is served over TLS.
    """

    store: ReviewStore
    people: People
    queue: Queue
    roots: Roots
    search: Search
    follow_up: FollowUp
    on_listen: Callable[[str, Item], None]
    cookie: str
    is_secure: bool
    entries: Limiter = field(default_factory=lambda: Limiter(ENTRIES))
    strangers: Limiter = field(default_factory=lambda: Limiter(STRANGERS))
    posts: Limiter = field(default_factory=lambda: Limiter(POSTS))
    audio: Limiter = field(default_factory=lambda: Limiter(AUDIO))
    pages: Limiter = field(default_factory=lambda: Limiter(PAGES))
    _pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(_NUM_THREADS, thread_name_prefix="page")
    )
    _painter: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="picture")
    )

    async def work(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Run what waits for a disk off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)

    async def paint(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Run what takes a core for long, one at a time: who waits for it holds up nobody's page or sound."""
        return await asyncio.get_running_loop().run_in_executor(self._painter, function, *arguments)

    def close(self) -> None:
        """Let the threads end."""
        for pool in (self._pool, self._painter):
            pool.shutdown(wait=True, cancel_futures=True)


@dataclass(frozen=True)
class Ask:
    """A request as a page sees it.

    Attributes
    ----------
    desk : Desk
    session : Session or None
    path : mapping of str to str
        Parts of the path.
    query : mapping of str to str
    form : list of (name, value)
    address : str
        Of whoever asks.
    token : str
        What came as the session's; "" for none.
    """

    desk: Desk
    session: Session | None
    path: dict[str, str]
    query: dict[str, str]
    form: list[tuple[str, str]]
    address: str
    token: str

    def first(self, name: str) -> str:
        """A field of the form; "" where it is missing."""
        return next((value for key, value in self.form if key == name), "")

    def all(self, name: str) -> list[str]:
        """Every value of a field, in order."""
        return [value for key, value in self.form if key == name]

    @property
    def reviewer(self) -> str:
        """Id of whoever is in."""
        return self.session.reviewer.id if self.session else ""


Page = Callable[[Ask], Response]
Limit = Callable[[Desk], Limiter]


def page_of(template: str, *, status: int = 200, session: Session | None = None, **values: Any) -> HTMLResponse:
    """A page out of its template."""
    return HTMLResponse(_ENVIRONMENT.get_template(template).render(session=session, **values), status)


def error_page(status: int, *, session: Session | None = None) -> HTMLResponse:
    """A page that says what to do, and nothing of what went wrong inside."""
    heading, text = _MESSAGES.get(status, _MESSAGES[400])
    return page_of(
        "message.html", status=status, session=session, heading=heading, text=text, offer_next=False
    )


def too_often(wait_s: float, *, session: Session | None = None) -> Response:
    """The answer to who asks too much."""
    answer = error_page(429, session=session)
    answer.headers["Retry-After"] = str(int(wait_s) + 1)
    return answer


def address_of(request: Request) -> str:
    """Where a request comes from."""
    return request.client.host if request.client else ""


def enter_session(desk: Desk, request: Request, limit: Limit) -> tuple[Session, str] | Response:
    """Whose request it is, and the token that says so; or why it is not answered."""
    token = request.cookies.get(desk.cookie, "")
    session = desk.people.session(token) if token else None
    if session is None:
        wait_s = desk.strangers.wait_s(address_of(request))
        return too_often(wait_s) if wait_s else error_page(401)
    wait_s = limit(desk).wait_s(session.reviewer.id)
    return too_often(wait_s, session=session) if wait_s else (session, token)


def signed_in(
    page: Page, desk: Desk, *, role: Role | None = None, is_slow: bool = False
) -> Callable[[Request], Any]:
    """An endpoint for those who are in; where a role is named, for those of it: others find nothing there.

    What is posted has to hold the session's own token. What is slow waits for its like alone.
    """
    work = desk.paint if is_slow else desk.work

    def answer(request: Request, body: bytes) -> Response:
        entered = enter_session(desk, request, _limit_of(request))
        if isinstance(entered, Response):
            return entered
        session, token = entered
        if role is not None and session.reviewer.role is not role:
            return error_page(404, session=session)
        ask = _asked(desk, request, body, session, token)
        if ask is None:
            return error_page(400, session=session)
        if request.method == "POST" and not _is_same(ask.first("csrf"), session.csrf):
            return error_page(403, session=session)
        return page(ask)

    async def endpoint(request: Request) -> Response:
        return await work(answer, request, await request.body())

    return endpoint


def open_to_all(page: Page, desk: Desk) -> Callable[[Request], Any]:
    """An endpoint for everybody."""

    def answer(request: Request, body: bytes) -> Response:
        ask = _asked(desk, request, body, None, request.cookies.get(desk.cookie, ""))
        return error_page(400) if ask is None else page(ask)

    async def endpoint(request: Request) -> Response:
        return await desk.work(answer, request, await request.body())

    return endpoint


def _limit_of(request: Request) -> Limit:
    return (lambda desk: desk.posts) if request.method == "POST" else (lambda desk: desk.pages)


def _asked(desk: Desk, request: Request, body: bytes, session: Session | None, token: str) -> Ask | None:
    form: list[tuple[str, str]] = []
    if body:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            return None
        try:
            form = parse_qsl(
                body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS
            )
        except ValueError:
            return None
    return Ask(
        desk,
        session,
        dict(request.path_params),
        dict(request.query_params),
        form,
        address_of(request),
        token,
    )


def _is_same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(errors="replace"), other.encode())
