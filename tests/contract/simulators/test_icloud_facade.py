"""The simulator of iCloud does what iCloud does: told by a client that others wrote, and quirk by quirk."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree as ET

import httpx
import icalendar
import pytest
from caldav.davclient import DAVClient

from tests.simulators.caldav.account import AppleAccount
from tests.simulators.caldav.icloud import ICloud, an_icloud
from tests.simulators.caldav.quirks import FaultKind, Quirks
from tests.simulators.caldav.servers import CaldavAccount, a_radicale, a_xandikos
from tests.simulators.caldav.xmltext import APPLE_ICAL
from tests.simulators.caldav.xmltext import caldav as c
from tests.simulators.caldav.xmltext import dav as d

PROPFIND = '<propfind xmlns="DAV:"><prop>{}</prop></propfind>'
ETAGS = PROPFIND.format("<getetag/>")


def an_event(uid: str = "visit", *, summary: str = "Visit", more: str = "", end: str = "DTEND:20270104T110000Z") -> str:
    lines = (
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN", "BEGIN:VEVENT", f"UID:{uid}", f"SUMMARY:{summary}",
        "DTSTAMP:20270101T000000Z", "DTSTART:20270104T100000Z", end, more, "END:VEVENT", "END:VCALENDAR", "",
    )  # fmt: skip
    return "\r\n".join(line for line in lines if line or line is lines[-1])


@dataclasses.dataclass(frozen=True, kw_only=True)
class Person:
    """An account, with a session at its calendar home whose URLs are below it."""

    account: AppleAccount
    password: str
    http: httpx.Client
    home: str

    def ask(self, method: str, path: str = "home/", body: str = "", **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.request(method, urljoin(self.home, path), content=body, headers=named)

    def put(self, path: str = "home/visit.ics", text: str = "", **headers: str) -> httpx.Response:
        return self.ask("PUT", path, text or an_event(), **headers)

    def etag(self, path: str = "home/visit.ics") -> str:
        return found(self.ask("PROPFIND", path, ETAGS, Depth="0"), d("getetag"))

    def sync_report(self, token: str = "", *, more: str = "") -> httpx.Response:
        body = (
            f'<sync-collection xmlns="DAV:"><sync-token>{token}</sync-token><sync-level>1</sync-level>{more}'
            "<prop><getetag/></prop></sync-collection>"
        )
        return self.ask("REPORT", "home/", body)

    def changes(self, token: str = "", *, more: str = "") -> Changes:
        answer = self.sync_report(token, more=more)
        assert answer.status_code == 207
        return Changes(paths=hrefs(answer), token=ET.fromstring(answer.content).findtext(d("sync-token")) or "")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Changes:
    paths: list[str]
    token: str


def hrefs(answer: httpx.Response) -> list[str]:
    root = ET.fromstring(answer.content)
    return [response.findtext(d("href")) or "" for response in root.iterfind(d("response"))]


def found(answer: httpx.Response, name: str) -> str:
    element = next(ET.fromstring(answer.content).iter(name), None)
    assert element is not None, f"no {name} in {answer.text}"
    return element.text or element.findtext(d("href")) or ""


@pytest.fixture(scope="module")
def icloud() -> Iterator[ICloud]:
    with an_icloud() as service:
        yield service


def a_person(service: ICloud, quirks: Quirks | None = None) -> Iterator[Person]:
    account = service.add_account(f"person{time.monotonic_ns()}@icloud.example", quirks=quirks)
    password = account.new_app_password()
    with httpx.Client(auth=(account.username, password), timeout=30, trust_env=False) as http:
        yield Person(account=account, password=password, http=http, home=urljoin(service.partition_url, account.home))


@pytest.fixture
def person(icloud: ICloud) -> Iterator[Person]:
    yield from a_person(icloud, Quirks(put_without_etag_every=0))


@pytest.fixture
def quirky(icloud: ICloud) -> Iterator[Person]:
    yield from a_person(icloud, Quirks(default_alarms=True, deleted_calendars_come_back=True))


# An independent client ---------------------------------------------------------------------------------------------


def principal_of(independent: DAVClient) -> Any:
    # Its types say of everything that it may as well be a coroutine.
    return independent.get_principal()


@pytest.fixture
def apple(icloud: ICloud, person: Person) -> Iterator[DAVClient]:
    with DAVClient(
        icloud.url, username=person.account.username, password=person.password, features="icloud"
    ) as independent:
        yield independent


def test_a_client_finds_the_calendars_on_the_partition(apple: DAVClient, icloud: ICloud) -> None:
    calendars = principal_of(apple).calendars()

    assert [calendar.get_display_name() for calendar in calendars] == ["Home"]
    assert str(apple.url).startswith(icloud.partition_url)


def test_a_client_makes_a_calendar_and_keeps_objects_in_it(apple: DAVClient, person: Person) -> None:
    calendar = principal_of(apple).make_calendar(name="HX_Harbour Street", cal_id="hx1")

    calendar.add_event(an_event())
    read_back = calendar.get_events()[0]

    assert read_back.get_icalendar_component()["SUMMARY"] == "Visit"
    assert person.account.device.calendars() == {"home": "Home", "hx1": "HX_Harbour Street"}
    assert len(person.account.device.objects("hx1")) == 1


def test_a_client_sees_what_the_device_changed(apple: DAVClient, person: Person) -> None:
    calendar = principal_of(apple).calendars()[0]
    known = calendar.get_objects_by_sync_token(load_objects=True)

    person.account.device.put("home", "a.ics", an_event("a"))
    person.account.device.put("home", "b.ics", an_event("b"))
    person.account.device.delete("home", "a.ics")
    changed, deleted = known.sync()

    assert [urlsplit(str(one.url)).path for one in changed] == [f"{person.account.home}home/b.ics"]
    assert list(deleted) == []


def test_a_client_searches_by_time(apple: DAVClient, person: Person) -> None:
    person.account.device.put("home", "a.ics", an_event("a"))
    calendar = principal_of(apple).calendars()[0]

    def search(month: int) -> list[Any]:
        starts, ends = datetime(2027, month, 1, tzinfo=UTC), datetime(2027, month, 20, tzinfo=UTC)
        return list(calendar.search(start=starts, end=ends, event=True, expand=False))

    assert (len(search(1)), len(search(2))) == (1, 0)


def test_what_comes_back_is_a_calendar_object_still(person: Person) -> None:
    person.put(text=an_event(more="DESCRIPTION:" + "Grüße " * 30 + "Ende" + '\r\nX-OTHER;X-P="a:b":c'))

    calendar = icalendar.Calendar.from_ical(person.ask("GET", "home/visit.ics").text)

    event = calendar.walk("VEVENT")[0]
    assert event["DESCRIPTION"] == "Grüße " * 30 + "Ende"
    assert event["X-OTHER"].params["X-P"] == "a:b"


# Getting in --------------------------------------------------------------------------------------------------------


def test_the_account_s_own_password_does_not_open_it(icloud: ICloud, person: Person) -> None:
    for password in (person.account.password, "abcd-efgh-ijkl-mnop"):
        answer = httpx.request("PROPFIND", icloud.url, auth=(person.account.username, password))

        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'X-MobileMe-AuthToken realm="MMCalDav", Basic realm="MMCalDav"'


def test_a_revoked_password_opens_nothing(person: Person) -> None:
    person.account.revoke(person.password)

    assert person.ask("PROPFIND").status_code == 401


def test_the_way_in_leads_to_another_host(icloud: ICloud, person: Person) -> None:
    principal = person.http.request(
        "PROPFIND", icloud.url, content=PROPFIND.format("<current-user-principal/>"), headers={"Depth": "0"}
    )
    path = found(principal, d("current-user-principal"))
    body = PROPFIND.format('<C:calendar-home-set xmlns:C="urn:ietf:params:xml:ns:caldav"/>')
    home = person.http.request("PROPFIND", urljoin(icloud.url, path), content=body, headers={"Depth": "0"})

    assert found(home, c("calendar-home-set")) == person.home
    assert urlsplit(person.home).netloc != urlsplit(icloud.url).netloc
    assert urlsplit(person.home).hostname != urlsplit(icloud.url).hostname


def test_the_well_known_address_leads_to_the_root(icloud: ICloud) -> None:
    answer = httpx.request("PROPFIND", urljoin(icloud.url, "/.well-known/caldav"))

    assert (answer.status_code, answer.headers["Location"]) == (301, "/")


def test_collections_are_named_by_the_other_host(icloud: ICloud, person: Person) -> None:
    person.put()

    named = hrefs(person.ask("PROPFIND", "home/", ETAGS, Depth="1"))

    assert sorted(named) == sorted([
        f"{person.account.home}home/visit.ics",
        urljoin(icloud.url, f"{person.account.home}home/"),
    ])  # fmt: skip


def test_another_account_s_calendars_are_closed(person: Person, quirky: Person) -> None:
    assert person.ask("PROPFIND", f"{quirky.home}home/").status_code == 403


def test_the_principal_is_not_listed_with_depth_1(person: Person) -> None:
    assert person.ask("PROPFIND", person.account.principal, Depth="1").status_code == 400
    assert person.ask("PROPFIND", person.account.principal, Depth="0").status_code == 207


# Writing -----------------------------------------------------------------------------------------------------------


def test_if_match_of_anything_works_backwards(person: Person) -> None:
    assert person.put(If_Match="*").status_code == 201
    assert person.put(If_Match="*").status_code == 412
    assert person.ask("DELETE", "home/visit.ics", If_Match="*").status_code == 412


def test_an_etag_is_a_condition_as_it_should_be(person: Person) -> None:
    etag = person.put(If_None_Match="*").headers["ETag"]

    assert person.put(If_None_Match="*").status_code == 412
    assert person.put(If_Match='"other"').status_code == 412
    assert person.put(text=an_event(summary="Other"), If_Match=etag).is_success
    assert person.ask("DELETE", "home/visit.ics", If_Match=etag).status_code == 412
    assert person.ask("DELETE", "home/visit.ics", If_Match=person.etag()).is_success


def test_a_uid_lives_in_one_calendar_of_the_account(person: Person) -> None:
    person.account.device.make_calendar("other")
    assert person.put().status_code == 201

    refused = person.put("other/visit.ics")
    person.ask("DELETE", "home/visit.ics")

    assert (refused.status_code, b"no-uid-conflict" in refused.content) == (403, True)
    assert person.put("other/visit.ics").status_code == 201


def test_a_uid_of_the_device_counts_too(person: Person) -> None:
    person.account.device.make_calendar("other")
    person.account.device.put("other", "x.ics", an_event())

    assert person.put().status_code == 403
    person.account.device.delete_calendar("other")
    assert person.put().status_code == 201


def test_a_moved_object_takes_its_uid_along(person: Person) -> None:
    person.account.device.make_calendar("other")
    person.put()

    moved = person.ask("MOVE", "home/visit.ics", Destination=urljoin(person.home, "other/visit.ics"))

    assert moved.status_code == 201
    assert list(person.account.device.objects("other")) == ["visit.ics"]
    assert person.put().status_code == 403


def test_an_event_without_an_end_is_refused(person: Person) -> None:
    assert person.put(text=an_event(end="")).status_code == 403
    assert person.put(text=an_event(end="DURATION:PT1H")).status_code == 201


@pytest.mark.parametrize("kind", ["VTODO", "VJOURNAL"])
def test_a_calendar_of_events_takes_nothing_else(person: Person, kind: str) -> None:
    assert person.put(text=an_event().replace("VEVENT", kind)).status_code == 403


def test_tasks_have_calendars_of_their_own(person: Person) -> None:
    kinds = '<C:mkcalendar xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns="DAV:"><set><prop><C:supported-calendar-component-set><C:comp name="{}"/></C:supported-calendar-component-set></prop></set></C:mkcalendar>'  # noqa: E501

    assert person.ask("MKCALENDAR", "tasks/", kinds.format("VTODO")).status_code == 201
    assert person.put("tasks/a.ics", an_event(end="").replace("VEVENT", "VTODO")).status_code == 201
    assert person.ask("MKCALENDAR", "journal/", kinds.format("VJOURNAL")).status_code == 403


def test_sometimes_a_put_is_answered_without_an_etag(quirky: Person) -> None:
    answers = [quirky.put(f"home/{number}.ics", an_event(str(number))) for number in range(6)]

    assert ["ETag" in answer.headers for answer in answers] == [True, True, False, True, True, False]
    assert quirky.etag("home/2.ics")


def test_default_alarms_are_added_where_that_is_switched_on(quirky: Person, person: Person) -> None:
    quirky.put()
    person.put(text=an_event("other"))

    assert "X-APPLE-DEFAULT-ALARM:TRUE" in quirky.ask("GET", "home/visit.ics").text
    assert "VALARM" not in person.ask("GET", "home/visit.ics").text


def test_a_calendar_comes_back_with_its_old_events_where_that_is_switched_on(quirky: Person) -> None:
    for name in ("hx1", "home"):
        quirky.ask("MKCALENDAR", f"{name}/")
    quirky.put("hx1/visit.ics")

    assert quirky.ask("DELETE", "hx1/").is_success
    assert quirky.ask("PROPFIND", "hx1/", ETAGS, Depth="0").status_code == 404
    quirky.ask("MKCALENDAR", "hx1/")

    assert list(quirky.account.device.objects("hx1")) == ["visit.ics"]


@pytest.mark.parametrize(
    ("given", "shown"), [("#ff8800", "#ff8800FF"), ("#ff880080", "#ff880080"), ("blue", "#CB30E0FF")]
)
def test_colours_are_long(person: Person, given: str, shown: str) -> None:
    colour = f'<A:calendar-color xmlns:A="{APPLE_ICAL}">{given}</A:calendar-color>'
    person.ask("PROPPATCH", "home/", f'<propertyupdate xmlns="DAV:"><set><prop>{colour}</prop></set></propertyupdate>')

    asked = person.ask("PROPFIND", "home/", PROPFIND.format(f'<A:calendar-color xmlns:A="{APPLE_ICAL}"/>'), Depth="0")

    assert found(asked, f"{{{APPLE_ICAL}}}calendar-color") == shown


# Reading -----------------------------------------------------------------------------------------------------------


def test_a_sync_report_lists_the_collection_itself_and_heeds_no_limit(icloud: ICloud, person: Person) -> None:
    for number in range(3):
        person.put(f"home/{number}.ics", an_event(str(number)))

    listed = person.changes(more="<limit><nresults>1</nresults></limit>").paths

    members = [f"{person.account.home}home/{number}.ics" for number in range(3)]
    assert sorted(listed) == sorted([*members, urljoin(icloud.url, f"{person.account.home}home/")])


def test_an_etag_changes_without_the_content_and_everybody_hears_of_it(person: Person) -> None:
    person.put()
    before, token, text = person.etag(), person.changes().token, person.account.device.read("home", "visit.ics")

    person.account.touch("home", "visit.ics")

    changes = person.changes(token)
    assert person.etag() != before
    assert f"{person.account.home}home/visit.ics" in changes.paths
    assert f"{person.account.home}home/visit.ics" not in person.changes(changes.token).paths
    assert person.account.device.read("home", "visit.ics") == text
    assert person.put(If_Match=before).status_code == 412
    assert person.put(If_Match=person.etag()).is_success


def test_a_token_expires_on_command(person: Person) -> None:
    token = person.changes().token

    person.account.expire_tokens()
    refused = person.sync_report(token)

    assert (refused.status_code, b"valid-sync-token" in refused.content) == (403, True)
    assert person.changes(person.changes().token).token


def test_objects_come_back_rewritten(person: Person) -> None:
    person.put()

    first, second = (person.ask("GET", "home/visit.ics") for _ in range(2))

    assert "X-APPLE-TRAVEL-ADVISORY-BEHAVIOR" in first.text
    assert "-//test//EN" not in first.text
    assert first.text == second.text
    assert first.headers["ETag"] == person.ask("HEAD", "home/visit.ics").headers["ETag"] == person.etag()
    assert first.headers["Content-Type"] == "text/plain"


def test_a_series_names_the_exceptions_that_were_asked_for(person: Person) -> None:
    series = an_event(more="RRULE:FREQ=WEEKLY;COUNT=9").replace(
        "END:VCALENDAR",
        "BEGIN:VEVENT\r\nUID:visit\r\nDTSTAMP:20270101T000000Z\r\nRECURRENCE-ID:20270118T100000Z\r\n"
        "DTSTART:20270118T120000Z\r\nDTEND:20270118T130000Z\r\nEND:VEVENT\r\nEND:VCALENDAR",
    )
    person.put(text=series)

    def query(start: str, end: str) -> str:
        body = (
            '<C:calendar-query xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns="DAV:"><prop><C:calendar-data/></prop>'
            '<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">'
            f'<C:time-range start="{start}" end="{end}"/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>'
        )
        return found(person.ask("REPORT", "home/", body, Depth="1"), c("calendar-data"))

    body = (
        '<C:calendar-multiget xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns="DAV:"><prop><C:calendar-data/></prop>'
        f"<href>{person.home}home/visit.ics</href></C:calendar-multiget>"
    )
    multiget = person.ask("REPORT", "home/", body)
    assert "X-RECURRENCE-EXCEPTION:20270118T100000Z" in found(multiget, c("calendar-data"))
    assert "X-RECURRENCE-EXCEPTION:20270118T100000Z" in query("20270110T000000Z", "20270120T000000Z")
    assert "X-RECURRENCE-EXCEPTION" not in query("20270101T000000Z", "20270110T000000Z")


def test_asking_for_all_properties_tells_no_resource_type(person: Person) -> None:
    everything = person.ask("PROPFIND", "home/", '<propfind xmlns="DAV:"><allprop/></propfind>', Depth="0")
    named = person.ask("PROPFIND", "home/", PROPFIND.format("<resourcetype/>"), Depth="0")

    assert b"resourcetype" not in everything.content
    assert b"resourcetype" in named.content


def test_few_queries_are_answered(person: Person) -> None:
    person.put(text=an_event(more="CATEGORIES:Work"))

    def report(name: str, inner: str = "") -> httpx.Response:
        body = (
            f'<C:{name} xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns="DAV:"><prop><getetag/></prop>{inner}</C:{name}>'
        )
        return person.ask("REPORT", "home/", body, Depth="1")

    whole = '<C:filter><C:comp-filter name="VCALENDAR">{}</C:comp-filter></C:filter>'
    events = whole.format('<C:comp-filter name="VEVENT">{}</C:comp-filter>')
    category = '<C:prop-filter name="CATEGORIES"><C:text-match>Work</C:text-match></C:prop-filter>'
    assert report("free-busy-query").status_code == 400
    assert hrefs(report("calendar-query", whole.format(""))) == []
    assert hrefs(report("calendar-query", events.format(category))) == []
    assert hrefs(report("calendar-query", events.format(""))) == [f"{person.account.home}home/visit.ics"]


# What goes wrong ---------------------------------------------------------------------------------------------------


def test_a_busy_service_says_when_to_come_back_and_does_nothing(person: Person) -> None:
    person.account.fail(FaultKind.BUSY, times=2, seconds=7)

    answers = [person.put() for _ in range(3)]

    assert [answer.status_code for answer in answers] == [503, 503, 201]
    assert answers[0].headers["Retry-After"] == "7"


@pytest.mark.parametrize("kind", [FaultKind.LOST, FaultKind.TRUNCATED])
def test_an_answer_is_lost_after_it_was_done(person: Person, kind: FaultKind) -> None:
    person.account.fail(kind, method="PUT")
    person.account.fail(kind, method="REPORT")

    if kind is FaultKind.LOST:
        with pytest.raises(httpx.RemoteProtocolError):
            person.put()
    else:
        person.put()
    with pytest.raises(httpx.RemoteProtocolError):
        person.changes()

    assert list(person.account.device.objects("home")) == ["visit.ics"]
    assert person.etag()


def test_listings_come_empty_or_in_part(person: Person) -> None:
    for number in range(4):
        person.account.device.put("home", f"{number}.ics", an_event(str(number)))
    person.account.fail(FaultKind.EMPTY, method="REPORT")
    person.account.fail(FaultKind.PARTIAL, method="REPORT")
    person.account.fail(FaultKind.EMPTY, method="PROPFIND")

    lengths = [len(person.changes().paths) for _ in range(3)]
    listed = hrefs(person.ask("PROPFIND", "home/", ETAGS, Depth="1"))

    assert lengths == [1, 3, 5]
    assert len(listed) == 1
    assert len(hrefs(person.ask("PROPFIND", "home/", ETAGS, Depth="1"))) == 5


def test_other_faults_come_as_they_are_asked_for(person: Person) -> None:
    token = person.changes().token
    person.account.fail(FaultKind.BROKEN, path="broken.ics")
    person.account.fail(FaultKind.STALE_TOKEN)
    person.account.fail(FaultKind.DELAY, method="GET", seconds=0.2)

    started = time.monotonic()
    assert person.ask("GET", "home/none.ics").status_code == 404
    assert time.monotonic() - started >= 0.2
    assert person.put("home/broken.ics").status_code == 500
    assert person.changes().paths
    assert person.sync_report(token).status_code == 403
    assert person.changes(token)


def test_requests_are_counted_by_account(person: Person, quirky: Person) -> None:
    person.put()
    person.ask("GET", "home/visit.ics")
    quirky.ask("GET", "home/visit.ics")

    assert person.account.requests == {"PUT": 1, "GET": 1}
    assert quirky.account.requests.total() == 1


# The device, and the servers beside it -----------------------------------------------------------------------------


def test_the_device_renames_and_deletes_calendars(person: Person) -> None:
    person.account.device.rename_calendar("home", "Zuhause & mehr")
    named = person.ask("PROPFIND", "home/", PROPFIND.format("<displayname/>"), Depth="0")
    person.account.device.delete_calendar("home")

    assert found(named, d("displayname")) == "Zuhause & mehr"
    assert person.ask("PROPFIND", "home/", ETAGS, Depth="0").status_code == 404
    assert person.account.device.calendars() == {}


def test_the_simulator_runs_by_itself() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.simulators.caldav"], stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        said = json.loads(running.stdout.readline())
        answer = httpx.request(
            "PROPFIND", said["url"], auth=(said["username"], said["password"]), headers={"Depth": "0"}
        )
        running.terminate()

    assert answer.status_code == 207
    assert running.returncode == 0


@pytest.mark.parametrize("start", [a_radicale, a_xandikos])
def test_plain_servers_are_as_they_come(start: Any) -> None:
    with start() as account:
        assert isinstance(account, CaldavAccount)
        with DAVClient(account.url, username=account.username, password=account.password) as independent:
            calendar = principal_of(independent).make_calendar(name="HX_Harbour Street", cal_id="hx1")
            calendar.add_event(an_event())
            assert len(calendar.get_events()) == 1
        assert httpx.request("PROPFIND", account.url, auth=(account.username, "wrong")).status_code == 401
