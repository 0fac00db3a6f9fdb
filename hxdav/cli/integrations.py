"""``hxdav integrations``: the practitioner renames and disconnects, an administrator suspends."""

from __future__ import annotations

from typing import Annotated

import typer

from hxdav.bootstrap.installation import Installation
from hxdav.cli.console import AsJson, confirm, say
from hxdav.cli.session import (
    AsAdministrator,
    AsUser,
    IntegrationNumber,
    PasswordFromStdin,
    calendar_url,
    installation,
    integration_numbered,
    log_in,
    own_integration,
    own_word,
    who_speaks,
)
from hxdav.cli.tables import print_rows
from hxdav.domain.ids import Username
from hxdav.domain.integration import Integration
from hxdav.domain.practice import Practitioner
from hxdav.services.access import suspension
from hxdav.services.integrations import connection
from hxdav.store.store import Tx

COLUMNS = ("id", "practitioner", "service", "state", "name", "connected_on", "account", "bridge", "url")
"""What the list of integrations shows."""


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
            row_of(here, tx, practitioner, integration=integration, username=usernames[practitioner.user_id])
            for practitioner in ([login.practitioner] if login else tx.people.practitioners())
            if practitioner.user_id is not None
            for integration in tx.integrations.of(practitioner.id)
        ]
    print_rows(rows, as_json=as_json, columns=COLUMNS)


def rename(
    ctx: typer.Context,
    integration_id: IntegrationNumber,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the calendar is called from now on.")],
    *,
    as_user: AsUser,
    password_stdin: PasswordFromStdin = False,
) -> None:
    """Give a calendar another name; calendar programs show it, too."""
    here = installation(ctx)
    login = log_in(here, username=as_user, from_stdin=password_stdin)
    integration = own_integration(here, login, integration_id)
    with here.store.transaction() as tx:
        kept = connection.rename(tx, here.clock, integration=integration, name=name, source=own_word(login))
    say(f"{integration.name} is called {kept} now.")


def remove(
    ctx: typer.Context,
    integration_id: IntegrationNumber,
    *,
    as_user: AsUser,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    password_stdin: PasswordFromStdin = False,
) -> None:
    """Disconnect a calendar: it stays listed, and can only be read; one elsewhere stays there as it is."""
    here = installation(ctx)
    login = log_in(here, username=as_user, from_stdin=password_stdin)
    integration = own_integration(here, login, integration_id)
    confirm(f"Disconnect {integration.name}?", yes=yes)
    with here.store.transaction() as tx:
        connection.disconnect(tx, here.clock, integration=integration, source=own_word(login))
    remains = "stays in its account, and is not kept current any more"
    say(f"Disconnected {integration.name}; it {remains if integration.service.is_bridged else 'can still be read'}.")


def suspend(
    ctx: typer.Context,
    integration_id: IntegrationNumber,
    *,
    as_user: AsAdministrator = None,
    password_stdin: PasswordFromStdin = False,
) -> None:
    """Stop all access to a calendar; it stays listed, and nothing in it is deleted."""
    here = installation(ctx)
    source = who_speaks(here, as_user=as_user, from_stdin=password_stdin)
    integration = integration_numbered(here, integration_id)
    with here.store.transaction() as tx:
        suspension.suspend_integration(tx, here.clock, integration=integration, source=source)
    say(f"Suspended {integration.name}: nobody reads or changes it until this is lifted.")


def unsuspend(
    ctx: typer.Context,
    integration_id: IntegrationNumber,
    *,
    as_user: AsAdministrator = None,
    password_stdin: PasswordFromStdin = False,
) -> None:
    """Open a suspended calendar again."""
    here = installation(ctx)
    source = who_speaks(here, as_user=as_user, from_stdin=password_stdin)
    integration = integration_numbered(here, integration_id)
    with here.store.transaction() as tx:
        suspension.unsuspend_integration(tx, here.clock, integration=integration, source=source)
    say(f"{integration.name} is open again, and shows what it would if it had never been suspended.")


def row_of(
    here: Installation, tx: Tx, practitioner: Practitioner, *, integration: Integration, username: Username
) -> dict[str, object]:
    """An integration as the list shows it."""
    bridge = tx.bridges.find(integration.id) if integration.service.is_bridged else None
    return {
        "id": integration.id,
        "practitioner": practitioner.key,
        "service": integration.service,
        "state": integration.state,
        "name": integration.name,
        "connected_on": integration.connected_on,
        "account": tx.external_accounts.one(bridge.account_id).label if bridge else None,
        "bridge": bridge.state if bridge else None,
        "slug": integration.slug,
        "url": None if bridge else calendar_url(here.settings, username, integration),
    }
