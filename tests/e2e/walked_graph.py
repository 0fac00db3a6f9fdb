"""Outlook.com before Microsoft Graph, as a side of a walk."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from hxdav.domain.integration import Service
from hxdav.remote import Remote
from hxdav.remotes.graph.account import open_graph
from hxdav.remotes.microsoft.events_out import MARK
from tests.builders import SYDNEY
from tests.e2e.walked_outlook import Card, OutlookSide, Rule, Shown
from tests.e2e.walked_side import Fault, Moment
from tests.simulators.graph.faults import LISTING
from tests.simulators.graph.people import Person
from tests.simulators.graph.rules import DAYS
from tests.simulators.graph.subscriptions import Troubles
from tests.simulators.graph.times import zone_named
from tests.simulators.graph.wire import Json, Refusal
from tests.simulators.graph.world import Quirks

if TYPE_CHECKING:
    from random import Random

    from tests.e2e.walking import Walk

_CUSTOM = "tzone://Microsoft/Custom"
_EVENTS = r"/events$"
_INDEXES = ("first", "second", "third", "fourth", "last")
_FIELDS = {"location": "displayName", "body": "content"}
_LOST = ((410, "syncStateNotFound"), (410, "resyncRequired"), (404, "syncStateNotFound"))


class GraphSide(OutlookSide):
    """Graph, which tells of a window only, and calls."""

    service = Service.OUTLOOK
    refusals = (Refusal,)
    zones = (SYDNEY, "AUS Eastern Standard Time", "W. Europe Standard Time", "America/New_York")

    def __init__(self, walk: Walk) -> None:
        super().__init__(walk)
        self.graph = graph = walk.stage.graph
        graph.faults.clear()
        # Calls come at once, so that the steps of a walk need not wait for them.
        self._rest = Troubles(gather_seconds=0.0, retry_seconds=0.05)
        graph.subscriptions.troubles = self._rest
        graph.world.quirks = _quirks(walk.random)
        self.person: Person = graph.user(f"maya{next(walk.stage.numbers)}@outlook.example", personal=True)
        self._app = walk.stage.authority.app(f"{graph.url}/v1.0")
        self.credentials = walk.stage.authority.connect(self._app, self.person.email)
        self._page_size = walk.random.choice([3, 200])

    @property
    def subject(self) -> str:
        """The Microsoft account."""
        return self.person.email

    def open(self) -> Remote:
        """The Graph remote."""
        return open_graph(
            self._app, self.credentials, keep=self._keep, clock=self.walk.clock, page_size=self._page_size
        )

    def guard(self) -> AbstractContextManager[object]:
        """The simulator's own lock."""
        return self.graph.world.lock

    def calms(self) -> None:
        """It answers and calls as it should."""
        self.graph.faults.clear()
        self.graph.subscriptions.troubles = self._rest

    def _keep(self, credentials: str) -> None:
        self.credentials = credentials

    # What she does.

    def add(self, calendar: str, bounds: tuple[Moment, Moment], *, zone: str, rule: Rule | None) -> str:
        """With a body that Outlook has laid out."""
        fields: dict[str, Any] = {"subject": self.word()}
        if self.walk.random.random() < 0.3:
            fields["body"] = {"contentType": "html", "content": f"<p>{self.word().replace('&', '&amp;')}</p>"}
        if rule:
            fields["recurrence"] = _recurrence(rule, _local_day(bounds[0], zone))
        made = str(self.person.add_event(calendar, *bounds, zone=zone, **fields)["id"])
        if self.walk.random.random() < 0.1:
            self.person.name_zone(made, _CUSTOM)
        return made

    def write(self, event_id: str, field: str, words: str) -> None:
        """A word, or an object that holds it."""
        kind = {"contentType": "text"} if field == "body" else {}
        value: Any = words if field == "subject" else {**kind, _FIELDS[field]: words}
        self.person.change_event(event_id, **{field: value})

    def drag(self, event_id: str, bounds: tuple[Moment, Moment]) -> None:
        """Start and end at once."""
        self.person.change_event(event_id, start=bounds[0], end=bounds[1])

    def show_as(self, event_id: str, word: str) -> None:
        """One word."""
        self.person.change_event(event_id, showAs=word)

    def repeat(self, card: Card, rule: Rule) -> None:
        """From the day on which it begins now."""
        self.person.change_event(card.id, recurrence=_recurrence(rule, card.first))

    def delete(self, event_id: str) -> None:
        """An event, a series or an occurrence."""
        self.person.delete_event(event_id)

    def restore(self, calendar: str) -> str:
        """To where it was."""
        stored = self.graph.world.mailboxes[self.person.email].deleted_items
        ids = [
            shown["id"]
            for shown, kept in zip(self.person.deleted_items(), stored, strict=True)
            if kept.calendar.id == calendar
        ]
        if not ids:
            return "nothing"
        chosen = self.walk.random.choice(ids)
        self.person.restore_event(chosen)
        return str(chosen)[-12:]

    def cards(self, calendar: str) -> list[Card]:
        """Masters and singles."""
        return [
            Card(
                id=one["id"],
                uids=frozenset({one["iCalUId"], _mark(one) or one["iCalUId"]}),
                first=_first_day(one),
                is_series=one["recurrence"] is not None,
                is_day=one["isAllDay"],
            )
            for one in self.person.events(calendar)
        ]

    def agenda(self, calendar: str, within: tuple[datetime, datetime]) -> Iterable[Shown]:
        """The calendar view."""
        for one in self.person.agenda(calendar, *within):
            is_day = one["isAllDay"]
            yield Shown(
                id=one["id"],
                of=one["seriesMasterId"] or "",
                starts=_moment(one["start"], is_day=is_day),
                ends=_moment(one["end"], is_day=is_day),
                title=one["subject"],
                place=one["location"]["displayName"],
                comment=one["body"]["content"],
                shows=one["showAs"],
            )

    # What goes wrong.

    def faults(self) -> list[Fault]:
        """Of any method, with what it calls, and with what it has given out."""
        faults, calls, random = self.graph.faults, self.graph.subscriptions, self.walk.random
        method = random.choice(["POST", "PATCH", "DELETE", "GET"])
        word = random.choice(["missed", "reauthorizationRequired", "subscriptionRemoved"])
        badly = partial(Troubles, gather_seconds=0.0, retry_seconds=0.05)
        return [
            (f"outlook loses an answer to {method}", partial(faults.lose_answers, method=method)),
            ("outlook loses an answer to POST", partial(faults.lose_answers, method="POST", path=_EVENTS)),
            (f"outlook doubles a {method}", partial(faults.double, method=method)),
            (f"outlook cuts an answer to {method}", partial(faults.cut, method=method)),
            (f"outlook fails after a {method}", partial(faults.fail_after, method=method)),
            ("outlook is busy", partial(faults.throttle, random.choice([1, 5]), times=2)),
            ("outlook fails", partial(faults.refuse, 503, "serviceNotAvailable", times=random.choice([1, 3]))),
            ("outlook breaks", partial(faults.refuse, 500, "InternalServerError", path=LISTING)),
            ("outlook lists nothing", self.lies(faults.empty_listings)),
            ("outlook lists a part", self.lies(faults.partial_listings)),
            ("outlook forgets its delta tokens", self.graph.delta.expire_all),
            ("outlook's tokens expire", partial(self.graph.tokens.expire_all, self.person.email)),
            ("outlook drops calls", lambda: self._calls(badly(drop_rate=random.choice([0.5, 1.0])))),
            ("outlook doubles calls", lambda: self._calls(badly(doubles=True))),
            ("outlook's calls are late", lambda: self._calls(badly(delay_seconds=0.2))),
            ("outlook forgets its subscriptions", calls.lose),
            (f"outlook says {word}", partial(calls.lifecycle, word)),
        ]

    def _calls(self, troubles: Troubles) -> None:
        self.graph.subscriptions.troubles = troubles

    # What is there.

    def uids(self) -> Mapping[str, tuple[str, ...]]:
        """By immutable id."""
        calendar = self.calendar
        shown = self.person.events(calendar) if calendar else []
        return {one["id"]: (one["iCalUId"], _mark(one)) for one in shown}

    def everything(self) -> str:
        """What is in her calendars and in Deleted Items."""
        shown = [one for calendar in self.person.calendars() for one in self.person.events(calendar.id)]
        return json.dumps([*shown, *self.person.deleted_items()], default=str, ensure_ascii=False)

    def keeps_the_contract(self) -> None:
        """Microsoft's types are kept, and nobody is mailed."""
        assert self.graph.violations == []
        assert self.graph.world.mailed == []


