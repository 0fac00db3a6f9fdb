"""An Exchange server that takes nothing but tokens, and the sign-in service that gives them."""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import httpx

from hxdav.net.reach import Reach
from hxdav.remotes.exchange import Auth, ExchangeAccount, ExchangeRemote, open_exchange
from hxdav.remotes.exchange.tokens import Granted, access, exchange
from hxdav.remotes.microsoft.tokens import TokenApp, consent_request
from tests.simulators.ews.clients import faithful_exchange
from tests.simulators.ews.people import Person
from tests.simulators.ews.simulator import ExchangeSimulator
from tests.simulators.graph.authority import CLIENT_ID, CLIENT_SECRET, LOOPBACK, AuthorityState, authority_server

KIM = "kim@practice.example"
REDIRECT = "https://hxdav.example.com/connect/exchange/callback"
SCOPE = "https://mail.practice.example/EWS.AccessAsUser.All"


@dataclass(slots=True, kw_only=True)
class TokenDesk:
    """Both servers, and hxdav as the sign-in service knows it; ``kept`` is what it was told to keep, in order."""

    exchange: ExchangeSimulator
    kim: Person
    authority: AuthorityState
    app: TokenApp
    kept: list[str]

    def answer(self) -> tuple[dict[str, str], str]:
        """What a browser brings back from the consent page, and the verifier that goes with it."""
        asked = consent_request(self.app, state="s", redirect_uri=REDIRECT)
        return browsed(asked.url, self.authority), asked.verifier

    def granted(self) -> Granted:
        """Go the whole way as Kim."""
        answer, verifier = self.answer()
        return exchange(self.app, answer, verifier=verifier, redirect_uri=REDIRECT)

    def opened(self, granted: Granted) -> ExchangeRemote:
        """The mailbox; to be closed."""
        tokens = access(self.app, granted.cache, keep=self.kept.append)
        account = ExchangeAccount(
            address=granted.address,
            username="",
            password="",
            endpoint=self.exchange.address,
            auth=Auth.OAUTH,
            tokens=tokens,
        )
        return open_exchange(account, reach=Reach(allowed=(LOOPBACK,)))


@contextmanager
def a_token_desk(*, tenant: str = "practice.example") -> Iterator[TokenDesk]:
    """Set it up; ``tenant`` is one at Entra, or ``adfs``."""
    with faithful_exchange() as exchange, token_authority(exchange) as authority:
        app = TokenApp(
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            authority=f"{authority.url}/{tenant}",
            scopes=(SCOPE,),
            reach=Reach(allowed=(LOOPBACK,)),
            authorities=authority.authorities,
        )
        yield TokenDesk(exchange=exchange, kim=exchange.user(KIM), authority=authority, app=app, kept=[])


@contextmanager
def token_authority(exchange: ExchangeSimulator) -> Iterator[AuthorityState]:
    """The sign-in service of a server that takes its tokens, and nothing else from then on."""

    def issue(user: str, _scopes: str) -> str:
        token = f"eyJ0.{secrets.token_urlsafe(24)}.sig"
        exchange.tokens[token] = user
        return token

    exchange.schemes = ("Bearer",)
    with authority_server(issue, AuthorityState) as authority:
        authority.user, authority.granted = KIM, f"{SCOPE} openid profile offline_access"
        yield authority


def browsed(page: str, authority: AuthorityState) -> dict[str, str]:
    """What a browser brings back that is sent to ``page``."""
    with httpx.Client(verify=ssl.create_default_context(cadata=authority.authorities), trust_env=False) as browser:
        answer = browser.get(page, follow_redirects=False)
    assert answer.status_code == 302, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}
