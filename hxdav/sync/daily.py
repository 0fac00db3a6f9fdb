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
from hxdav.sync.errand import Errand
from hxdav.sync.intake import take_in


def begin_day(errand: Errand, bridge: Bridge) -> None:
    """Look anew at what the horizon has reached: series that go as single events, and what was too far ahead."""
    today = day_of(errand.now(), errand.zone)
    if bridge.day == today:
        return
    with errand.store.transaction() as tx:
        integration = tx.integrations.one(errand.integration_id)
        tx.links.renew_singles(errand.integration_id)
        waiting = [each for each in tx.links.apart(errand.integration_id) if each.parked == Reason.AFTER_WINDOW]
        tx.bridges.change(errand.integration_id, pushed_modseq=Modseq(0), day=today)
    window = Window.of(
        errand.policy, connected_on=integration.connected_on, now=errand.now(), practice_zone=errand.zone
    )
    for link in waiting:
        if link.base and starts_within(object_of(link.base), window.interval, practice_zone=errand.zone):
            _judge_afresh(errand, link)


def _judge_afresh(errand: Errand, link: Link) -> None:
    if link.remote_id is None:
        return
    shown = errand.remote.read(errand.calendar_id, RemoteId(link.remote_id))
    with errand.store.transaction() as tx:
        tx.links.put(replace(link, tag=""), at=errand.now())
    take_in(errand, shown)
