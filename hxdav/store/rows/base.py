"""What all tables share: names of constraints, types of ids and moments, and the owner's column."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    DateTime,
    Dialect,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    literal,
)
from sqlalchemy.orm import DeclarativeBase, mapped_column


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware in Python, UTC in the database (SQLite keeps no zone, so it is put back on reading)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive datetime, which could mean anything."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("only aware datetimes are stored")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give an aware datetime in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Base of every table; constraints get names, so that a migration can find them on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        # SQLite numbers rows by itself only in an INTEGER primary key.
        int: BigInteger().with_variant(Integer, "sqlite"),
        str: Text,
        bytes: LargeBinary,
        datetime: UtcDateTime,
        dict[str, Any]: JSON,
    }


def table_of(row: type[Base]) -> Table:
    """The table of ``row``: what statements are made of that run often, so that they are made once."""
    table = row.__table__
    if not isinstance(table, Table):
        raise TypeError(f"{row.__name__} has no table of its own")
    return table


def verbatim(word: str) -> ColumnElement[str]:
    """A word written into the statement: an index over some rows is used only where they are named as it names them."""
    return literal(str(word), literal_execute=True)


RowId = Annotated[int, mapped_column(primary_key=True)]
Owner = Annotated[int, mapped_column(ForeignKey("practice_group.id"))]


NEVER_REUSED = {"sqlite_autoincrement": True}
"""Table options where a number must not come back after its row is gone: it is in addresses and tokens."""
