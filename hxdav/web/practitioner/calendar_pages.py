"""One calendar: how it stands and why, what it is told, its devices, its name and its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for

from hxdav.domain.edit import Source
from hxdav.domain.ids import AppPasswordId, IntegrationId
from hxdav.domain.integration import Integration
from hxdav.domain.practice import Practitioner
from hxdav.domain.privacy import PrivacyLevel, level_of
from hxdav.domain.times import Clock
from hxdav.errors import NotFound
from hxdav.gate import level_for
from hxdav.services.access import app_passwords
from hxdav.services.access.logins import PractitionerLogin
from hxdav.services.integrations import connection, control
from hxdav.services.integrations.health import health_of
from hxdav.services.integrations.latency import day_of_lag
from hxdav.store.store import Tx
from hxdav.web.auth.visitors import Answer, for_practitioners, practitioner, who
from hxdav.web.practitioner.privacy_levels import levels_up_to
from hxdav.web.refusal_messages import refusals_told
from hxdav.web.settings import WebBackend

"""A number in an address: no larger than every database can be asked for."""

_STEERED: dict[str, Callable[..., None]] = {
    "look": control.request_pull,
    "pause": control.pause,
    "resume": control.resume,
}


def calendar_routes(backend: WebBackend) -> Blueprint:
    """What there is to see and to do for one calendar, and for the devices' passwords."""
    pages = _Calendars(backend)
    routes = Blueprint("calendars", __name__, url_prefix="/app/settings/integrations")
    routes.add_url_rule("/<int:number>", "shown", for_practitioners(pages.shown))
    steered = f"/<int:number>/<any({', '.join(_STEERED)}):wanted>"
    changes: dict[str, tuple[str, Callable[..., Answer]]] = {
        "steer": (steered, pages.steer),
        "rename": ("/<int:number>/name", pages.rename),
        "set_privacy": ("/<int:number>/privacy", pages.set_privacy),
        "disconnect": ("/<int:number>/disconnect", pages.disconnect),
        "revoke": ("/devices/<int:number>/revoke", pages.revoke),
    }
    for name, (path, change) in changes.items():
        routes.add_url_rule(path, name, for_practitioners(change), methods=["POST"])
    return routes


@dataclass(frozen=True, slots=True)
class _Calendars:
    backend: WebBackend

    def shown(self, number: int) -> Answer:
        own = practitioner()
        with self.backend.store.snapshot() as tx:
            integration = own_integration(tx, own, number)
            group = tx.people.practice_group(own.practice_group_id)
            ceiling = level_of(integration.service, most=group.privacy.get(integration.service), chosen=None)
            return render_template(
                "calendar.html",
                standing=health_of(tx, self.backend.clock, integration=integration),
                lag=day_of_lag(tx, self.backend.clock, integration=integration),
                levels=levels_up_to(ceiling),
                level=level_for(tx, integration.id),
                devices=[each for each in tx.app_passwords.of_user(who().user.id) if each.revoked_at is None],
                zone=ZoneInfo(group.zone),
            )

    def steer(self, number: int, wanted: str) -> Answer:
        with refusals_told(self.backend.store) as tx:
            integration = own_integration(tx, practitioner(), number)
            _STEERED[wanted](tx, self._clock, integration=integration, source=self._source)
        return redirect(url_for(".shown", number=number))

    def rename(self, number: int) -> Answer:
        with refusals_told(self.backend.store) as tx:
            integration = own_integration(tx, practitioner(), number)
            name = request.form.get("name", "")
            connection.rename(tx, self._clock, integration=integration, name=name, source=self._source)
        return redirect(url_for(".shown", number=number))

    def set_privacy(self, number: int) -> Answer:
        chosen = request.form.get("privacy", "")
        if chosen not in set(PrivacyLevel):
            abort(HTTPStatus.BAD_REQUEST)
        with refusals_told(self.backend.store) as tx:
            integration = own_integration(tx, practitioner(), number)
            level = PrivacyLevel(chosen)
            control.set_privacy(tx, self._clock, integration=integration, level=level, source=self._source)
            flash("Kept. What is in the calendar is written anew.", "well")
        return redirect(url_for(".shown", number=number))

    def disconnect(self, number: int) -> Answer:
        with refusals_told(self.backend.store) as tx:
            integration = own_integration(tx, practitioner(), number)
            connection.disconnect(tx, self._clock, integration=integration, source=self._source)
            flash(f"{integration.name} is disconnected.", "well")
        return redirect(url_for("integrations.overview"))

    def revoke(self, number: int) -> Answer:
        login = PractitionerLogin(user=who().user, practitioner=practitioner())
        try:
            with self.backend.store.transaction() as tx:
                app_passwords.revoke_app_password(tx, self._clock, login=login, app_password_id=AppPasswordId(number))
        except NotFound:
            abort(HTTPStatus.NOT_FOUND)
        flash("That device is shut out.", "well")
        return redirect(url_for("integrations.overview"))

    @property
    def _clock(self) -> Clock:
        return self.backend.clock

    @property
    def _source(self) -> Source:
        return who().source


def own_integration(tx: Tx, own: Practitioner, number: int) -> Integration:
    """One of the practitioner's own; 404 where it is none of theirs."""
    found = next((each for each in tx.integrations.of(own.id) if each.id == IntegrationId(number)), None)
    if found is None:
        abort(HTTPStatus.NOT_FOUND)
    return found
