"""What a practitioner is told: a closed list of kinds, each with what happened and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from hxdav.domain.ids import AppointmentId, IntegrationId, NotificationId, PractitionerId
from hxdav.domain.refusal import SENTENCES, Reason


class NotificationKind(StrEnum):
    """Why the practitioner is told something. The first part are the reasons of refusals (``domain/refusal.py``)."""

    NOT_CALENDAR_DATA = "not_calendar_data"
    UNSUPPORTED_CALENDAR_DATA = "unsupported_calendar_data"
    NOT_ONE_OBJECT = "not_one_object"
    WRONG_COMPONENT = "wrong_component"
    TOO_LARGE = "too_large"
    TOO_MANY_INSTANCES = "too_many_instances"
    UNSUPPORTED_RSCALE = "unsupported_rscale"
    NEVER_TAKES_PLACE = "never_takes_place"
    BEFORE_WINDOW = "before_window"
    AFTER_WINDOW = "after_window"
    UID_IN_USE = "uid_in_use"
    UID_CHANGED = "uid_changed"
    NOTE_PROTECTS = "note_protects"
    INVOICE_PROTECTS = "invoice_protects"
    DISCONNECTED = "disconnected"
    SUSPENDED = "suspended"
    FROZEN = "frozen"
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
    CALENDAR_FROZEN = "calendar_frozen"
    CALENDAR_THAWED = "calendar_thawed"

    CALENDAR_CONNECTED = "calendar_connected"
    ACCESS_LOST = "access_lost"
    BRIDGE_HIDDEN = "bridge_hidden"
    BRIDGE_GONE = "bridge_gone"
    BRIDGE_STALLED = "bridge_stalled"
    BRIDGE_RESUMED = "bridge_resumed"
    OBJECT_LEFT_ALONE = "object_left_alone"
    OBJECT_NOT_TAKEN = "object_not_taken"
    OLD_CALENDAR_EDITED = "old_calendar_edited"
    EDIT_OVERRULED = "edit_overruled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A kind in two sentences. They name nobody and no appointment, so that they may be mailed."""

    happened: str
    to_do: str


def _refused(reason: Reason, to_do: str) -> Wording:
    return Wording(happened=SENTENCES[reason], to_do=to_do)


