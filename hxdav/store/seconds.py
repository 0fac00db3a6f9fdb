"""Moments as whole seconds since 1970: what ranges are compared by, alike on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

LENGTHY = 8 * 24 * 3600
"""Occurrences longer than this are kept apart, so that the others are found between two bounds of one index."""

_1970 = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


def seconds_of(moment: datetime) -> int:
    """Whole seconds since 1970; defined for every year that a datetime can express."""
    return (moment - _1970) // _SECOND


def moment_of(seconds: int) -> datetime:
    """The moment, in UTC, ``seconds`` after 1970."""
    return _1970 + timedelta(seconds=seconds)
