"""For whatever watches over the server: whether it is of use. ``serving/`` itself answers whether it runs."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from flask import Blueprint

from hxdav.errors import StoreError
from hxdav.store import health, schema
from hxdav.web.auth.visitors import Answer
from hxdav.web.responses import plain
from hxdav.web.settings import WebBackend

_RETRY_SECONDS = 5


def operations_routes(backend: WebBackend) -> Blueprint:
    """The question, open to all; the answer is about nobody, and leaves no cookie."""
    pages = _Operations(backend)
    routes = Blueprint("operations", __name__)
    routes.add_url_rule("/readyz", "ready", pages.ready)
    return routes


@dataclass(frozen=True, slots=True)
class _Operations:
    backend: WebBackend

    def ready(self) -> Answer:
        try:
            with self.backend.store.snapshot() as tx:
                schema.require_current(tx)
            health.require_room(self.backend.store)
        except StoreError as unready:
            answer = plain(HTTPStatus.SERVICE_UNAVAILABLE, str(unready))
            answer.headers["Retry-After"] = str(_RETRY_SECONDS)
            return answer
        return plain(HTTPStatus.OK, "hxdav is ready.")
