"""The settings' parts: a table of the file each, with every key's default, unit and sentence."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    IPvAnyAddress,
    IPvAnyNetwork,
    model_validator,
)

from hxdav.dav.settings import DavSettings
from hxdav.domain.email_address import is_email_address
from hxdav.domain.policy import Policy
from hxdav.mail.settings import USUAL_PORTS, MailSettings, Security
from hxdav.net.reach import Reach

_DAV = DavSettings()
_Limit = Annotated[int | None, BeforeValidator(lambda value: None if value == "unlimited" else value)]
_Url = Annotated[str, AfterValidator(lambda value: value.rstrip("/")), Field(pattern=r"^https?://[^/\s]+")]


def _cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _reachable(entries: tuple[str, ...]) -> tuple[str, ...]:
    """``entries`` as they are; ValueError where one is neither a host nor a network."""
    return Reach(allowed=entries).allowed


class Part(BaseModel):
    """What every part of a file that an administrator writes has in common: frozen, and no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TlsSettings(Part):
    """The server's certificate, for TLS without a proxy in front."""

    certificate: Path = Field(description="PEM file: the server's certificate, then those up to its authority.")
    key: Path = Field(description="PEM file: the certificate's private key, readable by hxdav only.")


class ServerSettings(Part):
    """Where and how hxdav serves."""

    host: IPvAnyAddress = Field(
        default="127.0.0.1", validate_default=True, description="Address to listen on; 0.0.0.0 or :: for all."
    )
    port: int = Field(default=5232, ge=1, le=65535, description="TCP port to listen on.")
    public_url: _Url | None = Field(
        default=None, description="Where clients reach the server, as https://calendar.example; default: host and port."
    )
    tls: TlsSettings | None = Field(default=None, description="Certificate and key; none: plain HTTP.")
    trusted_proxies: tuple[IPvAnyNetwork, ...] = Field(
        default=(), description="Addresses or networks of proxies whose X-Forwarded-… headers are believed."
    )
    threads: int = Field(default=8, ge=2, le=256, description="Requests that one process answers at a time.")
    workers: int | None = Field(
        default=None, ge=1, le=64, description="Serving processes; default: as many as this machine has cores for them."
    )
    connections: int = Field(
        default=1000, ge=16, le=100_000, description="Connections that may be open, in all processes together."
    )
    connections_per_address: int = Field(
        default=200, ge=8, le=100_000, description="Connections that may be open from one address; proxies excepted."
    )

    @property
    def processes(self) -> int:
        """How many processes serve."""
        return self.workers or _cores()

    @property
    def url(self) -> str:
        """Where clients reach the server, without a slash at the end."""
        if self.public_url:
            return self.public_url
        host = f"[{self.host}]" if self.host.version == 6 else str(self.host)  # noqa: PLR2004 - IPv6
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"


class DatabaseSettings(Part):
    """The store."""

    url: str = Field(
        default="",
        repr=False,
        pattern=r"^(|sqlite:///.+|postgresql\+psycopg://.+)$",
        description="sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/NAME; default: hxdav.db in data_dir.",
    )


class SecretsSettings(Part):
    """The installation's key, and the vault's."""

    key_file: Path | None = Field(default=None, description="File with the key; default: hxdav.key in data_dir.")
    vault_file: Path | None = Field(
        default=None,
        description="File with the keys of the accounts' passwords and tokens; default: hxdav.vault in data_dir.",
    )


class RulesSettings(Part):
    """The product's rules as numbers."""

    window_days: _Limit = Field(default=201, ge=0, description='Days from today that synchronise, or "unlimited".')

    settle_seconds: int = Field(
        default=60, ge=1, le=3600, description="Seconds without another removal, after which removals are applied."
    )
    removals_without_review: _Limit = Field(
        default=3, ge=0, description='Removals within 15 minutes that need no review, or "unlimited".'
    )
    keep_days: int = Field(
        default=30, ge=30, description="Days for which what was removed, changed or refused is kept to be brought back."
    )

    def policy(self) -> Policy:
        """The rules as the gate takes them."""
        return Policy(
            window_days=self.window_days,
            settled_after=timedelta(seconds=self.settle_seconds),
            unreviewed=self.removals_without_review,
            kept_for=timedelta(days=self.keep_days),
        )


