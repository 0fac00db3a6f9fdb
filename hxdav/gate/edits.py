"""The edits that the gate takes: three from outside, three of the practice's own."""

from __future__ import annotations

from dataclasses import dataclass, field

from hxdav.domain.appointment import AppointmentKind, PracticeFields
from hxdav.domain.edit import NO_PRECONDITION, Precondition
from hxdav.domain.ids import AppointmentId, Href, IntegrationId, PractitionerId
from hxdav.domain.refusal import CalendarDataError
from hxdav.ical.objects import CalendarObject, read_object


@dataclass(frozen=True, slots=True, kw_only=True)
class PutObject:
    """A calendar object put at ``href``; ``reading`` is what ``body`` says, or why it cannot be read.

    ``body`` is empty where it was too large to be read at all. ``to_review``: where it asks for a removal, nobody can
    tell whether that was meant, so a person is asked (rule 7).
    """

    integration_id: IntegrationId
    href: Href
    body: bytes
    reading: CalendarObject | CalendarDataError
    precondition: Precondition = NO_PRECONDITION
    to_review: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveObject:
    """The object at ``href`` deleted outside.

    ``revision`` is the state of the appointment that was deleted, where the channel knows it; otherwise the present
    one. ``to_review``: nobody can tell whether it was meant, so a person is asked (rule 7, the first round after a
    pause or a full listing).
    """

    integration_id: IntegrationId
    href: Href
    precondition: Precondition = NO_PRECONDITION
    revision: int | None = None
    to_review: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveObject:
    """The object at ``href`` given another address in the same collection (RFC 4918 §9.9)."""

    integration_id: IntegrationId
    href: Href
    to_href: Href
    overwrite: bool = True
    precondition: Precondition = NO_PRECONDITION


@dataclass(frozen=True, slots=True, kw_only=True)
class PutAppointment:
    """The practice adds an appointment (``appointment_id`` None) or says how one is from now on, in full."""

    practitioner_id: PractitionerId
    appointment_id: AppointmentId | None
    content: CalendarObject
    kind: AppointmentKind
    practice: PracticeFields = field(default_factory=PracticeFields)


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelAppointment:
    """The practice cancels an appointment; the record stays."""

    appointment_id: AppointmentId


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreVersion:
    """The practice brings an earlier state of an appointment back: what came after ``revision`` is undone."""

    appointment_id: AppointmentId
    revision: int


Change = PutObject | RemoveObject | MoveObject | PutAppointment | CancelAppointment | RestoreVersion


def read_body(body: bytes) -> CalendarObject | CalendarDataError:
    """What ``body`` says, or why it cannot be read; done before the transaction, because it takes time."""
    try:
        return read_object(body)
    except CalendarDataError as unreadable:
        return unreadable
