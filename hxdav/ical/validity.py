"""What a calendar object has to fulfil to be kept (RFC 4791 §4.1, RFC 5545 §3.6.1).

Whatever passes here can be read by every other module of this package. Sentences name a line and a property, never a
value: they end up in logs and answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, timedelta

from hxdav.domain.refusal import CalendarDataError, Reason
from hxdav.domain.times import AllDay, Floating, When, Zoned, instant
from hxdav.ical.components import Component, Tree, tree_of
from hxdav.ical.lines import ContentLine
from hxdav.ical.rules import rule_of
from hxdav.ical.timeline import Timeline
from hxdav.ical.values import Duration, duration_of, periods_of, when_from, when_of, whens_of
from hxdav.ical.zones import Zones

MAX_UID = 1000
"""How many octets a UID may have: it is looked up by an index, whose entries are limited."""

MAX_LINES = 60_000
"""How many lines a calendar object may have."""
MAX_OVERRIDES = 1_000
"""How many instances of a series may differ from the rest: twenty years of a weekly one."""
MAX_SINGLE_DATES = 3_000
"""How many instances RDATE may name."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)")
_OTHER_TYPES = frozenset({"VTODO", "VJOURNAL", "VFREEBUSY", "VAVAILABILITY"})
_ONCE = frozenset({"UID", "DTSTART", "DTEND", "DURATION", "RECURRENCE-ID"})
_VCALENDAR_1 = "1.0"
"""The version of the format before iCalendar, whose rules and times mean something else."""

_BOUNDS = frozenset({"DTSTART", "DTEND"})
_SLACK = timedelta(days=2)
"""How far a date and a time may lie apart through their zones alone."""


def check_form(text: str) -> Component:
    """The one VCALENDAR that ``text`` is (RFC 5545 §3.1, §3.4)."""
    if text.count("\n") > MAX_LINES:
        raise CalendarDataError(Reason.TOO_LARGE, f"It has more than {MAX_LINES:,} lines.")
    check_characters(text)
    tree = tree_of(text)
    calendars = [component for component in tree.components if component.name == "VCALENDAR"]
    if not calendars:
        raise _malformed("There is no VCALENDAR in it (RFC 5545 §3.4).")
    check_flaws(tree)
    if len(calendars) > 1:
        raise _not_one("It holds several calendars (RFC 4791 §4.1).")
    if len(tree.components) > 1:
        raise _malformed("There is more in it than a VCALENDAR (RFC 5545 §3.4).")
    if calendars[0].value("VERSION") == _VCALENDAR_1:
        raise CalendarDataError(Reason.UNSUPPORTED_CALENDAR_DATA)
    return calendars[0]


def check_characters(text: str) -> None:
    """Raise CalendarDataError where ``text`` holds a control character (RFC 5545 §3.1)."""
    control = _CONTROL.search(text)
    if control is not None:
        number = text.count("\n", 0, control.start()) + 1
        raise _malformed(f"Line {number} holds a control character (RFC 5545 §3.1).")


def check_flaws(tree: Tree) -> None:
    """Raise CalendarDataError for the first flaw in the form of ``tree``."""
    if tree.flaws:
        raise _malformed(f"Line {tree.flaws[0].number}: {tree.flaws[0].sentence}.")


def check_one_object(calendar: Component) -> tuple[Component, ...]:
    """The VEVENTs of ``calendar``, which are one object: one UID, no METHOD, no other type (RFC 4791 §4.1)."""
    vevents = tuple(calendar.named("VEVENT"))
    others = any(child.name in _OTHER_TYPES for child in calendar.children)
    if not vevents:
        raise CalendarDataError(Reason.WRONG_COMPONENT, "" if others else "There is no event in it (RFC 4791 §4.1).")
    if others:
        raise _not_one("It holds more than one type of component (RFC 4791 §4.1).")
    if calendar.first("METHOD") is not None:
        raise _not_one("METHOD belongs to messages, not to what is kept (RFC 4791 §4.1).")
    if len(vevents) > MAX_OVERRIDES + 1:
        raise CalendarDataError(
            Reason.TOO_MANY_INSTANCES, f"More than {MAX_OVERRIDES:,} of its occurrences differ from the rest."
        )
    uids = {vevent.value("UID") for vevent in vevents}
    if "" in uids:
        raise _malformed("An event has no UID (RFC 5545 §3.6.1).")
    if any(len(uid.encode()) > MAX_UID for uid in uids):
        raise CalendarDataError(Reason.TOO_LARGE, f"A UID is longer than {MAX_UID} octets (RFC 4791 §5.2.5).")
    if len(uids) > 1:
        raise _not_one("It holds events with different UIDs (RFC 4791 §4.1).")
    return vevents


def check_overrides(vevents: tuple[Component, ...], zones: Zones) -> None:
    """Raise CalendarDataError for two masters, or for two overrides of one instance (RFC 5545 §3.8.4.4).

    An instance is a moment: in UTC, in a zone or as a date it is the same. A floating series is read in UTC.
    """
    if len(vevents) == 1:
        return
    lines = [vevent.first("RECURRENCE-ID") for vevent in vevents]
    master = next((vevent for vevent, line in zip(vevents, lines, strict=True) if line is None), None)
    first = lines[0] if master is None else master.first("DTSTART")
    timeline = Timeline.of(when_of(first, zones), UTC) if first else None
    seen: set[str] = set()
    for line in lines:
        identity = "" if line is None or timeline is None else timeline.identity(timeline.local(when_of(line, zones)))
        if identity in seen:
            what = "two events without RECURRENCE-ID" if line is None else "two events with one RECURRENCE-ID"
            raise _not_one(f"It holds {what} (RFC 5545 §3.8.4.4).")
        seen.add(identity)


