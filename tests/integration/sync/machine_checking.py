"""What the convergence machine holds the engine to: after each round, and once everything has calmed down."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from hxdav.domain.appointment import AppointmentStatus, RecordMark
from hxdav.domain.bridge import BridgeState, Link
from hxdav.domain.edit import Authority
from hxdav.domain.ids import IntegrationId
from hxdav.domain.integration import IntegrationState
from hxdav.domain.mirror import Mirror, MirrorState
from hxdav.domain.notification import NotificationKind
from hxdav.domain.privacy import PrivacyLevel
from hxdav.domain.removal import Decision, Removal
from hxdav.domain.window import Window
from hxdav.gate.privacy import level_for
from hxdav.ical.fields import differences
from hxdav.ical.objects import object_of
from hxdav.store.links import WHOLE
from hxdav.store.rows import AppointmentRow, VersionRow
from hxdav.store.store import Tx
from hxdav.sync.bridge_context import BridgeContext, Ours, ours_of
from hxdav.sync.singles import single_events
from hxdav.sync.verifying import DifferenceKindAtProvider
from tests.integration.machines.model import COUNTED, UNREVIEWED, ZONE
from tests.integration.sync.machine_world import ProviderRemote
from tests.simulators.memory import MemoryCalendar

if TYPE_CHECKING:
    from tests.integration.sync.machine_ground import Bridged, Ground


_GONE = select(AppointmentRow.id, AppointmentRow.note, AppointmentRow.invoice).where(
    or_(AppointmentRow.removed_at.is_not(None), AppointmentRow.status == AppointmentStatus.CANCELLED)
)


def tells_all(tx: Tx, integration_id: IntegrationId) -> bool:
    """Whether an integration is told everything."""
    return level_for(tx, integration_id) is PrivacyLevel.FULL


def after_a_round(ground: Ground) -> None:
    """Nothing is removed that nobody removed, and nothing that is protected."""
    _learn_of_early_deletions(ground)
    with ground.store.snapshot() as tx:
        for world in ground.worlds:
            removals = tx.removals.all_of(world.practitioner_id)
            for each in removals:
                if each.id not in ground.model.removals:
                    ground.model.removals.add(each.id)
                    _learn_of_what_came_and_went(ground, tx, each)
                    _somebody_made(ground, each)
            made = sorted(each.made_at for each in removals if each.decision is Decision.SETTLED)
            for earlier, later in zip(made, made[UNREVIEWED:], strict=False):
                assert later - earlier >= COUNTED, "more than three are never removed without a review"
        for row in tx.connection.execute(_GONE):
            assert row.id in ground.model.may_go, "an appointment is gone that nobody wanted gone"
            if (row.note, row.invoice) != (RecordMark.NONE, RecordMark.NONE):
                assert row.id in ground.model.cancelled, "what is protected is not removed"


def _learn_of_early_deletions(ground: Ground) -> None:
    for early in sorted(ground.model.early):
        number, remote_id, _ = early
        appointment_id = ground.appointment_at(IntegrationId(number), remote_id)
        if appointment_id is not None:
            ground.model.early.discard(early)
            ground.model.deleted.add((number, appointment_id))
            ground.model.may_go.add(appointment_id)


def _learn_of_what_came_and_went(ground: Ground, tx: Tx, removal: Removal) -> None:
    """What was taken in and found deleted in the same round has no link any more, but its UID."""
    number, uid = removal.source.integration_id, tx.appointments.one(removal.appointment_id).uid
    for early in sorted(ground.model.early):
        if (early[0], early[2]) == (number, uid):
            ground.model.early.discard(early)
            ground.model.deleted.add((early[0], removal.appointment_id))
            ground.model.may_go.add(removal.appointment_id)


def _somebody_made(ground: Ground, removal: Removal) -> None:
    source = removal.source
    if source.authority is not Authority.OUTSIDE or source.integration_id not in ground.bridges:
        return
    named = (source.integration_id, removal.appointment_id)
    if named not in ground.model.deleted:
        # What went after the backup that was restored is gone at the provider only.
        assert ground.model.restored, "a removal that nobody made"
        # A drag removes nothing, so that there is nothing to ask.
        is_for_review = removal.reviewed_from is not None or removal.decision is Decision.DRAGGED
        assert is_for_review, "what nobody can tell is for a review"
    if named in ground.model.asked and removal.decision is not Decision.DRAGGED:
        assert removal.reviewed_from is not None, "a removal after a pause is for a review"
    # What is deleted once more, after it came back, is another removal.
    ground.model.asked.discard(named)
    ground.saw(f"a bridge's removal: {removal.state}")


def when_calm(ground: Ground) -> None:
    """Both sides are equal, nothing is there twice, and nothing is lost."""
    nothing_is_there_twice(ground)
    for bridged in ground.in_use():
        with ground.store.snapshot() as tx:
            bridge = tx.bridges.one(bridged.integration_id)
            state = tx.integrations.one(bridged.integration_id).state
        calendar = bridged.provider.calendars.get(bridge.calendar_id or "")
        if calendar is not None and calendar.state == "gone":
            assert bridge.state is BridgeState.GONE, "a calendar that is gone is told"
            continue
        assert state is IntegrationState.CONNECTED
        if bridge.state is BridgeState.GONE:
            continue
        assert bridge.state is BridgeState.RUNNING
        assert calendar is not None
        both_sides_are_equal(ground, bridged, calendar)
        findings = {each.finding for each in ground.engine.verify(bridged.integration_id)}
        assert findings <= {DifferenceKindAtProvider.LEFT_ALONE}, findings
    old_calendars_are_cleared(ground)
    nothing_is_lost(ground)
    ground.saw("a calm end")


def both_sides_are_equal(ground: Ground, bridged: Bridged, calendar: MemoryCalendar) -> None:
    """Each mirror is at its provider, as it may go out, and nothing else is."""
    number = bridged.integration_id
    with ground.store.snapshot() as tx:
        bridge = tx.bridges.one(number)
        integration = tx.integrations.one(number)
        context = BridgeContext(
            store=ground.store,
            clock=ground.clock,
            policy=ground.policy,
            remote=ProviderRemote(bridged.provider),
            integration_id=number,
            name=integration.name,
            service=integration.service,
            zone=ZONE,
            calendar_id=bridge.calendar_id,  # type: ignore[arg-type]
            keep_lease=lambda: None,
        )
        links = {link.remote_id: link for link in tx.links.of_integration(number) if link.tag is not None}
        told = {each.kind for each in tx.notifications.of(integration.practitioner_id)}
        alone = links.keys() ^ calendar.objects.keys()
        assert not alone, f"each object has its link, and each link its object: {alone}"
        mirrors = {each.id: each for each in _mirrors(tx, ground, number)}
        for link in links.values():
            assert link.tag == calendar.objects[link.remote_id or ""].tag, "a link knows the object as it is"
            if link.parked is not None and link.mirror_id is None:
                assert _was_told(link, told), f"left alone without a word: {link.parked}"
                ground.saw("left alone")
            else:
                assert link.mirror_id in mirrors, "what is there is shown"
        for mirror in mirrors.values():
            assert mirror.state is not MirrorState.HIDDEN
            own = tx.links.of(mirror.id)
            ours = ours_of(tx, context, mirror)
            if own[WHOLE].parked is not None:
                # The provider does not take it; it is listed with its reason.
                continue
            for name, text in _wanted(tx, context, ours).items():
                shown = calendar.objects[own[name].remote_id or ""]
                unlike = differences(context.parts_of_text(text), context.parts_of_text(shown.text))
                assert not unlike, f"both sides are equal: {unlike}\n{text}\n{shown.text}"
            there = {name for name, link in own.items() if link.tag is not None}
            assert there == _wanted(tx, context, ours).keys(), "each event of a series is there, and no other"


def _mirrors(tx: Tx, ground: Ground, number: IntegrationId) -> Iterator[Mirror]:
    for world in ground.worlds:
        for appointment in tx.appointments.of(world.practitioner_id):
            for mirror in tx.mirrors.of(appointment.id):
                if mirror.integration_id == number and mirror.state is not MirrorState.LEFT:
                    yield mirror


def _wanted(tx: Tx, context: BridgeContext, ours: Ours) -> dict[str, str]:
    """What is to be at the provider of one mirror."""
    if context.remote.can_express(ours.text):
        return {WHOLE: ours.text}
    connected_on = tx.integrations.one(context.integration_id).connected_on
    window = Window.of(context.policy, connected_on=connected_on, now=context.now(), practice_zone=ZONE)
    return single_events(
        ours.text, uid_of=lambda _: object_of(ours.text).uid, within=window.interval, practice_zone=ZONE
    )


def _was_told(link: Link, told: set[NotificationKind]) -> bool:
    reasons = {kind.value: kind for kind in NotificationKind}
    return (reasons.get(link.parked or "") or NotificationKind.OBJECT_LEFT_ALONE) in told


def nothing_is_there_twice(ground: Ground) -> None:
    """What was created once takes place once."""
    for world in ground.worlds:
        with ground.store.snapshot() as tx:
            present = [each for each in tx.appointments.of(world.practitioner_id) if not each.is_gone]
        births = sorted(born for each in present for born in [object_of(each.text).main.value("X-BORN")] if born)
        assert all(one != other for one, other in pairwise(births)), "nothing is there twice"
    for provider in ground.providers:
        markers = [each.marker for _, each in provider.live()]
        assert len(markers) == len(set(markers)), "each calendar is made once"


def old_calendars_are_cleared(ground: Ground) -> None:
    """What lies ahead is not in a calendar that was replaced (rule 9)."""
    in_use = ground.in_use()
    with ground.store.snapshot() as tx:
        for bridged in in_use:
            account_id = tx.bridges.one(bridged.integration_id).account_id
            if tx.bridges.one(bridged.integration_id).state is not BridgeState.RUNNING:
                continue
            for old in tx.bridges.of_account(account_id):
                integration = tx.integrations.one(old.integration_id)
                if (
                    integration.state is IntegrationState.DISCONNECTED
                    and integration.practitioner_id == bridged.world.practitioner_id
                    and old.state is not BridgeState.GONE
                ):
                    assert not tx.links.to_clear(old.integration_id, limit=1), "what lies ahead has moved"


def nothing_is_lost(ground: Ground) -> None:
    """Each word that somebody wrote is there, or is kept where it can be seen."""
    kept: list[str] = []
    with ground.store.snapshot() as tx:
        for world in ground.worlds:
            kept += (each.body.decode() for each in tx.trail.refused_bodies(world.practitioner_id))
        kept += tx.connection.execute(select(VersionRow.text)).scalars()
    ours = "\n".join(kept).replace("\r\n ", "")
    lost = {mark for mark in ground.model.ours if mark not in ours}
    assert not lost, f"what the gate acknowledged is in the history: {lost}"
    there = "\n".join(
        shown.text
        for provider in ground.providers
        for calendar in provider.calendars.values()
        for shown in calendar.objects.values()
    )
    everything = f"{ours}\n{there}".replace("\r\n ", "")
    lost = {mark for mark in ground.model.theirs if mark not in everything}
    assert not lost, f"what a person wrote is not lost: {lost}"
