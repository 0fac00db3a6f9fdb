"""``hxdav appointments history`` and ``restore``, and what ``show`` and ``list`` say of removals on their way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest

from hxdav.bootstrap.installation import Installation
from hxdav.config import load_settings
from hxdav.domain.appointment import AppointmentKind, RecordMark
from hxdav.domain.edit import Applied, Held
from hxdav.domain.ids import AppointmentId, IntegrationId
from hxdav.domain.policy import Policy
from hxdav.services.practice.retention import purge
from tests.builders import MovableClock, PracticeWorld, an_object
from tests.integration.cli.command_line import CommandLine


@dataclass
class Kept:
    """A practice that the command line and a client both know, with one personal appointment."""

    hxdav: CommandLine
    world: PracticeWorld
    calendar: IntegrationId
    id: AppointmentId

    def history(self) -> str:
        return self.hxdav.must("appointments", "history", str(self.id)).out


@pytest.fixture
def kept(practice: CommandLine) -> Iterator[Kept]:
    here = Installation(load_settings(practice.config))
    with here.store.snapshot() as tx:
        user = tx.people.user_named("maya")
        (practitioner,) = tx.people.practitioners()
    assert user is not None
    world = PracticeWorld(
        store=here.store,
        practitioner_id=practitioner.id,
        user_id=user.id,
        clock=MovableClock(datetime.now(UTC)),
        policy=Policy(window_days=None),
    )
    calendar = world.integration(connected_on=date(2020, 1, 1))
    put = world.put(calendar, "a.ics", an_object())
    assert isinstance(put, Applied)
    yield Kept(hxdav=practice, world=world, calendar=calendar, id=put.appointment_id)
    here.close()


def test_history_shows_old_and_new_values_of_what_the_practice_knows(kept: Kept) -> None:
    kept.world.book(an_object(), appointment_id=kept.id, patients=("Jo Doe",), note=RecordMark.UNKNOWN)

    spoken = kept.history()
    told = kept.hxdav.listed("appointments", "history", str(kept.id))["versions"][1]

    assert "kind: personal → patient" in spoken
    assert "note: none → unknown" in spoken
    assert "patients: – → Jo Doe" in spoken
    assert {"name": "patients", "before": [], "after": ["Jo Doe"]} in told["fields"]
    assert told["changed"] == ["kind", "note", "patients"]


def test_history_says_what_became_of_a_removal_and_why(kept: Kept) -> None:
    assert isinstance(kept.world.remove(kept.calendar, "a.ics"), Held)
    held = kept.history()
    kept.world.clock.advance(seconds=60)
    kept.world.settle()

    decided = kept.history()
    (told,) = kept.hxdav.listed("appointments", "history", str(kept.id))["removals"]

    assert "of version 1  by outside · maya · HX_Harbour Street Psychology" in held
    assert "held; applied at" in held
    assert "because nothing spoke against it" in decided
    assert (told["state"], told["decision"], told["revision"]) == ("applied", "settled", 1)


def test_history_says_that_it_does_not_begin_at_the_beginning(kept: Kept) -> None:
    kept.world.put(kept.calendar, "a.ics", an_object(summary="Second"))
    assert "purged" not in kept.history()
    kept.world.clock.advance(days=31)
    with kept.world.store.transaction() as tx:
        group = tx.people.practitioner(kept.world.practitioner_id).practice_group_id
        purge(tx, kept.world.clock, kept.world.policy, practice_group_id=group)

    assert kept.history().startswith("Earlier versions have been purged.\n")


def test_show_and_list_say_that_a_removal_is_on_its_way(kept: Kept) -> None:
    number = str(kept.id)
    (before,) = kept.hxdav.listed("appointments", "list")
    kept.world.remove(kept.calendar, "a.ics")
    (held,) = kept.hxdav.listed("appointments", "list")
    shown = kept.hxdav.must("appointments", "show", number).out
    kept.world.policy = Policy(unreviewed=0)
    kept.world.put(kept.calendar, "b.ics", an_object("b@example"))
    kept.world.remove(kept.calendar, "b.ics")

    reviewed = kept.hxdav.must("appointments", "show", number).out

    assert (before["removal"], held["removal"]) == (None, "held")
    assert "removal       held; applied at" in shown
    assert "removal       in review; kept at" in reviewed


def test_restore_undoes_the_last_edit(kept: Kept) -> None:
    kept.world.put(kept.calendar, "a.ics", an_object(summary="Spoilt"))

    asked = kept.hxdav.run("appointments", "restore", str(kept.id))
    unchanged = kept.world.appointment(kept.id)
    done = kept.hxdav.must("appointments", "restore", str(kept.id), "--yes")

    assert asked.code == 1
    assert "-SUMMARY:Spoilt" in asked.out
    assert "+SUMMARY:Supervision" in asked.out
    assert unchanged.summary == "Spoilt"
    assert done.err == f"Appointment {kept.id} is as it was in version 1.\n"
    assert kept.world.text_of(kept.calendar, "a.ics") == an_object()


def test_restore_brings_back_what_was_removed(kept: Kept) -> None:
    kept.world.removed(kept.calendar, "a.ics")

    done = kept.hxdav.must("appointments", "restore", str(kept.id), "--yes")

    assert "removed_at: 20" in done.out
    assert list(kept.world.shown(kept.calendar)) == ["a.ics"]


def test_restore_brings_a_version_back_by_its_number_and_leaves_the_note(kept: Kept) -> None:
    kept.world.book(an_object(), appointment_id=kept.id, patients=("Jo Doe",))
    kept.world.book(an_object(), appointment_id=kept.id, patients=("Al Roe",), note=RecordMark.PRESENT)

    done = kept.hxdav.must("appointments", "restore", str(kept.id), "--revision", "2", "--yes")

    assert "patients: Al Roe → Jo Doe" in done.out
    assert "note" not in done.out
    assert kept.world.appointment(kept.id).practice.note is RecordMark.PRESENT


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ((), "There is no other version in which it took place"),
        (("--revision", "7"), "There is no such version of this appointment"),
    ],
)
def test_what_cannot_be_restored_is_a_sentence(kept: Kept, options: tuple[str, ...], sentence: str) -> None:
    done = kept.hxdav.run("appointments", "restore", str(kept.id), *options, "--yes")

    assert (done.code, done.out) == (1, "")
    assert sentence in done.err


def test_a_refusal_of_the_gate_is_a_sentence(kept: Kept) -> None:
    kept.world.clock.moment -= timedelta(days=31)
    kept.world.book(an_object(summary="Later"), appointment_id=kept.id, kind=AppointmentKind.PERSONAL)

    done = kept.hxdav.run("appointments", "restore", str(kept.id), "--yes")

    assert (done.code, done.err) == (1, "hxdav: What was done after this version is too long ago to be undone.\n")
