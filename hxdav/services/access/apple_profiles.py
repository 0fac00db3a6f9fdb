"""Configuration profiles: an Apple device takes the account from one, and nothing has to be typed on it.

A profile holds an app password of its own, made at the moment in which it is handed out. A telephone fetches it once,
within ten minutes, at an address that the desk shows; whoever opens that address needs no sign-in there.
"""

from __future__ import annotations

import plistlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import quote, urlsplit

from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import AppPasswordId
from hxdav.domain.integration import Integration
from hxdav.domain.practice import PracticeGroup, User
from hxdav.domain.times import Clock
from hxdav.errors import NotFound, NotPermitted, UseCaseError
from hxdav.secrets.keyring import Keyring
from hxdav.services.access import app_passwords, logins
from hxdav.services.access.logins import PractitionerLogin
from hxdav.services.integrations import connection
from hxdav.store.profiles import NewTicket, ProfileTicket
from hxdav.store.store import Tx

OFFERED_FOR = timedelta(minutes=10)
"""How long a profile can be fetched."""

LONGEST_LABEL = 100
"""Characters of what a device is called at most."""

_NO_MORE = "This address was used already, or is older than ten minutes. Show a new code at the desk."
_AGENT = "hxdav profile"
_HTTPS_PORT, _HTTP_PORT = 443, 80


class ProfileStage(StrEnum):
    """How far a device has come that is connected by a profile."""

    WAITING = "waiting"
    FETCHED = "fetched"
    CONNECTED = "connected"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A configuration profile as it is handed out, which holds a password."""

    app_password_id: AppPasswordId
    text: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileAccount:
    """What a profile says: whose account it is, where, and the password that opens it."""

    calendars_url: str
    practice: str
    username: str
    app_password_id: AppPasswordId
    password: str


def hand_out(
    tx: Tx, clock: Clock, keyring: Keyring, *, login: PractitionerLogin, label: str, calendars_url: str
) -> Profile:
    """A profile for one of the practitioner's devices, with a new app password."""
    made = app_passwords.create_app_password(
        tx, clock, keyring, login=login, label=checked_label(label), expires_at=None
    )
    group: PracticeGroup = tx.people.practice_group(login.user.practice_group_id)
    account = ProfileAccount(
        calendars_url=calendars_url,
        practice=group.name,
        username=login.user.username,
        app_password_id=made.id,
        password=made.password,
    )
    return Profile(app_password_id=made.id, text=profile_text(account))


def offer(
    tx: Tx, clock: Clock, keyring: Keyring, *, login: PractitionerLogin, integration: Integration, label: str
) -> int:
    """Let a device fetch a profile once; the number of its ticket. Only a keyed hash of the secret is kept."""
    nonce, now = secrets.token_hex(32), clock.now()
    new = NewTicket(
        practice_group_id=login.user.practice_group_id,
        user_id=login.user.id,
        integration_id=integration.id,
        label=checked_label(label),
        nonce=nonce,
        digest=keyring.profile_ticket_digest(keyring.profile_secret(nonce)),
        expires_at=now + OFFERED_FOR,
    )
    number = tx.profile_tickets.add(new)
    _audit(tx, "profile_offered", login.user, integration=integration, number=number, now=now)
    return number


def own_ticket(tx: Tx, *, user: User, number: int) -> ProfileTicket:
    """A user's own ticket; raises NotFound."""
    ticket = tx.profile_tickets.of_user(user.id, number)
    if ticket is None:
        raise NotFound(f"{user.username} has no such ticket.")
    return ticket


def revoke(tx: Tx, clock: Clock, *, user: User, number: int) -> None:
    """Let nobody fetch a profile any more; raises NotFound, and UseCaseError where it is too late for that."""
    ticket, now = own_ticket(tx, user=user, number=number), clock.now()
    if not tx.profile_tickets.revoke(user.id, number=number, now=now):
        raise UseCaseError("The address leads nowhere any more. If the profile was fetched, revoke the device itself.")
    integration = tx.integrations.one(ticket.integration_id)
    _audit(tx, "profile_revoked", user, integration=integration, number=number, now=now)


def opened(tx: Tx, clock: Clock, keyring: Keyring, *, secret: str) -> ProfileTicket:
    """The ticket behind an address, which is not used up by that; raises NotPermitted where it is good no more."""
    ticket = tx.profile_tickets.find(keyring.profile_ticket_digest(secret))
    if ticket is None or not ticket.is_open(clock.now()):
        raise NotPermitted(_NO_MORE)
    user = tx.people.user(ticket.user_id)
    own = tx.people.practitioner_of(user.id)
    if own is None or not own.enabled or not user.enabled or user.suspended_at is not None:
        raise NotPermitted(_NO_MORE)
    return ticket


