"""Answers: status, headers and body; and the exception that carries one to the edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from hxdav.errors import HxdavError

XML = "text/xml; charset=utf-8"
CALENDAR = "text/calendar; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
FEATURES = "1, 3, calendar-access"
"""DAV compliance classes (RFC 4918 §18, RFC 4791 §5.1): each token changes what clients send, so only what works."""

_NONE: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """``body`` is None where there is none to have."""

    status: HTTPStatus
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


class RequestRefused(HxdavError):
    """Ends a request with ``answer``."""

    def __init__(self, answer: Response) -> None:
        super().__init__(answer.status.phrase)
        self.answer = answer


def plain(status: HTTPStatus, sentence: str, headers: Mapping[str, str] = _NONE) -> Response:
    """An answer that is a sentence."""
    return Response(status=status, headers={"Content-Type": TEXT, **headers}, body=f"{sentence}\n".encode())


def xml(status: HTTPStatus, body: bytes) -> Response:
    """An answer that is an XML document."""
    return Response(status=status, headers={"Content-Type": XML, "DAV": FEATURES}, body=body)


def multistatus(body: bytes) -> Response:
    """207 (RFC 4918 §13)."""
    return xml(HTTPStatus.MULTI_STATUS, body)
