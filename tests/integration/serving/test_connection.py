from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import Any

import pytest
import trustme

from hxdav.budget import spend
from hxdav.errors import OverBudget
from hxdav.serving.connection import Patience
from hxdav.serving.front import FrontLimits
from tests.integration.serving.serving_world import LIMITS, Served, everything, served, until

GET = b"GET /there HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
HALF_A_PUT = b"PUT /there HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nBEGIN"
IMPATIENT = Patience(head=0.1, idle=0.1, body=0.1)


def mirror(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answers with what it is told, and with the body's size."""
    told: dict[str, Any] = {name: value for name, value in environ.items() if isinstance(value, str)}
    told["body"] = len(environ["wsgi.input"].read())
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(told).encode()]


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with served(mirror) as server:
        yield server


def told(answer: bytes) -> dict[str, Any]:
    """What the application was told, by an answer with one response."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    found: dict[str, Any] = json.loads(body)
    return found


# One client does not stop the others.


def test_bodies_that_do_not_arrive_hold_no_thread(server: Served) -> None:
    with ExitStack() as stack:
        for _ in range(16):
            stack.enter_context(closing(server.connected(HALF_A_PUT)))

        assert told(server.answer_to(GET))["PATH_INFO"] == "/there"


def test_health_is_answered_while_every_thread_is_at_work() -> None:
    goes_on = threading.Event()

    def busy(_environ: Any, start_response: Any) -> Iterable[bytes]:
        goes_on.wait(30)
        start_response("200 OK", [])
        return []

    with served(busy) as server, ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(closing(server.connected(GET)))

        assert b"hxdav answers." in server.answer_to(HEALTH)
        goes_on.set()


def test_idle_connections_give_way_to_new_ones() -> None:
    with served(mirror, most=8) as server, ExitStack() as stack:
        idle = [stack.enter_context(closing(server.connected())) for _ in range(50)]

        assert told(server.answer_to(GET))["PATH_INFO"] == "/there"
        assert everything(idle[0]) == b""
        assert len(server.bounds) <= 8


def test_a_silent_connection_is_closed() -> None:
    with served(mirror, patience=IMPATIENT) as server, closing(server.connected()) as wire:
        assert everything(wire) == b""
        until(lambda: len(server.bounds) == 0, "the end of the connection")


@pytest.mark.parametrize("octets", [HALF_A_PUT, b"PUT /there HTTP/1.1\r\nHos"], ids=["body", "head"])
def test_a_request_that_does_not_arrive_is_answered_with_408(octets: bytes) -> None:
    with served(mirror, patience=IMPATIENT) as server:
        assert server.answer_to(octets).startswith(b"HTTP/1.1 408 Request Timeout\r\n")


def test_a_connection_that_is_silent_in_its_tls_handshake_is_closed() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)

    with served(mirror, patience=IMPATIENT, tls=context) as server, closing(server.connected()) as wire:
        assert everything(wire) == b""


def test_a_client_that_takes_no_answer_is_cut_off() -> None:
    def large(_environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        return [bytes(30_000_000)]

    with served(large, patience=IMPATIENT) as server, closing(server.connected(GET)):
        until(lambda: len(server.bounds) == 1, "the connection")
        until(lambda: len(server.bounds) == 0, "its end")


def test_a_request_whose_client_has_gone_is_not_begun() -> None:
    goes_on, seen = threading.Event(), []

    def noting(environ: Any, start_response: Any) -> Iterable[bytes]:
        seen.append(environ["PATH_INFO"])
        goes_on.wait(30)
        start_response("200 OK", [])
        return []

    with served(noting) as server, closing(server.connected(GET)):
        until(lambda: seen, "the first request")
        with server.connected(GET.replace(b"there", b"gone")):
            until(lambda: len(server.bounds) == 2, "the second connection")
        until(lambda: len(server.bounds) == 1, "its end")
        goes_on.set()
        server.answer_to(GET.replace(b"there", b"after"))

    assert seen == ["/there", "/after"]


def test_work_for_which_nobody_waits_any_more_is_given_up() -> None:
    begun, ended = threading.Event(), threading.Event()

    def endless(_environ: Any, _start_response: Any) -> Iterable[bytes]:
        begun.set()
        try:
            while True:
                spend(0)
        except OverBudget:
            ended.set()
            raise

    with served(endless) as server:
        with server.connected(GET):
            assert begun.wait(30)
        assert ended.wait(30)


def test_expansions_of_one_run_one_at_a_time_and_others_go_on_beside_them() -> None:
    goes_on, running = threading.Event(), []

    def noting(environ: Any, start_response: Any) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "REPORT":
            running.append(environ["HTTP_AUTHORIZATION"])
            goes_on.wait(30)
        return mirror(environ, start_response)

    body = b"<C:expand/>"
    report = b"REPORT /a/ HTTP/1.1\r\nHost: a\r\nAuthorization: maya\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with served(noting, limits=replace(LIMITS, threads=8, heavy=2)) as server, ExitStack() as stack:
        for _ in range(16):
            stack.enter_context(closing(server.connected(report)))
        until(lambda: running, "the first expansion")

        assert told(server.answer_to(GET))["PATH_INFO"] == "/there"
        assert running == ["maya"]
        goes_on.set()


def test_large_bodies_share_a_room_and_small_ones_always_fit() -> None:
    limits = FrontLimits(kept=200_000, read_past=300_000, threads=2, bodies=150_000)
    head = b"PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    with served(mirror, limits=limits) as server, closing(server.connected(head % 200_000 + bytes(140_000))):
        assert server.answer_to(head % 150_000 + bytes(150_000)).startswith(b"HTTP/1.1 503 ")
        assert told(server.answer_to(head % 1000 + bytes(1000)))["body"] == 1000


# What HTTP/1.1 asks for.


def test_requests_in_a_row_are_answered_in_their_order(server: Served) -> None:
    first = b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n"
    answer = server.answer_to(first % 1 + first % 2 + GET)

    assert [answer.count(b'"PATH_INFO": "/%s"' % name) for name in (b"1", b"2", b"there")] == [1, 1, 1]
    assert answer.index(b'"/1"') < answer.index(b'"/2"') < answer.index(b'"/there"')


def test_a_body_in_chunks_is_whole_and_its_trailers_are_no_headers(server: Served) -> None:
    sent = (
        b"PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"5\r\nBEGIN\r\n3\r\nEND\r\n0\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n"
    )
    found = told(server.answer_to(sent))

    assert (found["body"], found["CONTENT_LENGTH"]) == (8, "8")
    assert "HTTP_TRANSFER_ENCODING" not in found
    assert "HTTP_X_FORWARDED_FOR" not in found


def test_of_a_body_that_is_too_large_the_application_sees_as_much_as_shows_it(server: Served) -> None:
    head = b"PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"

    assert told(server.answer_to(head % 250_000 + bytes(250_000)))["body"] == LIMITS.kept
    with server.connected(head % 2_000_000 + bytes(310_000)) as wire:
        assert wire.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_a_client_that_asks_first_is_told_to_continue(server: Served) -> None:
    sent = b"PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
    with server.connected(sent) as wire:
        assert wire.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        wire.sendall(b"BEGIN")
        assert told(everything(wire))["body"] == 5


def test_paths_and_headers_arrive_as_wsgi_has_them(server: Served) -> None:
    sent = (
        b"GET http://b/maya/caf%C3%A9%2F/?a=%20 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nCookie: a=1\r\n"
        b"Cookie: b=2\r\nAccept: x\r\nAccept: y\r\nContent-Type: text/plain\r\nX_Forwarded_For: 192.0.2.1\r\n\r\n"
    )
    found = told(server.answer_to(sent))

    assert found["PATH_INFO"].encode("latin-1").decode() == "/maya/café//"
    assert found["QUERY_STRING"] == "a=%20"
    assert (found["HTTP_COOKIE"], found["HTTP_ACCEPT"]) == ("a=1; b=2", "x, y")
    assert (found["CONTENT_TYPE"], found["REMOTE_ADDR"]) == ("text/plain", "127.0.0.1")
    assert "HTTP_X_FORWARDED_FOR" not in found


def test_the_whole_server_can_be_asked_for_its_options(server: Served) -> None:
    assert told(server.answer_to(GET.replace(b"GET /there", b"OPTIONS *")))["PATH_INFO"] == "/"


@pytest.mark.parametrize(
    ("octets", "http_status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n", b"400"),
        (b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + b"x" * 70_000, b"431"),
    ],
    ids=["words", "octets", "two lengths", "long"],
)
def test_what_is_no_request_is_refused_and_the_connection_ends(
    server: Served, octets: bytes, http_status: bytes
) -> None:
    assert server.answer_to(octets).split(b" ", 2)[1] == http_status


def test_http_1_0_gets_one_answer(server: Served) -> None:
    assert b"\r\nConnection: close\r\n" in server.answer_to(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")


def test_another_protocol_that_is_offered_is_left_alone(server: Served) -> None:
    sent = b"GET /there HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    assert told(server.answer_to(sent))["PATH_INFO"] == "/there"


def test_an_answer_to_head_has_no_body_and_one_without_length_gets_it(server: Served) -> None:
    assert server.answer_to(GET.replace(b"GET", b"HEAD")).endswith(b"\r\n\r\n")
    assert b"\r\nContent-Length: " in server.answer_to(GET)
    assert b"\r\nDate: " in server.answer_to(GET)


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b=c", "a\nb"])
def test_an_answer_whose_header_holds_a_line_is_not_sent(value: str) -> None:
    def splitting(_environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("X-Name", value)])
        return []

    with served(splitting) as server:
        answer = server.answer_to(GET)
        assert answer.startswith(b"HTTP/1.1 500 ")
        assert b"Set-Cookie" not in answer


def test_what_the_application_raises_is_500_without_its_words() -> None:
    def failing(_environ: Any, _start_response: Any) -> Iterable[bytes]:
        raise ValueError("Jo Park")

    with served(failing) as server:
        answer = server.answer_to(GET)
        assert answer.startswith(b"HTTP/1.1 500 ")
        assert b"Jo" not in answer