def check_event(vevent: Component, zones: Zones) -> None:
    """Whether everything that tells when ``vevent`` takes place can be read (RFC 5545 §3.6.1)."""
    seen: set[str] = set()
    bounds: dict[str, When] = {}
    _check_count(vevent)
    for line in vevent.properties:
        if line.name in seen and line.name in _ONCE:
            raise _malformed(f"Line {line.number}: {line.name} occurs twice (RFC 5545 §3.6.1).")
        seen.add(line.name)
        try:
            _check_value(line, zones, bounds)
        except OverflowError:
            # A year has four digits.
            raise _malformed(f"Line {line.number}: {line.name} is out of range (RFC 5545 §3.3.4).") from None
        except ValueError:
            raise _malformed(f"Line {line.number}: {line.name} {_BROKEN[line.name]}.") from None
    if "DTSTART" not in seen:
        raise _malformed("An event has no DTSTART (RFC 5545 §3.6.1).")
    if "DTEND" in seen and "DURATION" in seen:
        raise _malformed("An event has both DTEND and DURATION (RFC 5545 §3.6.1).")
    _check_end(vevent, bounds)


_MOMENT = "is not a date or time (RFC 5545 §3.3.5)"
_FOREIGN = (
    "repeats by a calendar other than the Gregorian, or moves days that a month lacks. "
    "hxdav cannot read such rules: list the dates instead (RFC 7529)"
)
_BROKEN = {
    "DTSTART": _MOMENT,
    "DTEND": _MOMENT,
    "RECURRENCE-ID": _MOMENT,
    "EXDATE": _MOMENT,
    "RDATE": "is not a date, time or period (RFC 5545 §3.8.5.2)",
    "DURATION": "is not a positive duration (RFC 5545 §3.8.2.5)",
    "RRULE": "is not a recurrence rule (RFC 5545 §3.3.10)",
    "EXRULE": "is not a recurrence rule (RFC 5545 §3.3.10)",
}


def _check_count(vevent: Component) -> None:
    if sum(line.value.count(",") + 1 for line in vevent.all("RDATE")) > MAX_SINGLE_DATES:
        raise CalendarDataError(
            Reason.TOO_MANY_INSTANCES, f"RDATE names more than {MAX_SINGLE_DATES:,} occurrences (RFC 5545 §3.8.5.2)."
        )


def _check_value(line: ContentLine, zones: Zones, bounds: dict[str, When]) -> None:
    """Raise ValueError or OverflowError for a value that cannot be read; add a start or end to ``bounds``."""
    if line.name in _BOUNDS:
        bounds[line.name] = when_of(line, zones)
    elif line.name in _CHECKS:
        _CHECKS[line.name](line, zones)


def _check_rdate(line: ContentLine, zones: Zones) -> None:
    for period in periods_of(line, zones):
        if period.ends is not None and not isinstance(period.ends, Duration):
            _check_order(period.starts, period.ends)


def _check_rule(line: ContentLine, zones: Zones) -> None:
    # Some exports write the property without a value for "does not repeat".
    rule = rule_of(line.value) if line.value.strip() else None
    if rule is not None and rule.foreign:
        raise CalendarDataError(Reason.UNSUPPORTED_RSCALE, f"Line {line.number}: {line.name} {_FOREIGN}.")
    if rule is not None and rule.until:
        when_from(rule.until, "", zones)


def _check_duration(line: ContentLine, _zones: Zones) -> None:
    if duration_of(line.value).total < timedelta(0):
        raise ValueError("negative")


def _check_end(vevent: Component, bounds: Mapping[str, When]) -> None:
    ends = vevent.first("DTEND")
    if ends is None:
        return
    try:
        _check_order(bounds["DTSTART"], bounds["DTEND"])
    except ValueError:
        raise _malformed(f"Line {ends.number}: DTEND is before DTSTART (RFC 5545 §3.8.2.2).") from None


def _check_order(starts: When, ends: When) -> None:
    """An end that is the start is common and means no length; only an earlier one is refused.

    By the clock on the wall or in fact: an event that starts in the hour that spring skips starts an hour later in
    fact, and may then end before that (ADR 19).
    """
    if isinstance(starts, Zoned) and isinstance(ends, Zoned) and _is_in_order_on_the_wall(starts, ends):
        return
    alike = isinstance(starts, AllDay | Floating) == isinstance(ends, AllDay | Floating)
    slack = timedelta(0) if alike and isinstance(starts, AllDay) == isinstance(ends, AllDay) else _SLACK
    if instant(ends, UTC) + slack < instant(starts, UTC):
        raise ValueError("ends before it starts")


def _is_in_order_on_the_wall(starts: Zoned, ends: Zoned) -> bool:
    same_clock = starts.moment.tzinfo == ends.moment.tzinfo
    return same_clock and starts.moment.replace(tzinfo=None) <= ends.moment.replace(tzinfo=None)


_CHECKS: dict[str, Callable[[ContentLine, Zones], object]] = {
    "RECURRENCE-ID": when_of,
    "EXDATE": lambda line, zones: list(whens_of(line, zones)),
    "RDATE": _check_rdate,
    "RRULE": _check_rule,
    "EXRULE": _check_rule,
    "DURATION": _check_duration,
}


def _malformed(sentence: str) -> CalendarDataError:
    return CalendarDataError(Reason.NOT_CALENDAR_DATA, sentence)


def _not_one(sentence: str) -> CalendarDataError:
    return CalendarDataError(Reason.NOT_ONE_OBJECT, sentence)
