"""Every calendar file that others collected, and every sample of our own, put over HTTP as its verdict says."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

import httpx
import pytest

from hxdav.dav.application import make_application
from hxdav.dav.settings import DavSettings
from hxdav.domain.ids import Uid
from hxdav.domain.policy import Policy
from hxdav.domain.times import Interval
from hxdav.ical.objects import CalendarObject, object_of, read_object
from hxdav.ical.patch import replace_uid
from hxdav.ical.recurrence import extent, instances
from hxdav.ical.split import SplitObject
from hxdav.secrets.keyring import Keyring
from hxdav.services.appointments.ics_import import AT_ONCE, Fate, import_objects
from hxdav.store.store import Store
from tests.builders import BY_PRACTICE, SYDNEY, MovableClock, PracticeWorld, a_practice, a_store
from tests.splitting import split
from tests.verdicts import CORPUS, SAMPLES, TESTS, Verdict, needs_corpus, verdicts

CONDITIONS = {
    "not_calendar_data": "valid-calendar-data",
    "unsupported_calendar_data": "supported-calendar-data",
    "not_one_object": "valid-calendar-object-resource",
    "wrong_component": "supported-calendar-component",
    "too_large": "max-resource-size",
    "too_many_instances": "max-instances",
    "unsupported_rscale": "supported-rscale",
}
"""RFC 4791 §5.3.2.1, RFC 7529 §6."""

MENDED = {"torn_character.ics"}
"""What is not kept to the octet: a fold in the middle of a character, which becomes whole."""

KEYRING = Keyring(b"c" * 32)
OPEN = Policy(window_days=None)

DAV = "{DAV:}"
CALDAV = "{urn:ietf:params:xml:ns:caldav}"
SPACES = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'


class Calendar:
    """An empty calendar of a practitioner of its own, and the client that puts into it."""

    def __init__(self, http: httpx.Client, practice: PracticeWorld, username: str) -> None:
        self.integration_id = practice.integration(f"hx-{username}")
        self.practice = practice
        self.path = f"/{username}/hx-{username}/"
        self._http = http
        self._auth = (username, practice.app_password())

    def request(
        self, method: str, href: str = "", content: bytes | str = b"", headers: dict[str, str] | None = None
    ) -> httpx.Response:
        return self._http.request(method, self.path + href, content=content, headers=headers, auth=self._auth)

    def report(self, body: str) -> list[ET.Element]:
        response = self.request("REPORT", content=body, headers={"Depth": "1", "Content-Type": "application/xml"})
        assert response.status_code == httpx.codes.MULTI_STATUS, response.text
        return list(ET.fromstring(response.content).iterfind(f"{DAV}response"))

    def bring_in(self, parts: Sequence[SplitObject]) -> list[Fate]:
        """Import what a file was split into, with the practice's word."""
        with self.practice.store.transaction() as tx:
            done = import_objects(
                tx,
                self.practice.clock,
                OPEN,
                practitioner_id=self.practice.practitioner_id,
                objects=parts,
                source=BY_PRACTICE,
            )
        return [each.fate for each in done]

    def is_empty(self) -> bool:
        return self.practice.shown(self.integration_id) == {}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = a_store(f"sqlite:///{tmp_path_factory.mktemp('corpus')}/store.sqlite")
    yield store
    store.close()


@pytest.fixture(scope="module")
def http(store: Store) -> Iterator[httpx.Client]:
    application = make_application(
        store=store, keyring=KEYRING, clock=MovableClock(), policy=OPEN, settings=DavSettings()
    )
    with httpx.Client(transport=httpx.WSGITransport(app=application), base_url="http://calendar.example") as client:
        yield client


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    return count()


@pytest.fixture
def calendar(store: Store, http: httpx.Client, numbers: Iterator[int]) -> Calendar:
    username = f"user{next(numbers)}"
    practice = replace(a_practice(store, key=username, username=username), keyring=KEYRING)
    return Calendar(http, practice, username)


@needs_corpus
@pytest.mark.parametrize("expected", verdicts(TESTS / "corpus.toml", CORPUS))
def test_a_file_of_others_meets_its_verdict_over_http(expected: Verdict, calendar: Calendar) -> None:
    meets(expected, calendar)


@pytest.mark.parametrize("expected", verdicts(SAMPLES / "verdicts.toml", SAMPLES))
def test_a_sample_meets_its_verdict_over_http(expected: Verdict, calendar: Calendar) -> None:
    meets(expected, calendar)


