"""What no client should send: never a 500, never anything stored, never a wait."""

from __future__ import annotations

import logging

import pytest

from hxdav import log
from hxdav.budget import Budget, within
from hxdav.dav.storage import ReadOnly, ReadOnlyStorage
from tests.builders import an_object
from tests.integration.dav.caller import CALENDAR, HOME, SPACES, Caller
from tests.waiting import at_once

BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]><D:propfind xmlns:D='DAV:'><D:prop><D:x>&j;</D:x></D:prop></D:propfind>"
)
BODIES = [
    "", " ", "<", "x", "<a/>", "<a><b></a>", BOMB, '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
    "<D:propfind xmlns:D='DAV:'/>", "<D:propfind xmlns:D='DAV:'><D:prop/></D:propfind>",
    "<propfind/>", '<?xml version="1.0" encoding="klingon"?><a/>', '<?xml version="1.0" encoding="utf-32"?><a/>',
    b"\xff\xfe<\x00a\x00/\x00>\x00", b"\xff\xff", b"\x00" * 100, "<a>" * 5000, "<a>" * 5000 + "</a>" * 5000,
    f"<D:sync-collection {SPACES}/>", f"<C:calendar-multiget {SPACES}/>", f"<C:calendar-query {SPACES}/>",
    f"<C:calendar-multiget {SPACES}><D:prop><C:calendar-data/></D:prop><D:href/></C:calendar-multiget>",
    f"<C:free-busy-query {SPACES}/>", f"<D:propertyupdate {SPACES}/>",
    f"<D:propertyupdate {SPACES}><D:set/></D:propertyupdate>",
    f"<D:propfind {SPACES}><D:prop><x xmlns=''/><D:prop xmlns:D='&#x41;'/></D:prop></D:propfind>",
    f"<D:propfind {SPACES}><D:prop><x xmlns='&quot;&gt;&lt;a'/></D:prop></D:propfind>",
    f"<D:propfind {SPACES}><D:allprop/><D:propname/></D:propfind>",
]  # fmt: skip


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("path", ["/", HOME, CALENDAR, CALENDAR + "a.ics"])
def test_no_body_is_a_server_error(maya: Caller, body: str | bytes, path: str) -> None:
    maya.put()

    for method in ("PROPFIND", "REPORT", "PROPPATCH", "MKCALENDAR", "MKCOL", "POST", "MOVE"):
        for depth in ("0", "1"):
            got = maya.request(method, path, body, depth=depth)
            assert got.status < 500, (method, got)
            if got.status == 207:
                assert got.responses or method == "REPORT"
    assert maya.request("GET", CALENDAR + "a.ics").body.decode() == an_object()


@pytest.mark.parametrize("method", ["PROPFIND", "REPORT", "PROPPATCH"])
def test_an_xml_bomb_is_refused_without_being_unfolded(maya: Caller, method: str) -> None:
    with at_once(processor_seconds=0.5):
        assert maya.request(method, CALENDAR, BOMB).status == 400


@pytest.mark.parametrize("depth", ["2", "-1", "x", "1,noroot", "0" * 100])
def test_a_depth_that_is_none_is_a_bad_request(maya: Caller, depth: str) -> None:
    assert maya.propfind(CALENDAR, "D:getetag", depth=depth).status == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"if_match": "\x00"},
        {"if_match": '"' * 1000},
        {"if_none_match": ",,,"},
        {"if_modified_since": "Sun, 99 Foo 0000"},
        {"user_agent": "\xff" * 1000},
        {"accept_encoding": "gzip, br;q=0"},
        {"prefer": ";;;="},
        {"destination": "\x00"},
        {"if": "(<urn:x>)"},
    ],
)
def test_no_header_is_a_server_error(maya: Caller, headers: dict[str, str]) -> None:
    maya.put()

    for method in ("GET", "HEAD", "PUT", "DELETE", "MOVE", "PROPFIND", "REPORT"):
        assert maya.request(method, CALENDAR + "a.ics", an_object() if method == "PUT" else b"", **headers).status < 500


