"""XML as text: names in Clark notation, escaping, and elements written out.

Answers are put together from strings, which takes a tenth of the time of a tree (docs/speed.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from xml.etree.ElementTree import Element

DAV = "{DAV:}"
CALDAV = "{urn:ietf:params:xml:ns:caldav}"
CALENDARSERVER = "{http://calendarserver.org/ns/}"

_PREFIXES: Mapping[str, str] = {
    "DAV:": "D",
    "urn:ietf:params:xml:ns:caldav": "C",
    "http://calendarserver.org/ns/": "CS",
    "urn:hxdav": "hx",
}
_DECLARATIONS = "".join(f' xmlns:{prefix}="{uri}"' for uri, prefix in _PREFIXES.items())
_XML = "http://www.w3.org/XML/1998/namespace"
_UNSPEAKABLE = bytes(set(range(32)) - {9, 10, 13})
"""Octets that stand for characters that XML 1.0 cannot hold (§2.2)."""


def escaped(value: str) -> str:
    """Character data. A carriage return is written as a reference: a bare one would be lost (XML 1.0 §2.11)."""
    if "&" in value:
        value = value.replace("&", "&amp;")
    return value.replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def document(root: str, content: Iterable[str]) -> bytes:
    """A whole document of a known root element, such as ``D:multistatus``."""
    parts = ['<?xml version="1.0" encoding="utf-8"?>\n<', root, _DECLARATIONS, ">", *content, "</", root, ">"]
    return "".join(parts).encode().translate(None, _UNSPEAKABLE)


@lru_cache(maxsize=1024)
def _tags(name: str) -> tuple[str, str]:
    """How an element of this Clark name begins, without ``>``, and its qualified name; where known prefixes hold."""
    namespace, _, local = name[1:].rpartition("}") if name.startswith("{") else ("", "", name)
    if not namespace:
        return local, local
    prefix = _PREFIXES.get(namespace)
    if prefix is not None:
        return f"{prefix}:{local}", f"{prefix}:{local}"
    return f'x:{local} xmlns:x="{_attribute(namespace)}"', f"x:{local}"


def element(name: str, content: str = "") -> str:
    """An element of this Clark name around ``content``, which is XML already."""
    begin, qualified = _tags(name)
    return f"<{begin}>{content}</{qualified}>" if content else f"<{begin}/>"


def href(url: str) -> str:
    """DAV:href around a percent-encoded URL."""
    return f"<D:href>{url}</D:href>"


def standalone(tree: Element) -> str:
    """An element with everything in it, declaring each namespace that it uses: fit to be kept, and put anywhere."""
    return _written(tree, {})


def _written(tree: Element, scope: Mapping[str, str]) -> str:
    names: list[str] = [tree.tag, *tree.attrib]
    spaces = {name[1:].rpartition("}")[0] for name in names if name.startswith("{")} - {_XML, *scope}
    declared = {space: _PREFIXES.get(space, f"n{len(scope) + number}") for number, space in enumerate(sorted(spaces))}
    scope = {**scope, **declared}
    begin = _qualified(tree.tag, scope)
    begin += "".join(f' xmlns:{prefix}="{_attribute(space)}"' for space, prefix in declared.items())
    begin += "".join(f' {_qualified(name, scope)}="{_attribute(value)}"' for name, value in tree.attrib.items())
    inside = escaped(tree.text or "") + "".join(_written(child, scope) + escaped(child.tail or "") for child in tree)
    return f"<{begin}>{inside}</{_qualified(tree.tag, scope)}>" if inside else f"<{begin}/>"


def _qualified(name: str, scope: Mapping[str, str]) -> str:
    if not name.startswith("{"):
        return name
    space, _, local = name[1:].rpartition("}")
    return f"xml:{local}" if space == _XML else f"{scope[space]}:{local}"


def _attribute(value: str) -> str:
    text = escaped(value).replace('"', "&quot;")
    return text.replace("\n", "&#10;").replace("\t", "&#9;")
