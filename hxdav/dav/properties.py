"""Live properties as XML text: what each kind of resource answers with, and to which names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from functools import singledispatch

from hxdav.dav.addresses import TreeLinks
from hxdav.dav.objects import http_date, shown_text
from hxdav.dav.resources import Calendar, CalendarObjectResource, Home, Resource, Root
from hxdav.dav.xmltext import CALDAV, CALENDARSERVER, DAV, element, escaped, href
from hxdav.ical.query import COLLATIONS
from hxdav.ical.recurrence import MAX_INSTANCES
from hxdav.ical.values import utc_text

OBJECT_TYPE = "text/calendar;charset=utf-8;component=VEVENT"
ALL = tuple(
    f"{DAV}{name}" for name in ("displayname", "getcontentlength", "getcontenttype", "getetag", "getlastmodified",
                                "resourcetype")
)  # fmt: skip
"""The live properties that DAV:allprop gives: those of RFC 4918 §15; of the others only the dead ones (§14.2)."""

_WRITE = ("D:write", "D:write-properties", "D:write-content", "D:bind", "D:unbind")
_HOME_PRIVILEGES = ("D:read", "C:read-free-busy", *_WRITE)
_CALENDAR_REPORTS = ("D:sync-collection", "C:calendar-multiget", "C:calendar-query", "C:free-busy-query")
_SECOND = timedelta(seconds=1)


def property_of(resource: Resource, name: str) -> str | None:
    """The property called ``name`` as an element; None where the resource does not have it."""
    live = _live(resource).get(name)
    if live is None:
        return _dead(resource).get(name)
    content = live()
    return None if content is None else element(name, content)


def names_of(resource: Resource) -> list[str]:
    """The names of all properties that a resource has (DAV:propname)."""
    live = [name for name, content in _live(resource).items() if content() is not None]
    return [*live, *(name for name in _dead(resource) if name not in live)]


def all_names(resource: Resource, include: Iterable[str]) -> list[str]:
    """The names of the properties that DAV:allprop gives."""
    live = _live(resource)
    given = [name for name in ALL if name in live and live[name]() is not None]
    return list(dict.fromkeys([*given, *_dead(resource), *include]))


def is_live(name: str) -> bool:
    """Whether a property is ours to say, on whichever resource: a client cannot set it."""
    return name in _PROTECTED


def _dead(resource: Resource) -> Mapping[str, str]:
    return resource.dead if isinstance(resource, Home | Calendar) else {}


Live = Mapping[str, Callable[[], str | None]]


@singledispatch
def _live(resource: Resource) -> Live:
    raise TypeError(resource)


@_live.register
def _(root: Root) -> Live:
    return {
        **_everywhere(root.links),
        **_collection(("D:read",)),
        f"{DAV}resourcetype": lambda: "<D:collection/>",
        f"{DAV}owner": lambda: "",
    }


@_live.register
def _(home: Home) -> Live:
    me = href(home.url)
    return {
        **_everywhere(home.links),
        **_collection(_HOME_PRIVILEGES),
        f"{DAV}resourcetype": lambda: "<D:principal/><D:collection/>",
        f"{DAV}displayname": lambda: escaped(home.name),
        f"{DAV}owner": lambda: me,
        f"{DAV}principal-URL": lambda: me,
        f"{CALDAV}calendar-home-set": lambda: me,
        f"{CALDAV}calendar-user-address-set": lambda: me,
    }


@_live.register
def _(calendar: Calendar) -> Live:
    return {
        **_everywhere(calendar.links),
        **_collection(calendar_privileges(calendar), _CALENDAR_REPORTS),
        f"{DAV}resourcetype": lambda: "<C:calendar/><D:collection/>",
        f"{DAV}displayname": lambda: escaped(calendar.integration.name),
        f"{DAV}owner": lambda: href(calendar.links.home),
        f"{DAV}getetag": lambda: f'"{calendar.token}"',
        f"{DAV}getcontenttype": lambda: "text/calendar",
        f"{DAV}sync-token": lambda: calendar.token,
        f"{CALENDARSERVER}getctag": lambda: calendar.token,
        f"{CALDAV}supported-calendar-component-set": lambda: '<C:comp name="VEVENT"/>',
        f"{CALDAV}supported-calendar-data": lambda: '<C:calendar-data content-type="text/calendar" version="2.0"/>',
        f"{CALDAV}supported-collation-set": _collations,
        f"{CALDAV}max-resource-size": lambda: str(calendar.max_resource_size),
        f"{CALDAV}max-instances": lambda: str(MAX_INSTANCES),
        f"{CALDAV}min-date-time": lambda: None if calendar.window is None else utc_text(calendar.window.starts),
        f"{CALDAV}max-date-time": lambda: None if calendar.window is None else utc_text(calendar.window.ends - _SECOND),
    }  # fmt: skip


@_live.register
def _(resource: CalendarObjectResource) -> Live:
    calendar, shown = resource.calendar, resource.shown
    return {
        **object_constants(calendar.links, is_writable=calendar.closed is None),
        f"{DAV}getetag": lambda: shown.etag,
        f"{DAV}getlastmodified": lambda: http_date(shown.changed_at),
        f"{DAV}getcontentlength": lambda: str(len(shown_text(shown).encode())),
    }


def object_constants(links: TreeLinks, *, is_writable: bool) -> Live:
    """The properties that every object of a calendar has alike."""
    privileges = ("D:read", "D:write", "D:write-content") if is_writable else ("D:read",)
    return {
        **_everywhere(links),
        f"{DAV}resourcetype": lambda: "",
        f"{DAV}getcontenttype": lambda: OBJECT_TYPE,
        f"{DAV}owner": lambda: href(links.home),
        f"{DAV}current-user-privilege-set": lambda: _privileges(privileges),
        f"{DAV}supported-report-set": lambda: "",
    }


def calendar_privileges(calendar: Calendar) -> tuple[str, ...]:
    """What the caller may do with a calendar: one that is closed can be read only, while the home stays open."""
    return _HOME_PRIVILEGES if calendar.closed is None else ("D:read", "C:read-free-busy")


def _everywhere(links: TreeLinks) -> Live:
    return {
        f"{DAV}current-user-principal": lambda: href(links.home),
        f"{DAV}principal-collection-set": lambda: href(links.root),
    }


def _collection(privileges: tuple[str, ...], reports: tuple[str, ...] = ()) -> Live:
    return {
        f"{DAV}current-user-privilege-set": lambda: _privileges(privileges),
        f"{DAV}supported-report-set": lambda: _reports(reports),
    }


def _privileges(names: tuple[str, ...]) -> str:
    return "".join(f"<D:privilege><{name}/></D:privilege>" for name in names)


def _reports(names: tuple[str, ...]) -> str:
    return "".join(f"<D:supported-report><D:report><{name}/></D:report></D:supported-report>" for name in names)


def _collations() -> str:
    return "".join(f"<C:supported-collation>{name}</C:supported-collation>" for name in COLLATIONS)


_PROTECTED = frozenset(
    [f"{DAV}{name}" for name in (
        "acl", "acl-restrictions", "add-member", "alternate-URI-set", "creationdate", "current-user-principal",
        "current-user-privilege-set", "displayname", "getcontentlanguage", "getcontentlength", "getcontenttype",
        "getetag", "getlastmodified", "group", "group-member-set", "group-membership", "inherited-acl-set",
        "lockdiscovery", "owner", "principal-collection-set", "principal-URL", "quota-available-bytes",
        "quota-used-bytes", "resource-id", "resourcetype", "supported-live-property-set", "supported-method-set",
        "supported-privilege-set", "supported-report-set", "supportedlock", "sync-token",
    )]
    + [f"{CALDAV}{name}" for name in (
        "calendar-home-set", "calendar-user-address-set", "max-attendees-per-instance", "max-date-time",
        "max-instances", "max-resource-size", "min-date-time", "schedule-inbox-URL", "schedule-outbox-URL",
        "supported-calendar-component-set", "supported-calendar-component-sets", "supported-calendar-data",
        "supported-collation-set",
    )]
    + [f"{CALENDARSERVER}getctag"]
)  # fmt: skip
