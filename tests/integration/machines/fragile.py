"""A store that can stop at any commit, and that a state machine begins each example on anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hxdav.store.store import Store, Tx


class PowerCut(BaseException):
    """The process ends here; no ``except Exception`` of the product comes in between."""


class FragileStore(Store):
    """A store whose power can be cut just before a commit: what was committed before that stays, and nothing else.

    ``cut_in`` counts down to the transaction that is lost; at 0 none is.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.cut_in = 0
        self.commits = 0

    @contextmanager
    def transaction(self) -> Iterator[Tx]:
        """A transaction as ever, unless the power is cut."""
        with super().transaction() as tx:
            yield tx
            if self.cut_in:
                self.cut_in -= 1
                if not self.cut_in:
                    raise PowerCut
        self.commits += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewinding:
    """A store, and what empties it again; its engine, with the statements that it has compiled, stays.

    ``folder`` is for what is written beside it.
    """

    store: FragileStore
    folder: Path
    rewind: Callable[[], None]
