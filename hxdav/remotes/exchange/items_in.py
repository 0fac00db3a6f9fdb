"""Items as EWS shows them, in the words of Graph's events, from which calendar objects are made for both.

Times come in UTC; a whole day begins at midnight by the clock of the item's own zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

from hxdav.ical.zone_names import zone_named
from hxdav.remotes.exchange.elements import KEY, SPELLING, Element, every, find, own_properties, text_at
from hxdav.remotes.exchange.recurrence import recurrence_of
from hxdav.remotes.exchange.zones import name_of
from hxdav.remotes.microsoft.events_out import MARK
from hxdav.remotes.microsoft.events_out import SPELLING as SPELLING_THERE
from hxdav.remotes.microsoft.times import Json

ASKED = (
    "item:ParentFolderId",
    "item:Subject",
    "item:Sensitivity",
    "item:Body",
    "item:DateTimeCreated",
    "item:LastModifiedTime",
    "calendar:UID",
    "calendar:Start",
    "calendar:End",
    "calendar:IsAllDayEvent",
    "calendar:LegacyFreeBusyStatus",
    "calendar:Location",
    "calendar:IsCancelled",
    "calendar:CalendarItemType",
    "calendar:Recurrence",
    "calendar:ModifiedOccurrences",
    "calendar:DeletedOccurrences",
    "calendar:StartTimeZone",
    "calendar:EndTimeZone",
)
"""What is asked of an item, beside hxdav's own properties; GetItem alone tells all of it."""

_HALF_A_DAY = timedelta(hours=12)
_TRUE = frozenset({"true", "1"})


def event_of(element: Element, *, home: str) -> Json:
    """``t:CalendarItem`` in Graph's words; ``home`` is the practice's zone (IANA), empty where it is not known.

    Raises ValueError where it shows no times, or repeats in a way that is not understood.
    """
    starts, ends = moment_at(element, "t:Start"), moment_at(element, "t:End")
    zones = [name_of(find(element, path), home=home, year=starts.year) for path in ("t:StartTimeZone", "t:EndTimeZone")]
    is_all_day = text_at(element, "t:IsAllDayEvent") in _TRUE
    if is_all_day:
        starts, ends = _midnights(starts, ends, zones[0])
    own, recurrence = own_properties(element), find(element, "t:Recurrence")
    shown: Json = {
        "id": item_id(element).get("Id", ""),
        "changeKey": item_id(element).get("ChangeKey", ""),
        "iCalUId": text_at(element, "t:UID"),
        "subject": text_at(element, "t:Subject"),
        "sensitivity": text_at(element, "t:Sensitivity").lower(),
        "body": {"contentType": "text", "content": text_at(element, "t:Body")},
        "location": {"displayName": text_at(element, "t:Location")},
        "showAs": text_at(element, "t:LegacyFreeBusyStatus").lower(),
        "isCancelled": text_at(element, "t:IsCancelled") in _TRUE,
        "isAllDay": is_all_day,
        "start": _in_utc(starts),
        "end": _in_utc(ends),
        "originalStartTimeZone": zones[0] or "UTC",
        "originalEndTimeZone": zones[1] or zones[0] or "UTC",
        "createdDateTime": text_at(element, "t:DateTimeCreated"),
        "lastModifiedDateTime": text_at(element, "t:LastModifiedTime"),
        "recurrence": None if recurrence is None else recurrence_of(recurrence, zones[0]),
        "singleValueExtendedProperties": [
            {"id": there, "value": own[here]}
            for here, there in ((KEY, MARK), (SPELLING, SPELLING_THERE))
            if here in own
        ],
    }
    if recurrence is not None:
        if not zones[0] and not is_all_day:
            raise ValueError("a series in an unknown time zone")
        shown["cancelledOccurrences"] = [
            f"OID.{_day(moment_at(deleted, 't:Start'), zones[0], is_all_day=is_all_day)}"
            for deleted in every(element, "t:DeletedOccurrences/t:DeletedOccurrence")
        ]
    return shown


def exception_of(element: Element, original: datetime, master: Mapping[str, Any], *, home: str) -> Json:
    """An exception in Graph's words; ``original`` is the moment at which it would have started."""
    shown = event_of(element, home=home)
    zone = master["originalStartTimeZone"]
    stamp = original.strftime("%Y-%m-%dT%H:%M:%SZ")
    if master["isAllDay"]:
        stamp = f"{_day(original, zone, is_all_day=True)}T00:00:00Z"
    # What an exception says of these stands in its series.
    return shown | {"originalStart": stamp, "originalStartTimeZone": zone if not master["isAllDay"] else "UTC"}


def modified_of(element: Element) -> dict[str, datetime]:
    """The ids of a series' exceptions, each with the moment at which it would have started."""
    return {
        str(item_id(told).get("Id", "")): moment_at(told, "t:OriginalStart")
        for told in every(element, "t:ModifiedOccurrences/t:Occurrence")
    }


def item_id(element: Element) -> Any:
    """``t:ItemId`` of an item; raises ValueError where it has none."""
    found = find(element, "t:ItemId")
    if found is None:
        raise ValueError("an item without an id")
    return found


def moment_at(element: Element, path: str) -> datetime:
    """The moment, in UTC and to the second, at that path; raises ValueError where none is told."""
    moment = datetime.fromisoformat(text_at(element, path)).replace(microsecond=0)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _midnights(starts: datetime, ends: datetime, zone: str) -> tuple[datetime, datetime]:
    """The first day and the one after the last, each as its midnight in UTC."""
    first = datetime.combine(_local(starts, zone).date(), time.min, tzinfo=UTC)
    last = _local(ends, zone)
    after = last.date() if last.time() == time.min else last.date() + timedelta(days=1)
    return first, max(datetime.combine(after, time.min, tzinfo=UTC), first + timedelta(days=1))


def _local(moment: datetime, zone: str) -> datetime:
    """The time on the clock of a zone; of an unknown one the midnight that is nearest is taken for its midnight."""
    known = zone_named(zone) if zone else None
    if known is not None:
        return moment.astimezone(known)
    return datetime.combine((moment + _HALF_A_DAY).date(), time.min, tzinfo=UTC)


def _day(moment: datetime, zone: str, *, is_all_day: bool) -> str:
    local = _local(moment, zone) if zone or is_all_day else moment
    return local.date().isoformat()


def _in_utc(moment: datetime) -> Json:
    return {"dateTime": moment.strftime("%Y-%m-%dT%H:%M:%S"), "timeZone": "UTC"}
