"""DAV:response elements as text (RFC 4918 §14.24), and for objects a writer that is made once per request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote

from hxdav.dav.documents import Properties, PropertyRequest
from hxdav.dav.objects import http_date, shown_text
from hxdav.dav.properties import all_names, names_of, object_constants, property_of
from hxdav.dav.request import CalDavRequest
from hxdav.dav.resources import Resource
from hxdav.dav.xmltext import CALDAV, DAV, element, escaped
from hxdav.domain.ids import ETag
from hxdav.store.feed import Poll, ShownObject

CALENDAR_DATA = f"{CALDAV}calendar-data"
_OK = "<D:status>HTTP/1.1 200 OK</D:status>"
_NOT_FOUND = "<D:status>HTTP/1.1 404 Not Found</D:status>"

Field = Callable[[ETag, ShownObject | None, str], str]


def response(url: str, found: Sequence[str], absent: Sequence[str], *, minimal: bool = False) -> str:
    """What is known of the resource at ``url``: properties that are ``found``, as XML, and names of ``absent`` ones."""
    return f"<D:response><D:href>{url}</D:href>{_propstats(''.join(found), absent, minimal=minimal)}</D:response>"


def gone(url: str) -> str:
    """That there is nothing (any more) at ``url``."""
    return f"<D:response><D:href>{url}</D:href>{_NOT_FOUND}</D:response>"


def described(resource: Resource, asked: Properties, *, minimal: bool, known: Mapping[str, str] | None = None) -> str:
    """A resource with the properties that are asked for; ``known`` are those that are written already, by name."""
    if asked.asked is PropertyRequest.NAMES:
        return response(resource.url, [element(name) for name in names_of(resource)], ())
    names = all_names(resource, asked.names) if asked.asked is PropertyRequest.ALL else asked.names
    written = known or {}
    properties = {name: written.get(name) or property_of(resource, name) for name in names}
    found = [text for text in properties.values() if text is not None]
    absent = [name for name, text in properties.items() if text is None]
    return response(resource.url, found, absent, minimal=minimal)


def _propstats(found: str, absent: Sequence[str], *, minimal: bool) -> str:
    # There is at least one propstat, even where nothing was asked for (RFC 4918 §14.24).
    missing = "" if minimal or not absent else "".join(element(name) for name in absent)
    good = f"<D:propstat><D:prop>{found}</D:prop>{_OK}</D:propstat>" if found or not missing else ""
    return good + (f"<D:propstat><D:prop>{missing}</D:prop>{_NOT_FOUND}</D:propstat>" if missing else "")


def _etag(etag: ETag, _shown: ShownObject | None, _data: str) -> str:
    return f"<D:getetag>{etag}</D:getetag>"


def _data(_etag: ETag, _shown: ShownObject | None, data: str) -> str:
    return f"<C:calendar-data>{escaped(data)}</C:calendar-data>"


def _last_modified(_etag: ETag, shown: ShownObject | None, _data: str) -> str:
    return f"<D:getlastmodified>{http_date(shown.changed_at)}</D:getlastmodified>" if shown else ""


def _length(_etag: ETag, shown: ShownObject | None, _data: str) -> str:
    return f"<D:getcontentlength>{len(shown_text(shown).encode())}</D:getcontentlength>" if shown else ""


_FROM_OBJECT: dict[str, Field] = {
    CALENDAR_DATA: _data,
    f"{DAV}getlastmodified": _last_modified,
    f"{DAV}getcontentlength": _length,
}
_ALL = (*(f"{DAV}{name}" for name in ("getcontentlength", "getcontenttype", "getlastmodified", "resourcetype")),)


class ObjectWriter:
    """Writes the response of one object after the other, with the properties that a request asks for.

    All that does not depend on the object is put together beforehand.
    """

    def __init__(self, request: CalDavRequest, poll: Poll, asked: Properties) -> None:
        names = asked.names
        minimal = request.wants_minimal
        if asked.asked is not PropertyRequest.NAMED:
            names = tuple(dict.fromkeys([f"{DAV}getetag", *_ALL, *names]))
        self._url = request.calendar_url
        self._fields: list[Field | str] = []
        self.needs_object = False
        self.needs_data = CALENDAR_DATA in names
        absent: list[str] = []
        constants = (
            object_constants(request.links, is_writable=poll.closed is None)
            if set(names) - {f"{DAV}getetag", CALENDAR_DATA}
            else {}
        )
        for name in names:
            if asked.asked is PropertyRequest.NAMES:
                self._fields.append(element(name))
            elif name == f"{DAV}getetag":
                self._fields.append(_etag)
            elif name in _FROM_OBJECT:
                self._fields.append(_FROM_OBJECT[name])
                self.needs_object = True
            elif name in constants:
                self._fields.append(element(name, constants[name]() or ""))
            else:
                absent.append(name)
        nothing = not self._fields
        self._before = "" if nothing and absent and not minimal else "<D:propstat><D:prop>"
        self._after = f"</D:prop>{_OK}</D:propstat>" if self._before else ""
        if absent and not minimal:
            missing = "".join(element(name) for name in absent)
            self._after += f"<D:propstat><D:prop>{missing}</D:prop>{_NOT_FOUND}</D:propstat>"

    def url(self, href: str) -> str:
        """The percent-encoded URL of an object."""
        return self._url + quote(href)

    def found(self, shown: ShownObject, data: str | None = None) -> str:
        """The response of an object; ``data`` is its calendar data where that is not simply its text."""
        text = shown_text(shown) if data is None and self.needs_data else data or ""
        return self._written(shown.href, shown.etag, shown=shown, text=text)

    def listed(self, href: str, etag: ETag) -> str:
        """The response of an object of which only this is known; not where ``needs_object``."""
        return self._written(href, etag, shown=None, text="")

    def gone(self, href: str) -> str:
        """That an object is not there (any more)."""
        return gone(self.url(href))

    def _written(self, href: str, etag: ETag, *, shown: ShownObject | None, text: str) -> str:
        inside = "".join([field if isinstance(field, str) else field(etag, shown, text) for field in self._fields])
        return f"<D:response><D:href>{self._url}{quote(href)}</D:href>{self._before}{inside}{self._after}</D:response>"