def test_an_unforeseen_error_is_a_sentence_at_once_and_a_line_without_anything_confidential(
    maya: Caller, capsys: pytest.CaptureFixture[str]
) -> None:
    log.configure(level="warning", as_json=True)
    # A row that no version of hxdav writes stands for whatever goes wrong inside.
    maya.put("secret-name.ics", an_object(summary="Ann Patient"))
    with maya.world.store.transaction() as tx:
        tx.connection.exec_driver_sql("UPDATE mirror SET uid = 'x'")
        tx.connection.exec_driver_sql("UPDATE appointment SET text = 'BEGIN:UID Ann Patient'")

    with at_once(processor_seconds=2):
        answers = [
            maya.request("GET", CALENDAR),
            maya.query('<C:prop-filter name="SUMMARY"/>'),
            maya.report("C:free-busy-query", '<C:time-range start="20261101T000000Z" end="20261201T000000Z"/>'),
        ]

    assert {got.status for got in answers} == {500}
    assert all(b"administrator" in got.body for got in answers)
    logged = capsys.readouterr()
    assert "request_failed" in logged.out + logged.err
    assert "Ann" not in logged.out + logged.err
    assert "secret-name" not in logged.out + logged.err


def test_the_host_library_says_nothing_below_a_warning(maya: Caller, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        maya.put()
        maya.propfind(HOME, "D:displayname", depth="1")
        maya.propfind("/maya/nowhere/", "D:displayname")

    assert [record for record in caplog.records if record.name == "radicale"] == []


def test_nothing_can_be_written_past_the_gate() -> None:
    storage = ReadOnlyStorage.__new__(ReadOnlyStorage)

    with pytest.raises(ReadOnly), storage.acquire_lock("w"):
        pass
    for write in (storage.create_collection, storage.move):
        with pytest.raises(ReadOnly):
            write("/maya/new/")


def test_the_etag_of_a_put_is_that_of_every_read(maya: Caller) -> None:
    etag = maya.put().headers["ETag"]

    assert {
        maya.request("GET", CALENDAR + "a.ics").headers["ETag"],
        *(each.text("{DAV:}getetag") for each in maya.sync().responses.values()),
        *(each.text("{DAV:}getetag") for each in maya.query("").responses.values()),
    } == {etag}


def many_overrides(count: int) -> str:
    master = an_object("s@example", "RRULE:FREQ=HOURLY;COUNT=5000")
    overrides = "".join(
        f"BEGIN:VEVENT\r\nUID:s@example\r\nDTSTAMP:20261101T000000Z\r\nRECURRENCE-ID:{moment}\r\n"
        f"DTSTART:{moment}\r\nEND:VEVENT\r\n"
        for moment in (f"2027{n // 672 + 1:02}{n // 24 % 28 + 1:02}T{n % 24:02}0000Z" for n in range(count))
    )
    return master.replace("END:VCALENDAR", f"{overrides}END:VCALENDAR")


@pytest.mark.parametrize(
    ("text", "condition", "sentence"),
    [
        (an_object("a@example", *["X-A:1"] * 60_000), "max-resource-size", "60,000 lines"),
        (many_overrides(1001), "max-instances", "1,000 of its occurrences"),
        (an_object("a@example", "RDATE:" + ",".join(["20270101T000000Z"] * 3001)), "max-instances", "3,000"),
    ],
    ids=["lines", "overrides", "single dates"],
)
def test_what_takes_long_to_read_is_refused_with_its_condition(
    maya: Caller, text: str, condition: str, sentence: str
) -> None:
    answer = maya.put("a.ics", text)

    assert answer.status == 403
    assert answer.conditions[0] == f"{{urn:ietf:params:xml:ns:caldav}}{condition}"
    assert sentence in answer.sentence


@pytest.mark.parametrize("report", ["query", "free-busy"])
def test_a_report_that_finds_too_much_for_one_answer_is_refused(maya: Caller, report: str) -> None:
    for number in range(4):
        maya.put(f"{number}.ics", an_object(f"{number}@example", "RRULE:FREQ=HOURLY;COUNT=300"))
    within_range = 'start="20261101T000000Z" end="20280101T000000Z"'

    with within(Budget(units=1000)):
        if report == "query":
            answer = maya.query(
                f"<C:time-range {within_range}/>", f"<C:calendar-data><C:expand {within_range}/></C:calendar-data>"
            )
        else:
            answer = maya.report("C:free-busy-query", f"<C:time-range {within_range}/>")

    assert answer.status == 403
    assert answer.conditions[0] == "{DAV:}number-of-matches-within-limits"
    assert "Ask for a shorter time" in answer.sentence
