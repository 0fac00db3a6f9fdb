"""Takes in what a provider shows of one event of a series that it knows as single events (`design.md` §7)."""

from __future__ import annotations

from dataclasses import replace

from hxdav.domain.bridge import Link
from hxdav.domain.ids import MirrorId, Modseq, Uid
from hxdav.domain.mirror import Mirror, MirrorState
from hxdav.ical.fields import differences
from hxdav.ical.objects import object_of
from hxdav.remote import RemoteObject
from hxdav.sync.merging import merge, sent_after
from hxdav.sync.reception import Reception, whole_of
from hxdav.sync.singles import with_single, without_single
from hxdav.sync.singling import uid_of_single, wanted_singles


def take_single(reception: Reception, link: Link, shown: RemoteObject, *, mirror: Mirror) -> None:
    """Another state of one event: folded back into its series as an override, as far as ours does not stand."""
    errand = reception.errand
    remote, sent = object_of(shown.text), object_of(link.sent or shown.text)
    theirs = differences(errand.parts_of_text(link.base or link.sent or shown.text), errand.parts(remote))
    if theirs:
        _fold_back(reception, link, shown, mirror=mirror)
    sent_now = sent_after(sent, remote, theirs=theirs, practice_zone=errand.zone)
    reception.store(replace(link, tag=shown.tag, base=shown.text, sent=sent_now))
    reception.push_anew(mirror.id)


def lose_single(reception: Reception, link: Link, mirror: Mirror, *, is_our_doing: bool) -> None:
    """One event is gone: an ordinary edit of its series (rule 7), unless hxdav itself has taken it away."""
    if mirror.state is MirrorState.SHOWN and not is_our_doing:
        ours = reception.ours(mirror)
        zone = reception.errand.zone
        reception.put(mirror, without_single(whole_of(ours), link.recurrence_id, practice_zone=zone))
        reception.push_anew(mirror.id)
    reception.tx.links.drop(link.id)


def take_lost_single(reception: Reception, link: Link | None, shown: RemoteObject, *, uid: Uid) -> bool:
    """Link an event that hxdav has made, and not heard that it was done; whether it is that."""
    tx, errand = reception.tx, reception.errand
    for awaited in tx.links.awaited(errand.integration_id):
        mirror = tx.mirrors.one(awaited.mirror_id or MirrorId(0))
        is_ours = (shown.key or uid) == uid_of_single(errand, mirror, awaited.recurrence_id)
        if mirror.state is MirrorState.HIDDEN or not is_ours:
            continue
        if link is not None:
            tx.links.drop(link.id)
        reception.store(reception.heard_of(awaited, shown))
        reception.keep_what_differs(shown, mirror, text=_wanted(reception, awaited, mirror))
        if mirror.state is MirrorState.SHOWN:
            reception.push_anew(mirror.id)
        else:
            tx.bridges.change(errand.integration_id, pushed_modseq=Modseq(0))
        return True
    return False


def _fold_back(reception: Reception, link: Link, shown: RemoteObject, *, mirror: Mirror) -> None:
    """Take in what they changed of one event; what ours stands against, or has no event for any more, is kept."""
    errand = reception.errand
    wanted = _wanted(reception, link, mirror) if mirror.state is MirrorState.SHOWN else None
    if wanted is None:
        reception.keep_lost(shown, mirror)
        return
    ours = reception.ours(mirror)
    merged = merge(
        base=errand.parts_of_text(link.base or link.sent or shown.text),
        sent=errand.parts_of_text(link.sent or shown.text),
        local=errand.parts_of_text(wanted),
        remote=errand.parts_of_text(shown.text),
        hidden=ours.hidden,
    )
    if merged.lost:
        reception.keep_lost(shown, mirror)
    if merged.inward:
        remote, whole = object_of(shown.text), whole_of(ours)
        text = with_single(whole, link.recurrence_id, single=remote, what=merged.inward, practice_zone=errand.zone)
        reception.put(mirror, text)


def _wanted(reception: Reception, link: Link, mirror: Mirror) -> str | None:
    """Our side of one event; None where the series has no such event any more."""
    ours = reception.ours(mirror)
    return wanted_singles(reception.errand, ours, reception.place.integration).get(link.recurrence_id)
