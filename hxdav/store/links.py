"""Links: what each mirror of a bridged integration is at its provider."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.orm import aliased

from hxdav.domain.bridge import NOT_REMOVED, RETRACTED, Bridge, Link
from hxdav.domain.ids import IntegrationId, LinkId, MirrorId, PracticeGroupId
from hxdav.domain.mirror import MirrorState
from hxdav.domain.times import Interval
from hxdav.store.rows import AppointmentRow, LinkRow, MirrorRow, table_of
from hxdav.store.seconds import seconds_of

WHOLE = ""
"""The recurrence id of the link that stands for a whole object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A mirror whose side of the bridge has changed."""

    mirror_id: MirrorId
    etag: str
    state: MirrorState


class Links:
    """Reads and writes links."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def at(self, integration_id: IntegrationId, remote_id: str) -> Link | None:
        """The link of an object at the provider."""
        row = self._connection.execute(_AT, {"integration": integration_id, "remote": remote_id}).first()
        return _link(row) if row else None

    def of(self, mirror_id: MirrorId) -> dict[str, Link]:
        """A mirror's links by recurrence id; usually just the one that is ``WHOLE``."""
        return {row.recurrence_id: _link(row) for row in self._connection.execute(_OF, {"mirror": mirror_id})}

    def put(self, link: Link, *, at: datetime) -> None:
        """Add a link (its id is 0) or store it as it is now."""
        values = {name: getattr(link, name) for name in _COLUMNS} | {"changed_at": at}
        if link.id:
            self._connection.execute(_CHANGE, {"link": link.id, **values})
        else:
            self._connection.execute(_ADD, values)

    def drop(self, link_id: LinkId) -> None:
        """Forget a link."""
        self._connection.execute(delete(LinkRow).where(LinkRow.id == link_id))

    def see(self, link_id: LinkId, listing: int) -> None:
        """Remember that a listing has shown an object."""
        self._connection.execute(_SEE, {"link": link_id, "listing": listing})

    def unseen(self, bridge: Bridge, *, within: Interval | None, limit: int) -> list[Link]:
        """Objects that should be at the provider, and that its listing, of what is ``within``, has not shown."""
        query = _LINKS.where(
            LinkRow.integration_id == bridge.integration_id,
            LinkRow.seen_in < bridge.listing,
            LinkRow.tag.is_not(None),
        ).limit(limit)
        if within is not None:
            query = query.where(~_takes_place_outside(within))
        return [_link(row) for row in self._connection.execute(query)]

    def pending(
        self, bridge: Bridge, *, now: datetime, limit: int, without: Collection[MirrorId] = ()
    ) -> list[Pending]:
        """Mirrors whose side has changed since it was last pushed: edits first, then what is new, the nearest first."""
        values = {
            "integration": bridge.integration_id,
            "since": bridge.pushed_modseq,
            "now": seconds_of(now),
            "without": [*without, 0],
        }
        return [
            Pending(mirror_id=MirrorId(row.id), etag=row.etag, state=MirrorState(row.state))
            for row in self._connection.execute(_PENDING.limit(limit), values)
        ]

    def waiting(self, bridge: Bridge) -> tuple[int, datetime | None]:
        """How many mirrors wait to be pushed, and since when the oldest of them does."""
        values = {"integration": bridge.integration_id, "since": bridge.pushed_modseq, "now": 0, "without": [0]}
        inner = _PENDING.order_by(None).subquery()
        found = select(func.count(), func.min(MirrorRow.changed_at)).where(MirrorRow.id.in_(select(inner.c.id)))
        number, since = self._connection.execute(found, values).one()
        return number, since

    def apart(self, integration_id: IntegrationId) -> list[Link]:
        """What is left alone: objects that were not taken in, and such of ours that the provider does not take."""
        query = _LINKS.where(
            LinkRow.integration_id == integration_id, LinkRow.parked.is_not(None), LinkRow.parked != RETRACTED
        )
        return [_link(row) for row in self._connection.execute(query.order_by(LinkRow.id))]

    def awaited(self, integration_id: IntegrationId) -> list[Link]:
        """Single events of series that are being made, of which nothing has been heard yet."""
        query = _LINKS.where(
            LinkRow.integration_id == integration_id,
            LinkRow.mirror_id.is_not(None),
            LinkRow.recurrence_id != WHOLE,
            LinkRow.tag.is_(None),
        )
        return [_link(row) for row in self._connection.execute(query)]

    def of_integration(self, integration_id: IntegrationId) -> list[Link]:
        """Every link of an integration."""
        query = _LINKS.where(LinkRow.integration_id == integration_id).order_by(LinkRow.id)
        return [_link(row) for row in self._connection.execute(query)]

    def to_clear(self, integration_id: IntegrationId, *, limit: int) -> list[Link]:
        """What hxdav wrote into a calendar that was disconnected, and takes out because it is in another now."""
        query = (
            _LINKS.join(MirrorRow, MirrorRow.id == LinkRow.mirror_id)
            .where(
                LinkRow.integration_id == integration_id,
                LinkRow.tag.is_not(None),
                LinkRow.is_ours,
                LinkRow.parked.is_(None),
                MirrorRow.state == MirrorState.LEFT,
            )
            .order_by(LinkRow.id)
            .limit(limit)
        )
        return [_link(row) for row in self._connection.execute(query)]

    def renew_singles(self, integration_id: IntegrationId) -> None:
        """Look anew at each series that goes as single events: the window has moved."""
        parts = aliased(LinkRow)
        has_singles = exists().where(parts.mirror_id == LinkRow.mirror_id, parts.recurrence_id != WHOLE)
        self._connection.execute(
            update(LinkRow)
            .where(
                LinkRow.integration_id == integration_id,
                LinkRow.recurrence_id == WHOLE,
                LinkRow.mirror_id.is_not(None),
                # Of a series none of whose events was in the window yet there is only the whole, with nothing there.
                or_(has_singles, and_(LinkRow.remote_id.is_(None), LinkRow.parked.is_(None))),
            )
            .values(mirror_etag="")
        )


