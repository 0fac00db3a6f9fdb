"""Accounts elsewhere, and the leases by which workers share them (docs/engine.md).

A lease is on the account, not on the bridge: no provider takes several writers of one account well. Listening has a
lease of its own, because it goes on while turns come and go.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, insert, or_, select, update

from hxdav.domain.bridge import AT_WORK, STANDING_STILL, AccountState, BridgeState, ExternalAccount
from hxdav.domain.ids import ExternalAccountId, IntegrationId, PracticeGroupId
from hxdav.domain.integration import IntegrationState, Service
from hxdav.domain.subscription import SubscriptionState
from hxdav.store.rows import (
    BridgeRow,
    ExternalAccountRow,
    IntegrationRow,
    PractitionerRow,
    SubscriptionRow,
    UserRow,
    table_of,
)


class ExternalAccounts:
    """Reads, writes and leases accounts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def one(self, account_id: ExternalAccountId) -> ExternalAccount:
        """One account."""
        return _account(self._connection.execute(_ACCOUNTS.where(ExternalAccountRow.id == account_id)).one())

    def all(self) -> list[ExternalAccount]:
        """Every account, of every practice group."""
        return [_account(row) for row in self._connection.execute(_ACCOUNTS.order_by(ExternalAccountRow.id))]

    def known(self, practice_group_id: PracticeGroupId, service: Service, subject: str) -> ExternalAccount | None:
        """The account that a practice group knows by this service and subject."""
        row = self._connection.execute(
            _ACCOUNTS.where(
                ExternalAccountRow.practice_group_id == practice_group_id,
                ExternalAccountRow.service == service,
                ExternalAccountRow.subject == subject,
            )
        ).first()
        return _account(row) if row else None

    def unconnected(self) -> list[ExternalAccount]:
        """Accounts with credentials into which no integration leads that is not disconnected."""
        used = (
            select(BridgeRow.integration_id)
            .join(IntegrationRow, IntegrationRow.id == BridgeRow.integration_id)
            .where(BridgeRow.account_id == ExternalAccountRow.id, IntegrationRow.state != IntegrationState.DISCONNECTED)
            .exists()
        )
        query = _ACCOUNTS.where(ExternalAccountRow.credentials != "", ~used).order_by(ExternalAccountRow.id)
        return [_account(row) for row in self._connection.execute(query)]

    def add(
        self,
        practice_group_id: PracticeGroupId,
        *,
        service: Service,
        subject: str,
        label: str,
        address: str,
        now: datetime,
    ) -> ExternalAccountId:
        """Add an account; its credentials are set by ``let_in``, because they are bound to its number."""
        values = insert(ExternalAccountRow).values(
            practice_group_id=practice_group_id,
            service=service,
            subject=subject,
            label=label,
            address=address,
            credentials="",
            state=AccountState.CONNECTED,
            failures=0,
            requests=0,
            created_at=now,
        )
        return ExternalAccountId(self._connection.execute(values.returning(ExternalAccountRow.id)).scalar_one())

    def let_in(
        self, account_id: ExternalAccountId, *, credentials: str, label: str, address: str, about: str = ""
    ) -> None:
        """Store sealed credentials that have just been shown to work, and what the account is called and where.

        Whoever listens there with others ends it, and it is begun anew with these.
        """
        self._set(
            account_id,
            credentials=credentials,
            label=label,
            address=address,
            about=about,
            state=AccountState.CONNECTED,
            failures=0,
            retry_at=None,
            trouble=None,
            troubled_since=None,
            listened_by=None,
            listened_until=None,
        )

    def renew(self, account_id: ExternalAccountId, *, credentials: str, instead_of: str) -> bool:
        """Store sealed credentials in the place of others; whether those were still there."""
        renewed = self._connection.execute(
            update(_ACCOUNT)
            .where(_ACCOUNT.c.id == account_id, _ACCOUNT.c.credentials == instead_of)
            .values(credentials=credentials)
            .returning(_ACCOUNT.c.id)
        )
        return renewed.first() is not None

    def forget(self, account_id: ExternalAccountId) -> None:
        """Wipe the credentials of an account that nothing uses any more."""
        self._set(account_id, credentials="", state=AccountState.REFUSED)

    def try_now(self, account_id: ExternalAccountId) -> None:
        """Leave an account alone no longer, whatever went wrong."""
        self._set(account_id, retry_at=None)

    def shut_out(self, account_id: ExternalAccountId, *, trouble: str) -> None:
        """Say that the account does not let us in any more, and why."""
        self._set(account_id, state=AccountState.REFUSED, trouble=trouble)

    def went_well(self, account_id: ExternalAccountId) -> None:
        """Forget past failures."""
        self._connection.execute(
            update(_ACCOUNT)
            .where(
                _ACCOUNT.c.id == account_id,
                or_(_ACCOUNT.c.failures > 0, _ACCOUNT.c.trouble.is_not(None), _ACCOUNT.c.retry_at.is_not(None)),
            )
            .values(failures=0, retry_at=None, trouble=None, troubled_since=None)
        )

    def failed(
        self,
        account_id: ExternalAccountId,
        *,
        failures: int,
        retry_at: datetime,
        trouble: str,
        since: datetime,
        throttled: bool = False,
    ) -> None:
        """Leave an account alone until ``retry_at``; ``throttled`` where the provider asked for fewer requests."""
        values: dict[str, Any] = {"failures": failures, "retry_at": retry_at, "trouble": trouble}
        if throttled:
            values["throttled_at"] = retry_at
        self._set(account_id, troubled_since=since, **values)

    def count(self, account_id: ExternalAccountId, *, requests: int) -> None:
        """Add requests that were sent."""
        if requests:
            self._set(account_id, requests=_ACCOUNT.c.requests + requests)

    def due(self, now: datetime, *, limit: int) -> list[ExternalAccountId]:
        """Accounts on which there is something to do, and that nobody has; one indexed read where there are few."""
        rows = self._connection.execute(_DUE.limit(limit), {"now": now})
        return [ExternalAccountId(row.id) for row in rows]

    def lease(self, account_id: ExternalAccountId, *, worker: str, now: datetime, until: datetime) -> bool:
        """Take an account, unless another has it; or keep it longer."""
        free = or_(
            ExternalAccountRow.leased_to.is_(None),
            ExternalAccountRow.leased_to == worker,
            ExternalAccountRow.leased_until <= now,
        )
        leased = self._connection.execute(
            update(ExternalAccountRow)
            .where(ExternalAccountRow.id == account_id, free)
            .values(leased_to=worker, leased_until=until)
            .returning(ExternalAccountRow.id)
        )
        return leased.first() is not None

    def is_leased(self, account_id: ExternalAccountId) -> bool:
        """Whether somebody has taken an account and not given it back, however long ago."""
        query = select(ExternalAccountRow.leased_to).where(ExternalAccountRow.id == account_id)
        return self._connection.execute(query).scalar_one() is not None

    def give_back(self, account_id: ExternalAccountId, *, worker: str) -> None:
        """End a lease, if it is still this worker's."""
        self._connection.execute(
            update(ExternalAccountRow)
            .where(ExternalAccountRow.id == account_id, ExternalAccountRow.leased_to == worker)
            .values(leased_to=None, leased_until=None)
        )

    def unheard(self, now: datetime, *, services: Collection[Service], limit: int) -> list[ExternalAccountId]:
        """Accounts of these services that may be listened to, and that nobody listens to."""
        query = (
            select(ExternalAccountRow.id)
            .where(
                ExternalAccountRow.state == AccountState.CONNECTED,
                ExternalAccountRow.service.in_(services),
                or_(ExternalAccountRow.listened_until.is_(None), ExternalAccountRow.listened_until <= now),
                or_(ExternalAccountRow.retry_at.is_(None), ExternalAccountRow.retry_at <= now),
                _BRIDGES_THERE.where(_SPEAKS).exists(),
            )
            .order_by(ExternalAccountRow.id)
            .limit(limit)
        )
        return [ExternalAccountId(row.id) for row in self._connection.execute(query)]

    def listen(self, account_id: ExternalAccountId, *, worker: str, now: datetime, until: datetime) -> bool:
        """Take an account to listen to, unless another does, or it is to be left alone for a while."""
        taken = self._connection.execute(
            update(ExternalAccountRow)
            .where(
                ExternalAccountRow.id == account_id,
                or_(ExternalAccountRow.listened_until.is_(None), ExternalAccountRow.listened_until <= now),
            )
            .values(listened_by=worker, listened_until=until)
            .returning(ExternalAccountRow.id)
        )
        return taken.first() is not None

    def keep_listening(self, *, worker: str, until: datetime) -> None:
        """Listen for longer to all that a worker listens to."""
        self._connection.execute(
            update(ExternalAccountRow).where(ExternalAccountRow.listened_by == worker).values(listened_until=until)
        )

    def listened_to(self, *, worker: str) -> dict[ExternalAccountId, dict[str, IntegrationId]]:
        """The accounts that a worker listens to, and which calendar there is whose; without those that are to end."""
        query = (
            select(BridgeRow.account_id, BridgeRow.calendar_id, BridgeRow.integration_id)
            .join(ExternalAccountRow, ExternalAccountRow.id == BridgeRow.account_id)
            .join(IntegrationRow, IntegrationRow.id == BridgeRow.integration_id)
            .join(PractitionerRow, PractitionerRow.id == IntegrationRow.practitioner_id)
            .join(UserRow, UserRow.id == PractitionerRow.user_id)
            .join(SubscriptionRow, SubscriptionRow.practitioner_id == PractitionerRow.id)
            .where(
                ExternalAccountRow.listened_by == worker,
                ExternalAccountRow.state == AccountState.CONNECTED,
                TAKES_PART,
                _SPEAKS,
            )
        )
        found: defaultdict[ExternalAccountId, dict[str, IntegrationId]] = defaultdict(dict)
        for row in self._connection.execute(query):
            found[ExternalAccountId(row.account_id)][str(row.calendar_id)] = IntegrationId(row.integration_id)
        return dict(found)

    def end_listening(self, account_id: ExternalAccountId, *, worker: str, not_before: datetime | None = None) -> None:
        """Listen no more, if it is still this worker; nobody does before ``not_before``, where that is said."""
        self._connection.execute(
            update(ExternalAccountRow)
            .where(ExternalAccountRow.id == account_id, ExternalAccountRow.listened_by == worker)
            .values(listened_by=None, listened_until=not_before)
        )

    def _set(self, account_id: ExternalAccountId, **values: Any) -> None:
        self._connection.execute(update(_ACCOUNT).where(_ACCOUNT.c.id == account_id).values(**values))


