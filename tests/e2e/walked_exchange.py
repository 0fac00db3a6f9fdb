"""Outlook before an Exchange server, as a side of a walk."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from hxdav.domain.integration import Service
from hxdav.net.reach import Reach
from hxdav.remote import Remote
from hxdav.remotes.exchange import ExchangeAccount, open_exchange
from tests.builders import SYDNEY
from tests.e2e.walked_outlook import Card, OutlookSide, Rule, Shown
from tests.e2e.walked_side import Fault, Moment
from tests.simulators.ews.fields import Fields
from tests.simulators.ews.people import Person, SeenItem
from tests.simulators.ews.recurrence import DAYS, Recurrence
from tests.simulators.ews.rendering import plain_text
from tests.simulators.ews.series import read_occurrence_id
from tests.simulators.ews.times import windows_name, zone_of
from tests.simulators.ews.wire import EwsRefusal
from tests.simulators.ews.world import Quirks

if TYPE_CHECKING:
    from random import Random

    from tests.e2e.walking import Walk

_REACH = Reach(allowed=("127.0.0.1",), hosts=("127.0.0.1",))
_ELEMENTS = {"subject": "Subject", "location": "Location"}
_INDEXES = ("First", "Second", "Third", "Fourth", "Last")
_OPERATIONS = (
    *("CreateItem", "UpdateItem", "DeleteItem", "GetItem", "SyncFolderItems", "FindItem", "GetFolder"),
    *("Subscribe", "GetStreamingEvents"),
)
_PATTERNS = {
    "daily": "DailyRecurrence",
    "weekly": "WeeklyRecurrence",
    "monthly": "AbsoluteMonthlyRecurrence",
    "relative": "RelativeMonthlyRecurrence",
}


class ExchangeSide(OutlookSide):
    """Exchange on the practice's premises, which is listened to, and asked."""

    service = Service.EXCHANGE
    refusals = (EwsRefusal,)
    zones = (SYDNEY, SYDNEY, "Europe/Berlin", "America/New_York")

    def __init__(self, walk: Walk) -> None:
        super().__init__(walk)
        self.exchange = exchange = walk.stage.exchange
        exchange.faults.clear()
        exchange.world.quirks = _quirks(walk.random)
        exchange.send_choices.clear()
        exchange.subscriptions.are_dropped = False
        self.person: Person = exchange.user(f"maya{next(walk.stage.numbers)}@practice.example", zone=SYDNEY)
        self._page_size = walk.random.choice([3, 100])
        self._account = ExchangeAccount(
            address=self.person.email,
            username=self.person.email,
            password=self.person.password,
            endpoint=exchange.address,
        )

    @property
    def subject(self) -> str:
        """The mailbox."""
        return self.person.email

    def open(self) -> Remote:
        """The Exchange remote."""
        return open_exchange(self._account, reach=_REACH, clock=self.walk.clock, page_size=self._page_size)

    def guard(self) -> AbstractContextManager[object]:
        """The simulator's own lock."""
        return self.exchange.world.lock

    def calms(self) -> None:
        """It answers and streams as it should."""
        self.exchange.faults.clear()
        self.exchange.subscriptions.are_dropped = False

    # What she does.

    def add(self, calendar: str, bounds: tuple[Moment, Moment], *, zone: str, rule: Rule | None) -> str:
        """With a body that Outlook has laid out."""
        recurrence = _recurrence(rule, _local_day(bounds[0], zone)) if rule else None
        body = self.word() if self.walk.random.random() < 0.3 else None
        return self.person.add(calendar, *bounds, zone=zone, recurrence=recurrence, body=body, Subject=self.word()).id

    def write(self, event_id: str, field: str, words: str) -> None:
        """Bodies are laid out."""
        if field == "body":
            self.person.change(event_id, body=words)
        else:
            self.person.change(event_id, **{_ELEMENTS[field]: words})  # type: ignore[arg-type]

    def drag(self, event_id: str, bounds: tuple[Moment, Moment]) -> None:
        """Start and end at once."""
        self.person.change(event_id, start=bounds[0], end=bounds[1])

    def show_as(self, event_id: str, word: str) -> None:
        """In Exchange's spelling."""
        self.person.change(event_id, LegacyFreeBusyStatus="OOF" if word == "oof" else word.capitalize())

    def repeat(self, card: Card, rule: Rule) -> None:
        """From the day on which it begins now."""
        self.person.change(card.id, recurrence=_recurrence(rule, card.first))

    def delete(self, event_id: str) -> None:
        """Into Deleted Items, or for good."""
        is_whole = read_occurrence_id(event_id) is None
        if is_whole and self.exchange.world.mailboxes[self.person.email].items[event_id].created > self._told_up_to:
            # Exchange tells of no deletion to whom it has not told of the item, though hxdav may have made it itself:
            # the next day's listing shows that.
            self.has_lied = True
        self.person.delete(event_id, for_good=is_whole and self.walk.random.random() < 0.3)

    def restore(self, calendar: str) -> str:
        """It has another id then."""
        trashed = self.person.items("deleteditems")
        if not trashed:
            return "nothing"
        chosen = self.walk.random.choice(trashed)
        return self.person.restore(chosen.id, calendar).id[-12:]

    def cards(self, calendar: str) -> list[Card]:
        """Masters and singles."""
        return [
            Card(
                id=one.id,
                uids=frozenset({one.text("UID") or ""}),
                first=one.start.astimezone(one.fields.zone).date(),
                is_series=one.recurrence is not None,
                is_day=one.fields.is_all_day,
            )
            for one in self.person.items(calendar)
        ]

    def agenda(self, calendar: str, within: tuple[datetime, datetime]) -> Iterable[Shown]:
        """The calendar view."""
        for one in self.person.agenda(calendar, *within):
            named = read_occurrence_id(one.id)
            yield Shown(
                id=one.id,
                of=named[0] if named else "",
                starts=_moment(one, one.start),
                ends=_moment(one, one.end),
                title=one.text("Subject") or "",
                place=one.text("Location") or "",
                comment=_comment(one.fields),
                shows=one.text("LegacyFreeBusyStatus") or "Busy",
            )

    # What goes wrong.

    def faults(self) -> list[Fault]:
        """Of any operation, and with what it has given out."""
        faults, random = self.exchange.faults, self.walk.random
        operation = random.choice(_OPERATIONS)
        write, again = random.choice(_OPERATIONS[:3]), random.choice(_OPERATIONS[1:])
        told = self.exchange.subscriptions
        return [
            (f"exchange loses an answer to {operation}", partial(faults.lose_answers, operation=operation)),
            (f"exchange loses an answer to {write}", partial(faults.lose_answers, operation=write)),
            (f"exchange cuts an answer to {operation}", partial(faults.cut, operation=operation)),
            (f"exchange truncates an answer to {operation}", partial(faults.truncate, operation=operation)),
            # A doubled CreateItem makes two items, by which nothing in EWS tells one from a copy.
            (f"exchange doubles {again}", partial(faults.double, operation=again)),
            ("exchange is busy", partial(faults.busy, random.choice([200, 3000]), times=2)),
            ("exchange fails", partial(faults.fault, "ErrorInternalServerError", times=random.choice([1, 3]))),
            ("exchange has no store", partial(faults.fault, "ErrorMailboxStoreUnavailable", operation=operation)),
            (f"exchange's front fails before {operation}", partial(faults.http, 503, operation=operation)),
            ("exchange lists nothing", self.lies(faults.empty_listings)),
            ("exchange lists a part", self.lies(faults.partial_listings)),
            ("exchange forgets its sync states", self._forgets),
            ("exchange drops what it streams", partial(setattr, told, "are_dropped", True)),  # noqa: FBT003
            ("exchange forgets its subscriptions", told.lose),
        ]

    @property
    def _told_up_to(self) -> int:
        """The number of the last change of which hxdav has been told; 0 before the first."""
        with self.walk.store.snapshot() as tx:
            cursor = tx.bridges.one(self.integration_id).cursor
        state = json.loads(cursor)["state"] if cursor else ""
        return int(json.loads(base64.b64decode(state))["upto"]) if state else 0

    def _forgets(self) -> None:
        self.exchange.world.sync_epoch += 1

    # What is there.

    def uids(self) -> Mapping[str, tuple[str, ...]]:
        """By item id."""
        calendar = self.calendar
        return {one.id: (one.text("UID") or "",) for one in self.person.items(calendar)} if calendar else {}

    def everything(self) -> str:
        """Each item, wherever it lies."""
        items = self.exchange.world.mailboxes[self.person.email].items
        return "\n".join(
            f"{one.id} {one.folder} {one.change_key} {sorted(one.deleted)} {_text(one.fields)}"
            + "".join(f"\n  {day} {_text(own)}" for day, own in sorted(one.exceptions.items()))
            for one in items.values()
        )

    def keeps_the_contract(self) -> None:
        """Microsoft's schema is kept, and nobody is mailed."""
        assert self.exchange.violations == []
        assert {each.choice for each in self.exchange.send_choices} <= {"SendToNone"}


