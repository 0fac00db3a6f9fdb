"""Undo: an earlier version comes back as a new edit, the exact object, or is refused with a reason (rule 10)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hxdav.domain.appointment import AppointmentKind, AppointmentStatus, RecordMark
from hxdav.domain.edit import Applied, Held, Outcome, Refused
from hxdav.domain.ids import AppointmentId, IntegrationId
from hxdav.domain.mirror import MirrorState
from hxdav.domain.policy import Policy
from hxdav.domain.refusal import Reason
from hxdav.domain.removal import Decision, RemovalState
from hxdav.errors import NotFound
from hxdav.gate import RestoreVersion
from hxdav.gate.undo import last_other
from hxdav.store.store import Store
from tests.builders import BY_PRACTICE, PracticeWorld, a_practice, an_object


def restore(practice: PracticeWorld, appointment_id: AppointmentId, revision: int) -> Outcome:
    return practice.submit(RestoreVersion(appointment_id=appointment_id, revision=revision), source=BY_PRACTICE)


def put(practice: PracticeWorld, calendar: IntegrationId, text: str, href: str = "a.ics") -> AppointmentId:
    outcome = practice.put(calendar, href, text)
    assert isinstance(outcome, Applied)
    return outcome.appointment_id


def reason_of(outcome: Outcome) -> Reason:
    assert isinstance(outcome, Refused)
    assert outcome.sentence
    return outcome.reason


def test_the_text_comes_back_to_the_octet_in_every_calendar(store: Store) -> None:
    practice = a_practice(store)
    calendar, other = practice.integration("hx-one"), practice.integration("hx-two")
    text = an_object("a@example", "X-MINE;X-P=1:ü\\, \r\n folded", "BEGIN:VALARM", "ACTION:AUDIO", "END:VALARM")
    appointment_id = put(practice, calendar, text)
    practice.put(calendar, "a.ics", an_object("a@example", summary="Spoilt"))
    before = practice.modseq(calendar), practice.modseq(other)

    assert restore(practice, appointment_id, 1) == Applied(appointment_id=appointment_id)

    assert practice.text_of(calendar, "a.ics") == text
    (elsewhere,) = practice.changes(other, before[1])
    assert practice.text_of(other, elsewhere) == text
    assert practice.changes(calendar, before[0]) == practice.shown(calendar)
    restored = practice.appointment(appointment_id)
    assert (restored.revision, restored.summary) == (3, "Supervision")


def test_undo_is_an_edit_with_an_author_and_an_audit_entry(store: Store) -> None:
    practice = a_practice(store)
    appointment_id = put(practice, practice.integration(), an_object())
    practice.book(an_object(summary="Other"), appointment_id=appointment_id, kind=AppointmentKind.PERSONAL)

    restore(practice, appointment_id, 1)

    with store.snapshot() as tx:
        version = tx.appointments.versions(appointment_id)[-1]
        entry = list(tx.trail.audit_entries())[-1]
    assert (version.action, version.source) == ("restored", BY_PRACTICE)
    assert (entry.action, entry.authority, entry.detail) == ("restored", "practice", {"revision": 3})


def test_a_tombstone_comes_back_where_it_was_shown(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    appointment_id = put(practice, calendar, an_object())
    practice.removed(calendar, "a.ics")
    assert practice.shown(calendar) == {}

    restore(practice, appointment_id, 1)

    assert list(practice.shown(calendar)) == ["a.ics"]
    assert not practice.appointment(appointment_id).is_gone


def test_a_removed_session_comes_back_with_its_patient_and_its_status(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    booked = practice.book(an_object(), patients=("Jo Doe",), status=AppointmentStatus.ARRIVED)
    (href,) = practice.shown(calendar)
    practice.removed(calendar, href)
    assert practice.appointment(booked.id).practice.status is AppointmentStatus.CANCELLED

    restore(practice, booked.id, 1)

    restored = practice.appointment(booked.id)
    assert (restored.practice.status, restored.practice.patient_ids) == (
        AppointmentStatus.ARRIVED,
        booked.practice.patient_ids,
    )
    assert list(practice.shown(calendar)) == [href]


def test_what_was_made_a_patients_becomes_personal_again(store: Store) -> None:
    practice = a_practice(store)
    appointment_id = put(practice, practice.integration(), an_object())
    practice.book(an_object(summary="Jo"), appointment_id=appointment_id, patients=("Jo Doe",))

    restore(practice, appointment_id, 1)

    restored = practice.appointment(appointment_id)
    assert (restored.kind, restored.practice.patient_ids) == (AppointmentKind.PERSONAL, ())


def test_a_version_that_was_gone_is_a_removal_of_now(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    appointment_id = put(practice, calendar, an_object())
    practice.removed(calendar, "a.ics")
    practice.clock.advance(days=1)
    practice.put(calendar, "a.ics", an_object())

    restore(practice, appointment_id, 2)

    assert practice.appointment(appointment_id).removed_at == practice.clock.now()
    assert practice.shown(calendar) == {}


@pytest.mark.parametrize(("early", "reason"), [(timedelta(seconds=1), None), (timedelta(0), Reason.VERSION_TOO_OLD)])
def test_an_edit_can_be_undone_for_thirty_days(store: Store, early: timedelta, reason: Reason | None) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    appointment_id = put(practice, calendar, an_object())
    practice.clock.advance(days=100)
    practice.book(an_object(summary="Later"), appointment_id=appointment_id, kind=AppointmentKind.PERSONAL)
    practice.clock.moment += practice.policy.kept_for - early

    outcome = restore(practice, appointment_id, 1)

    assert (reason_of(outcome) if isinstance(outcome, Refused) else None) is reason


@pytest.mark.parametrize("revision", [0, -1, 3])
def test_there_is_no_bringing_back_what_there_never_was(store: Store, revision: int) -> None:
    practice = a_practice(store)
    appointment_id = put(practice, practice.integration(), an_object())

    assert reason_of(restore(practice, appointment_id, revision)) is Reason.VERSION_GONE
    with pytest.raises(NotFound):
        restore(practice, AppointmentId(99), 1)


def test_bringing_back_what_is_there_writes_nothing(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    appointment_id = put(practice, calendar, an_object())
    practice.move(calendar, "a.ics", "b.ics")
    before = practice.appointment(appointment_id), practice.modseq(calendar)

    for revision in (1, 2):
        assert restore(practice, appointment_id, revision) == Applied(appointment_id=appointment_id)

    assert (practice.appointment(appointment_id), practice.modseq(calendar)) == before


def test_note_and_invoice_stay_what_they_are_now(store: Store) -> None:
    practice = a_practice(store)
    booked = practice.book(an_object())
    practice.book(
        an_object(summary="New"), appointment_id=booked.id, note=RecordMark.PRESENT, invoice=RecordMark.UNKNOWN
    )

    restore(practice, booked.id, 1)

    restored = practice.appointment(booked.id)
    assert (restored.summary, restored.practice.note, restored.practice.invoice) == (
        "Supervision",
        RecordMark.PRESENT,
        RecordMark.UNKNOWN,
    )


@pytest.mark.parametrize(("mark", "reason"), [("note", Reason.NOTE_PROTECTS), ("invoice", Reason.INVOICE_PROTECTS)])
def test_undo_removes_nothing_that_has_a_note_or_an_invoice_by_now(store: Store, mark: str, reason: Reason) -> None:
    practice = a_practice(store)
    booked = practice.book(an_object())
    practice.cancel(booked.id)
    practice.book(an_object(), appointment_id=booked.id, **{mark: RecordMark.PRESENT})  # type: ignore[arg-type]

    assert reason_of(restore(practice, booked.id, 2)) is reason
    assert not practice.appointment(booked.id).is_gone


@pytest.mark.parametrize(("mark", "reason"), [("note", Reason.NOTE_PROTECTS), ("invoice", Reason.INVOICE_PROTECTS)])
def test_undo_makes_nothing_personal_that_has_a_note_or_an_invoice(store: Store, mark: str, reason: Reason) -> None:
    practice = a_practice(store)
    personal = practice.book(an_object(), kind=AppointmentKind.PERSONAL)
    practice.book(an_object(), appointment_id=personal.id, **{mark: RecordMark.UNKNOWN})  # type: ignore[arg-type]

    outcome = restore(practice, personal.id, 1)

    assert reason_of(outcome) is reason
    assert isinstance(outcome, Refused)
    assert "personal" in outcome.sentence


def test_what_took_its_uid_meanwhile_comes_first(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    appointment_id = put(practice, calendar, an_object())
    practice.cancel(appointment_id)
    put(practice, calendar, an_object(summary="Another"), href="b.ics")

    assert reason_of(restore(practice, appointment_id, 1)) is Reason.UID_IN_USE
    practice.removed(calendar, "b.ics")
    assert isinstance(restore(practice, appointment_id, 1), Applied)


def test_an_appointment_that_is_being_removed_shows_again_as_it_was(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    appointment_id = put(practice, calendar, an_object())
    practice.put(calendar, "a.ics", an_object(summary="Changed"))
    assert isinstance(practice.remove(calendar, "a.ics"), Held)

    restore(practice, appointment_id, 1)

    (removal,) = practice.removals()
    assert (removal.state, removal.decision) == (RemovalState.KEPT, Decision.OVERTAKEN)
    assert practice.text_of(calendar, "a.ics") == an_object()


def test_undoing_the_last_edit_is_bringing_back_how_it_took_place_before(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    appointment_id = put(practice, calendar, an_object())
    practice.put(calendar, "a.ics", an_object(summary="Second"))
    practice.move(calendar, "a.ics", "b.ics")

    def undone() -> int | None:
        with store.snapshot() as tx:
            found = last_other(tx.appointments.versions(appointment_id))
        return found.revision if found else None

    assert undone() == 1
    practice.removed(calendar, "b.ics")
    assert undone() == 3
    restore(practice, appointment_id, 3)
    assert undone() == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One edit: by a client (``put``, ``move``, ``remove``) or by the practice (``book``, ``cancel``)."""

    what: str
    title: str = "One"
    day: int = 24
    kind: AppointmentKind = AppointmentKind.PERSONAL
    patients: tuple[str, ...] = ()
    status: AppointmentStatus = AppointmentStatus.BOOKED


