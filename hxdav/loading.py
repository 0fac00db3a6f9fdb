"""How modules are loaded: with no search for garbage, of which loading makes next to none."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collecting() -> Iterator[None]:
    """Collect no garbage within the block; what is there at its end is not searched later either.

    Modules make many objects that stay: the collector would look at them again and again, a quarter of the time that
    it takes to load them.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
