"""Integrations, their dead properties, and the counter that numbers a practitioner's changes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Integer, Row, bindparam, delete, func, insert, select, update

from hxdav.domain.access import why_shut
from hxdav.domain.ids import IntegrationId, Modseq, PracticeGroupId, PractitionerId, Slug, UserId
from hxdav.domain.integration import Integration, IntegrationState, Service
from hxdav.domain.practice import Practitioner
from hxdav.domain.refusal import Reason
from hxdav.domain.subscription import SubscriptionState
from hxdav.store.rows import (
    IntegrationRow,
    PracticeGroupRow,
    PractitionerRow,
    PropertyRow,
    SubscriptionRow,
    table_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeZone:
    """What the rules need to know of a practitioner's practice: its zone, an IANA name, and its tenant."""

    practice_group_id: PracticeGroupId
    name: str
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedIntegration:
    """An integration, its practice and the practitioner's subscription (None: never had one), read under the lock."""

    integration: Integration
    practice: PracticeZone
    subscription: SubscriptionState | None

    @property
    def shut(self) -> Reason | None:
        """Why no edit is taken in, if so."""
        return why_shut(self.integration.state, self.subscription, frozen_at=self.integration.frozen_at)

    @property
    def zone(self) -> ZoneInfo:
        """The practice's zone."""
        return ZoneInfo(self.practice.zone)


class Integrations:
    """Reads and writes integrations."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lock(self, practitioner_id: PractitionerId) -> PracticeZone:
        """Keep other writers from this practitioner until the transaction ends, so that what is read stays true.

        Several practitioners are locked in the order of their ids. On SQLite the transaction has the lock already.
        """
        return _practice(self._connection.execute(_LOCK, {"practitioner": practitioner_id}).one())

    def lock_place(self, integration_id: IntegrationId) -> LockedIntegration:
        """Lock the practitioner of an integration, and read what the rules need to know of it."""
        row = self._connection.execute(_LOCK_PLACE, {"integration": integration_id}).one()
        subscription = None if row.subscription is None else SubscriptionState(row.subscription)
        return LockedIntegration(integration=_integration(row), practice=_practice(row), subscription=subscription)

    def next_modseq(self, practitioner_id: PractitionerId) -> Modseq:
        """Number the next change to anything of this practitioner."""
        (modseq,) = self.next_modseqs(practitioner_id, 1)
        return modseq

    def next_modseqs(self, practitioner_id: PractitionerId, count: int) -> list[Modseq]:
        """Number the next ``count`` changes to anything of this practitioner."""
        last = self._connection.execute(_COUNT_ON, {"practitioner": practitioner_id, "count": count}).scalar_one()
        return [Modseq(number) for number in range(last - count + 1, last + 1)]

    def touch(self, integration_ids: Collection[IntegrationId], modseq: Modseq) -> None:
        """Say that what these integrations show changed with ``modseq``."""
        if integration_ids:
            self._connection.execute(_TOUCH, {"integrations": list(integration_ids), "touched_by": modseq})

    def add(
        self,
        practitioner: Practitioner,
        *,
        service: Service,
        slug: Slug,
        name: str,
        connected_on: date,
        modseq: Modseq,
        now: datetime,
        state: IntegrationState = IntegrationState.CONNECTED,
    ) -> IntegrationId:
        """Connect a new integration, which shows nothing yet."""
        values = insert(IntegrationRow).values(
            practice_group_id=practitioner.practice_group_id,
            practitioner_id=practitioner.id,
            service=service,
            state=state,
            slug=slug,
            name=name,
            connected_on=connected_on,
            modseq=modseq,
            purge_floor=0,
            created_at=now,
        )
        return IntegrationId(self._connection.execute(values.returning(IntegrationRow.id)).scalar_one())

    def of(self, practitioner_id: PractitionerId) -> list[Integration]:
        """A practitioner's integrations, the disconnected ones included, oldest first."""
        rows = self._connection.execute(_OF_PRACTITIONER, {"practitioner": practitioner_id})
        return [_integration(row) for row in rows]

    def all(self) -> list[Integration]:
        """Every integration."""
        return [_integration(row) for row in self._connection.execute(_INTEGRATIONS)]

    def one(self, integration_id: IntegrationId) -> Integration:
        """One integration."""
        return _integration(self._connection.execute(_ONE, {"integration": integration_id}).one())

    def of_user(self, user_id: UserId) -> list[Integration]:
        """What a user's calendar home lists."""
        query = _INTEGRATIONS.join(PractitionerRow, PractitionerRow.id == IntegrationRow.practitioner_id)
        return [_integration(row) for row in self._connection.execute(query.where(PractitionerRow.user_id == user_id))]

    def rename(self, integration_id: IntegrationId, name: str) -> None:
        """Keep the name that the person gave the calendar."""
        self._connection.execute(update(IntegrationRow).where(IntegrationRow.id == integration_id).values(name=name))

    def set_state(self, integration_id: IntegrationId, state: IntegrationState) -> None:
        """Store whether an integration takes part."""
        self._connection.execute(update(IntegrationRow).where(IntegrationRow.id == integration_id).values(state=state))

    def freeze(self, integration_id: IntegrationId, *, at: datetime | None) -> None:
        """Remember since when nothing is taken in from an integration; None: it is."""
        self._connection.execute(update(IntegrationRow).where(IntegrationRow.id == integration_id).values(frozen_at=at))

    def raise_modseqs(self) -> None:
        """Bring each counter up to what its practitioner's integrations have seen, after a restore by hand."""
        seen = (
            select(func.coalesce(func.max(IntegrationRow.modseq), 0))
            .where(IntegrationRow.practitioner_id == PractitionerRow.id)
            .scalar_subquery()
        )
        self._connection.execute(update(PractitionerRow).where(PractitionerRow.modseq < seen).values(modseq=seen))

    def properties(self, integration_ids: Collection[IntegrationId]) -> dict[IntegrationId, dict[str, str]]:
        """The dead properties of these integrations' collections: Clark name to XML."""
        found: dict[IntegrationId, dict[str, str]] = {each: {} for each in integration_ids}
        query = select(PropertyRow.integration_id, PropertyRow.name, PropertyRow.xml)
        for row in self._connection.execute(query.where(PropertyRow.integration_id.in_(integration_ids))):
            found[IntegrationId(row.integration_id)][row.name] = row.xml
        return found

    def home_properties(self, user_id: UserId) -> dict[str, str]:
        """The dead properties of a user's calendar home: Clark name to XML."""
        query = select(PropertyRow.name, PropertyRow.xml).where(PropertyRow.user_id == user_id)
        return {row.name: row.xml for row in self._connection.execute(query)}

    def change_properties(self, integration: Integration, changes: Mapping[str, str | None]) -> None:
        """Set (XML) or remove (None) dead properties of a collection."""
        for name, xml in changes.items():
            here = (PropertyRow.integration_id == integration.id, PropertyRow.name == name)
            self._connection.execute(delete(PropertyRow).where(*here))
            if xml is not None:
                self._keep(integration.practice_group_id, name, xml, integration_id=integration.id)

    def change_home_properties(
        self, practice_group_id: PracticeGroupId, user_id: UserId, changes: Mapping[str, str | None]
    ) -> None:
        """Set (XML) or remove (None) dead properties of a user's calendar home."""
        for name, xml in changes.items():
            here = (PropertyRow.user_id == user_id, PropertyRow.name == name)
            self._connection.execute(delete(PropertyRow).where(*here))
            if xml is not None:
                self._keep(practice_group_id, name, xml, user_id=user_id)

    def _keep(self, practice_group_id: PracticeGroupId, name: str, xml: str, **owner: int) -> None:
        values = {"practice_group_id": practice_group_id, "name": name, "xml": xml, **owner}
        self._connection.execute(insert(PropertyRow).values(**values))