class MailPart(Part):
    """Notifications by e-mail."""

    host: str = Field(
        default="", pattern=r"^[A-Za-z0-9.:_-]*$", description="The mail server that sends for hxdav; empty: no mail."
    )
    port: int | None = Field(
        default=None, ge=1, le=65535, description="TCP port of the mail server; default: 587, 465 or 25, by security."
    )
    security: Security = Field(
        default=Security.STARTTLS, description='"starttls", "tls" (from the first octet on), or "none".'
    )
    username: str = Field(
        default="", pattern=r"^[\x20-\x7e]*$", description="Login at the mail server, if it wants one."
    )
    password: str = Field(
        default="",
        repr=False,
        pattern=r"^[\x20-\x7e]*$",
        description="Its password; better in the environment, as HXDAV_MAIL__PASSWORD.",
    )
    sender: str = Field(default="", description="E-mail address in whose name hxdav writes.")
    timeout_seconds: int = Field(default=10, ge=1, le=30, description="Seconds that each answer may take.")

    @model_validator(mode="after")
    def _can_be_used(self) -> Self:
        if self.host and not is_email_address(self.sender):
            raise ValueError("with a host it needs a sender, an e-mail address such as hxdav@practice.example")
        if bool(self.username) != bool(self.password):
            raise ValueError("a username and a password belong together")
        if self.password and self.security is Security.NONE:
            raise ValueError('with the security "none" the password would be readable on its way')
        return self

    def settings(self, link: str) -> MailSettings:
        """The settings as the outbox takes them; ``link`` is where a reader of a mail finds the server."""
        return MailSettings(
            host=self.host,
            port=self.port or USUAL_PORTS[self.security],
            security=self.security,
            username=self.username,
            password=self.password,
            sender=self.sender,
            timeout_seconds=self.timeout_seconds,
            link=link,
        )


class GooglePart(Part):
    """Google Calendar: hxdav as Google knows it. The addresses are Google's own; simulators have others."""

    client_id: str = Field(
        default="", pattern=r"^[\x21-\x7e]*$", description="OAuth client id at Google; empty: no Google calendars."
    )
    client_secret: str = Field(
        default="",
        repr=False,
        pattern=r"^[\x21-\x7e]*$",
        description="Its secret; better in the environment, as HXDAV_GOOGLE__CLIENT_SECRET.",
    )
    auth_url: _Url | None = Field(default=None, description="For simulators: where the person consents.")
    token_url: _Url | None = Field(default=None, description="For simulators: where codes become tokens.")
    revoke_url: _Url | None = Field(default=None, description="For simulators: where tokens are given back.")
    api_url: _Url | None = Field(default=None, description="For simulators: the address above calendar/v3/.")

    @model_validator(mode="after")
    def _can_be_used(self) -> Self:
        if bool(self.client_id) != bool(self.client_secret):
            raise ValueError("a client_id and a client_secret belong together")
        return self


class MicrosoftPart(Part):
    """Microsoft's calendars: hxdav as Microsoft knows it. The addresses are Microsoft's own; simulators have others."""

    client_id: str = Field(
        default="",
        pattern=r"^[\x21-\x7e]*$",
        description="Application (client) id at Microsoft Entra; empty: no Microsoft calendars.",
    )
    client_secret: str = Field(
        default="",
        repr=False,
        pattern=r"^[\x21-\x7e]*$",
        description="Its secret; better in the environment, as HXDAV_MICROSOFT__CLIENT_SECRET.",
    )
    tenant: str = Field(
        default="common",
        pattern=r"^[A-Za-z0-9.-]+$",
        description='"common"; or "organizations", "consumers", or one organisation: its id or domain.',
    )
    authority_url: _Url | None = Field(default=None, description="For simulators: where the person consents.")
    graph_url: _Url | None = Field(default=None, description="For simulators: the address of Graph, with its version.")

    @model_validator(mode="after")
    def _can_be_used(self) -> Self:
        if bool(self.client_id) != bool(self.client_secret):
            raise ValueError("a client_id and a client_secret belong together")
        return self


