"""The entrance itself: every edit of every channel passes here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from hxdav.domain.edit import Outcome, Source
from hxdav.domain.policy import Policy
from hxdav.domain.times import Clock
from hxdav.gate import outside_edits, practice_edits, undo
from hxdav.gate.context import GateContext
from hxdav.gate.edits import (
    CancelAppointment,
    Change,
    MoveObject,
    PutAppointment,
    PutObject,
    RemoveObject,
    RestoreVersion,
)
from hxdav.store.store import Tx


def submit_new(
    tx: Tx, clock: Clock, policy: Policy, *, changes: Sequence[PutAppointment], source: Source
) -> list[Outcome]:
    """Add new appointments of one practitioner, as submit does one by one, with a few statements for all of them."""
    return practice_edits.add(GateContext(tx=tx, now=clock.now(), policy=policy, source=source), changes)


def submit(tx: Tx, clock: Clock, policy: Policy, *, change: Change, source: Source) -> Outcome:
    """Judge ``change`` by the rules and carry out what they allow.

    Everything that comes of it is in ``tx``: the appointment, what each integration shows of it, its history and the
    audit entry; for a refusal the audit entry, the notification and the refused body.
    """
    context = GateContext(tx=tx, now=clock.now(), policy=policy, source=source)
    match change:
        case PutObject():
            return outside_edits.put(context, change)
        case RemoveObject():
            return outside_edits.remove(context, change)
        case MoveObject():
            return outside_edits.move(context, change)
        case PutAppointment():
            return practice_edits.put(context, change)
        case CancelAppointment():
            return practice_edits.cancel(context, change)
        case RestoreVersion():
            return undo.restore(context, change)
    assert_never(change)
