"""What Google answers, in the port's words: calendars, errors, quotas, channels."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hxdav.remote import (
    CalendarState,
    CalendarUnavailable,
    CursorExpired,
    Forbidden,
    Gone,
    NotTaken,
    Page,
    RemoteError,
    RemoteId,
    TryLater,
    Unreadable,
)
from hxdav.remotes.google.account import open_google
from hxdav.remotes.google.quota import RateLimit
from tests.integration.remotes.google_desk import ANNA, BERLIN, Desk, a_desk, connect
from tests.simulators.serving import WireAnswer
from tests.unit.remotes.test_google_mapping import a_text

CALENDARS = r"/calendars$"


@pytest.fixture
def desk() -> Iterator[Desk]:
    with a_desk() as desk:
        yield desk


def names_of(desk: Desk) -> list[str]:
    return [one.summary for one in desk.anna.calendars() if not one.is_primary]


# -- calendars


def test_the_marker_stands_by_itself_below_a_sentence_for_the_person(desk: Desk) -> None:
    described = desk.anna.calendar("HX_Harbour").description or ""
    assert described.splitlines()[1] == "hxdav:m-1"
    assert desk.remote.find_calendar("m-1") == desk.calendar_id
    assert desk.remote.find_calendar("m-") is None
    assert desk.remote.find_calendar("m-11") is None


def test_a_hidden_calendar_is_found_by_its_marker(desk: Desk) -> None:
    desk.anna.hide("HX_Harbour")
    assert desk.remote.find_calendar("m-1") == desk.calendar_id


def test_a_calendar_whose_answer_was_lost_is_not_made_twice(desk: Desk) -> None:
    desk.google.faults.lose_answers(method="POST", path=CALENDARS)
    with pytest.raises(TryLater):
        desk.remote.make_calendar("HX_Bay", marker="m-2", zone=BERLIN)
    assert names_of(desk) == ["HX_Harbour", "HX_Bay"]
    assert desk.remote.make_calendar("HX_Bay", marker="m-2", zone=BERLIN) == desk.anna.calendar("HX_Bay").id
    assert names_of(desk) == ["HX_Harbour", "HX_Bay"]


def test_names_are_what_the_person_sees(desk: Desk) -> None:
    desk.anna.add_calendar("Family")
    desk.anna.rename("HX_Harbour", "Work")
    assert set(desk.remote.calendar_names()) == {ANNA, "Family", "Work"}


def test_a_tick_taken_off_hides_nothing_and_the_settings_do(desk: Desk) -> None:
    desk.anna.untick("HX_Harbour")
    assert desk.remote.calendar_state(desk.calendar_id) is CalendarState.VISIBLE
    desk.anna.hide("HX_Harbour")
    assert desk.remote.calendar_state(desk.calendar_id) is CalendarState.HIDDEN


def test_a_calendar_taken_off_the_list_is_hidden_and_a_deleted_one_gone(desk: Desk) -> None:
    desk.anna.unsubscribe("HX_Harbour")
    assert desk.remote.calendar_state(desk.calendar_id) is CalendarState.HIDDEN
    desk.anna.delete_calendar("HX_Harbour")
    assert desk.remote.calendar_state(desk.calendar_id) is CalendarState.GONE


def test_in_a_deleted_calendar_nothing_is_gone_and_nothing_is_made(desk: Desk) -> None:
    known = desk.create(a_text("SUMMARY:Team"))
    desk.anna.delete_calendar("HX_Harbour")
    for attempt in (
        lambda: desk.remote.read(desk.calendar_id, known.remote_id),
        lambda: desk.remote.remove(desk.calendar_id, known),
        lambda: desk.create(a_text("SUMMARY:Team", uid="another")),
        desk.everything,
    ):
        with pytest.raises(CalendarUnavailable):
            attempt()


def test_a_calendar_of_the_persons_own_is_out_of_reach(desk: Desk) -> None:
    own = desk.anna.add_calendar("Family")
    with pytest.raises(CalendarUnavailable):
        desk.remote.pull(own.id, None)  # type: ignore[arg-type]


def test_what_was_never_there_is_gone_while_the_calendar_answers(desk: Desk) -> None:
    assert desk.remote.read(desk.calendar_id, RemoteId("neverthere")) == Gone(remote_id=RemoteId("neverthere"))


# -- errors


@pytest.mark.parametrize(
    ("code", "reason", "error"),
    [
        (403, "rateLimitExceeded", TryLater),
        (403, "userRateLimitExceeded", TryLater),
        (403, "quotaExceeded", TryLater),
        (429, "rateLimitExceeded", TryLater),
        (500, "backendError", TryLater),
        (503, "backendError", TryLater),
        (403, "insufficientPermissions", Forbidden),
        (403, "forbidden", Forbidden),
        (403, "accessNotConfigured", TryLater),
        (404, "notFound", CalendarUnavailable),
        (410, "fullSyncRequired", CursorExpired),
    ],
)
def test_the_reason_decides_what_a_refused_listing_means(
    desk: Desk, code: int, reason: str, error: type[RemoteError]
) -> None:
    desk.google.faults.refuse(code, reason)
    with pytest.raises(error):
        desk.remote.pull(desk.calendar_id, None)


def test_a_refused_write_is_parked_with_the_reason_and_without_its_content(desk: Desk) -> None:
    desk.google.faults.refuse(400, "invalid", method="POST")
    with pytest.raises(NotTaken, match="400 invalid") as caught:
        desk.create(a_text("SUMMARY:Nobody's business"))
    assert "business" not in str(caught.value)


@pytest.mark.parametrize("trouble", ["cut", "lose_answers"])
def test_half_an_answer_and_none_are_for_later(desk: Desk, trouble: str) -> None:
    desk.create(a_text("SUMMARY:Team"))
    getattr(desk.google.faults, trouble)(times=9)
    with pytest.raises(TryLater):
        desk.everything()
    desk.google.faults.clear()
    assert len(desk.everything().sightings) == 1


def test_an_account_out_of_reach_is_for_later(desk: Desk) -> None:
    nowhere = replace(desk.app, api_root="http://127.0.0.1:9")
    remote = open_google(nowhere, connect(desk.app), keep=desk.kept.append)
    with pytest.raises(TryLater):
        remote.identify()
    remote.close()


def test_a_cursor_of_somebody_else_is_refused_as_expired(desk: Desk) -> None:
    for cursor in ("", "x", "{}", '{"page":"","since":"x"}', '{"page":"x","since":""}'):
        with pytest.raises(CursorExpired):
            desk.remote.pull(desk.calendar_id, cursor)  # type: ignore[arg-type]


# -- quotas


def test_every_request_passes_the_limit_and_google_counts_no_more() -> None:
    waited: list[float] = []
    now = [0.0]

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        now[0] += seconds

    limit = RateLimit(5, clock=lambda: now[0], sleep=sleep)
    with a_desk(limit=limit) as desk:
        for number in range(12):
            desk.create(a_text("SUMMARY:Team", uid=f"u{number}"))
        assert desk.remote.requests == desk.google.requests.made(ANNA) == 14
        assert len(waited) == 2


def test_a_limit_outlives_the_remotes_that_share_it(desk: Desk) -> None:
    waited: list[float] = []
    limit = RateLimit(1, clock=time.monotonic, sleep=lambda seconds: waited.append(seconds) or _forget(limit))  # type: ignore[func-returns-value]
    credentials = connect(desk.app)
    for _ in range(2):
        remote = open_google(desk.app, credentials, keep=lambda _: None, limit=limit)
        remote.identify()
        remote.close()
    assert len(waited) == 1


def _forget(limit: RateLimit) -> None:
    limit._answered.clear()


# -- channels


def test_a_channel_is_opened_for_a_week_and_closed_twice(desk: Desk) -> None:
    channel = desk.remote.open_channel(desk.calendar_id, channel_id="c-1", token="t", address="http://127.0.0.1:9/")
    assert timedelta(days=6) < channel.expires_at - datetime.now(UTC) < timedelta(days=8)
    desk.remote.close_channel(channel.channel_id, channel.ticket)
    desk.remote.close_channel(channel.channel_id, channel.ticket)


def test_an_address_that_google_does_not_take_leaves_the_access_alone(desk: Desk) -> None:
    desk.google.quirks.webhooks_unauthorized = True
    with pytest.raises(NotTaken):
        desk.remote.open_channel(desk.calendar_id, channel_id="c-1", token="t", address="https://elsewhere.example/")
    assert desk.kept == []
    assert desk.remote.identify().subject == ANNA


def test_an_answer_of_the_wrong_shape_is_for_later_or_unreadable(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = ("[]", '{"items":[{}],"nextSyncToken":"x"}', '{"items":[{"id":"a"}],"nextSyncToken":"x"}', "{}", '"x"')
    for shape in shapes:
        monkeypatch.setattr(
            desk.google, "answer", lambda request, shape=shape: WireAnswer(code=200, body=shape.encode())
        )
        for attempt in (
            lambda: desk.remote.pull(desk.calendar_id, None),
            lambda: desk.create(a_text("SUMMARY:Team")),
            lambda: desk.remote.open_channel(desk.calendar_id, channel_id="c", token="t", address="https://a.example/"),
            desk.remote.identify,
        ):
            try:
                found = attempt()
            except TryLater:
                continue
            assert isinstance(found, Page)
            assert all(isinstance(sighting, Unreadable) for sighting in found.sightings)
