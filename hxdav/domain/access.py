"""Whether a calendar can be changed through its integration now (rules 1 and 2)."""

from __future__ import annotations

from datetime import datetime

from hxdav.domain.integration import IntegrationState
from hxdav.domain.refusal import Reason
from hxdav.domain.subscription import SubscriptionState


def why_shut(
    state: IntegrationState, subscription: SubscriptionState | None, *, frozen_at: datetime | None
) -> Reason | None:
    """Why no edit is taken in through an integration, if so: it is closed, or frozen because a device was lost.

    A frozen one is kept current like others: what differs there is put back.
    """
    closed = why_closed(state, subscription)
    return Reason.FROZEN if closed is None and frozen_at is not None else closed


def why_closed(state: IntegrationState, subscription: SubscriptionState | None) -> Reason | None:
    """Why nothing passes through an integration, if so; ``subscription`` is None where there never was one."""
    match state, subscription:
        case IntegrationState.SUSPENDED, _:
            return Reason.SUSPENDED
        case IntegrationState.DISCONNECTED, _:
            return Reason.DISCONNECTED
        case _, SubscriptionState.RUNNING:
            return None
        case _, SubscriptionState.PAUSED:
            return Reason.SYNC_PAUSED
        case _:
            return Reason.SYNC_ENDED
