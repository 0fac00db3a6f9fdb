"""Structured logging with redaction: constant events, identifiers as keys, nothing about a patient, no secret."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import structlog

REDACTED = "[redacted]"

_DEEPEST = 12
"""How many of the innermost frames are told of an exception."""

_CONFIDENTIAL = frozenset({
    "authorization", "body", "comment", "cookie", "description", "email", "location", "name", "note", "password",
    "patient", "phone", "secret", "summary", "text", "title", "token",
})  # fmt: skip


def redact(_logger: object, _method: str, event_dict: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace the value of every key that names patient data or a secret, in whichever compound it stands."""
    for key in event_dict:
        if key != "event" and _is_confidential(key):
            event_dict[key] = REDACTED
    return event_dict


# Keys are constants in the code, so that there are few of them; each request's line has ten.
@lru_cache(maxsize=1024)
def _is_confidential(key: str) -> bool:
    return not _CONFIDENTIAL.isdisjoint(key.lower().replace("-", "_").split("_"))


def tell_exception(_logger: object, _method: str, event_dict: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Say of an exception its type and its way through the code; its text may hold what a client sent."""
    error = event_dict.pop("exc_info", None)
    if error is True:
        error = sys.exception()
    if isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)[-_DEEPEST:]
        event_dict["error"] = type(error).__name__
        event_dict["where"] = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames]
    return event_dict


def configure(*, level: str, as_json: bool) -> None:
    """Send the log to standard error, from ``level`` (a name of the standard library's) upwards.

    The standard library's loggers, those of the host library included, are held to warnings: their lines hold paths.
    """
    renderer: Any = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            redact,
            tell_exception,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")


def get_logger(**bound: object) -> structlog.typing.FilteringBoundLogger:
    """A logger that carries ``bound`` with every event."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(**bound)
    return logger


def get_request_logger() -> structlog.typing.FilteringBoundLogger:
    """A logger for the line of each request, which costs a third of another: its keys are constants, with no secret."""
    known = structlog.get_config()
    renderer = known["processors"][-1]
    is_text = isinstance(renderer, structlog.dev.ConsoleRenderer)
    logger: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
        known["logger_factory"](),
        processors=[structlog.processors.TimeStamper(fmt="iso", utc=True), _text_line if is_text else renderer],
        wrapper_class=known["wrapper_class"],
    ).bind(level="info")
    return logger


def _text_line(_logger: object, _method: str, event_dict: MutableMapping[str, Any]) -> str:
    """A line as the others look, of values that need no quotes."""
    head = f"{event_dict.pop('timestamp')} [{event_dict.pop('level'):<9}] {event_dict.pop('event'):<30} "
    return head + " ".join([f"{key}={value}" for key, value in event_dict.items()])


@dataclass(slots=True, kw_only=True)
class RequestFacts:
    """What the log says of a request besides its outcome, filled in by whoever answers it.

    ``route`` is a template with the names of its parts, never an address: that may hold a secret or a name.
    """

    route: str = ""
    user_id: int | None = None


FACTS = "hxdav.facts"
"""The key of a request's environ under which its RequestFacts are."""


def facts_of(environ: Mapping[str, Any]) -> RequestFacts:
    """What is to be filled in of a request; where nobody logs requests it leads nowhere."""
    facts = environ.get(FACTS)
    return facts if isinstance(facts, RequestFacts) else RequestFacts()
