"""Maya in Google's own app, and Google behind it, as a side of a walk."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from hxdav.domain.integration import Service
from hxdav.domain.times import AllDay, When, Zoned
from hxdav.ical.build import PRODID, text_line, time_line
from hxdav.remote import Remote
from hxdav.remotes.google.account import open_google
from hxdav.remotes.google.events_out import MARK
from hxdav.remotes.google.oauth import credentials_text
from hxdav.sync.bridge_context import BridgeContext
from tests.builders import SYDNEY
from tests.e2e.walked_outlook import shown_here
from tests.e2e.walked_side import Fault, Moment, Side, later, unlike_texts
from tests.integration.remotes.google_desk import app_of
from tests.simulators.google.channels import Troubles
from tests.simulators.google.faults import LISTING
from tests.simulators.google.oauth import APP_CREATED, LIST_READONLY
from tests.simulators.google.people import Person
from tests.simulators.google.series import Series
from tests.simulators.google.wire import Json, Refusal
from tests.simulators.google.world import Quirks

if TYPE_CHECKING:
    from random import Random

    from tests.e2e.walking import Walk

_RULES = (
    *(None, None, None, "RRULE:FREQ=WEEKLY;COUNT=5", "RRULE:FREQ=DAILY;COUNT=4", "RRULE:FREQ=WEEKLY"),
    *("RRULE:FREQ=MONTHLY;COUNT=3", "RRULE:FREQ=DAILY;INTERVAL=3;COUNT=4"),
)
_ZONES = (SYDNEY, SYDNEY, "Europe/Berlin", "America/New_York")
_WORDS = ("summary", "summary", "location", "description")
_SHOWN = 5
"""Of a series, the instances that may be on the screen."""

_EVENTS = r"/events"
_ALL = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC))


class GoogleSide(Side):
    """Google, which knows what is hidden, and calls."""

    service = Service.GOOGLE
    refusals = (Refusal,)

    def __init__(self, walk: Walk) -> None:
        super().__init__(walk)
        self.google = google = walk.stage.google
        google.faults.clear()
        google.channels.troubles = Troubles()
        google.world.quirks = _quirks(walk.random)
        google.api.send_updates.clear()
        self.person: Person = google.user(f"maya{next(walk.stage.numbers)}@google.example", zone=SYDNEY)
        scopes = (APP_CREATED, LIST_READONLY)
        expires = datetime.now(UTC) + timedelta(hours=1)
        self.credentials = credentials_text(
            self.person.token(*scopes), self.person.refresh_token(*scopes), expires=expires
        )

    @property
    def subject(self) -> str:
        """The Google account."""
        return self.person.email

    def open(self) -> Remote:
        """The Google remote."""
        return open_google(app_of(self.google), self.credentials, keep=self._keep)

    def guard(self) -> AbstractContextManager[object]:
        """The simulator's own lock."""
        return self.google.world.lock

    def calms(self) -> None:
        """It answers as it should, and shows the calendar."""
        self.google.faults.clear()
        self.google.channels.troubles = Troubles()
        if self.calendar:
            self.person.unhide(self.calendar)

    def _keep(self, credentials: str) -> None:
        self.credentials = credentials

    # What she does.

    def acts(self) -> list[Callable[[str], str]]:
        """What Google's app offers."""
        return [
            *(self.adds, self.adds, self.writes, self.writes, self.moves, self.moves, self.frees, self.deletes),
            *(self.changes_one, self.changes_one, self.deletes_one, self.moves_one, self.splits, self.hides_or_shows),
        ]

    def adds(self, calendar: str) -> str:
        """Add an event, of an hour or of days, once or again and again."""
        rule, is_day = self.walk.random.choice(_RULES), self.walk.random.random() < 0.25
        starts = self.moment(is_day=is_day)
        fields: dict[str, Any] = {} if rule is None else {"recurrence": [rule]}
        if not is_day:
            fields["zone"] = self.walk.random.choice(_ZONES)
        made = self.person.add_event(calendar, starts, later(starts), summary=self.word(), **fields)
        return f"adds {made['id']} {made['summary']} at {starts} {rule or ''}"

    def writes(self, calendar: str) -> str:
        """Write another word on something."""
        shown, field = self._one(calendar), self.walk.random.choice(_WORDS)
        return self._changed(calendar, shown, {field: self.word()})

    def moves(self, calendar: str) -> str:
        """Drag something to another time, or make a whole day of it."""
        shown = self._one(calendar)
        if shown is None:
            return "nothing to move"
        starts = self.moment(is_day=self.walk.random.random() < (0.1 if "dateTime" in shown["start"] else 0.5))
        if "recurrence" in shown and isinstance(starts, datetime) != ("dateTime" in shown["start"]):
            # A series keeps its kind: its exceptions are named by it.
            return "no such move"
        return self._changed(calendar, shown, {"start": starts, "end": later(starts)})

    def frees(self, calendar: str) -> str:
        """Say that something takes no time, or that it does."""
        shown = self._one(calendar)
        word = "opaque" if shown and shown.get("transparency") == "transparent" else "transparent"
        return self._changed(calendar, shown, {"transparency": word})

    def deletes(self, calendar: str) -> str:
        """Delete one, or many at once."""
        gone = []
        for _ in range(self.walk.random.choice([1, 1, 1, 2, 5])):
            shown = self._one(calendar)
            if shown is not None:
                self._wants_gone(shown)
                self.person.delete_event(calendar, shown["id"])
                gone.append(shown["id"])
        return f"deletes {' '.join(gone)}"

    def changes_one(self, calendar: str) -> str:
        """Write another word on one instance of a series."""
        master, start = self._instance(calendar)
        field = self.walk.random.choice(_WORDS)
        return self._one_changed(calendar, master, start, {field: self.word()})

    def moves_one(self, calendar: str) -> str:
        """Drag one instance of a series."""
        master, start = self._instance(calendar)
        if not isinstance(start, datetime):
            return "no instance to move"
        starts = start + timedelta(minutes=self.walk.random.choice([-30, 45, 24 * 60]))
        return self._one_changed(calendar, master, start, {"start": starts, "end": later(starts)})

    def deletes_one(self, calendar: str) -> str:
        """Delete one instance of a series."""
        master, start = self._instance(calendar)
        if master is None or start is None:
            return "no instance to delete"
        self.person.delete_instance(calendar, master["id"], start)
        return f"deletes {start} of {master['id']}"

    def splits(self, calendar: str) -> str:
        """Change an instance and all that follow."""
        master, start = self._instance(calendar, begin=1)
        if master is None or start is None:
            return "nothing to split"
        made = self.person.change_following(calendar, master["id"], start, summary=self.word())
        return f"splits {master['id']} at {start}: {made['id']}"

    def hides_or_shows(self, calendar: str) -> str:
        """Hide the calendar, or show it again."""
        if self.person.calendar(calendar).is_hidden:
            self.person.unhide(calendar)
            return "shows the calendar"
        self.person.hide(calendar)
        return "hides the calendar"

    # Within.

    def _changed(self, calendar: str, shown: Json | None, fields: dict[str, Any]) -> str:
        if shown is None:
            return "nothing there"
        self.person.change_event(calendar, shown["id"], **dict(fields))
        return f"changes {shown['id']}: {fields}"

    def _one_changed(self, calendar: str, master: Json | None, start: Moment | None, fields: dict[str, Any]) -> str:
        if master is None or start is None:
            return "no instance there"
        self.person.change_event(calendar, f"{master['id']}_{_basic(start)}", **dict(fields))
        return f"changes {start} of {master['id']}: {fields}"

    def _one(self, calendar: str) -> Json | None:
        shown = [one for one in self.person.events(calendar) if "recurringEventId" not in one]
        return self.walk.random.choice(shown) if shown else None

    def _instance(self, calendar: str, *, begin: int = 0) -> tuple[Json | None, Moment | None]:
        masters = [one for one in self.person.events(calendar) if "recurrence" in one]
        if not masters:
            return None, None
        master = self.walk.random.choice(masters)
        lost = {one["id"] for one in self.person.tombstones(calendar) if one.get("recurringEventId") == master["id"]}
        starts = [
            start
            for start in islice(Series(master).starts(), begin, begin + _SHOWN)
            if f"{master['id']}_{_basic(start)}" not in lost
        ]
        return (master, self.walk.random.choice(starts)) if starts else (None, None)

    def _wants_gone(self, shown: Json) -> None:
        marked = shown.get("extendedProperties", {}).get("private", {}).get(MARK)
        self.wants_gone(shown["id"], shown["iCalUID"], marked or shown["iCalUID"])

    # What goes wrong.

    def faults(self) -> list[Fault]:
        """Of any method, and with what it calls."""
        faults, troubles, random = self.google.faults, self.google.channels.troubles, self.walk.random
        method = random.choice(["POST", "PATCH", "DELETE", "GET"])
        return [
            (f"google loses an answer to {method}", partial(faults.lose_answers, method=method)),
            ("google loses an answer to POST", partial(faults.lose_answers, method="POST", path=_EVENTS)),
            (f"google doubles a {method}", partial(faults.double, method=method)),
            (f"google cuts an answer to {method}", partial(faults.cut, method=method)),
            ("google is busy", partial(faults.refuse, 429, "rateLimitExceeded", times=2)),
            ("google fails", partial(faults.refuse, 503, "backendError", times=random.choice([1, 3]))),
            ("google breaks", partial(faults.refuse, 500, "backendError", path=LISTING)),
            ("google lists nothing", self.lies(faults.empty_listings)),
            ("google lists a part", self.lies(faults.partial_listings)),
            ("google forgets its sync tokens", self.google.listings.expire_sync_tokens),
            ("google drops calls", partial(setattr, troubles, "drop_rate", random.choice([0.5, 1.0]))),
            ("google doubles calls", partial(setattr, troubles, "doubles", True)),  # noqa: FBT003
        ]

    # What is there.

    def uids(self) -> Mapping[str, tuple[str, ...]]:
        """By event id; series as one."""
        return {one["id"]: (_uid(one),) for one in self._resources() if _is_whole(one)}

    def everything(self) -> str:
        """The resources of the calendar."""
        return json.dumps(self._resources(), default=str, ensure_ascii=False)

    def unlike(self, errand: BridgeContext, ours: str, remote_id: str) -> list[str]:
        """Field by field; an exception that says what its series says is none there."""
        resources = self._resources()
        master = next(one for one in resources if one["id"] == remote_id)
        exceptions = [one for one in resources if one.get("recurringEventId") == remote_id]
        theirs = _text(master, exceptions)
        there, here = errand.parts_of_text(theirs), errand.parts_of_text(ours)
        if there.keys() < here.keys() and all(here[part] == said for part, said in there.items()):
            shown = [sorted(each.line() for each in shown_here(errand, text, _ALL)) for text in (ours, theirs)]
            return [] if shown[0] == shown[1] else [ours, theirs]
        return unlike_texts(errand, ours, theirs)

    def keeps_the_contract(self) -> None:
        """Google's published schema is kept, and nobody is mailed."""
        assert self.google.violations == []
        assert {each.value for each in self.google.api.send_updates} <= {"none"}

    def _resources(self) -> list[Json]:
        calendar = self.calendar
        return self.person.resources(calendar) if calendar else []


