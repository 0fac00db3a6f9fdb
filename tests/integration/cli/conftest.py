"""An installation for the command line's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.integration.cli.command_line import CommandLine


@pytest.fixture
def hxdav(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandLine]:
    """An installation on SQLite whose database has its schema, and nobody in it."""
    command_line = CommandLine(tmp_path, monkeypatch)
    command_line.must("db", "upgrade")
    yield command_line
    structlog.reset_defaults()


@pytest.fixture
def practice(hxdav: CommandLine) -> CommandLine:
    """An installation with a practice group: maya is its practitioner and subscribed, robin administers."""
    assert hxdav.apply().code == 0
    hxdav.must("subscriptions", "buy", "maya", "--yes")
    return hxdav
