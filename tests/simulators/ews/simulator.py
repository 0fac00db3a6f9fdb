"""Exchange in one object: signs in, routes operations, applies faults and limits, and holds both sides to the schema.

What is not simulated: meetings and their mail, attachments, tasks, push subscriptions, impersonation, autodiscover.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from tests.simulators.ews import finding, folders, items, names, syncing
from tests.simulators.ews.calls import EwsCall, refused_message
from tests.simulators.ews.control import Control
from tests.simulators.ews.faults import Fault, FaultKind, Faults
from tests.simulators.ews.meter import Meter
from tests.simulators.ews.people import Person
from tests.simulators.ews.schema import problems
from tests.simulators.ews.subscriptions import Subscriptions
from tests.simulators.ews.times import WINDOWS_ZONES, windows_name
from tests.simulators.ews.wire import (
    VERSION,
    XML_TYPE,
    Element,
    EwsRefusal,
    SoapFault,
    envelope,
    fault_answer,
    find,
    local,
    read_operation,
    response,
)
from tests.simulators.ews.world import Clock, Mailbox, Quirks, World, real_clock
from tests.simulators.serving import AnswerLost, HttpRequest, WireAnswer

PATH = "/EWS/Exchange.asmx"
SHARES = {FaultKind.EMPTY: 0.0, FaultKind.PARTIAL: 0.5}
_MAILS = {
    "CreateItem": "SendMeetingInvitations",
    "UpdateItem": "SendMeetingInvitationsOrCancellations",
    "DeleteItem": "SendMeetingCancellations",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SendChoice:
    """What a write said about mail to attendees; ``choice`` is empty where it said nothing."""

    user: str
    operation: str
    choice: str
    has_guests: bool


class ExchangeSimulator:
    """All of it, without the HTTP server around it.

    ``violations`` are the sentences on what broke the published schema, by whichever side: a test asserts that there
    are none. ``schemes`` are those that a 401 offers; Basic and Bearer (``tokens``: token to address) are understood.
    ``version`` is what it says of itself.
    """

    def __init__(self, *, clock: Clock = real_clock) -> None:
        self.url = ""
        self.world = World(clock)
        self.subscriptions = Subscriptions(world=self.world)
        self.faults = Faults()
        self.requests = Meter()
        self.violations: list[str] = []
        self.send_choices: list[SendChoice] = []
        self.schemes: tuple[str, ...] = ("Basic",)
        self.tokens: dict[str, str] = {}
        self.version: dict[str, str] = dict(VERSION)
        self.hang_up: Callable[[], None] = lambda: None
        self._control = Control(self)
        self._operations: dict[str, Callable[[EwsCall], list[Element]]] = {
            "GetFolder": folders.get_folder,
            "FindFolder": folders.find_folder,
            "CreateFolder": folders.create_folder,
            "UpdateFolder": folders.update_folder,
            "DeleteFolder": folders.delete_folder,
            "CreateItem": items.create_item,
            "GetItem": items.get_item,
            "UpdateItem": items.update_item,
            "DeleteItem": items.delete_item,
            "MoveItem": items.move_item,
            "FindItem": finding.find_item,
            "SyncFolderItems": syncing.sync_folder_items,
            "Subscribe": self.subscriptions.subscribe,
            "Unsubscribe": self.subscriptions.unsubscribe,
            "GetEvents": self.subscriptions.get_events,
            "ResolveNames": names.resolve_names,
            "GetServerTimeZones": names.get_server_time_zones,
        }

    @property
    def address(self) -> str:
        """The service's URL."""
        return self.url + PATH

    @property
    def quirks(self) -> Quirks:
        """What Exchange does to some and not to others."""
        return self.world.quirks

    def user(self, email: str, *, password: str = "autumn-Leaf-7", zone: str = "UTC", name: str = "") -> Person:
        """The person with that account, made where it is new, as they sit before Outlook; zones are IANA or Windows."""
        with self.world.lock:
            if email.lower() not in self.world.mailboxes:
                title = name or email.partition("@")[0].title()
                self.world.add_mailbox(email, password=password, zone=windows_name(zone), name=title)
            return Person(self.world, self.world.mailboxes[email.lower()])

    def answer(self, request: HttpRequest) -> WireAnswer:
        """The answer to a request; raises ``AnswerLost`` where there is to be none."""
        if request.path.startswith("/_simulator/"):
            return self._control.answer(request)
        if request.path.lower() != PATH.lower():
            return WireAnswer(code=404)
        if request.method != "POST":
            return WireAnswer(code=405)
        mailbox = self._signed_in(request)
        if mailbox is None:
            return WireAnswer(code=401, headers={"WWW-Authenticate": ", ".join(map(_offered, self.schemes))})
        try:
            header, body = read_operation(request.body)
            return self._answered(mailbox, header, body)
        except SoapFault as fault:
            return fault_answer(fault, self.version)

    def close(self) -> None:
        """End what hangs."""
        self.subscriptions.close()

    # -- within

    def _signed_in(self, request: HttpRequest) -> Mailbox | None:
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        with self.world.lock:
            if scheme.lower() == "bearer":
                return self.world.mailboxes.get(self.tokens.get(credentials, "").lower())
            if scheme.lower() != "basic" or "Basic" not in self.schemes:
                return None
            try:
                user, _, password = base64.b64decode(credentials).decode().partition(":")
            except (ValueError, binascii.Error):
                return None
            # DOMAIN\\anna and anna@example.com are the same account.
            short = user.rpartition("\\")[2].lower()
            found = self.world.mailboxes.get(short) or next(
                (one for one in self.world.mailboxes.values() if one.email.lower().partition("@")[0] == short), None
            )
            return found if found and found.password == password else None

    def _answered(self, mailbox: Mailbox, header: Element | None, body: Element) -> WireAnswer:
        operation = local(body)
        fault = self.faults.take(operation)
        self.violations += problems(body)
        call = self._call(mailbox, header, body, share=SHARES.get(fault.kind, 1.0) if fault else 1.0)
        if operation == "GetStreamingEvents":
            with self.requests.counted(mailbox.email, operation):
                return self._faulty(fault, lambda: self._streamed(call), call)
        with self.requests.counted(mailbox.email, operation) as running:
            if running > self.quirks.concurrent_requests:
                raise SoapFault("ErrorExceededConnectionCount", "Too many requests run at the same time.")
            return self._faulty(fault, lambda: self._performed(call), call)

    def _call(self, mailbox: Mailbox, header: Element | None, body: Element, *, share: float) -> EwsCall:
        context = find(header, "t:TimeZoneContext/t:TimeZoneDefinition")
        zone = "UTC" if context is None else context.get("Id", "UTC")
        if zone not in WINDOWS_ZONES:
            raise SoapFault("ErrorTimeZone", "The time zone of the request is not known.")
        return EwsCall(operation=local(body), body=body, world=self.world, mailbox=mailbox, zone=zone, share=share)

    def _faulty(self, fault: Fault | None, perform: Callable[[], WireAnswer], call: EwsCall) -> WireAnswer:
        if fault is None:
            return perform()
        if fault.soap:
            raise fault.soap
        if fault.kind is FaultKind.HTTP:
            return WireAnswer(code=fault.code, headers={"Content-Type": "text/html"}, body=b"<html>Not now.</html>")
        if fault.kind is FaultKind.REFUSED:
            return self._told(call.operation, [refused_message(call, EwsRefusal(fault.reason))])
        time.sleep(fault.seconds)
        return _spoiled(fault, perform(), perform)

    def _performed(self, call: EwsCall) -> WireAnswer:
        operation = self._operations.get(call.operation)
        if operation is None:
            self.violations.append(f"{call.operation}: not simulated")
            raise SoapFault("ErrorInvalidRequest", "The operation is not simulated.")
        with self.world.lock:
            self._note_mail(call)
            try:
                messages = operation(call)
            except EwsRefusal as refusal:
                messages = [refused_message(call, refusal)]
        return self._told(call.operation, messages)

    def _told(self, operation: str, messages: list[Element]) -> WireAnswer:
        content = response(operation, messages)
        self.violations += problems(content)
        return WireAnswer(code=200, headers=XML_TYPE, body=envelope(content, self.version))

    def _streamed(self, call: EwsCall) -> WireAnswer:
        return WireAnswer(code=200, headers=XML_TYPE, parts=self._parts(call))

    def _parts(self, call: EwsCall) -> Iterator[bytes]:
        for message in self.subscriptions.stream(call):
            yield self._told(call.operation, [message]).body

    def _note_mail(self, call: EwsCall) -> None:
        if call.operation in _MAILS:
            choice = SendChoice(
                user=call.mailbox.email,
                operation=call.operation,
                choice=call.body.get(_MAILS[call.operation], ""),
                has_guests=items.has_guests(call.body),
            )
            self.send_choices.append(choice)


def _spoiled(fault: Fault, answer: WireAnswer, perform: Callable[[], WireAnswer]) -> WireAnswer:
    match fault.kind:
        case FaultKind.LOST:
            raise AnswerLost
        case FaultKind.DOUBLED:
            return perform()
        case FaultKind.CUT:
            return replace(answer, cut=True)
        case FaultKind.TRUNCATED:
            return replace(answer, body=answer.body[: len(answer.body) // 2])
        case _:
            return answer


def _offered(scheme: str) -> str:
    return 'Basic realm="mail.example.com"' if scheme == "Basic" else scheme
