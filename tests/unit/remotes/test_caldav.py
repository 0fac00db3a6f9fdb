"""What the CalDAV remote makes of answers, names and passwords, without a server."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hxdav.ical.objects import object_of, read_object
from hxdav.remote import AccessLost, Forbidden, TryLater
from hxdav.remotes.caldav import CalDavAccount, Flavour, looks_like_app_password, open_caldav
from hxdav.remotes.caldav.answers import CALDAV, InvalidMultistatus, as_read, member_of, multistatus, tag_of
from hxdav.remotes.caldav.bodies import mkcalendar, multiget, query_by_uid, sync_collection
from hxdav.remotes.caldav.ends import with_ends

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
CALENDAR = "https://p42-caldav.icloud.example/20000/calendars/hx%2Done/"
FRAME = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//EN\r\n{}END:VCALENDAR\r\n"


def an_answer(inside: str) -> bytes:
    """A multistatus around responses."""
    return f'<D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">{inside}</D:multistatus>'.encode()


@pytest.mark.parametrize("text", ["abcd-efgh-ijkl-mnop", "abcdefghijklmnop", " abcd-efgh-ijkl-mnop\n"])
def test_sixteen_letters_can_be_an_app_specific_password(text: str) -> None:
    assert looks_like_app_password(text)


@pytest.mark.parametrize("text", ["", "abcd-efgh-ijkl", "abcd-efghijkl-mnop", "Abcd-efgh-ijkl-mnop", "correct horse 1"])
def test_anything_else_cannot_be_an_app_specific_password(text: str) -> None:
    assert not looks_like_app_password(text)


def test_an_apple_password_of_another_form_is_refused_before_anything_is_sent() -> None:
    account = CalDavAccount(username="mara@icloud.example", password="my own password", flavour=Flavour.ICLOUD)

    with pytest.raises(AccessLost, match="app-specific password") as caught:
        open_caldav(account)

    assert caught.value.code == "no_app_password"
    assert "my own password" not in str(caught.value)


def test_a_password_is_no_part_of_how_an_account_is_shown() -> None:
    assert "opal" not in repr(CalDavAccount(username="mara", password="opal", url="https://dav.example/"))


def test_credentials_of_an_apple_account_go_to_apple_only() -> None:
    assert CalDavAccount(username="m", password="p", flavour=Flavour.ICLOUD).hosts == ("*.icloud.com",)


def test_credentials_go_to_the_host_that_was_named_and_those_below_it() -> None:
    account = CalDavAccount(username="m", password="p", url="https://dav.example:8443/remote.php/dav/")

    assert account.hosts == ("dav.example", "*.dav.example")


@pytest.mark.parametrize(
    ("written", "tag"), [('"a"', '"a"'), ('W/"a"', '"a"'), ("a", '"a"'), (' "a" ', '"a"'), ("", "")]
)
def test_a_tag_has_one_form(written: str, tag: str) -> None:
    assert tag_of(written) == tag


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (f"{CALENDAR}a.ics", "a.ics"),
        ("https://caldav.icloud.example/20000/calendars/hx-one/a.ics", "a.ics"),
        (f"{CALENDAR}%61%20b%2Fc.ics", "a%20b%2Fc.ics"),
        (f"{CALENDAR}a@b.ics", "a@b.ics"),
        (CALENDAR, None),
        (CALENDAR.rstrip("/"), None),
        (f"{CALENDAR}below/", None),
        (f"{CALENDAR}below/a.ics", None),
        ("https://p42-caldav.icloud.example/20000/calendars/other/a.ics", None),
    ],
)
def test_an_object_is_named_by_the_last_part_of_its_address(url: str, name: str | None) -> None:
    assert member_of(CALENDAR, url) == name


def test_calendar_data_gets_the_line_breaks_that_xml_took() -> None:
    assert as_read("\nBEGIN:VCALENDAR\nEND:VCALENDAR\r\n\n") == "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"


def test_hrefs_are_resolved_against_the_address_that_answered() -> None:
    inside = (
        "<D:response><D:href>a.ics</D:href><D:href>/x/b.ics</D:href><D:status>HTTP/1.1 404 Not Found</D:status>"
        "</D:response>"
    )

    answer = multistatus(an_answer(inside), "https://dav.example/cal/")

    assert [(told.url, told.code) for told in answer.told] == [
        ("https://dav.example/cal/a.ics", 404),
        ("https://dav.example/x/b.ics", 404),
    ]


def test_only_properties_that_are_there_count() -> None:
    inside = (
        '<D:response><D:href>/a</D:href><D:propstat><D:prop><D:getetag>"1"</D:getetag></D:prop>'
        "<D:status>HTTP/1.1 200 OK</D:status></D:propstat><D:propstat><D:prop><D:displayname>x</D:displayname></D:prop>"
        "<D:status>HTTP/1.1 404 Not Found</D:status></D:propstat></D:response>"
    )

    (told,) = multistatus(an_answer(inside), "https://dav.example/").told

    assert (told.tag, told.text("{DAV:}displayname"), told.href("{DAV:}owner")) == ('"1"', "", "")
    assert not told.is_calendar


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html><p>Log in</html>",
        b"<html/>",
        an_answer("<D:response><D:href>/a</D:href>")[:60],
        an_answer("<D:response><D:status>HTTP/1.1 200 OK</D:status></D:response>"),
        an_answer("<D:response><D:href> </D:href></D:response>"),
        an_answer("<D:response><D:href>/a</D:href><D:status>fine</D:status></D:response>"),
        b'<!DOCTYPE x [<!ENTITY a "b">]><D:multistatus xmlns:D="DAV:">&a;</D:multistatus>',
    ],
)
def test_what_is_no_multistatus_makes_no_sense(content: bytes) -> None:
    with pytest.raises(InvalidMultistatus):
        multistatus(content, "https://dav.example/")


def test_what_is_asked_for_is_escaped() -> None:
    assert b"<D:sync-token>a&amp;b</D:sync-token>" in sync_collection("a&b")
    assert b"<D:href>/a&amp;b</D:href>" in multiget(["/a&b"])
    assert b"a&lt;b</C:text-match>" in query_by_uid("a<b")
    assert b"<D:displayname>A &amp; B</D:displayname>" in mkcalendar("A & B", description="", zone="Europe/Dublin")


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("DTSTART;VALUE=DATE:20261231", "DTEND;VALUE=DATE:20270101"),
        ("DTSTART:20261125T010000Z", "DTEND:20261125T010000Z"),
        ("DTSTART;TZID=Europe/Dublin:20261125T010000", "DTEND;TZID=Europe/Dublin:20261125T010000"),
    ],
)
def test_an_event_without_an_end_gets_the_one_that_it_implies(start: str, end: str) -> None:
    text = FRAME.format(f"BEGIN:VEVENT\r\nUID:u\r\nDTSTAMP:20261101T000000Z\r\n{start}\r\nEND:VEVENT\r\n")

    completed = with_ends(text)

    assert completed == text.replace(f"{start}\r\n", f"{start}\r\n{end}\r\n")
    read_object(completed.encode())


def test_each_exception_without_an_end_gets_one() -> None:
    vevents = "".join(
        f"BEGIN:VEVENT\r\nUID:u\r\nDTSTAMP:20261101T000000Z\r\n{more}DTSTART:20261125T010000Z\r\nEND:VEVENT\r\n"
        for more in ("RRULE:FREQ=DAILY;COUNT=3\r\n", "RECURRENCE-ID:20261126T010000Z\r\n")
    )

    completed = object_of(with_ends(FRAME.format(vevents)))

    assert [vevent.value("DTEND") for vevent in completed.vevents] == ["20261125T010000Z"] * 2


@pytest.mark.parametrize("line", ["DTEND:20261125T020000Z", "DURATION:PT1H"])
def test_an_event_with_an_end_stays_as_it_is(line: str) -> None:
    vevent = (
        f"BEGIN:VEVENT\r\nUID:u\r\nDTSTAMP:20261101T000000Z\r\nDTSTART:20261125T010000Z\r\n{line}\r\nEND:VEVENT\r\n"
    )
    text = FRAME.format(vevent)

    assert with_ends(text) == text


@pytest.mark.parametrize("href", ["http://[", "//[", "https://xn--/x"])
def test_an_href_that_is_none_makes_no_sense(href: str) -> None:
    with pytest.raises(InvalidMultistatus):
        multistatus(an_answer(f"<D:response><D:href>{href}</D:href></D:response>"), CALENDAR)
    home = f"<C:calendar-home-set><D:href>{href}</D:href></C:calendar-home-set>"
    found = f"<D:propstat><D:prop>{home}</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>"
    (told,) = multistatus(an_answer(f"<D:response><D:href>/</D:href>{found}</D:response>"), CALENDAR).told
    with pytest.raises(TryLater):
        told.href(f"{CALDAV}calendar-home-set")


def test_a_status_of_many_digits_makes_no_sense() -> None:
    status = f"<D:status>HTTP/1.1 {'9' * 5_000} OK</D:status>"
    with pytest.raises(InvalidMultistatus):
        multistatus(an_answer(f"<D:response><D:href>/x</D:href>{status}</D:response>"), CALENDAR)


def test_an_account_at_no_address_is_refused() -> None:
    with pytest.raises(Forbidden, match="not the address of a server"):
        CalDavAccount(username="m", password="p", url="https://[::1")
