"""What happens around the edits: time, the worker, reviews, connections, credits, retention, backups and power cuts."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from hxdav.domain.ids import IntegrationId, PractitionerId, RemovalId
from hxdav.domain.practice import Band
from hxdav.domain.removal import ReviewAnswer
from hxdav.domain.subscription import CreditKind
from hxdav.errors import UseCaseError
from hxdav.services.access import suspension
from hxdav.services.appointments import removal_review
from hxdav.services.billing import renewal, subscriptions
from hxdav.services.integrations import connection, reconnection, sync_tokens
from hxdav.services.practice import retention
from hxdav.store import backup
from hxdav.store.store import Tx
from tests.builders import BY_PRACTICE
from tests.integration.machines.model import By, Model, day_at, midnight_of
from tests.integration.machines.pictures import Picture, Whole, picture_of, whole_of
from tests.integration.machines.rules_outside import PICKS
from tests.integration.machines.rules_practice import PracticeRules

AMOUNTS = st.sampled_from(
    [
        *(timedelta(seconds=seconds) for seconds in (59, 60, 61)),
        *(timedelta(minutes=minutes) for minutes in (14, 15, 16)),
        *(timedelta(hours=hours) for hours in (2, 23)),
        *(timedelta(days=days) for days in (1, 6, 7, 7, 7, 29, 30, 31, 31, 75)),
    ]
)
SAID = st.sampled_from([None, *ReviewAnswer])
RARELY = st.sampled_from([False, False, False, True])
BANDS = st.sampled_from([Band.NONE, Band.SILVER, Band.NONE])


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A backup, and what the machine knew when it was written."""

    picture: Picture
    whole: Whole
    model: Model


