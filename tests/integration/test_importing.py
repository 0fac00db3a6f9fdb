"""Objects of a file laid over what is there (RFC 5546 §2.1.5, §3.2.2, §3.2.5)."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from hxdav.domain.appointment import Appointment, AppointmentStatus
from hxdav.domain.ids import Uid
from hxdav.domain.times import Interval
from hxdav.ical.objects import object_of
from hxdav.ical.recurrence import occurrences
from hxdav.services.appointments.ics_import import Imported, import_objects
from hxdav.store.store import Store
from tests.builders import BY_PRACTICE, SYDNEY, PracticeWorld, a_practice
from tests.splitting import split

ZONE = "BEGIN:VTIMEZONE\nTZID:Elsewhere\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:{0}\nTZOFFSETTO:{0}\nEND:STANDARD\nEND:VTIMEZONE\n"  # noqa: E501
FOREVER = Interval(datetime(2026, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC))


def an_event(*lines: str, uid: str = "one", stamp: str = "20261101T000000Z", title: str = "Tea") -> str:
    return "\n".join(("BEGIN:VEVENT", f"UID:{uid}", f"DTSTAMP:{stamp}", f"SUMMARY:{title}", *lines, "END:VEVENT", ""))


def a_file(*parts: str, method: str = "REQUEST") -> bytes:
    lines = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//EN", *((f"METHOD:{method}",) if method else ()))
    return "".join((*(f"{line}\n" for line in lines), *parts, "END:VCALENDAR\n")).encode()


def at(name: str, day: int, hour: int = 15) -> str:
    return f"{name};TZID=Australia/Sydney:202710{day:02}T{hour:02}0000"


def series(*lines: str, **words: str) -> str:
    """Five days from 4 October, at three in the afternoon."""
    return an_event(at("DTSTART", 4), at("DTEND", 4, 16), "RRULE:FREQ=DAILY;COUNT=5", *lines, **words)


def moved(day: int, *lines: str, to: int, sequence: int = 1, recurrence_id: str = "", **words: str) -> str:
    recurrence_id = recurrence_id or at("RECURRENCE-ID", day)
    return an_event(
        recurrence_id, at("DTSTART", day, to), at("DTEND", day, to + 1), f"SEQUENCE:{sequence}", *lines, **words
    )


def cancelled(day: int, *lines: str, sequence: int = 1) -> str:
    return an_event(at("RECURRENCE-ID", day), at("DTSTART", day), f"SEQUENCE:{sequence}", "STATUS:CANCELLED", *lines)


class Importer:
    """A practitioner, and the command line's way to import a file for them."""

    def __init__(self, practice: PracticeWorld) -> None:
        self.practice = practice

    def __call__(self, body: bytes) -> list[tuple[str, str]]:
        """Import a file; what became of each event."""
        return [(each.uid, each.fate) for each in self.told(body)]

    def told(self, body: bytes) -> list[Imported]:
        """Import a file; what is printed of each event."""
        world = self.practice
        with world.store.transaction() as tx:
            return import_objects(
                tx,
                world.clock,
                world.policy,
                practitioner_id=world.practitioner_id,
                objects=split(body),
                source=BY_PRACTICE,
            )

    def appointments(self) -> list[Appointment]:
        """Every appointment that takes place."""
        with self.practice.store.snapshot() as tx:
            found = tx.appointments.of(self.practice.practitioner_id)
        return [each for each in found if not each.is_gone]

    def dates(self, uid: str = "one") -> list[str]:
        """When the occurrences of an appointment start that are not cancelled, by the practice's clock."""
        zone = ZoneInfo(SYDNEY)
        with self.practice.store.snapshot() as tx:
            (appointment,) = tx.appointments.with_uid(self.practice.practitioner_id, Uid(uid))
        if appointment.is_gone:
            return []
        found = occurrences(object_of(appointment.text), practice_zone=zone, within=FOREVER)
        starts = (each.interval.starts.astimezone(zone) for each in found if each.status != "CANCELLED")
        return [f"{start.day}@{start.hour}" for start in starts]


@pytest.fixture
def import_(store: Store) -> Importer:
    return Importer(a_practice(store))


SERIES = a_file(series())
ALL_DAYS = ["4@15", "5@15", "6@15", "7@15", "8@15"]
MOVED = ["4@15", "5@15", "6@15", "7@15", "8@16"]


