"""``hxdav accounts``: the practice groups and their people, as the accounts file has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from hxdav.bootstrap.installation import Installation
from hxdav.cli.console import AsJson, confirm, print_json, say
from hxdav.cli.session import BY_PRACTICE, AsAdministrator, PasswordFromStdin, installation, read_password, who_speaks
from hxdav.cli.tables import print_rows
from hxdav.config.accounts_file import read_accounts
from hxdav.domain.ids import AppointmentId, PracticeGroupId
from hxdav.errors import UseCaseError
from hxdav.services.access import logins, suspension
from hxdav.services.appointments import reindexing
from hxdav.services.practice import apply_accounts
from hxdav.services.practice.apply_accounts import Application, WantedPracticeGroup
from hxdav.services.practice.dry_run import foreseen

_DIFFERENCE = ("practice_group", "subject", "key", "kind", "detail")
_PEOPLE = (
    "practice_group",
    "username",
    "name",
    "email",
    "roles",
    "practitioner",
    "enabled",
    "suspended",
    "has_web_password",
)


def apply(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The accounts file.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the difference, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before somebody is disabled.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make the accounts what FILE says; who is not in it is disabled, nobody is deleted.

    All of it is applied in one transaction. Where a practice group's time zone changes, its appointments are indexed
    anew after that, some at a time.
    """
    here = installation(ctx)
    wanted = read_accounts(file)
    expected = _foreseen(here, wanted)
    if expected.differences or as_json:
        print_rows([asdict(each) for each in expected.differences], as_json=as_json, columns=_DIFFERENCE)
    if not expected.differences:
        say("The accounts are as the file says.")
        return
    if dry_run:
        return
    if expected.disables:
        confirm("Somebody is disabled by this. Apply it?", yes=yes)
    with here.store.transaction() as tx:
        done = apply_accounts.apply(tx, here.clock, wanted=wanted, source=BY_PRACTICE)
        if done != expected:
            raise UseCaseError("The accounts were changed by somebody else meanwhile. Look at the difference again.")
    for practice_group_id in done.moved:
        reindex(here, practice_group_id)
    say("Applied.")


def list_(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """List who can come in, and whose appointments are kept."""
    rows = _people(installation(ctx))
    print_rows(rows, as_json=as_json, columns=_PEOPLE)


def invite(
    ctx: typer.Context,
    username: Annotated[str, typer.Argument(metavar="USER", help="Who is invited.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Make a one-time link with which a user sets the web password within seven days; it is shown this once."""
    here = installation(ctx)
    keyring = here.keyring
    with here.store.transaction() as tx:
        user = logins.known_user(tx, username)
        secret = logins.invite(tx, here.clock, keyring, user=user, source=BY_PRACTICE)
    link = f"{here.settings.server.url}/invitation/{secret}"
    if as_json:
        print_json(
            {
                "username": username,
                "link": link,
                "secret": secret,
                "expires_at": here.clock.now() + logins.INVITED_FOR,
            }
        )
        return
    say(f"One-time link for {username}, good for {logins.INVITED_FOR.days} days, shown this once:")
    typer.echo(link)
    say(f"Without a browser:  hxdav accounts set-password {username} --invitation {secret}")


def set_password(
    ctx: typer.Context,
    username: Annotated[str, typer.Argument(metavar="USER", help="Whose web password it is.")],
    *,
    invitation: Annotated[str, typer.Option(metavar="SECRET", help="The secret of the one-time link.")],
    password_stdin: PasswordFromStdin = False,
) -> None:
    """Take up an invitation: set the web password."""
    here = installation(ctx)
    keyring = here.keyring
    web_password = read_password(f"New web password of {username}", from_stdin=password_stdin, twice=True)
    password_hash = logins.new_password_hash(web_password)
    with here.store.transaction() as tx:
        user = logins.known_user(tx, username)
        logins.take_up_invitation(tx, here.clock, keyring, user=user, secret=invitation, password_hash=password_hash)
    say(f"The web password of {username} is set.")


def suspend(
    ctx: typer.Context,
    username: Annotated[str, typer.Argument(metavar="USER", help="Who does not come in any more.")],
    *,
    as_user: AsAdministrator = None,
    password_stdin: PasswordFromStdin = False,
) -> None:
    """Stop all access by a user; passwords and calendars stay, and applying the accounts file does not lift it."""
    here = installation(ctx)
    source = who_speaks(here, as_user=as_user, from_stdin=password_stdin)
    with here.store.transaction() as tx:
        suspension.suspend_user(tx, here.clock, user=logins.known_user(tx, username), source=source)
    say(f"Suspended {username}: none of their passwords opens anything until this is lifted.")


def unsuspend(
    ctx: typer.Context,
    username: Annotated[str, typer.Argument(metavar="USER", help="Who comes in again.")],
    *,
    as_user: AsAdministrator = None,
    password_stdin: PasswordFromStdin = False,
) -> None:
    """Let a suspended user come in again, with the passwords that they had."""
    here = installation(ctx)
    source = who_speaks(here, as_user=as_user, from_stdin=password_stdin)
    with here.store.transaction() as tx:
        suspension.unsuspend_user(tx, here.clock, user=logins.known_user(tx, username), source=source)
    say(f"{username} may come in again.")


def reindex(here: Installation, practice_group_id: PracticeGroupId) -> None:
    """Index a practice group's appointments in its present zone, some at a time."""
    last: AppointmentId | None = AppointmentId(0)
    while last is not None:
        with here.store.transaction() as tx:
            last = reindexing.rebuild(tx, here.clock, practice_group_id=practice_group_id, after=last)


def _foreseen(here: Installation, wanted: Sequence[WantedPracticeGroup]) -> Application:
    with here.store.rehearsal() as tx:
        return foreseen(tx, here.clock, wanted=wanted, source=BY_PRACTICE)


def _people(here: Installation) -> list[dict[str, Any]]:
    with here.store.snapshot() as tx:
        groups = {each.id: each.key for each in tx.people.practice_groups()}
        practitioners = tx.people.practitioners()
        by_user = {each.user_id: each for each in practitioners if each.user_id is not None}
        rows: list[dict[str, Any]] = []
        for user in tx.people.users():
            own = by_user.get(user.id)
            rows.append(
                {
                    "practice_group": groups[user.practice_group_id],
                    "username": user.username,
                    "name": user.name,
                    "email": user.email,
                    "roles": [*(["administrator"] * user.administrator), *(["practitioner"] if own else [])],
                    "practitioner": own.key if own else None,
                    "enabled": user.enabled,
                    "suspended": user.suspended_at is not None,
                    "has_web_password": tx.people.web_password_hash(user.id) is not None,
                }
            )
        rows += [
            {
                "practice_group": groups[each.practice_group_id],
                "username": None,
                "name": each.name,
                "email": None,
                "roles": ["practitioner"],
                "practitioner": each.key,
                "enabled": each.enabled,
                "suspended": False,
                "has_web_password": False,
            }
            for each in practitioners
            if each.user_id is None
        ]
    return sorted(rows, key=lambda row: (row["practice_group"], row["username"] or "", row["practitioner"] or ""))
