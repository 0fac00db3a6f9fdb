"""Requests to the server, and the one table from its refusals to the errors of the port (RFC 9110 §15)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from http import HTTPStatus

import httpx

from hxdav.errors import AnswerTooLarge, CallFailed, NotReachable
from hxdav.net.pauses import pause_of
from hxdav.remote import AccessLost, CalendarUnavailable, Forbidden, RemoteError, TryLater
from hxdav.remotes.caldav import bodies
from hxdav.remotes.caldav.account import APPLE_WANTS, Flavour
from hxdav.remotes.caldav.answers import (
    NO_SENSE,
    InvalidMultistatus,
    Multistatus,
    ResourceReport,
    multistatus,
    same_collection,
)

_XML = {"Content-Type": "application/xml; charset=utf-8"}
_ABSENT = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_NOT_SERVED = _ABSENT | {HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED}
_OVERLOADED = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_NOT_LET_IN = "The calendar server did not accept this user name and password. Check both, then connect the account."
_NOT_ALLOWED = "The calendar server does not let this account do that. Check its rights there, and connect it again."
_OVERLOAD = "The calendar server asks hxdav to wait."
_TROUBLE = "The calendar server has trouble of its own; hxdav tries again later."
_NO_CALENDAR = "The calendar is not there any more, or does not answer."


class CalDavAnswerTooLarge(TryLater):
    """The answer is more than hxdav reads at once; less may be asked for."""


class NotServed(CalendarUnavailable):
    """A report is refused as a whole: the calendar is not there, or the server does not answer this report."""


class CalDavWire:
    """Says what CalDAV says over one HTTP session; whatever does not succeed is an error of the port.

    ``session`` carries the credentials, and calls no host that they must not go to.
    """

    def __init__(self, session: httpx.Client, flavour: Flavour) -> None:
        self._session = session
        self.flavour = flavour
        self.requests = 0

    def propfind(self, url: str, *names: str, depth: int = 0) -> Multistatus:
        """Properties of a resource, at depth 1 of its members too."""
        return self._asked("PROPFIND", url, bodies.propfind(*names), depth=depth)

    def told_of(self, url: str, *names: str) -> ResourceReport:
        """Properties of one resource; an answer that does not speak of it makes no sense."""
        found = self.propfind(url, *names).told
        if not found:
            raise TryLater(NO_SENSE, code="senseless")
        told = next((told for told in found if same_collection(told.url, url)), found[0])
        if told.code != HTTPStatus.OK:
            raise self.refusal(told.code)
        return told

    def report(self, url: str, body: bytes) -> Multistatus:
        """The answer to a REPORT about a calendar and its members (RFC 4791 §7.8, §7.9); may raise NotServed."""
        response = self.send("REPORT", url, content=body, headers={**_XML, "Depth": "1"})
        if response.status_code in _NOT_SERVED:
            raise NotServed(_NO_CALENDAR)
        return self.understood(response)

    def send_report(self, url: str, body: bytes) -> httpx.Response:
        """The answer to a REPORT that is about the collection, whatever it is (RFC 6578 §3.2: depth 0)."""
        return self.send("REPORT", url, content=body, headers={**_XML, "Depth": "0"})

    def understood(self, response: httpx.Response) -> Multistatus:
        """What a multistatus says; any other answer is an error."""
        self.expect(response, {HTTPStatus.MULTI_STATUS})
        try:
            return multistatus(response.content, str(response.url))
        except InvalidMultistatus:
            raise TryLater(NO_SENSE, code="senseless") from None

    def _asked(self, method: str, url: str, body: bytes, *, depth: int) -> Multistatus:
        return self.understood(self.send(method, url, content=body, headers={**_XML, "Depth": str(depth)}))

    def send(
        self, method: str, url: str, *, content: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """The answer to a request, whatever it is; TryLater where none comes, AccessLost where none may be asked."""
        self.requests += 1
        try:
            response = self._session.request(method, url, content=content, headers=dict(headers or {}))
        except NotReachable as error:
            raise Forbidden(str(error), code="not_reachable") from None
        except AnswerTooLarge as error:
            raise CalDavAnswerTooLarge(str(error), code="too_large") from None
        except CallFailed as error:
            raise TryLater(str(error), code="no_answer") from None
        self.requests += len(response.history)
        return response

    def expect(self, response: httpx.Response, codes: Collection[int]) -> None:
        """Raise the error for an answer that has none of these codes."""
        if response.status_code not in codes:
            raise self.refused(response)

    def refused(self, response: httpx.Response) -> RemoteError:
        """The error for an answer, by its status and Retry-After."""
        error = self.refusal(response.status_code)
        if isinstance(error, TryLater):
            error.after = pause_of(response.headers.get("Retry-After", ""))
        return error

    def refusal(self, code: int) -> RemoteError:
        """The error for a status that nothing special is known about."""
        if code == HTTPStatus.UNAUTHORIZED:
            return AccessLost(APPLE_WANTS if self.flavour is Flavour.ICLOUD else _NOT_LET_IN)
        if code == HTTPStatus.FORBIDDEN:
            return Forbidden(_NOT_ALLOWED, code="forbidden")
        if code in _ABSENT:
            return CalendarUnavailable(_NO_CALENDAR)
        if code in _OVERLOADED:
            return TryLater(_OVERLOAD, code="overloaded")
        if code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return TryLater(_TROUBLE, code="server_error")
        return TryLater(NO_SENSE, code="senseless")
