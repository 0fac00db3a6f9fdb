"""Consents: kept from when a person is sent to a provider until what came of it has been read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from hxdav.domain.consent import Consent
from hxdav.domain.ids import ConsentId, IntegrationId, PracticeGroupId, PractitionerId, UserId
from hxdav.domain.integration import Service
from hxdav.domain.practice import Practitioner
from hxdav.domain.privacy import PrivacyLevel
from hxdav.store.rows import ConsentRow


class Consents:
    """Reads and writes consents."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self,
        practitioner: Practitioner,
        *,
        user_id: UserId,
        service: Service,
        digest: str,
        redirect_uri: str,
        privacy: PrivacyLevel | None,
        now: datetime,
        expires_at: datetime,
    ) -> ConsentId:
        """Keep a consent, known by the hash of its state; its verifier is set after that, bound to its number."""
        values = insert(ConsentRow).values(
            practice_group_id=practitioner.practice_group_id,
            practitioner_id=practitioner.id,
            user_id=user_id,
            service=service,
            state=digest,
            verifier="",
            redirect_uri=redirect_uri,
            privacy=privacy,
            asked_at=now,
            expires_at=expires_at,
        )
        return ConsentId(self._connection.execute(values.returning(ConsentRow.id)).scalar_one())

    def keep_verifier(self, consent_id: ConsentId, sealed: str) -> None:
        """Store the sealed verifier."""
        self._change(consent_id, verifier=sealed)

    def is_open(self, digest: str, *, now: datetime) -> bool:
        """Whether a consent with this hash can still be taken; one indexed read."""
        query = select(ConsentRow.id).where(*_open(digest, now))
        return self._connection.execute(query).first() is not None

    def take(self, digest: str, *, now: datetime) -> Consent | None:
        """Use up the consent with this hash; None where there is none that still can be used."""
        query = update(ConsentRow).where(*_open(digest, now)).values(answered_at=now)
        taken = self._connection.execute(query.returning(ConsentRow.id)).first()
        return self.one(ConsentId(taken.id)) if taken else None

    def one(self, consent_id: ConsentId) -> Consent:
        """A consent as it stands."""
        return _consent(self._connection.execute(_CONSENTS.where(ConsentRow.id == consent_id)).one())

    def finish(self, consent_id: ConsentId, integration_id: IntegrationId) -> None:
        """Say what was connected; the verifier has served."""
        self._change(consent_id, integration_id=integration_id, verifier="")

    def refuse(self, consent_id: ConsentId, sentence: str) -> None:
        """Say why nothing was connected; the verifier has served."""
        self._change(consent_id, refused=sentence, verifier="")

    def _change(self, consent_id: ConsentId, **values: Any) -> None:
        self._connection.execute(update(ConsentRow).where(ConsentRow.id == consent_id).values(**values))


def _open(digest: str, now: datetime) -> tuple[Any, ...]:
    return ConsentRow.state == digest, ConsentRow.answered_at.is_(None), ConsentRow.expires_at > now


_CONSENTS = select(
    ConsentRow.id,
    ConsentRow.practice_group_id,
    ConsentRow.practitioner_id,
    ConsentRow.user_id,
    ConsentRow.service,
    ConsentRow.verifier,
    ConsentRow.redirect_uri,
    ConsentRow.privacy,
    ConsentRow.expires_at,
    ConsentRow.answered_at,
    ConsentRow.refused,
    ConsentRow.integration_id,
)


def _consent(row: Row[*tuple[Any, ...]]) -> Consent:
    return Consent(
        id=ConsentId(row.id),
        practice_group_id=PracticeGroupId(row.practice_group_id),
        practitioner_id=PractitionerId(row.practitioner_id),
        user_id=UserId(row.user_id),
        service=Service(row.service),
        verifier=row.verifier,
        redirect_uri=row.redirect_uri,
        privacy=None if row.privacy is None else PrivacyLevel(row.privacy),
        expires_at=row.expires_at,
        answered_at=row.answered_at,
        refused=row.refused,
        integration_id=None if row.integration_id is None else IntegrationId(row.integration_id),
    )
