"""An installation: its parts, each made of the settings when it is first asked for."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hxdav import log
from hxdav.bootstrap.providers import ConfiguredProviders
from hxdav.bootstrap.request_log import RequestLog, WsgiApplication
from hxdav.clock import SystemClock
from hxdav.config import Settings
from hxdav.config.accounts_file import read_accounts
from hxdav.dav.application import make_application
from hxdav.domain.bridge import ExternalAccount
from hxdav.domain.policy import Policy
from hxdav.domain.times import Clock
from hxdav.errors import ConfigurationError, SecretsError
from hxdav.mail.outbox import Outbox
from hxdav.net.proxies import believe_proxies, networks
from hxdav.remote import Remote
from hxdav.secrets.keyring import Keyring, load_key, make_key
from hxdav.secrets.vault import Vault
from hxdav.services import sealing
from hxdav.services.accounts import WantedPracticeGroup
from hxdav.store import health, schema
from hxdav.store.sealed import credentials_place
from hxdav.store.store import Store
from hxdav.sync.channels import Hooks
from hxdav.sync.connecting import Connector
from hxdav.sync.engine import Engine
from hxdav.sync.listening import Listening
from hxdav.worker.listeners import Listeners
from hxdav.worker.runners import Runners
from hxdav.worker.worker import Worker

if TYPE_CHECKING:
    from hxdav.web.metrics import MetricsListener


class Installation:
    """An installation of hxdav by its settings: each part is made when it is first asked for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock: Clock = SystemClock()
        self.policy: Policy = settings.rules.policy()
        # Whatever hxdav writes is health data or a secret: nobody else on the machine reads it.
        os.umask(0o077)
        log.configure(level=settings.log.level, as_json=settings.log.format == "json")

    @cached_property
    def any_store(self) -> Store:
        """The store, whatever schema it is at: for those that make, check or replace it."""
        if self.settings.database.url.startswith("sqlite:"):
            _make_folder(self.settings.data_dir)
        store = Store(self.settings.database.url)
        health.require_answer(store)
        return store

    @cached_property
    def store(self) -> Store:
        """The store; raises SchemaOutOfDate where it is not at this version's schema."""
        with self.any_store.snapshot() as tx:
            schema.require_current(tx)
        return self.any_store

    @cached_property
    def keyring(self) -> Keyring:
        """The installation's key: made on first use, and from then on only ever the same."""
        with self.store.snapshot() as tx:
            proof = tx.installation.key_proof()
        if proof is None:
            return self._first_keyring()
        keyring = load_key(self.settings.key_file)
        if keyring.proof != proof:
            raise SecretsError(
                f"The key in {self.settings.key_file} is not the one that this database was used with. "
                "Put the installation's own key back there."
            )
        return keyring

    @cached_property
    def vault(self) -> Vault:
        """What seals and opens secrets; raises SecretsError where a stored one could not be opened."""
        vault = Vault(self.settings.vault_file, may_begin=self._has_no_secrets)
        with self.store.snapshot() as tx:
            vault.require(sealing.keys_in_use(tx))
        return vault

    @cached_property
    def providers(self) -> ConfiguredProviders:
        """The services elsewhere, as they are set up here."""
        return ConfiguredProviders(self.settings)

    @cached_property
    def connector(self) -> Connector:
        """What connects accounts elsewhere."""
        return Connector(
            store=self.store,
            clock=self.clock,
            policy=self.policy,
            keyring=self.keyring,
            vault=self.vault,
            providers=self.providers,
        )

    def open_remote(self, account: ExternalAccount) -> Remote:
        """A known account, for one thread; what its provider renews of the credentials is kept."""
        known = self.vault.open(account.credentials, place=credentials_place(account.id))

        def keep(renewed: str) -> None:
            nonlocal known
            with self.store.transaction() as tx:
                sealing.renew_credentials(tx, self.vault, account_id=account.id, known=known, renewed=renewed)
            known = renewed

        return self.providers.open(
            account.service, address=account.address, credentials=known, keep=keep, account=str(account.id)
        )

    @cached_property
    def outbox(self) -> Outbox | None:
        """What mails notifications; None where the settings name no mail server."""
        mail = self.settings.mail_settings()
        return Outbox(store=self.store, clock=self.clock, settings=mail) if mail.is_on else None

    @cached_property
    def worker(self) -> Worker:
        """What does what is due by the clock; to be started, or asked for one round."""
        return Worker(
            store=self.store,
            clock=self.clock,
            policy=self.policy,
            outbox=self.outbox,
            runners=Runners(engine=self.engine, runners=self.settings.bridges.runners),
            listeners=self._listeners(),
        )

    @cached_property
    def engine(self) -> Engine:
        """What makes bridges converge, for this process among others."""
        public_url = self.settings.server.public_url
        hooks = Hooks(
            address_for=lambda service: f"{public_url}/hooks/{service.provider}",
            digest=self.keyring.channel_token_digest,
        )
        return Engine(
            store=self.store,
            clock=self.clock,
            policy=self.policy,
            open_remote=self.open_remote,
            worker=f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}",
            hooks=hooks if public_url else None,
            lease=timedelta(seconds=self.settings.bridges.lease_seconds),
            patience=timedelta(seconds=self.settings.bridges.patience_seconds),
        )

    def _listeners(self) -> Listeners | None:
        most = self.settings.bridges.listeners
        if not most:
            return None
        listening = Listening(
            store=self.store,
            clock=self.clock,
            open_remote=self.open_remote,
            worker=self.engine.worker,
            lease=self.engine.lease,
        )
        return Listeners(listening=listening, most=most)

    @cached_property
    def metrics(self) -> MetricsListener | None:
        """What serves the numbers; None where the settings name no port for them."""
        settings = self.settings.metrics
        if settings.port is None:
            return None
        from hxdav.web.metrics import MetricsListener  # noqa: PLC0415

        return MetricsListener(store=self.store, clock=self.clock, host=str(settings.host), port=settings.port)

    def application(self) -> WsgiApplication:
        """The WSGI application, with the worker beside it, and whatever serves the numbers."""
        calendars = make_application(
            store=self.store,
            keyring=self.keyring,
            clock=self.clock,
            policy=self.policy,
            settings=self.settings.dav_settings(),
        )
        application = RequestLog(self._with_pages(calendars), is_on=self.settings.log.requests)
        self.worker.start()
        if self.metrics is not None:
            self.metrics.start()
        return application

    def close(self) -> None:
        """Stop what runs beside the requests, and give all connections back."""
        if "worker" in self.__dict__:
            self.worker.stop()
        if self.__dict__.get("metrics") is not None:
            self.__dict__["metrics"].stop()
        if "any_store" in self.__dict__:
            self.any_store.close()

    def _with_pages(self, calendars: WsgiApplication) -> WsgiApplication:
        """One application of two: the calendars, but for what pages and hooks answer."""
        # It takes a while, which most commands can do without.
        from hxdav.web.application import BEGINNINGS, make_web  # noqa: PLC0415
        from hxdav.web.operations import PROBES  # noqa: PLC0415
        from hxdav.web.settings import WebBackend  # noqa: PLC0415

        pages = make_web(
            WebBackend(
                store=self.store,
                clock=self.clock,
                policy=self.policy,
                keyring=self.keyring,
                connector=self.connector,
                channel_digest=self.keyring.channel_token_digest,
                public_url=self.settings.server.url,
                calendars_url=f"{self.settings.server.url}{self.settings.dav.prefix}",
                wanted_accounts=self._wanted_accounts,
            )
        )
        trusted = networks(str(each) for each in self.settings.server.trusted_proxies)

        def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            # This is in the way of every poll, so it is two comparisons.
            path = environ.get("PATH_INFO", "")
            if not path.startswith(BEGINNINGS) and path not in PROBES:
                return calendars(environ, start_response)
            believe_proxies(environ, trusted)
            return pages(environ, start_response)

        return application

    def _wanted_accounts(self) -> list[WantedPracticeGroup] | None:
        file = self.settings.accounts_file
        return read_accounts(file) if file.exists() else None

    def _has_no_secrets(self) -> bool:
        with self.store.snapshot() as tx:
            return not sealing.keys_in_use(tx)

    def _first_keyring(self) -> Keyring:
        path = self.settings.key_file
        # The transaction lets one process at a time in here, so that two do not make a key each.
        with self.store.transaction() as tx:
            keyring = load_key(path) if path.exists() else make_key(path)
            tx.installation.keep_key_proof(keyring.proof)
        return keyring


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"The data folder {path} cannot be made: {error.strerror}.") from error
