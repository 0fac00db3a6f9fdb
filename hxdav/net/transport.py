"""The way to a server: checked addresses, nothing after the deadline, answers of bounded size."""

from __future__ import annotations

import math
import ssl
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

import httpcore
import httpx

from hxdav.errors import AnswerTooLarge, NoAnswer, WaitEnded
from hxdav.net.reach import Reach, Resolver

_FAILURES: tuple[tuple[type[Exception], str], ...] = (
    (ssl.SSLCertVerificationError, "shows a certificate that is not trusted for that name"),
    (ssl.SSLError, "does not speak TLS there"),
    (httpcore.ConnectTimeout, "cannot be reached"),
    (httpcore.TimeoutException, "does not answer in time"),
    (httpcore.ConnectError, "takes no connections there"),
    (Exception, "breaks off, or does not go on as a web server does"),
)

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)
"""When the request of this thread has to be over; seconds of the monotonic clock."""


_LOOKS_EVERY_SECONDS = 0.25
"""How often whoever waits for a server looks whether they still do, where they may stop."""

_is_over: ContextVar[Callable[[], bool] | None] = ContextVar("is_over", default=None)
"""What says that this thread waits for no server any more."""


@contextmanager
def waiting_until(is_over: Callable[[], bool]) -> Iterator[None]:
    """Wait for servers, in this thread, only as long as ``is_over`` does not say otherwise; raises WaitEnded then.

    For answers that come bit by bit over hours. It is asked several times a second, while a connection is being made
    excepted, and is to be quick. The connection that was waited on is closed.
    """
    token = _is_over.set(is_over)
    try:
        yield
    finally:
        _is_over.reset(token)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let no connection wait for longer than ``seconds`` from now, in this thread; they raise NoAnswer then.

    Of one within another the sooner holds: what a person waits for, whichever and however many requests it takes.
    """
    outer, own = _deadline.get(), time.monotonic() + seconds
    token = _deadline.set(own if outer is None else min(outer, own))
    try:
        yield
    finally:
        _deadline.reset(token)


class GuardedTransport(httpx.BaseTransport):
    """httpcore's pool of connections, with checked addresses, and answers of bounded size."""

    def __init__(self, reach: Reach, *, octets: int, trusted: ssl.SSLContext, resolver: Resolver) -> None:
        self._reach = reach
        self._octets = octets
        self._pool = httpcore.ConnectionPool(
            ssl_context=trusted,
            max_connections=4,
            keepalive_expiry=30,
            network_backend=_CheckedNetwork(reach, resolver),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and read the head of the answer."""
        url = request.url
        self._reach.require(url.raw_host.decode("ascii"), scheme=url.scheme)
        with _translated(url.host):
            answer = self._pool.handle_request(
                httpcore.Request(
                    method=request.method,
                    url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        stream = _Answer(answer, host=url.host, octets=self._octets)
        # The stream gives the octets decompressed: httpx need not do that again.
        told = [(name, value) for name, value in answer.headers if name.lower() not in stream.consumed_headers]
        return httpx.Response(answer.status, headers=told, stream=stream, extensions=_extensions(answer))

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()


def _extensions(answer: httpcore.Response) -> dict[str, Any]:
    """What httpcore tells of an answer, and ``server_certificate`` (DER), where it came over TLS.

    That one is noted now: once the answer has been read, the server may have ended the connection.
    """
    extensions: dict[str, Any] = dict(answer.extensions)
    stream = extensions.get("network_stream")
    tls = None if stream is None else stream.get_extra_info("ssl_object")
    if tls is not None:
        # httpcore shows OpenSSL's own object, which takes no argument by its name.
        extensions["server_certificate"] = tls.getpeercert(True)  # noqa: FBT003
    return extensions


class _Answer(httpx.SyncByteStream):
    """The body of an answer, decompressed here, so that a small one cannot become an endless one."""

    def __init__(self, answer: httpcore.Response, *, host: str, octets: int) -> None:
        self._answer = answer
        self._host = host
        self._octets = octets
        lowered = {name.lower(): value.strip().lower() for name, value in answer.headers}
        coding = lowered.get(b"content-encoding", b"identity")
        if coding not in {b"identity", b"gzip"}:
            answer.close()
            raise NoAnswer(host, f"The server {host} compresses its answers in a way that hxdav did not ask for.")
        self._inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16) if coding == b"gzip" else None
        self.consumed_headers = frozenset({b"content-encoding", b"content-length"} if self._inflate else ())

    def __iter__(self) -> Iterator[bytes]:
        left = self._octets
        with _translated(self._host):
            for part in self._answer.iter_stream():
                octets = self._inflate.decompress(part, left + 1) if self._inflate else part
                left -= len(octets)
                if left < 0:
                    raise AnswerTooLarge(
                        self._host, f"The server {self._host} answers with more than hxdav reads at once."
                    )
                yield octets

    def close(self) -> None:
        """Give the connection back to the pool."""
        self._answer.close()


class _CheckedNetwork(httpcore.NetworkBackend):
    """Looks a name up once, and connects to nothing but the addresses that were checked (no DNS rebinding).

    TLS begins on that connection later, by the host's name: what the certificate must say is not touched.
    """

    def __init__(self, reach: Reach, resolver: Resolver) -> None:
        self._reach = reach
        self._resolver = resolver
        self._network = httpcore.SyncBackend()

    def connect_tcp(  # noqa: PLR0917 - httpcore gives the signature
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002 - nobody sets these two here
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """A connection to the first of the host's addresses that may be called and takes one."""
        try:
            found = self._resolver(host, port)
        except (OSError, UnicodeError) as error:
            raise NoAnswer(
                host, f"The server {host} is not known by that name. Is it spelt right?", cause=type(error).__name__
            ) from None
        *first, last = self._reach.reachable(host, found)
        for address in first:
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return self._connected(address, port, timeout)
        return self._connected(last, port, timeout)

    def _connected(self, address: str, port: int, timeout: float | None) -> _HurriedStream:
        return _HurriedStream(self._network.connect_tcp(address, port, _hurried(timeout)))


class _HurriedStream(httpcore.NetworkStream):
    """A connection on which nothing waits beyond the deadline of the request, however slowly octets come in."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        is_over = _is_over.get()
        if is_over is None:
            return self._stream.read(max_bytes, _hurried(timeout))
        silent_until = time.monotonic() + (math.inf if timeout is None else timeout)
        while not is_over():
            left = _hurried(silent_until - time.monotonic())
            if left is None or left <= 0:
                raise httpcore.ReadTimeout
            # A socket that says nothing within a time can be asked again: no octet is lost.
            with suppress(httpcore.ReadTimeout):
                return self._stream.read(max_bytes, min(left, _LOOKS_EVERY_SECONDS))
        raise WaitEnded("Nobody waits for this answer any more.")

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _hurried(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _HurriedStream(self._stream.start_tls(ssl_context, server_hostname, _hurried(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _hurried(timeout: float | None) -> float | None:
    """What is left until the deadline, where that is sooner; raises httpcore.ReadTimeout where nothing is."""
    deadline = _deadline.get()
    if deadline is None:
        return timeout
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout
    return left if timeout is None else min(left, timeout)


@contextmanager
def _translated(host: str) -> Iterator[None]:
    """Raise NoAnswer for whatever fails on the network.

    Without the exception that it came from, whose text may quote a header; ``cause`` has its type.
    """
    try:
        yield
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, zlib.error) as error:
        below = error.__context__ if isinstance(error.__context__, ssl.SSLError) else error
        does = next(sentence for kind, sentence in _FAILURES if isinstance(below, kind))
        raise NoAnswer(host, f"The server {host} {does}.", cause=type(below).__name__) from None
