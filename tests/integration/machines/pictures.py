"""A picture of the store: the rows themselves, read past the code that is tested."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, select

from hxdav.store.rows import Base
from hxdav.store.store import Store

Rows = Mapping[int, Row[Any]]
Whole = list[list[Row[Any]]]

_TABLES = Base.metadata.tables
_ALL = [select(table) for table in Base.metadata.sorted_tables]


def _by_id(table: Table) -> Any:
    return select(table).order_by(table.c.id)


_PICTURED = {
    "installations": _by_id(_TABLES["installation"]),
    "groups": _by_id(_TABLES["practice_group"]),
    "practitioners": _by_id(_TABLES["practitioner"]),
    "integrations": _by_id(_TABLES["integration"]),
    "appointments": _by_id(_TABLES["appointment"]),
    "mirrors": _by_id(_TABLES["mirror"]),
    "versions": _by_id(_TABLES["appointment_version"]),
    "removals": _by_id(_TABLES["removal"]),
    "subscriptions": _by_id(_TABLES["subscription"]),
    "entries": _by_id(_TABLES["credit_entry"]),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The rows that the rules are about, by number, as they were at one moment."""

    installations: Rows
    groups: Rows
    practitioners: Rows
    integrations: Rows
    appointments: Rows
    mirrors: Rows
    versions: Rows
    removals: Rows
    subscriptions: Rows
    entries: Rows

    @property
    def epoch(self) -> str:
        """Which life of the store this is."""
        return str(self.installations[1].epoch)

    @property
    def balance(self) -> int:
        """The credits that there are."""
        return sum(entry.credits for entry in self.entries.values())

    def shown(self, integration_id: int) -> dict[str, str]:
        """Href to entity tag of what an integration shows."""
        return {
            each.href: each.etag
            for each in self.mirrors.values()
            if each.integration_id == integration_id and each.state == "shown"
        }

    def has(self, integration_id: int, href: str) -> bool:
        """Whether an integration has something at an address, shown or hidden."""
        return any(
            (each.integration_id, each.href) == (integration_id, href) and each.state != "left"
            for each in self.mirrors.values()
        )

    def showing(self, appointment_id: int) -> set[int]:
        """The integrations that show an appointment."""
        return {
            each.integration_id
            for each in self.mirrors.values()
            if each.appointment_id == appointment_id and each.state == "shown"
        }

    def open_removals(self) -> Iterator[Row[Any]]:
        """The removals that nothing is decided of."""
        return (each for each in self.removals.values() if each.state in {"held", "review"})

    def history(self, appointment_id: int) -> list[Row[Any]]:
        """The versions of an appointment, by revision."""
        found = [each for each in self.versions.values() if each.appointment_id == appointment_id]
        return sorted(found, key=lambda version: version.revision)


def takes_no_place(appointment: Row[Any]) -> bool:
    """Whether an appointment takes no place any more."""
    return appointment.removed_at is not None or appointment.status in {"cancelled", "entered-in-error"}


def is_protected(appointment: Row[Any]) -> bool:
    """Whether an appointment may not be removed from outside (rule 6)."""
    return appointment.note != "none" or appointment.invoice != "none"


def starts_of(appointment: Row[Any]) -> datetime:
    """When an appointment takes place for the first time."""
    return datetime.fromtimestamp(appointment.starts, UTC)


def picture_of(store: Store) -> Picture:
    """What is in the store now."""
    with store.snapshot() as tx:
        return Picture(**{name: _rows(tx.connection, query) for name, query in _PICTURED.items()})


def whole_of(store: Store) -> Whole:
    """Every row of every table, to be compared with another such reading."""
    with store.snapshot() as tx:
        return [sorted(tx.connection.execute(query).all(), key=repr) for query in _ALL]


def _rows(connection: Connection, query: Any) -> Rows:
    return {row.id: row for row in connection.execute(query)}
