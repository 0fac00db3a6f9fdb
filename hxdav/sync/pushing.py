"""Pushes what changed on our side, each object conditionally and repeatably (docs/engine.md).

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
from hxdav.services.integrations.connection import subject_of
from hxdav.store.links import WHOLE, Pending
from hxdav.sync.brake import MixedUp, NotConverging
from hxdav.sync.bridge_context import BridgeContext, Ours, ours_of
from hxdav.sync.calendars import ask_for
from hxdav.sync.intake import take_in
from hxdav.sync.latency import note_sent
from hxdav.sync.linking import bring_one, known_at, new_link, remove_single
from hxdav.sync.series_expansion import push_singles

AT_ONCE = 20
"""How many objects are pushed before it is asked whether the provider has something to say."""


_MOST_IN_A_ROW = 3
"""How many writes in a row may fail before the pass ends; fewer may be about their objects."""


@dataclass(slots=True, kw_only=True)
class Push:
    """The pushing of one pass: ``set_aside`` are mirrors that cannot go on before the next pull.

    ``unsure`` are those whose write was not answered: they wait for the next turn, which looks first.
    """

    context: BridgeContext
    set_aside: set[MirrorId] = field(default_factory=set)
    unsure: dict[MirrorId, TryLater] = field(default_factory=dict)
    in_a_row: int = 0

    def require_answers(self) -> None:
        """Raise the first trouble of a write that was not answered, if there was any."""
        for trouble in self.unsure.values():
            raise trouble


def push_some(push: Push) -> int:
    """Push what is nearest; how many objects were looked at, 0 where nothing is left that could be pushed."""
    context = push.context
    with context.store.snapshot() as tx:
        bridge = tx.bridges.one(context.integration_id)
        reached = tx.integrations.one(context.integration_id).modseq
        pending = tx.links.pending(
            bridge, now=context.now(), limit=AT_ONCE, without=push.set_aside | push.unsure.keys()
        )
    for each in pending:
        context.keep_lease()
        _push_one(push, each)
    if pending:
        return len(pending)
    if not push.set_aside and not push.unsure and reached > bridge.pushed_modseq:
        # Everything up to there is at the provider: it need not be looked at again.
        context.change(pushed_modseq=reached)
    return 0


def _push_one(push: Push, pending: Pending) -> None:
    context = push.context
    with context.store.snapshot() as tx:
        mirror = tx.mirrors.one(pending.mirror_id)
        links = tx.links.of(mirror.id)
        ours = ours_of(tx, context, mirror)
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
    context, mirror_id = push.context, ours.mirror.id
    try:
        _write(context, ours, links)
    except Changed:
        push.set_aside.add(mirror_id)
        context.change(pull_due_at=context.now())
    except ObjectGone:
        push.set_aside.add(mirror_id)
        _ask(context, links)
        # A provider may show what it does not find: then it is not asked for ever, but again later.
        context.change(pull_due_at=context.now())
    except NotTaken as refused:
        _park(context, ours, links.get(WHOLE), why=str(refused))


def _write(context: BridgeContext, ours: Ours, links: dict[str, Link]) -> None:
    if ours.mirror.state is MirrorState.LEFT:
        _take_away(context, ours, links)
    elif context.remote.can_express(ours.text):
        _bring(context, ours, links)
    else:
        push_singles(context, ours, links)


def _bring(context: BridgeContext, ours: Ours, links: dict[str, Link]) -> None:
    """Bring an object to the provider as it is now."""
    for recurrence_id, single in links.items():
        if recurrence_id != WHOLE:
            # It had to go as single events before, and can go as a series now.
            remove_single(context, single)
    bring_one(context, ours, links.get(WHOLE) or new_link(ours))


def _take_away(context: BridgeContext, ours: Ours, links: dict[str, Link]) -> None:
    """Remove at the provider what is no longer of this integration."""
    for recurrence_id, link in links.items():
        if recurrence_id != WHOLE:
            remove_single(context, link)
    whole = links.get(WHOLE)
    if whole is None:
        # Its single events had not all been made when it left.
        return
    if whole.tag is not None:
        context.remote.remove(context.calendar_id, known_at(whole))
    with context.store.transaction() as tx:
        tx.links.put(replace(whole, tag=None, base="", sent="", mirror_etag="", parked=None), at=context.now())
        tx.bridges.change(context.integration_id, pushed_at=context.now(), active_at=context.now())
        if whole.tag is not None:
            note_sent(tx, context, ours=ours, known=whole)
    context.progress.steps += 1


def _ask(context: BridgeContext, links: dict[str, Link]) -> None:
    """Ask for an object that was not there to be written: only the provider's word on it makes that a removal."""
    for link in links.values():
        if link.tag is not None and link.remote_id is not None:
            take_in(context, ask_for(context, link.remote_id))


def _park(context: BridgeContext, ours: Ours, link: Link | None, *, why: str) -> None:
    """Leave alone what the provider does not take, until it changes here."""
    is_leaving = ours.mirror.state is MirrorState.LEFT
    parked = replace(
        link or new_link(ours),
        mirror_etag="" if is_leaving else ours.mirror.etag,
        parked=NOT_REMOVED if is_leaving else why,
    )
    with context.store.transaction() as tx:
        tx.links.put(parked, at=context.now())
        subject = subject_of(tx.integrations.one(context.integration_id))
        tx.notifications.tell(
            replace(subject, appointment_id=ours.appointment.id),
            kind=NotificationKind.OBJECT_NOT_TAKEN,
            at=context.now(),
        )
