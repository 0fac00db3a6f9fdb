from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hxdav.domain.field import EVERY_FIELD, Field
from hxdav.domain.privacy import WORDS
from hxdav.ical.fields import FieldDifference, Parts, differences, parts_of
from hxdav.ical.graft import graft
from hxdav.ical.objects import CalendarObject, read_object
from hxdav.sync.merging import Merge, merge, sent_after
from tests.unit.ical.calendars import SYDNEY, a_calendar, a_vevent
from tests.unit.ical.objects_drawn import CLOCKS, drawn_texts

START = "DTSTART;TZID=Australia/Sydney:20261124T090000"
LATER = "DTSTART;TZID=Australia/Sydney:20261124T110000"
DAILY = "RRULE:FREQ=DAILY"
SECOND, THIRD = "20261124T220000Z", "20261125T220000Z"
ON_SECOND, ON_THIRD = (f"RECURRENCE-ID:{key}" for key in (SECOND, THIRD))
NOT_SECOND, NOT_THIRD = (f"EXDATE:{key}" for key in (SECOND, THIRD))


def an_event(*lines: str) -> tuple[str, ...]:
    return (START, *lines) if not any(line.startswith("DTSTART") for line in lines) else lines


def parts(obj: CalendarObject) -> Parts:
    return parts_of(obj, carries=EVERY_FIELD, practice_zone=SYDNEY)


def a_series(*vevents: tuple[str, ...]) -> Parts:
    return parts(read_object(a_calendar(*(a_vevent(*an_event(*lines)) for lines in vevents)).encode()))


def merged(base: Parts, *, local: Parts, remote: Parts, hidden: frozenset[Field] = frozenset()) -> Merge:
    return merge(base=base, sent=base, local=local, remote=remote, hidden=hidden)


def a_change(field: Field | None, part: str = "") -> FieldDifference:
    return FieldDifference(part=part, field=field)


TITLE, TIME = a_change(Field.TITLE), a_change(Field.TIME)
RECURRENCE, LOCATION = a_change(Field.RECURRENCE), a_change(Field.LOCATION)


def test_different_fields_merge() -> None:
    outcome = merged(
        a_series(("SUMMARY:a", "LOCATION:x")),
        local=a_series(("SUMMARY:a", "LOCATION:y")),
        remote=a_series(("SUMMARY:b", LATER, "LOCATION:x")),
    )
    assert outcome == Merge(inward=frozenset({TITLE, TIME}), lost=frozenset())


def test_of_the_same_field_the_store_wins() -> None:
    outcome = merged(a_series(("SUMMARY:a",)), local=a_series(("SUMMARY:b",)), remote=a_series(("SUMMARY:c",)))
    assert outcome == Merge(inward=frozenset(), lost=frozenset({TITLE}))


def test_what_both_changed_alike_is_neither_taken_in_nor_lost() -> None:
    outcome = merged(a_series(("SUMMARY:a",)), local=a_series(("SUMMARY:b",)), remote=a_series(("SUMMARY:b",)))
    assert outcome == Merge(inward=frozenset(), lost=frozenset())


def test_what_a_level_hides_is_lost_and_the_time_comes_in() -> None:
    base = a_series(("SUMMARY:Appointment",))
    remote = a_series(("SUMMARY:Dentist", "LOCATION:x", LATER))
    outcome = merged(base, local=base, remote=remote, hidden=WORDS)
    assert outcome == Merge(inward=frozenset({TIME}), lost=frozenset({TITLE, LOCATION}))


def test_where_a_level_hides_words_no_override_comes_in_with_them() -> None:
    base = a_series((DAILY, "SUMMARY:Appointment"))
    remote = a_series((DAILY, "SUMMARY:Appointment"), (ON_SECOND, "SUMMARY:Appointment"))
    assert merged(base, local=base, remote=remote, hidden=WORDS).inward == frozenset()


def test_what_the_provider_made_of_ours_at_first_is_no_change() -> None:
    sent, base = a_series(("SUMMARY:a longer title",)), a_series(("SUMMARY:a longer",))
    outcome = merge(base=base, sent=sent, local=sent, remote=base, hidden=frozenset())
    assert outcome == Merge(inward=frozenset(), lost=frozenset())


SERIES = (DAILY, "SUMMARY:a")
ALONE = a_series(SERIES)
EDITED = a_series(SERIES, (ON_SECOND, "SUMMARY:b"))
EDITED_OTHERWISE = a_series(SERIES, (ON_SECOND, "SUMMARY:c"))
MOVED = a_series(SERIES, (ON_SECOND, "SUMMARY:b", LATER))
WITHOUT_SECOND = a_series((*SERIES, NOT_SECOND))
WITHOUT_THIRD = a_series((*SERIES, NOT_THIRD))
ENDED = a_series((f"{DAILY};COUNT=1", "SUMMARY:a"))
DELAYED = a_series((*SERIES, LATER))
PLACED = a_series(SERIES, (ON_SECOND, "SUMMARY:b", "LOCATION:x"))
RETITLED = a_series((DAILY, "SUMMARY:all"))


