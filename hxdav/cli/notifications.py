"""``hxdav notifications``: what practitioners have been told."""

from __future__ import annotations

from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from hxdav.cli.console import AsJson
from hxdav.cli.session import PasswordFromStdin, installation, log_in, practitioner_named
from hxdav.cli.tables import print_rows
from hxdav.domain.notification import Notification
from hxdav.domain.practice import Practitioner
from hxdav.store.store import Tx

_COLUMNS = ("at", "practitioner", "calendar", "appointment", "happened", "to_do")


def list_(
    ctx: typer.Context,
    *,
    practitioner: Annotated[str | None, typer.Option(metavar="KEY", help="Of one practitioner only.")] = None,
    as_user: Annotated[str | None, typer.Option("--as", metavar="USER", help="One practitioner's own only.")] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="At most so many.")] = 50,
    password_stdin: PasswordFromStdin = False,
    as_json: AsJson = False,
) -> None:
    """List what practitioners have been told, the latest first."""
    here = installation(ctx)
    chosen: Practitioner | None = None
    if as_user:
        login = log_in(here, username=as_user, from_stdin=password_stdin, practitioner=practitioner)
        chosen = login.practitioner
    elif practitioner:
        chosen = practitioner_named(here, practitioner)
    with here.store.snapshot() as tx:
        rows = [
            row
            for each in ([chosen] if chosen else tx.people.practitioners())
            for row in _rows(tx, each, tx.notifications.latest(each.id, limit=limit))
        ]
    rows.sort(key=lambda row: (row["at"], row["id"]), reverse=True)
    print_rows(rows[:limit], as_json=as_json, columns=_COLUMNS)


def _rows(tx: Tx, practitioner: Practitioner, told: list[Notification]) -> list[dict[str, Any]]:
    if not told:
        return []
    zone = ZoneInfo(tx.people.practice_group(practitioner.practice_group_id).zone)
    calendars = {each.id: each.name for each in tx.integrations.of(practitioner.id)}
    return [
        {
            "id": each.id,
            "at": each.at.astimezone(zone),
            "practitioner": practitioner.key,
            "kind": each.kind,
            "calendar": calendars[each.integration_id] if each.integration_id else None,
            "appointment": each.appointment_id,
            "happened": each.wording.happened,
            "to_do": each.wording.to_do,
        }
        for each in told
    ]
