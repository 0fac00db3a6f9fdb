"""Answers as they go over the wire (RFC 9112)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus

Headers = list[tuple[str, str]]

_WITHOUT_BODY = frozenset({204, 304})
_FAILED = "Something went wrong here; the administrator can find out what."


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, whole."""

    http_status: int
    headers: Headers
    body: bytes

    def octets(self, *, date: str, is_last: bool, to_head: bool) -> bytes:
        """Return the answer to a request; ``is_last``: the connection ends with it, ``to_head``: without the body."""
        has_body = not to_head and self.http_status not in _WITHOUT_BODY
        lines = [_line(self.http_status), f"Date: {date}"]
        is_measured = False
        for name, value in self.headers:
            is_measured = is_measured or name.lower() == "content-length"
            lines.append(f"{name}: {value}")
        if has_body and not is_measured:
            lines.append(f"Content-Length: {len(self.body)}")
        if is_last:
            lines.append("Connection: close")
        head = "\r\n".join(lines)
        if head.count("\n") != len(lines) - 1:
            # A header's value that holds a line would be read as another header.
            return failed().octets(date=date, is_last=is_last, to_head=to_head)
        octets = f"{head}\r\n\r\n".encode("latin-1", "replace")
        return octets + self.body if has_body else octets


@lru_cache(maxsize=256)
def _line(http_status: int) -> str:
    try:
        phrase = HTTPStatus(http_status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {http_status} {phrase}"


def plain(http_status: HTTPStatus, sentence: str, headers: Headers | None = None) -> Answer:
    """Return an answer of one sentence."""
    own = [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store"), *(headers or ())]
    return Answer(http_status.value, own, f"{sentence}\n".encode())


def busy() -> Answer:
    """503: nothing was done, and the client retries by itself."""
    sentence = "hxdav has too much to do at this moment. Retry in a few seconds."
    return plain(HTTPStatus.SERVICE_UNAVAILABLE, sentence, [("Retry-After", "5")])


def failed() -> Answer:
    """500: the log says why."""
    return plain(HTTPStatus.INTERNAL_SERVER_ERROR, _FAILED)
