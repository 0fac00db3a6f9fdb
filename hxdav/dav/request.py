"""A request that has been let in, and its headers as values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from hxdav.dav.addresses import Links, Target, calendar_href, home_href
from hxdav.dav.authentication import Caller
from hxdav.dav.settings import Backend
from hxdav.domain.edit import Authority, Precondition, Source
from hxdav.domain.ids import ETag, IntegrationId
from hxdav.store.feed import Poll

_TAG = re.compile(r'(W/)?("[^"]*")')


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked, by whom; ``body`` is None where it was larger than it may be."""

    backend: Backend
    method: str
    target: Target
    caller: Caller
    headers: dict[str, Any]
    body: bytes | None

    def header(self, name: str) -> str:
        """A header by its WSGI name, without ``HTTP_``; empty where it was not sent."""
        value: str = self.headers.get(f"HTTP_{name}", "")
        return value

    @property
    def poll(self) -> Poll | None:
        """How the calendar that this is about stands; None where there is no such calendar of the caller's."""
        return self.caller.poll

    @property
    def links(self) -> Links:
        """The root of the tree, and the caller's principal and home."""
        prefix = self.backend.settings.prefix
        return Links(root=quote(f"{prefix}/"), home=home_href(prefix, self.caller.username))

    @property
    def calendar_url(self) -> str:
        """The calendar that this is about."""
        return calendar_href(self.backend.settings.prefix, self.caller.username, self.target.slug)

    @property
    def wants_minimal(self) -> bool:
        """Whether properties that are not there need no mention (RFC 8144 §2.1, and ``Brief`` of older clients)."""
        preferences = self.header("PREFER").replace('"', "").replace(" ", "").lower()
        return "return=minimal" in preferences or self.header("BRIEF").strip().lower() == "t"

    def source(self, integration_id: IntegrationId) -> Source:
        """Whose edit this is."""
        return Source(
            authority=Authority.OUTSIDE,
            user_id=self.caller.user_id,
            integration_id=integration_id,
            app_password_id=self.caller.app_password_id,
            agent=self.caller.agent,
        )

    def precondition(self) -> Precondition:
        """If-Match and If-None-Match (RFC 9110 §13.1): a weak tag never matches strongly, but does match weakly."""
        match, none_match = self.header("IF_MATCH").strip(), self.header("IF_NONE_MATCH").strip()
        return Precondition(
            if_match=None if match in {"", "*"} else _tags(match, weak_too=False),
            if_match_any=match == "*",
            if_none_match=None if none_match in {"", "*"} else _tags(none_match, weak_too=True),
            if_none_match_any=none_match == "*",
        )


def _tags(value: str, *, weak_too: bool) -> frozenset[ETag]:
    return frozenset(ETag(found[2]) for found in _TAG.finditer(value) if weak_too or not found[1])
