"""Waiting for what another thread or process does, on a machine that may do much else; and what must not wait."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest

PATIENCE_SECONDS = 300
"""How long to wait for anything before it counts as never."""

Found = TypeVar("Found")


def until(found: Callable[[], Found | None], *, what: str = "it") -> Found:
    """What ``found`` returns as soon as that is something."""
    deadline, pause = time.monotonic() + PATIENCE_SECONDS, 0.02
    while time.monotonic() < deadline:
        value = found()
        if value:
            return value
        time.sleep(pause)
        # To ask costs the time of what is waited for.
        pause = min(1.5 * pause, 0.3)
    raise AssertionError(f"waited {PATIENCE_SECONDS} s for {what}")


@contextmanager
def at_once(*, processor_seconds: float) -> Iterator[None]:
    """What this thread does in the block never sleeps, and takes less than so much of the processor's time."""
    began = time.thread_time()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "sleep", lambda _: pytest.fail("it sleeps"))
        yield
    assert time.thread_time() - began < processor_seconds
