"""XML of WebDAV and CalDAV: names, reading what is asked, writing what is answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as ET

DAV = "DAV:"
CALDAV = "urn:ietf:params:xml:ns:caldav"
CALENDAR_SERVER = "http://calendarserver.org/ns/"
APPLE_ICAL = "http://apple.com/ns/ical/"

for _prefix, _namespace in (("D", DAV), ("C", CALDAV), ("CS", CALENDAR_SERVER), ("A", APPLE_ICAL)):
    ET.register_namespace(_prefix, _namespace)


def dav(name: str) -> str:
    """A DAV: element's full name."""
    return f"{{{DAV}}}{name}"


def caldav(name: str) -> str:
    """A CalDAV element's full name."""
    return f"{{{CALDAV}}}{name}"


def read(body: bytes) -> ET.Element | None:
    """The document of a body; None where there is none, or it is no XML."""
    try:
        return ET.fromstring(body) if body else None
    except ET.ParseError:
        return None


def write(root: ET.Element) -> bytes:
    """A document as octets."""
    octets: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return octets


def error(condition: str) -> bytes:
    """The body of a refusal with a precondition (RFC 4918 §16)."""
    root = ET.Element(dav("error"))
    ET.SubElement(root, condition)
    return write(root)


def multistatus(responses: Iterable[ET.Element]) -> ET.Element:
    """A multistatus of responses (RFC 4918 §13)."""
    root = ET.Element(dav("multistatus"))
    root.extend(responses)
    return root


def response_of(href: str, found: Iterable[ET.Element], missing: Iterable[str] = ()) -> ET.Element:
    """What there is of the properties that were asked for, and what is missing."""
    response = ET.Element(dav("response"))
    ET.SubElement(response, dav("href")).text = href
    absent = [ET.Element(name) for name in missing]
    for properties, status in ((list(found), "200 OK"), (absent, "404 Not Found")):
        if properties:
            propstat = ET.SubElement(response, dav("propstat"))
            ET.SubElement(propstat, dav("prop")).extend(properties)
            ET.SubElement(propstat, dav("status")).text = f"HTTP/1.1 {status}"
    return response


def property_of(name: str, *, text: str = "", href: str = "", parts: Iterable[str] = ()) -> ET.Element:
    """A property with a text, an href or empty elements in it."""
    element = ET.Element(name)
    element.text = text or None
    if href:
        ET.SubElement(element, dav("href")).text = href
    for part in parts:
        ET.SubElement(element, part)
    return element


def path_of(href: str) -> str:
    """The path of an href, absolute or not, without percent signs."""
    return unquote(urlsplit(href).path)


def change_text(root: ET.Element, name: str, change: Callable[[str], str]) -> None:
    """Bring the text of every element of a name to what ``change`` makes of it."""
    for element in root.iter(name):
        if element.text:
            element.text = change(element.text)
