"""Add Calendar Integration: a card for each service, a short way into each, and what is wrong said at once."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for

from hxdav.domain.ids import IntegrationId
from hxdav.domain.integration import Service
from hxdav.domain.privacy import PrivacyLevel, level_of
from hxdav.errors import UseCaseError
from hxdav.remote import RemoteError
from hxdav.services import connecting, devices
from hxdav.services.bridging import Connected
from hxdav.services.consenting import Wish, callback_uri
from hxdav.services.logins import PractitionerLogin
from hxdav.sync.connecting import Applicant, Entrance
from hxdav.sync.entrances import password_credentials
from hxdav.web.levels import levels_up_to
from hxdav.web.settings import WebBackend
from hxdav.web.visitors import Answer, for_practitioners, practitioner, who


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A service as the practitioner knows it: ``way`` is how one gets in, ``hint`` what they need for that."""

    service: Service
    title: str
    way: str
    hint: str


CARDS = (
    Card(
        service=Service.NATIVE,
        title="Apple, Thunderbird, Android",
        way="here",
        hint="Shown by your own device's calendar. You get an address, a user name and a password to type there.",
    ),
    Card(service=Service.GOOGLE, title="Google Calendar", way="consent", hint="You are sent to Google, and allow it."),
    Card(
        service=Service.OUTLOOK,
        title="Outlook.com",
        way="consent",
        hint="A personal Microsoft account. You are sent to Microsoft, and allow it.",
    ),
    Card(
        service=Service.OFFICE365,
        title="Office 365",
        way="consent",
        hint="A work or school account. Your organisation may want to approve it first.",
    ),
    Card(
        service=Service.ICLOUD,
        title="iCloud",
        way="password",
        hint="You need an app-specific password: account.apple.com, Sign-In and Security.",
    ),
    Card(
        service=Service.CALDAV,
        title="Another CalDAV account",
        way="password",
        hint="You need its address, your user name, and a password that it gives out for programs.",
    ),
)


def adding_routes(backend: WebBackend) -> Blueprint:
    """The cards, and the way into each service."""
    pages = _Adding(backend)
    routes = Blueprint("adding", __name__, url_prefix="/app/settings/integrations/add")
    routes.add_url_rule("", "choose", for_practitioners(pages.choose))
    routes.add_url_rule("/<service>", "begin", for_practitioners(pages.begin))
    routes.add_url_rule("/<service>", "connect", for_practitioners(pages.connect), methods=["POST"])
    return routes


@dataclass(frozen=True, slots=True)
class _Adding:
    backend: WebBackend

    def choose(self) -> Answer:
        return render_template("add.html", cards=CARDS)

    def begin(self, service: str) -> Answer:
        return self._form(_card(service))

    def connect(self, service: str) -> Answer:
        card = _card(service)
        try:
            match card.way:
                case "here":
                    return self._connect_here()
                case "consent":
                    return self._ask(card)
                case _:
                    return self._connect_by_password(card)
        except (UseCaseError, RemoteError) as refused:
            return self._form(card, refused=str(refused)), HTTPStatus.BAD_REQUEST

    def _form(self, card: Card, *, refused: str = "") -> str:
        own = practitioner()
        with self.backend.store.snapshot() as tx:
            most = tx.people.practice_group(own.practice_group_id).privacy.get(card.service)
        ceiling = level_of(card.service, most=most, chosen=None)
        levels = levels_up_to(ceiling)
        return render_template(
            "add_one.html", card=card, levels=levels, ceiling=ceiling, refused=refused, typed=request.form
        )

    def _connect_here(self) -> Answer:
        backend, label = self.backend, request.form.get("label", "").strip()
        login = PractitionerLogin(user=who().user, practitioner=practitioner())
        with backend.store.transaction() as tx:
            integration = connecting.connect_native(
                tx, backend.clock, practitioner=login.practitioner, source=who().source
            )
            made = devices.create_app_password(
                tx, backend.clock, backend.keyring, login=login, label=label, expires_at=None
            )
        backend.connector.fill(integration.id)
        address = f"{backend.calendars_url}/{quote(login.user.username)}/{integration.slug}/"
        return render_template(
            "device.html",
            integration=integration,
            server=backend.calendars_url,
            address=address,
            username=login.user.username,
            password=made.password,
        )

    def _ask(self, card: Card) -> Answer:
        login = PractitionerLogin(user=who().user, practitioner=practitioner())
        wish = Wish(
            login=login,
            service=card.service,
            redirect_uri=callback_uri(self.backend.public_url, card.service),
            privacy=_level(),
        )
        asked = self.backend.connector.ask(wish, source=who().source)
        return render_template("consent.html", card=card, url=asked.url)

    def _connect_by_password(self, card: Card) -> Answer:
        form = request.form
        credentials = password_credentials(form.get("account", "").strip(), form.get("secret", "").strip())
        address = form.get("address", "").strip() if card.service is Service.CALDAV else ""
        if card.service is Service.CALDAV and not address:
            raise UseCaseError("Say where the account is, as https://dav.example/.")
        connected = self.backend.connector.connect(
            Entrance(service=card.service, credentials=credentials, address=address),
            Applicant(practitioner_id=practitioner().id, source=who().source, privacy=_level()),
        )
        self.backend.connector.fill(IntegrationId(connected.integration.id))
        flash(_welcome(connected), "well")
        return redirect(url_for("integrations.overview"))


def _card(service: str) -> Card:
    found = next((card for card in CARDS if card.service == service), None)
    if found is None:
        abort(HTTPStatus.NOT_FOUND)
    return found


def _level() -> PrivacyLevel | None:
    chosen = request.form.get("privacy", "")
    return PrivacyLevel(chosen) if chosen in set(PrivacyLevel) else None


def _welcome(connected: Connected) -> str:
    account, calendar = connected.account.label, connected.integration.name
    if connected.is_new:
        return f"Connected: {calendar} appears in {account}, and fills within a few minutes."
    return f"{calendar} in {account} goes on where it stopped."
