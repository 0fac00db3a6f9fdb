"""The web application: what providers and browsers call, beside the calendars; made anew for each installation."""

from __future__ import annotations

from http import HTTPStatus

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from hxdav.errors import StoreBusy
from hxdav.log import get_logger
from hxdav.web.answers import plain, protected
from hxdav.web.consents import consent_routes
from hxdav.web.hooks import hook_routes
from hxdav.web.settings import WebBackend

BEGINNINGS = ("/hooks/", "/connect/")
"""Of the paths that are not the calendars'; no user has such a name (``services/account_problems.py``)."""

_LONGEST_BODY = 65_536


def make_web(backend: WebBackend) -> Flask:
    """The pages and hooks of an installation."""
    application = Flask("hxdav.web", static_folder=None)
    application.config["MAX_CONTENT_LENGTH"] = _LONGEST_BODY
    application.register_blueprint(hook_routes(backend))
    application.register_blueprint(consent_routes(backend))
    application.register_error_handler(HTTPException, _refused)
    application.register_error_handler(StoreBusy, _busy)
    application.register_error_handler(Exception, _failed)
    application.after_request(protected)
    return application


def _refused(error: HTTPException) -> Response:
    found = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    return plain(found, f"{found.phrase}.")


def _busy(_error: StoreBusy) -> Response:
    # Providers call again by themselves after a 5xx.
    answer = plain(HTTPStatus.SERVICE_UNAVAILABLE, "hxdav is busy; try again.")
    answer.headers["Retry-After"] = "5"
    return answer


def _failed(error: Exception) -> Response:
    # Neither the address nor the text of the error: both may hold a secret.
    get_logger().error("web_request_failed", exc_info=error)
    return plain(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong here; the administrator can find out what.")
