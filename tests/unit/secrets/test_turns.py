"""Turns: bounded, and in the order in which they were asked for."""

from __future__ import annotations

import threading

import pytest

from hxdav.errors import TooManyAtOnce
from hxdav.secrets.turns import HashingTurns


def test_no_more_than_agreed_have_a_turn_and_those_who_wait_come_in_their_order() -> None:
    turns = HashingTurns(at_once=2, waiting=3)
    order: list[int] = []

    def take(number: int) -> None:
        with turns.turn():
            order.append(number)

    waiting = [threading.Thread(target=take, args=(number,)) for number in range(3)]
    with turns.turn():
        with turns.turn():
            for number, thread in enumerate(waiting):
                thread.start()
                while len(turns._waiting) <= number:
                    thread.join(0.001)
            assert order == []
            with pytest.raises(TooManyAtOnce), turns.turn():
                pass
        for thread in waiting:
            thread.join()
    assert order == [0, 1, 2]


def test_a_turn_is_given_back_whatever_happens() -> None:
    turns = HashingTurns(at_once=1, waiting=0)
    for _ in range(3):
        with pytest.raises(ValueError, match="oops"), turns.turn():
            raise ValueError("oops")
