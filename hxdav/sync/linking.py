"""Writes to the provider, and down in the link what it has (docs/engine.md)."""

from __future__ import annotations

from dataclasses import replace

from hxdav.domain.bridge import RETRACTED, Link
from hxdav.ical.fields import differences
from hxdav.ical.graft import graft
from hxdav.ical.objects import object_of
from hxdav.remote import RemoteId, RemoteObject, Tag
from hxdav.store.links import WHOLE
from hxdav.store.store import Tx
from hxdav.sync.brake import MixedUp
from hxdav.sync.bridge_context import BridgeContext, Ours
from hxdav.sync.latency import note_sent


def bring_one(context: BridgeContext, ours: Ours, link: Link) -> None:
    """Bring one object to the provider, as much of it as the provider has not got."""
    if link.tag is None:
        context.brake.require(ours.mirror.id, link.recurrence_id, now=context.now())
        record(context, ours, link, shown=context.remote.create(context.calendar_id, ours.text))
        context.brake.created(ours.mirror.id, link.recurrence_id, now=context.now())
        return
    sent, local = object_of(link.sent), object_of(ours.text)
    what = differences(context.parts(sent), context.parts(local))
    if not what:
        record(context, ours, link, shown=None)
        return
    text = graft(object_of(link.base), local, what, practice_zone=context.zone)
    record(context, ours, link, shown=context.remote.update(context.calendar_id, known_at(link), text))


def retract(context: BridgeContext, link: Link) -> None:
    """Remove what a link stands for, which its appointment outlives: in another shape it stays.

    That is written down before, so that nobody is taken to have deleted it where the answer is lost.
    """
    with context.store.transaction() as tx:
        tx.links.put(replace(link, parked=RETRACTED), at=context.now())
    context.remote.remove(context.calendar_id, known_at(link))


def remove_single(context: BridgeContext, link: Link) -> None:
    """Remove one single event of a series, and forget it."""
    if link.tag is not None:
        retract(context, link)
    with context.store.transaction() as tx:
        tx.links.drop(link.id)


def record(context: BridgeContext, ours: Ours, link: Link, *, shown: RemoteObject | None) -> None:
    """Write down that the provider has our side as it was when it was read; ``shown`` where it was just written."""
    now = context.now()
    agreed = replace(
        link,
        sent=ours.text,
        mirror_etag=ours.mirror.etag,
        revision=ours.appointment.revision,
        parked=None,
    )
    with context.store.transaction() as tx:
        if shown is not None:
            agreed = replace(agreed, remote_id=shown.remote_id, tag=shown.tag, base=shown.text, is_ours=True)
            _make_room(tx, agreed, ours)
            seen_in = tx.bridges.one(context.integration_id).listing
            agreed = replace(agreed, seen_in=seen_in)
            uid = object_of(shown.text).uid
            if link.recurrence_id == WHOLE:
                note_sent(tx, context, ours=ours, known=link)
                if uid != ours.mirror.uid:
                    tx.mirrors.rename(ours.mirror.id, uid)
            tx.bridges.change(context.integration_id, pushed_at=now, active_at=now)
        tx.links.put(agreed, at=now)
    context.progress.steps += shown is not None


def _make_room(tx: Tx, link: Link, ours: Ours) -> None:
    """Forget what was left alone under this remote id: it has turned out to be ours.

    Raise MixedUp where it is another appointment's: the provider has not looked for what it was asked for.
    """
    other = tx.links.at(link.integration_id, link.remote_id or "")
    if other is None or other.id == link.id:
        return
    if other.tag is not None and other.mirror_id is not None and tx.mirrors.one(other.mirror_id).uid != ours.mirror.uid:
        raise MixedUp
    tx.links.drop(other.id)


def known_at(link: Link) -> RemoteObject:
    """The object as the provider last showed it."""
    return RemoteObject(remote_id=RemoteId(link.remote_id or ""), tag=Tag(link.tag or ""), text=link.base)


def new_link(ours: Ours, recurrence_id: str = WHOLE) -> Link:
    """The link of what is not at the provider yet."""
    return Link(
        practice_group_id=ours.appointment.practice_group_id,
        integration_id=ours.mirror.integration_id,
        mirror_id=ours.mirror.id,
        recurrence_id=recurrence_id,
    )
