"""A mailbox on an Exchange server of the practice's own: connected, edited on both sides, shut out and let in again."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from caldav.davclient import DAVClient

from tests.builders import SYDNEY
from tests.e2e.bridged import NAME, SHOWN, Row, a_moment
from tests.e2e.events import an_event
from tests.e2e.faces import HOUR, NativeFace
from tests.e2e.serving import DemoServer
from tests.integration.remotes.exchange_fronts import OwnCertificate, certificate_of_its_own, ntlm_before
from tests.simulators.ews.people import Person, SeenItem
from tests.simulators.ews.server import exchange_server
from tests.simulators.ews.simulator import ExchangeSimulator
from tests.waiting import until

OWN_WORDS = {"Supervision", "Lunch with Ana", "Conference"}
MAYA, TOM = "maya@practice.example", "tom@practice.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeDemo:
    """The demo server, and an Exchange server in this process with a certificate that it is told to trust."""

    server: DemoServer
    exchange: ExchangeSimulator
    certificate: OwnCertificate
    authority: Path

    def connect(self, username: str, person: Person, *options: str, url: str = "") -> Row:
        """``hxdav integrations add`` with the mailbox's password; the integration."""
        (row,) = json.loads(self.connecting(username, person, "--json", *options, url=url))
        return dict(row)

    def connecting(self, username: str, person: Person, *options: str, url: str = "", expected_exit: int = 0) -> str:
        """What the same command says."""
        said = self.server.hxdav(
            *("integrations", "add", "--as", username, "--service", "exchange", "--account", person.email),
            *("--url", url or self.exchange.address, "--ca-file", str(self.authority)),
            *("--password-stdin", "--app-password-stdin", *options),
            typed=f"{self.server.users[username].web_password}\n{person.password}\n",
            expected_exit=expected_exit,
        )
        return " ".join(said.split())

    def status(self, row: Row) -> dict[str, Any]:
        """How it stands."""
        (standing,) = json.loads(self.server.hxdav("integrations", "status", str(row["id"]), "--json"))
        return dict(standing)

    def look_now(self, row: Row) -> None:
        """Have the mailbox looked at without waiting for a minute to be over."""
        self.server.hxdav("integrations", "sync-now", str(row["id"]))

    def told(self, username: str) -> set[str]:
        """What the user was notified of."""
        typed = self.server.users[username].web_password + "\n"
        listed = self.server.hxdav("notifications", "list", "--as", username, "--password-stdin", "--json", typed=typed)
        return {each["kind"] for each in json.loads(listed)}

    @contextmanager
    def native_face(self, username: str) -> Iterator[NativeFace]:
        """The user's own calendar in a program that is subscribed to hxdav."""
        user = self.server.users[username]
        with DAVClient(url=self.server.base_url, username=user.username, password=user.app_password) as client:
            yield NativeFace(client.calendar(url=user.calendar_url))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExchangeDemo]:
    folder, certificate = tmp_path_factory.mktemp("exchange-demo"), certificate_of_its_own()
    authority = folder / "authority.pem"
    authority.write_text(certificate.authorities)
    environment = {
        "HXDAV_BRIDGES__ALLOWED_ADDRESSES": '["127.0.0.1", "localhost"]',
        "HXDAV_BRIDGES__PATIENCE_SECONDS": "2",
    }
    with exchange_server(certificate=certificate.context) as exchange:
        server = DemoServer(folder, environment=environment)
        try:
            server.start()
            yield ExchangeDemo(server=server, exchange=exchange, certificate=certificate, authority=authority)
        finally:
            server.kill()
        assert exchange.violations == []
        assert {one.choice for one in exchange.send_choices} == {"SendToNone"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Both:
    """The two calendars of one practitioner: in a calendar program, and in Outlook."""

    demo: ExchangeDemo
    native: NativeFace
    maya: Person
    row: Row

    @property
    def items(self) -> list[SeenItem]:
        """What Outlook shows, series as one."""
        found = [each.id for each in self.maya.calendars() if each.name == NAME]
        return self.maya.items(found[0]) if found else []

    def called(self, title: str) -> list[SeenItem]:
        """Those of that name."""
        return [each for each in self.items if each.text("Subject") == title]

    def at(self, starts: datetime) -> list[str]:
        """The names of what Outlook shows at a time."""
        return [each.text("Subject") or "" for each in self.items if each.start == starts]

    def settle(self) -> None:
        """Wait until hxdav has read back all that it has written, as it will have before anybody can click on it."""
        until(lambda: not self.demo.status(self.row)["waiting"], what="all to be written down")

    def look(self) -> None:
        """Have hxdav look now."""
        self.demo.look_now(self.row)


@pytest.fixture(scope="module")
def both(demo: ExchangeDemo) -> Iterator[Both]:
    maya = demo.exchange.user(MAYA, zone=SYDNEY)
    row = demo.connect("maya", maya)
    with demo.native_face("maya") as native:
        both = Both(demo=demo, native=native, maya=maya, row=row)
        until(lambda: len(both.items) == SHOWN, what="the demo's appointments in Outlook")
        yield both


def test_an_edit_in_a_calendar_program_appears_in_outlook(both: Both) -> None:
    lunch = both.native.called("Lunch with Ana")

    both.native.retitle(lunch, "Lunch with Ben")
    both.native.move(both.native.called("Lunch with Ben"), a_moment(2, 13))

    until(lambda: both.at(a_moment(2, 13)) == ["Lunch with Ben"], what="the edit in Outlook")


def test_an_edit_in_outlook_appears_in_the_calendar_program(both: Both) -> None:
    folder = both.items[0].folder
    both.maya.add(folder, a_moment(4, 17), a_moment(4, 17) + HOUR, Subject="A walk")
    (moved,) = [each for each in both.items if each.start == a_moment(3, 9)]
    both.maya.change(moved.id, start=a_moment(3, 10), end=a_moment(3, 10) + (moved.end - moved.start))
    both.look()

    until(lambda: both.native.titles_at(a_moment(4, 17)) == ["A walk"], what="the new one")
    until(lambda: both.native.titles_at(a_moment(3, 10)) == ["Demo Patient 11"], what="the patient who was moved")


def test_single_occurrences_of_a_series_are_edited_on_both_sides(both: Both) -> None:
    user = both.demo.server.users["maya"]
    first = a_moment(1, 18).astimezone(ZoneInfo(SYDNEY))
    weeks = [datetime.combine(first.date() + timedelta(weeks=each), first.time(), first.tzinfo) for each in range(4)]
    text = an_event("team@example", "RRULE:FREQ=WEEKLY;COUNT=4", days=1, hour=18, summary="Team")
    with both.demo.server.http(user) as http:
        assert http.put(f"{user.calendar_path}team.ics", content=text).status_code == 201
        (series,) = until(lambda: both.called("Team"), what="the series in Outlook")
        both.settle()
        both.maya.change_occurrence(series.id, weeks[1], Subject="Team, at Ana's")
        both.maya.delete_occurrence(series.id, weeks[2])
        both.look()

        changed = until(
            lambda: found if "at Ana" in (found := http.get(f"{user.calendar_path}team.ics").text) else None,
            what="the occurrence in the calendar program",
        )
        assert f"EXDATE;TZID={SYDNEY}:{weeks[2]:%Y%m%dT%H%M%S}" in changed
        override = changed.replace("at Ana's", "at Ben's").encode()
        assert http.put(f"{user.calendar_path}team.ics", content=override).status_code == 204

    def week_by_week() -> list[tuple[datetime, str | None]]:
        return [(each.start, each.text("Subject")) for each in both.maya.occurrences(series.id)]

    expected = [(weeks[0], "Team"), (weeks[1], "Team, at Ben's"), (weeks[3], "Team")]
    until(lambda: week_by_week() == expected, what="the occurrence in Outlook")


def test_what_is_deleted_in_the_practice_lands_in_deleted_items(both: Both) -> None:
    both.native.remove(both.native.called("Conference"))

    until(lambda: not both.called("Conference"), what="the removal in Outlook")
    assert [each.text("Subject") for each in both.maya.items("deleteditems")] == ["Conference"]


def test_a_server_that_asks_to_wait_is_left_alone_for_as_long(both: Both) -> None:
    both.demo.exchange.faults.busy(2000, operation="CreateItem")
    began = time.monotonic()

    both.native.add("patience@example", "Patience", a_moment(6, 18))

    until(lambda: both.at(a_moment(6, 18)) == ["Patience"], what="what was added")
    assert time.monotonic() - began >= 2
    assert both.demo.status(both.row)["throttled_at"]


def test_a_password_that_changes_is_told_of_and_everything_goes_on_with_the_new_one(both: Both) -> None:
    both.maya.change_password("winter-Frost-9")
    both.native.add("meanwhile@example", "Meanwhile", a_moment(5, 18))
    until(lambda: "access_lost" in both.demo.told("maya"), what="the notification")
    standing = both.demo.status(both.row)
    assert standing["health"] == "troubled"
    assert "Connect the account again" in standing["sentence"]

    said = both.demo.connecting("maya", both.maya, "--json")

    until(lambda: both.at(a_moment(5, 18)) == ["Meanwhile"], what="what was added meanwhile")
    assert json.loads(said)[0]["id"] == both.row["id"]


def test_a_mailbox_behind_ntlm_that_is_tied_to_the_certificate_fills_and_tells_nobody_of_patients(
    demo: ExchangeDemo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tom = demo.exchange.user(TOM, zone=SYDNEY)
    (tmp_path / "users").write_text(f"PRACTICE:tom:{tom.password}\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(tmp_path / "users"))
    with ntlm_before(demo.exchange, tom, certificate=demo.certificate) as url:
        row = demo.connect("tom", tom, "--username", "PRACTICE\\tom", url=url)

        until(lambda: [each for each in tom.calendars() if each.name == NAME], what="the calendar in Outlook")
        until(lambda: len(tom.items(NAME)) == SHOWN, what="the demo's appointments in Outlook")
        require_discretion(tom.items(NAME))
        tom.add(NAME, a_moment(4, 19), a_moment(4, 19) + HOUR, Subject="A swim")
        demo.look_now(row)
        with demo.native_face("tom") as native:
            until(lambda: native.titles_at(a_moment(4, 19)) == ["A swim"], what="the edit in the calendar program")
    assert (row["name"], row["account"], row["state"]) == (NAME, TOM, "connected")
    assert demo.status(row)["server"] == "Exchange Server SE (15.2.2562.17)"


def require_discretion(items: Sequence[SeenItem]) -> None:
    """Whoever looks into the mailbox learns nothing of patients."""
    hidden = [each for each in items if each.text("Subject") == "Appointment"]
    assert {each.text("Subject") for each in items} == OWN_WORDS | {"Appointment"}
    assert {each.text("Sensitivity") for each in items} == {"Private"}
    assert {each.text(name) or "" for each in hidden for name in ("Location", "Body")} == {""}


def test_a_mailbox_at_microsoft_is_refused_with_the_reason(demo: ExchangeDemo) -> None:
    tom = demo.exchange.user(TOM)

    said = demo.connecting("tom", tom, url="outlook.office365.com", expected_exit=1)

    assert "Microsoft is switching off" in said
    assert "--service office365" in said
