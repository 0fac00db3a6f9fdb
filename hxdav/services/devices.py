"""App passwords: one for each device, shown once, revocable (`design.md` rule 2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import AppPasswordId
from hxdav.domain.practice import Practitioner
from hxdav.domain.times import Clock
from hxdav.errors import NotFound, UseCaseError
from hxdav.secrets.keyring import Keyring
from hxdav.secrets.passwords import new_app_password
from hxdav.services.logins import PractitionerLogin
from hxdav.store.store import Tx
from hxdav.store.trail import Subject


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
