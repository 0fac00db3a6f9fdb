"""A practitioner's diary: what takes place, and what of it on each day of a week, with the practice's eyes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from hxdav.domain.appointment import Appointment
from hxdav.domain.ids import AppointmentId, PatientId
from hxdav.domain.practice import Practitioner
from hxdav.domain.removal import Removal
from hxdav.domain.times import Interval, midnight
from hxdav.errors import NotFound
from hxdav.ical.objects import object_of
from hxdav.ical.recurrence import Instance, instances
from hxdav.services.appointments.summary import summary_in
from hxdav.store.store import Tx

_WEEK = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One appointment on one day, at ``from_`` to ``until`` by the clock on the practice's wall.

    They are None where it began before that day, or goes on after it; both are, and ``all_day`` is set, where it has no
    times. ``removal`` is its deletion that is not decided yet.
    """

    appointment: Appointment
    title: str
    patients: tuple[str, ...]
    place: str
    from_: datetime | None
    until: datetime | None
    all_day: bool
    removal: Removal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiaryDay:
    """A day and what takes place on it, the all-day ones first."""

    day: date
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """One time that an appointment takes place, ``starts`` to ``ends`` by the clock on the practice's wall.

    Of an all-day one they are the midnights of its first day and of the day after its last. ``removal`` is its deletion
    that is not decided yet.
    """

    appointment: Appointment
    title: str
    patients: tuple[str, ...]
    place: str
    starts: datetime
    ends: datetime
    all_day: bool
    removal: Removal | None


def own_appointment(tx: Tx, practitioner: Practitioner, number: int) -> Appointment:
    """One of the practitioner's own appointments, a tombstone included; NotFound where it is none of theirs."""
    found = tx.appointments.find(AppointmentId(number))
    if found is None or found.practitioner_id != practitioner.id:
        raise NotFound(f"There is no appointment {number}.")
    return found


def zone_of(tx: Tx, practitioner: Practitioner) -> ZoneInfo:
    """The practice's zone."""
    return ZoneInfo(tx.people.practice_group(practitioner.practice_group_id).zone)


def monday_of(day: date) -> date:
    """The first day of the week in which ``day`` lies."""
    return day - timedelta(days=day.weekday())


def week_of(tx: Tx, *, practitioner: Practitioner, monday: date) -> list[DiaryDay]:
    """Seven days of a practitioner, from ``monday`` on; without what was cancelled or removed."""
    days = [monday + timedelta(days=number) for number in range(_WEEK)]
    writing = _writing(tx, practitioner, first=days[0], until=days[-1] + timedelta(days=1))
    return [DiaryDay(day=day, entries=tuple(writing.entries(day))) for day in days]


def occasions_between(tx: Tx, *, practitioner: Practitioner, first: date, until: date) -> list[Occasion]:
    """What a practitioner has from ``first`` to before ``until``; without what was cancelled or removed."""
    return list(_writing(tx, practitioner, first=first, until=until).occasions())


def _writing(tx: Tx, practitioner: Practitioner, *, first: date, until: date) -> _Writing:
    zone = zone_of(tx, practitioner)
    within = Interval(midnight(first, zone), midnight(until, zone))
    found = tx.appointments.some(tx.occurrences.taking_place(practitioner.id, within))
    appointments = [each for each in found if not each.is_gone]
    waiting = (*tx.removals.held(practitioner.id), *tx.removals.in_review(practitioner.id))
    return _Writing(
        zone=zone,
        names={each.id: each.name for each in tx.people.patients(tuple(_patients(appointments)))},
        removals={each.appointment_id: each for each in waiting},
        found=[instance for each in appointments for instance in _instances(each, within, zone=zone)],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _TakingPlace:
    """One instance of an appointment."""

    appointment: Appointment
    interval: Interval
    title: str
    place: str
    all_day: bool


def _instances(appointment: Appointment, within: Interval, *, zone: ZoneInfo) -> Iterator[_TakingPlace]:
    content = object_of(appointment.text)
    for instance in instances(content, practice_zone=zone, within=within):
        # Of a single appointment the practice's status counts, which has been looked at.
        if not (appointment.recurring and _is_cancelled(instance)):
            said = summary_in(content, instance.vevent, practice_zone=zone)
            yield _TakingPlace(
                appointment=appointment,
                interval=instance.interval,
                title=said.title,
                place=said.place,
                all_day=said.all_day,
            )


def _is_cancelled(instance: Instance) -> bool:
    return instance.vevent.value("STATUS").upper() == "CANCELLED"


def _patients(appointments: Iterable[Appointment]) -> set[PatientId]:
    return {patient_id for each in appointments for patient_id in each.practice.patient_ids}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writing:
    """What was found, and what it takes to write it down."""

    zone: ZoneInfo
    names: dict[PatientId, str]
    removals: dict[AppointmentId, Removal]
    found: list[_TakingPlace]

    def entries(self, day: date) -> Iterator[Entry]:
        """What takes place on ``day``, in its order."""
        whole = Interval(midnight(day, self.zone), midnight(day + timedelta(days=1), self.zone))
        here = [each for each in self.found if each.interval.overlaps(whole)]
        for each in sorted(here, key=lambda one: (not one.all_day, one.interval, one.appointment.id)):
            yield self._entry(each, whole)

    def occasions(self) -> Iterator[Occasion]:
        """Everything, in the order in which it begins."""
        for each in sorted(self.found, key=lambda one: (one.interval, one.appointment.id)):
            yield Occasion(
                appointment=each.appointment,
                title=each.title,
                patients=self._patients(each),
                place=each.place,
                starts=self._wall(each.interval.starts),
                ends=self._wall(each.interval.ends),
                all_day=each.all_day,
                removal=self.removals.get(each.appointment.id),
            )

    def _patients(self, found: _TakingPlace) -> tuple[str, ...]:
        return tuple(self.names[each] for each in found.appointment.practice.patient_ids)

    def _wall(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone).replace(tzinfo=None)

    def _entry(self, found: _TakingPlace, whole: Interval) -> Entry:
        interval, has_times = found.interval, not found.all_day
        starts_here, ends_here = interval.starts >= whole.starts, interval.ends <= whole.ends
        return Entry(
            appointment=found.appointment,
            title=found.title,
            patients=self._patients(found),
            place=found.place,
            from_=interval.starts.astimezone(self.zone) if has_times and starts_here else None,
            until=interval.ends.astimezone(self.zone) if has_times and ends_here else None,
            all_day=found.all_day,
            removal=self.removals.get(found.appointment.id),
        )
