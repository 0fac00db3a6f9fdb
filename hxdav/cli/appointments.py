"""``hxdav appointments``: what takes place, and the practice's own word on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from heapq import merge
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from hxdav.cli import history
from hxdav.cli.arguments import LARGEST_ID, day
from hxdav.cli.console import AsJson, confirm, print_json, say
from hxdav.cli.session import BY_PRACTICE, installation, practitioner_named
from hxdav.cli.tables import print_rows
from hxdav.domain.appointment import Appointment
from hxdav.domain.edit import Refused
from hxdav.domain.ids import AppointmentId
from hxdav.domain.practice import Practitioner
from hxdav.domain.refusal import SENTENCES, Reason
from hxdav.domain.removal import Removal
from hxdav.domain.times import Interval, midnight
from hxdav.errors import UseCaseError
from hxdav.gate import NOT_RESTORED, CancelAppointment, RestoreVersion, last_other, submit
from hxdav.ical.objects import object_of
from hxdav.ical.occurrence_index import first_interval
from hxdav.services.appointments.history import differences
from hxdav.store.appointments import Version
from hxdav.store.store import Tx

_COLUMNS = ("id", "practitioner", "kind", "status", "start", "end", "repeats", "title", "note", "invoice", "removal")


def list_(
    ctx: typer.Context,
    *,
    practitioner: Annotated[str | None, typer.Option(metavar="KEY", help="Of one practitioner only.")] = None,
    from_day: Annotated[date | None, typer.Option("--from", parser=day, metavar="DATE", help="From this day.")] = None,
    to_day: Annotated[date | None, typer.Option("--to", parser=day, metavar="DATE", help="To this day's end.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the appointments that take place, by start."""
    here = installation(ctx)
    chosen = practitioner_named(here, practitioner) if practitioner else None
    with here.store.snapshot() as tx:
        listed = [
            list(_listed(tx, each, from_day=from_day, to_day=to_day))
            for each in ([chosen] if chosen else tx.people.practitioners())
        ]
    # Each practitioner's are by start already.
    by_start = merge(*listed, key=lambda each: (each.appointment.starts, each.appointment.id))
    print_rows(map(_row, by_start), as_json=as_json, columns=_COLUMNS)


