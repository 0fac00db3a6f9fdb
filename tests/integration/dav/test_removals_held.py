"""What a client sees of removals that are held, reviewed, kept and taken back (rule 7)."""

from __future__ import annotations

from hxdav.domain.removal import RemovalState, ReviewAnswer
from tests.builders import an_object
from tests.integration.dav.caller import CALENDAR, Caller

NAMES = "abcdef"


def _put_and_sync(maya: Caller) -> str:
    for name in NAMES:
        assert maya.put(f"{name}.ics", an_object(f"{name}@example")).status == 201
    return maya.sync().sync_token


def _statuses(maya: Caller, token: str) -> dict[str, int | None]:
    return {url.removeprefix(CALENDAR): each.status for url, each in maya.sync(token).responses.items()}


def test_a_held_removal_is_gone_for_every_kind_of_reading(maya: Caller) -> None:
    token = _put_and_sync(maya)

    assert maya.request("DELETE", CALENDAR + "a.ics").status == 204

    assert maya.request("GET", CALENDAR + "a.ics").status == 404
    assert _statuses(maya, token) == {"a.ics": 404}
    assert maya.multiget(CALENDAR + "a.ics").responses[CALENDAR + "a.ics"].status == 404
    assert CALENDAR + "a.ics" not in maya.propfind(CALENDAR, "D:getetag", depth="1").responses
    assert CALENDAR + "a.ics" not in maya.query("").responses
    assert maya.request("DELETE", CALENDAR + "a.ics").status == 404


def test_one_deleted_every_61_seconds_opens_the_review_with_the_fourth(maya: Caller) -> None:
    token = _put_and_sync(maya)
    for name in NAMES:
        maya.request("DELETE", f"{CALENDAR}{name}.ics")
        maya.world.clock.advance(seconds=61)
        maya.world.settle()
    removals = maya.world.removals()
    assert [each.state for each in removals] == [RemovalState.APPLIED] * 3 + [RemovalState.REVIEW] * 3
    gone = maya.sync(token).sync_token

    maya.world.answer([removals[3].id, removals[5].id], ReviewAnswer.KEEP)
    maya.world.answer([removals[4].id], ReviewAnswer.APPLY)

    # That e.ics is gone, the client knows already.
    assert _statuses(maya, gone) == {"d.ics": None, "f.ics": None}
    assert maya.request("GET", CALENDAR + "d.ics").body == an_object("d@example").encode()


def test_putting_it_back_is_answered_like_a_new_object_with_its_etag(maya: Caller) -> None:
    token = _put_and_sync(maya)
    etag = maya.request("GET", CALENDAR + "a.ics").headers["ETag"]
    maya.request("DELETE", CALENDAR + "a.ics")

    put = maya.put("a.ics", an_object("a@example"), if_match=etag)

    assert put.status == 201
    assert put.headers["ETag"] not in {"", etag}
    assert _statuses(maya, token) == {"a.ics": None}
