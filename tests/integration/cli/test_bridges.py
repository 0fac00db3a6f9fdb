"""``hxdav integrations`` for accounts elsewhere, and ``hxdav secrets``: what a person does at the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from werkzeug.test import Client

from hxdav.bootstrap.bridges import BridgeParts
from hxdav.bootstrap.installation import Installation
from hxdav.bootstrap.serving import Serving
from hxdav.config import CONFIG_VARIABLE, load_settings
from tests.commands import Done
from tests.integration.cli.command_line import ACCOUNTS, WEB_PASSWORD, CommandLine
from tests.simulators.caldav.servers import CaldavAccount, a_radicale
from tests.simulators.google.server import google_server
from tests.simulators.google.simulator import GoogleSimulator
from tests.waiting import PATIENCE_SECONDS

MAYA = "maya@mail.example"
PUBLIC_URL = "https://hx.example"


@pytest.fixture(scope="module")
def radicale() -> Iterator[CaldavAccount]:
    with a_radicale() as account:
        yield account


@pytest.fixture
def maya(practice: CommandLine) -> CommandLine:
    """An installation in which maya logs in, and servers on this machine may be called."""
    practice.set_password("maya")
    practice.set_password("robin")
    configure(practice, '[bridges]\nallowed_addresses = ["127.0.0.1"]\n')
    return practice


def configure(hxdav: CommandLine, text: str) -> None:
    hxdav.config.write_text(hxdav.config.read_text(encoding="utf-8") + text, encoding="utf-8")


def add(hxdav: CommandLine, *arguments: str, password: str = "") -> Done:
    """Connect with the password typed after maya's own."""
    command = ("integrations", "add", "--as", "maya", "--password-stdin", "--app-password-stdin", *arguments)
    return hxdav.run(*command, typed=f"{WEB_PASSWORD}\n{password}\n")


def add_caldav(hxdav: CommandLine, account: CaldavAccount, *arguments: str, password: str | None = None) -> Done:
    told = ("--service", "caldav", "--url", account.url, "--account", account.username)
    return add(hxdav, *told, *arguments, password=password or account.password)


def test_a_caldav_account_is_connected_with_its_password(maya: CommandLine, radicale: CaldavAccount) -> None:
    done = add_caldav(maya, radicale)
    (row,) = maya.listed("integrations", "list")

    assert done.code == 0, done.err
    assert f"Connected HX_Harbour Street Psychology in {radicale.username}" in done.err
    assert (row["service"], row["state"], row["bridge"]) == ("caldav", "connected", "making")
    assert (row["account"], row["url"]) == (radicale.username, None)
    assert radicale.password not in done.out + done.err


def test_a_wrong_password_is_told_at_once_and_nothing_is_kept(maya: CommandLine, radicale: CaldavAccount) -> None:
    done = add_caldav(maya, radicale, password="wrong")

    assert done.code == 1
    assert done.err.startswith("hxdav: ")
    assert "wrong" not in done.err.replace("wrong password", "")
    assert maya.listed("integrations", "list") == []
    assert not (maya.folder / "hxdav.vault").exists()


def test_a_server_that_is_not_public_is_called_only_where_it_is_allowed(
    maya: CommandLine, radicale: CaldavAccount
) -> None:
    maya.config.write_text("", encoding="utf-8")

    done = add_caldav(maya, radicale)

    assert done.code == 1
    assert "allowed" in done.err


@pytest.mark.parametrize(
    ("arguments", "password", "sentence"),
    [
        (("--service", "caldav", "--account", "a"), "p", "Say with --url"),
        (("--service", "icloud", "--url", "https://a.example", "--account", "a"), "p", "leave --url out"),
        (("--service", "icloud"), "p", "say it with --account"),
        (("--service", "icloud", "--account", "a@icloud.example"), "my usual password", "app-specific password"),
        (("--service", "google"), "", "set public_url"),
    ],
)
def test_what_is_missing_is_told(maya: CommandLine, arguments: tuple[str, ...], password: str, sentence: str) -> None:
    done = add(maya, *arguments, password=password)

    assert done.code == 1
    assert sentence in done.err
    assert "usual" not in done.err


def test_google_has_to_be_set_up(maya: CommandLine) -> None:
    configure(maya, f'[server]\npublic_url = "{PUBLIC_URL}"\n')

    assert "set client_id and client_secret in [google]" in add(maya, "--service", "google").err


def test_an_administrator_connects_no_account_for_another(maya: CommandLine) -> None:
    done = maya.as_user("robin", "integrations", "add", "--service", "google", "--practitioner", "maya")

    assert "robin is not the login of maya" in done.err


