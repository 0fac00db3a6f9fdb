"""Ends what a disconnected calendar leaves behind at its provider: calls to us, and the grant itself."""

from __future__ import annotations

from hxdav.domain.bridge import Bridge, ExternalAccount
from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import ExternalAccountId
from hxdav.domain.integration import IntegrationState
from hxdav.domain.times import Clock
from hxdav.log import get_logger
from hxdav.remote import Remote, RemoteError, TryLater
from hxdav.services.integrations import bridges
from hxdav.store.store import Store, Tx
from hxdav.sync.channels import close_channel

_SOURCE = Source(authority=Authority.PRACTICE, agent="hxdav worker")


def close_old_channels(store: Store, remote: Remote, account_id: ExternalAccountId) -> None:
    """Have the provider call no more for calendars that are no longer connected."""
    with store.snapshot() as tx:
        old = [each for each in tx.bridges.of_account(account_id) if each.channel_id and _is_disconnected(tx, each)]
    for bridge in old:
        close_channel(remote, bridge)
        with store.transaction() as tx:
            tx.bridges.change(
                bridge.integration_id,
                channel_id=None,
                channel_ticket=None,
                channel_token=None,
                channel_opened_at=None,
                channel_expires_at=None,
            )


def retire(store: Store, clock: Clock, remote: Remote, *, account: ExternalAccount) -> None:
    """Give back the grant of an account that nothing uses any more, and wipe its credentials.

    Where the provider does not answer, the next round tries again; what it no longer knows is given back already.
    """
    close_old_channels(store, remote, account.id)
    with store.snapshot() as tx:
        others = [
            each
            for each in tx.external_accounts.all()
            if (each.service, each.subject) == (account.service, account.subject) and each.credentials
        ]
    if [each.id for each in others] == [account.id]:
        # A provider may end every grant of the same person with this one, another practice's too.
        _revoke(remote, account)
    with store.transaction() as tx:
        bridges.forget_account(tx, clock, account_id=account.id, source=_SOURCE)


def _revoke(remote: Remote, account: ExternalAccount) -> None:
    try:
        remote.revoke()
    except TryLater:
        raise
    except RemoteError:
        get_logger().info("grant_not_revoked", account=account.id)


def _is_disconnected(tx: Tx, bridge: Bridge) -> bool:
    return tx.integrations.one(bridge.integration_id).state is IntegrationState.DISCONNECTED
