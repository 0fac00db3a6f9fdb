"""How long changes are on their way over bridges: a few numbers for each quarter of an hour, and nothing of what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from importlib import import_module
from math import frexp
from typing import Any

from sqlalchemy import Connection, case, select

from hxdav.domain.ids import IntegrationId, PracticeGroupId
from hxdav.store.rows import LagRow, table_of

QUARTER = timedelta(minutes=15)
"""For how long there is one set of numbers."""


class Way(StrEnum):
    """Which way a change goes: from here to the provider, or from there."""

    OUT = "out"
    IN = "in"


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyCount:
    """So many changes of a quarter of an hour (``number``) that took about as long: ``together``, and one at most."""

    way: Way
    began_at: datetime
    number: int
    together: timedelta
    slowest: timedelta


class Latencies:
    """Counts changes, and reads how they went."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def note(
        self,
        integration_id: IntegrationId,
        *,
        practice_group_id: PracticeGroupId,
        way: Way,
        at: datetime,
        taken: timedelta,
    ) -> None:
        """Count a change that arrived now, after so long: one statement."""
        seconds = max(0.0, taken.total_seconds())
        milliseconds = round(seconds * 1000)
        values = {
            "practice_group_id": practice_group_id,
            "integration_id": integration_id,
            "way": way,
            "began_at": quarter_of(at),
            # So that the middle one of many can be told, within its power of two.
            "magnitude": max(0, frexp(seconds)[1]),
            "number": 1,
            "milliseconds": milliseconds,
            "slowest": milliseconds,
        }
        self._connection.execute(_counting(self._connection.dialect.name), values)

    def of(self, integration_id: IntegrationId, *, since: datetime) -> list[LatencyCount]:
        """An integration's, of all quarters of an hour that began at ``since`` or later."""
        query = (
            select(LagRow.way, LagRow.began_at, LagRow.number, LagRow.milliseconds, LagRow.slowest)
            .where(LagRow.integration_id == integration_id, LagRow.began_at >= since)
            .order_by(LagRow.began_at)
        )
        return [
            LatencyCount(
                way=Way(row.way),
                began_at=row.began_at,
                number=row.number,
                together=timedelta(milliseconds=row.milliseconds),
                slowest=timedelta(milliseconds=row.slowest),
            )
            for row in self._connection.execute(query)
        ]


def quarter_of(moment: datetime) -> datetime:
    """When the quarter of an hour began that a moment is in."""
    return moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)


@cache
def _counting(dialect: str) -> Any:
    """Begin a count, or go on with it: both databases write it alike, and only the one in use is loaded."""
    table = table_of(LagRow)
    adding = import_module(f"sqlalchemy.dialects.{dialect}").insert(table)
    new = adding.excluded
    return adding.on_conflict_do_update(
        index_elements=["integration_id", "began_at", "way", "magnitude"],
        set_={
            "number": table.c.number + new.number,
            "milliseconds": table.c.milliseconds + new.milliseconds,
            "slowest": case((table.c.slowest > new.slowest, table.c.slowest), else_=new.slowest),
        },
    )
