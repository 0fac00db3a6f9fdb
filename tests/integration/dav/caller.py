"""A calendar client in process: speaks WSGI to the application as a server would, and reads its answers."""

from __future__ import annotations

import io
import sys
from base64 import b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree as ET

from hxdav.dav.application import make_application
from hxdav.dav.settings import DavSettings
from hxdav.domain.ids import IntegrationId
from hxdav.store.store import Store
from tests.builders import PracticeWorld, a_practice, an_object

D = "{DAV:}"
C = "{urn:ietf:params:xml:ns:caldav}"
CS = "{http://calendarserver.org/ns/}"
SPACES = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:CS="http://calendarserver.org/ns/"'
HOME = "/maya/"
CALENDAR = "/maya/hx-one/"

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Reported:
    """One response of a multistatus: its own status, or the status and element of each property."""

    status: int | None
    properties: dict[str, tuple[int, ET.Element]]

    def text(self, name: str) -> str | None:
        """The text of a property that is there."""
        status, tree = self.properties[name]
        assert status == 200
        return tree.text

    def has(self, name: str) -> bool:
        """Whether a property is there."""
        return name in self.properties and self.properties[name][0] == 200

    def names(self, name: str, within: str = "*") -> list[str]:
        """The names of what stands in a property, two levels deep."""
        return [child.tag for child in self.properties[name][1].iterfind(within)]


@dataclass(frozen=True, slots=True)
class Got:
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def tree(self) -> ET.Element:
        """The body as XML."""
        return ET.fromstring(self.body)

    @property
    def responses(self) -> dict[str, Reported]:
        """The responses of a multistatus, by href."""
        assert self.status == 207, self
        return {each.findtext(f"{D}href", ""): _reported(each) for each in self.tree.iterfind(f"{D}response")}

    @property
    def sync_token(self) -> str:
        """The token that a sync-collection ends with."""
        return self.tree.findtext(f"{D}sync-token", "")

    @property
    def conditions(self) -> list[str]:
        """The names of what stands in DAV:error, in their order."""
        tree = self.tree
        assert tree.tag == f"{D}error"
        return [child.tag for child in tree]

    @property
    def sentence(self) -> str:
        """What the person reads."""
        return self.tree.findtext("{urn:hxdav}message", "")


def _status(text: str | None) -> int:
    return int((text or "").split()[1])


def _reported(tree: ET.Element) -> Reported:
    own = tree.findtext(f"{D}status")
    properties = {
        prop.tag: (_status(propstat.findtext(f"{D}status")), prop)
        for propstat in tree.iterfind(f"{D}propstat")
        for prop in propstat.iterfind(f"{D}prop/*")
    }
    return Reported(status=_status(own) if own else None, properties=properties)


@dataclass
class Caller:
    """Maya's device, with an app password, and the practice behind it."""

    world: PracticeWorld
    application: Wsgi
    password: str
    integration_id: IntegrationId
    username: str = "maya"
    environ: dict[str, Any] = field(default_factory=dict)

    def request(self, method: str, path: str, body: str | bytes = b"", **headers: str) -> Got:
        """Send a request; ``path`` is decoded, headers are named as ``if_match``."""
        octets = body.encode() if isinstance(body, str) else body
        environ = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path.encode().decode("latin-1"),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "CONTENT_LENGTH": str(len(octets)),
            "REMOTE_ADDR": "192.0.2.7",
            "HTTP_HOST": "calendar.example",
            "HTTP_USER_AGENT": "test/1.0",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(octets),
            "wsgi.errors": sys.stderr,
            **self.environ,
            **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
        }
        if "HTTP_AUTHORIZATION" not in environ:
            environ["HTTP_AUTHORIZATION"] = basic(self.username, self.password)
        if environ["HTTP_AUTHORIZATION"] == "":
            del environ["HTTP_AUTHORIZATION"]
        return answered(self.application, environ)

    def put(self, href: str = "a.ics", text: str | bytes = "", **headers: str) -> Got:
        """PUT into the calendar."""
        return self.request("PUT", CALENDAR + href, text or an_object(), **headers)

    def propfind(self, path: str, *names: str, depth: str = "0", **headers: str) -> Got:
        """PROPFIND of properties by name, as ``D:getetag``; other namespaces by Clark notation."""
        return self.request("PROPFIND", path, propfind(*names), depth=depth, **headers)

    def report(self, name: str, content: str, path: str = CALENDAR, **headers: str) -> Got:
        """REPORT."""
        return self.request("REPORT", path, f"<{name} {SPACES}>{content}</{name}>", depth="1", **headers)

    def sync(self, token: str = "", more: str = "", props: str = "<D:getetag/>") -> Got:
        """DAV:sync-collection."""
        return self.report(
            "D:sync-collection",
            f"<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level>{more}<D:prop>{props}</D:prop>",
        )

    def multiget(self, *urls: str, props: str = "<D:getetag/><C:calendar-data/>") -> Got:
        """CALDAV:calendar-multiget."""
        hrefs = "".join(f"<D:href>{url}</D:href>" for url in urls)
        return self.report("C:calendar-multiget", f"<D:prop>{props}</D:prop>{hrefs}")

    def query(self, vevent: str, props: str = "<D:getetag/>") -> Got:
        """CALDAV:calendar-query with this in the filter of VEVENT."""
        inner = f'<C:comp-filter name="VEVENT">{vevent}</C:comp-filter>'
        return self.filtered(f'<C:comp-filter name="VCALENDAR">{inner}</C:comp-filter>', props)

    def filtered(self, content: str, props: str = "<D:getetag/>") -> Got:
        """CALDAV:calendar-query with this filter."""
        return self.report("C:calendar-query", f"<D:prop>{props}</D:prop><C:filter>{content}</C:filter>")


def propfind(*names: str) -> str:
    """The body of a PROPFIND."""
    props = "".join(_named(name) for name in names)
    return f"<D:propfind {SPACES}><D:prop>{props}</D:prop></D:propfind>"


def _named(name: str) -> str:
    if not name.startswith("{"):
        return f"<{name}/>"
    space, _, local = name[1:].partition("}")
    return f'<x:{local} xmlns:x="{space}"/>'


def basic(username: str, password: str) -> str:
    """An Authorization header."""
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode()


def answered(application: Wsgi, environ: dict[str, Any]) -> Got:
    """What an application answers."""
    started: list[tuple[str, list[tuple[str, str]]]] = []
    body = b"".join(application(environ, lambda status, headers, *_: started.append((status, headers))))
    ((status, headers),) = started
    return Got(int(status.split()[0]), dict(headers), body)


def a_caller(store: Store, settings: DavSettings | None = None, *, username: str = "maya") -> Caller:
    """Maya with one connected calendar, ``/maya/hx-one/``."""
    world = a_practice(store, username=username, key=username)
    return calling(world, settings, username=username)


def calling(world: PracticeWorld, settings: DavSettings | None = None, *, username: str = "maya") -> Caller:
    """Somebody who calls the application of a world that is there already."""
    integration_id = world.integration("hx-one" if username == "maya" else f"hx-{username}")
    application = make_application(
        store=world.store,
        keyring=world.keyring,
        clock=world.clock,
        policy=world.policy,
        settings=settings or DavSettings(),
    )
    return Caller(
        world=world,
        application=application,
        password=world.app_password(),
        username=username,
        integration_id=integration_id,
    )
