"""GET, HEAD, PUT, DELETE and MOVE of calendar objects, their entity tags and preconditions."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from hxdav.domain.appointment import RecordMark
from hxdav.store.store import Store
from tests.builders import an_object
from tests.integration.dav.caller import CALENDAR, C, Caller, D, a_caller

URL = CALENDAR + "a.ics"
AWKWARD = an_object(
    "a@example", 'DESCRIPTION:<b> & ]]> "q" \U0001f600', "X-ODD;P=1:y\r\n  folded", summary="Ü  "
).replace("VERSION:2.0", "VERSION:2.0\r\nX-WR-CALNAME:\u0007".replace("\u0007", ""))


@pytest.mark.parametrize("text", [AWKWARD, AWKWARD.replace("\r\n", "\n"), "\ufeff" + an_object()])
def test_an_object_comes_back_byte_for_byte_by_every_way(maya: Caller, text: str) -> None:
    created = maya.put(text=text)

    assert created.status == 201
    got = maya.request("GET", URL)
    (listed,) = maya.multiget(URL).responses.values()
    assert got.body == text.encode()
    assert listed.text(f"{C}calendar-data") == text
    assert created.headers["ETag"] == got.headers["ETag"] == listed.text(f"{D}getetag")


def test_get_tells_what_it_is_and_when_it_changed(maya: Caller) -> None:
    maya.put()

    headers = maya.request("GET", URL).headers

    assert headers["Content-Type"] == "text/calendar; charset=utf-8; component=VEVENT"
    assert headers["Last-Modified"] == "Sun, 22 Nov 2026 01:00:00 GMT"


def test_head_is_get_without_the_body(maya: Caller) -> None:
    maya.put()

    got, head = maya.request("GET", URL), maya.request("HEAD", URL)

    assert head.body == b""
    assert head.headers == got.headers


@pytest.mark.parametrize("wanted", ["{}", "W/{}", '"other", {}', "*"])
def test_what_the_client_has_already_is_not_sent_again(maya: Caller, wanted: str) -> None:
    etag = maya.put().headers["ETag"]

    got = maya.request("GET", URL, if_none_match=wanted.format(etag))

    assert (got.status, got.body) == (304, b"")
    assert got.headers["ETag"] == etag


def test_what_changed_since_is_sent(maya: Caller) -> None:
    maya.put()

    since = "Sun, 22 Nov 2026 01:00:00 GMT"
    assert maya.request("GET", URL, if_modified_since=since).status == 304
    assert maya.request("GET", URL, if_modified_since="Sun, 22 Nov 2026 00:59:59 GMT").status == 200
    assert maya.request("GET", URL, if_modified_since=since, if_none_match='"other"').status == 200
    assert maya.request("GET", URL, if_modified_since="nonsense").status == 200


@pytest.mark.parametrize("path", [URL, CALENDAR + "a/b.ics", "/maya/nowhere/", "/maya/nowhere/a.ics"])
def test_what_is_not_there_is_404(maya: Caller, path: str) -> None:
    assert maya.request("GET", path).status == 404
    assert maya.propfind(path, "D:getetag").status == 404


@pytest.mark.parametrize("path", ["/maya/nowhere/a.ics", CALENDAR + "a/b.ics"])
def test_a_put_where_no_calendar_is_conflicts(maya: Caller, path: str) -> None:
    assert maya.request("PUT", path, an_object()).status == 409


def test_an_edit_is_204_with_a_new_tag(maya: Caller) -> None:
    first = maya.put().headers["ETag"]

    edited = maya.put(text=an_object(summary="Edited"), if_match=first)

    assert edited.status == 204
    assert edited.headers["ETag"] not in {first, ""}


@pytest.mark.parametrize("wanted", ["{}", '"x", {}', "*", '{}, W/"y"'])
def test_an_edit_of_what_the_client_has_seen_is_applied(maya: Caller, wanted: str) -> None:
    etag = maya.put().headers["ETag"]

    assert maya.put(text=an_object(summary="Edited"), if_match=wanted.format(etag)).status == 204


@pytest.mark.parametrize(
    "headers",
    [
        {"if_match": '"old"'},
        {"if_match": "W/{}"},
        {"if_match": "unquoted"},
        {"if_none_match": "*"},
        {"if_none_match": "{}"},
        {"if_none_match": "W/{}"},
    ],
)
def test_an_edit_with_an_unmet_precondition_is_412_and_changes_nothing(maya: Caller, headers: dict[str, str]) -> None:
    etag = maya.put().headers["ETag"]

    got = maya.put(text=an_object(summary="Edited"), **{name: value.format(etag) for name, value in headers.items()})

    assert got.status == 412
    assert got.sentence
    assert maya.request("GET", URL).headers["ETag"] == etag


@pytest.mark.parametrize("headers", [{"if_match": '"old"'}, {"if_match": "*"}])
def test_an_edit_of_what_is_gone_is_412(maya: Caller, headers: dict[str, str]) -> None:
    assert maya.put(**headers).status == 412


def test_a_merged_edit_returns_no_tag(maya: Caller) -> None:
    maya.world.book(an_object("p@example", summary="Session"), patients=("Ann",))
    (href,) = maya.world.shown(maya.integration_id)
    text = maya.request("GET", CALENDAR + href).body.decode()

    got = maya.put(href, text.replace("Session", "Renamed"))

    assert got.status == 204
    assert "ETag" not in got.headers
    assert maya.request("GET", CALENDAR + href).body.decode() == text


def test_an_object_is_shown_under_the_uid_that_the_calendar_has_of_it(maya: Caller) -> None:
    maya.world.book(an_object("own@example"))
    (href,) = maya.world.shown(maya.integration_id)

    texts = [
        maya.request("GET", CALENDAR + href).body.decode(),
        maya.multiget(CALENDAR + href).responses[CALENDAR + href].text(f"{C}calendar-data"),
        maya.request("GET", CALENDAR).body.decode(),
    ]

    assert all("@hxdav" in text and "own@example" not in text for text in texts if text)


def test_a_deletion_is_204_and_done(maya: Caller) -> None:
    maya.put()

    got = maya.request("DELETE", URL)

    assert (got.status, got.headers.get("ETag")) == (204, None)
    assert maya.request("GET", URL).status == 404
    assert maya.request("DELETE", URL).status == 404


def test_a_deletion_of_what_changed_since_is_412(maya: Caller) -> None:
    maya.put()

    assert maya.request("DELETE", URL, if_match='"old"').status == 412
    assert maya.request("GET", URL).status == 200


def test_a_protected_appointment_is_refused_with_a_privilege_and_a_sentence(maya: Caller) -> None:
    maya.world.book(an_object(), note=RecordMark.PRESENT)
    (href,) = maya.world.shown(maya.integration_id)

    got = maya.request("DELETE", CALENDAR + href)

    assert got.status == 403
    assert got.conditions == [f"{D}need-privileges", "{urn:hxdav}message"]
    resource = got.tree.find(f"{D}need-privileges/{D}resource")
    assert resource is not None
    assert resource.findtext(f"{D}href") == CALENDAR + href
    assert resource.find(f"{D}privilege/{D}unbind") is not None
    assert "clinical note" in got.sentence


@pytest.mark.parametrize(
    "destination",
    [
        CALENDAR + "b%23c.ics",
        "http://calendar.example" + CALENDAR + "b%23c.ics",
        "https://proxy.example:8443" + CALENDAR + "b%23c.ics",
    ],
)
def test_a_move_is_made_whatever_a_proxy_calls_us_and_its_name_decoded_once(maya: Caller, destination: str) -> None:
    maya.put()

    got = maya.request("MOVE", URL, destination=destination)

    assert got.status == 201
    assert maya.request("GET", CALENDAR + "b#c.ics").body.decode() == an_object()
    assert maya.request("GET", URL).status == 404


def test_a_percent_sign_in_a_destination_stays_one(maya: Caller) -> None:
    maya.put()

    maya.request("MOVE", URL, destination=CALENDAR + "b%2523.ics")

    assert list(maya.world.shown(maya.integration_id)) == ["b%23.ics"]


def test_both_ends_of_a_move_are_in_the_next_sync(maya: Caller) -> None:
    maya.put()
    token = maya.sync().sync_token

    maya.request("MOVE", URL, destination=CALENDAR + "b.ics")

    changed = maya.sync(token).responses
    assert changed[URL].status == 404
    assert changed[CALENDAR + "b.ics"].has(f"{D}getetag")


def test_a_move_onto_another_appointment_is_a_conflict_of_uids(maya: Caller) -> None:
    maya.put()
    maya.put("b.ics", an_object("b@example"))

    assert maya.request("MOVE", URL, destination=CALENDAR + "b.ics", overwrite="F").status == 412
    got = maya.request("MOVE", URL, destination=CALENDAR + "b.ics")

    assert (got.status, got.conditions[0]) == (403, f"{C}no-uid-conflict")
    assert got.tree.findtext(f"{C}no-uid-conflict/{D}href") == CALENDAR + "b.ics"
    assert sorted(maya.world.shown(maya.integration_id)) == ["a.ics", "b.ics"]


@pytest.mark.parametrize("headers", [{}, {"destination": ""}, {"destination": "http://["}])
def test_a_move_without_a_destination_is_a_bad_request(maya: Caller, headers: dict[str, str]) -> None:
    maya.put()

    assert maya.request("MOVE", URL, **headers).status == 400


def test_a_name_with_a_slash_is_refused_with_a_sentence_that_is_true(maya: Caller) -> None:
    got = maya.put("slash/in.ics")

    assert got.status == 409
    assert got.sentence == "The name of an appointment has no slash in it."


def test_a_move_to_another_calendar_is_refused(maya: Caller) -> None:
    maya.put()
    maya.world.integration("hx-two")

    for destination in ("/maya/hx-two/a.ics", "/other/hx-one/a.ics", CALENDAR, "/maya/"):
        got = maya.request("MOVE", URL, destination=destination)
        assert (got.status, got.conditions[0]) == (403, f"{D}need-privileges")
    assert maya.request("GET", URL).status == 200


@pytest.mark.parametrize("destination", ["urn:x", "/elsewhere/../x", CALENDAR + "%ff.ics"])
def test_a_move_to_nowhere_is_refused(maya: Caller, destination: str) -> None:
    maya.put()

    assert maya.request("MOVE", URL, destination=destination).status in {400, 403}


@pytest.mark.parametrize(
    "href",
    [
        "a b.ics",
        "a:b'c\"d*e?f,g.ics",
        "a%20b.ics",
        "ä&<>.ics",
        "ohne-endung",
        "\U0001f469\u200d\U0001f52c.ics",
        "a;b=c.ics",
        "a+b.ics",
    ],
)
def test_whatever_a_client_calls_an_object_it_finds_it_again(maya: Caller, href: str) -> None:
    url = CALENDAR + quote(href)

    assert maya.put(href).status == 201
    assert maya.request("GET", CALENDAR + href).status == 200
    assert list(maya.sync().responses) == [url]
    assert list(maya.propfind(CALENDAR, "D:getetag", depth="1").responses) == [CALENDAR, url]
    assert maya.multiget(url.replace("&", "&amp;")).responses[url].has(f"{D}getetag")
    assert maya.request("DELETE", CALENDAR + href).status == 204


def test_two_overrides_without_a_master_are_one_object(maya: Caller) -> None:
    first = an_object("o@example", "RECURRENCE-ID;TZID=Australia/Sydney:20261124T090000")
    second = first.replace("20261124", "20261125").partition("BEGIN:VEVENT")[2].partition("END:VEVENT")[0]
    text = first.replace("END:VCALENDAR", f"BEGIN:VEVENT{second}END:VEVENT\r\nEND:VCALENDAR")

    assert maya.put(text=text).status == 201


def test_the_whole_calendar_comes_as_one_text(maya: Caller) -> None:
    maya.put()
    maya.put("b.ics", an_object("b@example").replace("\r\n", "\n"))

    got = maya.request("GET", CALENDAR)

    assert got.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert got.body.count(b"BEGIN:VCALENDAR") == 1
    assert got.body.count(b"BEGIN:VEVENT") == 2
    assert b"X-WR-CALNAME:HX_Harbour Street Psychology" in got.body


def test_objects_are_kept_alike_on_both_databases(store: Store) -> None:
    maya = a_caller(store)

    etag = maya.put(text=AWKWARD).headers["ETag"]

    assert maya.request("GET", URL).body == AWKWARD.encode()
    assert maya.put(text=AWKWARD.replace("folded", "changed"), if_match=etag).status == 204
    assert maya.request("DELETE", URL).status == 204
    assert [each.status for each in maya.sync(maya.sync().sync_token).responses.values()] == []
