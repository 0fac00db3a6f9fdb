"""What is asked of an account's calendar home: Apple's rules, and what is passed on to the real server."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote
from xml.etree import ElementTree as ET

from tests.simulators.caldav.account import AppleAccount, Since
from tests.simulators.caldav.apple_text import Component, TimeRange, parsed, uid_of, with_default_alarm
from tests.simulators.caldav.listening import Answer, Asked, Backend
from tests.simulators.caldav.outgoing import Outgoing
from tests.simulators.caldav.xmltext import caldav, dav, error, multistatus, path_of, read, write

_KINDS = ("VEVENT", "VTODO")
_COMPONENT_SET = caldav("supported-calendar-component-set")
_OK = 200
_MULTISTATUS = 207
_NOT_FOUND = 404
_REDIRECTS = 300

_REFUSED_REPORTS = {"free-busy-query": 400, "principal-property-search": 403, "principal-match": 403}


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A request below an account's home; ``raw`` is the path there as it came, ``auth`` what the real server wants."""

    account: AppleAccount
    asked: Asked
    outgoing: Outgoing
    backend: Backend
    auth: tuple[str, str]

    @property
    def raw(self) -> str:
        """The path below the home, as it came."""
        return self.asked.path.removeprefix(self.account.home)

    @property
    def path(self) -> str:
        """The path below the home: "calendar/", "calendar/name", or empty."""
        return path_of(self.raw)

    def answer(self) -> Answer:
        """What iCloud says."""
        ours = {
            "PUT": self._put,
            "DELETE": self._delete,
            "MKCALENDAR": self._mkcalendar,
            "MOVE": self._move,
            "REPORT": self._report,
            "PROPFIND": self._propfind,
            "GET": self._get,
            "HEAD": self._get,
        }
        method = ours.get(self.asked.method)
        return method() if method else self.outgoing.multistatus(self._forward())

    # Writing -----------------------------------------------------------------------------------------------------

    def _put(self) -> Answer:
        text = self.asked.body.decode(errors="replace")
        try:
            refused = self._refusal_of(parsed(text))
        except ValueError:
            return Answer(code=400)
        conditions = self._conditions()
        if refused or conditions is None:
            return refused or Answer(code=412)
        if self.account.quirks.default_alarms:
            text = with_default_alarm(text)
        answer = self._forward(body=text.encode(), headers=conditions)
        if answer.code < _REDIRECTS:
            self.account.uids[uid_of(text)] = self.path
            answer = self.outgoing.written(answer, self.path)
        return answer

    def _refusal_of(self, calendar: Component) -> Answer | None:
        """403 for what iCloud will not keep there (``docs/providers.md`` §5.2)."""
        quirks = self.account.quirks
        if quirks.end_required and any(not event.has("DTEND", "DURATION") for event in calendar.of_kind("VEVENT")):
            return _refused(caldav("valid-calendar-data"))
        kinds = {part.name for part in calendar.of_kind("VEVENT", "VTODO", "VJOURNAL")}
        if quirks.one_kind_of_object and kinds - {"VEVENT"} and not kinds <= self._kinds():
            return _refused(caldav("supported-calendar-component"))
        uid = next((part.value("UID") for part in calendar.parts if part.name in kinds), "")
        known = self.account.uids.get(uid, self.path)
        if quirks.uid_once and known.partition("/")[0] != self.path.partition("/")[0]:
            return _refused(caldav("no-uid-conflict"))
        return None

    def _conditions(self) -> Mapping[str, str] | None:
        """The headers for the real server; None where a precondition fails (``If-Match: *`` is read backwards)."""
        headers = dict(self.asked.headers)
        match = headers.get("if-match", "")
        if match == "*" and self.account.quirks.inverted_if_match:
            del headers["if-match"]
            return None if self._exists() else headers
        if match and match != "*":
            headers["if-match"] = self.account.tag_in(self.path, match)
        return headers

    def _delete(self) -> Answer:
        conditions = self._conditions()
        if conditions is None:
            return Answer(code=412)
        calendar = self.path.strip("/")
        if "/" not in calendar and self.account.quirks.deleted_calendars_come_back:
            with contextlib.suppress(AssertionError):
                self.account.buried[calendar] = self.account.device.objects(calendar)
        answer = self._forward(headers=conditions)
        if answer.code < _REDIRECTS:
            self.account.device.forget(self.path)
        return answer

    def _move(self) -> Answer:
        target = path_of(self.asked.headers.get("destination", "")).removeprefix(self.account.home)
        headers = {**self.asked.headers, "destination": quote(f"/{self.account.dsid}/{target}")}
        answer = self._forward(headers=headers)
        if answer.code < _REDIRECTS:
            for uid in [uid for uid, known in self.account.uids.items() if known == self.path]:
                self.account.uids[uid] = target
        return answer

    def _mkcalendar(self) -> Answer:
        root = read(self.asked.body)
        if root is None:
            root = ET.Element(caldav("mkcalendar"))
        if self.account.quirks.one_kind_of_object and not _has_one_kind(root):
            return _refused(_COMPONENT_SET)
        answer = self._forward(body=write(root))
        calendar = self.path.strip("/")
        if answer.code < _REDIRECTS:
            for name, text in self.account.buried.pop(calendar, {}).items():
                self.account.device.put(calendar, name, text)
        return answer

    # Reading -----------------------------------------------------------------------------------------------------

    def _propfind(self) -> Answer:
        asked = read(self.asked.body)
        allprop = asked is None or asked.find(dav("allprop")) is not None
        return self.outgoing.multistatus(self._forward(), allprop=allprop)

    def _get(self) -> Answer:
        answer = self._forward()
        return self.outgoing.calendar_object(answer, self.path) if answer.code == _OK else answer

    def _report(self) -> Answer:
        root = read(self.asked.body)
        if root is None:
            return Answer(code=400)
        kind = root.tag.rpartition("}")[2]
        if self.account.quirks.few_queries:
            if kind == "calendar-query" and not _finds(root):
                return self.outgoing.typed(Answer(code=_MULTISTATUS, body=write(multistatus([]))))
            if kind in _REFUSED_REPORTS:
                return Answer(code=_REFUSED_REPORTS[kind])
        if kind == "sync-collection":
            return self._sync_collection(root)
        if kind == "calendar-multiget":
            for href in root.iterfind(dav("href")):
                below = path_of(href.text or "").removeprefix(self.account.home)
                href.text = quote(f"/{self.account.dsid}/{below}")
        return self.outgoing.multistatus(self._forward(body=write(root)), asked=_time_range(root))

    def _sync_collection(self, root: ET.Element) -> Answer:
        token = root.find(dav("sync-token"))
        since = self.account.token_in((token.text or "").strip() if token is not None else "")
        if since is None:
            return _refused(dav("valid-sync-token"))
        if token is not None:
            token.text = since.token
        if self.account.quirks.limit_ignored:
            for limit in root.findall(dav("limit")):
                root.remove(limit)
        answer = self._forward(body=write(root))
        listed = read(answer.body)
        if answer.code != _MULTISTATUS or listed is None:
            return answer
        listed[0:0] = [*self._itself(), *self._touched(root, since, {_href(known) for known in listed})]
        return self.outgoing.multistatus(replace(answer, body=write(listed)))

    def _itself(self) -> list[ET.Element]:
        """The collection, as a member of itself."""
        body = write(_propfind(dav("getetag")))
        answer = self._forward(method="PROPFIND", body=body, headers={"depth": "0"})
        root = read(answer.body)
        return [] if root is None or not self.account.quirks.collection_in_reports else list(root)

    def _touched(self, report: ET.Element, since: Since, listed: set[str]) -> list[ET.Element]:
        """What has another ETag only, which the real server knows nothing of."""
        paths = self.account.touched_since(since, calendar=f"{self.path.strip('/')}/")
        hrefs = {quote(f"/{self.account.dsid}/{path}") for path in paths} - listed
        properties = report.find(dav("prop"))
        if not hrefs or properties is None:
            return []
        multiget = ET.Element(caldav("calendar-multiget"))
        multiget.append(properties)
        for href in sorted(hrefs):
            ET.SubElement(multiget, dav("href")).text = href
        root = read(self._forward(body=write(multiget)).body)
        return [] if root is None else [one for one in root if one.find(dav("propstat")) is not None]

    # The real server ---------------------------------------------------------------------------------------------

    def _forward(
        self, *, method: str = "", body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        asked = replace(
            self.asked,
            method=method or self.asked.method,
            path=f"/{self.account.dsid}/{self.raw}",
            headers=self.asked.headers if headers is None else headers,
            body=self.asked.body if body is None else body,
        )
        return self.backend.ask(asked, auth=self.auth)

    def _exists(self) -> bool:
        return self._forward(method="PROPFIND", body=b"", headers={"depth": "0"}).code != _NOT_FOUND

    def _kinds(self) -> set[str]:
        """What the calendar of this object takes."""
        calendar = f"/{self.account.dsid}/{self.raw.partition('/')[0]}/"
        body = write(_propfind(_COMPONENT_SET))
        asked = Asked(method="PROPFIND", path=calendar, headers={"depth": "0"}, body=body)
        root = read(self.backend.ask(asked, auth=self.auth).body)
        return set() if root is None else {element.get("name", "") for element in root.iter(caldav("comp"))}


def _refused(condition: str) -> Answer:
    return Answer(code=403, headers={"Content-Type": "text/xml"}, body=error(condition))


def _href(response: ET.Element) -> str:
    return response.findtext(dav("href")) or ""


def _propfind(name: str) -> ET.Element:
    root = ET.Element(dav("propfind"))
    ET.SubElement(ET.SubElement(root, dav("prop")), name)
    return root


def _has_one_kind(root: ET.Element) -> bool:
    """Bring a MKCALENDAR's components to one, events where nothing is said; whether there is one left."""
    properties = root.find(f"{dav('set')}/{dav('prop')}")
    if properties is None:
        properties = ET.SubElement(ET.SubElement(root, dav("set")), dav("prop"))
    components = properties.find(_COMPONENT_SET)
    if components is None:
        components = ET.SubElement(properties, _COMPONENT_SET)
        ET.SubElement(components, caldav("comp"), name="VEVENT")
    named = [element.get("name", "").upper() for element in components]
    kind = next((kind for kind in _KINDS if kind in named), None)
    components[:] = [ET.Element(caldav("comp"), name=kind)] if kind else []
    return kind is not None


def _finds(query: ET.Element) -> bool:
    """Whether a calendar-query finds anything on iCloud: of one kind of component, and not by category."""
    kinds = {element.get("name") for element in query.iter(caldav("comp-filter"))}
    words = [element.get("name") for element in query.iter(caldav("prop-filter")) if len(element)]
    return not kinds.isdisjoint(_KINDS) and "CATEGORIES" not in words


def _time_range(query: ET.Element) -> TimeRange | None:
    found = query.find(f".//{caldav('comp-filter')}/{caldav('time-range')}")
    return None if found is None else TimeRange(start=found.get("start", ""), end=found.get("end", "Z"))
