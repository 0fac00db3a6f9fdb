"""Mailboxes on Exchange servers as they are set up here: opened with a password, or with tokens."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from hxdav.config import Settings
from hxdav.errors import UseCaseError
from hxdav.net import Reach
from hxdav.remote import Remote
from hxdav.sync.connecting import ConsentFlow

if TYPE_CHECKING:
    from hxdav.remotes.microsoft.tokens import TokenApp

_NOT_SET_UP = (
    "Modern authentication for an Exchange server is not set up here. An administrator has to set client_id, "
    "client_secret, authority_url and server_url in [exchange] of the settings; with a password a mailbox is connected "
    "by --service exchange --account ADDRESS."
)


class ExchangeDoor:
    """Opens mailboxes; ``authorities`` (PEM) are the practice's own."""

    def __init__(self, settings: Settings, *, authorities: str) -> None:
        self._settings = settings
        self._authorities = authorities
        self._reach = Reach(allowed=settings.bridges.allowed_addresses)

    def open(self, credentials: str, *, endpoint: str, keep: Callable[[str], None]) -> Remote:
        """A mailbox; ``endpoint`` is its server, where that is known; ``keep`` takes credentials that were renewed."""
        # It takes a while, which most commands can do without; so here and below.
        from hxdav.remotes.exchange import Auth, ExchangeAccount, open_exchange  # noqa: PLC0415
        from hxdav.remotes.exchange.tokens import access  # noqa: PLC0415

        known = json.loads(credentials)
        tokens = None
        if known["auth"] == Auth.OAUTH:
            tokens = access(
                self._token_app(), known["tokens"], keep=lambda cache: keep(json.dumps(known | {"tokens": cache}))
            )
            endpoint = endpoint or self._settings.exchange.server_url
        account = ExchangeAccount(
            address=known["address"],
            username=known["username"],
            password=known["password"],
            endpoint=endpoint,
            auth=Auth(known["auth"]),
            authorities="\n".join(filter(None, (known["authorities"], self._authorities))),
            tokens=tokens,
        )
        return open_exchange(account, reach=self._reach)

    def consent_flow(self) -> ConsentFlow:
        """How one asks for a consent; UseCaseError where the settings do not say."""
        from hxdav.remotes.exchange import tokens  # noqa: PLC0415
        from hxdav.remotes.microsoft.tokens import consent_request  # noqa: PLC0415

        app = self._token_app()

        def exchange(answer: Mapping[str, str], verifier: str, redirect_uri: str) -> str:
            granted = tokens.exchange(app, answer, verifier=verifier, redirect_uri=redirect_uri)
            known = dict.fromkeys(("username", "password", "authorities"), "")
            return json.dumps(known | {"address": granted.address, "auth": "oauth", "tokens": granted.cache})

        return ConsentFlow(
            page=lambda state, redirect_uri: consent_request(app, state=state, redirect_uri=redirect_uri),
            exchange=exchange,
        )

    def _token_app(self) -> TokenApp:
        exchange = self._settings.exchange
        if not exchange.client_id:
            raise UseCaseError(_NOT_SET_UP)
        from hxdav.remotes.microsoft.tokens import TokenApp  # noqa: PLC0415

        return TokenApp(
            client_id=exchange.client_id,
            client_secret=exchange.client_secret,
            authority=exchange.authority_url,
            scopes=(exchange.scope_for_server,),
            reach=self._reach,
            authorities=self._authorities,
        )
