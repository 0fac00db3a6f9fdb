"""Account set-up as Apple, DAVx5 and Thunderbird do it, and every live property that they ask for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hxdav.domain.policy import Policy
from hxdav.store.store import Store
from tests.builders import a_practice, an_object
from tests.integration.dav.caller import CALENDAR, CS, HOME, SPACES, C, Caller, D, calling

ICAL = "{http://apple.com/ns/ical/}"
APPLES_HOME_LIST = (
    *(f"{D}{name}" for name in ("add-member", "current-user-privilege-set", "displayname", "owner",
                                "quota-available-bytes", "quota-used-bytes", "resource-id", "resourcetype",
                                "supported-report-set", "sync-token")),
    *(f"{CS}{name}" for name in ("allowed-sharing-modes", "getctag", "invite", "language-code", "location-code",
                                 "pre-publish-url", "publish-url", "push-transports", "pushkey", "source",
                                 "subscribed-strip-alarms", "subscribed-strip-attachments", "subscribed-strip-todos")),
    *(f"{C}{name}" for name in ("calendar-alarm", "calendar-description", "calendar-free-busy-set",
                                "calendar-timezone", "default-alarm-vevent-date", "default-alarm-vevent-datetime",
                                "managed-attachments-server-URL", "max-attendees-per-instance",
                                "schedule-calendar-transp", "schedule-default-calendar-URL",
                                "supported-calendar-component-set", "supported-calendar-component-sets")),
    *(f"{ICAL}{name}" for name in ("autoprovisioned", "calendar-color", "calendar-order", "refreshrate")),
    "{http://me.com/_namespace/}bulk-requests",
)  # fmt: skip
NOT_SERVED = {f"{D}{name}" for name in ("add-member", "quota-available-bytes", "quota-used-bytes", "resource-id")}


def test_apple_sets_an_account_up(maya: Caller) -> None:
    maya.environ["HTTP_USER_AGENT"] = "macOS/26.1 (25B78) accountsd/1.0"
    first = ("D:current-user-principal", "D:principal-URL", "D:resourcetype")
    brief = {"brief": "t", "prefer": "return=minimal"}

    assert maya.propfind("/.well-known/caldav", *first, authorization="", **brief).status == 301
    challenged = maya.propfind("/", *first, authorization="", **brief)
    assert (challenged.status, "Basic realm=" in challenged.headers["WWW-Authenticate"]) == (401, True)
    principal = maya.propfind("/", *first, **brief).responses["/"]
    assert principal.properties[f"{D}current-user-principal"][1].findtext(f"{D}href") == HOME
    assert "calendar-access" in maya.request("OPTIONS", HOME).headers["DAV"]

    details = maya.propfind(
        HOME,
        "C:calendar-home-set", "C:calendar-user-address-set", "D:current-user-principal", "D:displayname",
        "CS:dropbox-home-URL", "CS:email-address-set", "C:max-attendees-per-instance", "CS:notification-URL",
        "D:principal-collection-set", "D:principal-URL", "D:resource-id", "C:schedule-inbox-URL",
        "C:schedule-outbox-URL", "D:supported-report-set",
    ).responses[HOME]  # fmt: skip
    home_set = details.properties[f"{C}calendar-home-set"][1]
    assert [each.text for each in home_set] == [HOME]
    assert details.text(f"{D}displayname") == "Maya Lin"
    assert details.names(f"{C}calendar-user-address-set") == [f"{D}href"]
    assert not details.has(f"{C}schedule-inbox-URL")

    home = maya.propfind(HOME, *APPLES_HOME_LIST, depth="1", **brief).responses
    assert list(home) == [HOME, CALENDAR]
    assert home[HOME].names(f"{D}resourcetype") == [f"{D}principal", f"{D}collection"]
    assert {f"{D}write", f"{D}bind"} <= set(home[HOME].names(f"{D}current-user-privilege-set", "*/*"))
    assert home[CALENDAR].names(f"{D}resourcetype") == [f"{C}calendar", f"{D}collection"]
    assert not NOT_SERVED & set(home[CALENDAR].properties)


def test_apple_settles_in_and_reads(maya: Caller) -> None:
    alarm = "<C:default-alarm-vevent-date>BEGIN:VALARM&#13;\nEND:VALARM&#13;\n</C:default-alarm-vevent-date>"
    assert b"200 OK" in maya.request("PROPPATCH", HOME, _update(alarm)).body
    colour = f'<x:calendar-color xmlns:x="{ICAL[1:-1]}" symbolic-color="custom">#0E61B9FF</x:calendar-color>'
    assert b"200 OK" in maya.request("PROPPATCH", CALENDAR, _update(colour)).body

    home = maya.propfind(HOME, *APPLES_HOME_LIST, depth="1").responses
    assert home[HOME].text(f"{C}default-alarm-vevent-date") == "BEGIN:VALARM\r\nEND:VALARM\r\n"
    assert home[CALENDAR].properties[f"{ICAL}calendar-color"][1].attrib == {"symbolic-color": "custom"}
    assert home[CALENDAR].text(f"{CS}getctag")

    assert maya.request("PUT", CALENDAR + "UPPER-UUID.ics", an_object()).status == 201
    listed = maya.propfind(CALENDAR, "D:getcontenttype", "D:getetag", depth="1").responses
    url = CALENDAR + "UPPER-UUID.ics"
    assert list(listed) == [CALENDAR, url]
    assert maya.query('<C:time-range start="20261022T000000Z"/>').responses[url].has(f"{D}getetag")
    got = maya.multiget(url, CALENDAR + "VANISHED.ics", props="<D:getetag/><C:calendar-data/><C:schedule-tag/>")
    assert got.responses[CALENDAR + "VANISHED.ics"].status == 404
    assert got.responses[url].text(f"{C}calendar-data") == an_object()


def test_davx5_sets_up_and_synchronises(maya: Caller) -> None:
    first = maya.propfind(
        "/", "D:resourcetype", "D:displayname", "D:current-user-principal", "D:current-user-privilege-set",
        "C:calendar-home-set", "C:supported-calendar-component-set", f"{ICAL}calendar-color", "C:calendar-timezone",
    ).responses["/"]  # fmt: skip
    assert first.properties[f"{D}current-user-principal"][1].findtext(f"{D}href") == HOME
    assert "calendar-access" in maya.request("OPTIONS", HOME).headers["DAV"]
    home = maya.propfind(
        HOME, "D:current-user-privilege-set", "D:displayname", "D:owner", "D:resourcetype",
        "C:supported-calendar-component-set", "C:calendar-timezone-id", "CS:source", depth="1",
    ).responses  # fmt: skip
    components = home[CALENDAR].properties[f"{C}supported-calendar-component-set"][1]
    assert [each.get("name") for each in components] == ["VEVENT"]
    assert home[CALENDAR].properties[f"{D}owner"][1].findtext(f"{D}href") == HOME

    state = maya.propfind(
        CALENDAR, "D:supported-report-set", "D:sync-token", "CS:getctag", "C:max-resource-size"
    ).responses[CALENDAR]
    assert state.names(f"{D}supported-report-set", "*/*/*") == [
        f"{D}sync-collection", f"{C}calendar-multiget", f"{C}calendar-query", f"{C}free-busy-query",
    ]  # fmt: skip
    assert state.text(f"{C}max-resource-size") == "1000000"
    assert maya.put("davx5.ics", if_none_match="*").status == 201
    content = "<D:sync-token/><D:sync-level>1</D:sync-level><D:prop><D:getetag/><D:resourcetype/></D:prop>"
    body = f"<D:sync-collection {SPACES}>{content}</D:sync-collection>"
    listed = maya.request("REPORT", CALENDAR, body, depth="0")
    assert listed.responses[CALENDAR + "davx5.ics"].has(f"{D}resourcetype")


def test_thunderbird_detects_the_calendar_from_each_address(maya: Caller) -> None:
    asked = (
        "D:resourcetype", "D:owner", "D:displayname", "D:current-user-principal", "D:current-user-privilege-set",
        f"{ICAL}calendar-color", "C:calendar-home-set",
    )  # fmt: skip

    for path in ("/", HOME, CALENDAR, "/maya", "/maya/hx-one"):
        (response,) = maya.propfind(path, *asked).responses.values()
        assert response.properties[f"{D}current-user-principal"][1].findtext(f"{D}href") == HOME
    assert maya.request("HEAD", "/", authorization="").status == 200
    assert maya.request("GET", HOME).status == 405


def test_a_calendar_says_what_it_takes(maya: Caller) -> None:
    names = ("min-date-time", "max-date-time", "max-instances", "supported-calendar-data", "supported-collation-set")

    calendar = maya.propfind(CALENDAR, *(f"C:{name}" for name in names)).responses[CALENDAR]

    assert calendar.text(f"{C}min-date-time") == "20261031T130000Z"
    assert calendar.text(f"{C}max-date-time") == "20270611T135959Z"
    assert calendar.text(f"{C}max-instances") == "20000"
    data = calendar.properties[f"{C}supported-calendar-data"][1][0]
    assert data.attrib == {"content-type": "text/calendar", "version": "2.0"}
    collations = [each.text for each in calendar.properties[f"{C}supported-collation-set"][1]]
    assert {"i;ascii-casemap", "i;octet"} <= set(collations)


def test_an_open_window_has_no_bounds_to_tell(sqlite_store: Store) -> None:
    world = replace(a_practice(sqlite_store), policy=Policy(window_days=None))
    maya = calling(world)

    calendar = maya.propfind(CALENDAR, "C:min-date-time", "C:max-date-time").responses[CALENDAR]

    assert not calendar.has(f"{C}min-date-time")
    assert not calendar.has(f"{C}max-date-time")


@pytest.mark.parametrize("path", ["/", HOME, CALENDAR, CALENDAR + "a.ics"])
def test_an_empty_body_asks_for_all(maya: Caller, path: str) -> None:
    maya.put()

    (response,) = maya.request("PROPFIND", path, b"").responses.values()

    assert response.has(f"{D}resourcetype")
    assert not response.has(f"{D}current-user-privilege-set")


@pytest.mark.parametrize("path", ["/", HOME, CALENDAR, CALENDAR + "a.ics"])
def test_every_name_that_a_resource_tells_of_it_has(maya: Caller, path: str) -> None:
    maya.put()
    maya.request("PROPPATCH", CALENDAR, _update('<x xmlns="urn:x"/>'))
    body = '<D:propfind xmlns:D="DAV:"><D:propname/></D:propfind>'

    (named,) = maya.request("PROPFIND", path, body).responses.values()

    (response,) = maya.propfind(path, *named.properties).responses.values()
    assert all(response.has(name) for name in named.properties)
    assert "{urn:x}x" in named.properties or path != CALENDAR


def test_dead_properties_are_among_all(maya: Caller) -> None:
    maya.request("PROPPATCH", CALENDAR, _update('<x xmlns="urn:x">dead</x>'))
    body = '<D:propfind xmlns:D="DAV:"><D:allprop/><D:include><D:sync-token/></D:include></D:propfind>'

    calendar = maya.request("PROPFIND", CALENDAR, body).responses[CALENDAR]

    assert calendar.text("{urn:x}x") == "dead"
    assert calendar.has(f"{D}sync-token")


def test_an_object_tells_who_may_do_what_with_it(maya: Caller) -> None:
    maya.put()
    url = CALENDAR + "a.ics"

    response = maya.propfind(
        url, "D:current-user-privilege-set", "D:owner", "D:getlastmodified", "D:getcontentlength"
    ).responses[url]

    assert f"{D}write-content" in response.names(f"{D}current-user-privilege-set", "*/*")
    assert response.text(f"{D}getlastmodified") == "Sun, 22 Nov 2026 01:00:00 GMT"
    assert response.text(f"{D}getcontentlength") == str(len(an_object()))


@pytest.mark.parametrize("path", ["/", HOME, CALENDAR])
def test_the_depths_of_everything_are_not_sounded(maya: Caller, path: str) -> None:
    got = maya.propfind(path, "D:getetag", depth="infinity")

    assert (got.status, got.conditions[0]) == (403, f"{D}propfind-finite-depth")


def test_the_root_leads_to_the_callers_home_only(maya: Caller) -> None:
    assert list(maya.propfind("/", "D:resourcetype", depth="1").responses) == ["/", HOME]


def test_an_administrator_has_a_home_without_calendars(maya: Caller) -> None:
    with maya.world.store.transaction() as tx:
        practitioner = tx.people.practitioner(maya.world.practitioner_id)
        tx.people.change_practitioner(replace(practitioner, user_id=None))

    assert list(maya.propfind(HOME, "D:displayname", depth="1").responses) == [HOME]
    assert maya.propfind(CALENDAR, "D:displayname").status == 404


def _update(content: str) -> str:
    return f"<D:propertyupdate {SPACES}><D:set><D:prop>{content}</D:prop></D:set></D:propertyupdate>"
