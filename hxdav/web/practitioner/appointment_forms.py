"""Forms for appointments: a new one, a change, and the turn of a personal one into one with patients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from http import HTTPStatus
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request, url_for

from hxdav.domain.appointment import Appointment
from hxdav.domain.edit import Outcome, Refused
from hxdav.domain.ids import PatientId
from hxdav.domain.refusal import CalendarDataError
from hxdav.errors import UseCaseError
from hxdav.services.appointments import conversion, updates
from hxdav.services.appointments.agenda import zone_of
from hxdav.services.appointments.summary import Summary, summary_of
from hxdav.web.auth.visitors import Answer, for_practitioners, practitioner, who
from hxdav.web.numbers import whole_number
from hxdav.web.practitioner.appointments import changing, opened
from hxdav.web.settings import WebBackend
from hxdav.web.time_text import span_words

_USUALLY = timedelta(minutes=50)
_FIRST_HOUR = 9
_MOST_FOUND = 20
_ASKED_FOR = ("from", "until", "last", "all_day")
_YEARS = range(1971, 2200)


def appointment_form_routes(backend: WebBackend) -> Blueprint:
    """The forms, and what becomes of them."""
    pages = _Forms(backend)
    routes = Blueprint("appointment_forms", __name__, url_prefix="/app/appointments")
    routes.add_url_rule("/new", "new", for_practitioners(pages.new))
    routes.add_url_rule("/new", "add", for_practitioners(pages.add), methods=["POST"])
    routes.add_url_rule("/<int:number>/edit", "edit", for_practitioners(pages.edit))
    routes.add_url_rule("/<int:number>/edit", "amend", for_practitioners(pages.amend), methods=["POST"])
    routes.add_url_rule("/<int:number>/patients", "choose", for_practitioners(pages.choose))
    routes.add_url_rule("/<int:number>/patients", "turn", for_practitioners(pages.turn), methods=["POST"])
    return routes


@dataclass(frozen=True, slots=True)
class _Forms:
    backend: WebBackend

    def new(self) -> Answer:
        typed = _typed_new(self._day()) | {
            name: _line(request.args, name) for name in _ASKED_FOR if name in request.args
        }
        return render_template("appointment_form.html", appointment=None, typed=typed, refused="")

    def add(self) -> Answer:
        backend, own, typed = self.backend, practitioner(), request.form
        try:
            with backend.store.transaction() as tx:
                outcome = updates.add(
                    tx,
                    backend.clock,
                    backend.policy,
                    practitioner=own,
                    wanted=_wanted(typed),
                    patients=_patients(typed),
                    source=who().source,
                )
            number = _number(outcome)
        except (UseCaseError, CalendarDataError) as refused:
            return _again("appointment_form.html", refused, appointment=None, typed=typed)
        flash("Added.", "well")
        return redirect(url_for("appointments.shown", number=number))

    def edit(self, number: int) -> Answer:
        with opened(self.backend, number) as one:
            said = summary_of(one.appointment.text, practice_zone=one.zone)
            return render_template("appointment_form.html", appointment=one.appointment, typed=_typed(said), refused="")

    def amend(self, number: int) -> Answer:
        backend, typed = self.backend, request.form
        with opened(backend, number) as one:
            before = one.appointment
        try:
            with changing(backend, number) as one:
                outcome = updates.amend(
                    one.tx,
                    backend.clock,
                    backend.policy,
                    appointment=one.appointment,
                    revision=typed.get("revision", 0, type=whole_number),
                    wanted=_wanted(typed),
                    source=who().source,
                )
            _number(outcome)
        except (UseCaseError, CalendarDataError) as refused:
            return _again("appointment_form.html", refused, appointment=before, typed=typed)
        flash("Changed.", "well")
        return redirect(url_for("appointments.shown", number=number))

    def choose(self, number: int) -> Answer:
        return self._chooser(number)

    def turn(self, number: int) -> Answer:
        backend, form = self.backend, request.form
        wish = conversion.Conversion(
            revision=form.get("revision", 0, type=whole_number),
            title=_line(form, "title"),
            patient_ids=form.getlist("patient", type=_patient_id),
            names=[_line(form, "name")],
            keys=form.getlist("date"),
        )
        try:
            with changing(backend, number) as one:
                outcome = conversion.convert(
                    one.tx,
                    backend.clock,
                    backend.policy,
                    appointment=one.appointment,
                    wish=wish,
                    source=who().source,
                )
            _number(outcome)
        except (UseCaseError, CalendarDataError) as refused:
            return self._chooser(number, refused=str(refused)), HTTPStatus.BAD_REQUEST
        turned = "Each of those dates is an appointment of its own now, with" if wish.keys else "It is now with"
        flash(f"{turned} a patient. Your calendars show that at their next look.", "well")
        return redirect(url_for("appointments.shown", number=number))

    def _chooser(self, number: int, *, refused: str = "") -> str:
        words, backend = _line(request.args, "find"), self.backend
        with opened(backend, number) as one:
            tx, appointment = one.tx, one.appointment
            group_id = appointment.practice_group_id
            return render_template(
                "patients.html",
                appointment=appointment,
                said=summary_of(appointment.text, practice_zone=one.zone),
                dates=conversion.dates_of(tx, backend.clock, backend.policy, appointment=appointment),
                find=words,
                found=tx.patients.named_like(group_id, words, limit=_MOST_FOUND) if words else [],
                typed=request.form,
                refused=refused,
                span_words=span_words,
            )

    def _day(self) -> date:
        """The day on which a new appointment is, unless it is typed otherwise."""
        with self.backend.store.snapshot() as tx:
            zone: ZoneInfo = zone_of(tx, practitioner())
        return _day_in(request.args, "day") or self.backend.clock.now().astimezone(zone).date()


def _number(outcome: Outcome) -> int:
    """Of the appointment that was changed; raises UseCaseError where it was not."""
    if isinstance(outcome, Refused):
        raise UseCaseError(outcome.sentence)
    return outcome.appointment_id


def _again(template: str, refused: Exception, *, appointment: Appointment | None, typed: Mapping[str, str]) -> Answer:
    """The form once more, as it was typed, and what is wrong with it."""
    page = render_template(template, appointment=appointment, typed=typed, refused=str(refused))
    return page, HTTPStatus.BAD_REQUEST


def _typed_new(day: date) -> dict[str, str]:
    starts = datetime.combine(day, time(_FIRST_HOUR))
    said = Summary(title="", starts=starts, ends=starts + _USUALLY, all_day=False, place="", comment="")
    return _typed(said) | {"kind": "personal"}


def _typed(said: Summary) -> dict[str, str]:
    """The fields of the form for what an appointment says."""
    return {
        "title": said.title,
        "day": said.starts.date().isoformat(),
        "from": f"{said.starts:%H:%M}",
        "last": said.ends.date().isoformat(),
        "until": f"{said.ends:%H:%M}",
        "all_day": "yes" if said.all_day else "",
        "place": said.place,
        "comment": said.comment,
    }


def _wanted(typed: Mapping[str, str]) -> Summary:
    """What is typed; UseCaseError where it is no day or no time."""
    day = _day_in(typed, "day")
    if day is None:
        raise UseCaseError("Say on which day it is.")
    last = _day_in(typed, "last") if typed.get("last") else day
    if last is None:
        raise UseCaseError("Say on which day it ends, or leave that empty.")
    all_day = bool(typed.get("all_day"))
    begins, ends = (time.min, time.min) if all_day else (_time_in(typed, "from"), _time_in(typed, "until"))
    return Summary(
        title=_line(typed, "title"),
        starts=datetime.combine(day, begins),
        ends=datetime.combine(last, ends),
        all_day=all_day,
        place=_line(typed, "place"),
        comment=_lines(typed, "comment"),
    )


def _patients(typed: Mapping[str, str]) -> list[str]:
    if typed.get("kind") != "patient":
        return []
    name = _line(typed, "patient")
    if not name:
        raise UseCaseError("Type the name of the patient.")
    return [name]


def _line(typed: Mapping[str, str], name: str) -> str:
    """A field of one line, without what nobody can see."""
    return " ".join(_printable(typed.get(name, "")).split())


def _lines(typed: Mapping[str, str], name: str) -> str:
    """A field of several lines, without what nobody can see."""
    return "\n".join(_printable(line).rstrip() for line in typed.get(name, "").splitlines()).strip()


def _printable(text: str) -> str:
    # Some databases take no text with control characters in it, and no calendar needs them.
    return "".join(each if each.isprintable() else " " for each in text)


def _patient_id(typed: str) -> PatientId:
    return PatientId(whole_number(typed))


def _day_in(typed: Mapping[str, str], name: str) -> date | None:
    try:
        day = date.fromisoformat(typed.get(name, ""))
    except ValueError:
        return None
    return day if day.year in _YEARS else None


def _time_in(typed: Mapping[str, str], name: str) -> time:
    try:
        found = time.fromisoformat(typed.get(name, ""))
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None:
        raise UseCaseError("Say from when until when it is, as 09:00, or that it lasts all day.")
    return found
