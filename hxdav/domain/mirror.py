"""A mirror: one object as one integration shows it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from hxdav.domain.ids import AppointmentId, ETag, Href, IntegrationId, MirrorId, Modseq, Uid
from hxdav.domain.integration import Service


class MirrorState(StrEnum):
    """Shown, held back while a removal is decided, or no longer of this integration."""

    SHOWN = "shown"
    HIDDEN = "hidden"
    LEFT = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """``uid`` is the one that this integration knows the object by; ``revision`` counts what had to be shown anew."""

    id: MirrorId
    integration_id: IntegrationId
    appointment_id: AppointmentId
    generation: int
    href: Href
    uid: Uid
    revision: int
    etag: ETag
    state: MirrorState
    modseq: Modseq


def etag_of(text: str, revision: int) -> ETag:
    """The entity tag of ``text`` shown for the ``revision``-th time: changes when either does (docs/gate.md)."""
    digest = hashlib.sha256(text.encode()).hexdigest()[:24]
    return ETag(f'"{digest}-{revision}"')


OWN_DOMAIN = "hxdav"
"""What stands behind the @ of a UID of hxdav's own making."""

_DOMAINS = {Service.GOOGLE: "google.com"}
"""What providers put behind the name that they are given: so the UID is theirs from the start, and is known again where
a calendar program drags the object elsewhere."""


def derived_uid(
    integration_id: IntegrationId,
    appointment_id: AppointmentId,
    *,
    service: Service = Service.NATIVE,
    recurrence_id: str = "",
    generation: int,
) -> Uid:
    """hxdav's own UID for an object in an integration in which it was not put (docs/gate.md)."""
    named = f"{integration_id}/{appointment_id}/{recurrence_id}/{generation}"
    return Uid(f"{hashlib.sha256(named.encode()).hexdigest()[:32]}@{_DOMAINS.get(service, OWN_DOMAIN)}")


def derived_href(uid: Uid) -> Href:
    """The address under which an object appears that no client has put."""
    return Href(f"{uid.partition('@')[0]}.ics")
