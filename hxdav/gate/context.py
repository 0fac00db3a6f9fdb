"""What every step of the gate has at hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from hxdav.domain.edit import Source
from hxdav.domain.ids import PractitionerId
from hxdav.domain.integration import Integration
from hxdav.domain.policy import Policy
from hxdav.domain.window import Window
from hxdav.store.store import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class GateContext:
    """The transaction, the moment, the rules' numbers and whose edit it is."""

    tx: Tx
    now: datetime
    policy: Policy
    source: Source


def lock_practitioner(context: GateContext, practitioner_id: PractitionerId) -> ZoneInfo:
    """Lock a practitioner; their practice's zone."""
    return ZoneInfo(context.tx.integrations.lock(practitioner_id).zone)


def window_of(context: GateContext, integration: Integration, zone: ZoneInfo) -> Window:
    """What may enter ``integration`` now."""
    return Window.of(context.policy, connected_on=integration.connected_on, now=context.now, practice_zone=zone)