@pytest.mark.parametrize("method", ["REQUEST", "PUBLISH", ""])
def test_one_occurrence_is_laid_over_its_series(import_: Importer, method: str) -> None:
    import_(SERIES)

    assert import_(a_file(moved(8, to=16), method=method)) == [("one", "updated")]
    assert import_.dates() == MOVED
    assert import_(a_file(moved(8, to=16), method=method)) == [("one", "unchanged")]


@pytest.mark.parametrize("method", ["CANCEL", "REQUEST", ""])
def test_the_cancellation_of_one_occurrence_leaves_the_others(import_: Importer, method: str) -> None:
    import_(SERIES)

    assert import_(a_file(cancelled(5), method=method)) == [("one", "updated")]
    assert import_.dates() == ["4@15", "6@15", "7@15", "8@15"]
    assert import_(a_file(cancelled(5), method=method)) == [("one", "unchanged")]


def test_a_cancellation_may_say_no_more_than_which_occurrence(import_: Importer) -> None:
    import_(SERIES)

    assert import_(a_file(an_event(at("RECURRENCE-ID", 5), "SEQUENCE:1"), method="CANCEL")) == [("one", "updated")]
    assert import_.dates() == ["4@15", "6@15", "7@15", "8@15"]


def test_an_occurrence_before_its_series_ends_as_the_series_before_the_occurrence(import_: Importer) -> None:
    (told,) = import_.told(a_file(moved(8, to=16)))
    assert (told.fate, told.reason) == ("added", "Its series is not here: only these occurrences are added.")

    assert import_(SERIES) == [("one", "updated")]
    assert import_.dates() == MOVED


@pytest.mark.parametrize(
    "older",
    [
        series("DESCRIPTION:old", stamp="20261030T000000Z"),
        moved(8, to=9, sequence=0),
        moved(8, to=9, stamp="20261031T235959Z"),
    ],
)
def test_an_older_revision_changes_nothing(import_: Importer, older: str) -> None:
    import_(a_file(series(), moved(8, to=16)))

    (told,) = import_.told(a_file(older))

    assert (told.fate, told.reason) == ("unchanged", "The appointment here is newer.")
    assert import_.dates() == MOVED


def test_the_series_anew_keeps_a_newer_occurrence_and_replaces_an_older_one(import_: Importer) -> None:
    import_(a_file(series(), moved(8, to=16, sequence=3), moved(7, to=9)))

    assert import_(a_file(series("SEQUENCE:2", title="Coffee"))) == [("one", "updated")]

    assert import_.dates() == MOVED
    (appointment,) = import_.appointments()
    assert appointment.summary == "Coffee"


def test_an_occurrence_spelt_in_utc_is_the_same_occurrence(import_: Importer) -> None:
    """Three in the afternoon in Sydney is 4:00 UTC; all three spellings name 8 October."""
    import_(SERIES)

    import_(a_file(moved(8, to=9, recurrence_id="RECURRENCE-ID:20271008T040000Z")))
    import_(a_file(moved(8, to=10, sequence=2)))
    import_(a_file(moved(8, to=16, sequence=3, recurrence_id="RECURRENCE-ID;VALUE=DATE:20271008")))

    assert import_.dates() == MOVED
    (appointment,) = import_.appointments()
    assert appointment.text.count("RECURRENCE-ID") == 1


def test_in_one_file_the_newer_revision_of_an_occurrence_wins_however_it_is_spelt(import_: Importer) -> None:
    utc = moved(8, to=9, recurrence_id="RECURRENCE-ID:20271008T040000Z")

    done = import_.told(a_file(series(), utc, moved(8, to=16, sequence=2)))

    assert [(each.fate, each.reason) for each in done] == [
        ("added", ""),
        ("unchanged", "The file holds a newer revision of this event."),
    ]
    assert import_.dates() == MOVED


def test_an_occurrence_that_the_series_does_not_have_is_refused(import_: Importer) -> None:
    import_(SERIES)

    (told,) = import_.told(a_file(moved(20, to=16)))

    assert told.fate == "refused"
    assert "an occurrence that its series does not have" in told.reason
    assert import_.dates() == ALL_DAYS
    assert import_(a_file(cancelled(20))) == [("one", "unchanged")]


