"""What an account elsewhere would be told, before it is connected: how much, and in which words at each level."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from hxdav.domain.appointment import Appointment, AppointmentKind
from hxdav.domain.field import EVERY_FIELD
from hxdav.domain.ids import PatientId, Uid
from hxdav.domain.policy import Policy
from hxdav.domain.practice import Practitioner
from hxdav.domain.privacy import PrivacyLevel
from hxdav.domain.times import Clock, Interval, day_of
from hxdav.domain.window import Window
from hxdav.outward.projection import initials_of, outward
from hxdav.remote import Capabilities
from hxdav.services.appointments.summary import Summary, summary_of
from hxdav.store.store import Tx

_OF_EACH_KIND = 2
_LOOKED_AHEAD = timedelta(days=28)
_NOT_SENT = Uid("preview")
_ANY_PROVIDER = Capabilities(
    carries=EVERY_FIELD,
    floating=True,
    hides=False,
    notifies=False,
    polled_every=timedelta(),
    polled_eagerly=timedelta(),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One of the appointments that come next, and what it would be called there."""

    said: Summary
    kind: AppointmentKind
    titles: Mapping[PrivacyLevel, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """``count`` appointments would be sent, the last day with some being ``until``; None where no day is the last."""

    count: int
    until: date | None
    examples: tuple[Example, ...]


def preview(
    tx: Tx, clock: Clock, policy: Policy, *, practitioner: Practitioner, levels: Collection[PrivacyLevel]
) -> Preview:
    """What a calendar that is connected now would show of a practitioner's appointments (rules 4 and 11)."""
    zone, now = ZoneInfo(tx.people.practice_group(practitioner.practice_group_id).zone), clock.now()
    window = Window.of(policy, connected_on=day_of(now, zone), now=now, practice_zone=zone)
    soon = Interval(now, now + _LOOKED_AHEAD)
    coming = [
        each
        for each in tx.appointments.some(tx.occurrences.taking_place(practitioner.id, soon))
        if not each.is_gone and not each.recurring and each.starts >= now
    ]
    chosen = sorted(_chosen(coming), key=lambda each: each.starts)
    patient_ids = tuple({patient_id for each in chosen for patient_id in each.practice.patient_ids})
    names = {each.id: each.name for each in tx.people.patients(patient_ids)} if patient_ids else {}
    return Preview(
        count=len(tx.occurrences.taking_place(practitioner.id, window.interval)),
        until=None if policy.window_days is None else day_of(window.interval.ends - timedelta(seconds=1), zone),
        examples=tuple(_example(each, names, levels=levels, zone=zone) for each in chosen),
    )


def _chosen(coming: list[Appointment]) -> Iterator[Appointment]:
    """The next few of each kind, because a level says something of the one and nothing of the other."""
    for kind in AppointmentKind:
        yield from islice((each for each in coming if each.kind is kind), _OF_EACH_KIND)


def _example(
    appointment: Appointment, names: Mapping[PatientId, str], *, levels: Collection[PrivacyLevel], zone: ZoneInfo
) -> Example:
    initials = initials_of([names[patient_id] for patient_id in appointment.practice.patient_ids])

    def title(level: PrivacyLevel) -> str:
        # By the very words that are sent, so that this says nothing else than they do.
        text = outward(
            appointment,
            uid=_NOT_SENT,
            level=level,
            initials=initials,
            capabilities=_ANY_PROVIDER,
            practice_zone=zone,
        )
        return summary_of(text, practice_zone=zone).title

    return Example(
        said=summary_of(appointment.text, practice_zone=zone),
        kind=appointment.kind,
        titles={level: title(level) for level in levels},
    )
