"""One object's fields set into another's text, line by line; all else stays to the octet (rule 10)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter
from zoneinfo import ZoneInfo

from hxdav.domain.field import EVERY_FIELD, Field
from hxdav.domain.times import instant
from hxdav.ical.build import text_line, with_timezones
from hxdav.ical.clocks import MOMENTS, floated, recurrence_id_lines, zoned
from hxdav.ical.components import Component
from hxdav.ical.fields import EXCLUDED, OVERRIDE_FIELDS, FieldDifference, cancels, key_of, parts_of, timeline_of
from hxdav.ical.lines import ContentLine, fold, newline_of
from hxdav.ical.objects import CalendarObject, object_of, reaches_on
from hxdav.ical.patch import TextChange, changed, excerpt, exchange
from hxdav.ical.shared_zones import told_apart
from hxdav.ical.values import periods_of, utc_text, when_from
from hxdav.ical.zones import Zones

RECURRENCE_LINES = ("RRULE", "RDATE", "EXDATE", "EXRULE")
LINES: Mapping[Field, tuple[str, ...]] = {
    Field.TITLE: ("SUMMARY",),
    Field.TIME: ("DTSTART", "DTEND", "DURATION"),
    Field.RECURRENCE: RECURRENCE_LINES,
    # What says the same in a program's own words would go on saying it as it was.
    Field.LOCATION: ("LOCATION", "X-APPLE-STRUCTURED-LOCATION"),
    Field.COMMENT: ("DESCRIPTION", "X-ALT-DESC"),
    Field.FREE: ("TRANSP",),
    Field.STATUS: ("STATUS",),
}
"""The properties that say each field; they are exchanged together."""

OF_A_SERIES = (*RECURRENCE_LINES, "RECURRENCE-ID")
"""The properties that say which instances a component stands for."""

_LINE_BREAK = re.compile(r"\r?\n")
_RETIMED = frozenset({FieldDifference(part="", field=Field.TIME), FieldDifference(part="", field=None)})
_REPEATED = FieldDifference(part="", field=Field.RECURRENCE)


def graft(
    onto: CalendarObject, source: CalendarObject, what: Collection[FieldDifference], *, practice_zone: ZoneInfo
) -> str:
    """The text of ``onto`` with what ``what`` names as ``source`` has it; an object never loses its last component.

    An override that ``onto`` has not got is made of its master, so that it keeps what no field tells (alarms too). A
    floating object stays floating, unless its own time is taken over from one that has a zone.
    """
    if not what:
        return onto.text
    # Overrides without a master have no time of the whole: it comes with those that come.
    source = told_apart(source, onto)
    replaced = onto.master is None and any(change.field is None for change in what)
    retimed = replaced or not _RETIMED.isdisjoint(what)
    like, other = _of_one_kind(onto, source, retimed=retimed, zone=practice_zone)
    text = _grafted(like, other, frozenset(what), practice_zone=practice_zone)
    if retimed and _REPEATED not in what and onto.is_recurring:
        # Rules and left-out instances are read by the clock of the start: it may take the other's spelling of them.
        told = _recurrence(source, practice_zone)
        if _recurrence(onto, practice_zone) == told != _recurrence(object_of(text), practice_zone):
            text = _grafted(like, other, frozenset(what) | {_REPEATED}, practice_zone=practice_zone)
    return text


def _recurrence(obj: CalendarObject, practice_zone: ZoneInfo) -> str:
    carries = frozenset({Field.RECURRENCE})
    return parts_of(obj, carries=carries, practice_zone=practice_zone).get("", {}).get(Field.RECURRENCE, "")


def _of_one_kind(
    onto: CalendarObject, source: CalendarObject, *, retimed: bool, zone: ZoneInfo
) -> tuple[CalendarObject, CalendarObject]:
    """Both with a zone, or both floating: as ``source`` is where its time is taken over, else as ``onto`` is."""
    mine, theirs = timeline_of(onto, zone), timeline_of(source, zone)
    if mine.all_day or theirs.all_day or mine.floating == theirs.floating:
        return onto, source
    if retimed:
        return object_of(floated(onto, zone) if theirs.floating else zoned(onto, zone)), source
    return onto, object_of(floated(source, zone) if mine.floating else zoned(source, zone))


def _grafted(
    onto: CalendarObject, source: CalendarObject, what: frozenset[FieldDifference], *, practice_zone: ZoneInfo
) -> str:
    fields: dict[str, set[Field | None]] = {}
    for difference in what:
        fields.setdefault(place_of(difference.part, practice_zone), set()).add(difference.field)
    work = _Graft(
        onto=onto,
        source=source,
        mine=_by_place(onto, practice_zone),
        theirs=_by_place(source, practice_zone),
        excluded=frozenset(
            place_of(line.removeprefix(EXCLUDED), practice_zone)
            for line in _recurrence(source, practice_zone).split("\n")
            if line.startswith(EXCLUDED)
        ),
        fields=fields,
    )
    return _with_timezones(changed(onto.text, work.changes()), onto, source)


def place_of(key: str, practice_zone: ZoneInfo) -> str:
    """A key of Parts, such that those of a floating object and of one with a zone are alike."""
    return utc_text(instant(when_from(key, "", _NO_ZONES), practice_zone)) if "T" in key else key


_NO_ZONES = Zones(texts={})


def _by_place(obj: CalendarObject, practice_zone: ZoneInfo) -> dict[str, Component]:
    timeline = timeline_of(obj, practice_zone)
    found = {place_of(key_of(each, obj.zones, timeline), practice_zone): each for each in obj.overrides}
    return found if obj.master is None else {"": obj.master, **found}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Graft:
    """The components of both objects by their places, what ``source`` leaves out, and which fields are taken over.

    A field of None takes over the component itself, whether it came or went.
    """

    onto: CalendarObject
    source: CalendarObject
    mine: Mapping[str, Component]
    theirs: Mapping[str, Component]
    excluded: frozenset[str]
    fields: Mapping[str, Collection[Field | None]]

    def changes(self) -> list[TextChange]:
        """What makes ``onto`` say these fields as ``source`` does."""
        gone = self._restored()
        changes: list[TextChange] = []
        added: list[str] = []
        for place, fields in sorted(self.fields.items(), key=itemgetter(0)):
            vevent, model = self.mine.get(place), self._model(place)
            if vevent is not None and model is not None:
                whole = OVERRIDE_FIELDS if place else EVERY_FIELD
                taken = whole if None in fields else fields
                if vevent not in gone:
                    changes += (*self._taken(vevent, model, taken), *self._reach(vevent, model, taken))
            elif None in fields:
                added += [] if model is None else [self._added(place, model)]
                gone += [] if vevent is None or cancels(self.onto, vevent) else [vevent]
        if not added and len(gone) == len(self.mine):
            gone.remove(self.onto.main)
        changes += (TextChange(start=vevent.start, end=vevent.end, text="") for vevent in gone)
        behind = max(vevent.end for vevent in self.onto.vevents)
        return [*changes, TextChange(start=behind, end=behind, text="".join(added))]

    def _model(self, place: str) -> Component | None:
        model = self.theirs.get(place)
        return None if model is None or cancels(self.source, model) else model

    def _restored(self) -> list[Component]:
        """The cancelled overrides of ``onto`` whose instances take place by the recurrence that it takes over."""
        fields = self.fields.get("", ())
        if None not in fields and (Field.RECURRENCE not in fields or self.source.master is None):
            return []
        return [
            vevent
            for place, vevent in self.mine.items()
            if cancels(self.onto, vevent)
            and place not in self.excluded
            # One that comes to life is changed, and stays.
            and not (None in self.fields.get(place, ()) and self._model(place))
        ]

    def _taken(self, vevent: Component, model: Component, fields: Collection[Field | None]) -> Iterator[TextChange]:
        for field, names in LINES.items():
            if field in fields:
                lines = [f"{line.name}{line.params}:{line.value}" for line in model.all(*names)]
                if field is Field.RECURRENCE:
                    lines += self._exdates()
                yield from exchange(vevent, names, self._written(lines))

    def _reach(self, vevent: Component, model: Component, fields: Collection[Field | None]) -> Iterator[TextChange]:
        """Let an override change later instances, or its own alone, as ``model`` does."""
        if Field.TIME in fields and reaches_on(vevent) != reaches_on(model):
            yield from exchange(vevent, ("RECURRENCE-ID",), self._written(self._recurrence_id(model)))

    def _exdates(self) -> Iterator[str]:
        """What the cancelled overrides of ``source`` say, as its master would say it."""
        for override in self.source.overrides:
            if cancels(self.source, override):
                yield from ("EXDATE" + text.removeprefix("RECURRENCE-ID") for text in self._recurrence_id(override))

    def _recurrence_id(self, override: Component) -> Iterator[str]:
        return recurrence_id_lines(override, self.source.zones, lambda when: when)

    def _added(self, place: str, model: Component) -> str:
        """A component that ``onto`` has not got: made of its master, or else copied without its alarms."""
        if not place or self.onto.master is None:
            changes = [TextChange(start=child.start, end=child.end, text="") for child in model.children]
            changes += exchange(model, ("UID",), fold(text_line("UID", self.onto.uid)))
            exdates = "" if place else self._written(self._exdates())
            behind = model.properties[-1].end
            changes.append(TextChange(start=behind, end=behind, text=exdates))
            return _LINE_BREAK.sub(self._newline, excerpt(self.source.text, model, changes))
        changes = list(self._taken(self.onto.master, model, OVERRIDE_FIELDS))
        changes += exchange(self.onto.master, OF_A_SERIES, self._written(self._recurrence_id(model)))
        return excerpt(self.onto.text, self.onto.master, changes)

    @property
    def _newline(self) -> str:
        return newline_of(self.onto.text[self.onto.main.start : self.onto.main.properties_start])

    def _written(self, lines: Iterable[str]) -> str:
        return "".join(fold(line, self._newline) for line in lines)


def _with_timezones(text: str, onto: CalendarObject, source: CalendarObject) -> str:
    """``text`` with a VTIMEZONE for each TZID that is new to it (RFC 5545 §3.2.19)."""
    obj = object_of(text)
    known = {*obj.zones.texts, *_moments_by_tzid(onto)}
    missing = {tzid: lines for tzid, lines in _moments_by_tzid(obj).items() if tzid not in known}
    newline = newline_of(text[obj.calendar.start : obj.calendar.properties_start])
    own = {tzid for tzid in missing if source.zones.defines(tzid)}
    copies = [source.zones.texts[source.zones.name_of(tzid)] for tzid in missing if tzid in own]
    place = obj.calendar.children[0].start
    copied = changed(text, [TextChange(start=place, end=place, text=_LINE_BREAK.sub(newline, "".join(copies)))])
    moments = [
        period.starts
        for tzid, lines in missing.items()
        if tzid not in own
        for line in lines
        for period in periods_of(line, obj.zones)
    ]
    return with_timezones(copied, moments) if moments else copied


def _moments_by_tzid(obj: CalendarObject) -> dict[str, list[ContentLine]]:
    found: dict[str, list[ContentLine]] = {}
    for vevent in obj.vevents:
        for line in vevent.all(*MOMENTS):
            tzid = line.parameter("TZID")
            if tzid:
                found.setdefault(tzid, []).append(line)
    return found
