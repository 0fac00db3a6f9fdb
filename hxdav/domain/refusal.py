"""Why an edit is refused: a closed list, and the sentence that the person reads."""

from __future__ import annotations

from enum import StrEnum

from hxdav.errors import HxdavError


class Reason(StrEnum):
    """Why an edit from outside, or a body, is not taken. A channel translates it, and never adds to it."""

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
    PATIENT_RECURS = "patient_recurs"
    UID_IN_USE = "uid_in_use"
    UID_CHANGED = "uid_changed"
    NOTE_PROTECTS = "note_protects"
    INVOICE_PROTECTS = "invoice_protects"
    DISCONNECTED = "disconnected"
    SUSPENDED = "suspended"
    FROZEN = "frozen"
    SYNC_PAUSED = "sync_paused"
    SYNC_ENDED = "sync_ended"
    STALE = "stale"
    EXISTS = "exists"
    MISSING = "missing"
    OTHER_COLLECTION = "other_collection"
    VERSION_TOO_OLD = "version_too_old"
    VERSION_GONE = "version_gone"


SENTENCES: dict[Reason, str] = {
    Reason.NOT_CALENDAR_DATA: "This is not a valid calendar event.",
    Reason.UNSUPPORTED_CALENDAR_DATA: "Only iCalendar (text/calendar, version 2.0) can be kept here.",
    Reason.NOT_ONE_OBJECT: "A calendar entry must hold exactly one event, with one UID.",
    Reason.WRONG_COMPONENT: "This calendar keeps events only; tasks and journals belong elsewhere.",
    Reason.TOO_LARGE: "This event is too large to keep; make its attachments or its description smaller.",
    Reason.TOO_MANY_INSTANCES: (
        "This event repeats too often to be kept, or so rarely that its dates cannot be found. Give it an end, or a "
        "simpler rule."
    ),
    Reason.UNSUPPORTED_RSCALE: "This event repeats by a calendar that hxdav cannot read: list its dates instead.",
    Reason.NEVER_TAKES_PLACE: (
        "This event was not added, because it never takes place: it is cancelled, or each of its dates is taken out."
    ),
    Reason.BEFORE_WINDOW: "This appointment starts before the day on which this calendar was connected.",
    Reason.AFTER_WINDOW: (
        "This appointment starts later than calendar synchronisation reaches; enter it in the practice's calendar."
    ),
    Reason.PATIENT_RECURS: "An appointment with patients never recurs: add one for each session.",
    Reason.UID_IN_USE: "This appointment is already in this calendar, under another address.",
    Reason.UID_CHANGED: "An appointment keeps its UID; add another one as a new event.",
    Reason.NOTE_PROTECTS: "It has a clinical note, so it can only be cancelled in the practice's calendar.",
    Reason.INVOICE_PROTECTS: "It has an invoice, so it can only be cancelled in the practice's calendar.",
    Reason.DISCONNECTED: "This calendar is no longer connected, so it can only be read.",
    Reason.SUSPENDED: "The practice's administrator has suspended this calendar.",
    Reason.FROZEN: (
        "A device was reported lost, so nothing that comes from this calendar is taken in until its practitioner lets "
        "edits in again."
    ),
    Reason.SYNC_PAUSED: (
        "Calendar synchronisation is paused, because the practice has too few credits; until there are more, "
        "this calendar can only be read."
    ),
    Reason.SYNC_ENDED: "Calendar synchronisation is not subscribed to, so this calendar can only be read.",
    Reason.STALE: "This appointment was changed in the meantime; fetch it and make the change again.",
    Reason.EXISTS: "There is already an appointment at this address.",
    Reason.MISSING: "There is no appointment at this address.",
    Reason.OTHER_COLLECTION: "An appointment can only be moved within its own calendar.",
    Reason.VERSION_TOO_OLD: "What was done after this version is too long ago to be undone.",
    Reason.VERSION_GONE: "There is no such version of this appointment, or it has been purged.",
}


class CalendarDataError(HxdavError):
    """A body that is not an acceptable calendar object; ``detail`` says in one sentence what is wrong with it."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(detail or SENTENCES[reason])
        self.reason = reason
        self.detail = detail or SENTENCES[reason]