def meets(expected: Verdict, calendar: Calendar) -> None:
    body = expected.path.read_bytes()
    match expected.verdict:
        case "accept":
            is_kept(calendar, "object.ics", body, mended=expected.path.name in MENDED)
        case "split":
            assert is_refused(calendar, body) in CONDITIONS.values()
            is_imported(calendar, expected)
        case _:
            assert is_refused(calendar, body) == CONDITIONS[expected.reason]


def is_refused(calendar: Calendar, body: bytes) -> str:
    """The body is refused and nothing of it stored; the condition."""
    response = calendar.request("PUT", "object.ics", body)

    assert response.status_code == httpx.codes.FORBIDDEN, response.text
    error = ET.fromstring(response.content)
    condition, privileges, sentence = list(error)
    assert (error.tag, privileges.tag) == (f"{DAV}error", f"{DAV}need-privileges")
    assert (sentence.text or "").endswith((".", ")"))
    assert calendar.is_empty()
    assert calendar.request("GET", "object.ics").status_code == httpx.codes.NOT_FOUND
    return condition.tag.removeprefix(CALDAV)


def is_kept(calendar: Calendar, href: str, body: bytes, *, mended: bool) -> None:
    """The body is taken, given back to the octet, and found where it takes place."""
    obj = read_object(body)
    response = calendar.request("PUT", href, body)

    assert response.status_code == httpx.codes.CREATED, response.text
    assert ("ETag" in response.headers) is not mended
    kept = calendar.request("GET", href)
    assert kept.content == (obj.text.encode() if mended else body)
    assert response.headers.get("ETag", kept.headers["ETag"]) == kept.headers["ETag"]
    assert multigot(calendar, href) == (kept.headers["ETag"], kept.text)
    for within in spans(obj):
        assert calendar.path + href in queried(calendar, within)


def is_imported(calendar: Calendar, expected: Verdict) -> None:
    """Each object of the file is taken on its own, and the first of them are read where they take place."""
    parts = split(expected.path.read_bytes())
    fates = Counter(
        fate for first in range(0, len(parts), AT_ONCE) for fate in calendar.bring_in(parts[first:][:AT_ONCE])
    )
    superseded = sum(part.superseded for part in parts)
    assert fates == Counter({Fate.ADDED: expected.objects, Fate.REFUSED: expected.refused, Fate.UNCHANGED: superseded})
    for obj in [part.reading for part in parts if isinstance(part.reading, CalendarObject)][:5]:
        for within in spans(obj):
            found = (calendar.request("GET", href.removeprefix(calendar.path)) for href in queried(calendar, within))
            assert under_one_uid(obj.text) in {under_one_uid(each.text) for each in found}


def under_one_uid(text: str) -> str:
    """The text with the UID that every text has here: an object shows another one in each calendar."""
    return replace_uid(text, old=object_of(text).uid, new=Uid("one"))


def multigot(calendar: Calendar, href: str) -> tuple[str | None, str | None]:
    wanted = f"<D:prop><D:getetag/><C:calendar-data/></D:prop><D:href>{escape(calendar.path + href)}</D:href>"
    (response,) = calendar.report(f"<C:calendar-multiget {SPACES}>{wanted}</C:calendar-multiget>")
    return response.findtext(f".//{DAV}getetag"), response.findtext(f".//{CALDAV}calendar-data")


def queried(calendar: Calendar, within: Interval) -> set[str]:
    time_range = f'<C:time-range start="{within.starts:%Y%m%dT%H%M%SZ}" end="{within.ends:%Y%m%dT%H%M%SZ}"/>'
    vevent = f'<C:comp-filter name="VEVENT">{time_range}</C:comp-filter>'
    body = (
        f"<C:calendar-query {SPACES}><D:prop><D:getetag/></D:prop><C:filter>"
        f'<C:comp-filter name="VCALENDAR">{vevent}</C:comp-filter></C:filter></C:calendar-query>'
    )
    return {response.findtext(f"{DAV}href", "") for response in calendar.report(body)}


def spans(obj: CalendarObject) -> Iterator[Interval]:
    """Its first three occurrences one by one, and what they span; nothing where none is left."""
    zone = ZoneInfo(SYDNEY)
    bounds = extent(obj, practice_zone=zone)
    reach = min(bounds.ends or datetime.max.replace(tzinfo=UTC), bounds.starts + timedelta(days=5000))
    whole = Interval(bounds.starts, reach + timedelta(seconds=1))
    first = [each.interval for each in islice(instances(obj, practice_zone=zone, within=whole), 3)]
    for each in first:
        yield Interval(each.starts, max(each.ends, each.starts + timedelta(seconds=1)))
    if first:
        ends = max(each.ends for each in first)
        yield Interval(min(each.starts for each in first), ends + timedelta(seconds=1))
