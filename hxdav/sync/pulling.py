"""Pulls what changed at a provider, page by page; the cursor is saved only with its effects (docs/engine.md).

What a listing does not show is asked for, one by one: only the provider's own word that an object is gone, while its
calendar is there, is a removal. The first round after anything that could hide an edit is cautious: all of its removals
go to review.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from hxdav.domain.bridge import Bridge
from hxdav.remote import Cursor, CursorExpired, Gone, Page, TryLater
from hxdav.sync.bridge_context import BridgeContext
from hxdav.sync.calendars import ask_for, require_visible
from hxdav.sync.intake import take_in

ASKED_AT_ONCE = 50
"""How many objects that a listing did not show are asked for before the lease is looked after again."""

_BEGINNINGS = 3
"""How often one pull begins anew, because a cursor has expired under it."""

_MEANWHILE = timedelta(seconds=60)
"""When a pull that ended without a word is due again."""


def is_pull_due(context: BridgeContext, bridge: Bridge) -> bool:
    """Whether it is time to look at the provider."""
    return bridge.cursor is None or bridge.pull_due_at is None or bridge.pull_due_at <= context.now()


def pull(context: BridgeContext) -> None:
    """Bring in everything that changed at the provider since the last time."""
    # What calls meanwhile sets it to an earlier moment, and is not forgotten over this pull.
    begun_until = context.now() + _MEANWHILE
    context.change(pull_due_at=begun_until)
    if context.remote.capabilities.hides:
        require_visible(context)
    beginnings = 0
    while True:
        context.keep_lease()
        try:
            if not _pull_page(context):
                break
        except CursorExpired:
            beginnings += 1
            if beginnings > _BEGINNINGS:
                raise TryLater("The provider does not let its changes be read to the end.", code="expires") from None
            # What is known of each object stays: what the new listing does not show is asked for.
            context.change(cursor=None, is_listing=False)
    while _ask_for_unseen(context):
        context.keep_lease()
    _finish(context, begun_until=begun_until)


def _pull_page(context: BridgeContext) -> bool:
    """Take one page in; whether there are more."""
    bridge = context.bridge()
    if bridge.cursor is None and not bridge.is_listing:
        context.change(is_listing=True, is_cautious=True, listing=bridge.listing + 1)
    page = context.remote.pull(context.calendar_id, Cursor(bridge.cursor) if bridge.cursor else None)
    if page.listing and not context.bridge().is_listing:
        # A server that cannot tell what changed lists everything each time.
        context.change(is_listing=True, listing=bridge.listing + 1)
    _take_page(context, page)
    context.change(cursor=page.cursor)
    context.progress.steps += page.more
    return page.more


def _take_page(context: BridgeContext, page: Page) -> None:
    if any(isinstance(each, Gone) for each in page.sightings):
        # A calendar that goes away may say of each of its objects that it is gone.
        require_visible(context)
    news = [take_in(context, sighting) for sighting in page.sightings]
    if any(news):
        context.change(active_at=context.now())


def _ask_for_unseen(context: BridgeContext) -> bool:
    """Ask for some of what the listing did not show; whether there was anything to ask for."""
    bridge = context.bridge()
    if not bridge.is_listing:
        return False
    span = context.remote.covers(Cursor(bridge.cursor)) if bridge.cursor else None
    with context.store.snapshot() as tx:
        unseen = tx.links.unseen(bridge, within=span, limit=ASKED_AT_ONCE)
    if unseen:
        require_visible(context)
    for link in unseen:
        if link.remote_id is not None:
            take_in(context, ask_for(context, link.remote_id))
    return bool(unseen)


def _finish(context: BridgeContext, *, begun_until: datetime) -> None:
    now = context.now()
    next_at = now + pause_after(context, context.bridge())
    with context.store.transaction() as tx:
        tx.bridges.change(context.integration_id, is_listing=False, is_cautious=False, pulled_at=now)
        tx.bridges.put_off(context.integration_id, due_at=begun_until, until=next_at)


def pause_after(context: BridgeContext, bridge: Bridge) -> timedelta:
    """How long to leave the provider alone: less while somebody is at work there or here."""
    capabilities = context.remote.capabilities
    is_active = bridge.active_at is not None and context.now() - bridge.active_at < timedelta(minutes=5)
    return capabilities.polled_eagerly if is_active else capabilities.polled_every
