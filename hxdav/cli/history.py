"""``hxdav appointments history``: every version of an appointment, whose it is, and what was removed and refused."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from difflib import unified_diff
from typing import Annotated, Any

import typer

from hxdav.cli.console import AsJson, out, print_json
from hxdav.cli.session import installation
from hxdav.domain.appointment import Appointment
from hxdav.domain.edit import Source
from hxdav.domain.ids import AppointmentId
from hxdav.domain.removal import Decision, Removal
from hxdav.ical.lines import content_lines
from hxdav.ical.objects import object_of
from hxdav.store.appointments import Version
from hxdav.store.store import Tx
from hxdav.store.trail import RefusedBody

_STYLES = {"+": "green", "-": "red"}

_OF_REMOVAL = (
    "made_at", "revision", "state", "settles_at", "reviewed_from", "answer_by", "answer", "decision", "decided_at"
)  # fmt: skip

_BECAUSE = {
    Decision.SETTLED: "nothing spoke against it",
    Decision.REVIEWED: "the review was answered so",
    Decision.TAKEN_BACK: "it was put again",
    Decision.DRAGGED: "it had just been put into another calendar",
    Decision.PROTECTED: "by then it had a clinical note or an invoice",
    Decision.CHANGED: "its time, patients or status had been changed since",
    Decision.UNANSWERED: "nobody answered the review in time",
    Decision.OVERTAKEN: "the practice cancelled it or brought an earlier version back",
}


def show_history(
    ctx: typer.Context,
    appointment_id: Annotated[int, typer.Argument(metavar="ID", help="Number of the appointment.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show who changed an appointment, when, from where and with which device, and what was removed and refused."""
    here = installation(ctx)
    with here.store.snapshot() as tx:
        appointment = tx.appointments.one(AppointmentId(appointment_id))
        versions = list(_versions(tx, appointment))
        removals = [_removal(tx, each) for each in tx.removals.of(appointment.id)]
        refused = [_refused(each) for each in tx.trail.refused_bodies_of(appointment.id)]
    if as_json:
        print_json({"id": appointment.id, "versions": versions, "removals": removals, "refused": refused})
        return
    if versions and versions[0]["revision"] > 1:
        _print("Earlier versions have been purged.")
    for version in versions:
        _print_version(version)
    for removal in removals:
        _print(f"\nremoval  {_moment(removal['made_at'])}  of version {removal['revision']}  by {_by(removal)}", "bold")
        _print(f"   {removal['outcome']}")
    for each in refused:
        _print(f"\nrefused  {_moment(each['at'])}  {each['reason']}", "bold")
        _print(each["body"])


def differences(tx: Tx, before: Version, after: Version, *, leave_out: Collection[str] = ()) -> dict[str, Any]:
    """What is not alike in two versions of an appointment: practice fields, names of properties, content lines."""
    fields = [
        {"name": _label(name), "before": _named(tx, name, before.fields.get(name)), "after": _named(tx, name, value)}
        for name, value in after.fields.items()
        if before.fields.get(name) != value and name not in leave_out
    ]
    names = [field["name"] for field in fields]
    return {"changed": names + _changed_properties(before, after), "fields": fields, "diff": _diff(before, after)}


def print_differences(found: dict[str, Any]) -> None:
    """Print what ``differences`` found, old values before new ones."""
    for field in found["fields"]:
        _print(f"   {field['name']}: {_value(field['before'])} → {_value(field['after'])}")
    for line in found["diff"]:
        _print(f"   {line}", _STYLES.get(line[:1]))


def outcome_of(removal: Removal) -> str:
    """What has become of a removal, or will, as one says it."""
    if removal.answer_by and removal.is_open:
        return f"in review; kept at {_moment(removal.answer_by)}, unless it is answered before"
    if removal.settles_at and removal.is_open:
        return f"held; applied at {_moment(removal.settles_at)}, unless more is removed until then"
    at = f" at {_moment(removal.decided_at)}" if removal.decided_at else ""
    because = f", because {_BECAUSE[removal.decision]}" if removal.decision else ""
    return f"{removal.state}{at}{because}"


def _versions(tx: Tx, appointment: Appointment) -> Iterator[dict[str, Any]]:
    before: Version | None = None
    for version in tx.appointments.versions(appointment.id):
        yield {
            "revision": version.revision,
            "at": version.at,
            "action": version.action,
            **_who(tx, version.source),
            **differences(tx, before or version, version),
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


def _label(name: str) -> str:
    return {"patient_ids": "patients", "clinic_id": "clinic"}.get(name, name)


def _named(tx: Tx, name: str, value: Any) -> Any:
    """The value of a practice field, with the names of those whose numbers it has."""
    match name:
        case "patient_ids":
            return [each.name for each in tx.people.patients(tuple(value))] if value else []
        case "clinic_id" if value is not None:
            return next((each.name for each in tx.people.clinics() if each.id == value), None)
        case _:
            return value


def _changed_properties(before: Version, after: Version) -> list[str]:
    """The names of the master's properties that are not as they were."""
    if before.text == after.text:
        return []
    old, new = (
        {(line.name, line.params, line.value) for line in object_of(text).main.properties}
        for text in (before.text, after.text)
    )
    return sorted({name for name, _, _ in old ^ new})


def _diff(before: Version, after: Version) -> list[str]:
    old, new = (
        [text[line.start : line.end].rstrip("\r\n") for line in content_lines(text)]
        for text in (before.text, after.text)
    )
    # Only the lines themselves, not where in which file they stand.
    return [line for line in unified_diff(old, new, n=0, lineterm="") if not line.startswith(("---", "+++", "@@"))]


def _removal(tx: Tx, removal: Removal) -> dict[str, Any]:
    told = {name: getattr(removal, name) for name in _OF_REMOVAL}
    return told | _who(tx, removal.source) | {"outcome": outcome_of(removal)}


def _refused(refused: RefusedBody) -> dict[str, Any]:
    return {
        "at": refused.at,
        "reason": refused.reason,
        "href": refused.href,
        "body": refused.body.decode(errors="replace"),
    }


def _print_version(version: dict[str, Any]) -> None:
    _print(f"\n{version['revision']}  {_moment(version['at'])}  {version['action']}  by {_by(version)}", "bold")
    if version["changed"]:
        _print(f"   changed: {', '.join(version['changed'])}")
    print_differences(version)


def _by(found: dict[str, Any]) -> str:
    return " · ".join(str(found[key]) for key in ("authority", "user", "integration", "device", "agent") if found[key])


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S %Z}"


def _value(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) and value else str(value or "–")


def _print(text: str, style: str | None = None) -> None:
    out().print(text, style=style, markup=False, highlight=False, soft_wrap=True)
