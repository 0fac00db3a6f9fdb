"""The providers as they are set up here: which remote a service has, and how an account is opened with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from hxdav.config import Settings
from hxdav.domain.integration import Service
from hxdav.errors import UseCaseError
from hxdav.net import Reach
from hxdav.remote import Remote
from hxdav.remotes.google import oauth
from hxdav.remotes.google.oauth import GoogleApp
from hxdav.remotes.google.quota import RateLimit
from hxdav.sync.connecting import ConsentFlow

Keep = Callable[[str], None]
"""Takes credentials that the provider has renewed."""


def password_credentials(username: str, password: str) -> str:
    """The credentials of an account that is opened with a password, to be sealed."""
    return json.dumps({"username": username, "password": password})


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

    def consent_flow(self, service: Service) -> ConsentFlow:
        """How one asks for a consent; UseCaseError where the service is not set up, or asks for a password instead."""
        if service is not Service.GOOGLE:
            raise UseCaseError(f"{service} is connected with a password, not with a consent.")
        app = self.google_app()

        def exchange(answer: Mapping[str, str], verifier: str, redirect_uri: str) -> str:
            return oauth.exchange(app, code=oauth.code_of(answer), verifier=verifier, redirect_uri=redirect_uri)

        return ConsentFlow(
            page=lambda state, redirect_uri: oauth.consent_url(app, state=state, redirect_uri=redirect_uri),
            exchange=exchange,
        )

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
        return open_caldav(account, reach=Reach(allowed=bridges.allowed_addresses, hosts=hosts))
