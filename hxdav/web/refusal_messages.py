"""What is refused is told on the next page that is shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import flash

from hxdav.errors import NotPermitted, UseCaseError
from hxdav.store.store import Store, Tx


@contextmanager
def refusals_told(store: Store, *, done: str | None = None) -> Iterator[Tx]:
    """A transaction; the next page says what was refused in it, or what was ``done``."""
    try:
        with store.transaction() as tx:
            yield tx
    except (NotPermitted, UseCaseError) as refused:
        flash(str(refused), "trouble")
    else:
        if done is not None:
            flash(done, "well")
