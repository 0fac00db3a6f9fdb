"""One practitioner in Google, in iCloud and in a calendar program at once: what is edited in one is so in all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.e2e.bridged import SHOWN, BridgedDemo, Row, a_moment
from tests.e2e.faces import AppleFace, Face, GoogleFace, NativeFace, until_all_show, until_full
from tests.waiting import until

EMAIL = "maya@gmail.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Three:
    """The three calendars of one practitioner."""

    demo: BridgedDemo
    native: NativeFace
    google: GoogleFace
    apple: AppleFace
    apple_row: Row

    def look_at_apple(self) -> None:
        """Apple does not call: do now what the clock does within a minute."""
        self.demo.look_now(self.apple_row)

    @property
    def all(self) -> tuple[Face, ...]:
        return (self.native, *self.elsewhere)

    @property
    def elsewhere(self) -> tuple[Face, ...]:
        return (self.google, self.apple)


@pytest.fixture(scope="module")
def three(bridged_demo: BridgedDemo) -> Iterator[Three]:
    bridged_demo.connect_google("maya", EMAIL)
    account = bridged_demo.icloud.add_account("maya@icloud.example")
    apple_row = bridged_demo.connect_icloud("maya", account)
    google, apple = bridged_demo.google_face(EMAIL), bridged_demo.apple_face(account)
    with bridged_demo.native_face("maya") as native:
        until_full((google, apple), SHOWN)
        yield Three(demo=bridged_demo, native=native, google=google, apple=apple, apple_row=apple_row)


def test_an_edit_in_a_calendar_program_appears_in_google_and_on_the_apple_device(three: Three) -> None:
    lunch = three.native.called("Lunch with Ana")

    three.native.retitle(lunch, "Lunch with Ben")
    three.native.move(three.native.called("Lunch with Ben"), a_moment(2, 13))

    until_all_show("Lunch with Ben", at=a_moment(2, 13), faces=three.all)


def test_an_edit_in_google_is_called_out_to_hxdav_and_appears_in_the_others(three: Three) -> None:
    deliveries = three.demo.google.channels.deliveries
    until(lambda: three.demo.google.channels.open, what="a push channel")
    before = len(deliveries)

    three.google.add("walk@gmail.example", "A walk", a_moment(4, 17))

    until_all_show("A walk", at=a_moment(4, 17), faces=three.all)
    assert ("exists", 200) in {(each.state, each.code) for each in deliveries[before:]}


def test_an_edit_on_the_apple_device_appears_in_the_others_at_the_next_look(three: Three) -> None:
    three.apple.add("swim@icloud.example", "A swim", a_moment(4, 18))
    three.look_at_apple()

    until_all_show("A swim", at=a_moment(4, 18), faces=three.all)


def test_a_patient_who_is_moved_in_google_or_on_the_apple_device_keeps_their_name(three: Three) -> None:
    three.google.move(three.google.one_at(a_moment(3, 9)), a_moment(3, 10))
    three.apple.move(three.apple.one_at(a_moment(3, 14)), a_moment(3, 15))
    three.look_at_apple()

    for hour, name in ((10, "Demo Patient 11"), (15, "Demo Patient 12")):
        until_all_show(name, at=a_moment(3, hour), faces=[three.native])
        until_all_show("Appointment", at=a_moment(3, hour), faces=three.elsewhere)


def test_a_name_that_google_is_not_told_cannot_be_changed_there(three: Three) -> None:
    three.google.retitle(three.google.one_at(a_moment(4, 9)), "Somebody else")

    until(lambda: three.google.titles_at(a_moment(4, 9)) == ["Appointment"], what="the title to be put back")
    assert three.native.titles_at(a_moment(4, 9)) == ["Demo Patient 13"]


def test_what_is_deleted_in_google_is_removed_everywhere_and_cancelled_in_the_practice(three: Three) -> None:
    three.google.remove(three.google.one_at(a_moment(5, 9)))

    until(lambda: not any(face.at(a_moment(5, 9)) for face in three.all), what="the removal")
    listed = three.demo.server.appointments("--practitioner", "maya")
    assert {each["title"]: each["status"] for each in listed}["Demo Patient 15"] == "cancelled"


def test_what_is_deleted_on_the_apple_device_waits_and_is_taken_back_when_it_is_put_back(three: Three) -> None:
    starts = a_moment(6, 9)
    deleted = three.apple.one_at(starts)
    three.apple.remove(deleted)
    three.look_at_apple()
    until(lambda: removal_of(three, "Demo Patient 17") == "held", what="the removal to be held")
    assert three.native.titles_at(starts) == ["Demo Patient 17"]
    assert three.google.titles_at(starts) == ["Appointment"]

    three.apple.add(deleted.uid, deleted.title, starts)
    three.look_at_apple()

    until(lambda: removal_of(three, "Demo Patient 17") is None, what="the removal to be taken back")
    assert three.native.titles_at(starts) == ["Demo Patient 17"]
    assert three.google.titles_at(starts) == three.apple.titles_at(starts) == ["Appointment"]


def test_a_protected_appointment_that_is_deleted_elsewhere_is_put_back(three: Three) -> None:
    protected = a_moment(1, 9)
    for face in three.elsewhere:
        face.remove(face.one_at(protected))
    three.look_at_apple()

    until_all_show("Appointment", at=protected, faces=three.elsewhere)
    assert three.native.titles_at(protected) == ["Demo Patient 7"]
    told = json.loads(three.demo.own("maya", "notifications", "list", "--json"))
    assert "note_protects" in {each["kind"] for each in told}


def removal_of(three: Three, title: str) -> str | None:
    """What is under way to remove an appointment."""
    (row,) = [row for row in three.demo.server.appointments("--practitioner", "maya") if row["title"] == title]
    removal: str | None = row["removal"]
    return removal
