"""What accounts.toml says otherwise than the store, of one practice group: who is concerned, and in which words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from hxdav.domain.edit import Source
from hxdav.domain.practice import PracticeGroup, Practitioner, User
from hxdav.errors import ConfigurationError, StoreBusy
from hxdav.services.practice.apply_accounts import AccountDifference, DifferenceKind
from hxdav.services.practice.dry_run import foreseen
from hxdav.web.settings import WebBackend


class Comparison(Enum):
    """What became of comparing the file with the store."""

    DONE = "done"
    NO_FILE = "no file"
    UNUSABLE = "unusable"
    LATER = "later"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDifferences:
    """What differs of one practice group; nothing where there was nothing to compare."""

    comparison: Comparison
    differences: tuple[AccountDifference, ...] = ()

    def of(self, practitioner: Practitioner | None, user: User | None) -> list[str]:
        """What differs of a person, as sentences."""
        return [sentence_of(each) for each in self.differences if _is_about(each, practitioner, user)]

    def elsewhere(self, people: list[tuple[Practitioner | None, User | None]]) -> list[str]:
        """What differs of anything else, those included who are not here yet."""
        return [
            f"{each.subject.capitalize()} {each.key}: {sentence_of(each)}"
            for each in self.differences
            if not any(_is_about(each, *person) for person in people)
        ]


def file_differences(backend: WebBackend, group: PracticeGroup, *, source: Source) -> FileDifferences:
    """Compare the accounts file with the store, and change nothing."""
    try:
        wanted = backend.wanted_accounts()
        if wanted is None:
            return FileDifferences(comparison=Comparison.NO_FILE)
        with backend.store.rehearsal() as tx:
            found = foreseen(tx, backend.clock, wanted=wanted, source=source).differences
    except (ConfigurationError, OSError):
        # Its sentences name whoever else is in the file, which is not this administrator's to know.
        return FileDifferences(comparison=Comparison.UNUSABLE)
    except StoreBusy:
        return FileDifferences(comparison=Comparison.LATER)
    own = tuple(each for each in found if each.practice_group == group.key)
    return FileDifferences(comparison=Comparison.DONE, differences=own)


def sentence_of(difference: AccountDifference) -> str:
    """What the file says otherwise, and what applying it would do."""
    match difference.kind:
        case DifferenceKind.ADD:
            return f"in accounts.toml, and not here yet ({difference.detail})."
        case DifferenceKind.CHANGE:
            return " ".join(_changed(difference.detail))
        case DifferenceKind.ENABLE:
            return "disabled here, and in accounts.toml again; applying it enables them."
        case DifferenceKind.DISABLE:
            return "not in accounts.toml any more; applying it disables them."


def _changed(detail: str) -> Iterator[str]:
    field, _, values = detail.partition(": ")
    here, _, there = values.partition(" → ")
    yield f"{field} is {here} here, and {there} in accounts.toml."


def _is_about(difference: AccountDifference, practitioner: Practitioner | None, user: User | None) -> bool:
    match difference.subject:
        case "practitioner":
            return practitioner is not None and difference.key == practitioner.key
        case "user":
            return user is not None and difference.key == user.username
        case _:
            return False
