"""A practice whose server a browser and Microsoft reach, and Outlook behind it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Thread

import httpx
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import WSGIRequestHandler, make_server

from hxdav.bootstrap.microsoft import MicrosoftDoor
from hxdav.bootstrap.providers import ConfiguredProviders
from hxdav.config import Settings
from hxdav.config.parts import BridgesPart, MicrosoftPart
from hxdav.connect.connector import Connector, PendingConsent
from hxdav.domain.bridge import Bridge, ExternalAccount
from hxdav.domain.consent import Consent
from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import ConsentId, IntegrationId
from hxdav.domain.integration import Service
from hxdav.remote import Remote
from hxdav.remotes.graph.account import open_graph
from hxdav.services.access.logins import PractitionerLogin
from hxdav.services.integrations.consents import ConsentRequest, callback_uri
from hxdav.services.practice import secret_rotation
from hxdav.store.sealed import credentials_place
from hxdav.store.store import Store
from hxdav.sync.channels import Hooks
from hxdav.sync.engine import Engine
from hxdav.worker.runners import Runners
from tests.builders import PracticeWorld, a_practice
from tests.integration.web.desk import PUBLIC_URL, a_vault, pages_of
from tests.simulators.graph.authority import CLIENT_ID, CLIENT_SECRET, LOOPBACK, AuthorityState, authority_server
from tests.simulators.graph.server import graph_server
from tests.simulators.graph.simulator import GraphSimulator

PERSONAL = "maya@outlook.example"
AT_WORK = "maya@harbour.example"
EMAILS = {Service.OUTLOOK: PERSONAL, Service.OFFICE365: AT_WORK}


@dataclass(kw_only=True)
class MicrosoftDesk:
    """A practitioner at her desk: ``pages`` is the server as her browser sees it, beyond it is Microsoft."""

    practice: PracticeWorld
    graph: GraphSimulator
    authority: AuthorityState
    door: MicrosoftDoor
    connector: Connector
    application: Flask
    hooks_at: str

    @property
    def store(self) -> Store:
        return self.practice.store

    @property
    def pages(self) -> FlaskClient:
        return self.application.test_client()

    @property
    def source(self) -> Source:
        return Source(authority=Authority.PRACTICE, user_id=self.practice.user_id)

    def ask(self, service: Service = Service.OUTLOOK, *, user: str = "") -> PendingConsent:
        """Begin a consent, as the command line does, with ``user`` signed in at Microsoft's."""
        self.authority.user = user or EMAILS[service]
        with self.store.snapshot() as tx:
            login = PractitionerLogin(
                user=tx.people.user(self.practice.user_id),
                practitioner=tx.people.practitioner(self.practice.practitioner_id),
            )
        wish = ConsentRequest(login=login, service=service, redirect_uri=callback_uri(PUBLIC_URL, service))
        return self.connector.ask(wish, source=self.source)

    def browsed(self, url: str) -> str:
        """Where a page of Microsoft's sends the browser back to: a path with its query."""
        trusted = ssl.create_default_context(cadata=self.authority.authorities)
        with httpx.Client(verify=trusted, trust_env=False) as browser:
            location = browser.get(url).headers["Location"]
        assert location.startswith(f"{PUBLIC_URL}/connect/microsoft/callback?")
        return location.removeprefix(PUBLIC_URL)

    def consent(self, consent_id: ConsentId) -> Consent:
        with self.store.snapshot() as tx:
            return tx.consents.one(consent_id)

    def connect(self, service: Service = Service.OUTLOOK) -> IntegrationId:
        """Connect an account; nothing is sent there yet."""
        asked = self.ask(service)
        answer = self.pages.get(self.browsed(asked.url))
        assert answer.status_code == 200, answer.text
        integration_id = self.consent(asked.consent_id).integration_id
        assert integration_id is not None
        return integration_id

    def bridge(self, integration_id: IntegrationId) -> Bridge:
        with self.store.snapshot() as tx:
            return tx.bridges.one(integration_id)

    def be_idle(self, integration_id: IntegrationId) -> None:
        """Have nothing that the clock would look at."""
        with self.store.transaction() as tx:
            tx.bridges.change(integration_id, pull_due_at=None)

    def hold_token(self, integration_id: IntegrationId, token: str) -> None:
        """Let a bridge's channel have this token, and not be due."""
        digest = self.practice.keyring.channel_token_digest(token)
        with self.store.transaction() as tx:
            tx.bridges.change(integration_id, channel_token=digest, pull_due_at=None)

    def round(self) -> int:
        """Look after whatever is due now; how many turns that took."""
        practice = self.practice
        hooks = Hooks(
            address_for=lambda service: f"{self.hooks_at}/hooks/{service.provider}",
            digest=practice.keyring.channel_token_digest,
        )
        engine = Engine(
            store=practice.store,
            clock=practice.clock,
            policy=practice.policy,
            open_remote=self.open_remote,
            worker="one",
            hooks=hooks,
        )
        turns = Runners(engine=engine, runners=1).round()
        with self.store.snapshot() as tx:
            assert {each.trouble for each in tx.external_accounts.all()} <= {None}
        return turns

    def open_remote(self, account: ExternalAccount) -> Remote:
        """A known account, at the practice's own time; what is renewed of its credentials is kept."""
        vault = self.connector.vault
        credentials = vault.open(account.credentials, place=credentials_place(account.id))

        def keep(renewed: str) -> None:
            with self.store.transaction() as tx:
                secret_rotation.renew_credentials(tx, vault, account_id=account.id, known=credentials, renewed=renewed)

        app = self.door.app(account.service)
        return open_graph(app, credentials, keep=keep, clock=self.practice.clock)


