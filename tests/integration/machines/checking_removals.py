"""Removals: nothing protected, no more than three unreviewed, and each ends by a decision (rules 6, 7)."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from tests.integration.machines.model import (
    AHEAD,
    ANSWERED,
    BATCH,
    COUNTED,
    KEPT_FOR,
    UNREVIEWED,
    AcknowledgedRemoval,
    By,
    Step,
)
from tests.integration.machines.pictures import Picture, is_protected, starts_of, takes_no_place

_TIMES = re.compile(r"(?m)^(?:DTSTART|DTEND|DURATION|RRULE|EXDATE|RDATE)[:;].*$")


def removals_are_decided_by_the_rules(step: Step) -> None:
    """Each removal that came, went or changed in ``step`` did so as rules 6 and 7 have it."""
    for number in step.after.removals.keys() - step.before.removals.keys():
        _is_made(step, step.after.removals[number])
    for number, before in step.before.removals.items():
        after = step.after.removals.get(number)
        if after is not None and after != before:
            _moves_on(step, before, after)
        if after is None:
            assert step.by in {By.WORKER, By.RETENTION}
            assert before.decision is not None
            assert before.decided_at <= step.now - KEPT_FOR


def what_goes_was_let_go(step: Step) -> None:
    """An appointment takes place no more only by the practice's word, or by a removal that was applied."""
    for number, before in step.before.appointments.items():
        after = step.after.appointments.get(number)
        if takes_no_place(before) or (after is not None and not takes_no_place(after)):
            continue
        if step.by is By.PRACTICE and step.about == number:
            continue
        assert after is not None
        applied = [
            each
            for each in step.after.removals.values()
            if each.appointment_id == number and each.state == "applied" and each.decided_at == step.now
        ]
        assert applied
        assert not is_protected(before)
        assert not is_protected(after)


def what_is_hidden_is_being_removed(step: Step) -> None:
    """An appointment has one open removal at most, and is hidden just where, and just as long as, it has one."""
    open_removals = {each.appointment_id: each for each in step.after.open_removals()}
    assert not [number for number, count in Counter(_open(step.after)).items() if count > 1]
    hidden = {(each.appointment_id, each.integration_id) for each in step.after.mirrors.values() if _is_hidden(each)}
    assert {number for number, _ in hidden} <= open_removals.keys()
    for number, removal in open_removals.items():
        integration = step.after.integrations[removal.integration_id]
        # What lay ahead in a calendar that was disconnected has gone over to the one that replaces it (rule 9).
        assert (number, integration.id) in hidden or integration.state == "disconnected"
        assert not takes_no_place(step.after.appointments[number])


def nothing_is_overdue(step: Step) -> None:
    """Once the worker has come by, no removal waits that could be decided."""
    for each in step.after.open_removals():
        appointment = step.after.appointments[each.appointment_id]
        if each.state == "held":
            batch = [other for other in step.after.open_removals() if _is_of_batch(other, each)]
            assert any(step.model.removals[other.id].last_at + BATCH > step.now for other in batch)
        else:
            assert each.answer is None
            assert step.now < _kept_at(each, appointment)


def _is_made(step: Step, removal: Row[Any]) -> None:
    assert step.by is By.OUTSIDE
    assert removal.made_at == step.now
    assert step.source is not None
    assert (removal.integration_id, removal.app_password_id) == (
        step.source.integration_id,
        step.source.app_password_id,
    )
    if removal.decision == "dragged":
        return
    step.model.removals[removal.id] = AcknowledgedRemoval(
        practitioner_id=removal.practitioner_id, made_at=step.now, last_at=step.now
    )
    assert not is_protected(step.before.appointments[removal.appointment_id])
    if _counted(step, removal.practitioner_id) > UNREVIEWED:
        assert not [each for each in step.after.open_removals() if _is_of_batch(each, removal)]
        assert removal.state == "review"
    else:
        assert removal.state == "held"


