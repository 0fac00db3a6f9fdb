from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hxdav.domain.edit import Owned
from hxdav.domain.ids import Uid
from hxdav.ical.lines import content_lines
from hxdav.ical.objects import object_of, read_object
from hxdav.ical.patch import overruled, replace_uid, set_lines, splice_owned
from tests.unit.ical.calendars import a_calendar, a_vevent, an_object, an_object_of

START = "DTSTART:20261123T000000Z"
OLD, NEW = Uid("one@example.com"), Uid("other@hxdav")

# Lines as clients write them: odd names, folds, quotes; none that opens, closes or names a component.
WORDS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=90)
LINES = st.builds(
    lambda name, value, fold: f"X-{name}:{value[:20]}{fold}{value[20:]}",
    st.from_regex(r"[A-Za-z]{1,8}", fullmatch=True),
    WORDS,
    st.sampled_from(["", "\r\n ", "\r\n\t"]),
)


@given(before=st.lists(LINES, max_size=4), behind=st.lists(LINES, max_size=4))
def test_only_the_lines_that_are_set_change(before: list[str], behind: list[str]) -> None:
    text = a_calendar(a_vevent(START, *before, "SUMMARY:x", *behind))
    changed = set_lines(text, {"SUMMARY": ["SUMMARY:another"]})
    assert changed == a_calendar(a_vevent(START, *before, "SUMMARY:another", *behind))


@given(lines=st.lists(LINES, max_size=4), alarm=LINES, newline=st.sampled_from(["\r\n", "\n"]))
def test_replacing_a_uid_back_gives_every_octet_back(lines: list[str], alarm: str, newline: str) -> None:
    valarm = ("BEGIN:VALARM", f"UID:{OLD}", alarm, "END:VALARM")
    text = a_calendar(a_vevent(START, *lines, *valarm), a_vevent(START, "RECURRENCE-ID:20261123T000000Z"))
    text = text.replace("\r\n", newline)
    replaced = replace_uid(text, old=OLD, new=NEW)
    assert object_of(replaced).uid == NEW
    assert replaced.count(NEW) == 2
    assert f"UID:{OLD}" in replaced
    assert replace_uid(replaced, old=NEW, new=OLD) == text


def test_the_same_uid_changes_nothing() -> None:
    text = a_calendar(a_vevent(START))
    assert replace_uid(text, old=OLD, new=OLD) is text
    assert replace_uid(text, old=Uid("unknown"), new=NEW) is text


def test_a_long_uid_is_folded_and_found_again() -> None:
    text = a_calendar(a_vevent(START))
    long = Uid("ü;" * 60)
    replaced = replace_uid(text, old=OLD, new=long)
    assert max(len(line.encode()) for line in replaced.split("\r\n")) <= 75
    assert read_object(replaced.encode()).uid == long
    assert replace_uid(replaced, old=long, new=OLD) == text


@pytest.mark.parametrize(
    ("written", "replaced"),
    [
        ("uid:one@example.com", "uid:other@hxdav"),
        ("UID;X-A=1:one@exa\r\n mple.com", "UID;X-A=1:other@hxdav"),
        ("U\r\n ID:one@example.com", "UID:other@hxdav"),
    ],
)
def test_a_uid_is_found_however_it_is_written(written: str, replaced: str) -> None:
    text = a_calendar(a_vevent(START)).replace("UID:one@example.com", written)
    assert replace_uid(text, old=OLD, new=NEW) == a_calendar(a_vevent(START)).replace(f"UID:{OLD}", replaced)


def test_a_byte_order_mark_does_not_hide_a_uid() -> None:
    text = "\ufeff" + a_calendar(a_vevent(START))
    assert replace_uid(text, old=OLD, new=NEW) == text.replace(OLD, NEW)


def test_lines_are_added_before_the_alarms_and_removed_without_a_trace() -> None:
    alarm = ("BEGIN:VALARM", "TRIGGER:-PT5M", "END:VALARM")
    text = a_calendar(a_vevent(START, "STATUS:TENTATIVE", "COMMENT:a", "COMMENT:b", *alarm))
    changed = set_lines(text, {"status": None, "COMMENT": ["COMMENT:c"], "LOCATION": ["LOCATION:" + "ü" * 60]})
    assert [line.name for line in object_of(changed).main.properties] == ["UID", "DTSTART", "COMMENT", "LOCATION"]
    assert changed.endswith("".join(f"{line}\r\n" for line in (*alarm, "END:VEVENT", "END:VCALENDAR")))
    assert max(len(line.encode()) for line in changed.split("\r\n")) <= 75


