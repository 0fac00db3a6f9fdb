"""A calendar program that looks again and again, and notes when it first saw each title."""

from __future__ import annotations

import re
import time
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

import httpx

_DAV = "{DAV:}"
_TITLE = re.compile(r"^SUMMARY:(.*?)\r?$", re.MULTILINE)
_HEADERS = {"Depth": "1", "Content-Type": "application/xml; charset=utf-8"}


class CalendarProgram:
    """``seen`` is the moment (seconds since 1970) at which each title was first read from the server."""

    def __init__(self, calendar_path: str) -> None:
        self.seen: dict[str, float] = {}
        self._path = calendar_path
        self._sync_token = ""

    @property
    def has_looked(self) -> bool:
        """Whether it knows the calendar."""
        return bool(self._sync_token)

    def look(self, http: httpx.Client) -> None:
        """Ask what has changed (RFC 6578 §3.2), and read that."""
        body = (
            '<sync-collection xmlns="DAV:"><sync-token>'
            f"{escape(self._sync_token)}</sync-token><sync-level>1</sync-level><prop><getetag/></prop></sync-collection>"
        )
        answer = http.request("REPORT", self._path, content=body, headers=_HEADERS).raise_for_status()
        root = ET.fromstring(answer.content)
        is_first = not self._sync_token
        self._sync_token = root.findtext(f"{_DAV}sync-token", "")
        if is_first:
            return
        for response in root.iterfind(f"{_DAV}response"):
            if response.find(f"{_DAV}propstat") is not None:
                self._read(http, response.findtext(f"{_DAV}href", ""))

    def _read(self, http: httpx.Client, href: str) -> None:
        answer = http.get(href)
        title = _TITLE.search(answer.text)
        if title:
            self.seen.setdefault(title[1], time.time())
