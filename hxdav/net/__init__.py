"""Guarded HTTP: calls to servers that a person or another server has named (`design.md` §4).

Knows addresses, TLS, time and size limits, redirects. Knows no provider and nothing about calendars; nothing of a
request or an answer reaches a log line or an error but the host's name.
"""

from __future__ import annotations

from hxdav.net.pauses import LONGEST_PAUSE, pause_of
from hxdav.net.reach import Reach, Resolver, resolve
from hxdav.net.session import Limits, http_session
from hxdav.net.transport import waiting_until

__all__ = [
    "LONGEST_PAUSE",
    "Limits",
    "Reach",
    "Resolver",
    "http_session",
    "pause_of",
    "resolve",
    "waiting_until",
]
