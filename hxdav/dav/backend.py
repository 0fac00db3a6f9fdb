"""What the CalDAV side works with."""

from __future__ import annotations

from dataclasses import dataclass

from hxdav.dav.settings import DavSettings
from hxdav.domain.policy import Policy
from hxdav.domain.times import Clock
from hxdav.secrets.keyring import Keyring
from hxdav.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """What a request is answered with."""

    store: Store
    keyring: Keyring
    clock: Clock
    policy: Policy
    settings: DavSettings
