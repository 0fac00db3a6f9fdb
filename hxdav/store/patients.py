"""A practice group's patients, for whoever chooses among them."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, select

from hxdav.domain.appointment import Patient
from hxdav.domain.ids import PatientId, PracticeGroupId
from hxdav.store.rows import PatientRow


class Patients:
    """Reads patients, of one practice group at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def named_like(self, practice_group_id: PracticeGroupId, words: str, *, limit: int) -> list[Patient]:
        """Those in whose name ``words`` occur, in capitals or not, by name; at most ``limit``."""
        query = (
            select(PatientRow.id, PatientRow.name)
            .where(
                PatientRow.practice_group_id == practice_group_id,
                *(PatientRow.name.icontains(word, autoescape=True) for word in words.split()),
            )
            .order_by(PatientRow.name)
            .limit(limit)
        )
        return [Patient(id=PatientId(row.id), name=row.name) for row in self._connection.execute(query)]

    def some(self, practice_group_id: PracticeGroupId, patient_ids: Collection[PatientId]) -> list[Patient]:
        """Those of ``patient_ids`` that are patients of this practice group, by name."""
        query = (
            select(PatientRow.id, PatientRow.name)
            .where(PatientRow.practice_group_id == practice_group_id, PatientRow.id.in_(patient_ids))
            .order_by(PatientRow.name)
        )
        return [Patient(id=PatientId(row.id), name=row.name) for row in self._connection.execute(query)]