def test_a_bridge_is_paused_resumed_looked_at_told_less_and_removed(maya: CommandLine, radicale: CaldavAccount) -> None:
    add_caldav(maya, radicale)
    number = str(maya.listed("integrations", "list")[0]["id"])

    def bridge() -> str:
        return str(maya.listed("integrations", "list")[0]["bridge"])

    paused = maya.as_user("maya", "integrations", "pause", number)
    state = bridge()
    asked = maya.run("integrations", "sync-now", number)
    resumed = maya.as_user("maya", "integrations", "resume", number)
    looked = maya.as_user("robin", "integrations", "sync-now", number)
    loosened = maya.as_user("maya", "integrations", "privacy", number, "full")
    tightened = maya.as_user("maya", "integrations", "privacy", number, "busy")
    removed = maya.as_user("maya", "integrations", "remove", number, "--yes")

    assert (paused.code, state, asked.code) == (0, "stopped", 1)
    assert f"hxdav integrations resume {number}" in asked.err
    assert (resumed.code, looked.code, bridge()) == (0, 0, "making")
    assert 'no more than "appointment"' in loosened.err
    assert (tightened.code, removed.code) == (0, 0)
    assert "stays in its account" in removed.err


def test_of_what_is_not_there_nothing_is_looked_at(maya: CommandLine) -> None:
    assert maya.run("integrations", "sync-now", "7").err == "hxdav: There is no integration 7.\n"


def test_only_its_own_practitioner_pauses_a_bridge(maya: CommandLine, radicale: CaldavAccount) -> None:
    add_caldav(maya, radicale)
    number = str(maya.listed("integrations", "list")[0]["id"])

    assert maya.as_user("robin", "integrations", "pause", number).code == 1


@pytest.fixture
def google() -> Iterator[GoogleSimulator]:
    with google_server() as google:
        google.user(MAYA)
        google.authority.consent.user = MAYA
        yield google
        assert google.violations == []


def test_google_is_connected_by_a_browser_while_the_command_waits(maya: CommandLine, google: GoogleSimulator) -> None:
    configure(maya, settings_of(google))
    with waiting_for_consent(maya, "--privacy", "busy", "--json") as waiting, serving(maya) as server:
        answer = server.get(consented(consent_page(waiting)))
        out, err = waiting.communicate(timeout=PATIENCE_SECONDS)
        front_door = server.get("/")

    assert (answer.status_code, waiting.returncode) == (200, 0), err
    assert MAYA in answer.text
    (row,) = json.loads(out)
    assert (row["service"], row["account"], row["state"]) == ("google", MAYA, "connected")
    assert "CalDAV server" in front_door.text


def test_who_says_no_ends_the_waiting_command_with_a_sentence(maya: CommandLine, google: GoogleSimulator) -> None:
    google.authority.consent.denies = True
    configure(maya, settings_of(google))
    with waiting_for_consent(maya) as waiting, serving(maya) as server:
        answer = server.get(consented(consent_page(waiting)))
        _, err = waiting.communicate(timeout=PATIENCE_SECONDS)

    assert (answer.status_code, waiting.returncode) == (400, 1)
    assert "Continue" in err