_ACCOUNT = table_of(ExternalAccountRow)

_ACCOUNTS = select(
    ExternalAccountRow.id,
    ExternalAccountRow.practice_group_id,
    ExternalAccountRow.service,
    ExternalAccountRow.subject,
    ExternalAccountRow.label,
    ExternalAccountRow.address,
    ExternalAccountRow.credentials,
    ExternalAccountRow.state,
    ExternalAccountRow.failures,
    ExternalAccountRow.retry_at,
    ExternalAccountRow.trouble,
    ExternalAccountRow.requests,
    ExternalAccountRow.throttled_at,
    ExternalAccountRow.about,
    ExternalAccountRow.troubled_since,
)

TAKES_PART = and_(
    BridgeRow.state.in_(AT_WORK),
    IntegrationRow.state == IntegrationState.CONNECTED,
    SubscriptionRow.state == SubscriptionState.RUNNING,
    PractitionerRow.enabled,
    UserRow.enabled,
    UserRow.suspended_at.is_(None),
)
"""Whether a bridge may be looked after: connected, paid for, and its person not suspended (rules 1 and 2)."""

_SPEAKS = and_(BridgeRow.state == BridgeState.RUNNING, BridgeRow.calendar_id.is_not(None))
"""Whether there is a calendar to be told of."""

