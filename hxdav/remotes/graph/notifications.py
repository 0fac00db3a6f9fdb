"""What Microsoft Graph writes to a hook: collections of change and lifecycle notifications.

https://learn.microsoft.com/graph/api/resources/changenotificationcollection; lifecycle notifications come in the same
shape, with a ``lifecycleEvent`` (https://learn.microsoft.com/graph/change-notifications-lifecycle-events).
"""

from __future__ import annotations

import json
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

_MOST = 1000
"""Notifications in one letter; Graph puts far fewer into one, and each costs a look."""

_LONGEST_TOKEN = 128
"""Characters of a clientState, by Graph's own limit."""

_ENDINGS = frozenset({"reauthorizationRequired", "subscriptionRemoved"})
"""Lifecycle events after which a channel delivers no more, until it is made anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """The tokens of the channels that a provider tells of: something has ``changed``, or the channel has ``ended``."""

    changed: AbstractSet[str] = frozenset()
    ended: AbstractSet[str] = frozenset()


def read_letter(body: bytes) -> Letter | None:
    """What a body of Graph's says; None where it is no such body.

    What has changed is not looked at: a bridge is pulled. ``missed`` means the same. One without a token of ours is
    nobody's.
    """
    try:
        notifications = json.loads(body)["value"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not isinstance(notifications, list) or len(notifications) > _MOST:
        return None
    if not all(isinstance(each, dict) for each in notifications):
        return None
    ours = [each for each in notifications if _is_token(each.get("clientState"))]
    return Letter(
        changed={each["clientState"] for each in ours if not _is_ending(each)},
        ended={each["clientState"] for each in ours if _is_ending(each)},
    )


def _is_token(value: object) -> bool:
    return isinstance(value, str) and value.isascii() and 0 < len(value) <= _LONGEST_TOKEN


def _is_ending(notification: dict[str, Any]) -> bool:
    event = notification.get("lifecycleEvent")
    return isinstance(event, str) and event in _ENDINGS
