"""The private calendar address: for programs that can subscribe to a calendar, and do no more than read it.

Whoever knows the address reads what it shows, and nobody can tell who that is. So it tells no more of patients than the
practice lets any outside CalDAV account know (rule 11).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from hxdav import __version__
from hxdav.domain.appointment import Appointment
from hxdav.domain.edit import Source
from hxdav.domain.ids import AppointmentId, Uid
from hxdav.domain.integration import Service, calendar_name
from hxdav.domain.mirror import OWN_DOMAIN
from hxdav.domain.policy import Policy
from hxdav.domain.practice import PracticeGroup, Practitioner
from hxdav.domain.privacy import PrivacyLevel, level_of
from hxdav.domain.subscription import SubscriptionState
from hxdav.domain.times import Clock, day_of
from hxdav.domain.window import Window
from hxdav.errors import UseCaseError
from hxdav.ical.objects import object_of
from hxdav.ical.occurrence_index import starts_within
from hxdav.secrets.keyring import Keyring
from hxdav.store.store import Tx
from hxdav.store.trail import Subject
from hxdav.store.web_feeds import WebFeed

_TOLD_LIKE = Service.CALDAV
_BY_DEFAULT = PrivacyLevel.APPOINTMENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What a private address shows at this moment; ``etag`` (without quotes) changes whenever its text may."""

    feed: WebFeed
    name: str
    level: PrivacyLevel
    zone: ZoneInfo
    window: Window
    etag: str

    def uid_of(self, appointment_id: AppointmentId) -> Uid:
        """The UID that an appointment has here and nowhere else, so that it tells nothing of another calendar."""
        named = f"feed/{self.feed.id}/{appointment_id}"
        return Uid(f"{hashlib.sha256(named.encode()).hexdigest()[:32]}@{OWN_DOMAIN}")


def ceiling_of(group: PracticeGroup) -> PrivacyLevel:
    """The most that the practice lets a private address tell of patient appointments."""
    return level_of(_TOLD_LIKE, most=group.privacy.get(_TOLD_LIKE), chosen=None)


def level_in(group: PracticeGroup, feed: WebFeed) -> PrivacyLevel:
    """What a private address tells of patient appointments."""
    return level_of(_TOLD_LIKE, most=group.privacy.get(_TOLD_LIKE), chosen=feed.privacy)


def make_address(tx: Tx, clock: Clock, keyring: Keyring, *, practitioner: Practitioner, source: Source) -> str:
    """The secret of a new private address, which is told this once; one that there was before leads nowhere any more.

    Raises UseCaseError where calendar synchronisation does not run (rule 1).
    """
    subscription = tx.subscriptions.of(practitioner.id)
    if subscription is None or subscription.state is not SubscriptionState.RUNNING:
        raise UseCaseError("Calendar synchronisation does not run. Buy it first; then a private address can be made.")
    secret, now = secrets.token_urlsafe(32), clock.now()
    digest = keyring.web_feed_digest(secret)
    if tx.web_feeds.of(practitioner.id):
        tx.web_feeds.change(practitioner.id, digest=digest, now=now)
    else:
        today = day_of(now, ZoneInfo(tx.people.practice_group(practitioner.practice_group_id).zone))
        tx.web_feeds.add(practitioner, digest=digest, privacy=_BY_DEFAULT, opened_on=today, now=now)
    tx.trail.audit("private_address_made", _subject(practitioner), source=source, at=now)
    return secret


def revoke_address(tx: Tx, clock: Clock, *, practitioner: Practitioner, source: Source) -> None:
    """Let a practitioner's private address lead nowhere any more; nothing happens where there is none."""
    if tx.web_feeds.of(practitioner.id):
        tx.web_feeds.remove(practitioner.id)
        tx.trail.audit("private_address_revoked", _subject(practitioner), source=source, at=clock.now())


def set_level(tx: Tx, clock: Clock, *, practitioner: Practitioner, level: PrivacyLevel, source: Source) -> None:
    """Have a private address tell so much of patient appointments (rule 11); UseCaseError where that is too much."""
    group = tx.people.practice_group(practitioner.practice_group_id)
    if tx.web_feeds.of(practitioner.id) is None:
        raise UseCaseError("There is no private address. Make one first.")
    if level.detail > ceiling_of(group).detail:
        raise UseCaseError("Your practice does not let a private address tell so much.")
    tx.web_feeds.set_privacy(practitioner.id, level)
    detail = {"privacy": level.value}
    tx.trail.audit("private_address_privacy", _subject(practitioner), source=source, at=clock.now(), detail=detail)


def publication(tx: Tx, clock: Clock, policy: Policy, *, digest: str) -> Publication | None:
    """What the private address with this hash shows; None where it leads nowhere, or its person may not come in."""
    feed = tx.web_feeds.find(digest)
    if feed is None or not _may_come_in(tx, tx.people.practitioner(feed.practitioner_id)):
        return None
    group = tx.people.practice_group(feed.practice_group_id)
    zone = ZoneInfo(group.zone)
    today = day_of(clock.now(), zone)
    name, level = calendar_name(group.name, feed.opened_on, (), is_first=True), level_in(group, feed)
    known_by = (
        tx.installation.epoch(),
        feed.id,
        feed.modseq,
        feed.opened_on,
        today,
        level,
        zone.key,
        name,
        __version__,
    )
    return Publication(
        feed=feed,
        name=name,
        level=level,
        zone=zone,
        window=Window.of(policy, connected_on=feed.opened_on, now=clock.now(), practice_zone=zone),
        etag=hashlib.sha256("\n".join(map(str, known_by)).encode()).hexdigest()[:32],
    )


def published(tx: Tx, shown: Publication) -> Iterator[Appointment]:
    """The appointments that a private address shows: those with an occurrence that starts in its window (rule 4)."""
    within = shown.window.interval
    for each in tx.appointments.some(tx.occurrences.taking_place(shown.feed.practitioner_id, within)):
        if each.is_gone:
            enters = False
        elif not each.recurring:
            enters = shown.window.admits(each.starts)
        else:
            enters = starts_within(object_of(each.text), within, practice_zone=shown.zone)
        if enters:
            yield each


def _may_come_in(tx: Tx, practitioner: Practitioner) -> bool:
    if not practitioner.enabled or practitioner.user_id is None:
        return False
    user = tx.people.user(practitioner.user_id)
    return user.enabled and user.suspended_at is None


def _subject(practitioner: Practitioner) -> Subject:
    return Subject(practice_group_id=practitioner.practice_group_id, practitioner_id=practitioner.id)
