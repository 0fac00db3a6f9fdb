"""The calendars: what they show, what leaves them, and what comes into them (rules 4 and 9, §5, §6)."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any

from sqlalchemy import Row

from tests.integration.machines.model import KEPT_FOR, WINDOW_DAYS, By, Step, day_at, midnight_of
from tests.integration.machines.pictures import is_protected, starts_of, takes_no_place


def a_calendar_shows_each_once(step: Step) -> None:
    """A calendar shows an appointment once, and a UID once, and only what takes place."""
    seen: set[tuple[int, str, object]] = set()
    for mirror in step.after.mirrors.values():
        if mirror.state != "shown":
            continue
        for what in ("appointment_id", "uid", "href"):
            key = (mirror.integration_id, what, getattr(mirror, what))
            assert key not in seen
            seen.add(key)
        assert not takes_no_place(step.after.appointments[mirror.appointment_id])


def what_leaves_a_calendar_has_a_reason(step: Step) -> None:
    """What a calendar has leaves it by a removal, a cancellation, another mirror of it, or a reconnection."""
    present = {
        (each.integration_id, each.appointment_id) for each in step.after.mirrors.values() if each.state != "left"
    }
    for number, before in step.before.mirrors.items():
        after = step.after.mirrors.get(number)
        if before.state == "left" or (after is not None and after.state != "left"):
            continue
        appointment = step.after.appointments.get(before.appointment_id)
        if appointment is None or takes_no_place(appointment) or _was_removed(step, appointment.id):
            continue
        if (before.integration_id, before.appointment_id) in present:
            assert step.by is By.OUTSIDE
            continue
        assert step.by in {By.CONNECTION, By.WORKER}
        assert step.before.integrations[before.integration_id].state == "disconnected"
        assert appointment.recurring or starts_of(appointment) > step.now


def what_enters_a_calendar_is_admitted(step: Step) -> None:
    """What comes into a calendar lies in its window, unless a device has put it there itself."""
    had = {(each.integration_id, each.appointment_id) for each in step.before.mirrors.values()}
    for mirror in step.after.mirrors.values():
        integration = step.after.integrations[mirror.integration_id]
        appointment = step.after.appointments[mirror.appointment_id]
        if (integration.id, appointment.id) in had or appointment.recurring:
            continue
        is_put_there = step.source is not None and step.source.integration_id == integration.id
        if not (is_put_there and appointment.id in step.before.appointments):
            assert _admits(integration, appointment, step=step)


def a_reconnection_takes_over_what_lies_ahead(step: Step) -> None:
    """Once a calendar is connected, the disconnected ones that it replaces have only what is past (rule 9)."""
    new = {
        each.practitioner_id
        for each in step.after.integrations.values()
        if each.state == "connected" and _was_not_there(step, each.id)
    }
    for mirror in step.after.mirrors.values():
        old = step.after.integrations[mirror.integration_id]
        if old.practitioner_id in new and old.state == "disconnected" and mirror.state != "left":
            appointment = step.after.appointments[mirror.appointment_id]
            assert appointment.recurring or starts_of(appointment) <= step.now


def what_is_protected_stays_in_sight(step: Step) -> None:
    """No edit from outside, and nothing that is applied later, takes a protected appointment out of any calendar."""
    if step.by in {By.PRACTICE, By.CONNECTION}:
        return
    for number, before in step.before.appointments.items():
        if is_protected(before) and not takes_no_place(before):
            lost = step.before.showing(number) - step.after.showing(number)
            assert not {each for each in lost if step.after.integrations[each].state != "disconnected"}


def the_feed_says_what_changed(step: Step) -> None:
    """What is shown changes only with the numbers by which clients see that it did, and these never fall."""
    for number, after in step.after.integrations.items():
        before = step.before.integrations.get(number)
        if before is None:
            continue
        assert after.modseq >= before.modseq
        assert after.purge_floor >= before.purge_floor
        if after.modseq == before.modseq:
            assert step.before.shown(number) == step.after.shown(number)
        assert after.modseq <= step.after.practitioners[after.practitioner_id].modseq


def what_is_forgotten_is_below_the_floor(step: Step) -> None:
    """A mirror is deleted only long after it left, and no token from before that is taken any more."""
    for number in step.before.mirrors.keys() - step.after.mirrors.keys():
        mirror = step.before.mirrors[number]
        assert step.by in {By.WORKER, By.RETENTION}
        assert mirror.state == "left"
        assert mirror.changed_at <= step.now - KEPT_FOR
        assert step.after.integrations[mirror.integration_id].purge_floor >= mirror.modseq


def an_etag_stands_for_one_text(step: Step) -> None:
    """An entity tag at an address never stands for two texts."""
    for number, mirror in step.after.mirrors.items():
        if mirror.state != "shown" or step.before.mirrors.get(number) == mirror:
            continue
        appointment = step.after.appointments[mirror.appointment_id]
        text = appointment.text.replace(f"UID:{appointment.uid}", f"UID:{mirror.uid}")
        assert step.model.texts.setdefault((mirror.integration_id, mirror.href, mirror.etag), text) == text


def every_calendar_is_complete(step: Step) -> None:
    """Once the worker has come by, a connected calendar has all that its window admits, and all that it once had."""
    had: defaultdict[int, set[int]] = defaultdict(set)
    has: defaultdict[int, set[int]] = defaultdict(set)
    for mirror in step.after.mirrors.values():
        had[mirror.integration_id].add(mirror.appointment_id)
        if mirror.state != "left":
            has[mirror.integration_id].add(mirror.appointment_id)
    for integration in step.after.integrations.values():
        assert integration.state != "connecting"
        if integration.state != "connected":
            continue
        for appointment in step.after.appointments.values():
            if appointment.practitioner_id != integration.practitioner_id or takes_no_place(appointment):
                continue
            if appointment.id in had[integration.id] or _admits(integration, appointment, step=step):
                assert appointment.id in has[integration.id]


def _was_not_there(step: Step, integration_id: int) -> bool:
    before = step.before.integrations.get(integration_id)
    return before is None or bool(before.state == "connecting")


def _was_removed(step: Step, appointment_id: int) -> bool:
    """Whether a removal was applied before, in the same transaction, it was put again."""
    return any(each.appointment_id == appointment_id and each.action == "removed" for each in step.new_versions())


def _admits(integration: Row[Any], appointment: Row[Any], *, step: Step) -> bool:
    """Whether the window lets a single appointment in; the occurrences of a series are left to other tests."""
    if appointment.recurring:
        return False
    opens = midnight_of(integration.connected_on)
    closes = midnight_of(day_at(step.now) + timedelta(days=WINDOW_DAYS + 1))
    return opens <= starts_of(appointment) < closes
