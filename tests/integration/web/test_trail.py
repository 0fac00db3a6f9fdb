"""The audit trail as an administrator searches it, and takes it along."""

from __future__ import annotations

import csv
import io
import re

import pytest
from markupsafe import escape

from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import UserId
from hxdav.store.trail import Subject
from tests.builders import PracticeWorld
from tests.integration.web.administration import an_administrator, other_practice, signed_in
from tests.integration.web.browsing import Browser, give_password
from tests.integration.web.desk import Desk

TRAIL, FILE = "/app/practice/trail", "/app/practice/trail.csv"


@pytest.fixture
def robin(desk: Desk) -> Browser:
    an_administrator(desk, desk.practice)
    return signed_in(desk)


def note(practice: PracticeWorld, *actions: str, user_id: UserId | None = None, agent: str = "") -> None:
    """Entries of these actions, a second apart."""
    source = Source(authority=Authority.PRACTICE, user_id=user_id, agent=agent)
    with practice.store.transaction() as tx:
        group = tx.people.user(practice.user_id).practice_group_id
        for action in actions:
            practice.clock.advance(seconds=1)
            tx.trail.audit(action, Subject(practice_group_id=group), source=source, at=practice.clock.now())


def cells(page: str) -> list[str]:
    """What was done, line by line."""
    return [
        " ".join(each.split())
        for each in re.findall(r"<tr>\s*<td>.*?</td>\s*<td>.*?</td>\s*<td>(.*?)</td>", page, re.DOTALL)
    ]


def exported(browser: Browser, query: str = "") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(browser.get(f"{FILE}{query}").text)))


def test_the_latest_entry_comes_first(robin: Browser, desk: Desk) -> None:
    note(desk.practice, "removed", "integration_suspended")

    assert cells(robin.get(TRAIL).text) == ["integration suspended", "removed", "signed in"]


def test_what_was_done_is_found_by_its_words(robin: Browser, desk: Desk) -> None:
    note(desk.practice, "removed", "integration_suspended", "user_suspended")

    assert cells(robin.get(f"{TRAIL}?what=Suspended").text) == ["user suspended", "integration suspended"]
    assert cells(robin.get(f"{TRAIL}?what=user+suspended").text) == ["user suspended"]
    assert cells(robin.get(f"{TRAIL}?what=%25").text) == []


def test_whose_doing_it_was_narrows_it_down(robin: Browser, desk: Desk) -> None:
    note(desk.practice, "removed", user_id=desk.practice.user_id)

    assert cells(robin.get(f"{TRAIL}?who=maya").text) == ["removed"]
    assert cells(robin.get(f"{TRAIL}?who=robin").text) == ["signed in"]


def test_days_are_the_practices_and_the_last_is_included(desk: Desk) -> None:
    an_administrator(desk, desk.practice)
    note(desk.practice, "removed")
    # In Sydney it is 23 November then, in UTC it is not.
    desk.practice.clock.advance(hours=13)
    robin = signed_in(desk)

    assert cells(robin.get(f"{TRAIL}?from=2026-11-23").text) == ["signed in"]
    assert cells(robin.get(f"{TRAIL}?to=2026-11-22").text) == ["removed"]
    assert cells(robin.get(f"{TRAIL}?from=2026-11-22&to=2026-11-23").text) == ["signed in", "removed"]


@pytest.mark.parametrize("query", ["from=0001-01-01&to=9999-12-31", "from=9999-12-31", "to=0001-01-01"])
def test_days_at_the_ends_of_time_are_days(robin: Browser, query: str) -> None:
    assert robin.get(f"{TRAIL}?{query}").status_code == 200


@pytest.mark.parametrize(("query", "found"), [("from=yesterday", 400), ("who=noor", 404)])
def test_what_no_form_of_ours_sends_is_refused(robin: Browser, desk: Desk, query: str, found: int) -> None:
    other_practice(desk)

    assert robin.get(f"{TRAIL}?{query}").status_code == found
    assert robin.get(f"{FILE}?{query}").status_code == found


def test_pages_keep_the_search_and_lose_no_line(robin: Browser, desk: Desk) -> None:
    note(desk.practice, *(f"step_{number}" for number in range(120)))
    shown: list[str] = []

    path = f"{TRAIL}?what=step"
    while path:
        page = robin.get(path).text
        shown += cells(page)
        older = re.search(r'href="([^"]+)">Older', page)
        path = older.group(1).replace("&amp;", "&") if older else ""

    assert shown == [f"step {number}" for number in range(119, -1, -1)]


def test_the_file_has_what_was_found_in_the_order_in_which_it_happened(robin: Browser, desk: Desk) -> None:
    note(desk.practice, *(f"step_{number}" for number in range(1001)), user_id=desk.practice.user_id)

    answer = robin.get(f"{FILE}?what=step")

    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="audit-harbour-2026-11-22.csv"'
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert [line["action"] for line in lines] == [f"step_{number}" for number in range(1001)]
    assert {(line["username"], line["practice_group"]) for line in lines} == {("maya", "harbour")}


def test_nothing_of_another_practice_group_is_found(robin: Browser, desk: Desk) -> None:
    other, _ = other_practice(desk)
    note(other, "secret_doings", user_id=other.user_id)

    assert "secret" not in robin.get(TRAIL).text
    assert [each["action"] for each in exported(robin)] == ["signed_in"]


def test_a_spreadsheet_is_given_no_formula(robin: Browser, desk: Desk) -> None:
    note(desk.practice, "removed", agent="=HYPERLINK(1)")

    assert exported(robin, "?what=removed")[0]["agent"] == "'=HYPERLINK(1)"


def test_what_clients_call_themselves_is_shown_as_text(robin: Browser, desk: Desk) -> None:
    hostile = '<script>alert(1)</script>"'
    note(desk.practice, "removed", agent=hostile)

    page = robin.get(f"{TRAIL}?what={'%3Cscript%3E%22'}").text + robin.get(TRAIL).text

    assert str(escape(hostile)) in page
    assert "<script>" not in page


@pytest.mark.parametrize("path", [TRAIL, FILE])
def test_practitioners_see_nothing_of_it(desk: Desk, path: str) -> None:
    give_password(desk.store, desk.practice.user_id)

    assert signed_in(desk, "maya").get(path).status_code == 404
