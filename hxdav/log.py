"""Structured logging with redaction: constant events, identifiers as keys, nothing about a patient, no secret.

It is the standard library's: each line goes through the logger ``hxdav``
(docs/adr/0025-the-standard-librarys-log.md).
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

REDACTED = "[redacted]"

LOGGER = logging.getLogger("hxdav")
"""Where every line goes through; its records have ``facts``, and ``caught``, an error or None."""

_DEEPEST = 12
"""How many of the innermost frames are told of an exception."""

_CONFIDENTIAL = frozenset({
    "authorization", "body", "comment", "cookie", "description", "email", "location", "name", "note", "password",
    "patient", "phone", "secret", "summary", "text", "title", "token",
})  # fmt: skip

_bound: ContextVar[Mapping[str, object]] = ContextVar("bound", default={})  # noqa: B039 - nothing changes it


class Log:
    """Writes events: a constant name, and facts under constant keys."""

    __slots__ = ()

    def info(self, what: str, /, **facts: object) -> None:
        """Record what hxdav did."""
        _write(logging.INFO, what, facts)

    def warning(self, what: str, /, **facts: object) -> None:
        """Record what may need attention."""
        _write(logging.WARNING, what, facts)

    def error(self, what: str, /, *, exc_info: BaseException | None = None, **facts: object) -> None:
        """Record a failure of hxdav; of ``exc_info`` its type and its way through the code."""
        _write(logging.ERROR, what, facts, caught=exc_info)

    def exception(self, what: str, /, **facts: object) -> None:
        """Record a failure of hxdav, with the exception that is being handled."""
        _write(logging.ERROR, what, facts, caught=sys.exception())


_LOG = Log()


def get_logger() -> Log:
    """What writes to the log."""
    return _LOG


@contextmanager
def bound(**facts: object) -> Iterator[None]:
    """Add ``facts`` to every line that this thread writes within the block."""
    token = _bound.set({**_bound.get(), **facts})
    try:
        yield
    finally:
        _bound.reset(token)


def redacted(facts: Mapping[str, object]) -> dict[str, object]:
    """``facts`` without the value of any key that names patient data or a secret, in whichever compound it stands."""
    return {key: REDACTED if _is_confidential(key) else value for key, value in facts.items()}


# Keys are constants in the code, so that there are few of them; each request's line has ten.
@lru_cache(maxsize=1024)
def _is_confidential(key: str) -> bool:
    return not _CONFIDENTIAL.isdisjoint(key.lower().replace("-", "_").split("_"))


def told(error: BaseException | None) -> dict[str, object]:
    """Say of an exception its type and its way through the code; its text may hold what a client sent."""
    if error is None:
        return {}
    frames = traceback.extract_tb(error.__traceback__)[-_DEEPEST:]
    return {"error": type(error).__name__, "where": [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames]}


def _write(level: int, what: str, facts: Mapping[str, object], *, caught: BaseException | None = None) -> None:
    if not LOGGER.isEnabledFor(level):
        return
    # Made here and not by the logger, which looks for the line of code: that takes longer than all the rest.
    record = logging.LogRecord(LOGGER.name, level, "", 0, what, None, None)
    # Not as ``exc_info``, whose text any formatter would show.
    record.caught = caught
    record.facts = redacted({**facts, **told(caught), **_bound.get()})
    LOGGER.handle(record)


def configure(*, level: str, as_json: bool) -> None:
    """Send the log to standard error, from ``level`` (a name of the standard library's) upwards.

    The standard library's other loggers, those of the host library included, are held to warnings: their lines hold
    paths.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if as_json else _TextLines())
    LOGGER.handlers = [handler]
    LOGGER.setLevel(level.upper())
    LOGGER.propagate = False
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")


class _JsonLines(logging.Formatter):
    """An object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        line = {"timestamp": _moment(record), "level": record.levelname.lower(), "event": record.msg, **_facts(record)}
        return json.dumps(line, ensure_ascii=False, default=repr)


class _TextLines(logging.Formatter):
    """For people: the event, then each fact as ``key=value``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        head = f"{_moment(record)} [{record.levelname.lower():<9}] {record.msg:<30}"
        return " ".join([head, *(f"{key}={_value(value)}" for key, value in _facts(record).items())])


def _moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    return getattr(record, "facts", {})


def _value(value: object) -> str:
    """``value`` on one line, quoted where it would be read as more than one."""
    text = str(value)
    return text if text.isprintable() and " " not in text else repr(text)


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
