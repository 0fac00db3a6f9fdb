"""``hxdav db``, ``backup``, ``restore`` and ``doctor``."""

from __future__ import annotations

import socket
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hxdav.cli.certificates import local_certificates
from hxdav.clock import SystemClock
from tests.builders import MovableClock
from tests.integration.cli.command_line import CommandLine
from tests.ports import free_port


def findings(hxdav: CommandLine) -> dict[str, dict[str, Any]]:
    return {row["check"]: row for row in hxdav.run("doctor", "--json").json}


def wrong(hxdav: CommandLine) -> list[str]:
    return [check for check, row in findings(hxdav).items() if not row["ok"]]


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def healthy(practice: CommandLine, port: int) -> CommandLine:
    """An installation with a practice, a key and a port that nobody has."""
    practice.config.write_text(f"[server]\nport = {port}\n")
    practice.set_password("maya")
    return practice


@pytest.fixture
def on_postgres(tmp_path: Path, fresh_postgres: str) -> CommandLine:
    """An installation on PostgreSQL."""
    return CommandLine(tmp_path, database_url=fresh_postgres)


def test_an_empty_database_is_told_how_to_be_made(tmp_path: Path) -> None:
    hxdav = CommandLine(tmp_path)

    checked, served = hxdav.run("db", "check"), hxdav.serve()
    hxdav.must("db", "upgrade")

    assert (checked.code, served.code) == (1, 1)
    assert "Run: hxdav db upgrade" in checked.err
    assert served.err == "hxdav: The database is empty. Run: hxdav db upgrade\n"
    assert hxdav.listed("db", "check")["differences"] == []


def test_the_database_and_the_key_are_for_their_owner_only(healthy: CommandLine) -> None:
    assert {
        each.name: each.stat().st_mode & 0o077 for each in healthy.folder.iterdir() if each.suffix in {".db", ".key"}
    } == {"hxdav.db": 0, "hxdav.key": 0}


def test_everything_works_on_postgresql(on_postgres: CommandLine) -> None:
    on_postgres.must("db", "upgrade")
    assert on_postgres.apply().code == 0
    on_postgres.must("subscriptions", "buy", "maya", "--yes")
    on_postgres.set_password("maya")
    on_postgres.must("appointments", "add", "--practitioner", "maya", "--start", "2026-12-01 09:00")
    file = on_postgres.folder / "backup.zip"

    on_postgres.must("backup", file)
    on_postgres.must("appointments", "cancel", "1", "--yes")
    on_postgres.must("restore", file, "--yes")

    assert [row["status"] for row in on_postgres.listed("appointments", "list")] == ["booked"]
    assert on_postgres.as_user("maya", "integrations", "add").code == 0
    assert on_postgres.listed("db", "check")["differences"] == []
    on_postgres.must("db", "reindex")


def test_a_restore_into_data_wants_a_confirmation(healthy: CommandLine) -> None:
    file = healthy.folder / "backup.zip"
    healthy.must("backup", file)
    healthy.apply("", "--yes")

    refused = healthy.run("restore", file)
    healthy.must("restore", file, "--yes")

    assert refused.code == 1
    assert "--yes" in refused.err
    assert all(row["enabled"] for row in healthy.listed("accounts", "list"))


def test_a_restore_elsewhere_says_that_the_key_is_missing(healthy: CommandLine, tmp_path: Path) -> None:
    file = healthy.folder / "backup.zip"
    healthy.must("backup", file)
    (tmp_path / "elsewhere").mkdir()
    elsewhere = CommandLine(tmp_path / "elsewhere")
    elsewhere.must("db", "upgrade")

    done = elsewhere.must("restore", file)
    served = elsewhere.serve()
    (elsewhere.folder / "hxdav.key").write_text("ab" * 32)

    assert "key file" in done.err
    assert "cannot be read" in served.err
    assert "is not the one that this database was used with" in elsewhere.run("accounts", "invite", "maya").err


@pytest.mark.parametrize("content", [b"", b"no zip"])
def test_what_is_no_backup_is_a_sentence(healthy: CommandLine, content: bytes) -> None:
    file = healthy.folder / "other.zip"
    file.write_bytes(content)

    assert healthy.run("restore", file, "--yes").err == f"hxdav: {file} is not a backup of hxdav.\n"


def test_a_sound_installation_passes_every_check(healthy: CommandLine) -> None:
    assert wrong(healthy) == []
    assert healthy.must("doctor").out.count("✓") == len(findings(healthy))


