"""A whole calendar as one text (GET of the collection): what programs read that know iCalendar and no CalDAV."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

from hxdav.dav.answers import CALENDAR, Answer, plain
from hxdav.dav.objects import shown_text
from hxdav.dav.request import Request
from hxdav.ical.build import PRODID, text_line
from hxdav.ical.lines import fold
from hxdav.ical.objects import object_of
from hxdav.store.feed import ShownObject


def get(request: Request) -> Answer:
    """All objects of the calendar in one VCALENDAR, each time zone once."""
    if request.poll is None:
        return plain(HTTPStatus.NOT_FOUND, "There is no calendar at this address.")
    with request.backend.store.snapshot() as tx:
        name = tx.integrations.one(request.poll.integration_id).name
        objects = list(tx.feed.every_object(request.poll.integration_id))
    lines = ("BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODID}", text_line("X-WR-CALNAME", name))
    text = "".join([*map(fold, lines), *_components(objects), fold("END:VCALENDAR")])
    return Answer(status=HTTPStatus.OK, headers={"Content-Type": CALENDAR}, body=text.encode())


def _components(objects: list[ShownObject]) -> Iterator[str]:
    """What is inside of each object's VCALENDAR; of time zones that go by one name the first."""
    zones: set[str] = set()
    for shown in objects:
        content = object_of(shown_text(shown))
        for component in content.calendar.children:
            tzid = component.value("TZID") if component.name == "VTIMEZONE" else ""
            if tzid in zones:
                continue
            if tzid:
                zones.add(tzid)
            yield content.text[component.start : component.end].rstrip("\r\n") + "\r\n"
