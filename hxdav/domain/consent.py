"""A consent: the practitioner's word, given at a provider's own page, that hxdav may use an account there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from hxdav.domain.ids import ConsentId, IntegrationId, PracticeGroupId, PractitionerId, UserId
from hxdav.domain.integration import Service
from hxdav.domain.privacy import PrivacyLevel

ANSWERED_WITHIN = timedelta(minutes=10)
"""How long a person has to give it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A consent that a practitioner was sent to give.

    ``verifier`` is sealed. ``answered_at`` is when the person came back, with whatever answer; what came of that is the
    ``integration_id``, or ``refused``, a sentence. ``privacy`` is the level that they chose for the calendar.
    """

    id: ConsentId
    practice_group_id: PracticeGroupId
    practitioner_id: PractitionerId
    user_id: UserId
    service: Service
    verifier: str
    redirect_uri: str
    privacy: PrivacyLevel | None
    expires_at: datetime
    answered_at: datetime | None
    refused: str | None
    integration_id: IntegrationId | None
