"""When it is worth looking for something to do."""

from __future__ import annotations

import time
from dataclasses import dataclass

from hxdav.store.changes import Changes


@dataclass(slots=True, kw_only=True)
class Looking:
    """A look is due after a commit, by whichever process, and ``anyhow_after`` seconds after the last one.

    Most of what is to be done begins with a commit; the rest is due by the clock, and may wait that long.
    """

    changes: Changes
    anyhow_after: float
    _again_at: float = 0.0

    def is_due(self) -> bool:
        """Whether to look now."""
        now = time.monotonic()
        if not self.changes.are_there() and now < self._again_at:
            return False
        self._again_at = now + self.anyhow_after
        return True

    def again(self) -> None:
        """Make the next look due at once: something was seen and left."""
        self._again_at = 0.0