TITLES = st.sampled_from(["One", "Two", "Dr Ä"])
DAYS = st.integers(24, 26)
STEPS = st.one_of(
    st.builds(Step, what=st.just("put"), title=TITLES, day=DAYS),
    st.builds(
        Step,
        what=st.just("book"),
        title=TITLES,
        day=DAYS,
        kind=st.sampled_from(list(AppointmentKind)),
        patients=st.sampled_from([(), ("Jo Doe",), ("Al Roe", "Jo Doe")]),
        status=st.sampled_from(list(AppointmentStatus)),
    ),
    st.builds(Step, what=st.sampled_from(["move", "remove", "cancel"])),
)


def take(practice: PracticeWorld, calendar: IntegrationId, appointment_id: AppointmentId, step: Step) -> None:
    """Take one step with an appointment, where it can be taken."""
    appointment = practice.appointment(appointment_id)
    elsewhere = f"{appointment_id}-{appointment.revision}.ics"
    zone = "TZID=Australia/Sydney"
    times = {part: f"{part};{zone}:202611{step.day}T{hour}0000" for part, hour in (("DTSTART", "09"), ("DTEND", "10"))}
    text = an_object(appointment.uid, summary=step.title, start=times["DTSTART"], end=times["DTEND"])
    href = href_of(practice, calendar, appointment.id)
    match step.what:
        case "put" if href or appointment.removed_at:
            practice.put(calendar, href or elsewhere, text)
        case "book":
            practice.book(
                text,
                appointment_id=appointment.id,
                kind=step.kind,
                patients=step.patients if step.kind is AppointmentKind.PATIENT else (),
                status=step.status,
            )
        case "cancel":
            practice.cancel(appointment.id)
        case "move" if href:
            practice.move(calendar, href, elsewhere)
        case "remove" if href:
            practice.removed(calendar, href)


