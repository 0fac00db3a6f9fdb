"""What happens around the edits: faults, time, the worker and its death, reviews, connections and restores."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from hxdav.domain.bridge import AccountState, BridgeState
from hxdav.domain.privacy import PrivacyLevel
from hxdav.domain.removal import ReviewAnswer
from hxdav.errors import UseCaseError
from hxdav.remote import CalendarState
from hxdav.services.integrations import connection, control, sync_tokens
from tests.integration.machines.model import day_at, midnight_of
from tests.integration.sync.machine_acts import A_PERSONS, ACTS, PICKS, Act, ActRules
from tests.integration.sync.machine_ground import Bridged
from tests.integration.sync.machine_model import Model, marks_of
from tests.integration.sync.machine_world import Provider
from tests.simulators.memory import Fault

AMOUNTS = st.sampled_from(
    [
        *(timedelta(seconds=seconds) for seconds in (1, 30, 60, 61)),
        *(timedelta(minutes=minutes) for minutes in (5, 10, 16)),
        *(timedelta(hours=hours) for hours in (2, 23)),
        *(timedelta(days=days) for days in (1, 3, 7)),
    ]
)
MISFORTUNES = st.sampled_from(
    [
        [Fault.LOST],
        [Fault.REFUSED],
        [None, Fault.LOST],
        [None, None, Fault.LOST],
        [Fault.LOST, Fault.LOST],
        [None, None, None, Fault.REFUSED],
        [Fault.DOUBLED, Fault.DOUBLED],
        [Fault.EXPIRED],
        [Fault.EXPIRED, Fault.EMPTY],
        [Fault.EXPIRED, Fault.PARTIAL, Fault.PARTIAL],
        [Fault.EXPIRED, Fault.DOUBLED, None, None, Fault.LOST],
    ]
)
SPELLS = ("hidden", "unanswering", "locked out", "paused")
LEVELS = st.sampled_from(PrivacyLevel)


@dataclass(slots=True, kw_only=True)
class Saved:
    """A backup, and what the machine knew then."""

    database: sqlite3.Connection
    model: Model


class WeatherRules(ActRules):
    """Whatever is no edit."""

    saved: Saved | None = None

    @rule(acts=ACTS, works=st.booleans())
    def edits(self, acts: Sequence[Act], *, works: bool) -> None:
        self.act(acts)
        if works:
            self.clock.advance(seconds=61)
            self.works()

    @rule(acts=ACTS, works=st.booleans())
    def more_edits(self, acts: Sequence[Act], *, works: bool) -> None:
        self.edits(acts, works=works)

    @rule(acts=ACTS, others=A_PERSONS, after=st.integers(0, 12), pick=PICKS)
    def edits_while_the_worker_is_at_it(
        self, acts: Sequence[Act], others: Sequence[Act], after: int, pick: int
    ) -> None:
        self.act(acts)
        self.providers[pick % len(self.providers)].meanwhile.append((after, partial(self.act, others)))
        self.clock.advance(seconds=61)
        self.works()
        self.saw("edited meanwhile")

    @rule(acts=ACTS, commits=st.integers(1, 40))
    def worker_dies(self, acts: Sequence[Act], commits: int) -> None:
        self.act(acts)
        self.clock.advance(seconds=61)
        self.works(cut_in=commits)

    @rule(acts=ACTS, pick=PICKS, faults=MISFORTUNES)
    def requests_fail(self, acts: Sequence[Act], pick: int, faults: list[Fault | None]) -> None:
        self.act(acts)
        self.providers[pick % len(self.providers)].faults = list(faults)
        self.clock.advance(seconds=61)
        self.works()
        self.saw(f"fault {next(filter(None, faults))}")

    @rule(pick=PICKS, what=st.sampled_from(SPELLS), notices=st.booleans(), acts=ACTS, last=st.booleans())
    def spell(self, pick: int, what: str, notices: bool, acts: Sequence[Act], last: bool) -> None:  # noqa: FBT001
        """Something stands still for a while; the worker may notice."""
        begin, end = self._spell(what, pick)
        begin()
        if notices:
            self.clock.advance(minutes=6)
            self.works()
        self.act(acts)
        if last:
            self.works()
        end()
        self.saw(f"spell: {what}")

    @rule(amount=AMOUNTS)
    def time_passes(self, amount: timedelta) -> None:
        self.clock.moment += amount
        self.works()

    @rule(seconds=st.sampled_from([-1, 0, 1, 300]))
    def midnight_comes(self, seconds: int) -> None:
        midnight = midnight_of(day_at(self.clock.now()) + timedelta(days=1))
        self.clock.moment = midnight.astimezone(UTC) + timedelta(seconds=seconds)
        self.works()

    @rule(pick=PICKS, calls=st.sampled_from([0, 0, 2]), forgets=st.booleans())
    def calls_are_lost_or_doubled(self, pick: int, calls: int, *, forgets: bool) -> None:
        provider = self.providers[pick % len(self.providers)]
        provider.calls = calls
        if forgets:
            for calendar_id, each in provider.calendars.items():
                # Of something that nobody has ever seen.
                each.changes.append("ghost")
                provider.forgotten[calendar_id] = len(each.changes)
            self.saw("cursors forgotten")

    @rule(pick=st.integers(0, 30), acts=A_PERSONS)
    def calendar_is_deleted(self, pick: int, acts: Sequence[Act]) -> None:
        shelf = self.shelf(pick)
        if shelf is None or pick % 3:
            return
        self.act(acts)
        shelf.calendar.state = CalendarState.GONE
        for each in shelf.calendar.objects.values():
            self.model.person_deleted(each.text)
        self.saw("calendar deleted")

    def _spell(self, what: str, pick: int) -> tuple[Callable[[], None], Callable[[], None]]:
        provider = self.providers[pick % len(self.providers)]
        match what:
            case "hidden":
                return partial(provider.hide, hidden=True), partial(provider.hide, hidden=False)
            case "unanswering":
                return partial(provider.answer, answers=False), partial(provider.answer, answers=True)
            case "locked out":
                return partial(self._lets, provider, is_in=False), partial(self._lets, provider, is_in=True)
            case _:
                bridged = self.in_use()[pick % len(self.in_use())] if self.in_use() else None
                return partial(self.pauses, bridged), partial(self.resumes, bridged)

    def _lets(self, provider: Provider, *, is_in: bool) -> None:
        provider.lets_in = is_in
        if is_in:
            self.gives_back()

    @rule(pick=PICKS, level=LEVELS, by_practice=st.booleans())
    def level_changes(self, pick: int, level: PrivacyLevel, *, by_practice: bool) -> None:
        if by_practice:
            self._allows(pick, level)
        else:
            self._tightens(pick, level)

    def _tightens(self, pick: int, level: PrivacyLevel) -> None:
        bridges = self.in_use()
        if not bridges:
            return
        bridged = bridges[pick % len(bridges)]
        try:
            with self.store.transaction() as tx:
                control.set_privacy(
                    tx,
                    self.clock,
                    integration=tx.integrations.one(bridged.integration_id),
                    level=level,
                    source=self.own_login(bridged.world),
                )
        except UseCaseError:
            return
        self.saw(f"level {level}")

    def _allows(self, pick: int, level: PrivacyLevel) -> None:
        bridges = self.in_use()
        if not bridges:
            return
        bridged = bridges[pick % len(bridges)]
        with self.store.transaction() as tx:
            integration = tx.integrations.one(bridged.integration_id)
            group = tx.people.practice_group(integration.practice_group_id)
            tx.people.change_practice_group(replace(group, privacy={**group.privacy, integration.service: level}))
            tx.bridges.look_anew(tx.bridges.of_service(group.id, integration.service))
        self.saw(f"allowed {level}")

    @rule(said=st.sampled_from(ReviewAnswer))
    def review_is_answered(self, said: ReviewAnswer) -> None:
        if self.answers(said):
            self.saw(f"review: {said}")

    @rule(pick=PICKS, acts=ACTS)
    def bridge_is_disconnected_and_connected(self, pick: int, acts: Sequence[Act]) -> None:
        bridges = self.in_use()
        if not bridges or pick % 3 == 2:
            return
        bridged = bridges[pick % len(bridges)]
        with self.store.transaction() as tx:
            integration = tx.integrations.one(bridged.integration_id)
            connection.disconnect(tx, self.clock, integration=integration, source=self.own_login(bridged.world))
        self.act(acts)
        if pick % 4:
            bridged.provider.lets_in = True
            self.connects(bridged.world, bridged.provider)
            self.saw("connected again")

    @precondition(lambda self: self.saved is None)
    @rule()
    def backup_is_made(self) -> None:
        database = sqlite3.connect(":memory:", check_same_thread=False)
        self.store.driver.backup(database)
        self.saved = Saved(database=database, model=deepcopy(self.model))

    @precondition(lambda self: self.saved is not None)
    @rule(pick=PICKS)
    def backup_is_restored(self, pick: int) -> None:
        assert self.saved is not None
        if pick % 2:
            return
        self.saved.database.backup(self.store.driver)
        with self.store.transaction() as tx:
            # Drawn by nobody's chance, so that a run can be repeated.
            sync_tokens.begin_epoch(tx, draw=lambda most: next(self.serials) % most)
        now, then = self.model, deepcopy(self.saved.model)
        there = {
            mark
            for each in self.providers
            for _, one in each.live()
            for it in one.objects.values()
            for mark in marks_of(it.text)
        }
        # What the store had taken in since then is lost with it, unless it is there still.
        self.model = replace(then, theirs={mark for mark in now.theirs if mark in there})
        self.model.restored = True
        self.model.deleted |= now.deleted
        self.model.early |= now.early
        self.model.may_go |= now.may_go
        with self.store.snapshot() as tx:
            known = {each.id for world in self.worlds for each in tx.integrations.of(world.practitioner_id)}
        self.bridges = {number: each for number, each in self.bridges.items() if number in known}
        self.engine, self.jobs = self.an_engine(), self.some_jobs()
        self.saw("restored")

    def gives_back(self) -> None:
        """Connect every account again that does not let hxdav in any more."""
        with self.store.snapshot() as tx:
            refused = {each.subject for each in tx.external_accounts.all() if each.state is AccountState.REFUSED}
        for provider in self.providers:
            if provider.subject in refused and provider.lets_in:
                with self.store.transaction() as tx:
                    self.lets_in(tx, self.worlds[0], provider)
                self.saw("let in again")

    def pauses(self, bridged: Bridged | None) -> None:
        """Pause a bridge."""
        if bridged is None:
            return
        with suppress(UseCaseError), self.store.transaction() as tx:
            integration = tx.integrations.one(bridged.integration_id)
            control.pause(tx, self.clock, integration=integration, source=self.own_login(bridged.world))

    def resumes(self, bridged: Bridged | None) -> None:
        """Let a bridge go on that was paused."""
        if bridged is None:
            return
        with self.store.transaction() as tx:
            if tx.bridges.one(bridged.integration_id).state is BridgeState.STOPPED:
                integration = tx.integrations.one(bridged.integration_id)
                control.resume(tx, self.clock, integration=integration, source=self.own_login(bridged.world))

    def answers(self, said: ReviewAnswer) -> bool:
        """Answer every removal in review; whether there were any."""
        is_asked = False
        for world in self.worlds:
            with self.store.snapshot() as tx:
                waiting = tx.removals.in_review(world.practitioner_id)
            if waiting:
                if said is ReviewAnswer.APPLY:
                    self.model.may_go |= {each.appointment_id for each in waiting}
                world.answer([each.id for each in waiting], said)
                is_asked = True
        return is_asked

    def teardown(self) -> None:
        """Give the backup back."""
        if self.saved is not None:
            self.saved.database.close()
