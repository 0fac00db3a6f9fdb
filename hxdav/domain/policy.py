"""The product's rules as numbers (docs/rules.md)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from hxdav.domain.integration import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What an administrator may set in ``[rules]``, and what no one sets: the demo opens some of it (``--unlimited``).

    ``window_days`` counts from today, the last day included; None opens the window both ways (rule 4).

    Of rule 7: a batch of removals is settled when ``settled_after`` has passed since the last of them. More than
    ``unreviewed`` removals within ``counted_for`` go to review (None: none ever does); there, what is not answered
    within ``answered_within`` is kept, and already ``kept_ahead`` of its appointment. ``dragged_within`` is how long
    before a removal the same object may have been put into another calendar, so that it was dragged there and not
    removed.

    ``kept_for`` is how long a removed appointment can be put again and an edit undone (rules 7 and 10); what is older
    is purged.
    """

    window_days: int | None = 201
    settled_after: timedelta = timedelta(seconds=60)
    unreviewed: int | None = 3
    counted_for: timedelta = timedelta(minutes=15)
    answered_within: timedelta = timedelta(days=7)
    kept_ahead: timedelta = timedelta(hours=24)
    dragged_within: timedelta = timedelta(seconds=60)
    kept_for: timedelta = timedelta(days=30)

    def settles_after(self, service: Service) -> timedelta:
        """How long a removal waits for others, made where ``service`` is: two looks, where it is polled (rule 7)."""
        return max(self.settled_after, _two_looks(service)) if self.settled_after else self.settled_after

    def dragged_before(self, service: Service) -> timedelta:
        """How long before a removal where ``service`` is the same object may have been put elsewhere (rule 7)."""
        return max(self.dragged_within, _two_looks(service))


def _two_looks(service: Service) -> timedelta:
    return 2 * (service.polled_every or timedelta())
