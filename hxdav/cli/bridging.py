"""The part of ``hxdav integrations`` that is about accounts elsewhere: how one is opened and connected."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

import typer

from hxdav.bootstrap.bridges import BridgeParts
from hxdav.bootstrap.installation import Installation
from hxdav.cli.console import say
from hxdav.cli.session import own_word
from hxdav.connect.connector import Applicant, OpenedAccount
from hxdav.connect.credentials import password_credentials
from hxdav.domain.consent import ANSWERED_WITHIN, Consent
from hxdav.domain.ids import ConsentId
from hxdav.domain.integration import Integration, Service
from hxdav.domain.privacy import PrivacyLevel
from hxdav.errors import UseCaseError
from hxdav.services.access.logins import PractitionerLogin
from hxdav.services.integrations.bridges import Connected
from hxdav.services.integrations.consents import ConsentRequest, callback_uri

Account = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="iCloud, Exchange: the account's e-mail address. CalDAV: its name."),
]
Url = Annotated[
    str | None,
    typer.Option(metavar="URL", help="CalDAV: where the account is, as https://dav.example/. Exchange: the server."),
]
Level = Annotated[
    PrivacyLevel | None, typer.Option(help="How much it is told of patient appointments, if less than it may be.")
]
AppPasswordFromStdin = Annotated[
    bool,
    typer.Option(
        "--app-password-stdin",
        help="iCloud, CalDAV, Exchange: read the account's password from standard input's next line.",
    ),
]

_LOOKED_EVERY = 1.0
"""Seconds between two looks at whether the person has come back from the consent page."""

_LOOKED_INTO = timedelta(minutes=1)
"""How long an answer that came at the last moment may still be looked into."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What a person says of an account that is opened with a password; the password itself is asked for."""

    account: str | None
    url: str | None
    from_stdin: bool
    privacy: PrivacyLevel | None


def add_by_consent(
    here: Installation, login: PractitionerLogin, service: Service, *, privacy: PrivacyLevel | None
) -> Integration:
    """Send the person to the provider's consent page, and wait until they have come back to the running server."""
    public_url = here.settings.server.public_url
    if public_url is None:
        raise UseCaseError(
            f"{service.label} sends people back to hxdav by its public address, which is not known: set public_url in "
            "[server] of the settings, and restart the server."
        )
    wish = ConsentRequest(login=login, service=service, redirect_uri=callback_uri(public_url, service), privacy=privacy)
    asked = BridgeParts(here).connector.ask(wish, source=own_word(login))
    minutes = int(ANSWERED_WITHIN.total_seconds()) // 60
    say(f"Open this address in a browser within {minutes} minutes, and let hxdav in:")
    say(asked.url)
    consent = _answer(here, asked.consent_id)
    if consent.integration_id is None:
        raise UseCaseError(consent.refused or "Nobody came back from the consent page in time. Begin anew.")
    with here.store.snapshot() as tx:
        integration = tx.integrations.one(consent.integration_id)
    say(f"Connected {integration.name}; it fills within a few minutes.")
    return integration


def add_by_password(here: Installation, login: PractitionerLogin, service: Service, *, typed: Typed) -> Integration:
    """Open an account with its name and an app-specific password, and connect a calendar in it."""
    if service is Service.CALDAV and typed.url is None:
        raise UseCaseError("Say with --url where the account is, as https://dav.example/.")
    if service is not Service.CALDAV and typed.url is not None:
        raise UseCaseError(f"{service.label} is in one place: leave --url out.")
    username = typed.account or _typed_name(service)
    password = _typed_password(username, from_stdin=typed.from_stdin)
    connected = BridgeParts(here).connector.connect(
        OpenedAccount(service=service, credentials=password_credentials(username, password), address=typed.url or ""),
        Applicant(practitioner_id=login.practitioner.id, source=own_word(login), privacy=typed.privacy),
    )
    tell(connected)
    return connected.integration


def _answer(here: Installation, consent_id: ConsentId) -> Consent:
    """The consent once something has come of it, or its time is over."""
    while True:
        with here.store.single_read() as tx:
            consent = tx.consents.one(consent_id)
        is_settled = consent.integration_id is not None or consent.refused is not None
        late = _LOOKED_INTO if consent.answered_at else timedelta()
        if is_settled or here.clock.now() > consent.expires_at + late:
            return consent
        time.sleep(_LOOKED_EVERY)


def tell(connected: Connected) -> None:
    """Say what connecting came to."""
    if connected.is_new:
        say(f"Connected {connected.integration.name} in {connected.account.label}; it fills within a few minutes.")
    else:
        say(f"{connected.integration.name} in {connected.account.label} goes on where it stopped.")


def _typed_name(service: Service) -> str:
    if not sys.stdin.isatty():
        raise UseCaseError("There is no terminal to ask for the account's name: say it with --account.")
    what = "E-mail address of the Apple account" if service is Service.ICLOUD else "Name of the account"
    answer: str = typer.prompt(what, err=True)
    return answer.strip()


def _typed_password(username: str, *, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().strip()
    if not sys.stdin.isatty():
        raise UseCaseError("There is no terminal to ask for the account's password: use --app-password-stdin.")
    answer: str = typer.prompt(f"App-specific password of {username}", hide_input=True, err=True)
    return answer.strip()
