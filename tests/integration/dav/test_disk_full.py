"""A disk without room: devices go on reading, and what they write is refused so that they send it again."""

from __future__ import annotations

import pytest

from tests.builders import an_object
from tests.disks import fill_disk
from tests.integration.dav.caller import CALENDAR, HOME, Caller


@pytest.fixture
def full(maya: Caller) -> Caller:
    """Maya's device, on a server that has room for nothing: neither for an event nor for when a device came."""
    maya.put()
    maya.world.clock.advance(hours=1)
    with maya.world.store.transaction() as tx:
        tx.connection.exec_driver_sql("CREATE TABLE room (taken BLOB)")
        for table, action in (("app_password", "UPDATE"), ("audit", "INSERT")):
            tx.connection.exec_driver_sql(
                f"CREATE TRIGGER {table}_{action} BEFORE {action} ON {table}"
                " BEGIN INSERT INTO room VALUES (zeroblob(1000000)); END"
            )
    fill_disk(maya.world.store)
    return maya


@pytest.mark.parametrize("path", [HOME, CALENDAR])
def test_calendars_can_be_read_on_a_full_disk(full: Caller, path: str) -> None:
    assert full.propfind(path, "D:displayname", depth="1").status == 207
    assert full.request("GET", CALENDAR + "a.ics").status == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_an_edit_on_a_full_disk_is_to_be_sent_again(full: Caller, method: str) -> None:
    got = full.request(method, CALENDAR + "a.ics", an_object(summary="Later") if method == "PUT" else "")

    assert (got.status, got.headers["Retry-After"]) == (503, "5")
    assert b"disk is full" in got.body
