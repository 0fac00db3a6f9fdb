"""The pages and hooks of a serving process."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from hxdav.bootstrap.bridges import BridgeParts
from hxdav.bootstrap.installation import Installation
from hxdav.config.accounts_file import read_accounts
from hxdav.services.practice.apply_accounts import WantedPracticeGroup
from hxdav.web.application import make_web
from hxdav.web.settings import WebBackend


def make_pages(here: Installation, bridges: BridgeParts) -> Flask:
    """What answers requests for pages."""
    return make_web(
        WebBackend(
            store=here.store,
            clock=here.clock,
            policy=here.policy,
            keyring=here.keyring,
            connector=bridges.connector,
            channel_digest=here.keyring.channel_token_digest,
            public_url=here.settings.server.url,
            calendars_url=f"{here.settings.server.url}{here.settings.dav.prefix}",
            wanted_accounts=_wanted_accounts(here),
        )
    )


def _wanted_accounts(here: Installation) -> Callable[[], list[WantedPracticeGroup] | None]:
    file = here.settings.accounts_file
    return lambda: read_accounts(file) if file.exists() else None