def show(
    ctx: typer.Context,
    appointment_id: Annotated[int, typer.Argument(metavar="ID", max=LARGEST_ID, help="Number of the appointment.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show one appointment, with the calendar object that clients read."""
    here = installation(ctx)
    with here.store.snapshot() as tx:
        found = tx.appointments.one(AppointmentId(appointment_id))
        practitioner = tx.people.practitioner(found.practitioner_id)
        under_way = tx.removals.open_of(found.id)
        row = _row(
            _Listed(
                appointment=found,
                practitioner=practitioner,
                zone=_zone_of(tx, practitioner),
                patients=[each.name for each in tx.people.patients(found.practice.patient_ids)]
                if found.practice.patient_ids
                else [],
                removal=history.outcome_of(under_way) if under_way else None,
            )
        )
    if as_json:
        print_json(row | {"text": found.text})
        return
    for name, value in row.items():
        if value not in (None, "", []):
            shown = ", ".join(value) if isinstance(value, list) else value
            typer.echo(f"{name.replace('_', ' '):<14}{shown}")
    typer.echo("\n" + found.text.replace("\r\n", "\n"))


def cancel(
    ctx: typer.Context,
    appointment_id: Annotated[int, typer.Argument(metavar="ID", max=LARGEST_ID, help="Number of the appointment.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Cancel an appointment: it leaves every calendar, and its record stays."""
    here = installation(ctx)
    confirm(f"Cancel appointment {appointment_id}?", yes=yes)
    change = CancelAppointment(appointment_id=AppointmentId(appointment_id))
    with here.store.transaction() as tx:
        submit(tx, here.clock, here.policy, change=change, source=BY_PRACTICE)
    say(f"Appointment {appointment_id} is cancelled.")


def restore(
    ctx: typer.Context,
    appointment_id: Annotated[int, typer.Argument(metavar="ID", max=LARGEST_ID, help="Number of the appointment.")],
    *,
    revision: Annotated[
        int | None,
        typer.Option(metavar="N", help="Number of the version; by default the last one that undoes an edit."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Bring an earlier version of an appointment back, after showing what that changes.

    Whether it has a note or an invoice stays as it is now: that is no edit to be undone.
    """
    here = installation(ctx)
    number = AppointmentId(appointment_id)
    with here.store.snapshot() as tx:
        tx.appointments.one(number)
        versions = tx.appointments.versions(number)
        wanted = _wanted(versions, revision)
        found = differences(tx, versions[-1], wanted, leave_out=NOT_RESTORED)
    typer.echo(f"Version {wanted.revision} of {wanted.at:%Y-%m-%d %H:%M:%S %Z} would change:")
    history.print_differences(found)
    confirm(f"Bring version {wanted.revision} of appointment {number} back?", yes=yes)
    change = RestoreVersion(appointment_id=number, revision=wanted.revision)
    with here.store.transaction() as tx:
        outcome = submit(tx, here.clock, here.policy, change=change, source=BY_PRACTICE)
    if isinstance(outcome, Refused):
        raise UseCaseError(outcome.sentence)
    say(f"Appointment {number} is as it was in version {wanted.revision}.")


def _wanted(versions: Sequence[Version], revision: int | None) -> Version:
    if revision is None:
        found = last_other(versions)
        if found is None:
            raise UseCaseError("There is no other version in which it took place; see its history.")
        return found
    for version in versions:
        if version.revision == revision:
            return version
    raise UseCaseError(SENTENCES[Reason.VERSION_GONE])


def _removals(tx: Tx, practitioner: Practitioner) -> dict[AppointmentId, Removal]:
    """A practitioner's removals on their way, by appointment."""
    waiting = tx.removals.held(practitioner.id) + tx.removals.in_review(practitioner.id)
    return {each.appointment_id: each for each in waiting}


def _repeats(found: Appointment, zone: ZoneInfo) -> str:
    """How long a series goes on; empty for a single appointment."""
    if not found.recurring:
        return ""
    return f"until {found.ends.astimezone(zone):%Y-%m-%d}" if found.ends else "without end"


def _zone_of(tx: Tx, practitioner: Practitioner) -> ZoneInfo:
    return ZoneInfo(tx.people.practice_group(practitioner.practice_group_id).zone)


def _days(first: date, last: date, zone: ZoneInfo) -> Interval:
    after = last if last == date.max else last + timedelta(days=1)
    starts = midnight(max(first, date(2, 1, 1)), zone)
    return Interval(starts, max(starts, midnight(min(after, date(9999, 12, 30)), zone)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """An appointment, and what is shown of it besides."""

    appointment: Appointment
    practitioner: Practitioner
    zone: ZoneInfo
    patients: list[str]
    removal: str | None


def _listed(tx: Tx, whose: Practitioner, *, from_day: date | None, to_day: date | None) -> Iterator[_Listed]:
    """A practitioner's appointments, by start."""
    zone = _zone_of(tx, whose)
    within = _days(from_day or date.min, to_day or date.max, zone) if from_day or to_day else None
    removals = _removals(tx, whose)
    found = tx.appointments.of(whose.id, within)
    names = {
        each.id: each.name
        for each in tx.people.patients({number for each in found for number in each.practice.patient_ids})
    }
    for each in found:
        under_way = removals.get(each.id)
        yield _Listed(
            appointment=each,
            practitioner=whose,
            zone=zone,
            patients=sorted(names[number] for number in each.practice.patient_ids),
            removal=under_way.state if under_way else None,
        )


def _first(found: Appointment, zone: ZoneInfo) -> Interval:
    """When an appointment takes place for the first time; of a series only its text says how long that is."""
    if found.recurring or found.ends is None:
        return first_interval(object_of(found.text), practice_zone=zone)
    return Interval(found.starts, found.ends)


def _row(listed: _Listed) -> dict[str, Any]:
    found, zone = listed.appointment, listed.zone
    first = _first(found, zone)
    return {
        "id": found.id,
        "practitioner": listed.practitioner.key,
        "kind": found.kind,
        "status": found.practice.status,
        "start": first.starts.astimezone(zone),
        "end": first.ends.astimezone(zone),
        "repeats": _repeats(found, zone),
        "title": found.summary,
        "patients": listed.patients,
        "note": found.practice.note,
        "invoice": found.practice.invoice,
        "uid": found.uid,
        "revision": found.revision,
        "created_at": found.created_at,
        "updated_at": found.updated_at,
        "removed_at": found.removed_at,
        "removal": listed.removal,
    }
