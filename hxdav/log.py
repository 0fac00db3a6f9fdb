"""Structured logging with redaction: constant events, identifiers as keys, nothing about a patient, no secret."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
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
        if key != "event" and not _CONFIDENTIAL.isdisjoint(key.lower().replace("-", "_").split("_")):
            event_dict[key] = REDACTED
    return event_dict


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
