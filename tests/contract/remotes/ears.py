"""Somebody who listens, beside the test: what they hear, and how it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Empty, Queue
from threading import Event, Thread

from hxdav.remote import CalendarId, Remote, RemoteError
from tests.waiting import PATIENCE_SECONDS

QUIET = 0.5
"""How long to wait for what is not to be heard."""


@dataclass
class Ears:
    """What was heard and not asked for yet; ``error`` is how listening ended, where it failed."""

    over: Event = field(default_factory=Event)
    ended: Event = field(default_factory=Event)
    error: RemoteError | None = None
    _heard: Queue[CalendarId] = field(default_factory=Queue)

    def run(self, remote: Remote, calendar_ids: Collection[CalendarId]) -> None:
        """Listen until it is over."""
        try:
            remote.listen(calendar_ids, self._heard.put, is_over=self.over.is_set)
        except RemoteError as error:
            self.error = error
        finally:
            self.ended.set()

    def next(self, *, within: float = PATIENCE_SECONDS) -> CalendarId | None:
        """The next calendar of which something is heard; None where nothing is."""
        ends_at = time.monotonic() + within
        while (left := ends_at - time.monotonic()) > 0 and not (self.ended.is_set() and self._heard.empty()):
            try:
                return self._heard.get(timeout=min(left, 0.1))
            except Empty:
                continue
        return None

    def quiet(self) -> list[CalendarId]:
        """All that is heard until nothing is for a while."""
        heard = []
        while (calendar_id := self.next(within=QUIET)) is not None:
            heard.append(calendar_id)
        return heard


@contextmanager
def listening(open_remote: Callable[[], Remote], calendar_ids: Collection[CalendarId]) -> Iterator[Ears]:
    """Somebody who listens with a remote of their own; at the end of the block they are told to stop, and do."""
    ears = Ears()
    remote = open_remote()
    thread = Thread(target=ears.run, args=(remote, calendar_ids), name="ears")
    thread.start()
    try:
        yield ears
    finally:
        ears.over.set()
        thread.join(PATIENCE_SECONDS)
        remote.close()
    assert not thread.is_alive()
