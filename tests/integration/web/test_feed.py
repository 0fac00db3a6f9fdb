"""The private calendar address: made, read, hidden behind a privacy level, and revoked."""

from __future__ import annotations

import re

import pytest
from werkzeug.test import TestResponse

from hxdav.domain.appointment import AppointmentKind
from hxdav.domain.integration import Service
from hxdav.domain.privacy import PrivacyLevel
from hxdav.domain.subscription import SubscriptionState
from tests.builders import PracticeWorld, a_practice, an_object
from tests.integration.web.browsing import Browser, give_password
from tests.integration.web.desk import PUBLIC_URL, Desk
from tests.splitting import readings

PAGE = "/app/settings/integrations/private-address"


def made(browser: Browser) -> str:
    """The path of a new private address."""
    browser.get(PAGE)
    found = re.search(rf"<code>{PUBLIC_URL}(/feed/[\w-]+\.ics)</code>", browser.post(PAGE).text)
    assert found
    return found[1]


def read(desk: Desk, path: str, **headers: str) -> TestResponse:
    """What somebody reads who knows nothing but the address."""
    return desk.application.test_client().get(path, base_url=PUBLIC_URL, headers=headers)


def with_appointments(practice: PracticeWorld) -> None:
    """A session with a patient, and something of the practitioner's own."""
    practice.book(
        an_object("s@x", "LOCATION:Room 2", "DESCRIPTION:Anxious", summary="Anna Berg"), patients=("Anna Berg",)
    )
    practice.book(an_object("run@x", "LOCATION:Park", summary="Run"), kind=AppointmentKind.PERSONAL)


def allow(desk: Desk, level: PrivacyLevel) -> None:
    """Have the practice allow so much to accounts elsewhere."""
    with desk.store.transaction() as tx:
        (group,) = tx.people.practice_groups()
        tx.connection.exec_driver_sql(
            "UPDATE practice_group SET privacy = ? WHERE id = ?", (f'{{"{Service.CALDAV}": "{level}"}}', group.id)
        )


def test_what_takes_place_is_one_calendar(maya: Browser, desk: Desk) -> None:
    with_appointments(desk.practice)

    answer = read(desk, made(maya))

    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert "X-WR-CALNAME:HX_Harbour Street Psychology" in answer.text
    objects = readings(answer.data)
    assert sorted(each.summary for each in objects) == ["Appointment", "Run"]


def test_of_patients_it_tells_by_default_only_when(maya: Browser, desk: Desk) -> None:
    with_appointments(desk.practice)

    text = read(desk, made(maya)).text

    assert "Park" in text
    for word in ("Anna", "Berg", "Room 2", "Anxious", "s@x", "run@x"):
        assert word not in text


@pytest.mark.parametrize(
    ("level", "title"), [("busy", "Busy"), ("initials", "A. B."), ("full", "Anna Berg"), ("appointment", "Appointment")]
)
def test_a_practitioner_chooses_what_it_tells(maya: Browser, desk: Desk, level: str, title: str) -> None:
    with_appointments(desk.practice)
    allow(desk, PrivacyLevel.FULL)
    path = made(maya)
    maya.get(PAGE)

    maya.post(f"{PAGE}/privacy", privacy=level)

    assert f"SUMMARY:{title}\r\n" in read(desk, path).text


def test_it_never_tells_more_than_the_practice_allows(maya: Browser, desk: Desk) -> None:
    with_appointments(desk.practice)
    allow(desk, PrivacyLevel.FULL)
    path = made(maya)
    maya.get(PAGE)
    maya.post(f"{PAGE}/privacy", privacy="full")
    allow(desk, PrivacyLevel.BUSY)
    page = maya.get(PAGE).text

    maya.post(f"{PAGE}/privacy", privacy="initials")

    assert 'value="initials"' not in page
    assert "does not let a private address tell so much" in maya.get(PAGE).text
    assert "SUMMARY:Busy" in read(desk, path).text


@pytest.mark.parametrize("level", ["everything", ""])
def test_a_level_that_is_none_is_refused(maya: Browser, level: str) -> None:
    made(maya)
    maya.get(PAGE)

    assert maya.post(f"{PAGE}/privacy", privacy=level).status_code == 400


def test_it_shows_what_starts_from_its_first_day_to_the_horizon(maya: Browser, desk: Desk) -> None:
    for uid, day in (("past", "20261121"), ("first", "20261122"), ("last", "20270611"), ("beyond", "20270612")):
        text = an_object(f"{uid}@x", start=f"DTSTART:{day}T100000", end=f"DTEND:{day}T110000", summary=uid)
        desk.practice.book(text, kind=AppointmentKind.PERSONAL)
    series = {"start": "DTSTART:20260101T100000", "end": "DTEND:20260101T110000", "summary": "series"}
    desk.practice.book(an_object("r@x", "RRULE:FREQ=MONTHLY", **series), kind=AppointmentKind.PERSONAL)

    text = read(desk, made(maya)).text

    assert sorted(re.findall(r"SUMMARY:(\w+)", text)) == ["first", "last", "series"]


