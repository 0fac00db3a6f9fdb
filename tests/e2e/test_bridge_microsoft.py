"""Outlook.com and Office 365 end to end: signing in, edits both ways, calls, tokens, approvals, and lost access."""

from __future__ import annotations

import html
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.e2e.bridged import NAME, SHOWN, a_moment
from tests.e2e.faces import Face, NativeFace, until_all_show, until_full
from tests.e2e.outlook import Microsoft, MicrosoftDemo, OutlookFace, a_microsoft
from tests.e2e.serving import DemoServer
from tests.ports import free_port
from tests.simulators.graph.subscriptions import Subscription
from tests.waiting import until

PERSONAL, AT_WORK = "maya@outlook.example", "maya@harbour.example"
TOMS = "tom@harbour.example"
CALLED_WITHIN = 50
"""Seconds that only a call explains: without one the calendar is looked at after a minute at the earliest."""


@pytest.fixture(scope="module")
def microsoft() -> Iterator[Microsoft]:
    with a_microsoft() as microsoft:
        yield microsoft


@pytest.fixture(scope="module")
def microsoft_server(microsoft: Microsoft, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    folder, port = tmp_path_factory.mktemp("microsoft-demo"), free_port()
    server = DemoServer(folder, port=port, environment=microsoft.settings(folder, port=port))
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="module")
def demo(microsoft: Microsoft, microsoft_server: DemoServer) -> MicrosoftDemo:
    return MicrosoftDemo(server=microsoft_server, microsoft=microsoft)


@dataclass(frozen=True, slots=True, kw_only=True)
class Three:
    """The three calendars of one practitioner."""

    demo: MicrosoftDemo
    native: NativeFace
    outlook: OutlookFace
    office: OutlookFace

    @property
    def all(self) -> tuple[Face, ...]:
        return (self.native, *self.elsewhere)

    @property
    def elsewhere(self) -> tuple[OutlookFace, ...]:
        return (self.outlook, self.office)

    @property
    def microsoft(self) -> Microsoft:
        return self.demo.microsoft


@pytest.fixture(scope="module")
def three(demo: MicrosoftDemo) -> Iterator[Three]:
    rows = (demo.connect("maya", "outlook", PERSONAL), demo.connect("maya", "office365", AT_WORK))
    assert [(row["name"], row["account"], row["state"]) for row in rows] == [
        (NAME, PERSONAL, "connected"),
        (NAME, AT_WORK, "connected"),
    ]
    outlook, office = demo.face(PERSONAL), demo.face(AT_WORK)
    with demo.native_face("maya") as native:
        until_full((outlook, office), SHOWN)
        until(lambda: len(demo.microsoft.graph.subscriptions.open) >= len(rows), what="a channel for each")
        yield Three(demo=demo, native=native, outlook=outlook, office=office)


def test_a_new_calendar_fills_without_telling_microsoft_of_patients(three: Three) -> None:
    for face in three.elsewhere:
        made = [one for one in face.events() if one["transactionId"]]
        sessions = [one for one in made if one["subject"] == "Appointment"]
        assert sessions
        assert not any("Patient" in one["subject"] for one in made)
        assert {one["sensitivity"] for one in made} == {"private"}
        assert {(one["location"]["displayName"], one["body"]["content"].strip()) for one in sessions} == {("", "")}
        assert not any(one["attendees"] for one in made)


def test_an_edit_in_a_calendar_program_appears_in_both_outlooks(three: Three) -> None:
    three.native.retitle(three.native.called("Lunch with Ana"), "Lunch with Ben")
    three.native.move(three.native.called("Lunch with Ben"), a_moment(2, 13))

    until_all_show("Lunch with Ben", at=a_moment(2, 13), faces=three.all)


@pytest.mark.parametrize(("hour", "place"), [(17, "outlook"), (18, "office")])
def test_an_edit_in_outlook_is_called_out_to_hxdav_and_appears_in_the_others(
    three: Three, hour: int, place: str
) -> None:
    face: OutlookFace = getattr(three, place)
    begin = time.monotonic()

    face.add("", f"A walk from {place}", a_moment(4, hour))

    until_all_show(f"A walk from {place}", at=a_moment(4, hour), faces=three.all)
    assert time.monotonic() - begin < CALLED_WITHIN
    assert {each.code for each in three.microsoft.graph.subscriptions.deliveries} == {202}


def test_a_patient_who_is_moved_in_outlook_keeps_their_name_and_tells_it_to_nobody(three: Three) -> None:
    three.outlook.move(three.outlook.one_at(a_moment(3, 9)), a_moment(3, 10))
    three.office.retitle(three.office.one_at(a_moment(4, 9)), "Somebody else")

    until_all_show("Appointment", at=a_moment(3, 10), faces=three.elsewhere)
    until_all_show("Demo Patient 11", at=a_moment(3, 10), faces=[three.native])
    until(lambda: three.office.titles_at(a_moment(4, 9)) == ["Appointment"], what="the title to be put back")
    assert three.native.titles_at(a_moment(4, 9)) == ["Demo Patient 13"]


