"""Subscriptions: made after a handshake, renewed, lost; and their notifications (docs/providers.md §3.4)."""

from __future__ import annotations

import re
import ssl
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from threading import RLock
from urllib.parse import quote_plus, unquote, urlsplit

from tests.simulators.graph.events import etag_of
from tests.simulators.graph.ids import id_of
from tests.simulators.graph.posting import Delivery, Post
from tests.simulators.graph.schema import graph_schema
from tests.simulators.graph.times import offset_stamp, read_moment
from tests.simulators.graph.tokens import Access
from tests.simulators.graph.wire import Json, Refusal, invalid
from tests.simulators.graph.world import StoredEvent, World

LONGEST = timedelta(minutes=10_080)
SHORTEST = timedelta(minutes=45)
LONGEST_STATE = 128
MOST = 1000
CHANGES = frozenset({"created", "updated", "deleted"})
_RESOURCE = re.compile(r"/?(?:me|users/[^/]+)(?:/calendars/(?P<calendar>[^/]+)|/calendar)?/events/?")


@dataclass(slots=True, kw_only=True)
class Subscription:
    """One registration of one application for the events of a calendar, or of the whole mailbox (calendar is None)."""

    id: str
    user: str
    application: str
    resource: str
    calendar: str | None
    changes: frozenset[str]
    address: str
    lifecycle_address: str | None
    state: str | None
    until: datetime
    immutable: bool
    is_dark: bool = False
    """Delivers nothing until it is authorised again."""

    def body(self) -> Json:
        """The resource, as it is answered: what the application keeps to itself (clientState) is left out."""
        return {
            "id": self.id,
            "resource": self.resource,
            "applicationId": str(uuid.uuid5(uuid.NAMESPACE_DNS, self.application)),
            "changeType": ",".join(sorted(self.changes)),
            "notificationUrl": self.address,
            "lifecycleNotificationUrl": self.lifecycle_address,
            "expirationDateTime": offset_stamp(self.until),
            "creatorId": str(uuid.uuid5(uuid.NAMESPACE_DNS, self.user)),
            "includeResourceData": False,
            "latestSupportedTlsVersion": "v1_2",
        }


@dataclass(slots=True, kw_only=True)
class Troubles:
    """How badly notifications are delivered."""

    drop_rate: float = 0.0
    """The share of notifications that are never sent; 1.0 drops all."""
    doubles: bool = False
    """Each notification is sent twice."""
    delay_seconds: float = 0.0
    """Notifications are sent that much later."""
    gather_seconds: float = 0.02
    """How long a notification waits for others to the same address, that go in one body with it."""
    retry_seconds: float = 0.2
    """Between the attempts of what was not answered with 2xx."""
    attempts: int = 3


