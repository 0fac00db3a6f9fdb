"""The practice's own edits, which no rule binds, and what they do to what is shown."""

from __future__ import annotations

import pytest

from hxdav.domain.appointment import AppointmentKind, AppointmentStatus
from hxdav.domain.edit import Applied, Refused
from hxdav.domain.integration import IntegrationState
from hxdav.domain.refusal import Reason
from hxdav.errors import NotFound
from hxdav.gate import PutAppointment
from hxdav.ical.objects import object_of
from hxdav.store.store import Store
from tests.builders import BY_PRACTICE, a_practice, an_object


def test_a_booking_appears_in_every_connected_calendar_and_in_no_other(store: Store) -> None:
    practice = a_practice(store)
    connected, disconnected = practice.integration("hx-one"), practice.integration("hx-two")
    with store.transaction() as tx:
        tx.integrations.set_state(disconnected, IntegrationState.DISCONNECTED)

    practice.book(an_object(), patients=("Jo Doe",))

    assert len(practice.shown(connected)) == 1
    assert practice.shown(disconnected) == {}


def test_what_a_disconnected_calendar_shows_stays_current(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    booked = practice.book(an_object())
    (href,) = practice.shown(calendar)
    with store.transaction() as tx:
        tx.integrations.set_state(calendar, IntegrationState.DISCONNECTED)

    practice.book(an_object(summary="Moved"), appointment_id=booked.id)

    assert "SUMMARY:Moved" in practice.text_of(calendar, href)


@pytest.mark.parametrize("status", [AppointmentStatus.CANCELLED, AppointmentStatus.ENTERED_IN_ERROR])
def test_a_booking_with_a_status_of_what_is_gone_leaves_every_calendar(store: Store, status: AppointmentStatus) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    booked = practice.book(an_object())

    practice.book(an_object(), appointment_id=booked.id, status=status)

    assert practice.shown(calendar) == {}
    assert practice.appointment(booked.id).practice.status is status


def test_cancelling_twice_is_cancelling_once(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    booked = practice.book(an_object())
    practice.cancel(booked.id)
    modseq = practice.modseq(calendar)

    assert practice.cancel(booked.id) == Applied(appointment_id=booked.id)
    assert practice.modseq(calendar) == modseq


def test_a_cancelled_booking_comes_back_where_it_was(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    booked = practice.book(an_object())
    before = set(practice.shown(calendar))
    practice.cancel(booked.id)

    practice.book(an_object(), appointment_id=booked.id)

    assert set(practice.shown(calendar)) == before


def test_what_comes_back_gives_way_to_what_has_taken_its_address(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    put = practice.put(calendar, "a.ics", an_object("a@example"))
    assert isinstance(put, Applied)
    practice.cancel(put.appointment_id)
    practice.put(calendar, "a.ics", an_object("b@example"))

    practice.book(an_object("a@example"), appointment_id=put.appointment_id, kind=AppointmentKind.PERSONAL)

    (other,) = practice.shown(calendar).keys() - {"a.ics"}
    with store.snapshot() as tx:
        shown = tx.feed.objects(calendar, [other])
    assert shown[other].shown_uid not in {"a@example", "b@example"}


def test_nothing_comes_back_under_a_uid_that_another_appointment_has_by_now(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    put = practice.put(calendar, "a.ics", an_object("a@example"))
    assert isinstance(put, Applied)
    practice.cancel(put.appointment_id)
    practice.put(calendar, "b.ics", an_object("a@example"))

    outcome = practice.submit(
        PutAppointment(
            practitioner_id=practice.practitioner_id,
            appointment_id=put.appointment_id,
            content=object_of(an_object("a@example")),
            kind=AppointmentKind.PERSONAL,
        ),
        source=BY_PRACTICE,
    )

    assert isinstance(outcome, Refused)
    assert outcome.reason is Reason.UID_IN_USE
    assert set(practice.shown(calendar)) == {"b.ics"}


def test_saying_the_same_again_changes_nothing(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    booked = practice.book(an_object(), patients=("Jo Doe",))

    again = practice.book(an_object(), appointment_id=booked.id, patients=("Jo Doe",))

    assert again == booked
    assert practice.modseq(calendar) == 1


def test_what_only_the_practice_knows_changes_nothing_that_is_shown(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    booked = practice.book(an_object(), patients=("Jo Doe",))

    seen = practice.book(an_object(), appointment_id=booked.id, patients=("Jo Doe", "Al Roe"))

    assert len(seen.practice.patient_ids) == 2
    assert practice.modseq(calendar) == 1
    assert seen.modseq == 2


def test_there_is_no_cancelling_of_what_is_not_there(store: Store) -> None:
    with pytest.raises(NotFound, match="no appointment 7"):
        a_practice(store).cancel(7)  # type: ignore[arg-type]


def test_a_move_is_barred_where_an_edit_is_and_finds_nothing_where_nothing_is(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    assert practice.move(calendar, "none.ics", "b.ics") == Refused(reason=Reason.MISSING)
    practice.put(calendar, "a.ics", an_object())
    with store.transaction() as tx:
        tx.integrations.set_state(calendar, IntegrationState.SUSPENDED)

    assert practice.move(calendar, "a.ics", "b.ics") == Refused(reason=Reason.SUSPENDED)
    assert set(practice.shown(calendar)) == {"a.ics"}


@pytest.mark.parametrize(
    ("rule", "kind", "reason"),
    [
        ("RRULE:FREQ=WEEKLY;COUNT=3", AppointmentKind.PATIENT, Reason.PATIENT_RECURS),
        ("RRULE:FREQ=SECONDLY", AppointmentKind.PERSONAL, Reason.TOO_MANY_INSTANCES),
    ],
)
def test_not_even_the_practice_can_have_what_cannot_be(
    store: Store, rule: str, kind: AppointmentKind, reason: Reason
) -> None:
    practice = a_practice(store)
    change = PutAppointment(
        practitioner_id=practice.practitioner_id,
        appointment_id=None,
        content=object_of(an_object("a@example", rule)),
        kind=kind,
    )

    outcome = practice.submit(change, source=BY_PRACTICE)

    assert isinstance(outcome, Refused)
    assert outcome.reason is reason
