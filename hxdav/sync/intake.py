"""Takes in what a provider shows of one object: through the gate, in one transaction (`design.md` §6, §7).

The link is brought to what the provider shows whatever the gate says of it: where the two sides differ after that, the
mirror is changed, and pushing brings ours back.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from hxdav.domain.access import why_closed
from hxdav.domain.bridge import Bridge, Link
from hxdav.domain.edit import Held, Merged, Outcome, Refused
from hxdav.domain.field import Field
from hxdav.domain.ids import Href, LinkId, MirrorId, Modseq, Uid
from hxdav.domain.mirror import Mirror, MirrorState
from hxdav.domain.notification import NotificationKind
from hxdav.domain.refusal import CalendarDataError, Reason
from hxdav.errors import HxdavError
from hxdav.ical.fields import Difference, differences
from hxdav.ical.graft import graft
from hxdav.ical.objects import CalendarObject, object_of
from hxdav.ical.patch import replace_uid
from hxdav.remote import Gone, RemoteObject, Sighting, Unreadable
from hxdav.services.gate import PutObject, RemoveObject, read_body, submit
from hxdav.services.gate.adopting import adoptable
from hxdav.services.gate.recording import show_anew
from hxdav.store.integrations import Place
from hxdav.store.links import WHOLE
from hxdav.store.store import Tx
from hxdav.store.trail import Subject
from hxdav.sync.errand import Errand, Ours, ours_of
from hxdav.sync.merging import merge, sent_after
from hxdav.sync.singles import with_single, without_single
from hxdav.sync.singling import uid_of_single, wanted_singles

ORPHAN = "orphan"
"""Why an object of hxdav's own making is left alone: the store does not know it, as after a restore."""


_CANCELLED = Difference(part="", field=Field.STATUS)


