"""What becomes of a put from outside."""

from __future__ import annotations

from datetime import date

import pytest

from hxdav.domain.appointment import AppointmentKind, AppointmentStatus
from hxdav.domain.edit import Applied, Merged, Owned, Precondition, Refused
from hxdav.domain.ids import ETag, Href
from hxdav.domain.notification import NotificationKind
from hxdav.domain.refusal import Reason
from hxdav.store.store import Store
from tests.builders import a_practice, an_object


def test_a_new_object_becomes_a_personal_appointment_and_keeps_its_bytes(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    text = an_object("a@example", "X-ANYTHING:kept", "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT5M\r\nEND:VALARM")

    outcome = practice.put(calendar, "a.ics", text)

    assert isinstance(outcome, Applied)
    assert outcome.created
    assert outcome.etag == practice.shown(calendar)["a.ics"]
    assert practice.text_of(calendar, "a.ics") == text
    assert practice.appointment(outcome.appointment_id).kind is AppointmentKind.PERSONAL


def test_putting_the_same_bytes_again_changes_nothing(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    practice.put(calendar, "a.ics", an_object())
    before = practice.modseq(calendar)

    outcome = practice.put(calendar, "a.ics", an_object())

    assert isinstance(outcome, Applied)
    assert outcome.etag == practice.shown(calendar)["a.ics"]
    assert practice.modseq(calendar) == before


def test_another_state_of_an_object_gets_a_new_etag_and_the_next_modseq(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    first = practice.put(calendar, "a.ics", an_object())
    assert isinstance(first, Applied)

    second = practice.put(calendar, "a.ics", an_object(summary="Lunch"))

    assert isinstance(second, Applied)
    assert second.etag != first.etag
    assert practice.changes(calendar, since=1) == {"a.ics": second.etag}


def test_it_appears_in_the_practitioners_other_calendar_under_a_uid_of_its_own(store: Store) -> None:
    practice = a_practice(store)
    calendar, other = practice.integration("hx-one"), practice.integration("hx-two")

    practice.put(calendar, "a.ics", an_object("a@example"))

    (href,) = practice.shown(other)
    with store.snapshot() as tx:
        shown = tx.feed.objects(other, [href])[href]
    assert shown.uid == "a@example"
    assert shown.shown_uid.endswith("@hxdav")


@pytest.mark.parametrize(
    ("precondition", "reason"),
    [
        (Precondition(if_none_match_any=True), Reason.EXISTS),
        (Precondition(if_match=frozenset({ETag('"other"')})), Reason.STALE),
    ],
)
def test_an_unmet_precondition_refuses_and_keeps_the_body(
    store: Store, precondition: Precondition, reason: Reason
) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    practice.put(calendar, "a.ics", an_object())
    theirs = an_object(summary="Other").encode()

    outcome = practice.put(calendar, "a.ics", theirs, precondition)

    assert outcome == Refused(reason=reason)
    assert practice.text_of(calendar, "a.ics") == an_object()
    with store.snapshot() as tx:
        (kept,) = tx.trail.refused_bodies(practice.practitioner_id)
    assert kept.body == theirs


def test_a_current_etag_is_accepted(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    first = practice.put(calendar, "a.ics", an_object())
    assert isinstance(first, Applied)
    assert first.etag

    outcome = practice.put(calendar, "a.ics", an_object(summary="New"), Precondition(if_match=frozenset({first.etag})))

    assert isinstance(outcome, Applied)


def test_the_practices_words_for_a_patient_appointment_stay_and_the_rest_is_taken(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    booked = practice.book(an_object("p@practice", summary="Jo Doe"), patients=("Jo Doe",))
    (href,) = practice.shown(calendar)
    etag = practice.shown(calendar)[href]
    uid = _shown_uid(store, calendar, href)
    theirs = an_object(
        uid,
        "LOCATION:Room 2",
        "ATTENDEE:mailto:someone@example.com",
        "RRULE:FREQ=DAILY",
        summary="Renamed",
        start="DTSTART;TZID=Australia/Sydney:20261125T090000",
        end="DTEND;TZID=Australia/Sydney:20261125T100000",
    )

    outcome = practice.put(calendar, href, theirs)

    assert outcome == Merged(
        appointment_id=booked.id, overruled=frozenset({Owned.TITLE, Owned.RECURRENCE, Owned.GUESTS})
    )
    kept = practice.text_of(calendar, href)
    assert "SUMMARY:Jo Doe" in kept
    assert "LOCATION:Room 2" in kept
    assert "20261125T090000" in kept
    assert "RRULE" not in kept
    assert "ATTENDEE" not in kept
    assert practice.shown(calendar)[href] != etag
    assert practice.appointment(booked.id).practice.patient_ids == booked.practice.patient_ids


def test_a_title_alone_that_is_overruled_still_brings_ours_back(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    practice.book(an_object("p@practice", summary="Jo Doe"))
    (href,) = practice.shown(calendar)
    before, modseq = practice.shown(calendar)[href], practice.modseq(calendar)

    practice.put(calendar, href, an_object(_shown_uid(store, calendar, href), summary="Renamed"))

    assert practice.changes(calendar, since=modseq) == {href: practice.shown(calendar)[href]}
    assert practice.shown(calendar)[href] != before


def test_a_uid_that_is_shown_already_is_refused_with_its_address(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    practice.put(calendar, "a.ics", an_object("a@example"))

    outcome = practice.put(calendar, "b.ics", an_object("a@example"))

    assert outcome == Refused(reason=Reason.UID_IN_USE, href=Href("a.ics"))
    assert set(practice.shown(calendar)) == {"a.ics"}


def test_an_object_does_not_change_its_uid(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    practice.put(calendar, "a.ics", an_object("a@example"))

    outcome = practice.put(calendar, "a.ics", an_object("b@example"))

    assert isinstance(outcome, Refused)
    assert outcome.reason is Reason.UID_CHANGED


def test_a_uid_known_from_another_calendar_adopts_its_appointment(store: Store) -> None:
    practice = a_practice(store)
    calendar, other = practice.integration("hx-one"), practice.integration("hx-two")
    first = practice.put(calendar, "a.ics", an_object("a@example"))
    assert isinstance(first, Applied)
    (derived,) = practice.shown(other)

    second = practice.put(other, "mine.ics", an_object("a@example"))

    assert isinstance(second, Applied)
    assert second.appointment_id == first.appointment_id
    assert set(practice.shown(other)) == {"mine.ics"}
    assert practice.changes(other, since=1)[derived] is None
    assert set(practice.shown(calendar)) == {"a.ics"}


def test_dragging_a_derived_object_into_the_other_calendar_adopts_it_too(store: Store) -> None:
    practice = a_practice(store)
    calendar, other = practice.integration("hx-one"), practice.integration("hx-two")
    booked = practice.book(an_object("p@practice", summary="Jo Doe"))
    (href,) = practice.shown(calendar)
    dragged = an_object(_shown_uid(store, calendar, href), summary="Jo Doe")

    outcome = practice.put(other, "dragged.ics", dragged)

    assert isinstance(outcome, Applied | Merged)
    assert outcome.appointment_id == booked.id
    assert set(practice.shown(other)) == {"dragged.ics"}


def test_a_calendar_that_is_disconnected_takes_nothing(store: Store) -> None:
    from hxdav.domain.integration import IntegrationState  # noqa: PLC0415

    practice = a_practice(store)
    calendar = practice.integration()
    with store.transaction() as tx:
        tx.integrations.set_state(calendar, IntegrationState.DISCONNECTED)

    outcome = practice.put(calendar, "a.ics", an_object())

    assert isinstance(outcome, Refused)
    assert outcome.reason is Reason.DISCONNECTED
    assert practice.shown(calendar) == {}


def test_a_refused_new_object_is_kept_told_once_a_day_and_judged_afresh(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration(connected_on=date(2026, 11, 22))
    early = an_object(
        start="DTSTART;TZID=Australia/Sydney:20261121T090000", end="DTEND;TZID=Australia/Sydney:20261121T100000"
    )

    for _ in range(2):
        assert isinstance(practice.put(calendar, "a.ics", early), Refused)
    practice.clock.advance(days=1, seconds=1)
    assert isinstance(practice.put(calendar, "a.ics", early), Refused)

    with store.snapshot() as tx:
        told = tx.notifications.of(practice.practitioner_id)
    assert [each.kind for each in told] == [NotificationKind.BEFORE_WINDOW] * 2
    assert practice.shown(calendar) == {}
    assert isinstance(practice.put(calendar, "a.ics", an_object()), Applied)


def test_the_practices_change_of_status_is_kept_through_an_outside_edit(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    booked = practice.book(an_object("p@practice", summary="Jo"), status=AppointmentStatus.ARRIVED)
    (href,) = practice.shown(calendar)

    practice.put(calendar, href, an_object(_shown_uid(store, calendar, href), "LOCATION:Room 2", summary="Jo"))

    assert practice.appointment(booked.id).practice.status is AppointmentStatus.ARRIVED


def _shown_uid(store: Store, calendar: int, href: str) -> str:
    with store.snapshot() as tx:
        return tx.feed.objects(calendar, [href])[href].shown_uid  # type: ignore[arg-type]


def test_no_etag_is_told_where_the_client_gets_other_octets_back(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    torn = an_object(summary="Caf\u00e9").encode().replace(b"\xc3\xa9", b"\xc3\r\n \xa9")

    outcome = practice.put(calendar, "a.ics", torn)

    assert isinstance(outcome, Applied)
    assert outcome.etag is None
    assert "Caf\u00e9" in practice.text_of(calendar, "a.ics")
