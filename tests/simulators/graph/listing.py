"""Listings of events and calendars in pages, and the calendar view, which expands series."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar
from urllib.parse import quote, urlencode

from tests.simulators.graph.extended import compared, matches
from tests.simulators.graph.shown import Showing
from tests.simulators.graph.times import instant_read, midnight
from tests.simulators.graph.wire import Json, Refusal, WireRequest, invalid, invalid_query
from tests.simulators.graph.world import Bound, StoredCalendar, StoredEvent, World

T = TypeVar("T")

PAGE = 10
LONGEST_VIEW = timedelta(days=1825)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """From when to when a view looks, in UTC."""

    start: datetime
    end: datetime

    @staticmethod
    def of(query: dict[str, str]) -> Window:
        """The window that the query names; 400 where it names none, or one that is too long."""
        named = {name.lower(): value for name, value in query.items()}
        if not {"startdatetime", "enddatetime"} <= named.keys():
            sentence = "The query names no window: StartDateTime and EndDateTime are needed."
            raise invalid(sentence, word="ErrorInvalidParameter")
        start = instant_read(named["startdatetime"], name="StartDateTime")
        end = instant_read(named["enddatetime"], name="EndDateTime")
        if end < start:
            raise invalid("The end of the window is before its start.", word="ErrorInvalidParameter")
        if end - start > LONGEST_VIEW:
            raise invalid("The window is longer than 1825 days.", word="ErrorCalendarViewRangeTooBig")
        return Window(start=start, end=end)

    def shows(self, bounds: tuple[Bound, Bound]) -> bool:
        """Does something with these bounds lie in it, at least in part?"""
        first, last = (instant_of(one) for one in bounds)
        return first < self.end and (last > self.start or first == last == self.start)

    def days(self, stored: StoredEvent) -> Iterator[date]:
        """The original days of the series' occurrences that lie in it."""
        behind = self.end + timedelta(days=2)
        for day, start in stored.starts():
            if instant_of(start) >= behind and day not in stored.exceptions:
                if not any(one > day for one in stored.exceptions):
                    return
                continue
            if self.shows(stored.bounds(day)):
                yield day


def instant_of(bound: Bound) -> datetime:
    """The instant of a bound; days are UTC's."""
    return bound.astimezone(UTC) if isinstance(bound, datetime) else midnight(bound, "UTC").astimezone(UTC)


class Listings:
    """Answers with lists. ``share`` is how much of each is told: a fault makes it less than all."""

    def __init__(self, world: World, *, base_url: Callable[[], str]) -> None:
        self.world = world
        self.base_url = base_url

    def calendars(self, request: WireRequest, showing: Showing, user: str) -> Json:
        """The calendars, by the filter if there is one."""
        option = request.query.get("$filter")
        found = [one for one in self.world.calendars_of(user) if option is None or _calendar_passes(option, one)]
        return self._page(request, showing, found, showing.calendar)

    def events(self, request: WireRequest, showing: Showing, places: list[StoredCalendar], share: float = 1.0) -> Json:
        """Singles and masters of calendars, latest first or as they are ordered; no occurrence, no exception."""
        option = None if self.world.quirks.filters_ignored else request.query.get("$filter")
        found = [one for place in places for one in place.events.values()]
        found = [one for one in found if option is None or self._passes(option, one, showing)]
        found.sort(key=lambda one: instant_of(one.bounds()[0]), reverse=_is_descending(request))
        found = found[: int(len(found) * share)]
        return self._page(request, showing, found, showing.of)

    def view(self, request: WireRequest, showing: Showing, places: list[StoredCalendar], share: float = 1.0) -> Json:
        """Singles, occurrences and exceptions in the window, each in full, in order."""
        window = Window.of(request.query)
        found: list[tuple[StoredEvent, date | None]] = []
        for stored in (one for place in places for one in place.events.values()):
            if stored.recurrence:
                found += [(stored, day) for day in window.days(stored)]
            elif window.shows(stored.bounds()):
                found.append((stored, None))
        found.sort(key=lambda one: instant_of(one[0].bounds(one[1])[0]))
        found = found[: int(len(found) * share)]
        return self._page(request, showing, found, lambda one: showing.of(*one))

    def instances(self, request: WireRequest, showing: Showing, stored: StoredEvent) -> Json:
        """The occurrences and exceptions of one series in the window."""
        window = Window.of(request.query)
        if not stored.recurrence:
            raise Refusal(400, "ErrorInvalidRequest", "The event is no series master.")
        return self._page(request, showing, list(window.days(stored)), lambda day: showing.of(stored, day))

    # -- within

    def _passes(self, option: str, stored: StoredEvent, showing: Showing) -> bool:
        found = matches(option, stored.own.extended)
        if found is not None:
            return found
        whole = showing.whole(stored)
        return all(_compares(whole, *compared(part)) for part in option.split(" and "))

    def _page(self, request: WireRequest, showing: Showing, found: list[T], show: Callable[[T], Json]) -> Json:
        query = request.query
        size = _number(query.get("$top"), "$top") or showing.shape.page or PAGE
        size = min(size, self.world.quirks.largest_page)
        begin = _number(query.get("$skip"), "$skip") or 0
        answer: Json = {"@odata.context": f"{self.base_url()}/v1.0/$metadata#listing"}
        if query.get("$count") == "true":
            answer["@odata.count"] = len(found)
        answer["value"] = [show(one) for one in found[begin : begin + size]]
        if begin + size < len(found):
            options = {**query, "$skip": str(begin + size)}
            answer["@odata.nextLink"] = (
                f"{self.base_url()}{request.path}?{urlencode(options, quote_via=quote, safe='$')}"
            )
        return answer


def _number(text: str | None, name: str) -> int | None:
    if text is None:
        return None
    if not text.isdigit() or (name == "$top" and not 1 <= int(text) <= 1000):
        raise invalid_query(f"The value of {name} is out of range.")
    return int(text)


def _is_descending(request: WireRequest) -> bool:
    order = request.query.get("$orderby", "")
    if order and order.split()[0] not in {"start/dateTime", "createdDateTime", "lastModifiedDateTime"}:
        raise invalid_query("The events cannot be ordered by that.")
    return not order or order.endswith(" desc")


def _calendar_passes(option: str, kept: StoredCalendar) -> bool:
    found = matches(option, kept.extended)
    if found is not None:
        return found
    name, operator, literal = compared(option)
    if (name, operator) != ("name", "eq"):
        raise Refusal(400, "ErrorInvalidUrlQueryFilter", "The query filter contains one or more invalid nodes.")
    return kept.name == literal


def _compares(whole: Json, name: str, operator: str, literal: str) -> bool:
    value: object = whole
    for part in name.split("/"):
        if not isinstance(value, dict) or part not in value:
            raise Refusal(400, "ErrorInvalidUrlQueryFilter", f"Could not find a property named '{part}'.")
        value = value[part]
    text = str(value).lower() if isinstance(value, bool) else str(value)
    tests = {"eq": text == literal, "ge": text >= literal, "gt": text > literal, "le": text <= literal}
    return tests.get(operator, text < literal)
