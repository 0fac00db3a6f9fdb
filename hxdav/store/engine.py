"""Connections: pragmas, the kinds of transaction, and the queue of writers (docs/store.md, Contention)."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, make_url

from hxdav.errors import StoreBusy

BUSY_TIMEOUT_SECONDS = 5
"""How long a writer of this process waits for one of another process on SQLite."""
LOCK_TIMEOUT_SECONDS = 10
"""How long a statement waits for a lock on PostgreSQL."""
CONNECT_TIMEOUT_SECONDS = 5
"""How long PostgreSQL may take to let a connection in."""
_UNACKNOWLEDGED_SECONDS = 10


@dataclass(slots=True, eq=False)
class _Waiter:
    """A writer in the queue: ``decided`` is set when it has the lock, or when it is refused."""

    decided: threading.Event = field(default_factory=threading.Event)
    refused: StoreBusy | None = None


class WriteQueue:
    """A lock that is given in the order in which it was asked for, so that no writer starves.

    Another process may hold the database. The first writer then waits for it, and those behind it have waited as long:
    they fail together with it, and not one after another.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[_Waiter] = deque()
        self._taken = False

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the lock for the length of the block; raises StoreBusy where the one before failed with it."""
        self._take()
        try:
            yield
        except StoreBusy as error:
            self._refuse_waiting(error)
            raise
        finally:
            self._give()

    def _take(self) -> None:
        with self._guard:
            if not self._taken:
                self._taken = True
                return
            mine = _Waiter()
            self._waiting.append(mine)
        mine.decided.wait()
        if mine.refused is not None:
            raise StoreBusy(str(mine.refused)) from mine.refused

    def _refuse_waiting(self, error: StoreBusy) -> None:
        with self._guard:
            while self._waiting:
                waiter = self._waiting.popleft()
                waiter.refused = error
                waiter.decided.set()

    def _give(self) -> None:
        with self._guard:
            if self._waiting:
                # The lock passes on without being free in between: nobody can overtake.
                self._waiting.popleft().decided.set()
            else:
                self._taken = False

    @property
    def is_taken(self) -> bool:
        """Whether somebody writes at this moment; for work that can as well be done later."""
        return self._taken


def open_engine(url: str) -> Engine:
    """An engine for ``url``: ``sqlite:///FILE``, ``postgresql+psycopg://…``, or ``sqlite:///:memory:``."""
    if make_url(url).get_backend_name() == "sqlite":
        return _sqlite(url)
    return _postgresql(make_url(url))


def begin(connection: Connection, *, writes: bool) -> None:
    """Make the transaction that SQLAlchemy has begun on ``connection`` one of the database's.

    On SQLite a transaction that starts by reading and then writes can be refused halfway: one that will write says so.
    This is a statement of ours and no listener on the engine, because one listener slows every statement down.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def begun(engine: Engine, *, writes: bool) -> Iterator[Connection]:
    """A connection in a transaction, which is committed at the end of the block and undone where that raises."""
    with engine.connect() as connection, connection.begin():
        begin(connection, writes=writes)
        yield connection


@contextmanager
def impatient(connection: Connection) -> Iterator[None]:
    """Do not wait for a writer of another process (SQLite) within the block."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA busy_timeout=0")
    try:
        yield
    finally:
        driver.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_SECONDS * 1000}")


def _postgresql(url: URL) -> Engine:
    limits = {"connect_timeout": CONNECT_TIMEOUT_SECONDS, "tcp_user_timeout": _UNACKNOWLEDGED_SECONDS * 1000}
    engine = create_engine(
        url,
        # What the address says about these stands.
        connect_args={name: value for name, value in limits.items() if name not in url.query},
        isolation_level="READ COMMITTED",
        pool_size=10,
        max_overflow=20,
        pool_pre_ping=True,
        # What is stored is health data: an error's text does not quote it.
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def _prepare(dbapi_connection: Any, _record: object) -> None:
        # Not among the options of the connection: a pool in between (PgBouncer) refuses those.
        dbapi_connection.execute(f"SET lock_timeout = {int(LOCK_TIMEOUT_SECONDS * 1000)}")
        dbapi_connection.commit()

    return engine


def _sqlite(url: str) -> Engine:
    # What is in memory is in one connection: it is kept, and whoever comes while another has it waits.
    in_memory = make_url(url).database in {None, "", ":memory:"}
    engine = create_engine(
        url,
        connect_args={"timeout": BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        poolclass=QueuePool,
        pool_size=1 if in_memory else 10,
        max_overflow=0 if in_memory else 20,
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def _prepare(dbapi_connection: Any, _record: object) -> None:
        # The driver's own notion of transactions begins them too late; ``begin`` does it in time.
        dbapi_connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-32768",
            "wal_autocheckpoint=4000",
        ):
            dbapi_connection.execute(f"PRAGMA {pragma}")

    return engine
