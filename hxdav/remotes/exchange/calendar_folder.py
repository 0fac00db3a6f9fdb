"""One calendar of the mailbox, over a session: whether it is still there, and in which zone its days begin."""

from __future__ import annotations

import time

from hxdav.remote import CalendarId, CalendarUnavailable
from hxdav.remotes.exchange.elements import Element, t
from hxdav.remotes.exchange.folders import Folders, ShownFolder
from hxdav.remotes.exchange.wire import ExchangeWire

_TRUSTED_FOR = 60.0
"""For how many seconds a pull that finds nothing believes that the calendar is still where it was.

A deleted calendar lies in Deleted Items under its old id and answers as before: only its parent tells."""


class CalendarFolder:
    """A calendar, and what is known of it."""

    def __init__(self, wire: ExchangeWire, folders: Folders, calendar_id: CalendarId) -> None:
        self.wire = wire
        self.calendar_id = calendar_id
        self._folders = folders
        self._shown: ShownFolder | None = None
        self._asked_at = 0.0

    @property
    def home(self) -> str:
        """The practice's zone as it was when the calendar was made (IANA); empty where that is not known."""
        shown = self._shown or self.require()
        return shown.zone

    @property
    def element(self) -> Element:
        """``t:FolderId``."""
        return t("FolderId", Id=self.calendar_id)

    def require(self) -> ShownFolder:
        """Ask for the calendar. Raises CalendarUnavailable where it is deleted, though it may lie in the trash."""
        try:
            self._shown = self._folders.shown(self.calendar_id)
        except CalendarUnavailable:
            self._shown = None
            raise
        self._asked_at = time.monotonic()
        return self._shown

    def require_lately(self) -> None:
        """As ``require``, unless it has answered a moment ago."""
        if self._shown is None or time.monotonic() - self._asked_at > _TRUSTED_FOR:
            self.require()
