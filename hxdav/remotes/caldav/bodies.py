"""The requests' bodies: what is asked for, in XML (RFC 4918, RFC 4791, RFC 6578)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from hxdav.ical.timezones import vtimezone

_NAMESPACES = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:S="http://calendarserver.org/ns/"'
_EVENTS_ONLY = '<C:supported-calendar-component-set><C:comp name="VEVENT"/></C:supported-calendar-component-set>'


def propfind(*names: str) -> bytes:
    """PROPFIND for properties by their prefixed names, such as ``D:getetag``; never allprop, which lacks some."""
    return _document("D:propfind", _prop(names))


def sync_collection(token: str) -> bytes:
    """REPORT of what changed since ``token`` (RFC 6578 §3.2)."""
    inside = f"<D:sync-token>{escape(token)}</D:sync-token><D:sync-level>1</D:sync-level>"
    return _document("D:sync-collection", inside + _prop(["D:getetag"]))


def multiget(hrefs: Iterable[str]) -> bytes:
    """REPORT of whole objects by their hrefs (RFC 4791 §7.9)."""
    asked = "".join(f"<D:href>{escape(href)}</D:href>" for href in hrefs)
    return _document("C:calendar-multiget", _prop(["D:getetag", "C:calendar-data"]) + asked)


def query_by_uid(uid: str) -> bytes:
    """REPORT of the events with this UID (RFC 4791 §7.8.6)."""
    match = f'<C:text-match collation="i;octet">{escape(uid)}</C:text-match>'
    events = f'<C:comp-filter name="VEVENT"><C:prop-filter name="UID">{match}</C:prop-filter></C:comp-filter>'
    within = f'<C:filter><C:comp-filter name="VCALENDAR">{events}</C:comp-filter></C:filter>'
    return _document("C:calendar-query", _prop(["D:getetag"]) + within)


def mkcalendar(name: str, *, description: str, zone: str) -> bytes:
    """MKCALENDAR of a calendar for events (RFC 4791 §5.3.1); ``zone`` is an IANA name."""
    lines = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//hxdav//EN", *vtimezone(zone, datetime.now(UTC).year))
    text = "".join(f"{line}\r\n" for line in (*lines, "END:VCALENDAR"))
    properties = (
        f"<D:displayname>{escape(name)}</D:displayname>",
        f"<C:calendar-description>{escape(description)}</C:calendar-description>",
        _EVENTS_ONLY,
        f"<C:calendar-timezone>{escape(text, {chr(13): '&#13;'})}</C:calendar-timezone>",
    )
    return _document("C:mkcalendar", f"<D:set><D:prop>{''.join(properties)}</D:prop></D:set>")


def _prop(names: Iterable[str]) -> str:
    return f"<D:prop>{''.join(f'<{name}/>' for name in names)}</D:prop>"


def _document(root: str, inside: str) -> bytes:
    return f'<?xml version="1.0" encoding="utf-8"?>\n<{root} {_NAMESPACES}>{inside}</{root}>'.encode()
