"""Pulling from servers that can do less: no sync token, no report, half an answer."""

from __future__ import annotations

import re
from itertools import count

import pytest

from hxdav.remote import CalendarId, Cursor, CursorExpired, TryLater
from hxdav.remotes.caldav import CalDavRemote
from tests.contract.remotes.texts import an_event, pulled
from tests.integration.remotes.rephrasing import Rephrased, about, is_sync, path_of, refusing, without
from tests.simulators.caldav.listening import Answer, Asked


def test_without_a_sync_token_every_change_is_a_listing(
    remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased
) -> None:
    server.change = without("sync-token")
    remote.create(calendar_id, an_event())
    first = pulled(remote, calendar_id)
    unchanged = pulled(remote, calendar_id, first.cursor)

    remote.create(calendar_id, an_event())
    changed = pulled(remote, calendar_id, unchanged.cursor)

    assert not unchanged.is_listing
    assert unchanged.seen == {}
    assert changed.is_listing
    assert len(changed.texts) == 2


def test_without_a_collection_tag_either_its_objects_tags_make_one(
    remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased
) -> None:
    server.change = without("sync-token", "getctag")
    remote.create(calendar_id, an_event())
    first = pulled(remote, calendar_id)

    unchanged = pulled(remote, calendar_id, first.cursor)
    remote.create(calendar_id, an_event())
    changed = pulled(remote, calendar_id, unchanged.cursor)

    assert (unchanged.seen, unchanged.is_listing) == ({}, False)
    assert len(changed.texts) == 2


@pytest.mark.parametrize("code", [405, 500, 501])
def test_where_the_sync_report_fails_a_listing_does(
    remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased, code: int
) -> None:
    cursor = pulled(remote, calendar_id).cursor
    remote.create(calendar_id, an_event())
    server.change = refusing(is_sync, code)

    changes = pulled(remote, calendar_id, cursor)

    assert changes.is_listing
    assert len(changes.texts) == 1


@pytest.mark.parametrize("code", [400, 403, 409, 412])
def test_a_refused_token_means_that_the_cursor_has_expired(
    remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased, code: int
) -> None:
    cursor = pulled(remote, calendar_id).cursor
    remote.create(calendar_id, an_event())
    server.change = refusing(is_sync, code)

    with pytest.raises(CursorExpired):
        remote.pull(calendar_id, cursor)


def test_a_failure_that_names_the_token_means_that_the_cursor_has_expired(
    remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased
) -> None:
    cursor = pulled(remote, calendar_id).cursor
    remote.create(calendar_id, an_event())
    server.change = refusing(is_sync, 500, b'<D:error xmlns:D="DAV:"><D:valid-sync-token/></D:error>')

    with pytest.raises(CursorExpired):
        remote.pull(calendar_id, cursor)


@pytest.mark.parametrize("cursor", ["", "[]", "{}", "null", '{"kind":"google"}', "{"])
def test_a_cursor_that_is_none_of_ours_has_expired(remote: CalDavRemote, calendar_id: CalendarId, cursor: str) -> None:
    with pytest.raises(CursorExpired):
        remote.pull(calendar_id, Cursor(cursor))


def test_a_truncated_report_is_gone_on_from(remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased) -> None:
    cursor = pulled(remote, calendar_id).cursor
    first = remote.create(calendar_id, an_event("First"))
    token = pulled(remote, calendar_id, cursor).cursor
    second = remote.create(calendar_id, an_event("Second"))
    reports = count(1)

    def truncated(asked: Asked, answer: Answer) -> Answer:
        if not is_sync(asked) or next(reports) > 1:
            return answer
        # What RFC 6578 §3.6 wants of a server that stops after the first of two.
        known = re.search(r'"token":"([^"]*)"', token)
        assert known is not None
        body = re.sub(rb"<(?:\w+:)?sync-token>[^<]*<", b"<sync-token>" + known[1].encode() + b"<", answer.body)
        body = re.sub(rb"<response>(?:(?!</response>).)*" + second.remote_id.encode() + rb".*?</response>", b"", body)
        more = f"<response><href>{path_of(calendar_id, '')}</href><status>HTTP/1.1 507 Full</status></response>"
        return Answer(
            code=207, headers=answer.headers, body=body.replace(b"</multistatus>", more.encode() + b"</multistatus>")
        )

    server.change = truncated

    changes = pulled(remote, calendar_id, cursor)

    assert len(changes.pages) == 2
    assert list(changes.seen) == [first.remote_id, second.remote_id]


def test_a_report_that_stays_truncated_is_not_gone_on_from_without_end(
    remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased
) -> None:
    cursor = pulled(remote, calendar_id).cursor
    remote.create(calendar_id, an_event())
    known = re.search(r'"token":"([^"]*)"', cursor)
    assert known is not None
    body = (
        f'<D:multistatus xmlns:D="DAV:"><D:response><D:href>{path_of(calendar_id, "")}</D:href>'
        f"<D:status>HTTP/1.1 507 Full</D:status></D:response><D:sync-token>{known[1]}</D:sync-token></D:multistatus>"
    )
    server.change = refusing(is_sync, 207, body.encode())

    with pytest.raises(CursorExpired):
        remote.pull(calendar_id, cursor)


def test_a_report_without_a_token_makes_no_sense(
    remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased
) -> None:
    cursor = pulled(remote, calendar_id).cursor
    remote.create(calendar_id, an_event())
    server.change = refusing(is_sync, 207, b'<D:multistatus xmlns:D="DAV:"/>')

    with pytest.raises(TryLater):
        remote.pull(calendar_id, cursor)


def test_a_listing_without_the_collection_proves_nothing(
    remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased
) -> None:
    server.change = lambda asked, answer: (
        Answer(code=207, body=b'<D:multistatus xmlns:D="DAV:"/>') if asked.depth == "1" else answer
    )

    with pytest.raises(TryLater):
        remote.pull(calendar_id, None)


def test_a_cut_off_answer_is_asked_for_again_later(
    remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased
) -> None:
    server.change = lambda asked, answer: Answer(
        code=answer.code, headers=answer.headers, body=answer.body, cut_off=True
    )

    with pytest.raises(TryLater):
        remote.pull(calendar_id, None)


def test_half_an_answer_that_claims_to_be_whole_is_asked_for_again_later(
    remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased
) -> None:
    server.change = lambda asked, answer: Answer(
        code=answer.code, headers=answer.headers, body=answer.body[: len(answer.body) // 2]
    )

    with pytest.raises(TryLater):
        remote.pull(calendar_id, None)


def test_an_unchanged_answer_is_asked_for_once_a_poll(
    remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased
) -> None:
    cursor = pulled(remote, calendar_id).cursor
    server.asked.clear()

    pulled(remote, calendar_id, cursor)

    assert [asked.method for asked in server.asked] == ["PROPFIND"]


def test_a_page_of_objects_is_one_request(remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased) -> None:
    for number in range(5):
        server.put(path_of(calendar_id, f"{number}.ics"), an_event())
    server.asked.clear()

    listing = pulled(remote, calendar_id)

    assert len(listing.texts) == 5
    assert sum(b"multiget" in asked.body for asked in server.asked) == 2


def test_an_object_that_the_server_fails_to_show_is_asked_for_again_later(
    remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased
) -> None:
    made = remote.create(calendar_id, an_event())
    body = about(path_of(calendar_id, made.remote_id), 500)
    server.change = refusing(lambda asked: b"multiget" in asked.body, 207, body)

    with pytest.raises(TryLater):
        pulled(remote, calendar_id)
