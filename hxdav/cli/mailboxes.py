"""The part of ``hxdav integrations add`` that is about mailboxes on an Exchange server of the practice's own."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hxdav.bootstrap.authorities import read_authorities
from hxdav.bootstrap.bridges import BridgeParts
from hxdav.bootstrap.installation import Installation
from hxdav.cli.bridging import Typed, add_by_consent, tell
from hxdav.cli.session import own_word
from hxdav.connect.connector import Applicant
from hxdav.connect.credentials import MailboxCredentials
from hxdav.connect.mailboxes import NTLM_FIRST, code_of, connect_mailbox
from hxdav.domain.integration import Integration, Service
from hxdav.errors import UseCaseError
from hxdav.remote import RemoteError
from hxdav.services.access.logins import PractitionerLogin
from hxdav.services.integrations.bridges import Connected


class SignIn(StrEnum):
    """How a server wants to see the password."""

    NTLM = "ntlm"
    BASIC = "basic"
    OAUTH = "oauth"


MailboxUser = Annotated[
    str | None,
    typer.Option(
        "--username", metavar="NAME", help="Exchange: the name to sign in with, if not the address: DOMAIN\\name."
    ),
]
MailboxSignIn = Annotated[
    SignIn | None, typer.Option("--auth", help="Exchange: how the password is proved; default: as the server asks.")
]
AuthorityFile = Annotated[
    Path | None,
    typer.Option(
        "--ca-file",
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help="Exchange: PEM file of the authorities that vouch for the server, if it is none that all trust.",
    ),
]

_SAY_WHERE = (
    "Say with --url where it is: by the server's name, or as https://mail.practice.example/EWS/Exchange.asmx if its "
    "web services have an address of their own."
)
_SAY_WHO = "If one signs in there with another name than the e-mail address, say it with --username, as DOMAIN\\name."
_NO_MORE_THAN_TRIED = "Nothing was connected; try again later."

_ADVICE = {
    "access_lost": _SAY_WHO,
    "basic_wanted": "Say --auth basic, or leave --auth out.",
    "certificate": (
        "If an authority of the practice's own vouches for it, say with --ca-file where its certificate is (PEM); or "
        "say with --url the name that the certificate is for."
    ),
    "exchange_online": "Say --service office365, or --service outlook.",
    "no_address": "Say it with --account.",
    "no_answer": _SAY_WHERE,
    "no_autodiscover": "Say it with --url.",
    "no_ews": _SAY_WHERE,
    "no_mailbox": "Say the address with --account, and the name to sign in with by --username.",
    "not_reachable": "They stand in allowed_addresses, in [bridges] of the settings.",
    "oauth_wanted": "Then say --auth oauth, and leave --account and --url out.",
    "ntlm_wanted": "Say --auth ntlm, or leave --auth out.",
    "quota": _NO_MORE_THAN_TRIED,
    "redirected": _SAY_WHERE,
    "senseless": f"Is it an Exchange server? {_SAY_WHERE}",
    "server_error": _NO_MORE_THAN_TRIED,
}
"""What to do at this command line about what went wrong, by the code of the error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedMailbox:
    """What a person says of a mailbox, beside what is ``typed`` of other accounts too; its password is asked for."""

    typed: Typed
    username: str | None
    auth: SignIn | None
    ca_file: Path | None

    @property
    def is_none(self) -> bool:
        """Whether nothing was said that only mailboxes have."""
        return self.username is None and self.auth is None and self.ca_file is None


def add_exchange(here: Installation, login: PractitionerLogin, *, mailbox: TypedMailbox) -> Integration:
    """Open a mailbox with all that was said, and connect a calendar in it; UseCaseError says what to do otherwise."""
    typed = mailbox.typed
    if mailbox.auth is SignIn.OAUTH:
        return _add_by_consent(here, login, mailbox=mailbox)
    address = typed.account or _asked("E-mail address of the mailbox")
    username = mailbox.username or address
    account = MailboxCredentials(
        address=address,
        username=username,
        password=_asked_password(username, from_stdin=typed.from_stdin),
        authorities="" if mailbox.ca_file is None else read_authorities(mailbox.ca_file),
    )
    applicant = Applicant(practitioner_id=login.practitioner.id, source=own_word(login), privacy=typed.privacy)
    connected = _connected(here, account, applicant, mailbox=mailbox)
    tell(connected)
    return connected.integration


def _add_by_consent(here: Installation, login: PractitionerLogin, *, mailbox: TypedMailbox) -> Integration:
    """By the server's sign-in service, which knows whose mailbox it is; the settings say which server that is for."""
    typed = mailbox.typed
    if typed.account or typed.url or mailbox.username or mailbox.ca_file:
        raise UseCaseError(
            "With --auth oauth the settings say which server it is, and its sign-in service whose mailbox: leave "
            "--account, --username, --url and --ca-file out."
        )
    return add_by_consent(here, login, Service.EXCHANGE, privacy=typed.privacy)


def _connected(
    here: Installation, account: MailboxCredentials, applicant: Applicant, *, mailbox: TypedMailbox
) -> Connected:
    ways = (mailbox.auth,) if mailbox.auth else NTLM_FIRST
    try:
        return connect_mailbox(BridgeParts(here).connector, account, applicant, url=mailbox.typed.url or "", ways=ways)
    except RemoteError as error:
        raise _advised(error) from None


def _advised(error: RemoteError) -> UseCaseError:
    return UseCaseError(f"{error} {_ADVICE.get(code_of(error), '')}".strip())


def _asked(what: str) -> str:
    if not sys.stdin.isatty():
        raise UseCaseError("There is no terminal to ask for the mailbox's address: say it with --account.")
    answer: str = typer.prompt(what, err=True)
    return answer.strip()


def _asked_password(username: str, *, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise UseCaseError("There is no terminal to ask for the mailbox's password: use --app-password-stdin.")
    answer: str = typer.prompt(f"Password of {username}", hide_input=True, err=True)
    return answer
