"""The transaction in which one sighting is taken in: the gate, the link, and what the person is told of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from hxdav.domain.bridge import Bridge, Link
from hxdav.domain.edit import Held, Merged, Outcome
from hxdav.domain.field import Field
from hxdav.domain.ids import MirrorId
from hxdav.domain.mirror import Mirror, MirrorState
from hxdav.domain.notification import NotificationKind
from hxdav.gate import PutObject, RemoveObject, heal, read_body, submit
from hxdav.ical.fields import FieldDifference, differences
from hxdav.ical.patch import replace_uid
from hxdav.remote import RemoteObject, Unreadable
from hxdav.store.integrations import LockedIntegration
from hxdav.store.links import WHOLE
from hxdav.store.store import Tx
from hxdav.store.trail import Subject
from hxdav.sync.bridge_context import BridgeContext, Ours, ours_of

_ENDING = frozenset({Field.STATUS, Field.RECURRENCE})


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeTransaction:
    """What every way of taking in has at hand; the practitioner is locked."""

    tx: Tx
    context: BridgeContext
    bridge: Bridge
    place: LockedIntegration

    def ours(self, mirror: Mirror) -> Ours:
        """Our side of what ``mirror`` shows."""
        return ours_of(self.tx, self.context, mirror)

    def submit(self, change: PutObject | RemoveObject) -> Outcome:
        """Hand an edit of the provider's side to the gate."""
        context = self.context
        return submit(self.tx, context.clock, context.policy, change=change, source=context.source)

    def put(self, mirror: Mirror, text: str) -> Outcome:
        """Put another state of what ``mirror`` shows."""
        body = text.encode()
        return self.submit(
            PutObject(
                integration_id=self.context.integration_id,
                href=mirror.href,
                body=body,
                reading=read_body(body),
                to_review=self.bridge.is_cautious,
            )
        )

    def agree(self, link: Link, mirror_id: MirrorId) -> None:
        """Store what the provider shows; where ours differs from that now, have it pushed."""
        mirror = self.tx.mirrors.one(mirror_id)
        if mirror.state is not MirrorState.SHOWN:
            self.store(replace(link, mirror_etag="" if link.tag is None else link.mirror_etag))
            return
        ours = self.ours(mirror)
        if differences(self.context.parts_of_text(link.sent), self.context.parts_of_text(ours.text)):
            self.store(replace(link, mirror_etag=""))
            heal(self.context.gate(self.tx), [mirror], ours.appointment)
        else:
            self.store(replace(link, mirror_etag=mirror.etag, revision=ours.appointment.revision))

    def push_anew(self, mirror_id: MirrorId) -> None:
        """Have every part of a series looked at again."""
        mirror = self.tx.mirrors.one(mirror_id)
        whole = self.tx.links.of(mirror_id).get(WHOLE)
        if whole is not None and mirror.state is MirrorState.SHOWN:
            self.store(replace(whole, mirror_etag=""))
            heal(self.context.gate(self.tx), [mirror], self.tx.appointments.one(mirror.appointment_id))

    def heard_of(self, link: Link, shown: RemoteObject) -> Link:
        """The link of what hxdav has made, now that it was seen: it is as shown, whatever was sent."""
        heard = replace(link, remote_id=shown.remote_id, tag=shown.tag, base=shown.text, sent=shown.text)
        return replace(heard, is_ours=True, parked=None, seen_in=self.bridge.listing)

    def keep_what_differs(self, shown: RemoteObject, mirror: Mirror, *, text: str | None) -> None:
        """Keep what is not as hxdav has made it: somebody changed it since, and ours is about to be put over it."""
        context = self.context
        if text is None or differences(context.parts_of_text(text), context.parts_of_text(shown.text)):
            self.keep_lost(shown, mirror)

    def keep_what_is_not_theirs(self, shown: RemoteObject, mirror: Mirror, *, outcome: Outcome) -> None:
        """Keep what was put, as ``outcome`` says, over words that are the practice's, or that were hidden there."""
        ours = self.ours(mirror)
        unlike = differences(self.context.parts_of_text(ours.text), self.context.parts_of_text(shown.text))
        is_lost = is_no_edit(outcome) and not only_ends(unlike)
        if is_overruled(outcome) or is_lost or any(each.touches(ours.hidden) for each in unlike):
            self.keep_lost(shown, mirror)

    def keep_lost(self, shown: RemoteObject, mirror: Mirror) -> None:
        """Keep what loses against the store, and tell the person (rule 10)."""
        self.tell(NotificationKind.EDIT_OVERRULED, about=mirror.href, mirror=mirror)
        self.tx.trail.keep_refused_body(
            self._subject(mirror),
            href=mirror.href,
            reason=NotificationKind.EDIT_OVERRULED,
            body=shown.text.encode(),
            at=self.context.now(),
        )

    def tell(self, kind: NotificationKind, *, about: str, mirror: Mirror | None = None) -> None:
        """Tell the person, once a day of the same thing."""
        subject, now = self._subject(mirror), self.context.now()
        if not self.tx.notifications.was_told(subject, kind=kind, digest=about, now=now):
            self.tx.notifications.tell(subject, kind=kind, digest=about, at=now)

    def park(self, link: Link | None, shown: RemoteObject | Unreadable, *, why: str, text: str = "") -> None:
        """Remember an object that is not taken in, and why; it is judged afresh when it changes."""
        known = link or self.new_link(shown.remote_id)
        self.store(replace(known, tag=shown.tag, parked=why, base=text))

    def store(self, link: Link) -> None:
        """Store a link as it is now."""
        self.tx.links.put(link, at=self.context.now())

    def new_link(self, remote_id: str) -> Link:
        """The link of an object that has no mirror yet."""
        return Link(
            practice_group_id=self.place.practice.practice_group_id,
            integration_id=self.context.integration_id,
            remote_id=remote_id,
            seen_in=self.bridge.listing,
        )

    def _subject(self, mirror: Mirror | None) -> Subject:
        return Subject(
            practice_group_id=self.place.practice.practice_group_id,
            practitioner_id=self.place.integration.practitioner_id,
            integration_id=self.place.integration.id,
            appointment_id=mirror.appointment_id if mirror is not None else None,
        )


def is_overruled(outcome: Outcome) -> bool:
    """Whether the practice's own words stand against some of what was put."""
    return isinstance(outcome, Merged) and bool(outcome.overruled)


def only_ends(what: Collection[FieldDifference]) -> bool:
    """Whether a change says no more than that something does not take place: by its status, or by what is left out."""
    return all(each.field is None or (not each.part and each.field in _ENDING) for each in what)


def is_no_edit(outcome: Outcome) -> bool:
    """Whether a put was taken as the removal of what it ends: then it is not changed besides, and may stay."""
    return isinstance(outcome, Held) or (isinstance(outcome, Merged) and not outcome.overruled)


def whole_of(ours: Ours) -> str:
    """The whole of an appointment's text, under the UID that it has in this integration."""
    return replace_uid(ours.appointment.text, old=ours.appointment.uid, new=ours.mirror.uid)