class OfficeRules(PracticeRules):
    """Whatever is no edit."""

    saved: Saved | None = None

    @rule(amount=AMOUNTS, works=st.booleans())
    def wait(self, amount: timedelta, *, works: bool) -> None:
        self.clock.moment += amount
        if works:
            self.work()

    @rule(nights=st.integers(1, 3), seconds=st.sampled_from([-1, 0, 1]), works=st.booleans())
    def wait_for_midnight(self, nights: int, seconds: int, *, works: bool) -> None:
        midnight = midnight_of(day_at(self.clock.now()) + timedelta(days=nights))
        self.wait(midnight.astimezone(UTC) + timedelta(seconds=seconds) - self.clock.moment, works=works)

    @rule(is_new=st.booleans())
    def worker_comes_by(self, *, is_new: bool) -> None:
        if is_new:
            self.worker = self.a_worker()
        self.work()

    @rule(commits=st.integers(1, 4))
    def power_will_be_cut(self, commits: int) -> None:
        self.store.cut_in = commits

    @precondition(lambda self: self.knows_something())
    @rule(pick=PICKS, which=PICKS, gap=st.sampled_from([0, 20, 61, 280]), said=SAID, limit=st.integers(0, 2))
    def remove_many(self, pick: int, which: int, gap: int, said: ReviewAnswer | None, limit: int) -> None:
        """Remove enough to open a review, and perhaps answer it."""
        self.remove(pick, which, count=5, gap=gap, is_sure=False, look=True)
        if said and self.waiting():
            self.answer(which, count=3, said=said, limit=limit)

    @precondition(lambda self: self.waiting())
    @rule(which=PICKS, count=st.integers(1, 6), said=st.sampled_from(ReviewAnswer), limit=st.integers(0, 2))
    def answer(self, which: int, count: int, said: ReviewAnswer, limit: int) -> None:
        """Answer some of a review; and carry none, one or two of that out before anything else happens."""
        waiting = self.waiting()
        practitioner_id = self.picture.removals[waiting[which % len(waiting)]].practitioner_id
        own = [each for each in waiting if self.picture.removals[each].practitioner_id == practitioner_id]
        chosen = own[:count]

        def answers(tx: Tx) -> None:
            practitioner = tx.people.practitioner(practitioner_id)
            removal_review.answer(
                tx, self.clock, practitioner=practitioner, removal_ids=chosen, said=said, source=BY_PRACTICE
            )
            self.model.answers.update(dict.fromkeys(chosen, str(said)))

        def carries_out(tx: Tx) -> None:
            removal_review.carry_out(tx, self.clock, self.policy, practitioner_id=practitioner_id, limit=limit)

        self.commits(By.REVIEW, answers)
        if limit:
            self.commits(By.REVIEW, carries_out)
            if any(each.answer for each in self.picture.open_removals()):
                self.saw("review carried out in part")

    @precondition(lambda self: len(self.replicas) < 8)
    @rule(pick=PICKS)
    def connect(self, pick: int) -> None:
        device = self.replicas[pick % len(self.replicas)].source
        known = set(self.picture.integrations)
        whose = self.owner(self.replicas[pick % len(self.replicas)])
        self.take(By.CONNECTION, lambda: self._connect(whose))
        for number in self.picture.integrations.keys() - known:
            self.use(IntegrationId(number), device)
            self.saw("connected another")

    @rule(pick=PICKS, what=st.sampled_from(["disconnect", "suspend", "unsuspend", "unsuspend"]))
    def connection(self, pick: int, what: str) -> None:
        use_case, states = {
            "disconnect": (connection.disconnect, {"connected", "connecting"}),
            "suspend": (suspension.suspend_integration, {"connected"}),
            "unsuspend": (suspension.unsuspend_integration, {"suspended"}),
        }[what]
        integrations = self.picture.integrations
        # One in three is asked for what it cannot do.
        fit = [each for each in sorted(integrations) if pick % 3 == 0 or integrations[each].state in states]
        if not fit:
            return
        number = IntegrationId(fit[pick % len(fit)])

        def changes(tx: Tx) -> None:
            use_case(tx, self.clock, integration=tx.integrations.one(number), source=BY_PRACTICE)

        if self.commits(By.CONNECTION, changes):
            assert integrations[number].state in states
            self.saw(what)
            if what == "unsuspend":
                self.take(By.CONNECTION, lambda: self.store.in_turns(partial(self._admit, number)))

    @rule(number=st.sampled_from([1, 24, 25, 26, 60]))
    def add_credits(self, number: int) -> None:
        def adds(tx: Tx) -> None:
            self.model.credits_in += number
            renewal.add_credits(
                tx,
                self.clock,
                practice_group_id=self.group_id,
                kind=CreditKind.GRANT,
                credits=number,
                remark="",
                source=BY_PRACTICE,
            )

        self.commits(By.CREDITS, adds)

    @rule(pick=st.integers(0, 1), is_odd=RARELY)
    def subscription(self, pick: int, *, is_odd: bool) -> None:
        """Cancel what renews, and buy what does not; or, where ``is_odd``, the other way round."""
        whose = self.practitioners[pick]
        renews = self.subscription_of(whose).renews
        use_case = subscriptions.cancel if renews != is_odd else subscriptions.buy

        def turns(tx: Tx) -> None:
            practitioner = tx.people.practitioner(whose)
            use_case(tx, self.clock, practitioner=practitioner, source=BY_PRACTICE)

        if self.commits(By.CREDITS, turns):
            self.saw(use_case.__name__)

    @rule(band=BANDS)
    def change_band(self, band: Band) -> None:
        def changes(tx: Tx) -> None:
            group = tx.people.practice_group(self.group_id)
            tx.people.change_practice_group(replace(group, band=band))

        self.commits(By.CREDITS, changes)

    @rule(limit=st.integers(1, 9))
    def purge(self, limit: int) -> None:
        def purges() -> int:
            return self.store.in_turns(
                lambda tx: retention.purge(tx, self.clock, self.policy, practice_group_id=self.group_id, limit=limit)
            )

        self.take(By.RETENTION, purges)

    @precondition(lambda self: self.saved is None)
    @rule()
    def back_up(self) -> None:
        with self.store.snapshot() as tx:
            backup.write_backup(tx, self.rewinding.folder / "backup.zip", now=self.clock.now())
        model = replace(self.model, texts={})
        self.saved = Saved(picture=self.picture, whole=whole_of(self.store), model=deepcopy(model))

    @precondition(lambda self: self.saved and self.store.cut_in == 0)
    @rule()
    def restore(self) -> None:
        assert self.saved is not None
        with self.store.transaction() as tx:
            backup.restore(tx, self.rewinding.folder / "backup.zip")
            sync_tokens.begin_epoch(tx)
        self.picture = picture_of(self.store)
        whole = whole_of(self.store)
        assert len(whole) == len(self.saved.whole)
        assert self.picture.epoch != self.saved.picture.epoch
        assert _without_epoch(whole) == _without_epoch(self.saved.whole)
        self.model = replace(deepcopy(self.saved.model), texts=self.model.texts)
        self.replicas = [each for each in self.replicas if each.integration_id in self.picture.integrations]
        self.views = {each: view for each, view in self.views.items() if each in self.picture.integrations}
        self.positions = {}
        self.replay()
        self.saw("restored")

    def work(self) -> None:
        """Let the worker do once whatever is due."""
        self.take(By.WORKER, self.worker.round)

    def waiting(self) -> list[RemovalId]:
        """The removals in review."""
        return sorted(RemovalId(each.id) for each in self.picture.open_removals() if each.state == "review")

    def commits(self, by: By, use_case: Callable[[Tx], None]) -> bool | None:
        """Do something in one transaction; None where it was refused, or the power was cut."""

        def transaction() -> bool | None:
            model = deepcopy(self.model)
            try:
                with self.store.transaction() as tx:
                    use_case(tx)
            except BaseException as error:
                self.model = model
                if not isinstance(error, UseCaseError):
                    raise
                return None
            return True

        return self.take(by, transaction)

    def _connect(self, whose: PractitionerId) -> None:
        try:
            with self.store.transaction() as tx:
                number = self.connects(tx, whose).id
        except UseCaseError:
            assert self.subscription_of(whose).state != "running"
            return
        self.store.in_turns(partial(self._take_out, number))
        self.store.in_turns(partial(self._admit, number))

    def _take_out(self, number: IntegrationId, tx: Tx) -> int:
        return reconnection.take_out(tx, self.clock, self.policy, integration_id=number, limit=2)

    def _admit(self, number: IntegrationId, tx: Tx) -> int:
        return connection.fill(tx, self.clock, self.policy, integration_id=number, limit=2)


def _without_epoch(whole: Whole) -> Whole:
    return [rows for rows in whole if not any(hasattr(row, "epoch") for row in rows)]
