"""``hxdav integrations`` and ``hxdav app-passwords``: only the practitioner connects."""

from __future__ import annotations

import re

import pytest

from tests.integration.cli.command_line import ACCOUNTS, WEB_PASSWORD, CommandLine, soon


@pytest.fixture
def with_passwords(practice: CommandLine) -> CommandLine:
    practice.set_password("maya")
    practice.set_password("robin")
    return practice


def test_a_practitioner_connects_a_calendar_with_its_appointments_in_it(with_passwords: CommandLine) -> None:
    with_passwords.must("appointments", "add", "--practitioner", "maya", "--start", soon())

    done = with_passwords.as_user("maya", "integrations", "add")
    row = with_passwords.as_user("maya", "integrations", "list", "--json").json[0]

    assert "shows 1 appointments" in done.err
    assert row["name"] == "HX_Harbour Street Psychology"
    assert re.fullmatch(r"hx-[a-z2-7]{8}", row["slug"])
    assert row["url"] == f"http://127.0.0.1:5232/maya/{row['slug']}/"


def test_a_second_calendar_carries_the_day_and_a_third_a_number(with_passwords: CommandLine) -> None:
    rows = [with_passwords.as_user("maya", "integrations", "add", "--json").json[0] for _ in range(3)]

    day = rows[0]["connected_on"]
    assert [row["name"] for row in rows] == [
        "HX_Harbour Street Psychology",
        f"HX_Harbour Street Psychology ({day})",
        f"HX_Harbour Street Psychology ({day} 2)",
    ]


def test_an_administrator_is_told_why_not(with_passwords: CommandLine) -> None:
    connecting = with_passwords.as_user("robin", "integrations", "add", "--practitioner", "maya")
    making = with_passwords.as_user("robin", "app-passwords", "create", "--label", "phone")

    assert (connecting.code, making.code) == (1, 1)
    assert "robin is not the login of maya: only the practitioner's own login" in connecting.err
    assert "may suspend" in making.err


def test_another_practitioner_is_told_why_not(with_passwords: CommandLine) -> None:
    second = '\n[[practice_groups.practitioners]]\nkey = "tom"\nname = "Tom"\n'
    with_passwords.apply(ACCOUNTS + second)

    done = with_passwords.as_user("maya", "integrations", "add", "--practitioner", "tom")

    assert "maya is not the login of tom" in done.err
    assert "suspend" not in done.err


@pytest.mark.parametrize(("username", "web_password"), [("maya", "wrong password"), ("nobody", WEB_PASSWORD)])
def test_a_wrong_password_and_a_wrong_name_sound_alike(
    with_passwords: CommandLine, username: str, web_password: str
) -> None:
    done = with_passwords.as_user(username, "integrations", "list", web_password=web_password)

    assert (done.code, done.err) == (1, "hxdav: This user name and web password do not belong together.\n")


def test_a_user_without_web_password_cannot_connect(practice: CommandLine) -> None:
    assert practice.as_user("maya", "integrations", "add", web_password="").code == 1


def test_a_disabled_user_cannot_connect(with_passwords: CommandLine) -> None:
    with_passwords.apply("", "--yes")

    done = with_passwords.as_user("maya", "integrations", "add")

    assert (done.code, done.err) == (1, "hxdav: The user maya is disabled.\n")


