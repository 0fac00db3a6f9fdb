"""An integration: one practitioner's appointments shown in one place; and what its calendar is called (rule 3, 9)."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from hxdav.domain.ids import IntegrationId, Modseq, PracticeGroupId, PractitionerId, Slug


class Service(StrEnum):
    """Where a calendar is shown."""

    NATIVE = "native"
    GOOGLE = "google"
    OUTLOOK = "outlook"
    OFFICE365 = "office365"
    EXCHANGE = "exchange"
    ICLOUD = "icloud"
    CALDAV = "caldav"

    @property
    def is_bridged(self) -> bool:
        """Whether hxdav mirrors into an account elsewhere, where it is otherwise the calendar server itself."""
        return self is not Service.NATIVE

    @property
    def label(self) -> str:
        """What people call it."""
        return _LABELS[self]

    @property
    def provider(self) -> str:
        """Under which name it is registered and calls: Microsoft's two are one there."""
        return _PROVIDERS.get(self, self.value)

    @property
    def streams(self) -> bool:
        """Whether hxdav can listen there: what changes is told over a connection of ours that stays open."""
        return self in STREAMING

    @property
    def polled_every(self) -> timedelta | None:
        """How often what changed there is asked for; None where hxdav is told at once."""
        return _POLLED_EVERY.get(self)


STREAMING = frozenset({Service.EXCHANGE})
"""Services that can be listened to."""

_POLLED_EVERY = dict.fromkeys((Service.EXCHANGE, Service.ICLOUD, Service.CALDAV), timedelta(seconds=60))
_PROVIDERS = dict.fromkeys((Service.OUTLOOK, Service.OFFICE365), "microsoft")
_LABELS = {
    Service.NATIVE: "hxdav",
    Service.GOOGLE: "Google",
    Service.OUTLOOK: "Outlook.com",
    Service.OFFICE365: "Office 365",
    Service.EXCHANGE: "Exchange",
    Service.ICLOUD: "iCloud",
    Service.CALDAV: "CalDAV",
}


class IntegrationState(StrEnum):
    """Whether an integration takes part; what is disconnected stays listed, read-only.

    It is connecting while the future goes out of those that it replaces; only then it is filled (rule 9).
    """

    CONNECTING = "connecting"
    CONNECTED = "connected"
    SUSPENDED = "suspended"
    DISCONNECTED = "disconnected"


FILLED = frozenset({IntegrationState.CONNECTED, IntegrationState.SUSPENDED})
"""States in which what may enter does: a suspension stops access, and nothing else."""


LONGEST_NAME = 200
"""Characters of a calendar's name at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """``connected_on`` is the connection day in the practice's zone: the window opens at its midnight (rule 4).

    ``modseq`` is that of the last change to anything that this integration shows. ``frozen_at`` is since when nothing
    is taken in that comes from there, because a device was lost; None where it is.
    """

    id: IntegrationId
    practice_group_id: PracticeGroupId
    practitioner_id: PractitionerId
    service: Service
    state: IntegrationState
    slug: Slug
    name: str
    connected_on: date
    modseq: Modseq
    purge_floor: Modseq
    frozen_at: datetime | None = None


def calendar_name(practice_group_name: str, connected_on: date, taken: Collection[str], *, is_first: bool) -> str:
    """What a new integration's calendar is called, given the names already taken in that home or account.

    The practitioner's first one is ``HX_<name>``; later ones carry the date, and where that is taken a number inside
    the brackets (rules 3 and 9).
    """
    plain = f"HX_{practice_group_name}"
    if is_first and plain not in taken:
        return plain
    dated = f"{plain} ({connected_on.isoformat()})"
    number = 2
    while dated in taken:
        dated = f"{plain} ({connected_on.isoformat()} {number})"
        number += 1
    return dated


def name_given(typed: str) -> str | None:
    """The name that a person gives a calendar, as it is kept; None where it is empty, too long or no text (rule 3)."""
    name = " ".join(typed.split())
    is_text = not any(unicodedata.category(letter) in _NO_TEXT or letter in _NO_LETTERS for letter in name)
    return name if is_text and 0 < len(name) <= LONGEST_NAME else None


# What XML cannot express, so that no client could be told the name (XML 1.0 §2.2).
_NO_TEXT = frozenset({"Cc", "Cs"})
_NO_LETTERS = frozenset("\ufffe\uffff")
