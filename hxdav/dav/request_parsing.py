"""A request as it arrives: proxies believed or not, the path decoded, what Radicale must not see taken out.

Radicale leaves to whoever stands in front of it: paths in the client's encoding, chunked bodies, and headers that any
client can send and it would believe.
"""

from __future__ import annotations

from http import HTTPStatus

from hxdav.dav.addresses import BadAddress, Target, target_of
from hxdav.dav.responses import RequestRefused, plain
from hxdav.net.proxies import Environ


def decoded_path(environ: Environ) -> str:
    """The path as its client meant it: WSGI hands octets on as if they were Latin-1 (PEP 3333)."""
    script = environ.get("SCRIPT_NAME", "")
    try:
        path: str = (script + environ.get("PATH_INFO", "")).encode("latin-1").decode()
    except (UnicodeDecodeError, UnicodeEncodeError):
        raise RequestRefused(plain(HTTPStatus.BAD_REQUEST, "The path is not UTF-8.")) from None
    return path


def target_within(path: str, prefix: str) -> Target:
    """What a decoded path leads to in the tree that begins at ``prefix``."""
    if path == "*":
        path = prefix
    if path != prefix and not path.startswith(prefix + "/"):
        raise RequestRefused(plain(HTTPStatus.NOT_FOUND, "There is nothing at this address."))
    try:
        return target_of(path[len(prefix) :])
    except BadAddress:
        raise RequestRefused(
            plain(HTTPStatus.BAD_REQUEST, "This is not an address that a calendar can have.")
        ) from None


def body_of(environ: Environ, *, limit: int, patience: int) -> bytes | None:
    """The whole body, chunked or not; None where it is longer than ``limit``.

    A longer one is read past in small pieces, up to ``patience`` octets, and never held in memory.
    """
    is_chunked = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
    length = None if is_chunked else _content_length(environ)
    if length == 0:
        return b""
    pieces: list[bytes] = []
    size = 0
    while length is None or size < length:
        piece = environ["wsgi.input"].read(_PIECE if length is None else min(_PIECE, length - size))
        if not piece:
            break
        size += len(piece)
        if size > patience:
            return None
        if size <= limit:
            pieces.append(piece)
    if length is not None and size < length:
        raise RequestRefused(plain(HTTPStatus.BAD_REQUEST, "The body is shorter than announced."))
    return b"".join(pieces) if size <= limit else None


_PIECE = 65_536


def _content_length(environ: Environ) -> int:
    length = environ.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdigit()):
        raise RequestRefused(plain(HTTPStatus.BAD_REQUEST, "Content-Length is not a number."))
    return int(length)
