"""What every command starts from: the installation that the settings describe, and who is asking."""

from __future__ import annotations

import os
import sys
from typing import Annotated
from urllib.parse import quote

import typer

from hxdav.bootstrap.installation import Installation
from hxdav.cli.arguments import LARGEST_ID
from hxdav.cli.configured import settings_of
from hxdav.config import Settings
from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import IntegrationId
from hxdav.domain.integration import Integration
from hxdav.domain.practice import Practitioner
from hxdav.errors import NotFound, UseCaseError
from hxdav.services.access.logins import PractitionerLogin, authenticate, practitioner_login, require_say

AGENT = "hxdav command line"

BY_PRACTICE = Source(authority=Authority.PRACTICE, agent=AGENT)
"""Whose edits those of the command line are: whoever may run it on this machine speaks for the practice."""

OnBehalf = Annotated[
    str | None,
    typer.Option("--as", metavar="USER", help="Whose word it is: the practitioner's, or an administrator's."),
]
AsAdministrator = Annotated[
    str | None, typer.Option("--as", metavar="USER", help="Whose word it is: an administrator's; else the practice's.")
]
AsUser = Annotated[str, typer.Option("--as", metavar="USER", help="The practitioner's own user name.")]
PasswordFromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the web password from standard input's first line.")
]
IntegrationNumber = Annotated[int, typer.Argument(metavar="ID", max=LARGEST_ID, help="Number of the integration.")]

PASSWORD_VARIABLE = "HXDAV_WEB_PASSWORD"  # noqa: S105 - the variable's name


def installation(ctx: typer.Context) -> Installation:
    """The installation by the settings file that the command line or the environment names; made once."""
    root = ctx.find_root()
    if not isinstance(root.obj, Installation):
        root.obj = Installation(settings_of(ctx))
        ctx.call_on_close(root.obj.close)
    return root.obj


def log_in(
    here: Installation, *, username: str, from_stdin: bool, practitioner: str | None = None
) -> PractitionerLogin:
    """Ask for the user's web password, and see that the user is the practitioner whose calendars are concerned."""
    web_password = read_password(f"Web password of {username}", from_stdin=from_stdin)
    with here.store.snapshot() as tx:
        user = authenticate(tx, username=username, web_password=web_password)
        return practitioner_login(tx, user=user, practitioner_key=practitioner)


def own_word(login: PractitionerLogin) -> Source:
    """Whose word it is when a practitioner speaks by their own login."""
    return Source(authority=Authority.PRACTICE, user_id=login.user.id, agent=AGENT)


def who_says(here: Installation, *, as_user: str | None, from_stdin: bool, practitioner: Practitioner) -> Source:
    """Whose word a command is: the practice's, or with --as that of the practitioner or an administrator of theirs."""
    source = who_speaks(here, as_user=as_user, from_stdin=from_stdin)
    if source.user_id is not None:
        with here.store.snapshot() as tx:
            require_say(tx, user=tx.people.user(source.user_id), practitioner=practitioner)
    return source


def who_speaks(here: Installation, *, as_user: str | None, from_stdin: bool) -> Source:
    """Whose word a command is, whatever they may do: the practice's, or with --as that of a user who logs in."""
    if as_user is None:
        return BY_PRACTICE
    web_password = read_password(f"Web password of {as_user}", from_stdin=from_stdin)
    with here.store.snapshot() as tx:
        user = authenticate(tx, username=as_user, web_password=web_password)
    return Source(authority=Authority.PRACTICE, user_id=user.id, agent=AGENT)


def read_password(prompt: str, *, from_stdin: bool, twice: bool = False) -> str:
    """A password from standard input, the environment or the terminal."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    known = os.environ.get(PASSWORD_VARIABLE)
    if known:
        return known
    if not sys.stdin.isatty():
        raise UseCaseError(f"There is no terminal to ask for a password: use --password-stdin or {PASSWORD_VARIABLE}.")
    answer: str = typer.prompt(prompt, hide_input=True, confirmation_prompt=twice, err=True)
    return answer


def practitioner_named(here: Installation, key: str) -> Practitioner:
    """The practitioner with this key, ``PRACTICE_GROUP/KEY`` where the key alone could be two; raises NotFound."""
    with here.store.snapshot() as tx:
        groups = {each.id: each.key for each in tx.people.practice_groups()}
        found = [
            each
            for each in tx.people.practitioners()
            if key in {each.key, f"{groups[each.practice_group_id]}/{each.key}"}
        ]
    if not found:
        raise NotFound(f"There is no practitioner {key}.")
    if len(found) > 1:
        names = " or ".join(f"{groups[each.practice_group_id]}/{each.key}" for each in found)
        raise UseCaseError(f"There is more than one practitioner {key}: say {names}.")
    return found[0]


def calendar_url(settings: Settings, username: str, integration: Integration) -> str:
    """What a client subscribes to."""
    return f"{settings.server.url}{settings.dav.prefix}/{quote(username)}/{integration.slug}/"


def integration_numbered(here: Installation, integration_id: int) -> Integration:
    """The integration of that number; raises NotFound."""
    with here.store.snapshot() as tx:
        known = {each.id: each for each in tx.integrations.all()}
    integration = known.get(IntegrationId(integration_id))
    if integration is None:
        raise NotFound(f"There is no integration {integration_id}.")
    return integration


def own_integration(here: Installation, login: PractitionerLogin, integration_id: int) -> Integration:
    """One of the practitioner's own integrations; raises NotFound."""
    with here.store.snapshot() as tx:
        own = {each.id: each for each in tx.integrations.of(login.practitioner.id)}
    integration = own.get(IntegrationId(integration_id))
    if integration is None:
        raise NotFound(f"{login.user.username} has no integration {integration_id}.")
    return integration
