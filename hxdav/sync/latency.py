"""Notes how long a change was on its way, in the transaction that says that it has arrived."""

from __future__ import annotations

from datetime import UTC, datetime

from hxdav.domain.bridge import Link
from hxdav.ical.objects import CalendarObject
from hxdav.store.latencies import Way
from hxdav.store.store import Tx
from hxdav.sync.bridge_context import BridgeContext, Ours
from hxdav.sync.intake_transaction import IntakeTransaction


def note_sent(tx: Tx, context: BridgeContext, *, ours: Ours, known: Link) -> None:
    """Note that the provider has our side now; ``known`` is what it had before.

    Only an edit has a moment from which it counts: not what a new calendar is filled with, what the horizon has
    reached, nor what goes anew because the provider is told more or less of it.
    """
    is_edit = ours.mirror.modseq == ours.appointment.modseq
    is_told_anew = bool(known.id) and not known.mirror_etag
    if is_edit and not is_told_anew:
        now = context.now()
        tx.lags.note(
            context.integration_id,
            practice_group_id=ours.appointment.practice_group_id,
            way=Way.OUT,
            at=now,
            taken=now - ours.appointment.updated_at,
        )


def note_taken_in(transaction: IntakeTransaction, reading: CalendarObject) -> None:
    """Note that a change of the provider's side is here now, from the moment that the provider has of it.

    It is no longer ago than the last look, whatever the provider's clock says; of a first look nothing can be said.
    """
    seen_at, changed_at = transaction.bridge.pulled_at, _changed_at(reading)
    if transaction.bridge.is_cautious or seen_at is None or changed_at is None:
        return
    now = transaction.context.now()
    transaction.tx.lags.note(
        transaction.context.integration_id,
        practice_group_id=transaction.place.practice.practice_group_id,
        way=Way.IN,
        at=now,
        taken=now - max(seen_at, changed_at),
    )


def _changed_at(reading: CalendarObject) -> datetime | None:
    """When the object was last changed, as its provider says (RFC 5545 §3.8.7.3: it is in UTC)."""
    # Written like this, the later one is the greater one.
    latest = max(vevent.value("LAST-MODIFIED") for vevent in reading.vevents)
    try:
        return datetime.strptime(latest, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
