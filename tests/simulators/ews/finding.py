"""FindItem: calendar views with series expanded, and pages of masters and singles."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.simulators.ews.book import Seen
from tests.simulators.ews.calls import EwsCall, each, folder_named
from tests.simulators.ews.rendering import Shape, read_shape
from tests.simulators.ews.restrictions import matches
from tests.simulators.ews.series import between
from tests.simulators.ews.times import read_moment, zone_of
from tests.simulators.ews.wire import Element, EwsRefusal, children, find, flag, local, m, need, succeeded, t
from tests.simulators.ews.words import NOT_FOUND_BY_SEARCH, element_named
from tests.simulators.ews.world import Mailbox

_LONGEST_VIEW = timedelta(days=2 * 366)


def find_item(call: EwsCall) -> list[Element]:
    """The items of each folder that is named: in a view, or those that a restriction lets through."""
    element = need(call.body, "m:ItemShape")
    shape = read_shape(element, search=True)

    def told(named: Element) -> Element:
        _check_shape(element)
        mailbox, folder = folder_named(call, named)
        view = find(call.body, "m:CalendarView")
        if view is not None:
            return _view(call, view, folder_id=folder.id, shape=shape)
        return _page(call, mailbox, folder_id=folder.id, shape=shape)

    return each(call, need(call.body, "m:ParentFolderIds"), told)


def _check_shape(element: Element) -> None:
    for asked in children(element, "t:AdditionalProperties"):
        name = element_named(asked.get("FieldURI", ""))
        if local(asked) == "FieldURI" and name in NOT_FOUND_BY_SEARCH:
            raise EwsRefusal("ErrorInvalidPropertyRequest", f"{name} is told by GetItem only.")


def agenda(mailbox: Mailbox, folder_id: str, span: tuple[datetime, datetime]) -> list[Seen]:
    """What overlaps the span, series expanded, by start."""
    found: list[Seen] = []
    start, end = span
    for item in mailbox.items_in(folder_id):
        if item.fields.plain.get("Recurrence") is not None:
            found += [Seen(item=item, occurrence=one) for one in between(item, start, end)]
        elif item.fields.start < end and item.fields.end > start:
            found.append(Seen(item=item))
    return sorted(found, key=lambda one: one.fields.start)


def _view(call: EwsCall, view: Element, *, folder_id: str, shape: Shape) -> Element:
    zone = zone_of(call.zone)
    start, end = (read_moment(view.get(name, ""), zone) for name in ("StartDate", "EndDate"))
    if end < start:
        raise EwsRefusal("ErrorCalendarEndDateIsEarlierThanStartDate", "The view ends before it begins.")
    if end - start > _LONGEST_VIEW:
        raise EwsRefusal("ErrorCalendarViewRangeTooBig", "A calendar view is two years long at most.")
    found = agenda(call.mailbox, folder_id, (start, end))
    size = min(int(view.get("MaxEntriesReturned", "1000")), call.world.quirks.largest_find_page)
    told = found[:size]
    root = m(
        "RootFolder",
        t("Items", *(call.writer.element(one, shape) for one in _share(call, told))),
        TotalItemsInView=str(len(told)),
        IncludesLastItemInRange=flag(len(told) == len(found)),
    )
    return succeeded("FindItem", root)


def _page(call: EwsCall, mailbox: Mailbox, *, folder_id: str, shape: Shape) -> Element:
    view = find(call.body, "m:IndexedPageItemView")
    restriction = None if call.world.quirks.restrictions_ignored else find(call.body, "m:Restriction")
    kept = [Seen(item=item) for item in mailbox.items_in(folder_id)]
    found = _sorted(call, [one for one in kept if matches(one.fields, restriction)])
    offset = int(view.get("Offset", "0")) if view is not None else 0
    asked = int(view.get("MaxEntriesReturned", "1000")) if view is not None else 1000
    page = found[offset : offset + min(asked, call.world.quirks.largest_find_page)]
    after = offset + len(page)
    root = m(
        "RootFolder",
        t("Items", *(call.writer.element(one, shape) for one in _share(call, page))),
        IndexedPagingOffset=str(after),
        TotalItemsInView=str(len(found)),
        IncludesLastItemInRange=flag(after >= len(found)),
    )
    return succeeded("FindItem", root)


def _share(call: EwsCall, found: list[Seen]) -> list[Seen]:
    return found[: int(call.share * len(found))]


def _sorted(call: EwsCall, found: list[Seen]) -> list[Seen]:
    for order in reversed(children(call.body, "m:SortOrder")):
        name = element_named(order[0].get("FieldURI", ""))
        found.sort(key=lambda one, name=name: one.fields.text(name) or "", reverse=order.get("Order") == "Descending")  # type: ignore[misc]
    return found