def _quirks(random: Random) -> Quirks:
    return Quirks(
        repeats_in_rounds=random.random() < 0.3,
        silent_cancellations=random.random() < 0.5,
        changed_rules_keep_exceptions=random.random() < 0.3,
        transaction_ids_stay_used=random.random() < 0.5,
        windows_names=random.random() < 0.5,
        one_subscription_each=random.random() < 0.5,
        html_endings=random.random() < 0.5,
        lost_sync=random.choice(_LOST),
        largest_page=random.choice([3, 1000]),
    )


def _recurrence(rule: Rule, first: date) -> Json:
    pattern: Json = {"interval": rule.interval}
    match rule.kind:
        case "daily":
            pattern["type"] = "daily"
        case "weekly":
            days = {first.weekday(), (first.weekday() + 2) % 7} if rule.twice else {first.weekday()}
            pattern |= {"type": "weekly", "daysOfWeek": [DAYS[day] for day in sorted(days)], "firstDayOfWeek": "monday"}
        case "monthly":
            pattern |= {"type": "absoluteMonthly", "dayOfMonth": first.day}
        case _:
            index = _INDEXES[(first.day - 1) // 7]
            pattern |= {"type": "relativeMonthly", "daysOfWeek": [DAYS[first.weekday()]], "index": index}
    bounds: Json = {"startDate": first.isoformat(), "type": "noEnd"}
    if rule.count:
        bounds |= {"type": "numbered", "numberOfOccurrences": rule.count}
    elif rule.until:
        bounds |= {"type": "endDate", "endDate": (first + timedelta(days=rule.until)).isoformat()}
    return {"pattern": pattern, "range": bounds}


def _mark(shown: Json) -> str:
    return next((one["value"] for one in shown["singleValueExtendedProperties"] if one["id"] == MARK), "")


def _first_day(shown: Json) -> date:
    starts = _moment(shown["start"], is_day=shown["isAllDay"])
    zone = shown["originalStartTimeZone"]
    return _local_day(starts, SYDNEY if zone == _CUSTOM else zone)


def _local_day(starts: Moment, zone: str) -> date:
    return starts.astimezone(zone_named(zone)).date() if isinstance(starts, datetime) else starts


def _moment(time: Json, *, is_day: bool) -> Moment:
    local = datetime.fromisoformat(time["dateTime"][:19])
    return local.date() if is_day else local.replace(tzinfo=ZoneInfo(time["timeZone"])).astimezone(UTC)
