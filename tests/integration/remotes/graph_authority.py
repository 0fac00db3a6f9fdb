"""The authorization server of the Graph simulator as hxdav knows it, and a browser that goes there and back."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import httpx

from hxdav.net.reach import Reach
from hxdav.remotes.graph.oauth import GraphApp, MicrosoftConsent, code_of, consent_url, exchange
from tests.simulators.graph.authority import (
    CLIENT_ID,
    CLIENT_SECRET,
    LOOPBACK,
    AuthorityState,
    Issue,
    authority_server,
)

__all__ = ["CLIENT_ID", "CLIENT_SECRET", "REDIRECT", "Authority", "an_authority"]

REDIRECT = "https://hxdav.example.com/connect/microsoft/callback"


@dataclass(slots=True, kw_only=True)
class Authority(AuthorityState):
    """The server's state, and what hxdav does with it."""

    def app(self, graph_root: str, *, tenant: str = "common") -> GraphApp:
        """hxdav as this server knows it."""
        return GraphApp(
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            tenant=tenant,
            authority=self.url,
            graph_root=graph_root,
            reach=Reach(allowed=(LOOPBACK,)),
            authorities=self.authorities,
        )

    def consented(self, asked: MicrosoftConsent) -> dict[str, str]:
        """What a browser brings back from the consent page."""
        with httpx.Client(verify=ssl.create_default_context(cadata=self.authorities), trust_env=False) as browser:
            answer = browser.get(asked.url, follow_redirects=False)
        assert answer.status_code == 302, answer.text
        return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}

    def connect(self, app: GraphApp, user: str) -> str:
        """Go the whole way, and come back with credentials."""
        self.user = user
        asked = consent_url(app, state="s", redirect_uri=REDIRECT)
        code = code_of(app, self.consented(asked), redirect_uri=REDIRECT)
        return exchange(app, code=code, verifier=asked.verifier, redirect_uri=REDIRECT)


@contextmanager
def an_authority(issue: Issue) -> Iterator[Authority]:
    """Start the server, with a certificate authority of its own."""
    with authority_server(issue, Authority) as authority:
        yield authority
