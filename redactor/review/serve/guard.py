"""What holds for every request and every answer, whatever page it is for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 64 * 1024
_MAX_PATH_BYTES = 512
_LOG = logging.getLogger(__name__)

_CSP = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "media-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
)
_PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer camera display-capture geolocation gyroscope magnetometer microphone midi payment "
        "publickey-credentials-get screen-wake-lock usb xr-spatial-tracking"
    ).split()
)
HEADERS = {
    "Content-Security-Policy": _CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": _PERMISSIONS,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Cache-Control": "no-store",
}
_HSTS = "max-age=31536000"

ErrorPage = Callable[[int], bytes]


class Guard:
    """Refuses what no browser on the page sends, and puts the security headers on every answer.

    Parameters
    ----------
    app : ASGI application
    hosts : collection of str
        Names under which the page may be asked for, without port.
    is_secure : bool
        Whether it is served over TLS.
    error_page : callable
        HTML by status.
    """

    def __init__(
        self, app: ASGIApp, *, hosts: Collection[str], is_secure: bool, error_page: ErrorPage
    ) -> None:
        self._app, self._hosts, self._error_page = app, frozenset(hosts), error_page
        self._scheme = "https" if is_secure else "http"
        self._headers = {**HEADERS, **({"Strict-Transport-Security": _HSTS} if is_secure else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # no page of ours opens a socket; the server ends it
        is_begun = False

        async def guarded_send(message: Message) -> None:
            nonlocal is_begun
            if message["type"] == "http.response.start":
                is_begun = True
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    if name != "Cache-Control" or name not in headers:
                        headers[name] = value
            await send(message)

        try:
            status = self._refusal(scope)
            if status:
                await self._answer(status, guarded_send)
            else:
                await self._app(scope, _limited(receive), guarded_send)
        except _TooLarge:
            await self._answer(413, guarded_send)
        except Exception as error:
            # Neither its message nor its traceback: both may quote what somebody wrote or said.
            _LOG.error("%s in %s", type(error).__name__, _place(error))
            if is_begun:
                raise ConnectionAbortedError("the answer broke off") from None
            await self._answer(500, guarded_send)

    def _refusal(self, scope: Scope) -> int:
        """Status of the answer to a request that is not let through; 0 for one that is."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if len(headers.getlist("host")) != 1 or hostname(host) not in self._hosts:
            return 421
        if _is_crooked(scope):
            return 404
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return 405
        if scope["method"] == "POST":
            if not self._is_from_here(headers, host):
                return 403
            if not headers.get("content-length", "0").isdecimal():
                return 400
            if int(headers.get("content-length", "0")) > MAX_BODY_BYTES:
                return 413
        return 0

    def _is_from_here(self, headers: Headers, host: str) -> bool:
        """Whether a form was sent from a page of ours.

        Under ``Referrer-Policy: no-referrer`` browsers send the origin "null" with forms; what they say about
        the site has to tell then.
        """
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site is not None and site != "same-origin":
            return False
        if origin in (None, "null"):
            return site is not None
        return origin == f"{self._scheme}://{host}"

    async def _answer(self, status: int, send: Send) -> None:
        body = self._error_page(status)
        headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", b"%d" % len(body))]
        if status == 405:
            headers.append((b"allow", b"GET, HEAD, POST"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class _TooLarge(Exception):
    """The body is larger than any form of ours."""


def _limited(receive: Receive) -> Receive:
    """The same body, up to its limit: a length that is promised need not be kept."""
    received = 0

    async def limited() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > MAX_BODY_BYTES:
            raise _TooLarge
        return message

    return limited


def _is_crooked(scope: Scope) -> bool:
    """Paths that no link of ours has: they are tried to get out of where one is."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    path = scope["path"]
    return (
        len(raw) > _MAX_PATH_BYTES
        or b"%" in raw
        or b"\\" in raw
        or b"//" in raw
        or any(part in (".", "..") for part in path.split("/"))
        or not (path.isascii() and path.isprintable())
    )


def hostname(host: str) -> str:
    """Name in a Host header, without port, in small letters; "" if it is none."""
    try:
        split = urlsplit(f"//{host}")
        is_plain = split.netloc == host and "@" not in host and split.port != 0  # asking for it checks it
        return (split.hostname or "") if is_plain else ""
    except ValueError:
        return ""


def _place(error: BaseException) -> str:
    """Module and line that it came from."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "?"
    return f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"
