"""Refusals: written down, told, and followed by our text coming back to the client (docs/gate.md)."""

from __future__ import annotations

import hashlib

from hxdav.domain.edit import Refused
from hxdav.domain.ids import Href
from hxdav.domain.mirror import Mirror
from hxdav.domain.notification import NotificationKind
from hxdav.domain.refusal import Reason
from hxdav.gate.context import GateContext
from hxdav.gate.recording import heal
from hxdav.store.integrations import LockedIntegration
from hxdav.store.trail import Subject

_PRECONDITIONS = frozenset({Reason.STALE, Reason.EXISTS, Reason.MISSING})
"""Refusals by which the client itself learns that its copy is out of date: nothing has to be shown anew."""

_UNTOLD = frozenset({Reason.STALE, Reason.EXISTS, Reason.MISSING, Reason.OTHER_COLLECTION})
"""Refusals that a client mends without its person."""


def refuse(
    context: GateContext,
    place: LockedIntegration,
    reason: Reason,
    *,
    href: Href,
    mirror: Mirror | None = None,
    body: bytes = b"",
    detail: str = "",
    conflicting: Href | None = None,
) -> Refused:
    """Refuse an edit of what is, or would be, at ``href``.

    The audit log has every refusal; the person is told of the same bytes refused for the same reason once a day; what
    was put is kept, to the octet.
    """
    subject = Subject(
        practice_group_id=place.practice.practice_group_id,
        practitioner_id=place.integration.practitioner_id,
        integration_id=place.integration.id,
        appointment_id=mirror.appointment_id if mirror else None,
    )
    context.tx.trail.audit("refused", subject, source=context.source, at=context.now, detail={"reason": reason})
    _tell(context, subject, reason, href=href, body=body)
    if mirror is not None and reason not in _PRECONDITIONS:
        heal(context, [mirror], context.tx.appointments.one(mirror.appointment_id))
    return Refused(reason=reason, detail=detail, href=conflicting)


def _tell(context: GateContext, subject: Subject, reason: Reason, *, href: Href, body: bytes) -> None:
    digest = hashlib.sha256(f"{href}\0".encode() + body).hexdigest()
    kind = None if reason in _UNTOLD else NotificationKind(reason)
    if kind and context.tx.notifications.was_told(subject, kind=kind, digest=digest, now=context.now):
        return
    if body:
        context.tx.trail.keep_refused_body(subject, href=href, reason=reason, body=body, at=context.now)
    if kind:
        context.tx.notifications.tell(subject, kind=kind, digest=digest, at=context.now)
