"""What is drawn where a calendar object is written by hand, on a device or by the practice."""

from __future__ import annotations

from random import Random

from tests.e2e.walked_side import DAYS

__all__ = ["DAYS", "HOURS", "a_change"]

HOURS = ("09", "14", "00", "02")
_CHANGES = (
    *("title", "title", "location", "comment", "clear", "time", "time", "all-day", "floating", "utc", "free"),
    *("tentative", "recurrence", "one changed", "one changed", "one deleted", "this and following", "cancelled"),
)


def a_change(random: Random) -> str:
    """A kind of edit, each as often as it is likely."""
    return random.choice(_CHANGES)
