"""What nobody foresaw: recorded at the edge of the request, answered with a sentence."""

from __future__ import annotations

from http import HTTPStatus

from hxdav.dav.responses import Response, plain
from hxdav.errors import StoreBusy
from hxdav.log import get_logger


def busy(error: StoreBusy) -> Response:
    """503 (RFC 9110 §15.6.4): nothing was done, and the client tries again by itself.

    So is an edit that the disk has no room for: after 507 a client must not repeat it by itself (RFC 4918 §11.5).
    """
    return plain(HTTPStatus.SERVICE_UNAVAILABLE, str(error), {"Retry-After": "5"})


def failed(error: Exception, *, method: str, **ids: object) -> Response:
    """500, and a line in the log that tells what happened where."""
    get_logger().error("request_failed", method=method, exc_info=error, **ids)
    return plain(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong here; the administrator can find out what.")
