"""App passwords: one for each device, shown once, revocable (rule 2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import AppPasswordId
from hxdav.domain.integration import Integration, IntegrationState, Service
from hxdav.domain.policy import Policy
from hxdav.domain.practice import Practitioner
from hxdav.domain.times import Clock, Interval
from hxdav.errors import NotFound, UseCaseError
from hxdav.secrets.keyring import Keyring
from hxdav.secrets.passwords import new_app_password
from hxdav.services.access.logins import PractitionerLogin
from hxdav.services.integrations import connection, control
from hxdav.store.store import Tx
from hxdav.store.trail import AuditEntry, AuditSearch, Subject

LOOKED_BACK = timedelta(days=7)
"""How far back it is told what a lost device did."""

_SHOWN = 100
_USABLE = frozenset({IntegrationState.CONNECTED, IntegrationState.CONNECTING})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAppPassword:
    """An app password, for the one time that it is shown."""

    id: AppPasswordId
    password: str


def create_app_password(
    tx: Tx, clock: Clock, keyring: Keyring, *, login: PractitionerLogin, label: str, expires_at: datetime | None
) -> NewAppPassword:
    """Make an app password for one of the practitioner's devices."""
    now = clock.now()
    if not label.strip():
        raise UseCaseError("An app password needs a label that says which device it is for.")
    if expires_at is not None and expires_at <= now:
        raise UseCaseError("An app password has to expire later than now.")
    password = new_app_password()
    app_password_id = tx.app_passwords.add(
        practice_group_id=login.user.practice_group_id,
        user_id=login.user.id,
        label=label.strip(),
        digest=keyring.app_password_digest(password),
        created_at=now,
        expires_at=expires_at,
    )
    _audit(tx, "app_password_created", login.practitioner, login=login, app_password_id=app_password_id, at=now)
    return NewAppPassword(id=app_password_id, password=password)


def revoke_app_password(tx: Tx, clock: Clock, *, login: PractitionerLogin, app_password_id: AppPasswordId) -> None:
    """Make one of the practitioner's app passwords worthless at once."""
    now = clock.now()
    if not tx.app_passwords.revoke(login.user.id, app_password_id, now=now):
        raise NotFound(f"{login.user.username} has no app password {app_password_id} that is in force.")
    _audit(tx, "app_password_revoked", login.practitioner, login=login, app_password_id=app_password_id, at=now)


def calendar_for_devices(tx: Tx, clock: Clock, *, practitioner: Practitioner, source: Source) -> Integration:
    """The calendar that a new device shows: the one that is connected here, or a first one.

    An app password opens all that a practitioner has here, so another calendar would show every appointment twice.
    Raises UseCaseError where calendar synchronisation does not run (rule 1).
    """
    connection.require_subscription(tx, practitioner)
    found = [
        each for each in tx.integrations.of(practitioner.id) if each.service is Service.NATIVE and each.state in _USABLE
    ]
    return found[-1] if found else connection.connect_native(tx, clock, practitioner=practitioner, source=source)


def report_lost(
    tx: Tx,
    clock: Clock,
    policy: Policy,
    *,
    login: PractitionerLogin,
    integration: Integration,
    app_password_id: AppPasswordId | None,
) -> None:
    """Shut a lost device out, and take nothing in any more from the calendar that it edited (`steering.freeze`).

    Without ``app_password_id`` it is one that edits the calendar in an account elsewhere, or was shut out before.
    Profiles that wait to be fetched are revoked: the device may be what they are for.
    """
    source = Source(authority=Authority.PRACTICE, user_id=login.user.id)
    subject = connection.subject_of(integration)
    now = clock.now()
    if app_password_id is not None:
        revoke_app_password(tx, clock, login=login, app_password_id=app_password_id)
    detail = {"app_password_id": app_password_id}
    tx.trail.audit("device_lost", subject, source=source, at=now, detail=detail)
    tx.profile_tickets.revoke(login.user.id, now=now)
    control.ask_before_removing(
        tx, clock, policy, integration=integration, source=source, app_password_id=app_password_id
    )
    if tx.integrations.one(integration.id).state is not IntegrationState.DISCONNECTED:
        control.freeze(tx, clock, policy, integration=integration, source=source)


def recent_edits(
    tx: Tx, clock: Clock, *, integration: Integration, app_password_id: AppPasswordId | None
) -> list[AuditEntry]:
    """What came in through an integration in the last seven days, by that device or by any, the latest first."""
    now = clock.now()
    wanted = AuditSearch(
        practice_group_id=integration.practice_group_id,
        authority=Authority.OUTSIDE,
        # An app password opens all calendars of its practitioner, and what it did in any of them matters.
        integration_id=integration.id if app_password_id is None else None,
        app_password_id=app_password_id,
        within=Interval(now - LOOKED_BACK, now + timedelta(seconds=1)),
    )
    return tx.trail.latest(wanted, before=None, limit=_SHOWN)


def _audit(
    tx: Tx,
    action: str,
    practitioner: Practitioner,
    *,
    login: PractitionerLogin,
    app_password_id: AppPasswordId,
    at: datetime,
) -> None:
    subject = Subject(practice_group_id=practitioner.practice_group_id, practitioner_id=practitioner.id)
    source = Source(authority=Authority.PRACTICE, user_id=login.user.id, app_password_id=app_password_id)
    tx.trail.audit(action, subject, source=source, at=at)
