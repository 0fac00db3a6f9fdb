"""The practice as its administrators see it: every practitioner, what they subscribe to, and how it all stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from hxdav.domain.ids import IntegrationId, PractitionerId, UserId
from hxdav.domain.integration import Integration, IntegrationState
from hxdav.domain.practice import PracticeGroup, Practitioner, User
from hxdav.domain.subscription import price_in
from hxdav.errors import UseCaseError
from hxdav.services.access import suspension
from hxdav.services.billing import subscriptions
from hxdav.services.integrations.health import IntegrationHealth, health_of
from hxdav.store.store import Tx
from hxdav.web.admin.account_differences import file_differences
from hxdav.web.auth.reauthentication import once_proved
from hxdav.web.auth.visitors import Answer, for_administrators, who
from hxdav.web.numbers import whole_number
from hxdav.web.practitioner.integrations import Synchronisation
from hxdav.web.refusal_messages import refusals_told
from hxdav.web.settings import WebBackend

_CALENDARS: dict[str, Callable[..., None]] = {
    "suspend": suspension.suspend_integration,
    "unsuspend": suspension.unsuspend_integration,
}
_LOGINS: dict[str, Callable[..., None]] = {
    "suspend": suspension.suspend_user,
    "unsuspend": suspension.unsuspend_user,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonOverview:
    """A practitioner, their login if they have one, and their calendars without those that are disconnected."""

    practitioner: Practitioner
    user: User | None
    synchronisation: Synchronisation
    standings: tuple[IntegrationHealth, ...]


def people_routes(backend: WebBackend) -> Blueprint:
    """The overview of the practice, and what an administrator may do for others, and to them."""
    pages = _People(backend)
    routes = Blueprint("people", __name__, url_prefix="/app/practice/people")
    routes.add_url_rule("", "overview", for_administrators(pages.overview))
    shown: dict[str, tuple[str, Callable[..., Answer], Callable[..., Answer]]] = {
        "buy": ("/<int:number>/buy", pages.offer, pages.buy),
        "cancel": ("/<int:number>/cancel", pages.ask_cancel, pages.cancel),
    }
    shut: dict[str, tuple[str, Callable[..., Answer], Callable[..., Answer]]] = {
        "calendar": (_steps("calendars", _CALENDARS), pages.ask_calendar, pages.change_calendar),
        "login": (_steps("logins", _LOGINS), pages.ask_login, pages.change_login),
    }
    for name, (path, ask, do) in shut.items():
        shown[name] = (path, once_proved(backend, ask), once_proved(backend, do))
    for name, (path, ask, do) in shown.items():
        routes.add_url_rule(path, f"ask_{name}", for_administrators(ask))
        routes.add_url_rule(path, name, for_administrators(do), methods=["POST"])
    return routes


def _steps(what: str, known: dict[str, Callable[..., None]]) -> str:
    return f"/{what}/<int:number>/<any({', '.join(known)}):wanted>"


@dataclass(frozen=True, slots=True)
class _People:
    backend: WebBackend

    def overview(self) -> Answer:
        with self.backend.store.snapshot() as tx:
            group = tx.people.practice_group(who().user.practice_group_id)
            users = tx.people.users(group.id)
            balance = tx.credits.balance(group.id)
            people = [
                self._person(tx, each, group=group, users=users, balance=balance)
                for each in tx.people.practitioners(group.id)
            ]
        logins = {each.practitioner.user_id for each in people}
        others = [each for each in users if each.id not in logins]
        differing = file_differences(self.backend, group, source=who().source)
        listed = [*((each.practitioner, each.user) for each in people), *((None, each) for each in others)]
        return render_template(
            "people.html",
            group=group,
            balance=balance,
            people=people,
            others=others,
            differing=differing,
            elsewhere=differing.elsewhere(listed),
        )

    def offer(self, number: int) -> Answer:
        try:
            # What it would come to is what comes of buying it, which is undone here.
            with self.backend.store.rehearsal() as tx:
                own = _practitioner(tx, number)
                offered = subscriptions.buy(tx, self.backend.clock, practitioner=own, source=who().source)
        except UseCaseError as refused:
            flash(str(refused), "trouble")
            return _back()
        return render_template("people_buy.html", practitioner=own, offered=offered)

    def buy(self, number: int) -> Answer:
        offered_at = request.form.get("price", type=whole_number)
        with refusals_told(self.backend.store) as tx:
            own = _practitioner(tx, number)
            bought = subscriptions.buy(
                tx, self.backend.clock, practitioner=own, source=who().source, offered_at=offered_at
            )
            flash(
                f"Calendar Synchronisation of {own.name} runs until {bought.subscription.paid_until:%-d %B %Y}.", "well"
            )
        return _back()

    def ask_cancel(self, number: int) -> Answer:
        with self.backend.store.snapshot() as tx:
            own = _practitioner(tx, number)
        return render_template("people_cancel.html", practitioner=own)

    def cancel(self, number: int) -> Answer:
        with refusals_told(self.backend.store) as tx:
            own = _practitioner(tx, number)
            subscriptions.cancel(tx, self.backend.clock, practitioner=own, source=who().source)
            flash(f"Calendar Synchronisation of {own.name} is cancelled.", "well")
        return _back()

    def ask_calendar(self, number: int, wanted: str) -> Answer:
        with self.backend.store.snapshot() as tx:
            integration = _integration(tx, number)
            own = tx.people.practitioner(integration.practitioner_id)
        return render_template("people_calendar.html", integration=integration, practitioner=own, wanted=wanted)

    def change_calendar(self, number: int, wanted: str) -> Answer:
        with refusals_told(self.backend.store) as tx:
            integration = _integration(tx, number)
            _CALENDARS[wanted](tx, self.backend.clock, integration=integration, source=who().source)
            flash(f"{integration.name} is {'suspended' if wanted == 'suspend' else 'open again'}.", "well")
        return _back()

    def ask_login(self, number: int, wanted: str) -> Answer:
        with self.backend.store.snapshot() as tx:
            user = _user(tx, number)
        return render_template("people_login.html", user=user, wanted=wanted)

    def change_login(self, number: int, wanted: str) -> Answer:
        with refusals_told(self.backend.store) as tx:
            user = _user(tx, number)
            _LOGINS[wanted](tx, self.backend.clock, user=user, source=who().source)
            flash(f"{user.name} is {'suspended' if wanted == 'suspend' else 'let in again'}.", "well")
        return _back()

    def _person(
        self, tx: Tx, practitioner: Practitioner, *, group: PracticeGroup, users: list[User], balance: int
    ) -> PersonOverview:
        subscription = tx.subscriptions.of(practitioner.id)
        return PersonOverview(
            practitioner=practitioner,
            user=next((each for each in users if each.id == practitioner.user_id), None),
            synchronisation=Synchronisation(
                subscription=subscription,
                price=price_in(group.band),
                balance=balance,
                band=group.band.value,
                until=subscription.paid_until if subscription else None,
            ),
            standings=tuple(
                health_of(tx, self.backend.clock, integration=each)
                for each in tx.integrations.of(practitioner.id)
                if each.state is not IntegrationState.DISCONNECTED
            ),
        )


def _back() -> Response:
    return redirect(url_for("people.overview"))


def _practitioner(tx: Tx, number: int) -> Practitioner:
    """A practitioner of the administrator's own practice group; 404 where there is none of that number."""
    listed = tx.people.practitioners(who().user.practice_group_id)
    found = next((each for each in listed if each.id == PractitionerId(number)), None)
    if found is None:
        abort(HTTPStatus.NOT_FOUND)
    return found


def _user(tx: Tx, number: int) -> User:
    """A user of the administrator's own practice group; 404 where there is none of that number."""
    listed = tx.people.users(who().user.practice_group_id)
    found = next((each for each in listed if each.id == UserId(number)), None)
    if found is None:
        abort(HTTPStatus.NOT_FOUND)
    return found


def _integration(tx: Tx, number: int) -> Integration:
    """A calendar of the administrator's own practice group; 404 where there is none of that number."""
    practitioners = tx.people.practitioners(who().user.practice_group_id)
    listed = (each for practitioner in practitioners for each in tx.integrations.of(practitioner.id))
    found = next((each for each in listed if each.id == IntegrationId(number)), None)
    if found is None:
        abort(HTTPStatus.NOT_FOUND)
    return found
