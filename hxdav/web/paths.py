"""Which paths the pages answer; all others are the calendars'."""

from __future__ import annotations

BEGINNINGS = ("/app/", "/hooks/", "/connect/", "/invitation/", "/feed/", "/profile/")
"""How they begin; no user has such a name (``services/practice/check_accounts.py``)."""

PROBES = frozenset({"/readyz"})
"""What watches over the server asks for; no user has such a name either."""
