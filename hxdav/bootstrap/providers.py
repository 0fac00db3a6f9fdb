"""The providers as they are set up here. What knows one of them is loaded when one of its accounts is opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from hxdav.bootstrap.named import named
from hxdav.config import Settings
from hxdav.connect.connector import ConsentFlow
from hxdav.domain.integration import Service
from hxdav.errors import UseCaseError
from hxdav.remote import Remote

Keep = Callable[[str], None]
"""Takes credentials that the provider has renewed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What opens an account: ``address`` where its service is not in one place.

    ``account`` names it where it is known, so that its quota is counted as one.
    """

    credentials: str
    address: str = ""
    keep: Keep = lambda _: None
    account: str = ""


class Door(Protocol):
    """How accounts at one provider are opened, by the settings."""

    def consent_flow(self, service: Service) -> ConsentFlow:
        """How one asks for a consent; UseCaseError where the service is not set up, or asks for a password instead."""
        ...

    def open(self, service: Service, key: Key) -> Remote:
        """An account, for one thread."""
        ...


_DOORS = {
    Service.GOOGLE: "google:GoogleDoor",
    Service.OUTLOOK: "microsoft:MicrosoftDoor",
    Service.OFFICE365: "microsoft:MicrosoftDoor",
    Service.EXCHANGE: "exchange:ExchangeDoor",
    Service.ICLOUD: "caldav:CalDavDoor",
    Service.CALDAV: "caldav:CalDavDoor",
}


class ConfiguredProviders:
    """Opens accounts by the settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._doors: dict[str, Door] = {}

    def consent_flow(self, service: Service) -> ConsentFlow:
        """How one asks for a consent; UseCaseError where the service is not set up, or asks for a password instead."""
        return self._door(service).consent_flow(service)

    def open(
        self, service: Service, *, address: str, credentials: str, keep: Keep = lambda _: None, account: str = ""
    ) -> Remote:
        """An account, for one thread; ``account`` names it where it is known, so that its quota is counted as one."""
        key = Key(credentials=credentials, address=address, keep=keep, account=account)
        return self._door(service).open(service, key)

    def _door(self, service: Service) -> Door:
        name = _DOORS.get(service)
        if name is None:
            raise UseCaseError("hxdav's own calendars are in no account elsewhere.")
        if name not in self._doors:
            made: Door = named(name)(self._settings)
            # Two threads may come at once: the first door stays, because it counts the provider's quota.
            self._doors.setdefault(name, made)
        return self._doors[name]
