"""``hxdav credits`` and ``hxdav subscriptions``: price and balance first, and who may buy for whom."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests.integration.cli.command_line import ACCOUNTS, CommandLine

PAYING = (
    ACCOUNTS.replace('band = "silver"', 'band = "none"')
    + """
[[practice_groups.users]]
username = "tom"
name = "Tom Okafor"

[[practice_groups.practitioners]]
key = "tom"
name = "Tom Okafor"
user = "tom"
"""
)
OTHERS = """
[[practice_groups]]
key = "glenelg"
name = "Glenelg Physiotherapy"
zone = "Australia/Adelaide"

[[practice_groups.users]]
username = "ada"
name = "Ada Reid"
administrator = true
"""


@pytest.fixture
def paying(hxdav: CommandLine) -> CommandLine:
    """A practice group outside of every band, with two practitioners and without credits; nobody is subscribed."""
    assert hxdav.apply(PAYING).code == 0
    return hxdav


def add(hxdav: CommandLine, number: int, *options: str) -> None:
    hxdav.must("credits", "add", "--practice-group", "harbour", "--credits", str(number), "--yes", *options)


def balance(hxdav: CommandLine) -> int:
    found: int = hxdav.listed("credits", "show", "--practice-group", "harbour")["balance"]
    return found


def listed(hxdav: CommandLine, practitioner: str = "maya") -> dict[str, Any]:
    (row,) = [row for row in hxdav.listed("subscriptions", "list") if row["practitioner"] == practitioner]
    return dict(row)


def test_the_ledger_shows_the_balance_and_every_entry(paying: CommandLine) -> None:
    add(paying, 50, "--remark", "Invoice 7")
    add(paying, -10, "--kind", "grant", "--remark", "Entered twice")
    paying.must("subscriptions", "buy", "maya", "--yes")

    shown = paying.listed("credits", "show")
    spoken = paying.must("credits", "show").out

    assert (shown["practice_group"], shown["balance"]) == ("harbour", 15)
    assert [(row["kind"], row["credits"], row["practitioner"], row["remark"]) for row in shown["entries"]] == [
        ("purchase", 50, None, "Invoice 7"),
        ("grant", -10, None, "Entered twice"),
        ("renewal", -25, "maya", ""),
    ]
    assert "harbour has 15 credits." in spoken
    assert "Entered twice" in spoken


def test_adding_shows_the_balance_before_and_after_and_wants_a_yes(paying: CommandLine) -> None:
    asked = paying.run("credits", "add", "--practice-group", "harbour", "--credits", "30")
    before = balance(paying)
    done = paying.must("credits", "add", "--practice-group", "harbour", "--credits", "30", "--yes")

    assert (asked.code, before) == (1, 0)
    assert "harbour has 0 credits. Enter 30, so that there are 30?" in asked.err
    assert done.err == "harbour has 30 credits.\n"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--credits", "0"), "hxdav: There are no credits to add: say how many.\n"),
        (
            ("--credits", "-5"),
            "hxdav: Only a grant may be negative: enter the correction of a mistake as one.\n",
        ),
        (("--credits", "-5", "--kind", "grant"), "hxdav: The balance is 0 credits: it cannot go below 0.\n"),
    ],
)
def test_an_entry_that_makes_no_sense_is_a_sentence(
    paying: CommandLine, options: tuple[str, ...], sentence: str
) -> None:
    done = paying.run("credits", "add", "--practice-group", "harbour", *options, "--yes")

    assert (done.code, done.err) == (1, sentence)


def test_credits_cannot_be_entered_as_a_renewal(paying: CommandLine) -> None:
    done = paying.run("credits", "add", "--practice-group", "harbour", "--credits", "5", "--kind", "renewal", "--yes")

    assert done.code == 2


def test_of_several_practice_groups_one_is_to_be_named(hxdav: CommandLine) -> None:
    none = hxdav.run("credits", "show")
    hxdav.apply(PAYING + OTHERS)

    unnamed = hxdav.run("credits", "show")
    unknown = hxdav.run("credits", "show", "--practice-group", "nowhere")

    assert none.err == "hxdav: There is no practice group yet.\n"
    assert unnamed.err == "hxdav: Say --practice-group: glenelg or harbour.\n"
    assert unknown.err == "hxdav: There is no practice group nowhere.\n"
    assert balance(hxdav) == 0


def test_price_and_balance_are_shown_before_buying_and_a_no_charges_nothing(paying: CommandLine) -> None:
    add(paying, 60)

    asked = paying.run("subscriptions", "buy", "maya")

    assert asked.code == 1
    assert "costs 25 credits: there are 60, and 35 would be left." in asked.err
    assert balance(paying) == 60
    assert listed(paying) == {
        "practice_group": "harbour",
        "practitioner": "maya",
        "state": None,
        "renews": None,
        "paid_until": None,
        "next_price": 25,
    }


def test_a_yes_buys_thirty_days(paying: CommandLine) -> None:
    add(paying, 60)

    done = paying.must("subscriptions", "buy", "maya", "--yes")

    row = listed(paying)
    assert (row["state"], row["renews"], row["next_price"]) == ("running", True, 25)
    days = date.fromisoformat(row["paid_until"]) - date.today()  # noqa: DTZ011 - about today is enough
    assert timedelta(days=29) <= days <= timedelta(days=31)
    assert f"maya is subscribed until {row['paid_until']}, 00:00" in done.err
    assert balance(paying) == 35


def test_too_few_credits_are_a_sentence_that_says_how_to_add_some(paying: CommandLine) -> None:
    done = paying.run("subscriptions", "buy", "maya", "--yes")

    assert done.code == 1
    assert "25 credits" in done.err
    assert "hxdav credits add --practice-group harbour --credits 25" in done.err


def test_cancelling_says_until_when_it_runs(paying: CommandLine) -> None:
    add(paying, 25)
    paying.must("subscriptions", "buy", "maya", "--yes")

    asked = paying.run("subscriptions", "cancel", "maya")
    before = listed(paying)
    done = paying.must("subscriptions", "cancel", "maya", "--yes")

    assert (asked.code, before["renews"]) == (1, True)
    assert all(f"runs until {before['paid_until']}, 00:00" in said for said in (asked.err, done.err))
    assert (listed(paying)["state"], listed(paying)["renews"]) == ("running", False)
    assert paying.run("subscriptions", "cancel", "maya", "--yes").code == 1


@pytest.mark.parametrize("username", ["maya", "robin"])
def test_a_practitioner_buys_for_themselves_and_an_administrator_for_anyone(paying: CommandLine, username: str) -> None:
    add(paying, 25)
    paying.set_password(username)

    bought = paying.as_user(username, "subscriptions", "buy", "maya", "--yes")
    cancelled = paying.as_user(username, "subscriptions", "cancel", "maya", "--yes")

    assert (bought.code, cancelled.code) == (0, 0)
    assert paying.listed("credits", "show")["entries"][-1]["user"] == username


@pytest.mark.parametrize("username", ["tom", "ada"])
def test_nobody_else_buys_or_cancels(hxdav: CommandLine, username: str) -> None:
    hxdav.apply(PAYING + OTHERS)
    add(hxdav, 50)
    hxdav.set_password(username)

    bought = hxdav.as_user(username, "subscriptions", "buy", "maya", "--yes")
    hxdav.must("subscriptions", "buy", "maya", "--yes")
    cancelled = hxdav.as_user(username, "subscriptions", "cancel", "maya", "--yes")

    assert (bought.code, cancelled.code) == (1, 1)
    assert f"{username} is neither maya nor an administrator" in bought.err
    assert listed(hxdav)["renews"] is True


def test_in_a_free_band_it_costs_nothing(hxdav: CommandLine) -> None:
    hxdav.apply()

    asked = hxdav.run("subscriptions", "buy", "maya")
    hxdav.must("subscriptions", "buy", "maya", "--yes")

    assert "costs 0 credits" in asked.err
    assert (listed(hxdav)["state"], listed(hxdav)["next_price"]) == ("running", 0)


def test_the_subscriptions_are_a_table_for_people(paying: CommandLine) -> None:
    assert "paid until" in paying.must("subscriptions", "list").out
