"""The practice and its people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from hxdav.domain.ids import ClinicId, PracticeGroupId, PractitionerId, UserId, Username
from hxdav.domain.integration import Service
from hxdav.domain.privacy import PrivacyLevel


class Band(StrEnum):
    """The practice group's band; Silver and above synchronise free of charge (rule 1)."""

    NONE = "none"
    SILVER = "silver"
    GOLD = "gold"
    PLATINUM = "platinum"


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeGroup:
    """The tenant: owns everything below it, and nothing crosses it. ``zone`` is the practice's zone, an IANA name.

    ``privacy`` is the most that each service is told, where the practice says so (rule 11).
    """

    id: PracticeGroupId
    key: str
    name: str
    zone: str
    band: Band
    privacy: Mapping[Service, PrivacyLevel] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinic:
    """A place of work, with a zone of its own for display."""

    id: ClinicId
    practice_group_id: PracticeGroupId
    key: str
    name: str
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A login; administrator, practitioner, or both.

    ``enabled`` follows the accounts file; ``suspended_at`` is an administrator's word (rule 2).
    """

    id: UserId
    practice_group_id: PracticeGroupId
    username: Username
    name: str
    administrator: bool
    enabled: bool
    suspended_at: datetime | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Practitioner:
    """A person whose appointments are kept; ``user_id`` is the login that may connect calendars."""

    id: PractitionerId
    practice_group_id: PracticeGroupId
    key: str
    name: str
    user_id: UserId | None
    enabled: bool
