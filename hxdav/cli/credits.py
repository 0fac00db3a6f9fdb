"""``hxdav credits``: what a practice group has, where it went, and entering more."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from hxdav.cli.console import AsJson, confirm, print_json, say
from hxdav.cli.session import BY_PRACTICE, installation
from hxdav.cli.tables import print_rows
from hxdav.domain.practice import PracticeGroup
from hxdav.domain.subscription import CreditEntry, CreditKind
from hxdav.errors import NotFound, UseCaseError
from hxdav.services.billing.renewal import add_credits
from hxdav.store.store import Tx

_COLUMNS = ("at", "kind", "credits", "practitioner", "period_from", "user", "agent", "remark")
_MOST = 1_000_000


class AddedKind(StrEnum):
    """How credits are entered by hand."""

    PURCHASE = CreditKind.PURCHASE.value
    GRANT = CreditKind.GRANT.value


def show(
    ctx: typer.Context,
    *,
    practice_group: Annotated[
        str | None, typer.Option(metavar="KEY", help="Whose; need not be said where there is one only.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the balance, then every entry of the ledger."""
    here = installation(ctx)
    with here.store.snapshot() as tx:
        group = _named(tx, practice_group)
        balance = tx.credits.balance(group.id)
        rows = _rows(tx, tx.credits.entries(group.id))
    if as_json:
        print_json({"practice_group": group.key, "balance": balance, "entries": rows})
        return
    print_rows(rows, as_json=False, columns=_COLUMNS, title=f"{group.key} has {balance} credits.")


def add(
    ctx: typer.Context,
    *,
    practice_group: Annotated[str, typer.Option(metavar="KEY", help="Whose.")],
    number: Annotated[
        int,
        typer.Option("--credits", min=-_MOST, max=_MOST, help="How many; negative as the correction of a mistake."),
    ],
    kind: Annotated[AddedKind, typer.Option(help="Bought or given; a correction is a grant.")] = AddedKind.PURCHASE,
    remark: Annotated[
        str,
        typer.Option(metavar="TEXT", help="Stays in the ledger for good: no patient's name belongs here."),
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Enter credits; what is paused for want of them resumes at once."""
    here = installation(ctx)

    def enter(tx: Tx, group: PracticeGroup) -> int:
        return add_credits(
            tx,
            here.clock,
            practice_group_id=group.id,
            kind=CreditKind(kind),
            credits=number,
            remark=remark.strip(),
            source=BY_PRACTICE,
        )

    with here.store.rehearsal() as tx:
        group = _named(tx, practice_group)
        before = tx.credits.balance(group.id)
        after = enter(tx, group)
    resumed = f", of which what is due takes {before + number - after}" if after != before + number else ""
    confirm(f"{group.key} has {before} credits. Enter {number}{resumed}, so that there are {after}?", yes=yes)
    with here.store.transaction() as tx:
        after = enter(tx, group)
    say(f"{group.key} has {after} credits.")


def _named(tx: Tx, key: str | None) -> PracticeGroup:
    """The practice group with this key, or the only one."""
    groups = tx.people.practice_groups()
    if key is None and len(groups) > 1:
        raise UseCaseError(f"Say --practice-group: {' or '.join(each.key for each in groups)}.")
    for group in groups:
        if key in {None, group.key}:
            return group
    raise NotFound(f"There is no practice group {key}." if key else "There is no practice group yet.")


def _rows(tx: Tx, entries: list[CreditEntry]) -> list[dict[str, object]]:
    practitioners = {each.id: each.key for each in tx.people.practitioners()}
    subscribers = {each.id: practitioners[each.practitioner_id] for each in tx.subscriptions.all()}
    usernames = {each.id: each.username for each in tx.people.users()}
    return [
        {
            "at": each.at,
            "kind": each.kind,
            "credits": each.credits,
            "practitioner": subscribers[each.subscription_id] if each.subscription_id else None,
            "period_from": each.period_from,
            "user": usernames[each.user_id] if each.user_id else None,
            "agent": each.agent,
            "remark": each.remark,
        }
        for each in entries
    ]
