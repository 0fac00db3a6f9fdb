"""Where one arrives, and what every page shows around its own content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Flask, redirect, render_template, url_for
from flask_login import current_user  # type: ignore[import-untyped]

from hxdav.web.auth.visitors import Answer, for_visitors, who
from hxdav.web.settings import WebBackend


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """What waits for the practitioner: things that they were told and have not seen, and deletions to be reviewed."""

    unseen: int
    reviews: int


def home_routes(_backend: WebBackend) -> Blueprint:
    """The way in."""
    routes = Blueprint("home", __name__)
    routes.add_url_rule("/app/", "home", for_visitors(home))
    routes.add_url_rule("/app/nobody", "nobody", for_visitors(nobody))
    return routes


def home() -> Answer:
    """Whoever comes in sees their calendars."""
    return redirect(url_for("integrations.overview"))


def nobody() -> Answer:
    """What there is to see for a login that is no practitioner's: for an administrator, the practice."""
    if who().user.administrator:
        return redirect(url_for("people.overview"))
    return render_template("nobody.html")


def surround(application: Flask, backend: WebBackend) -> None:
    """Give every page what stands around its content."""

    @application.context_processor
    def _() -> dict[str, Any]:
        if not current_user.is_authenticated:
            return {"visitor": None, "waiting": None}
        return {"visitor": who(), "waiting": _waiting(backend)}


def _waiting(backend: WebBackend) -> Attention:
    own = who().own
    if own is None:
        return Attention(unseen=0, reviews=0)
    with backend.store.snapshot() as tx:
        reviews = sum(each.answer is None for each in tx.removals.in_review(own.id))
        return Attention(unseen=tx.notifications.unseen(own.id), reviews=reviews)
