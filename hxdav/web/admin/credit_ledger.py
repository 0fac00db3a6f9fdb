"""The ledger of credits as the practice's administrators see it: read, never changed here (rule 1)."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template

from hxdav.domain.ids import PracticeGroupId, SubscriptionId
from hxdav.store.store import Tx
from hxdav.web.auth.visitors import Answer, for_administrators, who
from hxdav.web.paging import AT_ONCE, before
from hxdav.web.settings import WebBackend


def ledger_routes(backend: WebBackend) -> Blueprint:
    """The ledger."""
    pages = _Ledger(backend)
    routes = Blueprint("ledger", __name__)
    routes.add_url_rule("/app/practice/credits", "shown", for_administrators(pages.shown))
    return routes


@dataclass(frozen=True, slots=True)
class _Ledger:
    backend: WebBackend

    def shown(self) -> Answer:
        group_id = who().user.practice_group_id
        with self.backend.store.snapshot() as tx:
            group = tx.people.practice_group(group_id)
            lines = tx.credits.latest(group_id, before=before(), limit=AT_ONCE + 1)
            return render_template(
                "ledger.html",
                group=group,
                balance=tx.credits.balance(group_id),
                lines=lines[:AT_ONCE],
                older=lines[AT_ONCE - 1].id if len(lines) > AT_ONCE else None,
                is_first=before() is None,
                subscribers=_subscribers(tx, group_id),
                names={each.id: each.name for each in tx.people.users(group_id)},
                zone=ZoneInfo(group.zone),
            )


def _subscribers(tx: Tx, group_id: PracticeGroupId) -> dict[SubscriptionId, str]:
    """The practitioners' names, by their subscriptions."""
    listed = ((tx.subscriptions.of(each.id), each.name) for each in tx.people.practitioners(group_id))
    return {subscription.id: name for subscription, name in listed if subscription is not None}
