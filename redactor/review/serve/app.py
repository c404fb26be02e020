"""The application: which page lies where."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from redactor.review.comments import Search
from redactor.review.entries import Item, Role
from redactor.review.people import People
from redactor.review.queue import Queue
from redactor.review.serve import auth, pages
from redactor.review.serve.audio import audio_endpoint
from redactor.review.serve.desk import Desk, error_page, open_to_all, signed_in
from redactor.review.serve.followup import RETRY_EVERY_S, FollowUp, OnLeak
from redactor.review.serve.guard import Guard
from redactor.review.serve.hosts import LOOPBACK_NAMES
from redactor.review.serve.sound import Roots
from redactor.review.store import ReviewStore
from redactor.types import Seconds

_STATIC = Path(__file__).parent / "static"
_STATIC_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class Site:
    """What is served, and to whom.

    Attributes
    ----------
    store : ReviewStore
    release, private : pathlib.Path
        ``OUT/release``, and ``private/review``.
    search : Search
        Of comments; raises CommentsUnavailable where it cannot.
    on_leak : OnLeak
        See :class:`redactor.review.serve.followup.FollowUp`.
    on_listen : callable
        See :class:`redactor.review.serve.desk.Desk`.
    now : callable
        Seconds since the epoch.
    hosts : collection of str
        Names under which the page may be asked for, beside those of this machine to itself.
    port : int
        In the cookie's name: browsers send cookies of one host to all of its ports.
    is_secure : bool
        Whether it is served over TLS.
    retry_every_s : float
    """

    store: ReviewStore
    release: Path
    private: Path
    search: Search
    on_leak: OnLeak
    on_listen: Callable[[str, Item], None]
    now: Callable[[], float]
    hosts: Collection[str] = ()
    port: int = 0
    is_secure: bool = False
    retry_every_s: Seconds = RETRY_EVERY_S


def build_app(site: Site) -> ASGIApp:
    """The application of a site; its follow-up thread runs from the server's start to its end."""
    desk = Desk(
        store=site.store,
        people=People(site.store, now=site.now),
        queue=Queue(site.store, now=site.now),
        roots=Roots(release=site.release, private=site.private),
        search=site.search,
        on_listen=site.on_listen,
        follow_up=FollowUp(site.store, site.on_leak, retry_every_s=site.retry_every_s),
        # The prefix makes browsers hold it to this host and to TLS.
        cookie=f"{'__Host-' if site.is_secure else ''}redactor-review-{site.port}",
        is_secure=site.is_secure,
    )

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:
        desk.follow_up.start()
        yield
        desk.follow_up.stop()
        desk.close()

    router = Router(_routes(desk), redirect_slashes=False, default=_not_found, lifespan=lifespan)
    return Guard(
        router,
        hosts=LOOPBACK_NAMES | {host.lower() for host in site.hosts},
        is_secure=site.is_secure,
        error_page=lambda status: bytes(error_page(status).body),
    )


def _routes(desk: Desk) -> list[Route]:
    reviewers = {"desk": desk, "role": Role.REVIEWER}
    return [
        _route("/", GET=signed_in(pages.home, desk)),
        _route("/next", POST=signed_in(pages.go_on, **reviewers)),
        _route("/item/{item}", GET=signed_in(pages.item_page, **reviewers)),
        _route("/item/{item}/waveform.svg", GET=signed_in(pages.waveform, **reviewers, is_slow=True)),
        _route("/item/{item}/audio", GET=audio_endpoint(desk)),
        _route("/item/{item}/verdict", POST=signed_in(pages.verdict, **reviewers)),
        _route("/operator", GET=signed_in(pages.operator, desk, role=Role.OPERATOR)),
        _route("/enter/{token}", GET=open_to_all(auth.enter_page, desk), POST=open_to_all(auth.enter, desk)),
        _route("/leave", POST=signed_in(auth.leave, desk)),
        _route("/alive", GET=signed_in(auth.alive, desk)),
        *(_static(path) for path in sorted(_STATIC.iterdir()) if path.suffix in _STATIC_TYPES),
    ]


def _route(path: str, **methods: Callable[[Request], Any]) -> Route:
    async def endpoint(request: Request) -> Response:
        page = methods.get("GET" if request.method == "HEAD" else request.method)
        # What is not there for this method is not there: 405 would say that it is for another.
        return error_page(404) if page is None else await page(request)

    return Route(path, endpoint, methods=["GET", "HEAD", "POST"])


def _static(path: Path) -> Route:
    """A file of the package, read once."""
    body, kind = path.read_bytes(), _STATIC_TYPES[path.suffix]

    async def endpoint(request: Request) -> Response:
        return Response(body, media_type=kind, headers={"Cache-Control": "no-cache"})

    return _route(f"/static/{path.name}", GET=endpoint)


async def _not_found(scope: Scope, receive: Receive, send: Send) -> None:
    await error_page(404)(scope, receive, send)
