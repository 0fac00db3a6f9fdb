"""``hxdav integrations``: the practitioner connects and disconnects; whoever runs the server sees all calendars."""

from __future__ import annotations

from typing import Annotated

import typer

from hxdav.bootstrap import Installation
from hxdav.cli.console import AsJson, confirm, print_rows, say
from hxdav.cli.session import AGENT, AsUser, PasswordFromStdin, calendar_url, installation, log_in
from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import IntegrationId, Username
from hxdav.domain.integration import Integration, Service
from hxdav.domain.practice import Practitioner
from hxdav.errors import NotFound
from hxdav.services import connecting
from hxdav.services.logins import PractitionerLogin

app = typer.Typer(help="Calendars of a practitioner; only the practitioner's own login connects them.")

_COLUMNS = ("id", "practitioner", "service", "state", "name", "connected_on", "url")


@app.command()
def add(
    ctx: typer.Context,
    *,
    as_user: AsUser,
    service: Annotated[Service, typer.Option(help="Where the calendar is shown.")] = Service.NATIVE,
    practitioner: Annotated[str | None, typer.Option(metavar="KEY", help="Whose; the user's own.")] = None,
    password_stdin: PasswordFromStdin = False,
    as_json: AsJson = False,
) -> None:
    """Connect a calendar."""
    here = installation(ctx)
    login = log_in(here, username=as_user, from_stdin=password_stdin, practitioner=practitioner)
    match service:
        case Service.NATIVE:
            with here.store.transaction() as tx:
                integration = connecting.connect_native(
                    tx, here.clock, practitioner=login.practitioner, source=_source(login)
                )
    shown = here.store.in_turns(lambda tx: connecting.admit(tx, here.clock, here.policy, integration_id=integration.id))
    if not as_json:
        say(f"Connected {integration.name}, which shows {shown} appointments.")
    row = _row(here, login.practitioner, integration, username=login.user.username)
    print_rows([row], as_json=as_json, columns=_COLUMNS)


@app.command("list")
def list_(
    ctx: typer.Context,
    *,
    as_user: Annotated[str | None, typer.Option("--as", metavar="USER", help="One practitioner's own only.")] = None,
    password_stdin: PasswordFromStdin = False,
    as_json: AsJson = False,
) -> None:
    """List all calendars, or with --as the practitioner's own, the disconnected ones included."""
    here = installation(ctx)
    login = log_in(here, username=as_user, from_stdin=password_stdin) if as_user else None
    with here.store.snapshot() as tx:
        usernames = {each.id: each.username for each in tx.people.users()}
        rows = [
            _row(here, practitioner, integration, username=usernames[practitioner.user_id])
            for practitioner in ([login.practitioner] if login else tx.people.practitioners())
            if practitioner.user_id is not None
            for integration in tx.integrations.of(practitioner.id)
        ]
    print_rows(rows, as_json=as_json, columns=_COLUMNS)


@app.command()
def remove(
    ctx: typer.Context,
    *,
    integration_id: Annotated[int, typer.Argument(metavar="ID", help="Number of the integration.")],
    as_user: AsUser,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    password_stdin: PasswordFromStdin = False,
) -> None:
    """Disconnect a calendar: it stays listed, and can only be read."""
    here = installation(ctx)
    login = log_in(here, username=as_user, from_stdin=password_stdin)
    with here.store.snapshot() as tx:
        own = {each.id: each for each in tx.integrations.of(login.practitioner.id)}
    integration = own.get(IntegrationId(integration_id))
    if integration is None:
        raise NotFound(f"{as_user} has no integration {integration_id}.")
    confirm(f"Disconnect {integration.name}?", yes=yes)
    with here.store.transaction() as tx:
        connecting.disconnect(tx, here.clock, integration=integration, source=_source(login))
    say(f"Disconnected {integration.name}; it can still be read.")


def _source(login: PractitionerLogin) -> Source:
    return Source(authority=Authority.PRACTICE, user_id=login.user.id, agent=AGENT)


def _row(
    here: Installation, practitioner: Practitioner, integration: Integration, *, username: Username
) -> dict[str, object]:
    return {
        "id": integration.id,
        "practitioner": practitioner.key,
        "service": integration.service,
        "state": integration.state,
        "name": integration.name,
        "connected_on": integration.connected_on,
        "slug": integration.slug,
        "url": calendar_url(here.settings, username, integration),
    }
