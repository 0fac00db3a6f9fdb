"""Items of the EWS simulator, through unmodified exchangelib."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from exchangelib import EWSDate  # type: ignore[import-untyped]
from exchangelib.errors import (  # type: ignore[import-untyped]
    ErrorCalendarViewRangeTooBig,
    ErrorIrresolvableConflict,
    ErrorItemNotFound,
)

from tests.simulators.ews.cases import NAME, Desk, a_desk, berlin
from tests.simulators.ews.wire import EwsRefusal
from tests.simulators.ews.words import ITEM_ORDER


@pytest.fixture
def desk() -> Iterator[Desk]:
    with a_desk() as found:
        yield found


def test_what_is_made_comes_back(desk: Desk) -> None:
    made = desk.make(
        subject="Visit & more",
        body="First line\nSecond <line>",
        location="Room 2",
        sensitivity="Private",
        uid="made-1@hxdav",
        simulator_key="key-1",
        reminder_is_set=False,
    )
    found = desk.read(made)
    assert (found.subject, found.location, found.sensitivity, found.uid) == (
        "Visit & more",
        "Room 2",
        "Private",
        "made-1@hxdav",
    )
    assert (str(found.body), found.simulator_key, found.type) == ("First line\nSecond <line>", "key-1", "Single")
    assert (found.start, found.end) == (berlin(2026, 11, 23, 9), berlin(2026, 11, 23, 10))
    assert str(found._start_timezone) == "Europe/Berlin"
    assert found.reminder_is_set is False
    (seen,) = desk.anna.items(NAME)
    assert (seen.id, seen.extended("simulator-key")) == (made.id, "key-1")


def test_several_are_made_at_once(desk: Desk) -> None:
    from exchangelib import CalendarItem  # noqa: PLC0415

    items = [
        CalendarItem(subject=f"{number}", start=desk.at(2026, 11, 24, number), end=desk.at(2026, 11, 24, number + 1))
        for number in range(8, 12)
    ]
    made = desk.account.bulk_create(desk.calendar, items, send_meeting_invitations="SendToNone")
    assert len({one.id for one in made}) == 4
    assert len(desk.anna.items(NAME)) == 4


def test_an_all_day_item_takes_the_days_of_its_zone(desk: Desk) -> None:
    made = desk.make(start=EWSDate(2026, 11, 24), end=EWSDate(2026, 11, 25), is_all_day=True)
    found = desk.read(made)
    assert (found.start, found.end) == (date(2026, 11, 24), date(2026, 11, 25))
    (seen,) = desk.anna.items(NAME)
    assert (seen.start, seen.end) == (berlin(2026, 11, 24), berlin(2026, 11, 26))


def test_an_update_changes_the_key_and_what_it_names(desk: Desk) -> None:
    made = desk.make(location="Room 2", simulator_key="key-1")
    key = made.changekey
    made.subject, made.location, made.simulator_key = "Later", None, None
    made.start, made.end = desk.at(2026, 11, 23, 11), desk.at(2026, 11, 23, 12)
    desk.update(made, "subject", "location", "start", "end", "simulator_key")
    found = desk.read(made)
    assert (found.subject, found.location, found.simulator_key) == ("Later", None, None)
    assert found.start == berlin(2026, 11, 23, 11)
    assert found.changekey == made.changekey != key


def test_a_stale_change_key_is_refused_where_nothing_may_be_overwritten(desk: Desk) -> None:
    made = desk.make()
    desk.anna.change(made.id, Subject="Outlook's")
    made.subject = "Ours"
    with pytest.raises(ErrorIrresolvableConflict):
        desk.update(made, "subject")
    assert desk.read(made).subject == "Outlook's"
    desk.update(made, "subject", how="AlwaysOverwrite")
    assert desk.read(made).subject == "Ours"


def test_an_update_that_is_refused_changes_nothing(desk: Desk) -> None:
    made = desk.make()
    made.subject, made.end = "Never", desk.at(2026, 11, 22, 9)
    made.start = desk.at(2026, 11, 22, 8)
    desk.exchange.faults.refuse("ErrorInternalServerError", operation="UpdateItem")
    with pytest.raises(Exception, match="ErrorInternalServerError"):
        desk.update(made, "subject", "start", "end")
    found = desk.read(made)
    assert (found.subject, found.changekey) == ("Visit", made.changekey)


def test_an_end_before_the_start_is_refused(desk: Desk) -> None:
    with pytest.raises(EwsRefusal) as caught:
        desk.anna.add(NAME, berlin(2026, 11, 23, 9), berlin(2026, 11, 23, 8))
    assert caught.value.code == "ErrorCalendarEndDateIsEarlierThanStartDate"


def test_what_is_moved_to_the_trash_has_another_id_there(desk: Desk) -> None:
    made = desk.make()
    old = made.id
    made.move_to_trash(send_meeting_cancellations="SendToNone")
    assert desk.anna.items(NAME) == []
    (thrown,) = desk.anna.items("deleteditems")
    assert thrown.id != old
    with pytest.raises(ErrorItemNotFound):
        desk.calendar.get(id=old)
    back = desk.anna.restore(thrown.id, NAME)
    assert back.id not in {old, thrown.id}


def test_what_is_deleted_for_good_is_nowhere(desk: Desk) -> None:
    made = desk.make()
    made.delete(send_meeting_cancellations="SendToNone")
    assert desk.anna.items(NAME) + desk.anna.items("deleteditems") == []


def test_an_item_is_found_by_its_extended_property(desk: Desk) -> None:
    desk.make(simulator_key="key-1")
    made = desk.make(simulator_key="key-2")
    assert [one.id for one in desk.calendar.filter(simulator_key="key-2").only("subject")] == [made.id]
    assert list(desk.calendar.filter(simulator_key="key-3").only("subject")) == []


def test_items_are_found_by_subject_and_time(desk: Desk) -> None:
    made = desk.make(subject="Team meeting")
    desk.make(subject="Visit", start=desk.at(2026, 12, 1, 9), end=desk.at(2026, 12, 1, 10))
    assert [one.id for one in desk.calendar.filter(subject__icontains="MEET").only("subject")] == [made.id]
    found = desk.calendar.filter(start__lt=desk.at(2026, 12, 1), end__gt=desk.at(2026, 11, 1)).only("subject")
    assert [one.id for one in found] == [made.id]
    assert desk.calendar.exclude(subject="Visit").count() == 1


def test_a_search_goes_on_over_pages(desk: Desk) -> None:
    made = {desk.make(subject=f"{number}").id for number in range(7)}
    desk.exchange.quirks.largest_find_page = 3
    found = desk.calendar.all().only("subject")
    assert {one.id for one in found} == made


def test_a_search_shortens_long_texts(desk: Desk) -> None:
    made = desk.make(location="x" * 300)
    ((_, found),) = desk.calendar.sync_items(only_fields=["location"])
    assert len(found.location) == 255
    assert len(desk.read(made).location) == 300


def test_a_view_shows_what_overlaps_it_in_order(desk: Desk) -> None:
    late = desk.make(start=desk.at(2026, 11, 23, 15), end=desk.at(2026, 11, 23, 16))
    early = desk.make()
    desk.make(start=desk.at(2026, 11, 24, 9), end=desk.at(2026, 11, 24, 10))
    found = list(desk.calendar.view(start=desk.at(2026, 11, 23), end=desk.at(2026, 11, 24)).only("start"))
    assert [one.id for one in found] == [early.id, late.id]


def test_a_view_is_two_years_long_at_most(desk: Desk) -> None:
    with pytest.raises(ErrorCalendarViewRangeTooBig):
        list(desk.calendar.view(start=desk.at(2026, 1, 1), end=desk.at(2029, 1, 1)).only("start"))


def test_a_body_that_outlook_writes_is_html_and_text_at_once(desk: Desk) -> None:
    seen = desk.anna.add(NAME, berlin(2026, 11, 23, 9), berlin(2026, 11, 23, 10), Subject="Lunch", body="With <Ben>")
    found = desk.calendar.get(id=seen.id)
    assert "&lt;Ben&gt;" in found.body
    assert found.text_body == "With <Ben>"


def test_bodies_may_come_back_as_html(desk: Desk) -> None:
    desk.exchange.quirks.html_bodies = True
    found = desk.read(desk.make(body="plain\ntext"))
    assert found.body.startswith("<html>")
    assert found.text_body == "plain\ntext"


def test_what_exchange_computes_cannot_be_written(desk: Desk) -> None:
    with pytest.raises(EwsRefusal) as caught:
        desk.anna.add(NAME, berlin(2026, 11, 23, 9), berlin(2026, 11, 23, 10), CalendarItemType="Single")
    assert caught.value.code == "ErrorInvalidPropertySet"


def test_times_are_kept_to_the_second(desk: Desk) -> None:
    start = datetime(2026, 11, 23, 8, 0, 30, 900_000, tzinfo=UTC)
    seen = desk.anna.add(NAME, start, start + timedelta(minutes=5))
    assert seen.start == start.replace(microsecond=0)


def test_the_order_of_fields_is_the_schemas() -> None:
    from tests.simulators.ews.schema import SCHEMAS  # noqa: PLC0415

    if not (SCHEMAS / "types.xsd").is_file():
        pytest.skip("needs Microsoft's types.xsd in ../shared/schemas/ews, which is not part of the repository")
    from lxml import etree  # type: ignore[import-untyped]  # noqa: PLC0415

    xs = "{http://www.w3.org/2001/XMLSchema}"
    types = {one.get("name"): one for one in etree.parse(str(SCHEMAS / "types.xsd")).getroot()}
    published = [
        one.get("name") for name in ("ItemType", "CalendarItemType") for one in types[name].iter(f"{xs}element")
    ]
    assert published == list(ITEM_ORDER)
