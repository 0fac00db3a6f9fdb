"""What a new day brings to a bridge: its horizon has moved (rule 4)."""

from __future__ import annotations

from dataclasses import replace

from hxdav.domain.bridge import Bridge, Link
from hxdav.domain.ids import Modseq
from hxdav.domain.refusal import Reason
from hxdav.domain.times import day_of
from hxdav.domain.window import Window
from hxdav.ical.objects import object_of
from hxdav.ical.occurrence_index import starts_within
from hxdav.remote import RemoteId
from hxdav.sync.bridge_context import BridgeContext
from hxdav.sync.intake import take_in


def begin_day(context: BridgeContext, bridge: Bridge) -> None:
    """Look anew at what the horizon has reached: series that go as single events, and what was too far ahead."""
    today = day_of(context.now(), context.zone)
    if bridge.day == today:
        return
    with context.store.transaction() as tx:
        integration = tx.integrations.one(context.integration_id)
        tx.links.renew_singles(context.integration_id)
        waiting = [each for each in tx.links.apart(context.integration_id) if each.parked == Reason.AFTER_WINDOW]
        tx.bridges.change(context.integration_id, pushed_modseq=Modseq(0), day=today)
    window = Window.of(
        context.policy, connected_on=integration.connected_on, now=context.now(), practice_zone=context.zone
    )
    for link in waiting:
        if link.base and starts_within(object_of(link.base), window.interval, practice_zone=context.zone):
            _judge_afresh(context, link)


def _judge_afresh(context: BridgeContext, link: Link) -> None:
    if link.remote_id is None:
        return
    shown = context.remote.read(context.calendar_id, RemoteId(link.remote_id))
    with context.store.transaction() as tx:
        tx.links.put(replace(link, tag=""), at=context.now())
    take_in(context, shown)
