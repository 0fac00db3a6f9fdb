"""One pass over one bridge: from its making to the moment when nothing is left to pull or push."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from hxdav.domain.bridge import STANDING_STILL, Bridge, BridgeState
from hxdav.domain.notification import NotificationKind
from hxdav.remote import CalendarId, CalendarUnavailable, TryLater
from hxdav.services.integrations.connection import subject_of
from hxdav.sync.bridge_context import BridgeContext
from hxdav.sync.calendars import find_or_make, require_visible
from hxdav.sync.channels import Hooks, keep_channel
from hxdav.sync.horizon import begin_day
from hxdav.sync.old_calendars import clear_old_calendars
from hxdav.sync.pulling import is_pull_due, pull
from hxdav.sync.pushing import Push, push_some

_PULLS = 5
"""How often a pass pulls because the provider says that something has changed, before it leaves that for later."""


@dataclass(slots=True, kw_only=True)
class Pass:
    """Pulls and pushes until neither finds anything, or until ``ends_at``; what is left keeps the bridge due."""

    context: BridgeContext
    hooks: Hooks | None
    ends_at: datetime

    def run(self) -> None:
        """Make the bridge converge."""
        bridge = self.context.bridge()
        if bridge.state in STANDING_STILL and not self._is_back(bridge):
            return
        if bridge.calendar_id is None:
            self._make_calendar(bridge)
        try:
            self._converge()
            if self.hooks is not None:
                keep_channel(self.context, self.context.bridge(), self.hooks)
        except CalendarUnavailable:
            # It may be gone for good, which only its own state tells.
            require_visible(self.context)
            raise
        self.context.progress.is_done = True

    def _converge(self) -> None:
        push = Push(context=self.context)
        pulls = 0
        while self.context.now() < self.ends_at:
            bridge = self.context.bridge()
            if is_pull_due(self.context, bridge):
                if push.set_aside and pulls >= _PULLS:
                    raise TryLater("The provider keeps saying that something has changed.", code="keeps_changing")
                pull(self.context)
                pulls += 1
                push.set_aside.clear()
                begin_day(self.context, bridge)
                clear_old_calendars(self.context, bridge)
            elif not push_some(push):
                break
        push.require_answers()

    def _make_calendar(self, bridge: Bridge) -> None:
        context = self.context
        calendar_id = find_or_make(context.remote, name=context.name, marker=bridge.marker, zone=str(context.zone))
        # What is found may have been filled before its answer was lost, so a calendar of ours begins with a listing.
        self.context.change(calendar_id=calendar_id, state=BridgeState.RUNNING, cursor=None, is_cautious=True)
        self.context = replace(self.context, calendar_id=CalendarId(calendar_id))

    def _is_back(self, bridge: Bridge) -> bool:
        """Return whether a calendar that was hidden or missing is shown again (rule 8); its bridge then goes on."""
        if bridge.pull_due_at is not None and bridge.pull_due_at > self.context.now():
            return False
        require_visible(self.context)
        self.context.change(state=BridgeState.RUNNING, is_cautious=True, troubled_since=None)
        if bridge.state is BridgeState.GONE:
            # What is back may be a copy, which no old cursor fits.
            self.context.change(cursor=None, is_listing=False)
        if bridge.state is not BridgeState.MISSING:
            with self.context.store.transaction() as tx:
                subject = subject_of(tx.integrations.one(self.context.integration_id))
                tx.notifications.tell(subject, kind=NotificationKind.BRIDGE_RESUMED, at=self.context.now())
        return True
