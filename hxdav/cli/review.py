"""``hxdav review``: deletions that wait for a person's word, and giving it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.progress import Progress

from hxdav.bootstrap.installation import Installation
from hxdav.cli.arguments import LARGEST_ID
from hxdav.cli.console import AsJson, confirm, say
from hxdav.cli.session import OnBehalf, PasswordFromStdin, installation, practitioner_named, who_says
from hxdav.cli.tables import print_rows
from hxdav.cli.terminal import err
from hxdav.domain.edit import Source
from hxdav.domain.ids import RemovalId
from hxdav.domain.practice import Practitioner
from hxdav.domain.removal import Removal, ReviewAnswer
from hxdav.errors import UseCaseError
from hxdav.ical.objects import object_of
from hxdav.ical.occurrence_index import first_interval
from hxdav.services.appointments import removal_review
from hxdav.store.store import Tx

_REVIEWS = ("practitioner", "waiting", "answered", "opened_at", "kept_from")
_REMOVALS = ("id", "title", "starts", "deleted_at", "calendar", "device", "kept_from", "answer")

_SHOWN_FROM = 50
"""From how many removals on it is worth showing how far they are."""

Whose = Annotated[str, typer.Argument(metavar="PRACTITIONER", help="Whose review.")]
Which = Annotated[
    list[int] | None,
    typer.Argument(metavar="ID...", max=LARGEST_ID, help="Numbers of removals, as in `review show`."),
]
Everything = Annotated[bool, typer.Option("--all", help="All that wait, instead of some by their numbers.")]
Later = Annotated[bool, typer.Option("--background", help="Leave it to the running server, and do not wait.")]


def list_(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """List the reviews that are open, the oldest first."""
    here = installation(ctx)
    with here.store.snapshot() as tx:
        rows = []
        for review in tx.removals.reviews():
            practitioner = tx.people.practitioner(review.practitioner_id)
            zone = _zone_of(tx, practitioner)
            rows.append(
                {
                    "practitioner": practitioner.key,
                    "waiting": review.waiting,
                    "answered": review.answered,
                    "opened_at": review.reviewed_from.astimezone(zone),
                    "kept_from": review.answer_by.astimezone(zone),
                }
            )
    print_rows(rows, as_json=as_json, columns=_REVIEWS)


def show(ctx: typer.Context, practitioner: Whose, *, as_json: AsJson = False) -> None:
    """Show what was deleted outside, when, where and by which device, and until when it can be answered."""
    here = installation(ctx)
    reviewed = practitioner_named(here, practitioner)
    with here.store.snapshot() as tx:
        zone = _zone_of(tx, reviewed)
        rows = [_row(tx, removal, zone=zone) for removal in tx.removals.in_review(reviewed.id)]
    print_rows(rows, as_json=as_json, columns=_REMOVALS)


def apply(
    ctx: typer.Context,
    practitioner: Whose,
    removals: Which = None,
    *,
    everything: Everything = False,
    as_user: OnBehalf = None,
    password_stdin: PasswordFromStdin = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    background: Later = False,
) -> None:
    """Let deletions come about: the appointments leave every calendar, those with patients are cancelled."""
    here = installation(ctx)
    answered = _answering(here, practitioner, removals, everything=everything)
    source = who_says(here, as_user=as_user, from_stdin=password_stdin, practitioner=answered.practitioner)
    confirm(f"Delete {_counted(answered.removals)} everywhere?", yes=yes)
    _answer(here, answered, ReviewAnswer.APPLY, source=source)
    _carry_out(here, answered, background=background)


def keep(
    ctx: typer.Context,
    practitioner: Whose,
    removals: Which = None,
    *,
    everything: Everything = False,
    as_user: OnBehalf = None,
    password_stdin: PasswordFromStdin = False,
    background: Later = False,
) -> None:
    """Keep appointments: they show again in the calendars in which they were deleted."""
    here = installation(ctx)
    answered = _answering(here, practitioner, removals, everything=everything)
    source = who_says(here, as_user=as_user, from_stdin=password_stdin, practitioner=answered.practitioner)
    _answer(here, answered, ReviewAnswer.KEEP, source=source)
    _carry_out(here, answered, background=background)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answering:
    """Which removals of whose review are answered."""

    practitioner: Practitioner
    removals: tuple[RemovalId, ...]


def _answering(here: Installation, key: str, numbers: Sequence[int] | None, *, everything: bool) -> _Answering:
    practitioner = practitioner_named(here, key)
    if everything == bool(numbers):
        raise UseCaseError("Name the removals by their numbers, or say --all.")
    if numbers:
        chosen = tuple(RemovalId(number) for number in dict.fromkeys(numbers))
        return _Answering(practitioner=practitioner, removals=chosen)
    with here.store.snapshot() as tx:
        waiting = tuple(each.id for each in tx.removals.in_review(practitioner.id) if each.answer is None)
    if not waiting:
        raise UseCaseError(f"Nothing of {practitioner.key} waits for review.")
    return _Answering(practitioner=practitioner, removals=waiting)


def _answer(here: Installation, answered: _Answering, said: ReviewAnswer, *, source: Source) -> None:
    with here.store.transaction() as tx:
        removal_review.answer(
            tx,
            here.clock,
            practitioner=answered.practitioner,
            removal_ids=answered.removals,
            said=said,
            source=source,
        )


def _carry_out(here: Installation, answered: _Answering, *, background: bool) -> None:
    if background:
        counted = _counted(answered.removals)
        say(f"{counted}: the server carries it out; `hxdav review list` shows how far it is.")
        return
    with Progress(console=err(), transient=True, disable=len(answered.removals) < _SHOWN_FROM) as progress:
        task = progress.add_task("Carrying out", total=len(answered.removals))

        def step(tx: Tx) -> int:
            practitioner_id = answered.practitioner.id
            done = removal_review.carry_out(tx, here.clock, here.policy, practitioner_id=practitioner_id)
            progress.advance(task, done)
            return done

        here.store.in_turns(step)
    with here.store.snapshot() as tx:
        decided = tx.removals.some(answered.removals)
    for state in dict.fromkeys(removal.state for removal in decided):
        some = [removal for removal in decided if removal.state is state]
        why = ", ".join(sorted({str(removal.decision).replace("_", " ") for removal in some}))
        say(f"{_counted(some)} {state} ({why}).")


def _counted(some: Collection[object]) -> str:
    return f"{len(some)} appointment{'' if len(some) == 1 else 's'}"


def _zone_of(tx: Tx, practitioner: Practitioner) -> ZoneInfo:
    return ZoneInfo(tx.people.practice_group(practitioner.practice_group_id).zone)


def _row(tx: Tx, removal: Removal, *, zone: ZoneInfo) -> dict[str, Any]:
    appointment = tx.appointments.one(removal.appointment_id)
    source = removal.source
    devices = {each.id: each.label for each in tx.app_passwords.of_user(source.user_id)} if source.user_id else {}
    device = devices.get(source.app_password_id, "") if source.app_password_id else ""
    return {
        "id": removal.id,
        "appointment": appointment.id,
        "kind": appointment.kind,
        "title": appointment.summary,
        "starts": first_interval(object_of(appointment.text), practice_zone=zone).starts.astimezone(zone),
        "deleted_at": removal.made_at.astimezone(zone),
        "calendar": tx.integrations.one(source.integration_id).name if source.integration_id else "",
        "device": device,
        "agent": source.agent,
        "kept_from": removal.answer_by.astimezone(zone) if removal.answer_by else None,
        "answer": removal.answer or "",
    }
