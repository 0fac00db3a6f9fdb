"""Add Calendar Integration: a card for each service, a short way into each, and what is wrong said at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for

from hxdav.connect.connector import Applicant, OpenedAccount
from hxdav.connect.credentials import MailboxCredentials, password_credentials, pasted_authorities
from hxdav.connect.mailboxes import code_of, connect_mailbox
from hxdav.connect.preview import Preview, preview
from hxdav.domain.ids import IntegrationId
from hxdav.domain.integration import Integration, Service
from hxdav.domain.privacy import PrivacyLevel, level_of
from hxdav.errors import UseCaseError
from hxdav.remote import RemoteError
from hxdav.services.access import app_passwords, apple_profiles
from hxdav.services.access.logins import PractitionerLogin
from hxdav.services.integrations.bridges import Connected
from hxdav.services.integrations.consents import ConsentRequest, callback_uri
from hxdav.store.store import Tx
from hxdav.web.auth.visitors import Answer, for_practitioners, practitioner, who
from hxdav.web.practitioner.apple_profiles import device_guessed, handed_out
from hxdav.web.practitioner.privacy_levels import NAMES, levels_up_to
from hxdav.web.practitioner.service_cards import ADVICE, CARDS, Card
from hxdav.web.settings import WebBackend
from hxdav.web.time_text import span_words


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
                case "profile":
                    return self._connect_by_profile()
                case "mailbox":
                    return self._connect_mailbox(card)
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
            shown = self._preview(tx, levels) if card.service.is_bridged else None
        return render_template(
            "add_one.html",
            card=card,
            levels=levels,
            ceiling=ceiling,
            refused=refused,
            typed=request.form,
            guessed=device_guessed(),
            preview=shown,
            short=NAMES,
            span_words=span_words,
        )

    def _preview(self, tx: Tx, levels: Collection[PrivacyLevel]) -> Preview:
        return preview(tx, self.backend.clock, self.backend.policy, practitioner=practitioner(), levels=levels)

    def _connect_here(self) -> Answer:
        backend, label = self.backend, apple_profiles.checked_label(request.form.get("label", ""))
        login = _login()
        with backend.store.transaction() as tx:
            integration = self._calendar(tx, login)
            made = app_passwords.create_app_password(
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

    def _connect_by_profile(self) -> Answer:
        """A profile for this device at once, or a code by which another one fetches it."""
        backend, login, label = self.backend, _login(), request.form.get("label", "")
        is_for_another = request.form.get("to") == "another"
        with backend.store.transaction() as tx:
            integration = self._calendar(tx, login)
            if is_for_another:
                number = apple_profiles.offer(
                    tx, backend.clock, backend.keyring, login=login, integration=integration, label=label
                )
            else:
                profile = apple_profiles.hand_out(
                    tx,
                    backend.clock,
                    backend.keyring,
                    login=login,
                    label=label,
                    calendars_url=backend.calendars_url,
                )
        backend.connector.fill(integration.id)
        if is_for_another:
            return redirect(url_for("profiles.shown", number=number))
        return handed_out(profile)

    def _calendar(self, tx: Tx, login: PractitionerLogin) -> Integration:
        return app_passwords.calendar_for_devices(
            tx, self.backend.clock, practitioner=login.practitioner, source=who().source
        )

    def _ask(self, card: Card) -> Answer:
        wish = ConsentRequest(
            login=_login(),
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
            OpenedAccount(service=card.service, credentials=credentials, address=address),
            Applicant(practitioner_id=practitioner().id, source=who().source, privacy=_level()),
        )
        return self._filled(connected)

    def _connect_mailbox(self, card: Card) -> Answer:
        form = request.form
        address = form.get("account", "").strip()
        mailbox = MailboxCredentials(
            address=address,
            username=form.get("username", "").strip() or address,
            password=form.get("secret", ""),
            authorities=pasted_authorities(form.get("authorities", "")),
        )
        applicant = Applicant(practitioner_id=practitioner().id, source=who().source, privacy=_level())
        try:
            connected = connect_mailbox(self.backend.connector, mailbox, applicant, url=form.get("address", "").strip())
        except RemoteError as error:
            told = f"{error} {ADVICE.get(code_of(error), '')}".strip()
            return self._form(card, refused=told), HTTPStatus.BAD_REQUEST
        return self._filled(connected)

    def _filled(self, connected: Connected) -> Answer:
        self.backend.connector.fill(IntegrationId(connected.integration.id))
        flash(_welcome(connected), "well")
        return redirect(url_for("integrations.overview"))


def _login() -> PractitionerLogin:
    return PractitionerLogin(user=who().user, practitioner=practitioner())


def _card(service: str) -> Card:
    found = next((card for card in CARDS if card.key == service), None)
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
