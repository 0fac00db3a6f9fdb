"""The services: for each an account that nobody else uses, hxdav's own remote for it, and the person before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import cast
from urllib.parse import urlsplit

from caldav.calendarobjectresource import Event
from caldav.collection import Calendar
from caldav.davclient import DAVClient

from hxdav.domain.integration import Service
from hxdav.net.reach import Reach
from hxdav.remote import Remote
from hxdav.remotes.caldav import CalDavAccount, Flavour, open_caldav
from hxdav.remotes.exchange import ExchangeAccount, open_exchange
from hxdav.remotes.google.account import open_google
from hxdav.remotes.google.oauth import GoogleApp, credentials_text
from hxdav.remotes.graph.account import open_graph
from tests.builders import NOON, SYDNEY
from tests.fidelity.faces import CalDavFace, ExchangeFace, Face, GoogleFace, OutlookFace
from tests.integration.remotes.graph_authority import an_authority
from tests.simulators.caldav.device import Device
from tests.simulators.caldav.icloud import an_icloud
from tests.simulators.caldav.servers import CaldavAccount, a_radicale_server
from tests.simulators.ews.clients import faithful_exchange
from tests.simulators.google.clients import faithful_google
from tests.simulators.google.oauth import APP_CREATED, LIST_READONLY
from tests.simulators.graph.server import graph_server

_LOOPBACK = Reach(allowed=("127.0.0.1", "localhost"), hosts=("127.0.0.1", "localhost"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account at a service: ``opened`` as hxdav opens it, ``face`` as the person has a calendar before them."""

    service: Service
    opened: Callable[[], Remote]
    face: Callable[[str], Face]


NewAccount = Callable[[], Account]


@contextmanager
def google() -> Iterator[NewAccount]:
    """Google; what breaks its published schema fails at the end."""
    with faithful_google() as simulator:
        app = GoogleApp(
            client_id=simulator.application.client_id,
            client_secret=simulator.application.client_secret,
            token_url=f"{simulator.url}/token",
            revoke_url=f"{simulator.url}/revoke",
            api_root=simulator.url,
        )
        numbers = count(1)

        def new() -> Account:
            user = simulator.user(f"person{next(numbers)}@google.example", zone=SYDNEY)
            scopes = (APP_CREATED, LIST_READONLY)
            expires = datetime(2099, 1, 1, tzinfo=UTC)
            credentials = credentials_text(user.token(*scopes), user.refresh_token(*scopes), expires=expires)
            return Account(
                service=Service.GOOGLE,
                opened=lambda: open_google(app, credentials, keep=lambda _: None),
                face=lambda calendar_id: GoogleFace(user, calendar_id),
            )

        yield new


@contextmanager
def outlook() -> Iterator[NewAccount]:
    """Outlook.com and Office 365, which are one to programs; what breaks Microsoft's schema fails at the end."""
    with graph_server(clock=lambda: NOON) as simulator:
        with an_authority(lambda user, scopes: simulator.tokens.issue(user, scopes.split())) as authority:
            app = authority.app(f"{simulator.url}/v1.0")
            numbers = count(1)

            def new() -> Account:
                email = f"person{next(numbers)}@outlook.example"
                user = simulator.user(email)
                credentials = authority.connect(app, email)
                return Account(
                    service=Service.OUTLOOK,
                    opened=lambda: open_graph(app, credentials, keep=lambda _: None, clock=_Noon()),
                    face=lambda calendar_id: OutlookFace(user, calendar_id),
                )

            yield new
        assert simulator.violations == []


@contextmanager
def exchange() -> Iterator[NewAccount]:
    """An Exchange of the practice's own; what breaks Microsoft's schema fails at the end."""
    with faithful_exchange() as simulator:
        numbers = count(1)

        def new() -> Account:
            address = f"person{next(numbers)}@practice.example"
            user = simulator.user(address, zone=SYDNEY)
            account = ExchangeAccount(
                address=address, username=address, password=user.password, endpoint=simulator.address
            )
            return Account(
                service=Service.EXCHANGE,
                opened=lambda: open_exchange(account, reach=_LOOPBACK),
                face=lambda calendar_id: ExchangeFace(user, calendar_id),
            )

        yield new


