"""Guarded HTTP against real servers on loopback: names that move, redirects, TLS, and answers without end."""

from __future__ import annotations

import gzip
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
import trustme
from cryptography import x509

from hxdav import __version__
from hxdav.errors import AnswerTooLarge, NoAnswer, NotReachable
from hxdav.net.reach import Reach
from hxdav.net.session import Limits, http_session
from hxdav.net.transport import within

HERE = Reach(allowed=("127.0.0.1", "calendar.example", "partition.example", "other.example"))
CREDENTIALS = ("mara", "abcd-efgh-ijkl-mnop")
PROPFIND = b"<propfind xmlns='DAV:'/>"


@dataclass(frozen=True, kw_only=True)
class Seen:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Server:
    """Answers as it is told by path, and remembers what it was asked."""

    port: int = 0
    seen: list[Seen] = field(default_factory=list)
    answers: dict[str, Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=dict)

    def url(self, path: str = "/", *, host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def redirect(self, path: str, target: str, *, code: int = 301) -> None:
        def answer(asked: BaseHTTPRequestHandler) -> None:
            asked.send_response(code)
            asked.send_header("Location", target)
            asked.send_header("Content-Length", "0")
            asked.end_headers()

        self.answers[path] = answer


def say(asked: BaseHTTPRequestHandler, body: bytes = b"here", *, coding: str = "") -> None:
    asked.send_response(200)
    asked.send_header("Content-Length", str(len(body)))
    if coding:
        asked.send_header("Content-Encoding", coding)
    asked.end_headers()
    asked.wfile.write(body)


@contextmanager
def a_server(trusted: ssl.SSLContext | None = None) -> Iterator[Server]:
    server = Server()

    class Asked(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            server.seen.append(Seen(method=self.command, path=self.path, headers=headers, body=body))
            server.answers.get(self.path.partition("?")[0], say)(self)

        do_GET = do_PROPFIND = do_REPORT = do_PUT = answer  # noqa: N815

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_arguments: object) -> None:
            """Clients that go away, or do not trust us, are what these tests are about."""

    with Quiet(("127.0.0.1", 0), Asked) as listening:
        if trusted:
            listening.socket = trusted.wrap_socket(
                listening.socket, server_side=True, do_handshake_on_connect=False, suppress_ragged_eofs=True
            )
        server.port = listening.server_address[1]
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        listening.shutdown()
        thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    with a_server() as started:
        yield started


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def authorities(authority: trustme.CA) -> str:
    return authority.cert_pem.bytes().decode()


@pytest.fixture
def tls_server(authority: trustme.CA) -> Iterator[Server]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("calendar.example").configure_cert(context)
    with a_server(context) as started:
        yield started


def on_loopback(_host: str, _port: int) -> list[str]:
    return ["127.0.0.1"]


def test_a_request_says_who_calls(server: Server) -> None:
    with http_session(HERE, auth=CREDENTIALS) as session:
        assert session.get(server.url()).text == "here"

    assert server.seen[0].headers["user-agent"] == f"hxdav/{__version__}"
    assert server.seen[0].headers["authorization"].startswith("Basic ")


def test_a_server_on_a_private_address_is_not_called(server: Server) -> None:
    with (
        http_session(Reach(), resolver=on_loopback) as session,
        pytest.raises(NotReachable, match=r"calendar\.example"),
    ):
        session.get(server.url(host="calendar.example", scheme="https"))

    assert server.seen == []


def test_a_name_that_moves_after_the_check_gains_nothing(server: Server) -> None:
    asked = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append((host, port))
        # 192.0.2.0/24 is nobody's: the first look-up is refused, and a second one would lead inside.
        return ["192.0.2.1"] if len(asked) == 1 else ["127.0.0.1"]

    with http_session(Reach(), resolver=rebinding) as session, pytest.raises(NotReachable):
        session.get(server.url(host="calendar.example", scheme="https"))

    assert asked == [("calendar.example", server.port)]
    assert server.seen == []


def test_the_address_that_was_checked_is_the_one_that_is_called(server: Server) -> None:
    asked = []

    def once(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    with http_session(HERE, resolver=once) as session:
        # The operating system knows no such name, so a second look-up would fail.
        assert session.get(server.url(host="calendar.example")).is_success
        assert session.get(server.url(host="calendar.example")).is_success

    assert asked == ["calendar.example"]
    assert server.seen[0].headers["host"] == f"calendar.example:{server.port}"


def test_the_next_address_is_tried_where_one_takes_no_connection(server: Server) -> None:
    with http_session(HERE, resolver=lambda *_: ["127.0.0.9", "127.0.0.1"]) as session:
        assert session.get(server.url(host="calendar.example")).is_success


def test_numbers_that_are_an_address_in_disguise_are_refused(server: Server) -> None:
    with http_session(Reach()) as session:
        for disguised in ("2130706433", "127.1", "0x7f.1"):
            with pytest.raises((NotReachable, NoAnswer)):
                session.get(server.url(host=disguised, scheme="https"))

    assert server.seen == []


def test_refusals_use_up_no_connections() -> None:
    with http_session(Reach(), resolver=on_loopback, limits=Limits(pool_seconds=1)) as session:
        for _ in range(10):
            with pytest.raises(NotReachable):
                session.get("https://calendar.example/")


def test_a_name_that_nobody_knows_may_be_tried_later() -> None:
    def unknown(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with http_session(Reach(), resolver=unknown) as session, pytest.raises(NoAnswer, match="not known by that name"):
        session.get("https://calendar.example/")


def test_a_server_that_takes_no_connections_may_be_tried_later(server: Server) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        with http_session(HERE) as session, pytest.raises(NoAnswer, match="takes no connections") as caught:
            session.get(f"http://127.0.0.1:{bound.getsockname()[1]}/")

    assert caught.value.cause == "ConnectError"


@pytest.mark.parametrize("code", [301, 302, 307, 308])
@pytest.mark.parametrize("method", ["PROPFIND", "REPORT"])
def test_a_redirect_keeps_the_method_the_body_and_the_credentials(server: Server, method: str, code: int) -> None:
    server.redirect("/.well-known/caldav", "/dav/", code=code)

    with http_session(HERE, auth=CREDENTIALS) as session:
        answer = session.request(
            method,
            server.url("/.well-known/caldav"),
            content=PROPFIND,
            headers={"Depth": "0"},
        )

    last = server.seen[-1]
    assert answer.url == server.url("/dav/")
    assert (last.method, last.path, last.body) == (method, "/dav/", PROPFIND)
    assert last.headers["depth"] == "0"
    assert "authorization" in last.headers


def test_see_other_is_followed_by_reading_only(server: Server) -> None:
    server.redirect("/old", "/new", code=303)

    with http_session(HERE) as session:
        assert session.get(server.url("/old")).text == "here"
        assert session.request("PROPFIND", server.url("/old")).status_code == 303


def test_another_host_gets_no_credentials(server: Server) -> None:
    server.redirect("/", server.url("/dav/", host="other.example"))

    with http_session(HERE, auth=CREDENTIALS, resolver=on_loopback) as session:
        assert session.get(server.url(host="calendar.example")).is_success

    assert "authorization" in server.seen[0].headers
    assert "authorization" not in server.seen[1].headers


def test_another_port_of_the_same_host_gets_no_credentials(server: Server) -> None:
    with a_server() as other, http_session(HERE, auth=CREDENTIALS) as session:
        server.redirect("/", other.url("/dav/"))
        assert session.get(server.url()).is_success

        assert "authorization" not in other.seen[0].headers


def test_a_host_that_is_admitted_by_name_gets_the_credentials(server: Server) -> None:
    reach = Reach(allowed=HERE.allowed, hosts=("calendar.example", "partition.example"))
    server.redirect("/", server.url("/dav/", host="partition.example"))

    with http_session(reach, auth=CREDENTIALS, resolver=on_loopback) as session:
        assert session.get(server.url(host="calendar.example")).is_success

    assert "authorization" in server.seen[1].headers


def test_a_redirect_to_a_host_that_is_not_admitted_is_refused(server: Server) -> None:
    reach = Reach(allowed=HERE.allowed, hosts=("calendar.example",))
    server.redirect("/", server.url("/dav/", host="other.example"))

    with (
        http_session(reach, auth=CREDENTIALS, resolver=on_loopback) as session,
        pytest.raises(NotReachable, match=r"other\.example"),
    ):
        session.get(server.url(host="calendar.example"))

    assert len(server.seen) == 1


def test_a_redirect_to_a_private_address_is_refused(server: Server) -> None:
    server.redirect("/", "https://169.254.169.254/latest/meta-data/")

    with http_session(HERE) as session, pytest.raises(NotReachable, match="169"):
        session.get(server.url())


def test_a_redirect_out_of_tls_is_refused(tls_server: Server, server: Server, authorities: str) -> None:
    tls_server.redirect("/", server.url())

    with (
        http_session(HERE, authorities=authorities, resolver=on_loopback) as session,
        pytest.raises(NotReachable, match="without TLS"),
    ):
        session.get(tls_server.url(host="calendar.example", scheme="https"))

    assert server.seen == []


def test_redirects_end_after_five(server: Server) -> None:
    for number in range(6):
        server.redirect(f"/{number}", f"/{number + 1}")

    with http_session(HERE) as session:
        assert session.get(server.url("/1")).text == "here"
        with pytest.raises(NoAnswer, match="from one address to the next"):
            session.get(server.url("/0"))


def test_the_certificate_is_of_the_name_and_not_of_the_address(tls_server: Server, authorities: str) -> None:
    with http_session(HERE, authorities=authorities, resolver=on_loopback) as session:
        assert session.get(tls_server.url(host="calendar.example", scheme="https")).text == "here"


def test_a_certificate_of_another_name_is_not_trusted(tls_server: Server, authorities: str) -> None:
    with (
        http_session(HERE, authorities=authorities, resolver=on_loopback) as session,
        pytest.raises(NoAnswer, match="certificate that is not trusted") as caught,
    ):
        session.get(tls_server.url(host="other.example", scheme="https"))

    assert caught.value.cause == "SSLCertVerificationError"
    assert tls_server.seen == []


def test_an_answer_shows_the_certificate_of_its_server(tls_server: Server, authorities: str) -> None:
    def say_and_end(asked: BaseHTTPRequestHandler) -> None:
        asked.close_connection = True
        say(asked)

    tls_server.answers["/"] = say_and_end

    with http_session(HERE, authorities=authorities, resolver=on_loopback) as session:
        answer = session.get(tls_server.url(host="calendar.example", scheme="https"))

    shown = x509.load_der_x509_certificate(answer.extensions["server_certificate"])
    names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["calendar.example"]


def test_an_answer_without_tls_shows_no_certificate(server: Server) -> None:
    with http_session(HERE) as session:
        assert "server_certificate" not in session.get(server.url()).extensions


def test_an_authority_of_ones_own_is_trusted_only_where_it_is_named(tls_server: Server) -> None:
    with (
        http_session(HERE, resolver=on_loopback) as session,
        pytest.raises(NoAnswer, match="certificate that is not trusted"),
    ):
        session.get(tls_server.url(host="calendar.example", scheme="https"))


def test_a_server_without_tls_is_told_of(server: Server) -> None:
    with http_session(HERE) as session, pytest.raises(NoAnswer, match="does not speak TLS"):
        session.get(server.url(scheme="https"))


def test_an_answer_that_is_too_large_is_not_read_on(server: Server) -> None:
    server.answers["/"] = lambda asked: say(asked, b"x" * 1_000_001)

    with http_session(HERE, limits=Limits(octets=1_000_000)) as session, pytest.raises(AnswerTooLarge):
        session.get(server.url())


def test_an_answer_that_is_small_until_it_is_decompressed_is_not_read_on(server: Server) -> None:
    server.answers["/"] = lambda asked: say(asked, gzip.compress(b"x" * 1_000_001), coding="gzip")

    with http_session(HERE, limits=Limits(octets=1_000_000)) as session, pytest.raises(AnswerTooLarge):
        session.get(server.url())


def test_a_compressed_answer_is_read(server: Server) -> None:
    server.answers["/"] = lambda asked: say(asked, gzip.compress(b"there"), coding="gzip")

    with http_session(HERE) as session:
        assert session.get(server.url()).text == "there"


@pytest.mark.parametrize(("body", "coding"), [(b"here", "br"), (b"no gzip", "gzip")])
def test_an_answer_that_cannot_be_decompressed_may_be_tried_later(server: Server, body: bytes, coding: str) -> None:
    server.answers["/"] = lambda asked: say(asked, body, coding=coding)

    with http_session(HERE) as session, pytest.raises(NoAnswer):
        session.get(server.url())


def test_an_answer_that_breaks_off_may_be_tried_later(server: Server) -> None:
    def break_off(asked: BaseHTTPRequestHandler) -> None:
        asked.send_response(200)
        asked.send_header("Content-Length", "100")
        asked.end_headers()
        asked.wfile.write(b"half")
        asked.close_connection = True

    server.answers["/"] = break_off

    with http_session(HERE) as session, pytest.raises(NoAnswer, match="breaks off"):
        session.get(server.url())


def test_a_server_that_says_nothing_is_waited_for_as_long_as_agreed(server: Server) -> None:
    server.answers["/"] = lambda _: time.sleep(0.3)

    with http_session(HERE, limits=Limits(read_seconds=0.1)) as session, pytest.raises(NoAnswer, match="in time"):
        session.get(server.url())


def test_a_server_that_drips_is_waited_for_as_long_as_agreed_in_all(server: Server) -> None:
    def drip(asked: BaseHTTPRequestHandler) -> None:
        asked.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for _ in range(4000):
            asked.wfile.write(b"X: y\r\n")
            time.sleep(0.05)

    server.answers["/"] = drip
    started = time.monotonic()

    with http_session(HERE, limits=Limits(total_seconds=0.3)) as session, pytest.raises(NoAnswer, match="in time"):
        session.get(server.url())

    assert time.monotonic() - started < 100


def test_all_that_a_person_waits_for_has_one_deadline(server: Server) -> None:
    def late(asked: BaseHTTPRequestHandler) -> None:
        time.sleep(0.2)
        say(asked)

    server.answers["/"] = late
    started = time.monotonic()

    def wait(session: httpx.Client) -> None:
        for _ in range(10):
            session.get(server.url())

    with http_session(HERE) as session, within(0.5), pytest.raises(NoAnswer, match="in time"):
        wait(session)

    assert time.monotonic() - started < 1.5


def test_nothing_that_was_said_is_told(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    server.answers["/"] = lambda asked: setattr(asked, "close_connection", True)

    with caplog.at_level(logging.DEBUG), http_session(HERE, auth=CREDENTIALS) as session:
        with pytest.raises(NoAnswer) as caught:
            session.get(server.url("/?patient=Mara"), headers={"X-Secret": "Mara"})
        with pytest.raises(NoAnswer) as refused:
            session.get(server.url(), headers={"X-Secret": "Mara\nMara"})

    assert str(caught.value) == "The server 127.0.0.1 breaks off, or does not go on as a web server does."
    assert "Mara" not in str(refused.value)
    assert (caught.value.__cause__, refused.value.__suppress_context__) == (None, True)
    assert "Mara" not in caplog.text


def test_no_proxy_of_the_environment_is_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    with http_session(HERE) as session:
        assert session.get(server.url()).is_success
