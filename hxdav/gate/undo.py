"""Undo: an earlier state of an appointment comes back, as a new edit of the practice's (rule 10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from zoneinfo import ZoneInfo

from hxdav.domain.appointment import GONE, Appointment, AppointmentKind
from hxdav.domain.edit import Applied, Outcome, Refused
from hxdav.domain.refusal import Reason
from hxdav.domain.removal import protection
from hxdav.gate import removal_decisions
from hxdav.gate.context import GateContext, lock_practitioner
from hxdav.gate.edits import RestoreVersion
from hxdav.gate.recording import Recording, record
from hxdav.ical.objects import object_of
from hxdav.ical.recurrence import extent
from hxdav.store.appointments import Version

NOT_RESTORED = frozenset({"note", "invoice", "external_id"})
"""What a version has of the record: undoing an edit does not undo that a note was written."""

_STAYS_PATIENT = {
    Reason.NOTE_PROTECTS: "It has a clinical note, so it cannot become a personal appointment.",
    Reason.INVOICE_PROTECTS: "It has an invoice, so it cannot become a personal appointment.",
}


def restore(context: GateContext, edit: RestoreVersion) -> Outcome:
    """Bring a version back: its text to the octet, and what the practice had decided of it then.

    Refused where the edit that is undone is too long ago, and where the appointment can no longer be what it was.
    """
    zone = lock_practitioner(context, context.tx.appointments.one(edit.appointment_id).practitioner_id)
    before = context.tx.appointments.one(edit.appointment_id)
    versions = context.tx.appointments.versions(before.id, since=edit.revision)
    if not versions or versions[0].revision != edit.revision:
        return Refused(reason=Reason.VERSION_GONE)
    wanted, *undone = versions
    if not undone or _state(wanted) == _state(undone[-1]):
        return Applied(appointment_id=before.id)
    if undone[0].at + context.policy.kept_for <= context.now:
        return Refused(reason=Reason.VERSION_TOO_OLD)
    after = _as_it_was(context, before, wanted, zone=zone)
    refused = _protected(before, after) or uid_in_use(context, before, after)
    if refused:
        return refused
    recorded = record(
        context,
        Recording(
            before=before, after=after, zone=zone, action="restored", reappears=before.is_gone and not after.is_gone
        ),
    )
    removal_decisions.overtake(context, recorded.appointment)
    return Applied(appointment_id=before.id)


def last_other(versions: Sequence[Version]) -> Version | None:
    """The latest of an appointment's versions in which it took place otherwise than in the last, the present one."""
    *earlier, present = versions
    return next((each for each in reversed(earlier) if _took_place(each) and _state(each) != _state(present)), None)


def uid_in_use(context: GateContext, before: Appointment, after: Appointment) -> Refused | None:
    """Why an appointment may not take place again under its UID: another one does by now (docs/gate.md)."""
    if after.is_gone or not (before.is_gone or before.uid != after.uid):
        return None
    namesakes = context.tx.appointments.with_uid(after.practitioner_id, after.uid)
    if all(each.is_gone or each.id == after.id for each in namesakes):
        return None
    return Refused(
        reason=Reason.UID_IN_USE, detail="By now another appointment with its UID takes place; it comes first."
    )


def _state(version: Version) -> tuple[str, dict[str, object]]:
    """What of a version is restored; when it was removed is not, but that it was."""
    fields = {name: value for name, value in asdict(version.practice).items() if name not in NOT_RESTORED}
    return version.text, fields | {"kind": version.kind, "removed": version.removed_at is not None}


def _took_place(version: Version) -> bool:
    return version.removed_at is None and version.practice.status not in GONE


def _as_it_was(context: GateContext, before: Appointment, version: Version, *, zone: ZoneInfo) -> Appointment:
    content = object_of(version.text)
    whole = extent(content, practice_zone=zone)
    return replace(
        before,
        kind=version.kind,
        uid=content.uid,
        text=version.text,
        summary=content.summary,
        starts=whole.starts,
        ends=whole.ends,
        recurring=content.is_recurring,
        practice=replace(version.practice, **{name: getattr(before.practice, name) for name in NOT_RESTORED}),
        removed_at=context.now if version.removed_at else None,
    )


def _protected(before: Appointment, after: Appointment) -> Refused | None:
    """Why an appointment with a note or an invoice cannot be what it was before it had one."""
    reason = protection(before)
    if reason is None:
        return None
    if after.is_gone and not before.is_gone:
        return Refused(reason=reason)
    if before.kind is AppointmentKind.PATIENT and after.kind is AppointmentKind.PERSONAL:
        return Refused(reason=reason, detail=_STAYS_PATIENT[reason])
    return None
