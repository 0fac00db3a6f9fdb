"""Accounts elsewhere as an installation has them: what connects them, and what makes their bridges converge."""

from __future__ import annotations

import os
import secrets
import socket
from datetime import timedelta
from functools import cached_property

from hxdav.bootstrap.installation import Installation
from hxdav.bootstrap.providers import ConfiguredProviders
from hxdav.connect.connector import Connector
from hxdav.domain.bridge import ExternalAccount
from hxdav.remote import Remote
from hxdav.services.practice import secret_rotation
from hxdav.store.sealed import credentials_place
from hxdav.sync.channels import Hooks
from hxdav.sync.engine import Engine


class BridgeParts:
    """Each part is made when it is first asked for."""

    def __init__(self, here: Installation) -> None:
        self._here = here

    @cached_property
    def providers(self) -> ConfiguredProviders:
        """The services elsewhere, as they are set up here."""
        return ConfiguredProviders(self._here.settings)

    @cached_property
    def connector(self) -> Connector:
        """What connects accounts elsewhere."""
        here = self._here
        return Connector(
            store=here.store,
            clock=here.clock,
            policy=here.policy,
            keyring=here.keyring,
            vault=here.vault,
            providers=self.providers,
        )

    @cached_property
    def engine(self) -> Engine:
        """What makes bridges converge, for this process among others."""
        here = self._here
        public_url = here.settings.server.public_url
        hooks = Hooks(
            address_for=lambda service: f"{public_url}/hooks/{service.provider}",
            digest=here.keyring.channel_token_digest,
        )
        return Engine(
            store=here.store,
            clock=here.clock,
            policy=here.policy,
            open_remote=self.open_remote,
            worker=f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}",
            hooks=hooks if public_url else None,
            lease=timedelta(seconds=here.settings.bridges.lease_seconds),
            patience=timedelta(seconds=here.settings.bridges.patience_seconds),
        )

    def open_remote(self, account: ExternalAccount) -> Remote:
        """A known account, for one thread; what its provider renews of the credentials is kept."""
        here = self._here
        known = here.vault.open(account.credentials, place=credentials_place(account.id))

        def keep(renewed: str) -> None:
            nonlocal known
            with here.store.transaction() as tx:
                secret_rotation.renew_credentials(tx, here.vault, account_id=account.id, known=known, renewed=renewed)
            known = renewed

        return self.providers.open(
            account.service, address=account.address, credentials=known, keep=keep, account=str(account.id)
        )
