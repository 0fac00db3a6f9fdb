"""Takes out of a calendar that was disconnected what lies ahead, because it is in another one now (rule 9)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from hxdav.domain.bridge import Bridge, BridgeState, Link
from hxdav.domain.integration import IntegrationState
from hxdav.domain.notification import NotificationKind
from hxdav.log import get_logger
from hxdav.remote import CalendarId, CalendarUnavailable, Changed, NotTaken, RemoteError, TryLater
from hxdav.services.integrations.connection import subject_of
from hxdav.sync.bridge_context import BridgeContext
from hxdav.sync.failures import miss
from hxdav.sync.linking import known_at

AT_ONCE = 50
EDITED = "edited"
"""Why an object stays in a calendar that was disconnected: it was changed there, or cannot be removed."""


def clear_old_calendars(context: BridgeContext, bridge: Bridge) -> None:
    """Remove what hxdav wrote and whose tag it still knows; what was edited there meanwhile is left, and told.

    An old calendar that gives trouble never keeps the new one waiting: the next pull tries it again.
    """
    for old in _disconnected(context, bridge):
        if old.calendar_id is None or _is_given_up(old, context.now()):
            continue
        try:
            _clear(context, CalendarId(old.calendar_id), old=old)
        except CalendarUnavailable:
            with context.store.transaction() as tx:
                miss(tx, old, now=context.now(), patience=context.patience)
        except RemoteError as error:
            if isinstance(error, TryLater) and error.after is not None:
                # The provider asks for a pause, whichever calendar is meant.
                raise
            get_logger().info("old_calendar_not_cleared", integration=old.integration_id, trouble=type(error).__name__)


def _is_given_up(old: Bridge, now: datetime) -> bool:
    """Return whether an old calendar is gone, or missing and not to be looked at yet."""
    waits = old.state is BridgeState.MISSING and old.pull_due_at is not None and old.pull_due_at > now
    return waits or old.state is BridgeState.GONE


def _disconnected(context: BridgeContext, bridge: Bridge) -> list[Bridge]:
    with context.store.snapshot() as tx:
        own = tx.integrations.one(context.integration_id).practitioner_id
        disconnected = {each.id for each in tx.integrations.of(own) if each.state is IntegrationState.DISCONNECTED}
        return [each for each in tx.bridges.of_account(bridge.account_id) if each.integration_id in disconnected]


def _clear(context: BridgeContext, calendar_id: CalendarId, *, old: Bridge) -> None:
    while True:
        with context.store.snapshot() as tx:
            links = tx.links.to_clear(old.integration_id, limit=AT_ONCE)
        if not links:
            return
        for link in links:
            context.keep_lease()
            _remove(context, calendar_id, link)


def _remove(context: BridgeContext, calendar_id: CalendarId, link: Link) -> None:
    try:
        context.remote.remove(calendar_id, known_at(link))
    except (Changed, NotTaken):
        _leave(context, link)
        return
    with context.store.transaction() as tx:
        tx.links.put(replace(link, tag=None, base="", sent="", mirror_etag=""), at=context.now())


def _leave(context: BridgeContext, link: Link) -> None:
    now = context.now()
    with context.store.transaction() as tx:
        tx.links.put(replace(link, parked=EDITED), at=now)
        subject = subject_of(tx.integrations.one(link.integration_id))
        kind = NotificationKind.OLD_CALENDAR_EDITED
        if not tx.notifications.was_told(subject, kind=kind, digest="", now=now):
            tx.notifications.tell(subject, kind=kind, at=now)
