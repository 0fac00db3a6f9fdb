"""Appointments added and changed on the pages: what is said otherwise is changed, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hxdav.domain.appointment import Appointment, AppointmentKind
from hxdav.domain.edit import Outcome, Source
from hxdav.domain.policy import Policy
from hxdav.domain.practice import Practitioner
from hxdav.domain.times import AllDay, Clock, When, Zoned
from hxdav.errors import UseCaseError
from hxdav.services.appointments import booking
from hxdav.services.appointments.agenda import zone_of
from hxdav.services.appointments.booking import Details
from hxdav.services.appointments.summary import Summary, summary_of
from hxdav.store.store import Tx

_DAY = timedelta(days=1)


def add(
    tx: Tx,
    clock: Clock,
    policy: Policy,
    *,
    practitioner: Practitioner,
    wanted: Summary,
    patients: Sequence[str],
    source: Source,
) -> Outcome:
    """Add an appointment; with ``patients`` it is one of theirs, otherwise a personal one."""
    _require_sense(wanted)
    details = _details(None, wanted, zone=zone_of(tx, practitioner), patients=patients)
    return booking.book(tx, clock, policy, practitioner_id=practitioner.id, details=details, source=source)


def amend(
    tx: Tx,
    clock: Clock,
    policy: Policy,
    *,
    appointment: Appointment,
    revision: int,
    wanted: Summary,
    source: Source,
) -> Outcome:
    """Make an appointment what is wanted, as far as that is not what it says already.

    UseCaseError where it repeats, is gone, or is no more as it was in ``revision``, when somebody looked at it.
    """
    require_as_seen(appointment, revision)
    if appointment.recurring:
        raise UseCaseError("It repeats, so it is changed in your calendar program, which asks which dates you mean.")
    _require_sense(wanted)
    zone = ZoneInfo(tx.people.practice_group(appointment.practice_group_id).zone)
    present = summary_of(appointment.text, practice_zone=zone)
    details = _details(present, wanted, zone=zone, patients=())
    return booking.rebook(tx, clock, policy, appointment=appointment, details=details, source=source)


def require_as_seen(appointment: Appointment, revision: int) -> None:
    """Raise UseCaseError where an appointment is gone, or has been changed since somebody looked at it."""
    if appointment.is_gone:
        raise UseCaseError("It does not take place any more. Bring it back first.")
    if appointment.revision != revision:
        raise UseCaseError("It was changed in the meantime. Look at it as it is now, and change it again.")


def _require_sense(wanted: Summary) -> None:
    if not wanted.title.strip():
        raise UseCaseError("Say what it is called.")
    if wanted.ends < wanted.starts:
        raise UseCaseError("It ends before it starts. Change one of the two times.")


def _details(present: Summary | None, wanted: Summary, *, zone: ZoneInfo, patients: Sequence[str]) -> Details:
    has_moved = present is None or _times(present) != _times(wanted)
    return Details(
        kind=AppointmentKind.PATIENT if patients else None,
        title=_unless_same(present.title if present else "", wanted.title),
        starts=_when(wanted.starts, zone, all_day=wanted.all_day) if has_moved else None,
        ends=_end(wanted, zone) if has_moved else None,
        location=_unless_same(present.place if present else "", wanted.place),
        comments=_unless_same(present.comment if present else "", wanted.comment),
        patients=patients or None,
    )


def _unless_same(present: str, wanted: str) -> str | None:
    """``wanted``, unless it differs only in what a form does not keep: spaces, and lines that end in one."""
    return None if present.split() == wanted.split() else wanted


def _times(said: Summary) -> tuple[datetime, datetime, bool]:
    return said.starts, said.ends, said.all_day


def _when(local: datetime, zone: ZoneInfo, *, all_day: bool) -> When:
    return AllDay(local.date()) if all_day else Zoned(local.replace(tzinfo=zone))


def _end(wanted: Summary, zone: ZoneInfo) -> When:
    # The end of an all-day appointment is kept as the day after it (RFC 5545 §3.6.1).
    return _when(wanted.ends + _DAY if wanted.all_day else wanted.ends, zone, all_day=wanted.all_day)
