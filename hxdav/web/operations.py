"""For whatever watches over the server: whether this process answers, and whether it is of use."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from flask import Blueprint

from hxdav.errors import StoreError
from hxdav.store import schema
from hxdav.web.answers import plain
from hxdav.web.settings import WebBackend
from hxdav.web.visitors import Answer

PROBES = frozenset({"/healthz", "/readyz"})
"""Their paths; no user has such a name (``services/account_problems.py``)."""


def operations_routes(backend: WebBackend) -> Blueprint:
    """The two questions, open to all; neither answer is about anybody, and neither leaves a cookie."""
    pages = _Operations(backend)
    routes = Blueprint("operations", __name__)
    routes.add_url_rule("/healthz", "healthy", healthy)
    routes.add_url_rule("/readyz", "ready", pages.ready)
    return routes


def healthy() -> Answer:
    """This process answers; it says nothing of the store, for whose sake nobody is to start it anew."""
    return plain(HTTPStatus.OK, "hxdav answers.")


@dataclass(frozen=True, slots=True)
class _Operations:
    backend: WebBackend

    def ready(self) -> Answer:
        try:
            with self.backend.store.snapshot() as tx:
                schema.require_current(tx)
        except StoreError as unready:
            return plain(HTTPStatus.SERVICE_UNAVAILABLE, str(unready))
        return plain(HTTPStatus.OK, "hxdav is ready.")