WORDINGS: dict[NotificationKind, Wording] = {
    NotificationKind.NOT_CALENDAR_DATA: _refused(
        Reason.NOT_CALENDAR_DATA,
        "Add it again in your calendar program; if it is refused again, enter it in the practice's calendar.",
    ),
    NotificationKind.UNSUPPORTED_CALENDAR_DATA: _refused(
        Reason.UNSUPPORTED_CALENDAR_DATA,
        "Enter it in the practice's calendar, or with another calendar program.",
    ),
    NotificationKind.NOT_ONE_OBJECT: _refused(
        Reason.NOT_ONE_OBJECT,
        "Add each appointment by itself.",
    ),
    NotificationKind.WRONG_COMPONENT: _refused(
        Reason.WRONG_COMPONENT,
        "Keep it in a list of your own; an appointment has to be added as an event.",
    ),
    NotificationKind.TOO_LARGE: _refused(
        Reason.TOO_LARGE,
        "Take its attachments out or shorten its description, then save it again.",
    ),
    NotificationKind.TOO_MANY_INSTANCES: _refused(
        Reason.TOO_MANY_INSTANCES,
        "Change how it repeats, then save it again.",
    ),
    NotificationKind.UNSUPPORTED_RSCALE: _refused(
        Reason.UNSUPPORTED_RSCALE,
        "Add each date as an appointment of its own, or repeat it by days, weeks, months or years.",
    ),
    NotificationKind.NEVER_TAKES_PLACE: _refused(
        Reason.NEVER_TAKES_PLACE,
        "If it does take place, save it in your calendar program without the cancellation, or with a date.",
    ),
    NotificationKind.BEFORE_WINDOW: _refused(
        Reason.BEFORE_WINDOW,
        "Enter it in the practice's calendar, which also keeps earlier days.",
    ),
    NotificationKind.AFTER_WINDOW: _refused(
        Reason.AFTER_WINDOW,
        "Once it is entered there, it appears in your calendar by itself when its day comes near.",
    ),
    NotificationKind.UID_IN_USE: _refused(
        Reason.UID_IN_USE,
        "Refresh your calendar, and change the appointment that it shows.",
    ),
    NotificationKind.UID_CHANGED: _refused(
        Reason.UID_CHANGED,
        "Refresh your calendar, and add what is new as another event.",
    ),
    NotificationKind.NOTE_PROTECTS: _refused(
        Reason.NOTE_PROTECTS,
        "It stays in your calendar; if it does not take place, cancel it in the practice's calendar.",
    ),
    NotificationKind.INVOICE_PROTECTS: _refused(
        Reason.INVOICE_PROTECTS,
        "It stays in your calendar; if it does not take place, cancel it in the practice's calendar.",
    ),
    NotificationKind.DISCONNECTED: _refused(
        Reason.DISCONNECTED,
        "Make the change in a calendar that is connected, or connect this one again.",
    ),
    NotificationKind.SUSPENDED: _refused(
        Reason.SUSPENDED,
        "Make the change in the practice's calendar, or ask the administrator to open this one again.",
    ),
    NotificationKind.FROZEN: _refused(
        Reason.FROZEN,
        "If you made the edit yourself, let edits in again on the calendar's page in hxdav, and make it again.",
    ),
    NotificationKind.SYNC_PAUSED: _refused(
        Reason.SYNC_PAUSED,
        "Make the change in the practice's calendar, or make it again here once there are enough credits.",
    ),
    NotificationKind.SYNC_ENDED: _refused(
        Reason.SYNC_ENDED,
        "Make the change in the practice's calendar, or subscribe and make it again here.",
    ),
    NotificationKind.REVIEW_WAITING: Wording(
        happened="Several deletions in your calendar wait for your answer.",
        to_do="Say which of them are meant; appointments about which you say nothing are kept.",
    ),
    NotificationKind.REMOVAL_KEPT_PROTECTED: Wording(
        happened="An appointment that you deleted was kept, because it now has a clinical note or an invoice.",
        to_do="If it does not take place, cancel it in the practice's calendar.",
    ),
    NotificationKind.REMOVAL_KEPT_CHANGED: Wording(
        happened="An appointment that you deleted was kept, because it was changed in the meantime.",
        to_do="Look at it as it is now, and delete it again if it should go.",
    ),
    NotificationKind.REMOVAL_KEPT_UNANSWERED: Wording(
        happened="Deletions waited for your answer for too long, so their appointments were kept.",
        to_do="Delete again what should go.",
    ),
    NotificationKind.RENEWAL_SHORT: Wording(
        happened="Calendar synchronisation renews soon, and the practice has too few credits for it.",
        to_do="Buy credits before then, or ask the practice's administrator to; otherwise synchronisation pauses.",
    ),
    NotificationKind.RENEWAL_FAILED: Wording(
        happened="Calendar synchronisation is paused, because the practice had too few credits to renew it.",
        to_do=(
            "Buy credits, or ask the practice's administrator to; nothing was deleted, and until then the calendars "
            "can only be read."
        ),
    ),
    NotificationKind.SUBSCRIPTION_ENDED: Wording(
        happened="Your subscription to calendar synchronisation was cancelled, and has now run out.",
        to_do="Nothing was deleted, and your calendars can still be read; subscribe again to change them.",
    ),
    NotificationKind.SUBSCRIPTION_RESUMED: Wording(
        happened="Calendar synchronisation is running again.",
        to_do="Make again what was refused in the meantime.",
    ),
    NotificationKind.CALENDAR_DISCONNECTED: Wording(
        happened="One of your calendars was disconnected, so it can only be read.",
        to_do="Connect it again if you need it; if it was not you, tell the practice's administrator.",
    ),
    NotificationKind.CALENDAR_SUSPENDED: Wording(
        happened="The practice's administrator has suspended one of your calendars; nothing was deleted.",
        to_do="Until it is opened again, make changes in the practice's calendar.",
    ),
    NotificationKind.CALENDAR_UNSUSPENDED: Wording(
        happened="The practice's administrator has opened one of your calendars again.",
        to_do="Make again what was refused in the meantime.",
    ),
    NotificationKind.CALENDAR_FROZEN: Wording(
        happened="A device was reported lost, so one of your calendars takes no edits in.",
        to_do="Look at what the device did before, on the calendar's page; let edits in again when all is well.",
    ),
    NotificationKind.CALENDAR_THAWED: Wording(
        happened="One of your calendars takes edits in again.",
        to_do="If it was not you who allowed that, change your web password and tell the practice's administrator.",
    ),
    NotificationKind.CALENDAR_CONNECTED: Wording(
        happened="An account elsewhere was connected, and shows your appointments from now on.",
        to_do="If it was not you who connected it, disconnect it and tell the practice's administrator.",
    ),
    NotificationKind.ACCESS_LOST: Wording(
        happened="An account elsewhere does not let hxdav in any more, so a calendar stands still.",
        to_do="Connect the same account again; nothing was deleted, and the calendar goes on where it stopped.",
    ),
    NotificationKind.BRIDGE_HIDDEN: Wording(
        happened="You have hidden a calendar that hxdav keeps current, so it stands still.",
        to_do="Show it again where you have hidden it; nothing was deleted, and it goes on by itself.",
    ),
    NotificationKind.BRIDGE_GONE: Wording(
        happened="One of your connected calendars cannot be found; it was probably deleted there.",
        to_do="Nothing was deleted in hxdav. Restore the calendar, or connect the account again to get a new one.",
    ),
    NotificationKind.BRIDGE_STALLED: Wording(
        happened="One of your connected calendars has not been updated for 15 minutes.",
        to_do="You need not act yet: hxdav keeps trying. The calendar's page in hxdav says why.",
    ),
    NotificationKind.BRIDGE_RESUMED: Wording(
        happened="One of your connected calendars is being updated again.",
        to_do="If you deleted appointments there in the meantime, answer the review of deletions.",
    ),
    NotificationKind.OBJECT_LEFT_ALONE: Wording(
        happened="An entry of your calendar elsewhere was not taken over, and stays there as it is.",
        to_do="If the practice should know of it, enter it in the practice's calendar.",
    ),
    NotificationKind.OBJECT_NOT_TAKEN: Wording(
        happened="An appointment is not in your calendar elsewhere as it should be: its provider does not take it.",
        to_do="Go by the practice's calendar for it; once it is changed there, it is tried again.",
    ),
    NotificationKind.OLD_CALENDAR_EDITED: Wording(
        happened="Appointments in a calendar that was disconnected had been edited there, and were left in it.",
        to_do="Compare them with the new calendar, and delete them in the old one.",
    ),
    NotificationKind.EDIT_OVERRULED: Wording(
        happened="An appointment was changed in your calendar and in the practice, and the practice's change stands.",
        to_do="Look at yours in the appointment's history, and make it again if it should hold.",
    ),
}

