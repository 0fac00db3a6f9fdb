"""Pushes what changed on our side, each object conditionally and repeatably (`design.md` §7).

What is to be done follows from what the link says that the provider has, never from what happened: a push that was cut
off is found undone, or done, when the bridge is looked after next.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hxdav.domain.bridge import NOT_REMOVED, Link
from hxdav.domain.ids import MirrorId
from hxdav.domain.mirror import MirrorState
from hxdav.domain.notification import NotificationKind
from hxdav.remote import Changed, NotTaken, ObjectGone, TryLater
from hxdav.services.connecting import subject_of
from hxdav.store.links import WHOLE, Pending
from hxdav.sync.brake import MixedUp, NotConverging
from hxdav.sync.calendars import ask_for
from hxdav.sync.errand import Errand, Ours, ours_of
from hxdav.sync.intake import take_in
from hxdav.sync.lagging import note_sent
from hxdav.sync.linking import bring_one, known_at, new_link, remove_single
from hxdav.sync.singling import push_singles

AT_ONCE = 20
"""How many objects are pushed before it is asked whether the provider has something to say."""


_MOST_IN_A_ROW = 3
"""How many writes in a row may fail before the pass ends; fewer may be about their objects."""


@dataclass(slots=True, kw_only=True)
class Push:
    """The pushing of one pass: ``set_aside`` are mirrors that cannot go on before the next pull.

    ``unsure`` are those whose write was not answered: they wait for the next turn, which looks first.
    """

    errand: Errand
    set_aside: set[MirrorId] = field(default_factory=set)
    unsure: dict[MirrorId, TryLater] = field(default_factory=dict)
    in_a_row: int = 0

    def require_answers(self) -> None:
        """Raise the first trouble of a write that was not answered, if there was any."""
        for trouble in self.unsure.values():
            raise trouble


def push_some(push: Push) -> int:
    """Push what is nearest; how many objects were looked at, 0 where nothing is left that could be pushed."""
    errand = push.errand
    with errand.store.snapshot() as tx:
        bridge = tx.bridges.one(errand.integration_id)
        reached = tx.integrations.one(errand.integration_id).modseq
        pending = tx.links.pending(bridge, now=errand.now(), limit=AT_ONCE, without=push.set_aside | push.unsure.keys())
    for each in pending:
        errand.keep_lease()
        _push_one(push, each)
    if pending:
        return len(pending)
    if not push.set_aside and not push.unsure and reached > bridge.pushed_modseq:
        # Everything up to there is at the provider: it need not be looked at again.
        errand.change(pushed_modseq=reached)
    return 0


def _push_one(push: Push, pending: Pending) -> None:
    errand = push.errand
    with errand.store.snapshot() as tx:
        mirror = tx.mirrors.one(pending.mirror_id)
        links = tx.links.of(mirror.id)
        ours = ours_of(tx, errand, mirror)
    if mirror.etag != pending.etag or mirror.state is not pending.state:
        # It has just changed again, and is pending as it is now.
        return
    try:
        _try_to_write(push, ours, links)
    except NotConverging as braked:
        push.unsure[mirror.id] = braked
    except TryLater as trouble:
        push.in_a_row += 1
        push.unsure[mirror.id] = trouble
        if trouble.after is not None or isinstance(trouble, MixedUp) or push.in_a_row >= _MOST_IN_A_ROW:
            raise
    else:
        push.in_a_row = 0


def _try_to_write(push: Push, ours: Ours, links: dict[str, Link]) -> None:
    errand, mirror_id = push.errand, ours.mirror.id
    try:
        _write(errand, ours, links)
    except Changed:
        push.set_aside.add(mirror_id)
        errand.change(pull_due_at=errand.now())
    except ObjectGone:
        push.set_aside.add(mirror_id)
        _ask(errand, links)
        # A provider may show what it does not find: then it is not asked for ever, but again later.
        errand.change(pull_due_at=errand.now())
    except NotTaken as refused:
        _park(errand, ours, links.get(WHOLE), why=str(refused))


def _write(errand: Errand, ours: Ours, links: dict[str, Link]) -> None:
    if ours.mirror.state is MirrorState.LEFT:
        _take_away(errand, ours, links)
    elif errand.remote.can_express(ours.text):
        _bring(errand, ours, links)
    else:
        push_singles(errand, ours, links)


def _bring(errand: Errand, ours: Ours, links: dict[str, Link]) -> None:
    """Bring an object to the provider as it is now."""
    for recurrence_id, single in links.items():
        if recurrence_id != WHOLE:
            # It had to go as single events before, and can go as a series now.
            remove_single(errand, single)
    bring_one(errand, ours, links.get(WHOLE) or new_link(ours))


def _take_away(errand: Errand, ours: Ours, links: dict[str, Link]) -> None:
    """Remove at the provider what is no longer of this integration."""
    for recurrence_id, link in links.items():
        if recurrence_id != WHOLE:
            remove_single(errand, link)
    whole = links.get(WHOLE)
    if whole is None:
        # Its single events had not all been made when it left.
        return
    if whole.tag is not None:
        errand.remote.remove(errand.calendar_id, known_at(whole))
    with errand.store.transaction() as tx:
        tx.links.put(replace(whole, tag=None, base="", sent="", mirror_etag="", parked=None), at=errand.now())
        tx.bridges.change(errand.integration_id, pushed_at=errand.now(), active_at=errand.now())
        if whole.tag is not None:
            note_sent(tx, errand, ours=ours, known=whole)
    errand.progress.steps += 1


def _ask(errand: Errand, links: dict[str, Link]) -> None:
    """Ask for an object that was not there to be written: only the provider's word on it makes that a removal."""
    for link in links.values():
        if link.tag is not None and link.remote_id is not None:
            take_in(errand, ask_for(errand, link.remote_id))


def _park(errand: Errand, ours: Ours, link: Link | None, *, why: str) -> None:
    """Leave alone what the provider does not take, until it changes here."""
    is_leaving = ours.mirror.state is MirrorState.LEFT
    parked = replace(
        link or new_link(ours),
        mirror_etag="" if is_leaving else ours.mirror.etag,
        parked=NOT_REMOVED if is_leaving else why,
    )
    with errand.store.transaction() as tx:
        tx.links.put(parked, at=errand.now())
        subject = subject_of(tx.integrations.one(errand.integration_id))
        tx.notifications.tell(
            replace(subject, appointment_id=ours.appointment.id),
            kind=NotificationKind.OBJECT_NOT_TAKEN,
            at=errand.now(),
        )
