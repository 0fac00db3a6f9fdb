"""Sealing anew: every stored secret, after the vault got another key, and what must be there before hxdav starts."""

from __future__ import annotations

from hxdav.domain.ids import ExternalAccountId
from hxdav.secrets.vault import FORMAT, SEAL_LETTERS, Vault, key_id_of
from hxdav.store.sealed import credentials_place
from hxdav.store.store import Tx

AT_ONCE = 200
"""How many secrets one transaction seals at most (docs/store.md, Contention)."""


def keys_in_use(tx: Tx) -> set[str]:
    """The ids of the keys with which stored secrets are sealed."""
    return {key_id_of(beginning) for beginning in tx.sealed.beginnings(SEAL_LETTERS)}


def seal_anew(tx: Tx, vault: Vault, *, limit: int = AT_ONCE) -> int:
    """Seal secrets with the vault's last key that are sealed with another, at most ``limit``; how many.

    To be repeated, each time in another transaction, until there are none.
    """
    tx.sealed.hold()
    others = tx.sealed.others(f"{FORMAT}:{vault.sealing_key()}:", limit=limit)
    for each in others:
        tx.sealed.replace(each, vault.seal(vault.open(each.text, place=each.place), place=each.place))
    return len(others)


def renew_credentials(tx: Tx, vault: Vault, *, account_id: ExternalAccountId, known: str, renewed: str) -> None:
    """Store credentials that the provider has renewed, unless the person has brought others meanwhile."""
    tx.sealed.hold()
    place = credentials_place(account_id)
    is_stored = False
    while not is_stored:
        present = tx.external_accounts.one(account_id).credentials
        if not present or vault.open(present, place=place) != known:
            return
        # They may have been sealed anew between these two.
        sealed = vault.seal(renewed, place=place)
        is_stored = tx.external_accounts.renew(account_id, credentials=sealed, instead_of=present)


def drop_keys(tx: Tx, vault: Vault) -> int:
    """Take the keys out of the vault that no stored secret needs; how many. Nobody seals meanwhile."""
    tx.sealed.hold(alone=True)
    return vault.drop_keys(without=keys_in_use(tx))