@contextmanager
def waiting_for_consent(hxdav: CommandLine, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command in a process of its own, as it waits for the person to come back."""
    command = [sys.executable, "-m", "hxdav", "integrations", "add", "--as", "maya", "--password-stdin"]
    waiting = subprocess.Popen(
        [*command, "--service", "google", *arguments],
        env={**os.environ, CONFIG_VARIABLE: str(hxdav.config)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with waiting:
        assert waiting.stdin
        waiting.stdin.write(f"{WEB_PASSWORD}\n")
        waiting.stdin.flush()
        try:
            yield waiting
        finally:
            waiting.kill()


@contextmanager
def serving(hxdav: CommandLine) -> Iterator[Client]:
    """The whole application, worker and all, as a browser sees it."""
    with closing(Serving(load_settings(hxdav.config))) as process:
        yield Client(process.application())


def consent_page(waiting: subprocess.Popen[str]) -> str:
    assert waiting.stderr
    return next(line.strip() for line in waiting.stderr if line.startswith("http"))


def settings_of(google: GoogleSimulator) -> str:
    return f"""\
[server]
public_url = "{PUBLIC_URL}"
[google]
client_id = "{google.application.client_id}"
client_secret = "{google.application.client_secret}"
auth_url = "{google.url}/o/oauth2/v2/auth"
token_url = "{google.url}/token"
revoke_url = "{google.url}/revoke"
api_url = "{google.url}"
"""


def consented(page: str) -> str:
    """Where Google sends the browser back to: a path with its query."""
    with httpx.Client(trust_env=False) as browser:
        return browser.get(page).headers["Location"].removeprefix(PUBLIC_URL)


def test_secrets_are_sealed_with_a_new_key(maya: CommandLine, radicale: CaldavAccount) -> None:
    add_caldav(maya, radicale)
    before = keys(maya)

    done = maya.must("secrets", "rotate")

    assert "1 secrets are sealed with a new key; 1 old ones are dropped" in done.err
    assert (len(before), len(keys(maya)), set(before) & set(keys(maya))) == (1, 1, set())
    with closing(Installation(load_settings(maya.config))) as here:
        with here.store.snapshot() as tx:
            (account,) = tx.external_accounts.all()
        with closing(BridgeParts(here).open_remote(account)) as remote:
            assert remote.identify().label == radicale.username


def test_a_running_process_opens_what_was_sealed_anew_meanwhile(maya: CommandLine, radicale: CaldavAccount) -> None:
    add_caldav(maya, radicale)
    with closing(Installation(load_settings(maya.config))) as running:
        with running.store.snapshot() as tx:
            (account,) = tx.external_accounts.all()
        bridges = BridgeParts(running)
        bridges.open_remote(account).close()

        maya.must("secrets", "rotate")

        with running.store.snapshot() as tx:
            (account,) = tx.external_accounts.all()
        with closing(bridges.open_remote(account)) as remote:
            assert remote.identify().label == radicale.username


@pytest.mark.parametrize("command", [("serve",), ("worker",), ("secrets", "rotate")])
def test_without_the_vault_nothing_starts_and_none_is_made(
    maya: CommandLine, radicale: CaldavAccount, command: tuple[str, ...]
) -> None:
    add_caldav(maya, radicale)
    (maya.folder / "hxdav.vault").unlink()

    done = maya.serve() if command == ("serve",) else maya.run(*command)
    finding = found(maya, "vault")

    assert done.code == 1
    assert "hxdav.vault is missing" in done.err
    assert (finding["ok"], "is missing" in finding["found"]) == (False, True)
    assert not (maya.folder / "hxdav.vault").exists()


def test_another_installations_vault_does_not_do(maya: CommandLine, radicale: CaldavAccount, tmp_path: Path) -> None:
    add_caldav(maya, radicale)
    vault = maya.folder / "hxdav.vault"
    own = vault.read_text(encoding="ascii")
    maya.must("secrets", "rotate")

    vault.write_text(own, encoding="ascii")

    assert "does not hold the key" in maya.run("worker").err
    assert not found(maya, "vault")["ok"]


def test_doctor_says_how_the_vault_stands(maya: CommandLine, radicale: CaldavAccount) -> None:
    before = found(maya, "vault")
    add_caldav(maya, radicale)
    after = found(maya, "vault")
    (maya.folder / "hxdav.vault").chmod(0o644)

    assert (before["ok"], after["ok"]) == (True, True)
    assert "others can read it" in found(maya, "vault")["found"]


def test_a_backup_says_that_the_vault_is_kept_apart(maya: CommandLine, radicale: CaldavAccount) -> None:
    add_caldav(maya, radicale)
    done = maya.must("backup", maya.folder / "backup.zip")
    (maya.folder / "hxdav.vault").unlink()

    restored = maya.must("restore", maya.folder / "backup.zip", "--yes")

    assert "hxdav.vault" in done.err
    assert "One thing is left to do. The vault" in restored.err


PRIVACY = '\n[practice_groups.privacy]\n{}\n[[practice_groups.clinics]]\nkey = "main"'


def with_privacy(lines: str) -> str:
    return ACCOUNTS.replace('\n[[practice_groups.clinics]]\nkey = "main"', PRIVACY.format(lines))


def test_how_much_services_are_told_is_in_the_accounts_file(practice: CommandLine) -> None:
    foreseen = practice.apply(with_privacy('google = "full"\nicloud = "initials"'), "--dry-run")
    applied = practice.apply(with_privacy('google = "full"\nicloud = "initials"'))
    again = practice.apply(with_privacy('google = "full"\nicloud = "initials"'))

    assert "privacy: none → google full, icloud initials" in foreseen.out
    assert applied.code == 0
    assert "as the file says" in again.err


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ('google = "everything"', "is not usable"),
        ('hotmail = "full"', "hotmail"),
        ('native = "busy"', 'no level of privacy for "native"'),
    ],
)
def test_a_level_or_a_service_that_is_none_is_refused(practice: CommandLine, lines: str, sentence: str) -> None:
    done = practice.apply(with_privacy(lines))

    assert done.code == 1
    assert sentence in done.err


def keys(hxdav: CommandLine) -> list[str]:
    return [line.split()[0] for line in (hxdav.folder / "hxdav.vault").read_text(encoding="ascii").splitlines()]


def found(hxdav: CommandLine, check: str) -> dict[str, Any]:
    (finding,) = [each for each in hxdav.run("doctor", "--json").json if each["check"] == check]
    return finding
