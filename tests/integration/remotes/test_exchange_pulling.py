"""What hxdav sees of an Exchange mailbox when the person works in Outlook, and when the server misbehaves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from hxdav.domain.times import AllDay, Zoned
from hxdav.ical.fields import bounds_of
from hxdav.ical.objects import object_of
from hxdav.remote import (
    CalendarState,
    CalendarUnavailable,
    Cursor,
    CursorExpired,
    Forbidden,
    RemoteObject,
    TryLater,
    Unreadable,
)
from tests.builders import MovableClock
from tests.contract.remotes.texts import a_series, an_event, pulled, uid_of
from tests.integration.remotes.exchange_desk import DAY, HOUR, MONDAY, WEEK, Desk, a_desk
from tests.simulators.ews.wire import t


@pytest.fixture
def desk() -> Iterator[Desk]:
    with a_desk() as desk:
        yield desk


def title_of(text: str) -> str:
    return object_of(text).summary


def test_a_text_that_outlook_has_written_as_html_comes_as_plain_text(desk: Desk) -> None:
    desk.exchange.quirks.html_bodies = True
    desk.kim.add(desk.calendar_id, MONDAY, MONDAY + HOUR, Subject="Swimming", body="Towel & cap")

    (text,) = pulled(desk.remote, desk.calendar_id).texts.values()

    assert "DESCRIPTION:Towel & cap" in text


def test_whole_days_of_the_person_come_as_whole_days(desk: Desk) -> None:
    desk.kim.add(desk.calendar_id, date(2026, 12, 24), date(2026, 12, 27), Subject="Holidays")

    (text,) = pulled(desk.remote, desk.calendar_id).texts.values()

    bounds = bounds_of(object_of(text).main, object_of(text).zones, UTC)
    assert (bounds.starts, bounds.ends) == (AllDay(date(2026, 12, 24)), AllDay(date(2026, 12, 27)))


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Auckland", "UTC", "Nepal Standard Time"])
def test_whole_days_are_those_of_the_zone_that_they_were_made_in(desk: Desk, zone: str) -> None:
    desk.kim.add(desk.calendar_id, date(2026, 12, 24), date(2026, 12, 25), zone=zone, Subject="Holidays")

    (text,) = pulled(desk.remote, desk.calendar_id).texts.values()

    assert object_of(text).main.value("DTSTART") == "20261224"
    assert object_of(text).main.value("DTEND") == "20261225"


def test_a_zone_that_came_with_an_invitation_is_read_by_its_moment(desk: Desk) -> None:
    added = desk.kim.add(desk.calendar_id, MONDAY, MONDAY + HOUR, Subject="Congress")
    custom = t("StartTimeZone", Id="tzone://Microsoft/Custom", Name="Congress time")
    desk.exchange.world.mailboxes[desk.kim.email].items[added.id].fields.plain["StartTimeZone"] = custom

    (text,) = pulled(desk.remote, desk.calendar_id).texts.values()

    starts = bounds_of(object_of(text).main, object_of(text).zones, UTC).starts
    assert isinstance(starts, Zoned)
    assert starts.moment == MONDAY


def test_a_series_in_a_zone_that_nobody_knows_is_there_and_cannot_be_read(desk: Desk) -> None:
    made = desk.remote.create(desk.calendar_id, a_series())
    custom = t("StartTimeZone", Id="tzone://Microsoft/Custom", Name="Congress time")
    desk.exchange.world.mailboxes[desk.kim.email].items[made.remote_id].fields.plain["StartTimeZone"] = custom

    sighting = desk.remote.read(desk.calendar_id, made.remote_id)

    assert isinstance(sighting, Unreadable)
    assert sighting.remote_id == made.remote_id


def test_an_edit_of_an_occurrence_changes_the_tag_of_its_series(desk: Desk) -> None:
    made = desk.remote.create(desk.calendar_id, a_series())
    desk.kim.change_occurrence(made.remote_id, MONDAY + WEEK, Subject="Lunch")
    edited = desk.read(made)
    desk.kim.delete_occurrence(made.remote_id, MONDAY + 2 * WEEK)

    assert len({made.tag, edited.tag, desk.read(made).tag}) == 3


def test_an_occurrence_that_was_moved_over_the_change_of_the_clock_is_told(desk: Desk) -> None:
    before = datetime(2026, 10, 2, 9, 30, tzinfo=MONDAY.tzinfo)
    text = an_event(starts=Zoned(before), rrule="FREQ=DAILY;COUNT=5")
    made = desk.remote.create(desk.calendar_id, text)

    desk.kim.change_occurrence(
        made.remote_id, before + 2 * DAY, start=before + 2 * DAY + HOUR, end=before + 2 * DAY + 2 * HOUR
    )

    (override,) = object_of(desk.read(made).text).overrides
    assert override.value("RECURRENCE-ID") == "20261004T093000"
    assert override.value("DTSTART") == "20261004T103000"


def test_what_is_told_to_be_deleted_and_is_still_there_is_not_gone(desk: Desk) -> None:
    made = desk.remote.create(desk.calendar_id, an_event())
    cursor = pulled(desk.remote, desk.calendar_id).cursor
    desk.kim.delete(made.remote_id)
    world = desk.exchange.world
    mailbox = world.mailboxes[desk.kim.email]
    (buried,) = (one for one in mailbox.items.values() if one.folder == mailbox.folder("deleteditems").id)
    # A restored backup: the item is where it was, under its old id.
    mailbox.items[made.remote_id] = mailbox.items.pop(buried.id)
    buried.id, buried.folder, buried.changed = made.remote_id, desk.calendar_id, 0

    assert pulled(desk.remote, desk.calendar_id, cursor).gone == set()


def test_nothing_is_gone_by_a_listing_that_says_nothing(desk: Desk) -> None:
    desk.remote.create(desk.calendar_id, an_event())
    desk.exchange.faults.empty_listings()

    listing = pulled(desk.remote, desk.calendar_id)

    assert listing.gone == set()


@pytest.mark.parametrize("operation", ["SyncFolderItems", "GetItem"])
@pytest.mark.parametrize("kind", ["truncate", "cut", "lose_answers"])
def test_half_an_answer_is_no_answer(desk: Desk, operation: str, kind: str) -> None:
    made = [desk.remote.create(desk.calendar_id, an_event(f"No. {number}")) for number in range(4)]
    getattr(desk.exchange.faults, kind)(operation=operation)

    with pytest.raises(TryLater):
        desk.remote.pull(desk.calendar_id, None)

    assert pulled(desk.remote, desk.calendar_id).texts.keys() == {uid_of(one.text) for one in made}


def test_a_page_of_something_else_is_no_answer(desk: Desk) -> None:
    desk.exchange.faults.http(502)

    with pytest.raises(TryLater):
        desk.remote.pull(desk.calendar_id, None)


@pytest.mark.parametrize("code", ["ErrorInternalServerError", "ErrorMailboxStoreUnavailable", "ErrorTimeoutExpired"])
def test_trouble_of_the_server_passes(desk: Desk, code: str) -> None:
    desk.exchange.faults.fault(code)

    with pytest.raises(TryLater):
        desk.remote.pull(desk.calendar_id, None)

    assert pulled(desk.remote, desk.calendar_id).is_listing


@pytest.mark.parametrize("cursor", ["", "{}", "not json", json.dumps({"kind": "changes", "state": "bm9uZQ=="})])
def test_a_cursor_that_is_none_says_so(desk: Desk, cursor: str) -> None:
    with pytest.raises(CursorExpired):
        desk.remote.pull(desk.calendar_id, Cursor(cursor))


def test_an_item_is_told_once_though_it_was_made_and_changed(desk: Desk) -> None:
    cursor = pulled(desk.remote, desk.calendar_id).cursor
    added = desk.kim.add(desk.calendar_id, MONDAY, MONDAY + HOUR, Subject="Swimming")
    desk.kim.change(added.id, Subject="Sailing")

    page = desk.remote.pull(desk.calendar_id, cursor)

    (seen,) = page.sightings
    assert isinstance(seen, RemoteObject)
    assert title_of(seen.text) == "Sailing"


def test_a_calendar_in_deleted_items_is_gone_until_it_is_taken_out(desk: Desk) -> None:
    desk.kim.delete_calendar(desk.calendar_id)

    gone = desk.remote.calendar_state(desk.calendar_id)
    mailbox = desk.exchange.world.mailboxes[desk.kim.email]
    mailbox.folders[desk.calendar_id].parent = mailbox.folder("calendar").id

    assert gone is CalendarState.GONE
    assert desk.remote.calendar_state(desk.calendar_id) is CalendarState.VISIBLE


def test_a_listing_of_a_calendar_in_deleted_items_is_refused(desk: Desk) -> None:
    desk.kim.delete_calendar(desk.calendar_id)

    with pytest.raises(CalendarUnavailable):
        desk.remote.pull(desk.calendar_id, None)


def test_a_calendar_that_was_deleted_for_good_is_gone(desk: Desk) -> None:
    cursor = pulled(desk.remote, desk.calendar_id).cursor
    desk.kim.delete_calendar(desk.calendar_id, for_good=True)

    assert desk.remote.calendar_state(desk.calendar_id) is CalendarState.GONE
    with pytest.raises(CalendarUnavailable):
        desk.remote.pull(desk.calendar_id, cursor)


def test_a_renamed_and_moved_calendar_is_found_by_its_marker(desk: Desk) -> None:
    desk.kim.rename_calendar(desk.calendar_id, "Practice")
    mailbox = desk.exchange.world.mailboxes[desk.kim.email]
    mailbox.folders[desk.calendar_id].parent = mailbox.folder("msgfolderroot").id

    assert desk.remote.find_calendar("hxdav-0001") == desk.calendar_id
    assert "Practice" in desk.remote.calendar_names()


def test_a_name_that_is_taken_gets_a_number(desk: Desk) -> None:
    desk.remote.make_calendar("HX_Harbour Street", marker="hxdav-0002", zone="Europe/Dublin")

    assert {"HX_Harbour Street", "HX_Harbour Street (2)"} <= set(desk.remote.calendar_names())


def test_series_with_many_exceptions_are_read_in_batches(desk: Desk) -> None:
    text = an_event("Rounds", rrule="FREQ=DAILY;COUNT=40")
    made = desk.remote.create(desk.calendar_id, text)
    for number in range(40):
        desk.kim.change_occurrence(made.remote_id, MONDAY + number * DAY, Subject=f"Rounds {number}")

    overrides = object_of(desk.read(made).text).overrides

    assert {override.value("SUMMARY") for override in overrides} == {f"Rounds {number}" for number in range(40)}


def test_an_item_that_exchange_cannot_show_keeps_nobody_from_reading_the_others(desk: Desk) -> None:
    made = desk.remote.create(desk.calendar_id, an_event())
    desk.exchange.faults.refuse("ErrorCorruptData", operation="GetItem")

    (seen,) = desk.remote.pull(desk.calendar_id, None).sightings

    assert isinstance(seen, Unreadable)
    assert seen.remote_id == made.remote_id


def test_items_that_are_too_large_together_are_read_one_by_one(desk: Desk) -> None:
    made = [desk.remote.create(desk.calendar_id, an_event(f"No. {number}")) for number in range(4)]
    mailbox = desk.exchange.world.mailboxes[desk.kim.email]
    for one in made[:3]:
        mailbox.items[one.remote_id].fields.plain["Body"] = t("Body", text="x" * 4_000_000, BodyType="Text")
    mailbox.items[made[3].remote_id].fields.plain["Body"] = t("Body", text="x" * 8_500_000, BodyType="Text")

    seen = pulled(desk.remote, desk.calendar_id).seen

    kinds = [type(seen[one.remote_id]) for one in made]
    assert kinds == [RemoteObject, RemoteObject, RemoteObject, Unreadable]


def test_what_was_removed_and_moved_away_while_it_was_pulled_is_gone(desk: Desk) -> None:
    made = desk.remote.create(desk.calendar_id, an_event())
    cursor = pulled(desk.remote, desk.calendar_id).cursor
    desk.kim.restore(made.remote_id, desk.kim.add_calendar("Other").id)

    assert pulled(desk.remote, desk.calendar_id, cursor).gone == {made.remote_id}


def test_half_a_listing_is_a_listing_of_what_is_in_it(desk: Desk) -> None:
    made = [desk.remote.create(desk.calendar_id, an_event(f"No. {number}")) for number in range(11)]
    desk.exchange.faults.partial_listings(times=3)

    seen = pulled(desk.remote, desk.calendar_id).seen

    # What a listing leaves out is nothing that hxdav concludes anything from.
    assert seen.keys() < {one.remote_id for one in made}


def test_access_that_is_taken_away_from_an_item_is_no_removal(desk: Desk) -> None:
    made = desk.remote.create(desk.calendar_id, an_event())
    desk.exchange.faults.refuse("ErrorAccessDenied", operation="GetItem")

    with pytest.raises(Forbidden):
        desk.remote.read(desk.calendar_id, made.remote_id)


def test_what_was_deleted_before_hxdav_looked_is_missing_in_the_next_days_listing() -> None:
    clock = MovableClock()
    with a_desk(clock=clock) as desk:
        before = pulled(desk.remote, desk.calendar_id).cursor
        made = desk.remote.create(desk.calendar_id, an_event("short-lived@hxdav"))
        desk.kim.delete(made.remote_id)
        told = desk.remote.pull(desk.calendar_id, before)
        assert (told.sightings, told.listing) == ((), False), "Exchange does not tell of it"

        clock.advance(days=1)
        next_day = desk.remote.pull(desk.calendar_id, told.cursor)

        assert (next_day.sightings, next_day.listing, next_day.more) == ((), True, False)
        assert not desk.remote.pull(desk.calendar_id, next_day.cursor).listing
