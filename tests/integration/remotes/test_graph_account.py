"""What is Graph's own: windows, removals that are none, silent deletions, transactions, tokens, words of others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from hxdav.domain.field import Field
from hxdav.domain.times import Interval, Zoned
from hxdav.ical.objects import object_of
from hxdav.remote import (
    CalendarUnavailable,
    Cursor,
    CursorExpired,
    Gone,
    NotTaken,
    RemoteObject,
    TryLater,
)
from tests.contract.remotes.texts import (
    DAY,
    HOUR,
    MONDAY,
    SYDNEY,
    WEEK,
    a_series,
    an_event,
    meaning,
    with_exception,
    without_instance,
)
from tests.integration.remotes.graph_desk import ANNA, Desk, a_desk

THIRD = MONDAY + 2 * WEEK


@pytest.fixture
def desk() -> Iterator[Desk]:
    with a_desk() as desk:
        yield desk


# -- the window


def test_a_cursor_tells_what_its_listing_covers(desk: Desk) -> None:
    covered = desk.remote.covers(desk.everything().cursor)
    assert covered == Interval(datetime(2026, 10, 18, tzinfo=UTC), datetime(2027, 12, 27, tzinfo=UTC))
    assert desk.remote.covers(Cursor("another's")) is None


def test_the_next_day_begins_with_a_listing(desk: Desk) -> None:
    made = desk.create(an_event())
    first = desk.everything()
    desk.today.pass_days(1)

    second = desk.since(first)

    assert second.listing
    assert [sighting.remote_id for sighting in second.sightings] == [made.remote_id]
    assert desk.remote.covers(second.cursor) != desk.remote.covers(first.cursor)
    assert not desk.since(second).listing


def test_what_is_moved_out_of_the_window_is_told_as_it_is(desk: Desk) -> None:
    made = desk.create(an_event())
    page = desk.everything()
    desk.edit(
        start={"dateTime": "2029-01-01T09:00:00", "timeZone": "UTC"},
        end={"dateTime": "2029-01-01T10:00:00", "timeZone": "UTC"},
    )

    (sighting,) = desk.since(page).sightings

    assert isinstance(sighting, RemoteObject)
    assert sighting.remote_id == made.remote_id
    assert "20290101T" in sighting.text


def test_what_takes_place_outside_the_window_is_not_listed_and_can_be_read(desk: Desk) -> None:
    later = MONDAY.replace(year=2029)
    made = desk.create(an_event(starts=Zoned(later)))
    assert desk.everything().sightings == ()
    assert isinstance(desk.remote.read(desk.calendar_id, made.remote_id), RemoteObject)


def test_what_is_dragged_into_another_calendar_is_gone_from_this_one(desk: Desk) -> None:
    made = desk.create(an_event())
    page = desk.everything()
    with desk.graph.world.lock:
        desk.book.move(desk.sole, desk.graph.world.calendar(None, user=ANNA))

    assert desk.since(page).sightings == (Gone(remote_id=made.remote_id),)


def test_what_is_brought_back_from_deleted_items_is_the_same_object(desk: Desk) -> None:
    made = desk.create(an_event())
    stored = desk.sole
    with desk.graph.world.lock:
        desk.book.delete(stored)
    page = desk.everything()
    with desk.graph.world.lock:
        desk.book.restore(stored)

    assert [sighting.remote_id for sighting in desk.since(page).sightings] == [made.remote_id]


# -- series


def test_an_instance_that_was_deleted_in_silence_is_seen(desk: Desk) -> None:
    desk.graph.world.quirks.silent_cancellations = True
    made = desk.create(a_series())
    page = desk.everything()
    with desk.graph.world.lock:
        desk.book.delete(desk.sole, THIRD.date())

    (sighting,) = desk.since(page).sightings

    assert isinstance(sighting, RemoteObject)
    assert meaning(desk.remote, sighting.text) == meaning(desk.remote, without_instance(made.text, THIRD))


def test_a_series_costs_a_question_for_each_round(desk: Desk) -> None:
    desk.create(a_series())
    page = desk.everything()
    before = desk.remote.requests
    assert desk.since(page).sightings == ()
    assert desk.remote.requests == before + 2


def test_an_instance_that_was_left_out_comes_back(desk: Desk) -> None:
    plain = a_series()
    made = desk.create(without_instance(plain, THIRD))
    back = desk.update(made, plain)
    assert meaning(desk.remote, back.text) == meaning(desk.remote, plain)


def test_exceptions_outlive_an_instance_that_comes_back(desk: Desk) -> None:
    plain = with_exception(a_series(), MONDAY + WEEK, title="Rounds", moved_to=MONDAY + WEEK + HOUR)
    made = desk.create(without_instance(plain, THIRD))
    back = desk.update(made, plain)
    assert meaning(desk.remote, back.text) == meaning(desk.remote, plain)


def test_a_rule_that_changes_takes_the_exceptions_along(desk: Desk) -> None:
    text = with_exception(a_series(), THIRD, title="Rounds", moved_to=THIRD + DAY)
    made = desk.create(text)
    longer = text.replace("COUNT=6", "COUNT=8")
    assert meaning(desk.remote, desk.update(made, longer).text) == meaning(desk.remote, longer)


def test_a_change_of_the_title_leaves_rule_and_exceptions_alone(desk: Desk) -> None:
    made = desk.create(with_exception(a_series(), THIRD, title="Rounds", moved_to=THIRD + DAY))
    generation = desk.sole.generation
    desk.update(made, made.text.replace("Team meeting", "Intervision"))
    assert desk.sole.generation == generation


def test_a_zone_that_windows_knows_under_another_name_is_kept(desk: Desk) -> None:
    text = a_series().replace("Australia/Sydney", "Australia/Melbourne")
    made = desk.create(text)
    assert meaning(desk.remote, made.text)[""][Field.TIME].endswith("Australia/Melbourne")


def test_a_single_event_becomes_a_series_and_single_again(desk: Desk) -> None:
    single = an_event()
    series = single.replace("SUMMARY", "RRULE:FREQ=WEEKLY;COUNT=3\r\nSUMMARY")
    made = desk.create(single)

    recurring = desk.update(made, series)
    again = desk.update(recurring, single)

    assert meaning(desk.remote, recurring.text) == meaning(desk.remote, series)
    assert meaning(desk.remote, again.text) == meaning(desk.remote, single)
    assert again.remote_id == made.remote_id


def test_what_graph_has_no_pattern_for_is_not_taken(desk: Desk) -> None:
    text = an_event(rrule="FREQ=HOURLY")
    assert not desk.remote.can_express(text)
    with pytest.raises(NotTaken):
        desk.create(text)


# -- words


def test_an_appointment_is_private_and_in_deleted_items_once_it_is_removed(desk: Desk) -> None:
    made = desk.create(an_event())
    stored = desk.sole
    assert stored.own.words["sensitivity"] == "private"
    desk.remote.remove(desk.calendar_id, made)
    assert stored in desk.graph.world.mailboxes[ANNA].deleted_items


def test_an_update_leaves_what_the_person_has_set(desk: Desk) -> None:
    desk.create(an_event(description="Bring notes"))
    html = {"contentType": "html", "content": "<html><body><p><b>Bring</b> notes</p></body></html>"}
    desk.edit(reminderMinutesBeforeStart=45, isReminderOn=True, categories=["Blue"], showAs="oof", body=html)
    (known,) = desk.everything().sightings
    assert isinstance(known, RemoteObject)

    desk.update(known, known.text.replace("Supervision", "Intervision"))

    words = desk.sole.own.words
    assert words["subject"] == "Intervision"
    assert (words["reminderMinutesBeforeStart"], words["categories"], words["showAs"]) == (45, ["Blue"], "oof")
    assert "<b>Bring</b>" in words["body"]["content"]


def test_words_come_back_without_what_exchange_has_added(desk: Desk) -> None:
    desk.graph.world.quirks.html_endings = True
    text = an_event(description="Bring\nthe <notes> & all")
    made = desk.create(text)
    assert meaning(desk.remote, made.text) == meaning(desk.remote, text)
    assert desk.update(made, text).tag == made.tag


def test_an_event_that_outlook_has_made_has_no_key(desk: Desk) -> None:
    desk.create(an_event())
    desk.sole.transaction_id = "localevent:5b1c3c9e"
    (sighting,) = desk.everything().sightings
    assert isinstance(sighting, RemoteObject)
    assert sighting.key is None


def test_what_hxdav_has_made_tells_its_key(desk: Desk) -> None:
    text = an_event()
    desk.create(text)
    (sighting,) = desk.everything().sightings
    assert isinstance(sighting, RemoteObject)
    assert sighting.key == object_of(text).uid
    assert object_of(sighting.text).uid == desk.sole.ical_uid


# -- price


def test_an_edit_of_a_single_event_costs_one_request(desk: Desk) -> None:
    before = desk.remote.requests
    made = desk.create(an_event())
    made = desk.update(made, made.text.replace("Supervision", "Intervision"))
    desk.remote.remove(desk.calendar_id, made)
    assert desk.remote.requests == before + 3


def test_many_questions_go_in_batches_and_each_is_counted(desk: Desk) -> None:
    for number in range(3):
        desk.create(a_series(f"No. {number}"))
    before = desk.remote.requests
    page = desk.everything()
    assert len(page.sightings) == 3
    assert desk.remote.requests == before + 1 + 1 + 3 - 1


# -- repeating


def test_a_removed_appointment_is_made_again_where_its_transaction_is_used_up(desk: Desk) -> None:
    desk.graph.world.quirks.transaction_ids_stay_used = True
    text = an_event()
    first = desk.create(text)
    desk.remote.remove(desk.calendar_id, first)

    again = desk.create(text)

    assert again.remote_id != first.remote_id
    assert again.key == object_of(text).uid
    assert desk.create(text).remote_id == again.remote_id


def test_a_calendar_whose_name_is_taken_gets_a_number(desk: Desk) -> None:
    desk.remote.make_calendar("HX_Harbour", marker="m-2", zone="UTC")
    assert sorted(desk.remote.calendar_names()) == ["Calendar", "HX_Harbour", "HX_Harbour 2"]
    assert desk.remote.find_calendar("m-1") == desk.calendar_id


# -- access


def test_a_token_that_has_ended_is_renewed_on_the_way(desk: Desk) -> None:
    desk.graph.tokens.expire_all(ANNA)
    desk.create(an_event())
    assert len(desk.kept) == 1


def test_credentials_that_were_kept_open_the_account(desk: Desk) -> None:
    assert desk.remote.identify().label == ANNA


def test_a_link_to_another_host_is_not_followed(desk: Desk) -> None:
    cursor = desk.everything().cursor.replace(desk.graph.url, "http://127.0.0.2:9")
    with pytest.raises(TryLater):
        desk.remote.pull(desk.calendar_id, Cursor(cursor))


@pytest.mark.parametrize("cursor", ["", "{}", "[]", "null", '{"day": "soon"}'])
def test_a_cursor_that_is_none_of_ours_has_expired(desk: Desk, cursor: str) -> None:
    with pytest.raises(CursorExpired):
        desk.remote.pull(desk.calendar_id, Cursor(cursor))


def test_where_a_filter_is_ignored_no_other_event_is_written_over(desk: Desk) -> None:
    desk.graph.world.quirks.filters_ignored = desk.graph.world.quirks.transaction_ids_stay_used = True
    desk.remote.create(desk.calendar_id, an_event("Supervision"))
    text = an_event("Intervision")
    desk.remote.remove(desk.calendar_id, desk.remote.create(desk.calendar_id, text))

    desk.remote.create(desk.calendar_id, text)

    titles = sorted(str(each.own.words["subject"]) for each in desk.calendar.events.values())
    assert titles == ["Intervision", "Supervision"]


@pytest.mark.parametrize("lost", [(410, "syncStateNotFound"), (400, "syncStateNotFound"), (404, "SyncStateInvalid")])
def test_a_lost_place_is_told_in_several_ways(desk: Desk, lost: tuple[int, str]) -> None:
    page = desk.everything()
    desk.graph.world.quirks.lost_sync = lost
    desk.graph.delta.expire_all()
    with pytest.raises(CursorExpired):
        desk.since(page)


# -- faults


@pytest.mark.parametrize("code", [500, 502, 503, 504])
def test_a_failure_of_theirs_is_asked_again_later(desk: Desk, code: int) -> None:
    desk.graph.faults.refuse(code, "serviceNotAvailable", retry_after=9)
    with pytest.raises(TryLater) as caught:
        desk.everything()
    assert caught.value.after == timedelta(seconds=9)


def test_half_an_answer_is_asked_for_again_later(desk: Desk) -> None:
    desk.create(an_event())
    desk.graph.faults.cut()
    with pytest.raises(TryLater):
        desk.everything()


def test_one_refusal_in_a_batch_stops_the_round(desk: Desk) -> None:
    for number in range(3):
        desk.create(a_series(f"No. {number}"))
    desk.graph.faults.throttle(7, path=r"/events/")
    with pytest.raises(TryLater) as caught:
        desk.everything()
    assert caught.value.after == timedelta(seconds=7)


def test_an_empty_listing_says_that_nothing_is_gone(desk: Desk) -> None:
    desk.create(an_event())
    desk.graph.faults.empty_listings()
    assert desk.everything().sightings == ()


def test_nothing_is_gone_in_a_calendar_that_does_not_answer(desk: Desk) -> None:
    desk.create(an_event())
    page = desk.everything()
    with desk.graph.world.lock:
        desk.book.delete(desk.sole)
        desk.calendar.is_deleted = True
    with pytest.raises(CalendarUnavailable):
        desk.since(page)


def test_it_is_in_the_zone_of_the_practice(desk: Desk) -> None:
    made = desk.create(an_event())
    assert f"DTSTART;TZID={SYDNEY.key}:20261123T093000" in made.text
