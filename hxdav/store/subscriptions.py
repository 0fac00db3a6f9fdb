"""Who subscribes to calendar synchronisation, and until when it is paid for (`design.md` rule 1)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, insert, select, update

from hxdav.domain.ids import PracticeGroupId, PractitionerId, SubscriptionId
from hxdav.domain.subscription import Subscription, SubscriptionState
from hxdav.store.rows import SubscriptionRow, table_of


class Subscriptions:
    """Reads and writes subscriptions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, practitioner_id: PractitionerId) -> Subscription | None:
        """A practitioner's subscription; None for one who has never had any."""
        row = self._connection.execute(_OF, {"practitioner": practitioner_id}).first()
        return _subscription(row) if row else None

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
