"""What a terminal shows beside lines of text: panels and progress bars (Rich)."""

from __future__ import annotations

from rich.console import Console


def out() -> Console:
    """Standard output."""
    return Console(highlight=False)


def err() -> Console:
    """Standard error."""
    return Console(stderr=True, highlight=False)
