"""The simulator as Google's own client library sees it, which nobody here wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import google_auth_httplib2  # type: ignore[import-untyped]
import httplib2  # type: ignore[import-untyped]
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build_from_document  # type: ignore[import-untyped]

from tests.simulators.google.schema import calendar_document
from tests.simulators.google.server import google_server
from tests.simulators.google.simulator import GoogleSimulator


@cache
def document_at(url: str) -> str:
    """The discovery document with its addresses moved to the simulator (docs/providers.md §1.2)."""
    document = json.loads(calendar_document())
    document |= {"rootUrl": f"{url}/", "baseUrl": f"{url}/calendar/v3/"}
    document.pop("mtlsRootUrl", None)
    return json.dumps(document)


@contextmanager
def calendar_service(google: GoogleSimulator, token: str) -> Iterator[Any]:
    """google-api-python-client with that access token."""
    # The library's Credentials carry no types.
    http = google_auth_httplib2.AuthorizedHttp(Credentials(token), http=httplib2.Http(timeout=10))  # type: ignore[no-untyped-call]
    with build_from_document(document_at(google.url), http=http) as service:
        yield service


@contextmanager
def faithful_google(**settings: Any) -> Iterator[GoogleSimulator]:
    """The simulator; what broke the published schema, on either side, fails the test."""
    with google_server(**settings) as google:
        yield google
        assert google.violations == []
