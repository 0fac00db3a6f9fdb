"""Each reason for which the gate refuses, as the client is told it: status, condition, privilege, sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from hxdav.dav.conditions import Missing, refused
from hxdav.domain.edit import Refused
from hxdav.domain.integration import IntegrationState
from hxdav.domain.refusal import SENTENCES, Reason
from tests.builders import an_object
from tests.integration.dav.caller import CALENDAR, C, Caller, D

MESSAGE = "{urn:hxdav}message"
TASK = an_object().replace("VEVENT", "VTODO").replace("DTEND", "DUE")
TWO = an_object().replace("END:VCALENDAR", an_object("two@example").partition("2.0\r\n")[2].partition("\r\n")[2])


def at(day: str) -> str:
    return an_object(
        start=f"DTSTART;TZID=Australia/Sydney:{day}T090000", end=f"DTEND;TZID=Australia/Sydney:{day}T100000"
    )


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("not a calendar", "valid-calendar-data"),
        ("", "valid-calendar-data"),
        (an_object(start=""), "valid-calendar-data"),
        (an_object(end="DTEND;TZID=Australia/Sydney:20261123T100000"), "valid-calendar-data"),
        (an_object(summary="bell\x07"), "valid-calendar-data"),
        (an_object(summary="Müller").encode("latin-1"), "valid-calendar-data"),
        (an_object().replace("VERSION:2.0", "VERSION:1.0"), "supported-calendar-data"),
        (TWO, "valid-calendar-object-resource"),
        (an_object().replace("VERSION:2.0", "VERSION:2.0\r\nMETHOD:REQUEST"), "valid-calendar-object-resource"),
        (TASK, "supported-calendar-component"),
        (an_object("a@x", "RRULE:FREQ=SECONDLY"), "max-instances"),
        (an_object("a@x", "RRULE:FREQ=MONTHLY;BYMONTHDAY=1;BYSETPOS=2"), "max-instances"),
        (an_object("a@x", "RRULE:RSCALE=CHINESE;FREQ=YEARLY"), "supported-rscale"),
        (at("20261031"), "min-date-time"),
        (at("20270801"), "max-date-time"),
    ],
)
def test_a_body_that_cannot_be_kept_is_refused_with_its_condition(
    maya: Caller, text: str | bytes, condition: str
) -> None:
    got = maya.request("PUT", CALENDAR + "a.ics", text)

    assert got.status == 403
    assert got.conditions == [f"{C}{condition}", f"{D}need-privileges", MESSAGE]
    assert got.sentence.endswith(".")
    assert maya.world.shown(maya.integration_id) == {}


def test_a_uid_that_is_shown_already_is_refused_with_its_address(maya: Caller) -> None:
    maya.put("a b.ics")

    got = maya.put("c.ics")

    assert got.conditions[0] == f"{C}no-uid-conflict"
    assert got.tree.findtext(f"{C}no-uid-conflict/{D}href") == CALENDAR + "a%20b.ics"


def test_another_uid_at_the_same_address_is_refused(maya: Caller) -> None:
    maya.put()

    got = maya.put(text=an_object("other@example"))

    assert got.conditions[0] == f"{C}no-uid-conflict"
    assert got.tree.findtext(f"{C}no-uid-conflict/{D}href") == CALENDAR + "a.ics"


def test_one_octet_too_many_is_too_many(maya: Caller) -> None:
    base = an_object("a@x", "DESCRIPTION:")
    fits = base.replace("DESCRIPTION:", "DESCRIPTION:" + "x" * (1_000_000 - len(base)))

    assert maya.put(text=fits.replace("xSUMMARY", "SUMMARY")).status == 201
    got = maya.put("b.ics", fits.replace("a@x", "bb@x"))
    assert got.conditions[0] == f"{C}max-resource-size"


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_status_and_a_sentence(reason: Reason) -> None:
    answer = refused(Refused(reason=reason), Missing(url="/x", privilege="write-content"))

    assert answer.status in {403, 404, 412}
    assert answer.body is not None
    assert SENTENCES[reason].encode() in answer.body.replace(b"&#13;", b"")
    assert (b"need-privileges" in answer.body) is (answer.status == 403)


def test_what_is_refused_comes_back_with_the_next_sync(maya: Caller) -> None:
    maya.put()
    token = maya.sync().sync_token
    etag = maya.request("GET", CALENDAR + "a.ics").headers["ETag"]

    maya.put(text="nonsense")

    (healed,) = maya.sync(token).responses.values()
    assert healed.text(f"{D}getetag") != etag


@pytest.mark.parametrize("state", [IntegrationState.SUSPENDED, IntegrationState.DISCONNECTED])
def test_a_calendar_that_is_closed_refuses_with_a_privilege_and_no_condition(
    maya: Caller, state: IntegrationState
) -> None:
    with maya.world.store.transaction() as tx:
        tx.integrations.set_state(maya.integration_id, state)

    assert maya.put().conditions == [f"{D}need-privileges", MESSAGE]


DATA = sorted((Path(__file__).parents[2] / "data").glob("*.ics"))


@pytest.mark.parametrize("path", DATA, ids=lambda path: path.name)
def test_no_sample_poisons_the_calendar_that_takes_it(maya: Caller, path: Path) -> None:
    maya.put("good.ics", an_object("good@example"))

    assert maya.request("PUT", CALENDAR + "sample.ics", path.read_bytes()).status in {201, 403}

    span = '<C:time-range start="20250101T000000Z" end="20280101T000000Z"/>'
    expanded = (
        '<D:getetag/><C:calendar-data><C:expand start="20261101T000000Z" end="20261201T000000Z"/></C:calendar-data>'
    )
    assert CALENDAR + "good.ics" in maya.query(span, expanded).responses
    assert (
        CALENDAR + "good.ics"
        in maya.query('<C:prop-filter name="SUMMARY"><C:text-match>super</C:text-match></C:prop-filter>').responses
    )
    assert (
        maya.report("C:free-busy-query", '<C:time-range start="20261101T000000Z" end="20261201T000000Z"/>').status
        == 200
    )
    assert maya.request("GET", CALENDAR).status == 200
    assert maya.propfind(CALENDAR, "D:getcontentlength", depth="1").status == 207
