"""A practitioner's appointments: the week, and each with its story, its history and what can be done about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from http import HTTPStatus
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for

from hxdav.domain.appointment import Appointment
from hxdav.domain.edit import Refused
from hxdav.domain.ids import AppointmentId
from hxdav.domain.refusal import SENTENCES, Reason
from hxdav.domain.removal import Removal
from hxdav.errors import NotFound
from hxdav.gate import NOT_RESTORED, CancelAppointment, RestoreVersion, last_other, submit
from hxdav.ical.objects import object_of
from hxdav.services.appointments.agenda import monday_of, own_appointment, week_of, zone_of
from hxdav.services.appointments.history import author_of, differences, outcome_of, past_versions
from hxdav.services.appointments.summary import doubt_about, summary_of
from hxdav.services.integrations.explain import explain
from hxdav.store.appointments import Version
from hxdav.store.store import Tx
from hxdav.web.auth.visitors import Answer, for_practitioners, practitioner, who
from hxdav.web.practitioner.history_text import author_words, changed_words, told_history
from hxdav.web.settings import WebBackend
from hxdav.web.time_text import local_words, span_words

"""A number in an address: no larger than every database can be asked for."""

YEARS = range(1971, 2200)
"""Those in which a day is shown, or an appointment may be."""

VENDOR = "vendor/fullcalendar.js"
"""The calendar, among the files of the pages; ``tools/assets`` makes it."""

_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An appointment of the practitioner's own, in the transaction in which it was read."""

    tx: Tx
    appointment: Appointment
    zone: ZoneInfo


def appointment_routes(backend: WebBackend) -> Blueprint:
    """The week, and the pages of one appointment."""
    pages = _Appointments(backend)
    routes = Blueprint("appointments", __name__, url_prefix="/app/appointments")
    routes.add_url_rule("", "week", for_practitioners(pages.week))
    routes.add_url_rule("/<int:number>", "shown", for_practitioners(pages.shown))
    routes.add_url_rule("/<int:number>/cancel", "ask_to_cancel", for_practitioners(pages.ask_to_cancel))
    routes.add_url_rule("/<int:number>/cancel", "cancel", for_practitioners(pages.cancel), methods=["POST"])
    version = "/<int:number>/versions/<int:revision>"
    routes.add_url_rule(version, "version", for_practitioners(pages.version))
    routes.add_url_rule(version, "restore", for_practitioners(pages.restore), methods=["POST"])
    return routes


@contextmanager
def opened(backend: WebBackend, number: int) -> Iterator[Opened]:
    """One of the practitioner's own appointments, to be read; 404 where it is none of theirs."""
    with backend.store.snapshot() as tx:
        yield _opened(tx, number)


@contextmanager
def changing(backend: WebBackend, number: int) -> Iterator[Opened]:
    """One of the practitioner's own appointments, to be changed; 404 where it is none of theirs."""
    with backend.store.transaction() as tx:
        yield _opened(tx, number)


def _opened(tx: Tx, number: int) -> Opened:
    own = practitioner()
    try:
        appointment = own_appointment(tx, own, number)
    except NotFound:
        abort(HTTPStatus.NOT_FOUND)
    return Opened(tx=tx, appointment=appointment, zone=zone_of(tx, own))


@dataclass(frozen=True, slots=True)
class _Appointments:
    backend: WebBackend

    def week(self) -> Answer:
        own = practitioner()
        with self.backend.store.snapshot() as tx:
            now = self.backend.clock.now().astimezone(zone_of(tx, own))
            today, asked_for = now.date(), _day_asked_for()
            is_agenda = request.args.get("view") == "agenda"
            monday = monday_of(asked_for or today)
            return render_template(
                "week.html",
                calendar=None if is_agenda else VENDOR,
                view="agenda" if is_agenda else None,
                now=now.replace(tzinfo=None),
                shown=asked_for or today,
                days=week_of(tx, practitioner=own, monday=monday),
                today=today,
                before=monday - _WEEK,
                after=monday + _WEEK,
            )

    def shown(self, number: int) -> Answer:
        with opened(self.backend, number) as one:
            tx, appointment = one.tx, one.appointment
            versions = past_versions(tx, appointment)
            return render_template(
                "appointment.html",
                appointment=appointment,
                said=summary_of(appointment.text, practice_zone=one.zone),
                doubt=doubt_about(object_of(appointment.text), practice_zone=one.zone),
                patients=tx.people.patients(appointment.practice.patient_ids),
                places=explain(tx, self.backend.clock, self.backend.policy, appointment_id=appointment.id),
                history=told_history(versions, one.zone),
                undone_by=_last_other([each.version for each in versions]),
                removals=[_removal_words(tx, each, one.zone) for each in tx.removals.of(appointment.id)],
                in_vain=tx.trail.refused_bodies_of(appointment.id),
                zone=one.zone,
                span_words=span_words,
                why=_why,
            )

    def ask_to_cancel(self, number: int) -> Answer:
        with opened(self.backend, number) as one:
            return render_template(
                "cancel.html",
                appointment=one.appointment,
                when=span_words(summary_of(one.appointment.text, practice_zone=one.zone)),
            )

    def cancel(self, number: int) -> Answer:
        refused = self._submit(CancelAppointment(appointment_id=AppointmentId(number)))
        if refused is None:
            flash("Cancelled: it leaves every calendar. You can bring it back below.", "well")
        return redirect(url_for(".shown", number=number))

    def version(self, number: int, revision: int) -> Answer:
        with opened(self.backend, number) as one:
            versions = one.tx.appointments.versions(one.appointment.id)
            wanted = next((each for each in versions if each.revision == revision), None)
            if wanted is None:
                abort(HTTPStatus.NOT_FOUND)
            found = differences(one.tx, versions[-1], wanted, leave_out=NOT_RESTORED)
            return render_template(
                "version.html",
                appointment=one.appointment,
                at=wanted.at.astimezone(one.zone),
                revision=revision,
                changed=changed_words(versions[-1], wanted, found, zone=one.zone),
                lines=found.diff,
            )

    def restore(self, number: int, revision: int) -> Answer:
        refused = self._submit(RestoreVersion(appointment_id=AppointmentId(number), revision=revision))
        if refused is None:
            flash("It is as it was then.", "well")
        return redirect(url_for(".shown", number=number))

    def _submit(self, change: CancelAppointment | RestoreVersion) -> Refused | None:
        """Hand in what the practice wants of one of the practitioner's own; a refusal is told on the next page."""
        backend = self.backend
        with changing(backend, change.appointment_id) as one:
            outcome = submit(one.tx, backend.clock, backend.policy, change=change, source=who().source)
        if isinstance(outcome, Refused):
            flash(outcome.sentence, "trouble")
            return outcome
        return None


def _day_asked_for() -> date | None:
    try:
        day = date.fromisoformat(request.args.get("day", ""))
    except ValueError:
        return None
    return day if day.year in YEARS else None


def _why(reason: str) -> str:
    return SENTENCES[Reason(reason)] if reason in set(Reason) else reason


def _last_other(versions: list[Version]) -> Version | None:
    return last_other(versions) if versions else None


def _removal_words(tx: Tx, removal: Removal, zone: ZoneInfo) -> str:
    said, author = local_words(zone), author_words(author_of(tx, removal.source))
    return f"{said(removal.made_at)} {author}: {outcome_of(removal, said)}."
