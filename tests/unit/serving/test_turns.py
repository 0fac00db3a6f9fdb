from __future__ import annotations

import pytest

from hxdav.serving.turns import ThreadTurns, Turn


class Desk:
    """Turns, and which requests have started and were refused, in order."""

    def __init__(self, *, threads: int = 4, heavy: int = 1) -> None:
        self.turns = ThreadTurns(threads=threads, heavy=heavy)
        self.started: list[str] = []
        self.refused: list[str] = []

    def ask(self, name: str, *, heavy: bool = False) -> Turn:
        """Ask for ``name``, whose first letter is the asker."""
        turn = Turn(
            asker=name[0],
            is_heavy=heavy,
            start=lambda: self.started.append(name),
            refuse=lambda: self.refused.append(name),
        )
        self.turns.ask(turn)
        return turn


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_the_many_requests_of_one_leave_threads_for_others(desk: Desk) -> None:
    for number in range(10):
        desk.ask(f"a{number}")
    desk.ask("b0")

    assert desk.started == ["a0", "a1", "b0"]


def test_those_that_wait_are_taken_in_turns_among_askers(desk: Desk) -> None:
    running = [desk.ask(name) for name in ("x0", "x1", "y0", "y1")]
    for name in ("a0", "a1", "a2", "b0", "c0"):
        desk.ask(name)

    for turn in running:
        desk.turns.end(turn)

    assert desk.started[4:] == ["a0", "b0", "c0", "a1"]


def test_of_one_asker_one_heavy_request_runs_and_light_ones_beside_it(desk: Desk) -> None:
    desk = Desk(threads=8, heavy=2)
    first = desk.ask("a-heavy-0", heavy=True)
    desk.ask("a-heavy-1", heavy=True)
    desk.ask("a-light")
    desk.ask("b-heavy", heavy=True)
    assert desk.started == ["a-heavy-0", "a-light", "b-heavy"]

    desk.turns.end(first)

    assert desk.started[-1] == "a-heavy-1"


def test_heavy_requests_that_wait_keep_no_light_one_waiting(desk: Desk) -> None:
    desk.ask("a", heavy=True)
    for name in ("b", "c", "d"):
        desk.ask(name, heavy=True)

    desk.ask("e")

    assert desk.started == ["a", "e"]
    assert desk.turns.waiting == 3


def test_a_request_that_is_withdrawn_never_starts(desk: Desk) -> None:
    running = [desk.ask(name) for name in ("a0", "a1")]
    withdrawn = desk.ask("a2")
    desk.ask("a3")

    assert desk.turns.give_up(withdrawn)
    desk.turns.end(running[0])

    assert desk.started == ["a0", "a1", "a3"]
    assert not desk.turns.give_up(running[1])


def test_a_request_that_has_waited_for_too_long_is_refused(desk: Desk) -> None:
    for number in range(4):
        desk.ask(f"a{number}")

    desk.turns.refuse_late(seconds=60)
    assert not desk.refused
    desk.turns.refuse_late(seconds=-1)

    assert desk.refused == ["a2", "a3"]
    assert desk.turns.waiting == 0
