"""What is written in an item: elements by their names, and extended properties by what their URIs say."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.simulators.ews.recurrence import Recurrence, read_recurrence
from tests.simulators.ews.times import read_moment, whole_days, written, zone_of
from tests.simulators.ews.wire import Element, EwsRefusal, flag, local, need, t
from tests.simulators.ews.words import FLAGS, READ_ONLY

TIMING = ("Start", "End", "StartTimeZone", "EndTimeZone", "IsAllDayEvent", "Recurrence")
_URI_PARTS = (
    "DistinguishedPropertySetId",
    "PropertySetId",
    "PropertyTag",
    "PropertyName",
    "PropertyId",
    "PropertyType",
)


def extended_key(uri: Element) -> str:
    """What tells extended properties apart; property sets are the same in either case."""
    parts = [uri.get(name, "") for name in _URI_PARTS]
    return "|".join([parts[0], parts[1].lower(), *parts[2:]])


@dataclass(slots=True, kw_only=True)
class Fields:
    """The fields of an item, or those that an exception of a series has of its own; None is a field taken away."""

    plain: dict[str, Element | None] = field(default_factory=dict)
    extended: dict[str, Element | None] = field(default_factory=dict)

    def over(self, other: Fields) -> Fields:
        """These fields, and the other's where these say nothing."""
        return Fields(plain={**other.plain, **self.plain}, extended={**other.extended, **self.extended})

    def text(self, name: str) -> str | None:
        """The text of an element, None where there is none."""
        found = self.plain.get(name)
        return None if found is None else found.text or ""

    def put_text(self, name: str, text: str) -> None:
        """Give an element this text."""
        self.plain[name] = t(name, text=text)

    def put(self, elements: Iterable[Element]) -> None:
        """Take over elements of ``t:CalendarItem`` or ``t:CalendarFolder``."""
        for element in elements:
            if local(element) == "ExtendedProperty":
                self.extended[extended_key(need(element, "t:ExtendedFieldURI"))] = deepcopy(element)
            elif local(element) in READ_ONLY:
                raise EwsRefusal("ErrorInvalidPropertySet", f"{local(element)} cannot be set.")
            else:
                self.plain[local(element)] = _kept(element)

    # -- of a calendar item

    @property
    def zone(self) -> ZoneInfo:
        """The zone on whose clock it starts."""
        return zone_of(self.zone_name)

    @property
    def zone_name(self) -> str:
        """The Windows name of that zone."""
        found = self.plain.get("StartTimeZone")
        return "UTC" if found is None else found.get("Id", "UTC")

    @property
    def start(self) -> datetime:
        """When it starts, in UTC."""
        return read_moment(self.text("Start") or "", self.zone)

    @property
    def end(self) -> datetime:
        """When it ends, in UTC."""
        return read_moment(self.text("End") or "", self.zone)

    @property
    def is_all_day(self) -> bool:
        """Does it take whole days?"""
        return self.text("IsAllDayEvent") in {"true", "1"}

    @property
    def recurrence(self) -> Recurrence | None:
        """How it repeats, of a series."""
        found = self.plain.get("Recurrence")
        return None if found is None else read_recurrence(found)

    def timing(self) -> tuple[object, ...]:
        """What decides when it is; where that changes, a series forgets its exceptions."""
        return (self.start, self.end, self.zone_name, self.is_all_day, self.recurrence)


def _kept(element: Element) -> Element:
    # Exchange knows only one spelling of truth, whichever of XML's two a client wrote.
    return t(local(element), text=flag(element.text in {"true", "1"})) if local(element) in FLAGS else deepcopy(element)


def settle(fields: Fields, context_zone: str) -> None:
    """Bring times into the form in which they are kept: UTC, whole days, the first occurrence of a series."""
    _settle_zones(fields, context_zone)
    if not fields.text("Start") or not fields.text("End"):
        raise EwsRefusal("ErrorInvalidPropertySet", "A calendar item needs a start and an end.")
    start, end = fields.start, fields.end
    if end < start:
        raise EwsRefusal("ErrorCalendarEndDateIsEarlierThanStartDate", "The end is before the start.")
    if fields.is_all_day:
        start, end = whole_days(start, end, fields.zone)
    recurrence = fields.recurrence
    if recurrence is not None:
        start, end = _on_first_day(fields, recurrence, (start, end))
    fields.put_text("Start", written(start))
    fields.put_text("End", written(end))
    fields.put_text("IsAllDayEvent", flag(fields.is_all_day))


def _settle_zones(fields: Fields, context_zone: str) -> None:
    for name, default in (("StartTimeZone", context_zone), ("EndTimeZone", "")):
        given = fields.plain.get(name)
        zone = (given.get("Id", "") if given is not None else "") or default or fields.zone_name
        zone_of(zone)
        fields.plain[name] = t(name, Id=zone, Name=zone)


def _on_first_day(
    fields: Fields, recurrence: Recurrence, times: tuple[datetime, datetime]
) -> tuple[datetime, datetime]:
    start, end = (moment.astimezone(fields.zone) for moment in times)
    shift = next(recurrence.dates()) - start.date()
    # On the clock of the zone, so that a series begins at its hour on either side of a change of the clocks.
    return days_later(start, shift), days_later(end, shift)


def days_later(local_time: datetime, shift: timedelta) -> datetime:
    """The same hour of the clock, that many days later, in UTC."""
    moved = local_time.replace(tzinfo=None) + shift
    return moved.replace(tzinfo=local_time.tzinfo).astimezone(zone_of("UTC"))
