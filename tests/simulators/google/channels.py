"""Push channels: events.watch with real POST requests, and what may go wrong on their way (docs/providers.md §2.5)."""

from __future__ import annotations

import http.client
import re
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from queue import PriorityQueue
from random import Random
from threading import Lock, Thread
from urllib.parse import urlsplit

from tests.simulators.google.wire import Json, Refusal, invalid, not_found, required
from tests.simulators.google.world import StoredCalendar, World

CHANNEL_ID = re.compile(r"[A-Za-z0-9\-_+/=]{1,64}")
DEFAULT_TTL = timedelta(seconds=604_800)
DELIVERED = frozenset({102, 200, 201, 202, 204})
TIMEOUT_SECONDS = 5.0


@dataclass(slots=True, kw_only=True)
class PushChannel:
    """One registration of one application for the events of one calendar."""

    id: str
    calendar_id: str
    resource_id: str
    resource_uri: str
    address: str
    token: str | None
    client_id: str
    expiration: datetime
    messages: int = 0

    def headers(self, state: str) -> dict[str, str]:
        """The headers of its next message; there is no body."""
        self.messages += 1
        named = {
            "X-Goog-Channel-ID": self.id,
            "X-Goog-Channel-Expiration": format_datetime(self.expiration.astimezone(UTC), usegmt=True),
            "X-Goog-Resource-ID": self.resource_id,
            "X-Goog-Resource-URI": self.resource_uri,
            "X-Goog-Resource-State": state,
            "X-Goog-Message-Number": str(self.messages),
        }
        return named | ({"X-Goog-Channel-Token": self.token} if self.token is not None else {})


