"""What the web application works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hxdav.domain.times import Clock
from hxdav.store.store import Store
from hxdav.sync.connecting import Connector


@dataclass(frozen=True, slots=True, kw_only=True)
class WebBackend:
    """``channel_digest`` is the keyed hash by which a push channel is known."""

    store: Store
    clock: Clock
    connector: Connector
    channel_digest: Callable[[str], str]
