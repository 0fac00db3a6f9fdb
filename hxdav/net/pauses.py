"""How long a server asks to be left alone (RFC 9110 §10.2.3, Retry-After)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST_PAUSE = timedelta(hours=1)
"""What is believed at most: a calendar that stands still for longer is looked at, whatever its server said."""


_MILLISECOND = timedelta(milliseconds=1)
_MILLISECONDS = re.compile(r"\d{1,18}", re.ASCII)


def pause_of_milliseconds(written: str) -> timedelta | None:
    """What a server asks for in milliseconds; None where that is no number, or nothing."""
    text = written.strip()
    asked = int(text) if _MILLISECONDS.fullmatch(text) else 0
    return min(asked, LONGEST_PAUSE // _MILLISECOND) * _MILLISECOND or None


def pause_of(written: str, *, now: datetime | None = None) -> timedelta | None:
    """What Retry-After asks for, in seconds or by a date; None where it is neither."""
    text = written.strip()
    try:
        if text.isdecimal():
            asked = timedelta(seconds=int(text))
        else:
            asked = parsedate_to_datetime(text) - (now or datetime.now(UTC))
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(asked, timedelta(0)), LONGEST_PAUSE)
