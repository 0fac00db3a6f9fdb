"""How an account is proved to its server, and what the server's refusal of it means (RFC 9110 §11)."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from http import HTTPStatus

import httpx

from hxdav.remote import AccessLost, Forbidden
from hxdav.remotes.exchange.account import Auth, ExchangeAccount, TokenSource
from hxdav.remotes.exchange.ntlm import NtlmAuth

_SCHEMES = {
    Auth.BASIC: frozenset({"basic"}),
    Auth.NTLM: frozenset({"ntlm", "negotiate"}),
    Auth.OAUTH: frozenset({"bearer"}),
}
"""By which of a server's schemes each way of signing in goes."""

NOT_TAKEN = (
    "The Exchange server does not take this user name and password. Try them in Outlook on the web: the password may"
    " have changed or run out, or the account be locked after wrong ones. Then connect the account again."
)
_NOT_BELIEVED = (
    "The Exchange server does not take the tokens that its sign-in service gives hxdav. Connect the account again; if"
    " that does not help, the administrator has to compare scope and server in [exchange] of the settings with it."
)
_FORBIDDEN = (
    "The Exchange server does not let this account use its web services. Ask whoever looks after it to allow EWS for"
    " this mailbox, and connect the account again."
)
_WANTS_NTLM = (
    "The Exchange server takes no password as it is (Basic): it wants to see it proved by NTLM. Connect the account"
    " with NTLM."
)
_WANTS_BASIC = (
    "The Exchange server does not speak NTLM: it wants the password as it is (Basic), which TLS keeps secret on its"
    " way. Connect the account with Basic."
)
_WANTS_TOKENS = (
    "The Exchange server takes no passwords: it wants tokens (modern authentication, OAuth), which an administrator has"
    " to set up in [exchange] of the settings."
)
_UNKNOWN = (
    "The Exchange server lets nobody in by Basic or NTLM, which are what hxdav speaks. Ask whoever looks after it to"
    " allow one of them for EWS."
)


_WANTED = ((Auth.NTLM, _WANTS_NTLM), (Auth.BASIC, _WANTS_BASIC), (Auth.OAUTH, _WANTS_TOKENS))
"""What to try instead, the best first."""


class TokenAuth(httpx.Auth):
    """Brings a bearer token (RFC 6750 §2.1), and another one where the server does not take that."""

    def __init__(self, tokens: TokenSource) -> None:
        self._tokens = tokens

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """The request with a token, at most twice."""
        request.headers["Authorization"] = f"Bearer {self._tokens.token()}"
        answer = yield request
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            request.headers["Authorization"] = f"Bearer {self._tokens.renewed()}"
            yield request


def auth_for(account: ExchangeAccount) -> httpx.Auth:
    """What signs an account in."""
    if account.tokens is not None:
        return TokenAuth(account.tokens)
    if account.auth is Auth.NTLM:
        return NtlmAuth(account.username, account.password)
    return httpx.BasicAuth(account.username, account.password)


def not_let_in(code: int, challenges: Iterable[str], *, auth: Auth) -> AccessLost | Forbidden:
    """What a 401 or 403 means; ``challenges`` are the lines of its WWW-Authenticate."""
    if code == HTTPStatus.FORBIDDEN:
        return Forbidden(_FORBIDDEN, code="forbidden")
    offered = {part.split()[0].lower() for line in challenges for part in line.split(",") if part.strip()}
    # A server that says nothing of schemes has at least looked at what it was shown.
    if auth is Auth.OAUTH:
        return AccessLost(_NOT_BELIEVED, code="token_not_taken")
    if not offered or offered & _SCHEMES[auth]:
        return AccessLost(NOT_TAKEN)
    for wanted, sentence in _WANTED:
        if offered & _SCHEMES[wanted]:
            return AccessLost(sentence, code=f"{wanted}_wanted")
    return AccessLost(_UNKNOWN, code="unknown_scheme")
