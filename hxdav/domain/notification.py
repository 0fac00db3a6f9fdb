"""What a practitioner is told: a closed list of kinds, each with what happened and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hxdav.domain.ids import AppointmentId, IntegrationId, PractitionerId


class NotificationKind(StrEnum):
    """Why the practitioner is told something. The first part are the reasons of refusals (``domain/refusal.py``)."""

    NOT_CALENDAR_DATA = "not_calendar_data"
    UNSUPPORTED_CALENDAR_DATA = "unsupported_calendar_data"
    NOT_ONE_OBJECT = "not_one_object"
    WRONG_COMPONENT = "wrong_component"
    TOO_LARGE = "too_large"
    TOO_MANY_INSTANCES = "too_many_instances"
    BEFORE_WINDOW = "before_window"
    AFTER_WINDOW = "after_window"
    UID_IN_USE = "uid_in_use"
    UID_CHANGED = "uid_changed"
    NOTE_PROTECTS = "note_protects"
    INVOICE_PROTECTS = "invoice_protects"
    DISCONNECTED = "disconnected"
    SUSPENDED = "suspended"
    SYNC_PAUSED = "sync_paused"
    SYNC_ENDED = "sync_ended"

    REVIEW_WAITING = "review_waiting"
    REMOVAL_KEPT_PROTECTED = "removal_kept_protected"
    REMOVAL_KEPT_CHANGED = "removal_kept_changed"
    REMOVAL_KEPT_UNANSWERED = "removal_kept_unanswered"
    RENEWAL_SHORT = "renewal_short"
    RENEWAL_FAILED = "renewal_failed"
    SUBSCRIPTION_ENDED = "subscription_ended"
    SUBSCRIPTION_RESUMED = "subscription_resumed"
    CALENDAR_DISCONNECTED = "calendar_disconnected"
    CALENDAR_SUSPENDED = "calendar_suspended"
    CALENDAR_UNSUSPENDED = "calendar_unsuspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One thing that the practitioner is told."""

    practitioner_id: PractitionerId
    kind: NotificationKind
    at: datetime
    integration_id: IntegrationId | None
    appointment_id: AppointmentId | None
