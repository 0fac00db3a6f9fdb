"""Objects that are not shown whole, not shown, or no events: what is there, and what is gone."""

from __future__ import annotations

import re
from http import HTTPStatus

import pytest

from hxdav.remote import CalendarId, CalendarUnavailable, Gone, RemoteId, RemoteObject, TryLater, Unreadable
from hxdav.remotes.caldav import CalDavRemote
from tests.contract.remotes.texts import an_event, pulled, uid_of
from tests.integration.remotes.rephrasing import Rephrased, about, path_of, refusing, without
from tests.simulators.caldav.listening import Answer, Asked


def test_what_a_report_passes_over_is_asked_for_by_itself(
    remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased
) -> None:
    made = remote.create(calendar_id, an_event())
    server.change = lambda asked, answer: (
        Answer(code=207, body=b'<D:multistatus xmlns:D="DAV:"/>') if b"multiget" in asked.body else answer
    )

    listing = pulled(remote, calendar_id)
    sighting = remote.read(calendar_id, made.remote_id)

    assert listing.texts.keys() == {uid_of(made.text)}
    assert isinstance(sighting, RemoteObject)
    assert sighting.tag == made.tag


@pytest.mark.parametrize("status", [HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED])
def test_where_a_report_on_objects_is_refused_each_is_asked_for_by_itself(
    remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased, status: HTTPStatus
) -> None:
    made = remote.create(calendar_id, an_event())
    server.change = refusing(lambda asked: b"multiget" in asked.body, status)

    listing = pulled(remote, calendar_id)

    assert listing.texts.keys() == {uid_of(made.text)}
    assert remote.read(calendar_id, RemoteId("other.ics")) == Gone(remote_id=RemoteId("other.ics"))


def test_an_object_that_no_report_shows_is_gone_only_by_the_servers_word(
    remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased
) -> None:
    made = remote.create(calendar_id, an_event())
    not_found = (
        f'<D:multistatus xmlns:D="DAV:"><D:response><D:href>{path_of(calendar_id, made.remote_id)}</D:href>'
        "<D:status>HTTP/1.1 404 Not Found</D:status></D:response></D:multistatus>"
    )
    server.change = refusing(lambda asked: b"multiget" in asked.body, 207, not_found.encode())

    still = remote.read(calendar_id, made.remote_id)
    server.put(path_of(calendar_id, "other.ics"), an_event())
    server.straight(Asked(method="DELETE", path=path_of(calendar_id, made.remote_id), headers={}))

    assert isinstance(still, RemoteObject)
    assert remote.read(calendar_id, made.remote_id) == Gone(remote_id=made.remote_id)


def test_an_object_is_not_gone_while_its_calendar_is_none(
    remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased
) -> None:
    made = remote.create(calendar_id, an_event())
    not_found = re.compile(r"multiget|resourcetype")
    server.change = refusing(
        lambda asked: asked.method == "GET" or bool(not_found.search(asked.body.decode())), HTTPStatus.NOT_FOUND
    )

    with pytest.raises(CalendarUnavailable):
        remote.read(calendar_id, made.remote_id)


def test_a_task_among_events_is_unreadable(remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased) -> None:
    server.put(
        path_of(calendar_id, "task.ics"),
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//EN\r\nBEGIN:VTODO\r\nUID:t\r\nDTSTAMP:20261101T000000Z\r\n"
        "SUMMARY:Swimming\r\nEND:VTODO\r\nEND:VCALENDAR\r\n",
    )

    (sighting,) = pulled(remote, calendar_id).seen.values()

    assert isinstance(sighting, Unreadable)
    assert sighting.tag
    assert "Swimming" not in sighting.sentence


def test_objects_too_large_for_one_answer_are_fetched_by_halves(
    remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased
) -> None:
    def larger(asked: Asked, answer: Answer) -> Answer:
        if answer.body.count(b"BEGIN:VCALENDAR") > 1:
            return Answer(code=207, headers=answer.headers, body=b" " * 11_000_000)
        return answer

    texts = [remote.create(calendar_id, an_event()).text for _ in range(3)]
    server.change = larger

    assert pulled(remote, calendar_id).texts.keys() == {uid_of(text) for text in texts}


def test_an_object_larger_than_hxdav_reads_is_unreadable(
    remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased
) -> None:
    made = remote.create(calendar_id, an_event())
    server.change = lambda asked, answer: (
        Answer(code=answer.code, body=b" " * 11_000_000) if b"BEGIN:VCALENDAR" in answer.body else answer
    )

    sighting = remote.read(calendar_id, made.remote_id)

    assert isinstance(sighting, Unreadable)
    assert sighting.tag == made.tag


def test_an_object_that_is_no_text_is_unreadable(
    remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased
) -> None:
    made = remote.create(calendar_id, an_event())

    def spoilt(asked: Asked, answer: Answer) -> Answer:
        if b"multiget" in asked.body:
            return Answer(code=207, body=b'<D:multistatus xmlns:D="DAV:"/>')
        return Answer(code=200, body=b"BEGIN:VCALENDAR\xff") if asked.method == "GET" else answer

    server.change = spoilt

    assert isinstance(remote.read(calendar_id, made.remote_id), Unreadable)


def test_an_object_that_is_kept_from_the_account_is_unreadable(
    remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased
) -> None:
    made = remote.create(calendar_id, an_event())
    body = about(path_of(calendar_id, made.remote_id), 403)
    server.change = refusing(lambda asked: b"multiget" in asked.body, 207, body)

    sighting = remote.read(calendar_id, made.remote_id)

    assert isinstance(sighting, Unreadable)
    assert sighting.tag == made.tag


def test_nothing_is_gone_from_a_collection_that_is_no_calendar_any_more(
    remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased
) -> None:
    server.change = without("resourcetype")

    with pytest.raises(CalendarUnavailable):
        remote.read(calendar_id, RemoteId("nothing.ics"))


def test_an_object_without_a_tag_anywhere_is_asked_for_again_later(
    remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased
) -> None:
    made = remote.create(calendar_id, an_event())

    def untagged(asked: Asked, answer: Answer) -> Answer:
        headers = {name: value for name, value in answer.headers.items() if name.lower() != "etag"}
        return without("getetag")(asked, Answer(code=answer.code, headers=headers, body=answer.body)) or answer

    server.change = untagged

    with pytest.raises(TryLater):
        remote.read(calendar_id, made.remote_id)
