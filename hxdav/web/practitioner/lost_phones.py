"""A lost phone: one step that shuts it out and takes nothing in any more from its calendar, and what it did before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for

from hxdav.domain.ids import AppointmentId
from hxdav.errors import UseCaseError
from hxdav.services.access import app_passwords
from hxdav.services.access.logins import PractitionerLogin
from hxdav.services.appointments.agenda import zone_of
from hxdav.services.integrations import control
from hxdav.store.app_passwords import AppPassword
from hxdav.store.store import Tx
from hxdav.store.trail import AuditEntry
from hxdav.web.auth.visitors import Answer, for_practitioners, practitioner, who
from hxdav.web.practitioner.calendar_pages import own_integration
from hxdav.web.settings import WebBackend

_DONE = {
    "created": "Added",
    "changed": "Changed",
    "cancelled": "Cancelled",
    "restored": "Brought back",
    "moved": "Given another address",
    "removed": "Deleted",
    "removal_held": "Deleted, which waits to be carried out",
    "removal_in_review": "Deleted, which waits for your review",
    "removal_applied": "Deletion carried out",
    "removal_kept": "Deletion not carried out",
    "refused": "Tried, and was refused",
    "renamed": "Renamed the calendar",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Something that came in: ``number`` and ``title`` are of the appointment, where there is one."""

    at: datetime
    done: str
    number: AppointmentId | None
    title: str


def lost_phone_routes(backend: WebBackend) -> Blueprint:
    """The page that asks, the step itself, and the way back."""
    pages = _LostPhones(backend)
    routes = Blueprint("lost_phones", __name__, url_prefix="/app/settings/integrations")
    path = "/<int:number>/lost"
    routes.add_url_rule(path, "ask", for_practitioners(pages.ask))
    routes.add_url_rule(path, "lose", for_practitioners(pages.lose), methods=["POST"])
    routes.add_url_rule("/<int:number>/let-in", "let_in", for_practitioners(pages.let_in), methods=["POST"])
    return routes


@dataclass(frozen=True, slots=True)
class _LostPhones:
    backend: WebBackend

    def ask(self, number: int) -> Answer:
        """Who it was and what it did, before and after the step."""
        backend, own = self.backend, practitioner()
        with backend.store.snapshot() as tx:
            integration = own_integration(tx, own, number)
            known = tx.app_passwords.of_user(who().user.id)
            device = _device(known, request.args.get("device", ""))
            edits = app_passwords.recent_edits(
                tx, backend.clock, integration=integration, app_password_id=device.id if device else None
            )
            bridge = tx.bridges.find(integration.id)
            return render_template(
                "device_lost.html",
                integration=integration,
                account=tx.external_accounts.one(bridge.account_id) if bridge else None,
                device=device,
                others=[each for each in known if each.revoked_at is None] if bridge is None else [],
                edits=list(_told(tx, edits)),
                zone=zone_of(tx, own),
            )

    def lose(self, number: int) -> Answer:
        backend = self.backend
        login = PractitionerLogin(user=who().user, practitioner=practitioner())
        chosen = request.form.get("device")
        if chosen is None and not self._is_bridged(number):
            flash("Say which device you have lost.", "trouble")
            return redirect(url_for(".ask", number=number))
        try:
            with backend.store.transaction() as tx:
                integration = own_integration(tx, login.practitioner, number)
                device = _device(tx.app_passwords.of_user(login.user.id), chosen or "")
                in_force = device is not None and device.revoked_at is None
                app_passwords.report_lost(
                    tx,
                    backend.clock,
                    backend.policy,
                    login=login,
                    integration=integration,
                    app_password_id=device.id if device and in_force else None,
                )
        except UseCaseError as refused:
            flash(str(refused), "trouble")
        return redirect(url_for(".ask", number=number, device=chosen or None))

    def _is_bridged(self, number: int) -> bool:
        with self.backend.store.snapshot() as tx:
            return own_integration(tx, practitioner(), number).service.is_bridged

    def let_in(self, number: int) -> Answer:
        try:
            with self.backend.store.transaction() as tx:
                integration = own_integration(tx, practitioner(), number)
                control.thaw(tx, self.backend.clock, integration=integration, source=who().source)
            flash("Edits are let in again.", "well")
        except UseCaseError as refused:
            flash(str(refused), "trouble")
        return redirect(url_for("calendars.shown", number=number))


def _device(known: list[AppPassword], named: str) -> AppPassword | None:
    """The user's own device of that number; None where none is named, 404 where it is somebody else's."""
    if not named:
        return None
    found = next((each for each in known if str(each.id) == named), None)
    if found is None:
        abort(HTTPStatus.NOT_FOUND)
    return found


def _told(tx: Tx, edits: list[AuditEntry]) -> Iterator[Edit]:
    for each in edits:
        found = tx.appointments.find(each.appointment_id) if each.appointment_id is not None else None
        yield Edit(
            at=each.at,
            done=_DONE.get(each.action, each.action.replace("_", " ").capitalize()),
            number=found.id if found else None,
            title=found.summary if found else "",
        )
