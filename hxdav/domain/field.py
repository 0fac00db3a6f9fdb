"""What two sides of a bridge may each change by itself: the unit in which they are compared and merged (rule 10)."""

from __future__ import annotations

from enum import StrEnum


class Field(StrEnum):
    """A part of an event that a person thinks of as one thing."""

    TITLE = "title"
    TIME = "time"
    """When it starts and ends, and in which zone."""

    RECURRENCE = "recurrence"
    """By which rule it repeats, with its extra and its left-out dates."""

    LOCATION = "location"
    COMMENT = "comment"
    FREE = "free"
    """Whether it leaves the time that it takes free."""

    STATUS = "status"


EVERY_FIELD = frozenset(Field)
