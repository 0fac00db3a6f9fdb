"""The simulator as exchangelib sees it, which nobody here wrote and nothing here changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from exchangelib import (  # type: ignore[import-untyped]
    BASIC,
    DELEGATE,
    Account,
    Build,
    Configuration,
    Credentials,
    EWSTimeZone,
    ExtendedProperty,
    FailFast,
    Version,
)
from exchangelib.items import CalendarItem  # type: ignore[import-untyped]
from exchangelib.protocol import Protocol  # type: ignore[import-untyped]

from tests.simulators.ews.people import Person
from tests.simulators.ews.server import exchange_server
from tests.simulators.ews.simulator import ExchangeSimulator
from tests.simulators.ews.world import Clock, real_clock


class TestKey(ExtendedProperty):  # type: ignore[misc]
    """A property by which an application finds again what it made."""

    __test__ = False
    property_set_id = "6a3f4b1e-5b0c-4f63-9a61-8d4c6f0e2b77"
    property_name = "simulator-key"
    property_type = "String"


@contextmanager
def key_registered() -> Iterator[None]:
    """Within the block, exchangelib's items have ``simulator_key``."""
    CalendarItem.register("simulator_key", TestKey)
    try:
        yield
    finally:
        CalendarItem.deregister("simulator_key")


@contextmanager
def account_of(
    exchange: ExchangeSimulator, person: Person, *, user: str = "", zone: str = "UTC", retry_policy: Any = None
) -> Iterator[Any]:
    """exchangelib's account for that person, as they sign in now; its connections end with the block.

    It keeps one set of connections for a server and user name: two accounts at a time need two spellings of ``user``.
    """
    configuration = Configuration(
        service_endpoint=exchange.address,
        credentials=Credentials(user or person.email, person.password),
        auth_type=BASIC,
        version=Version(Build(15, 2, 2562, 17)),
        retry_policy=retry_policy or FailFast(),
        max_connections=2,
    )
    account = Account(
        person.email,
        config=configuration,
        autodiscover=False,
        access_type=DELEGATE,
        default_timezone=EWSTimeZone(zone),
    )
    try:
        yield account
    finally:
        account.protocol.close()
        with suppress(KeyError):
            del Protocol[configuration]


@contextmanager
def faithful_exchange(*, clock: Clock = real_clock) -> Iterator[ExchangeSimulator]:
    """A server; what broke the schema, by either side, and mail to attendees fail the test at the end."""
    with exchange_server(clock=clock) as exchange:
        yield exchange
        assert exchange.violations == []
        assert [one for one in exchange.send_choices if one.choice != "SendToNone"] == []
