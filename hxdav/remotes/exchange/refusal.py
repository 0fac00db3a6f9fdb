"""What EWS refuses, and the one table from its codes to the errors of the port.

https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/responsecode
"""

from __future__ import annotations

from collections.abc import Callable, Container
from datetime import timedelta
from ssl import SSLCertVerificationError

from hxdav.errors import CallFailed
from hxdav.remote import (
    AccessLost,
    CalendarUnavailable,
    Changed,
    CursorExpired,
    Forbidden,
    NotTaken,
    RemoteError,
    TryLater,
)

NO_ITEM = "ErrorItemNotFound"
FOLDER_EXISTS = "ErrorFolderExists"
BAD_STATE = "ErrorInvalidSyncStateData"

_NO_FOLDER = frozenset({"ErrorFolderNotFound", "ErrorParentFolderNotFound", "ErrorSyncFolderNotFound", NO_ITEM})
"""What Exchange says of a folder that is not there. Where NO_ITEM is about an item, the caller has dealt with it."""

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
_LOCKED = frozenset({"ErrorAccountDisabled", "ErrorPasswordChangeRequired", "ErrorPasswordExpired"})
_NO_MAILBOX = frozenset({"ErrorNonExistentMailbox", "ErrorMissingEmailAddress", "ErrorNonPrimarySmtpAddress"})
_NO_ACCESS = frozenset(
    {
        "ErrorAccessDenied",
        "ErrorCreateItemAccessDenied",
        "ErrorDeleteItemAccessDenied",
        "ErrorNotDelegate",
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

CHANGED = "The appointment was changed in Exchange in the meantime."
GONE = "The appointment is not in the Exchange calendar any more."
NO_CALENDAR = "The calendar is not in the Exchange mailbox any more, or does not answer."
_NO_RIGHT = (
    "The Exchange server does not let this account do that. Ask whoever looks after it for the right to make calendars"
    " in this mailbox, and connect the account again."
)
_IS_LOCKED = (
    "The Exchange server has locked this account, or its password has run out. Sign in to Outlook on the web, and do"
    " what it asks for; then connect the account again."
)
_IS_NOBODYS = (
    "The Exchange server has no mailbox of this address. Connect the account with the mailbox's own (primary) e-mail"
    " address; where one signs in by another name, that is the user name."
)
_DOES_NOT_TAKE = "Exchange does not take this appointment as it is. Change it, or leave it in the practice's calendar."
_IS_FULL = "The Exchange mailbox is full. Delete what is not needed there any more; hxdav tries again later."
_BUSY = "The Exchange server asks hxdav to wait."
_TROUBLE = "The Exchange server has trouble of its own."
_NO_SENSE = "The Exchange server's answer made no sense."
_NO_EWS = "There is no EWS at this address of the server."
_NO_GOING_ON = "Exchange cannot tell any more what changed since the last time."


_ERRORS: tuple[tuple[Container[str], Callable[[], RemoteError]], ...] = (
    (_NO_FOLDER, lambda: CalendarUnavailable(NO_CALENDAR)),
    (_CONFLICT, lambda: Changed(CHANGED)),
    (_LOCKED, lambda: AccessLost(_IS_LOCKED, code="locked")),
    (_NO_MAILBOX, lambda: Forbidden(_IS_NOBODYS, code="no_mailbox")),
    (_NO_ACCESS, lambda: Forbidden(_NO_RIGHT, code="forbidden")),
    (_FULL, lambda: TryLater(_IS_FULL, code="mailbox_full")),
    (_NOT_TAKEN, lambda: NotTaken(_DOES_NOT_TAKE)),
    ({BAD_STATE}, lambda: CursorExpired(_NO_GOING_ON)),
)


class ExchangeRefusal(Exception):
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


def busy(after: timedelta | None) -> TryLater:
    """That the server is overloaded, and for how long it asks not to be called, if it does."""
    return TryLater(_BUSY, after=after, code="quota")


def no_answer(error: CallFailed) -> TryLater:
    """That the server cannot be reached, or is not to be trusted."""
    is_untrusted = error.cause == SSLCertVerificationError.__name__
    return TryLater(str(error), code="certificate" if is_untrusted else "no_answer")


def no_ews() -> TryLater:
    """That there is nothing where EWS ought to be: for a while, as in an update, or because it is elsewhere."""
    return TryLater(_NO_EWS, code="no_ews")


def senseless() -> TryLater:
    """That an answer is no answer to what was asked."""
    return TryLater(_NO_SENSE, code="senseless")


def no_calendar() -> CalendarUnavailable:
    """That the calendar is in the trash."""
    return CalendarUnavailable(NO_CALENDAR)