def test_a_disk_without_room_is_told(healthy: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hxdav.store.health.LEAST_ROOM", 1 << 62)

    assert wrong(healthy) == ["database"]
    assert findings(healthy)["database"]["mend"] == "Make room on that disk."


def test_a_key_that_others_can_read_is_told(healthy: CommandLine) -> None:
    (healthy.folder / "hxdav.key").chmod(0o644)

    assert wrong(healthy) == ["key"]
    assert findings(healthy)["key"]["mend"].startswith("Run: chmod 600")


def test_a_key_of_another_installation_is_told(healthy: CommandLine) -> None:
    (healthy.folder / "hxdav.key").write_text("ab" * 32)

    assert wrong(healthy) == ["key"]


def test_a_missing_key_is_told(healthy: CommandLine) -> None:
    (healthy.folder / "hxdav.key").unlink()

    assert wrong(healthy) == ["key"]


def test_settings_that_are_not_understood_are_told(healthy: CommandLine) -> None:
    healthy.config.write_text("[serve]\n")

    assert wrong(healthy) == ["settings"]


def test_a_database_that_is_not_there_is_told(tmp_path: Path) -> None:
    hxdav = CommandLine(tmp_path, database_url="postgresql+psycopg://nobody@127.0.0.1:1/none")

    assert {"database", "schema"} <= set(wrong(hxdav))
    assert hxdav.run("appointments", "list").err.startswith("hxdav: The database cannot be opened: ")


def test_a_port_that_a_stranger_has_is_told(healthy: CommandLine, port: int) -> None:
    with socket.create_server(("127.0.0.1", port)):
        assert wrong(healthy) == ["port"]


def test_an_open_address_without_public_url_is_told(healthy: CommandLine, port: int) -> None:
    healthy.config.write_text(f'[server]\nhost = "0.0.0.0"\nport = {port}\n')

    assert wrong(healthy) == ["public url"]


def test_a_public_address_without_encryption_is_told(healthy: CommandLine, port: int) -> None:
    settings = f'[server]\nhost = "0.0.0.0"\nport = {port}\npublic_url = "{{}}"\n'
    healthy.config.write_text(settings.format("http://calendar.example"))
    plain = wrong(healthy)
    healthy.config.write_text(settings.format("http://localhost:5232"))

    assert (plain, wrong(healthy)) == (["public url"], [])


@pytest.mark.parametrize(("network", "found"), [("0.0.0.0/0", ["proxies"]), ("::/0", ["proxies"]), ("10.0.0.0/8", [])])
def test_believing_everybody_is_told(healthy: CommandLine, port: int, network: str, found: list[str]) -> None:
    healthy.config.write_text(f'[server]\nport = {port}\ntrusted_proxies = ["{network}"]\n')

    assert wrong(healthy) == found


@pytest.mark.parametrize(
    ("mode", "secret", "found"),
    [(0o666, "", ["settings"]), (0o644, "", []), (0o644, "p", ["settings"]), (0o600, "p", [])],
)
def test_settings_that_others_can_change_or_that_give_a_password_away_are_told(
    healthy: CommandLine, mode: int, secret: str, found: list[str]
) -> None:
    if secret:
        google = f'[google]\nclient_id = "c"\nclient_secret = "{secret}"\n'
        healthy.config.write_text(healthy.config.read_text() + google)
    healthy.config.chmod(mode)

    assert wrong(healthy) == found


@pytest.mark.parametrize(
    ("folder", "file", "found"), [(0o755, 0o644, ["database"]), (0o700, 0o644, []), (0o755, 0o600, [])]
)
def test_a_database_that_others_can_read_is_told(
    healthy: CommandLine, folder: int, file: int, found: list[str]
) -> None:
    healthy.folder.chmod(folder)
    (healthy.folder / "hxdav.db").chmod(file)

    assert wrong(healthy) == found


@pytest.mark.parametrize(
    "text", ["[[practice_groups]\n", '[[practice_groups]]\nkey = "Harbour street"\nname = "H"\nzone = "Mars"\n']
)
def test_an_accounts_file_that_cannot_be_applied_is_told(healthy: CommandLine, text: str) -> None:
    (healthy.folder / "accounts.toml").write_text(text)

    assert wrong(healthy) == ["accounts"]


def test_a_clock_far_behind_or_ahead_of_the_last_entry_is_told(
    healthy: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for years in (-1, 10):
        clock = MovableClock(datetime.now(UTC) + timedelta(days=365 * years))
        monkeypatch.setattr(SystemClock, "now", lambda _, clock=clock: clock.now())
        found.append([each for each in wrong(healthy) if each != "port"])

    assert found == [["clock"], ["clock"]]


def test_damage_is_told_with_the_commands_that_restore_a_backup(healthy: CommandLine) -> None:
    file = healthy.folder / "hxdav.db"
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode=DELETE")
    whole = file.read_bytes()
    for damaged in (b"no database" * 1000, whole[:8192] + b"\xff" * (len(whole) - 8192)):
        file.write_bytes(damaged)

        told = findings(healthy)["database"]

        assert not told["ok"]
        assert f"move {file} aside, then run: hxdav db upgrade && hxdav restore BACKUP" in told["mend"]


def test_certificates_are_checked(healthy: CommandLine, port: int) -> None:
    files = local_certificates(healthy.folder / "tls")
    settings = f'[server]\nport = {port}\n[server.tls]\ncertificate = "{files.certificate}"\nkey = '
    healthy.config.write_text(f'{settings}"{files.key}"\n')
    good = wrong(healthy)
    healthy.config.write_text(f'{settings}"{healthy.folder}/tls/ca-key.pem"\n')
    unfitting = wrong(healthy)
    files.certificate.write_text("no certificate")
    unreadable = wrong(healthy)

    assert (good, unfitting, unreadable) == ([], ["tls"], ["tls"])


def test_local_certificates_are_made_once(tmp_path: Path) -> None:
    first = local_certificates(tmp_path / "tls")
    contents = [path.read_bytes() for path in (first.authority, first.certificate, first.key)]

    second = local_certificates(tmp_path / "tls")

    assert [path.read_bytes() for path in (second.authority, second.certificate, second.key)] == contents
