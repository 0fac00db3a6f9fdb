"""The state machine of convergence: any interleaving of all that can happen ends with both sides equal."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import initialize

from hxdav.domain.removal import ReviewAnswer
from tests.builders import NOON
from tests.integration.machines.rules_machine import AUTUMN, SPRING
from tests.integration.sync import machine_checking as checking
from tests.integration.sync.machine_ground import Beginning
from tests.integration.sync.machine_weather import WeatherRules

_LOOKS = 12
"""After so many looks without anything going wrong everything is calm."""

OUTCOMES = {
    "a bridge's removal: held",
    "a bridge's removal: review",
    "a calm end",
    "a worker died",
    "calendar deleted",
    "connected again",
    "cursors forgotten",
    "device: Applied",
    "device: Held",
    "device: Merged",
    "device: Refused",
    "dragged",
    "edited meanwhile",
    "fault expired",
    "fault lost",
    "fault refused",
    "left alone",
    "let in again",
    "restored",
    "review: apply",
    "spell: hidden",
    "spell: locked out",
    "spell: paused",
    "spell: unanswering",
    "trouble access_lost",
    "trouble calendar_unavailable",
    "trouble quota",
    "trouble unavailable",
    "un-deleted",
}
"""What a thousand examples reach a few times at least."""


class ConvergenceMachine(WeatherRules):
    """Everything that may happen, from several beginnings."""

    @initialize(
        moment=st.sampled_from([NOON, SPRING, AUTUMN]),
        place=st.sampled_from(["one", "two", "shared"]),
        turn=st.sampled_from([timedelta(seconds=20), timedelta(seconds=20), timedelta(milliseconds=300)]),
        filled=st.sampled_from([(2, 1), (0, 0), (3, 2)]),
        luck=st.integers(0, 5),
    )
    def begin(self, moment: datetime, place: str, turn: timedelta, filled: tuple[int, int], luck: int) -> None:
        """Begin with calendars that are connected, and with something in them."""
        own, booked = filled
        beginning = Beginning(moment=moment, two=place == "two", shared=place == "shared", own=own, booked=booked)
        self.begin_at(beginning, turn=turn, luck=luck)

    def fill(self, *, own: int, booked: int) -> None:
        """Put and book what there is at the beginning."""
        for number in range(own):
            self.device_puts(number, "weekly" if number == 1 else "single", 1 + number, "09")
        for number in range(booked):
            self.practice_books(number, "single", 1 + number, "14", is_patient=True)

    def teardown(self) -> None:
        """Let everything calm down, and look at what has come of it."""
        try:
            if sys.exc_info()[0] is None and self.bridges:
                self.calm_down()
                checking.when_calm(self)
        finally:
            super().teardown()

    def calm_down(self) -> None:
        """Let nothing go wrong any more, and look until there is nothing left to do."""
        for provider in self.providers:
            provider.calm()
        self.gives_back()
        for bridged in self.in_use():
            self.resumes(bridged)
        before = None
        for _ in range(_LOOKS):
            self.clock.advance(minutes=20)
            self.works()
            is_asked = self.answers(ReviewAnswer.KEEP)
            after = self.everything()
            if before == after and not is_asked:
                return
            before = after
        raise AssertionError("it does not calm down")

    def everything(self) -> list[object]:
        """What would not stay the same if anything were done."""
        with self.store.snapshot() as tx:
            modseqs = [each.modseq for each in tx.integrations.all()]
            removals = [each.state for world in self.worlds for each in tx.removals.all_of(world.practitioner_id)]
        return [modseqs, removals, *(provider.writes() for provider in self.providers)]
