"""What a pass over one bridge has at hand, and our side of an object as its provider may see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hxdav.domain.appointment import Appointment
from hxdav.domain.bridge import Bridge
from hxdav.domain.edit import Authority, Source
from hxdav.domain.field import Field
from hxdav.domain.ids import IntegrationId
from hxdav.domain.integration import Service
from hxdav.domain.mirror import Mirror
from hxdav.domain.policy import Policy
from hxdav.domain.privacy import PrivacyLevel, hidden_fields
from hxdav.domain.times import Clock
from hxdav.gate import GateContext, level_for
from hxdav.ical.fields import Parts, parts_of
from hxdav.ical.objects import CalendarObject, object_of
from hxdav.outward.projection import initials_of, outward
from hxdav.remote import CalendarId, Remote
from hxdav.store.store import Store, Tx
from hxdav.sync.brake import Brake
from hxdav.sync.patience import PATIENCE


@dataclass(slots=True)
class Progress:
    """How many pages a pass has read and how many objects it has brought to the provider, and whether it has ended."""

    steps: int = 0
    is_done: bool = False

    @property
    def is_made(self) -> bool:
        """Whether the pass got anything done."""
        return self.is_done or self.steps > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeContext:
    """One bridge, looked after by one thread that has its account's lease.

    ``name`` is that of the calendar. ``keep_lease`` renews that lease, and raises where it was lost: nothing is written
    any more then. ``patience`` is how long a calendar must be missing before hxdav believes it. ``progress`` counts
    what the pass gets done, and ``brake`` what this worker has created lately.
    """

    store: Store
    clock: Clock
    policy: Policy
    remote: Remote
    integration_id: IntegrationId
    name: str
    service: Service
    zone: ZoneInfo
    calendar_id: CalendarId
    keep_lease: Callable[[], None]
    patience: timedelta = PATIENCE
    progress: Progress = field(default_factory=Progress)
    brake: Brake = field(default_factory=Brake)

    def bridge(self) -> Bridge:
        """The bridge as it is now."""
        with self.store.single_read() as tx:
            return tx.bridges.one(self.integration_id)

    def change(self, **values: object) -> None:
        """Store some columns of the bridge, in a transaction of their own."""
        with self.store.transaction() as tx:
            tx.bridges.change(self.integration_id, **values)

    def gate(self, tx: Tx) -> GateContext:
        """What the gate's steps need."""
        return GateContext(tx=tx, now=self.clock.now(), policy=self.policy, source=self.source)

    @property
    def source(self) -> Source:
        """Whose edits come in by this bridge."""
        return Source(authority=Authority.OUTSIDE, integration_id=self.integration_id, agent=f"bridge/{self.service}")

    def parts(self, obj: CalendarObject) -> Parts:
        """What of an object this provider carries, to be compared."""
        return parts_of(obj, carries=self.remote.capabilities.carries, practice_zone=self.zone)

    def parts_of_text(self, text: str) -> Parts:
        """What of a text this provider carries."""
        return self.parts(object_of(text))

    def now(self) -> datetime:
        """The present moment."""
        return self.clock.now()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """Our side of an object: ``text`` is what its provider gets, and ``hidden`` what it may not edit (rule 11)."""

    mirror: Mirror
    appointment: Appointment
    text: str
    hidden: frozenset[Field]


def ours_of(tx: Tx, context: BridgeContext, mirror: Mirror) -> Ours:
    """Our side of what ``mirror`` shows."""
    appointment = tx.appointments.one(mirror.appointment_id)
    level = level_for(tx, context.integration_id)
    initials = ""
    if level is PrivacyLevel.INITIALS:
        initials = initials_of([patient.name for patient in tx.people.patients(appointment.practice.patient_ids)])
    text = outward(
        appointment,
        uid=mirror.uid,
        level=level,
        initials=initials,
        capabilities=context.remote.capabilities,
        practice_zone=context.zone,
    )
    return Ours(mirror=mirror, appointment=appointment, text=text, hidden=hidden_fields(appointment.kind, level))
