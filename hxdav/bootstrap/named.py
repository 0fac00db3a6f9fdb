"""Parts that are loaded when they are first used, by name."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def named(name: str) -> Any:
    """What ``module:attribute`` below ``hxdav.bootstrap`` is."""
    module, _, attribute = name.partition(":")
    return getattr(import_module(f"hxdav.bootstrap.{module}"), attribute)
