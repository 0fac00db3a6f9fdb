"""What goes over the wire in both directions: requests, answers, and refusals in the shape of Graph's errors."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias
from urllib.parse import parse_qs, unquote, urlsplit

from tests.simulators.serving import HttpRequest, WireAnswer

Json: TypeAlias = dict[str, Any]

JSON_TYPE = {"Content-Type": "application/json;odata.metadata=minimal;odata.streaming=true;charset=utf-8"}


class Refusal(Exception):
    """A request that Graph refuses: an HTTP code, a word for programs, and a sentence.

    https://learn.microsoft.com/graph/errors
    """

    def __init__(self, code: int, word: str, message: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.word = word
        self.message = message
        self.headers = dict(headers or {})

    def body(self) -> Json:
        """The error as JSON; the inner one names the request, as those who ask Microsoft for help must."""
        named = str(uuid.uuid4())
        inner = {"date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}", "request-id": named, "client-request-id": named}
        return {"error": {"code": self.word, "message": self.message, "innerError": inner}}


def not_found() -> Refusal:
    """404: no such thing in the mailbox, or not any more."""
    return Refusal(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def malformed() -> Refusal:
    """400: an id that Exchange cannot have given."""
    return Refusal(400, "ErrorInvalidIdMalformed", "Id is malformed.")


def stale() -> Refusal:
    """412: the etag is no longer the thing's."""
    sentence = "The change key passed in the request does not match the current change key for the item."
    return Refusal(412, "ErrorIrresolvableConflict", sentence)


def unreadable(message: str) -> Refusal:
    """400: a body with a property that there is not, or of another type."""
    return Refusal(400, "RequestBodyRead", message)


def invalid(message: str, *, word: str = "ErrorPropertyValidationFailure") -> Refusal:
    """400: a value that cannot be."""
    return Refusal(400, word, message)


def invalid_query(message: str) -> Refusal:
    """400: a query option that cannot be here."""
    return Refusal(400, "ErrorInvalidUrlQuery", message)


def denied() -> Refusal:
    """403: the token's scopes do not reach that far."""
    return Refusal(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class WireRequest(HttpRequest):
    """One request, and what it asks for."""

    @property
    def segments(self) -> list[str]:
        """The parts of the path, decoded."""
        return [unquote(part) for part in self.path.strip("/").split("/")]

    @property
    def query(self) -> dict[str, str]:
        """The options of the query, the first value of each. Names of system options are told apart by their case."""
        found = parse_qs(urlsplit(self.target).query, keep_blank_values=True)
        return {name: values[0] for name, values in found.items()}

    @property
    def prefer(self) -> dict[str, str]:
        """The preferences (RFC 7240), by their names in lower case; quotation marks are taken off."""
        found: dict[str, str] = {}
        for part in self.headers.get("prefer", "").replace(";", ",").split(","):
            name, _, value = part.strip().partition("=")
            if name:
                found[name.strip().lower()] = value.strip().strip('"')
        return found

    def json(self) -> Any:
        """The body; 400 where it is no JSON."""
        try:
            return json.loads(self.body) if self.body else None
        except ValueError as exc:
            raise Refusal(400, "BadRequest", "Unable to read JSON request payload.") from exc


def json_answer(code: int, body: Json | None, headers: Mapping[str, str] | None = None) -> WireAnswer:
    """The answer with this JSON, or with no body where there is none."""
    if body is None:
        return WireAnswer(code=code, headers=headers or {})
    written = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    return WireAnswer(code=code, headers={**JSON_TYPE, **(headers or {})}, body=written)


def refusal_answer(refusal: Refusal) -> WireAnswer:
    """The answer that says what was refused; a 401 names the scheme, as RFC 6750 §3 asks."""
    headers = {"WWW-Authenticate": 'Bearer realm=""'} if refusal.code == 401 else {}
    return json_answer(refusal.code, refusal.body(), {**headers, **refusal.headers})
