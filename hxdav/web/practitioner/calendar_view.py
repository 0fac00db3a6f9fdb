"""What the calendar on the appointments' page asks for: what takes place, and that something be moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Any

from flask import Blueprint, jsonify, request, url_for
from werkzeug.wrappers import Response

from hxdav.domain.appointment import RecordMark
from hxdav.domain.edit import Refused
from hxdav.domain.refusal import CalendarDataError
from hxdav.errors import UseCaseError
from hxdav.services.appointments import updates
from hxdav.services.appointments.agenda import Occasion, occasions_between
from hxdav.services.appointments.summary import Summary, summary_of
from hxdav.web.auth.visitors import Answer, for_practitioners, practitioner, who
from hxdav.web.numbers import whole_number
from hxdav.web.practitioner.appointments import YEARS, changing
from hxdav.web.settings import WebBackend
from hxdav.web.time_text import span_words

LONGEST = timedelta(days=62)
"""How much can be asked for at once: more than a month's page shows."""

_DAY = timedelta(days=1)


def calendar_view_routes(backend: WebBackend) -> Blueprint:
    """What the calendar's script calls; it is told in JSON."""
    pages = _CalendarView(backend)
    routes = Blueprint("calendar_view", __name__, url_prefix="/app/appointments")
    routes.add_url_rule("/between", "between", for_practitioners(pages.between))
    routes.add_url_rule("/<int:number>/move", "move", for_practitioners(pages.move), methods=["POST"])
    return routes


@dataclass(frozen=True, slots=True)
class _CalendarView:
    backend: WebBackend

    def between(self) -> Answer:
        first, until = _day_in(request.args, "start"), _day_in(request.args, "end")
        if first is None or until is None or not timedelta(0) < until - first <= LONGEST:
            return _told("Ask for one day or more, and for no more than 62.", HTTPStatus.BAD_REQUEST)
        with self.backend.store.snapshot() as tx:
            found = occasions_between(tx, practitioner=practitioner(), first=first, until=until)
        return jsonify([_shown(each) for each in found])

    def move(self, number: int) -> Answer:
        backend, form = self.backend, request.form
        try:
            with changing(backend, number) as one:
                wanted = _wanted(form, summary_of(one.appointment.text, practice_zone=one.zone))
                outcome = updates.amend(
                    one.tx,
                    backend.clock,
                    backend.policy,
                    appointment=one.appointment,
                    revision=form.get("revision", 0, type=whole_number),
                    wanted=wanted,
                    source=who().source,
                )
        except (UseCaseError, CalendarDataError) as refused:
            return _told(str(refused), HTTPStatus.CONFLICT)
        if isinstance(outcome, Refused):
            return _told(outcome.sentence, HTTPStatus.CONFLICT)
        return _told(f"Moved to {span_words(wanted)}.", HTTPStatus.OK)


def _told(sentence: str, http_status: HTTPStatus) -> Response:
    answer: Response = jsonify(told=sentence)
    answer.status_code = http_status
    return answer


def _shown(found: Occasion) -> dict[str, Any]:
    """An occasion in FullCalendar's words, and what our script makes of the rest."""
    appointment = found.appointment
    number = appointment.id
    return {
        "id": str(number),
        "title": found.title or "Appointment",
        "start": _written(found.starts, all_day=found.all_day),
        "end": _written(found.ends, all_day=found.all_day),
        "allDay": found.all_day,
        "url": url_for("appointments.shown", number=number),
        "kind": appointment.kind.value,
        "patients": [each for each in found.patients if each != found.title],
        "place": found.place,
        "marks": list(_marks(found)),
        "waits": found.removal is not None,
        "repeats": appointment.recurring,
        # The form asks for a title, and a repeating one is changed where it is asked which dates are meant.
        "mayMove": not appointment.recurring and bool(found.title.strip()),
        "revision": appointment.revision,
        "moveUrl": url_for(".move", number=number),
        "editUrl": url_for("appointment_forms.edit", number=number),
    }


def _marks(found: Occasion) -> list[str]:
    """What marks an appointment, in the words of its own page."""
    appointment = found.appointment
    marks = ["a deletion waits"] if found.removal is not None else []
    if appointment.practice.status.value != "booked":
        marks.append(appointment.practice.status.value)
    for name, mark in (("note", appointment.practice.note), ("invoice", appointment.practice.invoice)):
        if mark is not RecordMark.NONE:
            marks.append(name if mark is RecordMark.PRESENT else f"{name} not known")
    return marks


def _written(local: datetime, *, all_day: bool) -> str:
    return local.date().isoformat() if all_day else local.isoformat(timespec="seconds")


def _wanted(form: Mapping[str, str], present: Summary) -> Summary:
    """What an appointment is to say: what it does, at other times."""
    starts, ends = _local_in(form, "start"), _local_in(form, "end")
    all_day = bool(form.get("all_day"))
    # A calendar's all-day span ends on the day after the last.
    return replace(present, starts=starts, ends=ends - _DAY if all_day else ends, all_day=all_day)


def _local_in(form: Mapping[str, str], name: str) -> datetime:
    try:
        found = datetime.fromisoformat(form.get(name, ""))
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None or found.year not in YEARS:
        raise UseCaseError("Say from when until when it is.")
    return found


def _day_in(typed: Mapping[str, str], name: str) -> date | None:
    try:
        day = date.fromisoformat(typed.get(name, ""))
    except ValueError:
        return None
    return day if day.year in YEARS else None
