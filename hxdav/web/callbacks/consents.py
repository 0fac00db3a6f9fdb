"""The way back from a provider's consent page: the person's browser brings the answer, and reads what came of it."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, request

from hxdav.connect.connector import TOLD
from hxdav.services.integrations.bridges import Connected
from hxdav.services.integrations.consents import ApprovalAsked
from hxdav.web.responses import PageLink, page, plain
from hxdav.web.settings import WebBackend

_CLOSE = "You can close this window."


def consent_routes(backend: WebBackend) -> Blueprint:
    """The redirect URIs; each consent counts once, whoever brings it, and knows itself which service it is for."""
    routes = Blueprint("consents", __name__, url_prefix="/connect")

    @routes.before_request
    def only_browsers() -> Response | None:
        """A programme that only looks where a link leads would use the consent up."""
        if request.method in {"GET", "OPTIONS"}:
            return None
        return plain(HTTPStatus.METHOD_NOT_ALLOWED, "Open this address in a browser.")

    @routes.get("/google/callback")
    def google() -> Response:
        """What Google sends a person back with (RFC 6749 §4.1.2)."""
        return _answered(backend)

    @routes.get("/exchange/callback")
    def exchange() -> Response:
        """What an Exchange server's sign-in service sends a person back with."""
        return _answered(backend)

    @routes.get("/microsoft/callback")
    def microsoft() -> Response:
        """What Microsoft sends a person back with, and an administrator who was asked to approve hxdav."""
        return _of_administrator() or _answered(backend)

    return routes


def _answered(backend: WebBackend) -> Response:
    try:
        connected = backend.connector.answered(request.args.to_dict())
    except ApprovalAsked as error:
        return page(HTTPStatus.BAD_REQUEST, "Not connected", error.sentence, PageLink(error.link), _CLOSE)
    except TOLD as error:
        return page(HTTPStatus.BAD_REQUEST, "Not connected", str(error), _CLOSE)
    return _welcome(connected)


def _of_administrator() -> Response | None:
    """What comes without a state is an administrator's, who was sent a link: nothing here depends on what it says."""
    if request.args.get("state"):
        return None
    if request.args.get("error"):
        return _not_approved()
    return _approved() if request.args.get("admin_consent") else None


def _welcome(connected: Connected) -> Response:
    account, calendar = connected.account.label, connected.integration.name
    if connected.is_new:
        told = f"The calendar {calendar} appears in the account {account}, and fills within a few minutes."
    else:
        told = f"The calendar {calendar} in the account {account} goes on where it stopped."
    return page(HTTPStatus.OK, "Connected", told, _CLOSE)


def _approved() -> Response:
    told = (
        "Microsoft lets people of your organisation use hxdav now. Each practitioner still decides for their own "
        "account: tell them that they can connect their calendar."
    )
    return page(HTTPStatus.OK, "Approved", told, _CLOSE)


def _not_approved() -> Response:
    told = (
        "Microsoft has not approved hxdav for your organisation. Open the link again, sign in as an administrator who "
        "may approve applications, and choose Accept."
    )
    return page(HTTPStatus.BAD_REQUEST, "Not approved", told, _CLOSE)
