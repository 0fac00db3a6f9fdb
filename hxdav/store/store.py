"""The store as the rest of hxdav sees it: transactions, and in each the tables by what they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property
from sqlite3 import SQLITE_FULL

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError, OperationalError

from hxdav.errors import StoreBusy, StoreDamaged, StoreFull
from hxdav.store.app_passwords import AppPasswords
from hxdav.store.appointments import Appointments
from hxdav.store.bridges import Bridges
from hxdav.store.changes import Changes
from hxdav.store.channels import Channels
from hxdav.store.consents import Consents
from hxdav.store.counts import Counts
from hxdav.store.credits import Credits
from hxdav.store.engine import WriteQueue, begin, begun, impatient, open_engine
from hxdav.store.external_accounts import ExternalAccounts
from hxdav.store.feed import Feed
from hxdav.store.installation import Installations
from hxdav.store.integrations import Integrations
from hxdav.store.latencies import Latencies
from hxdav.store.links import Links
from hxdav.store.mirrors import Mirrors
from hxdav.store.notifications import Notifications
from hxdav.store.occurrences import Occurrences
from hxdav.store.passkeys import Passkeys
from hxdav.store.patients import Patients
from hxdav.store.people import People
from hxdav.store.profiles import ProfileTickets
from hxdav.store.recovery_codes import RecoveryCodes
from hxdav.store.removals import Removals
from hxdav.store.retention import Retention
from hxdav.store.sealed import Sealed
from hxdav.store.sign_in_tries import SignInTries
from hxdav.store.subscriptions import Subscriptions
from hxdav.store.trail import Trail
from hxdav.store.web_ceremonies import WebCeremonies
from hxdav.store.web_feeds import WebFeeds
from hxdav.store.web_sessions import WebSessions

_POSTGRESQL_DISK_FULL = "53100"


class Tx:
    """A transaction. Use cases take one, and never commit: whoever opened it does."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @cached_property
    def installation(self) -> Installations:
        """Which life of the store this is."""
        return Installations(self.connection)

    @cached_property
    def people(self) -> People:
        """Practice groups, clinics, users, practitioners and patients."""
        return People(self.connection)

    @cached_property
    def patients(self) -> Patients:
        """Patients, for whoever chooses among them."""
        return Patients(self.connection)

    @cached_property
    def app_passwords(self) -> AppPasswords:
        """The devices' passwords."""
        return AppPasswords(self.connection)

    @cached_property
    def web_sessions(self) -> WebSessions:
        """Who is signed in to the pages."""
        return WebSessions(self.connection)

    @cached_property
    def sign_in_tries(self) -> SignInTries:
        """How many passwords and recovery codes were tried in the last minutes."""
        return SignInTries(self.connection)

    @cached_property
    def web_ceremonies(self) -> WebCeremonies:
        """What browsers were asked and have not answered."""
        return WebCeremonies(self.connection)

    @cached_property
    def passkeys(self) -> Passkeys:
        """Passkeys."""
        return Passkeys(self.connection)

    @cached_property
    def recovery_codes(self) -> RecoveryCodes:
        """What stands in for passkeys."""
        return RecoveryCodes(self.connection)

    @cached_property
    def web_feeds(self) -> WebFeeds:
        """Private addresses of calendars that can only be read."""
        return WebFeeds(self.connection)

    @cached_property
    def profile_tickets(self) -> ProfileTickets:
        """Configuration profiles that wait to be fetched."""
        return ProfileTickets(self.connection)

    @cached_property
    def integrations(self) -> Integrations:
        """Integrations and their dead properties."""
        return Integrations(self.connection)

    @cached_property
    def appointments(self) -> Appointments:
        """Appointments, their versions and their occurrence index."""
        return Appointments(self.connection)

    @cached_property
    def occurrences(self) -> Occurrences:
        """Which appointments take place when."""
        return Occurrences(self.connection)

    @cached_property
    def mirrors(self) -> Mirrors:
        """What each integration shows, for those that change it."""
        return Mirrors(self.connection)

    @cached_property
    def external_accounts(self) -> ExternalAccounts:
        """Accounts at providers."""
        return ExternalAccounts(self.connection)

    @cached_property
    def bridges(self) -> Bridges:
        """What goes with integrations whose calendars are elsewhere."""
        return Bridges(self.connection)

    @cached_property
    def channels(self) -> Channels:
        """Where providers call, for whoever is called."""
        return Channels(self.connection)

    @cached_property
    def consents(self) -> Consents:
        """Consents that people were sent to give."""
        return Consents(self.connection)

    @cached_property
    def sealed(self) -> Sealed:
        """Where secrets are stored, sealed."""
        return Sealed(self.connection)

    @cached_property
    def links(self) -> Links:
        """What mirrors are at their providers."""
        return Links(self.connection)

    @cached_property
    def lags(self) -> Latencies:
        """How long changes are on their way over bridges."""
        return Latencies(self.connection)

    @cached_property
    def feed(self) -> Feed:
        """What each integration shows, for those that read it."""
        return Feed(self.connection)

    @cached_property
    def trail(self) -> Trail:
        """The audit log, and refused bodies."""
        return Trail(self.connection)

    @cached_property
    def notifications(self) -> Notifications:
        """What practitioners are told."""
        return Notifications(self.connection)

    @cached_property
    def removals(self) -> Removals:
        """Deletions from outside, on their way and decided."""
        return Removals(self.connection)

    @cached_property
    def retention(self) -> Retention:
        """What is no longer kept."""
        return Retention(self.connection)

    @cached_property
    def credits(self) -> Credits:
        """The ledgers of credits."""
        return Credits(self.connection)

    @cached_property
    def figures(self) -> Counts:
        """How much there is of what, for whoever watches over the server."""
        return Counts(self.connection)

    @cached_property
    def subscriptions(self) -> Subscriptions:
        """Who subscribes to calendar synchronisation."""
        return Subscriptions(self.connection)


