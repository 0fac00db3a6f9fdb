"""When to ask again before hxdav believes that access or a calendar is lost (RFC 9110 §15.5.2, §15.5.5).

A server that is being updated answers 401 or 404 for a while. One such answer is no reason to stop a bridge.
"""

from __future__ import annotations

from datetime import datetime, timedelta

PATIENCE = timedelta(minutes=7)
"""How long the same answer must last before hxdav believes it, unless the settings say otherwise."""

HOURLY = timedelta(hours=1)
"""How often hxdav looks whether a lost calendar is back."""

_SHARES = (1 / 7, 3 / 7, 1)
"""When to ask again, as shares of the patience: after one, three and seven minutes."""


def next_look(since: datetime, *, now: datetime, patience: timedelta) -> datetime | None:
    """Return when to ask again about an answer that has not changed since ``since``; None: believe it now."""
    return next((since + share * patience for share in _SHARES if now < since + share * patience), None)
