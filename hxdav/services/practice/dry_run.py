"""What applying the accounts file would do, for whoever wants to see it before it is done (docs/architecture.md)."""

from __future__ import annotations

from collections.abc import Collection

from hxdav.domain.edit import Source
from hxdav.domain.times import Clock
from hxdav.errors import ConfigurationError
from hxdav.services.practice import apply_accounts
from hxdav.services.practice.apply_accounts import Application, WantedPracticeGroup
from hxdav.services.practice.check_accounts import account_problems
from hxdav.store.store import Tx


def foreseen(tx: Tx, clock: Clock, *, wanted: Collection[WantedPracticeGroup], source: Source) -> Application:
    """What ``wanted`` would change; ``tx`` is a rehearsal, for it is done in it.

    Raises ConfigurationError with every reason for which it cannot be applied.
    """
    problems = account_problems(tx, wanted)
    if problems:
        raise ConfigurationError(*problems)
    return apply_accounts.apply(tx, clock, wanted=wanted, source=source)