def test_the_line_breaks_of_the_text_are_used() -> None:
    text = a_calendar(a_vevent(START)).replace("\r\n", "\n")
    assert "\r" not in set_lines(text, {"LOCATION": ["LOCATION:" + "x" * 90]})


def test_the_master_is_edited_wherever_it_stands() -> None:
    override = a_vevent("RECURRENCE-ID:20261123T000000Z", START, "SUMMARY:override")
    text = a_calendar(override, a_vevent(START, "SUMMARY:master"))
    assert set_lines(text, {"SUMMARY": ["SUMMARY:new"]}) == text.replace("SUMMARY:master", "SUMMARY:new")


OURS = an_object(
    START, "SUMMARY:Appointment\\, first", "STATUS:CONFIRMED", "ATTENDEE;CN=A;ROLE=CHAIR:mailto:a@example.com"
)


@pytest.mark.parametrize(
    "lines",
    [
        ("SUMMARY:Appoin\r\n tment\\, first", "STATUS:CONFIRMED", "ATTENDEE;ROLE=CHAIR;CN=A:mailto:a@example.com"),
        ('ATTENDEE;CN="A";ROLE=CHAIR:mailto:a@example.com', "summary:Appointment, first"),
        ("LOCATION:x", "SUMMARY:Appointment\\, first", "ATTENDEE;CN=A;ROLE=CHAIR:mailto:a@example.com"),
    ],
)
def test_another_spelling_overrules_nothing(lines: tuple[str, ...]) -> None:
    assert overruled(an_object(START, *lines), OURS) == frozenset()


@pytest.mark.parametrize(
    ("line", "owned"),
    [
        ("SUMMARY:Mine", Owned.TITLE),
        ("STATUS:TENTATIVE", Owned.STATUS),
        ("RRULE:FREQ=DAILY", Owned.RECURRENCE),
        ("EXDATE:20261123T000000Z", Owned.RECURRENCE),
        ("RECURRENCE-ID:20261123T000000Z", Owned.RECURRENCE),
        ("ORGANIZER:mailto:a@example.com", Owned.GUESTS),
        ("ATTENDEE;PARTSTAT=DECLINED:mailto:a@example.com", Owned.GUESTS),
    ],
)
def test_what_the_practice_owns_stays_as_it_was(line: str, owned: Owned) -> None:
    ours = an_object(START, "SUMMARY:Appointment", "STATUS:CONFIRMED")
    others = [kept for kept in ("SUMMARY:Appointment", "STATUS:CONFIRMED") if kept.partition(":")[0] not in line]
    theirs = an_object("LOCATION:theirs", *others, line, "DTSTART:20261124T000000Z")
    assert overruled(theirs, ours) == {owned}
    spliced = read_object(splice_owned(theirs, ours).encode())
    assert overruled(spliced, ours) == frozenset()
    assert spliced.main.value("LOCATION") == "theirs"
    assert spliced.main.value("DTSTART") == "20261124T000000Z"
    assert not spliced.is_recurring


def test_overrides_of_a_patient_appointment_are_dropped() -> None:
    ours = an_object(START, "SUMMARY:Appointment")
    override = a_vevent("RECURRENCE-ID:20261123T000000Z", START, "SUMMARY:Appointment")
    theirs = an_object_of(a_vevent(START, "SUMMARY:Appointment"), override)
    assert overruled(theirs, ours) == {Owned.RECURRENCE}
    assert splice_owned(theirs, ours) == a_calendar(a_vevent(START, "SUMMARY:Appointment"))


def test_lines_are_put_back_in_the_line_breaks_of_the_text() -> None:
    theirs = read_object(a_calendar(a_vevent(START, "SUMMARY:x")).replace("\r\n", "\n").encode())
    spliced = splice_owned(theirs, OURS)
    assert "\r" not in spliced
    assert [line.value for line in content_lines(spliced) if line.name == "SUMMARY"] == ["Appointment\\, first"]