def test_what_is_deleted_in_outlook_is_removed_everywhere_and_cancelled_in_the_practice(three: Three) -> None:
    three.outlook.remove(three.outlook.one_at(a_moment(5, 9)))

    until(lambda: not any(face.at(a_moment(5, 9)) for face in three.all), what="the removal")
    listed = three.demo.server.appointments("--practitioner", "maya")
    assert {each["title"]: each["status"] for each in listed}["Demo Patient 15"] == "cancelled"
    # What hxdav takes out of the other calendar can be found again by its owner.
    assert [one["subject"] for one in three.office.person.deleted_items()] == ["Appointment"]


def test_tokens_are_renewed_time_and_again_and_nobody_notices(three: Three) -> None:
    for number, title in enumerate(("Supervision I", "Supervision II")):
        before = refresh_tokens(three)
        three.microsoft.graph.tokens.expire_all(PERSONAL)
        three.microsoft.graph.tokens.expire_all(AT_WORK)

        three.native.add(f"renewed-{number}@example", title, a_moment(6, 17 + number))

        until_all_show(title, at=a_moment(6, 17 + number), faces=three.elsewhere)
        assert len(before) == len(refresh_tokens(three)) == 2
        assert before.isdisjoint(refresh_tokens(three))


def test_a_channel_that_ends_before_its_time_is_made_anew_and_the_old_token_wakes_nobody(three: Three) -> None:
    subscriptions = three.microsoft.graph.subscriptions
    old = channels(three)[PERSONAL]
    subscriptions.lifecycle("reauthorizationRequired", subscription_id=old.id)
    until(lambda: old.id not in subscriptions.open, what="the old channel to be closed")
    new = channels(three)[PERSONAL]
    three.outlook.add("", "After the change", a_moment(7, 17))
    until_all_show("After the change", at=a_moment(7, 17), faces=three.all)
    settled(three)
    before = three.microsoft.graph.requests.made(PERSONAL)

    answers = [
        httpx.post(old.address, json={"value": [{"clientState": token}]}) for token in (old.state, "never right", None)
    ]

    time.sleep(0.5)
    assert [each.status_code for each in answers] == [202, 202, 202]
    assert three.microsoft.graph.requests.made(PERSONAL) == before
    assert new.state != old.state


def test_an_approval_is_asked_for_with_a_link_and_once_it_is_given_the_account_connects(demo: MicrosoftDemo) -> None:
    demo.microsoft.authority.needs_approval = True
    link = demo.server.hxdav("integrations", "approval-link").strip()
    with demo.consenting("tom", "office365", TOMS) as command:
        page = command.browse()
        complaint = command.complaint()

    assert link in html.unescape(page.text)
    assert complaint.endswith(f"approved hxdav there. {link}")
    assert demo.microsoft.graph.user(TOMS).calendars()[1:] == []

    approved = demo.browse(link)

    assert (approved.status_code, "Approved" in approved.text) == (200, True)
    assert demo.connect("tom", "office365", TOMS)["account"] == TOMS


def test_a_consent_that_was_taken_back_is_told_and_with_a_new_one_the_calendar_goes_on(three: Three) -> None:
    three.microsoft.revoke(PERSONAL)
    three.native.add("waits@example", "Waits for Outlook", a_moment(8, 17))
    until_all_show("Waits for Outlook", at=a_moment(8, 17), faces=[three.native, three.office])
    until(lambda: "access_lost" in three.demo.told("maya"), what="the practitioner to be told")
    assert not three.outlook.at(a_moment(8, 17))

    row = three.demo.connect("maya", "outlook", PERSONAL)

    assert row["account"] == PERSONAL
    until_all_show("Waits for Outlook", at=a_moment(8, 17), faces=[three.outlook])
    assert [each.name for each in three.outlook.person.calendars()].count(NAME) == 1
    until(lambda: PERSONAL in channels(three), what="another channel")
    begin = time.monotonic()
    three.outlook.add("", "Called again", a_moment(8, 18))
    until_all_show("Called again", at=a_moment(8, 18), faces=three.all)
    assert time.monotonic() - begin < CALLED_WITHIN


def channels(three: Three) -> dict[str, Subscription]:
    """What Microsoft calls hxdav for, by whose account it is."""
    return {each.user: each for each in three.microsoft.graph.subscriptions.open.values()}


def refresh_tokens(three: Three) -> set[str]:
    """Those with which maya's accounts can be opened."""
    known = three.microsoft.authority.refresh_tokens
    return {token for token, grant in known.items() if grant.user in {PERSONAL, AT_WORK}}


def settled(three: Three) -> None:
    """Return as soon as Microsoft is asked for nothing for a while."""
    asked = [0]

    def is_quiet() -> bool:
        before, asked[0] = asked[0], three.microsoft.graph.requests.made(PERSONAL)
        time.sleep(0.3)
        return before == asked[0]

    until(is_quiet, what="nothing to be left to do")