def _moves_on(step: Step, before: Row[Any], after: Row[Any]) -> None:
    assert before.decision is None, "what is decided stays decided"
    assert (before.made_at, before.appointment_id) == (after.made_at, after.appointment_id)
    match before.state, after.state:
        case "held", "held":
            # Removed in another calendar as well.
            assert step.by is By.OUTSIDE
            step.model.removals[after.id].last_at = step.now
        case "held", "review":
            assert _counted(step, after.practitioner_id) > UNREVIEWED
        case _, "applied":
            _is_applied(step, before, after)
        case _, "kept":
            _is_kept(step, before, after)
        case _, state:
            assert state == "review"
            if after.settles_at != before.settles_at:
                step.model.removals[after.id].last_at = step.now


def _is_applied(step: Step, before: Row[Any], after: Row[Any]) -> None:
    appointment = step.before.appointments[before.appointment_id]
    assert step.by in {By.WORKER, By.REVIEW, By.OUTSIDE}
    assert not is_protected(appointment)
    assert not _is_changed(step.before, before)
    # The put that brought it back may have come in the very same transaction.
    assert [each for each in step.new_versions() if each.fields["removed_at"] and each.appointment_id == appointment.id]
    if after.decision == "reviewed":
        assert before.state == "review"
        assert step.model.answers[before.id] == "apply"
        return
    assert (before.state, after.decision) == ("held", "settled")
    for each in step.before.removals.values():
        if _is_of_batch(each, before):
            assert step.model.removals[each.id].last_at + BATCH <= step.now
    made = step.model.unreviewed[before.practitioner_id]
    made.append(step.model.removals[before.id].made_at)
    made.sort()
    # No span of fifteen minutes holds more than three: the first and the fourth of any four are that far apart.
    assert all(made[n + UNREVIEWED] - made[n] >= COUNTED for n in range(len(made) - UNREVIEWED))


def _is_kept(step: Step, before: Row[Any], after: Row[Any]) -> None:
    appointment = step.after.appointments[before.appointment_id]
    match after.decision:
        case "reviewed":
            assert step.model.answers[before.id] == "keep"
        case "unanswered":
            assert step.model.answers.get(before.id) is None
            assert step.now >= _kept_at(before, appointment)
        case "taken_back":
            assert step.by is By.OUTSIDE
        case "protected":
            assert is_protected(appointment)
        case "changed":
            assert _is_changed(step.after, before)
        case decision:
            assert decision == "overtaken"
            assert step.about == before.appointment_id
    assert step.by is By.PRACTICE or not takes_no_place(appointment)


def _is_changed(picture: Picture, removal: Row[Any]) -> bool:
    """Whether time, patients or status are other than in the revision that was removed."""
    history = picture.history(removal.appointment_id)
    removed = next(each for each in history if each.revision == removal.revision)
    return _terms(removed) != _terms(history[-1])


def _terms(version: Row[Any]) -> object:
    return sorted(_TIMES.findall(version.text)), version.fields["patient_ids"], version.fields["status"]


def _kept_at(removal: Row[Any], appointment: Row[Any]) -> datetime:
    """When a removal in review is kept, unless somebody answers."""
    unanswered: datetime = removal.reviewed_from + ANSWERED
    ahead = starts_of(appointment) - AHEAD
    if appointment.recurring:
        # The next occurrence counts; it is read from the rule only by the product.
        return min(unanswered, removal.answer_by)
    return min(unanswered, ahead) if removal.reviewed_from < ahead else unanswered


def _counted(step: Step, practitioner_id: int) -> int:
    """The removals of the last fifteen minutes that are open, or were applied without a review."""
    return sum(
        each.practitioner_id == practitioner_id
        and step.model.removals[each.id].made_at > step.now - COUNTED
        and (each.decision is None or each.decision == "settled")
        for each in step.after.removals.values()
        if each.id in step.model.removals
    )


def _open(picture: Picture) -> list[int]:
    return [each.appointment_id for each in picture.open_removals()]


def _is_hidden(mirror: Row[Any]) -> bool:
    return bool(mirror.state == "hidden")


def _is_of_batch(removal: Row[Any], other: Row[Any]) -> bool:
    return bool(removal.state == "held" and removal.practitioner_id == other.practitioner_id)
