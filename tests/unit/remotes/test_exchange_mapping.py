"""Calendar objects as items of Exchange's, and back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hxdav.domain.field import EVERY_FIELD
from hxdav.domain.times import AllDay, Floating, Zoned
from hxdav.ical.fields import Parts, parts_of
from hxdav.ical.objects import object_of, read_object
from hxdav.remote import RemoteObject, Unreadable
from hxdav.remotes.exchange.elements import KEY, Element, every, find, local, need, own_property, t, text_at
from hxdav.remotes.exchange.items_out import bodies_of, can_express, key_value, new_item, updates
from hxdav.remotes.exchange.recurrence import recurrence_element, recurrence_of
from hxdav.remotes.exchange.series import ExchangeSeries
from hxdav.remotes.exchange.zones import name_of
from hxdav.remotes.microsoft.events_out import changes
from tests.contract.remotes.texts import a_series, an_event, uid_of, with_exception, without_instance
from tests.unit.remotes.exchange_items import HOME, an_item, as_shown

SYDNEY = ZoneInfo("Australia/Sydney")
MONDAY = datetime(2026, 11, 23, 9, 30, tzinfo=SYDNEY)
HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)


def meaning(text: str) -> Parts:
    return parts_of(read_object(text.encode()), carries=EVERY_FIELD, practice_zone=SYDNEY)


def shown_text(pieces: ExchangeSeries) -> str:
    sighting = pieces.sighting()
    assert isinstance(sighting, RemoteObject)
    return sighting.text


def names(element: Element) -> list[str]:
    return [local(child) for child in element]


ZONES = ("Australia/Sydney", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC")
# Without the two that XML cannot say (XML 1.0 §2.2): they are left out on the way.
LETTERS = st.characters(
    codec="utf-8", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp"), exclude_characters="\ufffe\uffff"
)
WORDS = st.text(LETTERS, max_size=40)


@st.composite
def objects(draw: st.DrawFn) -> str:
    """Single events and series, of times and of whole days, anywhere in a few years."""
    rule = draw(
        st.sampled_from(
            (
                "",
                "FREQ=DAILY;COUNT=5",
                "FREQ=DAILY;INTERVAL=3",
                "FREQ=WEEKLY;COUNT=10",
                "FREQ=WEEKLY;INTERVAL=2;UNTIL=20291231",
                "FREQ=MONTHLY;COUNT=7",
                "FREQ=YEARLY",
            )
        )
    )
    day = draw(st.dates(date(2024, 1, 1), date(2028, 12, 31)).filter(lambda found: found.day <= 28))
    words = {name: draw(WORDS) for name in ("title", "location", "description")}
    if draw(st.booleans()):
        ends = day + timedelta(days=draw(st.integers(1, 3)))
        return an_event(words.pop("title"), starts=AllDay(day), ends=AllDay(ends), rrule=rule, **words)
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    # Not in the hours in which clocks are changed: what a time there means is the calendar part's affair.
    starts = datetime(day.year, day.month, day.day, draw(st.integers(6, 22)), draw(st.integers(0, 59)), tzinfo=zone)
    rule = rule.replace("UNTIL=20291231", "UNTIL=20291231T120000Z")
    length = timedelta(minutes=draw(st.integers(1, 600)))
    ends = (starts.astimezone(UTC) + length).astimezone(zone)
    text = an_event(words.pop("title"), starts=Zoned(starts), ends=Zoned(ends), rrule=rule, **words)
    # Through a night on which the clock is changed, some would not go as one series.
    assume(can_express(text))
    return text


@given(objects(), st.sampled_from((*ZONES, "")))
def test_what_is_written_means_the_same_when_it_is_shown(text: str, home: str) -> None:
    assert meaning(shown_text(as_shown(text, home=home))) == meaning(text)


@given(objects())
def test_what_is_shown_is_written_as_it_was(text: str) -> None:
    shown = shown_text(as_shown(text))

    assert changes(bodies_of(shown).master, bodies_of(text).master) == {}


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;COUNT=3",
        "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR;COUNT=10",
        "FREQ=WEEKLY;BYDAY=MO,WE;COUNT=6",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;WKST=SU",
        "FREQ=MONTHLY;BYMONTHDAY=23;COUNT=4",
        "FREQ=MONTHLY;BYDAY=4MO",
        "FREQ=YEARLY;BYMONTH=11;BYDAY=4MO",
        "FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=23;UNTIL=20301231T000000Z",
    ],
)
def test_a_rule_comes_back_in_its_own_words(rule: str) -> None:
    assert object_of(shown_text(as_shown(an_event(rrule=rule)))).main.value("RRULE") == rule


@pytest.mark.parametrize("days", ["MO,TU,WE,TH,FR", "MO,TU,WE,TH,FR,SA,SU"])
def test_the_last_of_some_days_of_a_month_comes_back(days: str) -> None:
    rule = f"FREQ=MONTHLY;BYDAY={days};BYSETPOS=-1;COUNT=3"
    text = an_event(starts=Zoned(datetime(2026, 11, 30, 9, 30, tzinfo=SYDNEY)), rrule=rule)

    assert object_of(shown_text(as_shown(text))).main.value("RRULE") == rule


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=WEEKLY;COUNT=6",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;WKST=SU",
        "FREQ=MONTHLY;BYDAY=4MO",
        "FREQ=MONTHLY",
        "FREQ=YEARLY;BYMONTH=11;BYDAY=4MO",
        "FREQ=YEARLY",
    ],
)
def test_a_rule_of_outlooks_is_read_without_the_words_of_hxdav(rule: str) -> None:
    written = as_shown(an_event(rrule=rule)).element
    for own in every(written, "t:ExtendedProperty"):
        written.remove(own)

    shown = shown_text(ExchangeSeries(element=written, home=HOME))

    assert meaning(shown)[""] == meaning(an_event(rrule=rule))[""]


def test_the_fields_stand_in_the_order_of_the_schema() -> None:
    item = new_item(
        bodies_of(a_series().replace("SUMMARY", "LOCATION:Room\r\nDESCRIPTION:Notes\r\nSUMMARY")), home=HOME
    )

    assert names(item) == [
        *("Subject", "Sensitivity", "Body", "ReminderIsSet", "ExtendedProperty", "ExtendedProperty", "UID"),
        *("Start", "End", "IsAllDayEvent", "LegacyFreeBusyStatus", "Location", "Recurrence"),
        *("StartTimeZone", "EndTimeZone"),
    ]


def test_an_update_empties_what_is_empty_and_leaves_reminders_alone() -> None:
    written = updates(bodies_of(an_event()).master, home=HOME)

    emptied = {each[0].get("FieldURI") for each in written if local(each) == "DeleteItemField"}
    touched = {each[0].get("FieldURI") for each in written}
    assert emptied == {"item:Body", "calendar:Location", "calendar:Recurrence"}
    assert not any("Reminder" in str(uri) or "Attendees" in str(uri) for uri in touched)


def test_a_whole_day_begins_at_midnight_of_the_practice_and_ends_at_the_next_one() -> None:
    item = new_item(bodies_of(an_event(starts=AllDay(date(2026, 11, 23)))), home="Europe/Berlin")

    assert (text_at(item, "t:Start"), text_at(item, "t:End")) == ("2026-11-22T23:00:00Z", "2026-11-23T23:00:00Z")
    zone = find(item, "t:StartTimeZone")
    assert zone is not None
    assert zone.get("Id") == "W. Europe Standard Time"


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-11-22T13:00:00Z", "2026-11-23T13:00:00Z", "20261123"),
        ("2026-11-23T08:00:00Z", "2026-11-24T08:00:00Z", "20261123"),
        ("2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z", "20261123"),
    ],
)
def test_a_whole_day_in_an_unknown_zone_is_the_one_that_its_midnight_is_nearest_to(
    start: str, end: str, expected: str
) -> None:
    shown = an_item(
        t("UID", text="u"),
        t("Start", text=start),
        t("End", text=end),
        t("IsAllDayEvent", text="true"),
        t("StartTimeZone", Id="tzone://Microsoft/Custom"),
    )

    assert object_of(shown_text(ExchangeSeries(element=shown, home=""))).main.value("DTSTART") == expected


@pytest.mark.parametrize("busy", ["OOF", "WorkingElsewhere", "NoData", "Busy", ""])
def test_what_is_neither_free_nor_uncertain_takes_the_time(busy: str) -> None:
    shown = an_item(
        t("UID", text="u"),
        t("Start", text="2026-11-23T08:00:00Z"),
        t("End", text="2026-11-23T09:00:00Z"),
        t("LegacyFreeBusyStatus", text=busy),
    )

    main = object_of(shown_text(ExchangeSeries(element=shown, home=""))).main
    assert (main.value("TRANSP"), main.value("STATUS")) == ("OPAQUE", "CONFIRMED")


@pytest.mark.parametrize(
    "children",
    [
        (),
        (t("Start", text="2026-11-23T08:00:00Z"),),
        (t("Start", text="soon"), t("End", text="later")),
        (
            t("Start", text="2026-11-23T08:00:00Z"),
            t("End", text="2026-11-23T09:00:00Z"),
            t("StartTimeZone", Id="UTC"),
            t("Recurrence", t("DailyRegeneration")),
        ),
    ],
)
def test_what_shows_no_times_cannot_be_read(children: tuple[Element, ...]) -> None:
    assert isinstance(ExchangeSeries(element=an_item(t("UID", text="u"), *children), home="").sighting(), Unreadable)


def test_a_copy_under_another_uid_is_nothing_that_hxdav_made() -> None:
    copied = an_item(
        own_property(KEY, "ours"),
        t("UID", text="theirs"),
        t("Start", text="2026-11-23T08:00:00Z"),
        t("End", text="2026-11-23T09:00:00Z"),
    )

    sighting = ExchangeSeries(element=copied, home="").sighting()

    assert isinstance(sighting, RemoteObject)
    assert sighting.key is None


def test_what_hxdav_made_is_known_by_its_uid() -> None:
    text = an_event()

    sighting = as_shown(text).sighting()

    assert isinstance(sighting, RemoteObject)
    assert sighting.key == uid_of(text)


def test_a_long_uid_has_a_key_that_can_be_searched_for() -> None:
    assert len(key_value(type(object_of(an_event()).uid)("x" * 900))) < 255


@pytest.mark.parametrize(
    "text",
    [
        an_event(rrule="FREQ=HOURLY;COUNT=3"),
        an_event(rrule="FREQ=YEARLY;INTERVAL=2"),
        an_event(rrule="FREQ=WEEKLY;COUNT=2000"),
        an_event(starts=Floating(MONDAY.replace(tzinfo=None)), ends=Floating(MONDAY.replace(tzinfo=None) + HOUR)),
        a_series().replace("SUMMARY", "RDATE:20261201T000000Z\r\nSUMMARY"),
        with_exception(a_series(), MONDAY + WEEK, title="Late", moved_to=MONDAY + 3 * WEEK),
    ],
)
def test_what_exchange_has_no_words_for_is_not_expressible(text: str) -> None:
    assert not can_express(text)


@pytest.mark.parametrize(
    "text",
    [
        an_event(),
        a_series(),
        without_instance(a_series(), MONDAY + WEEK),
        with_exception(a_series(), MONDAY + WEEK, title="Late", moved_to=MONDAY + WEEK + HOUR),
    ],
)
def test_what_exchange_has_words_for_is_expressible(text: str) -> None:
    assert can_express(text)


def test_a_recurrence_with_dates_that_have_offsets_is_read() -> None:
    element = t(
        "Recurrence",
        t("WeeklyRecurrence", t("Interval", text="1"), t("DaysOfWeek", text="Monday Weekday")),
        t("EndDateRecurrence", t("StartDate", text="2026-11-23+11:00"), t("EndDate", text="2026-12-23Z")),
    )

    found = recurrence_of(element, "UTC")

    assert found["range"]["startDate"] == "2026-11-23"
    assert found["range"]["endDate"] == "2026-12-23"
    assert found["pattern"]["firstDayOfWeek"] == "sunday"


@given(objects().filter(lambda text: object_of(text).is_recurring))
def test_a_recurrence_comes_back(text: str) -> None:
    wanted = bodies_of(text).master["recurrence"]

    found = recurrence_of(recurrence_element(wanted), wanted["range"]["recurrenceTimeZone"])

    assert {**wanted["pattern"], "interval": wanted["pattern"]["interval"]}.items() <= found["pattern"].items()
    assert found["range"] == wanted["range"]


def a_definition(*changes: Element, biases: tuple[str, ...] = (), name: str = "Congress", **more: str) -> Element:
    """A zone by its whole clock; each change of the group goes to the period of its own number."""
    told = t("Periods", *(t("Period", Bias=bias, Name=bias, Id=f"p{number}") for number, bias in enumerate(biases)))
    groups = t("TransitionsGroups", t("TransitionsGroup", *changes, Id="0"))
    first = t("Transitions", t("Transition", t("To", text="0", Kind="Group")))
    return t("StartTimeZone", told, groups, first, Name=name, **{"Id": "Congress", **more})


def a_day(period: int, month: int, which: int, *, at: str = "PT2H") -> Element:
    """A change on a Sunday."""
    return t(
        "RecurringDayTransition",
        t("To", text=f"p{period}", Kind="Period"),
        t("TimeOffset", text=at),
        t("Month", text=str(month)),
        t("DayOfWeek", text="Sunday"),
        t("Occurrence", text=str(which)),
    )


def here() -> tuple[Element, ...]:
    return a_day(0, 4, 1, at="PT3H"), a_day(1, 10, 1)


def steady() -> Element:
    return t("Transition", t("To", text="p0", Kind="Period"))


@pytest.mark.parametrize(
    ("definition", "name"),
    [
        (a_definition(*here(), biases=("-PT10H", "-PT11H")), HOME),
        (a_definition(*here(), biases=("-PT10H0M0.0S", "-P0DT11H")), HOME),
        (a_definition(a_day(0, 10, -1, at="PT3H"), a_day(1, 3, 5), biases=("-PT1H", "-PT2H")), "Europe/Budapest"),
        (a_definition(a_day(0, 11, 1), a_day(1, 3, 2), biases=("PT5H", "PT4H")), "America/New_York"),
        (a_definition(steady(), biases=("-PT5H45M",)), "Asia/Kathmandu"),
    ],
    ids=["the practice's", "the practice's, otherwise written", "Central Europe's", "New York's", "a steady one"],
)
def test_a_zone_out_of_an_invitation_is_one_that_keeps_its_clock(definition: Element, name: str) -> None:
    assert name_of(definition, home=HOME, year=2026) == name


def test_of_a_clock_that_changed_its_rules_those_of_the_year_count() -> None:
    told = a_definition(*here(), biases=("-PT10H", "-PT11H"))
    groups, transitions = need(told, "t:TransitionsGroups"), need(told, "t:Transitions")
    groups.append(t("TransitionsGroup", t("Transition", t("To", text="p0", Kind="Period")), Id="1"))
    transitions.append(
        t("AbsoluteDateTransition", t("To", text="1", Kind="Group"), t("DateTime", text="2030-01-01T00:00:00"))
    )

    assert name_of(told, home=HOME, year=2026) == HOME
    assert name_of(told, home="Australia/Brisbane", year=2030) == "Australia/Brisbane"


@pytest.mark.parametrize(
    "definition",
    [
        a_definition(*here(), biases=("-PT1H", "-PT2H")),
        a_definition(*here(), biases=("-PT10H",)),
        a_definition(steady(), biases=("nonsense",)),
        t("StartTimeZone", Id="Congress", Name="Congress"),
    ],
    ids=["nobody's", "without its second period", "nonsense", "a name alone"],
)
@pytest.mark.parametrize("home", [HOME, "", "Nowhere/Land"])
def test_a_clock_that_no_zone_keeps_or_that_is_not_told_is_unknown(definition: Element, home: str) -> None:
    assert name_of(definition, home=home, year=2026) == ""


@pytest.mark.parametrize("name", ["Pacific Standard Time", "(UTC-08:00) Pacific Time (US & Canada)"])
def test_a_zone_without_an_id_has_its_name(name: str) -> None:
    assert name_of(t("StartTimeZone", Id="", Name=name), home=HOME, year=2026) == name
