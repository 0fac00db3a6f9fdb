"""iCloud, and any other CalDAV account (RFC 4791): whole objects by their hrefs, polled, written conditionally.

Knows the protocol and what Apple makes of it; no rules, no store, and nothing that outlives a session.
"""

from __future__ import annotations

from hxdav.remotes.caldav.account import APPLE_WANTS, CalDavAccount, Flavour, looks_like_app_password
from hxdav.remotes.caldav.remote import CalDavRemote, open_caldav

__all__ = [
    "APPLE_WANTS",
    "CalDavAccount",
    "CalDavRemote",
    "Flavour",
    "looks_like_app_password",
    "open_caldav",
]
