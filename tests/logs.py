"""The log in tests: what was written to it, and putting it back as it was."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from hxdav.log import LOGGER


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    """Undo what a test has set up of the log: where it goes may be closed by the next one."""
    yield
    LOGGER.handlers.clear()
    LOGGER.setLevel(logging.NOTSET)
    LOGGER.propagate = True


@contextmanager
def captured_logs() -> Iterator[list[dict[str, Any]]]:
    """What is written to the log within the block, of every level, and nowhere else.

    An error that was caught is under ``exc_info``, which the log itself never shows.
    """
    written = _Kept()
    before = LOGGER.handlers, LOGGER.level, LOGGER.propagate
    LOGGER.handlers, LOGGER.propagate = [written], False
    LOGGER.setLevel(logging.DEBUG)
    try:
        yield written.lines
    finally:
        LOGGER.handlers, _, LOGGER.propagate = before
        LOGGER.setLevel(before[1])


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = {"event": record.msg, "log_level": record.levelname.lower(), **vars(record)["facts"]}
        caught = vars(record)["caught"]
        self.lines.append(line | {"exc_info": caught} if caught else line)