class BridgeClosed(HxdavError):
    """Nothing may pass this bridge now: it is suspended, disconnected or not paid for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """The transaction in which one sighting is taken in; the practitioner is locked."""

    tx: Tx
    errand: Errand
    bridge: Bridge
    place: Place


def take_in(errand: Errand, sighting: Sighting) -> None:
    """Take in what the provider shows of one object."""
    # Reading takes time, so it is done before the lock.
    reading = read_body(sighting.text.encode()) if isinstance(sighting, RemoteObject) else None
    with errand.store.transaction() as tx:
        place = tx.integrations.lock_place(errand.integration_id)
        if why_closed(place.integration.state, place.subscription):
            raise BridgeClosed("This calendar does not take part at present.")
        intake = Intake(tx=tx, errand=errand, bridge=tx.bridges.one(errand.integration_id), place=place)
        link = tx.links.at(errand.integration_id, sighting.remote_id)
        if link is not None and not isinstance(sighting, Gone):
            tx.links.see(link.id, intake.bridge.listing)
            link = replace(link, seen_in=intake.bridge.listing)
            if link.tag == sighting.tag:
                return
        match sighting:
            case Gone():
                _take_gone(intake, link)
            case Unreadable():
                _leave_alone(intake, link, sighting)
            case RemoteObject() if isinstance(reading, CalendarObject):
                _take_object(intake, link, sighting, reading=reading)
            case RemoteObject():
                sentence = reading.detail if isinstance(reading, CalendarDataError) else ""
                told = Unreadable(remote_id=sighting.remote_id, tag=sighting.tag, sentence=sentence)
                _leave_alone(intake, link, told)


def _take_object(intake: Intake, link: Link | None, shown: RemoteObject, *, reading: CalendarObject) -> None:
    if link is None or link.mirror_id is None:
        _take_new(intake, link, shown, reading=reading)
        return
    mirror = intake.tx.mirrors.one(link.mirror_id)
    if link.recurrence_id != WHOLE:
        _take_single(intake, link, shown, mirror=mirror)
    elif link.tag is None:
        _take_again(intake, link, shown, mirror=mirror)
    elif mirror.state is MirrorState.LEFT:
        # It is on its way out: what was changed of it meanwhile is kept, and pushing removes it as it is now.
        _keep_lost(intake, shown, mirror)
        _store(intake, replace(link, tag=shown.tag, base=shown.text))
    else:
        _take_edit(intake, link, shown, mirror=mirror)


def _take_edit(intake: Intake, link: Link, shown: RemoteObject, *, mirror: Mirror) -> None:
    """Another state of an object that both sides know: what they did to different fields is merged (rule 10)."""
    errand = intake.errand
    ours = ours_of(intake.tx, errand, mirror)
    remote, sent = object_of(shown.text), object_of(link.sent)
    base_parts, remote_parts = errand.parts_of_text(link.base), errand.parts(remote)
    theirs = differences(base_parts, remote_parts)
    merged = merge(
        base=base_parts,
        sent=errand.parts(sent),
        local=errand.parts_of_text(ours.text),
        remote=remote_parts,
        hidden=ours.hidden,
    )
    if merged.lost:
        _keep_lost(intake, shown, mirror)
    if merged.inward:
        outcome = _put(intake, ours, remote, what=merged.inward)
        if isinstance(outcome, Held) and merged.inward != {_CANCELLED} and not merged.lost:
            # What was cancelled is not changed besides, and may be kept.
            _keep_lost(intake, shown, mirror)
    sent_now = sent_after(sent, remote, theirs=theirs, practice_zone=errand.zone)
    _agree(intake, replace(link, tag=shown.tag, base=shown.text, sent=sent_now, parked=None), mirror.id)


def _take_again(intake: Intake, link: Link, shown: RemoteObject, *, mirror: Mirror) -> None:
    """What was gone is there again: ours by a lost answer, or put back by the person, which takes a removal back."""
    errand = intake.errand
    if mirror.state is MirrorState.LEFT and adoptable(errand.desk(intake.tx), [mirror]) is None:
        # It can no longer be brought back: it is something new, and nothing of the old one may show in it.
        _take_new(intake, replace(link, mirror_id=None), shown, reading=object_of(shown.text))
        return
    if mirror.state is not MirrorState.SHOWN:
        ours, remote = ours_of(intake.tx, errand, mirror), object_of(shown.text)
        theirs = differences(errand.parts_of_text(ours.text), errand.parts(remote))
        _put(intake, ours, remote, what=[each for each in theirs if not each.touches(ours.hidden)])
        mirror = intake.tx.mirrors.at(errand.integration_id, mirror.href) or mirror
    _agree(intake, replace(link, mirror_id=mirror.id, tag=shown.tag, base=shown.text, sent=shown.text), mirror.id)


def _take_new(intake: Intake, link: Link | None, shown: RemoteObject, *, reading: CalendarObject) -> None:
    """An object that has no mirror yet: adopted by its UID, made a personal appointment, or refused and left alone."""
    if _take_lost_answer(intake, link, shown, uid=reading.uid):
        return
    if shown.key is not None and not intake.tx.mirrors.known_by(intake.place.integration.practitioner_id, shown.key):
        _park(intake, link, shown.remote_id, tag=shown.tag, why=ORPHAN)
        _tell(intake, NotificationKind.OBJECT_LEFT_ALONE, about=shown.remote_id)
        return
    href = Href(shown.remote_id)
    put = PutObject(integration_id=intake.errand.integration_id, href=href, body=shown.text.encode(), reading=reading)
    outcome = submit(intake.tx, intake.errand.clock, intake.errand.policy, change=put, source=intake.errand.source)
    mirror = intake.tx.mirrors.at(intake.errand.integration_id, href)
    if isinstance(outcome, Refused) or mirror is None:
        why = outcome.reason if isinstance(outcome, Refused) else Reason.MISSING
        # Its text tells when the horizon has reached it.
        _park(intake, link, shown.remote_id, tag=shown.tag, why=why, text=shown.text)
        return
    if link is not None:
        intake.tx.links.drop(link.id)
    fresh = replace(_new_link(intake, shown.remote_id), mirror_id=mirror.id, tag=shown.tag)
    _agree(intake, replace(fresh, base=shown.text, sent=shown.text), mirror.id)


def _take_lost_answer(intake: Intake, link: Link | None, shown: RemoteObject, *, uid: Uid) -> bool:
    """Link what hxdav has made, and not heard that it was done; whether it is that."""
    tx, number = intake.tx, intake.errand.integration_id
    for known in tx.mirrors.known_by(intake.place.integration.practitioner_id, shown.key or uid):
        own = tx.links.of(known.id).get(WHOLE)
        is_unheard_of = own is None or (own.tag is None and known.state is MirrorState.SHOWN)
        if known.integration_id != number or known.state is MirrorState.HIDDEN or not is_unheard_of:
            continue
        if link is not None and (own is None or link.id != own.id):
            tx.links.drop(link.id)
        heard = _heard_of(intake, own or replace(_new_link(intake, shown.remote_id), mirror_id=known.id), shown)
        if known.state is MirrorState.SHOWN:
            ours = ours_of(tx, intake.errand, known)
            _keep_what_differs(intake, shown, ours, text=ours.text)
        _agree(intake, heard, known.id)
        if known.state is MirrorState.LEFT:
            # It may have been passed over, because there was nothing to take away.
            tx.bridges.change(number, pushed_modseq=Modseq(0))
        return True
    return _take_lost_single(intake, link, shown, uid=uid)


def _take_lost_single(intake: Intake, link: Link | None, shown: RemoteObject, *, uid: Uid) -> bool:
    """Link a single event of a series that hxdav has made, and not heard that it was done; whether it is that."""
    for awaited in intake.tx.links.awaited(intake.errand.integration_id):
        mirror = intake.tx.mirrors.one(awaited.mirror_id or MirrorId(0))
        is_ours = (shown.key or uid) == uid_of_single(intake.errand, mirror, awaited.recurrence_id)
        if mirror.state is MirrorState.HIDDEN or not is_ours:
            continue
        if link is not None:
            intake.tx.links.drop(link.id)
        _store(intake, _heard_of(intake, awaited, shown))
        if mirror.state is MirrorState.SHOWN:
            ours = ours_of(intake.tx, intake.errand, mirror)
            wanted = wanted_singles(intake.errand, ours, intake.place.integration)
            _keep_what_differs(intake, shown, ours, text=wanted.get(awaited.recurrence_id))
            _push_anew(intake, mirror.id)
        else:
            intake.tx.bridges.change(intake.errand.integration_id, pushed_modseq=Modseq(0))
        return True
    return False


def _heard_of(intake: Intake, link: Link, shown: RemoteObject) -> Link:
    """The link of what hxdav has made, now that it was seen: it is as shown, whatever was sent."""
    heard = replace(link, remote_id=shown.remote_id, tag=shown.tag, base=shown.text, sent=shown.text)
    return replace(heard, is_ours=True, parked=None, seen_in=intake.bridge.listing)


def _keep_what_differs(intake: Intake, shown: RemoteObject, ours: Ours, *, text: str | None) -> None:
    """Keep what is not as hxdav has made it: somebody changed it since, and ours is about to be put over it."""
    errand = intake.errand
    if text is None or differences(errand.parts_of_text(text), errand.parts_of_text(shown.text)):
        _keep_lost(intake, shown, ours.mirror)


def _take_single(intake: Intake, link: Link, shown: RemoteObject, *, mirror: Mirror) -> None:
    """An edit of one event of a series that the provider knows as single events."""
    errand = intake.errand
    remote, sent = object_of(shown.text), object_of(link.sent or shown.text)
    theirs = differences(errand.parts_of_text(link.base or link.sent or shown.text), errand.parts(remote))
    if theirs and mirror.state is MirrorState.SHOWN:
        ours = ours_of(intake.tx, errand, mirror)
        text = with_single(_whole(ours), link.recurrence_id, single=remote, what=theirs, practice_zone=errand.zone)
        _submit_text(intake, mirror, text)
    sent_now = sent_after(sent, remote, theirs=theirs, practice_zone=errand.zone)
    _store(intake, replace(link, tag=shown.tag, base=shown.text, sent=sent_now))
    _push_anew(intake, mirror.id)


def _take_gone(intake: Intake, link: Link | None) -> None:
    """The provider's word that an object is gone: a removal, by the rules (rules 6 and 7)."""
    if link is None or link.tag is None:
        return
    if link.mirror_id is None:
        intake.tx.links.drop(link.id)
        return
    mirror = intake.tx.mirrors.one(link.mirror_id)
    gone = replace(link, tag=None, base="", mirror_etag="")
    if link.recurrence_id != WHOLE:
        _lose_single(intake, link, mirror)
        intake.tx.links.drop(link.id)
        return
    _store(intake, gone)
    if mirror.state is MirrorState.SHOWN:
        removal = RemoveObject(
            integration_id=intake.errand.integration_id,
            href=mirror.href,
            revision=link.revision,
            to_review=intake.bridge.is_cautious,
        )
        submit(intake.tx, intake.errand.clock, intake.errand.policy, change=removal, source=intake.errand.source)


