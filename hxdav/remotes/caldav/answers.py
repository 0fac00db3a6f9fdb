"""The answers: what a multistatus says (RFC 4918 §13), and which object an href names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote, unquote, urlsplit
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException, ElementTree

from hxdav.errors import NotReachable
from hxdav.net.addresses import joined
from hxdav.remote import RemoteId, Tag, TryLater

DAV = "{DAV:}"
CALDAV = "{urn:ietf:params:xml:ns:caldav}"
CALENDARSERVER = "{http://calendarserver.org/ns/}"

_PATH_LETTERS = "!$&'()*+,;=:@"
"""What may stand in a segment of a path as it is, beside letters and digits (RFC 3986 §3.3)."""

_STATUS_LINE = re.compile(r"\S+\s+(\d{3})(?!\d)", re.ASCII)
_LINE_BREAK = re.compile(r"\r*\n")


NO_SENSE = "The calendar server's answer made no sense; hxdav tries again later."


class InvalidMultistatus(Exception):
    """An answer that is no multistatus: truncated, or something else altogether."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceReport:
    """What is told of one resource. ``code`` is its own HTTP status, 200 where there is none but properties."""

    url: str
    code: int
    properties: Mapping[str, Element]

    def text(self, name: str) -> str:
        """The text of a property by its Clark name; empty where it is not there."""
        element = self.properties.get(name)
        return "" if element is None else (element.text or "").strip()

    def href(self, name: str) -> str:
        """The URL that a property holds, resolved; empty where it holds none. Raises TryLater for nonsense."""
        element = self.properties.get(name)
        found = None if element is None else element.find(f"{DAV}href")
        text = "" if found is None else (found.text or "").strip()
        try:
            return resolved(self.url, text) if text else ""
        except InvalidMultistatus:
            raise TryLater(NO_SENSE, code="senseless") from None

    @property
    def is_calendar(self) -> bool:
        """Whether its resource type says so."""
        element = self.properties.get(f"{DAV}resourcetype")
        return element is not None and element.find(f"{CALDAV}calendar") is not None

    @property
    def tag(self) -> Tag:
        """Its entity tag; empty where none is told."""
        return tag_of(self.text(f"{DAV}getetag"))

    @property
    def calendar_data(self) -> str:
        """Its calendar data; empty where none is told."""
        element = self.properties.get(f"{CALDAV}calendar-data")
        return "" if element is None else as_read("".join(element.itertext()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Multistatus:
    """What is told of several resources, and from where to go on (RFC 6578 §3.2)."""

    told: tuple[ResourceReport, ...]
    sync_token: str


def multistatus(content: bytes, url: str) -> Multistatus:
    """A multistatus that was answered at ``url``, against which its hrefs are resolved; raises Senseless."""
    root = parsed(content)
    if root.tag != f"{DAV}multistatus":
        raise InvalidMultistatus
    told = tuple(told for response in root.findall(f"{DAV}response") for told in _told(response, url))
    return Multistatus(told=told, sync_token=(root.findtext(f"{DAV}sync-token") or "").strip())


def parsed(content: bytes) -> Element:
    """The root of a document in XML; raises Senseless."""
    try:
        root: Element = ElementTree.fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise InvalidMultistatus from None
    return root


def resolved(url: str, href: str) -> str:
    """An href resolved against the URL of the answer that it stands in; raises Senseless where it is none."""
    try:
        return joined(url, href)
    except NotReachable:
        raise InvalidMultistatus from None


def _told(response: Element, url: str) -> Iterator[ResourceReport]:
    """One for each href: a status alone may be told of several at once (RFC 4918 §14.24)."""
    hrefs = [(element.text or "").strip() for element in response.findall(f"{DAV}href")]
    if not all(hrefs) or not hrefs:
        raise InvalidMultistatus
    properties = dict(_found(response))
    own = response.findtext(f"{DAV}status")
    for href in hrefs:
        yield ResourceReport(url=resolved(url, href), code=_code(own) if own else HTTPStatus.OK, properties=properties)


def _found(response: Element) -> Iterator[tuple[str, Element]]:
    for propstat in response.findall(f"{DAV}propstat"):
        if _code(propstat.findtext(f"{DAV}status") or "") == HTTPStatus.OK:
            prop = propstat.find(f"{DAV}prop")
            yield from ((element.tag, element) for element in (() if prop is None else prop))


def _code(line: str) -> int:
    """The code of a status line, ``HTTP/1.1 404 Not Found``."""
    found = _STATUS_LINE.match(line.strip())
    if found is None:
        raise InvalidMultistatus
    return int(found[1])


def tag_of(written: str) -> Tag:
    """An entity tag in the one form in which it is sent again.

    A weak one is taken for strong: proxies that compress answers mark them so, and If-Match never matches weak ones.
    """
    plain = written.strip().removeprefix("W/")
    return Tag(plain if plain.startswith('"') or not plain else f'"{plain}"')


def as_read(text: str) -> str:
    """Calendar data with the line breaks of RFC 5545 §3.1, whatever XML and the server have made of them."""
    return _LINE_BREAK.sub("\r\n", text.strip()) + "\r\n"


def member_of(calendar_url: str, url: str) -> RemoteId | None:
    """Which object in a calendar a URL names: its last segment, spelt one way; None for the calendar and what is else.

    Hosts are not compared: iCloud names its front door and the partition by turns.
    """
    within, path = path_of(calendar_url), urlsplit(url).path
    folder, slash, segment = path.rpartition("/")
    if not segment or path_of(folder + slash) != within:
        return None
    return RemoteId(quote(unquote(segment), safe=_PATH_LETTERS))


def path_of(url: str) -> str:
    """The path of a collection, spelt one way: with a slash at its end."""
    path = quote(unquote(urlsplit(url).path), safe="/" + _PATH_LETTERS)
    return path.rstrip("/") + "/"


def same_collection(one: str, other: str) -> bool:
    """Whether two URLs of an account name the same collection."""
    return path_of(one) == path_of(other)
