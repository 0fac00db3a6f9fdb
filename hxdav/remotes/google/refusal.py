"""What Google's error answers mean (https://developers.google.com/workspace/calendar/api/guides/errors).

The reason counts before the number: 403 is "too fast", "not allowed" or "this event cannot be changed".
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

_TOO_FAST = frozenset({
    "rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded", "limitExceeded",
    "RATE_LIMIT_EXCEEDED", "RESOURCE_EXHAUSTED",
})  # fmt: skip
_NO_ACCESS = frozenset({
    "insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "requiredAccessLevel", "domainPolicy", "authError",
    "notACalendarUser", "forbiddenForServiceAccounts",
})  # fmt: skip
_SWITCHED_OFF = frozenset({"accessNotConfigured", "SERVICE_DISABLED"})
_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


class GoogleRefusal(Exception):
    """An answer of 4xx whose meaning depends on what was asked: stays in this package, holds no text of Google's."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason

    @property
    def is_gone(self) -> bool:
        """Whether what was asked for is not there (any more)."""
        return self.code in _GONE

    def of_calendar(self) -> RemoteError:
        """What it means where a calendar, or what is in it, was asked for."""
        if self.is_gone:
            return CalendarUnavailable("Google does not show the calendar any more.")
        if self.code == HTTPStatus.FORBIDDEN:
            return not_allowed()
        return TryLater("Google did not understand a request. Try again later.", code=f"http_{self.code}")

    def of_object(self) -> RemoteError:
        """What it means where one event was to be written."""
        if self.is_gone:
            return ObjectGone("Google does not have the appointment any more.")
        match self.code:
            case HTTPStatus.PRECONDITION_FAILED:
                return Changed("The appointment has changed in Google Calendar meanwhile.")
            case HTTPStatus.CONFLICT:
                return TryLater("Google is still busy with the appointment. Try again later.", code="conflict")
            case _:
                return NotTaken(f"Google Calendar does not take the appointment ({self.code} {self.reason}).")


def error_of(code: int, headers: Mapping[str, str], body: bytes) -> RemoteError | GoogleRefusal:
    """The error that an answer with this status, from 300 on, stands for."""
    reason = _reason(body)
    if code in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT} or reason in _TOO_FAST:
        after = pause_of(headers.get("retry-after", ""))
        return TryLater("Google asks for a pause: too many requests.", after=after, code="quota")
    if code >= HTTPStatus.INTERNAL_SERVER_ERROR or code < HTTPStatus.BAD_REQUEST:
        after = pause_of(headers.get("retry-after", ""))
        return TryLater("Google is not available. Try again later.", after=after, code=f"http_{code}")
    if reason in _SWITCHED_OFF:
        return TryLater(
            "The Google Calendar API is not enabled for this hxdav: the administrator has to do that in the Google "
            "Cloud console.",
            code="api_disabled",
        )
    if reason in _NO_ACCESS:
        return no_access("unauthorized") if code == HTTPStatus.UNAUTHORIZED else not_allowed()
    return GoogleRefusal(code, reason)


def not_allowed() -> Forbidden:
    """Google knows the account and refuses what was asked."""
    return Forbidden(
        "Google does not allow hxdav to use the calendar. If that lasts, connect the account again and allow all that "
        "hxdav asks for.",
        code="forbidden",
    )


def no_access(code: str) -> AccessLost:
    """Google does not take the consent any more."""
    return AccessLost("Google does not let hxdav in any more. Connect the calendar again.", code=code)


def _reason(body: bytes) -> str:
    """Google's word for what is wrong; empty where there is none such. It is a word and never a text."""
    try:
        found: Any = json.loads(body)["error"]
        reason = found["errors"][0]["reason"] if found.get("errors") else found.get("status", "")
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return ""
    return reason if isinstance(reason, str) and reason.replace("_", "").isalnum() else ""
