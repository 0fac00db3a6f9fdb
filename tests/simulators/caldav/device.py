"""The person's own device: changes their calendars behind everybody's back, without quirks, faults or counting."""

from __future__ import annotations

from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import httpx

from tests.simulators.caldav.apple_text import uid_of
from tests.simulators.caldav.xmltext import CALDAV, DAV, caldav, dav, path_of

_OK = frozenset({200, 201, 204, 207})
_EVERYTHING = (
    f'<C:calendar-query xmlns:C="{CALDAV}" xmlns:D="{DAV}"><D:prop><C:calendar-data/></D:prop>'
    '<C:filter><C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>'
).encode()


class Device:
    """Calendars and objects of one account by the last parts of their addresses, straight at the real server."""

    def __init__(self, url: str, *, auth: tuple[str, str], uids: dict[str, str]) -> None:
        self._home = auth[0]
        self._http = httpx.Client(base_url=f"{url}{self._home}/", auth=auth, timeout=30, trust_env=False)
        self._uids = uids

    def calendars(self) -> dict[str, str]:
        """What each calendar is called."""
        body = f'<D:propfind xmlns:D="{DAV}"><D:prop><D:displayname/></D:prop></D:propfind>'.encode()
        answer = ET.fromstring(self._ask("PROPFIND", "", body=body, depth="1"))
        found = {
            _last_of(response): response.findtext(f".//{dav('displayname')}") or ""
            for response in answer.iterfind(dav("response"))
        }
        return {name: displayname for name, displayname in found.items() if name != self._home}

    def make_calendar(self, calendar: str, displayname: str = "Home") -> None:
        """A calendar for events."""
        kind = '<C:supported-calendar-component-set><C:comp name="VEVENT"/></C:supported-calendar-component-set>'
        self._ask("MKCALENDAR", f"{calendar}/", body=_setting("C:mkcalendar", displayname, kind))

    def rename_calendar(self, calendar: str, displayname: str) -> None:
        """Call it otherwise."""
        self._ask("PROPPATCH", f"{calendar}/", body=_setting("D:propertyupdate", displayname))

    def delete_calendar(self, calendar: str) -> None:
        """Delete it with all that it holds."""
        self._ask("DELETE", f"{calendar}/")
        self.forget(f"{calendar}/")

    def objects(self, calendar: str) -> dict[str, str]:
        """The texts of a calendar's objects."""
        answer = ET.fromstring(self._ask("REPORT", f"{calendar}/", body=_EVERYTHING, depth="1"))
        return {
            _last_of(response): (response.findtext(f".//{caldav('calendar-data')}") or "").replace("\n", "\r\n")
            for response in answer.iterfind(dav("response"))
        }

    def read(self, calendar: str, name: str) -> str:
        """An object's text; raises KeyError where there is none."""
        response = self._http.get(f"{calendar}/{name}")
        if response.status_code == httpx.codes.NOT_FOUND:
            raise KeyError(name)
        assert response.status_code in _OK, response.status_code
        return response.text

    def put(self, calendar: str, name: str, text: str) -> None:
        """Add an object, or bring it to this text."""
        self._ask("PUT", f"{calendar}/{name}", body=text.encode(), content_type="text/calendar")
        self._uids[uid_of(text)] = f"{calendar}/{name}"

    def delete(self, calendar: str, name: str) -> None:
        """Delete an object."""
        self._ask("DELETE", f"{calendar}/{name}")
        self.forget(f"{calendar}/{name}")

    def forget(self, path: str) -> None:
        """Let the UIDs below a path be used again."""
        for uid in [uid for uid, known in self._uids.items() if known.startswith(path)]:
            del self._uids[uid]

    def close(self) -> None:
        """Give its connections back."""
        self._http.close()

    def _ask(
        self, method: str, path: str, *, body: bytes = b"", content_type: str = "text/xml", depth: str = "0"
    ) -> bytes:
        response = self._http.request(
            method, path, content=body, headers={"Content-Type": content_type, "Depth": depth}
        )
        assert response.status_code in _OK, f"{method} {path}: {response.status_code}"
        return response.content


def _last_of(response: ET.Element) -> str:
    """The last part of the address of what a response is about."""
    return path_of(response.findtext(dav("href")) or "").rstrip("/").rpartition("/")[2]


def _setting(element: str, displayname: str, more: str = "") -> bytes:
    return (
        f'<{element} xmlns:D="{DAV}" xmlns:C="{CALDAV}"><D:set><D:prop>'
        f"<D:displayname>{escape(displayname)}</D:displayname>{more}</D:prop></D:set></{element}>"
    ).encode()
