"""Takes in what a provider shows of one event of a series that it knows as single events (docs/engine.md)."""

from __future__ import annotations

from dataclasses import replace

from hxdav.domain.bridge import Link
from hxdav.domain.ids import MirrorId, Modseq, Uid
from hxdav.domain.mirror import Mirror, MirrorState
from hxdav.ical.fields import differences
from hxdav.ical.objects import object_of
from hxdav.remote import RemoteObject
from hxdav.sync.intake_transaction import IntakeTransaction, whole_of
from hxdav.sync.merging import merge, sent_after
from hxdav.sync.series_expansion import uid_of_single, wanted_singles
from hxdav.sync.singles import with_single, without_single


def take_single(transaction: IntakeTransaction, link: Link, shown: RemoteObject, *, mirror: Mirror) -> None:
    """Another state of one event: folded back into its series as an override, as far as ours does not stand."""
    context = transaction.context
    remote, sent = object_of(shown.text), object_of(link.sent or shown.text)
    theirs = differences(context.parts_of_text(link.base or link.sent or shown.text), context.parts(remote))
    if theirs:
        _fold_back(transaction, link, shown, mirror=mirror)
    sent_now = sent_after(sent, remote, theirs=theirs, practice_zone=context.zone)
    transaction.store(replace(link, tag=shown.tag, base=shown.text, sent=sent_now))
    transaction.push_anew(mirror.id)


def lose_single(transaction: IntakeTransaction, link: Link, mirror: Mirror, *, is_our_doing: bool) -> None:
    """One event is gone: an ordinary edit of its series (rule 7), unless hxdav itself has taken it away."""
    if mirror.state is MirrorState.SHOWN and not is_our_doing:
        ours = transaction.ours(mirror)
        zone = transaction.context.zone
        transaction.put(mirror, without_single(whole_of(ours), link.recurrence_id, practice_zone=zone))
        transaction.push_anew(mirror.id)
    transaction.tx.links.drop(link.id)


def take_lost_single(transaction: IntakeTransaction, link: Link | None, shown: RemoteObject, *, uid: Uid) -> bool:
    """Link an event that hxdav has made, and not heard that it was done; whether it is that."""
    tx, context = transaction.tx, transaction.context
    for awaited in tx.links.awaited(context.integration_id):
        mirror = tx.mirrors.one(awaited.mirror_id or MirrorId(0))
        is_ours = (shown.key or uid) == uid_of_single(context, mirror, awaited.recurrence_id)
        if mirror.state is MirrorState.HIDDEN or not is_ours:
            continue
        if link is not None:
            tx.links.drop(link.id)
        transaction.store(transaction.heard_of(awaited, shown))
        transaction.keep_what_differs(shown, mirror, text=_wanted(transaction, awaited, mirror))
        if mirror.state is MirrorState.SHOWN:
            transaction.push_anew(mirror.id)
        else:
            tx.bridges.change(context.integration_id, pushed_modseq=Modseq(0))
        return True
    return False


def _fold_back(transaction: IntakeTransaction, link: Link, shown: RemoteObject, *, mirror: Mirror) -> None:
    """Take in what they changed of one event; what ours stands against, or has no event for any more, is kept."""
    context = transaction.context
    wanted = _wanted(transaction, link, mirror) if mirror.state is MirrorState.SHOWN else None
    if wanted is None:
        transaction.keep_lost(shown, mirror)
        return
    ours = transaction.ours(mirror)
    merged = merge(
        base=context.parts_of_text(link.base or link.sent or shown.text),
        sent=context.parts_of_text(link.sent or shown.text),
        local=context.parts_of_text(wanted),
        remote=context.parts_of_text(shown.text),
        hidden=ours.hidden,
    )
    if merged.lost:
        transaction.keep_lost(shown, mirror)
    if merged.inward:
        remote, whole = object_of(shown.text), whole_of(ours)
        text = with_single(whole, link.recurrence_id, single=remote, what=merged.inward, practice_zone=context.zone)
        transaction.put(mirror, text)


def _wanted(transaction: IntakeTransaction, link: Link, mirror: Mirror) -> str | None:
    """Our side of one event; None where the series has no such event any more."""
    ours = transaction.ours(mirror)
    return wanted_singles(transaction.context, ours, transaction.place.integration).get(link.recurrence_id)