class Subscriptions:
    """All of them, and the service that delivers. Start it, and close it."""

    def __init__(self, world: World, *, trust: ssl.SSLContext | None = None) -> None:
        self.world = world
        self.troubles = Troubles()
        self.random = Random(7)
        self.open: dict[str, Subscription] = {}
        self.violations: list[str] = []
        self.post = Post(trust=trust, retry_seconds=lambda: self.troubles.retry_seconds)
        self._lock = RLock()

    @property
    def deliveries(self) -> list[Delivery]:
        """Every attempt to deliver so far."""
        return self.post.deliveries

    def start(self) -> None:
        """Begin to deliver."""
        self.world.listeners.append(self.tell)
        self.post.start()

    def close(self) -> None:
        """Stop delivering."""
        self.post.close()

    # -- for applications; none of these holds the world's lock, because the handshake waits for the other side

    def create(self, body: Json, access: Access, *, immutable: bool) -> Json:
        """A new subscription, after both of its addresses have given the handshake."""
        for name in ("changeType", "notificationUrl", "resource", "expirationDateTime"):
            if not body.get(name):
                raise _refused(f"The property {name} is required.")
        self._check_state(body)
        made = Subscription(
            id=str(uuid.uuid4()),
            user=access.user,
            application=access.application,
            resource=body["resource"],
            calendar=self._calendar(body["resource"], access.user),
            changes=_changes(body["changeType"]),
            address=body["notificationUrl"],
            lifecycle_address=body.get("lifecycleNotificationUrl"),
            state=body.get("clientState"),
            until=self._until(body["expirationDateTime"]),
            immutable=immutable,
        )
        self._check_room(made)
        for address in filter(None, [made.address, made.lifecycle_address]):
            self._check_address(address)
        with self._lock:
            self.open[made.id] = made
        return made.body() | {"clientState": made.state}

    def find(self, subscription_id: str, access: Access) -> Subscription:
        """The user's subscription; 404 where there is none (any more)."""
        with self._lock:
            self._forget_expired()
            found = self.open.get(subscription_id)
        if found is None or found.user != access.user:
            raise Refusal(404, "ResourceNotFound", "The object was not found.")
        return found

    def of(self, access: Access) -> list[Json]:
        """The user's subscriptions."""
        with self._lock:
            self._forget_expired()
            return [one.body() for one in self.open.values() if one.user == access.user]

    def renew(self, subscription_id: str, body: Json, access: Access) -> Json:
        """Another expiration; that authorises it again too. Nothing else can be changed."""
        found = self.find(subscription_id, access)
        if {name for name in body if "@" not in name} != {"expirationDateTime"}:
            raise _refused("Only the expirationDateTime of a subscription can be changed.")
        found.until = self._until(body["expirationDateTime"])
        found.is_dark = False
        return found.body()

    def delete(self, subscription_id: str, access: Access) -> None:
        """End a subscription."""
        found = self.find(subscription_id, access)
        with self._lock:
            self.open.pop(found.id, None)

    # -- what happens at Microsoft's

    def tell(self, stored: StoredEvent, day: date | None, change: str) -> None:
        """Notify every subscription to these events."""
        with self._lock:
            self._forget_expired()
            told = [one for one in self.open.values() if self._concerns(one, stored, change)]
        for one in told:
            if self.random.random() < self.troubles.drop_rate:
                continue
            for _ in range(2 if self.troubles.doubles else 1):
                self._send(one.address, self._notification(one, stored, day, change))

    def lifecycle(self, word: str, *, subscription_id: str | None = None) -> None:
        """Send ``reauthorizationRequired``, ``missed`` or ``subscriptionRemoved`` to one, or to all, that can hear it.

        After the first nothing is delivered until it is renewed; after the last the subscription is gone.
        """
        with self._lock:
            chosen = [one for one in self.open.values() if subscription_id in (None, one.id)]
        for one in chosen:
            one.is_dark = one.is_dark or word == "reauthorizationRequired"
            if word == "subscriptionRemoved":
                self.open.pop(one.id, None)
            if one.lifecycle_address:
                self._send(one.lifecycle_address, self._envelope(one) | {"lifecycleEvent": word})

    def lose(self) -> None:
        """Lose every subscription without a word."""
        with self._lock:
            self.open.clear()

    def forget(self, user: str) -> None:
        """End those of a user who took consent back."""
        with self._lock:
            for one in [one for one in self.open.values() if one.user == user]:
                del self.open[one.id]

    # -- within

    def _send(self, address: str, notification: Json) -> None:
        self.violations += graph_schema().problems("changeNotification", notification)
        self.post.send(
            address,
            notification,
            seconds=self.troubles.delay_seconds,
            gather=self.troubles.gather_seconds,
            attempts=self.troubles.attempts,
        )

    def _concerns(self, one: Subscription, stored: StoredEvent, change: str) -> bool:
        is_place = one.calendar in (None, stored.calendar.id)
        return one.user == stored.calendar.owner and is_place and change in one.changes and not one.is_dark

    def _envelope(self, one: Subscription) -> Json:
        return {
            "subscriptionId": one.id,
            "subscriptionExpirationDateTime": offset_stamp(one.until),
            "tenantId": self.world.tenant,
            "clientState": one.state,
        }

    def _notification(self, one: Subscription, stored: StoredEvent, day: date | None, change: str) -> Json:
        event_id = id_of(stored, day, immutable=one.immutable)
        resource = f"Users/{self.world.mailboxes[one.user].id}/Events/{event_id}"
        named = {"@odata.type": "#Microsoft.Graph.Event", "@odata.id": resource, "id": event_id}
        named |= {"@odata.etag": etag_of(stored, day)}
        return self._envelope(one) | {"changeType": change, "resource": resource, "resourceData": named}

    def _check_state(self, body: Json) -> None:
        if len(body.get("clientState") or "") > LONGEST_STATE:
            raise _refused("The clientState is longer than 128 characters.")
        if body.get("includeResourceData"):
            raise _refused("Notifications with resource data are not simulated.")

    def _check_room(self, made: Subscription) -> None:
        with self._lock:
            self._forget_expired()
            own = [one for one in self.open.values() if one.user == made.user]
        if len(own) >= MOST:
            raise Refusal(403, "ExtensionError", "The mailbox has too many subscriptions.")
        same = [one for one in own if (one.resource, one.changes) == (made.resource, made.changes)]
        if same and self.world.quirks.one_subscription_each:
            sentence = f"Subscription Id {same[0].id} already exists for the requested combination."
            raise Refusal(409, "ExtensionError", sentence)

    def _check_address(self, address: str) -> None:
        # Graph wants https; loopback speaks http too, so that a test needs no certificate.
        if urlsplit(address).scheme not in {"http", "https"}:
            raise _refused("A notification address must begin with https.")
        token = quote_plus(f"Validation: Testing client application reachability for subscription {uuid.uuid4()}")
        if not self.post.handshake(address, token):
            sentence = "Subscription validation request failed. Notification endpoint must respond with 200 OK."
            raise Refusal(400, "ValidationError", sentence)

    def _calendar(self, resource: str, user: str) -> str | None:
        found = _RESOURCE.fullmatch(resource)
        if not found:
            raise _refused("The resource is not one that can be subscribed to here.")
        with self.world.lock:
            if found["calendar"]:
                return self.world.calendar(unquote(found["calendar"]), user=user).id
            return None if "calendar" not in resource else self.world.calendar(None, user=user).id

    def _until(self, text: str) -> datetime:
        moment = read_moment(text, name="expirationDateTime")
        until = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        now = self.world.clock()
        if until <= now:
            raise _refused("The expirationDateTime is in the past.")
        if until > now + LONGEST:
            raise _refused("Subscription expiration can only be 10080 minutes in the future.")
        return max(until, now + SHORTEST)

    def _forget_expired(self) -> None:
        now = self.world.clock()
        for one in [one for one in self.open.values() if one.until <= now]:
            del self.open[one.id]


def _changes(text: str) -> frozenset[str]:
    found = frozenset(part.strip() for part in text.split(","))
    if not found <= CHANGES:
        raise _refused("The changeType is none of created, updated, deleted.")
    return found


def _refused(sentence: str) -> Refusal:
    return invalid(sentence, word="InvalidRequest")
