"""The way back from a provider's consent page: the person's browser brings the answer, and reads what came of it."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, request

from hxdav.services.bridging import Connected
from hxdav.sync.connecting import TOLD
from hxdav.web.answers import page, plain
from hxdav.web.settings import WebBackend


def consent_routes(backend: WebBackend) -> Blueprint:
    """The redirect URIs; each consent counts once, whoever brings it."""
    routes = Blueprint("consents", __name__, url_prefix="/connect")

    @routes.get("/google/callback")
    def google() -> Response:
        """What Google sends a person back with (RFC 6749 §4.1.2)."""
        if request.method != "GET":
            # A programme that only looks where a link leads would use the consent up.
            return plain(HTTPStatus.METHOD_NOT_ALLOWED, "Open this address in a browser.")
        try:
            connected = backend.connector.answered(request.args.to_dict())
        except TOLD as error:
            return page(HTTPStatus.BAD_REQUEST, "Not connected", str(error), "You can close this window.")
        return _welcome(connected)

    return routes


def _welcome(connected: Connected) -> Response:
    account, calendar = connected.account.label, connected.integration.name
    if connected.is_new:
        told = f"The calendar {calendar} appears in the account {account}, and fills within a few minutes."
    else:
        told = f"The calendar {calendar} in the account {account} goes on where it stopped."
    return page(HTTPStatus.OK, "Connected", told, "You can close this window.")
