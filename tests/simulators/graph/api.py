"""The paths of Graph v1.0 that are simulated, and what each does (docs/providers.md §3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from tests.simulators.graph.delta import DeltaView
from tests.simulators.graph.events import EventBook
from tests.simulators.graph.extended import read_extended
from tests.simulators.graph.listing import Listings
from tests.simulators.graph.shown import Shape, Showing
from tests.simulators.graph.subscriptions import Subscriptions
from tests.simulators.graph.tokens import READ, READ_WRITE, USER, Access
from tests.simulators.graph.wire import Json, Refusal, WireRequest, invalid, stale, unreadable
from tests.simulators.graph.world import StoredCalendar, StoredEvent, World


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphCall:
    """One request that was let in: what stood in its path, its body, and whose it is. ``share``: see ``Listings``."""

    request: WireRequest
    values: Mapping[str, str]
    body: Json
    access: Access
    shape: Shape
    share: float = 1.0

    @property
    def if_match(self) -> str | None:
        """The etag that the caller knows."""
        return self.request.headers.get("if-match")


Outcome = tuple[int, Json | None]
Method = Callable[[GraphCall], Outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One method on one path. ``takes`` and ``gives`` name types of bodies; ``lists`` where the answer is a list.

    ``waits`` is a route that must not hold the world's lock, because it calls somebody.
    """

    method: str
    parts: tuple[str, ...]
    run: Method
    scopes: tuple[str, ...]
    takes: str | None = None
    gives: str | None = None
    lists: bool = False
    waits: bool = False

    def values(self, method: str, segments: list[str]) -> Mapping[str, str] | None:
        """What stands for the names in the path; None where it is another path."""
        if method != self.method or len(segments) != len(self.parts):
            return None
        pairs = list(zip(self.parts, segments, strict=True))
        if any(part != segment for part, segment in pairs if not part.startswith("{")):
            return None
        return {part.strip("{}"): segment for part, segment in pairs if part.startswith("{")}