@contextmanager
def icloud() -> Iterator[NewAccount]:
    """iCloud."""
    with an_icloud() as service:
        numbers = count(1)

        def new() -> Account:
            username = f"person{next(numbers)}@icloud.example"
            account = service.add_account(username)
            known = CalDavAccount(
                url=service.url, username=username, password=account.new_app_password(), flavour=Flavour.ICLOUD
            )
            return Account(
                service=Service.ICLOUD,
                opened=lambda: open_caldav(known, reach=_LOOPBACK),
                face=lambda calendar_id: CalDavFace(_AppleShelf(account.device, _last_of(calendar_id))),
            )

        yield new


@contextmanager
def caldav() -> Iterator[NewAccount]:
    """A CalDAV server of others: a stock Radicale, and python-caldav before it."""
    with a_radicale_server() as server:
        numbers = count(1)

        def new() -> Account:
            account = server.add_account(f"person{next(numbers)}", "mussel crate lantern")
            known = CalDavAccount(url=account.url, username=account.username, password=account.password)
            return Account(
                service=Service.CALDAV,
                opened=lambda: open_caldav(known, reach=_LOOPBACK),
                face=lambda calendar_id: CalDavFace(_DavShelf(account, calendar_id)),
            )

        yield new


PLACES: dict[Service, Callable[[], AbstractContextManager[NewAccount]]] = {
    Service.GOOGLE: google,
    Service.OUTLOOK: outlook,
    Service.EXCHANGE: exchange,
    Service.ICLOUD: icloud,
    Service.CALDAV: caldav,
}


class _Noon:
    def now(self) -> datetime:
        return NOON


class _AppleShelf:
    """A calendar on the person's Apple device."""

    def __init__(self, device: Device, calendar: str) -> None:
        self._device = device
        self._calendar = calendar

    def objects(self) -> dict[str, str]:
        return self._device.objects(self._calendar)

    def put(self, name: str, text: str) -> None:
        self._device.put(self._calendar, name, text)

    def delete(self, name: str) -> None:
        self._device.delete(self._calendar, name)

    def delete_calendar(self) -> None:
        self._device.delete_calendar(self._calendar)


class _DavShelf:
    """A calendar as python-caldav shows it."""

    def __init__(self, account: CaldavAccount, calendar_id: str) -> None:
        self._account = account
        self._path = urlsplit(calendar_id).path

    def objects(self) -> dict[str, str]:
        with self._calendar() as calendar:
            # Its types allow for a coroutine, which another kind of connection gives.
            found = cast("list[Event]", calendar.events())
            return {str(each.url).rpartition("/")[2]: str(each.data) for each in found}

    def put(self, name: str, text: str) -> None:
        with self._calendar() as calendar:
            Event(calendar.client, url=f"{calendar.url}{name}", data=text, parent=calendar).save()

    def delete(self, name: str) -> None:
        with self._calendar() as calendar:
            Event(calendar.client, url=f"{calendar.url}{name}", parent=calendar).delete()

    def delete_calendar(self) -> None:
        with self._calendar() as calendar:
            calendar.delete()  # type: ignore[no-untyped-call]

    @contextmanager
    def _calendar(self) -> Iterator[Calendar]:
        account = self._account
        with DAVClient(
            # Otherwise it asks without a password first, and Radicale takes a second to refuse that.
            url=account.url,
            username=account.username,
            password=account.password,
            auth_type="basic",
        ) as connection:
            yield Calendar(connection, url=account.url.rstrip("/") + self._path)


def _last_of(calendar_id: str) -> str:
    return urlsplit(calendar_id).path.rstrip("/").rpartition("/")[2]
