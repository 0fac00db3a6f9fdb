"""What browsers are asked about passkeys, and the form in which their answer comes back (static/passkeys.js)."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response, abort, request, session

from hxdav.domain.passkey import RelyingParty, relying_party
from hxdav.services.access.passkeys import PasskeyAnswer, PasskeyChallenge
from hxdav.web.settings import WebBackend

_ASKED = "asked"


def has_passkeys(backend: WebBackend) -> bool:
    """Whether browsers make passkeys for the address at which they reach these pages."""
    return relying_party(backend.public_url) is not None


def party_of(backend: WebBackend) -> RelyingParty:
    """For whom passkeys are made here; 404 where they are not."""
    found = relying_party(backend.public_url)
    if found is None:
        abort(HTTPStatus.NOT_FOUND)
    return found


def question(asked: PasskeyChallenge) -> Response:
    """What the browser is asked. Its cookie holds by what it is known again, and nobody else's can answer."""
    session[_ASKED] = asked.secret
    return Response(asked.options, mimetype="application/json")


def given_answer() -> PasskeyAnswer:
    """What the browser has answered; whatever it was asked is answered by that."""
    return PasskeyAnswer(secret=session.pop(_ASKED, ""), credential=request.form.get("credential", ""))


def is_answer() -> bool:
    """Whether the form that was sent holds what a passkey says, and not what somebody has typed."""
    return bool(request.form.get("credential"))
