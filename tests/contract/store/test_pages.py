"""What the pages ask of the store: the appointments of a week, patients by name, private addresses."""

from __future__ import annotations

from datetime import date, timedelta

from hxdav.domain.appointment import AppointmentKind
from hxdav.domain.ids import AppointmentId
from hxdav.domain.privacy import PrivacyLevel
from hxdav.domain.times import Interval
from hxdav.store.store import Store
from tests.builders import NOON, PracticeWorld, a_practice, an_object

WEEK = Interval(NOON, NOON + timedelta(days=7))


def booked(practice: PracticeWorld, uid: str, first: str, last: str, *lines: str) -> AppointmentId:
    """A personal appointment between two moments in UTC."""
    text = an_object(uid, *lines, start=f"DTSTART:{first}Z", end=f"DTEND:{last}Z")
    return practice.book(text, kind=AppointmentKind.PERSONAL).id


def taking_place(practice: PracticeWorld) -> list[AppointmentId]:
    with practice.store.snapshot() as tx:
        return tx.occurrences.taking_place(practice.practitioner_id, WEEK)


def test_what_lasts_into_a_week_or_begins_in_it_takes_place_in_it(store: Store) -> None:
    practice = a_practice(store)
    booked(practice, "before", "20261121T010000", "20261122T010000")
    into = booked(practice, "into", "20261121T010000", "20261122T010001")
    at_once = booked(practice, "at once", "20261122T010000", "20261122T010000")
    within = booked(practice, "within", "20261124T010000", "20261124T020000")
    lengthy = booked(practice, "lengthy", "20260101T000000", "20270101T000000")
    booked(practice, "after", "20261129T010000", "20261129T020000")
    booked(a_practice(store, key="elsewhere", username="noa"), "other", "20261124T010000", "20261124T020000")

    assert taking_place(practice) == sorted([into, at_once, within, lengthy])


def test_a_series_takes_place_wherever_its_rule_goes_beyond_the_index(store: Store) -> None:
    practice = a_practice(store)
    endless = booked(practice, "endless", "20250101T010000", "20250101T020000", "RRULE:FREQ=DAILY")
    practice.clock.advance(days=-800)
    early = booked(practice, "early", "20240101T010000", "20240101T020000", "RRULE:FREQ=DAILY")

    assert taking_place(practice) == [endless, early]


def test_some_appointments_come_by_start_with_their_patients(store: Store) -> None:
    practice = a_practice(store)
    text = an_object("late", start="DTSTART:20261125T010000Z", end="DTEND:20261125T020000Z")
    late = practice.book(text, patients=("Anna Berg", "Ben Carr"))
    early = booked(practice, "early", "20261124T010000", "20261124T020000")

    with store.snapshot() as tx:
        found = tx.appointments.some([late.id, early, AppointmentId(99)])

    assert [each.id for each in found] == [early, late.id]
    assert len(found[1].practice.patient_ids) == 2


def test_patients_are_found_by_each_word_within_their_practice(store: Store) -> None:
    here, there = a_practice(store), a_practice(store, key="elsewhere", username="noa")
    with store.transaction() as tx:
        own, other = (tx.people.practitioner(each.practitioner_id).practice_group_id for each in (here, there))
        ids = {name: tx.people.patient_named(own, name) for name in ("Anna Berg", "Berg, Ben", "100% Sure")}
        foreign = tx.people.patient_named(other, "Anna Bergmann")

    with store.snapshot() as tx:
        assert [each.name for each in tx.patients.named_like(own, "berg AN", limit=9)] == ["Anna Berg"]
        assert [each.name for each in tx.patients.named_like(own, "berg", limit=9)] == ["Anna Berg", "Berg, Ben"]
        assert len(tx.patients.named_like(own, "berg", limit=1)) == 1
        assert [each.name for each in tx.patients.named_like(own, "%", limit=9)] == ["100% Sure"]
        assert [each.name for each in tx.patients.some(own, [ids["Anna Berg"], foreign])] == ["Anna Berg"]


def test_a_practitioner_has_one_private_address_which_carries_their_modseq(store: Store) -> None:
    practice = a_practice(store)
    with store.transaction() as tx:
        practitioner = tx.people.practitioner(practice.practitioner_id)
        tx.web_feeds.add(practitioner, digest="one", privacy=PrivacyLevel.BUSY, opened_on=date(2026, 11, 22), now=NOON)
    booked(practice, "a", "20261124T010000", "20261124T020000")
    with store.transaction() as tx:
        tx.web_feeds.set_privacy(practitioner.id, PrivacyLevel.INITIALS)
        tx.web_feeds.change(practitioner.id, digest="two", now=NOON)

    with store.snapshot() as tx:
        found = tx.web_feeds.find("two")
        assert tx.web_feeds.find("one") is None
        assert tx.web_feeds.of(practitioner.id) == found
    assert found is not None
    assert (found.privacy, found.opened_on, found.modseq) == (PrivacyLevel.INITIALS, date(2026, 11, 22), 1)
    with store.transaction() as tx:
        tx.web_feeds.remove(practitioner.id)
    with store.snapshot() as tx:
        assert tx.web_feeds.of(practitioner.id) is None
