"""What calendars are called, and what goes by which name (rules 3 and 9, identity)."""

from __future__ import annotations

from datetime import date

from hxdav.domain.ids import AppointmentId, IntegrationId
from hxdav.domain.integration import calendar_name
from hxdav.domain.mirror import derived_href, derived_uid, etag_of
from hxdav.domain.refusal import SENTENCES, Reason

DAY = date(2026, 11, 22)


def test_the_first_calendar_is_named_after_the_practice_group() -> None:
    assert calendar_name("Harbour Street Psychology", DAY, []) == "HX_Harbour Street Psychology"


def test_the_second_carries_the_date_and_later_ones_a_number() -> None:
    taken = ["HX_H"]

    for expected in ("HX_H (2026-11-22)", "HX_H (2026-11-22 2)", "HX_H (2026-11-22 3)"):
        taken.append(calendar_name("H", DAY, taken))
        assert taken[-1] == expected


def test_a_derived_uid_is_the_same_every_time_and_another_for_each_mirror() -> None:
    uids = {
        derived_uid(IntegrationId(i), AppointmentId(a), generation=g) for i in (1, 2) for a in (1, 12) for g in (1, 2)
    }

    assert len(uids) == 8
    assert derived_uid(IntegrationId(1), AppointmentId(1), generation=1) in uids
    assert all(derived_href(uid).endswith(".ics") and "@" not in derived_href(uid) for uid in uids)


def test_an_etag_changes_with_the_text_and_with_the_revision() -> None:
    assert len({etag_of("a", 1), etag_of("b", 1), etag_of("a", 2)}) == 3
    assert etag_of("a", 1) == etag_of("a", 1)
    assert etag_of("a", 1).startswith('"')


def test_every_reason_has_its_sentence() -> None:
    assert set(SENTENCES) == set(Reason)
    assert all(sentence.endswith(".") for sentence in SENTENCES.values())
