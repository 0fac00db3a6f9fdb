"""``hxdav demo``: the demo practice, set up in a folder on the first start, and served."""

from __future__ import annotations

import json
import os
import secrets
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.panel import Panel

from hxdav.bootstrap.installation import Installation
from hxdav.cli.certificates import TRUST_ADVICE, local_certificates, machine_names
from hxdav.cli.configured import name_config
from hxdav.cli.session import BY_PRACTICE, calendar_url
from hxdav.cli.terminal import out
from hxdav.config import Settings, load_settings
from hxdav.domain.integration import Integration, IntegrationState
from hxdav.domain.practice import User
from hxdav.domain.subscription import SubscriptionState
from hxdav.secrets.passwords import new_web_password, web_password_hash
from hxdav.services.access import app_passwords, logins
from hxdav.services.billing import subscriptions
from hxdav.services.integrations import connection
from hxdav.services.practice import apply_accounts
from hxdav.services.practice.demo import PRACTICE_GROUP, book_demo
from hxdav.serving.parent import become_supervisor
from hxdav.serving.supervisor import listener_for
from hxdav.store import migrating
from hxdav.store.store import Tx

_SETTINGS = """\
# Written by "hxdav demo" on each start. Beside the running demo:  HXDAV_CONFIG={file} hxdav appointments list
data_dir = "."

[server]
host = {host}
port = {port}
workers = 1
{public_url}
[database]
{database}
[log]
level = "warning"
"""
_TLS = """
[server.tls]
certificate = "tls/server.pem"
key = "tls/server-key.pem"
"""
_UNLIMITED = """
[rules]
window_days = "unlimited"
removals_without_review = "unlimited"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoUser:
    """What a person pastes into a client; an administrator without calendar has no app password."""

    username: str
    web_password: str
    app_password: str | None
    calendar_url: str | None


def demo(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to serve on.")] = 5232,
    host: Annotated[str, typer.Option(help="Address to serve on; 0.0.0.0 for other machines too.")] = "127.0.0.1",
    folder: Annotated[Path, typer.Option("--data", metavar="DIR", help="Folder that keeps the demo.")] = Path(
        "var/demo"
    ),
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON, then serve.")] = False,
    unlimited: Annotated[bool, typer.Option("--unlimited", help="No window and no review of removals.")] = False,
    tls: Annotated[bool, typer.Option("--tls", help="Serve https, with a certificate authority of its own.")] = False,
) -> None:
    """Serve a demo practice; its passwords are the same on every start."""
    folder = folder.absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = _settings(folder, host=host, port=port, tls=tls, unlimited=unlimited)
    with listener_for(settings.server) as listener:
        here = Installation(settings)
        users = _set_up(here, folder / "credentials.json")
        here.close()
        if as_json:
            _announce(settings, users)
        else:
            _show(settings, users, folder=folder, tls=tls)
        become_supervisor(listener)


def _settings(folder: Path, *, host: str, port: int, tls: bool, unlimited: bool) -> Settings:
    """Write the demo's settings file and read it, with what the environment says of it."""
    if tls:
        local_certificates(folder / "tls")
    file = folder / "hxdav.toml"
    database = os.environ.get("HXDAV_DATABASE__URL")
    # Certificates name localhost, and from other machines this one's name in the local network.
    name = "localhost" if host in {"127.0.0.1", "::1"} else machine_names()[-1]
    text = _SETTINGS.format(
        file=file,
        host=json.dumps(host),
        port=port,
        public_url=f'public_url = "https://{name}:{port}"\n' if tls else "",
        database=f"url = {json.dumps(database)}\n" if database else "",
    )
    _write_private(file, text + (_TLS if tls else "") + (_UNLIMITED if unlimited else ""))
    name_config(file)
    return load_settings(file)


