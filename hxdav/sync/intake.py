"""Takes in what a provider shows of one object: through the gate, in one transaction (docs/gate.md, docs/engine.md).

The link is brought to what the provider shows whatever the gate says of it: where the two sides differ after that, the
mirror is changed, and pushing brings ours back.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from hxdav.domain.access import why_closed
from hxdav.domain.bridge import RETRACTED, Link
from hxdav.domain.edit import Outcome, Refused
from hxdav.domain.ids import Href, Modseq, Uid
from hxdav.domain.mirror import Mirror, MirrorState
from hxdav.domain.notification import NotificationKind
from hxdav.domain.refusal import CalendarDataError, Reason
from hxdav.errors import HxdavError
from hxdav.gate import PutObject, RemoveObject, adoptable_appointment, read_body
from hxdav.ical.fields import FieldDifference, differences
from hxdav.ical.graft import graft
from hxdav.ical.objects import CalendarObject, object_of
from hxdav.remote import Gone, RemoteObject, RemoteState, Unreadable
from hxdav.store.links import WHOLE
from hxdav.sync.bridge_context import BridgeContext, Ours
from hxdav.sync.intake_transaction import IntakeTransaction, is_no_edit, is_overruled, only_ends, whole_of
from hxdav.sync.latency import note_taken_in
from hxdav.sync.merging import merge, sent_after
from hxdav.sync.single_intake import lose_single, take_lost_single, take_single

ORPHAN = "orphan"
"""Why an object of hxdav's own making is left alone: the store does not know it, as after a restore."""


class BridgeClosed(HxdavError):
    """Nothing may pass this bridge now: it is suspended, disconnected or not paid for."""


def take_in(context: BridgeContext, sighting: RemoteState) -> bool:
    """Take in what the provider shows of one object; whether it was news, and no echo of what we wrote."""
    # Reading takes time, so it is done before the lock.
    reading = read_body(sighting.text.encode()) if isinstance(sighting, RemoteObject) else None
    with context.store.transaction() as tx:
        place = tx.integrations.lock_place(context.integration_id)
        if why_closed(place.integration.state, place.subscription):
            raise BridgeClosed("This calendar does not take part at present.")
        transaction = IntakeTransaction(
            tx=tx, context=context, bridge=tx.bridges.one(context.integration_id), place=place
        )
        link = tx.links.at(context.integration_id, sighting.remote_id)
        if link is not None and not isinstance(sighting, Gone):
            tx.links.see(link.id, transaction.bridge.listing)
            link = replace(link, seen_in=transaction.bridge.listing)
            if link.tag == sighting.tag:
                return False
        match sighting:
            case Gone():
                _take_gone(transaction, link)
            case Unreadable():
                _leave_alone(transaction, link, sighting)
            case RemoteObject() if isinstance(reading, CalendarObject):
                _take_object(transaction, link, sighting, reading=reading)
                note_taken_in(transaction, reading)
            case RemoteObject() if isinstance(reading, CalendarDataError):
                told = Unreadable(
                    remote_id=sighting.remote_id, tag=sighting.tag, sentence=reading.detail, reason=reading.reason
                )
                _leave_alone(transaction, link, told)
            case _:
                pass
    return True


def _take_object(
    transaction: IntakeTransaction, link: Link | None, shown: RemoteObject, *, reading: CalendarObject
) -> None:
    if link is None or link.mirror_id is None:
        _take_new(transaction, link, shown, reading=reading)
        return
    mirror = transaction.tx.mirrors.one(link.mirror_id)
    if link.recurrence_id != WHOLE:
        take_single(transaction, link, shown, mirror=mirror)
    elif link.tag is None:
        _take_again(transaction, link, shown, mirror=mirror)
    elif mirror.state is MirrorState.LEFT:
        # It is on its way out: what was changed of it meanwhile is kept, and pushing removes it as it is now.
        transaction.keep_lost(shown, mirror)
        transaction.store(replace(link, tag=shown.tag, base=shown.text))
    else:
        _take_edit(transaction, link, shown, mirror=mirror)


