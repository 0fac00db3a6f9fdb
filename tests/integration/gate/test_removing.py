"""What becomes of a removal from outside, and of a move."""

from __future__ import annotations

import pytest

from hxdav.domain.appointment import AppointmentKind, AppointmentStatus, RecordMark
from hxdav.domain.edit import Applied, Held, Merged, Precondition, Refused
from hxdav.domain.ids import ETag
from hxdav.domain.notification import NotificationKind
from hxdav.domain.refusal import Reason
from hxdav.store.store import Store
from tests.builders import PracticeWorld, a_practice, an_object


def _shown_uid(practice: PracticeWorld, calendar: int, href: str) -> str:
    with practice.store.snapshot() as tx:
        return tx.feed.objects(calendar, [href])[href].shown_uid  # type: ignore[arg-type]


def test_a_removed_personal_appointment_leaves_every_calendar_and_its_record_stays(store: Store) -> None:
    practice = a_practice(store)
    calendar, other = practice.integration("hx-one"), practice.integration("hx-two")
    put = practice.put(calendar, "a.ics", an_object())
    assert isinstance(put, Applied)
    (derived,) = practice.shown(other)

    outcome = practice.removed(calendar, "a.ics")

    assert outcome == Held(appointment_id=put.appointment_id)
    assert practice.shown(calendar) == practice.shown(other) == {}
    assert practice.changes(calendar, since=1) == {"a.ics": None}
    assert practice.changes(other, since=1) == {derived: None}
    assert practice.appointment(put.appointment_id).removed_at == practice.clock.now()


