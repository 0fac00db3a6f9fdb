"""Streaming notifications: Exchange tells of changes over a connection of ours that stays open.

https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-stream-notifications-about-mailbox-events-by-using-ews-in-exchange
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from contextlib import closing, suppress
from http import HTTPStatus

import httpx
from exchangelib.errors import EWSError  # type: ignore[import-untyped]
from exchangelib.util import SOAPNS  # type: ignore[import-untyped]
from lxml import etree  # type: ignore[import-untyped]

from hxdav.errors import AnswerTooLarge, CallFailed, WaitEnded
from hxdav.net.pauses import pause_of_milliseconds
from hxdav.net.session import Limits
from hxdav.net.transport import waiting_until
from hxdav.remote import CalendarId, RemoteError
from hxdav.remotes.exchange.connection import ExchangeConnection
from hxdav.remotes.exchange.elements import Element, InvalidEwsAnswer, every, find, local, m, parsed, t, text_at
from hxdav.remotes.exchange.refusal import ExchangeRefusal, busy, error_of, no_answer, senseless
from hxdav.remotes.exchange.wire import ExchangeWire, granted

LIMITS = Limits(connect_seconds=5, read_seconds=150, octets=64 * 1024 * 1024)
"""Exchange says at least every minute that it is still there; what has been silent for longer has gone."""

_MINUTES = 29
"""How long Exchange is asked to keep a connection open; it takes up to 30."""

_SUBSCRIPTIONS = 3
"""How often one connection's worth of listening begins anew because Exchange has lost the subscription."""

_LARGEST = 4 * 1024 * 1024
_PARTING_SECONDS = 1.0
_KINDS = ("CopiedEvent", "CreatedEvent", "DeletedEvent", "ModifiedEvent", "MovedEvent")
_PLACES = ("t:ParentFolderId", "t:OldParentFolderId", "t:FolderId", "t:OldFolderId")
_END = re.compile(rb"</(?:[A-Za-z_][\w.-]*:)?Envelope\s*>")
_LOST = frozenset(
    {
        "ErrorExpiredSubscription",
        "ErrorInvalidSubscription",
        "ErrorMissedNotificationEvents",
        "ErrorReadEventsFailed",
        "ErrorSubscriptionNotFound",
        "ErrorSubscriptionUnsubscribed",
    }
)
"""What a mailbox server answers that was restarted, or has handed the mailbox over to another."""

_TAKEN_OVER = "ErrorNewEventStreamConnectionOpened"
_OVERLOADED = frozenset({"ErrorServerBusy", "ErrorExceededConnectionCount", "ErrorExceededSubscriptionCount"})


class _SubscriptionLost(Exception):
    """Exchange does not know the subscription any more, or not all that it should have told by it."""


