"""Two calendar clients as their request sequences are known: what they send, keep, and do about a refusal.

Each has a local copy that a person edits, and ``sync()``. Where a client's own answer to a refusal is not known, the
replay does the least that it could: it waits for the server to report the object again.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from urllib.parse import quote
from xml.sax.saxutils import escape

import httpx

DAV = "{DAV:}"
CALDAV = "{urn:ietf:params:xml:ns:caldav}"
_SPACES = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:CS="http://calendarserver.org/ns/"'
_CALENDAR = {"Content-Type": "text/calendar; charset=utf-8"}

NOT_FOUND = 404
CONFLICT = 409
GONE = 410
STALE = 412


class SyncAborted(Exception):
    """The client gives this synchronisation up: what it had not sent or asked for by then waits for the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """One response of a multistatus, with those properties that it has."""

    href: str
    status: int
    properties: dict[str, ET.Element]

    def text(self, name: str) -> str:
        """A property's text, empty where there is none."""
        found = self.properties.get(name)
        return "" if found is None else found.text or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Multistatus:
    """What a PROPFIND or REPORT is answered with (RFC 4918 §13, RFC 6578 §6.2)."""

    responses: tuple[Reported, ...]
    sync_token: str


@dataclass(slots=True)
class LocalObject:
    """The client's copy of an object; ``etag`` is None where the server has not named one for it."""

    text: str
    etag: str | None = None
    dirty: bool = False


class ReplayedClient(ABC):
    """A client with a local copy of one calendar."""

    batch: int
    """How many objects it asks for in one multiget."""
    report_depth: str

    def __init__(self, http: httpx.Client, calendar_path: str) -> None:
        self.http = http
        self.calendar_path = calendar_path
        self.objects: dict[str, LocalObject] = {}
        self.refused: list[httpx.Response] = []
        self._removed: dict[str, str | None] = {}
        self._sync_token = ""

    # What the person does.

    def add(self, name: str, text: str) -> str:
        """Add an object; its href."""
        href = self.calendar_path + quote(name)
        self.objects[href] = LocalObject(text=text, dirty=True)
        return href

    def edit(self, href: str, text: str) -> None:
        """Change an object."""
        self.objects[href].text = text
        self.objects[href].dirty = True

    def remove(self, href: str) -> None:
        """Remove an object."""
        self._removed[href] = self.objects.pop(href).etag

    def href_of(self, words: str) -> str:
        """Where the one object is whose text has these words."""
        (href,) = [href for href, local in self.objects.items() if words in local.text]
        return href

    # What the client does.

    @abstractmethod
    def sync(self) -> None:
        """Bring both sides together."""

    def _uploaded(self) -> bool:
        """Send what was removed and changed locally; whether there was anything."""
        removed, self._removed = self._removed, {}
        for href, etag in removed.items():
            self._delete(href, etag)
        dirty = [href for href, local in self.objects.items() if local.dirty]
        for href in dirty:
            self._put(href, self.objects[href])
        return bool(removed or dirty)

    @abstractmethod
    def _delete(self, href: str, etag: str | None) -> None: ...

    @abstractmethod
    def _put(self, href: str, local: LocalObject) -> None: ...

    def _download_changes(self) -> None:
        """Ask what has changed and take it over (RFC 6578 §3.2), from the start where the token is refused."""
        listed = self._listed(self._sync_token)
        if listed is None:
            listed = self._listed("")
            assert listed is not None, "the empty sync token was refused"
            self._forget_except({each.href for each in listed.responses})
        self._take_over(listed)
        self._sync_token = listed.sync_token

    def _listed(self, sync_token: str) -> Multistatus | None:
        body = (
            f"<D:sync-collection {_SPACES}><D:sync-token>{escape(sync_token)}</D:sync-token>"
            "<D:sync-level>1</D:sync-level><D:prop><D:getetag/><D:resourcetype/></D:prop></D:sync-collection>"
        )
        response = self._report(self.calendar_path, body, depth=self.report_depth)
        if response.status_code == httpx.codes.FORBIDDEN and "valid-sync-token" in response.text:
            return None
        return _multistatus(response)

    def _forget_except(self, listed: set[str]) -> None:
        for href in [href for href, local in self.objects.items() if local.etag and href not in listed]:
            del self.objects[href]

    def _take_over(self, listed: Multistatus) -> None:
        wanted = []
        for each in listed.responses:
            known = self.objects.get(each.href)
            if each.status == NOT_FOUND:
                self.objects.pop(each.href, None)
            elif known is None or known.etag != each.text(f"{DAV}getetag"):
                wanted.append(each.href)
        for batch in _batches(wanted, self.batch):
            self._multiget(batch)

    def _multiget(self, hrefs: Sequence[str]) -> None:
        listed = "".join(f"<D:href>{escape(href)}</D:href>" for href in hrefs)
        body = (
            f"<C:calendar-multiget {_SPACES}><D:prop><D:getetag/><C:calendar-data/></D:prop>{listed}"
            "</C:calendar-multiget>"
        )
        for each in _multistatus(self._report(self.calendar_path, body, depth="1")).responses:
            if each.status == NOT_FOUND:
                continue
            etag, text = each.text(f"{DAV}getetag"), each.text(f"{CALDAV}calendar-data")
            assert etag, f"{each.href} came without an entity tag"
            assert text, f"{each.href} came without its text"
            self.objects[each.href] = LocalObject(text=text, etag=etag)

    def _report(self, path: str, body: str, *, depth: str) -> httpx.Response:
        headers = {"Depth": depth, "Content-Type": "application/xml; charset=utf-8"}
        return self.http.request("REPORT", path, content=body, headers=headers)

    def _propfind(self, path: str, properties: str, *, depth: str) -> Multistatus:
        body = f"<D:propfind {_SPACES}><D:prop>{properties}</D:prop></D:propfind>"
        headers = {"Depth": depth, "Content-Type": "application/xml; charset=utf-8"}
        return _multistatus(self.http.request("PROPFIND", path, content=body, headers=headers))