def test_without_a_terminal_a_password_is_asked_from_the_environment(
    with_passwords: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = with_passwords.run("integrations", "list", "--as", "maya")
    monkeypatch.setenv("HXDAV_WEB_PASSWORD", WEB_PASSWORD)
    done = with_passwords.run("integrations", "list", "--as", "maya")

    assert (without.code, done.code) == (1, 0)
    assert "HXDAV_WEB_PASSWORD" in without.err


def test_a_removed_integration_stays_listed_as_disconnected(with_passwords: CommandLine) -> None:
    number = str(with_passwords.as_user("maya", "integrations", "add", "--json").json[0]["id"])

    unconfirmed = with_passwords.as_user("maya", "integrations", "remove", number)
    first = with_passwords.as_user("maya", "integrations", "remove", number, "--yes")
    again = with_passwords.as_user("maya", "integrations", "remove", number, "--yes")

    rows = with_passwords.as_user("maya", "integrations", "list", "--json").json
    assert (unconfirmed.code, first.code, again.code) == (1, 0, 1)
    assert [row["state"] for row in rows] == ["disconnected"]


def test_a_calendar_is_renamed_by_its_practitioner(with_passwords: CommandLine) -> None:
    number = str(with_passwords.as_user("maya", "integrations", "add", "--json").json[0]["id"])

    done = with_passwords.as_user("maya", "integrations", "rename", number, " Maya's  work ")
    nameless = with_passwords.as_user("maya", "integrations", "rename", number, " ")
    by_administrator = with_passwords.as_user("robin", "integrations", "rename", number, "Other")

    rows = with_passwords.as_user("maya", "integrations", "list", "--json").json
    assert done.err == "HX_Harbour Street Psychology is called Maya's work now.\n"
    assert (nameless.code, by_administrator.code) == (1, 1)
    assert [row["name"] for row in rows] == ["Maya's work"]


def test_what_lies_ahead_moves_to_the_calendar_that_is_connected_again(with_passwords: CommandLine) -> None:
    with_passwords.must("appointments", "add", "--practitioner", "maya", "--start", soon())
    number = str(with_passwords.as_user("maya", "integrations", "add", "--json").json[0]["id"])
    with_passwords.as_user("maya", "integrations", "remove", number, "--yes")

    done = with_passwords.as_user("maya", "integrations", "add")

    rows = with_passwords.as_user("maya", "integrations", "list", "--json").json
    assert f"({rows[1]['connected_on']}), which shows 1 appointments." in done.err
    assert "1 appointments that lie ahead are no longer in calendars that were disconnected before." in done.err
    assert [row["state"] for row in rows] == ["disconnected", "connected"]


def test_an_administrator_suspends_a_calendar_and_opens_it_again(with_passwords: CommandLine) -> None:
    number = str(with_passwords.as_user("maya", "integrations", "add", "--json").json[0]["id"])

    done = with_passwords.as_user("robin", "integrations", "suspend", number)
    state = with_passwords.listed("integrations", "list")[0]["state"]
    removing = with_passwords.as_user("maya", "integrations", "remove", number, "--yes")
    lifting = with_passwords.as_user("maya", "integrations", "unsuspend", number)
    with_passwords.must("appointments", "add", "--practitioner", "maya", "--start", soon())
    lifted = with_passwords.must("integrations", "unsuspend", number)

    assert (done.code, state, removing.code, lifting.code) == (0, "suspended", 1, 1)
    assert "maya is no administrator of this practice group" in lifting.err
    assert "is open again" in lifted.err
    assert with_passwords.listed("integrations", "list")[0]["state"] == "connected"


def test_a_calendar_that_is_not_there_is_not_suspended(with_passwords: CommandLine) -> None:
    done = with_passwords.run("integrations", "suspend", "7")

    assert (done.code, done.err) == (1, "hxdav: There is no integration 7.\n")


def test_an_integration_of_nobody_is_not_removed(with_passwords: CommandLine) -> None:
    assert with_passwords.as_user("maya", "integrations", "remove", "7", "--yes").code == 1


def test_an_app_password_is_shown_once(with_passwords: CommandLine) -> None:
    made = with_passwords.as_user("maya", "app-passwords", "create", "--label", "iPhone", "--json").json

    listed = with_passwords.as_user("maya", "app-passwords", "list", "--json")

    assert re.fullmatch(r"[a-z]{4}(-[a-z]{4}){3}", made["app_password"])
    assert made["app_password"] not in listed.out
    assert [(row["label"], row["state"]) for row in listed.json] == [("iPhone", "in force")]


def test_an_app_password_lasts_through_its_last_day(with_passwords: CommandLine) -> None:
    made = with_passwords.as_user(
        "maya", "app-passwords", "create", "--label", "iPad", "--expires", "2099-12-31", "--json"
    )

    assert made.json["expires_at"] == "2099-12-31T13:00:00+00:00"


def test_a_revoked_app_password_stays_listed(with_passwords: CommandLine) -> None:
    number = str(with_passwords.as_user("maya", "app-passwords", "create", "--label", "old", "--json").json["id"])

    first = with_passwords.as_user("maya", "app-passwords", "revoke", number)
    again = with_passwords.as_user("maya", "app-passwords", "revoke", number)

    rows = with_passwords.as_user("maya", "app-passwords", "list", "--json").json
    assert (first.code, again.code) == (0, 1)
    assert [row["state"] for row in rows] == ["revoked"]


@pytest.mark.parametrize("options", [("--label", " "), ("--label", "x", "--expires", "2020-01-01")])
def test_an_app_password_that_makes_no_sense_is_refused(with_passwords: CommandLine, options: tuple[str, ...]) -> None:
    assert with_passwords.as_user("maya", "app-passwords", "create", *options).code == 1


def test_a_date_that_is_none_is_a_usage_error(with_passwords: CommandLine) -> None:
    done = with_passwords.as_user("maya", "app-passwords", "create", "--label", "x", "--expires", "soon")

    assert done.code == 2


def test_whoever_runs_the_server_sees_every_calendar_without_a_password(with_passwords: CommandLine) -> None:
    with_passwords.as_user("maya", "integrations", "add")

    (row,) = with_passwords.run("integrations", "list", "--json").json

    assert (row["practitioner"], row["name"]) == ("maya", "HX_Harbour Street Psychology")
