"""An integration: one practitioner's appointments shown in one place; and what its calendar is called (rule 3, 9)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from hxdav.domain.ids import IntegrationId, Modseq, PracticeGroupId, PractitionerId, Slug


class Service(StrEnum):
    """Where a calendar is shown."""

    NATIVE = "native"


class IntegrationState(StrEnum):
    """Whether an integration takes part; what is disconnected stays listed, read-only."""

    CONNECTED = "connected"
    SUSPENDED = "suspended"
    DISCONNECTED = "disconnected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """``connected_on`` is the connection day in the practice's zone: the window opens at its midnight (rule 4).

    ``modseq`` is that of the last change to anything that this integration shows.
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


def calendar_name(practice_group_name: str, connected_on: date, taken: Collection[str]) -> str:
    """What a new integration's calendar is called, given the names already taken in that home or account.

    The first is ``HX_<name>``; later ones carry the date, then a number inside the brackets (rules 3 and 9).
    """
    plain = f"HX_{practice_group_name}"
    if plain not in taken:
        return plain
    dated = f"{plain} ({connected_on.isoformat()})"
    number = 2
    while dated in taken:
        dated = f"{plain} ({connected_on.isoformat()} {number})"
        number += 1
    return dated
