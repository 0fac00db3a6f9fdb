"""events.list and events.instances: windows, filters, pages and sync tokens (docs/providers.md §2.4)."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice, takewhile

from tests.simulators.google.events import EventBook
from tests.simulators.google.series import Series
from tests.simulators.google.times import Moment, instant_of, moment_of
from tests.simulators.google.wire import Json, Refusal, full_sync_required, invalid
from tests.simulators.google.world import StoredCalendar, StoredEvent, World

FORBIDDEN_WITH_TOKEN = frozenset(
    {
        "iCalUID",
        "orderBy",
        "privateExtendedProperty",
        "q",
        "sharedExtendedProperty",
        "timeMin",
        "timeMax",
        "updatedMin",
    }
)
WITHOUT_TOKEN = FORBIDDEN_WITH_TOKEN - {"timeMin", "timeMax"}
"""A listing narrowed by one of these gives no sync token."""

SHAPE = ("singleEvents", "eventTypes", "timeZone", "showHiddenInvitations")
"""What has to be the same in every listing of one chain of sync tokens."""

ENDLESS = 1000
"""So many occurrences of an endless series are looked at."""

Query = Mapping[str, list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """From (exclusive, by an event's end) and until (exclusive, by its start); either may be open."""

    lower: datetime | None
    upper: datetime | None

    def holds(self, start: datetime, end: datetime) -> bool:
        """Does an event with these instants overlap it?"""
        return (self.lower is None or end > self.lower) and (self.upper is None or start < self.upper)


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncPoint:
    """What a sync token stands for."""

    calendar_id: str
    change: int
    shape: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPage:
    """What a page token stands for: a listing as it was when its first page was read, and how far it has come."""

    calendar_id: str
    entries: list[Json]
    offset: int
    sync_token: str | None


class Listings:
    """Lists events, and remembers what the tokens mean that it gave."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.floor = 0
        self.sync_points: dict[str, SyncPoint] = {}
        self.open_pages: dict[str, OpenPage] = {}

    def expire_sync_tokens(self) -> None:
        """Every sync token given so far is refused from now on with 410."""
        self.sync_points.clear()

    def events(self, calendar: StoredCalendar, query: Query, *, share: float = 1.0) -> Json:
        """The answer of events.list, of which only that share is told."""
        if "pageToken" in query:
            return self._page(calendar, self._opened(calendar, query), query)
        book = EventBook(self.world, calendar)
        zone = _one(query, "timeZone")
        if "syncToken" in query:
            point = self._point(calendar, query)
            listed = _since(calendar, point.change)
        else:
            listed = self._full(book, query)
        told = listed[: int(share * len(listed))]
        found = [book.stub(one, zone=zone) if one.is_cancelled else book.shown(one, zone=zone) for one in told]
        token = None if WITHOUT_TOKEN & set(query) or _is_true(query, "singleEvents") else self._token(calendar, query)
        page = OpenPage(calendar_id=calendar.id, entries=found, offset=0, sync_token=token)
        return self._page(calendar, page, query)

    def instances(self, calendar: StoredCalendar, master: StoredEvent, query: Query) -> Json:
        """The answer of events.instances."""
        if "pageToken" in query:
            return self._page(calendar, self._opened(calendar, query), query)
        book = EventBook(self.world, calendar)
        found = _expanded(book, master, _window(query), shows_deleted=_is_true(query, "showDeleted"))
        if asked := _one(query, "originalStart"):
            found = [one for one in found if _starts_at(one, asked)]
        shown = [book.shown(one, zone=_one(query, "timeZone")) for one in found]
        return self._page(calendar, OpenPage(calendar_id=calendar.id, entries=shown, offset=0, sync_token=None), query)

    # -- tokens and pages

    def _token(self, calendar: StoredCalendar, query: Query) -> str:
        token = secrets.token_urlsafe(18) + "="
        self.sync_points[token] = SyncPoint(calendar_id=calendar.id, change=self.world.changes, shape=_shape(query))
        return token

    def _point(self, calendar: StoredCalendar, query: Query) -> SyncPoint:
        if clash := sorted(FORBIDDEN_WITH_TOKEN & set(query)):
            raise invalid(f"Sync token cannot be combined with {', '.join(clash)}.")
        if _one(query, "showDeleted") == "false":
            raise invalid("Sync token cannot be combined with showDeleted set to false.")
        point = self.sync_points.get(_one(query, "syncToken") or "")
        if point is None or point.calendar_id != calendar.id or self._is_too_old(calendar, point):
            raise full_sync_required()
        if point.shape != _shape(query):
            raise invalid("The parameters differ from those of the listing that gave the sync token.")
        return point

    def _is_too_old(self, calendar: StoredCalendar, point: SyncPoint) -> bool:
        most = self.world.quirks.sync_token_changes
        return most is not None and len(_since(calendar, point.change)) > most

    def _opened(self, calendar: StoredCalendar, query: Query) -> OpenPage:
        page = self.open_pages.get(_one(query, "pageToken") or "")
        if page is None or page.calendar_id != calendar.id:
            raise invalid("Invalid page token value.")
        return page

    def _page(self, calendar: StoredCalendar, page: OpenPage, query: Query) -> Json:
        size = min(int(_one(query, "maxResults") or 250), self.world.quirks.largest_page)
        end = page.offset + size
        answer: Json = {
            "kind": "calendar#events",
            "etag": calendar.etag,
            "summary": calendar.summary,
            "updated": self.world.stamp(),
            "timeZone": _one(query, "timeZone") or calendar.zone,
            "accessRole": "owner",
            "defaultReminders": [],
            "items": page.entries[page.offset : end],
        }
        if end < len(page.entries):
            answer["nextPageToken"] = secrets.token_urlsafe(18)
            self.open_pages[answer["nextPageToken"]] = OpenPage(
                calendar_id=page.calendar_id, entries=page.entries, offset=end, sync_token=page.sync_token
            )
        elif page.sync_token:
            answer["nextSyncToken"] = page.sync_token
        return answer

    # -- what is listed

    def _full(self, book: EventBook, query: Query) -> list[StoredEvent]:
        window, single = _window(query), _is_true(query, "singleEvents")
        if _one(query, "orderBy") == "startTime" and not single:
            raise invalid("The requested ordering is not available for the particular query.")
        kept = [one for one in book.stored.values() if _is_asked_for(one, query) and not one.is_dropped]
        deleted = _is_true(query, "showDeleted") or "updatedMin" in query
        found = list(_as_singles(book, kept, window, deleted) if single else _as_series(book, kept, window, deleted))
        if since := _moment(query, "updatedMin"):
            found = [one for one in found if datetime.fromisoformat(one.body["updated"]) >= since]
        zone = book.calendar.zone
        match _one(query, "orderBy"):
            case "startTime":
                found.sort(key=lambda one: instant_of(moment_of(one.body["start"]), zone))
            case "updated":
                found.sort(key=lambda one: str(one.body["updated"]))
        return found


def _since(calendar: StoredCalendar, change: int) -> list[StoredEvent]:
    found = [one for one in calendar.events.values() if one.changed > change]
    return sorted(found, key=lambda one: one.changed)


def _as_series(
    book: EventBook,
    kept: list[StoredEvent],
    window: Window,
    shows_deleted: bool,  # noqa: FBT001
) -> Iterator[StoredEvent]:
    """Singles, masters and exceptions; a cancelled exception is always told while its series is there."""
    for one in kept:
        if one.is_cancelled and not (shows_deleted or one.master_id):
            continue
        master = book.stored.get(one.master_id or "")
        if _is_in(one, window, book) or (master and _is_in(master, window, book)):
            yield one


def _as_singles(
    book: EventBook,
    kept: list[StoredEvent],
    window: Window,
    shows_deleted: bool,  # noqa: FBT001
) -> Iterator[StoredEvent]:
    for one in kept:
        if one.is_master and not one.is_cancelled:
            yield from _expanded(book, one, window, shows_deleted=shows_deleted)
        elif not one.is_master and not one.master_id and (shows_deleted or not one.is_cancelled):
            yield from (one,) if _is_in(one, window, book) else ()


def _expanded(book: EventBook, master: StoredEvent, window: Window, *, shows_deleted: bool) -> list[StoredEvent]:
    if not master.is_master:
        return []
    starts = islice(_until(Series(master.body).starts(ending_after=window.lower), window, book), ENDLESS)
    # An exception may have been moved into the window from an original start after it.
    moved = [moment_of(one.body["originalStartTime"]) for one in book.exceptions_of(master.body["id"])]
    found = [book.instance(master, start) for start in dict.fromkeys((*starts, *moved))]
    return [one for one in found if _is_in(one, window, book) and (shows_deleted or not one.is_cancelled)]


def _until(starts: Iterable[Moment], window: Window, book: EventBook) -> Iterator[Moment]:
    upper = window.upper
    return takewhile(lambda start: upper is None or instant_of(start, book.calendar.zone) < upper, starts)


def _is_in(found: StoredEvent, window: Window, book: EventBook) -> bool:
    zone = book.calendar.zone
    if window.lower is None and window.upper is None:
        return True
    if not found.is_master:
        return window.holds(*(instant_of(moment_of(found.body[name]), zone) for name in ("start", "end")))
    series = Series(found.body)
    starts = islice(_until(series.starts(ending_after=window.lower), window, book), ENDLESS)
    return any(window.holds(instant_of(one, zone), instant_of(series.end_of(one), zone)) for one in starts)


def _is_asked_for(found: StoredEvent, query: Query) -> bool:
    if found.body["iCalUID"] != (_one(query, "iCalUID") or found.body["iCalUID"]):
        return False
    if found.body["eventType"] not in query.get("eventTypes", [found.body["eventType"]]):
        return False
    extended = found.body.get("extendedProperties", {})
    return all(
        extended.get(part, {}).get(key) == value
        for part in ("private", "shared")
        for key, _, value in (wanted.partition("=") for wanted in query.get(f"{part}ExtendedProperty", []))
    ) and _has_words(found, _one(query, "q"))


def _has_words(found: StoredEvent, words: str | None) -> bool:
    text = " ".join(found.body.get(name, "") for name in ("summary", "description", "location")).lower()
    return all(word in text for word in (words or "").lower().split())


def _starts_at(found: StoredEvent, asked: str) -> bool:
    original = moment_of(found.body["originalStartTime"])
    if isinstance(original, datetime):
        return datetime.fromisoformat(asked).astimezone(UTC) == original.astimezone(UTC)
    return original.isoformat() == asked


def _window(query: Query) -> Window:
    lower, upper = _moment(query, "timeMin"), _moment(query, "timeMax")
    if lower and upper and lower >= upper:
        raise Refusal(400, "timeRangeEmpty", "The specified time range is empty.", domain="calendar")
    return Window(lower=lower, upper=upper)


def _moment(query: Query, name: str) -> datetime | None:
    text = _one(query, name)
    return datetime.fromisoformat(text) if text else None


def _one(query: Query, name: str) -> str | None:
    return query[name][0] if query.get(name) else None


def _is_true(query: Query, name: str) -> bool:
    return _one(query, name) == "true"


def _shape(query: Query) -> tuple[tuple[str, ...], ...]:
    # What is left out means the same as the default that is spelled out.
    return tuple(tuple(query.get(name, ["false"] if name == "singleEvents" else [])) for name in SHAPE)
