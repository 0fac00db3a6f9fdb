"""What a client may write of an event, checked and brought into the form that Google gives back."""

from __future__ import annotations

import html
import re
from itertools import islice

from tests.simulators.google.series import Series
from tests.simulators.google.times import instant_of, kept_time, moment_of
from tests.simulators.google.wire import Json, Refusal, invalid, required
from tests.simulators.google.world import Quirks

EVENT_ID = re.compile(r"[a-v0-9]{5,1024}")

SERVER_FIELDS = (
    "kind", "id", "etag", "htmlLink", "created", "updated", "creator", "organizer", "iCalUID", "eventType",
    "recurringEventId", "originalStartTime", "hangoutLink", "locked", "privateCopy", "attendeesOmitted",
    "endTimeUnspecified",
)  # fmt: skip
"""What a change of an event leaves alone, whatever it says of them."""

CHOICES = {
    "status": ("confirmed", "tentative", "cancelled"),
    "visibility": ("default", "public", "private", "confidential"),
    "transparency": ("opaque", "transparent"),
}
DEFAULTS = {"visibility": "default", "transparency": "opaque"}
"""Where they have this value, Google leaves them out."""

NARROW = ("private", "confidential")


def writable(body: Json) -> Json:
    """The part of the body that a client decides on."""
    return {key: value for key, value in body.items() if key not in SERVER_FIELDS}


def merged(old: Json, patch: Json) -> Json:
    """The old body patched: objects merge, arrays are replaced, null takes away."""
    found = dict(old)
    for key, value in patch.items():
        if value is None:
            found.pop(key, None)
        elif isinstance(value, dict):
            before = found.get(key)
            found[key] = merged(before if isinstance(before, dict) else {}, value)
        else:
            found[key] = value
    return found


def normalised(body: Json, *, zone: str, quirks: Quirks) -> Json:
    """The body as it is kept; raises ``Refusal`` where Google would. The zone is the calendar's."""
    found = {key: value for key, value in body.items() if value not in (None, "")}
    _check_choices(found)
    found["status"] = found.get("status", "confirmed")
    found |= _times(found, zone)
    _check_recurrence(found)
    found["reminders"] = _reminders(found.get("reminders", {}))
    if extended := _extended(found.pop("extendedProperties", {})):
        found["extendedProperties"] = extended
    if quirks.trims_summaries and "summary" in found:
        found["summary"] = found["summary"].rstrip()
    if quirks.html_descriptions and "description" in found:
        found["description"] = as_html(found["description"])
    return {key: value for key, value in found.items() if DEFAULTS.get(key) != value}


def as_html(text: str) -> str:
    """The text as Google's editor writes it; HTML stays as it is."""
    if text.startswith("<p>"):
        return text
    return f"<p>{html.escape(text, quote=False)}</p>".replace("\n", "<br>")


def _check_choices(body: Json) -> None:
    for key, choices in CHOICES.items():
        if body.get(key, choices[0]) not in choices:
            raise invalid(f"Invalid {key} value.")


def _times(body: Json, zone: str) -> Json:
    for name in ("start", "end"):
        if not body.get(name):
            raise required(f"Missing {name} time.")
        if body.get("recurrence") and "dateTime" in body[name] and not body[name].get("timeZone"):
            raise required(f"Missing time zone definition for {name} time.")
    start, end = (kept_time(body[name], zone=zone, name=name) for name in ("start", "end"))
    if ("date" in start) != ("date" in end):
        raise invalid("Invalid start time.")
    first, last = (instant_of(moment_of(when), zone) for when in (start, end))
    if last < first or ("date" in start and last == first):
        raise Refusal(400, "timeRangeEmpty", "The specified time range is empty.", domain="calendar")
    return {"start": start, "end": end}


def _check_recurrence(body: Json) -> None:
    if not body.get("recurrence"):
        body.pop("recurrence", None)
        return
    try:
        if not list(islice(Series(body).starts(), 1)):
            raise invalid("Invalid recurrence rule.")
    except (ValueError, KeyError, OSError) as exc:
        raise invalid("Invalid recurrence rule.") from exc


def _reminders(reminders: Json) -> Json:
    overrides = reminders.get("overrides") or []
    by_default = bool(reminders.get("useDefault", not reminders))
    if by_default and overrides:
        reason = "cannotUseDefaultRemindersAndSpecifyOverride"
        raise Refusal(400, reason, "Cannot specify both default reminders and overrides at the same time.")
    if len(overrides) > 5:
        raise invalid("Too many override reminders.")
    for override in overrides:
        if override.get("method") not in {"email", "popup"} or not 0 <= override.get("minutes", -1) <= 40_320:
            raise invalid("Invalid reminder.")
    return {"useDefault": by_default} | ({"overrides": overrides} if overrides else {})


def _extended(extended: Json) -> Json:
    pairs = [pair for part in extended.values() for pair in part.items()]
    if len(pairs) > 300 or sum(len(key) + len(value) for key, value in pairs) > 32_768:
        raise invalid("Too many extended properties.")
    if any(len(key) > 44 or len(value) > 1024 for key, value in pairs):
        raise invalid("An extended property is too long.")
    return {key: part for key, part in extended.items() if part}
