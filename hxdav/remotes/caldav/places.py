"""Where the account's calendars are: from its server to its principal to its home (RFC 6764, RFC 4791 §6.2)."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

from hxdav.remote import CalendarUnavailable, Forbidden, RemoteError, TryLater
from hxdav.remotes.caldav.account import CalDavAccount, Flavour
from hxdav.remotes.caldav.answers import CALDAV, DAV
from hxdav.remotes.caldav.wire import CalDavWire

_NO_PRINCIPAL = (
    "There is no calendar account at this address. Ask the provider for its CalDAV address, and connect it with that."
)
_NO_HOME = "The account has no calendars of its own. Ask the provider whether CalDAV is switched on for it."


class Places:
    """The principal and the calendar home of an account, each looked up once."""

    def __init__(self, wire: CalDavWire, account: CalDavAccount) -> None:
        self._wire = wire
        self._account = account
        self._principal = ""
        self._home = ""

    def principal(self, *, anew: bool = False) -> str:
        """The URL of the account's principal; ``anew`` asks even where it is known, which proves the credentials."""
        if anew or not self._principal:
            self._principal = self._found_principal()
        return self._principal

    def home(self) -> str:
        """The URL of the collection that holds the account's calendars, on the host that serves it."""
        if not self._home:
            home = self._wire.told_of(self.principal(), "C:calendar-home-set").href(f"{CALDAV}calendar-home-set")
            if not home:
                raise Forbidden(_NO_HOME, code="no_home")
            self._home = home.rstrip("/") + "/"
        return self._home

    def subject(self) -> str:
        """What tells the account apart, forever: its principal's path, and elsewhere than at Apple's its host."""
        found = urlsplit(self.principal(anew=True))
        path = found.path.rstrip("/")
        return path if self._account.flavour is Flavour.ICLOUD else f"{found.netloc}{path}"

    def _found_principal(self) -> str:
        absent: RemoteError = Forbidden(_NO_PRINCIPAL, code="no_principal")
        for url in self._doors():
            try:
                told = self._wire.told_of(url, "D:current-user-principal")
            except CalendarUnavailable:
                continue
            except TryLater as error:
                # A web server in front may not know PROPFIND there; another door may still be open.
                if error.code != "senseless":
                    raise
                absent = error
                continue
            element = told.properties.get(f"{DAV}current-user-principal")
            if element is not None and element.find(f"{DAV}unauthenticated") is not None:
                raise self._wire.refusal(HTTPStatus.UNAUTHORIZED)
            if principal := told.href(f"{DAV}current-user-principal"):
                return principal
        raise absent

    def _doors(self) -> Iterator[str]:
        """Where to ask: at the address that was given, and unless it is Apple's at those that RFC 6764 §6 knows."""
        url = self._account.url
        given = urlsplit(url).path not in {"", "/"}
        if given or self._account.flavour is Flavour.ICLOUD:
            yield url
        if self._account.flavour is not Flavour.ICLOUD:
            yield urljoin(url, "/.well-known/caldav")
            yield urljoin(url, "/")