_BRIDGES_THERE = (
    select(BridgeRow.integration_id)
    .join(IntegrationRow, IntegrationRow.id == BridgeRow.integration_id)
    .join(PractitionerRow, PractitionerRow.id == IntegrationRow.practitioner_id)
    .join(UserRow, UserRow.id == PractitionerRow.user_id)
    .join(SubscriptionRow, SubscriptionRow.practitioner_id == PractitionerRow.id)
    .where(BridgeRow.account_id == ExternalAccountRow.id, TAKES_PART)
)
"""Bridges into an account that may be looked after."""

_HAS_WORK = _BRIDGES_THERE.where(
    or_(
        BridgeRow.pull_due_at <= bindparam("now"),
        and_(IntegrationRow.modseq > BridgeRow.pushed_modseq, BridgeRow.state.not_in(STANDING_STILL)),
    )
).exists()

_DUE = (
    select(ExternalAccountRow.id)
    .where(
        ExternalAccountRow.state == AccountState.CONNECTED,
        or_(ExternalAccountRow.retry_at.is_(None), ExternalAccountRow.retry_at <= bindparam("now")),
        or_(ExternalAccountRow.leased_until.is_(None), ExternalAccountRow.leased_until <= bindparam("now")),
        _HAS_WORK,
    )
    .order_by(ExternalAccountRow.id)
)


def _account(row: Row[*tuple[Any, ...]]) -> ExternalAccount:
    return ExternalAccount(
        id=ExternalAccountId(row.id),
        practice_group_id=PracticeGroupId(row.practice_group_id),
        service=Service(row.service),
        subject=row.subject,
        label=row.label,
        address=row.address,
        credentials=row.credentials,
        state=AccountState(row.state),
        failures=row.failures,
        retry_at=row.retry_at,
        trouble=row.trouble,
        requests=row.requests,
        throttled_at=row.throttled_at,
        about=row.about,
        troubled_since=row.troubled_since,
    )
