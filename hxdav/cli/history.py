"""``hxdav appointments history``: every version of an appointment, whose it is, and what was removed and refused."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer

from hxdav.cli.arguments import LARGEST_ID
from hxdav.cli.console import AsJson, print_json
from hxdav.cli.session import installation
from hxdav.domain.ids import AppointmentId
from hxdav.domain.removal import Removal
from hxdav.services.appointments import history
from hxdav.services.appointments.history import Differences, PastVersion
from hxdav.store.store import Tx
from hxdav.store.trail import RefusedBody

_COLOURS = {"+": typer.colors.GREEN, "-": typer.colors.RED}

_OF_REMOVAL = (
    "made_at", "revision", "state", "settles_at", "reviewed_from", "answer_by", "answer", "decision", "decided_at"
)  # fmt: skip


def show_history(
    ctx: typer.Context,
    appointment_id: Annotated[int, typer.Argument(metavar="ID", max=LARGEST_ID, help="Number of the appointment.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show who changed an appointment, when, from where and with which device, and what was removed and refused."""
    here = installation(ctx)
    with here.store.snapshot() as tx:
        appointment = tx.appointments.one(AppointmentId(appointment_id))
        versions = history.past_versions(tx, appointment)
        removals = [_removal(tx, each) for each in tx.removals.of(appointment.id)]
        refused = [_refused(each) for each in tx.trail.refused_bodies_of(appointment.id)]
    if as_json:
        told = [_version(each) for each in versions]
        print_json({"id": appointment.id, "versions": told, "removals": removals, "refused": refused})
        return
    if versions and versions[0].version.revision > 1:
        typer.echo("Earlier versions have been purged.")
    for version in versions:
        _print_version(version)
    for removal in removals:
        typer.secho(
            f"\nremoval  {_moment(removal['made_at'])}  of version {removal['revision']}  by {_by(removal)}", bold=True
        )
        typer.echo(f"   {removal['outcome']}")
    for each in refused:
        typer.secho(f"\nrefused  {_moment(each['at'])}  {each['reason']}", bold=True)
        typer.echo(each["body"])


def print_differences(found: Differences) -> None:
    """Print what two versions differ in, old values before new ones."""
    for field in found.fields:
        typer.echo(f"   {field.name}: {_value(field.before)} → {_value(field.after)}")
    for line in found.diff:
        typer.secho(f"   {line}", fg=_COLOURS.get(line[:1]))


def outcome_of(removal: Removal) -> str:
    """What has become of a removal, or will, as one says it."""
    return history.outcome_of(removal, _moment)


def _version(past: PastVersion) -> dict[str, Any]:
    found, version = past.differences, past.version
    return {
        "revision": version.revision,
        "at": version.at,
        "action": version.action,
        **asdict(past.author),
        "changed": found.names,
        "fields": [asdict(each) for each in found.fields],
        "diff": list(found.diff),
        "text": version.text,
    }


def _removal(tx: Tx, removal: Removal) -> dict[str, Any]:
    told = {name: getattr(removal, name) for name in _OF_REMOVAL}
    return told | asdict(history.author_of(tx, removal.source)) | {"outcome": outcome_of(removal)}


def _refused(refused: RefusedBody) -> dict[str, Any]:
    return {
        "at": refused.at,
        "reason": refused.reason,
        "href": refused.href,
        "body": refused.body.decode(errors="replace"),
    }


def _print_version(past: PastVersion) -> None:
    version, found = past.version, past.differences
    typer.secho(
        f"\n{version.revision}  {_moment(version.at)}  {version.action}  by {_by(asdict(past.author))}", bold=True
    )
    if found.names:
        typer.echo(f"   changed: {', '.join(found.names)}")
    print_differences(found)


def _by(found: dict[str, Any]) -> str:
    return " · ".join(str(found[key]) for key in ("authority", "user", "integration", "device", "agent") if found[key])


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S %Z}"


def _value(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) and value else str(value or "–")
