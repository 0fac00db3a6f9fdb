"""``hxdav appointments``: the practice's own word."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hxdav.bootstrap.installation import Installation
from hxdav.config import load_settings
from hxdav.domain.edit import Authority, Precondition, Source
from hxdav.domain.ids import AppPasswordId, ETag, Href, IntegrationId
from hxdav.gate import PutObject, read_body, submit
from tests.integration.cli.command_line import CommandLine

NINE = ("--practitioner", "maya", "--start", "2026-12-01 09:00")


def add(hxdav: CommandLine, *options: str) -> str:
    return str(hxdav.listed("appointments", "add", *options)["id"])


def shown(hxdav: CommandLine, number: str) -> dict[str, Any]:
    found: dict[str, Any] = hxdav.listed("appointments", "show", number)
    return found


def test_an_appointment_with_patients_is_theirs(practice: CommandLine) -> None:
    number = add(practice, *NINE, "--patient", "Demo Patient 2", "--patient", "Demo Patient 1", "--note", "present")

    row = shown(practice, number)

    assert (row["kind"], row["status"], row["note"], row["invoice"]) == ("patient", "booked", "present", "none")
    assert row["patients"] == ["Demo Patient 1", "Demo Patient 2"]
    assert (row["start"], row["end"]) == ("2026-12-01T09:00:00+11:00", "2026-12-01T09:50:00+11:00")


def test_an_appointment_without_patients_is_personal(practice: CommandLine) -> None:
    number = add(
        practice, *NINE, "--minutes", "30", "--title", "Supervision", "--rrule", "FREQ=WEEKLY;COUNT=3",
        "--location", "Room 2; upstairs", "--comments", "bring\nnotes",
    )  # fmt: skip

    row = shown(practice, number)

    assert (row["kind"], row["title"]) == ("personal", "Supervision")
    assert row["end"] == "2026-12-01T09:30:00+11:00"
    assert row["repeats"] == "until 2026-12-15"
    assert "LOCATION:Room 2\\; upstairs\r\nDESCRIPTION:bring\\nnotes\r\n" in row["text"]


def test_an_all_day_appointment_ends_with_the_day_that_is_said(practice: CommandLine) -> None:
    number = add(practice, "--practitioner", "maya", "--start", "2026-12-01", "--end", "2026-12-02", "--all-day")

    row = shown(practice, number)

    assert "DTSTART;VALUE=DATE:20261201\r\nDTEND;VALUE=DATE:20261203\r\n" in row["text"]


def test_a_time_can_be_said_in_another_zone(practice: CommandLine) -> None:
    number = add(practice, *NINE, "--zone", "Australia/Perth")

    assert shown(practice, number)["start"] == "2026-12-01T12:00:00+11:00"


@pytest.mark.parametrize(
    "options",
    [
        (*NINE, "--patient", "Demo Patient 1", "--rrule", "FREQ=WEEKLY"),
        (*NINE, "--kind", "personal", "--patient", "Demo Patient 1"),
        (*NINE, "--rrule", "FREQ=SOMETIMES"),
        (*NINE, "--rrule", "FREQ=SECONDLY"),
        (*NINE, "--end", "2026-12-01 08:00"),
        (*NINE, "--end", "2026-12-01 10:00", "--minutes", "5"),
        (*NINE, "--patient", " "),
        ("--practitioner", "nobody", "--start", "2026-12-01"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(practice: CommandLine, options: tuple[str, ...]) -> None:
    done = practice.run("appointments", "add", *options)

    assert done.code == 1
    assert done.err.startswith("hxdav: ")
    assert practice.listed("appointments", "list") == []


@pytest.mark.parametrize("options", [("--start", "noon"), ("--start", "2026-12-01", "--zone", "Mars/Olympus")])
def test_what_is_not_understood_is_a_usage_error(practice: CommandLine, options: tuple[str, ...]) -> None:
    assert practice.run("appointments", "add", "--practitioner", "maya", *options).code == 2


def test_the_list_keeps_to_the_days_in_the_practices_zone(practice: CommandLine) -> None:
    numbers = [
        add(practice, "--practitioner", "maya", "--start", f"2026-12-{day} {time}")
        for day, time in (("01", "00:00"), ("01", "23:30"), ("02", "08:00"))
    ]

    rows = practice.listed("appointments", "list", "--from", "2026-12-01", "--to", "2026-12-01")

    assert [str(row["id"]) for row in rows] == numbers[:2]


def test_an_edit_changes_what_is_said_and_nothing_else(practice: CommandLine) -> None:
    number = add(practice, *NINE, "--patient", "Demo Patient 1", "--location", "Room 1", "--invoice", "unknown")
    before = shown(practice, number)

    practice.must("appointments", "edit", number, "--start", "2026-12-01 11:00", "--title", "Moved")

    after = shown(practice, number)
    assert (after["start"], after["end"]) == ("2026-12-01T11:00:00+11:00", "2026-12-01T11:50:00+11:00")
    assert (after["title"], after["revision"]) == ("Moved", before["revision"] + 1)
    assert {name: after[name] for name in ("patients", "invoice", "kind", "status", "uid")} == {
        name: before[name] for name in ("patients", "invoice", "kind", "status", "uid")
    }
    assert "LOCATION:Room 1\r\n" in after["text"]


def test_an_edit_that_says_nothing_new_makes_no_version(practice: CommandLine) -> None:
    number = add(practice, *NINE, "--title", "Same")

    practice.must("appointments", "edit", number, "--title", "Same")

    assert shown(practice, number)["revision"] == 1


def test_an_edit_into_another_zone_brings_the_zones_definition(practice: CommandLine) -> None:
    number = add(practice, *NINE)

    practice.must("appointments", "edit", number, "--start", "2026-12-01 09:00", "--zone", "Europe/Berlin")

    assert "TZID:Europe/Berlin" in shown(practice, number)["text"]


def test_an_empty_text_takes_a_text_away(practice: CommandLine) -> None:
    number = add(practice, *NINE, "--location", "Room 1", "--rrule", "FREQ=DAILY;COUNT=2")

    practice.must("appointments", "edit", number, "--location", "", "--rrule", "")

    text = shown(practice, number)["text"]
    assert "LOCATION" not in text
    assert "COUNT=2" not in text


def test_a_personal_appointment_becomes_a_patients(practice: CommandLine) -> None:
    number = add(practice, *NINE)

    practice.must("appointments", "edit", number, "--patient", "Demo Patient 1", "--status", "arrived")

    row = shown(practice, number)
    assert (row["kind"], row["patients"], row["status"]) == ("patient", ["Demo Patient 1"], "arrived")


def test_a_cancelled_appointment_keeps_its_record(practice: CommandLine) -> None:
    number = add(practice, *NINE, "--patient", "Demo Patient 1")

    unconfirmed = practice.run("appointments", "cancel", number)
    practice.must("appointments", "cancel", number, "--yes")

    assert unconfirmed.code == 1
    assert shown(practice, number)["status"] == "cancelled"


@pytest.mark.parametrize("command", ["show", "history", "cancel", "edit"])
def test_an_appointment_that_is_not_there_is_a_sentence(practice: CommandLine, command: str) -> None:
    done = practice.run("appointments", command, "99", *(["--yes"] if command == "cancel" else []))

    assert (done.code, done.err) == (1, "hxdav: There is no appointment 99.\n")


def test_history_tells_who_changed_what_with_which_device(practice: CommandLine) -> None:
    practice.set_password("maya")
    add(practice, *NINE)
    calendar = practice.as_user("maya", "integrations", "add", "--json").json[0]
    device = practice.as_user("maya", "app-passwords", "create", "--label", "iPhone", "--json").json
    _put_from_device(practice, calendar["id"], device["id"])
    number = str(max(row["id"] for row in practice.listed("appointments", "list")))
    practice.must("appointments", "edit", number, "--note", "present", "--title", "Noted")

    told = practice.listed("appointments", "history", number)
    spoken = practice.must("appointments", "history", number).out

    first, second = told["versions"]
    assert (first["action"], first["user"], first["device"], first["agent"]) == ("created", "maya", "iPhone", "iOS/26")
    assert first["integration"] == "HX_Harbour Street Psychology"
    assert (second["authority"], second["changed"]) == ("practice", ["note", "DTSTAMP", "LAST-MODIFIED", "SUMMARY"])
    assert "-SUMMARY:Tea" in second["diff"]
    assert [(each["reason"], "SUMMARY:Later" in each["body"]) for each in told["refused"]] == [("stale", True)]
    assert "+SUMMARY:Noted" in spoken


def _put_from_device(practice: CommandLine, integration_id: int, app_password_id: int) -> None:
    """Put an object as a client does, then another version against a state that is none."""
    here = Installation(load_settings(practice.config))
    body = (
        b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nBEGIN:VEVENT\r\nUID:tea\r\n"
        b"DTSTAMP:20261101T000000Z\r\nDTSTART:20270101T000000Z\r\nSUMMARY:Tea\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    later = body.replace(b"Tea", b"Later")
    with here.store.transaction() as tx:
        user = tx.people.user_named("maya")
        assert user is not None
        source = Source(
            authority=Authority.OUTSIDE,
            user_id=user.id,
            integration_id=IntegrationId(integration_id),
            app_password_id=AppPasswordId(app_password_id),
            agent="iOS/26",
        )
        put = PutObject(
            integration_id=IntegrationId(integration_id), href=Href("tea.ics"), body=body, reading=read_body(body)
        )
        policy = replace(here.policy, window_days=None)
        submit(tx, here.clock, policy, change=put, source=source)
        stale = replace(
            put, body=later, reading=read_body(later), precondition=Precondition(if_match=frozenset({ETag('"old"')}))
        )
        submit(tx, here.clock, policy, change=stale, source=source)
    here.close()
