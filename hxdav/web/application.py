"""The web application: pages, hooks and what browsers come back to, beside the calendars; one for each installation."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

from flask import Flask, Response, render_template, request, send_from_directory
from flask_wtf.csrf import CSRFProtect  # type: ignore[import-untyped]
from werkzeug.exceptions import BadHost, HTTPException

from hxdav.errors import OverBudget, StoreBusy, TooManyAtOnce
from hxdav.log import get_logger
from hxdav.web.admin.audit_trail import trail_routes
from hxdav.web.admin.credit_ledger import ledger_routes
from hxdav.web.admin.people import people_routes
from hxdav.web.admin.privacy_policy import policy_routes
from hxdav.web.admin.probes import operations_routes
from hxdav.web.auth.reauthentication import proving_routes
from hxdav.web.auth.second_factor import second_factor_routes
from hxdav.web.auth.security import security_routes
from hxdav.web.auth.sign_in import signing_in_routes
from hxdav.web.auth.visitors import admit_visitors
from hxdav.web.callbacks.consents import consent_routes
from hxdav.web.callbacks.hooks import hook_routes
from hxdav.web.numbers import Number
from hxdav.web.practitioner.add_integration import adding_routes
from hxdav.web.practitioner.apple_profiles import profile_routes
from hxdav.web.practitioner.appointment_forms import appointment_form_routes
from hxdav.web.practitioner.appointments import VENDOR, appointment_routes
from hxdav.web.practitioner.calendar_pages import calendar_routes
from hxdav.web.practitioner.calendar_view import calendar_view_routes
from hxdav.web.practitioner.home import home_routes, surround
from hxdav.web.practitioner.integrations import integration_routes
from hxdav.web.practitioner.latency_chart import lag_routes
from hxdav.web.practitioner.lost_phones import lost_phone_routes
from hxdav.web.practitioner.notifications import notification_routes
from hxdav.web.practitioner.private_feed import feed_routes
from hxdav.web.practitioner.review import review_routes
from hxdav.web.request_facts import tell_request_facts
from hxdav.web.responses import plain, protected
from hxdav.web.settings import WebBackend

_FILES = Path(__file__).parent / "static"
_LONGEST_BODY = 65_536
_PAGES = (
    signing_in_routes,
    second_factor_routes,
    security_routes,
    home_routes,
    appointment_routes,
    appointment_form_routes,
    calendar_view_routes,
    integration_routes,
    adding_routes,
    profile_routes,
    lost_phone_routes,
    calendar_routes,
    lag_routes,
    feed_routes,
    notification_routes,
    review_routes,
    people_routes,
    proving_routes,
    ledger_routes,
    trail_routes,
    policy_routes,
)
_FILES_KEPT = 3600


def make_web(backend: WebBackend) -> Flask:
    """The pages and hooks of an installation."""
    application = Flask("hxdav.web", root_path=str(Path(__file__).parent), static_folder=None)
    application.config["MAX_CONTENT_LENGTH"] = _LONGEST_BODY
    application.url_map.converters["int"] = Number
    hooks = hook_routes(backend)
    for routes in (hooks, consent_routes(backend), operations_routes(backend), *(each(backend) for each in _PAGES)):
        application.register_blueprint(routes)
    admit_visitors(application, backend)
    # Providers hold no token of ours: what they say is proved by theirs.
    CSRFProtect(application).exempt(hooks)
    surround(application, backend)
    application.add_url_rule("/app/files/<path:name>", "files", _file)
    application.register_error_handler(HTTPException, _refused)
    application.register_error_handler(StoreBusy, _busy)
    application.register_error_handler(OverBudget, _busy)
    application.register_error_handler(TooManyAtOnce, _busy)
    application.register_error_handler(Exception, _failed)
    application.after_request(protected)
    tell_request_facts(application)
    return application


def _file(name: str) -> Response:
    if name == VENDOR and request.accept_encodings.quality("gzip") > 0:
        answer = send_from_directory(_FILES, f"{name}.gz", mimetype="text/javascript", max_age=_FILES_KEPT)
        answer.headers["Content-Encoding"] = "gzip"
    else:
        answer = send_from_directory(_FILES, name, max_age=_FILES_KEPT)
    answer.vary.add("Accept-Encoding")
    answer.headers["Cache-Control"] = f"public, max-age={_FILES_KEPT}"
    return answer


def _refused(error: HTTPException) -> Response | tuple[str, HTTPStatus]:
    found = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    if isinstance(error, BadHost):
        # No address of a page can be made for a host that there cannot be.
        return plain(found, "The request names no host that there can be.")
    if not request.path.startswith("/app/"):
        return plain(found, f"{found.phrase}.")
    told = _TOLD.get(found, f"{found.phrase}.")
    return render_template("refused.html", title=found.phrase, told=told), found


_TOLD = {
    HTTPStatus.NOT_FOUND: "There is nothing at this address, or nothing that you may see.",
    HTTPStatus.BAD_REQUEST: "This page was open for too long, or was sent from elsewhere. Go back and try again.",
}


def _busy(error: StoreBusy | OverBudget | TooManyAtOnce) -> Response:
    # Providers call again by themselves after a 5xx.
    answer = plain(HTTPStatus.SERVICE_UNAVAILABLE, str(error) or "hxdav is busy; try again.")
    answer.headers["Retry-After"] = "5"
    return answer


def _failed(error: Exception) -> Response:
    # Neither the address nor the text of the error: both may hold a secret.
    get_logger().error("web_request_failed", exc_info=error)
    return plain(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong here; the administrator can find out what.")
