"""The table in docs/services/README.md: ``python -m tests.fidelity.abilities`` writes it out of what the code says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from hxdav.domain.field import EVERY_FIELD
from hxdav.domain.integration import Service
from hxdav.domain.policy import Policy
from hxdav.remote import Capabilities
from hxdav.remotes.caldav.remote import CAPABILITIES as OF_CALDAV
from hxdav.remotes.exchange.remote import CAPABILITIES as OF_EXCHANGE
from hxdav.remotes.google.account import CAPABILITIES as OF_GOOGLE
from hxdav.remotes.graph.account import CAPABILITIES as OF_GRAPH
from hxdav.remotes.graph.pulling import DAYS_AHEAD, DAYS_BACK
from tests.fidelity.table import markdown

PAGE = Path(__file__).parents[2] / "docs" / "services" / "README.md"
BEGINS = "<!-- What follows is written by python -m tests.fidelity.abilities. -->\n"
ENDS = "<!-- The end of what is written. -->\n"


ABILITIES: dict[Service, Capabilities] = {
    Service.GOOGLE: OF_GOOGLE,
    Service.OUTLOOK: OF_GRAPH,
    Service.OFFICE365: OF_GRAPH,
    Service.EXCHANGE: OF_EXCHANGE,
    Service.ICLOUD: OF_CALDAV,
    Service.CALDAV: OF_CALDAV,
}

_SIGNING_IN = {
    Service.GOOGLE: "consent in a browser",
    Service.OUTLOOK: "consent in a browser",
    Service.OFFICE365: "consent in a browser",
    Service.EXCHANGE: "the mailbox's password, or consent in a browser",
    Service.ICLOUD: "an app-specific password",
    Service.CALDAV: "the password for programs",
}
_ROUND = dict.fromkeys((Service.OUTLOOK, Service.OFFICE365), f"{DAYS_BACK} days ago to {DAYS_AHEAD} days ahead")
_PAGES = {service: f"{service}.md" for service in ABILITIES}


def _told(service: Service) -> str:
    abilities = ABILITIES[service]
    if abilities.notifies:
        return "it calls hxdav, within seconds"
    return "over a connection that stays open, within seconds" if abilities.streams else "not: hxdav looks"


def _kept(service: Service) -> str:
    missing = EVERY_FIELD - ABILITIES[service].carries
    return f"all but {', '.join(sorted(missing))}" if missing else "all"


ROWS: dict[str, Callable[[Service], str]] = {
    "the practitioner signs in with": _SIGNING_IN.__getitem__,
    "changes there are told": _told,
    "hxdav looks at least every": lambda service: _spoken(ABILITIES[service].polled_every),
    "… while somebody is at work": lambda service: _spoken(ABILITIES[service].polled_eagerly),
    "a deletion there comes about after": lambda service: _spoken(Policy().settles_after(service)),
    "changes are told of what takes place": lambda service: _ROUND.get(service, "at any time"),
    "that a calendar is hidden": lambda service: "is seen: it pauses" if ABILITIES[service].hides else "cannot be seen",
    "title, time, recurrence, place, comment, free or busy, tentative": _kept,
    "times without a time zone": lambda service: "kept" if ABILITIES[service].floating else "get the practice's zone",
}


def table() -> str:
    """What each service can do."""
    heads = [" ", *(f"[{service.label}]({_PAGES[service]})" for service in ABILITIES)]
    return markdown(heads, ([says, *(tell(service) for service in ABILITIES)] for says, tell in ROWS.items()))


def rewritten(page: str) -> str:
    """The page with the table as it should be now."""
    before, _, rest = page.partition(BEGINS)
    _, _, after = rest.partition(ENDS)
    return f"{before}{BEGINS}\n{table()}\n{ENDS}{after}"


def _spoken(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    return f"{seconds} s" if seconds <= 60 else f"{seconds // 60} min"


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
