"""The ledger of credits, and the practice's privacy, as an administrator reads them."""

from __future__ import annotations

import re

import pytest
from markupsafe import escape

from hxdav.domain.integration import Service
from hxdav.domain.privacy import PrivacyLevel
from hxdav.domain.subscription import CreditEntry, CreditKind
from hxdav.services.billing import subscriptions
from tests.builders import PracticeWorld
from tests.integration.web.administration import an_administrator, other_practice, signed_in
from tests.integration.web.browsing import Browser, give_password
from tests.integration.web.desk import Desk

CREDITS, PRIVACY = "/app/practice/credits", "/app/practice/privacy"


@pytest.fixture
def robin(desk: Desk) -> Browser:
    an_administrator(desk, desk.practice)
    return signed_in(desk)


def enter(practice: PracticeWorld, *numbers: int, remark: str = "") -> None:
    with practice.store.transaction() as tx:
        group = tx.people.user(practice.user_id).practice_group_id
        for number in numbers:
            tx.credits.append(
                CreditEntry(
                    practice_group_id=group,
                    kind=CreditKind.GRANT,
                    credits=number,
                    at=practice.clock.now(),
                    agent="hxdav credits",
                    remark=remark,
                )
            )


def figures(page: str) -> list[tuple[str, str]]:
    """Credits and balance of each line."""
    return re.findall(r'<td class="figure">(\S+)</td>\s*<td class="figure">(\S+)</td>', page)


def test_the_latest_line_comes_first_with_the_balance_after_it(robin: Browser, desk: Desk) -> None:
    enter(desk.practice, 100, -10)
    with desk.store.transaction() as tx:
        tx.connection.exec_driver_sql("DELETE FROM subscription")
        maya = tx.people.practitioner(desk.practice.practitioner_id)
        subscriptions.buy(tx, desk.practice.clock, practitioner=maya, source=desk.source)

    page = robin.get(CREDITS).text

    assert figures(page) == [("-25", "65"), ("-10", "90"), ("+100", "100")]
    assert "30 days from 22 Nov 2026 for Maya Lin" in page
    assert "Correction" in page
    assert "<dd>65 credits</dd>" in page


def test_fifty_lines_are_a_page_and_no_line_is_lost_between_pages(robin: Browser, desk: Desk) -> None:
    enter(desk.practice, *range(1, 121))
    shown: list[int] = []

    path = CREDITS
    while path:
        page = robin.get(path).text
        lines = [int(number) for number, _ in figures(page)]
        assert len(lines) <= 50
        shown += lines
        older = re.search(r'href="([^"]+)">Older', page)
        path = older.group(1) if older else ""

    assert shown == list(range(120, 0, -1))


@pytest.mark.parametrize("before", ["0", "-1", "x", "9" * 30])
def test_any_number_is_a_place_in_the_list(robin: Browser, before: str) -> None:
    assert robin.get(f"{CREDITS}?before={before}").status_code == 200


def test_another_practice_groups_ledger_is_its_own(robin: Browser, desk: Desk) -> None:
    other, _ = other_practice(desk)
    enter(other, 777)

    page = robin.get(CREDITS).text

    assert "777" not in page
    assert figures(page) == []


def test_a_remark_is_shown_as_text(robin: Browser, desk: Desk) -> None:
    hostile = '<script>alert(1)</script>"'
    enter(desk.practice, 1, remark=hostile)

    page = robin.get(CREDITS).text

    assert str(escape(hostile)) in page
    assert "<script>" not in page


def test_the_practices_levels_are_shown_with_where_they_are_set(robin: Browser, desk: Desk) -> None:
    with desk.store.transaction() as tx:
        tx.people.practice_groups()
        tx.connection.exec_driver_sql(
            "UPDATE practice_group SET privacy = ?", (f'{{"{Service.GOOGLE}": "{PrivacyLevel.BUSY}"}}',)
        )

    page = robin.get(PRIVACY).text

    google = page[page.index("<h2>Google</h2>") :]
    assert "Only that you are busy." in google[:200]
    assert "Set by the practice" in google[:200]
    assert "accounts.toml" in page
    assert "harbour" in page


@pytest.mark.parametrize("path", [CREDITS, PRIVACY])
def test_practitioners_see_nothing_of_it(desk: Desk, path: str) -> None:
    give_password(desk.store, desk.practice.user_id)

    assert signed_in(desk, "maya").get(path).status_code == 404
