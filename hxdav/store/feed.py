"""What an integration shows, for those that read it: polls, changes, objects and ranges (docs/store.md, docs/speed.md).

Cost follows the number of changes and of objects asked for, never the size of the calendar.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, or_, select, union_all

from hxdav.domain.access import why_shut
from hxdav.domain.ids import AppPasswordId, Epoch, ETag, Href, IntegrationId, Modseq, Uid, UserId
from hxdav.domain.integration import IntegrationState, Service
from hxdav.domain.mirror import MirrorState
from hxdav.domain.refusal import Reason
from hxdav.domain.subscription import SubscriptionState
from hxdav.domain.times import Interval
from hxdav.store.app_passwords import IN_FORCE, MAY_COME_IN
from hxdav.store.rows import (
    AppointmentRow,
    AppPasswordRow,
    InstallationRow,
    IntegrationRow,
    MirrorRow,
    OccurrenceRow,
    PractitionerRow,
    SubscriptionRow,
    UserRow,
)
from hxdav.store.rows.base import verbatim
from hxdav.store.seconds import LENGTHY, seconds_of

_BATCH = 500
"""How many hrefs one statement names: databases limit the number of parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """Everything that the answer to a poll is made of. ``subscription`` is None where there never was one."""

    user_id: UserId
    enabled: bool
    app_password_id: AppPasswordId
    last_used_at: datetime | None
    integration_id: IntegrationId
    state: IntegrationState
    subscription: SubscriptionState | None
    modseq: Modseq
    purge_floor: Modseq
    epoch: Epoch
    frozen_at: datetime | None = None

    @property
    def closed(self) -> Reason | None:
        """Why the calendar can only be read, if so."""
        return why_shut(self.state, self.subscription, frozen_at=self.frozen_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedChange:
    """That an object is now as ``etag`` says, or, where that is None, no longer there."""

    href: Href
    etag: ETag | None
    modseq: Modseq


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownObject:
    """A calendar object as it is kept, under its own ``uid``, and the ``shown_uid`` to send it with."""

    href: Href
    etag: ETag
    text: str
    uid: Uid
    shown_uid: Uid
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class InRange:
    """``found`` take place in the range; of ``candidates`` the index cannot tell, so their rule has to be read."""

    found: list[ShownObject]
    candidates: list[ShownObject]


class Feed:
    """Reads what integrations show."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def poll(self, *, username: str, digest: str, slug: str, now: datetime) -> Poll | None:
        """A poll's answer, if the password is right and the collection is that user's; one indexed read."""
        values = {"username": username, "digest": digest, "slug": slug, "now": now}
        row = self._connection.execute(_POLL, values).first()
        if row is None:
            return None
        return Poll(
            user_id=UserId(row.user_id),
            enabled=row.enabled,
            app_password_id=AppPasswordId(row.app_password_id),
            last_used_at=row.last_used_at,
            integration_id=IntegrationId(row.integration_id),
            state=IntegrationState(row.state),
            subscription=None if row.subscription is None else SubscriptionState(row.subscription),
            modseq=Modseq(row.modseq),
            purge_floor=Modseq(row.purge_floor),
            epoch=Epoch(row.epoch),
            frozen_at=row.frozen_at,
        )

    def changes(self, integration_id: IntegrationId, since: Modseq, *, limit: int | None = None) -> list[FeedChange]:
        """What changed after ``since``, in the order in which it did; at most ``limit`` rows of the feed.

        An href that has been used twice is reported once, as it is now.
        """
        query = _CHANGES if limit is None else _CHANGES.limit(limit)
        latest: dict[str, FeedChange] = {}
        for href, etag, state, modseq in self._connection.execute(
            query, {"integration": integration_id, "since": since}
        ):
            is_shown = state == MirrorState.SHOWN
            known = latest.get(href)
            # MOVE and re-use write an old and a new mirror with one modseq: the one that is shown wins.
            if known is None or is_shown or (known.etag is None):
                latest[href] = FeedChange(href=Href(href), etag=ETag(etag) if is_shown else None, modseq=Modseq(modseq))
        return list(latest.values())

    def listing(self, integration_id: IntegrationId) -> list[FeedChange]:
        """Everything that is shown."""
        rows = self._connection.execute(_LISTING, {"integration": integration_id})
        return [FeedChange(href=Href(href), etag=ETag(etag), modseq=Modseq(modseq)) for href, etag, modseq in rows]

    def objects(self, integration_id: IntegrationId, hrefs: Sequence[str]) -> dict[str, ShownObject]:
        """Those of ``hrefs`` that are shown, by href."""
        found: dict[str, ShownObject] = {}
        for start in range(0, len(hrefs), _BATCH):
            values = {"integration": integration_id, "hrefs": hrefs[start : start + _BATCH]}
            for row in self._connection.execute(_OBJECTS_AT, values):
                found[row[0]] = _shown(row)
        return found

    def every_object(self, integration_id: IntegrationId) -> Iterator[ShownObject]:
        """Everything that is shown, with its text."""
        for row in self._connection.execute(_OBJECTS, {"integration": integration_id}):
            yield _shown(row)

    def in_range(self, integration_id: IntegrationId, within: Interval) -> InRange:
        """What takes place in ``within``: the index knows, except for series that reach beyond what is indexed."""
        starts, ends = seconds_of(within.starts), seconds_of(within.ends)
        values = {"integration": integration_id, "starts": starts, "ends": ends, "reach": starts - LENGTHY}
        found = {row[0]: _shown(row) for row in self._connection.execute(_IN_RANGE, values)}
        candidates = [_shown(row) for row in self._connection.execute(_BEYOND_INDEX, values) if row[0] not in found]
        return InRange(found=list(found.values()), candidates=candidates)


_POLL = (
    select(
        UserRow.id.label("user_id"),
        # A practitioner who has left the practice may still be its administrator: the calendar goes, the login stays.
        and_(MAY_COME_IN, PractitionerRow.enabled).label("enabled"),
        AppPasswordRow.id.label("app_password_id"),
        AppPasswordRow.last_used_at,
        IntegrationRow.id.label("integration_id"),
        IntegrationRow.state,
        SubscriptionRow.state.label("subscription"),
        IntegrationRow.modseq,
        IntegrationRow.purge_floor,
        IntegrationRow.frozen_at,
        InstallationRow.epoch,
    )
    .select_from(AppPasswordRow)
    .join(UserRow, UserRow.id == AppPasswordRow.user_id)
    .join(PractitionerRow, PractitionerRow.user_id == UserRow.id)
    .join(IntegrationRow, IntegrationRow.practitioner_id == PractitionerRow.id)
    .join(InstallationRow, InstallationRow.id == 1)
    .outerjoin(SubscriptionRow, SubscriptionRow.practitioner_id == PractitionerRow.id)
    .where(
        AppPasswordRow.digest == bindparam("digest"),
        UserRow.username == bindparam("username"),
        IntegrationRow.slug == bindparam("slug"),
        IntegrationRow.service == verbatim(Service.NATIVE),
        IN_FORCE,
    )
)

_HERE = and_(MirrorRow.integration_id == bindparam("integration"), MirrorRow.state == MirrorState.SHOWN)

_CHANGES = (
    select(MirrorRow.href, MirrorRow.etag, MirrorRow.state, MirrorRow.modseq)
    .where(MirrorRow.integration_id == bindparam("integration"), MirrorRow.modseq > bindparam("since"))
    .order_by(MirrorRow.modseq, MirrorRow.id)
)

_LISTING = select(MirrorRow.href, MirrorRow.etag, MirrorRow.modseq).where(_HERE).order_by(MirrorRow.id)

_OBJECTS: Select[*tuple[Any, ...]] = (
    select(
        MirrorRow.href,
        MirrorRow.etag,
        AppointmentRow.text,
        AppointmentRow.uid,
        MirrorRow.uid.label("shown_uid"),
        MirrorRow.changed_at,
    )
    .join(AppointmentRow, AppointmentRow.id == MirrorRow.appointment_id)
    .where(_HERE)
)

_OBJECTS_AT = _OBJECTS.where(MirrorRow.href.in_(bindparam("hrefs", expanding=True)))

_THE_PRACTITIONER = (
    select(IntegrationRow.practitioner_id).where(IntegrationRow.id == bindparam("integration")).scalar_subquery()
)

_BEFORE_THE_END = and_(OccurrenceRow.practitioner_id == _THE_PRACTITIONER, OccurrenceRow.starts < bindparam("ends"))

# An occurrence without length counts where it starts (RFC 4791 §9.9).
_LASTS_INTO = or_(
    OccurrenceRow.ends > bindparam("starts"),
    and_(OccurrenceRow.ends == OccurrenceRow.starts, OccurrenceRow.starts >= bindparam("starts")),
)

# Two questions, each a range of the index, where one with "or" would be a walk through all occurrences.
_TAKES_PLACE = union_all(
    select(OccurrenceRow.appointment_id).where(
        _BEFORE_THE_END, OccurrenceRow.lengthy.is_(False), OccurrenceRow.starts >= bindparam("reach"), _LASTS_INTO
    ),
    select(OccurrenceRow.appointment_id).where(_BEFORE_THE_END, OccurrenceRow.lengthy.is_(True), _LASTS_INTO),
)

_IN_RANGE = _OBJECTS.where(MirrorRow.appointment_id.in_(_TAKES_PLACE))

_BEYOND_INDEX = _OBJECTS.where(
    AppointmentRow.practitioner_id == _THE_PRACTITIONER,
    AppointmentRow.indexed_until.is_not(None),
    or_(AppointmentRow.indexed_until < bindparam("ends"), AppointmentRow.indexed_from > bindparam("starts")),
    AppointmentRow.starts < bindparam("ends"),
    or_(AppointmentRow.ends.is_(None), AppointmentRow.ends >= bindparam("starts")),
)


def _shown(row: Row[*tuple[Any, ...]]) -> ShownObject:
    return ShownObject(href=row[0], etag=row[1], text=row[2], uid=row[3], shown_uid=row[4], changed_at=row[5])
