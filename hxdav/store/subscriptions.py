"""Who subscribes to calendar synchronisation, and until when it is paid for (rule 1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, Select, and_, bindparam, insert, or_, select, update

from hxdav.domain.ids import PracticeGroupId, PractitionerId, SubscriptionId
from hxdav.domain.practice import Band
from hxdav.domain.subscription import WARNED_DAYS, Subscriber, Subscription, SubscriptionState
from hxdav.domain.times import days_after
from hxdav.store.credits import balance_of
from hxdav.store.rows import PracticeGroupRow, PractitionerRow, SubscriptionRow, table_of


@dataclass(frozen=True, slots=True, kw_only=True)
class DueSubscriptions:
    """Those of a practice group's subscriptions of which something may be due, and what pays for them."""

    zone: ZoneInfo
    band: Band
    balance: int
    subscribers: tuple[Subscriber, ...]


class Subscriptions:
    """Reads and writes subscriptions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, practitioner_id: PractitionerId) -> Subscription | None:
        """A practitioner's subscription; None for one who has never had any."""
        row = self._connection.execute(_OF, {"practitioner": practitioner_id}).first()
        return _subscription(row) if row else None

    def account(self, practice_group_id: PracticeGroupId, *, now: datetime) -> DueSubscriptions | None:
        """What tells whether something is due in a practice group, in one read; None where nothing can be."""
        # A zone's date may be a day ahead of UTC's.
        by = days_after(now.astimezone(UTC).date(), 1 + WARNED_DAYS)
        rows = self._connection.execute(_ACCOUNT, {"group": practice_group_id, "by": by}).all()
        if not rows:
            return None
        return DueSubscriptions(
            zone=ZoneInfo(rows[0].zone),
            band=Band(rows[0].band),
            balance=int(rows[0].balance),
            subscribers=tuple(Subscriber(subscription=_subscription(row), enabled=row.enabled) for row in rows),
        )

    def all(self) -> list[Subscription]:
        """Every subscription, by number."""
        return [_subscription(row) for row in self._connection.execute(_SUBSCRIPTIONS)]

    def add(self, subscription: Subscription) -> SubscriptionId:
        """Keep a practitioner's first subscription; its ``id`` is not looked at."""
        values = {
            "practice_group_id": subscription.practice_group_id,
            "practitioner_id": subscription.practitioner_id,
            **_changing(subscription),
        }
        return SubscriptionId(self._connection.execute(_ADD, values).scalar_one())

    def change(self, subscription: Subscription) -> None:
        """Store what has become of a subscription."""
        self._connection.execute(_CHANGE, {"subscription": subscription.id, **_changing(subscription)})


_SUBSCRIPTIONS: Select[*tuple[Any, ...]] = select(*SubscriptionRow.__table__.columns).order_by(SubscriptionRow.id)
_OF = _SUBSCRIPTIONS.where(SubscriptionRow.practitioner_id == bindparam("practitioner"))

_MAY_BE_DUE = or_(
    SubscriptionRow.state == SubscriptionState.PAUSED,
    and_(SubscriptionRow.state == SubscriptionState.RUNNING, SubscriptionRow.paid_until <= bindparam("by")),
)
_ACCOUNT = (
    _SUBSCRIPTIONS.add_columns(
        PractitionerRow.enabled,
        PracticeGroupRow.zone,
        PracticeGroupRow.band,
        balance_of(PracticeGroupRow.id).label("balance"),
    )
    .join(PractitionerRow, PractitionerRow.id == SubscriptionRow.practitioner_id)
    .join(PracticeGroupRow, PracticeGroupRow.id == PractitionerRow.practice_group_id)
    .where(PracticeGroupRow.id == bindparam("group"), _MAY_BE_DUE)
)

_SUBSCRIPTION = table_of(SubscriptionRow)
_CHANGEABLE = ("state", "renews", "period_from", "paid_until", "warned_for")
_ADD = insert(_SUBSCRIPTION).returning(_SUBSCRIPTION.c.id)
_CHANGE = (
    update(_SUBSCRIPTION)
    .where(_SUBSCRIPTION.c.id == bindparam("subscription"))
    .values({name: bindparam(name) for name in _CHANGEABLE})
)


def _changing(subscription: Subscription) -> dict[str, Any]:
    return {name: getattr(subscription, name) for name in _CHANGEABLE}


def _subscription(row: Row[*tuple[Any, ...]]) -> Subscription:
    return Subscription(
        id=SubscriptionId(row.id),
        practice_group_id=PracticeGroupId(row.practice_group_id),
        practitioner_id=PractitionerId(row.practitioner_id),
        state=SubscriptionState(row.state),
        renews=row.renews,
        period_from=row.period_from,
        paid_until=row.paid_until,
        warned_for=row.warned_for,
    )