def test_a_removed_patient_appointment_is_cancelled_and_stays_on_record(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    booked = practice.book(an_object("p@practice"), patients=("Jo Doe",))
    (href,) = practice.shown(calendar)

    practice.removed(calendar, href)

    kept = practice.appointment(booked.id)
    assert kept.practice.status is AppointmentStatus.CANCELLED
    assert kept.practice.patient_ids == booked.practice.patient_ids
    assert practice.shown(calendar) == {}


@pytest.mark.parametrize("mark", [RecordMark.PRESENT, RecordMark.UNKNOWN])
@pytest.mark.parametrize("where", ["note", "invoice"])
def test_a_note_or_an_invoice_or_not_knowing_protects(store: Store, where: str, mark: RecordMark) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    booked = practice.book(an_object("p@practice"), **{where: mark})  # type: ignore[arg-type]
    (href,) = practice.shown(calendar)
    etag, modseq = practice.shown(calendar)[href], practice.modseq(calendar)

    outcome = practice.remove(calendar, href)

    reason = Reason.NOTE_PROTECTS if where == "note" else Reason.INVOICE_PROTECTS
    assert outcome == Refused(reason=reason)
    assert not practice.appointment(booked.id).is_gone
    assert practice.shown(calendar)[href] != etag
    assert set(practice.changes(calendar, since=modseq)) == {href}
    with store.snapshot() as tx:
        assert [each.kind for each in tx.notifications.of(practice.practitioner_id)] == [NotificationKind(reason)]


def test_cancelled_put_on_a_single_is_a_removal(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    booked = practice.book(an_object("p@practice"))
    (href,) = practice.shown(calendar)

    practice.put(calendar, href, an_object(_shown_uid(practice, calendar, href), "STATUS:CANCELLED"))
    assert practice.shown(calendar) == {}
    practice.clock.advance(seconds=60)
    practice.settle()

    assert practice.appointment(booked.id).practice.status is AppointmentStatus.CANCELLED
    assert practice.shown(calendar) == {}


def test_nothing_of_a_cancelling_put_on_a_protected_appointment_is_applied(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    booked = practice.book(an_object("p@practice"), note=RecordMark.PRESENT)
    (href,) = practice.shown(calendar)
    theirs = an_object(_shown_uid(practice, calendar, href), "STATUS:CANCELLED", "LOCATION:Elsewhere")

    outcome = practice.put(calendar, href, theirs)

    assert outcome == Refused(reason=Reason.NOTE_PROTECTS)
    assert practice.appointment(booked.id).text == booked.text


def test_a_stale_etag_removes_nothing(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    practice.put(calendar, "a.ics", an_object())

    outcome = practice.remove(calendar, "a.ics", Precondition(if_match=frozenset({ETag('"old"')})))

    assert outcome == Refused(reason=Reason.STALE)
    assert set(practice.shown(calendar)) == {"a.ics"}


def test_removing_what_is_not_there_says_so(store: Store) -> None:
    practice = a_practice(store)

    assert practice.remove(practice.integration(), "none.ics") == Refused(reason=Reason.MISSING)


def test_putting_a_removed_uid_again_restores_that_appointment_everywhere(store: Store) -> None:
    practice = a_practice(store)
    calendar, other = practice.integration("hx-one"), practice.integration("hx-two")
    booked = practice.book(an_object("p@practice"), patients=("Jo Doe",), status=AppointmentStatus.ARRIVED)
    (href,) = practice.shown(calendar)
    (elsewhere,) = practice.shown(other)
    uid = _shown_uid(practice, calendar, href)
    practice.removed(calendar, href)
    practice.clock.advance(days=29)

    outcome = practice.put(calendar, "again.ics", an_object(uid), Precondition(if_none_match_any=True))

    assert isinstance(outcome, Applied)
    assert outcome.appointment_id == booked.id
    restored = practice.appointment(booked.id)
    assert restored.practice.status is AppointmentStatus.ARRIVED
    assert restored.practice.patient_ids == booked.practice.patient_ids
    assert set(practice.shown(calendar)) == {"again.ics"}
    assert set(practice.shown(other)) == {elsewhere}


def test_after_thirty_days_the_uid_makes_another_appointment(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    first = practice.put(calendar, "a.ics", an_object())
    practice.removed(calendar, "a.ics")
    practice.clock.advance(days=30)
    later = an_object(
        start="DTSTART;TZID=Australia/Sydney:20270110T090000", end="DTEND;TZID=Australia/Sydney:20270110T100000"
    )

    second = practice.put(calendar, "a.ics", later)

    assert isinstance(first, Applied)
    assert isinstance(second, Applied)
    assert second.appointment_id != first.appointment_id
    assert practice.appointment(second.appointment_id).kind is AppointmentKind.PERSONAL


def test_what_the_practice_cancelled_is_not_brought_back_from_outside(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    booked = practice.book(an_object("p@practice"))
    (href,) = practice.shown(calendar)
    uid = _shown_uid(practice, calendar, href)
    practice.cancel(booked.id)

    outcome = practice.put(calendar, "again.ics", an_object(uid))

    assert isinstance(outcome, Applied)
    assert outcome.appointment_id != booked.id
    assert practice.appointment(booked.id).practice.status is AppointmentStatus.CANCELLED


def test_a_move_shows_the_same_object_at_the_new_address_with_one_modseq(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    practice.put(calendar, "a.ics", an_object())

    outcome = practice.move(calendar, "a.ics", "b.ics")

    assert isinstance(outcome, Applied)
    assert outcome.created
    assert practice.changes(calendar, since=1) == {"a.ics": None, "b.ics": practice.shown(calendar)["b.ics"]}
    with store.snapshot() as tx:
        assert {each.modseq for each in tx.feed.changes(calendar, 1)} == {2}  # type: ignore[arg-type]


def test_a_move_there_and_back_reports_each_address_once(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    practice.put(calendar, "a.ics", an_object())

    practice.move(calendar, "a.ics", "b.ics")
    practice.move(calendar, "b.ics", "a.ics")

    assert practice.changes(calendar) == {"a.ics": practice.shown(calendar)["a.ics"], "b.ics": None}


def test_a_move_onto_another_appointment_is_refused_whole(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    practice.put(calendar, "a.ics", an_object("a@example"))
    practice.put(calendar, "b.ics", an_object("b@example"))
    etag = practice.shown(calendar)["a.ics"]

    outcome = practice.move(calendar, "a.ics", "b.ics")

    assert isinstance(outcome, Refused)
    assert (outcome.reason, outcome.href) == (Reason.UID_CHANGED, "b.ics")
    assert set(practice.shown(calendar)) == {"a.ics", "b.ics"}
    assert practice.shown(calendar)["a.ics"] != etag
    assert practice.removals() == []
    assert practice.move(calendar, "a.ics", "b.ics", overwrite=False) == Refused(reason=Reason.EXISTS)


@pytest.mark.parametrize("removed_after", [0, 60])
def test_dragging_an_object_into_another_calendar_removes_nothing(store: Store, removed_after: int) -> None:
    practice = a_practice(store)
    calendar, other = practice.integration("hx-one"), practice.integration("hx-two")
    put = practice.put(calendar, "a.ics", an_object())
    assert isinstance(put, Applied)
    practice.clock.advance(hours=1)
    etag = practice.shown(calendar)["a.ics"]

    practice.put(other, "dragged.ics", an_object())
    practice.clock.advance(seconds=removed_after)
    outcome = practice.remove(calendar, "a.ics")

    assert outcome == Merged(appointment_id=put.appointment_id, overruled=frozenset())
    assert not practice.appointment(put.appointment_id).is_gone
    assert set(practice.shown(other)) == {"dragged.ics"}
    assert practice.shown(calendar)["a.ics"] != etag


def test_dragging_what_had_been_removed_removes_nothing_either(store: Store) -> None:
    practice = a_practice(store)
    calendar, other = practice.integration("hx-one"), practice.integration("hx-two")
    put = practice.put(calendar, "a.ics", an_object())
    assert isinstance(put, Applied)
    practice.removed(calendar, "a.ics")

    practice.put(other, "dragged.ics", an_object())
    outcome = practice.remove(calendar, "a.ics")

    assert outcome == Merged(appointment_id=put.appointment_id, overruled=frozenset())
    assert set(practice.shown(calendar)) == {"a.ics"}
    assert set(practice.shown(other)) == {"dragged.ics"}


def test_a_minute_after_it_was_dragged_a_removal_is_one_again(store: Store) -> None:
    practice = a_practice(store)
    calendar, other = practice.integration("hx-one"), practice.integration("hx-two")
    practice.put(calendar, "a.ics", an_object())
    practice.put(other, "dragged.ics", an_object())
    practice.clock.advance(seconds=61)

    practice.removed(calendar, "a.ics")

    assert practice.shown(calendar) == practice.shown(other) == {}


def test_dragging_by_removing_first_shows_it_in_both_again(store: Store) -> None:
    practice = a_practice(store)
    calendar, other = practice.integration("hx-one"), practice.integration("hx-two")
    put = practice.put(calendar, "a.ics", an_object())
    assert isinstance(put, Applied)

    practice.remove(calendar, "a.ics")
    outcome = practice.put(other, "dragged.ics", an_object())

    assert isinstance(outcome, Applied)
    assert outcome.appointment_id == put.appointment_id
    assert set(practice.shown(calendar)) == {"a.ics"}
    assert set(practice.shown(other)) == {"dragged.ics"}


def test_what_was_put_a_moment_ago_can_be_removed_where_it_was_put(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration("hx-one")
    practice.integration("hx-two")
    practice.put(calendar, "a.ics", an_object())

    practice.remove(calendar, "a.ics")

    assert practice.shown(calendar) == {}
