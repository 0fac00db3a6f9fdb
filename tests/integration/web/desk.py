"""A practice whose server a browser reaches, and Google behind it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
from flask import Flask
from flask.testing import FlaskClient

from hxdav.bootstrap.providers import ConfiguredProviders
from hxdav.config import GooglePart, Settings
from hxdav.connect.connector import Connector, PendingConsent
from hxdav.domain.consent import Consent
from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import ConsentId
from hxdav.domain.integration import Service
from hxdav.domain.privacy import PrivacyLevel
from hxdav.secrets.turns import HashingTurns
from hxdav.secrets.vault import Vault
from hxdav.services.access.logins import PractitionerLogin
from hxdav.services.integrations.consents import ConsentRequest
from hxdav.services.practice import secret_rotation
from hxdav.store.store import Store
from hxdav.web.application import make_web
from hxdav.web.settings import WebBackend
from tests.builders import PracticeWorld, a_practice
from tests.simulators.google.server import google_server
from tests.simulators.google.simulator import GoogleSimulator

PUBLIC_URL = "https://hx.example"
REDIRECT = f"{PUBLIC_URL}/connect/google/callback"
MAYA = "maya@mail.example"


@dataclass(kw_only=True)
class Desk:
    """A practitioner at her desk: ``pages`` is the server as her browser sees it, beyond it is Google."""

    practice: PracticeWorld
    google: GoogleSimulator
    connector: Connector
    application: Flask

    @property
    def store(self) -> Store:
        return self.practice.store

    @property
    def pages(self) -> FlaskClient:
        return self.application.test_client()

    def ask(self, *, privacy: PrivacyLevel | None = None) -> PendingConsent:
        """Begin a consent, as the command line does."""
        with self.store.snapshot() as tx:
            login = PractitionerLogin(
                user=tx.people.user(self.practice.user_id),
                practitioner=tx.people.practitioner(self.practice.practitioner_id),
            )
        wish = ConsentRequest(login=login, service=Service.GOOGLE, redirect_uri=REDIRECT, privacy=privacy)
        return self.connector.ask(wish, source=self.source)

    @property
    def source(self) -> Source:
        return Source(authority=Authority.PRACTICE, user_id=self.practice.user_id)

    def consented(self, asked: PendingConsent) -> str:
        """Where Google sends the browser back to: a path with its query."""
        return self.browsed(asked.url)

    def browsed(self, page: str) -> str:
        """The same, from the address of the consent page."""
        with httpx.Client(trust_env=False) as browser:
            location = browser.get(page).headers["Location"]
        assert location.startswith(REDIRECT)
        return location.removeprefix(PUBLIC_URL)

    def consent(self, consent_id: ConsentId) -> Consent:
        with self.store.snapshot() as tx:
            return tx.consents.one(consent_id)


def pages_of(practice: PracticeWorld, connector: Connector, *, hashing: HashingTurns | None = None) -> Flask:
    """The pages and hooks of a practice."""
    return make_web(
        WebBackend(
            store=practice.store,
            clock=practice.clock,
            policy=practice.policy,
            keyring=practice.keyring,
            connector=connector,
            channel_digest=practice.keyring.channel_token_digest,
            public_url=PUBLIC_URL,
            calendars_url=PUBLIC_URL,
            hashing=hashing or HashingTurns(at_once=2, waiting=6),
        )
    )


def query_of(path: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(path).query))


def a_vault(store: Store, folder: Path) -> Vault:
    def has_none() -> bool:
        with store.snapshot() as tx:
            return not secret_rotation.keys_in_use(tx)

    return Vault(folder / "hxdav.vault", may_begin=has_none)


@contextmanager
def a_desk(store: Store, folder: Path) -> Iterator[Desk]:
    """A practice with pages, and a Google in which maya has an account and is signed in."""
    with google_server() as google:
        google.user(MAYA)
        google.authority.consent.user = MAYA
        practice = a_practice(store)
        settings = Settings(
            google=GooglePart(
                client_id=google.application.client_id,
                client_secret=google.application.client_secret,
                auth_url=f"{google.url}/o/oauth2/v2/auth",
                token_url=f"{google.url}/token",
                revoke_url=f"{google.url}/revoke",
                api_url=google.url,
            )
        )
        connector = Connector(
            store=store,
            clock=practice.clock,
            policy=practice.policy,
            keyring=practice.keyring,
            vault=a_vault(store, folder),
            providers=ConfiguredProviders(settings),
        )
        yield Desk(practice=practice, google=google, connector=connector, application=pages_of(practice, connector))
        assert google.violations == []
