"""``hxdav app-passwords``: one for each device, shown once."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from hxdav.cli.arguments import LARGEST_ID, day
from hxdav.cli.console import AsJson, print_json, say
from hxdav.cli.session import AsUser, PasswordFromStdin, installation, log_in
from hxdav.cli.tables import print_rows
from hxdav.domain.ids import AppPasswordId
from hxdav.domain.times import midnight
from hxdav.services.access import app_passwords
from hxdav.store.app_passwords import AppPassword

_COLUMNS = ("id", "label", "state", "created_at", "expires_at", "last_used_at", "last_used_agent", "last_used_address")


def create(
    ctx: typer.Context,
    *,
    as_user: AsUser,
    label: Annotated[str, typer.Option(help="Which device it is for.")],
    expires: Annotated[
        date | None, typer.Option(parser=day, metavar="DATE", help="Last day on which it opens the calendar.")
    ] = None,
    password_stdin: PasswordFromStdin = False,
    as_json: AsJson = False,
) -> None:
    """Make an app password; it is shown now, and never again."""
    here = installation(ctx)
    login = log_in(here, username=as_user, from_stdin=password_stdin)
    keyring = here.keyring
    with here.store.transaction() as tx:
        zone = ZoneInfo(tx.people.practice_group(login.user.practice_group_id).zone)
        expires_at = midnight(expires + timedelta(days=1), zone) if expires else None
        made = app_passwords.create_app_password(
            tx, here.clock, keyring, login=login, label=label, expires_at=expires_at
        )
    if as_json:
        print_json(
            {
                "id": made.id,
                "label": label,
                "username": as_user,
                "app_password": made.password,
                "expires_at": expires_at,
            }
        )
        return
    say(f'User name {as_user}; app password for "{label}", shown this once:')
    typer.echo(made.password)


def list_(
    ctx: typer.Context, *, as_user: AsUser, password_stdin: PasswordFromStdin = False, as_json: AsJson = False
) -> None:
    """List the user's app passwords and when each was last used; the passwords themselves nobody knows."""
    here = installation(ctx)
    login = log_in(here, username=as_user, from_stdin=password_stdin)
    with here.store.snapshot() as tx:
        found = tx.app_passwords.of_user(login.user.id)
    now = here.clock.now()
    print_rows([_row(each, now) for each in found], as_json=as_json, columns=_COLUMNS)


def revoke(
    ctx: typer.Context,
    *,
    app_password_id: Annotated[int, typer.Argument(metavar="ID", max=LARGEST_ID, help="Number of the app password.")],
    as_user: AsUser,
    password_stdin: PasswordFromStdin = False,
) -> None:
    """Make an app password worthless, at once."""
    here = installation(ctx)
    login = log_in(here, username=as_user, from_stdin=password_stdin)
    with here.store.transaction() as tx:
        app_passwords.revoke_app_password(tx, here.clock, login=login, app_password_id=AppPasswordId(app_password_id))
    say(f"App password {app_password_id} is revoked.")


def _row(app_password: AppPassword, now: datetime) -> dict[str, object]:
    state = "in force"
    if app_password.revoked_at:
        state = "revoked"
    elif app_password.expires_at and app_password.expires_at <= now:
        state = "expired"
    return {
        "id": app_password.id,
        "label": app_password.label,
        "state": state,
        "created_at": app_password.created_at,
        "expires_at": app_password.expires_at,
        "revoked_at": app_password.revoked_at,
        "last_used_at": app_password.last_used_at,
        "last_used_agent": app_password.last_used_agent,
        "last_used_address": app_password.last_used_address,
    }
