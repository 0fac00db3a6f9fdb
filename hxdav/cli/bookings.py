"""``hxdav appointments add`` and ``edit``."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from hxdav.cli.arguments import LARGEST_ID, TypedTimes, local_time, zone
from hxdav.cli.console import AsJson, print_json, say
from hxdav.cli.session import BY_PRACTICE, installation, practitioner_named
from hxdav.domain.appointment import AppointmentKind, AppointmentStatus, RecordMark
from hxdav.domain.edit import Applied, Outcome, Refused
from hxdav.domain.ids import AppointmentId, PracticeGroupId
from hxdav.errors import UseCaseError
from hxdav.services.appointments import booking
from hxdav.services.appointments.booking import Details
from hxdav.store.store import Tx

DEFAULT_MINUTES = 50
"""How long a new appointment takes where nothing is said of it."""

Title = Annotated[str | None, typer.Option(help="What the calendar shows.")]
Kind = Annotated[AppointmentKind | None, typer.Option(help="By default patient where there are patients.")]
Patients = Annotated[list[str] | None, typer.Option("--patient", metavar="NAME", help="Who is seen; repeatable.")]
End = Annotated[
    datetime | None, typer.Option(parser=local_time, metavar="TIME", help="When it ends; all day: its last day.")
]
Minutes = Annotated[int | None, typer.Option(min=0, help="How long it takes, instead of --end.")]
AllDayFlag = Annotated[bool, typer.Option("--all-day", help="Whole days, without times.")]
InZone = Annotated[
    ZoneInfo | None,
    typer.Option("--zone", parser=zone, metavar="ZONE", help="Of the times; by default the practice's."),
]
Location = Annotated[str | None, typer.Option(help="Where.")]
Comments = Annotated[str | None, typer.Option(help="What calendars call the description.")]
Rrule = Annotated[
    str | None, typer.Option(metavar="RULE", help='How it repeats, as "FREQ=WEEKLY;COUNT=10"; personal ones only.')
]
Note = Annotated[RecordMark | None, typer.Option(help="Whether there is a clinical note.")]
Invoice = Annotated[RecordMark | None, typer.Option(help="Whether there is an invoice.")]
StatusCode = Annotated[AppointmentStatus | None, typer.Option("--status", metavar="CODE", help="FHIR's code.")]


def add(
    ctx: typer.Context,
    *,
    practitioner: Annotated[str, typer.Option(metavar="KEY", help="Whose appointment it is.")],
    start: Annotated[
        datetime, typer.Option(parser=local_time, metavar="TIME", help='When it starts, as "2026-11-24 09:00".')
    ],
    end: End = None,
    minutes: Minutes = None,
    all_day: AllDayFlag = False,
    in_zone: InZone = None,
    title: Title = None,
    kind: Kind = None,
    patient: Patients = None,
    location: Location = None,
    comments: Comments = None,
    rrule: Rrule = None,
    note: Note = None,
    invoice: Invoice = None,
    code: StatusCode = None,
    as_json: AsJson = False,
) -> None:
    """Add an appointment."""
    here = installation(ctx)
    whose = practitioner_named(here, practitioner)
    times = TypedTimes(start=start, end=end, minutes=minutes, all_day=all_day)
    with here.store.transaction() as tx:
        reading = _zone(tx, whose.practice_group_id, in_zone)
        details = Details(
            kind=kind,
            title=title,
            starts=times.starts(reading),
            ends=times.ends(reading, otherwise=DEFAULT_MINUTES),
            location=location,
            comments=comments,
            rrule=rrule,
            status=code,
            note=note,
            invoice=invoice,
            patients=patient,
        )
        outcome = booking.book(
            tx, here.clock, here.policy, practitioner_id=whose.id, details=details, source=BY_PRACTICE
        )
    _report(outcome, as_json=as_json)


def edit(
    ctx: typer.Context,
    appointment_id: Annotated[int, typer.Argument(metavar="ID", max=LARGEST_ID, help="Number of the appointment.")],
    *,
    start: Annotated[datetime | None, typer.Option(parser=local_time, metavar="TIME", help="When it starts.")] = None,
    end: End = None,
    minutes: Minutes = None,
    all_day: AllDayFlag = False,
    in_zone: InZone = None,
    title: Title = None,
    kind: Kind = None,
    patient: Patients = None,
    location: Location = None,
    comments: Comments = None,
    rrule: Rrule = None,
    note: Note = None,
    invoice: Invoice = None,
    code: StatusCode = None,
    as_json: AsJson = False,
) -> None:
    """Change what is said of an appointment, and nothing else; an empty text takes that text away."""
    here = installation(ctx)
    times = TypedTimes(start=start, end=end, minutes=minutes, all_day=all_day)
    with here.store.transaction() as tx:
        appointment = tx.appointments.one(AppointmentId(appointment_id))
        reading = _zone(tx, appointment.practice_group_id, in_zone)
        details = Details(
            kind=kind,
            title=title,
            starts=times.starts(reading),
            ends=times.ends(reading),
            location=location,
            comments=comments,
            rrule=rrule,
            status=code,
            note=note,
            invoice=invoice,
            patients=patient or None,
        )
        outcome = booking.rebook(
            tx, here.clock, here.policy, appointment=appointment, details=details, source=BY_PRACTICE
        )
    _report(outcome, as_json=as_json)


def _zone(tx: Tx, practice_group_id: PracticeGroupId, chosen: ZoneInfo | None) -> ZoneInfo:
    return chosen or ZoneInfo(tx.people.practice_group(practice_group_id).zone)


def _report(outcome: Outcome, *, as_json: bool) -> None:
    if isinstance(outcome, Refused):
        raise UseCaseError(outcome.sentence)
    created = isinstance(outcome, Applied) and outcome.created
    if as_json:
        print_json({"id": outcome.appointment_id, "created": created})
        return
    say(f"Appointment {outcome.appointment_id} is {'added' if created else 'as you said'}.")
