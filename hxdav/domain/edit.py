"""An edit on its way through the gate, and what comes of it (docs/gate.md)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hxdav.domain.ids import AppointmentId, AppPasswordId, ETag, Href, IntegrationId, UserId
from hxdav.domain.refusal import SENTENCES, Reason


class Authority(StrEnum):
    """Whose word an edit is: the practice's own, or one from outside, which the rules bind."""

    PRACTICE = "practice"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Who made an edit, from where, and with which device."""

    authority: Authority
    user_id: UserId | None = None
    integration_id: IntegrationId | None = None
    app_password_id: AppPasswordId | None = None
    agent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StateTest:
    """One list of an If header (RFC 4918 §10.4): the entity tags that a resource has to have, and may not have."""

    same: frozenset[ETag] = frozenset()
    unlike: frozenset[ETag] = frozenset()

    def holds(self, etag: ETag | None) -> bool:
        """Whether a resource with this entity tag (None: no resource) passes."""
        return all(each == etag for each in self.same) and etag not in self.unlike


@dataclass(frozen=True, slots=True, kw_only=True)
class Precondition:
    """What a client expects to find (RFC 9110 §13.1). ``None`` for a header that was not sent; ``any_…`` for ``*``.

    Of ``if_state`` one test has to hold.
    """

    if_match: frozenset[ETag] | None = None
    if_match_any: bool = False
    if_none_match: frozenset[ETag] | None = None
    if_none_match_any: bool = False
    if_state: tuple[StateTest, ...] | None = None

    def holds(self, etag: ETag | None) -> bool:
        """Whether a resource with this entity tag (None: no resource) is what the client expects."""
        if self.if_match_any and etag is None:
            return False
        if self.if_match is not None and etag not in self.if_match:
            return False
        if self.if_none_match_any and etag is not None:
            return False
        if self.if_state is not None and not any(test.holds(etag) for test in self.if_state):
            return False
        return self.if_none_match is None or etag not in self.if_none_match


NO_PRECONDITION = Precondition()


class Owned(StrEnum):
    """What the practice owns of a patient appointment (rule 5)."""

    TITLE = "title"
    STATUS = "status"
    RECURRENCE = "recurrence"
    GUESTS = "guests"


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """Done as asked. ``etag`` is None where the store does not hold what was sent, to the octet (RFC 4791 §5.3.4)."""

    appointment_id: AppointmentId
    created: bool = False
    etag: ETag | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """Done, but not all of it: the client has to fetch the object again.

    What the practice owns stays as it was, or a removal was taken back by a put that came just before it (rule 7).
    """

    appointment_id: AppointmentId
    overruled: frozenset[Owned]
    created: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A removal that waits: it no longer shows where it was made, and is not yet applied (rule 7)."""

    appointment_id: AppointmentId


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Not done; nothing of it is. ``href`` names the resource in the way, for a UID that is in use."""

    reason: Reason
    detail: str = ""
    href: Href | None = None

    @property
    def sentence(self) -> str:
        """What the person reads."""
        return self.detail or SENTENCES[self.reason]


Outcome = Applied | Merged | Held | Refused
