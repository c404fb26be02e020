"""Running the page: loopback by default, anything else over TLS alone."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import uvicorn

from redactor.errors import UsageError
from redactor.review.serve.app import Site, build_app
from redactor.review.serve.hosts import is_loopback

_MAX_CONNECTIONS = 1000
_KEEP_ALIVE_S = 20
# Answers that are on their way when the server is stopped.
_SHUTDOWN_S = 5


@dataclass(frozen=True)
class Address:
    """Where the page is served.

    Attributes
    ----------
    host : str
    port : int
        0 for one that is free.
    tls_cert, tls_key : pathlib.Path or None
        PEM files.
    """

    host: str
    port: int
    tls_cert: Path | None = None
    tls_key: Path | None = None

    @property
    def is_secure(self) -> bool:
        return self.tls_cert is not None

    def url(self, port: int) -> str:
        """Of the page."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.is_secure else 'http'}://{name}:{port}"


def check_address(address: Address) -> None:
    """Refuse an address that would let others listen in.

    Raises
    ------
    UsageError
    """
    if (address.tls_cert is None) != (address.tls_key is None):
        raise UsageError("--tls-cert and --tls-key belong together; give both")
    if not 0 <= address.port < 1 << 16:
        raise UsageError("--port is 0 to 65535")
    if not is_loopback(address.host) and not address.is_secure:
        raise UsageError(
            f"--host {address.host!r} can be reached from other machines, which needs --tls-cert and "
            "--tls-key; without them the page is served to this machine alone"
        )
    if address.is_secure:
        _tls_context(address)


def serve(site: Site, address: Address, *, ready: Callable[[str], None] = lambda url: None) -> None:
    """Serve until the process is asked to end.

    Parameters
    ----------
    site : Site
        Its hosts, port and TLS are those of `address`.
    address : Address
    ready : callable
        Told the page's URL when it can be asked for.

    Raises
    ------
    UsageError
        If the address cannot be had.
    """
    check_address(address)
    listening = _listening(address)
    with listening:
        port = listening.getsockname()[1]
        hosts = {address.host, *(_certified_names(address.tls_cert) if address.tls_cert else ())}
        app = build_app(replace(site, hosts=hosts, port=port, is_secure=address.is_secure))
        # What it logs names paths, and those of invitations are secrets.
        logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
        config = uvicorn.Config(
            app,
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            ws="none",
            lifespan="on",
            limit_concurrency=_MAX_CONNECTIONS,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=_SHUTDOWN_S,
            ssl_certfile=address.tls_cert,
            ssl_keyfile=address.tls_key,
        )
        ready(address.url(port))
        uvicorn.Server(config).run(sockets=[listening])


def _listening(address: Address) -> socket.socket:
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
        family, _, _, _, where = found[0]
        return socket.create_server(where[:2], family=family, backlog=128)
    except OSError as error:
        raise UsageError(
            f"--host {address.host!r} --port {address.port} cannot be had ({error.strerror}); choose another "
            "port"
        ) from None


def _tls_context(address: Address) -> None:
    """Read the files once, so that what is wrong with them is said before anything starts."""
    for option, file in (("--tls-cert", address.tls_cert), ("--tls-key", address.tls_key)):
        try:
            if file is not None:
                file.open("rb").close()
        except OSError as error:
            raise UsageError(
                f"{option} {str(file)!r} cannot be read: {error.strerror}; check the path and its permissions"
            ) from None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # Without a password of our own it would be asked for at the terminal.
        context.load_cert_chain(address.tls_cert, address.tls_key, password="")
    except (OSError, ssl.SSLError):
        raise UsageError(
            f"--tls-cert {str(address.tls_cert)!r} and --tls-key {str(address.tls_key)!r} are no certificate "
            "and its key in PEM, without a password"
        ) from None


def _certified_names(certificate: Path) -> set[str]:
    """Names and addresses that a certificate is for: under these the page is asked for."""
    from cryptography import x509

    parsed = x509.load_pem_x509_certificate(certificate.read_bytes())
    try:
        names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    plain = {name.lower() for name in names.get_values_for_type(x509.DNSName) if "*" not in name}
    return plain | {str(found) for found in names.get_values_for_type(x509.IPAddress)}
