"""Connections to Google that never send a write twice by themselves.

httplib2 sends a request again where the connection closes before an answer, whatever its method. For a calendar, which
Google makes anew each time, that would make two; and a write that is sent again meets its own new etag.
"""

from __future__ import annotations

import http.client
from typing import Any

import httplib2  # type: ignore[import-untyped]

TIMEOUT = 30.0
"""Seconds to wait for a connection, and for each part of an answer."""

TRANSPORT_ERRORS = (OSError, http.client.HTTPException, httplib2.HttpLib2Error)
"""What tells of no answer, or of half of one."""

_REPEATABLE = frozenset({"GET", "HEAD"})


class _SentOnce:
    """A connection that is not opened again while a write of it waits for its answer."""

    _unanswered = False

    def connect(self) -> None:
        if self._unanswered:
            self._unanswered = False
            raise ConnectionResetError("closed before an answer to a write")
        super().connect()  # type: ignore[misc]

    def request(self, method: str, *args: Any, **kwargs: Any) -> None:
        self._unanswered = False
        super().request(method, *args, **kwargs)  # type: ignore[misc]
        self._unanswered = method not in _REPEATABLE

    def getresponse(self) -> http.client.HTTPResponse:
        answer: http.client.HTTPResponse = super().getresponse()  # type: ignore[misc]
        self._unanswered = False
        return answer


class _Plain(_SentOnce, httplib2.HTTPConnectionWithTimeout):  # type: ignore[misc]
    """To a simulator."""


class _Secure(_SentOnce, httplib2.HTTPSConnectionWithTimeout):  # type: ignore[misc]
    """To Google."""


class _Http(httplib2.Http):  # type: ignore[misc]
    def request(self, uri: str, method: str = "GET", **kwargs: Any) -> Any:
        kind = _Secure if uri.startswith("https:") else _Plain
        return super().request(uri, method, **{**kwargs, "connection_type": kind})


def new_http() -> httplib2.Http:
    """Connections for one thread. They follow no redirect, so that no token goes where it was not meant to."""
    connections = _Http(timeout=TIMEOUT)
    connections.follow_redirects = False
    return connections
