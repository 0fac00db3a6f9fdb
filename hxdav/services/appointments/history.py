"""An appointment's history: every version and whose it is, what two of them differ in, and what came of removals."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from difflib import unified_diff
from typing import Any

from hxdav.domain.appointment import Appointment
from hxdav.domain.edit import Source
from hxdav.domain.removal import Decision, Removal
from hxdav.ical.lines import content_lines
from hxdav.ical.objects import object_of
from hxdav.store.appointments import Version
from hxdav.store.store import Tx

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Whose edit something is, by name; None where that is not known, or nobody."""

    authority: str
    user: str | None
    integration: str | None
    device: str | None
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """What the practice knows of an appointment, before and after; patients and the clinic by their names."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """What is not alike in two versions.

    ``properties`` are the names of the master's properties, and ``diff`` the content lines, ``-`` before those that
    went and ``+`` before those that came.
    """

    fields: tuple[FieldChange, ...]
    properties: tuple[str, ...]
    diff: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """What differs, by name."""
        return [*(each.name for each in self.fields), *self.properties]


@dataclass(frozen=True, slots=True, kw_only=True)
class PastVersion:
    """A version, whose it is, and what it changed; ``before`` is the one that it changed, None for the first kept."""

    version: Version
    before: Version | None
    author: Author
    differences: Differences


def past_versions(tx: Tx, appointment: Appointment) -> list[PastVersion]:
    """The versions of an appointment that are kept, the first first."""
    told: list[PastVersion] = []
    before: Version | None = None
    for version in tx.appointments.versions(appointment.id):
        author = author_of(tx, version.source)
        found = differences(tx, before or version, version)
        told.append(PastVersion(version=version, before=before, author=author, differences=found))
        before = version
    return told


def differences(tx: Tx, before: Version, after: Version, *, leave_out: Collection[str] = ()) -> Differences:
    """What is not alike in two versions of an appointment, but for the practice fields in ``leave_out``."""
    old = _values(before)
    fields = tuple(
        FieldChange(
            name=_LABELS.get(name, name),
            before=_named(tx, name, old[name]),
            after=_named(tx, name, value),
        )
        for name, value in _values(after).items()
        if old[name] != value and name not in leave_out
    )
    return Differences(fields=fields, properties=_changed_properties(before, after), diff=_diff(before, after))


def author_of(tx: Tx, source: Source) -> Author:
    """Whose edit came from ``source``."""
    device = None
    if source.user_id and source.app_password_id:
        known = {each.id: each.label for each in tx.app_passwords.of_user(source.user_id)}
        device = known.get(source.app_password_id)
    return Author(
        authority=source.authority,
        user=tx.people.user(source.user_id).username if source.user_id else None,
        integration=tx.integrations.one(source.integration_id).name if source.integration_id else None,
        device=device,
        agent=source.agent,
    )


def outcome_of(removal: Removal, said: Callable[[datetime], str]) -> str:
    """What has become of a removal, or will, as one says it; moments as ``said`` has them."""
    if removal.answer_by and removal.is_open:
        return f"in review; kept at {said(removal.answer_by)}, unless it is answered before"
    if removal.settles_at and removal.is_open:
        return f"held; applied at {said(removal.settles_at)}, unless more is removed until then"
    at = f" at {said(removal.decided_at)}" if removal.decided_at else ""
    because = f", because {_BECAUSE[removal.decision]}" if removal.decision else ""
    return f"{removal.state}{at}{because}"


def _values(version: Version) -> dict[str, Any]:
    """What a version says beside its text, by name, each as a person reads it."""
    removed_at = version.removed_at.isoformat() if version.removed_at else None
    return {"kind": version.kind, **asdict(version.practice), "removed_at": removed_at}


_LABELS = {"patient_ids": "patients", "clinic_id": "clinic"}


def _named(tx: Tx, name: str, value: Any) -> Any:
    """The value of a practice field, with the names of those whose numbers it has."""
    match name:
        case "patient_ids":
            return [each.name for each in tx.people.patients(tuple(value))] if value else []
        case "clinic_id" if value is not None:
            return next((each.name for each in tx.people.clinics() if each.id == value), None)
        case _:
            return value


def _changed_properties(before: Version, after: Version) -> tuple[str, ...]:
    """The names of the master's properties that are not as they were."""
    if before.text == after.text:
        return ()
    old, new = (
        {(line.name, line.params, line.value) for line in object_of(text).main.properties}
        for text in (before.text, after.text)
    )
    return tuple(sorted({name for name, _, _ in old ^ new}))


def _diff(before: Version, after: Version) -> tuple[str, ...]:
    old, new = (
        [text[line.start : line.end].rstrip("\r\n") for line in content_lines(text)]
        for text in (before.text, after.text)
    )
    # Only the lines themselves, not where in which file they stand.
    lines = unified_diff(old, new, n=0, lineterm="")
    return tuple(line for line in lines if not line.startswith(("---", "+++", "@@")))
