"""What the web application works with."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from hxdav.connect.connector import Connector
from hxdav.domain.policy import Policy
from hxdav.domain.times import Clock
from hxdav.secrets.keyring import Keyring
from hxdav.secrets.turns import HashingTurns
from hxdav.services.practice.apply_accounts import WantedPracticeGroup
from hxdav.store.store import Store


def _no_accounts_file() -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebBackend:
    """``channel_digest`` is the keyed hash by which a push channel is known.

    ``hashing`` gives turns at looking at web passwords: together with those who wait they hold half of a process's
    threads at most.

    ``wanted_accounts`` reads the accounts file, as it is now; None where there is none.
    ``public_url`` is where browsers reach the pages, and ``calendars_url`` where programs reach the calendars.
    """

    store: Store
    clock: Clock
    policy: Policy
    keyring: Keyring
    connector: Connector
    channel_digest: Callable[[str], str]
    public_url: str
    calendars_url: str
    wanted_accounts: Callable[[], Collection[WantedPracticeGroup] | None] = _no_accounts_file
    hashing: HashingTurns = field(default_factory=lambda: HashingTurns(at_once=2, waiting=6))
