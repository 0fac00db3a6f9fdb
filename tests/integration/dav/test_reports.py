"""REPORT: sync-collection, calendar-multiget, calendar-query and free-busy-query."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hxdav.domain.ids import Modseq
from hxdav.services.integrations.sync_tokens import Position, token_of
from hxdav.store.store import Store
from tests.builders import an_object
from tests.integration.dav.caller import CALENDAR, HOME, SPACES, C, Caller, D, a_caller

A, B = CALENDAR + "a.ics", CALENDAR + "b.ics"
WEEKLY = an_object("w@example", "RRULE:FREQ=WEEKLY", summary="Weekly")
ALL_DAY = an_object("d@example", start="DTSTART;VALUE=DATE:20261202", end="DTEND;VALUE=DATE:20261203", summary="Day")


def day(number: int, month: int = 12) -> str:
    return f'<C:time-range start="2026{month:02}{number:02}T000000Z" end="2026{month:02}{number + 1:02}T000000Z"/>'


def prop(name: str, content: str) -> str:
    return f'<C:prop-filter name="{name}">{content}</C:prop-filter>'


@pytest.fixture
def three(maya: Caller) -> Caller:
    """Maya with a single event on 24 November, one each week from then on, and a day in December."""
    maya.put("a.ics")
    maya.put("w.ics", WEEKLY)
    maya.put("d.ics", ALL_DAY)
    return maya


def test_a_sync_tells_what_came_changed_and_went(store: Store) -> None:
    maya = a_caller(store)
    maya.put("a.ics")
    maya.put("b.ics", an_object("b@example"))
    token = maya.sync().sync_token

    maya.put("c.ics", an_object("c@example"))
    maya.put("b.ics", an_object("b@example", summary="Edited"))
    maya.request("DELETE", A)

    changed = maya.sync(token)
    assert {url: each.status for url, each in changed.responses.items()} == {
        A: 404,
        B: None,
        CALENDAR + "c.ics": None,
    }
    assert maya.sync(changed.sync_token).responses == {}


def test_what_came_and_went_between_two_syncs_is_told_as_gone(maya: Caller) -> None:
    token = maya.sync().sync_token
    maya.put()
    maya.request("DELETE", A)

    assert maya.sync(token).responses[A].status == 404


def test_every_member_has_a_status_even_where_no_property_is_asked_for(maya: Caller) -> None:
    maya.put()

    tree = maya.sync(props="").tree

    assert tree.findtext(f"{D}response/{D}propstat/{D}status") == "HTTP/1.1 200 OK"


@pytest.mark.parametrize(
    "token", ["nonsense", "urn:hxdav:sync:", "urn:hxdav:sync:x-1-1-00", "http://x/", "urn:hxdav:sync:\u00e9-é"]
)
def test_a_token_that_is_not_ours_is_refused_with_its_condition(maya: Caller, token: str) -> None:
    got = maya.sync(token)

    assert (got.status, got.conditions[0]) == (403, f"{D}valid-sync-token")


def test_a_token_of_another_calendar_is_refused(maya: Caller) -> None:
    maya.world.integration("hx-two")
    token = maya.report("D:sync-collection", "<D:sync-token/><D:prop/>", "/maya/hx-two/").sync_token

    assert maya.sync(token).conditions[0] == f"{D}valid-sync-token"


def test_a_token_from_a_later_time_begins_an_epoch_and_is_refused(maya: Caller) -> None:
    maya.put()
    with maya.world.store.snapshot() as tx:
        epoch = tx.installation.epoch()
    now = Position(epoch=epoch, integration_id=maya.integration_id, modseq=Modseq(1), purge_floor=Modseq(0))
    present = token_of(maya.world.keyring, now)
    ahead = token_of(maya.world.keyring, replace(now, modseq=Modseq(99)))

    assert maya.sync(ahead).conditions[0] == f"{D}valid-sync-token"
    assert maya.sync(present).conditions[0] == f"{D}valid-sync-token"
    assert list(maya.sync().responses) == [A]


def test_a_limited_sync_goes_on_from_where_it_was_cut(maya: Caller) -> None:
    for number in range(5):
        maya.put(f"{number}.ics", an_object(f"{number}@example"))
    limit = "<D:limit><D:nresults>2</D:nresults></D:limit>"

    pages, token = [], ""
    while True:
        page = maya.sync(token, limit)
        pages.append(page)
        token = page.sync_token
        if CALENDAR not in page.responses:
            break

    assert [len(page.responses) for page in pages] == [3, 3, 1]
    cut = pages[0].tree.find(f"{D}response[{D}error]")
    assert cut is not None
    assert cut.findtext(f"{D}status") == "HTTP/1.1 507 Insufficient Storage"
    assert cut.find(f"{D}error/{D}number-of-matches-within-limits") is not None
    found = [url for page in pages for url in page.responses if url != CALENDAR]
    assert sorted(found) == [f"{CALENDAR}{number}.ics" for number in range(5)]


def test_a_limited_sync_is_never_cut_between_two_changes_of_one_modseq(maya: Caller) -> None:
    maya.put()
    token = maya.sync().sync_token
    maya.request("MOVE", A, destination=B)
    maya.put("c.ics", an_object("c@example"))

    page = maya.sync(token, "<D:limit><D:nresults>1</D:nresults></D:limit>")

    assert set(page.responses) == {A, B, CALENDAR}
    assert set(maya.sync(page.sync_token).responses) == {CALENDAR + "c.ics"}


@pytest.mark.parametrize("number", ["0", "-1", "x", "", "99999999999"])
def test_a_limit_that_is_none_is_a_bad_request(maya: Caller, number: str) -> None:
    assert maya.sync("", f"<D:limit><D:nresults>{number}</D:nresults></D:limit>").status == 400


@pytest.mark.parametrize(
    ("level", "status"),
    [("<D:sync-level>infinite</D:sync-level>", 403), ("<D:sync-level>2</D:sync-level>", 400), ("", 207)],
)
def test_the_only_level_is_one_and_may_be_left_out(maya: Caller, level: str, status: int) -> None:
    got = maya.report("D:sync-collection", f"<D:sync-token/>{level}<D:prop><D:getetag/></D:prop>")

    assert got.status == status


def test_a_sync_can_bring_the_objects_too(maya: Caller) -> None:
    maya.put()

    (response,) = maya.sync(props="<C:calendar-data/><D:getlastmodified/><D:x/>").responses.values()

    assert response.text(f"{C}calendar-data") == an_object()
    assert response.text(f"{D}getlastmodified")
    assert not response.has(f"{D}x")


def test_a_multiget_understands_every_spelling_of_an_address(maya: Caller) -> None:
    maya.put("a.ics")
    spellings = (A, "/maya/hx%2Done/a%2Eics", "https://elsewhere.example" + A, f"\n {A}\n")

    for spelling in spellings:
        assert maya.multiget(spelling).responses[A].text(f"{C}calendar-data") == an_object()


@pytest.mark.parametrize(
    "url",
    [
        B,
        "/maya/hx-two/a.ics",
        "/other/hx-one/a.ics",
        CALENDAR,
        "/",
        "",
        "http://[",
        "%ff",
        "/maya/../x",
        CALENDAR + "%00",
        "x" * 5000,
    ],
)
def test_an_address_at_which_this_calendar_shows_nothing_is_404_and_harms_no_other(maya: Caller, url: str) -> None:
    maya.put()

    responses = maya.multiget(url, A).responses

    assert responses[A].has(f"{D}getetag")
    assert responses[url].status == 404


def test_a_multiget_of_nothing_is_a_bad_request(maya: Caller) -> None:
    assert maya.multiget().status == 400


def test_a_multiget_can_be_of_more_objects_than_one_statement_names(maya: Caller) -> None:
    maya.put()

    urls = [f"{CALENDAR}{number}.ics" for number in range(1200)]
    responses = maya.multiget(*urls, A).responses

    assert (len(responses), responses[A].has(f"{D}getetag")) == (1201, True)


@pytest.mark.parametrize(
    ("vevent", "found"),
    [
        ("", "adw"),
        (day(23, 11), "aw"),
        (day(3), ""),
        (day(7), "w"),
        ('<C:time-range start="20261201T130000Z" end="20261202T130000Z"/>', "d"),
        ('<C:time-range start="20261202T130000Z"/>', "w"),
        ('<C:time-range end="20261124T000000Z"/>', "aw"),
        ('<C:time-range start="20400101T000000Z" end="20400108T000000Z"/>', "w"),
        ('<C:prop-filter name="SUMMARY"><C:text-match>WEEK</C:text-match></C:prop-filter>', "w"),
        ('<C:prop-filter name="SUMMARY"><C:text-match collation="i;octet">WEEK</C:text-match></C:prop-filter>', ""),
        ('<C:prop-filter name="SUMMARY"><C:text-match negate-condition="yes">e</C:text-match></C:prop-filter>', "d"),
        ('<C:prop-filter name="RRULE"><C:is-not-defined/></C:prop-filter>', "ad"),
        ('<C:prop-filter name="RRULE"/>', "w"),
        (prop("DTSTART", '<C:param-filter name="VALUE"><C:text-match>DATE</C:text-match></C:param-filter>'), "d"),
        (day(7) + '<C:prop-filter name="SUMMARY"><C:text-match>nothing</C:text-match></C:prop-filter>', ""),
        ('<C:comp-filter name="VALARM"><C:is-not-defined/></C:comp-filter>', "adw"),
    ],
)  # fmt: skip
def test_a_query_finds_what_matches(three: Caller, vevent: str, found: str) -> None:
    urls = three.query(vevent).responses

    assert sorted(urls) == [f"{CALENDAR}{name}.ics" for name in found]


@pytest.mark.parametrize("kind", ["VTODO", "VJOURNAL"])
def test_there_are_no_tasks_to_find(three: Caller, kind: str) -> None:
    inner = f'<C:comp-filter name="VCALENDAR"><C:comp-filter name="{kind}"/></C:comp-filter>'

    assert three.filtered(inner).responses == {}


@pytest.mark.parametrize(
    ("content", "condition"),
    [
        ("", "valid-filter"),
        ("<D:x/>", "valid-filter"),
        ('<C:comp-filter name="VEVENT"/>', "valid-filter"),
        ('<C:comp-filter name="VCALENDAR"/><C:comp-filter name="VCALENDAR"/>', "valid-filter"),
        ("<C:comp-filter/>", "valid-filter"),
        ('<C:comp-filter name="VCALENDAR">VEVENT</C:comp-filter>', "valid-filter"),
        ('<C:comp-filter name="VCALENDAR" test="anyof"/>', "valid-filter"),
        ('<C:comp-filter name="VCALENDAR"/>VEVENT', "valid-filter"),
        ('<C:comp-filter name="VCALENDAR"><C:comp-filter name="VALARM"/></C:comp-filter>', "valid-filter"),
        ('<C:comp-filter name="VCALENDAR"><C:comp-filter name="VCALENDAR"/></C:comp-filter>', "valid-filter"),
        ('<C:comp-filter name="VCALENDAR"><C:x/></C:comp-filter>', "supported-filter"),
        ('<C:comp-filter name="VCALENDAR"><D:comp-filter name="VEVENT"/></C:comp-filter>', "supported-filter"),
    ],
)
def test_a_filter_that_is_none_is_refused_with_its_condition(maya: Caller, content: str, condition: str) -> None:
    assert maya.filtered(content).conditions[0] == f"{C}{condition}"


@pytest.mark.parametrize(
    ("vevent", "condition"),
    [
        ("<C:time-range/>", "valid-filter"),
        ('<C:time-range start="20261124"/>', "valid-filter"),
        ('<C:time-range start="20261124T000000"/>', "valid-filter"),
        ('<C:time-range start="20261399T000000Z"/>', "valid-filter"),
        ('<C:time-range start="20261124T000000Z" end="20261123T000000Z"/>', "valid-filter"),
        (day(7) + day(8), "valid-filter"),
        ('<C:is-not-defined/><C:prop-filter name="X"/>', "valid-filter"),
        ("<C:is-not-defined/><C:is-not-defined/>", "valid-filter"),
        ("<C:is-not-defined>no</C:is-not-defined>", "valid-filter"),
        ("<C:is-not-defined><D:x/></C:is-not-defined>", "valid-filter"),
        ('<C:time-range start="20261124T000000Z"><D:x/></C:time-range>', "valid-filter"),
        ('<C:time-range start="20261124T000000Z" zone="x"/>', "valid-filter"),
        ('<C:comp-filter name="VEVENT"/>', "valid-filter"),
        ('<C:comp-filter name="VALARM"><C:comp-filter name="VEVENT"/></C:comp-filter>', "valid-filter"),
        ('<C:prop-filter name="SUM MARY"/>', "valid-filter"),
        ('<C:prop-filter name="SUMMARY" test="anyof"/>', "valid-filter"),
        (prop("DTSTART", day(7) + "<C:text-match>x</C:text-match>"), "valid-filter"),
        (prop("DTSTART", "<C:text-match>x</C:text-match><C:text-match>y</C:text-match>"), "valid-filter"),
        (prop("SUMMARY", day(7)), "valid-filter"),
        (prop("SUMMARY", '<C:text-match match-type="equals">x</C:text-match>'), "valid-filter"),
        (prop("DTSTART", '<C:param-filter name="VALUE">DATE</C:param-filter>'), "valid-filter"),
        (prop("SUMMARY", '<C:text-match collation="i;klingon">x</C:text-match>'), "supported-collation"),
        (prop("SUMMARY", '<C:text-match negate-condition="perhaps">x</C:text-match>'), "valid-filter"),
        ('<C:comp-filter name="A">' * 20 + "</C:comp-filter>" * 20, "valid-filter"),
    ],
)  # fmt: skip
def test_a_part_of_a_filter_that_cannot_be_is_refused_with_its_condition(
    maya: Caller, vevent: str, condition: str
) -> None:
    assert maya.query(vevent).conditions[0] == f"{C}{condition}"


TIMEZONE = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTIMEZONE\r\nTZID:X\r\nEND:VTIMEZONE\r\nEND:VCALENDAR\r\n"


@pytest.mark.parametrize("zone", ["", "UTC", an_object()])
def test_a_time_zone_that_is_none_is_refused_with_its_condition(maya: Caller, zone: str) -> None:
    filter_ = '<C:filter><C:comp-filter name="VCALENDAR"/></C:filter>'

    assert maya.report("C:calendar-query", f"{filter_}<C:timezone>{TIMEZONE}</C:timezone>").status == 207
    got = maya.report("C:calendar-query", f"{filter_}<C:timezone>{zone}</C:timezone>")

    assert (got.status, got.conditions[0]) == (403, f"{C}valid-calendar-data")


def test_a_report_of_property_names_gives_names_alone(maya: Caller) -> None:
    maya.put()

    got = maya.report("C:calendar-multiget", f"<D:propname/><D:href>{A}</D:href>")

    names = got.responses[A]
    assert names.has(f"{D}getetag")
    assert all(not tree.text and not len(tree) for _, tree in names.properties.values())


@pytest.mark.parametrize("content", ["<D:allprop/><D:propname/>", "<D:prop/><D:allprop/>", "<D:prop/><D:prop/>"])
def test_properties_are_asked_for_in_one_way(maya: Caller, content: str) -> None:
    assert maya.request("PROPFIND", CALENDAR, f"<D:propfind {SPACES}>{content}</D:propfind>").status == 400
    assert maya.report("C:calendar-multiget", f"{content}<D:href>{A}</D:href>").status == 400


@pytest.mark.parametrize(
    "kind", ['content-type="application/calendar+json"', 'content-type="text/calendar" version="3.0"']
)
def test_other_kinds_of_calendar_data_are_refused(maya: Caller, kind: str) -> None:
    assert maya.query("", f"<C:calendar-data {kind}/>").conditions[0] == f"{C}supported-calendar-data"


def test_an_expanded_query_brings_each_instance_in_utc(three: Caller) -> None:
    within = 'start="20261201T000000Z" end="20261215T000000Z"'
    props = f"<C:calendar-data><C:expand {within}/></C:calendar-data>"

    responses = three.query(f"<C:time-range {within}/>", props).responses

    data = responses[CALENDAR + "w.ics"].text(f"{C}calendar-data") or ""
    assert data.count("BEGIN:VEVENT") == 2
    assert "DTSTART:20261207T220000Z" in data
    assert "RRULE" not in data


def test_an_object_that_is_one_override_alone_does_not_spoil_an_expanded_query(three: Caller) -> None:
    three.put("o.ics", an_object("o@example", "RECURRENCE-ID;TZID=Australia/Sydney:20261124T090000"))
    within = 'start="20261101T000000Z" end="20261201T000000Z"'

    got = three.query(f"<C:time-range {within}/>", f"<C:calendar-data><C:expand {within}/></C:calendar-data>")

    assert {CALENDAR + "o.ics", A} <= set(got.responses)


def test_only_the_overrides_that_matter_are_sent_where_that_is_asked_for(maya: Caller) -> None:
    override = an_object("w@example", "RECURRENCE-ID;TZID=Australia/Sydney:20261215T090000").partition("BEGIN:VEVENT")[
        2
    ]
    text = WEEKLY.replace("END:VCALENDAR\r\n", "BEGIN:VEVENT" + override)
    maya.put("w.ics", text)
    limit = (
        '<C:calendar-data><C:limit-recurrence-set start="20261201T000000Z" end="20261205T000000Z"/></C:calendar-data>'
    )

    (response,) = maya.query("", limit).responses.values()

    assert (response.text(f"{C}calendar-data") or "").count("BEGIN:VEVENT") == 1


@pytest.mark.parametrize("span", ['start="20261201T000000Z"', "", 'start="20261202T000000Z" end="20261201T000000Z"'])
def test_an_expansion_without_bounds_is_a_bad_request(maya: Caller, span: str) -> None:
    assert maya.query("", f"<C:calendar-data><C:expand {span}/></C:calendar-data>").status == 400


def test_a_free_busy_query_tells_when_and_not_what(three: Caller) -> None:
    got = three.report("C:free-busy-query", '<C:time-range start="20261123T000000Z" end="20261201T000000Z"/>')

    assert got.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert b"FREEBUSY;FBTYPE=BUSY:20261123T220000Z/20261123T230000Z" in got.body
    assert b"SUMMARY" not in got.body


@pytest.mark.parametrize("content", ["", "<C:time-range/>", '<C:time-range start="x" end="y"/>'])
def test_a_free_busy_query_without_a_range_is_a_bad_request(maya: Caller, content: str) -> None:
    assert maya.report("C:free-busy-query", content).status == 400


@pytest.mark.parametrize(
    "name", ["D:expand-property", "D:principal-property-search", "D:principal-search-property-set", "C:x", "D:propfind"]
)
@pytest.mark.parametrize("path", ["/", HOME, CALENDAR])
def test_a_report_that_is_not_supported_says_so(maya: Caller, name: str, path: str) -> None:
    got = maya.report(name, "", path)

    assert (got.status, got.conditions[0]) == (403, f"{D}supported-report")


def test_a_report_on_a_calendar_that_is_not_there_is_404(maya: Caller) -> None:
    assert maya.report("D:sync-collection", "<D:sync-token/>", "/maya/nowhere/").status == 404


@pytest.mark.parametrize(
    "preference", [{"prefer": 'return="minimal"'}, {"prefer": "respond-async, return=minimal"}, {"brief": "t"}]
)
def test_what_is_not_there_needs_no_mention_where_the_client_says_so(maya: Caller, preference: dict[str, str]) -> None:
    maya.put()

    asked = maya.propfind(CALENDAR, "D:displayname", "D:nothing", depth="1", **preference)
    body = f"<D:sync-collection {SPACES}><D:sync-token/><D:prop><D:nothing/></D:prop></D:sync-collection>"
    reported = maya.request("REPORT", CALENDAR, body, **preference)

    assert b"nothing" not in asked.body
    assert b"404" not in asked.body
    assert set(asked.responses) == {CALENDAR, A}
    assert b"nothing" not in reported.body
    assert b"<D:propstat><D:prop></D:prop><D:status>HTTP/1.1 200 OK" in reported.body
