"""The command line itself: its options, its commands, and what the person sees when one fails.

It loads nothing of the application: ``hxdav --help`` and the shell's completion answer at once.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from hxdav import __version__
from hxdav.cli.console import say
from hxdav.cli.lazily import OptionsGroup, lazy_commands
from hxdav.cli.tree import COMMANDS
from hxdav.errors import HxdavError, UseCaseError

_app = typer.Typer(
    name="hxdav",
    cls=OptionsGroup,
    help="A practice's appointments in the calendars that its practitioners already use, over CalDAV.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # Help in plain text: laying it out in boxes takes longer than everything else that it needs.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(value: bool) -> None:  # noqa: FBT001 - Typer calls it so
    if value:
        typer.echo(__version__)
        raise typer.Exit


@_app.callback()
def _options(
    *,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="Settings file; default: HXDAV_CONFIG, then config/hxdav.toml."),
    ] = None,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Take the options; ``cli.configured`` reads the settings when a command asks for them."""


# Calling the Typer application itself would read its signature again each time.
_command: Any = typer.main.get_command(_app)
_command.commands.update(lazy_commands(COMMANDS))


def main() -> None:
    """Run the command line: exit code 0, 1 for what could not be done, 2 for what was not understood."""
    try:
        _command()
    except HxdavError as error:
        say(f"hxdav: {error}")
        if isinstance(error, UseCaseError) and error.command is not None:
            say(f"  {error.command}")
        sys.exit(1)
