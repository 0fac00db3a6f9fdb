"""What goes over the wire in both directions: requests, answers, and refusals in the shape of Google's errors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlsplit

from tests.simulators.serving import HttpRequest, WireAnswer

Json: TypeAlias = dict[str, Any]

JSON_TYPE = {"Content-Type": "application/json; charset=UTF-8"}


class Refusal(Exception):
    """A request that the calendar API refuses; ``body()`` is what Google's clients parse.

    https://developers.google.com/workspace/calendar/api/guides/errors
    """

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        domain: str = "global",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.domain = domain
        self.headers = dict(headers or {})

    def body(self) -> Json:
        """The error as JSON."""
        fault = {"domain": self.domain, "reason": self.reason, "message": self.message}
        return {"error": {"code": self.code, "message": self.message, "errors": [fault]}}


def invalid(message: str) -> Refusal:
    """400: a value that cannot be."""
    return Refusal(400, "invalid", message)


def required(message: str) -> Refusal:
    """400: a value that is missing."""
    return Refusal(400, "required", message)


def not_found() -> Refusal:
    """404: no such thing, or none that this application may see."""
    return Refusal(404, "notFound", "Not Found")


def forbidden(message: str = "Forbidden") -> Refusal:
    """403: it is there, and must not be done."""
    return Refusal(403, "forbidden", message)


def stale() -> Refusal:
    """412: the etag is no longer the resource's."""
    return Refusal(412, "conditionNotMet", "Precondition Failed")


def full_sync_required() -> Refusal:
    """410: the sync token is unknown, foreign or too old."""
    message = "Sync token is no longer valid, a full sync is required."
    return Refusal(410, "fullSyncRequired", message, domain="calendar")


@dataclass(frozen=True, slots=True, kw_only=True)
class WireRequest(HttpRequest):
    """One request, and what it asks for."""

    @property
    def query(self) -> dict[str, list[str]]:
        """The parameters of the query, each with its values in order."""
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    @property
    def form(self) -> dict[str, str]:
        """The fields of a form in the body, the first value of each; also those of the query, as /revoke allows."""
        fields = {**self.query, **parse_qs(self.body.decode("utf-8", "replace"), keep_blank_values=True)}
        return {name: values[0] for name, values in fields.items()}


def json_answer(code: int, body: Json | None, headers: Mapping[str, str] | None = None) -> WireAnswer:
    """The answer with this JSON, or with no body where there is none."""
    if body is None:
        return WireAnswer(code=code, headers=headers or {})
    return WireAnswer(
        code=code, headers={**JSON_TYPE, **(headers or {})}, body=json.dumps(body, separators=(",", ":")).encode()
    )


def refusal_answer(refusal: Refusal) -> WireAnswer:
    """The answer that says what was refused; a 401 names the scheme, as RFC 6750 §3 asks."""
    headers = {"WWW-Authenticate": 'Bearer realm="https://accounts.google.com/"'} if refusal.code == 401 else {}
    return json_answer(refusal.code, refusal.body(), {**headers, **refusal.headers})
