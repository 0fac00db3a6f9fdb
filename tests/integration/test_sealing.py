"""Sealing anew while others go on, and what must be there before hxdav starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from hxdav.domain.ids import ExternalAccountId
from hxdav.domain.integration import Service
from hxdav.errors import SecretsError
from hxdav.secrets.vault import Vault, key_id_of
from hxdav.services.practice import secret_rotation
from hxdav.store.sealed import credentials_place
from hxdav.store.store import Store
from tests.builders import NOON, a_practice


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "hxdav.vault", may_begin=lambda: True)


def add_account(store: Store, vault: Vault, credentials: str) -> ExternalAccountId:
    with store.transaction() as tx:
        (group, *_) = tx.people.practice_groups()
        account_id = tx.external_accounts.add(
            group.id, service=Service.CALDAV, subject=credentials, label=credentials, address="", now=NOON
        )
        sealed = vault.seal(credentials, place=credentials_place(account_id))
        tx.external_accounts.let_in(account_id, credentials=sealed, label=credentials, address="")
    return account_id


def stored(store: Store, account_id: ExternalAccountId) -> str:
    with store.snapshot() as tx:
        return tx.external_accounts.one(account_id).credentials


def opened(store: Store, vault: Vault, account_id: ExternalAccountId) -> str:
    return vault.open(stored(store, account_id), place=credentials_place(account_id))


def seal_anew(store: Store, vault: Vault, *, limit: int = 2) -> int:
    with store.transaction() as tx:
        return secret_rotation.seal_anew(tx, vault, limit=limit)


def drop_keys(store: Store, vault: Vault) -> int:
    with store.transaction() as tx:
        return secret_rotation.drop_keys(tx, vault)


def test_every_secret_is_sealed_with_the_new_key_some_at_a_time(store: Store, vault: Vault) -> None:
    a_practice(store)
    accounts = [add_account(store, vault, f"secret {number}") for number in range(5)]
    added = vault.add_key()

    turns = [seal_anew(store, vault) for _ in range(4)]
    dropped = drop_keys(store, vault)

    assert (turns, dropped) == ([2, 2, 1, 0], 1)
    assert [opened(store, vault, each) for each in accounts] == [f"secret {number}" for number in range(5)]
    with store.snapshot() as tx:
        assert secret_rotation.keys_in_use(tx) == {added}


def test_a_key_that_a_secret_still_needs_is_not_dropped(store: Store, vault: Vault) -> None:
    a_practice(store)
    account_id = add_account(store, vault, "secret")
    vault.add_key()

    assert drop_keys(store, vault) == 0
    assert opened(store, vault, account_id) == "secret"


def test_after_an_interruption_it_is_done_again_from_the_beginning(store: Store, vault: Vault) -> None:
    a_practice(store)
    accounts = [add_account(store, vault, f"secret {number}") for number in range(3)]
    vault.add_key()
    seal_anew(store, vault)

    added = vault.add_key()
    while seal_anew(store, vault):
        pass

    assert drop_keys(store, vault) == 2
    assert {key_id_of(stored(store, each)) for each in accounts} == {added}


def test_credentials_that_were_renewed_meanwhile_are_not_overwritten_by_old_ones(store: Store, vault: Vault) -> None:
    a_practice(store)
    account_id = add_account(store, vault, "old")
    vault.add_key()
    with store.snapshot() as tx:
        (before,) = tx.sealed.others(f"v1:{vault.sealing_key()}:", limit=1)
    with store.transaction() as tx:
        secret_rotation.renew_credentials(tx, vault, account_id=account_id, known="old", renewed="new")

    with store.transaction() as tx:
        tx.sealed.replace(before, vault.seal("old", place=before.place))

    assert opened(store, vault, account_id) == "new"


def test_renewed_credentials_are_kept_though_they_were_sealed_anew_meanwhile(store: Store, vault: Vault) -> None:
    a_practice(store)
    account_id = add_account(store, vault, "old")
    vault.add_key()
    seal_anew(store, vault)

    with store.transaction() as tx:
        secret_rotation.renew_credentials(tx, vault, account_id=account_id, known="old", renewed="new")

    assert opened(store, vault, account_id) == "new"


def test_what_the_person_brought_meanwhile_stands(store: Store, vault: Vault) -> None:
    a_practice(store)
    account_id = add_account(store, vault, "brought")

    with store.transaction() as tx:
        secret_rotation.renew_credentials(tx, vault, account_id=account_id, known="old", renewed="new")

    assert opened(store, vault, account_id) == "brought"


def test_a_forgotten_account_gets_no_credentials_back(store: Store, vault: Vault) -> None:
    a_practice(store)
    account_id = add_account(store, vault, "old")
    with store.transaction() as tx:
        tx.external_accounts.forget(account_id)

    with store.transaction() as tx:
        secret_rotation.renew_credentials(tx, vault, account_id=account_id, known="old", renewed="new")

    assert stored(store, account_id) == ""


def test_credentials_that_were_moved_to_another_account_do_not_open(sqlite_store: Store, vault: Vault) -> None:
    a_practice(sqlite_store)
    first, second = (add_account(sqlite_store, vault, each) for each in ("first", "second"))
    with sqlite_store.transaction() as tx:
        tx.external_accounts.renew(
            second, credentials=stored(sqlite_store, first), instead_of=stored(sqlite_store, second)
        )

    with pytest.raises(SecretsError):
        opened(sqlite_store, vault, second)