class GraphApi:
    """The routes, and what they do. Whoever runs one holds the world's lock, unless the route waits."""

    def __init__(self, world: World, *, listings: Listings, delta: DeltaView, subscriptions: Subscriptions) -> None:
        self.world = world
        self.listings = listings
        self.delta = delta
        self.subscriptions = subscriptions
        self.routes = tuple(self._routes())

    def find(self, request: WireRequest) -> tuple[Route, Mapping[str, str]]:
        """The route of a request; 400 and 404 as Graph says it."""
        version, *segments = request.segments
        if segments[:1] == ["users"] and len(segments) > 1:
            segments = ["me", *segments[2:]]
        if version == "v1.0":
            for route in self.routes:
                values = route.values(request.method, segments)
                if values is not None:
                    return route, values
        raise Refusal(400, "BadRequest", "Resource not found for the segment, or not by this method.")

    # -- the table

    def _routes(self) -> list[Route]:
        return [
            _route("GET me", self._me, (USER,), gives="user"),
            *self._calendar_routes(),
            *(route for root in ("me", "me/calendar", "me/calendars/{calendar}") for route in self._event_routes(root)),
            *self._subscription_routes(),
        ]

    def _calendar_routes(self) -> list[Route]:
        one, write = "me/calendars/{calendar}", (READ_WRITE,)
        read = (READ, READ_WRITE)
        return [
            _route("GET me/calendars", self._calendars, read, gives="calendar", lists=True),
            _route("POST me/calendars", self._make_calendar, write, takes="calendar", gives="calendar"),
            _route("GET me/calendar", self._calendar, read, gives="calendar"),
            _route(f"GET {one}", self._calendar, read, gives="calendar"),
            _route(f"PATCH {one}", self._change_calendar, write, takes="calendar", gives="calendar"),
            _route(f"DELETE {one}", self._delete_calendar, write),
        ]

    def _event_routes(self, root: str) -> list[Route]:
        read, write = (READ, READ_WRITE), (READ_WRITE,)
        events, one, view = f"{root}/events", f"{root}/events/{{event}}", f"{root}/calendarView"
        return [
            _route(f"GET {events}", self._events, read, gives="event", lists=True),
            _route(f"POST {events}", self._create, write, takes="event", gives="event"),
            _route(f"GET {one}", self._get, read, gives="event"),
            _route(f"PATCH {one}", self._patch, write, takes="event", gives="event"),
            _route(f"DELETE {one}", self._delete, write),
            _route(f"GET {one}/instances", self._instances, read, gives="event", lists=True),
            _route(f"GET {view}", self._view, read, gives="event", lists=True),
            _route(f"GET {view}/delta", self._delta, read, gives="event", lists=True),
            _route(f"GET {view}/delta()", self._delta, read, gives="event", lists=True),
        ]

    def _subscription_routes(self) -> list[Route]:
        one, scopes, kind = "subscriptions/{subscription}", (READ, READ_WRITE), "subscription"
        return [
            _route("GET subscriptions", self._subscriptions, scopes, gives=kind, lists=True),
            _route("POST subscriptions", self._subscribe, scopes, takes=kind, gives=kind, waits=True),
            _route(f"GET {one}", self._subscription, scopes, gives=kind),
            _route(f"PATCH {one}", self._renew, scopes, takes=kind, gives=kind),
            _route(f"DELETE {one}", self._unsubscribe, scopes),
        ]

    # -- the person

    def _me(self, call: GraphCall) -> Outcome:
        mailbox = self.world.mailboxes[call.access.user]
        name = mailbox.user.partition("@")[0]
        body: Json = {"id": mailbox.id, "displayName": name, "mail": mailbox.user, "userPrincipalName": mailbox.user}
        if mailbox.is_personal:
            body["mail"] = None
        chosen = call.shape.selected
        return 200, {key: value for key, value in body.items() if chosen is None or key in chosen}

    # -- calendars

    def _calendars(self, call: GraphCall) -> Outcome:
        return 200, self.listings.calendars(call.request, self._showing(call), call.access.user)

    def _calendar(self, call: GraphCall) -> Outcome:
        return 200, self._showing(call).calendar(self._place(call))

    def _make_calendar(self, call: GraphCall) -> Outcome:
        name = (call.body.get("name") or "").strip()
        if not name:
            raise invalid("A calendar needs a name.", word="ErrorInvalidRequest")
        extended = read_extended(call.body.get("singleValueExtendedProperties") or [])
        made = self.world.add_calendar(call.access.user, name)
        made.extended = extended
        made.color = call.body.get("color") or "auto"
        return 201, self._showing(call).calendar(made)

    def _change_calendar(self, call: GraphCall) -> Outcome:
        found = self._place(call)
        _check_key(call, found)
        name = call.body.get("name")
        if name is not None and name.casefold() != found.name.casefold():
            self.world.check_name(call.access.user, name)
        found.name = name or found.name
        found.color = call.body.get("color") or found.color
        found.extended |= read_extended(call.body.get("singleValueExtendedProperties") or [])
        found.changed = self.world.next_change()
        return 200, self._showing(call).calendar(found)

    def _delete_calendar(self, call: GraphCall) -> Outcome:
        found = self._place(call)
        _check_key(call, found)
        if found.is_default:
            raise Refusal(403, "ErrorDeleteDistinguishedFolder", "Distinguished folders cannot be deleted.")
        found.is_deleted = True
        return 204, None

    # -- events

    def _events(self, call: GraphCall) -> Outcome:
        return 200, self.listings.events(call.request, self._showing(call), self._places(call), call.share)

    def _view(self, call: GraphCall) -> Outcome:
        return 200, self.listings.view(call.request, self._showing(call), self._places(call), call.share)

    def _delta(self, call: GraphCall) -> Outcome:
        return 200, self.delta.answer(call.request, self._showing(call), self._place(call), call.share)

    def _instances(self, call: GraphCall) -> Outcome:
        stored, _ = self._found(call)
        return 200, self.listings.instances(call.request, self._showing(call), stored)

    def _create(self, call: GraphCall) -> Outcome:
        stored = self._book(call).create(self._place(call), call.body)
        return 201, self._showing(call).of(stored)

    def _get(self, call: GraphCall) -> Outcome:
        return 200, self._showing(call).of(*self._found(call))

    def _patch(self, call: GraphCall) -> Outcome:
        stored, day = self._found(call)
        self._book(call).patch(stored, day, call.body, if_match=call.if_match)
        return 200, self._showing(call).of(stored, day)

    def _delete(self, call: GraphCall) -> Outcome:
        stored, day = self._found(call)
        self._book(call).delete(stored, day, if_match=call.if_match)
        return 204, None

    # -- subscriptions

    def _subscriptions(self, call: GraphCall) -> Outcome:
        return 200, {"value": self.subscriptions.of(call.access)}

    def _subscribe(self, call: GraphCall) -> Outcome:
        return 201, self.subscriptions.create(call.body, call.access, immutable=call.shape.immutable)

    def _subscription(self, call: GraphCall) -> Outcome:
        return 200, self.subscriptions.find(call.values["subscription"], call.access).body()

    def _renew(self, call: GraphCall) -> Outcome:
        return 200, self.subscriptions.renew(call.values["subscription"], call.body, call.access)

    def _unsubscribe(self, call: GraphCall) -> Outcome:
        self.subscriptions.delete(call.values["subscription"], call.access)
        return 204, None

    # -- within

    def _showing(self, call: GraphCall) -> Showing:
        return Showing(self.world, call.shape)

    def _book(self, call: GraphCall) -> EventBook:
        return EventBook(self.world, self.world.mailboxes[call.access.user])

    def _place(self, call: GraphCall) -> StoredCalendar:
        return self.world.calendar(call.values.get("calendar"), user=call.access.user)

    def _places(self, call: GraphCall) -> list[StoredCalendar]:
        return [self._place(call)]

    def _found(self, call: GraphCall) -> tuple[StoredEvent, date | None]:
        is_within = {"calendar", "calendars"} & set(call.request.segments)
        place = self._place(call) if is_within else None
        return self._book(call).find(call.values["event"], calendar=place)


def _route(
    path: str,
    run: Method,
    scopes: tuple[str, ...],
    *,
    takes: str | None = None,
    gives: str | None = None,
    lists: bool = False,
    waits: bool = False,
) -> Route:
    method, _, rest = path.partition(" ")
    parts = tuple(rest.split("/"))
    return Route(method=method, parts=parts, run=run, scopes=scopes, takes=takes, gives=gives, lists=lists, waits=waits)


def _check_key(call: GraphCall, found: StoredCalendar) -> None:
    if call.if_match not in (None, "*", f'W/"{found.change_key}"'):
        raise stale()


def body_of(route: Route, request: WireRequest) -> Json:
    """The body of a request on this route; 400 where there is none, or where it is no object."""
    body = request.json()
    if route.takes is None:
        return {}
    if not isinstance(body, dict):
        raise unreadable("Write request body for this resource was not provided in the request.")
    return body