def _set_up(here: Installation, credentials_file: Path) -> list[DemoUser]:
    """Make the schema, the practice, its calendars and passwords, as far as they are not there."""
    migrating.upgrade(here.any_store, now=here.clock.now())
    known = json.loads(credentials_file.read_text(encoding="utf-8")) if credentials_file.exists() else {}
    # Made here, because it takes a transaction of its own.
    _ = here.keyring
    with here.store.transaction() as tx:
        is_new = not tx.people.practice_groups()
        if is_new:
            apply_accounts.apply(tx, here.clock, wanted=[PRACTICE_GROUP], source=BY_PRACTICE)
        users = [logins.known_user(tx, each.username) for each in PRACTICE_GROUP.users]
        if is_new:
            _book(here, tx)
        connected = {user.username: _connected(here, tx, user) for user in users}
        credentials = {
            user.username: _credentials(here, tx, user, known=known.get(user.username, {})) for user in users
        }
        # Kept before they count: a password that is in force and in no file would be lost.
        _write_private(credentials_file, json.dumps(credentials, indent=2) + "\n")
    for integration in filter(None, connected.values()):
        _admit(here, integration)
    urls = {
        name: calendar_url(here.settings, name, integration) if integration else None
        for name, integration in connected.items()
    }
    return [DemoUser(username=name, calendar_url=url, **credentials[name]) for name, url in urls.items()]


def _admit(here: Installation, integration: Integration) -> None:
    here.store.in_turns(lambda tx: connection.fill(tx, here.clock, here.policy, integration_id=integration.id))


def _book(here: Installation, tx: Tx) -> None:
    for practitioner in tx.people.practitioners():
        book_demo(tx, here.clock, here.policy, practitioner=practitioner)


def _connected(here: Installation, tx: Tx, user: User) -> Integration | None:
    """The user's calendar, connected if there is none yet; None for a user who is no practitioner."""
    practitioner = tx.people.practitioner_of(user.id)
    if practitioner is None:
        return None
    for integration in tx.integrations.of(practitioner.id):
        if integration.state is IntegrationState.CONNECTED:
            return integration
    known = tx.subscriptions.of(practitioner.id)
    if known is None or known.state is not SubscriptionState.RUNNING:
        # The demo's band synchronises free of charge.
        subscriptions.buy(tx, here.clock, practitioner=practitioner, source=BY_PRACTICE)
    return connection.connect_native(tx, here.clock, practitioner=practitioner, source=BY_PRACTICE)


def _credentials(here: Installation, tx: Tx, user: User, *, known: dict[str, Any]) -> dict[str, Any]:
    """The user's passwords: those that are known and still open something, otherwise new ones."""
    web_password = known.get("web_password") or new_web_password()
    tx.people.keep_web_password(user.id, web_password_hash(web_password))
    if tx.people.practitioner_of(user.id) is None:
        return {"web_password": web_password, "app_password": None}
    app_password = known.get("app_password")
    digest = here.keyring.app_password_digest(app_password or secrets.token_hex())
    if app_password is None or tx.app_passwords.login(user.username, digest, now=here.clock.now()) is None:
        login = logins.practitioner_login(tx, user=user)
        made = app_passwords.create_app_password(
            tx, here.clock, here.keyring, login=login, label="Demo", expires_at=None
        )
        app_password = made.password
    return {"web_password": web_password, "app_password": app_password}


def _announce(settings: Settings, users: list[DemoUser]) -> None:
    announced = {"base_url": settings.server.url, "users": {user.username: asdict(user) for user in users}}
    sys.stdout.write(json.dumps(announced) + "\n")
    sys.stdout.flush()


def _show(settings: Settings, users: list[DemoUser], *, folder: Path, tls: bool) -> None:
    console = out()
    for user in users:
        lines = [f"User name     {user.username}", f"Web password  {user.web_password}"]
        if user.calendar_url:
            lines[1:1] = [f"App password  {user.app_password}", f"CalDAV URL    {user.calendar_url}"]
        console.print(Panel.fit("\n".join(lines), title=user.username, title_align="left"), soft_wrap=True)
    if tls:
        console.print(f"Certificate authority: {folder / 'tls' / 'ca.pem'}\n{TRUST_ADVICE}", soft_wrap=True)
    pages = f"{settings.server.url}/app/"
    console.print(f"The pages are at {pages}: sign in with a user name and its web password.", soft_wrap=True)
    console.print(f"hxdav serves {settings.server.url} until Ctrl+C.", soft_wrap=True)


def _write_private(path: Path, text: str) -> None:
    """Write ``path`` for its owner only, all of it or nothing."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