class ExchangePart(Part):
    """Exchange mailboxes with modern authentication: hxdav as the server's sign-in service (Entra, AD FS) knows it."""

    client_id: str = Field(
        default="",
        pattern=r"^[\x21-\x7e]*$",
        description="Application (client) id there; empty: Exchange mailboxes are connected with their password.",
    )
    client_secret: str = Field(
        default="",
        repr=False,
        pattern=r"^[\x21-\x7e]*$",
        description="Its secret; better in the environment, as HXDAV_EXCHANGE__CLIENT_SECRET.",
    )
    authority_url: _Url | Literal[""] = Field(
        default="",
        description="The sign-in service: https://login.microsoftonline.com/TENANT, or https://fs.practice.example/adfs.",
    )
    server_url: _Url | Literal[""] = Field(
        default="", description="The Exchange server that it is for, as https://mail.practice.example."
    )
    scope: str = Field(
        default="",
        pattern=r"^[\x21-\x7e]*$",
        description="What is asked for there; default: EWS.AccessAsUser.All of the server.",
    )

    @model_validator(mode="after")
    def _can_be_used(self) -> Self:
        told = (self.client_id, self.client_secret, self.authority_url, self.server_url)
        if any(told) and not all(told):
            raise ValueError("client_id, client_secret, authority_url and server_url belong together")
        return self

    @property
    def scope_for_server(self) -> str:
        """What is asked for at the sign-in service."""
        parts = urlsplit(self.server_url)
        return self.scope or f"{parts.scheme}://{parts.netloc}/EWS.AccessAsUser.All"


class BridgesPart(Part):
    """Calendars in accounts elsewhere."""

    allowed_addresses: Annotated[tuple[str, ...], AfterValidator(_reachable)] = Field(
        default=(),
        description="Hosts, addresses or networks of your own that may be called though they are not public.",
    )
    ca_file: Path | None = Field(
        default=None, description="PEM file: certificate authorities of your own, trusted beside the public ones."
    )
    icloud_url: _Url | None = Field(default=None, description="For simulators: where iCloud accounts begin.")
    runners: int = Field(default=4, ge=1, le=64, description="Accounts that one process looks after at a time.")
    listeners: int = Field(
        default=32,
        ge=0,
        le=1000,
        description="Accounts on Exchange servers that one process listens to at a time, to hear of changes at once.",
    )
    lease_seconds: int = Field(
        default=60, ge=1, le=600, description="Seconds after which another process takes over from one that was killed."
    )
    patience_seconds: int = Field(
        default=420,
        ge=1,
        le=86_400,
        description="Seconds for which a provider must refuse access, or not find a calendar, until hxdav believes it.",
    )


class MetricsPart(Part):
    """Numbers for whoever watches over the server (Prometheus), on a listener of their own."""

    host: IPvAnyAddress = Field(
        default="127.0.0.1", validate_default=True, description="Address to listen on; whoever reaches it may read."
    )
    port: int | None = Field(default=None, ge=1, le=65535, description="TCP port to listen on; default: none.")


class LogSettings(Part):
    """The log, on standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="The least that is said.")
    format: Literal["text", "json"] = Field(default="text", description="Lines for people, or one JSON object each.")
    requests: bool = Field(default=True, description='A line for each request, at level "info".')


class DavPart(Part):
    """The CalDAV side."""

    prefix: str = Field(
        default=_DAV.prefix,
        pattern=r"^(/[A-Za-z0-9._~-]+)*$",
        description="Path at which the calendars' tree begins, as /calendars; empty: at the top.",
    )
    realm: str = Field(
        default=_DAV.realm, pattern=r'^[^"\\\x00-\x1f]+$', description="What clients name when they ask for a login."
    )
    max_resource_size: int = Field(default=_DAV.max_resource_size, ge=10_000, description="Octets of one event.")
    max_body_size: int = Field(
        default=_DAV.max_body_size, ge=10_000, description="Octets up to which a body that is too large is read past."
    )
    failed_logins: int = Field(
        default=_DAV.failed_logins, ge=1, description="Wrong passwords that one user and address may send at a time."
    )
    failed_logins_minutes: int = Field(
        default=int(_DAV.failed_logins_within.total_seconds()) // 60, ge=1, description="Minutes for which they count."
    )
