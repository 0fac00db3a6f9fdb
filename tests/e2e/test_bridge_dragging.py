"""Dragging an event from one of a practitioner's calendars to another, as a Mac does it: nothing is removed by that.

A new object appears in the one under the UID and with the words that it has in the other, and is deleted there; which
of the two comes first is the Mac's choice.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from itertools import permutations

import pytest

from tests.e2e.bridged import SHOWN, BridgedDemo, Row, a_bridged_demo, a_moment
from tests.e2e.faces import Face, until_full
from tests.waiting import until

PLACES = ("native", "google", "apple")
SETTLE_SECONDS = 5
"""Time enough for both halves of a drag."""

PAIRS = list(permutations(PLACES, 2))


class Mac:
    """A Mac with all three calendars of one practitioner on it."""

    def __init__(self, demo: BridgedDemo, faces: dict[str, Face], apple_row: Row) -> None:
        self._demo = demo
        self._apple_row = apple_row
        self.faces = faces

    def drag(self, source: str, target: str, starts: datetime, *, is_put_first: bool) -> None:
        """Drag what takes place at that time."""
        shown = self.faces[source].one_at(starts)
        if is_put_first:
            self.faces[target].add(shown.uid, shown.title, starts)
        self.faces[source].remove(shown)
        if not is_put_first:
            self.faces[target].add(shown.uid, shown.title, starts)
        if "apple" in {source, target}:
            self._demo.look_now(self._apple_row)

    def titles_at(self, starts: datetime) -> dict[str, list[str]]:
        """What each calendar shows at that time."""
        return {place: face.titles_at(starts) for place, face in self.faces.items()}


@pytest.fixture(scope="module")
def mac(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mac]:
    folder = tmp_path_factory.mktemp("dragging")
    settings = {"HXDAV_RULES__SETTLE_SECONDS": str(SETTLE_SECONDS)}
    with a_bridged_demo(folder, **settings) as demo, demo.native_face("maya") as native:
        demo.connect_google("maya", "maya@gmail.example")
        account = demo.icloud.add_account()
        apple_row = demo.connect_icloud("maya", account)
        faces = {"native": native, "google": demo.google_face("maya@gmail.example"), "apple": demo.apple_face(account)}
        until_full(faces.values(), SHOWN)
        before = {place: face.titles() for place, face in faces.items()}
        yield Mac(demo, faces, apple_row)
        # Whatever was taken for a removal, and not taken back, comes about by then.
        time.sleep(SETTLE_SECONDS + 1)
        assert {place: face.titles() for place, face in faces.items()} == before


@pytest.mark.parametrize("is_put_first", [True, False], ids=["put_first", "deleted_first"])
@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_what_is_dragged_shows_in_all_calendars_and_hidden_words_stay(
    mac: Mac, source: str, target: str, *, is_put_first: bool
) -> None:
    number = 2 * PAIRS.index((source, target)) + is_put_first
    starts = a_moment(2 + number // 2, (9, 14)[number % 2])
    named = mac.titles_at(starts)
    assert named["google"] == named["apple"] == ["Appointment"]

    mac.drag(source, target, starts, is_put_first=is_put_first)

    until(lambda: mac.titles_at(starts) == named, what="it to show everywhere as before")
