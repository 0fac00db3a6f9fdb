"""Hooks: a provider says that something has changed in a calendar, and nothing that it says is believed."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, request

from hxdav.web.answers import plain
from hxdav.web.settings import WebBackend

_NOTHING_HERE = "There is nothing at this address."


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
        return _woken(backend, request.headers.get("X-Goog-Channel-Token", ""))

    return routes


def _woken(backend: WebBackend, token: str) -> Response:
    digest = backend.channel_digest(token)
    # Anybody can call here: who knows no token does not get as far as a transaction that others wait for.
    with backend.store.single_read() as tx:
        is_known = tx.bridges.is_called(digest)
    if is_known:
        with backend.store.transaction() as tx:
            is_known = tx.bridges.wake(digest, now=backend.clock.now())
    return Response(status=HTTPStatus.OK) if is_known else plain(HTTPStatus.NOT_FOUND, _NOTHING_HERE)
