"""calendarView/delta: rounds in pages, and tokens that carry the window (docs/providers.md §3.2).

What is asked for by the token is told as it is now, not as it was when the round began: something that changes during a
round comes in this one and in the next.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, quote, urlsplit

from tests.simulators.graph.listing import PAGE, Window
from tests.simulators.graph.shown import Showing
from tests.simulators.graph.wire import Json, Refusal, WireRequest, invalid_query
from tests.simulators.graph.world import StoredCalendar, StoredEvent, World

REFUSED = ("$select", "$expand", "$filter", "$orderby", "$search")
REMOVED = {"reason": "deleted"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeltaRound:
    """One round: what is left to tell of the changes after ``since``; the next one begins at ``until``."""

    calendar: str
    window: Window
    since: int
    until: int
    left: tuple[str, ...] = ()
    """The cores of what is to come; a series is told at once, so that no page ends within one."""


@dataclass(slots=True, kw_only=True)
class _Page:
    entries: list[Json] = field(default_factory=list)
    told: int = 0


class DeltaView:
    """The tokens that were given out, and what they stand for."""

    def __init__(self, world: World, *, base_url: Callable[[], str]) -> None:
        self.world = world
        self.base_url = base_url
        self._rounds: dict[str, DeltaRound] = {}

    def answer(self, request: WireRequest, showing: Showing, place: StoredCalendar, share: float = 1.0) -> Json:
        """The next page of a round, or the first one of a new round."""
        query = request.query
        refused = [name for name in REFUSED if name in query]
        if refused:
            names = ", ".join(refused)
            raise invalid_query(
                "The following parameters are not supported with change tracking over the 'CalendarView' resource:"
                f" '{names}'."
            )
        token = query.get("$skiptoken") or query.get("$deltatoken")
        if not token:
            return self._told(request, showing, self._begun(place, Window.of(query), 0, share), place)
        found = self._rounds.get(token)
        if found is None or found.calendar != place.id:
            raise self._lost(request)
        if "$deltatoken" in query:
            found = self._begun(place, found.window, found.until, share)
        return self._told(request, showing, found, place)

    def expire(self, link: str) -> None:
        """Forget the token of a nextLink or deltaLink."""
        options = parse_qs(urlsplit(link).query)
        for token in options.get("$deltatoken", []) + options.get("$skiptoken", []):
            self._rounds.pop(token, None)

    def expire_all(self) -> None:
        """Forget every token."""
        self._rounds.clear()

    # -- within

    def _begun(self, place: StoredCalendar, window: Window, since: int, share: float) -> DeltaRound:
        held = {**(place.gone if since else {}), **place.events}
        changed = sorted((one for one in held.values() if one.listed > since), key=lambda one: one.listed)
        if not since:
            changed = [one for one in changed if _shows(window, one)]
        left = [one.core for one in changed][: int(len(changed) * share)]
        if self.world.quirks.repeats_in_rounds:
            left += left[:1]
        return DeltaRound(calendar=place.id, window=window, since=since, until=self.world.changes, left=tuple(left))

    def _told(self, request: WireRequest, showing: Showing, current: DeltaRound, place: StoredCalendar) -> Json:
        size = min(showing.shape.page or PAGE, self.world.quirks.largest_page)
        page = _Page()
        for core in current.left:
            group = self._group(showing, current, place, core)
            if page.entries and len(page.entries) + len(group) > size:
                break
            page.entries += group
            page.told += 1
        left = current.left[page.told :]
        following = DeltaRound(
            calendar=current.calendar, window=current.window, since=current.since, until=current.until, left=left
        )
        name, option = ("@odata.nextLink", "$skiptoken") if left else ("@odata.deltaLink", "$deltatoken")
        return {
            "@odata.context": f"{self.base_url()}/v1.0/$metadata#Collection(event)",
            name: f"{self.base_url()}{request.path}?{option}={self._token(following)}",
            "value": page.entries,
        }

    def _group(self, showing: Showing, current: DeltaRound, place: StoredCalendar, core: str) -> list[Json]:
        stored = place.events.get(core)
        if stored is None:
            return self._removed(showing, current.window, place.gone.get(core))
        if not _shows(current.window, stored):
            return self._removed(showing, current.window, stored)
        told = [{"@odata.type": "#microsoft.graph.event", **_without_cancelled(showing.whole(stored))}]
        if stored.recurrence:
            for day in current.window.days(stored):
                if day in stored.exceptions:
                    told.append(
                        {"@odata.type": "#microsoft.graph.event", **_without_cancelled(showing.whole(stored, day))}
                    )
                else:
                    told.append(showing.bare(stored, day))
        return told

    def _removed(self, showing: Showing, window: Window, stored: StoredEvent | None) -> list[Json]:
        if stored is None:
            return []
        days = list(window.days(stored)) if stored.recurrence else []
        ids = [showing.id(stored), *(showing.id(stored, day) for day in days)]
        return [{"@odata.type": "#microsoft.graph.event", "id": one, "@removed": REMOVED} for one in ids]

    def _token(self, kept: DeltaRound) -> str:
        token = secrets.token_urlsafe(24)
        self._rounds[token] = kept
        return quote(token)

    def _lost(self, request: WireRequest) -> Refusal:
        code, word = self.world.quirks.lost_sync
        headers = {"Location": f"{self.base_url()}{request.path}?$deltatoken="} if code == 410 else {}
        return Refusal(code, word, "The sync state generation is not found; the round begins anew.", headers=headers)


def _shows(window: Window, stored: StoredEvent) -> bool:
    if stored.recurrence is None:
        return window.shows(stored.bounds())
    return next(window.days(stored), None) is not None


def _without_cancelled(whole: Json) -> Json:
    return {name: value for name, value in whole.items() if name != "cancelledOccurrences"}
