"""The occurrences of a series: those of its pattern, less what was deleted, with what was changed."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice

from tests.simulators.ews.fields import Fields, days_later
from tests.simulators.ews.times import written
from tests.simulators.ews.wire import EwsRefusal
from tests.simulators.ews.world import StoredItem

_FAR = 1500
"""How many occurrences are looked through; Exchange allows 999 where a series has a number of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One occurrence; ``day`` is the one of its original start, ``index`` its place in the pattern, from 1."""

    day: date
    index: int
    original: datetime
    fields: Fields
    is_exception: bool
    is_deleted: bool


def occurrences(item: StoredItem) -> Iterator[Occurrence]:
    """All of the pattern in order, deleted ones too."""
    recurrence = item.fields.recurrence
    if recurrence is None:
        return
    zone = item.fields.zone
    start, end = item.fields.start.astimezone(zone), item.fields.end.astimezone(zone)
    for index, day in enumerate(islice(recurrence.dates(), _FAR), start=1):
        shift = day - start.date()
        original = days_later(start, shift)
        own = Fields()
        own.put_text("Start", written(original))
        own.put_text("End", written(days_later(end, shift)))
        changed = item.exceptions.get(day)
        yield Occurrence(
            day=day,
            index=index,
            original=original,
            fields=(changed.over(own) if changed else own).over(item.fields),
            is_exception=changed is not None,
            is_deleted=day in item.deleted,
        )


def living(item: StoredItem) -> Iterator[Occurrence]:
    """Those that were not deleted."""
    return (one for one in occurrences(item) if not one.is_deleted)


def between(item: StoredItem, start: datetime, end: datetime) -> list[Occurrence]:
    """Those that overlap the time between, in order of their original starts."""
    found: list[Occurrence] = []
    for one in occurrences(item):
        if one.original >= end and not any(day >= one.day for day in item.exceptions):
            break
        if not one.is_deleted and one.fields.start < end and one.fields.end > start:
            found.append(one)
    return found


def occurrence_at(item: StoredItem, index: int) -> Occurrence:
    """The one at that place of the pattern."""
    found = next(islice(occurrences(item), index - 1, None), None) if index > 0 else None
    if found is None:
        raise EwsRefusal("ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange", "The series has no such occurrence.")
    return _there(found)


def occurrence_on(item: StoredItem, day: date) -> Occurrence:
    """The one whose original start is on that day."""
    found = next((one for one in occurrences(item) if one.day == day), None)
    if found is None:
        raise EwsRefusal("ErrorItemNotFound", "The specified object was not found in the store.")
    return _there(found)


def _there(found: Occurrence) -> Occurrence:
    if found.is_deleted:
        raise EwsRefusal("ErrorCalendarOccurrenceIsDeletedFromRecurrence", "The occurrence was deleted.")
    return found


def check_neighbours(item: StoredItem, moved: Occurrence, start: datetime) -> None:
    """Refuse to move an occurrence onto the day of a neighbour, or past it.

    https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxocal
    """
    zone = item.fields.zone
    day = start.astimezone(zone).date()
    before, after = None, None
    for one in living(item):
        if one.index < moved.index:
            before = one.fields.start.astimezone(zone).date()
        if one.index > moved.index:
            after = one.fields.start.astimezone(zone).date()
            break
    if (before is not None and day <= before) or (after is not None and day >= after):
        raise EwsRefusal("ErrorOccurrenceCrossingBoundary", "The occurrence would cross or touch an adjacent one.")


def occurrence_id(master_id: str, day: date) -> str:
    """The id of an occurrence, which says whose it is."""
    return "AAMkOC" + base64.b64encode(f"{master_id}|{day.isoformat()}".encode()).decode()


def read_occurrence_id(text: str) -> tuple[str, date] | None:
    """The master's id and the day that an occurrence's id says; None where it is no such id."""
    if not text.startswith("AAMkOC"):
        return None
    try:
        master_id, _, day = base64.b64decode(text[6:]).decode().rpartition("|")
        return master_id, date.fromisoformat(day)
    except (ValueError, binascii.Error):
        return None
