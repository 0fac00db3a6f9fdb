"""The CalDAV remote before servers that can do less, say less, or say it otherwise: a real Radicale, its words changed."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import count

import pytest

from hxdav.net import Reach
from hxdav.remote import (
    AccessLost,
    CalendarId,
    CalendarUnavailable,
    Cursor,
    CursorExpired,
    Gone,
    NotTaken,
    RemoteObject,
    TryLater,
    Unreadable,
)
from hxdav.remotes.caldav import CalDavAccount, CalDavRemote, open_caldav
from tests.contract.remotes.texts import an_event, pulled, uid_of
from tests.simulators.caldav.listening import Answer, Asked, Backend, Listener
from tests.simulators.caldav.servers import CaldavAccount, RadicaleServer, a_radicale_server

Change = Callable[[Asked, Answer], Answer | None]
LOOPBACK = Reach(allowed=("127.0.0.1",), hosts=("127.0.0.1",))
NUMBERS = count(1)


@dataclass
class Changed:
    """A Radicale whose answers go through ``change``; ``asked`` is what it was asked."""

    account: CaldavAccount
    backend: Backend
    change: Change = field(default=lambda asked, answer: answer)
    asked: list[Asked] = field(default_factory=list)

    def respond(self, asked: Asked) -> Answer | None:
        """The answer, changed."""
        self.asked.append(asked)
        return self.change(asked, self.straight(asked))

    def straight(self, asked: Asked) -> Answer:
        """What Radicale itself says."""
        return self.backend.ask(asked, auth=(self.account.username, self.account.password))

    def put(self, path: str, text: str) -> None:
        """An object that the person has put."""
        headers = {"content-type": "text/calendar"}
        assert self.straight(Asked(method="PUT", path=path, headers=headers, body=text.encode())).code == 201


@pytest.fixture(scope="module")
def radicale() -> Iterator[RadicaleServer]:
    with a_radicale_server() as server:
        yield server


@pytest.fixture
def server(radicale: RadicaleServer) -> Iterator[Changed]:
    account = radicale.add_account(f"visitor{next(NUMBERS)}")
    with contextlib.closing(Backend(account.url)) as backend:
        yield Changed(account=account, backend=backend)


@pytest.fixture
def remote(server: Changed) -> Iterator[CalDavRemote]:
    with Listener(server.respond) as listener:
        account = CalDavAccount(
            username=server.account.username,
            password=server.account.password,
            url=f"http://127.0.0.1:{listener.port}/",
        )
        with contextlib.closing(open_caldav(account, reach=LOOPBACK, page_size=4)) as remote:
            yield remote


@pytest.fixture
def calendar_id(remote: CalDavRemote) -> CalendarId:
    return remote.make_calendar("HX_One", marker="hxdav-0001", zone="Europe/Dublin")


def path_of(calendar_id: CalendarId, name: str) -> str:
    return f"/{calendar_id.split('/', 3)[3]}{name}"


def is_sync(asked: Asked) -> bool:
    return b"sync-collection" in asked.body


def without(*elements: str) -> Change:
    """Answers in which these elements are not found."""

    def change(asked: Asked, answer: Answer) -> Answer:
        body = answer.body
        for element in elements:
            body = re.sub(rf"<(?:\w+:)?{element}>.*?</(?:\w+:)?{element}>".encode(), b"", body, flags=re.DOTALL)
        return Answer(code=answer.code, headers=answer.headers, body=body)

    return change


def refusing(condition: Callable[[Asked], bool], code: int, body: bytes = b"") -> Change:
    """Refuses some requests, and does nothing about them that was not done."""
    return lambda asked, answer: Answer(code=code, body=body) if condition(asked) else answer


def test_without_a_sync_token_every_change_is_a_listing(
    remote: CalDavRemote, calendar_id: CalendarId, server: Changed
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
    remote: CalDavRemote, calendar_id: CalendarId, server: Changed
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
    remote: CalDavRemote, calendar_id: CalendarId, server: Changed, code: int
) -> None:
    cursor = pulled(remote, calendar_id).cursor
    remote.create(calendar_id, an_event())
    server.change = refusing(is_sync, code)

    changes = pulled(remote, calendar_id, cursor)

    assert changes.is_listing
    assert len(changes.texts) == 1


@pytest.mark.parametrize("code", [400, 403, 409, 412])
def test_a_refused_token_means_that_the_cursor_has_expired(
    remote: CalDavRemote, calendar_id: CalendarId, server: Changed, code: int
) -> None:
    cursor = pulled(remote, calendar_id).cursor
    remote.create(calendar_id, an_event())
    server.change = refusing(is_sync, code)

    with pytest.raises(CursorExpired):
        remote.pull(calendar_id, cursor)


def test_a_failure_that_names_the_token_means_that_the_cursor_has_expired(
    remote: CalDavRemote, calendar_id: CalendarId, server: Changed
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


def test_a_truncated_report_is_gone_on_from(remote: CalDavRemote, calendar_id: CalendarId, server: Changed) -> None:
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
    remote: CalDavRemote, calendar_id: CalendarId, server: Changed
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
    remote: CalDavRemote, calendar_id: CalendarId, server: Changed
) -> None:
    cursor = pulled(remote, calendar_id).cursor
    remote.create(calendar_id, an_event())
    server.change = refusing(is_sync, 207, b'<D:multistatus xmlns:D="DAV:"/>')

    with pytest.raises(TryLater):
        remote.pull(calendar_id, cursor)


def test_a_listing_without_the_collection_proves_nothing(
    remote: CalDavRemote, calendar_id: CalendarId, server: Changed
) -> None:
    server.change = lambda asked, answer: (
        Answer(code=207, body=b'<D:multistatus xmlns:D="DAV:"/>') if asked.depth == "1" else answer
    )

    with pytest.raises(TryLater):
        remote.pull(calendar_id, None)


def test_what_a_report_passes_over_is_asked_for_by_itself(
    remote: CalDavRemote, calendar_id: CalendarId, server: Changed
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


def test_an_object_that_no_report_shows_is_gone_only_by_the_servers_word(
    remote: CalDavRemote, calendar_id: CalendarId, server: Changed
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
    remote: CalDavRemote, calendar_id: CalendarId, server: Changed
) -> None:
    made = remote.create(calendar_id, an_event())
    not_found = re.compile(r"multiget|resourcetype")
    server.change = refusing(
        lambda asked: asked.method == "GET" or bool(not_found.search(asked.body.decode())), HTTPStatus.NOT_FOUND
    )

    with pytest.raises(CalendarUnavailable):
        remote.read(calendar_id, made.remote_id)


def test_a_put_without_a_tag_is_read_back(remote: CalDavRemote, calendar_id: CalendarId, server: Changed) -> None:
    def untagged(asked: Asked, answer: Answer) -> Answer:
        headers = {name: value for name, value in answer.headers.items() if name.lower() != "etag"}
        return Answer(code=answer.code, headers=headers, body=answer.body)

    server.change = untagged

    made = remote.create(calendar_id, an_event())

    sighting = remote.read(calendar_id, made.remote_id)
    assert isinstance(sighting, RemoteObject)
    assert (sighting.tag, sighting.text) == (made.tag, made.text)


def test_an_object_elsewhere_in_the_calendar_with_its_uid_is_adopted(
    remote: CalDavRemote, calendar_id: CalendarId, server: Changed
) -> None:
    text = an_event("Swimming")
    server.put(path_of(calendar_id, "chosen-by-a-device.ics"), text)

    made = remote.create(calendar_id, text.replace("Swimming", "Sailing"))

    assert made.remote_id == "chosen-by-a-device.ics"
    assert "Sailing" in made.text
    assert len(pulled(remote, calendar_id).texts) == 1


def test_a_name_that_an_object_with_another_uid_has_is_not_overwritten(
    remote: CalDavRemote, calendar_id: CalendarId, server: Changed
) -> None:
    text = an_event()
    server.put(path_of(calendar_id, f"{uid_of(text)}.ics"), an_event("Swimming"))

    with pytest.raises(NotTaken):
        remote.create(calendar_id, text)

    assert "Swimming" in next(iter(pulled(remote, calendar_id).texts.values()))


def test_a_uid_that_is_no_address_gives_a_name_all_the_same(remote: CalDavRemote, calendar_id: CalendarId) -> None:
    uid = "../%2e%2e/é ?#@practice.example"

    made = remote.create(calendar_id, an_event(uid=uid))

    assert uid_of(made.text) == uid
    assert made.remote_id.isascii()
    assert remote.create(calendar_id, an_event(uid=uid)).remote_id == made.remote_id


@pytest.mark.parametrize("code", [400, 413, 415, 422, 507])
def test_an_object_that_is_not_taken_is_parked(
    remote: CalDavRemote, calendar_id: CalendarId, server: Changed, code: int
) -> None:
    made = remote.create(calendar_id, an_event())
    server.change = refusing(lambda asked: asked.method == "PUT", code)

    with pytest.raises(NotTaken):
        remote.create(calendar_id, an_event())
    with pytest.raises(NotTaken):
        remote.update(calendar_id, made, made.text)


@pytest.mark.parametrize("code", [408, 423, 425, 429, 500, 502, 503])
def test_a_write_that_may_work_later_is_not_parked(
    remote: CalDavRemote, calendar_id: CalendarId, server: Changed, code: int
) -> None:
    made = remote.create(calendar_id, an_event())
    server.change = refusing(lambda asked: asked.method in {"PUT", "DELETE"}, code)

    with pytest.raises(TryLater):
        remote.create(calendar_id, an_event())
    with pytest.raises(TryLater):
        remote.update(calendar_id, made, made.text)
    with pytest.raises(TryLater):
        remote.remove(calendar_id, made)


def test_a_forbidden_update_of_what_is_there_is_parked(
    remote: CalDavRemote, calendar_id: CalendarId, server: Changed
) -> None:
    made = remote.create(calendar_id, an_event())
    server.change = refusing(lambda asked: asked.method == "PUT", 403)

    with pytest.raises(NotTaken):
        remote.update(calendar_id, made, made.text)


def test_a_forbidden_account_is_access_lost(remote: CalDavRemote, server: Changed) -> None:
    server.change = refusing(lambda asked: True, 403)

    with pytest.raises(AccessLost):
        remote.identify()


def test_a_task_among_the_events_is_unreadable(remote: CalDavRemote, calendar_id: CalendarId, server: Changed) -> None:
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
    remote: CalDavRemote, calendar_id: CalendarId, server: Changed
) -> None:
    def larger(asked: Asked, answer: Answer) -> Answer:
        if answer.body.count(b"BEGIN:VCALENDAR") > 1:
            return Answer(code=207, headers=answer.headers, body=b" " * 11_000_000)
        return answer

    texts = [remote.create(calendar_id, an_event()).text for _ in range(3)]
    server.change = larger

    assert pulled(remote, calendar_id).texts.keys() == {uid_of(text) for text in texts}


def test_an_object_larger_than_hxdav_reads_is_unreadable(
    remote: CalDavRemote, calendar_id: CalendarId, server: Changed
) -> None:
    made = remote.create(calendar_id, an_event())
    server.change = lambda asked, answer: (
        Answer(code=answer.code, body=b" " * 11_000_000) if b"BEGIN:VCALENDAR" in answer.body else answer
    )

    sighting = remote.read(calendar_id, made.remote_id)

    assert isinstance(sighting, Unreadable)
    assert sighting.tag == made.tag


def test_an_object_that_is_no_text_is_unreadable(
    remote: CalDavRemote, calendar_id: CalendarId, server: Changed
) -> None:
    made = remote.create(calendar_id, an_event())

    def spoilt(asked: Asked, answer: Answer) -> Answer:
        if b"multiget" in asked.body:
            return Answer(code=207, body=b'<D:multistatus xmlns:D="DAV:"/>')
        return Answer(code=200, body=b"BEGIN:VCALENDAR\xff") if asked.method == "GET" else answer

    server.change = spoilt

    assert isinstance(remote.read(calendar_id, made.remote_id), Unreadable)


def test_a_cut_off_answer_is_asked_for_again_later(
    remote: CalDavRemote, calendar_id: CalendarId, server: Changed
) -> None:
    server.change = lambda asked, answer: Answer(
        code=answer.code, headers=answer.headers, body=answer.body, cut_off=True
    )

    with pytest.raises(TryLater):
        remote.pull(calendar_id, None)


def test_half_an_answer_that_claims_to_be_whole_is_asked_for_again_later(
    remote: CalDavRemote, calendar_id: CalendarId, server: Changed
) -> None:
    server.change = lambda asked, answer: Answer(
        code=answer.code, headers=answer.headers, body=answer.body[: len(answer.body) // 2]
    )

    with pytest.raises(TryLater):
        remote.pull(calendar_id, None)


def test_a_calendar_that_the_server_renames_is_found_by_its_description(remote: CalDavRemote, server: Changed) -> None:
    made = remote.make_calendar("HX_One", marker="hxdav-0002", zone="Europe/Dublin")
    renamed = made.replace("hxdav-0002", "renamed-by-the-server")
    headers = {"destination": renamed, "overwrite": "F"}
    answer = server.straight(Asked(method="MOVE", path=path_of(made, ""), headers=headers))

    if answer.code != HTTPStatus.CREATED:
        # Radicale moves no collections; its words are changed instead.
        server.change = lambda asked, answer: Answer(
            code=answer.code,
            headers=answer.headers,
            body=answer.body.replace(b"hxdav-0002/", b"renamed-by-the-server/"),
        )

    assert remote.find_calendar("hxdav-0002") == renamed


def test_a_marker_that_is_no_address_is_found_again(remote: CalDavRemote) -> None:
    made = remote.make_calendar("HX_One", marker="urn:hxdav:ü/1", zone="Europe/Dublin")

    assert remote.find_calendar("urn:hxdav:ü/1") == made


def test_an_account_that_takes_no_calendar_is_told_so(remote: CalDavRemote, server: Changed) -> None:
    def change(asked: Asked, answer: Answer) -> Answer:
        if asked.method == "MKCALENDAR":
            server.straight(Asked(method="DELETE", path=asked.path, headers={}))
            return Answer(code=403)
        return answer

    server.change = change

    with pytest.raises(NotTaken):
        remote.make_calendar("HX_One", marker="hxdav-0003", zone="Europe/Dublin")


def test_a_calendar_that_is_made_and_not_shown_is_looked_for_later(remote: CalDavRemote, server: Changed) -> None:
    def hidden(asked: Asked, answer: Answer) -> Answer:
        if asked.method == "MKCALENDAR":
            server.straight(Asked(method="DELETE", path=asked.path, headers={}))
        return answer

    server.change = hidden

    with pytest.raises(TryLater):
        remote.make_calendar("HX_One", marker="hxdav-0004", zone="Europe/Dublin")


def test_a_calendar_is_not_gone_while_the_home_does_not_answer(
    remote: CalDavRemote, calendar_id: CalendarId, server: Changed
) -> None:
    server.change = refusing(lambda asked: b"resourcetype" in asked.body, 404)

    with pytest.raises(TryLater):
        remote.calendar_state(calendar_id)


def test_an_account_without_a_principal_is_access_lost(remote: CalDavRemote, server: Changed) -> None:
    server.change = refusing(lambda asked: True, 404)

    with pytest.raises(AccessLost) as caught:
        remote.identify()

    assert caught.value.code == "no_principal"


def test_a_web_server_that_does_not_know_webdav_makes_no_sense(remote: CalDavRemote, server: Changed) -> None:
    server.change = refusing(lambda asked: True, 405)

    with pytest.raises(TryLater):
        remote.identify()


def test_a_principal_without_a_home_is_access_lost(remote: CalDavRemote, server: Changed) -> None:
    server.change = without("calendar-home-set")

    with pytest.raises(AccessLost) as caught:
        remote.calendar_names()

    assert caught.value.code == "no_home"


def test_a_server_that_lets_nobody_in_by_name_is_access_lost(remote: CalDavRemote, server: Changed) -> None:
    server.change = lambda asked, answer: Answer(
        code=answer.code,
        headers=answer.headers,
        body=re.sub(
            rb"<current-user-principal>.*?</current-user-principal>",
            b"<current-user-principal><unauthenticated/></current-user-principal>",
            answer.body,
            flags=re.DOTALL,
        ),
    )

    with pytest.raises(AccessLost):
        remote.identify()


def test_credentials_never_go_to_a_host_that_an_answer_names(remote: CalDavRemote, server: Changed) -> None:
    heard: list[Asked] = []

    def listening(asked: Asked) -> Answer:
        heard.append(asked)
        return Answer(code=200)

    with Listener(listening) as elsewhere:
        server.change = lambda asked, answer: Answer(
            code=answer.code,
            headers=answer.headers,
            body=re.sub(
                rb"<((?:\w+:)?)calendar-home-set>\s*<((?:\w+:)?)href>[^<]*<",
                rb"<\1calendar-home-set><\2href>http://localhost:%d/<" % elsewhere.port,
                answer.body,
            ),
        )
        with pytest.raises(AccessLost) as caught:
            remote.calendar_names()

    assert caught.value.code == "not_reachable"
    assert heard == []


def test_an_unchanged_answer_is_asked_for_once_a_poll(
    remote: CalDavRemote, calendar_id: CalendarId, server: Changed
) -> None:
    cursor = pulled(remote, calendar_id).cursor
    server.asked.clear()

    pulled(remote, calendar_id, cursor)

    assert [asked.method for asked in server.asked] == ["PROPFIND"]


def test_a_page_of_objects_is_one_request(remote: CalDavRemote, calendar_id: CalendarId, server: Changed) -> None:
    for number in range(5):
        server.put(path_of(calendar_id, f"{number}.ics"), an_event())
    server.asked.clear()

    listing = pulled(remote, calendar_id)

    assert len(listing.texts) == 5
    assert sum(b"multiget" in asked.body for asked in server.asked) == 2
