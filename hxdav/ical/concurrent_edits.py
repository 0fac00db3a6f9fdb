"""What slipped in between a look at a series and the next one, beside what was written on it meanwhile.

A provider that keeps the exceptions of a series as objects of their own takes each write by itself, and is read again
in the end: what somebody else has edited in that time must not be taken for one's own words.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC

from hxdav.domain.field import EVERY_FIELD, Field
from hxdav.ical.fields import EXCLUDED, Parts, differences, parts_of
from hxdav.ical.objects import object_of

_MASTER = ""


def was_edited_between(before: str, after: str, *, written: Mapping[str, bool]) -> bool:
    """Whether the text ``after`` says anything else than ``before`` beside the instances that were ``written``.

    Those are named as the keys of ``Parts`` are, each with whether it takes place by what was written; where it does,
    and is left out all the same, somebody has deleted it. Words that somebody puts into an instance right behind ours
    cannot be told from words that the provider has put differently.
    """
    was, now = _parts(before), _parts(after)
    if any(takes_place and EXCLUDED + key in _lines(now) for key, takes_place in written.items()):
        return True
    others = {each for each in differences(was, now) if each.part not in written}
    about_rules = {each for each in others if each.part == _MASTER and each.field is Field.RECURRENCE}
    return bool(others - about_rules) or bool((_lines(was) ^ _lines(now)) - {EXCLUDED + key for key in written})


def _parts(text: str) -> Parts:
    return parts_of(object_of(text), carries=EVERY_FIELD, practice_zone=UTC)


def _lines(parts: Parts) -> frozenset[str]:
    return frozenset(parts.get(_MASTER, {}).get(Field.RECURRENCE, "").split("\n"))
