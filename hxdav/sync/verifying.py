"""Compares both sides of a bridge in full, and lists where they differ (``hxdav integrations verify``)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from hxdav.domain.bridge import Link
from hxdav.domain.ids import AppointmentId
from hxdav.domain.mirror import Mirror, MirrorState
from hxdav.ical.fields import differences
from hxdav.remote import Cursor, Gone, RemoteId, RemoteObject, RemoteState, Unreadable
from hxdav.store.links import WHOLE
from hxdav.sync.bridge_context import BridgeContext, ours_of


class DifferenceKindAtProvider(StrEnum):
    """How the two sides differ about one object."""

    MISSING_THERE = "missing there"
    CHANGED_THERE = "changed there"
    CHANGED_HERE = "changed here"
    NOT_SENT = "not sent yet"
    STILL_THERE = "still there"
    LEFT_ALONE = "left alone"
    UNKNOWN_THERE = "unknown there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """One object about which the sides differ; ``appointment_id`` is None where we do not know it."""

    finding: DifferenceKindAtProvider
    appointment_id: AppointmentId | None
    remote_id: str | None


def verify(context: BridgeContext) -> list[Discrepancy]:
    """Every difference, found by a listing of its own: what the bridge goes on from is not touched."""
    there = _everything_there(context)
    with context.store.snapshot() as tx:
        links = tx.links.of_integration(context.integration_id)
    linked = {link.remote_id: link for link in links if link.remote_id is not None and link.tag is not None}
    found = [each for link in linked.values() for each in _compared(context, link, there)]
    found += [
        Discrepancy(finding=DifferenceKindAtProvider.UNKNOWN_THERE, appointment_id=None, remote_id=remote_id)
        for remote_id in there
        if remote_id not in linked
    ]
    return [*found, *_not_sent(context)]


def repair(context: BridgeContext) -> None:
    """Have the bridge start over: it lists everything and asks for what is missing; removals go to review."""
    with context.store.transaction() as tx:
        tx.bridges.look_anew([context.integration_id])
        tx.bridges.change(
            context.integration_id,
            cursor=None,
            is_listing=False,
            is_cautious=True,
            pull_due_at=context.now(),
        )


def _everything_there(context: BridgeContext) -> dict[str, RemoteState]:
    there: dict[str, RemoteState] = {}
    cursor: Cursor | None = None
    while True:
        page = context.remote.pull(context.calendar_id, cursor)
        for sighting in page.sightings:
            if isinstance(sighting, Gone):
                there.pop(sighting.remote_id, None)
            else:
                there[sighting.remote_id] = sighting
        if not page.more:
            return there
        cursor = page.cursor


def _compared(context: BridgeContext, link: Link, there: dict[str, RemoteState]) -> Iterator[Discrepancy]:
    shown = there.get(link.remote_id or "")
    if shown is None and link.remote_id is not None:
        # A listing may leave something out: the object itself is asked for.
        shown = context.remote.read(context.calendar_id, RemoteId(link.remote_id))
    mirror: Mirror | None = None
    if link.mirror_id is not None:
        with context.store.snapshot() as tx:
            mirror = tx.mirrors.one(link.mirror_id)
    for finding in _findings(context, link, shown, mirror=mirror):
        appointment_id = mirror.appointment_id if mirror is not None else None
        yield Discrepancy(finding=finding, appointment_id=appointment_id, remote_id=link.remote_id)


def _findings(
    context: BridgeContext, link: Link, shown: RemoteState | None, *, mirror: Mirror | None
) -> Iterator[DifferenceKindAtProvider]:
    if link.parked is not None or isinstance(shown, Unreadable):
        yield DifferenceKindAtProvider.LEFT_ALONE
    elif not isinstance(shown, RemoteObject):
        yield DifferenceKindAtProvider.MISSING_THERE
    elif mirror is not None and mirror.state is MirrorState.LEFT:
        yield DifferenceKindAtProvider.STILL_THERE
    else:
        if shown.tag != link.tag and _differ(context, link.base, shown.text):
            yield DifferenceKindAtProvider.CHANGED_THERE
        if mirror is not None and link.recurrence_id == WHOLE and _differ(context, link.sent, _ours(context, mirror)):
            yield DifferenceKindAtProvider.CHANGED_HERE


def _differ(context: BridgeContext, one: str, other: str) -> bool:
    return bool(differences(context.parts_of_text(one), context.parts_of_text(other)))


def _ours(context: BridgeContext, mirror: Mirror) -> str:
    with context.store.snapshot() as tx:
        return ours_of(tx, context, mirror).text


def _not_sent(context: BridgeContext) -> Iterator[Discrepancy]:
    with context.store.snapshot() as tx:
        for mirror in tx.mirrors.shown_in(context.integration_id):
            whole = tx.links.of(mirror.id).get(WHOLE)
            if whole is None or (whole.tag is None and whole.mirror_etag != mirror.etag):
                yield Discrepancy(
                    finding=DifferenceKindAtProvider.NOT_SENT, appointment_id=mirror.appointment_id, remote_id=None
                )