def test_an_occurrence_brings_its_time_zone(import_: Importer) -> None:
    import_(SERIES)
    change = an_event(at("RECURRENCE-ID", 8), "DTSTART;TZID=Elsewhere:20271008T100000", "SEQUENCE:1")

    import_(a_file(ZONE.format("+0500"), change))

    assert import_.dates() == MOVED


def test_zones_with_one_name_and_different_clocks_are_told_apart(import_: Importer) -> None:
    start = an_event("DTSTART;TZID=Elsewhere:20271004T120000", "RRULE:FREQ=DAILY;COUNT=5")
    change = an_event(
        "RECURRENCE-ID;TZID=Elsewhere:20271008T090000", "DTSTART;TZID=Elsewhere:20271008T100000", "SEQUENCE:1"
    )
    import_(a_file(ZONE.format("+0800"), start))
    assert import_.dates() == ALL_DAYS

    import_(a_file(ZONE.format("+0500"), change))

    assert import_.dates() == MOVED


def test_the_cancellation_of_the_whole_cancels_the_appointment(import_: Importer) -> None:
    import_(SERIES)
    whole = series("SEQUENCE:1", "STATUS:CANCELLED")

    (told,) = import_.told(a_file(whole, method="CANCEL"))

    assert (told.fate, told.reason) == ("updated", "It is cancelled.")
    assert import_.appointments() == []
    with import_.practice.store.snapshot() as tx:
        (kept,) = tx.appointments.with_uid(import_.practice.practitioner_id, Uid("one"))
    assert kept.practice.status is AppointmentStatus.CANCELLED
    assert import_(a_file(whole, method="CANCEL")) == [("one", "unchanged")]
    # The invitation again is older than its cancellation.
    assert import_(SERIES) == [("one", "unchanged")]


@pytest.mark.parametrize(
    "event", [an_event(at("DTSTART", 4), "STATUS:CANCELLED"), series("STATUS:CANCELLED"), cancelled(5)]
)
@pytest.mark.parametrize("method", ["CANCEL", ""])
def test_what_is_cancelled_and_not_here_is_not_booked(import_: Importer, event: str, method: str) -> None:
    (told,) = import_.told(a_file(event, method=method))

    assert told.fate == "refused"
    assert "there is nothing to cancel" in told.reason
    assert import_.appointments() == []


@pytest.mark.parametrize("method", ["REPLY", "ADD", "REFRESH", "COUNTER", "DECLINECOUNTER"])
def test_a_message_that_is_no_appointment_replaces_none(import_: Importer, method: str) -> None:
    import_(SERIES)

    (told,) = import_.told(a_file(an_event(at("DTSTART", 4)), method=method))

    assert (told.fate, "RFC 5546" in told.reason) == ("refused", True)
    assert import_.dates() == ALL_DAYS


def test_different_appointments_with_one_uid_are_all_imported(import_: Importer) -> None:
    days = [an_event(at("DTSTART", day), title=title) for day, title in ((5, "Second"), (4, "First"), (6, "Third"))]

    assert import_(a_file(*days)) == [
        ("one", "added"),
        ("one-20271005T040000Z", "added"),
        ("one-20271006T040000Z", "added"),
    ]
    assert [each.summary for each in import_.appointments()] == ["First", "Second", "Third"]
    # In any order they are the same appointments.
    assert {fate for _, fate in import_(a_file(*days[::-1]))} == {"unchanged"}


def test_series_with_one_uid_keep_their_own_overrides(import_: Importer) -> None:
    later = an_event(at("DTSTART", 20), "RRULE:FREQ=DAILY;COUNT=2", title="Later")

    import_(a_file(moved(21, to=9), later, series(), moved(8, to=16)))

    assert import_.dates() == MOVED
    assert import_.dates("one-20271020T040000Z") == ["20@15", "21@9"]


def test_one_broken_event_of_a_uid_takes_no_other_with_it(import_: Importer) -> None:
    assert import_(a_file(an_event("DTSTART:tomorrow"), an_event(at("DTSTART", 4)))) == [
        ("one", "refused"),
        ("one", "added"),
    ]


def test_a_series_is_not_imported_without_an_override_that_cannot_be_read(import_: Importer) -> None:
    broken = an_event(at("RECURRENCE-ID", 5), at("DTSTART", 5), at("DTEND", 4))

    (told,) = import_.told(a_file(series(), broken))

    assert (told.fate, import_.appointments()) == ("refused", [])