@dataclass(slots=True, kw_only=True)
class Troubles:
    """How badly messages are delivered."""

    drop_rate: float = 0.0
    """The share of messages that are never sent; 1.0 drops all."""
    doubles: bool = False
    """Each message is sent twice."""
    delay_seconds: float = 0.0
    """Messages are sent that much later."""
    retry_seconds: float = 0.2
    """Between the attempts of a message that was answered with 5xx, or not at all."""
    attempts: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One attempt to deliver a message; the code is 0 where nobody answered."""

    channel_id: str
    state: str
    number: int
    code: int


@dataclass(order=True, slots=True)
class _Letter:
    due: float
    order: int
    address: str = field(compare=False)
    headers: dict[str, str] = field(compare=False)
    attempts: int = field(compare=False)


class Channels:
    """The push channels, and the thread that delivers their messages. Start it, and close it."""

    def __init__(self, world: World, *, base_url: Callable[[], str], trust: ssl.SSLContext | None = None) -> None:
        self.world = world
        self.base_url = base_url
        self.trust = trust
        self.troubles = Troubles()
        self.random = Random(7)
        self.open: dict[str, PushChannel] = {}
        self.deliveries: list[Delivery] = []
        self._letters: PriorityQueue[_Letter] = PriorityQueue()
        self._order = 0
        self._lock = Lock()
        self._is_closed = False
        self._thread = Thread(target=self._deliver_all, name="google-channels", daemon=True)

    def start(self) -> None:
        """Begin to deliver."""
        self.world.listeners.append(self.tell)
        self._thread.start()

    def close(self) -> None:
        """Stop delivering; what is on its way is lost."""
        self._is_closed = True
        self._post("", {}, -time.monotonic(), 0)  # before all others, to wake the thread
        self._thread.join(timeout=2 * TIMEOUT_SECONDS)

    def watch(self, calendar: StoredCalendar, body: Json, *, client_id: str) -> Json:
        """Open a channel; its ``sync`` message is on its way when this returns."""
        self._check(body)
        until = self._expiration(body)
        uri = f"{self.base_url()}/calendar/v3/calendars/{calendar.id}/events?alt=json"
        channel = PushChannel(
            id=body["id"],
            calendar_id=calendar.id,
            resource_id=sha256(f"{calendar.id} {client_id}".encode()).hexdigest()[:20],
            resource_uri=uri,
            address=body["address"],
            token=body.get("token"),
            client_id=client_id,
            expiration=until,
        )
        self.open[channel.id] = channel
        self._send(channel, "sync")
        answer = {"kind": "api#channel", "id": channel.id, "resourceId": channel.resource_id, "resourceUri": uri}
        answer |= {"token": channel.token} if channel.token is not None else {}
        return answer | {"expiration": str(int(until.timestamp() * 1000))}

    def stop(self, body: Json, *, client_id: str) -> None:
        """Close a channel of this application; 404 where id and resource id name none."""
        channel = self.open.get(body.get("id", ""))
        if channel is None or (channel.resource_id, channel.client_id) != (body.get("resourceId"), client_id):
            raise not_found()
        del self.open[channel.id]

    def tell(self, calendar: StoredCalendar) -> None:
        """Send ``exists`` to every channel of the calendar that has not expired."""
        for channel in list(self.open.values()):
            if channel.expiration <= self.world.clock():
                del self.open[channel.id]
            elif channel.calendar_id == calendar.id:
                self._send(channel, "exists")

    # -- within

    def _check(self, body: Json) -> None:
        if self.world.quirks.webhooks_unauthorized:
            address = body.get("address")
            raise Refusal(401, "webhookUrlUnauthorized", f"Unauthorized WebHook callback channel: {address}")
        for name in ("id", "type", "address"):
            if not body.get(name):
                raise required(f"entity.{name} is required")
        if not CHANNEL_ID.fullmatch(body["id"]):
            raise Refusal(400, "channelIdInvalid", "Invalid channel id")
        if body["id"] in self.open:
            raise Refusal(400, "channelIdNotUnique", f"Channel id {body['id']} not unique")
        if body["type"] != "web_hook":
            raise Refusal(400, "channelUnknown", f"Unknown channel type: {body['type']}")
        # Google wants https; loopback speaks http too, so that a test needs no certificate.
        if urlsplit(body["address"]).scheme not in {"http", "https"}:
            raise Refusal(400, "push.webhookUrlNotHttps", f"WebHook callback must be HTTPS: {body['address']}")

    def _expiration(self, body: Json) -> datetime:
        now = self.world.clock()
        if "expiration" in body:
            return min(datetime.fromtimestamp(int(body["expiration"]) / 1000, UTC), now + DEFAULT_TTL)
        ttl = body.get("params", {}).get("ttl")
        if ttl is not None and not ttl.isdigit():
            raise invalid("Invalid ttl.")
        return now + min(timedelta(seconds=int(ttl)) if ttl else DEFAULT_TTL, DEFAULT_TTL)

    def _send(self, channel: PushChannel, state: str) -> None:
        headers = channel.headers(state)
        if self.random.random() < self.troubles.drop_rate:
            return
        for _ in range(2 if self.troubles.doubles else 1):
            self._post(channel.address, headers, self.troubles.delay_seconds, self.troubles.attempts)

    def _post(self, address: str, headers: dict[str, str], seconds: float, attempts: int) -> None:
        with self._lock:
            self._order += 1
            self._letters.put(_Letter(time.monotonic() + seconds, self._order, address, headers, attempts))

    def _deliver_all(self) -> None:
        while True:
            letter = self._letters.get()
            if self._is_closed:
                return
            if (seconds := letter.due - time.monotonic()) > 0:
                self._letters.put(letter)
                time.sleep(min(seconds, 0.01))
            else:
                self._deliver(letter)

    def _deliver(self, letter: _Letter) -> None:
        named = letter.headers
        try:
            code = _posted(letter.address, named, self.trust)
        except (OSError, http.client.HTTPException):
            code = 0
        self.deliveries.append(
            Delivery(
                channel_id=named["X-Goog-Channel-ID"],
                state=named["X-Goog-Resource-State"],
                number=int(named["X-Goog-Message-Number"]),
                code=code,
            )
        )
        if code not in DELIVERED and (code == 0 or code >= 500) and letter.attempts > 1:
            self._post(letter.address, named, self.troubles.retry_seconds, letter.attempts - 1)


def _posted(address: str, headers: dict[str, str], trust: ssl.SSLContext | None) -> int:
    """The code that the address answers an empty POST with; redirects are not followed."""
    url = urlsplit(address)
    host, path = url.hostname or "", url.path + (f"?{url.query}" if url.query else "")
    connection = (
        http.client.HTTPSConnection(host, url.port, timeout=TIMEOUT_SECONDS, context=trust)
        if url.scheme == "https"
        else http.client.HTTPConnection(host, url.port, timeout=TIMEOUT_SECONDS)
    )
    try:
        connection.request("POST", path or "/", headers={**headers, "Content-Length": "0", "User-Agent": "APIs-Google"})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()
