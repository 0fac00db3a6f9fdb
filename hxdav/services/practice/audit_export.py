"""The audit log for those who read it: which days, and as lines of a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime, tzinfo

from hxdav.domain.times import Interval, days_after, midnight
from hxdav.store.trail import AuditEntry

_COLUMNS = tuple(AuditEntry.__dataclass_fields__)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes for the beginning of a formula."""

_LAST_DAY = date(9999, 12, 30)
"""The last with another one after it in every zone."""


def days_between(first: date | None, last: date | None, zone: tzinfo) -> Interval:
    """From the first day's midnight to the end of the last; None: from the beginning, to the end of all time."""
    # At the ends of what a date can express there is no midnight in every zone.
    return Interval(_beginning(first, zone), _end(last, zone))


def _beginning(first: date | None, zone: tzinfo) -> datetime:
    return midnight(first, zone) if first and first > date.min else datetime.min.replace(tzinfo=UTC)


def _end(last: date | None, zone: tzinfo) -> datetime:
    return midnight(days_after(last, 1), zone) if last and last < _LAST_DAY else datetime.max.replace(tzinfo=UTC)


def csv_lines(entries: Iterable[AuditEntry]) -> Iterator[str]:
    """``entries`` as CSV (RFC 4180), their moments in UTC; the first line names the columns.

    A text that a spreadsheet would take for a formula is led by an apostrophe.
    """
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, _COLUMNS)
    writer.writeheader()
    yield _taken(buffer)
    for entry in entries:
        writer.writerow({name: _cell(value) for name, value in asdict(entry).items()})
        yield _taken(buffer)


def json_lines(entries: Iterable[AuditEntry]) -> Iterator[str]:
    """``entries`` as one JSON object a line, their texts as they are."""
    for entry in entries:
        yield json.dumps(asdict(entry) | {"at": entry.at.isoformat()}, ensure_ascii=False) + "\n"


def _taken(buffer: io.StringIO) -> str:
    line = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return line


def _cell(value: object) -> object:
    match value:
        case datetime():
            return value.isoformat()
        case dict():
            return json.dumps(value, ensure_ascii=False)
        case str() if value.startswith(_FORMULA):
            return f"'{value}"
        case _:
            return value
