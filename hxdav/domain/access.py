"""Whether a calendar can be changed through its integration now (`design.md` rules 1 and 2)."""

from __future__ import annotations

from hxdav.domain.integration import IntegrationState
from hxdav.domain.refusal import Reason
from hxdav.domain.subscription import SubscriptionState


def why_closed(state: IntegrationState, subscription: SubscriptionState | None) -> Reason | None:
    """Why nothing can be changed through an integration, if so; ``subscription`` is None where there never was one."""
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
