"""How much there is of what in the whole store: numbers alone, each by one read that an index answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Select, and_, bindparam, func, or_, select

from hxdav.domain.appointment import AppointmentKind
from hxdav.domain.bridge import STANDING_STILL, AccountState, BridgeState
from hxdav.domain.integration import IntegrationState, Service
from hxdav.domain.removal import OPEN, RemovalState
from hxdav.domain.subscription import SubscriptionState
from hxdav.store.external_accounts import TAKES_PART
from hxdav.store.links import IS_PENDING, OF_WHOLE
from hxdav.store.rows import (
    AppointmentRow,
    BridgeRow,
    ExternalAccountRow,
    IntegrationRow,
    LinkRow,
    MirrorRow,
    NotificationRow,
    PractitionerRow,
    RemovalRow,
    SubscriptionRow,
    UserRow,
    WebSessionRow,
)
from hxdav.store.rows.base import verbatim


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationCount:
    """So many integrations (``number``) of which all that tells how they stand is the same.

    ``bridge`` and ``account`` are None of native calendars; ``is_put_off``: the provider is to be tried again later;
    ``is_made``: the calendar there has been looked at.
    """

    service: Service
    state: IntegrationState
    subscription: SubscriptionState | None
    bridge: BridgeState | None
    account: AccountState | None
    is_put_off: bool
    is_made: bool
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingMirrors:
    """How many mirrors the providers are still to be told of, and since when the oldest of them is."""

    number: int
    since: datetime | None


class Counts:
    """Counts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def appointments(self) -> int:
        """Appointments that are not gone, cancelled ones included."""
        return self._number(_ALL) - self._number(_TOMBSTONES)

    def integrations(self, *, now: datetime) -> list[IntegrationCount]:
        """Those that are not disconnected."""
        return [
            IntegrationCount(
                service=Service(row.service),
                state=IntegrationState(row.state),
                subscription=None if row.subscription is None else SubscriptionState(row.subscription),
                bridge=None if row.bridge is None else BridgeState(row.bridge),
                account=None if row.account is None else AccountState(row.account),
                is_put_off=bool(row.is_put_off),
                is_made=bool(row.is_made),
                number=row.number,
            )
            for row in self._connection.execute(_INTEGRATIONS, {"now": now})
        ]

    def waiting(self) -> PendingMirrors:
        """What waits in bridges that are looked after; what is paused waits for nobody."""
        number, since = self._connection.execute(_WAITING).one()
        return PendingMirrors(number=number, since=since)

    def unseen(self) -> int:
        """Notifications that no page has shown yet."""
        return self._number(select(func.count()).where(NotificationRow.seen_at.is_(None)))

    def mail_due(self, *, now: datetime) -> int:
        """Notifications that are to be mailed by now."""
        return self._number(select(func.count()).where(NotificationRow.mail_due_at <= now))

    def reviews(self) -> int:
        """Removals that wait for a person's answer."""
        return self._number(_REVIEWS)

    def requests(self) -> dict[Service, int]:
        """How many requests the providers have been sent so far."""
        return {Service(row.service): int(row.number) for row in self._connection.execute(_REQUESTS)}

    def sessions(self, *, now: datetime, lasting: timedelta, idle: timedelta) -> int:
        """Browsers that are signed in, by how long they count in all, and while nothing is done with them."""
        counts = and_(WebSessionRow.began_at > now - lasting, WebSessionRow.seen_at > now - idle)
        return self._number(select(func.count()).where(counts))

    def _number(self, query: Select[int]) -> int:
        return int(self._connection.execute(query).scalar_one())


# Over all rows it is read from a narrow index: the table has the texts.
_ALL = select(func.count()).select_from(AppointmentRow)
_TOMBSTONES = select(func.count()).where(
    AppointmentRow.kind == verbatim(AppointmentKind.PERSONAL), AppointmentRow.removed_at.is_not(None)
)

_HOW_THEY_STAND = (
    IntegrationRow.service,
    IntegrationRow.state,
    SubscriptionRow.state.label("subscription"),
    BridgeRow.state.label("bridge"),
    ExternalAccountRow.state.label("account"),
    (ExternalAccountRow.retry_at > bindparam("now")).label("is_put_off"),
    BridgeRow.pulled_at.is_not(None).label("is_made"),
)
_INTEGRATIONS = (
    select(*_HOW_THEY_STAND, func.count().label("number"))
    .outerjoin(SubscriptionRow, SubscriptionRow.practitioner_id == IntegrationRow.practitioner_id)
    .outerjoin(BridgeRow, BridgeRow.integration_id == IntegrationRow.id)
    .outerjoin(ExternalAccountRow, ExternalAccountRow.id == BridgeRow.account_id)
    .where(IntegrationRow.state != IntegrationState.DISCONNECTED)
    .group_by(*_HOW_THEY_STAND)
)

_WAITING = (
    select(func.count(), func.min(MirrorRow.changed_at))
    .select_from(BridgeRow)
    .join(IntegrationRow, IntegrationRow.id == BridgeRow.integration_id)
    .join(PractitionerRow, PractitionerRow.id == IntegrationRow.practitioner_id)
    .join(UserRow, UserRow.id == PractitionerRow.user_id)
    .join(SubscriptionRow, SubscriptionRow.practitioner_id == PractitionerRow.id)
    .join(
        MirrorRow,
        and_(MirrorRow.integration_id == BridgeRow.integration_id, MirrorRow.modseq > BridgeRow.pushed_modseq),
    )
    .outerjoin(LinkRow, OF_WHOLE)
    .where(
        TAKES_PART,
        BridgeRow.state.not_in(STANDING_STILL),
        IntegrationRow.modseq > BridgeRow.pushed_modseq,
        IS_PENDING,
    )
)

_IS_OPEN = or_(*(RemovalRow.state == verbatim(state) for state in sorted(OPEN)))
_REVIEWS = select(func.count()).where(
    _IS_OPEN, RemovalRow.state == verbatim(RemovalState.REVIEW), RemovalRow.answer.is_(None)
)

_REQUESTS = select(ExternalAccountRow.service, func.sum(ExternalAccountRow.requests).label("number")).group_by(
    ExternalAccountRow.service
)
