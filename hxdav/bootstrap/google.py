"""Google calendars as they are set up here."""

from __future__ import annotations

from collections.abc import Mapping

from hxdav.bootstrap.providers import Key
from hxdav.config import Settings
from hxdav.connect.connector import ConsentFlow
from hxdav.domain.integration import Service
from hxdav.errors import UseCaseError
from hxdav.remote import Remote
from hxdav.remotes.google import oauth
from hxdav.remotes.google.account import open_google
from hxdav.remotes.google.oauth import GoogleApp
from hxdav.remotes.google.quota import RateLimit


class GoogleDoor:
    """Opens accounts at Google."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings.google
        # An account is opened anew for each pass, and its quota goes on.
        self._limits: dict[str, RateLimit] = {}

    def consent_flow(self, _service: Service) -> ConsentFlow:
        """How one asks for a consent; raises UseCaseError where the settings do not say."""
        app = self._app()

        def exchange(answer: Mapping[str, str], verifier: str, redirect_uri: str) -> str:
            code = oauth.code_of(answer)
            return oauth.exchange(app, code=code, verifier=verifier, redirect_uri=redirect_uri)

        return ConsentFlow(
            page=lambda state, redirect_uri: oauth.consent_url(app, state=state, redirect_uri=redirect_uri),
            exchange=exchange,
        )

    def open(self, _service: Service, key: Key) -> Remote:
        """An account, for one thread."""
        limit = self._limits.setdefault(key.account, RateLimit()) if key.account else None
        return open_google(self._app(), key.credentials, keep=key.keep, limit=limit)

    def _app(self) -> GoogleApp:
        """hxdav as Google knows it; raises UseCaseError where the settings do not say."""
        google = self._settings
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
