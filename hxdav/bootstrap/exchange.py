"""Mailboxes on Exchange servers as they are set up here: opened with a password, or with tokens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property

from hxdav.bootstrap.authorities import authorities_of
from hxdav.bootstrap.providers import Key
from hxdav.config import Settings
from hxdav.connect.connector import ConsentFlow
from hxdav.domain.integration import Service
from hxdav.errors import UseCaseError
from hxdav.net.reach import Reach
from hxdav.remote import Remote
from hxdav.remotes.exchange import Auth, ExchangeAccount, open_exchange, tokens
from hxdav.remotes.microsoft.tokens import TokenApp, consent_request

_NOT_SET_UP = (
    "Modern authentication for an Exchange server is not set up here. An administrator has to set client_id, "
    "client_secret, authority_url and server_url in [exchange] of the settings; with a password a mailbox is connected "
    "by --service exchange --account ADDRESS."
)


class ExchangeDoor:
    """Opens mailboxes."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._reach = Reach(allowed=settings.bridges.allowed_addresses)

    def open(self, _service: Service, key: Key) -> Remote:
        """A mailbox, for one thread; its address is its server, where that is known."""
        known = json.loads(key.credentials)
        endpoint, access = key.address, None
        if known["auth"] == Auth.OAUTH:
            access = tokens.access(
                self._token_app(), known["tokens"], keep=lambda cache: key.keep(json.dumps(known | {"tokens": cache}))
            )
            endpoint = endpoint or self._settings.exchange.server_url
        account = ExchangeAccount(
            address=known["address"],
            username=known["username"],
            password=known["password"],
            endpoint=endpoint,
            auth=Auth(known["auth"]),
            authorities="\n".join(filter(None, (known["authorities"], self._authorities))),
            tokens=access,
        )
        return open_exchange(account, reach=self._reach)

    def consent_flow(self, _service: Service) -> ConsentFlow:
        """How one asks for a consent; UseCaseError where the settings do not say."""
        app = self._token_app()

        def exchange(answer: Mapping[str, str], verifier: str, redirect_uri: str) -> str:
            granted = tokens.exchange(app, answer, verifier=verifier, redirect_uri=redirect_uri)
            known = dict.fromkeys(("username", "password", "authorities"), "")
            return json.dumps(known | {"address": granted.address, "auth": "oauth", "tokens": granted.cache})

        return ConsentFlow(
            page=lambda state, redirect_uri: consent_request(app, state=state, redirect_uri=redirect_uri),
            exchange=exchange,
        )

    @cached_property
    def _authorities(self) -> str:
        return authorities_of(self._settings)

    def _token_app(self) -> TokenApp:
        exchange = self._settings.exchange
        if not exchange.client_id:
            raise UseCaseError(_NOT_SET_UP)
        return TokenApp(
            client_id=exchange.client_id,
            client_secret=exchange.client_secret,
            authority=exchange.authority_url,
            scopes=(exchange.scope_for_server,),
            reach=self._reach,
            authorities=self._authorities,
        )
