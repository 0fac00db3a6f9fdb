"""A request: what has arrived of it, and what WSGI is told of it (PEP 3333)."""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

import httptools

from hxdav.serving.answers import Answer

Environ = dict[str, Any]

_MAPPED = "::ffff:"
"""How a socket for both IP versions spells an IPv4 address."""
_OWN_KEYS = {"HTTP_CONTENT_TYPE": "CONTENT_TYPE"}
_DROPPED = frozenset({"HTTP_CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING"})
"""What describes a body on the wire: here it is whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """The two ends of a connection: addresses, our port, and "http" or "https"."""

    scheme: str
    client: str
    host: str
    port: int


@dataclass(slots=True, eq=False)
class HttpRequest:
    """A request that arrives. ``refusal`` is its answer, where that is known before the application is asked."""

    url: bytes = b""
    method: str = ""
    version: str = "1.1"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    size: int = 0
    is_whole: bool = False
    is_last: bool = False
    is_abandoned: bool = False
    refusal: Answer | None = None

    def add_header(self, name: bytes, value: bytes) -> None:
        """Take a header; one that comes again joins the first (RFC 9110 §5.3)."""
        key = _key(name)
        if not key:
            return
        text = value.decode("latin-1")
        known = self.headers.get(key)
        if known is not None:
            text = f"{known}{'; ' if key == 'HTTP_COOKIE' else ', '}{text}"
        self.headers[key] = text

    def add_body(self, piece: bytes, *, kept: int) -> int:
        """Take octets of the body, of which ``kept`` are held in all; return how many more are held now."""
        before = len(self.body)
        self.size += len(piece)
        if before < kept:
            self.body += piece[: kept - before]
        return len(self.body) - before

    @property
    def has_path(self) -> bool:
        """Whether the target is one that can be answered: a path, an absolute URL, or "*" for the whole server."""
        try:
            return bool(self._target)
        except httptools.HttpParserInvalidURLError:
            return False

    @property
    def _target(self) -> tuple[bytes, bytes]:
        """The path and the query as they are on the wire."""
        if self.url == b"*":
            return b"/", b""
        url = httptools.parse_url(self.url)
        return url.path or b"/", url.query or b""

    @property
    def asker(self) -> str:
        """For whom the request counts: its login as it is sent, or its browser, or its address at a proxy."""
        headers = self.headers
        return (
            headers.get("HTTP_AUTHORIZATION") or headers.get("HTTP_COOKIE") or headers.get("HTTP_X_FORWARDED_FOR") or ""
        )

    def environ(self, ends: Ends) -> Environ:
        """Return what the application is told."""
        path, query = self._target
        return {
            **self.headers,
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query.decode("latin-1"),
            "SERVER_NAME": ends.host,
            "SERVER_PORT": str(ends.port),
            "SERVER_PROTOCOL": f"HTTP/{self.version}",
            "REMOTE_ADDR": ends.client.removeprefix(_MAPPED),
            "CONTENT_LENGTH": str(len(self.body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": ends.scheme,
            "wsgi.input": io.BytesIO(self.body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }


@lru_cache(maxsize=512)
def _key(name: bytes) -> str:
    """Return the key of a header; empty for one that is left out.

    With an underscore in its name it would pass for another header: a proxy that replaces X-Forwarded-For lets
    X_Forwarded_For through.
    """
    if b"_" in name:
        return ""
    key = "HTTP_" + name.decode("latin-1").upper().replace("-", "_")
    return "" if key in _DROPPED else _OWN_KEYS.get(key, key)
