"""An installation: settings, store and keys, each made of the settings when it is first asked for."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path

from hxdav import log
from hxdav.clock import SystemClock
from hxdav.config import Settings
from hxdav.domain.policy import Policy
from hxdav.domain.times import Clock
from hxdav.errors import ConfigurationError, SecretsError
from hxdav.secrets.keyring import Keyring, load_key, make_key
from hxdav.secrets.vault import Vault
from hxdav.services.practice import secret_rotation
from hxdav.store import health, schema
from hxdav.store.store import Store


class Installation:
    """What every part of hxdav starts from."""

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
            vault.require(secret_rotation.keys_in_use(tx))
        return vault

    def close(self) -> None:
        """Give all connections back."""
        if "any_store" in self.__dict__:
            self.any_store.close()

    def _has_no_secrets(self) -> bool:
        with self.store.snapshot() as tx:
            return not secret_rotation.keys_in_use(tx)

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
