"""What EWS refuses, and the one table from its codes to the errors of the port.

https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/responsecode
"""

from __future__ import annotations

from collections.abc import Callable, Container
from datetime import timedelta

from hxdav.remote import AccessLost, CalendarUnavailable, Changed, CursorExpired, NotTaken, RemoteError, TryLater

NO_ITEM = "ErrorItemNotFound"
FOLDER_EXISTS = "ErrorFolderExists"
BAD_STATE = "ErrorInvalidSyncStateData"

_NO_FOLDER = frozenset({"ErrorFolderNotFound", "ErrorParentFolderNotFound", "ErrorSyncFolderNotFound"})
_CONFLICT = frozenset(
    {
        "ErrorIrresolvableConflict",
        "ErrorStaleObject",
        "ErrorInvalidChangeKey",
        "ErrorChangeKeyRequired",
        "ErrorChangeKeyRequiredForWriteOperations",
        "ErrorCalendarOccurrenceIsDeletedFromRecurrence",
        "ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange",
    }
)
_NO_ACCESS = frozenset(
    {
        "ErrorAccessDenied",
        "ErrorAccountDisabled",
        "ErrorAccountLocked",
        "ErrorCreateItemAccessDenied",
        "ErrorDeleteItemAccessDenied",
        "ErrorMissingEmailAddress",
        "ErrorNonExistentMailbox",
        "ErrorNonPrimarySmtpAddress",
        "ErrorNotDelegate",
        "ErrorPasswordChangeRequired",
        "ErrorPasswordExpired",
    }
)
_NOT_TAKEN = frozenset(
    {
        "ErrorInvalidPropertySet",
        "ErrorInvalidRecipients",
        "ErrorInvalidRequest",
        "ErrorInvalidValueForProperty",
        "ErrorInvalidArgument",
        "ErrorItemSave",
        "ErrorItemSavePropertyError",
        "ErrorMessageSizeExceeded",
        "ErrorOccurrenceCrossingBoundary",
        "ErrorOccurrenceTimeSpanTooBig",
        "ErrorPropertyUpdate",
        "ErrorPropertyValidationFailure",
        "ErrorRecurrenceEndDateTooBig",
        "ErrorRecurrenceHasNoOccurrence",
        "ErrorSchemaValidation",
        "ErrorTimeZone",
        "ErrorUnsupportedRecurrence",
    }
)
_FULL = frozenset({"ErrorQuotaExceeded", "ErrorMailboxFull", "ErrorInsufficientResources"})
_CALENDAR_CODES = "ErrorCalendar"

LET_IN_NO_MORE = "The Exchange server does not take this user name and password any more. Connect the account again."
CHANGED = "The appointment was changed in Exchange in the meantime."
GONE = "The appointment is not in the Exchange calendar any more."
NO_CALENDAR = "The calendar is not in the Exchange mailbox any more, or does not answer."
_NO_RIGHT = (
    "The Exchange server does not let this account do that. Ask whoever looks after it for the right to make calendars"
    " in this mailbox, and connect the account again."
)
_DOES_NOT_TAKE = "Exchange does not take this appointment as it is. Change it, or leave it in the practice's calendar."
_IS_FULL = "The Exchange mailbox is full. Delete what is not needed there any more; hxdav tries again later."
_BUSY = "The Exchange server asks hxdav to wait."
_TROUBLE = "The Exchange server has trouble of its own; hxdav tries again later."
_NO_SENSE = "The Exchange server's answer made no sense; hxdav tries again later."
_NO_GOING_ON = "Exchange cannot tell any more what changed since the last time."

_LONGEST_PAUSE = timedelta(days=1)
"""What a server may ask for; longer ones are taken for a mistake."""


_ERRORS: tuple[tuple[Container[str], Callable[[], RemoteError]], ...] = (
    (_NO_FOLDER, lambda: CalendarUnavailable(NO_CALENDAR)),
    (_CONFLICT, lambda: Changed(CHANGED)),
    (_NO_ACCESS, lambda: AccessLost(_NO_RIGHT, code="forbidden")),
    (_FULL, lambda: TryLater(_IS_FULL, code="mailbox_full")),
    (_NOT_TAKEN, lambda: NotTaken(_DOES_NOT_TAKE)),
    ({BAD_STATE}, lambda: CursorExpired(_NO_GOING_ON)),
)


class Refusal(Exception):
    """One thing that was asked was refused; the code is one of Microsoft's ResponseCodeType."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def error_of(code: str) -> RemoteError:
    """The error of the port that a code stands for."""
    for codes, make in _ERRORS:
        if code in codes:
            return make()
    if code.startswith(_CALENDAR_CODES):
        return NotTaken(_DOES_NOT_TAKE)
    return trouble()


def trouble() -> TryLater:
    """That the server failed by itself."""
    return TryLater(_TROUBLE, code="server_error")


def busy(seconds: float | None) -> TryLater:
    """That the server is overloaded, and for how long it asks not to be called."""
    after = None if seconds is None else min(timedelta(seconds=max(seconds, 0)), _LONGEST_PAUSE)
    return TryLater(_BUSY, after=after, code="overloaded")


def senseless() -> TryLater:
    """That an answer is no answer to what was asked."""
    return TryLater(_NO_SENSE, code="senseless")


def no_calendar() -> CalendarUnavailable:
    """That the calendar is in the trash."""
    return CalendarUnavailable(NO_CALENDAR)
