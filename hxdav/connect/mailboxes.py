"""Connecting a mailbox on an Exchange server, where a person says only what they know of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hxdav.connect.connector import Applicant, Connector, OpenedAccount
from hxdav.connect.credentials import MailboxCredentials, exchange_credentials
from hxdav.domain.integration import Service
from hxdav.remote import RemoteError
from hxdav.services.integrations.bridges import Connected

NTLM_FIRST = ("ntlm", "basic")
"""Where it is not said: a password that is proved stays here, and is shown only where the server wants it so."""


def connect_mailbox(
    connector: Connector,
    mailbox: MailboxCredentials,
    applicant: Applicant,
    *,
    url: str,
    ways: Sequence[str] = NTLM_FIRST,
) -> Connected:
    """Open a mailbox in the first of ``ways`` that its server wants, and connect a calendar in it.

    Raises RemoteError where the server does not let us in, and UseCaseError where it is not to be connected.
    """
    *others, last = ways
    for way in others:
        try:
            return _tried(connector, replace(mailbox, auth=way), applicant, url=url)
        except RemoteError as error:
            if code_of(error) != f"{last}_wanted":
                raise
    return _tried(connector, replace(mailbox, auth=last), applicant, url=url)


def code_of(error: RemoteError) -> str:
    """Which error it is, for whoever knows what to do about it; empty where it has no name."""
    return str(getattr(error, "code", ""))


def _tried(connector: Connector, mailbox: MailboxCredentials, applicant: Applicant, *, url: str) -> Connected:
    entrance = OpenedAccount(service=Service.EXCHANGE, credentials=exchange_credentials(mailbox), address=url)
    return connector.connect(entrance, applicant)
