"""The feed: what a client is told of an integration, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from hxdav.domain.edit import Applied
from hxdav.domain.ids import Href, IntegrationId, Modseq
from hxdav.domain.policy import Policy
from hxdav.domain.times import Interval
from hxdav.store.store import Store
from tests.builders import PracticeWorld, a_practice, an_object

OPEN = Policy(window_days=None)


def _world(store: Store) -> tuple[PracticeWorld, IntegrationId]:
    practice = a_practice(store)
    practice.policy = OPEN
    return practice, practice.integration()


def _in_range(practice: PracticeWorld, calendar: IntegrationId, start: datetime, end: datetime) -> dict[Href, str]:
    """Hrefs in the range, and whether the index or the rule has to tell."""
    with practice.store.snapshot() as tx:
        answer = tx.feed.in_range(calendar, Interval(start, end))
    return {each.href: "found" for each in answer.found} | {each.href: "candidate" for each in answer.candidates}


def _utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


def test_changes_are_what_has_a_later_modseq_in_its_order(store: Store) -> None:
    practice, calendar = _world(store)
    for name in "abc":
        practice.put(calendar, f"{name}.ics", an_object(f"{name}@example"))
    practice.remove(calendar, "a.ics")

    assert list(practice.changes(calendar)) == ["b.ics", "c.ics", "a.ics"]
    assert practice.changes(calendar, since=3) == {"a.ics": None}
    assert practice.changes(calendar, since=4) == {}


def test_an_address_that_is_used_again_is_reported_once_as_it_is_now(store: Store) -> None:
    practice, calendar = _world(store)
    practice.put(calendar, "a.ics", an_object("a@example"))
    practice.remove(calendar, "a.ics")
    practice.put(calendar, "a.ics", an_object("b@example"))

    assert practice.changes(calendar) == practice.shown(calendar)
    practice.remove(calendar, "a.ics")
    assert practice.changes(calendar) == {"a.ics": None}


def test_a_change_of_one_integration_says_nothing_to_another(store: Store) -> None:
    practice, calendar = _world(store)
    other = practice.integration("hx-two", connected_on=date(2026, 11, 1))
    practice.put(calendar, "a.ics", an_object())
    before = practice.modseq(other)

    practice.move(calendar, "a.ics", "b.ics")

    assert practice.modseq(other) == before
    assert practice.modseq(calendar) == before + 1


def test_a_poll_is_one_practitioners_own(store: Store) -> None:
    practice, calendar = _world(store)
    practice.put(calendar, "a.ics", an_object())
    digest = practice.keyring.app_password_digest(practice.app_password())
    ask = {"digest": digest, "now": practice.clock.now()}
    with store.single_read() as tx:
        poll = tx.feed.poll(username="maya", slug="hx-one", **ask)  # type: ignore[arg-type]
        wrong = [
            tx.feed.poll(username="maya", slug="hx-other", **ask),  # type: ignore[arg-type]
            tx.feed.poll(username="tom", slug="hx-one", **ask),  # type: ignore[arg-type]
            tx.feed.poll(username="maya", slug="hx-one", digest="0", now=practice.clock.now()),
        ]

    assert poll is not None
    assert (poll.integration_id, poll.modseq) == (calendar, 1)
    assert wrong == [None, None, None]


def test_a_revoked_or_expired_password_polls_nothing(store: Store) -> None:
    practice, _ = _world(store)
    digest = practice.keyring.app_password_digest(practice.app_password())
    now = practice.clock.now()
    with store.transaction() as tx:
        (mine,) = tx.app_passwords.of_user(practice.user_id)
        assert tx.app_passwords.revoke(practice.user_id, mine.id, now=now)
        assert not tx.app_passwords.revoke(practice.user_id, mine.id, now=now)

    with store.single_read() as tx:
        assert tx.feed.poll(username="maya", slug="hx-one", digest=digest, now=now) is None
        assert tx.app_passwords.login("maya", digest, now=now) is None


def test_a_password_ends_with_its_last_moment(store: Store) -> None:
    practice, _ = _world(store)
    now = practice.clock.now()
    digest = practice.keyring.app_password_digest("abcd")
    with store.transaction() as tx:
        tx.app_passwords.add(
            practice_group_id=tx.people.user(practice.user_id).practice_group_id,
            user_id=practice.user_id,
            label="old phone",
            digest=digest,
            created_at=now,
            expires_at=now + timedelta(days=1),
        )

    with store.single_read() as tx:
        assert tx.app_passwords.login("maya", digest, now=now + timedelta(hours=23, minutes=59)) is not None
        assert tx.app_passwords.login("maya", digest, now=now + timedelta(days=1)) is None


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        (_utc(2026, 11, 23, 22), _utc(2026, 11, 23, 23), True),
        (_utc(2026, 11, 23, 23), _utc(2026, 11, 24), False),
        (_utc(2026, 11, 23, 21), _utc(2026, 11, 23, 22), False),
        (_utc(2026, 11, 23, 22, 30), _utc(2026, 11, 23, 22, 31), True),
        (_utc(2020, 1, 1), _utc(2030, 1, 1), True),
    ],
)
def test_a_single_is_found_in_the_ranges_that_it_overlaps(
    sqlite_store: Store, start: datetime, end: datetime, *, found: bool
) -> None:
    practice, calendar = _world(sqlite_store)
    practice.put(calendar, "a.ics", an_object())

    assert _in_range(practice, calendar, start, end) == ({Href("a.ics"): "found"} if found else {})


def test_a_moment_without_length_is_found_where_it_lies(store: Store) -> None:
    practice, calendar = _world(store)
    practice.put(calendar, "a.ics", an_object(end=""))

    assert _in_range(practice, calendar, _utc(2026, 11, 23, 22), _utc(2026, 11, 23, 23))
    assert not _in_range(practice, calendar, _utc(2026, 11, 23, 21), _utc(2026, 11, 23, 22))


def test_one_that_lasts_for_months_is_found_in_its_middle(store: Store) -> None:
    practice, calendar = _world(store)
    practice.put(calendar, "a.ics", an_object(start="DTSTART;VALUE=DATE:20260101", end="DTEND;VALUE=DATE:20261231"))

    assert _in_range(practice, calendar, _utc(2026, 6, 1), _utc(2026, 6, 2)) == {"a.ics": "found"}


def test_every_occurrence_of_a_short_series_is_in_the_index(store: Store) -> None:
    practice, calendar = _world(store)
    practice.put(calendar, "a.ics", an_object("a@example", "RRULE:FREQ=WEEKLY;COUNT=3"))

    assert _in_range(practice, calendar, _utc(2026, 12, 7), _utc(2026, 12, 8)) == {"a.ics": "found"}
    assert _in_range(practice, calendar, _utc(2026, 12, 14), _utc(2026, 12, 15)) == {}


def test_an_endless_series_is_a_candidate_beyond_what_is_indexed(store: Store) -> None:
    practice, calendar = _world(store)
    practice.put(calendar, "a.ics", an_object("a@example", "RRULE:FREQ=WEEKLY"))

    assert _in_range(practice, calendar, _utc(2026, 12, 7), _utc(2026, 12, 8)) == {"a.ics": "found"}
    assert _in_range(practice, calendar, _utc(2026, 12, 9), _utc(2026, 12, 10)) == {}
    assert _in_range(practice, calendar, _utc(2035, 1, 1), _utc(2035, 2, 1)) == {"a.ics": "candidate"}


def test_of_an_old_daily_series_the_latest_occurrences_are_indexed(store: Store) -> None:
    practice, calendar = _world(store)
    old = an_object("a@example", "RRULE:FREQ=DAILY", start="DTSTART:19900101T090000Z", end="DTEND:19900101T100000Z")
    practice.put(calendar, "a.ics", old)

    assert _in_range(practice, calendar, _utc(2026, 11, 20), _utc(2026, 11, 21)) == {"a.ics": "found"}
    assert _in_range(practice, calendar, _utc(1995, 1, 1), _utc(1995, 1, 2)) == {"a.ics": "candidate"}
    assert _in_range(practice, calendar, _utc(1989, 1, 1), _utc(1989, 12, 31)) == {}


def test_an_edit_replaces_the_index(store: Store) -> None:
    practice, calendar = _world(store)
    practice.put(calendar, "a.ics", an_object("a@example", "RRULE:FREQ=WEEKLY"))
    practice.put(calendar, "a.ics", an_object("a@example"))

    assert _in_range(practice, calendar, _utc(2026, 11, 1), _utc(2099, 1, 1)) == {"a.ics": "found"}
    assert _in_range(practice, calendar, _utc(2026, 12, 1), _utc(2099, 1, 1)) == {}


def test_objects_are_given_in_any_number_and_the_missing_left_out(store: Store) -> None:
    practice, calendar = _world(store)
    practice.put(calendar, "a.ics", an_object())
    hrefs = ["a.ics", *(f"none{number}.ics" for number in range(1200))]

    with store.snapshot() as tx:
        assert set(tx.feed.objects(calendar, hrefs)) == {"a.ics"}


def test_versions_tell_the_whole_story(store: Store) -> None:
    practice, calendar = _world(store)
    put = practice.put(calendar, "a.ics", an_object())
    practice.put(calendar, "a.ics", an_object(summary="Lunch"))
    practice.removed(calendar, "a.ics")
    assert isinstance(put, Applied)

    with store.snapshot() as tx:
        versions = tx.appointments.versions(put.appointment_id)

    assert [each.action for each in versions] == ["created", "changed", "removed"]
    assert [each.revision for each in versions] == [1, 2, 3]
    assert versions[0].text == an_object()
    assert all(each.source.integration_id == calendar for each in versions)


def test_a_limited_read_of_changes_stops_where_it_is_told(store: Store) -> None:
    practice, calendar = _world(store)
    for name in "abc":
        practice.put(calendar, f"{name}.ics", an_object(f"{name}@example"))

    with store.snapshot() as tx:
        page = tx.feed.changes(calendar, Modseq(0), limit=2)

    assert [each.href for each in page] == ["a.ics", "b.ics"]