def _take_edit(transaction: IntakeTransaction, link: Link, shown: RemoteObject, *, mirror: Mirror) -> None:
    """Another state of an object that both sides know: what they did to different fields is merged (rule 10)."""
    context = transaction.context
    ours = transaction.ours(mirror)
    remote, sent = object_of(shown.text), object_of(link.sent)
    base_parts, remote_parts = context.parts_of_text(link.base), context.parts(remote)
    theirs = differences(base_parts, remote_parts)
    if not theirs and _is_not_taken(link, mirror):
        # It says what it said: our side is not tried again for that, or it would be without end.
        transaction.store(replace(link, tag=shown.tag, base=shown.text))
        return
    merged = merge(
        base=base_parts,
        sent=context.parts(sent),
        local=context.parts_of_text(ours.text),
        remote=remote_parts,
        hidden=ours.hidden,
    )
    is_lost = bool(merged.lost)
    if merged.inward:
        outcome = _put(transaction, ours, remote, what=merged.inward)
        is_lost |= is_overruled(outcome) or (is_no_edit(outcome) and not only_ends(merged.inward))
    if is_lost:
        transaction.keep_lost(shown, mirror)
    sent_now = sent_after(sent, remote, theirs=theirs, practice_zone=context.zone)
    transaction.agree(replace(link, tag=shown.tag, base=shown.text, sent=sent_now, parked=None), mirror.id)


def _is_not_taken(link: Link, mirror: Mirror) -> bool:
    """Whether the provider has refused just what our side is now."""
    return link.parked is not None and link.parked not in set(Reason) and link.mirror_etag == mirror.etag


def _take_again(transaction: IntakeTransaction, link: Link, shown: RemoteObject, *, mirror: Mirror) -> None:
    """What was gone is there again: ours by a lost answer, or put back by the person, which takes a removal back."""
    context = transaction.context
    if mirror.state is MirrorState.LEFT and adoptable_appointment(context.gate(transaction.tx), [mirror]) is None:
        # It can no longer be brought back: it is something new, and nothing of the old one may show in it.
        _take_new(transaction, replace(link, mirror_id=None), shown, reading=object_of(shown.text))
        return
    if mirror.state is MirrorState.SHOWN:
        # Its removal was kept meanwhile, and ours goes out as it is.
        transaction.keep_what_differs(shown, mirror, text=transaction.ours(mirror).text)
    else:
        ours, remote = transaction.ours(mirror), object_of(shown.text)
        theirs = differences(context.parts_of_text(ours.text), context.parts(remote))
        seen = [each for each in theirs if not each.touches(ours.hidden)]
        outcome = _put(transaction, ours, remote, what=seen)
        mirror = transaction.tx.mirrors.at(context.integration_id, mirror.href) or mirror
        if isinstance(outcome, Refused) and mirror.state is MirrorState.LEFT:
            # Put back where it cannot be taken in: it stays there, as something new would.
            transaction.park(replace(link, mirror_id=None), shown, why=outcome.reason, text=shown.text)
            return
        transaction.keep_what_is_not_theirs(shown, mirror, outcome=outcome)
    transaction.agree(replace(link, mirror_id=mirror.id, tag=shown.tag, base=shown.text, sent=shown.text), mirror.id)


