"""What applications may write of an event, and what Exchange makes of it before it keeps it."""

from __future__ import annotations

from copy import deepcopy
from datetime import date, datetime, timedelta

from tests.simulators.graph.extended import read_extended
from tests.simulators.graph.rules import days_of, kept_recurrence
from tests.simulators.graph.times import moment_of, windows_name, zone_named
from tests.simulators.graph.wire import Json, invalid
from tests.simulators.graph.world import Bound, Fields

DEFAULTS: Json = {
    "subject": "",
    "body": {"contentType": "html", "content": ""},
    "location": {"displayName": ""},
    "showAs": "busy",
    "sensitivity": "normal",
    "importance": "normal",
    "isReminderOn": True,
    "reminderMinutesBeforeStart": 15,
    "categories": [],
    "responseRequested": True,
    "allowNewTimeProposals": True,
    "hideAttendees": False,
    "isOnlineMeeting": False,
    "attendees": [],
}
LONGEST_LINE = 255
DAY = timedelta(days=1)


def written_fields(old: Fields, body: Json, *, windows_names: bool = False) -> Fields:
    """The fields with what the body says put over them; null means the default again."""
    new = deepcopy(old)
    for name in DEFAULTS.keys() & body.keys():
        new.words[name] = _kept_word(name, body[name])
    if "singleValueExtendedProperties" in body:
        new.extended |= read_extended(body["singleValueExtendedProperties"] or [])
    if {"start", "end", "isAllDay"} & body.keys():
        _write_times(new, body)
        if windows_names:
            new.start_zone, new.end_zone = windows_name(new.start_zone), windows_name(new.end_zone)
    return new


def _kept_word(name: str, value: object) -> object:
    if value is None:
        return deepcopy(DEFAULTS[name])
    if name == "subject":
        return " ".join(str(value).splitlines())[:LONGEST_LINE]
    if name == "location" and isinstance(value, dict):
        return {"displayName": (value.get("displayName") or "")[:LONGEST_LINE]}
    if name == "body" and isinstance(value, dict):
        return {"contentType": value.get("contentType") or "text", "content": value.get("content") or ""}
    if name == "reminderMinutesBeforeStart" and isinstance(value, int) and value < 0:
        raise invalid("ReminderMinutesBeforeStart is out of range.")
    return value


def _write_times(new: Fields, body: Json) -> None:
    was_all_day = new.start is not None and not isinstance(new.start, datetime)
    is_all_day = body.get("isAllDay", was_all_day)
    if is_all_day != was_all_day and not {"start", "end"} <= body.keys():
        raise invalid("An event that lasts whole days, or no longer does, needs its start and end.")
    if is_all_day and {"start", "end"} <= body.keys():
        zones = {(body[name] or {}).get("timeZone") or "UTC" for name in ("start", "end")}
        if len(zones) > 1:
            raise invalid("The start and end of an all-day event need one time zone.")
    new.told_zone = None
    for name in {"start", "end"} & body.keys():
        if not body[name]:
            raise invalid(f"The event needs its {name}.")
        moment = moment_of(body[name], name=name)
        setattr(new, f"{name}_zone", body[name].get("timeZone") or "UTC")
        setattr(new, name, _midnight_of(moment, name) if is_all_day else moment)
    _check_bounds(new.start, new.end)


def _midnight_of(moment: datetime, name: str) -> date:
    if (moment.hour, moment.minute, moment.second) != (0, 0, 0):
        raise invalid(f"The Event.{name.capitalize()} property for an all-day event needs to be set to midnight.")
    return moment.date()


def _check_bounds(start: Bound | None, end: Bound | None) -> None:
    if start is None or end is None:
        raise invalid("An event needs its start and its end.")
    if isinstance(start, datetime) and isinstance(end, datetime):
        if end < start:
            raise invalid("The end is before the start.", word="ErrorCalendarEndDateIsEarlierThanStartDate")
    elif not end > start:
        raise invalid("The duration of an event marked as All day must be at least 24 hours.")


def written_recurrence(old: Json | None, body: Json, new: Fields) -> Json | None:
    """The recurrence that the body leaves; ``new`` is moved to the first day of it."""
    if body.get("recurrence") is not None:
        found = kept_recurrence(body["recurrence"], zone=new.start_zone)
        zone_named(found["range"]["recurrenceTimeZone"])
        if "start" in body and found["range"]["startDate"] != _first_day(new, found).isoformat():
            raise invalid("The recurrence's range.startDate is not the day of the event's start.")
    elif old is None or "recurrence" in body:
        return None
    else:
        found = deepcopy(old)
        if "start" in body:
            found["range"]["startDate"] = _first_day(new, found).isoformat()
    _align(new, found)
    return found


def _first_day(new: Fields, recurrence: Json) -> date:
    if not isinstance(new.start, datetime):
        assert new.start is not None
        return new.start
    return new.start.astimezone(zone_named(recurrence["range"]["recurrenceTimeZone"])).date()


def _align(new: Fields, recurrence: Json) -> None:
    first = next(iter(days_of(recurrence)), None)
    if first is None:
        raise invalid("The recurrence has no day.", word="ErrorRecurrenceHasNoOccurrence")
    assert new.start is not None
    assert new.end is not None
    moved = first - _first_day(new, recurrence)
    # By the clock: adding days to an aware time leaves what its zone's clock shows as it is.
    new.start, new.end = new.start + moved, new.end + moved
