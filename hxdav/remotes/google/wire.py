"""Requests to Google's Calendar API: built by Google's library from the discovery document in it, and sent here.

They are sent here because the library's errors and log lines carry addresses and bodies, and because each one has to
pass the quota.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin

import google_auth_httplib2  # type: ignore[import-untyped]
import httplib2  # type: ignore[import-untyped]
from google.auth.exceptions import GoogleAuthError, RefreshError
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build_from_document  # type: ignore[import-untyped]
from googleapiclient.discovery_cache import get_static_doc  # type: ignore[import-untyped]

from hxdav.remote import AccessLost, TryLater
from hxdav.remotes.google.connection import TRANSPORT_ERRORS, new_http
from hxdav.remotes.google.oauth import GoogleApp, credentials_text
from hxdav.remotes.google.quota import RateLimit
from hxdav.remotes.google.refusal import error_of, no_access

Json = dict[str, Any]

_EVENTS_A_PAGE = 250


@lru_cache(maxsize=8)
def requests_to(api_root: str) -> Any:
    """The library's builder of requests for the API at ``api_root``; it sends none, so that all threads share it."""
    document = json.loads(get_static_doc("calendar", "v3"))
    # Without it no environment variable can send requests to another host.
    document.pop("mtlsRootUrl", None)
    root = api_root.rstrip("/") + "/"
    document |= {"rootUrl": root, "baseUrl": urljoin(root, document["servicePath"])}
    return build_from_document(document, http=httplib2.Http())


class GoogleWire:
    """One account: sends requests with its token, and has renewed ones kept. Used by one thread at a time."""

    def __init__(self, app: GoogleApp, credentials: str, *, keep: Callable[[str], None], limit: RateLimit) -> None:
        self.app = app
        self.api = requests_to(app.api_root)
        self._credentials = _credentials(app, credentials)
        self._keep = keep
        self._limit = limit
        self._http = new_http()
        self.sent = 0
        """How many requests the API was sent."""

    @property
    def refresh_token(self) -> str:
        """What stands for the grant."""
        return str(self._credentials.refresh_token)

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def send(self, request: Any, *, if_match: str = "") -> Json:
        """The JSON that ``request``, of ``api``, is answered with; empty where the answer has none.

        Raises TryLater, AccessLost, and Refusal for what depends on the request; of the answer nothing else is told.
        """
        headers = dict(request.headers)
        if if_match:
            headers["If-Match"] = if_match
        answer, body = self._answered(request, headers)
        if answer.status == HTTPStatus.UNAUTHORIZED and not _is_about_webhook(body):
            # A token may be withdrawn before its time; a new one tells whether the consent still holds.
            self._refresh()
            answer, body = self._answered(request, headers)
            if answer.status == HTTPStatus.UNAUTHORIZED:
                raise no_access("unauthorized")
        if answer.status >= HTTPStatus.MULTIPLE_CHOICES:
            raise error_of(answer.status, answer, body)
        return _json(body)

    def pages(self, listing: Callable[..., Any], **parameters: Any) -> Iterator[Json]:
        """The entries of every page that ``listing``, a method of ``api``, gives."""
        token = None
        while True:
            page = self.send(listing(**parameters, maxResults=_EVENTS_A_PAGE, pageToken=token))
            yield from page.get("items", [])
            token = page.get("nextPageToken")
            if not token:
                return

    def _answered(self, request: Any, headers: dict[str, str]) -> Any:
        if not self._credentials.valid:
            self._refresh()
        own = {**headers}
        self._credentials.apply(own)  # type: ignore[no-untyped-call]
        with self._limit.request():
            self.sent += 1
            try:
                return self._http.request(request.uri, request.method, body=request.body, headers=own)
            except TRANSPORT_ERRORS:
                # What still comes on these connections belongs to no request any more.
                self._http.close()
                raise TryLater("Google cannot be reached. Try again later.", code="no_connection") from None

    def _refresh(self) -> None:
        before = (self._credentials.token, self._credentials.refresh_token)
        try:
            self._credentials.refresh(google_auth_httplib2.Request(self._http))  # type: ignore[no-untyped-call]
        except RefreshError as error:
            raise _refresh_failure(error) from None
        except (GoogleAuthError, *TRANSPORT_ERRORS, ValueError):
            raise TryLater("Google cannot be reached. Try again later.", code="no_connection") from None
        if before != (self._credentials.token, self._credentials.refresh_token):
            self._keep(_text(self._credentials))


def _credentials(app: GoogleApp, text: str) -> Credentials:
    try:
        kept = json.loads(text)
        expires = datetime.fromisoformat(kept["expires"]).astimezone(UTC) if kept["expires"] else None
        return Credentials(  # type: ignore[no-untyped-call]
            token=kept["token"],
            refresh_token=kept["refresh_token"],
            token_uri=app.token_url,
            client_id=app.client_id,
            client_secret=app.client_secret,
            # The library counts in UTC without saying so.
            expiry=None if expires is None else expires.replace(tzinfo=None),
        )
    except (ValueError, KeyError, TypeError):
        raise AccessLost("The kept access to Google cannot be read. Connect again.", code="unreadable") from None


def _text(credentials: Credentials) -> str:
    expires = credentials.expiry.replace(tzinfo=UTC) if credentials.expiry else None
    return credentials_text(str(credentials.token), str(credentials.refresh_token), expires=expires)


def _refresh_failure(error: RefreshError) -> AccessLost | TryLater:
    """Only ``invalid_grant`` says that the consent is gone (RFC 6749 §5.2)."""
    told = [part for part in error.args if isinstance(part, dict)]
    if any(part.get("error") == "invalid_grant" for part in told):
        return no_access("invalid_grant")
    return TryLater("Google did not renew the access. Try again later.", code="refresh_failed")


def _is_about_webhook(body: bytes) -> bool:
    """Whether a 401 is about an address for notifications and not about the token."""
    return b"webhookUrlUnauthorized" in body or b"webhookUrlNotHttps" in body


def _json(body: bytes) -> Json:
    if not body:
        return {}
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise TryLater("Google's answer was cut short. Try again later.", code="bad_answer")
    return found
