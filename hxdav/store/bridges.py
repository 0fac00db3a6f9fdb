"""Bridges: what goes with integrations whose calendars are elsewhere."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, or_, select, update

from hxdav.domain.bridge import AccountState, Bridge, BridgeState
from hxdav.domain.ids import ExternalAccountId, IntegrationId, Modseq, PracticeGroupId
from hxdav.domain.integration import Integration, Service
from hxdav.domain.privacy import PrivacyLevel
from hxdav.store.external_accounts import TAKES_PART
from hxdav.store.rows import (
    BridgeRow,
    ExternalAccountRow,
    IntegrationRow,
    LinkRow,
    PractitionerRow,
    SubscriptionRow,
    UserRow,
)


class Bridges:
    """Reads and writes bridges."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, integration: Integration, *, account_id: ExternalAccountId, marker: str, now: datetime) -> None:
        """Begin a bridge; its calendar is made by the worker."""
        self._connection.execute(
            insert(BridgeRow).values(
                integration_id=integration.id,
                practice_group_id=integration.practice_group_id,
                account_id=account_id,
                state=BridgeState.MAKING,
                marker=marker,
                listing=0,
                is_listing=False,
                is_cautious=True,
                pushed_modseq=0,
                pull_due_at=now,
            )
        )

    def one(self, integration_id: IntegrationId) -> Bridge:
        """The bridge of an integration that has one."""
        return _bridge(self._connection.execute(_ONE, {"integration": integration_id}).one())

    def find(self, integration_id: IntegrationId) -> Bridge | None:
        """The bridge of an integration, if it has one."""
        row = self._connection.execute(_ONE, {"integration": integration_id}).first()
        return _bridge(row) if row else None

    def of_account(self, account_id: ExternalAccountId) -> list[Bridge]:
        """Every bridge into an account, of whatever state."""
        rows = self._connection.execute(_BRIDGES.where(BridgeRow.account_id == account_id))
        return [_bridge(row) for row in rows]

    def at_work(self, account_id: ExternalAccountId) -> list[Bridge]:
        """The bridges into an account that may be looked after."""
        query = (
            _BRIDGES.join(IntegrationRow, IntegrationRow.id == BridgeRow.integration_id)
            .join(PractitionerRow, PractitionerRow.id == IntegrationRow.practitioner_id)
            .join(UserRow, UserRow.id == PractitionerRow.user_id)
            .join(SubscriptionRow, SubscriptionRow.practitioner_id == PractitionerRow.id)
            .where(BridgeRow.account_id == account_id, TAKES_PART)
        )
        return [_bridge(row) for row in self._connection.execute(query)]

    def change(self, integration_id: IntegrationId, **values: Any) -> None:
        """Store some columns of a bridge, by their names."""
        self._connection.execute(update(BridgeRow).where(BridgeRow.integration_id == integration_id).values(**values))

    def look_soon(self, account_id: ExternalAccountId, *, now: datetime) -> None:
        """Have every bridge into an account pulled before anything is written there again."""
        self._connection.execute(update(BridgeRow).where(BridgeRow.account_id == account_id).values(pull_due_at=now))

    def stand_still(self, integration_ids: Collection[IntegrationId], *, now: datetime) -> None:
        """Note since when nothing could be pulled from or pushed to these bridges."""
        self._connection.execute(
            update(BridgeRow)
            .where(
                BridgeRow.integration_id.in_(integration_ids),
                BridgeRow.state.in_(_MOVES),
                BridgeRow.troubled_since.is_(None),
            )
            .values(troubled_since=now)
        )

    def go_on(self, integration_ids: Collection[IntegrationId]) -> None:
        """Note that something could be pulled from or pushed to these bridges."""
        self._connection.execute(
            update(BridgeRow)
            .where(BridgeRow.integration_id.in_(integration_ids), BridgeRow.state.in_(_MOVES))
            .values(troubled_since=None)
        )

    def stalled(self, *, since: datetime) -> list[IntegrationId]:
        """The bridges that may be looked after, and that have stood still for as long."""
        query = (
            select(BridgeRow.integration_id)
            .join(ExternalAccountRow, ExternalAccountRow.id == BridgeRow.account_id)
            .join(IntegrationRow, IntegrationRow.id == BridgeRow.integration_id)
            .join(PractitionerRow, PractitionerRow.id == IntegrationRow.practitioner_id)
            .join(UserRow, UserRow.id == PractitionerRow.user_id)
            .join(SubscriptionRow, SubscriptionRow.practitioner_id == PractitionerRow.id)
            .where(
                TAKES_PART,
                BridgeRow.state.in_(_MOVES),
                BridgeRow.troubled_since <= since,
                ExternalAccountRow.state == AccountState.CONNECTED,
            )
            .order_by(BridgeRow.integration_id)
        )
        return [IntegrationId(each) for each in self._connection.execute(query).scalars()]

    def put_off(self, integration_id: IntegrationId, *, due_at: datetime, until: datetime) -> None:
        """Have a bridge pulled at ``until``, unless it has been woken since its pull was due at ``due_at``."""
        self._connection.execute(
            update(BridgeRow)
            .where(BridgeRow.integration_id == integration_id, BridgeRow.pull_due_at == due_at)
            .values(pull_due_at=until)
        )

    def of_service(self, practice_group_id: PracticeGroupId, service: Service) -> list[IntegrationId]:
        """The integrations of a practice group's that lead into a service."""
        query = (
            select(BridgeRow.integration_id)
            .join(IntegrationRow, IntegrationRow.id == BridgeRow.integration_id)
            .where(BridgeRow.practice_group_id == practice_group_id, IntegrationRow.service == service)
        )
        return [IntegrationId(each) for each in self._connection.execute(query).scalars()]

    def look_anew(self, integration_ids: Collection[IntegrationId]) -> None:
        """Have everything of ours looked at again: what these providers are told has changed (rule 11)."""
        self._connection.execute(
            update(BridgeRow).where(BridgeRow.integration_id.in_(integration_ids)).values(pushed_modseq=0)
        )
        self._connection.execute(
            update(LinkRow)
            .where(LinkRow.integration_id.in_(integration_ids), LinkRow.mirror_id.is_not(None))
            .values(mirror_etag="")
        )

    def start_over(self) -> None:
        """Have everything listed anew: the store is not what the providers were last told (a restore)."""
        self._connection.execute(
            update(BridgeRow)
            .where(or_(BridgeRow.cursor.is_not(None), BridgeRow.is_listing))
            .values(cursor=None, is_listing=False, is_cautious=True, pushed_modseq=0)
        )


