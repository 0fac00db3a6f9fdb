"""Pulls what changed at a provider, page by page; the cursor is saved only with its effects (`design.md` §7).

What a listing does not show is asked for, one by one: only the provider's own word that an object is gone, while its
calendar is there, is a removal. The first round after anything that could hide an edit is cautious: all of its removals
go to review.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from hxdav.domain.bridge import Bridge
from hxdav.remote import Cursor, CursorExpired, Gone, Page, TryLater
from hxdav.sync.calendars import ask_for, require_visible
from hxdav.sync.errand import Errand
from hxdav.sync.intake import take_in

ASKED_AT_ONCE = 50
"""How many objects that a listing did not show are asked for before the lease is looked after again."""

_BEGINNINGS = 3
"""How often one pull begins anew, because a cursor has expired under it."""

_MEANWHILE = timedelta(seconds=60)
"""When a pull that ended without a word is due again."""


def is_pull_due(errand: Errand, bridge: Bridge) -> bool:
    """Whether it is time to look at the provider."""
    return bridge.cursor is None or bridge.pull_due_at is None or bridge.pull_due_at <= errand.now()


def pull(errand: Errand) -> None:
    """Bring in everything that changed at the provider since the last time."""
    # What calls meanwhile sets it to an earlier moment, and is not forgotten over this pull.
    begun_until = errand.now() + _MEANWHILE
    errand.change(pull_due_at=begun_until)
    if errand.remote.capabilities.hides:
        require_visible(errand)
    beginnings = 0
    while True:
        errand.keep_lease()
        try:
            if not _pull_page(errand):
                break
        except CursorExpired:
            beginnings += 1
            if beginnings > _BEGINNINGS:
                raise TryLater("The provider does not let its changes be read to the end.", code="expires") from None
            # What is known of each object stays: what the new listing does not show is asked for.
            errand.change(cursor=None, is_listing=False)
    while _ask_for_unseen(errand):
        errand.keep_lease()
    _finish(errand, begun_until=begun_until)


def _pull_page(errand: Errand) -> bool:
    """Take one page in; whether there are more."""
    bridge = errand.bridge()
    if bridge.cursor is None and not bridge.is_listing:
        errand.change(is_listing=True, is_cautious=True, listing=bridge.listing + 1)
    page = errand.remote.pull(errand.calendar_id, Cursor(bridge.cursor) if bridge.cursor else None)
    if page.listing and not errand.bridge().is_listing:
        # A server that cannot tell what changed lists everything each time.
        errand.change(is_listing=True, listing=bridge.listing + 1)
    _take_page(errand, page)
    errand.change(cursor=page.cursor)
    errand.progress.steps += page.more
    return page.more


def _take_page(errand: Errand, page: Page) -> None:
    if any(isinstance(each, Gone) for each in page.sightings):
        # A calendar that goes away may say of each of its objects that it is gone.
        require_visible(errand)
    news = [take_in(errand, sighting) for sighting in page.sightings]
    if any(news):
        errand.change(active_at=errand.now())


def _ask_for_unseen(errand: Errand) -> bool:
    """Ask for some of what the listing did not show; whether there was anything to ask for."""
    bridge = errand.bridge()
    if not bridge.is_listing:
        return False
    span = errand.remote.covers(Cursor(bridge.cursor)) if bridge.cursor else None
    with errand.store.snapshot() as tx:
        unseen = tx.links.unseen(bridge, within=span, limit=ASKED_AT_ONCE)
    if unseen:
        require_visible(errand)
    for link in unseen:
        if link.remote_id is not None:
            take_in(errand, ask_for(errand, link.remote_id))
    return bool(unseen)


def _finish(errand: Errand, *, begun_until: datetime) -> None:
    now = errand.now()
    next_at = now + pause_after(errand, errand.bridge())
    with errand.store.transaction() as tx:
        tx.bridges.change(errand.integration_id, is_listing=False, is_cautious=False, pulled_at=now)
        tx.bridges.put_off(errand.integration_id, due_at=begun_until, until=next_at)


def pause_after(errand: Errand, bridge: Bridge) -> timedelta:
    """How long to leave the provider alone: less while somebody is at work there or here."""
    capabilities = errand.remote.capabilities
    is_active = bridge.active_at is not None and errand.now() - bridge.active_at < timedelta(minutes=5)
    return capabilities.polled_eagerly if is_active else capabilities.polled_every
