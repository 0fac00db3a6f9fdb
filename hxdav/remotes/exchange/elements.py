"""The XML of EWS: elements by their two namespaces, and answers read strictly.

exchangelib reads answers with a parser that mends what is broken: half of an answer would be taken for all of it.
"""

from __future__ import annotations

import re
import sys
from typing import Any, TypeAlias

from lxml import etree  # type: ignore[import-untyped]

Element: TypeAlias = Any
"""An element of lxml, which carries no types."""

MESSAGES = "http://schemas.microsoft.com/exchange/services/2006/messages"
TYPES = "http://schemas.microsoft.com/exchange/services/2006/types"
_SPACES = {"m": MESSAGES, "t": TYPES}

_SET = "d4a7b1d6-6f6c-4b0a-9a0e-3f5f0c7a2b61"
"""The property set of all that hxdav notes in a mailbox; Office 365 would show the same."""

KEY = "HxId"
"""The property that holds the key of an item that hxdav has made."""

SPELLING = "HxRule"
"""The one that holds zone and rule of a series as they were sent: Exchange knows fewer words for them."""

MARKER = "HxMarker"
"""The one that holds the marker of a folder that hxdav has made."""

ZONE = "HxZone"
"""The one that holds the practice's zone (IANA), in which a folder's whole days begin."""

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ILLEGAL_OCTETS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_REFERENCE = re.compile(rb"&#(?:x([0-9a-fA-F]{1,8})|([0-9]{1,10}));")


class InvalidEwsAnswer(Exception):
    """An answer that is no XML, or not such as EWS writes."""


def t(name: str, *children: Element, text: str = "", **attributes: str) -> Element:
    """An element of the types' namespace."""
    return _made(TYPES, name, children, text=text, attributes=attributes)


def m(name: str, *children: Element, text: str = "", **attributes: str) -> Element:
    """An element of the messages' namespace."""
    return _made(MESSAGES, name, children, text=text, attributes=attributes)


def _made(space: str, name: str, children: tuple[Element, ...], *, text: str, attributes: dict[str, str]) -> Element:
    made = etree.Element(f"{{{space}}}{name}", attributes, nsmap=_SPACES)
    if text:
        made.text = _ILLEGAL.sub("", text)
    made.extend(children)
    return made


def local(element: Element) -> str:
    """The name of an element without its namespace; empty for a comment."""
    return str(element.tag).rpartition("}")[2] if isinstance(element.tag, str) else ""


def find(element: Element, path: str) -> Element | None:
    """The first element at ``m:A/t:B``."""
    return element.find(path, _SPACES)


def every(element: Element, path: str) -> list[Element]:
    """All elements at ``m:A/t:B``."""
    return list(element.iterfind(path, _SPACES))


def text_at(element: Element, path: str) -> str:
    """The text of the first element at that path; empty where there is none."""
    return element.findtext(path, "", _SPACES) or ""


def need(element: Element, path: str) -> Element:
    """The first element at that path; raises Senseless where there is none."""
    found = find(element, path)
    if found is None:
        raise InvalidEwsAnswer
    return found


def property_uri(name: str) -> Element:
    """What names one of hxdav's own properties."""
    return t("ExtendedFieldURI", PropertySetId=_SET, PropertyName=name, PropertyType="String")


def field_uri(uri: str) -> Element:
    """What names a field, as in ``calendar:Start``."""
    return t("FieldURI", FieldURI=uri)


def own_property(name: str, value: str) -> Element:
    """One of hxdav's own properties with its value."""
    return t("ExtendedProperty", property_uri(name), t("Value", text=value))


def own_properties(element: Element) -> dict[str, str]:
    """Those of hxdav's own properties that an item or a folder shows."""
    found: dict[str, str] = {}
    for told in every(element, "t:ExtendedProperty"):
        uri = find(told, "t:ExtendedFieldURI")
        if uri is not None and str(uri.get("PropertySetId", "")).lower() == _SET:
            found[str(uri.get("PropertyName", ""))] = text_at(told, "t:Value")
    return found


def parsed(content: bytes) -> Element:
    """The root of an answer; raises Senseless where it is cut short, or no XML.

    Exchange lets control characters through, which XML has no place for: they are left out.
    """
    mended = _ILLEGAL_OCTETS.sub(b"", _REFERENCE.sub(_legal, content))
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        root = etree.fromstring(mended, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise InvalidEwsAnswer from None
    if root.getroottree().docinfo.doctype:
        raise InvalidEwsAnswer
    return root


def _legal(reference: re.Match[bytes]) -> bytes:
    number = int(reference[1], 16) if reference[1] else int(reference[2])
    is_illegal = number > sys.maxunicode or _ILLEGAL.match(chr(number))
    return b"" if is_illegal else reference[0]