class _Silent(WSGIRequestHandler):
    def log_request(self, *_arguments: object) -> None:
        """Nothing."""


@contextmanager
def served(application: Flask) -> Iterator[str]:
    """The application at an address that Microsoft can call."""
    with make_server(LOOPBACK, 0, application, threaded=True, request_handler=_Silent) as server:
        thread = Thread(target=partial(server.serve_forever, poll_interval=0.01))
        thread.start()
        try:
            yield f"http://{LOOPBACK}:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def a_microsoft_desk(store: Store, folder: Path, *, tenant: str = "common") -> Iterator[MicrosoftDesk]:
    """A practice with pages, and a Microsoft where maya has a personal account and one at work."""
    practice = a_practice(store)
    with graph_server(clock=practice.clock.now) as graph:
        graph.user(PERSONAL, personal=True)
        graph.user(AT_WORK)

        def issue(user: str, scopes: str) -> str:
            return graph.tokens.issue(user, scopes.split())

        with authority_server(issue, AuthorityState) as authority:
            (folder / "authorities.pem").write_text(authority.authorities, encoding="ascii")
            settings = Settings(
                microsoft=MicrosoftPart(
                    client_id=CLIENT_ID,
                    client_secret=CLIENT_SECRET,
                    tenant=tenant,
                    authority_url=authority.url,
                    graph_url=f"{graph.url}/v1.0",
                ),
                bridges=BridgesPart(allowed_addresses=(LOOPBACK,), ca_file=folder / "authorities.pem"),
            )
            connector = Connector(
                store=store,
                clock=practice.clock,
                policy=practice.policy,
                keyring=practice.keyring,
                vault=a_vault(store, folder),
                providers=ConfiguredProviders(settings),
            )
            application = pages_of(practice, connector)
            with served(application) as hooks_at:
                yield MicrosoftDesk(
                    practice=practice,
                    graph=graph,
                    authority=authority,
                    door=MicrosoftDoor(settings),
                    connector=connector,
                    application=application,
                    hooks_at=hooks_at,
                )
        assert graph.violations == []
        assert graph.world.mailed == []
