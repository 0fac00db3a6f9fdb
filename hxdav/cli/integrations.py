"""``hxdav integrations``: the practitioner connects and disconnects, an administrator suspends."""

from __future__ import annotations

from typing import Annotated

import typer

from hxdav.bootstrap import Installation
from hxdav.cli import approving, bridging, watching
from hxdav.cli.bridging import Account, AppPasswordFromStdin, Level, Typed, Url, own_integration
from hxdav.cli.console import AsJson, confirm, print_rows, say
from hxdav.cli.mailboxes import AuthorityFile, MailboxSignIn, MailboxUser, TypedMailbox, add_exchange
from hxdav.cli.session import (
    AsAdministrator,
    AsUser,
    PasswordFromStdin,
    calendar_url,
    installation,
    log_in,
    own_word,
    who_speaks,
)
from hxdav.domain.ids import IntegrationId, Username
from hxdav.domain.integration import Integration, Service
from hxdav.domain.practice import Practitioner
from hxdav.errors import NotFound, UseCaseError
from hxdav.services import connecting, reconnecting, suspending
from hxdav.services.logins import PractitionerLogin
from hxdav.store.store import Tx

app = typer.Typer(help="Calendars of a practitioner; only the practitioner's own login connects them.")
bridging.register(app)
watching.register(app)
approving.register(app)

Number = Annotated[int, typer.Argument(metavar="ID", help="Number of the integration.")]

_COLUMNS = ("id", "practitioner", "service", "state", "name", "connected_on", "account", "bridge", "url")


@app.command()
def add(
    ctx: typer.Context,
    *,
    as_user: AsUser,
    service: Annotated[Service, typer.Option(help="Where the calendar is shown.")] = Service.NATIVE,
    practitioner: Annotated[str | None, typer.Option(metavar="KEY", help="Whose; the user's own.")] = None,
    account: Account = None,
    url: Url = None,
    privacy: Level = None,
    password_stdin: PasswordFromStdin = False,
    app_password_stdin: AppPasswordFromStdin = False,
    username: MailboxUser = None,
    auth: MailboxSignIn = None,
    ca_file: AuthorityFile = None,
    as_json: AsJson = False,
) -> None:
    """Connect a calendar; what lies ahead moves to it from those that were disconnected.

    With --service google, outlook or office365 a person consents in a browser. iCloud and CalDAV want an app-specific
    password, Exchange the mailbox's own.
    """
    typed = Typed(account=account, url=url, from_stdin=app_password_stdin, privacy=privacy)
    mailbox = TypedMailbox(typed=typed, username=username, auth=auth, ca_file=ca_file)
    here = installation(ctx)
    login = log_in(here, username=as_user, from_stdin=password_stdin, practitioner=practitioner)
    integration = _connected(here, login, service, mailbox=mailbox)
    moved = _take_out(here, integration)
    shown = _admit(here, integration)
    if not as_json and not service.is_bridged:
        say(f"Connected {integration.name}, which shows {shown} appointments.")
        if moved:
            say(f"{moved} appointments that lie ahead are no longer in calendars that were disconnected before.")
    with here.store.snapshot() as tx:
        integration = tx.integrations.one(integration.id)
        row = _row(here, tx, login.practitioner, integration=integration, username=login.user.username)
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
            _row(here, tx, practitioner, integration=integration, username=usernames[practitioner.user_id])
            for practitioner in ([login.practitioner] if login else tx.people.practitioners())
            if practitioner.user_id is not None
            for integration in tx.integrations.of(practitioner.id)
        ]
    print_rows(rows, as_json=as_json, columns=_COLUMNS)


@app.command()
def rename(
    ctx: typer.Context,
    integration_id: Number,
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
        kept = connecting.rename(tx, here.clock, integration=integration, name=name, source=own_word(login))
    say(f"{integration.name} is called {kept} now.")


@app.command()
def remove(
    ctx: typer.Context,
    integration_id: Number,
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
        connecting.disconnect(tx, here.clock, integration=integration, source=own_word(login))
    remains = "stays in its account, and is not kept current any more"
    say(f"Disconnected {integration.name}; it {remains if integration.service.is_bridged else 'can still be read'}.")


@app.command()
def suspend(
    ctx: typer.Context,
    integration_id: Number,
    *,
    as_user: AsAdministrator = None,
    password_stdin: PasswordFromStdin = False,
) -> None:
    """Stop all access to a calendar; it stays listed, and nothing in it is deleted."""
    here = installation(ctx)
    source = who_speaks(here, as_user=as_user, from_stdin=password_stdin)
    integration = _known(here, integration_id)
    with here.store.transaction() as tx:
        suspending.suspend_integration(tx, here.clock, integration=integration, source=source)
    say(f"Suspended {integration.name}: nobody reads or changes it until this is lifted.")


@app.command()
def unsuspend(
    ctx: typer.Context,
    integration_id: Number,
    *,
    as_user: AsAdministrator = None,
    password_stdin: PasswordFromStdin = False,
) -> None:
    """Open a suspended calendar again."""
    here = installation(ctx)
    source = who_speaks(here, as_user=as_user, from_stdin=password_stdin)
    integration = _known(here, integration_id)
    with here.store.transaction() as tx:
        suspending.unsuspend_integration(tx, here.clock, integration=integration, source=source)
    say(f"{integration.name} is open again, and shows what it would if it had never been suspended.")


def _known(here: Installation, integration_id: int) -> Integration:
    """The integration of that number; raises NotFound."""
    with here.store.snapshot() as tx:
        known = {each.id: each for each in tx.integrations.all()}
    integration = known.get(IntegrationId(integration_id))
    if integration is None:
        raise NotFound(f"There is no integration {integration_id}.")
    return integration


def _connected(here: Installation, login: PractitionerLogin, service: Service, *, mailbox: TypedMailbox) -> Integration:
    if service is not Service.EXCHANGE and not mailbox.is_none:
        raise UseCaseError(f"--username, --auth and --ca-file are for Exchange; for {service.label} leave them out.")
    match service:
        case Service.GOOGLE | Service.OUTLOOK | Service.OFFICE365:
            return bridging.add_by_consent(here, login, service, privacy=mailbox.typed.privacy)
        case Service.ICLOUD | Service.CALDAV:
            return bridging.add_by_password(here, login, service, typed=mailbox.typed)
        case Service.EXCHANGE:
            return add_exchange(here, login, mailbox=mailbox)
        case Service.NATIVE:
            with here.store.transaction() as tx:
                return connecting.connect_native(
                    tx, here.clock, practitioner=login.practitioner, source=own_word(login)
                )


def _take_out(here: Installation, integration: Integration) -> int:
    return here.store.in_turns(
        lambda tx: reconnecting.take_out(tx, here.clock, here.policy, integration_id=integration.id)
    )


def _admit(here: Installation, integration: Integration) -> int:
    return here.store.in_turns(lambda tx: connecting.admit(tx, here.clock, here.policy, integration_id=integration.id))


def _row(
    here: Installation, tx: Tx, practitioner: Practitioner, *, integration: Integration, username: Username
) -> dict[str, object]:
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