def href_of(practice: PracticeWorld, calendar: IntegrationId, appointment_id: AppointmentId) -> str | None:
    """Where a calendar shows an appointment."""
    with practice.store.snapshot() as tx:
        shown = [each for each in tx.mirrors.of(appointment_id) if each.state is MirrorState.SHOWN]
    return next((each.href for each in shown if each.integration_id == calendar), None)


def test_undo_restores_the_exact_object(sqlite_store: Store) -> None:
    practice = a_practice(sqlite_store)
    practice.policy = Policy(unreviewed=None)
    calendar, other = practice.integration("hx-one"), practice.integration("hx-two")
    # Each appointment of its own: nothing but the number of examples hangs on there being one store for all.
    uids = iter(range(10**6))

    @given(steps=st.lists(STEPS, min_size=1, max_size=6), drawn=st.data())
    @settings(suppress_health_check=list(HealthCheck))
    def restores_any_version(steps: list[Step], drawn: st.DataObject) -> None:
        uid = f"{next(uids)}@example"
        appointment_id = put(practice, calendar, an_object(uid), href=f"{uid}.ics")
        states = {1: practice.appointment(appointment_id)}
        for step in steps:
            take(practice, calendar, appointment_id, step)
            now = practice.appointment(appointment_id)
            states[now.revision] = now
        wanted = states[drawn.draw(st.sampled_from(sorted(states)))]

        outcome = restore(practice, appointment_id, wanted.revision)

        assert outcome == Applied(appointment_id=appointment_id)
        restored = practice.appointment(appointment_id)
        unlike = {"revision": 0, "modseq": 0, "updated_at": None, "removed_at": None}
        assert replace(restored, **unlike) == replace(wanted, **unlike)  # type: ignore[arg-type]
        assert restored.is_gone is wanted.is_gone
        for each in (calendar, other):
            href = href_of(practice, each, appointment_id)
            assert (href is None) is wanted.is_gone
            assert href is None or practice.text_of(each, href) == wanted.text

    restores_any_version()
