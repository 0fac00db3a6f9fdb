"""iCloud and other CalDAV accounts as they are set up here."""

from __future__ import annotations

import json
from functools import cached_property
from urllib.parse import urlsplit

from hxdav.bootstrap.authorities import authorities_of
from hxdav.bootstrap.providers import Key
from hxdav.config import Settings
from hxdav.connect.connector import ConsentFlow
from hxdav.domain.integration import Service
from hxdav.errors import UseCaseError
from hxdav.net.reach import Reach
from hxdav.remote import Remote
from hxdav.remotes.caldav import CalDavAccount, Flavour, open_caldav
from hxdav.remotes.caldav.account import ICLOUD_URL


class CalDavDoor:
    """Opens CalDAV accounts with a name and a password."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def consent_flow(self, service: Service) -> ConsentFlow:
        """There is none: raises UseCaseError."""
        raise UseCaseError(f"{service.label} is connected with a password, not with a consent.")

    def open(self, service: Service, key: Key) -> Remote:
        """An account, for one thread."""
        bridges = self._settings.bridges
        known = json.loads(key.credentials)
        url = key.address if service is Service.CALDAV else ""
        simulator = None if url else bridges.icloud_url
        account = CalDavAccount(
            username=known["username"],
            password=known["password"],
            flavour=Flavour.ANY if url else Flavour.ICLOUD,
            url=url or simulator or ICLOUD_URL,
        )
        # A simulator's hosts are on this machine; Apple's the remote knows.
        hosts = (urlsplit(simulator).hostname or "", *bridges.allowed_addresses) if simulator else ()
        return open_caldav(
            account, reach=Reach(allowed=bridges.allowed_addresses, hosts=hosts), authorities=self._authorities
        )

    @cached_property
    def _authorities(self) -> str:
        return authorities_of(self._settings)
