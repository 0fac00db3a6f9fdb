"""Folders of the EWS simulator, through unmodified exchangelib."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from exchangelib.errors import (  # type: ignore[import-untyped]
    ErrorAccessDenied,
    ErrorDeleteDistinguishedFolder,
    ErrorFolderExists,
    ErrorItemNotFound,
    UnauthorizedError,
)
from exchangelib.folders import Calendar  # type: ignore[import-untyped]

from tests.simulators.ews.cases import ANNA, NAME, Desk, a_desk
from tests.simulators.ews.clients import account_of


@pytest.fixture
def desk() -> Iterator[Desk]:
    with a_desk() as found:
        yield found


def test_a_calendar_that_was_made_is_found_below_the_accounts_own(desk: Desk) -> None:
    found = desk.account.calendar / NAME
    assert (found.id, found.folder_class) == (desk.calendar.id, "IPF.Appointment")
    assert [one.name for one in desk.anna.calendars()] == ["Calendar", NAME]


def test_a_second_calendar_of_the_same_name_is_refused(desk: Desk) -> None:
    with pytest.raises(ErrorFolderExists):
        Calendar(parent=desk.account.calendar, name=NAME.upper()).save()


def test_a_calendar_is_renamed_by_either_side(desk: Desk) -> None:
    desk.calendar.name = "HX_Other"
    desk.calendar.save(update_fields=["name"])
    assert desk.anna.calendar(desk.calendar.id).name == "HX_Other"
    desk.anna.rename_calendar("HX_Other", "Mine")
    desk.calendar.refresh()
    assert desk.calendar.name == "Mine"


def test_a_calendar_that_outlook_deletes_lies_in_deleted_items_and_keeps_its_id(desk: Desk) -> None:
    desk.anna.delete_calendar(NAME)
    desk.calendar.refresh()
    assert desk.calendar.parent_folder_id.id == desk.account.trash.id
    assert [one.name for one in desk.anna.calendars()] == ["Calendar"]
    desk.anna.restore_calendar(desk.calendar.id)
    desk.calendar.refresh()
    assert desk.calendar.parent_folder_id.id == desk.account.calendar.id


def test_a_calendar_deleted_for_good_is_not_found(desk: Desk) -> None:
    desk.make()
    desk.anna.delete_calendar(NAME, for_good=True)
    with pytest.raises(ErrorItemNotFound):
        desk.calendar.refresh()


def test_the_accounts_own_calendar_cannot_be_deleted(desk: Desk) -> None:
    with pytest.raises(ErrorDeleteDistinguishedFolder):
        desk.account.calendar.delete()


def test_a_wrong_password_is_refused_with_401(desk: Desk) -> None:
    desk.anna.change_password("another")
    with pytest.raises(UnauthorizedError):
        desk.calendar.refresh()
    with account_of(desk.exchange, desk.anna) as account:
        assert account.calendar.name == "Calendar"


def test_nobody_sees_another_mailbox(desk: Desk) -> None:
    ben = desk.exchange.user("ben@example.com")
    with account_of(desk.exchange, desk.anna, user=ben.email) as account, pytest.raises(ErrorAccessDenied):
        _ = account.calendar


def test_names_and_zones_are_told(desk: Desk) -> None:
    (found,) = desk.account.protocol.resolve_names([ANNA])
    assert found.email_address == ANNA
    (zone,) = desk.account.protocol.get_timezones(
        timezones=[desk.account.default_timezone], return_full_timezone_data=True
    )
    assert zone.id == "W. Europe Standard Time"
