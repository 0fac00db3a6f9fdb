"""A request that has been let in, and its headers as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from hxdav.dav.addresses import Target, TreeLinks, calendar_href, home_href
from hxdav.dav.authentication import Caller
from hxdav.dav.backend import Backend
from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import IntegrationId, SyncToken
from hxdav.services.integrations.sync_tokens import Position, token_of
from hxdav.store.feed import Poll


@dataclass(frozen=True, slots=True, kw_only=True)
class CalDavRequest:
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
    def links(self) -> TreeLinks:
        """The root of the tree, and the caller's principal and home."""
        prefix = self.backend.settings.prefix
        return TreeLinks(root=quote(f"{prefix}/"), home=home_href(prefix, self.caller.username))

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


def position_of(poll: Poll) -> Position:
    """Where in its feed a calendar stands."""
    return Position(
        epoch=poll.epoch, integration_id=poll.integration_id, modseq=poll.modseq, purge_floor=poll.purge_floor
    )


def token_now(request: CalDavRequest, poll: Poll) -> SyncToken:
    """The sync token that stands for how a calendar stands."""
    return token_of(request.backend.keyring, position_of(poll))
