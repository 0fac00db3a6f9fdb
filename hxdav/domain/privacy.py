"""How much of a patient appointment leaves the practice (rule 11)."""

from __future__ import annotations

from enum import StrEnum

from hxdav.domain.appointment import AppointmentKind
from hxdav.domain.field import Field
from hxdav.domain.integration import Service

WORDS = frozenset({Field.TITLE, Field.LOCATION, Field.COMMENT})
"""What names a patient, or tells of them."""


class PrivacyLevel(StrEnum):
    """The levels, the tightest first."""

    BUSY = "busy"
    APPOINTMENT = "appointment"
    INITIALS = "initials"
    FULL = "full"

    @property
    def detail(self) -> int:
        """How much it tells: a larger number tells more."""
        return list(PrivacyLevel).index(self)


def level_of(service: Service, *, most: PrivacyLevel | None, chosen: PrivacyLevel | None) -> PrivacyLevel:
    """The level that holds: the practice sets the ``most`` that a service is told, a practitioner only tightens it."""
    ceiling = most or default_level(service)
    return min(ceiling, chosen or ceiling, key=lambda level: level.detail)


def hidden_fields(kind: AppointmentKind, level: PrivacyLevel) -> frozenset[Field]:
    """What ``level`` hides of an appointment, so that no edit of it comes in (rule 11).

    What the practice owns is not among it: such an edit goes to the gate, which overrules it (rule 5).
    """
    if kind is AppointmentKind.PERSONAL or level is PrivacyLevel.FULL:
        return frozenset()
    return WORDS


def default_level(service: Service) -> PrivacyLevel:
    """What a service is told where the practice says nothing."""
    return PrivacyLevel.FULL if service is Service.NATIVE else PrivacyLevel.APPOINTMENT
