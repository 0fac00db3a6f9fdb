"""The settings that a command works with."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from hxdav.config import CONFIG_VARIABLE, DEFAULT_CONFIG, Settings, load_settings


def settings_of(ctx: typer.Context) -> Settings:
    """The settings in the file that --config or the environment names; raises ConfigurationError."""
    return load_settings(settings_file(ctx))


def settings_file(ctx: typer.Context) -> Path:
    """The settings file, which is from here on that of the processes that this one starts, too."""
    named: Path | None = ctx.find_root().params["config"]
    if named is not None:
        name_config(named)
    return Path(os.environ.get(CONFIG_VARIABLE) or DEFAULT_CONFIG)


def name_config(path: Path) -> None:
    """Make ``path`` the settings file of the processes that this one starts."""
    os.environ[CONFIG_VARIABLE] = str(path.absolute())