class ExchangeListener:
    """Listens to some calendars of one mailbox, over a session that it has for itself."""

    def __init__(self, connection: ExchangeConnection, session: httpx.Client, *, address: str) -> None:
        self._connection = connection
        self._session = session
        self._wire = ExchangeWire(connection, address)
        self._streams = 0

    @property
    def requests(self) -> int:
        """How many requests it has sent so far."""
        return self._connection.requests + self._streams

    def listen(
        self, calendar_ids: Collection[CalendarId], heard: Callable[[CalendarId], None], *, is_over: Callable[[], bool]
    ) -> None:
        """Call ``heard`` as ``Remote.listen`` says, until Exchange ends the connection or ``is_over`` says so."""
        for _ in range(_SUBSCRIPTIONS):
            subscription = ""
            try:
                with waiting_until(is_over):
                    subscription = self._subscribed(calendar_ids)
                    self._pass_on(subscription, calendar_ids, heard)
            except _SubscriptionLost:
                continue
            except WaitEnded:
                pass
            self._part(subscription)
            return
        raise busy(None)

    def _subscribed(self, calendar_ids: Collection[CalendarId]) -> str:
        folders = t("FolderIds", *(t("FolderId", Id=each) for each in calendar_ids))
        kinds = t("EventTypes", *(t("EventType", text=each) for each in _KINDS))
        try:
            answer = self._wire.one(m("Subscribe", m("StreamingSubscriptionRequest", folders, kinds)))
        except ExchangeRefusal as refusal:
            raise _refused(refusal.code) from None
        subscription = text_at(answer, "m:SubscriptionId")
        if not subscription:
            raise senseless()
        return subscription

    def _pass_on(
        self, subscription: str, calendar_ids: Collection[CalendarId], heard: Callable[[CalendarId], None]
    ) -> None:
        is_listening = False
        with closing(self._messages(subscription)) as messages:
            for message in messages:
                if text_at(message, "m:ConnectionStatus") == "Closed":
                    return
                changed = _changed(message, calendar_ids)
                if not is_listening:
                    # The first answer says that Exchange tells from now on; what was before is anybody's guess.
                    is_listening, changed = True, set(calendar_ids)
                for calendar_id in changed:
                    heard(calendar_id)

    def _messages(self, subscription: str) -> Generator[Element, None, None]:
        """The response messages of GetStreamingEvents, as they come."""
        asked = m(
            "GetStreamingEvents",
            m("SubscriptionIds", t("SubscriptionId", text=subscription)),
            m("ConnectionTimeout", text=str(_MINUTES)),
        )
        self._streams += 1
        try:
            with self._session.stream(
                "POST",
                self._connection.service_endpoint,
                content=_enveloped(asked, version=self._connection.version.api_version),
                headers={"Content-Type": "text/xml; charset=utf-8", "Accept-Encoding": "identity"},
            ) as answer:
                self._require_well(answer)
                for document in _documents(answer.iter_raw()):
                    for message in every(parsed(document), ".//m:GetStreamingEventsResponseMessage"):
                        yield _told(message)
        except AnswerTooLarge:
            # A connection that has told so much is as good as over.
            return
        except CallFailed as error:
            raise no_answer(error) from None
        except InvalidEwsAnswer:
            raise senseless() from None

    def _require_well(self, answer: httpx.Response) -> None:
        if answer.status_code == HTTPStatus.OK and not answer.history:
            return
        content = answer.read()
        try:
            self._connection.retry_policy.raise_response_errors(answer)
        except EWSError:
            raise senseless() from None
        raise _fault(content)

    def _part(self, subscription: str) -> None:
        """Have Exchange forget the subscription, if that is quickly done; it does so itself after half an hour."""
        if not subscription:
            return
        ends_at = time.monotonic() + _PARTING_SECONDS
        with suppress(RemoteError, ExchangeRefusal, WaitEnded), waiting_until(lambda: time.monotonic() > ends_at):
            self._wire.one(m("Unsubscribe", m("SubscriptionId", text=subscription)))


def _enveloped(content: Element, *, version: str) -> bytes:
    envelope = etree.Element(f"{{{SOAPNS}}}Envelope", nsmap={"s": SOAPNS})
    header = etree.SubElement(envelope, f"{{{SOAPNS}}}Header")
    header.append(t("RequestServerVersion", Version=version))
    etree.SubElement(envelope, f"{{{SOAPNS}}}Body").append(content)
    written: bytes = etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
    return written


def _documents(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The documents of an answer that is one after the other, each as soon as its end has come."""
    kept = b""
    for part in parts:
        kept += part
        while end := _END.search(kept):
            yield kept[: end.end()].lstrip()
            kept = kept[end.end() :]
        if len(kept) > _LARGEST:
            raise InvalidEwsAnswer
    if kept.strip():
        raise InvalidEwsAnswer


def _told(message: Element) -> Element:
    """A message that is no refusal; raises _SubscriptionLost, and what the refusal stands for."""
    code = text_at(message, "m:ResponseCode")
    if code in _LOST:
        raise _SubscriptionLost
    if code == _TAKEN_OVER:
        return m("Message", m("ConnectionStatus", text="Closed"))
    try:
        return granted(message)
    except ExchangeRefusal as refusal:
        raise _refused(refusal.code) from None


def _changed(message: Element, calendar_ids: Collection[CalendarId]) -> set[CalendarId]:
    """The calendars in which something has changed, by this message; all, where it cannot be told which."""
    changed: set[CalendarId] = set()
    for news in every(message, "m:Notifications/*/*"):
        if local(news) in _KINDS and not _is_of_folder_itself(news):
            told = (find(news, place) for place in _PLACES)
            places = {CalendarId(str(each.get("Id", ""))) for each in told if each is not None}
            changed |= places.intersection(calendar_ids) or set(calendar_ids)
    return changed


def _is_of_folder_itself(news: Element) -> bool:
    """Whether it only says that the folder has changed, which follows from each change in it."""
    return local(news) == "ModifiedEvent" and find(news, "t:FolderId") is not None


def _refused(code: str) -> RemoteError:
    return busy(None) if code in _OVERLOADED else error_of(code)


def _fault(content: bytes) -> RemoteError:
    """What a SOAP fault stands for; it names its code and how long to wait in its detail."""
    root = parsed(content)
    code = next((str(each.text) for each in root.iter("{*}ResponseCode")), "")
    if code not in _OVERLOADED:
        return error_of(code)
    told = (str(each.text) for each in root.iter("{*}Value") if each.get("Name") == "BackOffMilliseconds")
    return busy(next(map(pause_of_milliseconds, told), None))
