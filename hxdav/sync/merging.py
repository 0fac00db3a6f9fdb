"""What of a provider's changes comes in, and what loses against ours (rule 10): field by field, pure.

Four readings of one object: ``base`` as the provider last showed it, ``sent`` as ours was then, ``local`` as ours would
go out now, ``remote`` as the provider's is now.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from hxdav.domain.field import Field
from hxdav.ical.fields import EXCLUDED, FieldDifference, Parts, differences
from hxdav.ical.graft import graft
from hxdav.ical.objects import CalendarObject

_DATES = {FieldDifference(part="", field=Field.TIME), FieldDifference(part="", field=Field.RECURRENCE)}
"""By what the instances of a series are there at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """``inward`` is taken into the store; ``lost`` is not, and what it was is kept for the person to see."""

    inward: frozenset[FieldDifference]
    lost: frozenset[FieldDifference]


def merge(*, base: Parts, sent: Parts, local: Parts, remote: Parts, hidden: frozenset[Field]) -> Merge:
    """What becomes of each of the provider's changes.

    Lost is what a privacy level hides (rule 11), and what we have changed too: there the store wins. So it does where
    both have changed the dates of a series, whether its time or its rule; where one takes an override away that the
    other has changed, or both have made one of the same instance; and where an override of the one may have fallen out
    of the dates of the other.
    """
    theirs = {change for change in differences(base, remote) if not _is_alike(change, local, remote)}
    ours = differences(sent, local)
    there, here = _Dates.between(base, remote), _Dates.between(sent, local)
    lost = {change for change in theirs if change.touches(hidden) or _clashes(change, ours)}
    lost |= {change for change in theirs if change.part in remote and here.lost(change.part)}
    if (_is_series(base) and ours & _DATES) or any(change.part in local and there.lost(change.part) for change in ours):
        # Time and rule make the dates together, and the overrides that came or went with them hang on both.
        lost |= theirs & _DATES
        lost |= {change for change in theirs if change.part and change.field is None and there.decides(change.part)}
    return Merge(inward=frozenset(theirs - lost), lost=frozenset(lost))


def _is_series(parts: Parts) -> bool:
    return any(parts) or bool(parts.get("", {}).get(Field.RECURRENCE))


def _is_alike(change: FieldDifference, local: Parts, remote: Parts) -> bool:
    """Whether the provider has come to what we have already."""
    mine, other = local.get(change.part), remote.get(change.part)
    if change.field is None or mine is None or other is None:
        return mine == other
    return mine.get(change.field, "") == other.get(change.field, "")


def _clashes(change: FieldDifference, ours: Collection[FieldDifference]) -> bool:
    return any(
        each.part == change.part and (each.field == change.field or each.field is None or change.field is None)
        for each in ours
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dates:
    """How one side has changed by which dates a series takes place."""

    reshaped: bool
    """The time of the series, its rules, or its extra dates: any instance may have gone."""

    excluded: frozenset[str]
    kept: frozenset[str]
    """The overrides that are still there."""

    @classmethod
    def between(cls, before: Parts, after: Parts) -> _Dates:
        lines, later = _lines(before), _lines(after)
        return cls(
            reshaped=_time(before) != _time(after) or _without_exclusions(lines) != _without_exclusions(later),
            excluded=frozenset(line.removeprefix(EXCLUDED) for line in later - lines if line.startswith(EXCLUDED)),
            kept=frozenset(after),
        )

    def decides(self, part: str) -> bool:
        """Whether an override comes or goes with the changed dates."""
        return self.reshaped or part in self.excluded

    def lost(self, part: str) -> bool:
        """Whether the instance ``part`` may have gone with the changed dates, its override with it."""
        return bool(part) and part not in self.kept and self.decides(part)


def _lines(parts: Parts) -> frozenset[str]:
    return frozenset(parts.get("", {}).get(Field.RECURRENCE, "").split("\n"))


def _without_exclusions(lines: frozenset[str]) -> frozenset[str]:
    return frozenset(line for line in lines if not line.startswith(EXCLUDED))


def _time(parts: Parts) -> str:
    return parts.get("", {}).get(Field.TIME, "")


def sent_after(
    sent: CalendarObject, remote: CalendarObject, *, theirs: Collection[FieldDifference], practice_zone: ZoneInfo
) -> str:
    """The text of ours that ``remote`` corresponds to, once ``theirs``, all that changed there, has been looked at.

    What differs from it in the text that would go out then is what has to be pushed.
    """
    return graft(sent, remote, theirs, practice_zone=practice_zone)