def test_what_has_not_changed_is_not_sent_again(maya: Browser, desk: Desk) -> None:
    with_appointments(desk.practice)
    path = made(maya)
    first = read(desk, path)

    second = read(desk, path, **{"If-None-Match": first.headers["ETag"]})

    assert (second.status_code, second.data) == (304, b"")
    assert second.headers["ETag"] == first.headers["ETag"]


def test_what_has_changed_is(maya: Browser, desk: Desk) -> None:
    path = made(maya)
    before = read(desk, path).headers["ETag"]
    with_appointments(desk.practice)

    answer = read(desk, path, **{"If-None-Match": before})

    assert answer.status_code == 200
    assert "SUMMARY:Run" in answer.text


def test_another_day_another_privacy_and_another_address_are_told_apart(maya: Browser, desk: Desk) -> None:
    path = made(maya)
    tags = [read(desk, path).headers["ETag"]]
    maya.get(PAGE)
    maya.post(f"{PAGE}/privacy", privacy="busy")
    tags.append(read(desk, path).headers["ETag"])
    desk.practice.clock.advance(days=1)
    tags.append(read(desk, path).headers["ETag"])

    assert len(set(tags)) == 3


def test_nobody_keeps_it_and_no_cookie_comes_with_it(maya: Browser, desk: Desk) -> None:
    answer = read(desk, made(maya))

    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert "Set-Cookie" not in answer.headers


def test_the_address_is_shown_once_and_kept_nowhere(maya: Browser, desk: Desk) -> None:
    secret = made(maya).removeprefix("/feed/").removesuffix(".ics")

    assert secret not in maya.get(PAGE).text
    with desk.store.snapshot() as tx:
        rows = tx.connection.exec_driver_sql("SELECT * FROM web_feed").all()
        entries = [str(each) for each in tx.trail.audit_entries()]
    assert secret not in str(rows)
    assert not any(secret in each for each in entries)
    assert sum("private_address_made" in each for each in entries) == 1


def test_another_address_takes_the_place_of_the_first(maya: Browser, desk: Desk) -> None:
    first = made(maya)

    second = made(maya)

    assert read(desk, first).status_code == 404
    assert read(desk, second).status_code == 200


def test_a_revoked_address_leads_nowhere(maya: Browser, desk: Desk) -> None:
    path = made(maya)
    maya.get(PAGE)

    maya.post(f"{PAGE}/revoke")

    assert read(desk, path).status_code == 404
    assert "There is none." in maya.get(PAGE).text


@pytest.mark.parametrize("path", ["/feed/unknown.ics", "/feed/.ics", "/feed/", "/feed/a/b.ics"])
def test_an_unknown_address_leads_nowhere(desk: Desk, path: str) -> None:
    answer = read(desk, path)

    assert answer.status_code == 404
    assert "Set-Cookie" not in answer.headers


def test_the_address_of_somebody_suspended_leads_nowhere(maya: Browser, desk: Desk) -> None:
    path = made(maya)

    with desk.store.transaction() as tx:
        tx.people.suspend_user(desk.practice.user_id, at=desk.practice.clock.now())

    assert read(desk, path).status_code == 404


def test_it_is_made_only_where_synchronisation_runs_and_read_on_where_it_pauses(maya: Browser, desk: Desk) -> None:
    path = made(maya)
    with desk.store.transaction() as tx:
        tx.connection.exec_driver_sql("UPDATE subscription SET state = ?", (SubscriptionState.PAUSED.value,))

    maya.get(PAGE)
    maya.post(PAGE)

    assert "Calendar synchronisation does not run" in maya.get(PAGE).text
    assert read(desk, path).status_code == 200


def test_everybody_has_an_address_of_their_own(maya: Browser, desk: Desk) -> None:
    noa = a_practice(desk.store, key="elsewhere", username="noa")
    noa.book(an_object(summary="Ben Carr"), patients=("Ben Carr",))
    give_password(desk.store, noa.user_id)
    with_appointments(desk.practice)
    mayas = made(maya)
    other = Browser(desk.application)
    other.sign_in("noa")

    assert "There is none." in other.get(PAGE).text
    noas = made(other)
    other.get(PAGE)
    other.post(f"{PAGE}/revoke")

    assert read(desk, noas).status_code == 404
    assert read(desk, mayas).text.count("BEGIN:VEVENT") == 2


@pytest.mark.parametrize("change", ["", "/privacy", "/revoke"])
def test_a_change_without_the_pages_token_is_refused(maya: Browser, change: str) -> None:
    maya.hidden.clear()

    assert maya.post(f"{PAGE}{change}", privacy="busy").status_code == 400
