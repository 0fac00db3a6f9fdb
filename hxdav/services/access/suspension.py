"""Suspending: an administrator stops access to a calendar or by a user; nothing is deleted (rule 2)."""

from __future__ import annotations

from hxdav.domain.edit import Source
from hxdav.domain.ids import PracticeGroupId
from hxdav.domain.integration import Integration, IntegrationState
from hxdav.domain.notification import NotificationKind
from hxdav.domain.practice import User
from hxdav.domain.times import Clock
from hxdav.errors import NotPermitted, UseCaseError
from hxdav.services.integrations.connection import locked, subject_of
from hxdav.store.store import Tx
from hxdav.store.trail import Subject


def suspend_integration(tx: Tx, clock: Clock, *, integration: Integration, source: Source) -> None:
    """Stop access to a calendar, which stays listed with all that it has; raises NotPermitted, UseCaseError."""
    _require_administrator(tx, integration.practice_group_id, source=source)
    present = locked(tx, integration)
    if present.state is not IntegrationState.CONNECTED:
        raise UseCaseError(f"Integration {integration.id} is {present.state}; only a connected one is suspended.")
    tx.integrations.set_state(integration.id, IntegrationState.SUSPENDED)
    subject = subject_of(integration)
    tx.trail.audit("integration_suspended", subject, source=source, at=clock.now())
    tx.notifications.tell(subject, kind=NotificationKind.CALENDAR_SUSPENDED, at=clock.now())


def unsuspend_integration(tx: Tx, clock: Clock, *, integration: Integration, source: Source) -> None:
    """Open a suspended calendar again, which was kept current meanwhile; raises NotPermitted, UseCaseError."""
    _require_administrator(tx, integration.practice_group_id, source=source)
    present = locked(tx, integration)
    if present.state is not IntegrationState.SUSPENDED:
        raise UseCaseError(f"Integration {integration.id} is not suspended.")
    tx.integrations.set_state(integration.id, IntegrationState.CONNECTED)
    subject = subject_of(integration)
    tx.trail.audit("integration_unsuspended", subject, source=source, at=clock.now())
    tx.notifications.tell(subject, kind=NotificationKind.CALENDAR_UNSUSPENDED, at=clock.now())


def suspend_user(tx: Tx, clock: Clock, *, user: User, source: Source) -> None:
    """Stop all access by a user, whose passwords stay as they are; raises NotPermitted, UseCaseError.

    Nobody suspends themselves, so that one administrator is always left who can lift it.
    """
    _require_administrator(tx, user.practice_group_id, source=source)
    if source.user_id == user.id:
        raise NotPermitted("Nobody suspends themselves. Ask another administrator of the practice.")
    if tx.people.user(user.id).suspended_at is not None:
        raise UseCaseError(f"The user {user.username} is suspended already.")
    tx.people.suspend_user(user.id, at=clock.now())
    _note(tx, clock, "user_suspended", user=user, source=source)
    _tell(tx, clock, NotificationKind.CALENDAR_SUSPENDED, user=user)


def unsuspend_user(tx: Tx, clock: Clock, *, user: User, source: Source) -> None:
    """Let a suspended user come in again."""
    _require_administrator(tx, user.practice_group_id, source=source)
    if tx.people.user(user.id).suspended_at is None:
        raise UseCaseError(f"The user {user.username} is not suspended.")
    tx.people.suspend_user(user.id, at=None)
    _note(tx, clock, "user_unsuspended", user=user, source=source)
    _tell(tx, clock, NotificationKind.CALENDAR_UNSUSPENDED, user=user)


def _require_administrator(tx: Tx, practice_group_id: PracticeGroupId, *, source: Source) -> None:
    """Raise NotPermitted where a user speaks who does not administer the practice group.

    Where nobody is named, it is whoever runs the command line, who speaks for the practice.
    """
    if source.user_id is None:
        return
    speaker = tx.people.user(source.user_id)
    if not speaker.administrator or speaker.practice_group_id != practice_group_id:
        raise NotPermitted(
            f"{speaker.username} is no administrator of this practice group. Only an administrator of it suspends a "
            "calendar or a user, or lifts that."
        )


def _note(tx: Tx, clock: Clock, action: str, *, user: User, source: Source) -> None:
    subject = Subject(practice_group_id=user.practice_group_id)
    tx.trail.audit(action, subject, source=source, at=clock.now(), detail={"user_id": user.id})


def _tell(tx: Tx, clock: Clock, kind: NotificationKind, *, user: User) -> None:
    """Tell the practitioner whose login it is, if it is one's, of each calendar that is shut or opened by that."""
    for integration in tx.integrations.of_user(user.id):
        if integration.state is IntegrationState.CONNECTED:
            tx.notifications.tell(subject_of(integration), kind=kind, at=clock.now())