def _lose_single(intake: Intake, link: Link, mirror: Mirror) -> None:
    if mirror.state is MirrorState.SHOWN:
        ours = ours_of(intake.tx, intake.errand, mirror)
        text = without_single(_whole(ours), link.recurrence_id, practice_zone=intake.errand.zone)
        _submit_text(intake, mirror, text)
        _push_anew(intake, mirror.id)


def _leave_alone(intake: Intake, link: Link | None, shown: Unreadable) -> None:
    """What we cannot keep: it stays where it is, and the person is told why."""
    if link is not None and link.mirror_id is not None:
        _store(intake, replace(link, tag=shown.tag, parked=Reason.NOT_CALENDAR_DATA))
        _tell(intake, NotificationKind.OBJECT_LEFT_ALONE, about=shown.remote_id)
        return
    refusal = CalendarDataError(Reason.NOT_CALENDAR_DATA, shown.sentence)
    put = PutObject(integration_id=intake.errand.integration_id, href=Href(shown.remote_id), body=b"", reading=refusal)
    submit(intake.tx, intake.errand.clock, intake.errand.policy, change=put, source=intake.errand.source)
    _park(intake, link, shown.remote_id, tag=shown.tag, why=Reason.NOT_CALENDAR_DATA)


def _put(intake: Intake, ours: Ours, remote: CalendarObject, *, what: Collection[Difference]) -> Outcome:
    """Put our own object with what they changed of it: so what they do not see of it stays."""
    whole = object_of(_whole(ours))
    return _submit_text(intake, ours.mirror, graft(whole, remote, what, practice_zone=intake.errand.zone))