class DavX5Replay(ReplayedClient):
    """DAVx5: uploads first, conditionally; treats a refusal as a conflict only where a privilege is said to lack."""

    batch = 10
    report_depth = "0"

    def sync(self) -> None:
        state = self._state()
        if self._uploaded():
            state = self._state()
        if state != self._sync_token:
            self._download_changes()

    def _state(self) -> str:
        properties = "<D:supported-report-set/><CS:getctag/><D:sync-token/><C:max-resource-size/>"
        (calendar,) = self._propfind(self.calendar_path, properties, depth="0").responses
        reports = calendar.properties[f"{DAV}supported-report-set"]
        assert reports.find(f".//{DAV}sync-collection") is not None, "sync-collection is not offered"
        return calendar.text(f"{DAV}sync-token")

    def _delete(self, href: str, etag: str | None) -> None:
        # The local copy is gone whatever the server says; what it kept comes back when it is reported again.
        response = self.http.delete(href, headers={"If-Match": etag} if etag else {})
        if response.is_error:
            self.refused.append(response)

    def _put(self, href: str, local: LocalObject) -> None:
        precondition = {"If-Match": local.etag} if local.etag else {"If-None-Match": "*"}
        response = self.http.put(href, content=local.text, headers={**_CALENDAR, **precondition})
        if response.is_success:
            local.etag, local.dirty = response.headers.get("ETag"), False
            return
        self.refused.append(response)
        if response.status_code in {NOT_FOUND, GONE} and local.etag:
            local.etag = None
            self._put(href, local)
        elif response.status_code not in {CONFLICT, STALE} and not _lacks_privilege(response):
            raise SyncAborted(f"{response.status_code} without need-privileges")


class AppleReplay(ReplayedClient):
    """Apple's calendars: look at the home first, create without a precondition, fetch what has no entity tag."""

    batch = 50
    report_depth = "1"

    def __init__(self, http: httpx.Client, calendar_path: str) -> None:
        super().__init__(http, calendar_path)
        self.home_path = calendar_path.rstrip("/").rpartition("/")[0] + "/"

    def sync(self) -> None:
        self._look_at_home()
        if self._uploaded() or self._look_at_home() != self._sync_token:
            self._download_changes()

    def _look_at_home(self) -> str:
        properties = (
            "<D:displayname/><D:resourcetype/><D:current-user-privilege-set/><D:sync-token/><CS:getctag/>"
            "<C:supported-calendar-component-set/><D:owner/><D:quota-used-bytes/>"
        )
        listed = self._propfind(self.home_path, properties, depth="1")
        (calendar,) = [each for each in listed.responses if each.href == self.calendar_path]
        return calendar.text(f"{DAV}sync-token")

    def _delete(self, href: str, etag: str | None) -> None:
        response = self.http.delete(href)
        if response.is_error and response.status_code != NOT_FOUND:
            self.refused.append(response)

    def _put(self, href: str, local: LocalObject) -> None:
        precondition = {"If-Match": local.etag} if local.etag else {}
        response = self.http.put(href, content=local.text, headers={**_CALENDAR, **precondition})
        if response.is_success:
            local.etag, local.dirty = response.headers.get("ETag"), False
        else:
            self.refused.append(response)
        if response.status_code == STALE or (response.is_success and local.etag is None):
            self._get(href)

    def _get(self, href: str) -> None:
        response = self.http.get(href).raise_for_status()
        self.objects[href] = LocalObject(text=response.text, etag=response.headers["ETag"])


def _lacks_privilege(response: httpx.Response) -> bool:
    if response.status_code != httpx.codes.FORBIDDEN:
        return False
    return ET.fromstring(response.content).find(f"{DAV}need-privileges") is not None


def _multistatus(response: httpx.Response) -> Multistatus:
    if response.status_code != httpx.codes.MULTI_STATUS:
        raise SyncAborted(f"{response.request.method} answered {response.status_code}: {response.text}")
    root = ET.fromstring(response.content)
    responses = tuple(_reported(each) for each in root.iterfind(f"{DAV}response"))
    return Multistatus(responses=responses, sync_token=root.findtext(f"{DAV}sync-token", ""))


def _reported(response: ET.Element) -> Reported:
    properties = {
        prop.tag: prop
        for propstat in response.iterfind(f"{DAV}propstat")
        if _status(propstat) == httpx.codes.OK
        for prop in propstat.iterfind(f"{DAV}prop/*")
    }
    return Reported(href=response.findtext(f"{DAV}href", ""), status=_status(response), properties=properties)


def _status(parent: ET.Element) -> int:
    line = parent.findtext(f"{DAV}status")
    return int(line.split()[1]) if line else 200


def _batches(hrefs: Iterable[str], size: int) -> Iterator[list[str]]:
    remaining = iter(hrefs)
    while batch := list(islice(remaining, size)):
        yield batch
