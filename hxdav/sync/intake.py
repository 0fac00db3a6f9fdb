"""Takes in what a provider shows of one object: through the gate, in one transaction (`design.md` §6, §7).

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
from hxdav.ical.fields import Difference, differences
from hxdav.ical.graft import graft
from hxdav.ical.objects import CalendarObject, object_of
from hxdav.remote import Gone, RemoteObject, Sighting, Unreadable
from hxdav.services.gate import PutObject, RemoveObject, read_body
from hxdav.services.gate.adopting import adoptable
from hxdav.store.links import WHOLE
from hxdav.sync.errand import Errand, Ours
from hxdav.sync.lagging import note_taken_in
from hxdav.sync.merging import merge, sent_after
from hxdav.sync.reception import Reception, is_no_edit, is_overruled, only_ends, whole_of
from hxdav.sync.single_intake import lose_single, take_lost_single, take_single

ORPHAN = "orphan"
"""Why an object of hxdav's own making is left alone: the store does not know it, as after a restore."""


class BridgeClosed(HxdavError):
    """Nothing may pass this bridge now: it is suspended, disconnected or not paid for."""


def take_in(errand: Errand, sighting: Sighting) -> bool:
    """Take in what the provider shows of one object; whether it was news, and no echo of what we wrote."""
    # Reading takes time, so it is done before the lock.
    reading = read_body(sighting.text.encode()) if isinstance(sighting, RemoteObject) else None
    with errand.store.transaction() as tx:
        place = tx.integrations.lock_place(errand.integration_id)
        if why_closed(place.integration.state, place.subscription):
            raise BridgeClosed("This calendar does not take part at present.")
        reception = Reception(tx=tx, errand=errand, bridge=tx.bridges.one(errand.integration_id), place=place)
        link = tx.links.at(errand.integration_id, sighting.remote_id)
        if link is not None and not isinstance(sighting, Gone):
            tx.links.see(link.id, reception.bridge.listing)
            link = replace(link, seen_in=reception.bridge.listing)
            if link.tag == sighting.tag:
                return False
        match sighting:
            case Gone():
                _take_gone(reception, link)
            case Unreadable():
                _leave_alone(reception, link, sighting)
            case RemoteObject() if isinstance(reading, CalendarObject):
                _take_object(reception, link, sighting, reading=reading)
                note_taken_in(reception, reading)
            case RemoteObject():
                sentence = reading.detail if isinstance(reading, CalendarDataError) else ""
                told = Unreadable(remote_id=sighting.remote_id, tag=sighting.tag, sentence=sentence)
                _leave_alone(reception, link, told)
    return True


def _take_object(reception: Reception, link: Link | None, shown: RemoteObject, *, reading: CalendarObject) -> None:
    if link is None or link.mirror_id is None:
        _take_new(reception, link, shown, reading=reading)
        return
    mirror = reception.tx.mirrors.one(link.mirror_id)
    if link.recurrence_id != WHOLE:
        take_single(reception, link, shown, mirror=mirror)
    elif link.tag is None:
        _take_again(reception, link, shown, mirror=mirror)
    elif mirror.state is MirrorState.LEFT:
        # It is on its way out: what was changed of it meanwhile is kept, and pushing removes it as it is now.
        reception.keep_lost(shown, mirror)
        reception.store(replace(link, tag=shown.tag, base=shown.text))
    else:
        _take_edit(reception, link, shown, mirror=mirror)


def _take_edit(reception: Reception, link: Link, shown: RemoteObject, *, mirror: Mirror) -> None:
    """Another state of an object that both sides know: what they did to different fields is merged (rule 10)."""
    errand = reception.errand
    ours = reception.ours(mirror)
    remote, sent = object_of(shown.text), object_of(link.sent)
    base_parts, remote_parts = errand.parts_of_text(link.base), errand.parts(remote)
    theirs = differences(base_parts, remote_parts)
    if not theirs and _is_not_taken(link, mirror):
        # It says what it said: our side is not tried again for that, or it would be without end.
        reception.store(replace(link, tag=shown.tag, base=shown.text))
        return
    merged = merge(
        base=base_parts,
        sent=errand.parts(sent),
        local=errand.parts_of_text(ours.text),
        remote=remote_parts,
        hidden=ours.hidden,
    )
    is_lost = bool(merged.lost)
    if merged.inward:
        outcome = _put(reception, ours, remote, what=merged.inward)
        is_lost |= is_overruled(outcome) or (is_no_edit(outcome) and not only_ends(merged.inward))
    if is_lost:
        reception.keep_lost(shown, mirror)
    sent_now = sent_after(sent, remote, theirs=theirs, practice_zone=errand.zone)
    reception.agree(replace(link, tag=shown.tag, base=shown.text, sent=sent_now, parked=None), mirror.id)


def _is_not_taken(link: Link, mirror: Mirror) -> bool:
    """Whether the provider has refused just what our side is now."""
    return link.parked is not None and link.parked not in set(Reason) and link.mirror_etag == mirror.etag


