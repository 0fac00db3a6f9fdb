"""Writing to Google: ids that are found again, deleted ones that come back or not, series and their instances."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hxdav.domain.field import EVERY_FIELD
from hxdav.domain.times import Zoned
from hxdav.ical.build import time_line
from hxdav.ical.fields import Parts, parts_of
from hxdav.ical.objects import object_of
from hxdav.remote import Changed, Gone, NotTaken, ObjectGone, RemoteObject, TryLater
from hxdav.remotes.google.events_out import event_id
from tests.integration.remotes.google_desk import Desk, a_desk
from tests.unit.remotes.test_google_mapping import BERLIN, NINE, OURS, a_text, texts

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MASTER = event_id(OURS)
DAILY = "RRULE:FREQ=DAILY;COUNT=6"


@pytest.fixture
def desk() -> Iterator[Desk]:
    with a_desk() as desk:
        yield desk


def nth(day: int) -> datetime:
    return NINE.moment + day * DAY


def an_override(day: int, title: str, *, hours: int = 1) -> list[str]:
    starts = nth(day) + hours * HOUR
    times = time_line("RECURRENCE-ID", Zoned(nth(day))), time_line("DTSTART", Zoned(starts))
    return [*times, time_line("DTEND", Zoned(starts + HOUR)), f"SUMMARY:{title}"]


def told(text: str) -> Parts:
    return parts_of(object_of(text), carries=EVERY_FIELD, practice_zone=BERLIN)


def agenda(desk: Desk) -> list[tuple[str, str]]:
    """What Anna sees: local starts and titles."""
    shown = desk.anna.agenda("HX_Harbour", datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC))
    return [(f"{_local(one):%d %H}", one.get("summary", "")) for one in shown]


def _local(one: dict[str, dict[str, str]]) -> datetime:
    return datetime.fromisoformat(one["start"]["dateTime"]).astimezone(ZoneInfo("Europe/Berlin"))


def read(desk: Desk, known: RemoteObject) -> RemoteObject:
    found = desk.remote.read(desk.calendar_id, known.remote_id)
    assert isinstance(found, RemoteObject)
    return found


# -- create


def test_a_created_event_is_private_and_marked_with_its_uid(desk: Desk) -> None:
    known = desk.create(a_text("SUMMARY:Team"))
    shown = desk.anna.resource("HX_Harbour", MASTER)
    assert known.remote_id == MASTER
    assert (shown["visibility"], shown["extendedProperties"]) == ("private", {"private": {"hxdav": OURS}})
    assert object_of(known.text).uid == OURS


def test_what_create_gives_back_is_what_a_read_gives_in_one_request(desk: Desk) -> None:
    before = desk.remote.requests
    known = desk.create(a_text("SUMMARY:Team"))
    assert desk.remote.requests == before + 1
    assert read(desk, known) == known


@pytest.mark.parametrize("trouble", ["lose_answers", "double", "cut"])
def test_a_create_that_is_repeated_makes_one_event(desk: Desk, trouble: str) -> None:
    getattr(desk.google.faults, trouble)(method="POST")
    try:
        desk.create(a_text("SUMMARY:Team"))
    except TryLater:
        desk.create(a_text("SUMMARY:Team later"))
    assert len(desk.anna.events("HX_Harbour")) == 1


def test_creating_again_brings_the_event_to_the_new_text(desk: Desk) -> None:
    desk.create(a_text("SUMMARY:Team", "LOCATION:Here"))
    known = desk.create(a_text("SUMMARY:Team later"))
    assert told(known.text) == told(a_text("SUMMARY:Team later"))


def test_what_was_deleted_comes_back_under_its_id(desk: Desk) -> None:
    desk.create(a_text("SUMMARY:Team"))
    desk.anna.delete_event("HX_Harbour", MASTER)
    known = desk.create(a_text("SUMMARY:Again"))
    assert known.remote_id == MASTER
    assert agenda(desk) == [("23 09", "Again")]


def test_what_cannot_come_back_gets_the_next_id_and_keeps_its_uid(desk: Desk) -> None:
    desk.create(a_text("SUMMARY:Team"))
    desk.anna.delete_event("HX_Harbour", MASTER)
    desk.google.quirks.undeletable.add(MASTER)
    known = desk.create(a_text("SUMMARY:Again"))
    assert known.remote_id == f"{MASTER}1"
    assert object_of(known.text).uid == OURS
    assert desk.create(a_text("SUMMARY:Again")).remote_id == f"{MASTER}1"
    assert len(desk.anna.events("HX_Harbour")) == 1


def test_after_nine_ids_it_is_given_up(desk: Desk) -> None:
    for _ in range(10):
        made = desk.create(a_text("SUMMARY:Team"))
        desk.anna.delete_event("HX_Harbour", made.remote_id)
        desk.google.quirks.undeletable.add(made.remote_id)
    with pytest.raises(NotTaken):
        desk.create(a_text("SUMMARY:Team"))


def test_what_google_cannot_keep_is_not_taken(desk: Desk) -> None:
    with pytest.raises(NotTaken, match="does not know"):
        desk.create(a_text("RRULE:FREQ=HOURLY;COUNT=3"))


# -- update and remove


def test_an_update_leaves_what_is_not_hxdavs(desk: Desk) -> None:
    known = desk.create(a_text("SUMMARY:Team", "LOCATION:Here"))
    desk.anna.change_event("HX_Harbour", MASTER, colorId="4", reminders={"useDefault": False})
    desk.remote.update(desk.calendar_id, read(desk, known), a_text("SUMMARY:Team later"))
    shown = desk.anna.resource("HX_Harbour", MASTER)
    assert (shown["colorId"], shown["reminders"]) == ("4", {"useDefault": False})
    assert shown["summary"] == "Team later"
    assert "location" not in shown


@pytest.mark.parametrize("lines", [("SUMMARY:Team",), ("SUMMARY:Team", DAILY)])
def test_an_old_tag_changes_nothing(desk: Desk, lines: tuple[str, ...]) -> None:
    known = desk.create(a_text(*lines))
    desk.anna.change_event("HX_Harbour", MASTER, summary="Mine")
    with pytest.raises(Changed):
        desk.remote.update(desk.calendar_id, known, a_text("SUMMARY:Team later"))
    with pytest.raises(Changed):
        desk.remote.remove(desk.calendar_id, known)
    assert {title for _, title in agenda(desk)} == {"Mine"}


@pytest.mark.parametrize("lines", [("SUMMARY:Team",), ("SUMMARY:Team", DAILY)])
def test_what_the_person_deleted_is_gone_to_an_update_and_removed_already(desk: Desk, lines: tuple[str, ...]) -> None:
    known = desk.create(a_text(*lines))
    desk.anna.delete_event("HX_Harbour", MASTER)
    with pytest.raises(ObjectGone):
        desk.remote.update(desk.calendar_id, known, a_text("SUMMARY:Team later"))
    desk.remote.remove(desk.calendar_id, known)
    assert isinstance(desk.remote.read(desk.calendar_id, known.remote_id), Gone)
    assert agenda(desk) == []


def test_a_day_becomes_a_time_and_a_series_becomes_single(desk: Desk) -> None:
    whole = a_text("SUMMARY:Team", DAILY).replace(
        time_line("DTSTART", NINE), "DTSTART;VALUE=DATE:20261123"
    ).replace("DTEND;TZID=Europe/Berlin:20261123T100000", "DTEND;VALUE=DATE:20261124")  # fmt: skip
    known = desk.create(whole)
    assert told(known.text) == told(whole)
    known = desk.remote.update(desk.calendar_id, known, a_text("SUMMARY:Team"))
    assert told(known.text) == told(a_text("SUMMARY:Team"))
    known = desk.remote.update(desk.calendar_id, known, whole)
    assert told(known.text) == told(whole)
    assert read(desk, known) == known


# -- series


SERIES = a_text("SUMMARY:Team", DAILY, time_line("EXDATE", Zoned(nth(1))), overrides=[an_override(2, "Other")])


def test_a_series_is_made_with_its_exceptions_and_left_out_days(desk: Desk) -> None:
    known = desk.create(SERIES)
    assert told(known.text) == told(SERIES)
    assert read(desk, known) == known
    assert agenda(desk) == [
        ("23 09", "Team"), ("25 10", "Other"), ("26 09", "Team"), ("27 09", "Team"), ("28 09", "Team")
    ]  # fmt: skip


STEPS: dict[str, Callable[[], str]] = {
    "an override more": lambda: a_text(
        "SUMMARY:Team", DAILY, overrides=[an_override(2, "Other"), an_override(3, "Third")]
    ),
    "another override": lambda: a_text("SUMMARY:Team", DAILY, overrides=[an_override(2, "Changed", hours=3)]),
    "none": lambda: a_text("SUMMARY:Team", DAILY),
    "none and new words": lambda: a_text("SUMMARY:New words", "LOCATION:There", DAILY),
    "the override left out": lambda: a_text("SUMMARY:Team", DAILY, time_line("EXDATE", Zoned(nth(2)))),
    "another time": lambda: a_text(
        "SUMMARY:Team", DAILY, starts=Zoned(NINE.moment + 2 * HOUR), ends=Zoned(NINE.moment + 3 * HOUR)
    ),
    "shorter": lambda: a_text("SUMMARY:Team", "RRULE:FREQ=DAILY;COUNT=2"),
}


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_series_is_brought_to_each_text_and_back(desk: Desk, step: Callable[[], str]) -> None:
    known = desk.create(SERIES)
    known = desk.remote.update(desk.calendar_id, known, step())
    assert told(known.text) == told(step())
    assert read(desk, known) == known
    known = desk.remote.update(desk.calendar_id, known, SERIES)
    assert told(known.text) == told(SERIES)


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_a_series_whose_writing_broke_off_is_finished_by_the_next_attempt(desk: Desk, lost: int) -> None:
    wanted = a_text(
        "SUMMARY:New", DAILY, overrides=[an_override(2, "Second"), an_override(3, "Third"), an_override(4, "Fourth")]
    )
    known = desk.create(SERIES)
    path = ["/events/[^_]+$", "_20261125", "_20261127"][lost]
    desk.google.faults.refuse(503, "backendError", method="PATCH", path=path)
    with pytest.raises(TryLater):
        desk.remote.update(desk.calendar_id, known, wanted)
    known = desk.remote.update(desk.calendar_id, read(desk, known), wanted)
    assert told(known.text) == told(wanted)


def test_a_persons_change_to_one_day_is_in_the_series_and_makes_old_tags_stale(desk: Desk) -> None:
    known = desk.create(SERIES)
    page = desk.everything()
    desk.anna.change_instance("HX_Harbour", MASTER, nth(3), summary="Mine", location="Here")
    desk.anna.delete_instance("HX_Harbour", MASTER, nth(4))
    with pytest.raises(Changed):
        desk.remote.update(desk.calendar_id, known, SERIES)
    (sighting,) = desk.since(page).sightings
    assert sighting == read(desk, known)
    assert "SUMMARY:Mine" in read(desk, known).text
    assert f"EXDATE;TZID=Europe/Berlin:{nth(1):%Y%m%dT%H%M%S},{nth(4):%Y%m%dT%H%M%S}" in read(desk, known).text


def test_a_day_that_the_person_deleted_comes_back_when_hxdav_says_so(desk: Desk) -> None:
    desk.create(a_text("SUMMARY:Team", DAILY))
    desk.anna.delete_instance("HX_Harbour", MASTER, nth(4))
    known = next(one for one in desk.everything().sightings if isinstance(one, RemoteObject))
    known = desk.remote.update(desk.calendar_id, known, a_text("SUMMARY:Team", DAILY))
    assert told(known.text) == told(a_text("SUMMARY:Team", DAILY))
    assert len(agenda(desk)) == 6


def test_this_and_following_arrives_as_a_shorter_series_and_a_new_one(desk: Desk) -> None:
    desk.create(a_text("SUMMARY:Team", DAILY))
    page = desk.everything()
    desk.anna.change_following("HX_Harbour", MASTER, nth(3), summary="Later")
    seen = [one for one in desk.since(page).sightings if isinstance(one, RemoteObject)]
    assert [object_of(one.text).summary for one in seen] == ["Team", "Later"]
    assert len({object_of(one.text).uid for one in seen}) == 2


def test_the_second_half_of_a_split_series_takes_overrides_and_left_out_days(desk: Desk) -> None:
    desk.create(a_text("SUMMARY:Team", DAILY))
    desk.anna.change_following("HX_Harbour", MASTER, nth(3), summary="Later")
    (known,) = [one for one in desk.everything().sightings if isinstance(one, RemoteObject) and "_R" in one.remote_id]
    uid = object_of(known.text).uid
    wanted = a_text(
        "SUMMARY:Later",
        "RRULE:FREQ=DAILY;COUNT=3",
        starts=Zoned(nth(3)),
        ends=Zoned(nth(3) + HOUR),
        uid=uid,
        overrides=[an_override(4, "Other")],
    )
    known = desk.remote.update(desk.calendar_id, known, wanted)
    assert told(known.text) == told(wanted)


# -- pulling


def test_pages_hold_each_series_once_and_whole(desk: Desk) -> None:
    desk.create(SERIES)
    for number in range(7):
        desk.create(a_text("SUMMARY:Team", uid=f"u{number}"))
    desk.anna.change_instance("HX_Harbour", MASTER, nth(3), summary="Mine")
    whole = desk.everything()
    desk.google.quirks.largest_page = 2
    in_pages = desk.everything()
    assert in_pages.sightings == whole.sightings
    assert len(whole.sightings) == 8
    assert in_pages.listing
    assert desk.since(in_pages).sightings == ()


def test_changes_are_told_and_deletions_as_gone(desk: Desk) -> None:
    first, second = desk.create(a_text("SUMMARY:One", uid="one")), desk.create(a_text("SUMMARY:Two", uid="two"))
    series = desk.create(SERIES)
    page = desk.everything()
    desk.anna.change_event("HX_Harbour", first.remote_id, summary="First")
    desk.anna.delete_event("HX_Harbour", second.remote_id)
    desk.anna.delete_event("HX_Harbour", series.remote_id)
    changes = desk.since(page)
    assert not changes.listing
    assert set(changes.sightings) == {
        read(desk, first),
        Gone(remote_id=second.remote_id),
        Gone(remote_id=series.remote_id),
    }


def test_a_listing_says_nothing_of_what_is_not_there(desk: Desk) -> None:
    desk.create(a_text("SUMMARY:Team"))
    desk.anna.delete_event("HX_Harbour", MASTER)
    assert desk.everything().sightings == ()


def test_html_and_trimmed_titles_come_back_meaning_the_same(desk: Desk) -> None:
    desk.google.quirks.html_descriptions = desk.google.quirks.trims_summaries = True
    text = a_text("SUMMARY:Team  ", "DESCRIPTION:one\\ntwo & three")
    assert told(desk.create(text).text) == told(text)


def test_an_event_of_the_persons_own_comes_with_googles_uid(desk: Desk) -> None:
    made = desk.anna.add_event("HX_Harbour", nth(0), nth(0) + HOUR, summary="Mine", zone="Europe/Berlin")
    (sighting,) = desk.everything().sightings
    assert isinstance(sighting, RemoteObject)
    assert object_of(sighting.text).uid == made["iCalUID"]
    assert object_of(sighting.text).summary == "Mine"


@settings(max_examples=settings().max_examples // 2)
@given(before=texts(), after=texts(), data=st.data())
def test_any_object_is_brought_to_any_other_whatever_the_person_did_between(
    before: str, after: str, data: st.DataObject
) -> None:
    with a_desk() as desk:
        known = desk.create(before)
        page = desk.everything()
        _meddle(desk, data)
        changed = [one for one in desk.since(page).sightings if isinstance(one, RemoteObject)]
        known = changed[-1] if changed else known
        known = desk.remote.update(desk.calendar_id, known, after)
        assert told(known.text) == told(after)
        assert read(desk, known) == known
        (listed,) = desk.everything().sightings
        assert listed == known
        desk.remote.remove(desk.calendar_id, known)
        assert desk.everything().sightings == ()


def _meddle(desk: Desk, data: st.DataObject) -> None:
    """Let Anna change or delete an instance or two, or the whole."""
    for _ in range(data.draw(st.integers(0, 2))):
        shown = desk.anna.agenda("HX_Harbour", datetime(1980, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC))
        one = data.draw(st.sampled_from(shown))
        if len(shown) > 1 and data.draw(st.booleans()):
            desk.anna.delete_event("HX_Harbour", one["id"])
        else:
            desk.anna.change_event("HX_Harbour", data.draw(st.sampled_from([one["id"], MASTER])), summary="Mine")
