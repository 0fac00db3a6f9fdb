"""The providers as they are set up here: which remote a service has, and how an account is opened with it."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hxdav.bootstrap.exchange import ExchangeDoor
from hxdav.config import Settings
from hxdav.domain.integration import Service
from hxdav.errors import ConfigurationError, UseCaseError
from hxdav.net import Reach
from hxdav.remote import Remote
from hxdav.remotes.google import oauth as google_oauth
from hxdav.remotes.google.oauth import GoogleApp
from hxdav.remotes.google.quota import RateLimit
from hxdav.services.consenting import ApprovalAsked, callback_uri
from hxdav.sync.connecting import ConsentFlow

if TYPE_CHECKING:
    from hxdav.remotes.graph.oauth import GraphApp

Keep = Callable[[str], None]
"""Takes credentials that the provider has renewed."""


_CONSUMERS = "consumers"
_TENANTS = {Service.OUTLOOK: _CONSUMERS, Service.OFFICE365: "organizations"}
"""Whose accounts Microsoft offers where any may connect."""


def read_authorities(path: Path) -> str:
    """Certificate authorities in a PEM file; raises ConfigurationError where there are none that can be read."""
    try:
        text = path.read_text(encoding="ascii")
        ssl.create_default_context(cadata=text)
    except (OSError, ValueError, ssl.SSLError):
        raise ConfigurationError(
            f"{path} holds no certificates that can be read: it has to be a PEM file with those of certificate "
            "authorities, each from BEGIN CERTIFICATE to END CERTIFICATE."
        ) from None
    return text


class ConfiguredProviders:
    """Opens accounts by the settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # An account is opened anew for each pass, and its quota goes on.
        self._limits: dict[str, RateLimit] = {}

    def google_app(self) -> GoogleApp:
        """hxdav as Google knows it; raises UseCaseError where the settings do not say."""
        google = self._settings.google
        if not google.client_id:
            raise UseCaseError(
                "Google is not set up here. An administrator has to set client_id and client_secret in [google] of the "
                "settings."
            )
        app = GoogleApp(client_id=google.client_id, client_secret=google.client_secret)
        return GoogleApp(
            client_id=app.client_id,
            client_secret=app.client_secret,
            auth_url=google.auth_url or app.auth_url,
            token_url=google.token_url or app.token_url,
            revoke_url=google.revoke_url or app.revoke_url,
            api_root=f"{google.api_url}/" if google.api_url else app.api_root,
        )

    def microsoft_app(self, service: Service) -> GraphApp:
        """hxdav as Microsoft knows it, for accounts of this service; UseCaseError where the settings do not say."""
        microsoft = self._settings.microsoft
        if not microsoft.client_id:
            raise UseCaseError(
                f"{service.label} is not set up here. An administrator has to set client_id and client_secret in "
                "[microsoft] of the settings."
            )
        from hxdav.remotes.graph.oauth import GraphApp  # noqa: PLC0415

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

    def microsoft_approval_link(self, public_url: str) -> str:
        """The page on which an administrator approves hxdav for an organisation; UseCaseError where that cannot be."""
        app = self.microsoft_app(Service.OFFICE365)
        from hxdav.remotes.graph.declining import admin_consent_url  # noqa: PLC0415

        return admin_consent_url(app, redirect_uri=callback_uri(public_url, Service.OFFICE365))

    @cached_property
    def _exchange(self) -> ExchangeDoor:
        return ExchangeDoor(self._settings, authorities=self._authorities)

    @cached_property
    def _authorities(self) -> str:
        """The certificate authorities of the practice's own; raises ConfigurationError where the file holds none."""
        path = self._settings.bridges.ca_file
        return "" if path is None else read_authorities(path)

    def consent_flow(self, service: Service) -> ConsentFlow:
        """How one asks for a consent; UseCaseError where the service is not set up, or asks for a password instead."""
        match service:
            case Service.GOOGLE:
                return _google_consent(self.google_app())
            case Service.OUTLOOK | Service.OFFICE365:
                return _microsoft_consent(self.microsoft_app(service))
            case Service.EXCHANGE:
                return self._exchange.consent_flow()
            case _:
                raise UseCaseError(f"{service.label} is connected with a password, not with a consent.")

    def open(
        self, service: Service, *, address: str, credentials: str, keep: Keep = lambda _: None, account: str = ""
    ) -> Remote:
        """An account, for one thread; ``account`` names it where it is known, so that its quota is counted as one."""
        match service:
            case Service.GOOGLE:
                # It takes a while, which most commands can do without; so here and below.
                from hxdav.remotes.google.account import open_google  # noqa: PLC0415

                limit = self._limits.setdefault(account, RateLimit()) if account else None
                return open_google(self.google_app(), credentials, keep=keep, limit=limit)
            case Service.OUTLOOK | Service.OFFICE365:
                from hxdav.remotes.graph.account import open_graph  # noqa: PLC0415

                return open_graph(self.microsoft_app(service), credentials, keep=keep)
            case Service.EXCHANGE:
                return self._exchange.open(credentials, endpoint=address, keep=keep)
            case Service.ICLOUD:
                return self._open_caldav(credentials, url="")
            case Service.CALDAV:
                return self._open_caldav(credentials, url=address)
            case Service.NATIVE:
                raise UseCaseError("hxdav's own calendars are in no account elsewhere.")

    def _open_caldav(self, credentials: str, *, url: str) -> Remote:
        from hxdav.remotes.caldav import CalDavAccount, Flavour, open_caldav  # noqa: PLC0415
        from hxdav.remotes.caldav.account import ICLOUD_URL  # noqa: PLC0415

        bridges = self._settings.bridges
        known = json.loads(credentials)
        simulator = None if url else bridges.icloud_url
        account = CalDavAccount(
            username=known["username"],
            password=known["password"],
            flavour=Flavour.ANY if url else Flavour.ICLOUD,
            url=url or simulator or ICLOUD_URL,
        )
        # A simulator's hosts are on this machine; Apple's the remote knows.
        hosts = (urlsplit(simulator).hostname or "", *bridges.allowed_addresses) if simulator else ()
        return open_caldav(
            account, reach=Reach(allowed=bridges.allowed_addresses, hosts=hosts), authorities=self._authorities
        )


def _google_consent(app: GoogleApp) -> ConsentFlow:
    def exchange(answer: Mapping[str, str], verifier: str, redirect_uri: str) -> str:
        code = google_oauth.code_of(answer)
        return google_oauth.exchange(app, code=code, verifier=verifier, redirect_uri=redirect_uri)

    return ConsentFlow(
        page=lambda state, redirect_uri: google_oauth.consent_url(app, state=state, redirect_uri=redirect_uri),
        exchange=exchange,
    )


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


def _microsoft_consent(app: GraphApp) -> ConsentFlow:
    from hxdav.remotes.graph import oauth as graph_oauth  # noqa: PLC0415
    from hxdav.remotes.graph.declining import ApprovalNeeded  # noqa: PLC0415

    def exchange(answer: Mapping[str, str], verifier: str, redirect_uri: str) -> str:
        try:
            code = graph_oauth.code_of(app, answer, redirect_uri=redirect_uri)
            return graph_oauth.exchange(app, code=code, verifier=verifier, redirect_uri=redirect_uri)
        except ApprovalNeeded as needed:
            # The errors of a provider name no addresses; this one is to be passed on.
            raise ApprovalAsked(str(needed), link=needed.link) from None

    return ConsentFlow(
        page=lambda state, redirect_uri: graph_oauth.consent_url(app, state=state, redirect_uri=redirect_uri),
        exchange=exchange,
    )
