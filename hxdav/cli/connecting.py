"""``hxdav integrations add``."""

from __future__ import annotations

from typing import Annotated

import typer

from hxdav.bootstrap.installation import Installation
from hxdav.cli import bridging
from hxdav.cli.bridging import Account, AppPasswordFromStdin, Level, Typed, Url
from hxdav.cli.console import AsJson, say
from hxdav.cli.integrations import COLUMNS, row_of
from hxdav.cli.mailboxes import AuthorityFile, MailboxSignIn, MailboxUser, TypedMailbox, add_exchange
from hxdav.cli.session import AsUser, PasswordFromStdin, installation, log_in, own_word
from hxdav.cli.tables import print_rows
from hxdav.domain.integration import Integration, Service
from hxdav.errors import UseCaseError
from hxdav.services.access.logins import PractitionerLogin
from hxdav.services.integrations import connection, reconnection


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
        row = row_of(here, tx, login.practitioner, integration=integration, username=login.user.username)
    print_rows([row], as_json=as_json, columns=COLUMNS)


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
                return connection.connect_native(
                    tx, here.clock, practitioner=login.practitioner, source=own_word(login)
                )


def _take_out(here: Installation, integration: Integration) -> int:
    return here.store.in_turns(
        lambda tx: reconnection.take_out(tx, here.clock, here.policy, integration_id=integration.id)
    )


def _admit(here: Installation, integration: Integration) -> int:
    return here.store.in_turns(lambda tx: connection.fill(tx, here.clock, here.policy, integration_id=integration.id))
