"""Private addresses of calendars that can only be read: one for each practitioner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from hxdav.domain.ids import Modseq, PracticeGroupId, PractitionerId
from hxdav.domain.practice import Practitioner
from hxdav.domain.privacy import PrivacyLevel
from hxdav.store.rows import PractitionerRow, WebFeedRow


@dataclass(frozen=True, slots=True, kw_only=True)
class WebFeed:
    """A private address: ``privacy`` is what the practitioner chose, ``modseq`` that of their last change."""

    id: int
    practice_group_id: PracticeGroupId
    practitioner_id: PractitionerId
    privacy: PrivacyLevel
    opened_on: date
    made_at: datetime
    modseq: Modseq


class WebFeeds:
    """Reads and writes private addresses."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, practitioner_id: PractitionerId) -> WebFeed | None:
        """A practitioner's private address, if there is one."""
        return self._found(_FEEDS.where(WebFeedRow.practitioner_id == practitioner_id))

    def find(self, digest: str) -> WebFeed | None:
        """The private address with this hash."""
        return self._found(_FEEDS.where(WebFeedRow.digest == digest))

    def add(
        self, practitioner: Practitioner, *, digest: str, privacy: PrivacyLevel, opened_on: date, now: datetime
    ) -> None:
        """Remember a practitioner's first private address."""
        values = {"digest": digest, "privacy": privacy, "opened_on": opened_on, "made_at": now}
        self._connection.execute(
            insert(WebFeedRow).values(
                practice_group_id=practitioner.practice_group_id, practitioner_id=practitioner.id, **values
            )
        )

    def change(self, practitioner_id: PractitionerId, *, digest: str, now: datetime) -> None:
        """Put another address in the place of a practitioner's own, which leads nowhere from then on."""
        self._connection.execute(
            update(WebFeedRow).where(WebFeedRow.practitioner_id == practitioner_id).values(digest=digest, made_at=now)
        )

    def set_privacy(self, practitioner_id: PractitionerId, privacy: PrivacyLevel) -> None:
        """Remember how much of patient appointments it tells."""
        self._connection.execute(
            update(WebFeedRow).where(WebFeedRow.practitioner_id == practitioner_id).values(privacy=privacy)
        )

    def remove(self, practitioner_id: PractitionerId) -> None:
        """Forget a practitioner's private address."""
        self._connection.execute(delete(WebFeedRow).where(WebFeedRow.practitioner_id == practitioner_id))

    def _found(self, query: Select[*tuple[Any, ...]]) -> WebFeed | None:
        row = self._connection.execute(query).first()
        return _feed(row) if row else None


_FEEDS: Select[*tuple[Any, ...]] = select(
    WebFeedRow.id,
    WebFeedRow.practice_group_id,
    WebFeedRow.practitioner_id,
    WebFeedRow.privacy,
    WebFeedRow.opened_on,
    WebFeedRow.made_at,
    PractitionerRow.modseq,
).join(PractitionerRow, PractitionerRow.id == WebFeedRow.practitioner_id)


def _feed(row: Row[*tuple[Any, ...]]) -> WebFeed:
    return WebFeed(
        id=row.id,
        practice_group_id=PracticeGroupId(row.practice_group_id),
        practitioner_id=PractitionerId(row.practitioner_id),
        privacy=PrivacyLevel(row.privacy),
        opened_on=row.opened_on,
        made_at=row.made_at,
        modseq=Modseq(row.modseq),
    )
