"""``hxdav accounts passkeys``: what an administrator does for somebody who has lost everything."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from hxdav.domain.passkey import MadePasskey
from hxdav.store.store import Store
from tests.integration.cli.command_line import CommandLine

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def with_passkey(practice: CommandLine) -> CommandLine:
    """An installation in which maya has a passkey and robin has none."""
    store = a_store(practice.folder)
    with store.transaction() as tx:
        maya = tx.people.user_named("maya")
        assert maya is not None
        made = MadePasskey(credential_id=b"c", public_key=b"k", counter=0)
        tx.passkeys.add(maya, made=made, name="Phone", now=NOW)
        tx.recovery_codes.replace(maya, digests=["d"], now=NOW)
        tx.web_sessions.add(maya, digest="s", agent="Firefox", now=NOW)
    store.close()
    return practice


def a_store(folder: Path) -> Store:
    (database,) = folder.rglob("hxdav.db")
    return Store(f"sqlite:///{database}")


def kept(folder: Path) -> list[int]:
    """How many passkeys, codes and sessions there are."""
    store = a_store(folder)
    with store.snapshot() as tx:
        tables = ("passkey", "recovery_code", "web_session")
        counts = [tx.connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() for table in tables]
    store.close()
    return counts


def test_passkeys_are_taken_away_with_codes_and_sessions(with_passkey: CommandLine) -> None:
    done = with_passkey.must("accounts", "passkeys", "remove", "maya", "--yes")

    assert "Passkeys taken away from maya: 1." in done.err
    assert kept(with_passkey.folder) == [0, 0, 0]
    exported = with_passkey.must("audit", "export").out
    assert "passkeys_taken_away" in exported


def test_nothing_is_taken_away_before_somebody_has_said_so(with_passkey: CommandLine) -> None:
    done = with_passkey.run("accounts", "passkeys", "remove", "maya", typed="n\n")

    assert done.code != 0
    assert kept(with_passkey.folder) == [1, 1, 1]


@pytest.mark.parametrize(("username", "told"), [("robin", "has no passkeys"), ("nobody", "There is no user nobody")])
def test_whoever_has_none_is_told(with_passkey: CommandLine, username: str, told: str) -> None:
    done = with_passkey.run("accounts", "passkeys", "remove", username, "--yes")

    assert (done.code, told in done.err) == (1, True)
