"""What Graph's error answers mean (https://learn.microsoft.com/graph/errors).

The word (``error.code``) counts beside the number: 403 is "not allowed" or "too much", 400 may be a lost place.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from hxdav.net.pauses import pause_of
from hxdav.remote import (
    AccessLost,
    CalendarUnavailable,
    Changed,
    Forbidden,
    NotTaken,
    ObjectGone,
    RemoteError,
    TryLater,
)

_TOO_FAST = frozenset({"applicationthrottled", "toomanyrequests", "mailboxconcurrency", "activitylimitreached"})
_NO_MAILBOX = frozenset({"mailboxnotenabledforrestapi", "mailboxnotsupportedforrestapi"})
_NO_ACCESS = frozenset({"erroraccessdenied", "accessdenied", "authorization_requestdenied"})
_LOST_PLACE = frozenset({
    "syncstatenotfound", "syncstateinvalid", "resyncrequired", "errorinvalidsyncstatedata", "fullsyncrequired",
})  # fmt: skip
_STALE = frozenset({"errorirresolvableconflict", "errorchangekeyrequired", "errorstaleobject"})
_BUSY = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT, 509})
_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


class GraphRefusal(Exception):
    """An answer of 4xx whose meaning depends on what was asked: stays in this package, holds no text of Graph's."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason

    @property
    def is_gone(self) -> bool:
        """Whether what was asked for is not there (any more)."""
        return self.code in _GONE and not self.is_lost_place

    @property
    def is_lost_place(self) -> bool:
        """Whether Graph cannot go on from a token of its own."""
        return self.reason.lower() in _LOST_PLACE

    def of_calendar(self) -> RemoteError:
        """What it means where a calendar, or what is in it, was asked for."""
        if self.is_gone:
            return CalendarUnavailable("Outlook does not show the calendar any more.")
        if self.code == HTTPStatus.FORBIDDEN:
            return not_allowed()
        return TryLater("Outlook did not understand a request. Try again later.", code=f"http_{self.code}")

    def of_object(self) -> RemoteError:
        """What it means where one event was to be written."""
        if self.is_gone:
            return ObjectGone("Outlook does not have the appointment any more.")
        if self.code == HTTPStatus.PRECONDITION_FAILED or self.reason.lower() in _STALE:
            return Changed("The appointment has changed in Outlook meanwhile.")
        if self.code == HTTPStatus.CONFLICT:
            return TryLater("Outlook is still busy with the appointment. Try again later.", code="conflict")
        return NotTaken(f"Outlook does not take the appointment ({self.code} {self.reason}).")


def error_of(code: int, headers: Mapping[str, str], body: bytes) -> RemoteError | GraphRefusal:
    """The error that an answer with this status, from 300 on, stands for."""
    reason = _reason(body)
    after = pause_of(headers.get("retry-after", ""))
    if code in _BUSY or reason.lower() in _TOO_FAST:
        return TryLater("Outlook asks for a pause: too many requests.", after=after, code="quota")
    if code >= HTTPStatus.INTERNAL_SERVER_ERROR or code < HTTPStatus.BAD_REQUEST:
        return TryLater("Outlook is not available. Try again later.", after=after, code=f"http_{code}")
    if code == HTTPStatus.UNAUTHORIZED:
        return no_access("unauthorized")
    if reason.lower() in _NO_MAILBOX:
        return Forbidden(
            "This Microsoft account has no mailbox that hxdav can use. Connect an account with an Outlook calendar.",
            code="no_mailbox",
        )
    if code == HTTPStatus.FORBIDDEN and reason.lower() in _NO_ACCESS:
        return not_allowed()
    return GraphRefusal(code, reason)


def not_allowed() -> Forbidden:
    """Microsoft knows the account and refuses what was asked."""
    return Forbidden(
        "Microsoft does not allow hxdav to use the calendar. If that lasts, connect the account again and allow all "
        "that hxdav asks for.",
        code="forbidden",
    )


def no_access(code: str) -> AccessLost:
    """Microsoft does not take the consent any more."""
    return AccessLost("Microsoft does not let hxdav in any more. Connect the calendar again.", code=code)


def bad_answer() -> TryLater:
    """For an answer in a shape that it never should have."""
    return TryLater("Outlook's answer made no sense. Try again later.", code="bad_answer")


def _reason(body: bytes) -> str:
    """Graph's word for what is wrong; empty where there is none such. It is a word and never a text."""
    try:
        reason: Any = json.loads(body)["error"]["code"]
    except (ValueError, KeyError, TypeError):
        return ""
    return reason if isinstance(reason, str) and reason.replace("_", "").replace(".", "").isalnum() else ""
