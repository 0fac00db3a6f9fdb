"""What is settled before Radicale sees a request, because it would get it wrong."""

from __future__ import annotations

import gzip
import io
from urllib.parse import quote

import pytest

from hxdav.dav.settings import DavSettings
from hxdav.store.store import Store
from tests.builders import an_object
from tests.integration.dav.caller import CALENDAR, HOME, C, Caller, D, a_caller
from tests.waiting import at_once


class Endless(io.RawIOBase):
    """A body that is made as it is read, and remembers the most that was asked of it at once."""

    def __init__(self, size: int) -> None:
        self.left = size
        self.largest = 0

    def read(self, size: int = -1) -> bytes:
        self.largest = max(self.largest, size if size >= 0 else self.left)
        taken = min(size, self.left) if size >= 0 else self.left
        self.left -= taken
        return b"x" * taken


@pytest.mark.parametrize("method", ["GET", "PROPFIND", "OPTIONS", "PUT"])
@pytest.mark.parametrize("path", ["/.well-known/caldav", "/.well-known/caldav/"])
def test_discovery_leads_to_the_root_before_any_login(maya: Caller, method: str, path: str) -> None:
    got = maya.request(method, path, authorization="")

    assert (got.status, got.headers["Location"]) == (301, "/")


def test_discovery_leads_to_the_prefix(sqlite_store: Store) -> None:
    maya = a_caller(sqlite_store, DavSettings(prefix="/dav"))

    assert maya.request("PROPFIND", "/.well-known/caldav", authorization="").headers["Location"] == "/dav/"