_COLUMNS = (
    "practice_group_id",
    "integration_id",
    "mirror_id",
    "recurrence_id",
    "remote_id",
    "tag",
    "base",
    "sent",
    "mirror_etag",
    "revision",
    "is_ours",
    "parked",
    "seen_in",
)

_LINK = table_of(LinkRow)
_LINKS = select(LinkRow.id, *(_LINK.c[name] for name in _COLUMNS))
_AT = _LINKS.where(LinkRow.integration_id == bindparam("integration"), LinkRow.remote_id == bindparam("remote"))
_OF = _LINKS.where(LinkRow.mirror_id == bindparam("mirror"))
_ADD = insert(_LINK)
_CHANGE = (
    update(_LINK)
    .where(_LINK.c.id == bindparam("link"))
    .values({name: bindparam(name) for name in (*_COLUMNS, "changed_at")})
)
_SEE = update(_LINK).where(_LINK.c.id == bindparam("link")).values(seen_in=bindparam("listing"))

_AT_PROVIDER = aliased(LinkRow)
_IS_THERE = exists().where(_AT_PROVIDER.mirror_id == MirrorRow.id, _AT_PROVIDER.tag.is_not(None))

OF_WHOLE = and_(LinkRow.mirror_id == MirrorRow.id, LinkRow.recurrence_id == WHOLE)
"""Whether a link is a mirror's as a whole."""

IS_PENDING = or_(
    and_(
        MirrorRow.state == MirrorState.SHOWN,
        or_(LinkRow.id.is_(None), LinkRow.mirror_etag != MirrorRow.etag),
    ),
    # One whose last edit was not taken is removed all the same.
    and_(MirrorRow.state == MirrorState.LEFT, LinkRow.parked.is_distinct_from(NOT_REMOVED), _IS_THERE),
)
"""Whether the provider is still to be told what a mirror is; its link as a whole is joined, if there is one."""

_PENDING = (
    select(MirrorRow.id, MirrorRow.etag, MirrorRow.state)
    .join(AppointmentRow, AppointmentRow.id == MirrorRow.appointment_id)
    .outerjoin(LinkRow, OF_WHOLE)
    .where(
        MirrorRow.integration_id == bindparam("integration"),
        MirrorRow.modseq > bindparam("since"),
        MirrorRow.id.not_in(bindparam("without", expanding=True)),
        IS_PENDING,
    )
    .order_by(
        case((LinkRow.id.is_not(None), 0), else_=1),
        case((AppointmentRow.starts >= bindparam("now"), 0), else_=1),
        AppointmentRow.starts,
        MirrorRow.id,
    )
)


def _takes_place_outside(span: Interval) -> ColumnElement[bool]:
    """Whether a link's appointment is all before or all after ``span``; false of what is no appointment."""
    return exists().where(
        MirrorRow.id == LinkRow.mirror_id,
        AppointmentRow.id == MirrorRow.appointment_id,
        or_(AppointmentRow.ends < seconds_of(span.starts), AppointmentRow.starts > seconds_of(span.ends)),
    )


def _link(row: Row[*tuple[Any, ...]]) -> Link:
    return Link(
        id=LinkId(row.id),
        practice_group_id=PracticeGroupId(row.practice_group_id),
        integration_id=IntegrationId(row.integration_id),
        mirror_id=None if row.mirror_id is None else MirrorId(row.mirror_id),
        recurrence_id=row.recurrence_id,
        remote_id=row.remote_id,
        tag=row.tag,
        base=row.base,
        sent=row.sent,
        mirror_etag=row.mirror_etag,
        revision=row.revision,
        is_ours=row.is_ours,
        parked=row.parked,
        seen_in=row.seen_in,
    )
