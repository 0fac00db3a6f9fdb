"""A bridge: what goes with an integration whose calendar is in an account elsewhere (docs/engine.md)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from hxdav.domain.ids import ExternalAccountId, IntegrationId, LinkId, MirrorId, Modseq, PracticeGroupId
from hxdav.domain.integration import Service
from hxdav.domain.privacy import PrivacyLevel


class AccountState(StrEnum):
    """Whether an account lets us in."""

    CONNECTED = "connected"
    REFUSED = "refused"
    """It does not any more: the person has to connect again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalAccount:
    """An account at a provider: ``subject`` tells it apart, ``label`` is what the person knows it by.

    ``address`` is where it is, for services that are not in one place; ``credentials`` are sealed. ``trouble`` is what
    was last wrong, until something goes well, and ``troubled_since`` is when that began. ``about`` is what its server
    says of itself, where it does.
    """

    id: ExternalAccountId
    practice_group_id: PracticeGroupId
    service: Service
    subject: str
    label: str
    address: str
    credentials: str
    state: AccountState
    failures: int
    retry_at: datetime | None
    trouble: str | None
    requests: int
    throttled_at: datetime | None
    about: str
    troubled_since: datetime | None = None


class BridgeState(StrEnum):
    """Where a bridge stands; only while it is making or running does it write anything anywhere."""

    MAKING = "making"
    """Its calendar is not made yet, or its making was not confirmed."""

    RUNNING = "running"
    HIDDEN = "hidden"
    """The person has hidden the calendar: it goes on by itself when they show it again (rule 8)."""

    STOPPED = "stopped"
    """The person has paused it."""

    MISSING = "missing"
    """The provider does not find the calendar. This may pass: hxdav looks again before it believes it."""

    GONE = "gone"
    """The calendar has been missing for minutes. Nothing is removed for that. hxdav looks each hour whether it is back;
    the person can connect again."""


AT_WORK = frozenset(BridgeState) - {BridgeState.STOPPED}
"""States in which a bridge is looked after."""

STANDING_STILL = frozenset({BridgeState.HIDDEN, BridgeState.MISSING, BridgeState.GONE})
"""States in which hxdav only looks whether the calendar is there and shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """``marker`` is what its calendar carries, so that it is found again where the answer to its making was lost.

    ``cursor`` is from where to pull; None: everything is to be listed. ``listing`` numbers the listings, and
    ``is_listing`` says whether one is under way: what it does not see is asked for. While ``is_cautious`` every removal
    goes to review (rule 7). Up to ``pushed_modseq`` everything has been looked at; ``day`` is that whose horizon was.
    Since ``troubled_since`` the calendar has been missing, or nothing could be pulled or pushed.
    """

    integration_id: IntegrationId
    practice_group_id: PracticeGroupId
    account_id: ExternalAccountId
    state: BridgeState
    marker: str
    calendar_id: str | None
    cursor: str | None
    listing: int
    is_listing: bool
    is_cautious: bool
    pushed_modseq: Modseq
    day: date | None
    privacy: PrivacyLevel | None
    pull_due_at: datetime | None
    active_at: datetime | None
    pulled_at: datetime | None
    pushed_at: datetime | None
    channel_id: str | None
    channel_ticket: str | None
    channel_opened_at: datetime | None
    channel_expires_at: datetime | None
    troubled_since: datetime | None = None


RETRACTED = "retracted"
"""Why a link is parked whose object hxdav itself is taking away: that it is gone is nobody else's word."""

NOT_REMOVED = "not_removed"
"""Why a link is parked whose object has left our side, and whose provider does not let it go."""

_UNSTORED = LinkId(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a mirror is at the provider.

    ``base`` is the object as the provider last showed it, ``tag`` its tag, and ``sent`` the text of ours that this
    corresponds to, made of the mirror's ``mirror_etag`` and the appointment's ``revision``. Without ``tag`` there is
    nothing there. ``is_ours``: hxdav has written it. ``parked`` says why it is left alone on its side, if it is.

    Where the provider cannot express a series, its mirror has a link for each single event, named by
    ``recurrence_id``, and one more, without a remote id, that stands for the whole. A link without mirror is an object
    that was not taken in. One whose id is 0 is not stored yet.
    """

    id: LinkId = _UNSTORED
    practice_group_id: PracticeGroupId
    integration_id: IntegrationId
    mirror_id: MirrorId | None = None
    recurrence_id: str = ""
    remote_id: str | None = None
    tag: str | None = None
    base: str = ""
    sent: str = ""
    mirror_etag: str = ""
    revision: int = 0
    is_ours: bool = False
    parked: str | None = None
    seen_in: int = 0
