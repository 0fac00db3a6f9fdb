"""The picture of a calendar's last day: what it shows, what the page says of it, and who sees it."""

from __future__ import annotations

from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest

from hxdav.domain.ids import IntegrationId
from hxdav.store.latencies import Way
from hxdav.web.practitioner.latency_chart import duration_words
from tests.builders import a_practice
from tests.integration.web.browsing import Browser, give_password
from tests.integration.web.desk import Desk

INTEGRATIONS = "/app/settings/integrations"
SVG = "{http://www.w3.org/2000/svg}"


def note(desk: Desk, number: IntegrationId, way: Way, *seconds: float) -> None:
    with desk.store.transaction() as tx:
        group = tx.integrations.one(number).practice_group_id
        for each in seconds:
            taken = timedelta(seconds=each)
            tx.lags.note(number, practice_group_id=group, way=way, at=desk.practice.clock.now(), taken=taken)


def test_the_page_says_in_words_what_the_picture_shows(maya: Browser, desk: Desk, google: IntegrationId) -> None:
    note(desk, google, Way.OUT, 2.0, 2.0, 200)
    note(desk, google, Way.IN, 61)

    page = " ".join(maya.get(f"{INTEGRATIONS}/{google}").text.split())

    out = "From here to the calendar: 3 changes, half of them within 2.0 s, the slowest took 3 min."
    into = "From the calendar to here: 1 change, half of them within 61 s, the slowest took 61 s."
    assert f"{out} {into}" in page.partition('alt="')[2].partition('"')[0]
    assert page.count(out) == page.count(into) == 2
    assert f'src="{INTEGRATIONS}/{google}/lag.svg"' in page


def test_where_nothing_went_there_is_a_sentence_and_no_picture(maya: Browser, google: IntegrationId) -> None:
    page = maya.get(f"{INTEGRATIONS}/{google}").text

    assert "Nothing was changed on either side." in page
    assert "lag.svg" not in page


def test_a_native_calendar_says_nothing_of_it(maya: Browser, desk: Desk) -> None:
    number = desk.practice.integration()

    assert "lag.svg" not in maya.get(f"{INTEGRATIONS}/{number}").text
    assert maya.get(f"{INTEGRATIONS}/{number}/lag.svg").status_code == 404


def test_each_quarter_of_an_hour_with_changes_has_a_bar(maya: Browser, desk: Desk, google: IntegrationId) -> None:
    note(desk, google, Way.OUT, 0.4, 1)
    desk.practice.clock.advance(minutes=15)
    note(desk, google, Way.OUT, 3600)
    note(desk, google, Way.IN, 60)

    answer = maya.get(f"{INTEGRATIONS}/{google}/lag.svg")

    assert answer.mimetype == "image/svg+xml"
    bars = ET.fromstring(answer.text).findall(f"{SVG}rect")
    heights = [float(each.attrib["height"]) for each in bars]
    assert heights == [2, 52, pytest.approx(26, abs=0.1)], "a minute is half the way from a second to an hour"


def test_it_has_no_script_and_no_style_of_its_own_and_suits_a_dark_page(
    maya: Browser, desk: Desk, google: IntegrationId
) -> None:
    note(desk, google, Way.OUT, 1)

    light, dark = (maya.get(f"{INTEGRATIONS}/{google}/lag.svg{query}").text for query in ("", "?ground=dark"))

    assert all("style" not in each and "script" not in each for each in (light, dark))
    assert "#0b6e69" in light
    assert "#5fc9c1" in dark


def test_nobody_sees_anybody_elses(maya: Browser, desk: Desk, google: IntegrationId) -> None:
    other = a_practice(desk.store, username="sam", key="sam")
    give_password(desk.store, other.user_id)
    sam = Browser(desk.application)
    sam.sign_in("sam")
    note(desk, google, Way.OUT, 1)

    assert maya.get(f"{INTEGRATIONS}/{google}/lag.svg").status_code == 200
    assert sam.get(f"{INTEGRATIONS}/{google}/lag.svg").status_code == 404
    assert maya.get(f"{INTEGRATIONS}/{10**30}/lag.svg").status_code == 404
    assert Browser(desk.application).get(f"{INTEGRATIONS}/{google}/lag.svg").status_code == 302


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (9.9, "9.9 s"), (10, "10 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (172_800, "2 days")],
)
def test_durations_are_said_no_more_exactly_than_they_matter(seconds: float, words: str) -> None:
    assert duration_words(timedelta(seconds=seconds)) == words
