"""Outlook.com and Office 365 as they are set up here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

from hxdav.bootstrap.authorities import authorities_of
from hxdav.bootstrap.providers import Key
from hxdav.config import Settings
from hxdav.connect.connector import ConsentFlow
from hxdav.domain.integration import Service
from hxdav.errors import UseCaseError
from hxdav.net.reach import Reach
from hxdav.remote import Remote
from hxdav.remotes.graph import oauth
from hxdav.remotes.graph.account import open_graph
from hxdav.remotes.graph.declining import ApprovalNeeded, admin_consent_url
from hxdav.remotes.graph.oauth import GraphApp
from hxdav.services.integrations.consents import ApprovalAsked, callback_uri

_CONSUMERS = "consumers"
_TENANTS = {Service.OUTLOOK: _CONSUMERS, Service.OFFICE365: "organizations"}
"""Whose accounts Microsoft offers where any may connect."""


class MicrosoftDoor:
    """Opens accounts at Microsoft."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def consent_flow(self, service: Service) -> ConsentFlow:
        """How one asks for a consent; raises UseCaseError where the settings do not say."""
        app = self.app(service)

        def exchange(answer: Mapping[str, str], verifier: str, redirect_uri: str) -> str:
            try:
                code = oauth.code_of(app, answer, redirect_uri=redirect_uri)
                return oauth.exchange(app, code=code, verifier=verifier, redirect_uri=redirect_uri)
            except ApprovalNeeded as needed:
                # The errors of a provider name no addresses; this one is to be passed on.
                raise ApprovalAsked(str(needed), link=needed.link) from None

        return ConsentFlow(
            page=lambda state, redirect_uri: oauth.consent_url(app, state=state, redirect_uri=redirect_uri),
            exchange=exchange,
        )

    def open(self, service: Service, key: Key) -> Remote:
        """An account, for one thread."""
        return open_graph(self.app(service), key.credentials, keep=key.keep)

    def approval_link(self, public_url: str) -> str:
        """The page on which an administrator approves hxdav for an organisation; UseCaseError where that cannot be."""
        app = self.app(Service.OFFICE365)
        return admin_consent_url(app, redirect_uri=callback_uri(public_url, Service.OFFICE365))

    def app(self, service: Service) -> GraphApp:
        """hxdav as Microsoft knows it, for accounts of this service; UseCaseError where the settings do not say."""
        microsoft = self._settings.microsoft
        if not microsoft.client_id:
            raise UseCaseError(
                f"{service.label} is not set up here. An administrator has to set client_id and client_secret in "
                "[microsoft] of the settings."
            )
        app = GraphApp(
            client_id=microsoft.client_id,
            client_secret=microsoft.client_secret,
            tenant=_tenant_for(service, microsoft.tenant),
        )
        if not microsoft.authority_url and not microsoft.graph_url:
            return app
        # A simulator's hosts are on this machine, and vouched for by an authority of their own.
        return replace(
            app,
            authority=microsoft.authority_url or app.authority,
            graph_root=microsoft.graph_url or app.graph_root,
            reach=Reach(allowed=self._settings.bridges.allowed_addresses),
            authorities=self._authorities,
        )

    @cached_property
    def _authorities(self) -> str:
        return authorities_of(self._settings)


def _tenant_for(service: Service, tenant: str) -> str:
    """Whose accounts Microsoft is to offer; UseCaseError where the settings let none of this service in."""
    if tenant == "common":
        return _TENANTS[service]
    is_personal = tenant == _CONSUMERS
    if service is Service.OUTLOOK and not is_personal:
        raise UseCaseError(
            "Outlook.com accounts cannot be connected here: the administrator lets in accounts of organisations only "
            "(tenant in [microsoft] of the settings). Connect a work or school account as Office 365."
        )
    if service is Service.OFFICE365 and is_personal:
        raise UseCaseError(
            "Office 365 accounts cannot be connected here: the administrator lets in personal Microsoft accounts only "
            "(tenant in [microsoft] of the settings). Connect a personal account as Outlook.com."
        )
    return tenant
