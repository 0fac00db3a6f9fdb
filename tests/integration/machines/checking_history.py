"""The history: nothing that was acknowledged is lost, and every edit can be traced (rule 10)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from tests.integration.machines.model import KEPT_FOR, By, Model, Step
from tests.integration.machines.pictures import Picture

_PURGES = {By.WORKER, By.RETENTION}


def the_history_only_grows(step: Step) -> None:
    """A version stays as it is, until what superseded it is thirty days old."""
    for number, before in step.before.versions.items():
        after = step.after.versions.get(number)
        if after is not None:
            assert after is before or after == before
            continue
        assert step.by in _PURGES
        successor = _version(step.before, before.appointment_id, before.revision + 1)
        assert successor is None or successor.at <= step.now - KEPT_FOR
        assert successor is not None or before.appointment_id not in step.after.appointments


def only_old_tombstones_disappear(step: Step) -> None:
    """An appointment is deleted only where it was personal and removed thirty days ago."""
    for number in step.before.appointments.keys() - step.after.appointments.keys():
        appointment = step.before.appointments[number]
        assert step.by in _PURGES
        assert appointment.kind == "personal"
        assert appointment.removed_at is not None
        assert appointment.removed_at <= step.now - KEPT_FOR


def each_change_is_a_version(step: Step) -> None:
    """Revisions have no gaps until they are purged, and the last one is what the appointment is now."""
    for appointment in _changed(step):
        history = step.after.history(appointment.id)
        first = history[0].revision
        assert [each.revision for each in history] == list(range(first, appointment.revision + 1))
        present = history[-1]
        assert present.text == appointment.text
        assert {name: getattr(appointment, name) for name in ("kind", "status", "note", "invoice", "booking_id")} == {
            name: present.fields[name] for name in ("kind", "status", "note", "invoice", "booking_id")
        }
        assert (present.fields["removed_at"] is None) == (appointment.removed_at is None)


def each_edit_can_be_traced(step: Step) -> None:
    """A version names the person, the calendar and the device whose edit it is."""
    for version in step.new_versions():
        if version.action == "removed":
            removal = _applied_now(step, version.appointment_id)
            assert _who(version) == _who(removal)
        elif step.by is By.OUTSIDE:
            assert step.source is not None
            assert version.authority == "outside"
            assert _who(version) == _who(step.source)
        else:
            assert step.by is By.PRACTICE
            assert (version.authority, version.appointment_id) == ("practice", step.about or version.appointment_id)


def acknowledged_puts_are_kept(model: Model, picture: Picture, *, now: datetime) -> None:
    """What a client was told is done stands in a version, until another has superseded it for thirty days."""
    for put in model.puts:
        history = picture.history(put.appointment_id)
        if any(put.mark in version.text for version in history):
            continue
        # All that is left is younger: whatever came after the put has itself been there for thirty days.
        assert not history or history[0].revision > 1
        assert put.at <= now - KEPT_FOR


def _changed(step: Step) -> Iterator[Row[Any]]:
    for number, after in step.after.appointments.items():
        if step.before.appointments.get(number) != after:
            yield after


def _version(picture: Picture, appointment_id: int, revision: int) -> Row[Any] | None:
    return next((each for each in picture.history(appointment_id) if each.revision == revision), None)


def _applied_now(step: Step, appointment_id: int) -> Row[Any]:
    found = [each for each in step.after.removals.values() if each.appointment_id == appointment_id]
    return max((each for each in found if each.state == "applied"), key=lambda removal: removal.decided_at)


def _who(traced: Any) -> tuple[int | None, int | None, int | None]:
    return traced.user_id, traced.integration_id, traced.app_password_id
