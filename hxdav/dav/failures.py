"""What nobody foresaw: recorded at the edge of the request, answered with a sentence."""

from __future__ import annotations

from http import HTTPStatus

from hxdav.dav.responses import Response, plain
from hxdav.log import get_logger


def busy() -> Response:
    """503: nothing was done, and the client tries again by itself."""
    sentence = "The calendars cannot be reached at this moment; try again."
    return plain(HTTPStatus.SERVICE_UNAVAILABLE, sentence, {"Retry-After": "5"})


def failed(error: Exception, *, method: str, **ids: object) -> Response:
    """500, and a line in the log that tells what happened where."""
    get_logger().error("request_failed", method=method, exc_info=error, **ids)
    return plain(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong here; the administrator can find out what.")
