"""A CalDAV account: where it is, whose it is, and what Apple wants of the password."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from hxdav.errors import NotReachable
from hxdav.net.addresses import parts_of
from hxdav.remote import Forbidden

ICLOUD_URL = "https://caldav.icloud.com/"
"""Where every iCloud account begins; its calendars are on a partition, pNN-caldav.icloud.com."""

APPLE_WANTS = (
    "iCloud wants an app-specific password: 16 letters, shown as xxxx-xxxx-xxxx-xxxx, and not the password of the Apple"
    " account. Make one at account.apple.com, under Sign-In and Security, App-Specific Passwords; the account needs"
    " two-factor authentication for it. It opens the account's mail and contacts too, and ends whenever the account's"
    " password is changed: then make a new one and connect again."
)
"""For the person, where iCloud does not let hxdav in (support.apple.com, HT204397)."""

_APP_PASSWORD = re.compile(r"[a-z]{4}(-?)[a-z]{4}\1[a-z]{4}\1[a-z]{4}")


class Flavour(StrEnum):
    """Whose dialect of CalDAV is spoken."""

    ICLOUD = "icloud"
    ANY = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalDavAccount:
    """An account at a CalDAV server. ``url`` is the server's, a principal's or a calendar home's."""

    username: str
    password: str = field(repr=False)
    flavour: Flavour = Flavour.ANY
    url: str = ICLOUD_URL

    def __post_init__(self) -> None:
        """Raise Forbidden where ``url`` is no address."""
        try:
            parts_of(self.url)
        except NotReachable as error:
            raise Forbidden(str(error), code="not_reachable") from None

    @property
    def hosts(self) -> tuple[str, ...]:
        """The only hosts that the credentials may go to: Apple's, or the one that was named and those below it."""
        if self.flavour is Flavour.ICLOUD:
            return ("*.icloud.com",)
        host = urlsplit(self.url).hostname or ""
        return (host, f"*.{host}")


def looks_like_app_password(text: str) -> bool:
    """Whether this can be one of Apple's app-specific passwords: asked before anything is sent to iCloud."""
    return _APP_PASSWORD.fullmatch(text.strip()) is not None
