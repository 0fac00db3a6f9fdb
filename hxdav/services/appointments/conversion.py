"""A personal appointment turns into one with patients; of a series, the dates that are chosen (rule 5)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from hxdav.domain.appointment import Appointment, AppointmentKind
from hxdav.domain.edit import Outcome, Refused, Source
from hxdav.domain.ids import PatientId
from hxdav.domain.policy import Policy
from hxdav.domain.times import AllDay, Clock, Interval, When, Zoned, day_of, midnight
from hxdav.domain.window import Window
from hxdav.errors import UseCaseError
from hxdav.gate import PutAppointment, submit
from hxdav.ical.build import time_line
from hxdav.ical.fields import timeline_of
from hxdav.ical.objects import CalendarObject, object_of, reaches_on, read_object
from hxdav.ical.patch import drop, set_lines
from hxdav.ical.recurrence import Instance, instances
from hxdav.ical.values import utc_text
from hxdav.services.appointments import booking
from hxdav.services.appointments.booking import Details
from hxdav.services.appointments.summary import Summary, summary_in
from hxdav.services.appointments.updates import require_as_seen
from hxdav.store.store import Tx

LOOKS_BACK = timedelta(days=30)
"""How far back dates of a series can be turned: a session is often written down after it."""

MOST_DATES = 120
"""How many dates of a series are offered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesDate:
    """One date of a series; ``key`` is its RECURRENCE-ID, as occurrences write it."""

    key: str
    said: Summary
    instance: Instance


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """Who is seen: patients that the practice has, by number, and ``names`` of others, who are added.

    ``revision`` is the state of the appointment that somebody looked at; ``keys`` are the dates of a series.
    """

    revision: int
    title: str
    patient_ids: Collection[PatientId]
    names: Sequence[str] = ()
    keys: Collection[str] = ()


def dates_of(tx: Tx, clock: Clock, policy: Policy, *, appointment: Appointment) -> list[SeriesDate]:
    """The dates of a series that can be turned, from a month ago to the horizon; none of a single appointment."""
    if not appointment.recurring:
        return []
    zone, content = _zone(tx, appointment), object_of(appointment.text)
    today = day_of(clock.now(), zone)
    window = Window.of(policy, connected_on=today, now=clock.now(), practice_zone=zone)
    within = Interval(midnight(today - LOOKS_BACK, zone), window.interval.ends)
    found = (
        each
        for each in instances(content, practice_zone=zone, within=within)
        if each.vevent.value("STATUS").upper() != "CANCELLED"
    )
    dates = (_date(content, each, zone) for each in islice(found, MOST_DATES))
    return sorted(dates, key=lambda each: each.said.starts)


def convert(
    tx: Tx, clock: Clock, policy: Policy, *, appointment: Appointment, wish: Conversion, source: Source
) -> Outcome:
    """Turn a personal appointment, or the chosen dates of one, into appointments with patients.

    UseCaseError where that cannot be. The outcome is that of the appointment itself, or the first that is refused.
    """
    require_as_seen(appointment, wish.revision)
    if appointment.kind is not AppointmentKind.PERSONAL:
        raise UseCaseError("It is an appointment with patients already.")
    names = _names(tx, appointment, wish)
    if not appointment.recurring:
        details = Details(kind=AppointmentKind.PATIENT, title=wish.title or None, patients=names)
        return booking.rebook(tx, clock, policy, appointment=appointment, details=details, source=source)
    dates = [each for each in dates_of(tx, clock, policy, appointment=appointment) if each.key in wish.keys]
    if not dates or len(dates) != len(set(wish.keys)):
        raise UseCaseError("Tick the dates that you mean, of those that are offered.")
    for each in dates:
        details = _details_of(each, _zone(tx, appointment), names=names, title=wish.title)
        booked = booking.book(
            tx, clock, policy, practitioner_id=appointment.practitioner_id, details=details, source=source
        )
        if isinstance(booked, Refused):
            raise UseCaseError(booked.sentence)
    change = _without(tx, clock, appointment=appointment, dates=dates)
    return submit(tx, clock, policy, change=change, source=source)


def _names(tx: Tx, appointment: Appointment, wish: Conversion) -> list[str]:
    chosen = tx.patients.some(appointment.practice_group_id, wish.patient_ids)
    if len(chosen) != len(set(wish.patient_ids)):
        raise UseCaseError("One of these patients is none of the practice's. Choose again.")
    names = [*(each.name for each in chosen), *(name.strip() for name in wish.names if name.strip())]
    if not names:
        raise UseCaseError("Choose a patient, or type the name of a new one.")
    return names


def _date(content: CalendarObject, instance: Instance, zone: ZoneInfo) -> SeriesDate:
    said = summary_in(content, instance.vevent, practice_zone=zone)
    starts, ends = (
        moment.astimezone(zone).replace(tzinfo=None) for moment in (instance.interval.starts, instance.interval.ends)
    )
    if said.all_day:
        ends = max(starts, ends - timedelta(days=1))
    own = Summary(
        title=said.title, starts=starts, ends=ends, all_day=said.all_day, place=said.place, comment=said.comment
    )
    return SeriesDate(key=instance.recurrence_id, said=own, instance=instance)


def _details_of(date: SeriesDate, zone: ZoneInfo, *, names: Sequence[str], title: str) -> Details:
    interval, said = date.instance.interval, date.said
    starts: When = Zoned(interval.starts.astimezone(zone))
    ends: When = Zoned(interval.ends.astimezone(zone))
    if said.all_day:
        starts, ends = AllDay(said.starts.date()), AllDay(said.ends.date() + timedelta(days=1))
    return Details(
        kind=AppointmentKind.PATIENT,
        title=title or said.title,
        starts=starts,
        ends=ends,
        location=said.place,
        comments=said.comment,
        patients=names,
    )


def _without(tx: Tx, clock: Clock, *, appointment: Appointment, dates: Sequence[SeriesDate]) -> PutAppointment:
    """The series without these dates: as EXDATE, and without what was said of them alone."""
    zone, content = _zone(tx, appointment), object_of(appointment.text)
    if content.master is None:
        raise UseCaseError("Only some dates of this series are known here. Change it in your calendar program.")
    timeline = timeline_of(content, zone)
    lines = [f"{line.name}{line.params}:{line.value}" for line in content.master.all("EXDATE")]
    starts = (timeline.when(timeline.local_at(each.instance.original)) for each in dates)
    lines += [time_line("EXDATE", each) for each in starts]
    known = {each.instance.vevent.start for each in dates}
    # One that also tells of later dates stays: the EXDATE takes its own away.
    gone = (each for each in content.overrides if each.start in known and not reaches_on(each))
    text = drop(appointment.text, gone)
    now = utc_text(clock.now())
    changes = {"EXDATE": lines, "DTSTAMP": [f"DTSTAMP:{now}"], "LAST-MODIFIED": [f"LAST-MODIFIED:{now}"]}
    return PutAppointment(
        practitioner_id=appointment.practitioner_id,
        appointment_id=appointment.id,
        content=read_object(set_lines(text, changes).encode()),
        kind=appointment.kind,
        practice=replace(appointment.practice, patient_ids=()),
    )


def _zone(tx: Tx, appointment: Appointment) -> ZoneInfo:
    return ZoneInfo(tx.people.practice_group(appointment.practice_group_id).zone)