@pytest.mark.parametrize(
    ("base", "local", "remote"),
    [
        pytest.param(ALONE, EDITED, EDITED_OTHERWISE, id="both made an override of the same instance"),
        pytest.param(EDITED, ALONE, MOVED, id="we dropped the override that they moved"),
        pytest.param(EDITED, MOVED, ALONE, id="they dropped the override that we moved"),
        pytest.param(EDITED, MOVED, WITHOUT_SECOND, id="they left out the instance that we moved"),
        pytest.param(EDITED, WITHOUT_SECOND, MOVED, id="we left out the instance that they moved"),
        pytest.param(ALONE, EDITED, WITHOUT_SECOND, id="they left out the instance that we edited"),
        pytest.param(ALONE, WITHOUT_SECOND, EDITED, id="we left out the instance that they edited"),
        pytest.param(ALONE, EDITED, ENDED, id="they ended the series before the instance that we edited"),
        pytest.param(ALONE, ENDED, EDITED, id="we ended the series before the instance that they edited"),
        pytest.param(ALONE, WITHOUT_SECOND, WITHOUT_THIRD, id="both left out an instance"),
        pytest.param(ALONE, WITHOUT_SECOND, DELAYED, id="they moved what we left an instance out of"),
    ],
)
def test_of_a_conflict_in_a_series_nothing_comes_in_and_what_is_lost_is_told(
    base: Parts, local: Parts, remote: Parts
) -> None:
    outcome = merged(base, local=local, remote=remote)
    assert outcome.inward == frozenset()
    assert outcome.lost == differences(base, remote)


@pytest.mark.parametrize(
    ("base", "local", "remote"),
    [
        pytest.param(ALONE, RETITLED, EDITED, id="an override beside another title of the whole"),
        pytest.param(ALONE, WITHOUT_THIRD, EDITED, id="an override beside another instance left out"),
        pytest.param(
            EDITED, a_series(SERIES, (ON_SECOND, "SUMMARY:b", "LOCATION:x")), MOVED, id="fields of one override"
        ),
        pytest.param(EDITED, {**RETITLED, SECOND: EDITED[SECOND]}, ALONE, id="an override that goes"),
        pytest.param(ALONE, EDITED, WITHOUT_THIRD, id="another instance left out beside an override"),
    ],
)
def test_what_does_not_meet_in_a_series_merges(base: Parts, local: Parts, remote: Parts) -> None:
    outcome = merged(base, local=local, remote=remote)
    assert outcome == Merge(inward=differences(base, remote), lost=frozenset())


def test_overrides_that_moved_with_their_series_stay_where_it_stays() -> None:
    base = a_series(SERIES, (ON_SECOND, "SUMMARY:b"))
    local = a_series((*SERIES, "DTSTART;TZID=Australia/Sydney:20261124T080000"), (ON_SECOND, "SUMMARY:b"))
    remote = a_series((*SERIES, LATER), ("RECURRENCE-ID:20261125T000000Z", "SUMMARY:b"))
    outcome = merged(base, local=local, remote=remote)
    assert outcome == Merge(inward=frozenset(), lost=differences(base, remote))


@st.composite
def sides(draw: st.DrawFn) -> list[str]:
    """A base, and what two sides have made of it."""
    texts = drawn_texts(kinds=draw(st.sampled_from(CLOCKS)), whole=True)
    base = read_object(draw(texts).encode())
    found = [base.text]
    for _ in range(2):
        other = read_object(draw(texts).encode())
        every = sorted(differences(parts(base), parts(other)), key=str)
        some = [change for change in every if draw(st.booleans())]
        found.append(graft(base, other, some, practice_zone=SYDNEY))
    return found


def spans(obj: CalendarObject) -> Parts:
    """The parts without the zone that a time has as soon as it recurs."""
    return {
        part: {field: text.partition(" ")[0] if field is Field.TIME else text for field, text in fields.items()}
        for part, fields in parts(obj).items()
    }


@given(drawn=sides())
def test_after_a_merge_and_a_push_both_sides_are_alike_and_ours_has_lost_nothing(drawn: list[str]) -> None:
    base, local, remote = (read_object(text.encode()) for text in drawn)
    outcome = merged(parts(base), local=parts(local), remote=parts(remote))

    ours = read_object(graft(local, remote, outcome.inward, practice_zone=SYDNEY).encode())
    theirs = differences(parts(base), parts(remote))
    sent = read_object(sent_after(base, remote, theirs=theirs, practice_zone=SYDNEY).encode())
    pushed = read_object(graft(remote, ours, differences(parts(sent), parts(ours)), practice_zone=SYDNEY).encode())

    assert parts(pushed) == parts(ours)
    assert differences(parts(base), parts(local)).isdisjoint(differences(spans(local), spans(ours)))
    again = merge(base=parts(pushed), sent=parts(ours), local=parts(ours), remote=parts(pushed), hidden=frozenset())
    assert again == Merge(inward=frozenset(), lost=frozenset())
