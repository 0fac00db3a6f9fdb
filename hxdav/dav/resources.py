"""What one request sees of the caller's tree: root, home, calendars and objects, read as they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from hxdav.dav.addresses import TreeLinks, calendar_href
from hxdav.dav.request import CalDavRequest
from hxdav.domain.access import why_shut
from hxdav.domain.ids import Epoch, Modseq, SyncToken
from hxdav.domain.integration import Integration, Service
from hxdav.domain.refusal import Reason
from hxdav.domain.times import Interval
from hxdav.domain.window import Window
from hxdav.services.integrations.sync_tokens import Position, since, token_of
from hxdav.store.feed import ShownObject
from hxdav.store.store import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """``/``: leads to the caller's home."""

    url: str
    links: TreeLinks


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """The caller's principal, which is their calendar home too; ``dead`` are its dead properties as XML, by name."""

    url: str
    links: TreeLinks
    name: str
    dead: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """A calendar collection; ``window`` is None where it is open both ways, ``closed`` why it can only be read."""

    url: str
    links: TreeLinks
    integration: Integration
    token: SyncToken
    dead: Mapping[str, str]
    window: Interval | None
    closed: Reason | None
    max_resource_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarObjectResource:
    """A calendar object resource."""

    url: str
    calendar: Calendar
    shown: ShownObject


Resource = Root | Home | Calendar | CalendarObjectResource


class View:
    """The caller's tree in one snapshot of the store."""

    def __init__(self, request: CalDavRequest, tx: Tx) -> None:
        self.request = request
        self._backend = request.backend
        self.tx = tx
        self.links = request.links
        self.username = request.caller.username
        self.found: dict[str, Resource] = {}
        """What has been looked at, by decoded URL."""

    def look_at(self, resource: Resource) -> None:
        """Remember a resource for ``found``."""
        self.found[unquote(resource.url)] = resource

    @cached_property
    def root(self) -> Root:
        """Where discovery may begin."""
        return Root(url=self.links.root, links=self.links)

    @cached_property
    def home(self) -> Home:
        """The caller's own."""
        user_id = self.request.caller.user_id
        return Home(
            url=self.links.home,
            links=self.links,
            name=self.tx.people.user(user_id).name,
            dead=self.tx.integrations.home_properties(user_id),
        )

    @cached_property
    def calendars(self) -> dict[str, Calendar]:
        """The calendars in the home, by slug."""
        found = [
            integration
            for integration in self.tx.integrations.of_user(self.request.caller.user_id)
            if integration.service is Service.NATIVE
        ]
        if not found:
            return {}
        dead = self.tx.integrations.properties([each.id for each in found])
        # A home is one practitioner's: what they subscribe to goes for all of it.
        known = self.tx.subscriptions.of(found[0].practitioner_id)
        state = known.state if known else None
        closed = {each.id: why_shut(each.state, state, frozen_at=each.frozen_at) for each in found}
        return {each.slug: self._calendar(each, dead[each.id], closed=closed[each.id]) for each in found}

    def calendar(self) -> Calendar | None:
        """The calendar that the request is about."""
        return self.calendars.get(self.request.target.slug)

    def position(self, integration: Integration) -> Position:
        """Where in its feed a calendar stands."""
        return Position(
            epoch=self._epoch,
            integration_id=integration.id,
            modseq=integration.modseq,
            purge_floor=integration.purge_floor,
        )

    def since(self, calendar: Calendar, token: str) -> Modseq:
        """The modseq that a sync token stands for; SyncTokenInvalid where it is none of this calendar."""
        return since(self._backend.keyring, token, self.position(calendar.integration))

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone of the caller's practice."""
        group_id = self.tx.people.user(self.request.caller.user_id).practice_group_id
        return ZoneInfo(self.tx.people.practice_group(group_id).zone)

    def _calendar(self, integration: Integration, dead: Mapping[str, str], *, closed: Reason | None) -> Calendar:
        return Calendar(
            url=calendar_href(self._backend.settings.prefix, self.request.caller.username, integration.slug),
            links=self.links,
            integration=integration,
            token=token_of(self._backend.keyring, self.position(integration)),
            dead=dead,
            window=self._window(integration),
            closed=closed,
            max_resource_size=self._backend.settings.max_resource_size,
        )

    @cached_property
    def _epoch(self) -> Epoch:
        return self.tx.installation.epoch()

    def _window(self, integration: Integration) -> Interval | None:
        policy = self._backend.policy
        if policy.window_days is None:
            return None
        now = self._backend.clock.now()
        return Window.of(policy, connected_on=integration.connected_on, now=now, practice_zone=self.zone).interval
