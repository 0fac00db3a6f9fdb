"""``hxdav appointments history``: every version of an appointment, whose it is, and what was refused."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import unified_diff
from typing import Annotated, Any

import typer

from hxdav.cli.console import AsJson, out, print_json
from hxdav.cli.session import installation
from hxdav.domain.appointment import Appointment
from hxdav.domain.edit import Source
from hxdav.domain.ids import AppointmentId
from hxdav.ical.lines import content_lines
from hxdav.ical.objects import object_of
from hxdav.store.appointments import Version
from hxdav.store.store import Tx
from hxdav.store.trail import RefusedBody

_STYLES = {"+": "green", "-": "red"}


def show_history(
    ctx: typer.Context,
    appointment_id: Annotated[int, typer.Argument(metavar="ID", help="Number of the appointment.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show who changed an appointment, when, from where and with which device, and what of it was refused."""
    here = installation(ctx)
    with here.store.snapshot() as tx:
        appointment = tx.appointments.one(AppointmentId(appointment_id))
        versions = list(_versions(tx, appointment))
        refused = [_refused(each) for each in _refused_bodies(tx, appointment)]
    if as_json:
        print_json({"id": appointment.id, "versions": versions, "refused": refused})
        return
    for version in versions:
        _print_version(version)
    for each in refused:
        out().print(f"\nrefused  {each['at']:%Y-%m-%d %H:%M %Z}  {each['reason']}", style="bold", soft_wrap=True)
        out().print(each["body"], markup=False, highlight=False, soft_wrap=True)


def _versions(tx: Tx, appointment: Appointment) -> Iterator[dict[str, Any]]:
    before: Version | None = None
    for version in tx.appointments.versions(appointment.id):
        old_fields = before.fields if before else {}
        fields = [name for name, value in version.fields.items() if before and old_fields.get(name) != value]
        yield {
            "revision": version.revision,
            "at": version.at,
            "action": version.action,
            **_who(tx, version.source),
            "changed": fields + _changed_properties(before, version),
            "diff": _diff(before.text, version.text) if before else [],
            "text": version.text,
        }
        before = version


def _who(tx: Tx, source: Source) -> dict[str, str | None]:
    user = tx.people.user(source.user_id).username if source.user_id else None
    integration = tx.integrations.one(source.integration_id).name if source.integration_id else None
    device = None
    if source.user_id and source.app_password_id:
        known = {each.id: each.label for each in tx.app_passwords.of_user(source.user_id)}
        device = known.get(source.app_password_id)
    return {
        "authority": source.authority,
        "user": user,
        "integration": integration,
        "device": device,
        "agent": source.agent,
    }


def _changed_properties(before: Version | None, version: Version) -> list[str]:
    """The names of the master's properties that are not as they were."""
    if before is None or before.text == version.text:
        return []
    old, new = (
        {(line.name, line.params, line.value) for line in object_of(text).main.properties}
        for text in (before.text, version.text)
    )
    return sorted({name for name, _, _ in old ^ new})


def _diff(before: str, after: str) -> list[str]:
    old, new = (
        [text[line.start : line.end].rstrip("\r\n") for line in content_lines(text)] for text in (before, after)
    )
    # Only the lines themselves, not where in which file they stand.
    return [line for line in unified_diff(old, new, n=0, lineterm="") if not line.startswith(("---", "+++", "@@"))]


def _refused_bodies(tx: Tx, appointment: Appointment) -> list[RefusedBody]:
    of_practitioner = tx.trail.refused_bodies(appointment.practitioner_id)
    return [each for each in of_practitioner if each.appointment_id == appointment.id]


def _refused(refused: RefusedBody) -> dict[str, Any]:
    return {
        "at": refused.at,
        "reason": refused.reason,
        "href": refused.href,
        "body": refused.body.decode(errors="replace"),
    }


def _print_version(version: dict[str, Any]) -> None:
    who = " · ".join(
        str(version[key]) for key in ("authority", "user", "integration", "device", "agent") if version[key]
    )
    console = out()
    console.print(
        f"\n{version['revision']}  {version['at']:%Y-%m-%d %H:%M:%S %Z}  {version['action']}  by {who}",
        style="bold",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    if version["changed"]:
        console.print(f"   changed: {', '.join(version['changed'])}", markup=False, highlight=False, soft_wrap=True)
    for line in version["diff"]:
        console.print(f"   {line}", style=_STYLES.get(line[:1]), markup=False, highlight=False, soft_wrap=True)