def _take_again(reception: Reception, link: Link, shown: RemoteObject, *, mirror: Mirror) -> None:
    """What was gone is there again: ours by a lost answer, or put back by the person, which takes a removal back."""
    errand = reception.errand
    if mirror.state is MirrorState.LEFT and adoptable(errand.desk(reception.tx), [mirror]) is None:
        # It can no longer be brought back: it is something new, and nothing of the old one may show in it.
        _take_new(reception, replace(link, mirror_id=None), shown, reading=object_of(shown.text))
        return
    if mirror.state is MirrorState.SHOWN:
        # Its removal was kept meanwhile, and ours goes out as it is.
        reception.keep_what_differs(shown, mirror, text=reception.ours(mirror).text)
    else:
        ours, remote = reception.ours(mirror), object_of(shown.text)
        theirs = differences(errand.parts_of_text(ours.text), errand.parts(remote))
        seen = [each for each in theirs if not each.touches(ours.hidden)]
        outcome = _put(reception, ours, remote, what=seen)
        mirror = reception.tx.mirrors.at(errand.integration_id, mirror.href) or mirror
        if isinstance(outcome, Refused) and mirror.state is MirrorState.LEFT:
            # Put back where it cannot be taken in: it stays there, as something new would.
            reception.park(replace(link, mirror_id=None), shown, why=outcome.reason, text=shown.text)
            return
        reception.keep_what_is_not_theirs(shown, mirror, outcome=outcome)
    reception.agree(replace(link, mirror_id=mirror.id, tag=shown.tag, base=shown.text, sent=shown.text), mirror.id)


def _take_new(reception: Reception, link: Link | None, shown: RemoteObject, *, reading: CalendarObject) -> None:
    """An object that has no mirror yet: adopted by its UID, made a personal appointment, or refused and left alone."""
    if _take_lost_answer(reception, link, shown, uid=reading.uid):
        return
    if shown.key is not None and not reception.tx.mirrors.known_by(
        reception.place.integration.practitioner_id, shown.key
    ):
        reception.park(link, shown, why=ORPHAN)
        reception.tell(NotificationKind.OBJECT_LEFT_ALONE, about=shown.remote_id)
        return
    href = Href(shown.remote_id)
    put = PutObject(
        integration_id=reception.errand.integration_id, href=href, body=shown.text.encode(), reading=reading
    )
    outcome = reception.submit(put)
    mirror = reception.tx.mirrors.at(reception.errand.integration_id, href)
    if isinstance(outcome, Refused) or mirror is None:
        why = outcome.reason if isinstance(outcome, Refused) else Reason.MISSING
        # Its text tells when the horizon has reached it.
        reception.park(link, shown, why=why, text=shown.text)
        return
    reception.keep_what_is_not_theirs(shown, mirror, outcome=outcome)
    if link is not None:
        reception.tx.links.drop(link.id)
    fresh = replace(reception.new_link(shown.remote_id), mirror_id=mirror.id, tag=shown.tag)
    reception.agree(replace(fresh, base=shown.text, sent=shown.text), mirror.id)


def _take_lost_answer(reception: Reception, link: Link | None, shown: RemoteObject, *, uid: Uid) -> bool:
    """Link what hxdav has made, and not heard that it was done; whether it is that."""
    tx, number = reception.tx, reception.errand.integration_id
    for known in tx.mirrors.known_by(reception.place.integration.practitioner_id, shown.key or uid):
        own = tx.links.of(known.id).get(WHOLE)
        is_unheard_of = own is None or (own.tag is None and known.state is MirrorState.SHOWN)
        if known.integration_id != number or known.state is MirrorState.HIDDEN or not is_unheard_of:
            continue
        if link is not None and (own is None or link.id != own.id):
            tx.links.drop(link.id)
        heard = reception.heard_of(own or replace(reception.new_link(shown.remote_id), mirror_id=known.id), shown)
        reception.keep_what_differs(shown, known, text=reception.ours(known).text)
        reception.agree(heard, known.id)
        if known.state is MirrorState.LEFT:
            # It may have been passed over, because there was nothing to take away.
            tx.bridges.change(number, pushed_modseq=Modseq(0))
        return True
    return take_lost_single(reception, link, shown, uid=uid)


def _take_gone(reception: Reception, link: Link | None) -> None:
    """The provider's word that an object is gone: a removal, by the rules (rules 6 and 7)."""
    if link is None or link.tag is None:
        return
    if link.mirror_id is None:
        reception.tx.links.drop(link.id)
        return
    mirror = reception.tx.mirrors.one(link.mirror_id)
    is_our_doing = link.parked == RETRACTED
    if link.recurrence_id != WHOLE:
        lose_single(reception, link, mirror, is_our_doing=is_our_doing)
        return
    reception.store(replace(link, tag=None, base="", mirror_etag="", parked=None if is_our_doing else link.parked))
    if mirror.state is MirrorState.SHOWN and not is_our_doing:
        removal = RemoveObject(
            integration_id=reception.errand.integration_id,
            href=mirror.href,
            revision=link.revision,
            to_review=reception.bridge.is_cautious,
        )
        reception.submit(removal)


def _leave_alone(reception: Reception, link: Link | None, shown: Unreadable) -> None:
    """What we cannot keep: it stays where it is, and the person is told why."""
    if link is not None and link.mirror_id is not None:
        reception.store(replace(link, tag=shown.tag, parked=Reason.NOT_CALENDAR_DATA))
        reception.tell(NotificationKind.OBJECT_LEFT_ALONE, about=shown.remote_id)
        return
    refusal = CalendarDataError(Reason.NOT_CALENDAR_DATA, shown.sentence)
    put = PutObject(
        integration_id=reception.errand.integration_id, href=Href(shown.remote_id), body=b"", reading=refusal
    )
    reception.submit(put)
    reception.park(link, shown, why=Reason.NOT_CALENDAR_DATA)


def _put(reception: Reception, ours: Ours, remote: CalendarObject, *, what: Collection[Difference]) -> Outcome:
    """Put our own object with what they changed of it: so what they do not see of it stays."""
    whole = object_of(whole_of(ours))
    return reception.put(ours.mirror, graft(whole, remote, what, practice_zone=reception.errand.zone))
