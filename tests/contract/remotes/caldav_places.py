"""CalDAV accounts for the suite: stock Radicale and Xandikos, each behind a front that misbehaves, and iCloud."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import cast
from urllib.parse import urlsplit

from caldav.calendarobjectresource import Event
from caldav.collection import Calendar
from caldav.davclient import DAVClient

from hxdav.net.reach import Reach
from hxdav.remote import CalendarId, Cursor
from hxdav.remotes.caldav import CalDavAccount, CalDavRemote, Flavour, open_caldav
from tests.contract.remotes.ical_person import ShelfPerson
from tests.contract.remotes.place import NewPlace, RemotePlace, Write
from tests.simulators.caldav.account import AppleAccount
from tests.simulators.caldav.icloud import ICloud, an_icloud
from tests.simulators.caldav.listening import Answer, Asked, Backend, Listener
from tests.simulators.caldav.quirks import FaultKind
from tests.simulators.caldav.servers import CaldavAccount, a_radicale_server, a_xandikos, basic_credentials

_LOOPBACK = Reach(allowed=("127.0.0.1", "localhost"), hosts=("127.0.0.1", "localhost"))
_PAGE = 5
_METHODS = {Write.MAKE: "MKCALENDAR", Write.CREATE: "PUT", Write.UPDATE: "PUT", Write.REMOVE: "DELETE"}
_NEVER_RIGHT = "abcd-efgh-ijkl-mnop"


class _Front:
    """A server with its faults: answers that are lost, overload, a password that does not hold any more."""

    def __init__(self, account: CaldavAccount, backend: Backend) -> None:
        self._credentials = (account.username, account.password)
        self._backend = backend
        self.lost_method = ""
        self.pause = 0
        self.is_revoked = False

    def respond(self, asked: Asked) -> Answer | None:
        """What the server says, where it says anything."""
        if self.is_revoked or basic_credentials(asked) != self._credentials:
            return Answer(code=401, headers={"WWW-Authenticate": 'Basic realm="calendars"'})
        if self.pause:
            pause, self.pause = self.pause, 0
            return Answer(code=503, headers={"Retry-After": str(pause)})
        answer = self._backend.ask(asked, auth=self._credentials)
        if asked.method == self.lost_method:
            self.lost_method = ""
            return None
        return answer


class _DavShelf:
    """A calendar as python-caldav shows it: an implementation of the protocol that is not ours."""

    def __init__(self, account: CaldavAccount, calendar_id: CalendarId) -> None:
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
            url=account.url,
            username=account.username,
            password=account.password,
            # Otherwise it asks without a password first, and Radicale takes a second to refuse that.
            auth_type="basic",
        ) as connection:
            yield Calendar(connection, url=account.url.rstrip("/") + self._path)


class _AppleShelf:
    """A calendar on the person's Apple device, which goes past every quirk of the facade."""

    def __init__(self, account: AppleAccount, calendar_id: CalendarId) -> None:
        self._device = account.device
        self._calendar = urlsplit(calendar_id).path.rstrip("/").rpartition("/")[2]

    def objects(self) -> dict[str, str]:
        return self._device.objects(self._calendar)

    def put(self, name: str, text: str) -> None:
        self._device.put(self._calendar, name, text)

    def delete(self, name: str) -> None:
        self._device.delete(self._calendar, name)

    def delete_calendar(self) -> None:
        self._device.delete_calendar(self._calendar)


@contextmanager
def radicale() -> Iterator[NewPlace]:
    """A stock Radicale, with a new user for each place."""
    with a_radicale_server() as server:
        numbers = count(1)
        yield lambda: _plain_place(server.add_account(f"person{next(numbers)}", "mussel crate lantern"))


@contextmanager
def xandikos() -> Iterator[NewPlace]:
    """A stock Xandikos, with its only user."""
    with a_xandikos() as account:
        yield lambda: _plain_place(account)


@contextmanager
def icloud() -> Iterator[NewPlace]:
    """The iCloud facade, with a new account for each place."""
    with an_icloud() as service:
        numbers = count(1)
        yield lambda: _apple_place(service, f"person{next(numbers)}@icloud.example")


@contextmanager
def _plain_place(account: CaldavAccount) -> Iterator[RemotePlace]:
    with contextlib.closing(Backend(account.url)) as backend:
        front = _Front(account, backend)
        with Listener(front.respond) as listener:
            url = f"http://127.0.0.1:{listener.port}/"

            def opened(password: str = account.password) -> CalDavRemote:
                return _opened(CalDavAccount(url=url, username=account.username, password=password))

            with contextlib.closing(opened()) as remote:
                yield RemotePlace(
                    remote=remote,
                    person=lambda calendar_id: ShelfPerson(_DavShelf(account, calendar_id)),
                    reopen=opened,
                    open_wrong=lambda: opened(_NEVER_RIGHT),
                    objects_on_pages=2 * _PAGE + 1,
                    secrets=(account.password, _NEVER_RIGHT, account.username),
                    lose_answer=lambda write: setattr(front, "lost_method", _METHODS[write]),
                    overload=lambda seconds: setattr(front, "pause", seconds),
                    revoke=lambda: setattr(front, "is_revoked", True),
                    expire=_never_given,
                )


@contextmanager
def _apple_place(service: ICloud, username: str) -> Iterator[RemotePlace]:
    account = service.add_account(username)
    password = account.new_app_password()

    def opened(password: str = password) -> CalDavRemote:
        return _opened(CalDavAccount(url=service.url, username=username, password=password, flavour=Flavour.ICLOUD))

    def expired(cursor: Cursor) -> Cursor:
        account.expire_tokens()
        return cursor

    with contextlib.closing(opened()) as remote:
        yield RemotePlace(
            remote=remote,
            person=lambda calendar_id: ShelfPerson(_AppleShelf(account, calendar_id)),
            reopen=opened,
            open_wrong=lambda: opened(_NEVER_RIGHT),
            objects_on_pages=2 * _PAGE + 1,
            secrets=(password, _NEVER_RIGHT, username),
            lose_answer=lambda write: account.fail(FaultKind.LOST, method=_METHODS[write]),
            overload=lambda seconds: account.fail(FaultKind.BUSY, seconds=seconds),
            revoke=account.revoke,
            expire=expired,
        )


def _opened(account: CalDavAccount) -> CalDavRemote:
    return open_caldav(account, reach=_LOOPBACK, page_size=_PAGE)


def _never_given(cursor: Cursor) -> Cursor:
    """The cursor with a token that no server has given out."""
    return Cursor(json.dumps({**json.loads(cursor), "token": "http://calendars.example/never-given"}))
