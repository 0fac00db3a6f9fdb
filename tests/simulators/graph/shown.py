"""Events and calendars as they are answered: by the request's preferences, with what it selects and expands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from urllib.parse import quote

from tests.simulators.graph.bodies import preview, shown_body
from tests.simulators.graph.events import changed_number, etag_of
from tests.simulators.graph.extended import ids_expanded, told
from tests.simulators.graph.ids import id_of
from tests.simulators.graph.times import offset_stamp, stamped, written, written_day, zone_named
from tests.simulators.graph.wire import Json, WireRequest, invalid_query
from tests.simulators.graph.world import Bound, StoredCalendar, StoredEvent, World, change_key

NOT_BY_ITSELF = frozenset({"cancelledOccurrences"})
"""What is only told to those who select it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How a request wants its answer."""

    zone: str = "UTC"
    as_text: bool = False
    immutable: bool = False
    page: int | None = None
    selected: frozenset[str] | None = None
    extended: tuple[str, ...] = ()
    with_exceptions: bool = False
    applied: tuple[str, ...] = field(default=())

    @staticmethod
    def of(request: WireRequest) -> Shape:
        """The shape that preferences and query ask for."""
        prefer, query = request.prefer, request.query
        zone = prefer.get("outlook.timezone", "UTC")
        zone_named(zone)
        page = prefer.get("odata.maxpagesize", "")
        shape = Shape(
            zone=zone,
            as_text=prefer.get("outlook.body-content-type", "").lower() == "text",
            immutable=prefer.get("idtype", "").lower() == "immutableid",
            page=int(page) if page.isdigit() else None,
            applied=_applied(prefer),
        )
        if query.get("$select"):
            shape = replace(shape, selected=frozenset(one.strip() for one in query["$select"].split(",")))
        for option in options_of(query.get("$expand", "")):
            shape = shape.expanding(option)
        return shape

    def expanding(self, option: str) -> Shape:
        """With one more thing of ``$expand``."""
        name = option.partition("(")[0]
        if name == "singleValueExtendedProperties":
            return replace(self, extended=(*self.extended, *ids_expanded(option)))
        if name == "exceptionOccurrences":
            return replace(self, with_exceptions=True)
        raise invalid_query(f"The property '{name}' cannot be expanded here.")

    @property
    def headers(self) -> dict[str, str]:
        """The preferences that were followed."""
        return {"Preference-Applied": ", ".join(self.applied)} if self.applied else {}


def _applied(prefer: Mapping[str, str]) -> tuple[str, ...]:
    known = {"outlook.timezone", "outlook.body-content-type", "idtype", "odata.maxpagesize"}
    names = {"idtype": "IdType"}
    return tuple(f'{names.get(name, name)}="{value}"' for name, value in prefer.items() if name in known)


def options_of(text: str) -> list[str]:
    """The parts of ``$expand`` between the commas that stand in no brackets."""
    found, depth, part = [], 0, ""
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            found.append(part)
            part = ""
        else:
            part += letter
    return [one.strip() for one in [*found, part] if one.strip()]


class Showing:
    """Puts what is stored into answers of one shape."""

    def __init__(self, world: World, shape: Shape) -> None:
        self.world = world
        self.shape = shape

    def of(self, stored: StoredEvent, day: date | None = None) -> Json:
        """The event, or its occurrence of that original day, with what was selected and expanded."""
        body = self._narrowed(self.whole(stored, day))
        if self.shape.with_exceptions and stored.recurrence and day is None:
            body["exceptionOccurrences"] = [self._exception(stored, one) for one in sorted(stored.exceptions)]
        own = stored.exceptions.get(day) if day else None
        extended = stored.own.extended | (own.extended if own else {})
        return body | told(extended, list(self.shape.extended))

    def whole(self, stored: StoredEvent, day: date | None = None) -> Json:
        """Everything that there is to be told."""
        own = stored.exceptions.get(day, stored.own) if day else stored.own
        words = {**stored.own.words, **own.words}
        kept = words["body"]
        event_id = self.id(stored, day)
        return {
            "@odata.etag": etag_of(stored, day),
            "id": event_id,
            "createdDateTime": stamped(stored.own.created),
            "lastModifiedDateTime": stamped(own.modified),
            "changeKey": change_key(changed_number(stored, day)),
            **words,
            "transactionId": stored.transaction_id,
            "iCalUId": stored.ical_uid,
            "hasAttachments": False,
            "bodyPreview": preview(kept),
            "body": self._body(kept),
            "isAllDay": not isinstance(stored.bounds(day)[0], datetime),
            "isCancelled": False,
            "isOrganizer": True,
            "isDraft": False,
            "webLink": f"https://outlook.office365.com/owa/?itemid={quote(event_id, safe='')}&exvsurl=1",
            "location": _location(words["location"]),
            "locations": [_location(words["location"])] if words["location"]["displayName"] else [],
            "organizer": {"emailAddress": {"name": stored.calendar.owner, "address": stored.calendar.owner}},
            "responseStatus": {"response": "organizer", "time": "0001-01-01T00:00:00Z"},
            "onlineMeetingProvider": "unknown",
            "recurrence": None if day else stored.recurrence,
            **self._times(stored, day),
            **self._place(stored, day),
        }

    def bare(self, stored: StoredEvent, day: date) -> Json:
        """What delta tells of an occurrence: hardly anything (docs/providers.md §3.2)."""
        whole = self.whole(stored, day)
        names = ("@odata.etag", "id", "seriesMasterId", "type", "start", "end")
        return {"@odata.type": "#microsoft.graph.event", **{name: whole[name] for name in names}}

    def id(self, stored: StoredEvent, day: date | None = None) -> str:
        """The id of the kind that was asked for."""
        return id_of(stored, day, immutable=self.shape.immutable)

    def calendar(self, kept: StoredCalendar) -> Json:
        """A calendar; its extended properties only where they are expanded."""
        body = {
            "id": kept.id,
            "name": kept.name,
            "color": kept.color,
            "hexColor": "",
            "isDefaultCalendar": kept.is_default,
            "changeKey": kept.change_key,
            "canShare": True,
            "canViewPrivateItems": True,
            "canEdit": True,
            "allowedOnlineMeetingProviders": ["teamsForBusiness"],
            "defaultOnlineMeetingProvider": "teamsForBusiness",
            "isTallyingResponses": kept.is_default,
            "isRemovable": not kept.is_default,
            "owner": {"name": kept.owner, "address": kept.owner},
        }
        return self._narrowed(body) | told(kept.extended, list(self.shape.extended))

    # -- within

    def _narrowed(self, body: Json) -> Json:
        names = self.shape.selected
        if names is None:
            return {name: value for name, value in body.items() if name not in NOT_BY_ITSELF}
        return {name: value for name, value in body.items() if name in names or name == "id" or "@" in name}

    def _exception(self, stored: StoredEvent, day: date) -> Json:
        return self._narrowed(self.whole(stored, day))

    def _body(self, kept: Json) -> Json:
        ending = "\r\n" if self.world.quirks.html_endings else ""
        return shown_body(kept, as_text=self.shape.as_text, ending=ending)

    def _times(self, stored: StoredEvent, day: date | None) -> Json:
        own = stored.exceptions.get(day, stored.own) if day else stored.own
        start, end = stored.bounds(day)
        return {
            "start": self._time(start),
            "end": self._time(end),
            "originalStartTimeZone": own.told_zone or own.start_zone,
            "originalEndTimeZone": own.told_zone or own.end_zone,
        }

    def _time(self, bound: Bound) -> Json:
        return written(bound, self.shape.zone) if isinstance(bound, datetime) else written_day(bound)

    def _place(self, stored: StoredEvent, day: date | None) -> Json:
        if day is None:
            kind = "seriesMaster" if stored.recurrence else "singleInstance"
            cancelled = [f"OID.{self.id(stored)}.{one.isoformat()}" for one in sorted(stored.cancelled)]
            return {"type": kind, "seriesMasterId": None, "cancelledOccurrences": cancelled}
        original = stored.start_on(day)
        moment = original if isinstance(original, datetime) else datetime(day.year, day.month, day.day, tzinfo=UTC)
        kind = "exception" if day in stored.exceptions else "occurrence"
        return {"type": kind, "seriesMasterId": self.id(stored), "originalStart": offset_stamp(moment)}


def _location(kept: Json) -> Json:
    name = kept["displayName"]
    more = {"uniqueId": name, "uniqueIdType": "private"} if name else {"uniqueIdType": "unknown"}
    return {"displayName": name, "locationType": "default", **more}
