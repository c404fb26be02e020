"""A real server: what it answers, what it says to others, and what a kill leaves."""

import http.client
import logging
import re
import signal
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlencode, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from review_helpers import make_review
from review_server import server

from redactor.errors import UsageError
from redactor.files import sha256_file
from redactor.review.entries import Opinion
from redactor.review.serve.server import Address, check_address, serve
from redactor.review.store import ReviewStore

pytestmark = pytest.mark.long


class Visitor:
    """Somebody at a real server, over one connection."""

    def __init__(self, url, context=None) -> None:
        parts = urlsplit(url)
        if context is None:
            self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
        else:
            self.connection = http.client.HTTPSConnection(
                parts.hostname, parts.port, timeout=20, context=context
            )
        self.headers = {"Origin": url, "Sec-Fetch-Site": "same-origin"}

    def ask(self, method, path, data=None, **headers):
        body = urlencode(data) if data is not None else None
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        self.connection.request(method, path, body, {**self.headers, **kind, **headers})
        answer = self.connection.getresponse()
        self.body = answer.read()
        cookie = answer.getheader("set-cookie")
        if cookie:
            self.headers["Cookie"] = cookie.partition(";")[0]
        return answer

    def enter(self, token):
        assert self.ask("POST", f"/enter/{token}").status == 303
        self.ask("GET", "/")
        self.csrf = re.search(rb'name="csrf" value="([^"]+)"', self.body)[1].decode()
        return self

    def next_path(self):
        return self.ask("POST", "/next", {"csrf": self.csrf}).getheader("location")


@pytest.fixture
def review(tmp_path):
    review = make_review(tmp_path)
    review.clock.at = time.time()
    return review


def test_a_server_that_is_killed_after_its_answer_has_kept_the_verdict(review):
    with server(review.out) as (url, process):
        ann = Visitor(url).enter(review.link())
        path = ann.next_path()
        assert ann.ask("GET", f"{path}/audio").status == 200
        data = {"csrf": ann.csrf, "opinion": "leak", "mark_start": "1", "mark_end": "2", "mark_type": "PERSON"}
        assert ann.ask("POST", f"{path}/verdict", data).status == 303
        process.send_signal(signal.SIGKILL)
        assert process.wait(10) == -signal.SIGKILL
    store = ReviewStore(review.database)
    assert [v.opinion for v in store.verdicts("lot")] == [Opinion.LEAK]
    assert len(store.findings()) == 1
    with server(review.out) as (url, _):
        again = Visitor(url)
        before, after = (str(urlsplit(page).port) for page in (ann.headers["Origin"], url))
        again.headers["Cookie"] = ann.headers["Cookie"].replace(f"-{before}=", f"-{after}=")
        assert again.ask("GET", "/").status == 200, "the session outlives the server, too"


def test_a_server_tells_nothing_and_logs_nothing(review):
    token = review.link()
    with server(review.out) as (url, process):
        ann = Visitor(url).enter(token)
        path = ann.next_path()
        answer = ann.ask("POST", f"{path}/verdict", {"csrf": ann.csrf, "comment": "Jonathan Millerson"})
        assert answer.status == 422
        assert answer.getheader("server") is None
        ann.ask("GET", "/nothing")
        with socket.create_connection((urlsplit(url).hostname, urlsplit(url).port)) as raw:
            raw.sendall(b"nonsense Millerson\r\n\r\n")
            assert b"Millerson" not in raw.recv(1000)
        process.send_signal(signal.SIGINT)
        told, complained = process.communicate(timeout=20)
    assert told == ""
    for secret in (token, "Millerson", path, ann.headers["Cookie"]):
        assert secret not in complained


def test_who_goes_away_has_not_heard_the_rest(review):
    item = review.items[0]
    review.audio(item).write_bytes(b"RIFF" + bytes(64 << 20))
    with review.store.transaction() as db:
        was, now = item.audio["sha256"], sha256_file(review.audio(item))
        db.execute("UPDATE item SET value = replace(value, ?, ?)", (was, now))
    with server(review.out) as (url, _):
        ann = Visitor(url).enter(review.link())
        path = ann.next_path()
        parts = urlsplit(url)
        with socket.create_connection((parts.hostname, parts.port)) as raw:
            lines = [f"GET {path}/audio HTTP/1.1", f"Host: {parts.netloc}", f"Cookie: {ann.headers['Cookie']}"]
            raw.sendall("\r\n".join([*lines, "", ""]).encode())
            assert raw.recv(15) == b"HTTP/1.1 200 OK"
        time.sleep(1.0)
    who = review.people.everybody()[0].reviewer.id
    heard = review.queue.assigned(who, item.id).heard
    assert heard == () or heard[0][1] < 32 << 20
    assert review.queue.assigned(who, item.id).first_heard is not None


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "review.example")])
    now = datetime.now(UTC)
    names = [x509.DNSName("review.example"), x509.IPAddress(ip_address("127.0.0.1"))]
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(signed.public_bytes(Encoding.PEM))
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(plain)
    return folder / "cert.pem", folder / "key.pem"


def test_over_tls_the_names_of_the_certificate_are_known(review, certificate):
    urls, ready = [], threading.Event()

    def said(url):
        urls.append(url)
        ready.set()

    thread = threading.Thread(
        target=serve, args=(review.site(), Address("127.0.0.1", 0, *certificate)), kwargs={"ready": said},
        daemon=True,
    )  # fmt: skip
    thread.start()
    assert ready.wait(10)
    assert urls[0].startswith("https://127.0.0.1:")
    ann = Visitor(urls[0], ssl.create_default_context(cafile=certificate[0])).enter(review.link())
    assert ann.headers["Cookie"].startswith("__Host-")
    assert ann.ask("GET", "/").getheader("strict-transport-security")
    assert ann.ask("GET", "/", Host="review.example").status == 200
    assert ann.ask("GET", "/", Host="evil.example").status == 421


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "review.example"])
def test_others_are_served_over_tls_alone(host, certificate):
    with pytest.raises(UsageError, match="--tls-cert"):
        check_address(Address(host, 8000))
    check_address(Address(host, 8000, *certificate))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.2"])
def test_this_machine_is_served_without(host):
    check_address(Address(host, 8000))


def test_half_of_the_tls_options_is_refused(certificate):
    with pytest.raises(UsageError, match="belong together"):
        check_address(Address("127.0.0.1", 1, tls_cert=certificate[0]))
    with pytest.raises(UsageError, match="belong together"):
        check_address(Address("127.0.0.1", 1, tls_key=certificate[1]))
    with pytest.raises(UsageError, match="no certificate"):
        check_address(Address("127.0.0.1", 1, certificate[0], certificate[0]))


def test_a_tls_file_that_is_not_there_is_named(certificate, tmp_path):
    missing = tmp_path / "missing.pem"
    with pytest.raises(UsageError, match="--tls-cert '.*missing.pem' cannot be read: No such file"):
        check_address(Address("127.0.0.1", 1, missing, certificate[1]))
    with pytest.raises(UsageError, match="--tls-key '.*missing.pem' cannot be read: No such file"):
        check_address(Address("127.0.0.1", 1, certificate[0], missing))


def test_a_port_that_is_taken_is_said_so(review):
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(UsageError, match="another port"):
        serve(review.site(), Address("127.0.0.1", taken.getsockname()[1]))
    logging.getLogger("uvicorn").setLevel(logging.NOTSET)
