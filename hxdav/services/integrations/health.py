"""How an integration stands: in one sentence, and in the figures behind it (the command line and the pages show it)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from hxdav.domain.bridge import NOT_REMOVED, AccountState, Bridge, BridgeState, ExternalAccount, Link
from hxdav.domain.integration import Integration, IntegrationState
from hxdav.domain.refusal import SENTENCES, Reason
from hxdav.domain.subscription import SubscriptionState
from hxdav.domain.times import Clock
from hxdav.domain.trouble import trouble_of
from hxdav.services.appointments.summary import summary_of
from hxdav.store.store import Tx


class Health(StrEnum):
    """What a person has to know at a glance."""

    WELL = "well"
    WORKING = "working"
    PAUSED = "paused"
    TROUBLED = "troubled"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftAlone:
    """Something that stays on its side of a bridge; ``ours`` where it is one of our appointments.

    ``about`` is its title and when it starts; empty where hxdav could not read it. It is for pages and commands, and
    never for logs and mails.
    """

    ours: bool
    about: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationHealth:
    """How an integration stands now. The figures are of bridges; a native calendar has none.

    ``lag`` is how long the oldest of those ``waiting`` has waited.
    """

    integration: Integration
    health: Health
    sentence: str
    account: ExternalAccount | None = None
    bridge: Bridge | None = None
    waiting: int = 0
    lag: timedelta = timedelta()
    left_alone: tuple[LeftAlone, ...] = ()


def health_of(tx: Tx, clock: Clock, *, integration: Integration) -> IntegrationHealth:
    """How ``integration`` stands."""
    subscription = tx.subscriptions.of(integration.practitioner_id)
    closed = _closed(integration, subscription.state if subscription else None)
    bridge = tx.bridges.find(integration.id)
    if bridge is None:
        health, sentence = closed or (Health.WELL, "It is served here; devices see each change at their next look.")
        return IntegrationHealth(integration=integration, health=health, sentence=sentence)
    account = tx.external_accounts.one(bridge.account_id)
    waiting, since = tx.links.waiting(bridge)
    now = clock.now()
    zone = ZoneInfo(tx.people.practice_group(integration.practice_group_id).zone)
    health, sentence = closed or _bridged(bridge, account, waiting=waiting, now=now.astimezone(zone))
    return IntegrationHealth(
        integration=integration,
        health=health,
        sentence=sentence,
        account=account,
        bridge=bridge,
        waiting=waiting,
        lag=now - since if since else timedelta(),
        left_alone=tuple(_left_alone(tx, link, zone) for link in tx.links.apart(integration.id)),
    )


def _closed(integration: Integration, subscription: SubscriptionState | None) -> tuple[Health, str] | None:
    match integration.state:
        case IntegrationState.DISCONNECTED:
            return Health.PAUSED, SENTENCES[Reason.DISCONNECTED]
        case IntegrationState.SUSPENDED:
            return Health.PAUSED, SENTENCES[Reason.SUSPENDED]
        case IntegrationState.CONNECTING:
            return Health.WORKING, "What lies ahead is being taken out of the calendar that it replaces."
        case _:
            pass
    if subscription is SubscriptionState.RUNNING:
        return (Health.PAUSED, SENTENCES[Reason.FROZEN]) if integration.frozen_at is not None else None
    reason = Reason.SYNC_PAUSED if subscription is SubscriptionState.PAUSED else Reason.SYNC_ENDED
    return Health.PAUSED, SENTENCES[reason]


def _bridged(bridge: Bridge, account: ExternalAccount, *, waiting: int, now: datetime) -> tuple[Health, str]:
    still = standstill(bridge, account, now=now)
    if still is not None:
        return still
    if bridge.pulled_at is None:
        return Health.WORKING, "The calendar is being made."
    if waiting:
        return Health.WORKING, f"{waiting} on the way."
    return Health.WELL, f"In sync {_span(now - max(bridge.pulled_at, bridge.pushed_at or bridge.pulled_at))} ago."


def standstill(bridge: Bridge, account: ExternalAccount, *, now: datetime) -> tuple[Health, str] | None:
    """Return why a bridge writes nothing now; None where nothing keeps it from that.

    Times are told in the zone of ``now``.
    """
    if account.state is AccountState.REFUSED:
        return Health.TROUBLED, trouble_of(account.trouble or "access_lost").sentence(account.label)
    if bridge.state in _STANDING_STILL:
        health, sentence = _STANDING_STILL[bridge.state]
        since = (bridge.troubled_since or now).astimezone(now.tzinfo)
        return health, sentence.format(since=f"{since:%-d %B, %H:%M}")
    if account.retry_at is not None and account.retry_at > now:
        trouble = trouble_of(account.trouble or "unavailable").sentence(account.label)
        return Health.TROUBLED, f"{trouble} hxdav tries again in {_span(account.retry_at - now)}."
    return None


_STANDING_STILL = {
    BridgeState.HIDDEN: (
        Health.PAUSED,
        "Paused, because the calendar is hidden there. Show it again; hxdav then goes on by itself.",
    ),
    BridgeState.STOPPED: (Health.PAUSED, "Paused by you. Resume it to go on."),
    BridgeState.MISSING: (
        Health.TROUBLED,
        "The provider has not found the calendar since {since}. hxdav looks again within minutes.",
    ),
    BridgeState.GONE: (
        Health.TROUBLED,
        (
            "The calendar has been missing at the provider since {since}. It was probably deleted there; nothing was"
            " deleted in hxdav. Restore it there, or connect the account again to get a new one."
        ),
    ),
}


def _left_alone(tx: Tx, link: Link, zone: ZoneInfo) -> LeftAlone:
    why = link.parked or ""
    sentence = SENTENCES[Reason(why)] if why in set(Reason) else _OTHER.get(why, why)
    text = link.base
    if link.mirror_id is not None:
        text = tx.appointments.one(tx.mirrors.one(link.mirror_id).appointment_id).text
    return LeftAlone(ours=link.mirror_id is not None, about=_about(text, zone), why=sentence)


def _about(text: str, zone: ZoneInfo) -> str:
    if not text:
        return ""
    found = summary_of(text, practice_zone=zone)
    day = f"{found.starts:%-d %B %Y}"
    return f"“{found.title}”, {day}" if found.all_day else f"“{found.title}”, {day} at {found.starts:%H:%M}"


_OTHER = {
    "orphan": "hxdav made this event, and does not know it any more, as after a restore: delete it there if it is old.",
    NOT_REMOVED: "It is gone here, and its provider does not let it be removed there.",
    "edited": "It was changed in a calendar that is no longer connected, so it stays there.",
}


def _span(length: timedelta) -> str:
    seconds = max(0, round(length.total_seconds()))
    if seconds < 120:  # noqa: PLR2004 - two minutes: seconds mean nothing beyond
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 2 * 3600 else f"{seconds // 3600} h"
