"""Hooks: a provider says that something has changed in a calendar, and nothing that it says is believed.

All that counts is a token that hxdav gave to the provider for one channel; who knows none wakes nobody.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from http import HTTPStatus

from flask import Blueprint, Response, request

from hxdav.remotes.graph.notifications import Letter, read_letter
from hxdav.web.responses import plain
from hxdav.web.settings import WebBackend

_NOTHING_HERE = "There is nothing at this address."
_NO_LETTER = "This is no collection of change notifications."

_LONGEST_LETTER = 1_048_576
"""Octets; Microsoft puts many notifications into one body."""

_LONGEST_PROOF = 1024
"""Characters of a validation token; Microsoft's have about a hundred."""


def hook_routes(backend: WebBackend) -> Blueprint:
    """The addresses that providers call."""
    routes = Blueprint("hooks", __name__, url_prefix="/hooks")

    @routes.post("/google")
    def google() -> Response:
        """Google's push notification (facts of the Calendar API, "Push notifications"): the token is all that counts.

        It never says what changed, so that the bridge is pulled; the body, the ids and the address are not looked at.
        """
        # Read, so that the connection can be used again, and not looked at; one that is too long ends in 413 here.
        request.get_data(cache=False)
        if request.headers.get("X-Goog-Resource-State") == "sync":
            # The channel begins; nothing has changed for that, and its token may not be stored yet.
            return Response(status=HTTPStatus.OK)
        token = request.headers.get("X-Goog-Channel-Token", "")
        is_known = _heard(backend, Letter(changed={token}))
        return Response(status=HTTPStatus.OK) if is_known else plain(HTTPStatus.NOT_FOUND, _NOTHING_HERE)

    @routes.post("/microsoft")
    def microsoft() -> Response:
        """Graph's change and lifecycle notifications, and the proof that it asks for before there are any.

        https://learn.microsoft.com/graph/change-notifications-delivery-webhooks: answered within three seconds.
        """
        request.max_content_length = _LONGEST_LETTER
        body = request.get_data(cache=False)
        proof = request.args.get("validationToken")
        if proof is not None:
            return _proven(proof)
        letter = read_letter(body)
        if letter is None:
            return plain(HTTPStatus.BAD_REQUEST, _NO_LETTER)
        # Whether a token is known is nobody's affair here: one body may tell of many channels.
        _heard(backend, letter)
        return Response(status=HTTPStatus.ACCEPTED)

    return routes


def _proven(proof: str) -> Response:
    """The proof as it came: anybody can have it said, so it is plain text whatever it looks like."""
    if not 0 < len(proof) <= _LONGEST_PROOF or not proof.isprintable():
        return plain(HTTPStatus.BAD_REQUEST, _NO_LETTER)
    return Response(proof, status=HTTPStatus.OK, mimetype="text/plain")


def _heard(backend: WebBackend, letter: Letter) -> bool:
    """Have the bridges looked at that a letter is about; whether there are any."""
    changed, ended = _digests(backend, letter.changed), _digests(backend, letter.ended)
    # Anybody can call here: who knows no token does not get as far as a transaction that others wait for.
    with backend.store.single_read() as tx:
        called = tx.channels.called(changed | ended)
    if not called:
        return False
    now = backend.clock.now()
    with backend.store.transaction() as tx:
        tx.channels.wake([*called.values()], now=now)
        over = [integration_id for digest, integration_id in called.items() if digest in ended]
        if over:
            tx.channels.end(over, now=now)
    return True


def _digests(backend: WebBackend, tokens: AbstractSet[str]) -> set[str]:
    return {backend.channel_digest(token) for token in tokens}
