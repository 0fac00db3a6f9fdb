"""The product's rules as numbers (`design.md` §3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


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
