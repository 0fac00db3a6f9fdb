"""The commands put together, and what the person sees when one fails."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from hxdav import __version__
from hxdav.cli import (
    accounts,
    app_passwords,
    appointments,
    audit,
    backups,
    database,
    demo,
    doctor,
    importing,
    integrations,
    notifications,
    review,
    sealing,
    serving,
    subscriptions,
    working,
)
from hxdav.cli.console import say
from hxdav.cli.credits import app as credits_app
from hxdav.cli.session import name_config
from hxdav.errors import HxdavError, UseCaseError

app = typer.Typer(
    name="hxdav",
    help="A practice's appointments in the calendars that its practitioners already use, over CalDAV.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for part in (serving, working, demo, importing, backups, doctor):
    part.register(app)
app.add_typer(accounts.app, name="accounts")
app.add_typer(integrations.app, name="integrations")
app.add_typer(app_passwords.app, name="app-passwords")
app.add_typer(appointments.app, name="appointments")
app.add_typer(notifications.app, name="notifications")
app.add_typer(audit.app, name="audit")
app.add_typer(review.app, name="review")
app.add_typer(credits_app, name="credits")
app.add_typer(subscriptions.app, name="subscriptions")
app.add_typer(sealing.app, name="secrets")
app.add_typer(database.app, name="db")


def _show_version(value: bool) -> None:  # noqa: FBT001 - Typer calls it so
    if value:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _settings(
    *,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="Settings file; default: HXDAV_CONFIG, then config/hxdav.toml."),
    ] = None,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    if config is not None:
        name_config(config)


# Calling the Typer application itself would read the signatures of all commands again each time.
_command = typer.main.get_command(app)


def main() -> None:
    """Run the command line: exit code 0, 1 for what could not be done, 2 for what was not understood."""
    try:
        _command()
    except HxdavError as error:
        say(f"hxdav: {error}")
        if isinstance(error, UseCaseError) and error.command is not None:
            say(f"  {error.command}")
        sys.exit(1)
