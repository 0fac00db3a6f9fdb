"""Push channels: have the provider call when something changes, and renew that at half of its life (docs/engine.md).

A channel that cannot be opened, or that has died without a word, costs time and nothing else: the clock looks anyway.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from hxdav.domain.bridge import Bridge
from hxdav.domain.integration import Service
from hxdav.log import get_logger
from hxdav.remote import NotTaken, PushChannel, Remote, RemoteError, TryLater
from hxdav.sync.bridge_context import BridgeContext

_NOT_AGAIN_WITHIN = timedelta(hours=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """Where providers call: the address for a service, and how a channel's token is kept."""

    address_for: Callable[[Service], str]
    digest: Callable[[str], str]


def keep_channel(context: BridgeContext, bridge: Bridge, hooks: Hooks) -> None:
    """Open a channel where there is none, or where half of its life is over; then close the old one."""
    if not context.remote.capabilities.notifies or not _is_due(bridge, context.now()):
        return
    token = secrets.token_urlsafe(32)
    try:
        opened = context.remote.open_channel(
            context.calendar_id,
            channel_id=secrets.token_hex(16),
            token=token,
            address=hooks.address_for(context.service),
        )
    except TryLater as error:
        if error.after is not None:
            raise
        # The calendar itself has just answered: what calls is tried again with the next pass.
        get_logger().info("channel_not_opened", integration=context.integration_id, trouble=error.code)
        return
    except NotTaken:
        # Its address is not trusted, say: the clock goes on looking.
        get_logger().warning("channel_refused", integration=context.integration_id, service=context.service)
        _store(context, None, digest=None)
        return
    _store(context, opened, digest=hooks.digest(token))
    close_channel(context.remote, bridge)


def close_channel(remote: Remote, bridge: Bridge) -> None:
    """Have a bridge's channel call no more; one that cannot be closed ends by itself."""
    if bridge.channel_id is None or bridge.channel_ticket is None:
        return
    try:
        remote.close_channel(bridge.channel_id, bridge.channel_ticket)
    except RemoteError:
        get_logger().info("channel_not_closed", integration=bridge.integration_id)


def _is_due(bridge: Bridge, now: datetime) -> bool:
    opened, expires = bridge.channel_opened_at, bridge.channel_expires_at
    return opened is None or expires is None or now >= opened + (expires - opened) / 2


def _store(context: BridgeContext, channel: PushChannel | None, *, digest: str | None) -> None:
    now = context.now()
    with context.store.transaction() as tx:
        if channel:
            # What changed after the last pull and before the channel was open is told by nobody.
            tx.channels.wake([context.integration_id], now=now)
        tx.bridges.change(
            context.integration_id,
            channel_id=channel.channel_id if channel else None,
            channel_ticket=channel.ticket if channel else None,
            channel_token=digest,
            channel_opened_at=now,
            channel_expires_at=channel.expires_at if channel else now + _NOT_AGAIN_WITHIN,
        )
