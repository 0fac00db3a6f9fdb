"""Installations for the command line's tests: made once by commands, and copied for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.integration.cli.command_line import CommandLine


@pytest.fixture(scope="session", autouse=True)
def _beside_a_demo(demo_port_taken: None) -> None:
    """Commands that would listen where the demo does are refused, here as everywhere."""


@pytest.fixture(scope="session")
def new_installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an installation whose database has its schema, and nobody in it."""
    folder = tmp_path_factory.mktemp("new-installation")
    CommandLine(folder).must("db", "upgrade")
    return folder


@pytest.fixture(scope="session")
def practice_installation(tmp_path_factory: pytest.TempPathFactory, new_installation: Path) -> Path:
    """The folder of an installation with a practice group: maya is subscribed, robin administers."""
    folder = _copied(new_installation, tmp_path_factory.mktemp("practice-installation"))
    command_line = CommandLine(folder)
    assert command_line.apply().code == 0
    command_line.must("subscriptions", "buy", "maya", "--yes")
    return folder


@pytest.fixture
def hxdav(new_installation: Path, tmp_path: Path) -> CommandLine:
    """An installation on SQLite whose database has its schema, and nobody in it."""
    return CommandLine(_copied(new_installation, tmp_path))


@pytest.fixture
def practice(hxdav: CommandLine, practice_installation: Path) -> CommandLine:
    """An installation with a practice group: maya is its practitioner and subscribed, robin administers."""
    _copied(practice_installation, hxdav.folder)
    return hxdav


def _copied(installation: Path, folder: Path) -> Path:
    return shutil.copytree(installation, folder, dirs_exist_ok=True)