def _quirks(random: Random) -> Quirks:
    return Quirks(
        html_bodies=random.random() < 0.5,
        largest_sync_page=random.choice([3, 512]),
        largest_find_page=random.choice([3, 1000]),
        noisy=random.random() < 0.3,
    )


def _recurrence(rule: Rule, first: date) -> Recurrence:
    days = {first.weekday(), (first.weekday() + 2) % 7} if rule.twice else {first.weekday()}
    return Recurrence(
        pattern=_PATTERNS[rule.kind],
        start=first,
        interval=rule.interval,
        days=tuple(DAYS[day] for day in sorted(days)) if rule.kind in {"weekly", "relative"} else (),
        first_day="Monday" if rule.kind == "weekly" else None,
        week=_INDEXES[(first.day - 1) // 7] if rule.kind == "relative" else None,
        day_of_month=first.day if rule.kind == "monthly" else None,
        count=rule.count,
        until=None if rule.until is None else first + timedelta(days=rule.until),
    )


def _local_day(starts: Moment, zone: str) -> date:
    return starts.astimezone(zone_of(windows_name(zone))).date() if isinstance(starts, datetime) else starts


def _moment(seen: SeenItem, moment: datetime) -> Moment:
    return moment.astimezone(seen.fields.zone).date() if seen.fields.is_all_day else moment


def _comment(fields: Fields) -> str:
    body = fields.plain.get("Body")
    if body is None:
        return ""
    text = body.text or ""
    return plain_text(text) if body.get("BodyType") == "HTML" else text


def _text(fields: Fields) -> str:
    kept = {**fields.plain, **fields.extended}
    told = "".join(f" {name}={''.join(one.itertext())!r}" for name, one in sorted(kept.items()) if one is not None)
    return html.unescape(re.sub(r"<[^>]*>", "", told))
