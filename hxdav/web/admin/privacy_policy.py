"""How much each service is told at most, as the practice has set it (rule 11): read, never changed here."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, render_template

from hxdav.domain.integration import Service
from hxdav.domain.privacy import level_of
from hxdav.web.auth.visitors import Answer, for_administrators, who
from hxdav.web.practitioner.privacy_levels import LEVELS
from hxdav.web.settings import WebBackend


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """The most that a service is told, in words; ``is_set`` where the practice has said so."""

    service: Service
    words: str
    is_set: bool


def policy_routes(backend: WebBackend) -> Blueprint:
    """The levels."""
    pages = _Policy(backend)
    routes = Blueprint("policy", __name__)
    routes.add_url_rule("/app/practice/privacy", "shown", for_administrators(pages.shown))
    return routes


@dataclass(frozen=True, slots=True)
class _Policy:
    backend: WebBackend

    def shown(self) -> Answer:
        with self.backend.store.snapshot() as tx:
            group = tx.people.practice_group(who().user.practice_group_id)
        ceilings = [
            Ceiling(
                service=service,
                words=LEVELS[level_of(service, most=group.privacy.get(service), chosen=None)],
                is_set=service in group.privacy,
            )
            for service in Service
        ]
        return render_template("policy.html", group=group, ceilings=ceilings)
