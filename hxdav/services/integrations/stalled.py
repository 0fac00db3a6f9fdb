"""Bridges that get nothing done: since when, and when hxdav notifies the practitioner."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from hxdav.domain.bridge import Bridge
from hxdav.domain.ids import IntegrationId
from hxdav.domain.notification import NotificationKind
from hxdav.domain.times import Clock
from hxdav.services.integrations.connection import subject_of
from hxdav.store.store import Tx

STALLED_AFTER = timedelta(minutes=15)
"""How long a bridge gets nothing done before hxdav notifies the practitioner."""


def note_standstill(tx: Tx, clock: Clock, *, integration_ids: Collection[IntegrationId]) -> None:
    """Note that these bridges got nothing done, from the first time on."""
    tx.bridges.stand_still(integration_ids, now=clock.now())


def note_progress(tx: Tx, clock: Clock, *, bridges: Collection[Bridge]) -> None:
    """Note that these bridges got something done; notify a practitioner who was told of a standstill."""
    now = clock.now()
    tx.bridges.go_on([each.integration_id for each in bridges])
    for bridge in bridges:
        if bridge.troubled_since is None or now - bridge.troubled_since < STALLED_AFTER:
            continue
        subject = subject_of(tx.integrations.one(bridge.integration_id))
        kind = NotificationKind.BRIDGE_STALLED
        if tx.notifications.was_told(subject, kind=kind, digest=str(bridge.integration_id), now=now):
            tx.notifications.tell(subject, kind=NotificationKind.BRIDGE_RESUMED, at=now)


def tell_stalled(tx: Tx, clock: Clock) -> int:
    """Notify, once a day, of each bridge that has got nothing done for ``STALLED_AFTER``; return how many times."""
    now, kind, told = clock.now(), NotificationKind.BRIDGE_STALLED, 0
    for integration_id in tx.bridges.stalled(since=now - STALLED_AFTER):
        subject = subject_of(tx.integrations.one(integration_id))
        if not tx.notifications.was_told(subject, kind=kind, digest=str(integration_id), now=now):
            tx.notifications.tell(subject, kind=kind, digest=str(integration_id), at=now)
            told += 1
    return told
