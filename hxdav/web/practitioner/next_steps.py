"""The one thing to do about what a practitioner was told: the page where it is done, and what its button says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import url_for

from hxdav.domain.ids import IntegrationId
from hxdav.domain.integration import Service
from hxdav.domain.notification import Notification, NotificationKind

_NOT_TAKEN = frozenset({
    NotificationKind.NOT_CALENDAR_DATA,
    NotificationKind.UNSUPPORTED_CALENDAR_DATA,
    NotificationKind.NOT_ONE_OBJECT,
    NotificationKind.WRONG_COMPONENT,
    NotificationKind.TOO_LARGE,
    NotificationKind.TOO_MANY_INSTANCES,
    NotificationKind.UNSUPPORTED_RSCALE,
    NotificationKind.NEVER_TAKES_PLACE,
    NotificationKind.BEFORE_WINDOW,
    NotificationKind.AFTER_WINDOW,
    NotificationKind.OBJECT_LEFT_ALONE,
})  # fmt: skip
"""What was to become an appointment is entered here instead."""

_ELSEWHERE = {
    NotificationKind.REVIEW_WAITING: ("Review appointments", "review.review"),
    NotificationKind.BRIDGE_RESUMED: ("Review appointments", "review.review"),
    NotificationKind.DISCONNECTED: ("Connect a calendar", "adding.choose"),
    NotificationKind.CALENDAR_DISCONNECTED: ("Connect a calendar", "adding.choose"),
    **dict.fromkeys(
        (
            NotificationKind.SYNC_PAUSED,
            NotificationKind.SYNC_ENDED,
            NotificationKind.RENEWAL_SHORT,
            NotificationKind.RENEWAL_FAILED,
            NotificationKind.SUBSCRIPTION_ENDED,
        ),
        ("See calendar synchronisation", "integrations.overview"),
    ),
}
"""Where it matters little which calendar or appointment it is about."""

_OF_THE_CALENDAR = frozenset({NotificationKind.FROZEN, NotificationKind.CALENDAR_FROZEN})
"""About a calendar, even where an appointment is named."""


@dataclass(frozen=True, slots=True)
class NextStep:
    """What a button says, and where it leads."""

    words: str
    address: str


def next_step(told: Notification, services: Mapping[IntegrationId, Service]) -> NextStep:
    """The one thing to do; ``services`` are those of the practitioner's integrations."""
    if told.kind in _ELSEWHERE:
        words, endpoint = _ELSEWHERE[told.kind]
        return NextStep(words, url_for(endpoint))
    service = services.get(told.integration_id) if told.integration_id is not None else None
    if told.kind is NotificationKind.ACCESS_LOST and service is not None:
        return NextStep("Connect it again", url_for("adding.begin", service=service))
    if told.appointment_id is not None and told.kind not in _OF_THE_CALENDAR:
        return NextStep("See the appointment", url_for("appointments.shown", number=told.appointment_id))
    if told.kind in _NOT_TAKEN:
        return NextStep("Enter it here", url_for("appointment_forms.new"))
    if service is not None:
        return NextStep("See the calendar", url_for("calendars.shown", number=told.integration_id))
    return NextStep("See your appointments", url_for("appointments.week"))
