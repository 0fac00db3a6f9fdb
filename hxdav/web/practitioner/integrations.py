"""Settings, Integrations: the subscription, and every calendar of a practitioner with how it stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for

from hxdav.domain.integration import IntegrationState
from hxdav.domain.practice import PracticeGroup, Practitioner
from hxdav.domain.subscription import Subscription, SubscriptionState, price_in
from hxdav.errors import UseCaseError
from hxdav.services.billing import subscriptions
from hxdav.services.integrations.health import IntegrationHealth, health_of
from hxdav.store.store import Tx
from hxdav.web.auth.visitors import Answer, for_practitioners, practitioner, who
from hxdav.web.numbers import whole_number
from hxdav.web.refusal_messages import refusals_told
from hxdav.web.settings import WebBackend


@dataclass(frozen=True, slots=True, kw_only=True)
class Synchronisation:
    """The subscription as the practitioner sees it: ``until`` is the first day that is not paid any more."""

    subscription: Subscription | None
    price: int
    balance: int
    band: str
    until: date | None

    @property
    def is_running(self) -> bool:
        """Whether it is paid for."""
        return self.subscription is not None and self.subscription.state is SubscriptionState.RUNNING

    @property
    def renews(self) -> bool:
        """Whether it goes on by itself."""
        return self.subscription is not None and self.subscription.renews


def integration_routes(backend: WebBackend) -> Blueprint:
    """The overview, and the subscription."""
    pages = _Integrations(backend)
    routes = Blueprint("integrations", __name__, url_prefix="/app/settings/integrations")
    routes.add_url_rule("", "overview", for_practitioners(pages.overview))
    routes.add_url_rule("/buy", "offer", for_practitioners(pages.offer))
    routes.add_url_rule("/buy", "buy", for_practitioners(pages.buy), methods=["POST"])
    routes.add_url_rule("/cancel", "cancel", for_practitioners(pages.cancel), methods=["POST"])
    return routes


@dataclass(frozen=True, slots=True)
class _Integrations:
    backend: WebBackend

    def overview(self) -> Answer:
        own = practitioner()
        with self.backend.store.snapshot() as tx:
            standings = list(_standings(tx, self.backend, own))
            synchronisation = _synchronisation(tx, own)
        former = [each for each in standings if each.integration.state is IntegrationState.DISCONNECTED]
        current = [each for each in standings if each not in former]
        return render_template("integrations.html", synchronisation=synchronisation, current=current, former=former)

    def offer(self) -> Answer:
        own, offered, refusal = practitioner(), None, ""
        with self.backend.store.snapshot() as tx:
            synchronisation = _synchronisation(tx, own)
        try:
            # What it would come to is what comes of buying it, which is undone here.
            with self.backend.store.rehearsal() as tx:
                offered = subscriptions.buy(tx, self.backend.clock, practitioner=own, source=who().source)
        except UseCaseError as refused:
            refusal = str(refused)
        return render_template("buy.html", synchronisation=synchronisation, offered=offered, refusal=refusal)

    def buy(self) -> Answer:
        offered = request.form.get("price", type=whole_number)
        with refusals_told(self.backend.store) as tx:
            bought = subscriptions.buy(
                tx, self.backend.clock, practitioner=practitioner(), source=who().source, offered_at=offered
            )
            flash(f"Calendar Synchronisation runs until {_day(bought.subscription.paid_until)}.", "well")
        return redirect(url_for(".overview"))

    def cancel(self) -> Answer:
        with refusals_told(self.backend.store) as tx:
            cancelled = subscriptions.cancel(tx, self.backend.clock, practitioner=practitioner(), source=who().source)
            flash(f"Cancelled. It runs until {_day(cancelled.paid_until)}.", "well")
        return redirect(url_for(".overview"))


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _standings(tx: Tx, backend: WebBackend, own: Practitioner) -> Iterator[IntegrationHealth]:
    for integration in tx.integrations.of(own.id):
        yield health_of(tx, backend.clock, integration=integration)


def _synchronisation(tx: Tx, own: Practitioner) -> Synchronisation:
    group: PracticeGroup = tx.people.practice_group(own.practice_group_id)
    subscription = tx.subscriptions.of(own.id)
    return Synchronisation(
        subscription=subscription,
        price=price_in(group.band),
        balance=tx.credits.balance(group.id),
        band=group.band.value,
        until=subscription.paid_until if subscription else None,
    )
