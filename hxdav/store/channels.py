"""Push channels, as their providers know them: by a token of which a keyed hash is stored."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, select, update

from hxdav.domain.ids import IntegrationId
from hxdav.store.rows import BridgeRow


class Channels:
    """Finds the bridges that providers call for, and says what was told of them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def called(self, digests: Collection[str]) -> dict[str, IntegrationId]:
        """The bridges whose channels have these hashes, by the hash; one indexed read however many there are."""
        query = select(BridgeRow.channel_token, BridgeRow.integration_id).where(BridgeRow.channel_token.in_(digests))
        return {str(row.channel_token): IntegrationId(row.integration_id) for row in self._connection.execute(query)}

    def wake(self, integration_ids: Collection[IntegrationId], *, now: datetime) -> None:
        """Have bridges pulled soon."""
        self._connection.execute(
            update(BridgeRow).where(BridgeRow.integration_id.in_(integration_ids)).values(pull_due_at=now)
        )

    def end(self, integration_ids: Collection[IntegrationId], *, now: datetime) -> None:
        """Take the channels of bridges for ended: at the next look each gets another."""
        self._connection.execute(
            update(BridgeRow).where(BridgeRow.integration_id.in_(integration_ids)).values(channel_expires_at=now)
        )
