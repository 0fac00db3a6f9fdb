"""An appointment's history in a practitioner's words: who did what to it, and what was otherwise before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from hxdav.services.appointments.history import Author, Differences, PastVersion
from hxdav.services.appointments.summary import Summary, summary_of
from hxdav.store.appointments import Version
from hxdav.web.time_text import span_words

_DONE = {
    "created": "Added",
    "changed": "Changed",
    "cancelled": "Cancelled",
    "restored": "Brought back",
    "removed": "Deleted",
}
_NAMES = {
    "kind": "Kind",
    "status": "Status",
    "note": "Clinical note",
    "invoice": "Invoice",
    "patients": "Patients",
    "clinic": "Clinic",
    "booking_id": "Booking",
    "external_id": "Number elsewhere",
    "removed_at": "Deleted",
}
_NOTHING = "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedField:
    """One thing that a version says otherwise than the one before it."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """A version as the page shows it; ``lines`` are the content lines that came and went."""

    revision: int
    at: datetime
    done: str
    who: str
    changed: tuple[ChangedField, ...]
    lines: tuple[str, ...]


def told_history(versions: Iterable[PastVersion], zone: tzinfo) -> list[HistoryEntry]:
    """An appointment's versions, the last first."""
    told = [
        HistoryEntry(
            revision=each.version.revision,
            at=each.version.at.astimezone(zone),
            done=_DONE.get(each.version.action, each.version.action.replace("_", " ").capitalize()),
            who=author_words(each.author),
            changed=changed_words(each.before or each.version, each.version, each.differences, zone=zone),
            lines=each.differences.diff,
        )
        for each in versions
    ]
    return told[::-1]


def changed_words(
    before: Version, after: Version, differences: Differences, *, zone: tzinfo
) -> tuple[ChangedField, ...]:
    """What ``after`` says otherwise than ``before``."""
    fields = (
        ChangedField(name=_NAMES.get(each.name, each.name), before=_value(each.before), after=_value(each.after))
        for each in differences.fields
    )
    return (*_said_otherwise(before, after, zone), *fields)


def author_words(author: Author) -> str:
    """Whose edit it was."""
    who = f"by {author.user}" if author.user else "by the practice"
    where = f" in {author.integration}" if author.integration else ""
    return f"{who}{where}{f', {author.device}' if author.device else ''}"


def _said_otherwise(before: Version, after: Version, zone: tzinfo) -> Iterator[ChangedField]:
    if before.text == after.text:
        return
    old, new = _words(summary_of(before.text, practice_zone=zone)), _words(summary_of(after.text, practice_zone=zone))
    for name, words in new.items():
        if old[name] != words:
            yield ChangedField(name=name, before=old[name], after=words)


def _words(said: Summary) -> dict[str, str]:
    words = {
        "When": span_words(said),
        "Title": said.title,
        "Place": said.place,
        "Comment": said.comment,
        "Repeats": "; ".join(said.rules),
    }
    return {name: text or _NOTHING for name, text in words.items()}


def _value(found: Any) -> str:
    if isinstance(found, list):
        return ", ".join(found) or _NOTHING
    return str(found or _NOTHING)