_MOVES = frozenset({BridgeState.MAKING, BridgeState.RUNNING})
"""States in which something is pulled and pushed."""

_BRIDGES = select(
    BridgeRow.integration_id,
    BridgeRow.practice_group_id,
    BridgeRow.account_id,
    BridgeRow.state,
    BridgeRow.marker,
    BridgeRow.calendar_id,
    BridgeRow.cursor,
    BridgeRow.listing,
    BridgeRow.is_listing,
    BridgeRow.is_cautious,
    BridgeRow.pushed_modseq,
    BridgeRow.day,
    BridgeRow.privacy,
    BridgeRow.pull_due_at,
    BridgeRow.active_at,
    BridgeRow.pulled_at,
    BridgeRow.pushed_at,
    BridgeRow.channel_id,
    BridgeRow.channel_ticket,
    BridgeRow.channel_opened_at,
    BridgeRow.channel_expires_at,
    BridgeRow.troubled_since,
).order_by(BridgeRow.integration_id)

_ONE = _BRIDGES.where(BridgeRow.integration_id == bindparam("integration"))


def _bridge(row: Row[*tuple[Any, ...]]) -> Bridge:
    return Bridge(
        integration_id=IntegrationId(row.integration_id),
        practice_group_id=PracticeGroupId(row.practice_group_id),
        account_id=ExternalAccountId(row.account_id),
        state=BridgeState(row.state),
        marker=row.marker,
        calendar_id=row.calendar_id,
        cursor=row.cursor,
        listing=row.listing,
        is_listing=row.is_listing,
        is_cautious=row.is_cautious,
        pushed_modseq=Modseq(row.pushed_modseq),
        day=row.day,
        privacy=None if row.privacy is None else PrivacyLevel(row.privacy),
        pull_due_at=row.pull_due_at,
        active_at=row.active_at,
        pulled_at=row.pulled_at,
        pushed_at=row.pushed_at,
        channel_id=row.channel_id,
        channel_ticket=row.channel_ticket,
        channel_opened_at=row.channel_opened_at,
        channel_expires_at=row.channel_expires_at,
        troubled_since=row.troubled_since,
    )