def fetch(tx: Tx, clock: Clock, keyring: Keyring, *, secret: str, calendars_url: str) -> Profile:
    """The profile behind an address, this once; raises NotPermitted where it is good no more."""
    ticket, now = opened(tx, clock, keyring, secret=secret), clock.now()
    if not tx.profile_tickets.take(ticket.id, now=now):
        raise NotPermitted(_NO_MORE)
    user = tx.people.user(ticket.user_id)
    login = logins.practitioner_login(tx, user=user)
    profile = hand_out(tx, clock, keyring, login=login, label=ticket.label, calendars_url=calendars_url)
    tx.profile_tickets.note_password(ticket.id, profile.app_password_id)
    integration = tx.integrations.one(ticket.integration_id)
    _audit(tx, "profile_fetched", user, integration=integration, number=ticket.id, now=now)
    return profile


def stage_of(ticket: ProfileTicket, *, now: datetime) -> ProfileStage:
    """How far the device has come."""
    if ticket.used_at is not None:
        return ProfileStage.CONNECTED
    if ticket.taken_at is not None:
        return ProfileStage.FETCHED
    if ticket.revoked_at is not None:
        return ProfileStage.REVOKED
    return ProfileStage.WAITING if ticket.is_open(now) else ProfileStage.EXPIRED


def checked_label(label: str) -> str:
    """What a device is called; raises UseCaseError where that is no name."""
    name = " ".join(label.split())
    if not name or len(name) > LONGEST_LABEL or not name.isprintable():
        raise UseCaseError(f"Say in 1 to {LONGEST_LABEL} characters which device it is for, for example iPhone.")
    return name


def profile_text(account: ProfileAccount) -> bytes:
    """A configuration profile with one CalDAV account (Apple, Configuration Profile Reference, CalDAV payload).

    Its identifier is the same each time, so that a device replaces the profile that it has by a newer one.
    """
    parts = urlsplit(account.calendars_url)
    is_https = parts.scheme == "https"
    host = parts.hostname or ""
    identifier = ".".join((*reversed(host.split(".")), "hxdav", _identifying(account.username)))
    payload = {
        "PayloadType": "com.apple.caldav.account",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"{identifier}.caldav",
        "PayloadUUID": _uuid(f"{identifier}.caldav", account),
        "PayloadDisplayName": "Calendar account",
        "PayloadDescription": f"The calendar account of {account.username} at {account.practice}.",
        "PayloadOrganization": account.practice,
        "CalDAVAccountDescription": account.practice,
        "CalDAVHostName": host,
        "CalDAVPort": parts.port or (_HTTPS_PORT if is_https else _HTTP_PORT),
        "CalDAVUseSSL": is_https,
        "CalDAVUsername": account.username,
        "CalDAVPassword": account.password,
        "CalDAVPrincipalURL": f"{parts.path.rstrip('/')}/{quote(account.username)}/",
    }
    return plistlib.dumps({
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": identifier,
        "PayloadUUID": _uuid(identifier, account),
        "PayloadDisplayName": f"Calendar of {account.practice}",
        "PayloadDescription": (
            f"Adds the appointments of {account.username} at {account.practice} to the Calendar app, and nothing else. "
            "Remove this profile to remove the account."
        ),
        "PayloadOrganization": account.practice,
        "PayloadRemovalDisallowed": False,
        "PayloadContent": [payload],
    })  # fmt: skip


def _identifying(username: str) -> str:
    """A user name as a part of an identifier, in which only letters, digits, dots and hyphens may stand."""
    return "".join(each if each.isalnum() or each in ".-" else "-" for each in username)


def _uuid(identifier: str, account: ProfileAccount) -> str:
    """Another one for each app password, so that a device sees a newer profile in it."""
    named = f"{account.calendars_url} {account.username} {identifier} {account.app_password_id}"
    return str(uuid.uuid5(uuid.NAMESPACE_URL, named)).upper()


def _audit(tx: Tx, action: str, user: User, *, integration: Integration, number: int, now: datetime) -> None:
    source = Source(authority=Authority.PRACTICE, user_id=user.id, agent=_AGENT)
    tx.trail.audit(action, connection.subject_of(integration), source=source, at=now, detail={"ticket": number})