def test_the_root_tells_a_browser_in_plain_text_what_this_is(maya: Caller) -> None:
    got = maya.request("GET", "/", authorization="")

    assert (got.status, got.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert b"CalDAV" in got.body


def test_a_path_of_another_script_comes_back_as_it_was_sent(maya: Caller) -> None:
    maya.put("über.ics")

    url = CALENDAR + quote("über.ics")
    assert maya.request("GET", CALENDAR + "über.ics").status == 200
    assert list(maya.sync().responses) == [url]
    assert maya.multiget(url).responses[url].status is None


def test_a_path_that_is_not_utf_8_is_a_bad_request(maya: Caller) -> None:
    assert maya.request("GET", "/", PATH="").status == 200
    maya.environ["PATH_INFO"] = CALENDAR + "\xff.ics"

    assert maya.request("GET", "ignored").status == 400


@pytest.mark.parametrize(
    "path", ["/maya/../other/", "/maya/hx-one/./a.ics", "/maya/hx-one/a\x00.ics", CALENDAR + "x" * 2000]
)
def test_an_address_that_nothing_can_have_is_a_bad_request(maya: Caller, path: str) -> None:
    assert maya.request("PUT", path, an_object()).status == 400


def test_a_chunked_body_is_read_whole(maya: Caller) -> None:
    maya.environ |= {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}

    assert maya.put("a.ics").status == 201
    maya.environ.clear()
    assert maya.request("GET", CALENDAR + "a.ics").body.decode() == an_object()


def test_a_body_shorter_than_announced_is_a_bad_request(maya: Caller) -> None:
    maya.environ["CONTENT_LENGTH"] = "5000"

    assert maya.put("a.ics").status == 400


@pytest.mark.parametrize("length", ["-1", "many", "1e3"])
def test_a_length_that_is_no_number_is_a_bad_request(maya: Caller, length: str) -> None:
    maya.environ["CONTENT_LENGTH"] = length

    assert maya.put("a.ics").status == 400


@pytest.mark.parametrize("method", ["PUT", "PROPFIND"])
def test_a_compressed_body_is_an_unsupported_media_type(maya: Caller, method: str) -> None:
    got = maya.request(method, CALENDAR + "a.ics", gzip.compress(an_object().encode()), content_encoding="gzip")

    assert (got.status, got.headers["Accept-Encoding"]) == (415, "identity")
    assert maya.put(content_encoding="identity").status == 201


def test_an_object_of_20_megabytes_is_refused_and_never_held_in_memory(maya: Caller) -> None:
    body = Endless(20_000_000)
    maya.environ |= {"CONTENT_LENGTH": "20000000", "wsgi.input": body}

    got = maya.put("a.ics")

    assert got.status == 403
    assert got.conditions[0] == f"{C}max-resource-size"
    assert "too large" in got.sentence
    assert body.largest <= 65_536
    assert body.left == 0
    assert maya.world.shown(maya.integration_id) == {}


def test_an_endless_chunked_body_is_not_read_for_ever(sqlite_store: Store) -> None:
    maya = a_caller(sqlite_store, DavSettings(max_body_size=2_000_000))
    body = Endless(10**12)
    maya.environ |= {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input": body}

    assert maya.put("a.ics").status == 403


@pytest.mark.parametrize("method", ["PROPFIND", "REPORT", "PROPPATCH"])
def test_a_request_larger_than_any_needs_to_be_is_told_so(maya: Caller, method: str) -> None:
    assert maya.request(method, CALENDAR, b" " * 1_000_001).status == 413


@pytest.mark.parametrize(
    "authorization",
    ["", "Basic", "Basic !!!", "Basic YQ", "Basic bm9jb2xvbg==", "Bearer abc", "Basic Onh4", "basic \xff"],
)
def test_a_missing_or_malformed_authorization_is_401_at_once(maya: Caller, authorization: str) -> None:
    with at_once(processor_seconds=0.5):
        got = maya.request("PROPFIND", HOME, authorization=authorization)

    assert got.status == 401
    assert got.headers["WWW-Authenticate"] == 'Basic realm="hxdav", charset="UTF-8"'


def test_nobody_is_believed_about_the_prefix(maya: Caller) -> None:
    maya.environ |= {"HTTP_X_SCRIPT_NAME": "/evil", "HTTP_X_FORWARDED_HOST": "evil.example"}

    assert list(maya.propfind(HOME, "D:displayname").responses) == [HOME]


def test_with_a_prefix_every_href_has_it_whatever_the_user_is_called(sqlite_store: Store) -> None:
    davina = a_caller(sqlite_store, DavSettings(prefix="/dav", trusted_proxies=("192.0.2.0/24",)), username="davina")
    davina.environ |= {"HTTP_X_FORWARDED_HOST": "calendar.example", "HTTP_X_FORWARDED_PROTO": "https"}

    hrefs = set(davina.propfind("/dav/davina/", "D:owner", depth="1").responses)

    assert hrefs == {"/dav/davina/", "/dav/davina/hx-davina/"}
    assert davina.request("PROPFIND", "/davina/").status == 404


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.7", "203.0.113.9", "192.0.2.7"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "", "10.0.0.1"),
    ],
)
def test_only_a_trusted_proxy_says_where_a_client_is(
    sqlite_store: Store, peer: str, forwarded: str, address: str
) -> None:
    maya = a_caller(sqlite_store, DavSettings(trusted_proxies=("10.0.0.0/8",)))
    maya.environ |= {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": forwarded}

    maya.propfind(HOME, "D:displayname")

    with sqlite_store.snapshot() as tx:
        (password,) = tx.app_passwords.of_user(maya.world.user_id)
    assert password.last_used_address == address


@pytest.mark.parametrize("path", ["/", HOME, CALENDAR, CALENDAR + "a.ics", "/somebody/"])
def test_options_needs_no_login_and_promises_only_what_works(maya: Caller, path: str) -> None:
    got = maya.request("OPTIONS", path, authorization="")

    assert got.status == 200
    assert got.headers["DAV"] == "1, 3, calendar-access"
    assert not {"MKCALENDAR", "LOCK", "COPY", "POST"} & set(got.headers["Allow"].split(", "))


@pytest.mark.parametrize("method", ["COPY", "LOCK", "UNLOCK", "ACL", "PATCH", "TRACE", "BREW"])
def test_an_unknown_method_is_405_and_says_what_is_allowed(maya: Caller, method: str) -> None:
    got = maya.request(method, CALENDAR + "a.ics")

    assert got.status == 405
    assert "PUT" in got.headers["Allow"]


@pytest.mark.parametrize("path", ["/", HOME, CALENDAR])
def test_a_put_onto_a_collection_is_405(maya: Caller, path: str) -> None:
    # Thunderbird's detection of plain iCalendar files tries it on the address that it was given.
    assert maya.request("PUT", path, an_object()).status == 405


def test_post_is_405(maya: Caller) -> None:
    assert maya.request("POST", CALENDAR, "x").status == 405


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PROPFIND", "PROPPATCH", "REPORT", "MKCALENDAR", "MOVE"])
@pytest.mark.parametrize("path", ["/nobody/", "/other/hx-other/", "/other/hx-other/a.ics"])
def test_what_is_others_is_forbidden_whether_it_exists_or_not(maya: Caller, method: str, path: str) -> None:
    got = maya.request(method, path, an_object())

    assert got.status == 403
    assert got.conditions == [f"{D}need-privileges", "{urn:hxdav}message"]


@pytest.mark.parametrize(
    ("method", "path"), [("MKCOL", "/maya/new/"), ("MKCALENDAR", "/maya/NEW-UUID/"), ("MKCALENDAR", CALENDAR)]
)
def test_a_calendar_cannot_be_made(maya: Caller, method: str, path: str) -> None:
    got = maya.request(method, path)

    assert got.status == 403
    assert got.tree.findtext(f"{D}need-privileges/{D}resource/{D}href") == HOME
    assert got.tree.find(f"{D}need-privileges/{D}resource/{D}privilege/{D}bind") is not None


def test_a_calendar_inside_of_a_calendar_is_refused_with_its_condition(maya: Caller) -> None:
    got = maya.request("MKCALENDAR", CALENDAR + "inner/")

    assert got.conditions[0] == f"{C}calendar-collection-location-ok"


@pytest.mark.parametrize("path", ["/", HOME, CALENDAR])
def test_neither_a_calendar_nor_the_home_can_be_deleted(maya: Caller, path: str) -> None:
    maya.put()

    got = maya.request("DELETE", path)

    assert got.status == 403
    assert list(maya.world.shown(maya.integration_id)) == ["a.ics"]


def test_a_user_name_with_an_at_sign_works_in_both_spellings(sqlite_store: Store) -> None:
    maya = a_caller(sqlite_store, username="maya@harbour.example")

    hrefs = set(maya.propfind("/maya@harbour.example/", "D:owner").responses)

    assert hrefs == {"/maya%40harbour.example/"}
    calendar = "/maya@harbour.example/hx-maya@harbour.example/"
    maya.request("PUT", calendar + "a.ics", an_object())
    for spelling in (calendar, quote(calendar)):
        assert (
            maya.report(
                "C:calendar-multiget", f"<D:prop><D:getetag/></D:prop><D:href>{spelling}a.ics</D:href>", calendar
            )
            .responses[quote(calendar) + "a.ics"]
            .has(f"{D}getetag")
        )
