"""What hxdav writes into an Exchange mailbox, and what it leaves alone there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import pytest

from hxdav.domain.times import AllDay
from hxdav.ical.objects import object_of
from hxdav.remote import CalendarUnavailable, Changed, Gone, NotTaken, RemoteObject, TryLater
from tests.contract.remotes.texts import a_series, an_event, meaning, uid_of, with_exception, without_instance
from tests.integration.remotes.exchange_desk import DAY, HOUR, MONDAY, WEEK, Desk, a_desk


@pytest.fixture
def desk() -> Iterator[Desk]:
    with a_desk() as desk:
        yield desk


def test_what_hxdav_makes_is_private_and_reminds_nobody(desk: Desk) -> None:
    desk.remote.create(desk.calendar_id, an_event())

    (shown,) = desk.items
    assert shown.text("Sensitivity") == "Private"
    assert shown.text("ReminderIsSet") == "false"
    assert shown.text("LegacyFreeBusyStatus") == "Busy"


def test_a_uid_is_kept(desk: Desk) -> None:
    text = an_event()

    created = desk.remote.create(desk.calendar_id, text)

    assert uid_of(created.text) == uid_of(text) == created.key
    assert desk.items[0].text("UID") == uid_of(text)


def test_where_a_server_ignores_what_is_searched_for_no_other_appointment_is_written_over(desk: Desk) -> None:
    desk.exchange.world.quirks.restrictions_ignored = True

    for title in ("Supervision", "Intervision", "Reading"):
        desk.remote.create(desk.calendar_id, an_event(title))

    assert sorted(str(each.text("Subject")) for each in desk.items) == ["Intervision", "Reading", "Supervision"]


def test_a_uid_of_any_length_is_found_again(desk: Desk) -> None:
    text = an_event(uid="x" * 600)
    desk.exchange.faults.lose_answers(operation="CreateItem")
    with pytest.raises(TryLater):
        desk.remote.create(desk.calendar_id, text)

    created = desk.remote.create(desk.calendar_id, text)

    assert len(desk.items) == 1
    assert created.key == uid_of(text)


def test_what_the_person_has_set_stays_when_hxdav_updates(desk: Desk) -> None:
    created = desk.remote.create(desk.calendar_id, an_event("Supervision"))
    desk.kim.change(created.remote_id, ReminderIsSet="true", ReminderMinutesBeforeStart="45", Importance="High")
    known = desk.read(created)

    desk.remote.update(desk.calendar_id, known, known.text.replace("Supervision", "Intervision"))

    (shown,) = desk.items
    assert shown.text("Subject") == "Intervision"
    assert shown.text("ReminderMinutesBeforeStart") == "45"
    assert (shown.text("ReminderIsSet"), shown.text("Importance")) == ("true", "High")


def test_an_update_writes_only_what_differs(desk: Desk) -> None:
    created = desk.remote.create(desk.calendar_id, an_event("Supervision", description="Bring the notes"))
    desk.kim.change(created.remote_id, body="Bring the notes")
    known = desk.read(created)
    before = desk.kim.item(created.remote_id).fields.plain["Body"]

    desk.remote.update(desk.calendar_id, known, known.text.replace("Supervision", "Intervision"))

    assert desk.kim.item(created.remote_id).fields.plain["Body"] is not None
    assert before is not None
    assert desk.kim.item(created.remote_id).text("Body") == before.text


def test_an_update_that_changes_nothing_writes_nothing(desk: Desk) -> None:
    created = desk.remote.create(desk.calendar_id, an_event())

    again = desk.remote.update(desk.calendar_id, created, created.text)

    assert again.tag == created.tag


def test_an_update_that_would_change_nothing_is_refused_where_the_person_was_quicker(desk: Desk) -> None:
    created = desk.remote.create(desk.calendar_id, an_event())
    desk.kim.change(created.remote_id, Subject="Swimming")

    with pytest.raises(Changed):
        desk.remote.update(desk.calendar_id, created, created.text)


def test_an_edit_right_behind_a_creation_is_not_taken_for_what_was_written(desk: Desk) -> None:
    def edit_at_once() -> None:
        while not desk.items:
            time.sleep(0.01)
        desk.kim.change(desk.items[0].id, Subject="Intervision")

    desk.exchange.faults.delay(0.5, operation="GetItem")
    with ThreadPoolExecutor() as person:
        edited = person.submit(edit_at_once)
        with pytest.raises(Changed):
            desk.remote.create(desk.calendar_id, an_event("Supervision"))
        edited.result()

    assert [each.text("Subject") for each in desk.items] == ["Intervision"]


def test_what_is_emptied_is_empty_there(desk: Desk) -> None:
    uid = "emptied"
    created = desk.remote.create(desk.calendar_id, an_event(uid=uid, location="Room 2", description="Notes"))

    updated = desk.remote.update(desk.calendar_id, created, an_event(uid=uid))

    assert desk.items[0].text("Location") is None
    assert meaning(desk.remote, updated.text) == meaning(desk.remote, an_event(uid=uid))


def test_what_is_removed_lies_in_deleted_items(desk: Desk) -> None:
    created = desk.remote.create(desk.calendar_id, an_event("Supervision"))

    desk.remote.remove(desk.calendar_id, created)

    assert [one.text("Subject") for one in desk.kim.items("deleteditems")] == ["Supervision"]


def test_a_whole_day_is_one_in_outlook_where_the_practice_is(desk: Desk) -> None:
    text = an_event(starts=AllDay(date(2026, 11, 23)), ends=AllDay(date(2026, 11, 24)))

    desk.remote.create(desk.calendar_id, text)

    (shown,) = desk.items
    assert shown.start == datetime(2026, 11, 22, 13, tzinfo=UTC)
    assert shown.end == datetime(2026, 11, 23, 13, tzinfo=UTC)
    assert shown.fields.zone_name == "AUS Eastern Standard Time"


def test_a_free_time_and_an_uncertain_one_show_so(desk: Desk) -> None:
    free = an_event("Free").replace("SUMMARY", "TRANSP:TRANSPARENT\r\nSUMMARY")
    unsure = an_event("Unsure").replace("SUMMARY", "STATUS:TENTATIVE\r\nSUMMARY")

    for text in (free, unsure):
        desk.remote.create(desk.calendar_id, text)

    shown = {one.text("Subject"): one.text("LegacyFreeBusyStatus") for one in desk.items}
    assert shown == {"Free": "Free", "Unsure": "Tentative"}


def test_characters_that_xml_has_no_place_for_are_left_out(desk: Desk) -> None:
    text = an_event("Super\x0bvision")

    created = desk.remote.create(desk.calendar_id, text)

    assert object_of(created.text).summary == "Supervision"


def test_a_copy_that_the_person_made_is_not_taken_for_what_hxdav_made(desk: Desk) -> None:
    created = desk.remote.create(desk.calendar_id, an_event("Supervision"))
    fields = desk.kim.item(created.remote_id).fields
    copied = desk.kim.add(desk.calendar_id, MONDAY + DAY, MONDAY + DAY + HOUR, Subject="Copy")
    desk.exchange.world.mailboxes[desk.kim.email].items[copied.id].fields.extended.update(fields.extended)

    seen = desk.remote.read(desk.calendar_id, type(created.remote_id)(copied.id))
    again = desk.remote.create(desk.calendar_id, created.text)

    assert isinstance(seen, RemoteObject)
    assert seen.key is None
    assert again.remote_id == created.remote_id


def test_an_instance_that_was_left_out_comes_back(desk: Desk) -> None:
    series = a_series("Rounds", uid="rounds")
    text = with_exception(series, MONDAY + 2 * WEEK, title="Rounds, late", moved_to=MONDAY + 2 * WEEK + HOUR)
    created = desk.remote.create(desk.calendar_id, without_instance(text, MONDAY + WEEK))

    updated = desk.remote.update(desk.calendar_id, created, text)

    assert updated.remote_id == created.remote_id
    assert meaning(desk.remote, desk.read(updated).text) == meaning(desk.remote, text)


@pytest.mark.parametrize("rule", ["FREQ=WEEKLY;UNTIL=20270301T000000Z", "FREQ=WEEKLY", "FREQ=DAILY;COUNT=9"])
def test_an_instance_comes_back_whatever_the_end_of_the_series(desk: Desk, rule: str) -> None:
    text = an_event("Rounds", uid="rounds", rrule=rule)
    day = DAY if "DAILY" in rule else WEEK
    created = desk.remote.create(desk.calendar_id, without_instance(text, MONDAY + day))

    updated = desk.remote.update(desk.calendar_id, created, text)

    assert meaning(desk.remote, updated.text) == meaning(desk.remote, text)
    assert len(desk.kim.agenda(desk.calendar_id, MONDAY, MONDAY + 3 * day)) == 3


def test_a_series_becomes_a_single_event_and_a_series_again(desk: Desk) -> None:
    single, series = an_event("Rounds", uid="rounds"), a_series("Rounds", uid="rounds")
    created = desk.remote.create(desk.calendar_id, series)

    once = desk.remote.update(desk.calendar_id, created, single)
    again = desk.remote.update(desk.calendar_id, once, series)

    assert meaning(desk.remote, once.text) == meaning(desk.remote, single)
    assert meaning(desk.remote, again.text) == meaning(desk.remote, series)


def test_a_moved_series_keeps_its_exceptions(desk: Desk) -> None:
    late = with_exception(
        a_series("Rounds", uid="rounds"), MONDAY + WEEK, title="Rounds, late", moved_to=MONDAY + WEEK + HOUR
    )
    created = desk.remote.create(desk.calendar_id, late)
    longer = late.replace("COUNT=6", "COUNT=8")

    updated = desk.remote.update(desk.calendar_id, created, longer)

    assert meaning(desk.remote, updated.text) == meaning(desk.remote, longer)


def test_a_series_whose_exceptions_were_not_answered_is_finished_when_it_is_created_again(desk: Desk) -> None:
    text = with_exception(a_series("Rounds"), MONDAY + WEEK, title="Rounds, late", moved_to=MONDAY + WEEK + HOUR)
    desk.exchange.faults.fault("ErrorInternalServerError", operation="UpdateItem")
    with pytest.raises(TryLater):
        desk.remote.create(desk.calendar_id, text)

    created = desk.remote.create(desk.calendar_id, text)

    assert len(desk.items) == 1
    assert meaning(desk.remote, created.text) == meaning(desk.remote, text)


def test_what_exchange_cannot_keep_is_not_taken(desk: Desk) -> None:
    leap = an_event(rrule="FREQ=YEARLY;INTERVAL=2;COUNT=3")

    with pytest.raises(NotTaken):
        desk.remote.create(desk.calendar_id, leap)

    assert not desk.remote.can_express(leap)
    assert desk.items == []


def test_what_exchange_refuses_is_not_taken(desk: Desk) -> None:
    desk.exchange.faults.refuse("ErrorInvalidPropertySet", operation="CreateItem")

    with pytest.raises(NotTaken):
        desk.remote.create(desk.calendar_id, an_event())


def test_nothing_is_sent_to_guests_whom_the_person_has_invited(desk: Desk) -> None:
    created = desk.remote.create(desk.calendar_id, an_event("Supervision"))

    desk.remote.remove(
        desk.calendar_id, desk.remote.update(desk.calendar_id, created, an_event(uid=uid_of(created.text)))
    )

    assert {one.choice for one in desk.exchange.send_choices} == {"SendToNone"}


def test_a_calendar_that_was_deleted_for_good_is_gone_too(desk: Desk) -> None:
    created = desk.remote.create(desk.calendar_id, an_event())
    desk.kim.delete_calendar(desk.calendar_id, for_good=True)

    with pytest.raises(CalendarUnavailable):
        desk.remote.read(desk.calendar_id, created.remote_id)
    with pytest.raises(CalendarUnavailable):
        desk.remote.create(desk.calendar_id, an_event())


def test_what_was_moved_into_another_calendar_is_gone_from_this_one(desk: Desk) -> None:
    created = desk.remote.create(desk.calendar_id, an_event())
    desk.kim.restore(created.remote_id, desk.kim.add_calendar("Other").id)

    assert isinstance(desk.remote.read(desk.calendar_id, created.remote_id), Gone)
