"""The ground on which the machine stands: a practice on a store, and what is looked at after each step."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import count
from typing import Any, ClassVar, TypeVar

from hypothesis.stateful import RuleBasedStateMachine
from sqlalchemy import Row

from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import AppPasswordId, Epoch, IntegrationId, Modseq, PractitionerId, SyncToken, Username
from hxdav.domain.integration import Integration
from hxdav.domain.policy import Policy
from hxdav.domain.practice import Band
from hxdav.domain.subscription import CreditKind
from hxdav.errors import SyncTokenInvalid
from hxdav.secrets.keyring import Keyring
from hxdav.services.billing import renewal, subscriptions
from hxdav.services.integrations import connection, sync_tokens
from hxdav.store.store import Tx
from hxdav.worker.worker import Worker
from tests.builders import BY_PRACTICE, SYDNEY, MovableClock
from tests.integration.machines import checking_calendars as calendars
from tests.integration.machines import checking_credits as ledger
from tests.integration.machines import checking_history as history
from tests.integration.machines import checking_removals as removals
from tests.integration.machines.fragile import FragileStore, PowerCut, Rewinding
from tests.integration.machines.model import By, Check, Model, Step
from tests.integration.machines.pictures import Picture, picture_of, whole_of
from tests.integration.machines.replicas import Replica, replayed

T = TypeVar("T")

_ALWAYS: tuple[Check, ...] = (
    removals.removals_are_decided_by_the_rules,
    removals.what_goes_was_let_go,
    removals.what_is_hidden_is_being_removed,
    history.the_history_only_grows,
    history.only_old_tombstones_disappear,
    history.each_change_is_a_version,
    history.each_edit_can_be_traced,
    calendars.a_calendar_shows_each_once,
    calendars.what_leaves_a_calendar_has_a_reason,
    calendars.what_enters_a_calendar_is_admitted,
    calendars.a_reconnection_takes_over_what_lies_ahead,
    calendars.what_is_protected_stays_in_sight,
    calendars.the_feed_says_what_changed,
    calendars.what_is_forgotten_is_below_the_floor,
    calendars.an_etag_stands_for_one_text,
    ledger.the_ledger_adds_up,
    ledger.no_period_is_paid_twice,
    ledger.subscriptions_turn_by_the_rules,
)

_AFTER_A_ROUND: tuple[Check, ...] = (
    removals.nothing_is_overdue,
    calendars.every_calendar_is_complete,
    ledger.nothing_is_left_to_renew,
)


class Ground(RuleBasedStateMachine):
    """Maya with two calendars and two devices, and Tom with one of each, in a practice group that shares its credits.

    ``rewinding`` is the store that each example begins on anew; ``seen`` counts what came of the steps.
    """

    rewinding: ClassVar[Rewinding]
    seen: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.rewinding.rewind()
        self.store: FragileStore = self.rewinding.store
        self.store.cut_in = 0
        self.clock = MovableClock()
        self.policy = Policy()
        self.keyring = Keyring(b"k" * 32)
        self.worker = self.a_worker()
        self.model = Model()
        self.replicas: list[Replica] = []
        self.views: dict[IntegrationId, dict[SyncToken, dict[str, str]]] = {}
        self.positions: dict[IntegrationId, sync_tokens.Position] = {}
        self.serials = count(1)

    def settle_in(self, moment: datetime, *, credits_left: int) -> None:
        """Begin at ``moment``, with both subscribed, and ``credits_left`` after that."""
        self.clock.moment = moment
        self.model.credits_in = 50 + credits_left
        with self.store.transaction() as tx:
            self.group_id = tx.people.add_practice_group(
                key="harbour", name="Harbour Street Psychology", zone=SYDNEY, band=Band.NONE
            )
            self.practitioners = [self._joins(tx, "maya"), self._joins(tx, "tom")]
            maya, tom = self.practitioners
            renewal.add_credits(
                tx,
                self.clock,
                practice_group_id=self.group_id,
                kind=CreditKind.PURCHASE,
                credits=self.model.credits_in,
                remark="",
                source=BY_PRACTICE,
            )
            for practitioner_id in self.practitioners:
                practitioner = tx.people.practitioner(practitioner_id)
                subscriptions.buy(tx, self.clock, practitioner=practitioner, source=BY_PRACTICE)
            self.patients = [tx.people.patient_named(self.group_id, f"Patient {number}") for number in range(2)]
            one, two, three = (self.connects(tx, whose).id for whose in (maya, maya, tom))
            self.devices = {maya: [self._device(tx, maya), self._device(tx, maya)], tom: [self._device(tx, tom)]}
        phone, laptop = self.devices[maya]
        for integration_id, device in ((one, phone), (two, phone), (two, laptop), (three, self.devices[tom][0])):
            self.use(integration_id, device)
        self.picture: Picture = picture_of(self.store)

    def take(
        self, by: By, operation: Callable[[], T], *, source: Source | None = None, about: int | None = None
    ) -> T | None:
        """Do something, look at all that came of it, and give its answer; None where the power was cut."""
        before, commits = self.picture, self.store.commits
        whole = whole_of(self.store) if self.store.cut_in else None
        answer, is_cut = None, False
        try:
            answer = operation()
        except PowerCut:
            is_cut = True
            if by is By.WORKER:
                self.worker = self.a_worker()
            if self.store.commits == commits:
                assert whole_of(self.store) == whole, "nothing may be there of what was not committed"
                self.saw("cut before the first commit")
            else:
                self.saw("cut between commits")
        self.picture = picture_of(self.store)
        step = Step(
            model=self.model,
            by=by,
            now=self.clock.now(),
            before=before,
            after=self.picture,
            source=source,
            about=about,
        )
        for check in _ALWAYS:
            check(step)
        if by is By.WORKER and not is_cut:
            for check in _AFTER_A_ROUND:
                check(step)
        self.replay()
        for what in turns(step):
            self.saw(what)
        return answer

    def replay(self) -> None:
        """Hold what each token that was ever given leads to against what is shown."""
        with self.store.snapshot() as tx:
            for integration in self.picture.integrations.values():
                position = sync_tokens.Position(
                    epoch=Epoch(self.picture.epoch),
                    integration_id=IntegrationId(integration.id),
                    modseq=Modseq(integration.modseq),
                    purge_floor=Modseq(integration.purge_floor),
                )
                if self.positions.get(position.integration_id) == position:
                    continue
                self.positions[position.integration_id] = position
                shown = self.picture.shown(integration.id)
                views = self.views.setdefault(position.integration_id, {})
                for token, view in list(views.items()):
                    if not self.leads_to(tx, position, token, view, shown=shown):
                        del views[token]
                views[sync_tokens.token_of(self.keyring, position)] = shown

    def leads_to(
        self, tx: Tx, position: sync_tokens.Position, token: SyncToken, view: dict[str, str], *, shown: dict[str, str]
    ) -> bool:
        """Whether a token still leads from what a device saw with it to what is shown; otherwise it is refused."""
        try:
            since = sync_tokens.since(self.keyring, token, position)
        except SyncTokenInvalid:
            epoch, _, modseq, _ = token.removeprefix("urn:hxdav:sync:").split("-")
            assert epoch != position.epoch or int(modseq) < position.purge_floor
            return False
        assert replayed(view, tx.feed.changes(position.integration_id, since)) == shown
        return True

    def teardown(self) -> None:
        """Let time pass: whatever is still open is decided, and every device comes to what is shown."""
        self.store.cut_in = 0
        if sys.exc_info()[0] is not None or not self.replicas:
            return
        self.clock.advance(days=8)
        self.take(By.WORKER, self.worker.round)
        assert not list(self.picture.open_removals())
        for replica in self.replicas:
            replica.look(self.store, self.keyring)
        history.acknowledged_puts_are_kept(self.model, self.picture, now=self.clock.now())
        self.saw("an end")

    def a_worker(self) -> Worker:
        """A worker that has just been started."""
        return Worker(store=self.store, clock=self.clock, policy=self.policy)

    def saw(self, what: str) -> None:
        """Count what was seen, so that a test can tell whether all of it is reached."""
        type(self).seen[what] += 1

    def owner(self, replica: Replica) -> PractitionerId:
        """Whose calendar it is."""
        return PractitionerId(self.picture.integrations[replica.integration_id].practitioner_id)

    def subscription_of(self, practitioner_id: PractitionerId) -> Row[Any]:
        """A practitioner's subscription."""
        found = (each for each in self.picture.subscriptions.values() if each.practitioner_id == practitioner_id)
        return next(found)

    def connects(self, tx: Tx, practitioner_id: PractitionerId) -> Integration:
        """Connect another native calendar of a practitioner's."""
        practitioner = tx.people.practitioner(practitioner_id)
        return connection.connect_native(tx, self.clock, practitioner=practitioner, source=BY_PRACTICE)

    def use(self, integration_id: IntegrationId, device: Source) -> None:
        """Let a device show a calendar."""
        source = Source(
            authority=Authority.OUTSIDE,
            user_id=device.user_id,
            integration_id=integration_id,
            app_password_id=device.app_password_id,
        )
        self.replicas.append(Replica(integration_id=integration_id, source=source))

    def _joins(self, tx: Tx, name: str) -> PractitionerId:
        user_id = tx.people.add_user(
            practice_group_id=self.group_id, username=Username(name), name=name, administrator=False
        )
        return tx.people.add_practitioner(practice_group_id=self.group_id, key=name, name=name, user_id=user_id)

    def _device(self, tx: Tx, practitioner_id: PractitionerId) -> Source:
        user_id = tx.people.practitioner(practitioner_id).user_id
        assert user_id is not None
        label = f"device {next(self.serials)}"
        app_password_id: AppPasswordId = tx.app_passwords.add(
            practice_group_id=self.group_id,
            user_id=user_id,
            label=label,
            digest=label,
            created_at=self.clock.now(),
            expires_at=None,
        )
        return Source(authority=Authority.OUTSIDE, user_id=user_id, app_password_id=app_password_id)


def turns(step: Step) -> Iterator[str]:
    """What has become of removals, subscriptions and what is purged."""
    for number, removal in step.after.removals.items():
        before = step.before.removals.get(number)
        if before is None or before.state != removal.state:
            yield f"removal {removal.state} {removal.decision or ''}".rstrip()
    for number, subscription in step.after.subscriptions.items():
        before = step.before.subscriptions.get(number)
        if before is not None and before.state != subscription.state:
            yield f"subscription {before.state} {subscription.state}"
        elif before is not None and before.period_from != subscription.period_from:
            yield "subscription renewed"
    for name in ("appointments", "mirrors", "versions", "removals"):
        if getattr(step.before, name).keys() - getattr(step.after, name).keys():
            yield f"purged {name}"
