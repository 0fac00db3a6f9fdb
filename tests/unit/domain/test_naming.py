"""What calendars are called, and what goes by which name (rules 3 and 9, identity)."""

from __future__ import annotations

from datetime import date

import pytest

from hxdav.domain.ids import AppointmentId, IntegrationId
from hxdav.domain.integration import LONGEST_NAME, calendar_name, name_given
from hxdav.domain.mirror import derived_href, derived_uid, etag_of
from hxdav.domain.refusal import SENTENCES, Reason

DAY = date(2026, 11, 22)


def test_the_first_calendar_is_named_after_the_practice_group() -> None:
    name = calendar_name("Harbour Street Psychology", DAY, [], is_first=True)

    assert name == "HX_Harbour Street Psychology"


def test_the_second_carries_the_date_and_later_ones_a_number() -> None:
    taken = ["HX_H"]

    for expected in ("HX_H (2026-11-22)", "HX_H (2026-11-22 2)", "HX_H (2026-11-22 3)"):
        taken.append(calendar_name("H", DAY, taken, is_first=False))
        assert taken[-1] == expected


def test_the_second_carries_the_date_even_where_the_first_has_another_name_by_now() -> None:
    assert calendar_name("H", DAY, ["Maya's work"], is_first=False) == "HX_H (2026-11-22)"


def test_the_first_carries_the_date_where_somebody_else_has_its_name_in_that_account() -> None:
    assert calendar_name("H", DAY, ["HX_H"], is_first=True) == "HX_H (2026-11-22)"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Maya's\n  work ", "Maya's work"),
        ("👩‍⚕️ Praxis", "👩‍⚕️ Praxis"),
        ("n" * LONGEST_NAME, "n" * LONGEST_NAME),
        ("n" * (LONGEST_NAME + 1), None),
        (" \t ", None),
        ("be\x07ll", None),
        ("no\uffff", None),
        ("half \ud800", None),
    ],
)
def test_a_name_is_kept_without_white_space_around_it_unless_it_is_none(typed: str, kept: str | None) -> None:
    assert name_given(typed) == kept


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