class Store:
    """An open database; safe to share between threads."""

    def __init__(self, url: str) -> None:
        self.engine: Engine = open_engine(url)
        self._is_sqlite = self.engine.dialect.name == "sqlite"
        self._writers = WriteQueue()
        # SQLite's connections are in neither mode until a transaction begins, and its transactions are snapshots.
        self._read = self._single = self.engine
        if not self._is_sqlite:
            self._read = self.engine.execution_options(isolation_level="REPEATABLE READ")
            self._single = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def transaction(self) -> Iterator[Tx]:
        """A transaction that may write; committed, durably, when the block ends without an exception."""
        with self._turn(), _busy_told(), begun(self.engine, writes=True) as connection:
            yield Tx(connection)

    def in_turns(self, step: Callable[[Tx], int]) -> int:
        """Repeat ``step`` until it finds nothing to do, each time in a transaction of its own; how much it did."""
        done = 0
        while True:
            with self.transaction() as tx:
                did = step(tx)
            if not did:
                return done
            done += did

    @contextmanager
    def rehearsal(self) -> Iterator[Tx]:
        """A transaction that is undone at the end of the block: to see what would be done."""
        with self._turn(), _busy_told(), self.engine.connect() as connection, connection.begin() as transaction:
            begin(connection, writes=True)
            yield Tx(connection)
            transaction.rollback()

    @contextmanager
    def snapshot(self) -> Iterator[Tx]:
        """A transaction that only reads, and sees one state of the store throughout."""
        with _busy_told(), begun(self._read, writes=False) as connection:
            yield Tx(connection)

    @contextmanager
    def single_read(self) -> Iterator[Tx]:
        """For one statement that reads: it is its own snapshot, and needs no transaction around it."""
        with _busy_told(), self._single.connect() as connection:
            yield Tx(connection)

    def do_if_idle(self, step: Callable[[Tx], object]) -> bool:
        """Do what can as well be done later, in a transaction; return whether it was done.

        It is left, at once, while somebody else writes, and where nothing can be written.
        """
        if self._is_sqlite and self._writers.is_taken:
            return False
        try:
            with (
                # Outside the turn: those that wait for theirs are more patient than this one, and do not fail with it.
                _busy_told(),
                self._turn(),
                self.engine.connect() as connection,
                impatient(connection),
                connection.begin(),
            ):
                begin(connection, writes=True)
                step(Tx(connection))
        except StoreBusy:
            return False
        return True

    def _turn(self) -> AbstractContextManager[None]:
        return self._writers.turn() if self._is_sqlite else nullcontext()

    def changes(self) -> Changes:
        """What tells one thread of commits, by whichever process; to be closed by it."""
        return Changes(self.engine.url.database if self._is_sqlite and self.engine.url.database != ":memory:" else None)

    def close(self) -> None:
        """Give all connections back; to be called before a process forks or ends."""
        self.engine.dispose()


@contextmanager
def _busy_told() -> Iterator[None]:
    """Say in hxdav's own words why the database could not: locked, gone, full, damaged, or another transaction won."""
    try:
        yield
    except OperationalError as error:
        # The driver's text may quote parameters: it goes no further.
        if _is_about_room(error):
            raise StoreFull(
                "The server's disk is full; nothing was changed. Make room on it, then try again."
            ) from error
        raise StoreBusy("The store is busy or cannot be reached; nothing was changed. Try again.") from error
    except DatabaseError as error:
        if type(error) is not DatabaseError:
            raise
        # SQLite's word for pages that it cannot read; every other kind of error has a class of its own.
        raise StoreDamaged("The database is damaged. Stop hxdav and run: hxdav doctor") from error


def _is_about_room(error: OperationalError) -> bool:
    """Whether the disk is full: SQLite's SQLITE_FULL, PostgreSQL's ``disk_full``."""
    code = getattr(error.orig, "sqlite_errorcode", None) or getattr(error.orig, "sqlstate", None)
    return code in {SQLITE_FULL, _POSTGRESQL_DISK_FULL}
