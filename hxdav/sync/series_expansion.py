"""Pushes a series that its provider cannot express as the single events that fall into the window (docs/engine.md)."""

from __future__ import annotations

from dataclasses import replace

from hxdav.domain.bridge import Link
from hxdav.domain.ids import Uid
from hxdav.domain.integration import Integration
from hxdav.domain.mirror import Mirror, derived_uid
from hxdav.domain.window import Window
from hxdav.store.links import WHOLE
from hxdav.sync.bridge_context import BridgeContext, Ours
from hxdav.sync.latency import note_sent
from hxdav.sync.linking import bring_one, new_link, remove_single, retract
from hxdav.sync.singles import single_events


def push_singles(context: BridgeContext, ours: Ours, links: dict[str, Link]) -> None:
    """Bring each event of a series to the provider, and take away those that it no longer has.

    The link of the whole has nothing at the provider: it says that everything has been done for this state.
    """
    whole = links.get(WHOLE) or new_link(ours)
    if whole.tag is not None:
        retract(context, whole)
    with context.store.transaction() as tx:
        wanted = wanted_singles(context, ours, tx.integrations.one(context.integration_id))
        for recurrence_id in wanted.keys() - links.keys():
            # So that it is known again where the answer to its making is lost.
            tx.links.put(new_link(ours, recurrence_id), at=context.now())
        links = tx.links.of(ours.mirror.id)
    for recurrence_id, link in links.items():
        if recurrence_id != WHOLE and recurrence_id not in wanted:
            context.keep_lease()
            remove_single(context, link)
    for recurrence_id, text in wanted.items():
        context.keep_lease()
        bring_one(context, replace(ours, text=text), links[recurrence_id])
    done = replace(whole, remote_id=None, tag=None, base="", sent="", mirror_etag=ours.mirror.etag, parked=None)
    with context.store.transaction() as tx:
        tx.links.put(done, at=context.now())
        note_sent(tx, context, ours=ours, known=whole)


def wanted_singles(context: BridgeContext, ours: Ours, integration: Integration) -> dict[str, str]:
    """The single events, by recurrence id, of a series that are in the window as it is today (rule 4)."""
    window = Window.of(
        context.policy, connected_on=integration.connected_on, now=context.now(), practice_zone=context.zone
    )
    return single_events(
        ours.text,
        uid_of=lambda recurrence_id: uid_of_single(context, ours.mirror, recurrence_id),
        within=window.interval,
        practice_zone=context.zone,
    )


def uid_of_single(context: BridgeContext, mirror: Mirror, recurrence_id: str) -> Uid:
    """The UID under which one event of a series goes."""
    return derived_uid(
        context.integration_id,
        mirror.appointment_id,
        service=context.service,
        recurrence_id=recurrence_id,
        generation=mirror.generation,
    )