def _submit_text(intake: Intake, mirror: Mirror, text: str) -> Outcome:
    body = text.encode()
    put = PutObject(
        integration_id=intake.errand.integration_id,
        href=mirror.href,
        body=body,
        reading=read_body(body),
        to_review=intake.bridge.is_cautious,
    )
    outcome = submit(intake.tx, intake.errand.clock, intake.errand.policy, change=put, source=intake.errand.source)
    if isinstance(outcome, Merged) and outcome.overruled:
        _tell_overruled(intake, mirror)
    return outcome


def _whole(ours: Ours) -> str:
    """The whole of an appointment's text, under the UID that it has in this integration."""
    return replace_uid(ours.appointment.text, old=ours.appointment.uid, new=ours.mirror.uid)


def _agree(intake: Intake, link: Link, mirror_id: MirrorId) -> None:
    """Store what the provider shows; where ours differs from that now, have it pushed."""
    mirror = intake.tx.mirrors.one(mirror_id)
    if mirror.state is not MirrorState.SHOWN:
        _store(intake, replace(link, mirror_etag="" if link.tag is None else link.mirror_etag))
        return
    ours = ours_of(intake.tx, intake.errand, mirror)
    errand = intake.errand
    if differences(errand.parts_of_text(link.sent), errand.parts_of_text(ours.text)):
        _store(intake, replace(link, mirror_etag=""))
        show_anew(errand.desk(intake.tx), [mirror], ours.appointment)
    else:
        _store(intake, replace(link, mirror_etag=mirror.etag, revision=ours.appointment.revision))


def _push_anew(intake: Intake, mirror_id: MirrorId) -> None:
    """Have every part of a series looked at again."""
    mirror = intake.tx.mirrors.one(mirror_id)
    whole = intake.tx.links.of(mirror_id).get(WHOLE)
    if whole is not None and mirror.state is MirrorState.SHOWN:
        _store(intake, replace(whole, mirror_etag=""))
        show_anew(intake.errand.desk(intake.tx), [mirror], intake.tx.appointments.one(mirror.appointment_id))


def _keep_lost(intake: Intake, shown: RemoteObject, mirror: Mirror) -> None:
    """Keep what loses against the store, and tell the person (rule 10)."""
    _tell_overruled(intake, mirror)
    intake.tx.trail.keep_refused_body(
        _subject(intake, mirror),
        href=mirror.href,
        reason=NotificationKind.EDIT_OVERRULED,
        body=shown.text.encode(),
        at=intake.errand.now(),
    )


def _tell_overruled(intake: Intake, mirror: Mirror) -> None:
    _tell(intake, NotificationKind.EDIT_OVERRULED, about=mirror.href, mirror=mirror)


def _tell(intake: Intake, kind: NotificationKind, *, about: str, mirror: Mirror | None = None) -> None:
    subject, now = _subject(intake, mirror), intake.errand.now()
    if not intake.tx.notifications.was_told(subject, kind=kind, digest=about, now=now):
        intake.tx.notifications.tell(subject, kind=kind, digest=about, at=now)


def _subject(intake: Intake, mirror: Mirror | None) -> Subject:
    return Subject(
        practice_group_id=intake.place.practice.practice_group_id,
        practitioner_id=intake.place.integration.practitioner_id,
        integration_id=intake.place.integration.id,
        appointment_id=mirror.appointment_id if mirror is not None else None,
    )


def _park(intake: Intake, link: Link | None, remote_id: str, *, tag: str, why: str, text: str = "") -> None:
    """Remember an object that is not taken in, and why; it is judged afresh when it changes."""
    _store(intake, replace(link or _new_link(intake, remote_id), tag=tag, parked=why, base=text))


def _store(intake: Intake, link: Link) -> None:
    intake.tx.links.put(link, at=intake.errand.now())


def _new_link(intake: Intake, remote_id: str) -> Link:
    return Link(
        id=LinkId(0),
        practice_group_id=intake.place.practice.practice_group_id,
        integration_id=intake.errand.integration_id,
        mirror_id=None,
        recurrence_id=WHOLE,
        remote_id=remote_id,
        tag=None,
        base="",
        sent="",
        mirror_etag="",
        revision=0,
        is_ours=False,
        parked=None,
        seen_in=intake.bridge.listing,
    )
