"""Mirrors, for those that change what an integration shows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, insert, select, update

from hxdav.domain.appointment import Appointment
from hxdav.domain.ids import AppointmentId, ETag, Href, IntegrationId, MirrorId, Modseq, PractitionerId, Uid
from hxdav.domain.mirror import Mirror, MirrorState
from hxdav.store.rows import IntegrationRow, MirrorRow, table_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """Which mirror of an appointment in an integration this is.

    The revision goes on counting from mirror to mirror: an entity tag that a client was shown once, and that was taken
    back to make it fetch again, never comes back.
    """

    generation: int
    revision: int


FIRST = Succession(generation=1, revision=1)
"""The succession of an appointment's first mirror in an integration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMirror:
    """A mirror to add."""

    appointment: Appointment
    integration_id: IntegrationId
    succession: Succession
    href: Href
    uid: Uid
    etag: ETag
    modseq: Modseq
    state: MirrorState = MirrorState.SHOWN


class Mirrors:
    """Reads and writes mirrors."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def at(self, integration_id: IntegrationId, href: Href) -> Mirror | None:
        """What an integration has, shown or hidden, at ``href``."""
        row = self._connection.execute(_AT, {"integration": integration_id, "href": href}).first()
        return _mirror(row) if row else None

    def one(self, mirror_id: MirrorId) -> Mirror:
        """One mirror, of any state."""
        return _mirror(self._connection.execute(_ONE, {"mirror": mirror_id}).one())

    def shown_in(self, integration_id: IntegrationId) -> list[Mirror]:
        """Everything that an integration shows."""
        query = _MIRRORS.where(MirrorRow.integration_id == integration_id, MirrorRow.state == MirrorState.SHOWN)
        return [_mirror(row) for row in self._connection.execute(query.order_by(MirrorRow.id))]

    def rename(self, mirror_id: MirrorId, uid: Uid) -> None:
        """Know a mirror by the UID that its provider has given it."""
        self._connection.execute(update(_MIRROR).where(_MIRROR.c.id == mirror_id).values(uid=uid))

    def known_by(self, practitioner_id: PractitionerId, uid: Uid) -> list[Mirror]:
        """Every mirror of the practitioner's, of any state, that goes by ``uid``, the latest first."""
        rows = self._connection.execute(_KNOWN_BY, {"practitioner": practitioner_id, "uid": uid})
        return [_mirror(row) for row in rows]

    def of(self, appointment_id: AppointmentId) -> list[Mirror]:
        """Every mirror of an appointment, of any state, oldest first."""
        return [_mirror(row) for row in self._connection.execute(_OF, {"appointment": appointment_id})]

    def succession(self, integration_id: IntegrationId, appointment_id: AppointmentId) -> Succession:
        """What the next mirror of an appointment in an integration is; the first is 1 in both."""
        query = select(func.max(MirrorRow.generation), func.max(MirrorRow.revision)).where(
            MirrorRow.integration_id == integration_id, MirrorRow.appointment_id == appointment_id
        )
        generation, revision = self._connection.execute(query).one()
        return Succession(generation=(generation or 0) + 1, revision=(revision or 0) + 1)

    def known_by_any(self, practitioner_id: PractitionerId, uids: Collection[Uid]) -> dict[Uid, Mirror]:
        """Return of each of these UIDs the latest mirror of the practitioner's, of any state, that goes by it."""
        rows = self._connection.execute(_KNOWN_BY_ANY, {"practitioner": practitioner_id, "uids": list(uids)})
        return {mirror.uid: mirror for mirror in map(_mirror, rows)}

    def add(self, mirrors: Sequence[NewMirror], *, at: datetime) -> None:
        """Show appointments in integrations, or hold their places there while they are hidden."""
        values = [
            {
                "practice_group_id": each.appointment.practice_group_id,
                "integration_id": each.integration_id,
                "appointment_id": each.appointment.id,
                "recurrence_id": "",
                "generation": each.succession.generation,
                "href": each.href,
                "uid": each.uid,
                "revision": each.succession.revision,
                "etag": each.etag,
                "state": each.state,
                "modseq": each.modseq,
                "changed_at": at,
            }
            for each in mirrors
        ]
        self._connection.execute(_ADD, values)

    def change(self, mirror: Mirror, *, at: datetime) -> None:
        """Store the revision, entity tag, state and modseq of a mirror."""
        self._connection.execute(
            _CHANGE,
            {
                "mirror": mirror.id,
                "revision": mirror.revision,
                "etag": mirror.etag,
                "state": mirror.state,
                "modseq": mirror.modseq,
                "changed_at": at,
            },
        )


_MIRRORS: Select[*tuple[Any, ...]] = select(
    MirrorRow.id,
    MirrorRow.integration_id,
    MirrorRow.appointment_id,
    MirrorRow.generation,
    MirrorRow.href,
    MirrorRow.uid,
    MirrorRow.revision,
    MirrorRow.etag,
    MirrorRow.state,
    MirrorRow.modseq,
)

_ONE = _MIRRORS.where(MirrorRow.id == bindparam("mirror"))

_AT = _MIRRORS.where(
    MirrorRow.integration_id == bindparam("integration"),
    MirrorRow.href == bindparam("href"),
    MirrorRow.state != MirrorState.LEFT,
)

_KNOWN_BY = (
    _MIRRORS.join(IntegrationRow, IntegrationRow.id == MirrorRow.integration_id)
    .where(IntegrationRow.practitioner_id == bindparam("practitioner"), MirrorRow.uid == bindparam("uid"))
    .order_by(MirrorRow.id.desc())
)

_KNOWN_BY_ANY = (
    _MIRRORS.join(IntegrationRow, IntegrationRow.id == MirrorRow.integration_id)
    .where(
        IntegrationRow.practitioner_id == bindparam("practitioner"),
        MirrorRow.uid.in_(bindparam("uids", expanding=True)),
    )
    .order_by(MirrorRow.id)
)

_OF = _MIRRORS.where(MirrorRow.appointment_id == bindparam("appointment")).order_by(MirrorRow.id)

_MIRROR = table_of(MirrorRow)
_ADD = insert(_MIRROR)
_CHANGE = (
    update(_MIRROR)
    .where(_MIRROR.c.id == bindparam("mirror"))
    .values({name: bindparam(name) for name in ("revision", "etag", "state", "modseq", "changed_at")})
)


def _mirror(row: Row[*tuple[Any, ...]]) -> Mirror:
    return Mirror(
        id=MirrorId(row.id),
        integration_id=IntegrationId(row.integration_id),
        appointment_id=AppointmentId(row.appointment_id),
        generation=row.generation,
        href=Href(row.href),
        uid=Uid(row.uid),
        revision=row.revision,
        etag=ETag(row.etag),
        state=MirrorState(row.state),
        modseq=Modseq(row.modseq),
    )