MAILED = frozenset({
    NotificationKind.REVIEW_WAITING,
    NotificationKind.RENEWAL_SHORT,
    NotificationKind.RENEWAL_FAILED,
    NotificationKind.CALENDAR_DISCONNECTED,
    NotificationKind.CALENDAR_CONNECTED,
    NotificationKind.CALENDAR_FROZEN,
    NotificationKind.ACCESS_LOST,
    NotificationKind.BRIDGE_GONE,
    NotificationKind.BRIDGE_STALLED,
})  # fmt: skip
"""Kinds that are also mailed to the practitioner's login, because they cannot wait for somebody to look."""

MAILED_TO_ADMINISTRATORS = frozenset({NotificationKind.RENEWAL_SHORT, NotificationKind.RENEWAL_FAILED})
"""Kinds that are also mailed to the practice group's administrators, who can do something about them."""

MAILED_WITHIN = timedelta(hours=24)
"""How long mailing is tried; what is older says nothing new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One thing that the practitioner is told."""

    id: NotificationId
    practitioner_id: PractitionerId
    kind: NotificationKind
    at: datetime
    integration_id: IntegrationId | None
    appointment_id: AppointmentId | None
    seen_at: datetime | None

    @property
    def wording(self) -> Wording:
        """What happened, and what to do."""
        return WORDINGS[self.kind]
