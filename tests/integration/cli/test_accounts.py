"""``hxdav accounts``: the file is the truth about who is there, once it is understood."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.command_line import ACCOUNTS, WEB_PASSWORD, CommandLine


def people(hxdav: CommandLine) -> dict[str, dict[str, Any]]:
    return {row["username"]: row for row in hxdav.listed("accounts", "list")}


def differences(hxdav: CommandLine, text: str) -> list[tuple[str, str, str]]:
    rows = hxdav.apply(text, "--dry-run", "--json").json
    return [(row["subject"], row["key"], row["kind"]) for row in rows]


def line_of(text: str, line: str) -> int:
    return text.splitlines().index(line) + 1


def test_applying_a_file_makes_the_practice(hxdav: CommandLine) -> None:
    done = hxdav.apply()

    assert done.code == 0
    assert people(hxdav)["robin"]["roles"] == ["administrator"]
    assert people(hxdav)["maya"] == {
        "practice_group": "harbour",
        "username": "maya",
        "name": "Maya Lin",
        "email": None,
        "roles": ["practitioner"],
        "practitioner": "maya",
        "enabled": True,
        "suspended": False,
        "has_web_password": False,
    }


def test_a_dry_run_shows_the_difference_and_changes_nothing(hxdav: CommandLine) -> None:
    shown = differences(hxdav, ACCOUNTS)

    assert shown == [
        ("practice group", "harbour", "add"),
        ("clinic", "main", "add"),
        ("user", "robin", "add"),
        ("user", "maya", "add"),
        ("practitioner", "maya", "add"),
    ]
    assert people(hxdav) == {}


def test_applying_a_file_again_changes_nothing(practice: CommandLine) -> None:
    assert differences(practice, ACCOUNTS) == []
    assert "as the file says" in practice.apply().err


def test_what_changed_is_told_with_both_values(practice: CommandLine) -> None:
    text = ACCOUNTS.replace("Maya Lin", "Maya Lindt").replace('"silver"', '"gold"')

    rows = practice.apply(text, "--json").json

    assert [row["detail"] for row in rows] == [
        "band: silver → gold",
        "name: Maya Lin → Maya Lindt",
        "name: Maya Lin → Maya Lindt",
    ]
    assert people(practice)["maya"]["name"] == "Maya Lindt"


def test_an_email_address_can_be_given_changed_and_taken_away(practice: CommandLine) -> None:
    known = ACCOUNTS.replace('username = "maya"', 'username = "maya"\nemail = "maya@practice.example"')
    applied = [practice.apply(text, "--json").json for text in (known, known.replace("maya@", "lin@"))]
    address = people(practice)["maya"]["email"]
    applied.append(practice.apply(ACCOUNTS, "--json").json)

    assert [row["detail"] for rows in applied for row in rows] == [
        "email: none → maya@practice.example",
        "email: maya@practice.example → lin@practice.example",
        "email: lin@practice.example → none",
    ]
    assert (address, people(practice)["maya"]["email"]) == ("lin@practice.example", None)


def test_who_is_no_longer_in_the_file_is_disabled_only_after_confirmation(practice: CommandLine) -> None:
    text = ACCOUNTS.replace(
        '[[practice_groups.users]]\nusername = "robin"\nname = "Robin Hale"\nadministrator = true\n', ""
    )

    refused = practice.apply(text)
    still_enabled = people(practice)["robin"]["enabled"]
    agreed = practice.apply(text, "--yes")

    assert (refused.code, still_enabled, agreed.code) == (1, True, 0)
    assert "--yes" in refused.err
    assert people(practice)["robin"]["enabled"] is False


def test_a_practice_group_that_is_gone_from_the_file_has_its_people_disabled(practice: CommandLine) -> None:
    assert differences(practice, "") == [
        ("user", "maya", "disable"),
        ("user", "robin", "disable"),
        ("practitioner", "maya", "disable"),
    ]


def test_who_comes_back_is_enabled_again(practice: CommandLine) -> None:
    practice.apply("", "--yes")

    assert differences(practice, ACCOUNTS) == [
        ("user", "robin", "enable"),
        ("user", "maya", "enable"),
        ("practitioner", "maya", "enable"),
    ]


def test_two_practitioners_can_change_logins(practice: CommandLine) -> None:
    second = '\n[[practice_groups.practitioners]]\nkey = "tom"\nname = "Tom"\nuser = "robin"\n'
    practice.apply(ACCOUNTS + second)
    swapped = (ACCOUNTS + second).replace('user = "maya"', 'user = "?"').replace('user = "robin"', 'user = "maya"')

    done = practice.apply(swapped.replace('"?"', '"robin"'))

    assert done.code == 0
    assert {name: row["practitioner"] for name, row in people(practice).items()} == {"maya": "tom", "robin": "maya"}


@pytest.mark.parametrize(
    ("line", "wrong", "sentence"),
    [
        ('band = "silver"', 'band = "bronze"', '"practice_groups.band" is not usable'),
        ('name = "Harbour Street"', 'nmae = "Harbour Street"', '"practice_groups.clinics.nmae" is not a key'),
        ("administrator = true", 'administrator = "yes"', '"practice_groups.users.administrator" is not usable'),
    ],
)
def test_a_key_or_value_that_is_not_understood_is_refused_with_its_line(
    hxdav: CommandLine, line: str, wrong: str, sentence: str
) -> None:
    done = hxdav.apply(ACCOUNTS.replace(line, wrong, 1))

    assert done.code == 1
    assert f"line {line_of(ACCOUNTS, line)}: {sentence}" in done.err
    assert people(hxdav) == {}


@pytest.mark.parametrize(
    ("old", "new", "table", "sentence"),
    [
        ('zone = "Australia/Sydney"', 'zone = "Mars/Olympus"', "[[practice_groups]]", "no time zone"),
        ('username = "robin"', 'username = "maya"', "", "two users maya"),
        ('username = "robin"', 'username = "principals"', "", "reserved"),
        ('username = "robin"', 'username = ".robin"', "", "cannot be a user name"),
        ('username = "robin"', 'username = "ro/bin"', "", "cannot be a user name"),
        ('username = "robin"', 'username = "ro:bin"', "", "cannot be a user name"),
        ('username = "robin"', 'username = "Robin"', "", "cannot be a user name"),
        ('username = "robin"', 'username = "r@o@bin"', "", "cannot be a user name"),
        ('user = "maya"', 'user = "nobody"', "[[practice_groups.practitioners]]", "no such user"),
        ("administrator = true", 'email = "robin"', "[[practice_groups.users]]", "no address such as"),
        ("administrator = true", 'email = ""', "[[practice_groups.users]]", "no address such as"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(
    hxdav: CommandLine, old: str, new: str, table: str, sentence: str
) -> None:
    done = hxdav.apply(ACCOUNTS.replace(old, new, 1))

    assert done.code == 1
    assert sentence in done.err
    if table:
        assert f"line {line_of(ACCOUNTS, table)}: " in done.err
    assert people(hxdav) == {}


def test_a_user_of_another_practice_group_stays_there(practice: CommandLine) -> None:
    other = ACCOUNTS.replace('key = "harbour"', 'key = "other"')

    done = practice.apply(other)

    assert done.code == 1
    assert "belongs to the practice group harbour" in done.err


def test_all_problems_are_told_at_once(hxdav: CommandLine) -> None:
    done = hxdav.apply(ACCOUNTS.replace("Australia/Sydney", "Mars/Olympus").replace('"robin"', '"web"'))

    assert len(done.err.strip().splitlines()) == 3


def test_a_user_name_may_hold_an_address(hxdav: CommandLine) -> None:
    done = hxdav.apply(ACCOUNTS.replace('"robin"', '"robin.hale-1@harbour_street.example"'))

    assert done.code == 0


def test_a_new_zone_moves_what_is_read_in_the_practices_zone(practice: CommandLine) -> None:
    practice.must("appointments", "add", "--practitioner", "maya", "--start", "2026-12-01", "--all-day")
    practice.must("appointments", "add", "--practitioner", "maya", "--start", "2026-12-02 09:00")
    before = practice.listed("appointments", "list")

    practice.apply(ACCOUNTS.replace('zone = "Australia/Sydney"', 'zone = "Europe/Berlin"', 1))

    after = practice.listed("appointments", "list", "--from", "2026-12-01", "--to", "2026-12-01")
    assert [row["start"] for row in before] == ["2026-12-01T00:00:00+11:00", "2026-12-02T09:00:00+11:00"]
    assert [row["start"] for row in after] == ["2026-12-01T00:00:00+01:00", "2026-12-01T23:00:00+01:00"]


def test_an_invitation_is_taken_up_once(practice: CommandLine) -> None:
    secret = practice.listed("accounts", "invite", "maya")["secret"]
    command = ("accounts", "set-password", "maya", "--invitation", secret, "--password-stdin")

    first = practice.run(*command, typed=f"{WEB_PASSWORD}\n")
    second = practice.run(*command, typed="another password\n")

    assert (first.code, second.code) == (0, 1)
    assert people(practice)["maya"]["has_web_password"] is True


def test_an_invitation_is_for_nobody_else_and_stays_good(practice: CommandLine) -> None:
    secret = practice.listed("accounts", "invite", "maya")["secret"]
    command = ("--invitation", secret, "--password-stdin")

    stolen = practice.run("accounts", "set-password", "robin", *command, typed=f"{WEB_PASSWORD}\n")
    own = practice.run("accounts", "set-password", "maya", *command, typed=f"{WEB_PASSWORD}\n")

    assert (stolen.code, own.code) == (1, 0)


def test_a_short_web_password_is_refused(practice: CommandLine) -> None:
    secret = practice.listed("accounts", "invite", "maya")["secret"]

    done = practice.run("accounts", "set-password", "maya", "--invitation", secret, "--password-stdin", typed="short\n")

    assert (done.code, done.err) == (1, "hxdav: A web password has at least 10 letters.\n")


def test_only_who_is_there_is_invited(practice: CommandLine) -> None:
    done = practice.run("accounts", "invite", "nobody")

    assert (done.code, done.err) == (1, "hxdav: There is no user nobody.\n")


def test_the_shipped_file_can_be_applied(hxdav: CommandLine) -> None:
    hxdav.must("accounts", "apply", Path(__file__).parents[3] / "config" / "accounts.toml")

    assert {row["practitioner"] for row in people(hxdav).values()} == {None, "practitioner"}


def test_a_suspended_user_comes_in_again_only_when_that_is_lifted(practice: CommandLine) -> None:
    practice.set_password("maya")
    practice.set_password("robin")

    done = practice.as_user("robin", "accounts", "suspend", "maya")
    practice.apply(ACCOUNTS.replace('name = "Maya Lin"', 'name = "Maya Lin-Hale"'))
    shut_out = practice.as_user("maya", "integrations", "list")
    suspended = people(practice)["maya"]["suspended"]
    practice.must("accounts", "unsuspend", "maya")

    assert (done.code, suspended, shut_out.code) == (0, True, 1)
    assert shut_out.err == "hxdav: An administrator of the practice has suspended the user maya.\n"
    assert practice.as_user("maya", "integrations", "list").code == 0


def test_an_administrator_does_not_suspend_themselves(practice: CommandLine) -> None:
    practice.set_password("robin")

    done = practice.as_user("robin", "accounts", "suspend", "robin")

    assert (done.code, people(practice)["robin"]["suspended"]) == (1, False)
    assert done.err == "hxdav: Nobody suspends themselves. Ask another administrator of the practice.\n"
