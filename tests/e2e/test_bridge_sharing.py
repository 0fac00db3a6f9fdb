"""Two practitioners in one account: one calendar each, and what happens to the one is nothing to the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import pytest

from tests.e2e.bridged import NAME, SHOWN, BridgedDemo, Row, a_moment, a_second_name
from tests.e2e.faces import Face, NativeFace, until_all_show, until_full
from tests.simulators.caldav.account import AppleAccount
from tests.waiting import until

EMAIL = "desk@gmail.example"
USERS = ("maya", "tom")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """Calendars and integrations by their practitioner: in one Google account, and in one Apple account."""

    demo: BridgedDemo
    native: dict[str, NativeFace]
    google: Mapping[str, Face]
    apple: Mapping[str, Face]
    google_rows: dict[str, Row]
    apple_rows: dict[str, Row]
    apple_account: AppleAccount


@pytest.fixture(scope="module")
def shared(bridged_demo: BridgedDemo) -> Iterator[Shared]:
    demo = bridged_demo
    account = demo.icloud.add_account("desk@icloud.example")
    google_rows = {user: demo.connect_google(user, EMAIL) for user in USERS}
    apple_rows = {}
    google, apple = {}, {}
    for user, name in zip(USERS, (NAME, a_second_name()), strict=True):
        google[user] = demo.google_face(EMAIL, name)
        # Its name is taken only once it is there.
        apple_rows[user] = demo.connect_icloud(user, account)
        apple[user] = demo.apple_face(account, name)
    until_full((*google.values(), *apple.values()), SHOWN)
    with demo.native_face("maya") as maya, demo.native_face("tom") as tom:
        native = {"maya": maya, "tom": tom}
        yield Shared(
            demo=demo,
            native=native,
            google=google,
            apple=apple,
            google_rows=google_rows,
            apple_rows=apple_rows,
            apple_account=account,
        )


def test_each_has_a_calendar_of_their_own_under_a_name_of_its_own(shared: Shared) -> None:
    assert [row["name"] for row in shared.google_rows.values()] == [NAME, a_second_name()]
    assert [row["name"] for row in shared.apple_rows.values()] == [NAME, a_second_name()]


def test_one_invitation_that_is_added_to_both_in_google_is_an_appointment_of_each(shared: Shared) -> None:
    starts = a_moment(4, 17)
    for face in shared.google.values():
        face.add("invitation@google.example", "Staff meeting", starts)

    require_two_appointments(shared, shared.google, starts)


def test_one_invitation_that_is_added_to_both_on_an_apple_device_is_an_appointment_of_each(shared: Shared) -> None:
    starts = a_moment(4, 18)
    # Apple is said to keep a UID out of a second calendar of the account; what comes of it where that is let in?
    account = shared.apple_account
    account.quirks = replace(account.quirks, uid_once=False)
    for user, face in shared.apple.items():
        face.add("invitation@icloud.example", "Staff meeting", starts)
        shared.demo.look_now(shared.apple_rows[user])

    require_two_appointments(shared, shared.apple, starts)
    account.quirks = replace(account.quirks, uid_once=True)


def test_one_invitation_in_an_apple_calendar_and_in_another_practitioners_own_is_an_appointment_of_each(
    shared: Shared,
) -> None:
    starts = a_moment(4, 19)
    shared.apple["maya"].add("seminar@icloud.example", "Staff meeting", starts)
    shared.native["tom"].add("seminar@icloud.example", "Staff meeting", starts)
    shared.demo.look_now(shared.apple_rows["maya"])

    until_all_show("Staff meeting", at=starts, faces=[shared.apple["tom"]])
    require_two_appointments(shared, shared.apple, starts)


def test_a_session_that_is_moved_in_one_calendar_stays_in_the_other(shared: Shared) -> None:
    shared.google["tom"].move(shared.google["tom"].one_at(a_moment(5, 9)), a_moment(5, 11))

    until(lambda: shared.native["tom"].at(a_moment(5, 11)), what="the move")
    assert shared.native["tom"].titles_at(a_moment(5, 11)) == ["Demo Patient 115"]
    assert shared.native["maya"].titles_at(a_moment(5, 9)) == ["Demo Patient 15"]
    assert not shared.native["maya"].at(a_moment(5, 11))


def require_two_appointments(shared: Shared, faces: Mapping[str, Face], starts: datetime) -> None:
    """Each practitioner has an appointment of their own then: an edit of the one leaves the other alone."""
    until_all_show("Staff meeting", at=starts, faces=shared.native.values())

    shared.native["maya"].retitle(shared.native["maya"].one_at(starts), "Staff meeting, with cake")

    until_all_show("Staff meeting, with cake", at=starts, faces=[faces["maya"]])
    assert faces["tom"].titles_at(starts) == shared.native["tom"].titles_at(starts) == ["Staff meeting"]
