"""An administrator at the pages of a practice, and another practice group on the same server."""

from __future__ import annotations

from hxdav.domain.ids import IntegrationId, UserId, Username
from tests.builders import PracticeWorld, a_practice
from tests.integration.web.browsing import Browser, give_password
from tests.integration.web.desk import Desk


def an_administrator(desk: Desk, practice: PracticeWorld, username: str = "robin") -> UserId:
    """A user who administers a practice group, and is no practitioner."""
    with desk.store.transaction() as tx:
        group = tx.people.user(practice.user_id).practice_group_id
        user_id = tx.people.add_user(
            practice_group_id=group, username=Username(username), name="Robin Hale", administrator=True
        )
    give_password(desk.store, user_id)
    return user_id


def signed_in(desk: Desk, username: str = "robin") -> Browser:
    """A browser with which somebody has signed in."""
    browser = Browser(desk.application)
    assert browser.sign_in(username).status_code == 302
    return browser


def other_practice(desk: Desk) -> tuple[PracticeWorld, IntegrationId]:
    """Another practice group with a practitioner and a calendar."""
    other = a_practice(desk.store, key="hill", username="noor")
    return other, other.integration("hx-other")
