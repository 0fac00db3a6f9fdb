"""``hxdav integrations`` for accounts elsewhere: pausing, resuming, looking now, how much they are told."""

from __future__ import annotations

from typing import Annotated

import typer

from hxdav.cli.console import say
from hxdav.cli.session import (
    AsUser,
    IntegrationNumber,
    OnBehalf,
    PasswordFromStdin,
    installation,
    integration_numbered,
    log_in,
    own_integration,
    own_word,
    who_says,
)
from hxdav.domain.privacy import PrivacyLevel
from hxdav.services.integrations import control


def pause(
    ctx: typer.Context, integration_id: IntegrationNumber, *, as_user: AsUser, password_stdin: PasswordFromStdin = False
) -> None:
    """Let a calendar in an account elsewhere stand still, both ways; nothing is deleted."""
    here = installation(ctx)
    login = log_in(here, username=as_user, from_stdin=password_stdin)
    integration = own_integration(here, login, integration_id)
    with here.store.transaction() as tx:
        control.pause(tx, here.clock, integration=integration, source=own_word(login))
    say(f"{integration.name} stands still until it is resumed.")


def resume(
    ctx: typer.Context, integration_id: IntegrationNumber, *, as_user: AsUser, password_stdin: PasswordFromStdin = False
) -> None:
    """Let a paused calendar go on; what was deleted in it meanwhile waits for your answer."""
    here = installation(ctx)
    login = log_in(here, username=as_user, from_stdin=password_stdin)
    integration = own_integration(here, login, integration_id)
    with here.store.transaction() as tx:
        control.resume(tx, here.clock, integration=integration, source=own_word(login))
    say(f"{integration.name} goes on.")


def sync_now(
    ctx: typer.Context,
    integration_id: IntegrationNumber,
    *,
    as_user: OnBehalf = None,
    password_stdin: PasswordFromStdin = False,
) -> None:
    """Have a calendar in an account elsewhere looked at now, by the running server or worker."""
    here = installation(ctx)
    integration = integration_numbered(here, integration_id)
    with here.store.snapshot() as tx:
        practitioner = tx.people.practitioner(integration.practitioner_id)
    source = who_says(here, as_user=as_user, from_stdin=password_stdin, practitioner=practitioner)
    with here.store.transaction() as tx:
        control.request_pull(tx, here.clock, integration=integration, source=source)
    say(f"{integration.name} is looked at now.")


def privacy(
    ctx: typer.Context,
    integration_id: IntegrationNumber,
    level: Annotated[PrivacyLevel, typer.Argument(help="How much it is told of patient appointments.")],
    *,
    as_user: AsUser,
    password_stdin: PasswordFromStdin = False,
) -> None:
    """Say how much a calendar in an account elsewhere is told, which is no more than the practice allows."""
    here = installation(ctx)
    login = log_in(here, username=as_user, from_stdin=password_stdin)
    integration = own_integration(here, login, integration_id)
    with here.store.transaction() as tx:
        control.set_privacy(tx, here.clock, integration=integration, level=level, source=own_word(login))
    say(f'{integration.name} is told as much as "{level}" lets it; what is in it is written anew.')
