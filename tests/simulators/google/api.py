"""The methods of the calendar API, each on the state, for one user and one application."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.simulators.google.channels import Channels
from tests.simulators.google.events import EventBook
from tests.simulators.google.listing import Listings
from tests.simulators.google.oauth import Access
from tests.simulators.google.schema import Match
from tests.simulators.google.times import zone_named
from tests.simulators.google.wire import Json, Refusal, invalid, not_found, required, stale
from tests.simulators.google.world import StoredCalendar, World

RESTRICTED = frozenset({"calendar.app.created"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCall:
    """One request that was understood. ``share`` is how much of a listing is told."""

    match: Match
    access: Access
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: Json = field(default_factory=dict)
    share: float = 1.0

    def one(self, name: str) -> str | None:
        """The parameter of the query, the first one given."""
        return self.query[name][0] if self.query.get(name) else None

    @property
    def if_match(self) -> str | None:
        """The etag that the resource must have."""
        return self.headers.get("if-match")

    @property
    def scopes(self) -> frozenset[str]:
        """The granted scopes that allow this method."""
        return self.match.operation.scopes & {scope.rpartition("/")[2] for scope in self.access.scopes}

    def require_scope(self) -> None:
        """Raise 403 insufficientPermissions where no granted scope allows this method."""
        if not self.scopes:
            message = "Request had insufficient authentication scopes."
            raise Refusal(403, "insufficientPermissions", message)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentUpdates:
    """What a write said of mail to guests; nothing where it left that to the default."""

    operation: str
    value: str | None


class CalendarApi:
    """Carries calls out. Whoever calls it holds the world's lock."""

    def __init__(self, world: World, listings: Listings, channels: Channels) -> None:
        self.world = world
        self.listings = listings
        self.channels = channels
        self.send_updates: list[SentUpdates] = []
        self.methods: dict[str, Callable[[ApiCall], Json | None]] = {
            "calendars.insert": self._insert_calendar,
            "calendars.get": lambda call: self._calendar(call).as_calendar(),
            "calendars.patch": self._patch_calendar,
            "calendars.update": self._patch_calendar,
            "calendars.delete": self._delete_calendar,
            "calendarList.list": self._list_calendars,
            "calendarList.get": lambda call: self._entry(call).as_entry(),
            "calendarList.patch": self._patch_entry,
            "calendarList.update": self._patch_entry,
            "calendarList.delete": self._delete_entry,
            "events.list": lambda call: self.listings.events(self._calendar(call), call.query, share=call.share),
            "events.instances": self._instances,
            "events.get": self._get_event,
            "events.insert": self._insert_event,
            "events.update": self._change_event,
            "events.patch": self._change_event,
            "events.delete": self._delete_event,
            "events.watch": self._watch,
            "channels.stop": self._stop,
        }

    def perform(self, call: ApiCall) -> Json | None:
        """The body of the answer, none where it has none; raises ``Refusal``."""
        method = self.methods.get(call.match.operation.name)
        if method is None:
            raise Refusal(501, "notImplemented", f"{call.match.operation.name} is not simulated")
        call.require_scope()
        return method(call)

    # -- calendars

    def _calendar(self, call: ApiCall) -> StoredCalendar:
        found = self.world.calendar(call.match.values["calendarId"], user=call.access.user)
        # With calendar.app.created alone, what another made is not there.
        if call.scopes == RESTRICTED and found.maker != call.access.client_id:
            raise not_found()
        return found

    def _entry(self, call: ApiCall) -> StoredCalendar:
        found = self._calendar(call)
        if not found.is_subscribed:
            raise not_found()
        return found

    def _insert_calendar(self, call: ApiCall) -> Json:
        if not call.body.get("summary"):
            raise required("Missing title.")
        made = self.world.add_calendar(
            call.access.user, call.body["summary"], zone=call.body.get("timeZone"), maker=call.access.client_id
        )
        made.description, made.location = call.body.get("description"), call.body.get("location")
        return made.as_calendar()

    def _patch_calendar(self, call: ApiCall) -> Json:
        found = self._calendar(call)
        self._require_current(call, found)
        if "summary" in call.body and not call.body["summary"]:
            raise required("Missing title.")
        zone_named(call.body.get("timeZone") or "UTC")
        found.summary = call.body.get("summary", found.summary)
        found.zone = call.body.get("timeZone", found.zone)
        found.description = call.body.get("description", found.description)
        found.location = call.body.get("location", found.location)
        found.changed = self.world.next_change()
        return found.as_calendar()

    def _delete_calendar(self, call: ApiCall) -> None:
        found = self._calendar(call)
        if found.is_primary:
            raise Refusal(400, "cannotDeletePrimaryCalendar", "Cannot delete primary calendar.", domain="calendar")
        found.is_deleted = True

    def _list_calendars(self, call: ApiCall) -> Json:
        if "syncToken" in call.query:
            raise Refusal(501, "notImplemented", "syncToken of calendarList.list is not simulated")
        shows_hidden = call.one("showHidden") == "true"
        found = [
            calendar
            for calendar in self.world.calendars_of(call.access.user)
            if calendar.is_subscribed and (shows_hidden or not calendar.is_hidden)
        ]
        size = min(int(call.one("maxResults") or 100), 250, self.world.quirks.largest_page)
        start = _offset(call.one("pageToken"))
        answer: Json = {
            "kind": "calendar#calendarList",
            "etag": f'"p{self.world.changes}"',
            "items": [calendar.as_entry() for calendar in found[start : start + size]],
        }
        return answer | ({"nextPageToken": f"o{start + size}"} if start + size < len(found) else {})

    def _patch_entry(self, call: ApiCall) -> Json:
        found = self._entry(call)
        self._require_current(call, found)
        found.is_hidden = bool(call.body.get("hidden", found.is_hidden))
        found.is_selected = bool(call.body.get("selected", found.is_selected))
        found.summary_override = call.body.get("summaryOverride", found.summary_override)
        found.color_id = call.body.get("colorId", found.color_id)
        found.changed = self.world.next_change()
        return found.as_entry()

    def _delete_entry(self, call: ApiCall) -> None:
        self._entry(call).is_subscribed = False

    def _require_current(self, call: ApiCall, found: StoredCalendar) -> None:
        if call.if_match not in (None, "*", found.etag):
            raise stale()

    # -- events

    def _book(self, call: ApiCall) -> EventBook:
        return EventBook(self.world, self._calendar(call))

    def _instances(self, call: ApiCall) -> Json:
        book = self._book(call)
        master = book.find(call.match.values["eventId"])
        return self.listings.instances(book.calendar, master, call.query)

    def _get_event(self, call: ApiCall) -> Json:
        book = self._book(call)
        return book.shown(book.find(call.match.values["eventId"]), zone=call.one("timeZone"))

    def _insert_event(self, call: ApiCall) -> Json:
        self._note_updates(call)
        book = self._book(call)
        return book.shown(book.insert(call.body))

    def _change_event(self, call: ApiCall) -> Json:
        self._note_updates(call)
        book = self._book(call)
        change = book.patch if call.match.operation.method == "PATCH" else book.update
        return book.shown(change(call.match.values["eventId"], call.body, if_match=call.if_match))

    def _delete_event(self, call: ApiCall) -> None:
        self._note_updates(call)
        self._book(call).delete(call.match.values["eventId"], if_match=call.if_match)

    def _note_updates(self, call: ApiCall) -> None:
        self.send_updates.append(SentUpdates(operation=call.match.operation.name, value=call.one("sendUpdates")))

    # -- push channels

    def _watch(self, call: ApiCall) -> Json:
        return self.channels.watch(self._calendar(call), call.body, client_id=call.access.client_id)

    def _stop(self, call: ApiCall) -> None:
        self.channels.stop(call.body, client_id=call.access.client_id)


def _offset(token: str | None) -> int:
    if token is None:
        return 0
    if not token.startswith("o") or not token[1:].isdigit():
        raise invalid("Invalid page token value.")
    return int(token[1:])
