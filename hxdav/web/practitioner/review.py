"""The review: what was deleted outside, and the practitioner's answer to it (rule 7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request, url_for

from hxdav.domain.appointment import Appointment
from hxdav.domain.ids import RemovalId
from hxdav.domain.removal import Removal
from hxdav.domain.removal import ReviewAnswer as Said
from hxdav.errors import NotFound
from hxdav.services.appointments import removal_review
from hxdav.store.store import Tx
from hxdav.web.auth.visitors import Answer, for_practitioners, practitioner, who
from hxdav.web.numbers import whole_number
from hxdav.web.settings import WebBackend

AT_ONCE = 50
"""How many are carried out before the page answers; the worker does the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """A removal in review, and what it would remove; ``where`` is the calendar in which it was deleted."""

    removal: Removal
    appointment: Appointment
    starts: datetime
    where: str


def review_routes(backend: WebBackend) -> Blueprint:
    """The list with a box for each, and the answers."""
    pages = _Review(backend)
    routes = Blueprint("review", __name__)
    routes.add_url_rule("/app/review", "review", for_practitioners(pages.review))
    routes.add_url_rule("/app/review", "answer", for_practitioners(pages.answer), methods=["POST"])
    return routes


@dataclass(frozen=True, slots=True)
class _Review:
    backend: WebBackend

    def review(self) -> Answer:
        own = practitioner()
        with self.backend.store.snapshot() as tx:
            zone = ZoneInfo(tx.people.practice_group(own.practice_group_id).zone)
            waiting = [each for each in tx.removals.in_review(own.id) if each.answer is None]
            deleted = [_deleted(tx, each, zone=zone) for each in waiting]
        return render_template("review.html", deleted=deleted, zone=zone)

    def answer(self) -> Answer:
        said = Said(request.form["answer"])
        chosen = [RemovalId(number) for number in request.form.getlist("removal", type=whole_number)]
        if not chosen:
            flash("Tick the appointments that you mean.", "trouble")
        elif not self._is_kept(chosen, said):
            flash("Some of it was decided in the meantime. Look again.", "trouble")
        else:
            is_done = len(chosen) <= AT_ONCE
            if is_done:
                self._carry_out()
            flash(_told(said, len(chosen), is_done=is_done), "well")
        return redirect(url_for(".review"))

    def _is_kept(self, chosen: list[RemovalId], said: Said) -> bool:
        own, backend = practitioner(), self.backend
        try:
            with backend.store.transaction() as tx:
                removal_review.answer(
                    tx, backend.clock, practitioner=own, removal_ids=chosen, said=said, source=who().source
                )
        except NotFound:
            return False
        return True

    def _carry_out(self) -> None:
        own, backend = practitioner(), self.backend
        with backend.store.transaction() as tx:
            removal_review.carry_out(tx, backend.clock, backend.policy, practitioner_id=own.id, limit=AT_ONCE)


def _told(said: Said, number: int, *, is_done: bool) -> str:
    what = "1 appointment" if number == 1 else f"{number} appointments"
    if is_done:
        return f"{what} {'deleted' if said is Said.APPLY else 'kept'}."
    return f"{what} {'are being deleted' if said is Said.APPLY else 'are being kept'}; that takes a moment."


def _deleted(tx: Tx, removal: Removal, *, zone: ZoneInfo) -> Deleted:
    appointment = tx.appointments.one(removal.appointment_id)
    integration_id = removal.source.integration_id
    return Deleted(
        removal=removal,
        appointment=appointment,
        starts=appointment.starts.astimezone(zone),
        where=tx.integrations.one(integration_id).name if integration_id else "",
    )
