"""The demo practice: its people, and appointments around the day on which it is made. Every name is invented."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hxdav.domain.appointment import AppointmentKind, PracticeFields, RecordMark
from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import PatientId, Uid
from hxdav.domain.policy import Policy
from hxdav.domain.practice import Band, Practitioner
from hxdav.domain.times import AllDay, Clock, When, Zoned, day_of
from hxdav.gate import PutAppointment, submit
from hxdav.ical.build import NewObject, build_object
from hxdav.ical.objects import object_of
from hxdav.services.practice.apply_accounts import WantedClinic, WantedPracticeGroup, WantedPractitioner, WantedUser
from hxdav.store.store import Tx

ZONE = "Australia/Sydney"

PRACTICE_GROUP = WantedPracticeGroup(
    key="harbour",
    name="Harbour Street Psychology",
    zone=ZONE,
    band=Band.SILVER,
    clinics=(
        WantedClinic(key="harbour-street", name="Harbour Street", zone=ZONE),
        WantedClinic(key="glenelg", name="Glenelg", zone="Australia/Adelaide"),
    ),
    users=(
        WantedUser(username="robin", name="Robin Hale", administrator=True),
        WantedUser(username="maya", name="Maya Lin"),
        WantedUser(username="tom", name="Tom Okafor"),
    ),
    practitioners=(
        WantedPractitioner(key="maya", name="Maya Lin", username="maya"),
        WantedPractitioner(key="tom", name="Tom Okafor", username="tom"),
    ),
)

_SESSION = timedelta(minutes=50)
_SESSION_DAYS = range(-2, 9)
_SESSION_HOURS = (9, 14)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """An appointment to be: ``patient`` is the invented number of the one who is seen, 0 for a personal one."""

    summary: str
    starts: When
    ends: When
    patient: int = 0
    location: str = ""
    rrule: str = ""
    note: RecordMark = RecordMark.NONE
    invoice: RecordMark = RecordMark.NONE


def book_demo(tx: Tx, clock: Clock, policy: Policy, *, practitioner: Practitioner) -> int:
    """Book the demo's appointments of one practitioner, relative to today; how many."""
    now = clock.now()
    source = Source(authority=Authority.PRACTICE, agent="hxdav demo")
    entries = list(_entries(day_of(now, ZoneInfo(ZONE)), first_patient=1 if practitioner.key == "maya" else 101))
    for number, entry in enumerate(entries, start=1):
        patient_ids: tuple[PatientId, ...] = ()
        if entry.patient:
            patient = tx.people.patient_named(practitioner.practice_group_id, f"Demo Patient {entry.patient}")
            patient_ids = (patient,)
        new = NewObject(
            uid=Uid(f"demo-{practitioner.key}-{number}@hxdav"),
            summary=entry.summary,
            starts=entry.starts,
            ends=entry.ends,
            location=entry.location,
            rrule=entry.rrule,
        )
        change = PutAppointment(
            practitioner_id=practitioner.id,
            appointment_id=None,
            content=object_of(build_object(new, now=now)),
            kind=AppointmentKind.PATIENT if entry.patient else AppointmentKind.PERSONAL,
            practice=PracticeFields(note=entry.note, invoice=entry.invoice, patient_ids=patient_ids),
        )
        submit(tx, clock, policy, change=change, source=source)
    return len(entries)


def _entries(today: date, *, first_patient: int) -> Iterator[_Entry]:
    patient = first_patient
    for offset in _SESSION_DAYS:
        for hour in _SESSION_HOURS:
            starts = _at(today, offset, hour)
            yield _Entry(
                summary=f"Demo Patient {patient}",
                starts=Zoned(starts),
                ends=Zoned(starts + _SESSION),
                patient=patient,
                location="Harbour Street",
                # The first that a calendar shows are protected (rule 6), so that a refusal can be seen.
                note=RecordMark.PRESENT if (offset, hour) == (1, 9) else RecordMark.NONE,
                invoice=RecordMark.PRESENT if (offset, hour) == (1, 14) else RecordMark.NONE,
            )
            patient += 1
    supervision = _at(today, 1, 16)
    yield _Entry(
        summary="Supervision",
        starts=Zoned(supervision),
        ends=Zoned(supervision + timedelta(hours=1)),
        # A year of weeks: over both changes of the clock.
        rrule="FREQ=WEEKLY;COUNT=52",
    )
    lunch = _at(today, 2, 12)
    yield _Entry(summary="Lunch with Ana", starts=Zoned(lunch), ends=Zoned(lunch + timedelta(hours=1)))
    conference = today + timedelta(days=10)
    yield _Entry(
        summary="Conference", starts=AllDay(conference), ends=AllDay(conference + timedelta(days=2)), location="Hobart"
    )


def _at(today: date, offset: int, hour: int) -> datetime:
    return datetime.combine(today + timedelta(days=offset), time(hour), tzinfo=ZoneInfo(ZONE))
