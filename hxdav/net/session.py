"""An HTTP session that calls only what it may, in bounded time and space, and tells nobody what it said."""

from __future__ import annotations

import logging
import ssl
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx

from hxdav import __version__
from hxdav.errors import NoAnswer, NotReachable
from hxdav.net.addresses import joined, parts_of
from hxdav.net.reach import Reach, Resolver, resolve
from hxdav.net.transport import GuardedTransport, within

_REDIRECTS = 5
"""How many redirects are followed, one after another."""

_KEPT = frozenset({301, 302, 307, 308})
"""Redirects that say where, not what: a PROPFIND stays a PROPFIND with its body (RFC 9110 §15.4)."""

_SEE_OTHER = 303

_MADE_ANEW = frozenset({"content-length", "cookie", "host"})
"""Headers that are another's at another address; httpx's jar knows which cookies go where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a request may take, in seconds, and how much may be answered, in octets once it is decompressed.

    ``connect_seconds`` and ``pool_seconds`` are for a connection and for a place among those that are open,
    ``read_seconds`` and ``write_seconds`` for each part, and ``total_seconds`` for all of it, redirects
    included (of a streamed answer, until its body begins).
    """

    connect_seconds: float = 10
    read_seconds: float = 30
    write_seconds: float = 30
    pool_seconds: float = 10
    total_seconds: float = 120
    octets: int = 10 * 1024 * 1024


def http_session(
    reach: Reach,
    *,
    auth: httpx.Auth | tuple[str, str] | None = None,
    authorities: str = "",
    limits: Limits | None = None,
    resolver: Resolver = resolve,
) -> httpx.Client:
    """A session for one account, to be closed by who opens it.

    ``auth`` goes with each request that is made here: where a server can say what is called next, ``reach.hosts`` keeps
    it at home. A redirect carries it on to the same server and to those ``hosts`` only. ``authorities`` (PEM) are
    certificate authorities to trust beside the public ones. Requests raise NotReachable, NoAnswer and AnswerTooLarge,
    and nothing of httpx's for what happens on the network. An answer over TLS shows its server's certificate (DER) in
    the extensions, as ``server_certificate``.
    """
    # They would write URLs, and headers, into whatever log is set up to hear them.
    for talkative in ("httpx", "httpcore"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
    limits = limits or Limits()
    return _Session(
        reach=reach,
        total_seconds=limits.total_seconds,
        transport=GuardedTransport(reach, octets=limits.octets, trusted=_trusted(authorities), resolver=resolver),
        auth=auth,
        timeout=httpx.Timeout(
            connect=limits.connect_seconds,
            read=limits.read_seconds,
            write=limits.write_seconds,
            pool=limits.pool_seconds,
        ),
        headers={"User-Agent": f"hxdav/{__version__}", "Accept-Encoding": "gzip"},
        trust_env=False,
    )


@cache
def _trusted(authorities: str) -> ssl.SSLContext:
    """TLS that trusts these authorities beside the public ones, which take tens of milliseconds to read."""
    context = httpx.create_ssl_context(trust_env=False)
    if authorities:
        context.load_verify_locations(cadata=authorities)
    return context


class _Session(httpx.Client):
    """Follows redirects by our own rule; httpx's turns a PROPFIND into a GET, and drops credentials at a partition."""

    def __init__(self, *, reach: Reach, total_seconds: float, **options: Any) -> None:
        super().__init__(**options)
        self._reach = reach
        self._total_seconds = total_seconds

    def build_request(self, method: str, url: httpx.URL | str, **options: Any) -> httpx.Request:
        """A request; raises NotReachable where ``url`` is no address."""
        parts_of(str(url))
        return super().build_request(method, url, **options)

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send a request, and again wherever it is redirected to."""
        options["follow_redirects"] = False
        with within(self._total_seconds):
            response = super().send(request, **options)
            passed: list[httpx.Response] = []
            while _is_redirect(response):
                passed.append(response)
                response.close()
                response = super().send(self._redirected(response, passed, options), **options)
            response.history = passed
            return response

    def _redirected(
        self, response: httpx.Response, passed: list[httpx.Response], options: dict[str, Any]
    ) -> httpx.Request:
        before = response.request
        host = before.url.host
        if len(passed) > _REDIRECTS:
            raise NoAnswer(host, f"The server {host} sends hxdav from one address to the next.")
        try:
            target = httpx.URL(joined(str(before.url), response.headers["Location"]))
        except NotReachable:
            raise NoAnswer(host, f"The server {host} sends hxdav to something that is no address.") from None
        if before.url.scheme == "https" and target.scheme != "https":
            raise NotReachable(host, f"The server {host} sends hxdav on without TLS, where nothing would be secret.")
        dropped = _MADE_ANEW
        if not self._may_know(target, before.url):
            dropped |= {"authorization"}
            options["auth"] = None
        headers = [(name, value) for name, value in before.headers.multi_items() if name not in dropped]
        return self.build_request(before.method, target, headers=headers, content=before.read())

    def _may_know(self, target: httpx.URL, before: httpx.URL) -> bool:
        """Whether credentials go along: to a host that is admitted by name, or to the same server."""
        if self._reach.names(target.raw_host.decode("ascii")):
            return True
        return target.host == before.host and (target.port == before.port or target.scheme != before.scheme)


def _is_redirect(response: httpx.Response) -> bool:
    if "Location" not in response.headers:
        return False
    reads = response.request.method in {"GET", "HEAD"}
    return response.status_code in _KEPT or (response.status_code == _SEE_OTHER and reads)
