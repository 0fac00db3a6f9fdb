"""``hxdav review``: deletions that wait for a person's word."""

from __future__ import annotations

from typing import Any

import pytest

from hxdav.bootstrap.installation import Installation
from hxdav.config import load_settings
from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import AppPasswordId, Href, IntegrationId
from hxdav.gate import RemoveObject, submit
from tests.integration.cli.command_line import CommandLine, soon

TITLES = ("Lunch", "Gym", "Dentist", "Choir", "Market")


@pytest.fixture
def reviewed(practice: CommandLine) -> CommandLine:
    """An installation in which maya's phone has deleted five appointments at once."""
    practice.set_password("maya")
    practice.set_password("robin")
    assert practice.as_user("maya", "integrations", "add").code == 0
    (calendar,) = practice.listed("integrations", "list")
    device = practice.as_user("maya", "app-passwords", "create", "--label", "Phone", "--json").json["id"]
    for title in TITLES:
        practice.must("appointments", "add", "--practitioner", "maya", "--start", soon(), "--title", title)
    _delete_all(practice, calendar["id"], device)
    return practice


def _delete_all(hxdav: CommandLine, calendar: int, device: int) -> None:
    here = Installation(load_settings(hxdav.config))
    integration_id = IntegrationId(calendar)
    with here.store.transaction() as tx:
        user = tx.people.user_named("maya")
        assert user is not None
        source = Source(
            authority=Authority.OUTSIDE,
            user_id=user.id,
            integration_id=integration_id,
            app_password_id=AppPasswordId(device),
        )
        for shown in tx.feed.listing(integration_id):
            change = RemoveObject(integration_id=integration_id, href=Href(shown.href))
            submit(tx, here.clock, here.policy, change=change, source=source)
    here.close()


def waiting(hxdav: CommandLine) -> dict[str, Any]:
    """What is in maya's review, by title."""
    return {each["title"]: each for each in hxdav.listed("review", "show", "maya")}


def test_a_review_shows_what_was_deleted_when_where_and_by_which_device(reviewed: CommandLine) -> None:
    (review,) = reviewed.listed("review", "list")
    rows = waiting(reviewed)

    assert (review["practitioner"], review["waiting"], review["answered"]) == ("maya", 5, 0)
    assert set(rows) == set(TITLES)
    assert {(each["calendar"], each["device"]) for each in rows.values()} == {("HX_Harbour Street Psychology", "Phone")}
    assert all(each["deleted_at"] < each["kept_from"] < each["starts"] for each in rows.values())


def test_some_are_kept_and_the_rest_is_deleted(reviewed: CommandLine) -> None:
    rows = waiting(reviewed)

    kept = reviewed.must("review", "keep", "maya", str(rows["Gym"]["id"]), str(rows["Choir"]["id"]))
    applied = reviewed.must("review", "apply", "maya", "--all", "--yes")

    assert "2 appointments kept (reviewed)" in kept.err
    assert "3 appointments applied (reviewed)" in applied.err
    assert {each["title"] for each in reviewed.listed("appointments", "list")} == {"Gym", "Choir"}
    assert reviewed.listed("review", "list") == []


def test_what_is_left_to_the_server_waits_for_it(reviewed: CommandLine) -> None:
    done = reviewed.must("review", "apply", "maya", "--all", "--yes", "--background")

    (review,) = reviewed.listed("review", "list")
    assert "hxdav review list" in done.err
    assert (review["waiting"], review["answered"]) == (5, 5)


def test_the_practitioner_and_an_administrator_may_answer(reviewed: CommandLine) -> None:
    rows = waiting(reviewed)

    assert reviewed.as_user("maya", "review", "keep", "maya", str(rows["Gym"]["id"])).code == 0
    assert reviewed.as_user("robin", "review", "apply", "maya", str(rows["Choir"]["id"]), "--yes").code == 0

    assert set(waiting(reviewed)) == {"Lunch", "Dentist", "Market"}


def test_nobody_else_may_answer(reviewed: CommandLine) -> None:
    accounts = reviewed.file("accounts.toml", (reviewed.folder / "accounts.toml").read_text() + OTHER_USER)
    reviewed.must("accounts", "apply", accounts)
    reviewed.set_password("tom")

    refused = reviewed.as_user("tom", "review", "apply", "maya", "--all", "--yes")

    assert refused.code == 1
    assert "tom is neither maya nor an administrator" in refused.err
    assert len(waiting(reviewed)) == 5


def test_nothing_is_deleted_without_being_asked_for(reviewed: CommandLine) -> None:
    unasked = reviewed.run("review", "apply", "maya", "--all")
    unnamed = reviewed.run("review", "keep", "maya")
    unknown = reviewed.run("review", "keep", "maya", "999")

    assert (unasked.code, unnamed.code, unknown.code) == (1, 1, 1)
    assert "--all" in unnamed.err
    assert "999" in unknown.err
    assert {each["answer"] for each in waiting(reviewed).values()} == {""}


OTHER_USER = """
[[practice_groups.users]]
username = "tom"
name = "Tom Okafor"
"""
