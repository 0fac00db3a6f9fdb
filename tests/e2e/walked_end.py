"""How a walk ends: everything calms down, and each side shows the same, told by what the simulators themselves keep."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator

from hxdav.domain.bridge import BridgeState, Link
from hxdav.domain.edit import Authority
from hxdav.domain.mirror import Mirror, derived_uid
from hxdav.domain.notification import NotificationKind
from hxdav.domain.refusal import Reason
from hxdav.domain.removal import ReviewAnswer
from hxdav.domain.window import Window
from hxdav.ical.objects import object_of
from hxdav.remote import CalendarId
from hxdav.store.links import WHOLE
from hxdav.store.store import Tx
from hxdav.sync.bridge_context import BridgeContext, ours_of
from hxdav.sync.engine import Engine
from hxdav.sync.singles import single_events
from hxdav.sync.verifying import DifferenceKindAtProvider
from tests.e2e.walked_side import Side
from tests.e2e.walked_steps import SECRET
from tests.e2e.walking import Walk
from tests.integration.machines.model import ZONE

_LOOKS = 14
"""After so many looks without anything going wrong nothing is left to do."""


_TURNS = 100
"""More turns than all that is left to do may take."""


def calm_down(walk: Walk) -> None:
    """Let nothing go wrong any more, answer every review with keep, and look until there is nothing left to do."""
    for side in walk.sides:
        side.calms()
    engine = walk.an_engine(walk.store, "the last worker")
    for side in walk.sides:
        # What a provider has never told of, nobody can know: an administrator has everything looked at anew.
        if side.has_lied and side.calendar:
            engine.repair(side.integration_id)
    before: dict[str, object] = {}
    for _ in range(_LOOKS):
        walk.passes(minutes=20)
        walk.has_looked(*walk.bridges)
        _works(engine)
        is_asked = _keeps(walk)
        after = _everything(walk)
        restless = [f"{name}: {before.get(name)} -> {now}" for name, now in after.items() if now != before.get(name)]
        # An account that had trouble rests for a while: that is no calm.
        if not restless and not is_asked and not any(_troubles(walk)):
            return
        before = after
    raise AssertionError("\n".join(["it does not calm down", *restless]))


def _works(engine: Engine) -> None:
    """Do what is due, which comes to an end."""
    for _ in range(_TURNS):
        due = engine.due()
        if not due:
            return
        for account_id in due:
            engine.look_after(account_id)
    raise AssertionError(f"there is always something to do: {due}")


def _keeps(walk: Walk) -> bool:
    with walk.store.snapshot() as tx:
        waiting = [each.id for each in tx.removals.in_review(walk.practice.practitioner_id)]
    if waiting:
        walk.practice.answer(waiting, ReviewAnswer.KEEP)
    return bool(waiting)


def _everything(walk: Walk) -> dict[str, object]:
    """What would not stay the same if anything were done."""
    with walk.store.snapshot() as tx:
        modseqs = [each.modseq for each in tx.integrations.all()]
        removals = [each.state for each in tx.removals.all_of(walk.practice.practitioner_id)]
    own = {"modseqs": modseqs, "removals": removals, "troubles": _troubles(walk)}
    return own | {f"at {side.service}": side.everything() for side in walk.sides}


def _troubles(walk: Walk) -> list[str | None]:
    with walk.store.snapshot() as tx:
        return [each.trouble for each in tx.external_accounts.all()]


def has_converged(walk: Walk) -> None:
    """Hold the end of a walk to what a walk must come to."""
    assert not any(_troubles(walk)), f"still in the way: {_troubles(walk)}"
    engine = walk.an_engine(walk.store, "an inspector")
    for side in walk.sides:
        side.keeps_the_contract()
        with walk.store.snapshot() as tx:
            assert tx.bridges.one(side.integration_id).state is BridgeState.RUNNING
        findings = [
            each
            for each in engine.verify(side.integration_id)
            if each.finding is not DifferenceKindAtProvider.LEFT_ALONE
        ]
        assert findings == [], f"{side.service}: {findings}"
        both_sides_are_equal(walk, side)
    nothing_of_a_patient_is_told(walk)
    only_what_somebody_deleted_is_gone(walk)


def both_sides_are_equal(walk: Walk, side: Side) -> None:
    """What an integration shows is at its provider once, and says the same there."""
    there = side.uids()
    with _errand(walk, side) as errand, walk.store.snapshot() as tx:
        wanted: dict[str, str] = {}
        for mirror in tx.mirrors.shown_in(side.integration_id):
            wanted |= _wanted(tx, errand, mirror)
        alone = _left_alone(tx, side)
        known = {remote_id: next((uid for uid in uids if uid in wanted), uids[0]) for remote_id, uids in there.items()}
        twice = [uid for uid, times in Counter(known.values()).items() if times > 1]
        assert not twice, f"{side.service}, there more than once: {twice}"
        strange = [there[each] for each, uid in known.items() if uid not in wanted and each not in alone]
        assert not strange, f"{side.service}: nobody knows {strange}\n{side.everything()}"
        ids = {uid: remote_id for remote_id, uid in known.items()}
        for uid, text in wanted.items():
            assert uid in ids, f"{side.service} lacks\n{text}"
            unlike = [] if ids[uid] in alone else side.unlike(errand, text, ids[uid])
            assert not unlike, "\n".join([f"{side.service}:", *unlike])


def _left_alone(tx: Tx, side: Side) -> set[str]:
    """The remote ids of what is left alone; each time with a word to Maya, where it is hers."""
    integration = tx.integrations.one(side.integration_id)
    told = {each.kind for each in tx.notifications.of(integration.practitioner_id)}
    links = tx.links.of_integration(side.integration_id)
    for link in links:
        # What the provider does not take of ours is told with its reason where the integration is shown.
        is_ours = link.mirror_id is not None and link.parked not in set(Reason)
        assert not link.parked or is_ours or _was_told(link, told), f"left alone without a word: {link.parked}"
    return {link.remote_id for link in links if link.parked and link.remote_id}


def _wanted(tx: Tx, errand: BridgeContext, mirror: Mirror) -> dict[str, str]:
    """What is to be at the provider of what a mirror shows, by UID."""
    ours = ours_of(tx, errand, mirror)
    whole = tx.links.of(mirror.id).get(WHOLE)
    if whole is not None and whole.parked and whole.tag is None:
        return {}
    # What the provider has itself come up with stays a series there until it changes here.
    if errand.remote.can_express(ours.text) or (whole is not None and whole.tag is not None):
        return {mirror.uid: ours.text}
    connected_on = tx.integrations.one(errand.integration_id).connected_on
    window = Window.of(errand.policy, connected_on=connected_on, now=errand.now(), practice_zone=ZONE)
    found = single_events(
        ours.text,
        uid_of=lambda key: derived_uid(
            errand.integration_id,
            mirror.appointment_id,
            service=errand.service,
            recurrence_id=key,
            generation=mirror.generation,
        ),
        within=window.interval,
        practice_zone=ZONE,
    )
    return {object_of(text).uid: text for text in found.values()}


@contextlib.contextmanager
def _errand(walk: Walk, side: Side) -> Iterator[BridgeContext]:
    with walk.store.snapshot() as tx:
        bridge = tx.bridges.one(side.integration_id)
        account = tx.external_accounts.one(bridge.account_id)
    with contextlib.closing(walk.opened(account)) as remote:
        yield BridgeContext(
            store=walk.store,
            clock=walk.clock,
            policy=walk.practice.policy,
            remote=remote,
            integration_id=side.integration_id,
            name="",
            service=account.service,
            zone=ZONE,
            calendar_id=CalendarId(bridge.calendar_id or ""),
            keep_lease=lambda: None,
        )


def _was_told(link: Link, told: set[NotificationKind]) -> bool:
    reasons = {kind.value: kind for kind in NotificationKind}
    return (reasons.get(link.parked or "") or NotificationKind.OBJECT_LEFT_ALONE) in told


def nothing_of_a_patient_is_told(walk: Walk) -> None:
    """No provider has a word that is about a patient."""
    for side in walk.sides:
        assert SECRET not in side.everything()


def only_what_somebody_deleted_is_gone(walk: Walk) -> None:
    """Each removal is of what a person deleted in that calendar, and nothing is gone that nobody wanted gone."""
    with walk.store.snapshot() as tx:
        wanted_gone = set(walk.may_go)
        for removal in tx.removals.all_of(walk.practice.practitioner_id):
            if removal.source.authority is Authority.OUTSIDE and removal.source.integration_id in walk.bridges:
                own = {
                    (removal.source.integration_id, removal.appointment_id),
                    *(
                        each.uid
                        for each in tx.mirrors.of(removal.appointment_id)
                        if each.integration_id == removal.source.integration_id
                    ),
                }
                made = f"a removal that nobody made: {removal}\n{tx.appointments.one(removal.appointment_id).text}"
                assert walk.deleted & own, made
                wanted_gone.add(removal.appointment_id)
        gone = {each.id for each in tx.appointments.of(walk.practice.practitioner_id) if each.is_gone}
    assert gone <= wanted_gone, f"gone, and nobody wanted that: {gone - wanted_gone}"
