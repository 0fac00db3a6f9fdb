"""The bell: what the practitioner was told, the latest first, each with what to do."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template

from hxdav.web.auth.visitors import Answer, for_practitioners, practitioner
from hxdav.web.practitioner.next_steps import next_step
from hxdav.web.settings import WebBackend

_SHOWN = 100


def notification_routes(backend: WebBackend) -> Blueprint:
    """The list behind the bell."""
    pages = _Notifications(backend)
    routes = Blueprint("notifications", __name__)
    routes.add_url_rule("/app/notifications", "told", for_practitioners(pages.told))
    return routes


@dataclass(frozen=True, slots=True)
class _Notifications:
    backend: WebBackend

    def told(self) -> Answer:
        own, backend = practitioner(), self.backend
        with backend.store.snapshot() as tx:
            listed = tx.notifications.latest(own.id, limit=_SHOWN)
            zone = ZoneInfo(tx.people.practice_group(own.practice_group_id).zone)
            services = {each.id: each.service for each in tx.integrations.of(own.id)}
        if any(each.seen_at is None for each in listed):
            with backend.store.transaction() as tx:
                tx.notifications.see(own.id, upto=listed[0].id, now=backend.clock.now())
        shown = [(each, next_step(each, services)) for each in listed]
        return render_template("notifications.html", listed=shown, zone=zone)