def _quirks(random: Random) -> Quirks:
    return Quirks(
        largest_page=random.choice([3, 2500]),
        html_descriptions=random.random() < 0.2,
        trims_summaries=random.random() < 0.5,
        event_zone_offsets=random.random() < 0.5,
        refuses_undeleting=random.random() < 0.3,
    )


def _is_whole(shown: Json) -> bool:
    return "recurringEventId" not in shown and shown["status"] != "cancelled"


def _basic(start: Moment) -> str:
    return f"{start.astimezone(UTC):%Y%m%dT%H%M%SZ}" if isinstance(start, datetime) else f"{start:%Y%m%d}"


def _text(master: Json, exceptions: list[Json]) -> str:
    """A calendar object of Google's resources, made without a word of hxdav's own reading of them."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODID}"]
    cancelled = [_moment_line("EXDATE", one["originalStartTime"]) for one in exceptions if one["status"] == "cancelled"]
    lines += _vevent(master, _uid(master), [*master.get("recurrence", ()), *cancelled])
    for one in exceptions:
        if one["status"] != "cancelled" and not _says_nothing(one, master):
            lines += _vevent(one, _uid(master), [_moment_line("RECURRENCE-ID", one["originalStartTime"])])
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


def _vevent(shown: Json, uid: str, more: list[str]) -> list[str]:
    words = [text_line(name.upper(), shown[name]) for name in ("summary", "location", "description") if shown.get(name)]
    codes = [f"STATUS:{shown['status'].upper()}", f"TRANSP:{shown.get('transparency', 'opaque').upper()}"]
    times = [_moment_line("DTSTART", shown["start"]), _moment_line("DTEND", shown["end"])]
    return ["BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20261101T000000Z", *times, *more, *words, *codes, "END:VEVENT"]


def _uid(shown: Json) -> str:
    marked = shown.get("extendedProperties", {}).get("private", {}).get(MARK)
    # The rest of a series that was split takes the properties of the first part along.
    return str(marked if marked and "_R" not in shown["id"] else shown["iCalUID"])


def _says_nothing(one: Json, master: Json) -> bool:
    """Whether an exception says what its series says anyway: Google keeps one that was taken back."""
    same = all(one.get(name) == master.get(name) for name in ("summary", "location", "description", "transparency"))
    return same and _when(one["start"]) == _when(one["originalStartTime"]) and _length(one) == _length(master)


def _length(shown: Json) -> Any:
    starts, ends = _when(shown["start"]), _when(shown["end"])
    if isinstance(starts, AllDay) and isinstance(ends, AllDay):
        return ends.day - starts.day
    assert isinstance(starts, Zoned)
    assert isinstance(ends, Zoned)
    return ends.moment.astimezone(UTC) - starts.moment.astimezone(UTC)


def _moment_line(name: str, time: Json) -> str:
    return time_line(name, _when(time))


def _when(time: Json) -> When:
    if "date" in time:
        return AllDay(datetime.fromisoformat(time["date"]).date())
    moment = datetime.fromisoformat(time["dateTime"])
    local = moment.astimezone(ZoneInfo(time["timeZone"])) if "timeZone" in time else moment.astimezone(UTC)
    # The second of two equal local times cannot be written as such.
    return Zoned(moment.astimezone(UTC) if local.fold else local)
