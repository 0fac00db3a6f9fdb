"""The URL space: ``/``, ``/<username>/``, ``/<username>/<slug>/`` and ``/<username>/<slug>/<href>``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from unicodedata import category
from urllib.parse import quote, unquote, urlsplit

MAX_HREF = 1_000
"""How many octets the last segment of an object's address may have: databases limit what they index."""


class ResourceKind(StrEnum):
    """What an address can lead to."""

    ROOT = "root"
    HOME = "home"
    CALENDAR = "calendar"
    OBJECT = "object"
    DEEPER = "deeper"


_KINDS = (ResourceKind.ROOT, ResourceKind.HOME, ResourceKind.CALENDAR, ResourceKind.OBJECT)


class BadAddress(ValueError):
    """Not an address that anything here could have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a request is about; segments are decoded, and empty where the address does not have them."""

    kind: ResourceKind
    username: str = ""
    slug: str = ""
    href: str = ""

    @property
    def path(self) -> str:
        """The decoded path from the root of the tree; that of a collection ends with a slash."""
        path = "/" + "".join(f"{each}/" for each in (self.username, self.slug) if each)
        return path + self.href


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeLinks:
    """Where every resource leads to: the root of the tree, and the caller's principal, which is their home too."""

    root: str
    home: str


def target_of(path: str) -> Target:
    """What a decoded path leads to; doubled slashes and one at the end mean nothing."""
    segments = [segment for segment in path.split("/") if segment]
    if any(segment in {".", ".."} for segment in segments):
        raise BadAddress("dot segments")
    if any(category(character) == "Cc" for character in path):
        raise BadAddress("control characters")
    if len(segments) > len(_KINDS) - 1:
        username, slug = segments[:2]
        return Target(kind=ResourceKind.DEEPER, username=username, slug=slug, href="/".join(segments[2:]))
    if len(segments) == len(_KINDS) - 1 and len(segments[2].encode()) > MAX_HREF:
        raise BadAddress("too long")
    username, slug, href = [*segments, "", "", ""][:3]
    return Target(kind=_KINDS[len(segments)], username=username, slug=slug, href=href)


def target_of_url(url: str, prefix: str) -> Target | None:
    """What a reference in a request leads to: an absolute URL or a path, percent-encoded in whichever way.

    Its scheme and host mean nothing: a proxy in between may know us by others. None where it lies outside the tree.
    """
    try:
        path = unquote(urlsplit(url.strip()).path, errors="strict")
    except ValueError:
        return None
    if path != prefix and not path.startswith(prefix + "/"):
        return None
    try:
        return target_of(path[len(prefix) :])
    except BadAddress:
        return None


def home_href(prefix: str, username: str) -> str:
    """The href of a user's principal, which is the calendar home too."""
    return quote(f"{prefix}/{username}/")


def calendar_href(prefix: str, username: str, slug: str) -> str:
    """The href of a calendar collection."""
    return quote(f"{prefix}/{username}/{slug}/")
