"""Which Exchange a server is, by the number that it gives with each answer, and which ones hxdav works with.

https://learn.microsoft.com/en-us/exchange/new-features/build-numbers-and-release-dates
"""

from __future__ import annotations

from exchangelib.version import Build  # type: ignore[import-untyped]

from hxdav.remote import AccessLost
from hxdav.remotes.exchange.account import IS_ONLINE

_OLDEST = Build(15, 0)
_ONLINE = Build(15, 20)
_NAMES = (
    (_ONLINE, "Exchange Online"),
    (Build(15, 2, 2562), "Exchange Server SE"),
    (Build(15, 2), "Exchange Server 2019"),
    (Build(15, 1), "Exchange Server 2016"),
    (_OLDEST, "Exchange Server 2013"),
    (Build(14, 0), "Exchange Server 2010"),
    (Build(8, 0), "Exchange Server 2007"),
)
"""By the first build of each, the newest first."""


def server_name(build: Build) -> str:
    """What people call it, and its number: ``Exchange Server SE (15.2.2562.17)``."""
    named = next((name for first, name in _NAMES if build >= first), "Exchange Server")
    return f"{named} ({build})"


def require_usable(build: Build) -> None:
    """Raise AccessLost where it is one that hxdav does not work with."""
    if build >= _ONLINE:
        # A server of the practice's own may hand mailboxes on that have moved.
        raise AccessLost(IS_ONLINE, code="exchange_online")
    if build < _OLDEST:
        raise AccessLost(
            f"The server is {server_name(build)}: hxdav works with Exchange Server 2013 and later ones. Older ones have"
            " had no security updates for years; ask whoever looks after it for a newer one.",
            code="too_old",
        )
