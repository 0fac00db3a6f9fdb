"""An Exchange account: whose mailbox it is, where its server is, and that it is not Microsoft's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

from hxdav.errors import NotReachable
from hxdav.net.addresses import parts_of
from hxdav.remote import AccessLost

_PATH = "/EWS/Exchange.asmx"
_ONLINE_HOSTS = (
    "outlook.com",
    "office.com",
    "office365.com",
    "office365.us",
    "outlook.de",
    "partner.outlook.cn",
    "onmicrosoft.com",
)
"""Names of Microsoft's own servers."""

_ONLINE_DOMAINS = ("outlook.com", "hotmail.com", "live.com", "msn.com", "onmicrosoft.com")
IS_ONLINE = (
    "This mailbox is at Microsoft (Outlook.com or Microsoft 365), where Microsoft is switching off the way in that"
    " Exchange servers offer (EWS). Connect it as Outlook.com or as Office 365 instead."
)
_NO_SERVER = (
    "An Exchange server is named as in mail.practice.example, or by the whole address of its web services, as in"
    " https://mail.practice.example/EWS/Exchange.asmx."
)
_NO_ADDRESS = "An Exchange account is named by its e-mail address, as in name@practice.example."


class Auth(StrEnum):
    """How the server wants to see who it is. Each goes over TLS only."""

    BASIC = "basic"
    NTLM = "ntlm"
    OAUTH = "oauth"


class TokenSource(Protocol):
    """What stands in for a password where the server wants tokens."""

    def token(self) -> str:
        """The token that goes with a request. Raises AccessLost and TryLater."""
        ...

    def renewed(self) -> str:
        """Another one, where the server does not take that. Raises AccessLost and TryLater."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeAccount:
    """A mailbox on an Exchange server.

    ``username`` is what the person logs on with: the address, or a name behind its domain and a backslash.
    ``endpoint`` is the server's name, its address, or the whole URL of EWS; where it is empty, it is asked for by
    Autodiscover. ``authorities`` (PEM) are those to trust where the server's certificate is from none that all trust.
    ``tokens`` stand in for user name and password where the server wants OAuth.
    """

    address: str
    username: str
    password: str = field(repr=False)
    endpoint: str = ""
    auth: Auth = Auth.BASIC
    authorities: str = ""
    tokens: TokenSource | None = field(default=None, repr=False)

    @property
    def domain(self) -> str:
        """What stands behind the @ of the address."""
        return self.address.rpartition("@")[2].lower()

    @property
    def url(self) -> str:
        """The URL of EWS, as far as it was told; empty where it was not."""
        return ews_url(self.endpoint) if self.endpoint else ""

    def moved_to(self, address: str) -> None:
        """Raise AccessLost where the mailbox has moved to ``address``, and that is at Microsoft."""
        if _is_below(address.rpartition("@")[2].lower(), _ONLINE_DOMAINS):
            raise AccessLost(IS_ONLINE, code="exchange_online")

    def require_own_server(self) -> None:
        """Raise AccessLost where it can be seen that the mailbox is Microsoft's to keep, or that it is none."""
        if not self.domain or self.domain == self.address.lower():
            raise AccessLost(_NO_ADDRESS, code="no_address")
        if self.url:
            require_own_server(self.url)
        elif _is_below(self.domain, _ONLINE_DOMAINS):
            raise AccessLost(IS_ONLINE, code="exchange_online")


def ews_url(told: str) -> str:
    """The URL of EWS at a server that is told by its name, by its address, or by that URL itself; AccessLost."""
    text = told.strip()
    try:
        parts = parts_of(text if "://" in text else f"https://{text}")
        host, port = parts.hostname or "", parts.port
    except NotReachable:
        raise AccessLost(_NO_SERVER, code="no_server") from None
    if not host or any(letter.isspace() for letter in text):
        raise AccessLost(_NO_SERVER, code="no_server")
    place = f"[{host}]" if ":" in host else host
    path = parts.path if parts.path not in {"", "/"} else _PATH
    return urlunsplit((parts.scheme, place if port is None else f"{place}:{port}", path, "", ""))


def require_own_server(url: str) -> None:
    """Raise AccessLost where the server is Exchange Online, whose EWS ends on 1 April 2027.

    https://techcommunity.microsoft.com/blog/exchange/exchange-online-ews-your-time-is-almost-up/4492361
    """
    if _is_below(urlsplit(url).hostname or "", _ONLINE_HOSTS):
        raise AccessLost(IS_ONLINE, code="exchange_online")


def _is_below(host: str, names: tuple[str, ...]) -> bool:
    return any(host == name or host.endswith(f".{name}") for name in names)
