"""Anna's Outlook as hxdav and as she herself see it, for tests of the Graph remote."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hxdav.remote import CalendarId, Page, RemoteObject
from hxdav.remotes.graph.account import GraphRemote, open_graph
from hxdav.remotes.graph.oauth import GraphApp
from tests.contract.remotes.texts import NOW
from tests.integration.remotes.graph_authority import Authority, an_authority
from tests.simulators.graph.events import EventBook
from tests.simulators.graph.server import graph_server
from tests.simulators.graph.simulator import GraphSimulator
from tests.simulators.graph.world import StoredCalendar, StoredEvent

ANNA = "anna@outlook.example"


@dataclass(slots=True)
class Today:
    """A clock that stands still until it is moved."""

    moment: datetime = NOW

    def now(self) -> datetime:
        return self.moment

    def pass_days(self, days: int) -> None:
        """It is so many days later."""
        self.moment += timedelta(days=days)


@dataclass(slots=True, kw_only=True)
class Desk:
    """Microsoft, Anna before it, and hxdav with a calendar in her account."""

    graph: GraphSimulator
    authority: Authority
    app: GraphApp
    remote: GraphRemote
    calendar_id: CalendarId
    today: Today
    kept: list[str] = field(default_factory=list)

    @property
    def calendar(self) -> StoredCalendar:
        """hxdav's calendar, as Exchange has it."""
        return self.graph.world.mailboxes[ANNA].calendars[self.calendar_id]

    @property
    def sole(self) -> StoredEvent:
        """The only event in it."""
        (stored,) = self.calendar.events.values()
        return stored

    @property
    def book(self) -> EventBook:
        """What Anna does herself."""
        return EventBook(self.graph.world, self.graph.world.mailboxes[ANNA])

    def edit(self, **words: Any) -> None:
        """Anna changes the only event."""
        with self.graph.world.lock:
            self.book.patch(self.sole, None, words)

    def everything(self) -> Page:
        """A whole listing, page after page, as one."""
        return self._all(self.remote.pull(self.calendar_id, None))

    def since(self, page: Page) -> Page:
        """All that changed since."""
        return self._all(self.remote.pull(self.calendar_id, page.cursor))

    def create(self, text: str) -> RemoteObject:
        """A new object in the calendar."""
        return self.remote.create(self.calendar_id, text)

    def update(self, known: RemoteObject, text: str) -> RemoteObject:
        """An object brought to ``text``."""
        return self.remote.update(self.calendar_id, known, text)

    def _all(self, page: Page) -> Page:
        found = list(page.sightings)
        while page.more:
            page = self.remote.pull(self.calendar_id, page.cursor)
            found += page.sightings
        return Page(sightings=tuple(found), cursor=page.cursor, more=False, listing=page.listing)


@contextmanager
def a_desk() -> Iterator[Desk]:
    """Set all of it up. What breaks Microsoft's published schema fails the test, and so does a mail to a guest."""
    today = Today()
    with graph_server(clock=lambda: today.moment.astimezone(UTC)) as graph:
        with an_authority(lambda user, scopes: graph.tokens.issue(user, scopes.split())) as authority:
            graph.world.add_mailbox(ANNA)
            app, kept = authority.app(f"{graph.url}/v1.0"), list[str]()
            remote = open_graph(app, authority.connect(app, ANNA), keep=kept.append, clock=today)
            try:
                calendar_id = remote.make_calendar("HX_Harbour", marker="m-1", zone="Australia/Sydney")
                yield Desk(
                    graph=graph,
                    authority=authority,
                    app=app,
                    remote=remote,
                    calendar_id=calendar_id,
                    today=today,
                    kept=kept,
                )
            finally:
                remote.close()
        assert graph.violations == []
        assert graph.world.mailed == []