def _take_new(
    transaction: IntakeTransaction, link: Link | None, shown: RemoteObject, *, reading: CalendarObject
) -> None:
    """An object that has no mirror yet: adopted by its UID, made a personal appointment, or refused and left alone."""
    if _take_lost_answer(transaction, link, shown, uid=reading.uid):
        return
    if shown.key is not None and not transaction.tx.mirrors.known_by(
        transaction.place.integration.practitioner_id, shown.key
    ):
        transaction.park(link, shown, why=ORPHAN)
        transaction.tell(NotificationKind.OBJECT_LEFT_ALONE, about=shown.remote_id)
        return
    href = Href(shown.remote_id)
    put = PutObject(
        integration_id=transaction.context.integration_id, href=href, body=shown.text.encode(), reading=reading
    )
    outcome = transaction.submit(put)
    mirror = transaction.tx.mirrors.at(transaction.context.integration_id, href)
    if isinstance(outcome, Refused) or mirror is None:
        why = outcome.reason if isinstance(outcome, Refused) else Reason.MISSING
        # Its text tells when the horizon has reached it.
        transaction.park(link, shown, why=why, text=shown.text)
        return
    transaction.keep_what_is_not_theirs(shown, mirror, outcome=outcome)
    if link is not None:
        transaction.tx.links.drop(link.id)
    fresh = replace(transaction.new_link(shown.remote_id), mirror_id=mirror.id, tag=shown.tag)
    transaction.agree(replace(fresh, base=shown.text, sent=shown.text), mirror.id)


def _take_lost_answer(transaction: IntakeTransaction, link: Link | None, shown: RemoteObject, *, uid: Uid) -> bool:
    """Link what hxdav has made, and not heard that it was done; whether it is that."""
    tx, number = transaction.tx, transaction.context.integration_id
    for known in tx.mirrors.known_by(transaction.place.integration.practitioner_id, shown.key or uid):
        own = tx.links.of(known.id).get(WHOLE)
        is_unheard_of = own is None or (own.tag is None and known.state is MirrorState.SHOWN)
        if known.integration_id != number or known.state is MirrorState.HIDDEN or not is_unheard_of:
            continue
        if link is not None and (own is None or link.id != own.id):
            tx.links.drop(link.id)
        heard = transaction.heard_of(own or replace(transaction.new_link(shown.remote_id), mirror_id=known.id), shown)
        transaction.keep_what_differs(shown, known, text=transaction.ours(known).text)
        transaction.agree(heard, known.id)
        if known.state is MirrorState.LEFT:
            # It may have been passed over, because there was nothing to take away.
            tx.bridges.change(number, pushed_modseq=Modseq(0))
        return True
    return take_lost_single(transaction, link, shown, uid=uid)


def _take_gone(transaction: IntakeTransaction, link: Link | None) -> None:
    """The provider's word that an object is gone: a removal, by the rules (rules 6 and 7)."""
    if link is None or link.tag is None:
        return
    if link.mirror_id is None:
        transaction.tx.links.drop(link.id)
        return
    mirror = transaction.tx.mirrors.one(link.mirror_id)
    is_our_doing = link.parked == RETRACTED
    if link.recurrence_id != WHOLE:
        lose_single(transaction, link, mirror, is_our_doing=is_our_doing)
        return
    transaction.store(replace(link, tag=None, base="", mirror_etag="", parked=None if is_our_doing else link.parked))
    if mirror.state is MirrorState.SHOWN and not is_our_doing:
        removal = RemoveObject(
            integration_id=transaction.context.integration_id,
            href=mirror.href,
            revision=link.revision,
            to_review=transaction.bridge.is_cautious,
        )
        transaction.submit(removal)


def _leave_alone(transaction: IntakeTransaction, link: Link | None, shown: Unreadable) -> None:
    """What we cannot keep: it stays where it is, and the person is told why."""
    if link is not None and link.mirror_id is not None:
        transaction.store(replace(link, tag=shown.tag, parked=shown.reason))
        transaction.tell(NotificationKind.OBJECT_LEFT_ALONE, about=shown.remote_id)
        return
    refusal = CalendarDataError(shown.reason, shown.sentence)
    put = PutObject(
        integration_id=transaction.context.integration_id, href=Href(shown.remote_id), body=b"", reading=refusal
    )
    transaction.submit(put)
    transaction.park(link, shown, why=shown.reason)


def _put(
    transaction: IntakeTransaction, ours: Ours, remote: CalendarObject, *, what: Collection[FieldDifference]
) -> Outcome:
    """Put our own object with what they changed of it: so what they do not see of it stays."""
    whole = object_of(whole_of(ours))
    return transaction.put(ours.mirror, graft(whole, remote, what, practice_zone=transaction.context.zone))
