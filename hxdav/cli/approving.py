"""``hxdav integrations approval-link``: what the IT people of an organisation are sent, so that they allow hxdav."""

from __future__ import annotations

import typer

from hxdav.bootstrap.microsoft import MicrosoftDoor
from hxdav.cli.console import say
from hxdav.cli.session import installation
from hxdav.errors import UseCaseError


def approval_link(ctx: typer.Context) -> None:
    """Print the page on which an organisation's administrator lets its Office 365 accounts be connected."""
    here = installation(ctx)
    public_url = here.settings.server.public_url
    if public_url is None:
        raise UseCaseError(
            "Microsoft sends people back to hxdav by its public address, which is not known: set public_url in "
            "[server] of the settings."
        )
    link = MicrosoftDoor(here.settings).approval_link(public_url)
    say("An administrator of the organisation opens this page once, and accepts; it holds nothing secret:")
    typer.echo(link)
