"""Everything that is asked of an object once it has been accepted: none of it may fail."""

from __future__ import annotations

from hxdav.domain.ids import Uid
from hxdav.domain.times import Zoned
from hxdav.ical.build import NewObject, build_object
from hxdav.ical.expand import expand, limit_recurrence_set
from hxdav.ical.freebusy import busy, freebusy_text
from hxdav.ical.lines import ContentLine, content_lines, fold
from hxdav.ical.objects import CalendarObject, object_of, read_object
from hxdav.ical.patch import overruled, replace_uid, splice_owned
from hxdav.ical.query import CompFilter, matches
from hxdav.ical.recurrence import check_bounded, extent, occurrences
from tests.unit.ical.calendars import SYDNEY, a_moment, a_range

RANGE = a_range("2010-01-01", "2028-01-01")
HORIZON = a_moment("2027-06-12")
ALARMS = CompFilter(name="VALARM", time_range=RANGE)
FILTER = CompFilter(name="VCALENDAR", comps=(CompFilter(name="VEVENT", time_range=RANGE, comps=(ALARMS,)),))
NEW = Uid("0123456789abcdef@hxdav")


def accepted(body: bytes) -> CalendarObject:
    obj = read_object(body)
    check_bounded(obj, practice_zone=SYDNEY, until=HORIZON)
    return obj


OURS = object_of(
    build_object(
        NewObject(uid=Uid("ours"), summary="x", starts=Zoned(RANGE.starts), ends=Zoned(RANGE.ends)), now=RANGE.starts
    )
)


def survives(obj: CalendarObject) -> None:
    """Whatever is accepted can be asked everything, and edited."""
    found = occurrences(obj, practice_zone=SYDNEY, within=RANGE)
    bounds = extent(obj, practice_zone=SYDNEY)
    assert all(bounds.starts <= one.interval.starts for one in found)
    assert bounds.ends is None or all(one.interval.ends <= bounds.ends for one in found)
    assert expand(obj, within=RANGE, practice_zone=SYDNEY).count("BEGIN:VEVENT") == len(found)
    limit_recurrence_set(obj, within=RANGE, practice_zone=SYDNEY)
    matches(obj, FILTER, practice_zone=SYDNEY)
    freebusy_text(busy(obj, within=RANGE, practice_zone=SYDNEY), within=RANGE, now=RANGE.starts)
    spliced = read_object(splice_owned(obj, OURS).encode())
    assert overruled(spliced, OURS) == frozenset()
    gives_its_uid_back(obj)


def gives_its_uid_back(obj: CalendarObject) -> None:
    replaced = replace_uid(obj.text, old=obj.uid, new=NEW)
    assert object_of(replaced).uid == NEW
    back = replace_uid(replaced, old=NEW, new=obj.uid)
    if all(is_canonical(obj, line) for vevent in obj.vevents for line in vevent.all("UID")):
        assert back == obj.text
    else:
        assert contents(back) == contents(obj.text)


def is_canonical(obj: CalendarObject, line: ContentLine) -> bool:
    written = obj.text[line.start : line.end].replace("\r\n", "\n")
    return written.upper() == fold(f"UID{line.params}:{line.value}", "\n").upper()


def contents(text: str) -> list[tuple[str, str, str]]:
    return [(line.name, line.params, line.value) for line in content_lines(text)]