_INTEGRATIONS = select(
    IntegrationRow.id,
    IntegrationRow.practice_group_id,
    IntegrationRow.practitioner_id,
    IntegrationRow.service,
    IntegrationRow.state,
    IntegrationRow.slug,
    IntegrationRow.name,
    IntegrationRow.connected_on,
    IntegrationRow.modseq,
    IntegrationRow.purge_floor,
    IntegrationRow.frozen_at,
).order_by(IntegrationRow.id)

_ONE = _INTEGRATIONS.where(IntegrationRow.id == bindparam("integration"))
_OF_PRACTITIONER = _INTEGRATIONS.where(IntegrationRow.practitioner_id == bindparam("practitioner"))

_LOCK = (
    select(PracticeGroupRow.id.label("group_id"), PracticeGroupRow.name.label("group_name"), PracticeGroupRow.zone)
    .join(PractitionerRow, PracticeGroupRow.id == PractitionerRow.practice_group_id)
    .where(PractitionerRow.id == bindparam("practitioner"))
    .with_for_update(of=PractitionerRow)
)

_LOCK_PLACE = (
    _INTEGRATIONS.add_columns(
        PracticeGroupRow.id.label("group_id"),
        PracticeGroupRow.name.label("group_name"),
        PracticeGroupRow.zone,
        SubscriptionRow.state.label("subscription"),
    )
    .join(PractitionerRow, PractitionerRow.id == IntegrationRow.practitioner_id)
    .join(PracticeGroupRow, PracticeGroupRow.id == IntegrationRow.practice_group_id)
    .outerjoin(SubscriptionRow, SubscriptionRow.practitioner_id == IntegrationRow.practitioner_id)
    .where(IntegrationRow.id == bindparam("integration"))
    # Both rows, because what was read of a row that is not locked may be older than the lock.
    .with_for_update(of=[PractitionerRow, IntegrationRow])
)

_PRACTITIONER = table_of(PractitionerRow)
_COUNT_ON = (
    update(_PRACTITIONER)
    .where(_PRACTITIONER.c.id == bindparam("practitioner"))
    .values(modseq=_PRACTITIONER.c.modseq + bindparam("count", type_=Integer))
    .returning(_PRACTITIONER.c.modseq)
)

_INTEGRATION = table_of(IntegrationRow)
_TOUCH = (
    update(_INTEGRATION)
    .where(_INTEGRATION.c.id.in_(bindparam("integrations", expanding=True)))
    .values(modseq=bindparam("touched_by"))
)


def _practice(row: Row[*tuple[Any, ...]]) -> PracticeZone:
    return PracticeZone(practice_group_id=PracticeGroupId(row.group_id), name=row.group_name, zone=row.zone)


def _integration(row: Row[*tuple[Any, ...]]) -> Integration:
    return Integration(
        id=IntegrationId(row.id),
        practice_group_id=PracticeGroupId(row.practice_group_id),
        practitioner_id=PractitionerId(row.practitioner_id),
        service=Service(row.service),
        state=IntegrationState(row.state),
        slug=Slug(row.slug),
        name=row.name,
        connected_on=row.connected_on,
        modseq=Modseq(row.modseq),
        purge_floor=Modseq(row.purge_floor),
        frozen_at=row.frozen_at,
    )
