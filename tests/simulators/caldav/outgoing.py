"""What the real server says, made into what iCloud would say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from xml.etree import ElementTree as ET

from tests.simulators.caldav.account import AppleAccount
from tests.simulators.caldav.apple_text import TimeRange, rewritten
from tests.simulators.caldav.listening import Answer
from tests.simulators.caldav.xmltext import (
    APPLE_ICAL,
    CALENDAR_SERVER,
    caldav,
    change_text,
    dav,
    path_of,
    property_of,
    read,
    response_of,
    write,
)

_PRINCIPALS = frozenset({dav("owner"), dav("current-user-principal"), dav("principal-URL")})
_COLOUR = f"{{{APPLE_ICAL}}}calendar-color"
_CTAG = f"{{{CALENDAR_SERVER}}}getctag"
_PURPLE = "#CB30E0FF"
_RRGGBB = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """Turns answers about an account's home; ``entry`` and ``partition`` are the two hosts' URLs without path."""

    account: AppleAccount
    entry: str
    partition: str

    @property
    def home_url(self) -> str:
        """Where the account's calendars are: on another host than the one that is asked first."""
        return f"{self.partition}{self.account.home}"

    def multistatus(self, answer: Answer, *, asked: TimeRange | None = None, allprop: bool = False) -> Answer:
        """A multistatus with Apple's addresses, tags, tokens, texts and colours."""
        root = read(answer.body)
        if root is None or root.tag != dav("multistatus"):
            return answer
        change_text(root, dav("sync-token"), self.account.token_out)
        change_text(root, _CTAG, self.account.ctag_out)
        if self.account.quirks.long_colours:
            change_text(root, _COLOUR, _long_colour)
        for response in root.iterfind(dav("response")):
            self._change(response, asked)
            if allprop and self.account.quirks.allprop_without_resourcetype:
                _drop(response, dav("resourcetype"))
        return self.typed(replace(answer, body=write(root)))

    def calendar_object(self, answer: Answer, path: str) -> Answer:
        """An object as GET gives it."""
        headers = {name: self._header(name, value, path) for name, value in answer.headers.items()}
        # HEAD has no body.
        text = self._text(path, None)(answer.body.decode()) if answer.body else ""
        return self.typed(replace(answer, headers=headers, body=text.encode()))

    def written(self, answer: Answer, path: str) -> Answer:
        """What is said to a put: the ETag, mostly."""
        headers = {name: self._header(name, value, path) for name, value in answer.headers.items()}
        if not self.account.has_etag_for_this_put():
            headers = {name: value for name, value in headers.items() if name.lower() != "etag"}
        return replace(answer, headers=headers)

    def principal(self, path: str, asked: ET.Element | None) -> ET.Element:
        """The response to a PROPFIND of the entry or of the principal."""
        mine = property_of(dav("current-user-principal"), href=self.account.principal)
        found = [mine, property_of(dav("resourcetype"), parts=[dav("collection")])]
        if path == self.account.principal:
            kinds = [dav("collection"), dav("principal")]
            found = [
                mine,
                property_of(dav("resourcetype"), parts=kinds),
                property_of(dav("displayname"), text=self.account.username),
                property_of(dav("principal-URL"), href=self.account.principal),
                property_of(caldav("calendar-home-set"), href=self.home_url),
                property_of(caldav("calendar-user-address-set"), href=f"mailto:{self.account.username}"),
            ]
        names = [element.tag for element in asked] if asked is not None else [element.tag for element in found]
        known = [element for element in found if element.tag in names]
        return response_of(path, known, [name for name in names if name not in {element.tag for element in known}])

    def typed(self, answer: Answer) -> Answer:
        """With a content type that says nothing."""
        if not self.account.quirks.wrong_content_type:
            return answer
        headers = {name: value for name, value in answer.headers.items() if name.lower() != "content-type"}
        return replace(answer, headers={**headers, "Content-Type": "text/plain"})

    def _change(self, response: ET.Element, asked: TimeRange | None) -> None:
        href = response.find(dav("href"))
        assert href is not None
        assert href.text
        raw = href.text.removeprefix(f"/{self.account.dsid}/")
        is_collection = href.text.endswith("/")
        named = self.entry if is_collection and self.account.quirks.hrefs_name_the_entry else ""
        href.text = f"{named}{self.account.home}{raw}"
        path = path_of(raw)
        change_text(response, dav("getetag"), lambda etag: self.account.tag_out(path, etag))
        change_text(response, caldav("calendar-data"), self._text(path, asked))
        if not path:
            _drop(response, dav("principal"))
        for properties in response.iter(dav("prop")):
            for element in properties:
                if element.tag in _PRINCIPALS:
                    change_text(element, dav("href"), lambda _: self.account.principal)
                if element.tag == caldav("calendar-home-set"):
                    change_text(element, dav("href"), lambda _: self.home_url)

    def _text(self, path: str, asked: TimeRange | None) -> Callable[[str], str]:
        if not self.account.quirks.rewritten:
            return str
        revision = self.account.revision(path)
        return lambda text: rewritten(text, revision=revision, asked=asked)

    def _header(self, name: str, value: str, path: str) -> str:
        return self.account.tag_out(path, value) if name.lower() == "etag" else value


def _drop(root: ET.Element, name: str) -> None:
    for parent in root.iter():
        for element in parent.findall(name):
            parent.remove(element)


def _long_colour(colour: str) -> str:
    if not colour.startswith("#"):
        return _PURPLE
    return f"{colour}FF" if len(colour) == _RRGGBB else colour
