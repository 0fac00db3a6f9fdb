"""``hxdav subscriptions``: who has calendar synchronisation, until when, and at which price."""

from __future__ import annotations

from typing import Annotated

import typer

from hxdav.cli.console import AsJson, confirm, say
from hxdav.cli.session import OnBehalf, PasswordFromStdin, installation, practitioner_named, who_says
from hxdav.cli.tables import print_rows
from hxdav.domain.practice import Practitioner
from hxdav.domain.subscription import Subscription, SubscriptionState, price_in
from hxdav.services.billing import subscriptions
from hxdav.store.store import Tx

_COLUMNS = ("practice_group", "practitioner", "state", "renews", "paid_until", "next_price")

Whose = Annotated[str, typer.Argument(metavar="PRACTITIONER", help="Key of the practitioner.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def buy(
    ctx: typer.Context,
    practitioner: Whose,
    *,
    as_user: OnBehalf = None,
    yes: Yes = False,
    password_stdin: PasswordFromStdin = False,
) -> None:
    """Subscribe a practitioner from today; it renews itself until it is cancelled."""
    here = installation(ctx)
    whose = practitioner_named(here, practitioner)
    source = who_says(here, as_user=as_user, from_stdin=password_stdin, practitioner=whose)
    with here.store.rehearsal() as tx:
        offered = subscriptions.buy(tx, here.clock, practitioner=whose, source=source)
    say(_offer(whose, offered))
    confirm("Buy it?", yes=yes)
    with here.store.transaction() as tx:
        bought = subscriptions.buy(tx, here.clock, practitioner=whose, source=source, offered_at=offered.price)
    say(
        f"{whose.key} is subscribed until {bought.subscription.paid_until}, 00:00, which renews itself; "
        f"{bought.price} credits were taken, and {bought.balance} are left."
    )


def cancel(
    ctx: typer.Context,
    practitioner: Whose,
    *,
    as_user: OnBehalf = None,
    yes: Yes = False,
    password_stdin: PasswordFromStdin = False,
) -> None:
    """Let a subscription end with the period that is paid; one that is paused ends at once."""
    here = installation(ctx)
    whose = practitioner_named(here, practitioner)
    source = who_says(here, as_user=as_user, from_stdin=password_stdin, practitioner=whose)
    with here.store.rehearsal() as tx:
        foreseen = subscriptions.cancel(tx, here.clock, practitioner=whose, source=source)
    say(f"{whose.key} would be cancelled: {_end(foreseen)}")
    confirm("Cancel it?", yes=yes)
    with here.store.transaction() as tx:
        cancelled = subscriptions.cancel(tx, here.clock, practitioner=whose, source=source)
    say(f"{whose.key} is cancelled: {_end(cancelled)}")


def list_(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """List every practitioner's subscription; "paid until" is the first day that is not paid any more."""
    here = installation(ctx)
    with here.store.snapshot() as tx:
        rows = [_row(tx, practitioner) for practitioner in tx.people.practitioners()]
    print_rows(rows, as_json=as_json, columns=_COLUMNS)


def _offer(whose: Practitioner, offered: subscriptions.Purchase) -> str:
    paid_until = offered.subscription.paid_until
    before = offered.balance + offered.price
    return (
        f"Calendar synchronisation for {whose.key} until {paid_until}, 00:00, costs {offered.price} credits: "
        f"there are {before}, and {offered.balance} would be left."
    )


def _end(cancelled: Subscription) -> str:
    if cancelled.state is SubscriptionState.ENDED:
        return "the subscription was paused, and has ended; the calendars can still be read."
    return f"the subscription runs until {cancelled.paid_until}, 00:00; after that the calendars can only be read."


def _row(tx: Tx, practitioner: Practitioner) -> dict[str, object]:
    group = tx.people.practice_group(practitioner.practice_group_id)
    known = tx.subscriptions.of(practitioner.id)
    return {
        "practice_group": group.key,
        "practitioner": practitioner.key,
        "state": known.state if known else None,
        "renews": known.renews if known else None,
        "paid_until": known.paid_until if known else None,
        "next_price": price_in(group.band),
    }
